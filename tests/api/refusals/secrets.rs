//! No answer and no log holds a token. All refused tokens go over sockets once more, and everything
//! that comes out, to the caller and to the log, is searched for them.

use std::collections::HashSet;
use std::error::Error as _;
use std::fmt::Write as _;

use axum::Router;

use super::*;
use crate::support::capture;
use crate::support::{Answer as Response, Connection, serve};

/// So many octets of a token may be found by chance.
const WINDOW: usize = 16;

/// Everything that came out.
#[derive(Default)]
struct Told {
    /// To callers.
    answers: String,
    /// To code that holds an error or the layer.
    shown: String,
}

impl Told {
    fn answer(&mut self, answer: &Response) {
        let Response {
            status,
            headers,
            body,
        } = answer;
        // The octets as they were sent: `Debug` would escape what must not be there.
        write!(self.answers, "{status} ").unwrap();
        for (name, value) in headers {
            write!(
                self.answers,
                "{name}: {} ",
                String::from_utf8_lossy(value.as_bytes())
            )
            .unwrap();
        }
        self.answers.push_str(body);
        self.answers.push('\n');
    }

    fn rejection(&mut self, rejection: &tower_jwt_auth::Rejection) {
        write!(
            self.shown,
            "{rejection} {rejection:?} {:?} ",
            rejection.kind()
        )
        .unwrap();
        if let Some(error) = rejection.token_error() {
            write!(self.shown, "{error} {error:?} {} ", error.kind()).unwrap();
        }
        if let Some(source) = rejection.source() {
            write!(self.shown, "{source} {source:?} ").unwrap();
        }
        writeln!(self.shown, "{:?}", rejection.to_response()).unwrap();
    }
}

async fn tell(told: &mut Told, table: &Table) {
    let accepted = table.accepted.iter();
    let accepted = accepted.map(|(name, token)| (name, token, true));
    // A token whose key is looked for gets a verifier, and so a budget of fetches, for itself.
    let (asking, others): (Vec<_>, Vec<_>) = table
        .refused
        .iter()
        .partition(|(_, _, why)| *why == TokenErrorKind::UnknownKey);
    let others = others
        .into_iter()
        .map(|(name, token, _)| (name, token, false));
    tell_rows(told, table, accepted.chain(others).collect()).await;
    for (name, token, _) in asking {
        tell_rows(told, table, vec![(name, token, false)]).await;
    }
}

async fn tell_rows(told: &mut Told, table: &Table, rows: Vec<(&String, &String, bool)>) {
    let (layer, _memory) = table.layer();
    let inner = Counting::default();
    let base = serve(
        Router::new()
            .fallback_service(inner.clone())
            .layer(layer.clone()),
    )
    .await;
    let verifier = layer.verifier();
    verifier.wait_for_keys().await.unwrap();
    for (name, token, good) in rows {
        match verifier.verify(token).await {
            Ok(auth) => writeln!(
                told.shown,
                "{auth:?} {}",
                serde_json::to_string(&auth).unwrap()
            )
            .unwrap(),
            Err(rejection) => told.rejection(&rejection),
        }
        // No header line can carry it, or it loses the white space at its end on the way (RFC 9110
        // §5.5).
        if HeaderValue::from_str(token).is_err()
            || token.trim_end() != token
            || token.len() > 200_000
        {
            continue;
        }
        let calls = inner.calls();
        let line = format!("Authorization: Bearer {token}\r\n");
        let answer = Connection::open(&base)
            .await
            .exchange("POST /mcp", line.as_bytes())
            .await;
        assert_eq!(answer.status, if good { 200 } else { 401 }, "{name}");
        assert_eq!(inner.calls() > calls, good, "{name}");
        if !good {
            told.answer(&answer);
        }
    }
    for line in credentials::odd_lines(&good()) {
        let answer = Connection::open(&base)
            .await
            .exchange("POST /mcp", line.as_bytes())
            .await;
        assert!(matches!(answer.status.as_u16(), 400 | 401), "{line:.20}");
        told.answer(&answer);
    }
    writeln!(
        told.shown,
        "{layer:?} {verifier:?} {:?}",
        layer.keys_health()
    )
    .unwrap();
}

