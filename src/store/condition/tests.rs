use std::sync::Arc;
use std::time::Duration;

use tokio::time::{advance, sleep};

use crate::base::clock::Clock;
use crate::limits::{STORE_FAILURES, STORE_PAUSE};
use crate::store::Store;
use crate::store::commands::StoreErrorKind;
use crate::store::memory::{Fault, MemoryStore};
use crate::store::seal::Seals;

const LIMIT: Duration = Duration::from_millis(250);

fn store() -> (MemoryStore, Store) {
    let memory = MemoryStore::default();
    let seals = Seals::new("ns", [&[7_u8; 32][..]]);
    let store = Store::new(Arc::new(memory.clone()), seals, Clock::default(), LIMIT);
    (memory, store)
}

async fn get(store: &Store) -> Result<Option<Vec<u8>>, StoreErrorKind> {
    let answer = store.call(LIMIT, store.commands.get("tja1:ns:x", 10)).await;
    answer.map_err(|error| error.kind)
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_is_asked_once_a_second() {
    for (fault, kind) in [
        (Fault::Down, StoreErrorKind::Unreachable),
        (Fault::NoAnswer, StoreErrorKind::Unreachable),
        (Fault::Refused, StoreErrorKind::Refused),
    ] {
        let (memory, store) = store();
        assert!(!store.condition.is_reachable());
        assert_eq!(get(&store).await, Ok(None));
        assert!(store.condition.is_reachable());
        memory.set_fault(Some(fault));
        for _ in 0..STORE_FAILURES {
            assert!(store.condition.is_reachable(), "{fault:?}");
            assert_eq!(get(&store).await, Err(kind), "{fault:?}");
        }
        assert!(!store.condition.is_reachable(), "{fault:?}");
        let asked = memory.calls("get");
        for _ in 0..100 {
            assert_eq!(get(&store).await, Err(StoreErrorKind::Unreachable));
        }
        assert_eq!(memory.calls("get"), asked, "{fault:?}");
        for second in 1..=3 {
            advance(STORE_PAUSE).await;
            for _ in 0..100 {
                assert!(get(&store).await.is_err());
            }
            assert_eq!(memory.calls("get"), asked + second, "{fault:?}");
        }
        memory.set_fault(None);
        advance(STORE_PAUSE).await;
        assert_eq!(get(&store).await, Ok(None), "{fault:?}");
        assert!(store.condition.is_reachable(), "{fault:?}");
        assert_eq!(get(&store).await, Ok(None), "all ask again");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_between_starts_anew_and_an_error_is_an_answer() {
    let (memory, store) = store();
    for _ in 0..3 {
        for _ in 1..STORE_FAILURES {
            memory.set_fault(Some(Fault::Down));
            assert!(get(&store).await.is_err());
        }
        memory.set_fault(None);
        assert_eq!(get(&store).await, Ok(None));
        assert_eq!(store.condition.last_error(), None);
    }
    memory.set_fault(Some(Fault::Full));
    for _ in 0..10 {
        let set = store.commands.set("tja1:ns:x", b"1", LIMIT);
        let error = store.call(LIMIT, set).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Full);
    }
    assert!(store.condition.is_reachable());
    let error = store.condition.last_error().unwrap();
    assert!(error.contains("OOM"), "{error}");
    assert_eq!(get(&store).await, Ok(None));
}

/// Each row: `maxmemory`, what is used, the policy, the names evicted; whether this is told.
#[tokio::test(start_paused = true)]
async fn a_store_that_evicts_is_told() {
    for (limit, used, policy, evicted, evicts, fullness) in [
        (Some(100), 50, "allkeys-lru", 0, true, Some(0.5)),
        (Some(100), 50, "volatile-lru", 0, true, Some(0.5)),
        (Some(100), 90, "noeviction", 0, false, Some(0.9)),
        (Some(100), 90, "noeviction", 5, false, Some(0.9)),
        (Some(0), 50, "allkeys-lru", 0, false, None),
        (None, 50, "allkeys-lru", 0, false, None),
    ] {
        for must_stay in [true, false] {
            let (memory, store) = store();
            if must_stay {
                store.condition.must_not_evict();
            }
            memory.set_memory(limit, used, policy, evicted);
            get(&store).await.unwrap();
            sleep(Duration::from_millis(1)).await;
            let told = store.condition.memory();
            assert_eq!(told.evicts, evicts && must_stay, "{limit:?} {policy}");
            assert_eq!(told.fullness, fullness, "{limit:?} {policy}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_looked_at_each_minute_and_not_after_the_end() {
    let (memory, store) = store();
    assert_eq!(memory.calls("memory"), 0, "connects to nothing yet");
    for _ in 0..5 {
        get(&store).await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(memory.calls("memory"), 1);
    memory.set_memory(Some(100), 70, "noeviction", 0);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(memory.calls("memory"), 2);
    assert_eq!(store.condition.memory().fullness, Some(0.7));
    sleep(Duration::from_secs(600)).await;
    assert_eq!(memory.calls("memory"), 12);
    drop(store);
    sleep(Duration::from_secs(600)).await;
    assert_eq!(memory.calls("memory"), 12);
}
