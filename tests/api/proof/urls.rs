//! P47 to P56: the proof names the URL that the client called, and nothing that a caller sends says
//! which one that is.

use axum::Router;
use axum::routing::any;

use super::*;
use crate::support::{Connection, capture, serve};

#[tokio::test]
async fn pop_p47_p49_p50_headers_do_not_say_where_the_server_is() {
    let scene = Scene::usual();
    let evil = "https://evil.example/mcp";
    let with = |htu: &str, headers: &[(&str, &str)]| {
        let mut request = scene.parts();
        for (name, text) in headers {
            request = request.header(*name, *text);
        }
        let proof = scene.proof().claim("htu", htu).sign();
        request.header("dpop", proof).body(Full::default()).unwrap()
    };
    let all = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-original-host", "evil.example"),
    ];
    scene.refuses("p47", with(evil, &all), URL).await;
    scene
        .accepts("p47 the configured one", with(RESOURCE, &all))
        .await;
    let prefix = [
        ("x-forwarded-prefix", "/api"),
        ("x-original-uri", "/api/mcp"),
    ];
    let prefixed = "https://mcp.example.com/api/mcp";
    scene
        .refuses("p47 a prefix", with(prefixed, &prefix), URL)
        .await;
    let joined = [("host", "mcp.example.com/other?")];
    for htu in [
        "https://mcp.example.com/other",
        "https://mcp.example.com/other?/mcp",
    ] {
        scene.refuses("p49", with(htu, &joined), URL).await;
    }
    let http = [("x-forwarded-proto", "http"), ("x-forwarded-port", "80")];
    let plain = "http://mcp.example.com/mcp";
    scene.refuses("p50", with(plain, &http), URL).await;
    scene.accepts("p50 https", with(RESOURCE, &http)).await;
}

#[tokio::test]
async fn pop_p48_targets_on_the_wire() {
    let scene = Scene::usual();
    let app = Router::new()
        .fallback(any(|| async { "in" }))
        .layer(scene.layer.clone());
    let base = serve(app).await;
    let mut connection = Connection::open(&base).await;
    let lines = |proof: &str| {
        format!(
            "Authorization: DPoP {}\r\nDPoP: {proof}\r\nForwarded: host=evil.example\r\nContent-Length: 0\r\n",
            scene.token
        )
    };
    let proven = |htu: &str| lines(&scene.proof().claim("htu", htu).sign());
    for (start, htu, status) in [
        (
            "POST https://evil.example/mcp",
            "https://evil.example/mcp",
            401,
        ),
        ("POST https://evil.example/mcp", RESOURCE, 200),
        ("POST /mcp", "https://evil.example/mcp", 401),
        ("POST /mcp", RESOURCE, 200),
        ("POST /mcp?a=1", RESOURCE, 200),
        ("POST /other", RESOURCE, 401),
    ] {
        let answer = connection.exchange(start, proven(htu).as_bytes()).await;
        assert_eq!(answer.status, status, "{start} {htu}: {answer:?}");
    }
}

/// As HTTP/2 brings it: `:authority` is in the target.
#[tokio::test]
async fn pop_p48_authorities_of_http_2() {
    let scene = Scene::usual();
    for (target, htu, is_good) in [
        (
            "https://evil.example/mcp",
            "https://evil.example/mcp",
            false,
        ),
        ("https://evil.example/mcp", RESOURCE, true),
        (
            "http://mcp.example.com:80/mcp",
            "http://mcp.example.com/mcp",
            false,
        ),
        ("http://mcp.example.com:80/mcp", RESOURCE, true),
        (
            "https://[2001:db8::1]/mcp",
            "https://[2001:db8::1]/mcp",
            false,
        ),
        (
            "https://mcp.example.com@evil.example/mcp",
            "https://evil.example/mcp",
            false,
        ),
    ] {
        let mut request = scene.request(&scene.proof().claim("htu", htu).sign());
        *request.version_mut() = http::Version::HTTP_2;
        *request.uri_mut() = target.parse().unwrap();
        match is_good {
            true => drop(scene.accepts(target, request).await),
            false => drop(scene.refuses(target, request, URL).await),
        }
    }
}

