//! The command line, and the files that it names.

use std::ffi::OsString;
use std::io::Read as _;

use serde_json::{Map, Value, json};

/// What `--help` prints.
pub(crate) const HELP: &str = include_str!("help.txt");

const MORE: &str = "--help lists the options";

#[derive(Default)]
pub(crate) struct Options {
    pub(crate) settings: Settings,
    pub(crate) token: Token,
    pub(crate) help: bool,
}

/// Where the configuration comes from.
#[derive(Default)]
pub(crate) struct Settings {
    file: Option<String>,
    /// From the command line, under their names in a file.
    flags: Map<String, Value>,
}

/// Where the token comes from.
#[derive(Default)]
pub(crate) enum Token {
    #[default]
    None,
    File(String),
    Variable(String),
}

impl Options {
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = arguments.map(|argument| {
            argument
                .into_string()
                .map_err(|odd| format!("{odd:?} is no UTF-8; {MORE}"))
        });
        let mut options = Self::default();
        while let Some(name) = arguments.next().transpose()? {
            let mut value = || {
                let missing = || format!("{name} needs a value; {MORE}");
                arguments.next().unwrap_or_else(|| Err(missing()))
            };
            match name.as_str() {
                "--config" => options.settings.file = Some(value()?),
                "--help" | "-h" => options.help = true,
                "--audience" | "--ca-file" | "--issuer" | "--jwks-uri" | "--resource" => {
                    let setting = name.trim_start_matches('-').replace('-', "_");
                    options.settings.flags.insert(setting, json!(value()?));
                }
                "--token-env" => options.token.set(Token::Variable(value()?))?,
                "--token-file" => options.token.set(Token::File(value()?))?,
                // What follows may be a token, so it is not repeated.
                "--token" => {
                    return Err(format!(
                        "--token does not exist: others on the machine could read it; {MORE}"
                    ));
                }
                _ if name.starts_with("--") => {
                    return Err(format!("unknown argument {name:?}; {MORE}"));
                }
                _ => return Err(format!("an argument is no option; {MORE}")),
            }
        }
        let is_given = options.settings.file.is_some();
        match (is_given, options.settings.flags.keys().next()) {
            _ if options.help => Ok(options),
            (true, Some(flag)) => Err(format!("{flag} belongs into the file of --config; {MORE}")),
            (false, None) => Err(format!("give --config or --issuer; {MORE}")),
            _ => Ok(options),
        }
    }
}

impl Settings {
    pub(crate) fn name(&self) -> &str {
        self.file.as_deref().unwrap_or("from the command line")
    }

    /// The configuration as JSON.
    pub(crate) fn read(&self) -> Result<String, String> {
        let Some(path) = &self.file else {
            return Ok(json!(self.flags).to_string());
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {path:?}: {error}"))?;
        // A byte order mark, which some editors write, is no part of the JSON.
        Ok(text.trim_start_matches('\u{feff}').to_owned())
    }
}

impl Token {
    fn set(&mut self, source: Self) -> Result<(), String> {
        match std::mem::replace(self, source) {
            Self::None => Ok(()),
            _ => Err(format!("there is one token; {MORE}")),
        }
    }

    pub(crate) fn read(&self) -> Result<Option<String>, String> {
        match self {
            Self::None => Ok(None),
            Self::File(path) if path == "-" => {
                let mut token = String::new();
                let read = std::io::stdin().read_to_string(&mut token);
                read.map_err(|error| format!("cannot read the standard input: {error}"))?;
                Ok(Some(token))
            }
            Self::File(path) => std::fs::read_to_string(path)
                .map(Some)
                .map_err(|error| format!("cannot read {path:?}: {error}")),
            Self::Variable(name) => std::env::var(name)
                .map(Some)
                // Its error would show a value that is no Unicode.
                .map_err(|_| format!("the variable {name} is not set, or is no text")),
        }
    }
}
