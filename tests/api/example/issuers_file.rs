//! `--issuers` of the example `mcp_server`.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use self::issuers::{IssuersFile, Refusal};
use super::program::{self, Program};
use crate::support::issuer_in_memory::key;
use crate::support::table::outcome;
use crate::support::tokens::sign;
use crate::support::{RESOURCE, capture, pass, seconds, send};

#[path = "../../../examples/mcp_server/issuers.rs"]
mod issuers;

/// The example follows this file, on the clock of the test.
struct Scene {
    path: PathBuf,
    layer: JwtAuthLayer,
    key: TestKey,
    refusal: Refusal,
    following: JoinHandle<()>,
}

impl Scene {
    fn new(names: &[&str]) -> Self {
        let path = std::env::temp_dir().join(format!("issuers-{:x}.json", fastrand::u64(..)));
        let key = key("k");
        fs::write(&path, list(&key, names)).unwrap();
        let (file, issuers) = IssuersFile::open(path.to_str().unwrap().to_owned()).unwrap();
        let builder = JwtAuthConfig::builder().resource(RESOURCE);
        let builder = issuers
            .into_iter()
            .fold(builder, JwtAuthConfigBuilder::add_issuer);
        let layer = JwtAuthLayer::new(builder.build().unwrap());
        let refusal = file.refusal();
        let following = tokio::spawn(file.follow(layer.clone()));
        Self {
            path,
            layer,
            key,
            refusal,
            following,
        }
    }

    fn write(&self, content: impl AsRef<[u8]>) {
        fs::write(&self.path, content).unwrap();
    }

    /// Which of these issuers are trusted, once the file was looked at.
    async fn trusts(&self, names: &[&str]) -> Vec<bool> {
        pass(seconds(6)).await;
        let mut trusted = Vec::new();
        for name in names {
            let header = json!({"alg": "ES256", "kid": "k"});
            let claims = json!({"iss": name, "aud": RESOURCE, "exp": 4_102_444_800_u64});
            let token = sign(&self.key, &header, &claims);
            trusted.push(outcome(&self.layer.verifier(), &token).await.is_ok());
        }
        trusted
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.following.abort();
        let _ = fs::remove_dir(&self.path);
        let _ = fs::remove_file(&self.path);
    }
}

fn entries(key: &TestKey, names: &[&str]) -> Value {
    let entry = |name: &&str| json!({"issuer": name, "jwks": {"keys": [key.jwk()]}});
    Value::from_iter(names.iter().map(entry))
}

