//! Says what is right and what is wrong with a configuration, its issuers and a token.
//!
//! ```sh
//! cargo run --example doctor -- --config auth.json
//! cargo run --example doctor -- --config auth.json --token-file - <token.txt
//! ```
//!
//! `help.txt` is what `--help` prints. The output can be pasted into a bug report: it holds neither
//! the token, nor a secret, nor the password of a URL.
//!
//! | file | contents |
//! | --- | --- |
//! | `main.rs` | the process, and the order of the steps |
//! | `options.rs` | the command line |
//! | `settings.rs` | the configuration, from a file or from the command line |
//! | `keys.rs` | what the issuers were asked, the keys, the clocks |
//! | `pasted.rs` | the token as people copy it |
//! | `token.rs` | what the token says, and the verdict |
//! | `further.rs` | what else is wrong with a rejected token |
//! | `advice.rs` | what to do |
//! | `introspection.rs` | the issuers that were asked about the token |
//! | `events.rs` | the events of the library, which say what it did |
//! | `report.rs` | the output |
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

mod advice;
mod events;
mod further;
mod introspection;
mod keys;
mod options;
mod pasted;
mod report;
mod settings;
mod token;

use std::process::ExitCode;

use tower_jwt_auth::{JwtAuthLayer, JwtVerifier};

use crate::events::Events;
use crate::options::Options;
use crate::pasted::Pasted;
use crate::report::Report;
use crate::token::Server;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args_os().skip(1)) {
        Ok(options) => options,
        Err(message) => return cannot_look(&message),
    };
    if options.help {
        print!("{}", options::HELP);
        return ExitCode::SUCCESS;
    }
    // Both are read first: what cannot be read says nothing about the set-up.
    let (text, token) = match (options.settings.read(), options.token.read()) {
        (Ok(text), Ok(token)) => (text, token),
        (Err(message), _) | (_, Err(message)) => return cannot_look(&message),
    };
    let events = Events::install();
    let token = token.as_deref().map(Pasted::of);
    let secrets = token.as_ref().map(|pasted| &*pasted.secrets);
    let mut report = Report::new(secrets.unwrap_or_default());
    if let Some(verifier) = configuration(&text, &options, &events, &mut report) {
        let wanted = settings::wanted(&text);
        let asked = keys::check(&verifier, &wanted, &events, &mut report).await;
        keys::compare_clocks(&asked, &mut report);
        match &token {
            Some(pasted) => {
                let proofs = settings::proofs(&text);
                let server = Server {
                    events: &events,
                    proofs,
                    verifier: &verifier,
                    wanted: &wanted,
                };
                token::check(pasted, server, &mut report).await;
            }
            None => {
                report.heading("no token: --token-file or --token-env gives one");
                report.note("what your tokens name and when they end is not checked");
            }
        }
    }
    match report.finish() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(1),
    }
}

fn configuration(
    text: &str,
    options: &Options,
    events: &Events,
    report: &mut Report,
) -> Option<JwtVerifier> {
    report.heading(&format!("configuration: {}", options.settings.name()));
    let config = match settings::config(text) {
        Ok(config) => config,
        Err(error) => {
            report.problem("configuration", &error, None);
            return None;
        }
    };
    let layer = JwtAuthLayer::new(config);
    report.good("the settings fit together");
    if let Some(metadata) = layer.resource_metadata() {
        report.good(&format!("clients look for {}", metadata.url()));
    }
    for event in events.take() {
        if let Some(warning) = event.warning() {
            report.note(&warning);
        }
    }
    Some(layer.verifier())
}

fn cannot_look(message: &str) -> ExitCode {
    eprintln!("doctor: {message}");
    ExitCode::from(2)
}
