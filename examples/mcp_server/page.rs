//! The web pages: their frame, which the development issuer uses too, and the page at `/`.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};

/// Loads only the style sheet, runs no script, and forbids frames, so that no other page can trick
/// a user into clicking a button. `form-action` is absent because browsers also apply it to the
/// redirect to the client.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page with this title. `banner` and `main` are HTML.
pub(crate) fn page(status: StatusCode, title: &str, banner: &str, main: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/style.css\"></head><body>\
         {banner}<main>{main}</main></body></html>"
    );
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ];
    (status, headers, Html(html)).into_response()
}

/// `GET /`: a person has opened the address in a browser, which is no MCP client.
pub(crate) fn home(url: &str, banner: &str) -> Response {
    let url = escaped(url);
    let main = format!(
        "<h1>This is an MCP server</h1>\
         <p>Copy this URL into your MCP client. A click selects all of it.</p>\
         <p><code class=\"copy\">{url}</code></p>\
         <p>The client signs you in by itself. It then has the tools <code>whoami</code>, which says \
         who you are, and <code>append_note</code>, which keeps notes.</p>"
    );
    page(StatusCode::OK, "MCP server", banner, &main)
}

/// `GET /style.css`
pub(crate) async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css")];
    (headers, include_str!("page.css")).into_response()
}

pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '"' => escaped.push_str("&quot;"),
            '&' => escaped.push_str("&amp;"),
            '\'' => escaped.push_str("&#39;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            char => escaped.push(char),
        }
    }
    escaped
}
