//! `guide::clients`: what a user sets in an MCP client.

#[test]
fn field_h07_the_guide_says_where_each_client_takes_a_registered_id() {
    let guide = include_str!("../../../src/guide/clients.rs");
    assert!(guide.contains("//! # Clients with a pre-registered id\n"));
    for (client, setting, redirect) in [
        (
            "Claude Code",
            "--client-id ID",
            "http://localhost:PORT/callback",
        ),
        (
            "Codex",
            "--oauth-client-id ID",
            "http://127.0.0.1:PORT/callback",
        ),
        (
            "mcp-remote",
            "--static-oauth-client-info",
            "http://localhost:PORT/oauth/callback",
        ),
        (
            "VS Code",
            r#""oauth": {"clientId": "ID"}"#,
            "http://127.0.0.1:33418/",
        ),
    ] {
        let rows = guide.lines();
        let row = rows.filter(|row| row.starts_with(&format!("//! | {client} ")));
        let row = row.collect::<String>();
        assert!(
            row.contains(setting) && row.contains(redirect),
            "{client}: {row}"
        );
    }
}
