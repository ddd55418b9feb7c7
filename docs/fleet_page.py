#!/usr/bin/env python3
"""Brings fleet.md and fleet.svg up to date: what the model says, and what was measured.

    docs/fleet_page.py            writes the two
    docs/fleet_page.py --check    fails if they are not what it would write, or if the model counts
                                  other requests than were measured: a fifth more or less, and 3

Reads fleet_measured.json, which `extras/fleet` writes.
"""
import json
import math
import pathlib
import sys

sys.dont_write_bytecode = True

from fleet_sim import FORMS, LARGE, MEASURED, figures

HERE = pathlib.Path(__file__).parent
NAMES = {
    "steady": "a quiet time, six lifetimes of a key set",
    "restart": "all start at once",
    "rotation": "a new key signs",
    "store_down": "a new key signs, the store is down",
    "flood": "unknown `kid`s everywhere, for four cooldowns",
    "outage": "the issuer is down for one and a half lifetimes",
}
SECONDS = {
    "restart": "until the last process is ready",
    "rotation": "longest wait of a good token",
    "store_down": "longest wait of a good token",
    "outage": "after it, until the last process has fresh keys",
}
# The same where there is little room.
WAITS = {
    "restart": "all start at once: until all are ready",
    "rotation": "a new key signs: longest wait of a good token",
    "store_down": "the same, the store is down",
    "outage": "after an outage: until all have fresh keys",
}


def shown(number):
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:.1f}"


def measured_table(model, measured):
    """Each cell: measured, and the model behind it."""
    rows = ["| situation | what is counted | each for itself | with the store |", "| --- | --- | ---: | ---: |"]
    for name, of in NAMES.items():
        for what in ("requests", "seconds"):
            if what not in model[name]["fleet"]:
                continue
            label = "requests to the issuer" if what == "requests" else "seconds: " + SECONDS[name]
            cells = (f"{shown(measured[name][form][what])} ({shown(model[name][form][what])})" for form in FORMS)
            rows.append(f"| {of} | {label} | {' | '.join(cells)} |")
            of = ""
    return rows


def large_table(model):
    rows = ["| situation | what is counted | each for itself | with the store |", "| --- | --- | ---: | ---: |"]
    for name, of in NAMES.items():
        for what in ("requests", "seconds", "half"):
            if what not in model[name]["fleet"]:
                continue
            labels = {"requests": "requests to the issuer", "half": "seconds: half of the good tokens wait no longer"}
            label = labels.get(what) or "seconds: " + SECONDS[name]
            rows.append(f"| {of} | {label} | {' | '.join(shown(model[name][form][what]) for form in FORMS)} |")
            of = ""
    return rows


def failures_table(failures):
    """Of each second: how many good tokens were refused."""
    rows = [
        "| what happened to the store | good bearer tokens | refused, second by second | slowest answer | proofs (DPoP), second by second |",
        "| --- | ---: | --- | ---: | --- |",
    ]
    for row in failures:
        refused = " ".join(str(number) for number in row["refused"])
        proofs = " ".join(row["proofs"])
        rows.append(f"| {row['what']} | {row['tokens']:,} | {refused} | {row['slowest_ms']} ms | {proofs} |")
    return rows


STYLE = """<style>
svg{--bg:#fff;--ink:#1f2328;--dim:#59636e;--line:#d1d9e0;--own:#0969da;--other:#6e7781}
@media(prefers-color-scheme:dark){svg{--bg:#0d1117;--ink:#f0f6fc;--dim:#9198a1;--line:#3d444d;--own:#4493f8;--other:#9198a1}}
text{font:14px -apple-system,'Segoe UI','Noto Sans',Helvetica,Arial,sans-serif;fill:var(--ink);stroke:var(--bg);stroke-width:4px;paint-order:stroke}
.dim{font-size:13px;fill:var(--dim)}
.bold{font-weight:bold}
.end{text-anchor:end}
.middle{text-anchor:middle}
.line{stroke:var(--line)}
.fleet{--of:var(--own)}
.alone{--of:var(--other)}
.measured{fill:var(--of)}
.model{fill:none;stroke:var(--of);stroke-width:2.5}
</style>"""
WIDTH, LEFT, RIGHT, ROW = 480, 20.0, 460.0, 50.0


