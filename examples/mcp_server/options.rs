//! The command line.

use std::ffi::OsString;

use axum::http::HeaderValue;
use url::Url;

/// What `--help` prints.
pub(crate) const HELP: &str = include_str!("help.txt");

const MORE: &str = "--help lists the options";

pub(crate) struct Options {
    pub(crate) config: Option<String>,
    pub(crate) bind: String,
    pub(crate) allow_origin: Vec<HeaderValue>,
    pub(crate) offline_access: bool,
    pub(crate) help: bool,
}

impl Options {
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = arguments.map(|argument| {
            argument
                .into_string()
                .map_err(|odd| format!("{odd:?} is no UTF-8; {MORE}"))
        });
        let mut options = Self {
            config: None,
            bind: "127.0.0.1:3000".to_owned(),
            allow_origin: Vec::new(),
            offline_access: false,
            help: false,
        };
        while let Some(name) = arguments.next().transpose()? {
            let mut value = || {
                let missing = || format!("{name} needs a value; {MORE}");
                arguments.next().unwrap_or_else(|| Err(missing()))
            };
            match name.as_str() {
                "--allow-origin" => options.allow_origin.push(origin(&value()?)?),
                "--bind" => options.bind = value()?,
                "--config" => options.config = Some(value()?),
                "--help" | "-h" => options.help = true,
                "--offline-access" => options.offline_access = true,
                _ => return Err(format!("unknown argument {name:?}; {MORE}")),
            }
        }
        if options.offline_access && options.config.is_some() {
            return Err(format!(
                "--offline-access is for the development issuer, which --config replaces; {MORE}"
            ));
        }
        Ok(options)
    }
}

/// An origin in the form that browsers send; no other form would ever match.
fn origin(text: &str) -> Result<HeaderValue, String> {
    Url::parse(text)
        .ok()
        .filter(|url| url.origin().is_tuple() && url.origin().ascii_serialization() == text)
        .and_then(|_| HeaderValue::from_str(text).ok())
        .ok_or_else(|| format!("{text:?} is no origin such as https://app.example.com; {MORE}"))
}