/// The first part of `token` that `text` holds.
fn part_of<'t>(token: &'t str, windows: &HashSet<&[u8]>) -> Option<&'t [u8]> {
    token.split('.').find_map(|segment| {
        segment
            .as_bytes()
            .windows(WINDOW)
            // A value that is logged may consist of one letter, as a part of any token may.
            .filter(|window| window.iter().any(|byte| *byte != window[0]))
            .find(|window| windows.contains(window))
    })
}

/// Text in header or claims that could do harm where it is repeated: it is odd, or it is a `kid`.
/// The log may hold the values of `allowed`, escaped.
fn texts_of(token: &str, allowed: &[&str]) -> Vec<String> {
    let decoded = token
        .split('.')
        .filter_map(|segment| URL_SAFE_NO_PAD.decode(segment).ok());
    let members = decoded.filter_map(|octets| serde_json::from_slice::<Value>(&octets).ok());
    let mut texts = Vec::new();
    for (name, value) in members
        .filter_map(|json| json.as_object().cloned())
        .flatten()
    {
        let odd = |text: &str| {
            text.chars()
                .any(|sign| !matches!(sign, ' '..='~') || "\"'\\".contains(sign))
        };
        let text = value.as_str().unwrap_or_default();
        let is_allowed = allowed.contains(&&*name);
        if (odd(text) || (name == "kid" && text.len() > 4)) && !is_allowed {
            texts.push(text.to_owned());
        }
        if odd(&name) {
            texts.push(name);
        }
    }
    texts
}

#[tokio::test]
async fn nothing_of_a_token_is_told_to_anybody() {
    let (log, _guard) = capture();
    let (mut told, tables) = (Told::default(), tables());
    for table in &tables {
        tell(&mut told, table).await;
    }
    let log = log.text();
    let refused: Vec<_> = tables.iter().flat_map(|table| &table.refused).collect();
    assert!(refused.len() > 800, "only {} refused tokens", refused.len());
    assert!(
        log.matches("event=\"request_refused\"").count() > refused.len(),
        "each was told to the operator"
    );

    for (what, text) in [
        ("the log", &log),
        ("an answer", &told.answers),
        ("an error", &told.shown),
    ] {
        let windows: HashSet<_> = text.as_bytes().windows(WINDOW).collect();
        let accepted = tables
            .iter()
            .flat_map(|table| &table.accepted)
            .map(|(name, token)| (name, token));
        for (name, token) in refused
            .iter()
            .map(|(name, token, _)| (name, token))
            .chain(accepted)
        {
            let found = part_of(token, &windows).map(String::from_utf8_lossy);
            assert_eq!(found, None, "{what} holds a part of the token {name:?}");
        }
    }
    let logged = &["alg", "aud", "iss", "kid", "typ"][..];
    for (what, text, allowed) in [("the log", &log, logged), ("an answer", &told.answers, &[])] {
        let odd = text.chars().find(|sign| !matches!(sign, ' '..='~' | '\n'));
        assert_eq!(
            odd, None,
            "{what} holds a control character, or what is no ASCII"
        );
        for (name, token, _) in &refused {
            for odd in texts_of(token, allowed) {
                // Words that this crate uses too may be found.
                let ours = odd.is_empty() || odd.trim().is_empty();
                assert!(
                    ours || !text.contains(&odd),
                    "{what} repeats {odd:?} of the token {name:?}"
                );
            }
        }
    }
    assert!(
        log.lines()
            .all(|line| line.contains(" tower_jwt_auth: ") || line.contains(" hyper")),
        "forged lines"
    );
}
