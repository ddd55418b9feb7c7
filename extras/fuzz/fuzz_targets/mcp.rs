//! The input is `flags method|name|body`. If the low bit of the first byte is set, the request has
//! the mirrored headers of the protocol of 2026-07-28, and a body that agrees with them; else it
//! has the body alone.
//!
//! The caller has the scope `read` and not `write`. Whatever reading of the body a server behind
//! may choose (the first or the last of two members, another case, URIs decoded once or twice):
//! what is admitted needs no more than `read`.
#![no_main]

use std::convert::Infallible;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Empty, Full};
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_jwt_auth::mcp::McpScopesLayer;
use tower_jwt_auth::service::GuardedBody;
use tower_jwt_auth::{AuthInfo, Rejection};
use tower_jwt_auth_fuzz::count::Acceptance;
use tower_jwt_auth_fuzz::loose::Loose;
use tower_jwt_auth_fuzz::{at_once, part};
use url::Url;

static RULES: LazyLock<McpScopesLayer> = LazyLock::new(|| {
    McpScopesLayer::new()
        .tool("look", ["read"])
        .tool("change", ["write"])
        .prompt("ask", ["write"])
        .resources_under(PUBLIC, ["read"])
        .resources_under("file:///srv/secret/", ["write"])
        .resource(NOT_THIS, ["write"])
        .method("admin/do", ["write"])
});
static READER: LazyLock<AuthInfo> = LazyLock::new(|| caller("read"));
static WRITER: LazyLock<AuthInfo> = LazyLock::new(|| caller("read write"));
static ADMITTED: Acceptance = Acceptance::new();

const PUBLIC: &str = "file:///srv/public/";
const NOT_THIS: &str = "file:///srv/public/not/this";

fuzz_target!(|input: &[u8]| {
    let Some((flags, rest)) = input.split_first() else {
        return;
    };
    let (method, rest) = part(rest, b'|');
    let (name, body) = part(rest, b'|');
    let mut request = Request::post("/").body(body.to_vec()).expect("good");
    if flags & 1 == 1 && !mirror(&mut request, method, name) {
        return;
    }
    assert!(
        send(&request, &WRITER).is_ok(),
        "nobody needs more than all"
    );
    let admitted = send(&request, &READER);
    if let Ok(seen) = &admitted {
        assert_eq!(seen, request.body(), "the server gets what was sent");
        let readings = serde_json::from_slice::<Loose>(request.body());
        for message in readings.iter().flat_map(Loose::items) {
            check(message);
        }
        ADMITTED.note(readings.is_ok_and(|readings| !readings.items().is_empty()));
    } else {
        ADMITTED.note(false);
    }
});

fn caller(scope: &str) -> AuthInfo {
    AuthInfo::for_tests(json!({"scope": scope}))
}

/// Adds the headers and the body that they mirror. `false` if there are no such headers.
fn mirror(request: &mut Request<Vec<u8>>, method: &[u8], name: &[u8]) -> bool {
    let [Ok(method_line), Ok(name_line)] = [method, name].map(HeaderValue::from_bytes) else {
        return false;
    };
    let (Ok(method), Ok(name)) = (method_line.to_str(), name_line.to_str()) else {
        return false;
    };
    let wrapped = name.strip_prefix("=?base64?");
    let wrapped = wrapped.and_then(|rest| rest.strip_suffix("?="));
    let name = match wrapped.map(|text| STANDARD.decode(text)) {
        None => name.to_owned(),
        Some(bytes) => match bytes.map(String::from_utf8) {
            Ok(Ok(name)) => name,
            _ => return false,
        },
    };
    let body = json!({"method": method, "params": {"name": name, "uri": name}});
    *request.body_mut() = body.to_string().into_bytes();
    for (header, value) in [
        (
            "mcp-protocol-version",
            HeaderValue::from_static("2026-07-28"),
        ),
        ("mcp-method", method_line),
        ("mcp-name", name_line),
    ] {
        request.headers_mut().insert(header, value);
    }
    true
}

