//! The redirect URIs that a client may register at the development issuer of `mcp_server`.

use serde_json::json;

use super::program::Program;
use super::visitor::Visitor;

#[tokio::test]
async fn field_h05_any_app_may_have_a_scheme_of_its_own() {
    let program = Program::start(&[]);
    let mut visitor = Visitor::arrive(&program.base).await;
    for good in [
        "raycast://oauth?package_name=Extension",
        "kiro://kiro.oauth/callback",
        "goose://oauth",
        "goose:/oauth",
        "vscodium://vscode.github-authentication/did-authenticate",
        "vscode-insiders://callback",
        "com.example.app:/callback",
        "msauth.com.example://auth",
        "claude://mcp/callback",
        "javascripts://callback",
        "httpx://callback",
    ] {
        let client = json!({"client_name": "An app", "redirect_uris": [good]});
        let registered = visitor.register(&client).await;
        assert_eq!(registered.status, 201, "{good}: {registered:?}");
        visitor.client_id = registered.json()["client_id"].as_str().unwrap().to_owned();
        let mut wish = visitor.wish("mcp:read");
        wish[2].1 = good.to_owned();
        let page = visitor.open(&wish).await;
        assert_eq!(page.status, 200, "{good}: {page:?}");
        let pressed = visitor.press(&page, "allow").await;
        assert_eq!(pressed.status, 303, "{good}: {pressed:?}");
        let location = pressed.headers["location"].to_str().unwrap();
        assert!(location.starts_with(good), "{good}: {location}");
        assert!(location.contains("code="), "{good}: {location}");
    }
}

#[tokio::test]
async fn field_h05_what_a_browser_runs_or_opens_itself_is_no_app() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let register = async |uri: &str| {
        let client = json!({"redirect_uris": [uri]});
        visitor.register(&client).await
    };
    assert_eq!(register("goose://callback").await.status, 201);
    for bad in [
        // Runs as a script of this page, or shows what the client wrote.
        "javascript:alert(1)",
        "JavaScript://x/%0aalert(1)",
        "java\tscript:alert(1)",
        " javascript:alert(1)",
        "vbscript:x",
        "data:text/html,x",
        "blob:http://localhost/x",
        "filesystem:http://localhost/temporary/x",
        "about:blank",
        "view-source:http://localhost/x",
        // A page, a file or a setting of the browser.
        "file:///etc/passwd",
        "c:/windows/win.ini",
        "chrome://settings",
        "chrome-extension://abcdefghijklmnop/x.html",
        "moz-extension://x/y",
        "edge://settings",
        "resource://x",
        // Goes over a network in the clear, or to whoever answers for the scheme there.
        "http://app.example.com/callback",
        "http://localhost.evil.example/callback",
        "ftp://app.example.com/x",
        "ws://app.example.com/x",
        "wss://app.example.com/x",
        // A web page can make itself the handler of these.
        "mailto:a@example.com",
        "web+app://x",
        "ext+app:x",
        "tel:1",
        "sms:1",
        "webcal://x",
        "matrix:x",
        // An Android browser starts any app that the link names.
        "intent://x",
        // As before: the address must be what it looks like.
        "goose://callback#fragment",
        "goose://user@callback",
        "goose://user:password@callback",
        "https:///",
        "/callback",
    ] {
        let refused = register(bad).await;
        assert_eq!(refused.status, 400, "{bad:?}: {refused:?}");
        assert_eq!(refused.json()["error"], "invalid_redirect_uri", "{bad:?}");
    }
}
