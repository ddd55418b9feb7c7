#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use proptest::prelude::*;

use super::NonceMode::{Auto, Off, Required};
use super::NotFresh::{NonceWanted, Window};
use super::*;

const RESOURCE: &str = "https://mcp.example.com/mcp";

/// The beginning of a slice of 60 s.
const NOW: f64 = 1_700_000_040.0;

fn at(seconds: f64) -> NumericDate {
    NumericDate::new(seconds).unwrap()
}

/// With a lifetime of 5 minutes and a window of 60 seconds.
fn nonces(mode: NonceMode, secrets: &[u8]) -> Nonces {
    of_resource(mode, secrets, RESOURCE)
}

fn of_resource(mode: NonceMode, secrets: &[u8], resource: &str) -> Nonces {
    let secrets = secrets.iter().map(|&octet| vec![octet; 32]).collect();
    let seconds = Duration::from_secs;
    Nonces::new(mode, seconds(300), secrets, resource, seconds(60))
}

impl Nonces {
    fn text_at(&self, now: f64) -> String {
        self.newest(at(now)).to_str().unwrap().to_owned()
    }

    /// Judges a proof of this moment.
    fn judge_at(&self, nonce: &str, now: f64) -> Result<NonceUse, NotFresh> {
        let fresh = self.judge(Some(nonce), at(now), false, at(now));
        fresh.map(|fresh| fresh.nonce)
    }
}

/// Computed with another implementation of HMAC.
#[test]
fn a_nonce_is_a_mac_of_resource_and_slice() {
    for (lifetime, nonce) in [
        (300, "VQaoyi-np7a4T1BUpaMDPw"),
        (60, "nAhNWJm3Z7yOCArimPBdCA"),
    ] {
        let (lifetime, window) = (Duration::from_secs(lifetime), Duration::from_secs(60));
        let secrets = vec![(0..32).collect()];
        let nonces = Nonces::new(Auto, lifetime, secrets, RESOURCE, window);
        assert_eq!(nonces.text_at(1_700_000_000.0), nonce);
    }
}

#[test]
fn each_mode() {
    let made = nonces(Auto, &[1]);
    let (good, stale) = (made.text_at(NOW), made.text_at(NOW - 421.0));
    let ok = |last_second, nonce| Ok(Fresh { last_second, nonce });
    let (now, current, unused) = (NOW as u64, NonceUse::Current, NonceUse::None);
    // The difference of `iat` to the clock, the nonce, and the verdicts of auto, off and required.
    let rows = [
        (
            0.0,
            None,
            [ok(now + 60, unused), ok(now + 60, unused), Err(NonceWanted)],
        ),
        (
            -60.0,
            None,
            [ok(now, unused), ok(now, unused), Err(NonceWanted)],
        ),
        (
            60.0,
            None,
            [
                ok(now + 120, unused),
                ok(now + 120, unused),
                Err(NonceWanted),
            ],
        ),
        (
            -60.5,
            None,
            [Err(NonceWanted), Err(Window), Err(NonceWanted)],
        ),
        (
            60.5,
            None,
            [Err(NonceWanted), Err(Window), Err(NonceWanted)],
        ),
        (
            -300.0,
            None,
            [Err(NonceWanted), Err(Window), Err(NonceWanted)],
        ),
        (
            0.0,
            Some(&good),
            [
                ok(now + 300, current),
                ok(now + 60, unused),
                ok(now + 300, current),
            ],
        ),
        (
            -300.0,
            Some(&good),
            [ok(now, current), Err(Window), ok(now, current)],
        ),
        // The nonce ends before `iat` does.
        (
            200.0,
            Some(&good),
            [ok(now + 359, current), Err(Window), ok(now + 359, current)],
        ),
        (
            0.0,
            Some(&stale),
            [Err(NonceWanted), ok(now + 60, unused), Err(NonceWanted)],
        ),
        (
            90.0,
            Some(&stale),
            [Err(NonceWanted), Err(Window), Err(NonceWanted)],
        ),
    ];
    for (ahead, nonce, verdicts) in rows {
        for (mode, want) in [Auto, Off, Required].into_iter().zip(verdicts) {
            let nonce = nonce.map(String::as_str);
            let got = nonces(mode, &[1]).judge(nonce, at(NOW + ahead), false, at(NOW));
            assert_eq!(got, want, "{mode:?}, iat {ahead} s ahead, {nonce:?}");
        }
    }
}

