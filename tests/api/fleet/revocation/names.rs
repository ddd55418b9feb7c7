//! Which tokens the name in a revocation stands for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

/// Names are those of their issuer.
#[tokio::test]
async fn fleet_f34_the_same_name_at_another_issuer() {
    let process = Process::new();
    let (here, there) = (process.issuer.issuer(), "https://other.example.com");
    let token = process.token().claim("jti", "t1").claim("sid", "s1").sign();
    let named = |issuer: &str| {
        [
            Revocation::token(issuer, "t1"),
            Revocation::session(issuer, "s1"),
            Revocation::subject(issuer, "alice"),
            Revocation::client(issuer, "test-client"),
            Revocation::everything(issuer),
        ]
    };
    named(there).iter().for_each(|it| process.revoke(it));
    // A `jti` is no `sid`, and no `sub`.
    for other in [
        Revocation::session(here, "t1"),
        Revocation::subject(here, "t1"),
        Revocation::token(here, "s1"),
        Revocation::token(here, "alice"),
        Revocation::client(here, "alice"),
        Revocation::subject(here, "test-client"),
        Revocation::subject(here, ""),
    ] {
        process.revoke(&other);
    }
    process.accepts("another issuer's", &token).await;
    for revocation in named(here) {
        let one = Process::with(
            |clock| {
                let list = RevocationList::new(&[A], 100, clock);
                list.revoke(&revocation).unwrap();
                list
            },
            |config| config.issuer(here).jwks(process.issuer.jwks()),
        );
        one.refuses(&format!("{revocation:?}"), &token).await;
    }
}

/// The same token with n - s in place of s, which verifies too.
fn second_spelling(token: &str) -> String {
    const ORDER_OF_P256: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63,
        0x25, 0x51,
    ];
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut borrow = 0;
    for (s, n) in signature[32..].iter_mut().zip(ORDER_OF_P256).rev() {
        let left = i16::from(n) - i16::from(*s) - borrow;
        borrow = i16::from(left < 0);
        *s = left.rem_euclid(256) as u8;
    }
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn fleet_f35_the_second_spelling_of_a_signature() {
    let process = Process::new();
    let token = process.token().claim("jti", "t1").sign();
    let other = second_spelling(&token);
    assert_ne!(token, other);
    process.accepts("the token", &token).await;
    process.accepts("its second spelling", &other).await;
    process.revoke(&Revocation::token(process.issuer.issuer(), "t1"));
    process.refuses("the token", &token).await;
    process.refuses("its second spelling", &other).await;
    process.refuses("and back", &second_spelling(&other)).await;
}

/// What a logout with both `sub` and `sid` revokes: the session, and the tokens of the subject that
/// carry no `sid`.
#[tokio::test]
async fn fleet_f75_tokens_of_a_subject_without_a_session() {
    let process = Process::new();
    let issuer = process.issuer.issuer();
    let without = process.token();
    let with = process.token().claim("sid", "s1");
    let cases = [
        ("no sid", without.sign(), true),
        (
            "a sid that is no text",
            without.clone().claim("sid", 7).sign(),
            true,
        ),
        ("the session", with.sign(), true),
        (
            "another session",
            with.clone().claim("sid", "s2").sign(),
            false,
        ),
        (
            "another subject",
            without.clone().subject("bob").sign(),
            false,
        ),
        ("no subject", without.clone().without("sub").sign(), false),
        (
            "a later token",
            without.clone().claim("iat", NOW + 1).sign(),
            false,
        ),
    ];
    for (what, token, _) in &cases {
        process.accepts(what, token).await;
    }
    process.revoke(&Revocation::session(issuer, "s1"));
    assert_eq!(
        process.list.revoke_subject_without_session(issuer, "alice"),
        Ok(true)
    );
    for (what, token, is_revoked) in &cases {
        match is_revoked {
            true => process.refuses(what, token).await,
            false => process.accepts(what, token).await,
        }
    }
}

#[tokio::test]
async fn tokens_that_name_no_client_match_none() {
    let process = Process::new();
    let issuer = process.issuer.issuer();
    let token = process.token().without("client_id");
    let unnamed = token.sign();
    let named = token.clone().client_id("jwt").sign();
    // `azp` counts more.
    let both = token.clone().claim("azp", "a").client_id("c").sign();
    // The origin of a browser is no client.
    let origin = token
        .claim("azp", "https://app.example")
        .client_id("c")
        .sign();
    for token in [&unnamed, &named, &both, &origin] {
        process.accepts("nothing is revoked", token).await;
    }
    process.revoke(&Revocation::client(issuer, "jwt"));
    process.revoke(&Revocation::client(issuer, "https://app.example"));
    process.accepts("no client", &unnamed).await;
    process.refuses("a client called jwt", &named).await;
    process.accepts("azp and client_id", &both).await;
    process.accepts("an origin", &origin).await;
    process.revoke(&Revocation::client(issuer, "c"));
    process.accepts("client_id beside azp", &both).await;
    process.refuses("client_id beside an origin", &origin).await;
    process.revoke(&Revocation::client(issuer, "a"));
    process.refuses("azp", &both).await;
    process.accepts("still no client", &unnamed).await;
}

/// Rotation: a token is looked for under both secrets.
#[tokio::test]
async fn revocations_under_either_secret_count() {
    for (before, now) in [(&[A][..], &[A, B][..]), (&[A, B], &[B, A]), (&[B, A], &[B])] {
        let process = Process::with(|clock| RevocationList::new(now, 100, clock), |it| it);
        let issuer = process.issuer.issuer();
        let token = process.token().claim("jti", "t1").claim("sid", "s1");
        let (by_token, by_session) = (token.sign(), token.clone().claim("jti", "t2").sign());
        process.accepts("before", &by_token).await;
        process.accepts("before", &by_session).await;
        let other = RevocationList::new(before, 100, &process.clock);
        other.revoke(&Revocation::token(issuer, "t1")).unwrap();
        assert!(process.list.hear(&other));
        process
            .refuses("by a process of the step before", &by_token)
            .await;
        process.accepts("another token", &by_session).await;
        process.revoke(&Revocation::session(issuer, "s1"));
        process.refuses("by this process", &by_session).await;
    }
    let process = Process::new();
    let token = process.token().claim("jti", "t1").sign();
    let other = RevocationList::new(&[B], 100, &process.clock);
    let revocation = Revocation::token(process.issuer.issuer(), "t1");
    other.revoke(&revocation).unwrap();
    process.list.hear(&other);
    process.accepts("the secret of others", &token).await;
    process.revoke(&revocation);
    process.refuses("our secret", &token).await;
}
