//! What is said of a token: its faults, and how far a bound or an opaque one is judged.

use std::time::{Duration, SystemTime};

use tower_jwt_auth::test_util::TestClient;

use super::*;

/// Only its client can prove that it holds the key.
#[test]
fn pop_w_a_bound_token_is_judged_as_far_as_it_goes() {
    let issuer = TestIssuer::start();
    let client = TestClient::start();
    let bound = || issuer.mint(RESOURCE).scope("notes:read").bound_to(&client);
    let certificate = json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0"});
    let with_dpop = with(&right(&issuer), json!({"dpop": {}}));
    let with_mtls = with(&right(&issuer), json!({"mtls": {}}));
    let needs = "bound to a key; needs a proof";
    for (what, config, token, code, part) in [
        ("a key", &with_dpop, bound().sign(), 0, needs),
        (
            "a certificate",
            &with_mtls,
            good_of(&issuer).claim("cnf", certificate.clone()).sign(),
            0,
            needs,
        ),
        (
            "a certificate, and DPoP is on",
            &with_dpop,
            good_of(&issuer).claim("cnf", certificate).sign(),
            1,
            "wrong: proof_missing",
        ),
        (
            "neither is on",
            &right(&issuer),
            bound().sign(),
            1,
            "Turn on `dpop` or `mtls`",
        ),
        (
            "for another server",
            &with_dpop,
            issuer
                .mint("https://other.example")
                .bound_to(&client)
                .sign(),
            1,
            "wrong: audience_unknown",
        ),
        ("not bound", &with_dpop, good(&issuer), 0, "accepted, with"),
    ] {
        for scheme in ["", "DPoP ", "Authorization: DPoP "] {
            let said = judge(config, &format!("{scheme}{token}"));
            let is_bound = what != "not bound";
            let (code, part) = match is_bound || scheme.is_empty() {
                true => (code, part),
                false => (1, "wrong: not_bound_to_key"),
            };
            assert_eq!(said.code, Some(code), "{what}: {said:?}");
            assert!(
                said.output.contains(part),
                "{what}: {part}: {}",
                said.output
            );
            assert_eq!(said.output.contains("by cnf"), is_bound, "{said:?}");
        }
    }
    let said = judge(&right(&issuer), &format!("DPoP {}", good(&issuer)));
    assert!(said.output.contains("wrong: dpop_off"), "{said:?}");
}

#[test]
fn pop_i_what_became_of_an_opaque_token_is_told() {
    let issuer = TestIssuer::start();
    let endpoint = issuer.introspection();
    let token = "gho_16C7e42F292c6912E7710c838347Ae178B4a";
    let mut answer = endpoint.good_answer(RESOURCE);
    answer["scope"] = "notes:read".into();
    endpoint.answer(token, answer);
    endpoint.require_client("notes", "s3cr3t-of-client");
    let config = |secret: &str| {
        let introspection =
            json!({"client_id": "notes", "client_secret": secret, "endpoint": endpoint.endpoint()});
        with(&right(&issuer), json!({"introspection": introspection}))
    };
    let config_of = config("s3cr3t-of-client");
    let check = |config: &Value, token: &str, code: i32, parts: &[&str]| {
        let said = judge(config, token);
        assert_eq!(said.code, Some(code), "{said:?}");
        for part in parts {
            assert!(said.output.contains(part), "{part}: {}", said.output);
        }
        assert!(!said.output.contains("s3cr3t"), "{said:?}");
        said
    };
    let asked = format!("POST {} answered 200 with ", endpoint.endpoint());
    let active = [
        &*asked,
        "says that the token is active",
        "accepted, with the scopes notes:read",
    ];
    check(&config_of, token, 0, &active);
    let other = format!("{token}X");
    let parts = [
        "says that the token is not active",
        "wrong: token_not_active",
    ];
    check(&config_of, &other, 1, &parts);
    let refused = format!("POST {} answered 401 with ", endpoint.endpoint());
    let parts = [
        &*refused,
        "compare `introspection.client_id`",
        "wrong: introspection, ",
    ];
    check(&config("s3cr3t-of-another"), token, 1, &parts);
    // A JWT is verified with the keys.
    check(
        &config_of,
        &good(&issuer),
        0,
        &["was not asked", "accepted, with"],
    );
    let said = judge(&right(&issuer), &good(&issuer));
    assert!(!said.output.contains("introspection"), "{said:?}");
}

/// Each row differs in one thing from the right token.
#[test]
fn field_g06_each_fault_of_the_token_is_found() {
    let issuer = TestIssuer::start();
    let mint = || issuer.mint(RESOURCE).scope("notes:read");
    let unix = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let two_hours_ago = unix.as_secs() - 7200;
    let one_hour = Duration::from_secs(3600);
    let expired = mint().valid(two_hours_ago, one_hour).sign();
    let stranger = TestIssuer::start();
    for (what, token, parts) in [
        (
            "expired",
            expired,
            vec!["token_expired", "exp 1h", "ago", "refresh its token"],
        ),
        (
            "for another audience",
            issuer
                .mint("https://other.example")
                .scope("notes:read")
                .sign(),
            vec!["audience_unknown", "https://other.example", RESOURCE],
        ),
        (
            "opaque",
            "gho_16C7e42F292c6912E7710c838347Ae178B4a".to_owned(),
            vec![
                "it is no JWT",
                "not_a_jwt",
                "let the client name this resource",
            ],
        ),
        (
            "of a stranger",
            stranger.mint(RESOURCE).scope("notes:read").sign(),
            vec!["issuer_unknown", stranger.issuer(), issuer.issuer()],
        ),
        (
            "an ID token",
            mint().header("typ", "id+jwt").sign(),
            vec!["type_wrong", "at+jwt", "Send the access token"],
        ),
        (
            "in two lines",
            mint().sign().replacen('.', ".\n", 1),
            vec!["a line break", "wrong: token_malformed"],
        ),
        ("nothing", String::new(), vec!["token_empty", "is empty"]),
    ] {
        let said = judge(&right(&issuer), &token);
        assert_eq!(said.code, Some(1), "{what}: {said:?}");
        for part in parts {
            assert!(
                said.output.contains(part),
                "{what}: {part}: {}",
                said.output
            );
        }
    }
}