#[test]
fn a_key_that_used_a_nonce_goes_on_using_nonces() {
    for (mode, without) in [
        (Auto, Err(NonceWanted)),
        (Off, Ok(NonceUse::None)),
        (Required, Err(NonceWanted)),
    ] {
        let nonces = nonces(mode, &[1]);
        let judge = |nonce: Option<&str>, marked| {
            let fresh = nonces.judge(nonce, at(NOW), marked, at(NOW));
            fresh.map(|fresh| fresh.nonce)
        };
        assert_eq!(judge(None, true), without, "{mode:?}");
        let nonce = nonces.text_at(NOW);
        assert!(judge(Some(&*nonce), true).is_ok(), "{mode:?}");
        assert_eq!(judge(None, false).is_ok(), mode != Required, "{mode:?}");
    }
}

#[test]
fn the_nonces_of_seven_slices_are_good() {
    let nonces = nonces(Required, &[1]);
    for moment in [NOW, NOW + 30.0, NOW + 59.999] {
        for slices_ago in -3..=8 {
            let nonce = nonces.text_at(moment - f64::from(slices_ago) * 60.0);
            let want = match slices_ago {
                -1 => Ok(NonceUse::Early),
                0 => Ok(NonceUse::Current),
                1..=5 => Ok(NonceUse::Outdated),
                _ => Err(NonceWanted),
            };
            assert_eq!(
                nonces.judge_at(&nonce, moment),
                want,
                "{slices_ago} at {moment}"
            );
        }
    }
}

#[test]
fn only_nonces_of_this_server_are_good() {
    let own = nonces(Required, &[1, 2]);
    let nonce = own.text_at(NOW);
    assert_eq!(own.judge_at(&nonce, NOW), Ok(NonceUse::Current));
    let second = nonces(Required, &[2]).text_at(NOW);
    assert_eq!(own.judge_at(&second, NOW), Ok(NonceUse::Outdated));
    let early = nonces(Required, &[2]).text_at(NOW + 60.0);
    assert_eq!(own.judge_at(&early, NOW), Ok(NonceUse::Early));

    for (name, nonce) in [
        ("empty", String::new()),
        ("made up", "AAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        ("cut", nonce[..21].to_owned()),
        ("longer", format!("{nonce}A")),
        ("with a space", format!("{nonce} ")),
        ("in another case", nonce.to_lowercase()),
        ("of another secret", nonces(Required, &[3]).text_at(NOW)),
        (
            "of another resource",
            of_resource(Required, &[1], "https://a.example").text_at(NOW),
        ),
        ("of no secret", nonces(Required, &[]).text_at(NOW)),
    ] {
        assert_eq!(own.judge_at(&nonce, NOW), Err(NonceWanted), "{name}");
    }
}

#[test]
fn without_a_secret_each_process_makes_one_up() {
    let [one, other] = [nonces(Auto, &[]), nonces(Auto, &[])];
    let nonce = one.text_at(NOW);
    assert_eq!(one.judge_at(&nonce, NOW + 1.0), Ok(NonceUse::Current));
    assert_eq!(other.judge_at(&nonce, NOW + 1.0), Err(NonceWanted));
}

/// No nonce is made in advance, and those of a slice are made once.
#[test]
fn nonces_are_made_once_in_a_slice() {
    let nonces = nonces(Off, &[1]);
    assert!(nonces.judge_at("", NOW).is_ok());
    assert!(nonces.minted.load().is_none());
    let first = nonces.minted(at(NOW));
    assert!(Arc::ptr_eq(&first, &nonces.minted(at(NOW + 59.9))));
    assert!(!Arc::ptr_eq(&first, &nonces.minted(at(NOW + 60.0))));
}

#[test]
fn no_time_makes_it_panic() {
    for lifetime in [Duration::ZERO, Duration::from_secs(60), Duration::MAX] {
        let nonces = Nonces::new(Auto, lifetime, Vec::new(), RESOURCE, Duration::MAX);
        for now in [-9e15, -1.0, 0.0, 0.5, 61.0, 9_007_199_254_740_991.0] {
            let nonce = nonces.text_at(now);
            assert_eq!(
                nonces.judge_at(&nonce, now),
                Ok(NonceUse::Current),
                "{lifetime:?} {now}"
            );
            assert!(nonces.judge(None, at(-now), false, at(now)).is_ok());
        }
    }
}

/// A process of a fleet, and how far its clock is ahead.
struct Process(Nonces, f64);

/// Sends a request each few seconds, to any process. Returns the most challenges in a row.
fn most_challenges_in_a_row(fleet: &mut [Process], steps: &[&[u8]], seed: u64) -> u32 {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut now, mut nonce) = (NOW + random.f64() * 300.0, String::new());
    let mut most = 0;
    for secrets in steps {
        for updated in 0..fleet.len() {
            fleet[updated].0 = nonces(Required, secrets);
            for _ in 0..random.u32(0..20) {
                now += random.f64() * if random.u8(..) == 0 { 400.0 } else { 10.0 };
                let mut in_a_row = 0;
                loop {
                    let Process(nonces, ahead) = &fleet[random.usize(..fleet.len())];
                    let clock = at(now + ahead);
                    match nonces.judge(Some(&nonce), at(now), false, clock) {
                        Ok(fresh) if fresh.nonce != NonceUse::Outdated => break,
                        Ok(_) => {
                            nonce = nonces.text_at(now + ahead);
                            break;
                        }
                        Err(_) => nonce = nonces.text_at(now + ahead),
                    }
                    in_a_row += 1;
                    most = most.max(in_a_row);
                    if in_a_row > 5 {
                        return most;
                    }
                }
            }
        }
    }
    most
}

