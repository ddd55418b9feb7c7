//! rmcp's client at servers behind the layer: a call, our challenges as it reads them, and signing
//! in at the example `mcp_server`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use frameworks::rmcp_axum;
use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{
    AuthClient, AuthorizationCallback, AuthorizationRequest, OAuthState, WWWAuthenticateParams,
};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

const RESOURCE: &str = "https://mcp.example.com/mcp";

async fn serve(auth: &JwtAuthLayer) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let app = rmcp_axum::app(auth);
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[tokio::test]
async fn the_tool_sees_the_caller() {
    let issuer = TestIssuer::start();
    let config = JwtAuthConfig::builder().resource(RESOURCE);
    let config = config.issuer(issuer.issuer()).build().unwrap();
    let url = serve(&JwtAuthLayer::new(config)).await;
    let transport = |token: Option<String>| {
        let config = StreamableHttpClientTransportConfig::with_uri(url.clone());
        StreamableHttpClientTransport::from_config(match token {
            Some(token) => config.auth_header(token),
            None => config,
        })
    };
    let token = issuer.mint(RESOURCE).subject("alice").sign();
    let client = ().serve(transport(Some(token))).await.unwrap();
    let call = CallToolRequestParams::new("whoami");
    let result = client.call_tool(call).await.unwrap();
    let result = serde_json::to_value(&result).unwrap();
    assert_eq!(result["content"][0]["text"], "alice");
    client.cancel().await.unwrap();

    // One thing differs: the token was not meant for us.
    let elsewhere = issuer.mint("https://other.example").subject("alice").sign();
    assert!(().serve(transport(Some(elsewhere))).await.is_err());
    assert!(().serve(transport(None)).await.is_err());
}

/// It looks for each parameter anywhere in the line. A property test of the crate reads challenges
/// in the same way, for whatever is configured.
#[tokio::test]
async fn it_reads_our_challenges() {
    let issuer = TestIssuer::start();
    let base = RESOURCE.parse().unwrap();
    for realm in [None, Some("Notes, and more; x"), Some("a 'b' (c)")] {
        for scopes in [&["a"][..], &["notes:read", "notes:write"]] {
            let config = JwtAuthConfig::builder()
                .resource(RESOURCE)
                .issuer(issuer.issuer())
                .required_scopes(scopes.iter().copied());
            let config = match realm {
                Some(realm) => config.realm(realm),
                None => config,
            };
            let auth = JwtAuthLayer::new(config.build().unwrap());
            let metadata = auth.resource_metadata().unwrap().url().to_owned();
            let url = serve(&auth).await;
            let narrow = issuer.mint(RESOURCE).sign();
            for (token, error) in [
                (None, None),
                (Some("junk"), Some("invalid_token")),
                (Some(&*narrow), Some("insufficient_scope")),
            ] {
                let mut request = reqwest::Client::new().post(&url);
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                let answer = request.send().await.unwrap();
                let line = answer.headers()["www-authenticate"].to_str().unwrap();
                let read = WWWAuthenticateParams::parse(line, &base);
                assert_eq!(read.error.as_deref(), error, "{line}");
                assert_eq!(read.scope, Some(scopes.join(" ")), "{line}");
                assert_eq!(read.error_description.is_some(), error.is_some());
                assert_eq!(read.resource_metadata_url.unwrap().as_str(), metadata);
            }
        }
    }
}

/// The example of the crate, on a free port.
struct Example(Child, String);

impl Example {
    fn start(arguments: &[&str]) -> Self {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "--example", "mcp_server"]);
        build.args(["--message-format", "json", "--manifest-path", manifest]);
        let built = build.stderr(Stdio::inherit()).output().unwrap();
        assert!(built.status.success());
        let executable = String::from_utf8(built.stdout).unwrap();
        let executable = executable.lines().find_map(|line| {
            let message: Value = serde_json::from_str(line).ok()?;
            message["executable"].as_str().map(ToOwned::to_owned)
        });
        let mut child = Command::new(executable.unwrap())
            .args(["--bind", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base =
            lines.find_map(|line| Some(line.ok()?.strip_prefix("listening on ")?.to_owned()));
        // It must not find the pipe closed.
        std::thread::spawn(move || lines.for_each(drop));
        Self(child, base.unwrap())
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The user agrees on the page at `url`. Returns where the browser is sent.
async fn agree(url: &str) -> String {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let browser = browser.build().unwrap();
    let page = browser.get(url).send().await.unwrap().text().await.unwrap();
    let consent = page.split_once("name=\"consent\" value=\"").unwrap().1;
    let consent = consent.split_once('"').unwrap().0;
    let pressed = browser
        .post(url.split_once('?').unwrap().0)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("consent={consent}&decision=allow"));
    let pressed = pressed.send().await.unwrap();
    pressed.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn it_signs_in_at_the_example_and_steps_up() {
    // It requests a refresh token where the issuer advertises one.
    let example = Example::start(&["--offline-access", "--step-up"]);
    let url = format!("{}/mcp", example.1);
    let mut state = OAuthState::new(&url, None).await.unwrap();
    let wish = AuthorizationRequest::new("http://127.0.0.1:7777/callback")
        .with_client_name("rmcp")
        .with_initial_scope_selection();
    state.start_authorization(wish).await.unwrap();
    let answer = agree(&state.get_authorization_url().await.unwrap()).await;
    state.handle_callback_url(&answer).await.unwrap();
    state.refresh_token().await.unwrap();

    let manager = state.into_authorization_manager().unwrap();
    let auth = AuthClient::new(reqwest::Client::new(), manager);
    let manager = auth.auth_manager.clone();
    let config = StreamableHttpClientTransportConfig::with_uri(url);
    let transport = StreamableHttpClientTransport::with_client(auth, config);
    let client = ().serve(transport).await.unwrap();
    let text = async |call: CallToolRequestParams| {
        let result = client.call_tool(call).await?;
        let result = serde_json::to_value(&result).unwrap();
        Ok::<_, rmcp::ServiceError>(result["content"][0]["text"].to_string())
    };
    let note = json!({"text": "milk"}).as_object().unwrap().clone();
    let note = CallToolRequestParams::new("append_note").with_arguments(note);
    let whoami = text(CallToolRequestParams::new("whoami")).await.unwrap();
    assert!(whoami.contains("developer"), "{whoami}");
    let refused = format!("{:?}", text(note.clone()).await.unwrap_err());
    assert!(refused.contains("insufficient_scope"), "{refused}");

    let manager = manager.lock().await;
    let wider = manager.request_scope_upgrade("mcp:write").await.unwrap();
    let answer = AuthorizationCallback::from_redirect_url(&agree(&wider).await).unwrap();
    let AuthorizationCallback {
        code,
        csrf_token,
        issuer,
        ..
    } = answer;
    manager
        .exchange_code_for_token_with_issuer(&code, &csrf_token, issuer.as_deref())
        .await
        .unwrap();
    drop(manager);
    let written = text(note).await.unwrap();
    assert!(written.contains("milk"), "{written}");
    client.cancel().await.unwrap();
}
