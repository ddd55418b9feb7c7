//! The file of `snapshot_file`, and the snapshot in it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::base::byte_order_mark::without_byte_order_mark;
use crate::keys::key_snapshot::KeySnapshot;
use crate::limits::MAX_DOCUMENT_BYTES;

/// The content of the file. A truncated file is not a JSON object, and writing by rename never
/// leaves one.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// Files of earlier versions carry a checksum, which is not checked.
    #[serde(default, rename = "crc32", skip_serializing)]
    _checksum: IgnoredAny,
    snapshot: KeySnapshot,
}

/// Why a snapshot is not used.
#[derive(Debug)]
pub(crate) enum SnapshotError {
    Absent,
    Damaged,
    OtherIssuer,
    TooOld,
    Unreadable(io::Error),
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("there is none"),
            Self::Damaged => f.write_str("it is damaged"),
            Self::OtherIssuer => f.write_str("it holds the keys of another issuer"),
            Self::TooOld => f.write_str("it is older than max_stale"),
            Self::Unreadable(error) => write!(f, "it cannot be read: {error}"),
        }
    }
}

/// Reads the snapshot in the file at `path`.
pub(in crate::keys) fn read(path: &Path) -> Result<KeySnapshot, SnapshotError> {
    let largest = (MAX_DOCUMENT_BYTES as u64).saturating_mul(ESCAPED);
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(SnapshotError::Absent),
        Err(error) => return Err(SnapshotError::Unreadable(error)),
        // A device has no meaningful length.
        Ok(metadata) if !metadata.is_file() || metadata.len() > largest => {
            return Err(SnapshotError::Damaged);
        }
        Ok(_) => {}
    }
    let text = fs::read(path).map_err(SnapshotError::Unreadable)?;
    let content: Content = serde_json::from_slice(without_byte_order_mark(&text))
        .map_err(|_| SnapshotError::Damaged)?;
    Ok(content.snapshot)
}

/// Replaces the file as a whole: a reader sees the old file or the new one, and so does a process
/// that starts after this one was killed.
pub(in crate::keys) fn write(path: &Path, snapshot: KeySnapshot) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    // A name that no other process or layer uses or can predict.
    beside.push(format!(".{:016x}.tmp", fastrand::u64(..)));
    let content = Content {
        _checksum: IgnoredAny,
        snapshot,
    };
    let text = serde_json::to_vec(&content)?;
    let mut file = File::create_new(&beside)?;
    let written = file.write_all(&text).and_then(|()| file.sync_all());
    drop(file);
    written
        .and_then(|()| fs::rename(&beside, path))
        .inspect_err(|_| {
            let _ = fs::remove_file(&beside);
        })
}

/// The largest factor by which a text grows as a JSON string.
const ESCAPED: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> KeySnapshot {
        KeySnapshot {
            issuer: "https://i.example".into(),
            fetched_at: 1_700_000_000,
            jwks: "{\"keys\":[]}".into(),
        }
    }

    #[test]
    fn files_of_earlier_versions_are_read() {
        let text = r#"{"crc32":1234567890,"snapshot":{"issuer":"https://i.example",
            "fetched_at":1700000000,"jwks":"{\"keys\":[]}"}}"#;
        let content: Content = serde_json::from_str(text).unwrap();
        assert_eq!(content.snapshot, snapshot());
    }

    #[test]
    fn what_is_written_is_read_and_what_is_damaged_is_not() {
        let directory = std::env::temp_dir().join(format!(
            "tower-jwt-auth-{}-{:x}",
            std::process::id(),
            fastrand::u64(..)
        ));
        fs::create_dir(&directory).unwrap();
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
}
