//! A client that signs in step by step over HTTP, as browsers do it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, Response};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::support::{Answer, read, send};

pub(crate) const REDIRECT_URI: &str = "http://localhost:6274/oauth/callback";
pub(crate) const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-1234567";

/// A client that knows nothing but the server's address, and the browser of its user.
pub(crate) struct Visitor {
    pub(crate) base: String,
    pub(crate) client_id: String,
    pub(crate) metadata: Value,
    pub(crate) http: reqwest::Client,
}

impl Visitor {
    /// Follows the challenge of the 401 as far as the registration.
    pub(crate) async fn arrive(base: &str) -> Self {
        let refused = send("POST", &format!("{base}/mcp"), &[]).await;
        let challenge = refused.challenge().unwrap();
        let metadata = challenge.split_once("resource_metadata=\"").unwrap().1;
        let metadata = metadata.split_once('"').unwrap().0;
        let resource = send("GET", metadata, &[]).await.json();
        let issuer = resource["authorization_servers"][0].as_str().unwrap();
        let well_known = format!("{issuer}/.well-known/oauth-authorization-server");
        let metadata = send("GET", &well_known, &[]).await.json();
        assert_eq!(metadata["issuer"], issuer);
        let mut visitor = Self {
            base: base.to_owned(),
            client_id: String::new(),
            metadata,
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
        };
        let client = json!({"client_name": "A visitor", "redirect_uris": [REDIRECT_URI]});
        let registered = visitor.register(&client).await;
        assert_eq!(registered.status, 201, "{registered:?}");
        visitor.client_id = registered.json()["client_id"].as_str().unwrap().to_owned();
        visitor
    }

    pub(crate) fn endpoint(&self, name: &str) -> String {
        self.metadata[name].as_str().unwrap().to_owned()
    }

    pub(crate) fn resource(&self) -> String {
        format!("{}/mcp", self.base)
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Answer {
        let mut request = self.http.request(method, url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response: Response<reqwest::Body> = request.send().await.unwrap().into();
        read(response).await
    }

    pub(crate) async fn register(&self, client: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        let url = self.endpoint("registration_endpoint");
        self.send(Method::POST, &url, &headers, client.to_string())
            .await
    }

    pub(crate) async fn form(&self, endpoint: &str, fields: &[(&str, &str)]) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send(Method::POST, &self.endpoint(endpoint), &headers, body)
            .await
    }

    /// A good authorization request.
    pub(crate) fn wish(&self, scope: &str) -> Vec<(&'static str, String)> {
        vec![
            ("response_type", "code".to_owned()),
            ("client_id", self.client_id.clone()),
            ("redirect_uri", REDIRECT_URI.to_owned()),
            ("state", "a & b".to_owned()),
            ("scope", scope.to_owned()),
            ("resource", self.resource()),
            (
                "code_challenge",
                URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes())),
            ),
            ("code_challenge_method", "S256".to_owned()),
        ]
    }

    pub(crate) async fn open(&self, wish: &[(&'static str, String)]) -> Answer {
        let mut url = Url::parse(&self.endpoint("authorization_endpoint")).unwrap();
        url.query_pairs_mut().extend_pairs(wish);
        self.browse(url.as_str()).await
    }

    pub(crate) async fn browse(&self, url: &str) -> Answer {
        self.send(Method::GET, url, &[], String::new()).await
    }

    pub(crate) async fn press(&self, page: &Answer, decision: &str) -> Answer {
        let token = page.body.split_once("name=\"consent\" value=\"").unwrap().1;
        let token = token.split_once('"').unwrap().0;
        let fields = [("consent", token), ("decision", decision)];
        self.form("authorization_endpoint", &fields).await
    }

    /// The code that this authorization request leads to.
    pub(crate) async fn code(&self, wish: &[(&'static str, String)]) -> String {
        let pressed = self.press(&self.open(wish).await, "allow").await;
        assert_eq!(pressed.status, 303, "{pressed:?}");
        let code = redirected(&pressed).into_iter();
        code.into_iter().find(|(name, _)| name == "code").unwrap().1
    }

    pub(crate) async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        self.form("token_endpoint", fields).await
    }

    /// A good token request with this code.
    pub(crate) async fn redeem(&self, code: &str) -> Answer {
        let resource = self.resource();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("client_id", &self.client_id),
            ("code_verifier", VERIFIER),
            ("resource", &resource),
        ];
        self.token(&fields).await
    }

    /// Signs in: the answer of the token endpoint.
    pub(crate) async fn sign_in(&self, scope: &str) -> Value {
        let redeemed = self.redeem(&self.code(&self.wish(scope)).await).await;
        assert_eq!(redeemed.status, 200, "{redeemed:?}");
        assert_eq!(redeemed.headers["cache-control"], "no-store");
        redeemed.json()
    }

    pub(crate) async fn call_tool(&self, token: &str, name: &str, arguments: Value) -> Answer {
        let version = "2026-07-28";
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": name,
            "arguments": arguments,
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": version,
                "io.modelcontextprotocol/clientInfo": {"name": "visitor", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        }});
        let headers = [
            ("authorization", &*format!("Bearer {token}")),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", version),
            ("mcp-method", "tools/call"),
            ("mcp-name", name),
        ];
        self.send(Method::POST, &self.resource(), &headers, body.to_string())
            .await
    }
}

/// The parameters that the redirect carries to the client.
pub(crate) fn redirected(answer: &Answer) -> Vec<(String, String)> {
    let location = answer.headers["location"].to_str().unwrap();
    let url = Url::parse(location).unwrap();
    assert!(location.starts_with(REDIRECT_URI), "{location}");
    url.query_pairs().into_owned().collect()
}
