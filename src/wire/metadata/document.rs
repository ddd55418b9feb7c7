//! The document: its members, and one document of several layers.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::base::scopes::ScopeSet;
use crate::wire::resource::BoundTokens;

/// Optional members of the document (RFC 9728 §2). The other members follow from the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResourceDetails {
    pub(crate) name: Option<String>,
    pub(crate) documentation: Option<String>,
    pub(crate) policy_uri: Option<String>,
    pub(crate) tos_uri: Option<String>,
    pub(crate) jwks_uri: Option<String>,
    pub(crate) scopes_supported: Option<Vec<String>>,
}

/// The document of one layer. `scopes` are the scopes that every operation needs.
pub(crate) fn document(
    resource: &str,
    authorization_servers: &[String],
    scopes: &[String],
    details: &ResourceDetails,
    bound_tokens: &BoundTokens,
) -> Bytes {
    let mut document = Map::new();
    document.insert("resource".to_owned(), resource.into());
    let methods = Value::Array(vec!["header".into()]);
    document.insert("bearer_methods_supported".to_owned(), methods);
    // A member without a value is omitted, because clients reject null (RFC 9728 §3.2).
    let supported: Option<ScopeSet> = details
        .scopes_supported
        .as_ref()
        .map(|scopes| scopes.iter().collect());
    let scopes = supported.as_ref().map_or(scopes, ScopeSet::as_slice);
    let texts = [
        ("jwks_uri", &details.jwks_uri),
        ("resource_documentation", &details.documentation),
        ("resource_name", &details.name),
        ("resource_policy_uri", &details.policy_uri),
        ("resource_tos_uri", &details.tos_uri),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), text.as_deref()?.into())));
    document.extend(texts);
    for (name, list) in [
        ("authorization_servers", authorization_servers),
        ("scopes_supported", scopes),
    ] {
        if !list.is_empty() {
            document.insert(name.to_owned(), list.into());
        }
    }
    document.extend(about(bound_tokens));
    Value::Object(document).to_string().into()
}

/// Adds the members of `document` that `joined` lacks, and the values that its lists lack.
pub(super) fn join(mut joined: Map<String, Value>, document: &Bytes) -> Map<String, Value> {
    let members: Map<String, Value> = serde_json::from_slice(document).unwrap_or_default();
    for (name, theirs) in members {
        match (joined.get_mut(&name), theirs) {
            (Some(Value::Array(ours)), Value::Array(theirs)) => {
                let missing = |value: &Value| !ours.contains(value);
                let missing: Vec<_> = theirs.into_iter().filter(missing).collect();
                ours.extend(missing);
            }
            (Some(_), _) => {}
            (None, theirs) => drop(joined.insert(name, theirs)),
        }
    }
    joined
}

/// The members about tokens that are bound to a key (RFC 9728 §2). None is ever `false`, because an
/// absent member means the same.
fn about(bound_tokens: &BoundTokens) -> impl Iterator<Item = (String, Value)> {
    let algorithms = |algs: &String| algs.split(' ').collect::<Vec<_>>().into();
    let certain = |holds: bool| holds.then_some(Value::Bool(true));
    let members = [
        (
            "dpop_bound_access_tokens_required",
            certain(bound_tokens.only_dpop()),
        ),
        (
            "dpop_signing_alg_values_supported",
            bound_tokens.dpop_algs.as_ref().map(algorithms),
        ),
        (
            "tls_client_certificate_bound_access_tokens",
            certain(bound_tokens.mtls),
        ),
    ];
    let members = members.into_iter();
    members.filter_map(|(name, value)| Some((name.to_owned(), value?)))
}
