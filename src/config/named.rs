//! Settings whose values have names in a file.

use super::error::ConfigError;

/// A value that a file gives by its name.
pub(super) trait Named: Copy + 'static {
    /// Every name with its value.
    const NAMES: &'static [(&'static str, Self)];
}

/// The value with this name. An unknown name is left to `build`, so that it is reported as a
/// `ConfigError`.
pub(super) fn by_name<T: Named>(name: String) -> Result<T, String> {
    let mut names = T::NAMES.iter();
    let entry = names.find(|(known, _)| *known == name);
    entry.map(|(_, value)| *value).ok_or(name)
}

/// The name of `value`.
pub(super) fn name_of<T: Named + PartialEq>(value: T) -> &'static str {
    let mut names = T::NAMES.iter();
    let entry = names.find(|(_, other)| *other == value);
    entry.map_or("", |(name, _)| name)
}

/// The value, if its name is known.
pub(super) fn known<T: Named>(
    setting: &'static str,
    value: &Result<T, String>,
) -> Result<T, ConfigError> {
    value.clone().map_err(|name| ConfigError::UnknownName {
        setting,
        name,
        known: T::NAMES.iter().map(|(known, _)| *known).collect(),
    })
}

/// As [`known`], for a setting that may be left out.
pub(super) fn known_or<T: Named>(
    setting: &'static str,
    value: &Option<Result<T, String>>,
    default: T,
) -> Result<T, ConfigError> {
    value
        .as_ref()
        .map_or(Ok(default), |value| known(setting, value))
}
