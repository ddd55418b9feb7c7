//! What one configuration accepts, and what it refuses.

use ::http::HeaderValue;
use serde_json::{Value, json};
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::error::TokenErrorKind;
use tower_jwt_auth::limits::UNKNOWN_KID_FETCHES;
use tower_jwt_auth::{JwtAuthLayer, JwtVerifier, Rejection};

use super::issuer_in_memory::{Answer, InMemoryIssuer};
use super::tokens::{INVALID_TOKEN, all_keys, good, rules};
use super::{Counting, call, request};

pub(crate) async fn outcome(verifier: &JwtVerifier, token: &str) -> Result<(), TokenErrorKind> {
    let verdict = verifier.verify(token).await;
    let kind = |rejection: Rejection| {
        let error = rejection.token_error();
        error
            .unwrap_or_else(|| panic!("{rejection}: {:?}", verifier.keys_health()))
            .kind()
    };
    verdict.map(drop).map_err(kind)
}

/// Tokens that one configuration accepts, and tokens that it refuses. The keys come from a source
/// that counts how often it is asked.
pub(crate) struct Table {
    pub(crate) keys: Vec<Value>,
    pub(crate) rules: JwtAuthConfigBuilder,
    pub(crate) accepted: Vec<(String, String)>,
    pub(crate) refused: Vec<(String, String, TokenErrorKind)>,
}

impl Table {
    /// The usual rules, and these keys alone.
    pub(crate) fn keyed(keys: impl Into<Vec<Value>>) -> Self {
        Self {
            keys: keys.into(),
            rules: rules(),
            accepted: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// The usual rules and keys, and a good token.
    pub(crate) fn usual() -> Self {
        Self::keyed(all_keys()).accepts("the good token", good())
    }

    pub(crate) fn ruled(
        mut self,
        change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
    ) -> Self {
        self.rules = change(self.rules);
        self
    }

    pub(crate) fn accepts(mut self, name: impl Into<String>, token: String) -> Self {
        self.accepted.push((name.into(), token));
        self
    }

    pub(crate) fn refuses(
        mut self,
        name: impl Into<String>,
        token: String,
        why: TokenErrorKind,
    ) -> Self {
        self.refused.push((name.into(), token, why));
        self
    }

    /// Refuses each of these tokens for the same reason.
    pub(crate) fn refuses_all<const N: usize>(
        self,
        why: TokenErrorKind,
        tokens: [(&str, String); N],
    ) -> Self {
        tokens
            .into_iter()
            .fold(self, |table, (name, token)| table.refuses(name, token, why))
    }

    pub(crate) fn layer(&self) -> (JwtAuthLayer, InMemoryIssuer) {
        let memory = InMemoryIssuer::publishing(&[]);
        memory.answer(Answer::Document(
            json!({"keys": self.keys}).to_string().into_bytes(),
        ));
        let config = self
            .rules
            .clone()
            .key_source(memory.clone())
            .build()
            .unwrap();
        (JwtAuthLayer::new(config), memory)
    }

    /// Each verdict by the verifier, with its reason, and by the layer in front of a service.
    pub(crate) async fn check(self) {
        let (layer, memory) = self.layer();
        let (verifier, inner) = (layer.verifier(), Counting::default());
        for (name, token) in &self.accepted {
            assert_eq!(outcome(&verifier, token).await, Ok(()), "{name}");
            let answer = call(&layer, &inner, request(Some(token))).await;
            assert_eq!(answer.status, 200, "{name}");
        }
        assert_eq!(inner.calls(), self.accepted.len() as u64);
        assert_eq!(memory.fetches(), 1, "good tokens make one fetch");
        assert!(
            !self.accepted.is_empty(),
            "nothing shows that a token can be good here"
        );
        let mut asking = None;
        for (name, token, why) in &self.refused {
            // A token whose key is looked for has a budget of fetches for itself.
            let may_ask = *why == TokenErrorKind::UnknownKey;
            if may_ask {
                let (layer, memory) = self.layer();
                layer.verifier().wait_for_keys().await.unwrap();
                asking = Some((layer.verifier(), layer, memory));
            }
            let (verifier, layer, memory) = match &asking {
                Some((verifier, layer, memory)) if may_ask => (verifier, layer, memory),
                _ => (&verifier, &layer, &memory),
            };
            let fetches = memory.fetches();
            assert_eq!(outcome(verifier, token).await, Err(*why), "{name}");
            if HeaderValue::from_str(token).is_ok() {
                let answer = call(layer, &inner, request(Some(token))).await;
                assert_eq!(answer.status, 401, "{name}");
                assert_eq!(answer.challenge(), Some(INVALID_TOKEN), "{name}");
            }
            assert!(
                may_ask || memory.fetches() == fetches,
                "{name}: keys were fetched for it"
            );
            assert!(
                memory.fetches() <= 1 + UNKNOWN_KID_FETCHES as usize,
                "{name}"
            );
        }
        assert_eq!(
            inner.calls(),
            self.accepted.len() as u64,
            "a refused token reached the service"
        );
    }
}
