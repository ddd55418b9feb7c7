#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    clippy::arithmetic_side_effects,
    reason = "numbers of tokens, and bytes of a few"
)]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::limits::DEFAULT_TOKEN_CACHE_ENTRIES;
use crate::token::verified_of_claims;

impl TokenCache {
    fn bytes(&self) -> u64 {
        self.entries.get().map_or(0, Cache::weight)
    }

    fn holds(&self, token: &str) -> bool {
        self.get(token.as_bytes()).is_some()
    }

    fn add(&self, token: &str) -> Arc<Verified> {
        self.add_filled(token.as_bytes(), "")
    }

    fn add_filled(&self, token: &[u8], filling: &str) -> Arc<Verified> {
        let verified = verified(filling);
        self.insert(token, Cached::new(id(0), 1, verified.clone()));
        verified
    }
}

fn id(place: usize) -> IssuerId {
    IssuerId { place, serial: 3 }
}

fn cache(entries: usize) -> TokenCache {
    TokenCache::new(entries).unwrap()
}

/// The claims of a usual token, and more.
fn verified(filling: &str) -> Arc<Verified> {
    let claims = json!({
        "iss": "https://tenant.eu.auth0.example.com/",
        "sub": "auth0|64f1c2d3e4b5a69788796a5b",
        "aud": ["https://mcp.example.com/mcp", "https://tenant.eu.auth0.example.com/userinfo"],
        "iat": 1_700_000_000,
        "exp": 4_102_444_800_u64,
        "azp": "kP3x9QmA7vT2cD8LzW5rN1sYb4Hf6GjE",
        "scope": "openid profile mcp:read mcp:write",
        "x": filling,
    });
    verified_of_claims(&claims.to_string()).unwrap()
}

/// A token of the usual size and shape.
fn token(number: usize) -> String {
    let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "eyJhbGciOiJSUzI1NiJ9.{}.{number:0325}{random:017x}",
        "c".repeat(580)
    )
}

fn is(cached: Option<Cached>, wanted: &Arc<Verified>) -> bool {
    cached.is_some_and(|cached| Arc::ptr_eq(cached.verified(), wanted))
}

#[test]
fn tokens_that_are_alike_share_nothing() {
    let cache = cache(100);
    let good = token(1);
    let verified = cache.add(&good);
    assert!(is(cache.get(good.as_bytes()), &verified));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let rows = [
        ("the same first 20 characters", format!("{}x", &good[..20])),
        ("another signature", format!("{signed}.{}", "A".repeat(342))),
        (
            "another payload, the same signature",
            format!("e30.e30.{signature}"),
        ),
        ("no signature", format!("{signed}.")),
        ("its signature alone", signature.to_owned()),
        ("its last 16 characters", good[good.len() - 16..].to_owned()),
        ("one character less", good[..good.len() - 1].to_owned()),
        ("one character less in front", good[1..].to_owned()),
        ("one character more", format!("{good}A")),
        ("one character more in front", format!("A{good}")),
        ("a space in front", format!(" {good}")),
        ("padded", format!("{good}=")),
        ("nothing", String::new()),
    ];
    for (name, other) in rows {
        assert_ne!(other, good, "{name}");
        assert!(!cache.holds(&other), "{name}");
    }
    assert!(is(cache.get(good.as_bytes()), &verified));
}

#[test]
fn every_byte_counts() {
    let cache = cache(100);
    let good = token(1).into_bytes();
    cache.add_filled(&good, "");
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut other = good.clone();
            other[at] ^= 1 << bit;
            assert!(cache.get(&other).is_none(), "bit {bit} of byte {at}");
        }
    }
    assert!(cache.get(&good).is_some());
}

#[test]
fn two_caches_share_nothing() {
    let (one, other) = (cache(100), cache(100));
    one.add(&token(1));
    assert!(one.holds(&token(1)) && !other.holds(&token(1)));
    other.add(&token(2));
    assert!(!one.holds(&token(2)) && other.holds(&token(2)));
}

#[test]
fn what_was_stored_is_what_is_found() {
    let cache = cache(100);
    let verified = verified("");
    cache.insert(b"token", Cached::new(id(7), 9, verified.clone()));
    let cached = cache.get(b"token").unwrap();
    assert_eq!((cached.issuer(), cached.generation()), (id(7), 9));
    assert!(Arc::ptr_eq(cached.verified(), &verified));
    assert!(Arc::ptr_eq(&cached.into_verified(), &verified));
}