class Picture:
    def __init__(self):
        self.lines, self.y = [], 0.0

    def text(self, kind, x, y, words):
        self.lines.append(f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{words}</text>')

    def dot(self, form, kind, x, y):
        radius = 4.5 if kind == "measured" else 7.5
        self.lines.append(f'<circle class="{form} {kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>')

    def axis(self, title, ticks, rows):
        """A logarithmic axis; `rows` are (label, measured, model), of values by form."""
        least, most = ticks[0], ticks[-1]
        logs = [math.log10(least), math.log10(most)]

        def at(value):
            share = (math.log10(max(value, least)) - logs[0]) / (logs[1] - logs[0])
            return LEFT + (RIGHT - LEFT) * min(share, 1.0)

        self.text("bold", LEFT, self.y, title)
        top, bottom = self.y + 30.0, self.y + 34.0 + ROW * len(rows)
        for tick in ticks:
            self.lines.append(f'<line class="line" x1="{at(tick):.1f}" x2="{at(tick):.1f}" y1="{top:.1f}" y2="{bottom:.1f}"/>')
            kind = "end" if tick == most else "middle" if tick != least else ""
            self.text(f"dim {kind}", at(tick), top - 6.0, f"{tick:,}")
        for number, (label, measured, model) in enumerate(rows):
            y = top + 20.0 + ROW * number
            self.text("", LEFT, y, label)
            for form in FORMS:
                self.dot(form, "model", at(model[form]), y + 14.0)
                self.dot(form, "measured", at(measured[form]), y + 14.0)
        self.y = bottom + 36.0


def svg(at, model, measured):
    picture = Picture()
    picture.text("bold", LEFT, 30.0, f"{at.count} processes and one issuer")
    picture.dot("alone", "measured", LEFT + 8, 54.0)
    picture.text("dim", LEFT + 22, 59.0, "each for itself")
    picture.dot("fleet", "measured", LEFT + 138, 54.0)
    picture.text("dim", LEFT + 152, 59.0, "with the store")
    picture.dot("fleet", "model", LEFT + 268, 54.0)
    picture.text("dim", LEFT + 282, 59.0, "ring: what the model says")
    picture.y = 96.0
    for what, title, ticks in (
        ("requests", "Requests to the issuer", (1, 10, 100, 1000)),
        ("seconds", "Seconds of waiting", (0.1, 1, 10, 100)),
    ):
        names = [name for name in NAMES if what in model[name]["fleet"]]
        labels = NAMES if what == "requests" else WAITS
        pick = lambda figures, name: {form: figures[name][form][what] for form in FORMS}
        rows = [(labels[name].replace("`", ""), pick(measured, name), pick(model, name)) for name in names]
        picture.axis(title, ticks, rows)
    height = picture.y - 16.0
    words = "Requests to the issuer and seconds of waiting in six situations, measured and modelled, with and without the store"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" role="img" aria-labelledby="title">'
    ground = f'<rect width="{WIDTH}" height="{height:.0f}" rx="8" fill="var(--bg)"/>'
    lines = [head, f'<title id="title">{words}</title>', STYLE, ground, *picture.lines, "</svg>", ""]
    return "\n".join(lines)


def replaced(page, name, rows):
    """The page with the rows between the two marks of this name."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, rest = page.split(start)
    return before + start + "\n" + "\n".join(rows) + "\n\n" + end + rest.split(end)[1]


def written():
    """The texts of the files that this program writes."""
    data = json.loads((HERE / "fleet_measured.json").read_text())
    model, measured = figures(MEASURED), data["figures"]
    page = (HERE / "fleet.md").read_text()
    page = replaced(page, "measured", measured_table(model, measured))
    page = replaced(page, "large", large_table(figures(LARGE)))
    page = replaced(page, "failures", failures_table(data["failures"]))
    return {HERE / "fleet.md": page, HERE / "fleet.svg": svg(MEASURED, model, measured)}


def disagreements(model, measured):
    """The situations in which the model does not say what was measured."""
    for name in NAMES:
        for form in FORMS:
            said, counted = model[name][form]["requests"], measured[name][form]["requests"]
            if abs(said - counted) > max(0.2 * said, 3):
                yield f"{name}, {form}: {counted} requests, and {said} by the model"


def main():
    texts = written()
    if sys.argv[1:] != ["--check"]:
        for path, text in texts.items():
            path.write_text(text)
        return
    stale = [path.name for path, text in texts.items() if not path.exists() or path.read_text() != text]
    if stale:
        sys.exit(f"out of date: {', '.join(stale)}: run docs/fleet_page.py")
    measured = json.loads((HERE / "fleet_measured.json").read_text())["figures"]
    faults = list(disagreements(figures(MEASURED), measured))
    if faults:
        sys.exit("\n".join(faults))
    print("docs/fleet.md: up to date")


if __name__ == "__main__":
    main()