fn list(key: &TestKey, names: &[&str]) -> String {
    serde_json::to_string_pretty(&entries(key, names)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn fleet_f64_the_file_is_followed() {
    let (log, _guard) = capture();
    let scene = Scene::new(&["one"]);
    assert_eq!(scene.trusts(&["one", "two"]).await, [true, false]);
    for (names, want) in [
        (&["one", "two"][..], [true, true]),
        (&["two"], [false, true]),
        (&["two", "one"], [true, true]),
    ] {
        scene.write(list(&scene.key, names));
        assert_eq!(scene.trusts(&["one", "two"]).await, want);
        assert_eq!(scene.refusal.last(), None);
    }
    assert_eq!(log.counts("issuers_replaced"), 3);
    // Another text with the same entries, and with a byte order mark.
    let compact = entries(&scene.key, &["two", "one"]).to_string();
    scene.write(format!("\u{feff}{compact}"));
    assert_eq!(scene.trusts(&["one", "two"]).await, [true, true]);
    assert_eq!(log.counts("issuers_replaced"), 3);
    assert_eq!(scene.refusal.last(), None);
}

/// As a mounted Kubernetes volume changes: the file keeps its name, and a link behind it is
/// swapped.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn fleet_f64_a_swapped_link_is_noticed() {
    use std::os::unix::fs::symlink;
    let scene = Scene::new(&["one"]);
    let beside = |name| scene.path.with_extension(name);
    fs::write(beside("new"), list(&scene.key, &["two"])).unwrap();
    symlink(beside("new"), beside("link")).unwrap();
    fs::rename(beside("link"), &scene.path).unwrap();
    assert_eq!(scene.trusts(&["one", "two"]).await, [false, true]);
    fs::remove_file(beside("new")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn fleet_f65_a_bad_file_changes_nothing() {
    let (log, _guard) = capture();
    let scene = Scene::new(&["one", "two"]);
    let good = list(&scene.key, &["one", "two"]);
    let with = |changes: &dyn Fn(&mut Value)| {
        let mut list = entries(&scene.key, &["one", "two", "three"]);
        changes(&mut list);
        serde_json::to_string_pretty(&list).unwrap()
    };
    let bad: [(&str, String, &str); 9] = [
        ("no JSON", "issuers".to_owned(), "expected value at line 1"),
        (
            "half of it",
            good[..good.len() / 2].to_owned(),
            "EOF while parsing",
        ),
        ("empty", String::new(), "EOF while parsing"),
        ("an empty list", "[]".to_owned(), "lists no issuer"),
        ("an object", "{}".to_owned(), "invalid type: map"),
        (
            "a name that is not known",
            with(&|list| list[2]["jwks_url"] = json!("https://i.example/keys")),
            "unknown field `jwks_url`: did you mean `jwks_uri`",
        ),
        (
            "a value of another type",
            with(&|list| list[2]["leeway"] = json!([1])),
            "leeway: ",
        ),
        (
            "an issuer that cannot be used",
            with(&|list| drop(list[2].as_object_mut().unwrap().remove("jwks"))),
            "three",
        ),
        (
            "an issuer twice",
            with(&|list| list[2]["issuer"] = json!("two")),
            "two",
        ),
    ];
    let mut refused = 0;
    for (what, content, why) in bad {
        scene.write(content);
        let trusted = scene.trusts(&["one", "two", "three"]).await;
        assert_eq!(trusted, [true, true, false], "{what}");
        let error = scene.refusal.last().unwrap_or_else(|| panic!("{what}"));
        assert!(error.contains(why), "{what}: {error}");
        assert!(error.starts_with(&format!("{:?}: ", scene.path)), "{error}");
        refused += 1;
        assert_eq!(log.counts("issuers_refused"), refused, "{what}");
        pass(seconds(60)).await;
        assert_eq!(log.counts("issuers_refused"), refused, "{what}: once");
    }
    for (what, change) in [
        (
            "deleted",
            &(|| fs::remove_file(&scene.path).unwrap()) as &dyn Fn(),
        ),
        ("a folder", &|| fs::create_dir(&scene.path).unwrap()),
    ] {
        change();
        let trusted = scene.trusts(&["one", "two", "three"]).await;
        assert_eq!(trusted, [true, true, false], "{what}");
        let error = scene.refusal.last().unwrap();
        assert!(error.starts_with("cannot read "), "{what}: {error}");
        refused += 1;
        assert_eq!(log.counts("issuers_refused"), refused, "{what}");
    }
    fs::remove_dir(&scene.path).unwrap();
    scene.write(vec![b' '; 2 * 1024 * 1024]);
    scene.trusts(&[]).await;
    assert!(scene.refusal.last().unwrap().contains("has more than"));

    assert_eq!(log.counts("issuers_replaced"), 0);
    scene.write(list(&scene.key, &["one", "two", "three"]));
    let trusted = scene.trusts(&["one", "two", "three"]).await;
    assert_eq!(trusted, [true, true, true]);
    assert_eq!(scene.refusal.last(), None);
}

/// Of the setting that is wrong, the line is told.
#[tokio::test(start_paused = true)]
async fn fleet_f65_the_error_names_the_line_and_the_setting() {
    let scene = Scene::new(&["one"]);
    scene.write("[\n  {\"issuer\": \"one\",\n   \"leeway\": \"1 fortnight\"}\n]\n");
    scene.trusts(&[]).await;
    let error = scene.refusal.last().unwrap();
    assert!(
        error.contains("leeway: ") && error.contains("at line 3"),
        "{error}"
    );
}

#[tokio::test]
async fn fleet_f65_the_program_starts_with_a_good_file_alone() {
    let key = key("k");
    let folder = std::env::temp_dir().join(format!("issuers-{:x}", fastrand::u64(..)));
    fs::create_dir(&folder).unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let config = file("config.json", &json!({"resource": RESOURCE}).to_string());
    let with_issuer = json!({"resource": RESOURCE, "issuer": "https://i.example"});
    let with_issuer = file("issuer.json", &with_issuer.to_string());
    let good = file("good.json", &list(&key, &["one"]));
    for (config, issuers, why) in [
        (&config, file("bad.json", "["), "bad.json"),
        (&config, file("empty.json", "[]"), "lists no issuer"),
        (
            &config,
            "/nonexistent".to_owned(),
            "cannot read \"/nonexistent\"",
        ),
        (&with_issuer, good.clone(), "issuer and issuers"),
    ] {
        let (code, said) = program::run(&["--config", config, "--issuers", &issuers]);
        assert_eq!((code, said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.contains(why), "{said}");
    }
    let (code, said) = program::run(&["--issuers", &good]);
    assert_eq!((code, said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains("--issuers needs --config"), "{said}");

    let server = Program::start(&["--config", &config, "--issuers", &good]);
    let header = json!({"alg": "ES256", "kid": "k"});
    let claims = json!({"iss": "one", "aud": RESOURCE, "exp": 4_102_444_800_u64});
    let token = format!("Bearer {}", sign(&key, &header, &claims));
    let answer = send("GET", &format!("{}/whoami", server.base), &[&token]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let health = send("GET", &format!("{}/healthz", server.base), &[]).await;
    assert_eq!((health.status.as_u16(), &*health.body), (200, "ok"));
    fs::remove_dir_all(folder).unwrap();
}
