//! The consent page and the error page.

use axum::http::StatusCode;
use axum::response::Response;

use super::authorize::Authorization;
use super::document;
use super::scopes::{OFFLINE, READ, WRITE};
use crate::page::escaped;

pub(crate) const BANNER: &str = "<header><strong>Development issuer.</strong> It asks for no \
     password and gives tokens to everybody at this machine. Not for production.</header>";

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
        let published = document::host_of(&authorization.client_id).map(|host| {
            let host = escaped(&shortened(&host));
            format!("<p class=\"to\">It is published by <code>{host}</code></p>")
        });
        let published = published.unwrap_or_default();
        let mut target = authorization.reply.redirect_uri.clone();
        target.set_query(None);
        let target = escaped(&shortened(target.as_str()));
        let before = format!(
            "<h1>Allow <q><bdi>{client}</bdi></q>?</h1>\
             <p>A program of this name wants to use <code>{resource}</code> on your behalf:</p>\
             <ul>{scopes}</ul>{published}\
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

fn page(status: StatusCode, title: &str, main: &str) -> Response {
    crate::page::page(
        status,
        &format!("{title} - development issuer"),
        BANNER,
        main,
    )
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
