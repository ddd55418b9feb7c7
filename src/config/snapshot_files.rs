//! The files of `snapshot_file`: each issuer has its own, and none is a folder.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf, is_separator};

use super::error::ConfigError;
use super::issuer::Issuer;
use crate::keys::snapshot_target;

pub(super) fn check_snapshot_files(entries: &[Issuer]) -> Result<(), ConfigError> {
    let mut seen: HashMap<PathBuf, &str> = HashMap::new();
    for entry in entries {
        let Some(path) = &entry.settings.keys.snapshot_file else {
            continue;
        };
        if path.as_os_str().is_empty() {
            return Err(ConfigError::Empty {
                setting: "snapshot_file",
            });
        }
        let target = snapshot_target(path);
        if names_a_folder(path) || target.is_dir() {
            return Err(ConfigError::SnapshotFileIsFolder { path: path.clone() });
        }
        if let Some(first) = seen.insert(identified(&target), &entry.issuer) {
            return Err(ConfigError::SnapshotFileShared {
                path: path.clone(),
                first: first.to_owned(),
                second: entry.issuer.clone(),
            });
        }
    }
    Ok(())
}

/// Whether the path can only name a folder, whether or not it exists.
fn names_a_folder(path: &Path) -> bool {
    path.file_name().is_none() || path.to_string_lossy().ends_with(is_separator)
}

/// The same path for each way to write it, if its folder exists.
fn identified(target: &Path) -> PathBuf {
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let name = target.file_name().map(OsStr::to_owned).unwrap_or_default();
    let absolute = || std::path::absolute(folder).ok();
    let folder = fs::canonicalize(folder).ok().or_else(absolute);
    folder.unwrap_or_default().join(name)
}
