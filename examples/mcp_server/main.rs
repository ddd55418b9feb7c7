//! A real MCP server (rmcp, streamable HTTP) that accepts only callers with a valid access token.
//!
//! With a development issuer in the same process, at which any MCP client can sign in by itself:
//!
//! ```sh
//! cargo run --example mcp_server
//! ```
//!
//! With a real identity provider, configured in a JSON file (see the README):
//!
//! ```sh
//! cargo run --example mcp_server -- --config auth.json --bind 127.0.0.1:3000 --allow-origin https://app.example.com
//! ```
//!
//! | file | contents |
//! | --- | --- |
//! | `main.rs` | the process: options, set-up, shutdown |
//! | `app.rs` | the routes, and the layers in front of each |
//! | `tools.rs` | the MCP server and its tools |
//! | `origins.rs` | web pages that may call: CORS and `Origin` |
//! | `page.rs` | the page at `/`, and the frame of the other web pages |
//! | `options.rs` | the command line; `help.txt` is what `--help` prints |
//! | `issuers.rs` | `--issuers`: issuers that come and go without a restart |
//! | `hints.rs` | the instructions that are printed at start-up |
//! | `dpop_demo.rs` | commands with a proof of possession, to try |
//! | `issuer/` | the development issuer. Leave it out when you copy the rest |
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

mod app;
mod dpop_demo;
mod hints;
mod issuer;
mod issuers;
mod options;
mod origins;
mod page;
mod tools;

use std::fmt::Display;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_jwt_auth::config::{Issuer, JwtAuthConfigBuilder};
use tower_jwt_auth::proof::Dpop;
use tower_jwt_auth::{ConfigError, JwtAuthConfig, JwtAuthLayer};
use tracing_subscriber::EnvFilter;

use crate::issuer::DevelopmentIssuer;
use crate::issuers::IssuersFile;
use crate::options::Options;
use crate::origins::Origins;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args_os().skip(1)) {
        Ok(options) => options,
        Err(message) => return fail(&message),
    };
    if options.help {
        print!("{}", options::HELP);
        return ExitCode::SUCCESS;
    }
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,tower_jwt_auth=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("no runtime could be started: {error}")),
    };
    let outcome = runtime.block_on(run(options));
    // Streams that clients keep open must not keep the process alive.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("mcp_server: {message}");
    ExitCode::from(2)
}

async fn run(options: Options) -> Result<(), String> {
    let followed = options.issuers.map(IssuersFile::open).transpose()?;
    let (followed, issuers) = followed.unzip();
    let configured = options.config.as_deref();
    let configured = configured.map(|path| read_config(path, issuers));
    let configured = configured.transpose()?;
    let cannot_listen = |error| format!("cannot listen on {}: {error}", options.bind);
    let listener = TcpListener::bind(&options.bind)
        .await
        .map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    let base = format!("http://{address}");

    let (config, issuer, origins) = match configured {
        Some(config) => (config, None, Origins::these(options.allow_origin)),
        None if address.ip().is_loopback() => {
            let resource = format!("{base}/mcp");
            let config = development_config(&base, &resource, options.development.step_up)
                .map_err(sentence("the development set-up"))?;
            let issuer = DevelopmentIssuer::new(base.clone(), resource, options.development);
            let origins = Origins::loopback_and(options.allow_origin);
            (config, Some(issuer), origins)
        }
        None => {
            return Err(format!(
                "{address} is not a loopback address: the development issuer is for this machine alone, pass --config FILE"
            ));
        }
    };
    let auth = JwtAuthLayer::for_mcp(config);
    let stop = CancellationToken::new();
    let refusal = followed.as_ref().map(IssuersFile::refusal);
    let app = app::app(&base, &auth, issuer.as_ref(), &origins, refusal, &stop);
    if let Some(followed) = followed {
        tokio::spawn(followed.follow(auth));
    }

    println!("listening on {base}");
    hints::print(&base, issuer.as_ref());
    if let Some(issuer) = issuer.as_ref().filter(|_| options.dpop_demo) {
        dpop_demo::start(base.clone(), issuer.clone());
    }
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        ended = async { server.await } => ended.map_err(sentence("the server failed")),
        () = asked_to_stop(&stop) => Ok(()),
    }
}

/// `issuers` come from a file of their own.
fn read_config(path: &str, issuers: Option<Vec<Issuer>>) -> Result<JwtAuthConfig, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {path:?}: {error}"))?;
    // A byte order mark, which some editors write, is no part of the JSON.
    let json = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let what = format!("{path:?}");
    let Some(issuers) = issuers else {
        return serde_json::from_str(json).map_err(sentence(&what));
    };
    let builder: JwtAuthConfigBuilder = serde_json::from_str(json).map_err(sentence(&what))?;
    let builder = issuers
        .into_iter()
        .fold(builder, JwtAuthConfigBuilder::add_issuer);
    builder.build().map_err(sentence("--config and --issuers"))
}

fn development_config(
    issuer: &str,
    resource: &str,
    step_up: bool,
) -> Result<JwtAuthConfig, ConfigError> {
    // What clients request at their first sign-in: the metadata lists it, and every 401 names it.
    // Some clients never request more, so by default it is what all tools need together.
    let scopes: &[&str] = match step_up {
        true => &["mcp:read"],
        false => &["mcp:read", "mcp:write"],
    };
    JwtAuthConfig::builder()
        .resource(resource)
        .issuer(issuer)
        .required_scopes(["mcp:read"])
        .scopes_supported(scopes.iter().copied())
        // Tokens may be bound to a key of the client. Plain bearer tokens work too.
        .dpop(Dpop::new())
        .scope_hierarchy(|granted, needed| (granted, needed) == ("mcp:write", "mcp:read"))
        .build()
}

/// The error with its context, on one line.
fn sentence<E: Display>(what: &str) -> impl Fn(E) -> String {
    move |error| format!("{what}: {}", error.to_string().replace('\n', " "))
}

/// Returns on a signal, after a moment for an orderly shutdown.
async fn asked_to_stop(stop: &CancellationToken) {
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated() => {}
    }
    stop.cancel();
    tokio::time::sleep(Duration::from_millis(700)).await;
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    if let Ok(mut terminate) = signal(SignalKind::terminate()) {
        terminate.recv().await;
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
