//! A cluster of one's own: three primaries on one machine, each with a third of the slots.

use crate::store_server::{PASSWORD, StoreServer, USER, free_port, url_at, wait_until};

/// The primaries. They are killed when this is dropped.
#[derive(Debug)]
pub struct StoreCluster {
    pub nodes: [StoreServer; 3],
}

/// The first slot of each, and the one after the last.
const BOUNDS: [u16; 4] = [0, 5_461, 10_923, 16_384];

impl StoreCluster {
    pub fn start() -> Self {
        Self::of([(); 3].map(|()| node(&[])))
    }

    /// The same with TLS, also between the nodes. The settings name the files.
    pub fn start_with_tls(settings: &[String]) -> Self {
        Self::of([(); 3].map(|()| {
            let port = format!("tls-port {}", free_port());
            let settings = settings.iter().map(String::as_str);
            let more = settings.chain([port.as_str(), "tls-cluster yes"]);
            node(&more.collect::<Vec<_>>())
        }))
    }

    fn of(nodes: [StoreServer; 3]) -> Self {
        for (number, node) in nodes.iter().enumerate() {
            let (first, last) = (BOUNDS[number], BOUNDS[number + 1] - 1);
            let (first, last) = (first.to_string(), last.to_string());
            node.must(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
            let epoch = (number + 1).to_string();
            node.must(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]);
        }
        let cluster = Self { nodes };
        for node in &cluster.nodes[1..] {
            cluster.meet(node);
        }
        cluster.wait_until_it_works(3);
        cluster
    }

    /// A replica of a primary, once it has all of that.
    pub fn replica(&self, of: usize) -> StoreServer {
        let replica = node(&[]);
        self.meet(&replica);
        self.wait_until_it_works(4);
        let primary = id(&self.nodes[of]);
        wait_until("it knows the primary", || {
            let replicate = ["CLUSTER", "REPLICATE", &primary];
            replica.command::<String>(&replicate).is_ok()
        });
        // It takes over the slots that it has heard of.
        wait_until("the replica follows", || {
            works(&replica, 4) && replica.info("master_link_status").as_deref() == Some("up")
        });
        replica
    }

    fn meet(&self, node: &StoreServer) {
        let (host, plain) = host_and_port(node);
        let port = match setting(node, "tls-port") {
            port if port == "0" => plain,
            port => port,
        };
        let bus = setting(node, "cluster-port");
        self.nodes[0].must(&["CLUSTER", "MEET", &host, &port, &bus]);
    }

    fn wait_until_it_works(&self, nodes: usize) {
        wait_until("the cluster works", || {
            self.nodes.iter().all(|node| works(node, nodes))
        });
    }

    /// The URLs of the primaries, with the user that may do no more than it needs.
    pub fn urls(&self) -> [String; 3] {
        self.nodes.each_ref().map(|node| url_at(node.address()))
    }

    /// The same over TLS.
    pub fn tls_urls(&self) -> [String; 3] {
        let port = |node| setting(node, "tls-port");
        let nodes = self.nodes.each_ref();
        nodes.map(|node| format!("rediss://{USER}:{PASSWORD}@127.0.0.1:{}/", port(node)))
    }

    /// A command of the operator at all of them.
    pub fn must(&self, words: &[&str]) {
        for node in &self.nodes {
            node.must(words);
        }
    }

    /// All names of the namespace that begin so.
    pub fn names(&self, kind: &str) -> Vec<String> {
        let names = self.nodes.iter().map(|node| node.names(kind));
        names.flatten().collect()
    }

    /// Begins to move the slot of `name` to the next primary: what is in it is there, and who asks
    /// for it is told so with `ASK`.
    pub fn begin_to_move(&self, name: &str) -> Move<'_> {
        let slot: u16 = self.nodes[0]
            .command(&["CLUSTER", "KEYSLOT", name])
            .expect("a slot");
        let from = BOUNDS.iter().rposition(|first| *first <= slot);
        let from = from.unwrap_or_default();
        let moving = Move {
            cluster: self,
            slot: slot.to_string(),
            from,
            to: (from + 1) % 3,
        };
        moving.set(moving.to, &["IMPORTING", &id(&self.nodes[from])]);
        moving.set(moving.from, &["MIGRATING", &id(&self.nodes[moving.to])]);
        moving.take_along();
        moving
    }
}

/// A slot on its way.
#[derive(Debug)]
pub struct Move<'a> {
    cluster: &'a StoreCluster,
    slot: String,
    pub from: usize,
    pub to: usize,
}

impl Move<'_> {
    fn set(&self, node: usize, words: &[&str]) {
        let mut all = vec!["CLUSTER", "SETSLOT", &self.slot];
        all.extend(words);
        self.cluster.nodes[node].must(&all);
    }

    fn take_along(&self) {
        let from = &self.cluster.nodes[self.from];
        let names = ["CLUSTER", "GETKEYSINSLOT", &self.slot, "1000"];
        let names: Vec<String> = from.command(&names).expect("names");
        if names.is_empty() {
            return;
        }
        let (host, port) = host_and_port(&self.cluster.nodes[self.to]);
        let mut words = vec!["MIGRATE", &host, &port, "", "0", "5000", "KEYS"];
        words.extend(names.iter().map(String::as_str));
        from.must(&words);
    }

    /// From now on whoever asks the old primary is told `MOVED`.
    pub fn end(self) {
        self.take_along();
        let new = id(&self.cluster.nodes[self.to]);
        for node in [self.to, self.from, (self.to + 1) % 3] {
            self.set(node, &["NODE", &new]);
        }
    }
}

fn node(settings: &[&str]) -> StoreServer {
    let bus = format!("cluster-port {}", free_port());
    let common = ["cluster-enabled yes", "cluster-node-timeout 3000", &bus];
    let node = StoreServer::start_with(&[settings, &common].concat());
    // What the guide adds for a cluster.
    let more = ["+asking", "+cluster|slots", "+cluster|shards"];
    let mut words = vec!["ACL", "SETUSER", USER];
    words.extend(more);
    node.must(&words);
    node
}

/// Whether it knows who has each slot, and so many nodes.
fn works(node: &StoreServer, nodes: usize) -> bool {
    let info: String = node.command(&["CLUSTER", "INFO"]).unwrap_or_default();
    let known = format!("cluster_known_nodes:{nodes}\r\n");
    info.contains("cluster_state:ok") && info.contains(&known)
}

fn setting(node: &StoreServer, name: &str) -> String {
    let answer: Vec<String> = node.command(&["CONFIG", "GET", name]).unwrap_or_default();
    answer.last().cloned().unwrap_or_else(|| "0".to_owned())
}

fn id(node: &StoreServer) -> String {
    node.command(&["CLUSTER", "MYID"]).expect("an id")
}

fn host_and_port(node: &StoreServer) -> (String, String) {
    let address = node.address();
    (address.ip().to_string(), address.port().to_string())
}
