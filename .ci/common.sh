# What the scripts in this folder share; they source it. Settings, steps with their seconds, tools, counts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
export CARGO_TERM_COLOR=never
export CARGO_INCREMENTAL=0
# One folder for the crate and for extras, so that what both need is built once.
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
export RUSTDOCFLAGS="-D warnings -D rustdoc::all -A rustdoc::private_doc_tests"

# Third-party test data, kept beside the project and never in it.
if [ -z "${JWT_VECTORS:-}" ] && [ -d ../shared/vectors ]; then
  JWT_VECTORS=$(cd ../shared/vectors && pwd)
fi
# Unset, and not empty, where there are none: the tests look at that.
if [ -n "${JWT_VECTORS:-}" ]; then export JWT_VECTORS; else unset JWT_VECTORS; fi

# What the totals are made of: the output of the tests and more. Each script writes files with its name in front.
logs=$CARGO_TARGET_DIR/ci
part=$(basename "$0")
parts=("$part")
mkdir -p "$logs"
rm -f "$logs/$part".*
current=

step() { # name
  end_step
  current=$1
  since=$SECONDS
  printf '\n=== %s: %s\n' "$part" "$current"
}
end_step() {
  [ -z "$current" ] || printf '%5d s  %s\n' $((SECONDS - since)) "$current" >>"$logs/$part.seconds"
  current=
}
skip() { # what, condition
  printf 'SKIPPED: %s: %s\n' "$1" "$2" | tee -a "$logs/$part.skipped"
  if [ "${IN_RUN:-}" = 1 ] && ! skip_is_allowed "$1" "$2"; then
    echo "FAILED: .ci/skips has no line '$1 | $2 | reason'"
    exit 1
  fi
}
skip_is_allowed() { # what, condition
  awk -F ' [|] ' -v what="$1" -v condition="$2" \
    '!/^#/ && NF == 3 && $1 == what && $2 == condition && $3 != "" {found = 1} END {exit !found}' .ci/skips
}
tests() { # name of the log, command
  local name=$1 log=$logs/$part.$1.log line
  shift
  "$@" 2>&1 | tee "$log"
  # What passes without having tested is a skip.
  while IFS= read -r line; do
    skip "${name//-/ }" "${line#NOT COMPARED: }"
  done < <(grep '^NOT COMPARED' "$log" | sort -u)
  while IFS= read -r line; do
    skip "$line" "the test is ignored"
  done < <(sed -n 's/^test \(.*\) \.\.\. ignored.*/\1/p' "$log")
}
tool() { # cargo subcommand, arguments of its installation
  command -v "cargo-$1" >/dev/null || cargo install --locked "cargo-$1" "${@:2}"
}
totals() {
  local files=() each file
  for each in "${parts[@]}"; do
    for file in "$logs/$each".*; do [ ! -f "$file" ] || files+=("$file"); done
  done
  awk '/^test result:/ {passed += $4; failed += $6}
       /^SKIPPED: / {skipped++}
       /^FAILED STEP: / {steps++}
       END {printf "%d passed, %d failed, %d skipped\n", passed, failed ? failed : steps, skipped}' "${files[@]:-/dev/null}"
}

ended() { # exit code
  local code=$1 failed=$current each
  end_step
  printf '\n'
  [ ! -f "$logs/$part.seconds" ] || cat "$logs/$part.seconds"
  for each in "${parts[@]}"; do
    [ ! -f "$logs/$each.skipped" ] || cat "$logs/$each.skipped"
  done
  [ -z "$failed" ] || [ "$code" = 0 ] || printf 'FAILED STEP: %s: %s\n' "$part" "$failed" | tee "$logs/$part.failed"
  printf '%s took %s s\n' "$part" "$SECONDS"
  totals
}
trap 'ended $?' EXIT
