//! The introspection endpoint of the test issuer.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::body::{Answer, answer_with};
use super::key::TestKey;
use super::state::{Fault, Shared, Signed, count_down};
use super::token::TokenBuilder;

/// The introspection endpoint of a [`TestIssuer`](super::TestIssuer) (RFC 7662), which counts its
/// calls, fails on command and can sign its answers (RFC 9701). A token that it does not know is
/// not active.
///
/// ```
/// use tower_jwt_auth::test_util::TestIssuer;
///
/// let issuer = TestIssuer::start();
/// let introspection = issuer.introspection();
/// let mut answer = introspection.good_answer("https://mcp.example.com/mcp");
/// answer["scope"] = "mcp:read".into();
/// introspection.answer("opaque-token", answer);
/// assert_eq!(introspection.calls(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct TestIntrospection(Arc<Shared>);

impl TestIntrospection {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The URL of the endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.0.introspection_endpoint
    }

    /// The answer for an active access token for `audience`, with a lifetime of an hour. A test
    /// changes one thing of it.
    #[must_use]
    pub fn good_answer(&self, audience: &str) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs();
        json!({
            "active": true,
            "iss": self.0.issuer,
            "aud": audience,
            "sub": "alice",
            "client_id": "test-client",
            "token_type": "Bearer",
            "iat": now,
            "exp": now.saturating_add(60 * 60),
        })
    }

    /// Answers this about `token` from now on.
    pub fn answer(&self, token: &str, answer: Value) {
        let mut state = self.0.state();
        let answers = &mut state.introspection.answers;
        answers.insert(token.to_owned(), answer);
    }

    /// Calls `token` not active from now on.
    pub fn revoke(&self, token: &str) {
        self.0.state().introspection.answers.remove(token);
    }

    /// Answers about every token with this status, these headers and this body, until
    /// [`recover`](Self::recover).
    pub fn answer_all(&self, status: u16, headers: &[(&str, &str)], body: &[u8]) {
        let owned = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let fixed = (status, owned.collect(), body.to_owned());
        self.0.state().introspection.fixed = Some(fixed);
    }

    /// Sends answers with this media type; `None` restores the right one.
    pub fn send_media_type(&self, media_type: Option<&str>) {
        let media_type = media_type.map(ToOwned::to_owned);
        self.0.state().introspection.media_type = media_type;
    }

    /// Answers with 401 unless the request has this client's secret, form-encoded in a Basic header
    /// or in the body (RFC 6749 §2.3.1).
    pub fn require_client(&self, id: &str, secret: &str) {
        let client = Some((id.to_owned(), secret.to_owned()));
        self.0.state().introspection.client = client;
    }

    /// Signs answers for `audience`, with the key that signs tokens at present (RFC 9701 §5).
    /// `change` changes one thing of the JWT.
    pub fn sign_answers(
        &self,
        audience: &str,
        change: impl Fn(TokenBuilder) -> TokenBuilder + Send + Sync + 'static,
    ) {
        let signed = Signed {
            audience: audience.to_owned(),
            change: Arc::new(change),
        };
        self.0.state().introspection.signed = Some(signed);
    }

    /// Waits this long, by the real clock, before each answer.
    pub fn answer_after(&self, delay: Duration) {
        self.0.state().introspection.delay = delay;
    }

    /// Applies `fault` to every answer.
    pub fn fail(&self, fault: Fault) {
        let mut state = self.0.state();
        state.introspection.fault = Some(fault);
        state.introspection.fault_left = None;
    }

    /// Applies `fault` to the next `answers` answers; later ones are correct again.
    pub fn fail_next(&self, fault: Fault, answers: u32) {
        let mut state = self.0.state();
        state.introspection.fault = Some(fault);
        state.introspection.fault_left = Some(answers);
    }

    /// Makes answers correct again.
    pub fn recover(&self) {
        let mut state = self.0.state();
        state.introspection.fault = None;
        state.introspection.fixed = None;
    }

    /// The number of calls, including those that failed.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.0.state().introspection.calls.len()
    }

    /// The number of calls about `token`.
    #[must_use]
    pub fn calls_for(&self, token: &str) -> usize {
        let is_it =
            |form: &&HashMap<String, String>| form.get("token").is_some_and(|asked| asked == token);
        let state = self.0.state();
        state.introspection.calls.iter().filter(is_it).count()
    }

    /// The number of connections on which calls came.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.state().introspection.connections
    }

    /// The largest number of calls at the same time.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        self.0.state().introspection.most_at_once
    }

    /// A parameter in the body of the last call.
    #[must_use]
    pub fn last_parameter(&self, name: &str) -> Option<String> {
        let state = self.0.state();
        state.introspection.calls.last()?.get(name).cloned()
    }

    /// The value of a header of the last call.
    #[must_use]
    pub fn last_header(&self, name: &str) -> Option<String> {
        let state = self.0.state();
        let value = state.introspection.last_headers.get(name)?;
        value.to_str().ok().map(ToOwned::to_owned)
    }
}

