//! How long a revocation counts, and which tokens of a name it leaves alone.

use super::*;

#[tokio::test]
async fn fleet_f32_an_entry_past_until_makes_room() {
    let process = Process::with(|clock| RevocationList::new(&[A], 2, clock), |config| config);
    let issuer = process.issuer.issuer();
    let token = process.token().claim("jti", "t1").sign();
    let until = |seconds| unix((NOW + seconds) as f64);
    process.revoke(&Revocation::token(issuer, "t1").until(until(100)));
    process.revoke(&Revocation::token(issuer, "t2"));
    process.refuses("both are in force", &token).await;
    let third = Revocation::token(issuer, "t3");
    assert_eq!(
        process.list.revoke(&third),
        Err("RevocationsFull".to_owned())
    );
    // The leeway of a minute counts: the token is accepted for as long.
    process.clock.set(until(159));
    process.refuses("the last second", &token).await;
    assert_eq!(
        process.list.revoke(&third),
        Err("RevocationsFull".to_owned())
    );
    process.clock.set(until(160));
    process.accepts("forgotten", &token).await;
    assert_eq!((process.list.in_force(), process.list.in_memory()), (1, 2));
    process.revoke(&third);
    assert_eq!((process.list.in_force(), process.list.in_memory()), (2, 2));
    process.list.tick();
    process.clock.set(until(90_000));
    process.list.tick();
    assert_eq!(process.list.in_memory(), 0, "the timer sweeps too");
}

/// The part of F31 that needs no server.
#[tokio::test]
async fn a_full_list_refuses_one_more_and_forgets_none() {
    let process = Process::with(|clock| RevocationList::new(&[A], 3, clock), |config| config);
    let issuer = process.issuer.issuer();
    for jti in ["t1", "t2", "t3"] {
        process.revoke(&Revocation::token(issuer, jti));
    }
    let more = Revocation::token(issuer, "t4");
    assert_eq!(
        process.list.revoke(&more),
        Err("RevocationsFull".to_owned())
    );
    // One that is known replaces itself.
    assert_eq!(
        process.list.revoke(&Revocation::token(issuer, "t1")),
        Ok(false)
    );
    // What others have revoked at the same time is heard all the same.
    let other = RevocationList::new(&[A], 3, &process.clock);
    other.revoke(&more).unwrap();
    assert!(process.list.hear(&other));
    for jti in ["t1", "t2", "t3", "t4"] {
        let token = process.token().claim("jti", jti).sign();
        process.refuses(jti, &token).await;
    }
    let token = process.token().claim("jti", "t5").sign();
    process.accepts("t5", &token).await;
}

#[tokio::test]
async fn fleet_f33_a_cut_by_the_second() {
    let (at, after) = (NOW as f64, (NOW + 1) as f64);
    type Make = fn(&str) -> Revocation;
    let kinds: [Make; 3] = [
        |iss| Revocation::subject(iss, "alice"),
        |iss| Revocation::client(iss, "test-client"),
        |iss| Revocation::everything(iss),
    ];
    for make in kinds {
        let process = Process::new();
        let at_cut = |cut: f64| make(process.issuer.issuer()).issued_before(unix(cut));
        let what = format!("{:?}", at_cut(at));
        let token = |iat: f64| process.token().claim("iat", iat).sign();
        let without = process.token().without("iat").sign();
        process.accepts(&what, &token(at)).await;
        process.accepts(&what, &without).await;
        process.revoke(&at_cut(at + 0.2));
        for iat in [at - 60.0, at, at + 0.1, at + 0.999] {
            process
                .refuses(&format!("{what}, iat {iat}"), &token(iat))
                .await;
        }
        process.refuses(&what, &without).await;
        for iat in [after, after + 0.5] {
            process
                .accepts(&format!("{what}, iat {iat}"), &token(iat))
                .await;
        }
        // The later cut of two counts, whatever their order.
        process.revoke(&at_cut(after));
        process.refuses(&what, &token(after + 0.5)).await;
        assert_eq!(process.list.revoke(&at_cut(at)), Ok(false));
        process.refuses(&what, &token(after + 0.5)).await;
        // A new login.
        process.clock.set(unix(after + 1.0));
        process.accepts(&what, &token(after + 1.0)).await;
    }
}

/// By the clock of this process, rounded up.
#[tokio::test]
async fn fleet_f33_the_default_cut() {
    for (now, last) in [(0.0, 0), (0.001, 1), (0.999, 1)] {
        let process = Process::new();
        process.clock.set(unix(NOW as f64 + now));
        process.revoke(&Revocation::subject(process.issuer.issuer(), "alice"));
        let token = |iat: u64| process.token().claim("iat", iat).sign();
        process.refuses(&format!("{now}"), &token(NOW + last)).await;
        process
            .accepts(&format!("{now}"), &token(NOW + last + 1))
            .await;
    }
}

#[tokio::test]
async fn a_revocation_that_lies_in_the_future_is_an_error() {
    let process = Process::new();
    let subject = || Revocation::subject(process.issuer.issuer(), "alice");
    let token = process.token().claim("iat", NOW + 30).sign();
    let at = |seconds: f64| unix(NOW as f64 + seconds);
    for (what, cut) in [
        ("an hour ahead", at(3600.0)),
        ("beyond the leeway", at(61.0)),
        ("milliseconds", unix(NOW as f64 * 1000.0)),
    ] {
        let error = process
            .list
            .revoke(&subject().issued_before(cut))
            .unwrap_err();
        assert!(error.starts_with("CutAhead"), "{what}: {error}");
    }
    let late = subject().until(at(86_401.0));
    let error = process.list.revoke(&late).unwrap_err();
    assert!(error.starts_with("UntilTooLate"), "{error}");
    process.accepts("nothing was revoked", &token).await;
    process.revoke(&subject().issued_before(at(60.0)).until(at(86_400.0)));
    process.refuses("at the edge", &token).await;
}

#[tokio::test]
async fn a_token_that_outlives_its_revocation_is_told_once_an_hour() {
    let (log, _guard) = capture();
    let process = Process::new();
    let lives = |seconds: u64| process.token().claim("exp", NOW + seconds).sign();
    // `revocation_keep` is a day, and the leeway a minute.
    process.accepts("a day", &lives(86_400 - 60)).await;
    assert_eq!(log.counts("revocation_too_short"), 0);
    let too_long = lives(86_400 - 59);
    process.accepts("longer", &too_long).await;
    assert_eq!(log.counts("revocation_too_short"), 1, "{}", log.text());
    process.accepts("longer", &lives(90_000)).await;
    process.clock.set(unix((NOW + 3599) as f64));
    process.accepts("longer", &lives(180_000)).await;
    assert_eq!(log.counts("revocation_too_short"), 1);
    process.clock.set(unix((NOW + 3600) as f64));
    process.accepts("an hour later", &lives(180_000)).await;
    assert_eq!(log.counts("revocation_too_short"), 2);
}
