//! The command line.

use std::ffi::OsString;

use axum::http::HeaderValue;
use url::Url;

const USAGE: &str =
    "usage: mcp_server [--config FILE] [--bind ADDR] [--allow-origin ORIGIN].. [--offline-access]";

pub(crate) struct Options {
    pub(crate) config: Option<String>,
    pub(crate) bind: String,
    pub(crate) allow_origin: Vec<HeaderValue>,
    pub(crate) offline_access: bool,
}

impl Options {
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = arguments.map(|argument| {
            argument
                .into_string()
                .map_err(|odd| format!("{odd:?} is no UTF-8; {USAGE}"))
        });
        let mut options = Self {
            config: None,
            bind: "127.0.0.1:3000".to_owned(),
            allow_origin: Vec::new(),
            offline_access: false,
        };
        while let Some(name) = arguments.next().transpose()? {
            let mut value = || {
                let missing = || format!("{name} needs a value; {USAGE}");
                arguments.next().unwrap_or_else(|| Err(missing()))
            };
            match name.as_str() {
                "--allow-origin" => options.allow_origin.push(origin(&value()?)?),
                "--bind" => options.bind = value()?,
                "--config" => options.config = Some(value()?),
                "--offline-access" => options.offline_access = true,
                _ => return Err(format!("unknown argument {name:?}; {USAGE}")),
            }
        }
        if options.offline_access && options.config.is_some() {
            return Err(format!(
                "--offline-access is for the development issuer, which --config replaces; {USAGE}"
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
        .ok_or_else(|| format!("{text:?} is no origin such as https://app.example.com; {USAGE}"))
}
