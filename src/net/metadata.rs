//! The metadata of an issuer (RFC 8414, OpenID Connect Discovery): where it may be, and whether it
//! speaks for the issuer.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use super::{AddressPolicy, FetchError, HttpTransport, exchange};
use crate::base::byte_order_mark::without_byte_order_mark;
use crate::base::escape::shown;
use crate::base::url_rule::without_credentials;

/// The members of a document that one reader needs. Each reader has a type of its own, so that a
/// member that it does not need cannot make the document unusable for it.
pub(crate) trait IssuerMetadata: DeserializeOwned {
    fn issuer(&self) -> &str;
}

/// Fetches one document.
pub(crate) async fn document(
    transport: &dyn HttpTransport,
    url: &Url,
    timeout: Duration,
) -> Result<Bytes, FetchError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let limits = exchange::document_limits(timeout, AddressPolicy::Anywhere);
    let answer = exchange::get(transport, url, headers, limits).await?;
    match answer.status() {
        StatusCode::OK => Ok(answer.into_body()),
        _ => Err(exchange::unexpected_status(&Method::GET, url, &answer)),
    }
}

/// Reads a document that came from `url`.
pub(crate) fn read<M: IssuerMetadata>(
    document: &[u8],
    url: &Url,
    issuer: &str,
) -> Result<M, FetchError> {
    let document = without_byte_order_mark(document);
    let metadata: M = serde_json::from_slice(document).map_err(|error| {
        // Not as the source of the error, because serde quotes unexpected values in full, however
        // long.
        let (line, column) = (error.line(), error.column());
        FetchError::new(format!(
            "{url} is no issuer metadata (line {line}, column {column})"
        ))
    })?;
    // RFC 8414 §3.3: otherwise one issuer could impersonate another.
    match metadata.issuer() == issuer {
        true => Ok(metadata),
        false => Err(FetchError::new(format!(
            "{url} speaks for issuer {}, not {issuer}",
            shown(without_credentials(metadata.issuer()))
        ))),
    }
}

/// The URLs at which metadata may be, in the order in which MCP clients try them. One trailing
/// slash of the issuer's path is removed first (RFC 8414 §3.1, OpenID Connect Discovery §4.1).
pub(crate) fn metadata_urls(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().strip_suffix('/').unwrap_or(issuer.path());
    let paths = if path.is_empty() {
        vec![OPENID.to_owned(), OAUTH.to_owned()]
    } else {
        vec![
            format!("{OAUTH}{path}"),
            format!("{OPENID}{path}"),
            format!("{path}{OPENID}"),
        ]
    };
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url.set_query(None);
        url
    };
    paths.into_iter().map(at).collect()
}

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_forms() {
        let root = [
            "https://i.example/.well-known/openid-configuration",
            "https://i.example/.well-known/oauth-authorization-server",
        ];
        let tenant = [
            "https://i.example/.well-known/oauth-authorization-server/a/b",
            "https://i.example/.well-known/openid-configuration/a/b",
            "https://i.example/a/b/.well-known/openid-configuration",
        ];
        let double = [
            "https://i.example/.well-known/oauth-authorization-server/a/",
            "https://i.example/.well-known/openid-configuration/a/",
            "https://i.example/a//.well-known/openid-configuration",
        ];
        let cases: [(&str, &[&str]); 5] = [
            ("https://i.example", &root),
            ("https://i.example/", &root),
            ("https://i.example/a/b", &tenant),
            ("https://i.example/a/b/", &tenant),
            ("https://i.example/a//", &double),
        ];
        for (issuer, want) in cases {
            let got: Vec<String> = metadata_urls(&Url::parse(issuer).unwrap())
                .into_iter()
                .map(Into::into)
                .collect();
            assert_eq!(got, want, "{issuer}");
        }
    }
}