/// What the server got, or why it got nothing.
fn send(request: &Request<Vec<u8>>, auth: &AuthInfo) -> Result<Vec<u8>, Rejection> {
    let server = service_fn(|request: Request<GuardedBody<Full<Bytes>>>| async move {
        let body = request.into_body().collect().await;
        let mut response = Response::new(Empty::<Bytes>::new());
        let seen = body.expect("it was whole").to_bytes().to_vec();
        response.extensions_mut().insert(Seen(seen));
        Ok::<_, Infallible>(response)
    });
    let mut request = request.clone().map(|body| Full::new(Bytes::from(body)));
    request.extensions_mut().insert(auth.clone());
    let Ok(mut response) = at_once(RULES.layer(server).oneshot(request));
    let extensions = response.extensions_mut();
    match (
        extensions.remove::<Seen>(),
        extensions.remove::<Rejection>(),
    ) {
        (Some(Seen(body)), None) => Ok(body),
        (None, Some(rejection)) => Err(rejection),
        _ => panic!("reached, or refused"),
    }
}

#[derive(Clone)]
struct Seen(Vec<u8>);

/// No reading of this message needs the scope `write`.
fn check(message: &Loose) {
    let all_params = message.named("params");
    for method in message.named("method").iter().filter_map(|it| it.text()) {
        assert!(!matches!(method, "admin/do" | "prompts/get"), "{message:?}");
        for params in &all_params {
            let texts = |name| {
                let values = params.named(name).into_iter();
                values.filter_map(Loose::text).collect::<Vec<_>>()
            };
            match method {
                "tools/call" => {
                    assert!(
                        texts("name").iter().all(|name| *name == "look"),
                        "{message:?}"
                    );
                }
                "completion/complete" => {
                    for reference in params.named("ref") {
                        check_reference(reference);
                    }
                }
                "subscriptions/listen" => {
                    for notifications in params.named("notifications") {
                        for list in notifications.named("resourcesubscriptions") {
                            list.items()
                                .iter()
                                .filter_map(Loose::text)
                                .for_each(check_uri);
                        }
                    }
                }
                _ if NAME_A_RESOURCE.contains(&method) => {
                    texts("uri").into_iter().for_each(check_uri);
                }
                _ => {}
            }
        }
    }
}

const NAME_A_RESOURCE: [&str; 4] = [
    "resources/directory/read",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
];

fn check_reference(reference: &Loose) {
    // All prompts need `write`.
    let mut names = reference.named("name").into_iter();
    assert!(names.all(|name| name.text().is_none()), "{reference:?}");
    for uri in reference.named("uri").into_iter().filter_map(Loose::text) {
        match uri.split_once('{') {
            // What a template stands for begins with the text before its first expression.
            Some((literal, _)) => {
                assert!(
                    literal.starts_with(PUBLIC) && !NOT_THIS.starts_with(literal),
                    "{uri}"
                );
            }
            None => check_uri(uri),
        }
    }
}

/// The resource is below the public folder for a server that decodes the URI up to twice, parses
/// it as browsers do, and resolves the path.
fn check_uri(uri: &str) {
    assert!(uri.starts_with(PUBLIC), "{uri}");
    let mut read = uri.as_bytes().to_vec();
    for _ in 0..3 {
        let text = String::from_utf8_lossy(&read).into_owned();
        let parsed = Url::parse(&text).expect("it was plain");
        let path = parsed.to_file_path().expect("a file");
        let resolved = lexical(&path);
        assert!(resolved.starts_with("/srv/public"), "{uri} -> {resolved:?}");
        // With a slash at the end it is another resource.
        let is_folder = parsed.path().ends_with('/');
        assert!(
            is_folder || resolved != Path::new("/srv/public/not/this"),
            "{uri}"
        );
        read = percent_decoded(&read);
    }
}

/// `path` without `.` and `..`.
fn lexical(path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(resolved.pop()),
            Component::CurDir => {}
            other => resolved.push(other),
        }
    }
    resolved
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((&first, behind)) = rest.split_first() {
        let hex = |digit: u8| char::from(digit).to_digit(16);
        if let (b'%', [high, low, after @ ..]) = (first, behind)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push((high << 4 | low) as u8);
            rest = after;
        } else {
            out.push(first);
            rest = behind;
        }
    }
    out
}