#[test]
fn pop_s07_a_secret_is_replaced_without_two_challenges_in_a_row() {
    const A: u8 = 1;
    const B: u8 = 2;
    const ROTATION: [&[u8]; 4] = [&[A], &[A, B], &[B, A], &[B]];
    const AT_ONCE: [&[u8]; 2] = [&[A], &[B]];
    let of_all = |steps: &[&[u8]]| {
        let most = (0..200).map(|seed| {
            let mut fleet =
                [0.0, 15.0, -15.0, 5.0].map(|ahead| Process(nonces(Required, &[A]), ahead));
            most_challenges_in_a_row(&mut fleet, steps, seed)
        });
        most.max()
    };
    assert_eq!(of_all(&ROTATION), Some(1));
    // What the steps between are for.
    assert!(of_all(&AT_ONCE) > Some(1));
}

#[test]
fn a_clock_that_steps_heals_with_one_challenge() {
    let nonces = nonces(Required, &[1]);
    for step in [-7200.0, -300.0, -90.0, -30.0, 30.0, 90.0, 300.0, 7200.0] {
        let nonce = nonces.text_at(NOW);
        let after = NOW + step;
        let verdict = nonces.judge_at(&nonce, after);
        let is_known = (-60.0..=300.0).contains(&step);
        assert_eq!(verdict.is_ok(), is_known, "{step}");
        let newest = nonces.text_at(after);
        assert_eq!(
            nonces.judge_at(&newest, after),
            Ok(NonceUse::Current),
            "{step}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    /// P76, P77: nothing is accepted after its last second, and up to there the clock allows it.
    #[test]
    fn no_proof_is_accepted_after_its_last_second(
        lifetime in 60_u64..3600,
        window in 5.0..300.0_f64,
        fraction in prop_oneof![Just(0.0), Just(0.5), 0.0..1.0_f64],
        iat_ahead in prop_oneof![Just(0), -300..=300],
        made_ago in -60..4000,
        with_nonce: bool,
        mode in prop_oneof![Just(Auto), Just(Off), Just(Required)],
        later in prop_oneof![0..700_u32, 0..5000_u32],
        later_fraction in prop_oneof![Just(0.0), Just(0.999_999), 0.0..1.0_f64],
    ) {
        let (lifetime, window) = (Duration::from_secs(lifetime), Duration::from_secs_f64(window));
        let nonces = Nonces::new(mode, lifetime, vec![vec![1; 32]], RESOURCE, window);
        let nonce = with_nonce.then(|| nonces.text_at(NOW - f64::from(made_ago)));
        let iat = at(NOW + f64::from(iat_ahead) + fraction);
        // What the check before this one refuses.
        let judge = |now: f64| {
            let near = at(now).seconds_since(iat).abs() <= 300.0;
            near.then(|| nonces.judge(nonce.as_deref(), iat, false, at(now)).ok()).flatten()
        };
        let fresh = judge(NOW);
        let then = NOW + f64::from(later) + later_fraction;
        if let (Some(fresh), Some(again)) = (fresh, judge(then)) {
            prop_assert_eq!(fresh.last_second, again.last_second);
            prop_assert!(at(then).unix_seconds() <= fresh.last_second);
        }
        if let Some(fresh) = fresh {
            prop_assert!(judge(fresh.last_second as f64).is_some());
            prop_assert!(judge(fresh.last_second as f64 + 1.0).is_none());
        }
    }
}
