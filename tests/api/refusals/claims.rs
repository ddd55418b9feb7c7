//! N87-N97, N101 and N103, and FLEET F77: from whom, for whom and about whom.

use tower_jwt_auth::error::TokenErrorKind::{
    BoundToKey, MalformedClaims, MissingClaim, SecurityEvent, UnsupportedConfirmation,
    WrongAudience, WrongIssuer, WrongType,
};
use tower_jwt_auth::test_util::TestIssuer;

use super::dates::SECOND;
use super::*;
use crate::support::config;

pub(super) fn tables() -> Vec<Table> {
    vec![
        issuers(),
        audiences(),
        login_tokens(),
        strict_login_tokens(),
        event_tokens(),
        subjects(),
        bound(),
    ]
}

fn issuers() -> Table {
    let without_iss = sign(&world().es, &header(), &without(claims(), "iss"));
    let mut table = Table::usual().refuses("n87 missing", without_iss, MissingClaim);
    for (id, odd, why) in [
        ("n88", json!([ISSUER]), MalformedClaims),
        (
            "n88",
            json!([ISSUER, "https://evil.example"]),
            MalformedClaims,
        ),
        ("n89", json!("https://i.example/"), WrongIssuer),
        ("n89", json!("https://I.example"), WrongIssuer),
        ("n89", json!("HTTPS://i.example"), WrongIssuer),
        ("n89", json!("http://i.example"), WrongIssuer),
        ("n89", json!("https://i.example:443"), WrongIssuer),
        ("n89", json!("https://i.example/.evil"), WrongIssuer),
        ("n89", json!("https://i.example.evil"), WrongIssuer),
        ("n89", json!("https://i.example@evil"), WrongIssuer),
        ("n89", json!("https://i.example "), WrongIssuer),
        ("n89", json!("https://i.example\0"), WrongIssuer),
        ("n89", json!("https://i.exampl\u{435}"), WrongIssuer),
        ("n89", json!("i.example"), WrongIssuer),
        ("n89", json!(""), WrongIssuer),
        ("n90", json!(1), MalformedClaims),
        ("n90", Value::Null, MalformedClaims),
        ("n90", json!({"iss": ISSUER}), MalformedClaims),
    ] {
        table = table.refuses(format!("{id} {odd}"), claiming(json!({"iss": odd})), why);
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n87_n88_n89_n90_the_issuer_byte_for_byte() {
    issuers().check().await;
}
fn audiences() -> Table {
    let without_aud = sign(&world().es, &header(), &without(claims(), "aud"));
    let mut table = Table::usual()
        .accepts("in a list", claiming(json!({"aud": [RESOURCE]})))
        .accepts(
            "among others",
            claiming(json!({"aud": ["https://a.example", RESOURCE]})),
        )
        .refuses("n91 missing", without_aud, MissingClaim);
    for (id, odd, why) in [
        ("n92", json!("https://other.example"), WrongAudience),
        ("n92", json!("https://mcp.example.com/mc"), WrongAudience),
        ("n92", json!("https://mcp.example.com"), WrongAudience),
        (
            "n92",
            json!("https://mcp.example.com/mcp-evil"),
            WrongAudience,
        ),
        (
            "n92",
            json!("https://mcp.example.com/mcp https://other.example"),
            WrongAudience,
        ),
        ("n92", json!("x https://mcp.example.com/mcp"), WrongAudience),
        ("n92", json!([]), WrongAudience),
        ("n92", json!([""]), WrongAudience),
        ("n92", json!(""), WrongAudience),
        ("n92", json!("*"), WrongAudience),
        ("n92", Value::Null, MalformedClaims),
        ("n92", json!({}), MalformedClaims),
        ("n92", json!({RESOURCE: 1}), MalformedClaims),
        ("n92", json!(true), MalformedClaims),
        ("n93", json!([RESOURCE, 1]), MalformedClaims),
        ("n93", json!([RESOURCE, null]), MalformedClaims),
        ("n93", json!([[RESOURCE]]), MalformedClaims),
        ("n93", json!([{"aud": RESOURCE}]), MalformedClaims),
        ("n95", json!("https://mcp.example.com/mcp/"), WrongAudience),
        ("n95", json!("https://MCP.example.com/mcp"), WrongAudience),
        ("n95", json!("HTTPS://mcp.example.com/mcp"), WrongAudience),
        (
            "n95",
            json!("https://mcp.example.com:443/mcp"),
            WrongAudience,
        ),
        ("n95", json!("https://mcp.example.com/MCP"), WrongAudience),
        ("n95", json!("https://mcp.example.com/m%63p"), WrongAudience),
        ("n95", json!("https://mcp.example.com/./mcp"), WrongAudience),
        ("n95", json!("http://mcp.example.com/mcp"), WrongAudience),
    ] {
        table = table.refuses(format!("{id} {odd}"), claiming(json!({"aud": odd})), why);
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n91_n92_n93_n95_the_audience_byte_for_byte() {
    audiences().check().await;
    // n95, the other way round: with another spelling configured, that one is accepted and the
    // first no longer.
    let slashed = format!("{RESOURCE}/");
    Table::keyed(all_keys())
        .ruled(|rules| rules.audience(&slashed))
        .accepts("n95 as configured", claiming(json!({"aud": slashed})))
        .refuses("n95 without the slash", good(), WrongAudience)
        .check()
        .await;
    let listed = rules()
        .audience(RESOURCE)
        .audience(&slashed)
        .jwks(json!({"keys": all_keys()}));
    let verifier = JwtVerifier::new(listed.build().unwrap());
    for both in [RESOURCE, &slashed] {
        assert_eq!(
            outcome(&verifier, &claiming(json!({"aud": both}))).await,
            Ok(()),
            "n95 {both}"
        );
    }
}
/// Tokens of a login, which name a client as their audience.
fn login_tokens() -> Table {
    let of_a_login = json!({"nonce": "n", "at_hash": "h", "sub": "s"});
    let token = |aud: Value| claiming(with(of_a_login.clone(), &json!({"aud": aud})));
    Table::usual()
        .accepts("for us", token(json!(RESOURCE)))
        .refuses("n94 for a client", token(json!("client-1")), WrongAudience)
        .refuses("n94 for its issuer", token(json!(ISSUER)), WrongAudience)
        .refuses(
            "n96 for several clients",
            token(json!(["client-1", "client-2"])),
            WrongAudience,
        )
}
fn strict_login_tokens() -> Table {
    let claims = json!({
        "iss": ISSUER, "aud": RESOURCE, "exp": SECOND + 600, "iat": SECOND,
        "sub": "s", "client_id": "c", "jti": "j", "nonce": "n", "at_hash": "h",
    });
    let typed = |typ: &str| sign(&world().es, &with(header(), &json!({"typ": typ})), &claims);
    let mut table = Table::keyed(all_keys())
        .ruled(JwtAuthConfigBuilder::rfc9068)
        .accepts("an access token", typed("at+jwt"))
        .refuses("n96 a token of a login", typed("JWT"), WrongType);
    for claim in ["sub", "client_id", "jti", "iat"] {
        let less = sign(&world().es, &header(), &without(claims.clone(), claim));
        table = table.refuses(format!("n96 without {claim}"), less, MissingClaim);
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n94_n96_tokens_of_a_login() {
    login_tokens().check().await;
    strict_login_tokens().check().await;
}
/// Logout tokens without a `typ` of their own, which only the claim `events` tells from access
/// tokens.
fn event_tokens() -> Table {
    let logout = "http://schemas.openid.net/event/backchannel-logout";
    let mut table = Table::usual()
        .accepts("a claim that is not used", claiming(json!({"event": {}})))
        .accepts("of any type", headed(json!({"typ": "JWT"})));
    for events in [
        json!({logout: {}}),
        json!({"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {}}),
        json!({}),
        json!([]),
        json!("logout"),
        Value::Null,
    ] {
        let token = claiming(json!({"events": events}));
        table = table.refuses(format!("fleet_f77 {events}"), token, SecurityEvent);
    }
    let untyped = with(header(), &json!({"typ": "JWT"}));
    let claims = with(claims(), &json!({"events": {logout: {}}}));
    table.refuses(
        "fleet_f77 with the type of any JWT",
        sign(&world().es, &untyped, &claims),
        SecurityEvent,
    )
}
#[tokio::test(start_paused = true)]
async fn fleet_f77_a_token_with_events_is_no_access_token() {
    event_tokens().check().await;
}
fn subjects() -> Table {
    let mut table = Table::usual()
        .accepts("n97 missing", good())
        .accepts(
            "n97 a string",
            claiming(json!({"sub": "alice", "jti": "j"})),
        )
        .accepts("n97 empty", claiming(json!({"sub": ""})))
        .accepts(
            "n97 very long",
            claiming(json!({"sub": "long-subject-".repeat(500)})),
        );
    for odd in [
        json!(1),
        json!(["alice"]),
        Value::Null,
        json!(true),
        json!({}),
    ] {
        table = table
            .refuses(
                format!("n97 sub {odd}"),
                claiming(json!({"sub": odd})),
                MalformedClaims,
            )
            .refuses(
                format!("n97 jti {odd}"),
                claiming(json!({"jti": odd})),
                MalformedClaims,
            );
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n97_the_subject_is_a_string_or_absent() {
    subjects().check().await;
}
fn bound() -> Table {
    let hash = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let mut table =
        Table::usual().accepts("another claim", claiming(json!({"cnfx": {"jkt": hash}})));
    for (cnf, why) in [
        (json!({"jkt": hash}), BoundToKey),
        (json!({"x5t#S256": hash}), BoundToKey),
        (json!({"jkt": "x"}), UnsupportedConfirmation),
        (json!({"x5t#S256": "x"}), UnsupportedConfirmation),
        (json!({"jwk": {}}), UnsupportedConfirmation),
        (json!({}), UnsupportedConfirmation),
        (json!("x"), UnsupportedConfirmation),
        (Value::Null, UnsupportedConfirmation),
    ] {
        table = table.refuses(format!("n101 {cnf}"), claiming(json!({"cnf": cnf})), why);
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n101_bound_to_a_key_and_sent_without_proof() {
    bound().check().await;
}
#[tokio::test]
async fn n103_headers_choose_no_issuer() {
    let (ours, other) = (TestIssuer::start(), TestIssuer::start());
    let inner = Counting::default();
    let layer = JwtAuthLayer::new(config(&ours).build().unwrap());
    let named = |token: &str, issuer: &str| {
        let mut named = request(Some(token));
        for name in ["x-issuer", "x-jwks-uri", "x-forwarded-host", "forwarded"] {
            named.headers_mut().insert(name, issuer.parse().unwrap());
        }
        named
    };
    let good = named(&ours.mint(RESOURCE).sign(), other.issuer());
    assert_eq!(
        call(&layer, &inner, good).await.status,
        200,
        "n103 ours, said to be the other's"
    );
    let foreign = named(&other.mint(RESOURCE).sign(), ours.issuer());
    assert_eq!(
        call(&layer, &inner, foreign).await.status,
        401,
        "n103 the other's, said to be ours"
    );
    assert_eq!(
        (inner.calls(), other.fetches(), other.metadata_fetches()),
        (1, 0, 0)
    );
}
