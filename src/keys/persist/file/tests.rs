use super::*;

fn snapshot() -> KeySnapshot {
    KeySnapshot {
        issuer: "https://i.example".into(),
        fetched_at: 1_700_000_000,
        jwks: "{\"keys\":[]}".into(),
    }
}

fn new_folder() -> PathBuf {
    let name = format!("tower-jwt-auth-{:016x}", fastrand::u64(..));
    let folder = std::env::temp_dir().join(name);
    fs::create_dir(&folder).unwrap();
    folder
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The chain of links of a projected volume, a link to a file that is not there yet, and a
/// plain file.
#[cfg(unix)]
#[test]
fn field_f18_what_a_link_points_to_is_written() {
    use std::os::unix::fs::symlink;
    let folder = new_folder();
    let volume = folder.join("..2026_11_27");
    fs::create_dir(&volume).unwrap();
    symlink("..2026_11_27", folder.join("..data")).unwrap();
    symlink("..data/keys.json", folder.join("keys.json")).unwrap();
    symlink(folder.join("keys.json"), folder.join("absolute.json")).unwrap();
    for name in ["keys.json", "absolute.json", "plain.json"] {
        let path = folder.join(name);
        let target = match name {
            "plain.json" => path.clone(),
            _ => volume.join("keys.json"),
        };
        for _ in ["the file is new", "the file is there"] {
            write(&path, snapshot()).unwrap();
            let is_link = fs::symlink_metadata(&path).unwrap().is_symlink();
            assert_eq!(is_link, name != "plain.json", "{name} is what it was");
            assert!(fs::symlink_metadata(&target).unwrap().is_file(), "{name}");
            assert_eq!(read(&target).unwrap(), snapshot(), "{name}");
        }
        fs::remove_file(&target).unwrap();
    }
    assert_eq!(names_in(&volume), [""; 0], "nothing is left beside it");
    symlink("b", folder.join("a")).unwrap();
    symlink("a", folder.join("b")).unwrap();
    let error = write(&folder.join("a"), snapshot());
    assert!(error.is_ok(), "a circle of links is replaced: {error:?}");
    fs::remove_dir_all(&folder).unwrap();
}

#[cfg(unix)]
#[test]
fn field_s13_only_the_user_of_the_process_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = new_folder();
    let path = folder.join("keys.json");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    write(&path, snapshot()).unwrap();
    assert_eq!(mode(), 0o600, "of a new file");
    fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    write(&path, snapshot()).unwrap();
    assert_eq!(mode(), 0o600, "of a file that others could read");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn field_s13_leftovers_are_removed_and_other_files_are_not() {
    let folder = new_folder();
    let path = folder.join("keys.json");
    let others = [
        "keys.json",
        "keys.json.0123456789abcde.tmp",
        "keys.json.0123456789abcdef",
        "keys.json.0123456789abcdef.tmp.bak",
        "keys.json.0123456789abcdeg.tmp",
        "keys.json.backup.tmp",
        "keys.json0123456789abcdef.tmp",
        "other.json.0123456789abcdef.tmp",
    ];
    let leftovers = [
        "keys.json.0123456789abcdef.tmp",
        "keys.json.ffffffffffffffff.tmp",
    ];
    for name in others.iter().chain(&leftovers) {
        fs::write(folder.join(name), "text").unwrap();
    }
    fs::create_dir(folder.join("keys.json.aaaaaaaaaaaaaaaa.tmp")).unwrap();
    remove_leftovers(&path);
    let mut want = others.to_vec();
    want.push("keys.json.aaaaaaaaaaaaaaaa.tmp");
    want.sort_unstable();
    assert_eq!(names_in(&folder), want);
    remove_leftovers(&folder.join("missing/keys.json"));
    remove_leftovers(Path::new("/"));
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_is_written_is_read_and_what_is_damaged_is_not() {
    let directory = new_folder();
    let path = directory.join("keys.json");
    assert!(matches!(read(&path), Err(SnapshotError::Absent)));
    write(
        &path,
        KeySnapshot {
            fetched_at: 1,
            ..snapshot()
        },
    )
    .unwrap();
    write(&path, snapshot()).unwrap();
    assert_eq!(read(&path).unwrap(), snapshot());
    assert_eq!(
        fs::read_dir(&directory).unwrap().count(),
        1,
        "nothing is left beside it"
    );

    assert!(matches!(read(&directory), Err(SnapshotError::Damaged)));
    let good = fs::read_to_string(&path).unwrap();
    let rows = (0..good.len()).map(|length| ("cut short", good[..length].to_owned()));
    for (name, damaged) in rows.chain([
        ("no time", good.replace("1700000000", "null")),
        ("a negative time", good.replace("1700000000", "-1")),
        (
            "a set that is no text",
            good.replace("\"{\\\"keys\\\":[]}\"", "{}"),
        ),
        ("no issuer", good.replace("\"issuer\"", "\"issuers\"")),
        ("an unknown member", good.replacen('{', "{\"x\":0,", 1)),
        ("more behind it", format!("{good}{{")),
    ]) {
        assert_ne!(damaged, good, "{name}");
        fs::write(&path, damaged).unwrap();
        assert!(matches!(read(&path), Err(SnapshotError::Damaged)), "{name}");
    }
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn field_f12_a_byte_order_mark_before_a_snapshot_is_read_over() {
    let name = format!("tower-jwt-auth-mark-{:x}.json", fastrand::u64(..));
    let path = std::env::temp_dir().join(name);
    write(&path, snapshot()).unwrap();
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("\u{feff}{good}")).unwrap();
    assert_eq!(read(&path).unwrap(), snapshot());
    fs::write(&path, format!("\u{feff}\u{feff}{good}")).unwrap();
    assert!(matches!(read(&path), Err(SnapshotError::Damaged)), "two");
    fs::remove_file(&path).unwrap();
}

/// A file that is larger than any snapshot is not read, even if the rest of it is white space.
#[test]
fn field_s14_a_file_may_be_as_large_as_the_largest_snapshot() {
    let folder = new_folder();
    let path = folder.join("keys.json");
    write(&path, snapshot()).unwrap();
    let good = fs::read(&path).unwrap();
    let largest = MAX_DOCUMENT_BYTES * usize::try_from(ESCAPED).unwrap();
    for (length, is_read) in [(largest, true), (largest + 1, false), (largest + 2, false)] {
        let mut padded = good.clone();
        padded.resize(length, b' ');
        fs::write(&path, padded).unwrap();
        assert_eq!(read(&path).is_ok(), is_read, "{length}");
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn field_s14_why_a_snapshot_is_not_used() {
    for (error, text) in [
        (SnapshotError::Absent, "there is none"),
        (SnapshotError::Damaged, "it is damaged"),
        (
            SnapshotError::OtherIssuer,
            "it holds the keys of another issuer",
        ),
        (SnapshotError::TooOld, "it is older than max_stale"),
        (
            SnapshotError::Unreadable(io::Error::other("no disk")),
            "it cannot be read: no disk",
        ),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

/// Each row: how the attempts end, and how many are made.
#[test]
fn a_file_that_was_taken_away_is_written_once_more() {
    use io::ErrorKind::{NotFound, PermissionDenied, StorageFull};
    let rows: [([Option<io::ErrorKind>; 2], usize); 5] = [
        ([None, None], 1),
        ([Some(NotFound), None], 2),
        ([Some(NotFound), Some(NotFound)], 2),
        ([Some(PermissionDenied), None], 1),
        ([Some(StorageFull), None], 1),
    ];
    for (ends, attempts) in rows {
        let mut made = 0;
        let written = again_if_gone(|| {
            let end = ends.get(made).copied().flatten();
            made += 1;
            end.map_or(Ok(()), |kind| Err(kind.into()))
        });
        assert_eq!(made, attempts, "{ends:?}");
        let error = written.err().map(|error| error.kind());
        assert_eq!(error, ends[attempts - 1], "{ends:?}");
    }
}

/// Only a file that is not there is absent. The operator is told what else is wrong.
#[test]
fn a_file_that_cannot_be_reached_is_not_absent() {
    let folder = new_folder();
    let path = folder.join("keys.json");
    assert!(matches!(read(&path), Err(SnapshotError::Absent)));
    write(&path, snapshot()).unwrap();
    let below_a_file = path.join("keys.json");
    let error = read(&below_a_file).unwrap_err();
    assert!(matches!(error, SnapshotError::Unreadable(_)), "{error:?}");
    fs::remove_dir_all(&folder).unwrap();
}
