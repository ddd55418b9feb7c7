//! Two MCP servers on one host: each accepts only tokens for itself, and both share the keys of
//! their issuer. Sends itself requests and prints the responses.
//!
//! ```sh
//! cargo run --example several_servers
//! ```
#![allow(clippy::print_stdout, reason = "it is a program")]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use axum::routing::post;
use tower::ServiceExt as _;
use tower_jwt_auth::service::MetadataRoutes;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, ConfigError, DrainRefusedLayer, JwtAuthConfig, JwtAuthLayer};

const NOTES: &str = "https://mcp.example.com/notes";
const MAIL: &str = "https://mcp.example.com/mail";

/// One layer for each server, made from one builder. The second takes the keys of the first, so
/// that one task fetches them. Each remembers its own tokens.
fn layers(issuer: &str) -> Result<(JwtAuthLayer, JwtAuthLayer), ConfigError> {
    let both = JwtAuthConfig::builder().issuer(issuer);
    let notes = JwtAuthLayer::for_mcp(both.clone().resource(NOTES).build()?);
    let mail = both.resource(MAIL).required_scopes(["mail:send"]);
    let mail = JwtAuthLayer::for_mcp(mail.keys_of(&notes).build()?);
    Ok((notes, mail))
}

/// Each module protects its own routes. The metadata documents have different paths, so the routers
/// can be merged.
fn app(notes: &JwtAuthLayer, mail: &JwtAuthLayer) -> Router {
    Router::new()
        .merge(notes.protect(Router::new().route("/notes", post(hello))))
        .merge(mail.protect(Router::new().route("/mail", post(hello))))
}

/// The same from its parts, for clients that look for the metadata at the root of the host only:
/// they find the document of the first server there.
fn app_with_root(notes: &JwtAuthLayer, mail: &JwtAuthLayer) -> Router {
    Router::new()
        .route("/notes", post(hello).layer(notes.clone()))
        .route("/mail", post(hello).layer(mail.clone()))
        .layer(DrainRefusedLayer::new())
        .merge(MetadataRoutes::of([notes, mail]).router())
}

async fn hello(auth: AuthInfo) -> String {
    format!("hello {}", auth.client_id())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = TestIssuer::start(); // takes the place of your identity provider
    let (notes, mail) = layers(issuer.issuer())?;
    let app = app(&notes, &mail);

    let token = |resource| Some(issuer.mint(resource).scope("mail:send").sign());
    let (for_notes, for_mail) = (token(NOTES), token(MAIL));
    for (caller, token, path) in [
        ("without a token", &None, "/notes"),
        ("with a token for notes", &for_notes, "/notes"),
        ("with a token for notes", &for_notes, "/mail"),
        ("with a token for mail", &for_mail, "/mail"),
    ] {
        let request = match token {
            Some(token) => Request::post(path).header("authorization", format!("Bearer {token}")),
            None => Request::post(path),
        };
        let response = app.clone().oneshot(request.body(Body::empty())?).await?;
        println!("{path} {caller}: {}", response.status());
        if let Some(challenge) = response.headers().get(header::WWW_AUTHENTICATE) {
            println!("  {challenge:?}");
        }
    }
    println!("fetches of the keys: {}", issuer.fetches());

    const ROOT: &str = "/.well-known/oauth-protected-resource";
    for (what, app) in [("parts", app_with_root(&notes, &mail)), ("protect", app)] {
        let response = app.oneshot(Request::get(ROOT).body(Body::empty())?).await?;
        println!("{ROOT} of {what}: {}", response.status());
    }
    Ok(())
}
