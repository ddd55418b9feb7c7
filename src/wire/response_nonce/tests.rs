use std::time::Duration;

use super::*;
use crate::wire::answers::Answers;

/// The nonces and the `Cache-Control` lines of a response that had `sent`.
fn given(
    due: Due,
    method: Method,
    status: u16,
    sent: &[(&'static str, &'static str)],
) -> (Vec<String>, Vec<String>) {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in sent {
        let value = HeaderValue::from_static(value);
        response.headers_mut().append(*name, value);
    }
    seen(due, method, response)
}

fn seen(due: Due, method: Method, mut response: Response<()>) -> (Vec<String>, Vec<String>) {
    let nonce = HeaderValue::from_static("new");
    ResponseNonce::new(nonce, &method, due).give_with(&mut response);
    let all = |name| {
        let values = response.headers().get_all(name).iter();
        values.map(|it| it.to_str().unwrap().to_owned()).collect()
    };
    (all(DPOP_NONCE), all(CACHE_CONTROL))
}

#[test]
fn pop_s10_there_is_one_nonce_and_caching_is_the_services() {
    let with = |control: &[&str]| {
        let control = control.iter().map(|it| (*it).to_owned()).collect();
        (vec!["new".to_owned()], control)
    };
    let theirs = |nonce: &[&str], control: &str| {
        let nonce = nonce.iter().map(|it| (*it).to_owned()).collect();
        (nonce, vec![control.to_owned()])
    };
    let own = ("dpop-nonce", "theirs");
    let control = |value| ("cache-control", value);
    for (method, sent, want) in [
        (Method::POST, vec![], with(&[])),
        (Method::POST, vec![own, own], with(&[])),
        (
            Method::POST,
            vec![own, control("public")],
            with(&["public"]),
        ),
        (Method::GET, vec![], with(&["no-store"])),
        (Method::HEAD, vec![own], with(&["no-store"])),
        (Method::GET, vec![control("no-store")], with(&["no-store"])),
        (
            Method::GET,
            vec![control("max-age=60, Private")],
            with(&["max-age=60, Private"]),
        ),
        (Method::GET, vec![control("no-cache")], with(&["no-cache"])),
        (
            Method::GET,
            vec![control("max-age=60"), control("private")],
            with(&["max-age=60", "private"]),
        ),
        (Method::GET, vec![control("public")], theirs(&[], "public")),
        (
            Method::GET,
            vec![own, control("public")],
            theirs(&["theirs"], "public"),
        ),
        (
            Method::HEAD,
            vec![control("max-age=60")],
            theirs(&[], "max-age=60"),
        ),
        (
            Method::GET,
            vec![control(r#"no-cache="set-cookie, no-store""#)],
            theirs(&[], r#"no-cache="set-cookie, no-store""#),
        ),
    ] {
        let got = given(Due::Always, method.clone(), 200, &sent);
        assert_eq!(got, want, "{method} {sent:?}");
        // A nonce that is the newest one is not sent again.
        let got = given(Due::WithRejections, method, 200, &sent);
        assert!(!got.0.contains(&"new".to_owned()), "{sent:?}");
    }
}

#[test]
fn the_status_decides_whether_a_nonce_is_of_use() {
    for (status, is_given) in [
        (200, true),
        (401, true),
        (403, true),
        (404, true),
        (500, true),
        (400, false),
        (429, false),
        (503, false),
    ] {
        let (nonces, control) = given(Due::Always, Method::GET, status, &[]);
        assert_eq!(nonces.len(), usize::from(is_given), "{status}");
        assert_eq!(control.len(), nonces.len(), "{status}");
    }
    // Of the service, not of a layer of this crate.
    let (nonces, _) = given(Due::WithRejections, Method::POST, 401, &[]);
    assert!(nonces.is_empty());
}

#[test]
fn a_rejection_of_an_inner_layer_gets_the_nonce() {
    let answers = Answers::default();
    let later = answers.replay_unavailable(Duration::from_secs(1));
    for (rejection, is_given) in [
        (answers.missing_token(), true),
        (answers.access_denied(), true),
        (later, false),
    ] {
        for (due, method) in [
            (Due::Always, Method::GET),
            (Due::WithRejections, Method::GET),
            (Due::WithRejections, Method::POST),
        ] {
            let response = || rejection.to_response().map(drop);
            let (nonces, control) = seen(due, method.clone(), response());
            assert_eq!(nonces.len(), usize::from(is_given), "{rejection:?} {due:?}");
            assert_eq!(control, ["no-store"]);
            let mut response = response();
            let nonce = HeaderValue::from_static("new");
            ResponseNonce::new(nonce, &method, due).give_with(&mut response);
            let kept = response.extensions().get::<Rejection>().unwrap();
            let headers = kept.headers();
            assert_eq!(
                headers.contains_key(DPOP_NONCE),
                is_given,
                "for layers outside"
            );
        }
    }
}
