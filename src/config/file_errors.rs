//! Errors of a file: where the value stands, what was expected, and an example.

use serde::de::Error;
use serde_path_to_error::{Path, Segment};

use super::examples::example_of;
use super::names::{Level, advice, documented};

/// The names of the structs of a file.
pub(super) struct FileNames {
    pub(super) top: &'static [&'static str],
    pub(super) issuer: &'static [&'static str],
    pub(super) cache: &'static [&'static str],
    pub(super) cognito: &'static [&'static str],
    pub(super) dpop: &'static [&'static str],
    pub(super) mtls: &'static [&'static str],
    pub(super) header: &'static [&'static str],
    pub(super) introspection: &'static [&'static str],
    pub(super) fleet: &'static [&'static str],
}

/// The same error with the path of the setting, and with what to write.
pub(super) fn explained<E: Error>(error: serde_path_to_error::Error<E>, names: &FileNames) -> E {
    explained_from(error, names, names.top)
}

/// The same for an entry of `issuers` by itself.
pub(super) fn explained_entry<E: Error>(
    error: serde_path_to_error::Error<E>,
    names: &FileNames,
) -> E {
    explained_from(error, names, names.issuer)
}

/// `start` are the names at the place where the path begins.
fn explained_from<E: Error>(
    error: serde_path_to_error::Error<E>,
    names: &FileNames,
    start: &'static [&'static str],
) -> E {
    let text = error.inner().to_string();
    // Formats such as JSON put the line at the end, where they also look for it.
    let (text, line) = match text.rfind(" at line ").map(|at| text.split_at(at)) {
        Some(parts) => parts,
        None => (&*text, ""),
    };
    E::custom(match names.find(error.path(), start) {
        Found::Nothing => format!("{text}{line}"),
        Found::Unknown {
            name,
            within,
            names: here,
        } => {
            let advice = advice(name, here, &names.levels());
            format!("{within}unknown field `{name}`: {advice}{line}")
        }
        Found::Setting { name, path } => {
            let is_value = !text.starts_with("duplicate ") && !text.starts_with("missing ");
            let example = example_of(name)
                .filter(|_| is_value)
                .map(|example| format!("; write for example \"{name}\": {example}"));
            format!("{path}: {text}{}{line}", example.unwrap_or_default())
        }
    })
}

/// What an error is about.
enum Found<'p> {
    /// The file as a whole.
    Nothing,
    Setting {
        name: &'static str,
        path: &'p Path,
    },
    Unknown {
        name: &'p str,
        /// The path before the name, as the start of a sentence.
        within: String,
        names: &'static [&'static str],
    },
}

impl FileNames {
    fn find<'p>(&self, path: &'p Path, start: &'static [&'static str]) -> Found<'p> {
        let mut here = start;
        let mut found = Found::Nothing;
        let mut within = String::new();
        for segment in path {
            match segment {
                Segment::Map { key } => {
                    let Some(name) = documented(key, here) else {
                        let within = match within.is_empty() {
                            true => within,
                            false => format!("{within}: "),
                        };
                        return Found::Unknown {
                            name: key,
                            within,
                            names: here,
                        };
                    };
                    found = Found::Setting { name, path };
                    here = match name {
                        "cognito" => self.cognito,
                        "dpop" => self.dpop,
                        "fleet" => self.fleet,
                        "header" => self.header,
                        "introspection" => self.introspection,
                        "issuers" => self.issuer,
                        "jwks_cache" => self.cache,
                        "mtls" => self.mtls,
                        // What is below it is not a setting.
                        _ => return found,
                    };
                    if !within.is_empty() {
                        within.push('.');
                    }
                    within.push_str(key);
                }
                Segment::Seq { .. } => within.push_str(&segment.to_string()),
                Segment::Enum { .. } | Segment::Unknown => break,
            }
        }
        found
    }

    fn levels(&self) -> [Level; 9] {
        let level = |place, names| Level { place, names };
        [
            level("at the top level", self.top),
            level("in jwks_cache", self.cache),
            level("in cognito", self.cognito),
            level("in an entry of issuers", self.issuer),
            level("in dpop", self.dpop),
            level("in mtls", self.mtls),
            level("in mtls.header", self.header),
            level("in introspection", self.introspection),
            level("in fleet", self.fleet),
        ]
    }
}
