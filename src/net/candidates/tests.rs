use std::sync::Mutex;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(10);

fn candidates(paths: &[&str]) -> Candidates {
    let issuer = Url::parse("https://i.example").unwrap();
    let urls = paths.iter().map(|path| issuer.join(path).unwrap());
    Candidates::new("https://i.example".into(), urls.collect())
}

fn two_urls() -> Candidates {
    candidates(&["/first", "/second"])
}

#[tokio::test(start_paused = true)]
async fn field_s14_why_no_url_is_usable() {
    let lost = || FetchError::connection("lost", "cut");
    let late = || FetchError::unanswered("late", None);
    let absent = || FetchError::new("404");
    let busy = |seconds| FetchError::retry_after("429", Duration::from_secs(seconds));
    let rows = [
        ([lost(), late()], "lost: cut; late", None, true),
        // A server that answers can be reached.
        ([lost(), absent()], "lost: cut; 404", None, false),
        ([absent(), late()], "404; late", None, false),
        ([absent(), absent()], "404; 404", None, false),
        // The longest pause that one of them asks for.
        ([busy(7), lost()], "429; lost: cut", Some(7), false),
        ([busy(7), busy(9)], "429; 429", Some(9), false),
        ([busy(9), busy(7)], "429; 429", Some(9), false),
    ];
    for (errors, outcomes, wait, is_unreachable) in rows {
        let ask = |url: &Url| {
            let place = usize::from(url.path() == "/second");
            let answer: Result<(), _> = Err(errors[place].clone());
            async { answer }
        };
        let within = TimeLimit::from_now(TIMEOUT);
        let error = two_urls().first_usable(within, ask).await.unwrap_err();
        let told = error.to_string();
        let (_, told) = told.split_once("publishes none: ").unwrap();
        assert_eq!(told, outcomes);
        assert_eq!(error.wait(), wait.map(Duration::from_secs), "{outcomes}");
        assert_eq!(error.is_unreachable(), is_unreachable, "{outcomes}");
    }
}

/// When each URL is asked and which one wins, by the time that each takes to answer.
#[tokio::test(start_paused = true)]
async fn field_s14_the_next_url_is_asked_when_the_share_of_the_one_before_is_over() {
    let never = 3600;
    let rows = [
        // A share is two seconds.
        ([1, 0], [Some(0), None], (1, "/first")),
        // The preferred URL may answer until the shares of both are over.
        ([3, 0], [Some(0), Some(2)], (3, "/first")),
        ([never, 0], [Some(0), Some(2)], (4, "/second")),
        ([never, 5], [Some(0), Some(2)], (7, "/second")),
    ];
    for (takes, asked, won) in rows {
        let began = Instant::now();
        let seen = Mutex::new([None, None]);
        let seconds = || began.elapsed().as_secs();
        let ask = |url: &Url| {
            let place = usize::from(url.path() == "/second");
            seen.lock().unwrap()[place] = Some(seconds());
            let path = url.path().to_owned();
            let took = Duration::from_secs(takes[place]);
            async move {
                tokio::time::sleep(took).await;
                Ok(path)
            }
        };
        let candidates = two_urls();
        let within = TimeLimit::from_now(TIMEOUT);
        let found = candidates.first_usable(within, ask).await.unwrap();
        assert_eq!((seconds(), found.as_str()), won, "{takes:?}");
        assert_eq!(*seen.lock().unwrap(), asked, "{takes:?}");
    }
}

/// The third URL waits for the second as the second waits for the first.
#[tokio::test(start_paused = true)]
async fn field_s14_the_third_url_is_asked_when_the_second_is_out() {
    const NEVER: u64 = 3600;
    let paths = ["/first", "/second", "/third"];
    let found = |seconds| (seconds, true);
    let fails = |seconds| (seconds, false);
    // A share is two seconds.
    let rows = [
        (
            [found(1), found(0), found(0)],
            [Some(0), None, None],
            (1, 0),
        ),
        (
            [fails(1), fails(0), found(0)],
            [Some(0), Some(1), Some(1)],
            (1, 2),
        ),
        (
            [fails(1), found(1), found(0)],
            [Some(0), Some(1), None],
            (2, 1),
        ),
        (
            [found(NEVER), fails(1), found(0)],
            [Some(0), Some(2), Some(3)],
            (6, 2),
        ),
        (
            [found(NEVER), found(NEVER), found(0)],
            [Some(0), Some(2), Some(4)],
            (6, 2),
        ),
        (
            [fails(NEVER), found(3), found(0)],
            [Some(0), Some(2), Some(4)],
            (6, 1),
        ),
        (
            [fails(3), found(NEVER), found(0)],
            [Some(0), Some(2), Some(4)],
            (6, 2),
        ),
        (
            [fails(5), found(NEVER), fails(0)],
            [Some(0), Some(2), Some(4)],
            (9, 3),
        ),
    ];
    for (takes, asked, (ended, winner)) in rows {
        let began = Instant::now();
        let seen = Mutex::new([None; 3]);
        let seconds = || began.elapsed().as_secs();
        let ask = |url: &Url| {
            let place = paths.iter().position(|path| *path == url.path()).unwrap();
            seen.lock().unwrap()[place] = Some(seconds());
            let (took, is_found) = takes[place];
            async move {
                tokio::time::sleep(Duration::from_secs(took)).await;
                match is_found {
                    true => Ok(place),
                    false => Err(FetchError::new("404")),
                }
            }
        };
        let candidates = candidates(&paths);
        let within = TimeLimit::from_now(TIMEOUT);
        let won = candidates.first_usable(within, ask).await.unwrap_or(3);
        assert_eq!((seconds(), won), (ended, winner), "{takes:?}");
        assert_eq!(*seen.lock().unwrap(), asked, "{takes:?}");
    }
}
