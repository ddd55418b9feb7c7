//! Three processes, a store and an issuer: what is shared, and what happens while the store is
//! down.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::issuer::CountingIssuer;
use crate::load::{Load, client, status};
use crate::replica::{Replica, Settings};
use crate::store_server::StoreServer;

/// Tells the story on standard output. Whether no good token was refused, and all else was as
/// promised.
pub async fn run() -> bool {
    let mut scene = Scene::start().await;
    let addresses: Vec<_> = scene.replicas.iter().map(|of| of.address).collect();
    let load = Load::start(&scene.issuer, &addresses);
    scene.rotate("while the store is up").await;
    scene.revoke().await;
    scene.kill_the_store().await;
    scene.bring_it_back().await;
    let answers = load.stop().await;
    let bearer = answers.iter().filter(|answer| !answer.is_proof);
    let refused = bearer.clone().filter(|answer| answer.status != 200).count();
    println!("{} good bearer tokens were sent meanwhile", bearer.count());
    println!("{refused} good tokens refused");
    refused == 0 && scene.is_good
}

struct Scene {
    issuer: CountingIssuer,
    store: StoreServer,
    settings: Settings,
    replicas: Vec<Replica>,
    client: reqwest::Client,
    /// A token of the user who is revoked.
    of_mallory: String,
    is_good: bool,
}

impl Scene {
    async fn start() -> Self {
        let (issuer, store) = (CountingIssuer::start().await, StoreServer::start());
        let settings = Settings {
            issuer: issuer.url(),
            store: Some(store.url()),
            max_age: Duration::from_secs(600),
            cooldown: Duration::from_secs(2),
        };
        let began = Instant::now();
        let mut replicas = Vec::new();
        for _ in 0..3 {
            replicas.push(Replica::start(&settings).await);
        }
        for replica in &mut replicas {
            replica.is_ready().await;
        }
        let requests = issuer.requests_since(began);
        println!("three processes have keys after {requests} requests to the issuer");
        Self {
            of_mallory: issuer.mint().subject("mallory").sign(),
            client: client(),
            is_good: true,
            issuer,
            store,
            settings,
            replicas,
        }
    }

    async fn rotate(&mut self, when: &str) {
        let began = Instant::now();
        let old = self.issuer.keys().signing_key().kid().to_owned();
        // As issuers do: the old key stays for the tokens that it has signed.
        let kid = self.issuer.keys().publish_next();
        self.issuer.keys().sign_with(&kid);
        let token = self.issuer.mint().sign();
        let mut statuses = Vec::new();
        for replica in &self.replicas {
            let request = self.client.get(replica.url()).bearer_auth(&token);
            statuses.push(status(request).await);
        }
        let requests = self.issuer.requests_since(began);
        println!(
            "{when}, the issuer signs with {kid} after {old}: the processes answer {statuses:?} after {requests} requests to it"
        );
        self.expect(statuses.iter().all(|status| *status == 200));
    }

    async fn revoke(&mut self) {
        let before = self.judge_mallory().await;
        let answer = match self.replicas.first_mut() {
            Some(first) => first.revoke("mallory").await,
            None => String::new(),
        };
        let since = Instant::now();
        while self.judge_mallory().await != [401; 3] && since.elapsed() < Duration::from_secs(5) {
            sleep(Duration::from_millis(5)).await;
        }
        let after = self.judge_mallory().await;
        let took = since.elapsed().as_millis();
        println!(
            "the first process revokes mallory ({answer}): before {before:?}, {took} ms later {after:?}"
        );
        self.expect(before == [200; 3] && after == [401; 3]);
    }

    async fn kill_the_store(&mut self) {
        self.store.kill();
        println!("the store is killed");
        sleep(Duration::from_secs(2)).await;
        self.rotate("while the store is down").await;
        let mallory = self.judge_mallory().await;
        println!("while the store is down, mallory gets {mallory:?}");
        self.expect(mallory == [401; 3]);
        sleep(Duration::from_secs(2)).await;
    }

    async fn bring_it_back(&mut self) {
        self.store.restart();
        println!("the store is back, and empty");
        let since = Instant::now();
        let stream = format!("tja1:{}:revoked", crate::store_server::NAMESPACE);
        let length = || self.store.command::<u64>(&["XLEN", &stream]).unwrap_or(0);
        while length() == 0 && since.elapsed() < Duration::from_secs(15) {
            sleep(Duration::from_millis(20)).await;
        }
        let took = since.elapsed().as_millis();
        println!("after {took} ms the processes have put the revocation there again");
        let began = Instant::now();
        let mut fourth = Replica::start(&self.settings).await;
        fourth.is_ready().await;
        let request = self.client.get(fourth.url()).bearer_auth(&self.of_mallory);
        let mallory = status(request).await;
        let request = self.client.get(fourth.url());
        let good = status(request.bearer_auth(self.issuer.mint().sign())).await;
        let requests = self.issuer.requests_since(began);
        println!(
            "a fourth process starts: mallory gets {mallory}, others {good}, after {requests} requests to the issuer"
        );
        self.expect(mallory == 401 && good == 200);
    }

    /// What each process answers to the token of mallory.
    async fn judge_mallory(&self) -> Vec<u16> {
        let mut statuses = Vec::new();
        for replica in &self.replicas {
            let request = self.client.get(replica.url());
            statuses.push(status(request.bearer_auth(&self.of_mallory)).await);
        }
        statuses
    }

    fn expect(&mut self, is_so: bool) {
        if !is_so {
            println!("  this is not as promised");
            self.is_good = false;
        }
    }
}
