//! A cluster of three primaries.

use std::time::{Duration, Instant};

use fleet::issuer::CountingIssuer;
use fleet::store_cluster::StoreCluster;
use fleet::store_server::{NAMESPACE, PASSWORD, USER};
use tower_jwt_auth::fleet::{FleetBuilder, Revocation};
use tower_jwt_auth::mcp::{Ownership, SessionStore as _};

use crate::support::{Holder, MAX_AGE, Member, ahead, all, unix, until};

const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

struct Scene {
    cluster: StoreCluster,
    issuer: CountingIssuer,
    holder: Holder,
    members: Vec<Member>,
}

impl Scene {
    async fn start() -> Self {
        let (cluster, issuer) = (StoreCluster::start(), CountingIssuer::start().await);
        let members = [(); 2].map(|()| member(&issuer, cluster.urls(), |fleet| fleet));
        Member::all_ready(&members).await;
        Self {
            holder: Holder::new(&issuer),
            members: members.into(),
            cluster,
            issuer,
        }
    }

    /// A process that starts now, and knows one node.
    fn new_member(&self) -> Member {
        member(&self.issuer, [self.cluster.urls()[2].clone()], |fleet| {
            fleet
        })
    }

    /// A token of a minute ago: a cut that is made later refuses it.
    fn token(&self, subject: &str) -> String {
        let token = self.issuer.mint().subject(subject);
        token.claim("iat", unix(ahead(-60))).sign()
    }

    /// Revokes at the first, and waits until the second refuses.
    async fn revokes(&self, subject: &str) {
        let token = self.token(subject);
        let revocation = Revocation::subject(self.issuer.url(), subject);
        self.members[0].fleet.revoke(revocation).await.unwrap();
        until(subject, async || {
            self.members[1].status(&token).await == 401
        })
        .await;
    }

    /// A new process has heard of all of them.
    async fn is_revoked(&self, subjects: &[&str]) {
        let new = self.new_member();
        new.verifier.wait_for_keys().await.unwrap();
        for subject in subjects {
            let token = self.token(subject);
            assert_eq!(new.status(&token).await, 401, "{subject}");
        }
        assert_eq!(new.status(&self.issuer.mint().sign()).await, 200);
    }
}

/// A process that knows these nodes of the cluster.
fn member(
    issuer: &CountingIssuer,
    urls: impl IntoIterator<Item = String>,
    change: impl FnOnce(FleetBuilder) -> FleetBuilder,
) -> Member {
    Member::with("", issuer, MAX_AGE, |fleet| {
        change(fleet.redis_cluster(urls))
    })
}

fn stream() -> String {
    format!("tja1:{NAMESPACE}:revoked")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_holds_all_that_is_shared() {
    let began = Instant::now();
    let scene = Scene::start().await;
    assert_eq!(scene.issuer.requests_since(began), 2, "one fetch");
    let [first, second] = [&scene.members[0], &scene.members[1]];
    for _ in 0..40 {
        let request = scene.holder.request();
        assert_eq!(first.status_of(&request).await, 200);
        assert_eq!(second.status_of(&request).await, 401);
    }
    for node in &scene.cluster.nodes {
        assert!(!node.names("dpop").is_empty(), "a primary has no proof");
    }
    scene.revokes("mallory").await;
    scene.is_revoked(&["mallory"]).await;

    let verified = first.verifier.verify(&scene.issuer.mint().sign()).await;
    let alice = verified.unwrap().principal().unwrap();
    let bob = scene.issuer.mint().subject("bob").sign();
    let bob = first.verifier.verify(&bob).await.unwrap();
    let bob = bob.principal().unwrap();
    let (here, there) = (first.fleet.sessions(), second.fleet.sessions());
    for id in 0..10 {
        let id = id.to_string();
        let bound = here.bind(&id, &alice, KEEP).await;
        assert_eq!(bound.unwrap(), Ownership::Owner);
        let owner = there.owner_is(&id, &alice, KEEP).await;
        assert_eq!(owner.unwrap(), Ownership::Owner);
        let other = there.owner_is(&id, &bob, KEEP).await;
        assert_eq!(other.unwrap(), Ownership::Other);
        there.end(&id, &alice).await.unwrap();
        let ended = here.owner_is(&id, &alice, KEEP).await;
        assert_eq!(ended.unwrap(), Ownership::Unknown);
    }
}

/// What each primary evicts is F46.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_as_full_as_its_fullest_primary() {
    let scene = Scene::start().await;
    for (node, limit) in ["1gb", "100mb", "1gb"].into_iter().enumerate() {
        scene.cluster.nodes[node].must(&["CONFIG", "SET", "maxmemory", limit]);
    }
    let used = scene.cluster.nodes[1].info("used_memory").unwrap();
    let expected = used.parse::<f64>().unwrap() / f64::from(100 * 1024 * 1024);
    let new = scene.new_member();
    assert_eq!(new.status_of(&scene.holder.request()).await, 200);
    let mut fullness = None;
    until("it has looked", async || {
        fullness = new.fleet.health().fullness;
        fullness.is_some()
    })
    .await;
    let fullness = fullness.unwrap();
    assert!(fullness > expected / 2.0, "{fullness} {expected}");
    assert!(fullness < expected * 2.0, "{fullness} {expected}");
}

