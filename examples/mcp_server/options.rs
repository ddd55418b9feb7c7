//! The command line.

use std::ffi::OsString;

use axum::http::HeaderValue;
use url::Url;

/// What `--help` prints.
pub(crate) const HELP: &str = include_str!("help.txt");

const MORE: &str = "--help lists the options";

pub(crate) struct Options {
    pub(crate) config: Option<String>,
    pub(crate) issuers: Option<String>,
    pub(crate) bind: String,
    pub(crate) allow_origin: Vec<HeaderValue>,
    pub(crate) development: Development,
    pub(crate) dpop_demo: bool,
    pub(crate) help: bool,
}

/// How the development issuer, and the server with it, differ from the default.
#[derive(Clone, Copy, Default)]
pub(crate) struct Development {
    pub(crate) no_client_documents: bool,
    pub(crate) offline_access: bool,
    pub(crate) step_up: bool,
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
            issuers: None,
            bind: "127.0.0.1:3000".to_owned(),
            allow_origin: Vec::new(),
            development: Development::default(),
            dpop_demo: false,
            help: false,
        };
        let mut of_development = None;
        while let Some(name) = arguments.next().transpose()? {
            let mut value = || {
                let missing = || format!("{name} needs a value; {MORE}");
                arguments.next().unwrap_or_else(|| Err(missing()))
            };
            let development = &mut options.development;
            match name.as_str() {
                "--allow-origin" => options.allow_origin.push(origin(&value()?)?),
                "--bind" => options.bind = value()?,
                "--config" => options.config = Some(value()?),
                "--dpop-demo" => options.dpop_demo = true,
                "--help" | "-h" => options.help = true,
                "--issuers" => options.issuers = Some(value()?),
                "--no-client-documents" => development.no_client_documents = true,
                "--offline-access" => development.offline_access = true,
                "--step-up" => development.step_up = true,
                _ => return Err(format!("unknown argument {name:?}; {MORE}")),
            }
            if matches!(
                &*name,
                "--dpop-demo" | "--no-client-documents" | "--offline-access" | "--step-up"
            ) {
                of_development = Some(name);
            }
        }
        if options.issuers.is_some() && options.config.is_none() {
            return Err(format!("--issuers needs --config too; {MORE}"));
        }
        match of_development.filter(|_| options.config.is_some()) {
            Some(name) => Err(format!(
                "{name} is for the development issuer, which --config replaces; {MORE}"
            )),
            None => Ok(options),
        }
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
