//! A password of the store that is replaced while processes run.

use std::fs;
use std::path::Path;
use std::time::Duration;

use fleet::issuer::CountingIssuer;
use fleet::store_server::{PASSWORD, StoreServer, USER};
use tower_jwt_auth::fleet::Revocation;

use crate::support::{Holder, MAX_AGE, Member, until};

const NEW: &str = "another-password";

/// Two processes that read the password from a file.
struct Scene {
    store: StoreServer,
    issuer: CountingIssuer,
    holder: Holder,
    file: tempfile::NamedTempFile,
    members: [Member; 2],
}

impl Scene {
    async fn start() -> Self {
        let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
        let file = tempfile::NamedTempFile::new().unwrap();
        write(file.path(), PASSWORD);
        let url = format!("redis://{USER}@{}/", store.address());
        let members = [(); 2].map(|()| {
            Member::with(&url, &issuer, MAX_AGE, |fleet| {
                fleet.password_file(file.path())
            })
        });
        Member::all_ready(&members).await;
        let scene = Self {
            holder: Holder::new(&issuer),
            store,
            issuer,
            file,
            members,
        };
        assert_eq!(scene.proofs().await, [200; 2]);
        scene
    }

    /// What the server takes from now on.
    fn set_passwords(&self, passwords: &[&str]) {
        let mut words = vec!["ACL".to_owned(), "SETUSER".to_owned(), USER.to_owned()];
        words.push("resetpass".to_owned());
        words.extend(passwords.iter().map(|password| format!(">{password}")));
        let _: String = self.store.command_of(&words).unwrap();
    }

    /// Everybody has to sign in again.
    fn cut(&self) {
        self.store.must(&["CLIENT", "KILL", "USER", USER]);
    }

    /// What a new proof gets at each.
    async fn proofs(&self) -> [u16; 2] {
        let [first, second] = [self.holder.request(), self.holder.request()];
        [
            self.members[0].status_of(&first).await,
            self.members[1].status_of(&second).await,
        ]
    }

    async fn until_proofs_get(&self, status: u16) -> Duration {
        until("proofs get it", async || self.proofs().await == [status; 2]).await
    }

    /// Whether what one revokes is heard by the other, over connections that were made anew.
    async fn hears(&self, subject: &str) {
        let token = self.issuer.mint().subject(subject).sign();
        let revocation = Revocation::subject(self.issuer.url(), subject);
        self.members[0].fleet.revoke(revocation).await.unwrap();
        until("the other hears", async || {
            self.members[1].status(&token).await == 401
        })
        .await;
    }

    /// Until the first tells this of the store. The first error is that of the lost connection.
    async fn says(&self, what: &str) {
        until(what, async || {
            self.members[0].status_of(&self.holder.request()).await;
            let error = self.members[0].fleet.health().last_error;
            error.is_some_and(|error| error.contains(what))
        })
        .await;
    }

    async fn bearer_tokens_work(&self) {
        for member in &self.members {
            assert_eq!(member.status(&self.issuer.mint().sign()).await, 200);
        }
    }
}

/// As operators replace a file: in one step.
fn write(path: &Path, password: &str) {
    let next = path.with_extension("next");
    fs::write(&next, format!("{password}\n")).unwrap();
    fs::rename(&next, path).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_file_that_is_replaced_after_the_password() {
    let scene = Scene::start().await;
    scene.set_passwords(&[NEW]);
    // Who is signed in stays so.
    assert_eq!(scene.proofs().await, [200; 2]);
    scene.cut();
    scene.until_proofs_get(503).await;
    scene.says("WRONGPASS").await;
    scene.bearer_tokens_work().await;
    write(scene.file.path(), NEW);
    let took = scene.until_proofs_get(200).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    scene.hears("mallory").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_file_that_is_replaced_before_the_password() {
    let scene = Scene::start().await;
    write(scene.file.path(), NEW);
    assert_eq!(scene.proofs().await, [200; 2]);
    // A connection that is made now is refused.
    scene.cut();
    scene.until_proofs_get(503).await;
    scene.bearer_tokens_work().await;
    scene.set_passwords(&[NEW]);
    let took = scene.until_proofs_get(200).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    scene.hears("mallory").await;
}

/// The way that refuses nobody: for a while, the server takes both.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_replaced_in_three_steps_refuses_nobody() {
    let scene = Scene::start().await;
    scene.set_passwords(&[PASSWORD, NEW]);
    write(scene.file.path(), NEW);
    scene.set_passwords(&[NEW]);
    assert_eq!(scene.proofs().await, [200; 2]);
    scene.cut();
    // The connection that was cut may be noticed by the call that meets it.
    scene.until_proofs_get(200).await;
    scene.hears("mallory").await;
    // A file that is gone, or empty, is as a wrong password, and heals alike.
    fs::write(scene.file.path(), "").unwrap();
    scene.cut();
    scene.until_proofs_get(503).await;
    scene.says("holds no password").await;
    write(scene.file.path(), NEW);
    scene.until_proofs_get(200).await;
}