/// A slot is elsewhere now, and nobody has told the processes.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_slots_have_moved() {
    let scene = Scene::start().await;
    let [first, second] = [&scene.members[0], &scene.members[1]];
    scene.revokes("before").await;
    let request = scene.holder.request();
    assert_eq!(first.status_of(&request).await, 200);
    let verified = first.verifier.verify(&scene.issuer.mint().sign()).await;
    let alice = verified.unwrap().principal().unwrap();
    let sessions = first.fleet.sessions();
    sessions.bind("one", &alice, KEEP).await.unwrap();
    for kind in ["revoked", "dpop", "session", "keys"] {
        for name in scene.cluster.names(kind) {
            scene.cluster.begin_to_move(&name).end();
        }
    }
    // Nothing is lost, and nothing is refused: what was not executed is sent to the new primary.
    assert_eq!(second.status_of(&request).await, 401);
    assert_eq!(second.status_of(&scene.holder.request()).await, 200);
    let there = second.fleet.sessions();
    let owner = there.owner_is("one", &alice, KEEP).await;
    assert_eq!(owner.unwrap(), Ownership::Owner);
    scene.revokes("after").await;
    let began = Instant::now();
    scene.is_revoked(&["before", "after"]).await;
    assert_eq!(scene.issuer.requests_since(began), 0, "the set is there");
    for member in &scene.members {
        let health = member.fleet.health();
        assert!(health.reachable, "{health:?}");
    }
}

/// A slot is on its way: what is in it is at the new primary, which must be asked in a way of its
/// own, and the old one knows of nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_slots_are_on_their_way() {
    let scene = Scene::start().await;
    let [first, second] = [&scene.members[0], &scene.members[1]];
    scene.revokes("before").await;
    let request = scene.holder.request();
    assert_eq!(first.status_of(&request).await, 200);
    let verified = first.verifier.verify(&scene.issuer.mint().sign()).await;
    let alice = verified.unwrap().principal().unwrap();
    let (here, there) = (first.fleet.sessions(), second.fleet.sessions());
    here.bind("one", &alice, KEEP).await.unwrap();
    let names = ["revoked", "dpop", "session", "keys"].map(|kind| scene.cluster.names(kind));
    let names = names.into_iter().flatten();
    let names: Vec<_> = names.collect();
    let moving: Vec<_> = names
        .iter()
        .map(|name| scene.cluster.begin_to_move(name))
        .collect();

    assert_eq!(second.status_of(&request).await, 401, "it was used");
    let owner = there.owner_is("one", &alice, KEEP).await;
    assert_eq!(owner.unwrap(), Ownership::Owner);
    scene.revokes("meanwhile").await;
    let began = Instant::now();
    scene.is_revoked(&["before", "meanwhile"]).await;
    assert_eq!(scene.issuer.requests_since(began), 0, "the set is there");
    there.end("one", &alice).await.unwrap();
    let ended = here.owner_is("one", &alice, KEEP).await;
    assert_eq!(ended.unwrap(), Ownership::Unknown);

    for slot in moving {
        slot.end();
    }
    assert_eq!(second.status_of(&request).await, 401, "it was used");
    scene.revokes("after").await;
    scene.is_revoked(&["before", "meanwhile", "after"]).await;
    assert_eq!(scene.cluster.names("revoked"), [stream()]);
}

/// A primary dies with the list of revocations, and its replica takes over.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_in_which_a_replica_takes_over() {
    let mut scene = Scene::start().await;
    scene.revokes("before").await;
    let holds = |node: &fleet::store_server::StoreServer| !node.names("revoked").is_empty();
    let primary = scene.cluster.nodes.iter().position(holds).unwrap();
    let replica = scene.cluster.replica(primary);
    until("it has the list", async || holds(&replica)).await;
    let tokens = ["before", "after"].map(|of| scene.token(of));
    scene.cluster.nodes[primary].kill();
    assert_eq!(all(&scene.members, &tokens[0]).await, [401; 2]);
    assert_eq!(all(&scene.members, &tokens[1]).await, [200; 2]);
    replica.must(&["CLUSTER", "FAILOVER", "TAKEOVER"]);
    until("it can be revoked", async || {
        let revocation = Revocation::subject(scene.issuer.url(), "after");
        scene.members[0].fleet.revoke(revocation).await.is_ok()
    })
    .await;
    until("both hear", async || {
        all(&scene.members, &tokens[1]).await == [401; 2]
    })
    .await;
    for _ in 0..20 {
        until("a proof works", async || {
            scene.members[1].status_of(&scene.holder.request()).await == 200
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_password_is_replaced() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), PASSWORD).unwrap();
    let mut scene = Scene::start().await;
    let urls = scene.cluster.nodes.each_ref();
    let urls = urls.map(|node| format!("redis://{USER}@{}/", node.address()));
    let new = || {
        member(&scene.issuer, urls.clone(), |fleet| {
            fleet.password_file(file.path())
        })
    };
    scene.members = vec![new(), new()];
    Member::all_ready(&scene.members).await;
    scene.revokes("before").await;
    let proof = async || scene.members[0].status_of(&scene.holder.request()).await;
    assert_eq!(proof().await, 200);
    scene
        .cluster
        .must(&["ACL", "SETUSER", USER, "resetpass", ">another"]);
    scene.cluster.must(&["CLIENT", "KILL", "USER", USER]);
    until("proofs are refused", async || proof().await == 503).await;
    assert_eq!(
        all(&scene.members, &scene.issuer.mint().sign()).await,
        [200; 2]
    );
    std::fs::write(file.path(), "another").unwrap();
    let took = until("proofs work", async || {
        // In all slots.
        let mut statuses = Vec::new();
        for _ in 0..10 {
            statuses.push(proof().await);
        }
        statuses == [200; 10]
    })
    .await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    scene.revokes("after").await;
}
