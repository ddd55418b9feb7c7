//! The challenges that the crate's own tests hold as golden strings, read by rmcp.

use reqwest::Url;
use rmcp::transport::auth::WWWAuthenticateParams;

const GOLDEN: &str = include_str!("../../../src/wire/answers/tests.rs");

#[test]
fn rmcp_reads_every_challenge() {
    let base = Url::parse("https://mcp.example.com/mcp").unwrap();
    let metadata = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
    let texts = GOLDEN.split("r#\"").skip(1);
    let texts = texts.filter_map(|text| text.split_once("\"#").map(|(text, _)| text));
    let lines: Vec<_> = texts
        .filter(|text| text.starts_with("Bearer ") || text.starts_with("DPoP "))
        .filter(|text| !text.contains('{'))
        .collect();
    assert!(lines.len() >= 12, "{lines:?}");
    for line in lines {
        let parsed = WWWAuthenticateParams::parse(line, &base);
        let url = parsed.resource_metadata_url.map(|url| url.to_string());
        let named = line.contains("resource_metadata=").then_some(metadata);
        assert_eq!(url.as_deref(), named, "{line}");
        let scope = parsed.scope.as_deref();
        let wanted = matches!(scope, None | Some("mcp:read" | "mcp:read mcp:write"));
        assert!(
            wanted && scope.is_some() == line.contains("scope=\""),
            "{line}"
        );
        let error = parsed.error.map(|error| format!("error=\"{error}\""));
        assert_eq!(error.is_some(), line.contains(" error=\""), "{line}");
        assert!(error.is_none_or(|error| line.contains(&error)), "{line}");
    }
}
