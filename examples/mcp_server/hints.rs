//! The instructions that are printed at start-up.

use crate::issuer::DevelopmentIssuer;

pub(crate) fn print(base: &str, issuer: Option<&DevelopmentIssuer>) {
    let token = match issuer {
        Some(issuer) => print_development(base, &issuer.token_for("curl", "mcp:read")),
        None => {
            println!("\nPut a token of your identity provider into TOKEN, then:\n");
            "$TOKEN".to_owned()
        }
    };
    let body = r#"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"whoami\",\"arguments\":{},\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientInfo\":{\"name\":\"curl\",\"version\":\"1\"},\"io.modelcontextprotocol/clientCapabilities\":{}}}}"#;
    println!("Who am I, over HTTP:\n\ncurl -H \"Authorization: Bearer {token}\" {base}/whoami\n");
    println!(
        "Who am I, as an MCP tool:\n\ncurl -H \"Authorization: Bearer {token}\" \
         -H \"Content-Type: application/json\" -H \"Accept: application/json, text/event-stream\" \
         -H \"MCP-Protocol-Version: 2026-07-28\" -H \"Mcp-Method: tools/call\" -H \"Mcp-Name: whoami\" \
         -d \"{body}\" {base}/mcp\n"
    );
    println!("The response to a client without a token:\n\ncurl -i {base}/whoami\n");
}

fn print_development(base: &str, token: &str) -> String {
    println!(
        "
*** DEVELOPMENT ISSUER: it asks for no password. Anybody who reaches {base} can sign in. ***
*** For this machine alone. With your own identity provider: --config FILE ***

Point an MCP client at {base}/mcp; it signs in without configuration:

  Inspector:   npx @modelcontextprotocol/inspector   then Streamable HTTP, {base}/mcp
  TypeScript:  new StreamableHTTPClientTransport(new URL(\"{base}/mcp\"), {{ authProvider }})
  Browser:     {base} is a page with the URL to copy

A token to use without a client, valid for one hour:

{token}
"
    );
    token.to_owned()
}