#[tokio::test]
async fn pop_p51_p52_p53_p54_p55_other_urls() {
    let scene = Scene::usual();
    let url = |htu: &str| scene.proof().claim("htu", htu);
    scene
        .refuses_proofs(
            URL,
            [
                ("p51", url("https://mcp.example.com:8443/mcp")),
                ("p52", url("https://mcp.example.com/MCP")),
                ("p53", url("https://mcp.example.com/mcp/")),
                ("p54", url("https://mcp.example.com//mcp")),
                ("p54", url("https://mcp.example.com/%2Fmcp")),
                ("p55 user info", url("https://u@mcp.example.com/mcp")),
                ("p55 a backslash", url("https://mcp.example.com\\mcp")),
                ("p55 a tab", url("https://mcp.example.com/m\tcp")),
                ("p55 an escape", url("https://mcp.example.com/mcp%GG")),
                ("p55 a port", url("https://mcp.example.com:99999/mcp")),
                ("p55 a dot", url("https://mcp.example.com./mcp")),
                ("another scheme", url("wss://mcp.example.com/mcp")),
                ("a space", url("https://mcp.example.com/mcp ")),
                ("umlaut", url("https://mcp.example.com/m\u{e4}")),
            ],
        )
        .await;
    let sent = |path: &str, htu: &str| {
        Request::post(format!("https://mcp.example.com{path}"))
            .header("authorization", format!("DPoP {}", scene.token))
            .header("dpop", url(htu).sign())
            .body(Full::default())
            .unwrap()
    };
    for (path, htu) in [
        ("/mcp/", "https://mcp.example.com/mcp"),
        ("/a/b", "https://mcp.example.com/a//b"),
        ("/a//b", "https://mcp.example.com/a/b"),
        ("/a/b", "https://mcp.example.com/a%2Fb"),
        ("/a%2Fb", "https://mcp.example.com/a/b"),
    ] {
        scene.refuses(path, sent(path, htu), URL).await;
        let same = format!("https://mcp.example.com{path}");
        scene.accepts(path, sent(path, &same)).await;
    }
    let target = Request::builder()
        .method("OPTIONS")
        .uri("*")
        .header("authorization", format!("DPoP {}", scene.token))
        .header(
            "dpop",
            url("https://mcp.example.com/")
                .claim("htm", "OPTIONS")
                .sign(),
        )
        .body(Full::default())
        .unwrap();
    scene.refuses("a target without a path", target, URL).await;
}

#[tokio::test]
async fn pop_p56_w13_nested_routers() {
    let scene = Scene::usual();
    let handler = any(|| async { "in" });
    let nested = Router::new()
        .route("/tools", handler.clone())
        .layer(scene.layer.clone());
    let by_route = Router::new()
        .route("/tools", handler.clone())
        .route_layer(scene.layer.clone());
    let service = Router::new()
        .route("/tools", handler)
        .layer(scene.layer.clone());
    let app = Router::new()
        .nest("/api", nested)
        .nest("/by_route", by_route)
        .nest_service("/service", service);
    let base = serve(app).await;
    let mut connection = Connection::open(&base).await;
    for prefix in ["/api", "/by_route", "/service"] {
        for (path, status) in [(format!("{prefix}/tools"), 200), ("/tools".to_owned(), 401)] {
            let proof = scene
                .proof()
                .claim("htu", format!("https://mcp.example.com{path}"));
            let lines = format!(
                "Authorization: DPoP {}\r\nDPoP: {}\r\nContent-Length: 0\r\n",
                scene.token,
                proof.sign()
            );
            let start = format!("POST {prefix}/tools");
            let answer = connection.exchange(&start, lines.as_bytes()).await;
            assert_eq!(answer.status, status, "{prefix} {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn the_log_says_which_public_url_to_set() {
    let scene = Scene::usual();
    let (log, _guard) = capture();
    let prefixed = scene
        .proof()
        .claim("htu", "https://api.example.com/svc1/mcp");
    scene.refuses_proof("a prefix", &prefixed, URL).await;
    let log = log.text();
    assert!(
        log.contains("event=\"dpop_url_mismatch\" named=\"https://api.example.com/svc1/mcp\" expected=\"https://mcp.example.com/mcp\"")
            && log.contains("set dpop.public_url to \"https://api.example.com/svc1\""),
        "{log}"
    );
}

/// A URL may hold a password, and a query often holds secrets.
#[tokio::test]
async fn the_log_shows_where_a_proof_is_for_and_no_secret() {
    let scene = Scene::usual();
    let (log, _guard) = capture();
    for htu in [
        "https://evil.example/mcp?access_token=s3cr3t",
        "https://evil.example/mcp#s3cr3t",
        "https://evil.example?s3cr3t",
        "https://user:s3cr3t@evil.example/mcp",
        "https://s3cr3t@evil.example/mcp",
        "https://user:s3cr3t?x@evil.example/mcp",
        "https://user:s3cr3t/x@evil.example/mcp",
        "https:\\\\user:s3cr3t@evil.example/mcp",
        "user:s3cr3t@evil.example/mcp",
    ] {
        let proof = scene.proof().claim("htu", htu);
        scene.refuses_proof(htu, &proof, URL).await;
    }
    let log = log.text();
    assert!(!log.contains("s3cr3t"), "{log}");
    assert!(log.contains("named=\"https://evil.example/mcp\""), "{log}");
}