pub(super) async fn answer(
    shared: &Arc<Shared>,
    request: Request<hyper::body::Incoming>,
) -> io::Result<Response<Answer>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let form: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let _call = AtOnce::begin(shared);
    let (reply, fault, delay) = {
        let mut state = shared.state();
        let reply = reply(shared, &state, &head, &form);
        let introspection = &mut state.introspection;
        introspection.calls.push(form);
        introspection.last_headers = head.headers;
        count_down(&mut introspection.fault, &mut introspection.fault_left);
        (reply, introspection.fault, introspection.delay)
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let (status, body) = answer_with(fault, reply.body).await?;
    let status = match fault {
        None => reply.status,
        Some(_) => status,
    };
    let mut response = Response::builder().status(status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(body).map_err(io::Error::other)
}

/// What is answered unless there is a fault.
struct Reply {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn reply(
    shared: &Shared,
    state: &super::state::State,
    head: &http::request::Parts,
    form: &HashMap<String, String>,
) -> Reply {
    let introspection = &state.introspection;
    let with_type = |media_type: &str| vec![(CONTENT_TYPE.to_string(), media_type.to_owned())];
    if let Some((status, headers, body)) = &introspection.fixed {
        return Reply {
            status: StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: headers.clone(),
            body: body.clone(),
        };
    }
    let client = introspection.client.as_ref();
    let is_refused = client.is_some_and(|client| *client != client_of(&head.headers, form));
    if is_refused || head.method != http::Method::POST {
        let error = json!({"error": "invalid_client"});
        return Reply {
            status: StatusCode::UNAUTHORIZED,
            headers: with_type("application/json"),
            body: error.to_string().into_bytes(),
        };
    }
    let token = form.get("token").map_or("", String::as_str);
    let answer = introspection.answers.get(token).cloned();
    let answer = answer.unwrap_or_else(|| json!({"active": false}));
    let (usual, body) = match &introspection.signed {
        None => ("application/json", answer.to_string()),
        Some(signed) => {
            let key = state.signing.clone();
            let jwt = signed_answer(signed, key, &shared.issuer, answer);
            ("application/token-introspection+jwt", jwt)
        }
    };
    Reply {
        status: StatusCode::OK,
        headers: with_type(introspection.media_type.as_deref().unwrap_or(usual)),
        body: body.into_bytes(),
    }
}

/// A JWT with `answer` (RFC 9701 §5).
fn signed_answer(signed: &Signed, key: Arc<TestKey>, issuer: &str, answer: Value) -> String {
    let jwt = TokenBuilder::new(key, issuer, &signed.audience)
        .header("typ", "token-introspection+jwt")
        .without("exp")
        .without("sub")
        .without("client_id")
        .without("jti")
        .claim("token_introspection", answer);
    (signed.change)(jwt).sign()
}

/// The id and the secret of the client that asks.
fn client_of(headers: &HeaderMap, form: &HashMap<String, String>) -> (String, String) {
    let basic = || {
        let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let decoded = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        // A value alone is a name without a value.
        let decode = |text: &str| {
            let mut pairs = form_urlencoded::parse(text.as_bytes());
            pairs.next().map(|(text, _)| text.into_owned())
        };
        Some((decode(id)?, decode(secret)?))
    };
    let parameter = |name: &str| form.get(name).cloned().unwrap_or_default();
    basic().unwrap_or_else(|| (parameter("client_id"), parameter("client_secret")))
}

/// Counts a call while it is under way.
struct AtOnce(Arc<Shared>);

impl AtOnce {
    fn begin(shared: &Arc<Shared>) -> Self {
        let mut state = shared.state();
        let introspection = &mut state.introspection;
        introspection.at_once += 1;
        introspection.most_at_once = introspection.most_at_once.max(introspection.at_once);
        drop(state);
        Self(shared.clone())
    }
}

impl Drop for AtOnce {
    fn drop(&mut self) {
        self.0.state().introspection.at_once -= 1;
    }
}

pub(super) const INTROSPECTION_PATH: &str = "/introspect";