#[test]
fn the_same_token_is_stored_once_and_the_last_entry_counts() {
    let cache = cache(100);
    cache.add(&token(1));
    let weight = cache.bytes();
    let second = cache.add(&token(1));
    assert_eq!((cache.len(), cache.bytes()), (1, weight));
    assert!(is(cache.get(token(1).as_bytes()), &second));
}

#[test]
fn what_is_removed_is_gone_and_nothing_else() {
    let cache = cache(100);
    cache.remove(token(1).as_bytes());
    cache.add(&token(1));
    cache.add(&token(2));
    cache.remove(token(1).as_bytes());
    cache.remove(token(3).as_bytes());
    assert!(!cache.holds(&token(1)) && cache.holds(&token(2)));
    assert_eq!(cache.len(), 1);
}

#[test]
fn none_without_entries_and_no_memory_without_tokens() {
    assert!(TokenCache::new(0).is_none());
    let mut made = None;
    let used = allocation_counter::measure(|| made = TokenCache::new(16 * 1024));
    assert_eq!(used.count_current, 0);
    let cache = made.unwrap();
    cache.remove(b"token");
    assert!(cache.get(b"token").is_none() && cache.entries.get().is_none());
    assert_eq!(cache.len(), 0);
}

/// As many callers as configured take turns, and none is verified again.
#[test]
fn as_many_as_asked_for_are_held() {
    for (entries, shards) in [
        (1, 1),
        (2, 1),
        (31, 1),
        (1000, 1),
        (2048, 4),
        (DEFAULT_TOKEN_CACHE_ENTRIES, 8),
        (DEFAULT_TOKEN_CACHE_ENTRIES, 32),
    ] {
        let cache = TokenCache::with_shards(entries, shards).unwrap();
        let verified = verified("");
        let mut missed = 0;
        for round in 0..3 {
            for number in 0..entries {
                let token = token(number);
                if !cache.holds(&token) {
                    missed += usize::from(round > 0);
                    cache.insert(token.as_bytes(), Cached::new(id(0), 1, verified.clone()));
                }
            }
        }
        // With several shards, one may get more tokens than fit, once in thousands of caches.
        let allowed = if shards == 1 { 0 } else { entries / 500 };
        assert!(missed <= allowed, "{entries} in {shards} shards: {missed}");
    }
}

#[test]
fn no_more_entries_than_there_is_room_for() {
    for (entries, shards, most) in [(1, 1, 2), (32, 1, 32), (1000, 1, 1000), (2048, 4, 2400)] {
        let cache = TokenCache::with_shards(entries, shards).unwrap();
        for number in 0..entries.max(100) * 5 {
            cache.add(&format!("short {number}"));
            assert!(cache.len() <= most, "{entries}: {}", cache.len());
        }
        assert!(cache.len() >= entries, "{entries}: {}", cache.len());
        let numbers = 0..entries.max(100) * 5;
        let held = numbers.filter(|number| cache.holds(&format!("short {number}")));
        assert_eq!(held.count(), cache.len(), "what is counted is there");
    }
}

#[test]
fn shards() {
    for (entries, threads, shards) in [
        (1, 64, 1),
        (1023, 64, 1),
        (1024, 64, 2),
        (16 * 1024, 1, 4),
        (16 * 1024, 2, 8),
        (16 * 1024, 3, 8),
        (16 * 1024, 64, 32),
        (1024 * 1024, usize::MAX, 2048),
    ] {
        assert_eq!(shards_for(entries, threads), shards, "{entries}, {threads}");
    }
    assert_eq!(room_in_shard(16 * 1024, 16), Some(1024 + 128));
}

#[test]
fn bytes_are_bounded_whatever_the_entries_weigh() {
    let cache = cache(32);
    let most = (32 * BYTES_PER_ENTRY) as u64;
    // As large as a token can be.
    let largest = vec![b'l'; MAX_TOKEN_BYTES];
    let filling = "x".repeat(MAX_TOKEN_BYTES / 4 * 3 - 400);
    let verified = cache.add_filled(&largest, &filling);
    assert!(is(cache.get(&largest), &verified));
    for number in 0..200 {
        let token = token(number);
        let filling = "x".repeat(number * 100 % 5000);
        cache.add_filled(token.as_bytes(), &filling);
        assert!(cache.bytes() <= most, "{}", cache.bytes());
        assert!(cache.holds(&token), "{}", filling.len());
    }
    assert!(cache.get(&largest).is_none());
    let before = (cache.len(), cache.bytes());
    cache.add_filled(b"too heavy", &"x".repeat(MOST_ENTRY_BYTES));
    cache.add_filled(&vec![b'l'; MAX_TOKEN_BYTES + 1], "");
    assert!(cache.get(b"too heavy").is_none());
    assert!(cache.get(&vec![b'l'; MAX_TOKEN_BYTES + 1]).is_none());
    assert_eq!(
        before,
        (cache.len(), cache.bytes()),
        "and nothing was evicted"
    );
}

