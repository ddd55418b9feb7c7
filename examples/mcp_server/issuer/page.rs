//! The consent page and the error page.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};

use super::authorize::Authorization;
use super::scopes::{OFFLINE, READ, WRITE};

/// Loads only the style sheet, runs no script, and forbids frames, so that no other page can trick
/// a user into clicking the button. `form-action` is absent because browsers also apply it to the
/// redirect to the client.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The consent page, without the token that the form sends back.
pub(super) struct Consent {
    before: String,
    after: &'static str,
}

impl Consent {
    pub(super) fn of(authorization: &Authorization, resource: &str) -> Self {
        let mut scopes = String::new();
        for scope in authorization.scopes.iter() {
            let meaning = meaning(scope);
            scopes.push_str(&format!("<li>{meaning} <code>{scope}</code></li>"));
        }
        let client = escaped(&shortened(&authorization.client_name));
        let resource = escaped(resource);
        let mut target = authorization.reply.redirect_uri.clone();
        target.set_query(None);
        let target = escaped(&shortened(target.as_str()));
        let before = format!(
            "<h1>Allow <q><bdi>{client}</bdi></q>?</h1>\
             <p>A program of this name wants to use <code>{resource}</code> on your behalf:</p>\
             <ul>{scopes}</ul>\
             <p class=\"to\">The response goes to <code>{target}</code></p>\
             <form method=\"post\" action=\"/authorize\">\
             <input type=\"hidden\" name=\"consent\" value=\""
        );
        let after = "\">\
             <button name=\"decision\" value=\"allow\">Allow</button>\
             <button name=\"decision\" value=\"deny\" class=\"quiet\">Deny</button></form>";
        Self { before, after }
    }

    pub(super) fn with_token(self, token: &str) -> Response {
        let Self { before, after } = self;
        page(
            StatusCode::OK,
            "Sign in",
            &format!("{before}{token}{after}"),
        )
    }
}

pub(super) fn error(why: &str) -> Response {
    let main = format!(
        "<h1>This did not work</h1><p>{}</p><p>Start again from your client.</p>",
        escaped(why)
    );
    page(StatusCode::BAD_REQUEST, "This did not work", &main)
}

pub(super) async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css")];
    (headers, include_str!("page.css")).into_response()
}

fn page(status: StatusCode, title: &str, main: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} - development issuer</title>\
         <link rel=\"stylesheet\" href=\"/authorize.css\"></head><body>\
         <header><strong>Development issuer.</strong> It asks for no password and gives tokens to \
         everybody at this machine. Not for production.</header>\
         <main>{main}</main></body></html>"
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

fn meaning(scope: &str) -> &'static str {
    match scope {
        READ => "Read: see who you are",
        WRITE => "Write: take notes",
        OFFLINE => "Stay signed in for a day",
        _ => "",
    }
}

/// Keeps enough to tell clients apart, and the buttons visible.
fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.chars().count() > MOST {
        true => text.chars().take(MOST).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

fn escaped(text: &str) -> String {
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
