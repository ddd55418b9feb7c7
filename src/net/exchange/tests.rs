use std::sync::Mutex;

use http::StatusCode;

use super::*;
use crate::net::TransportFuture;

/// Gives its answers in turn.
#[derive(Debug)]
struct Canned(Mutex<Vec<Result<&'static str, FetchError>>>);

impl HttpTransport for Canned {
    fn exchange(&self, request: Request<Bytes>, _: ExchangeLimits) -> TransportFuture<'_> {
        assert_eq!(request.uri(), "https://i.example/keys?a=b");
        let answer = self.0.lock().unwrap().remove(0);
        Box::pin(
            async move { answer.map(|body| Response::new(Bytes::from_static(body.as_bytes()))) },
        )
    }
}

#[tokio::test]
async fn a_connection_that_failed_is_tried_once_more_and_a_body_is_bounded() {
    let lost = || Err(FetchError::connection("lost", "broke off"));
    let refused = || Err(FetchError::new("refused"));
    let rows = [
        (vec![Ok("four")], Ok("four"), 0),
        (
            vec![Ok("fives")],
            Err("the answer of https://i.example/keys?a=b is larger than 4 bytes"),
            0,
        ),
        (vec![lost(), Ok("four")], Ok("four"), 0),
        (vec![lost(), lost(), Ok("four")], Err("lost: broke off"), 1),
        (vec![refused(), Ok("four")], Err("refused"), 1),
    ];
    let url = Url::parse("https://i.example/keys?a=b").unwrap();
    let limits = ExchangeLimits::new(4, Duration::from_secs(1), AddressPolicy::Anywhere);
    for (answers, want, left) in rows {
        let transport = Canned(Mutex::new(answers));
        let got = get(&transport, &url, HeaderMap::new(), limits).await;
        let got = got.map(|answer| answer.into_body());
        let got = got.as_deref().map_err(ToString::to_string);
        assert_eq!(got, want.map(str::as_bytes).map_err(ToOwned::to_owned));
        assert_eq!(transport.0.lock().unwrap().len(), left, "{want:?}");
    }
}

#[test]
fn an_unexpected_status_is_told_with_its_pause() {
    let url = Url::parse("https://i.example/keys").unwrap();
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::FOUND;
    let text = "GET https://i.example/keys answered 302 Found and not 200";
    let error = unexpected_status(&Method::GET, &url, &answer);
    assert_eq!((error.to_string().as_str(), error.wait()), (text, None));
    answer
        .headers_mut()
        .insert(RETRY_AFTER, http::HeaderValue::from_static("7"));
    let error = unexpected_status(&Method::GET, &url, &answer);
    assert_eq!(error.wait(), Some(Duration::from_secs(7)));
}

#[test]
fn field_f15_retry_after_forms() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_700);
    let cases = [
        ("120", Some(120)),
        ("0", Some(0)),
        ("0120", Some(120)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", Some(u64::MAX)),
        ("99999999999999999999999999", Some(u64::MAX)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(77)),
        ("Sun, 06 Nov 1993 08:49:37 GMT", None),
        ("soon", None),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("99999999999999999999999999s", None),
        ("", None),
    ];
    for (value, want) in cases {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        assert_eq!(
            retry_after(&headers, now),
            want.map(Duration::from_secs),
            "{value}"
        );
    }
}