#[test]
fn the_heaviest_entry_fits_in_the_smallest_cache() {
    let cache = cache(1);
    let text = "x".repeat(MOST_ENTRY_BYTES - ENTRY_OVERHEAD - verified("").weight() - 10);
    cache.add_filled(b"0123456789", &text);
    assert!(cache.holds("0123456789"));
    let one_more = "x".repeat(text.len() + 1);
    cache.add_filled(b"012345678a", &one_more);
    assert!(!cache.holds("012345678a"));
}

/// The weight of a usual token's entry is at most its share and at least its size.
#[test]
fn the_weight_of_a_usual_entry() {
    let cache = cache(4000);
    cache.add(&token(0));
    let mut stored = 0;
    let used = allocation_counter::measure(|| {
        for number in 1..4000 {
            let verified = verified("");
            verified.scopes();
            verified.audience();
            stored += token(number).len() + verified.weight() + ENTRY_OVERHEAD;
            cache.insert(token(number).as_bytes(), Cached::new(id(0), 1, verified));
        }
    });
    let (weight, taken) = (
        stored / 3999,
        usize::try_from(used.bytes_current).unwrap() / 3999,
    );
    assert!(weight <= BYTES_PER_ENTRY, "{weight}");
    assert!(weight >= taken, "{weight} for {taken}");
}

/// Lists of scopes take more memory than their text once a handler has requested them.
#[test]
fn the_weight_is_that_of_everything_that_can_come_to_be() {
    let scopes: Vec<String> = (0..300).map(|number| format!("s{number}")).collect();
    let claims =
        json!({"iss": "i", "aud": ["a", "b"], "exp": 4_102_444_800_u64, "scope": scopes.join(" ")});
    let text = claims.to_string();
    let mut verified = None;
    let used = allocation_counter::measure(|| {
        let made = verified_of_claims(&text).unwrap();
        assert_eq!(made.scopes().as_slice().len(), 300);
        assert_eq!(made.audience().len(), 2);
        verified = Some(made);
    });
    let weight = verified.unwrap().weight();
    let bytes = usize::try_from(used.bytes_current).unwrap();
    assert!(weight >= bytes / 2, "{weight} for {bytes}");
    assert!(weight > 300 * size_of::<String>(), "{weight}");
}

#[test]
fn what_is_used_outlives_what_is_not() {
    let cache = cache(32);
    cache.add(&token(0));
    for number in 1..400 {
        cache.add(&token(number));
        assert!(cache.holds(&token(0)), "after {number} others");
    }
    // When it is no longer used, entries that are used evict it.
    for number in 400..600 {
        cache.add(&token(number));
        cache.holds(&token(number));
    }
    assert!(cache.get(token(0).as_bytes()).is_none());
}

#[test]
fn many_threads_see_whole_entries() {
    let cache = cache(64);
    let verified = verified("");
    thread::scope(|scope| {
        for thread in 0..4 {
            let (cache, verified) = (&cache, &verified);
            scope.spawn(move || {
                for round in 0..2000 {
                    let number = (round * 7 + thread) % 200;
                    let token = token(number);
                    match cache.get(token.as_bytes()) {
                        Some(cached) => assert_eq!(cached.issuer(), id(number)),
                        None => {
                            let cached = Cached::new(id(number), 1, verified.clone());
                            cache.insert(token.as_bytes(), cached);
                        }
                    }
                    if round % 13 == 0 {
                        cache.remove(token.as_bytes());
                    }
                }
            });
        }
    });
    let there = (0..200).filter(|number| cache.holds(&token(*number)));
    assert_eq!(there.count(), cache.len());
    assert!(cache.len() <= 64);
}

#[test]
fn tokens_are_not_shown() {
    let cache = cache(2);
    let token = token(1);
    cache.add(&token);
    let shown = format!("{cache:?} {:?}", cache.get(token.as_bytes()));
    assert!(!shown.contains(&token[..30]), "{shown}");
    assert!(!shown.contains(&token[token.len() - 30..]), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn any_bytes(one in prop::collection::vec(any::<u8>(), 0..60), other in prop::collection::vec(any::<u8>(), 0..60)) {
        let cache = cache(32);
        cache.add_filled(&one, "");
        prop_assert!(cache.get(&one).is_some());
        prop_assert_eq!(cache.get(&other).is_some(), one == other);
    }
}
