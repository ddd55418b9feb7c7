//! The file of `snapshot_file`, and the snapshot in it.
//!
//! A set is written to a file beside it, which then takes its name. `target` follows symbolic
//! links, so that a link stays one; `remove_leftovers` deletes what a process left that was killed
//! in between.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::byte_order_mark::without_byte_order_mark;
use crate::keys::key_snapshot::KeySnapshot;
use crate::limits::MAX_DOCUMENT_BYTES;

/// The content of the file. A truncated file is not a JSON object, and writing by rename never
/// leaves one.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
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
/// that starts after this one was killed. Only the user of the process may read or write it.
pub(in crate::keys) fn write(path: &Path, snapshot: KeySnapshot) -> io::Result<()> {
    let text = serde_json::to_vec(&Content { snapshot })?;
    let target = target(path);
    again_if_gone(|| replace(&target, &text))
}

/// Another process that starts now may have taken the file beside it for a leftover.
fn again_if_gone(mut replace: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    match replace() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => replace(),
        written => written,
    }
}

fn replace(target: &Path, text: &[u8]) -> io::Result<()> {
    let mut beside = target.as_os_str().to_owned();
    // A name that no other process or layer uses or can predict.
    beside.push(format!(".{:016x}{LEFTOVER}", fastrand::u64(..)));
    let mut file = create_private(Path::new(&beside))?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    drop(file);
    written
        .and_then(|()| fs::rename(&beside, target))
        .inspect_err(|_| {
            let _ = fs::remove_file(&beside);
        })
}

/// The file that `path` leads to, through symbolic links, whether it exists or not.
pub(crate) fn target(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = fs::read_link(&target) else {
            return target;
        };
        target = match target.parent() {
            Some(folder) => folder.join(next),
            None => next,
        };
    }
    target
}

/// Deletes the files that a process has left beside the file because it was killed before it could
/// rename them.
pub(in crate::keys) fn remove_leftovers(path: &Path) {
    let target = target(path);
    let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
        return;
    };
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && is_leftover(&entry.file_name(), name) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether this is the name of a file that [`replace`] makes for the file `name`.
fn is_leftover(other: &OsStr, name: &OsStr) -> bool {
    let rest = other
        .as_encoded_bytes()
        .strip_prefix(name.as_encoded_bytes());
    let random = rest.and_then(|rest| rest.strip_prefix(b".")?.strip_suffix(LEFTOVER.as_bytes()));
    random.is_some_and(|random| {
        let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        random.len() == 16 && random.iter().all(is_hex)
    })
}

/// The umask could let others read the file, and on some systems write it.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

const LEFTOVER: &str = ".tmp";

/// As many as Linux follows.
const MAX_LINKS: usize = 40;

/// The largest factor by which a text grows as a JSON string.
const ESCAPED: u64 = 8;

#[cfg(test)]
mod tests;
