//! How each measuring process starts.

use std::time::Duration;

use http::StatusCode;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::drive::{App, request};
use crate::issuer::Issuer;
use crate::peers::{Crypto, Peer, all};
use crate::token;

/// The crypto back end of jsonwebtoken, which the program chooses. A process can install one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    AwsLc,
    RustCrypto,
}

impl Backend {
    pub const ALL: [Self; 2] = [Self::AwsLc, Self::RustCrypto];

    pub const fn name(self) -> &'static str {
        match self {
            Self::AwsLc => "aws_lc_rs",
            Self::RustCrypto => "rust_crypto",
        }
    }

    /// Reads the back end from the first argument and installs it.
    pub fn of_process() -> Self {
        let name = std::env::args().nth(1).expect("the name of a back end");
        let found = Self::ALL.into_iter().find(|backend| backend.name() == name);
        let backend = found.expect("a known back end");
        backend.install();
        backend
    }

    /// Installs it in both versions of jsonwebtoken, where a second installation is an error.
    fn install(self) {
        use {jsonwebtoken::crypto as eleven, jsonwebtoken10::crypto as ten};
        let done = match self {
            Self::AwsLc => {
                eleven::aws_lc::DEFAULT_PROVIDER.install_default().is_ok()
                    && ten::aws_lc::DEFAULT_PROVIDER.install_default().is_ok()
            }
            Self::RustCrypto => {
                eleven::rust_crypto::DEFAULT_PROVIDER
                    .install_default()
                    .is_ok()
                    && ten::rust_crypto::DEFAULT_PROVIDER.install_default().is_ok()
            }
        };
        assert!(done, "a back end can be installed once");
    }

    /// All peers, or only those that get another row with this back end.
    pub fn peers(self) -> Vec<Peer> {
        let mut peers = all();
        if self == Self::RustCrypto {
            peers.retain(|peer| matches!(peer.crypto, Crypto::Chosen(_)));
        }
        peers
    }
}

/// A runtime with one worker for background tasks; requests run on the calling thread.
pub fn runtime() -> Runtime {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    runtime.expect("a runtime")
}

/// Starts a peer, waits for its keys, and checks that it accepts a good token and refuses a bad
/// one, so that no misconfigured peer is measured.
pub fn start(peer: &Peer, issuer: &Issuer) -> App {
    let app = Handle::current().block_on((peer.start)(issuer));
    let good = token::good(issuer, 0);
    let mut status = StatusCode::IM_A_TEAPOT;
    for _ in 0..200 {
        status = (app.call)(request(&good.line));
        if status == StatusCode::OK {
            break;
        }
        // This peer loads its keys in the background.
        Handle::current().block_on(tokio::time::sleep(Duration::from_millis(10)));
    }
    assert_eq!(status, StatusCode::OK, "{} refuses a good token", peer.name);
    let expired = (app.call)(request(&token::expired(issuer, 0).line));
    assert!(
        expired.is_client_error(),
        "{}: {expired} for an expired token",
        peer.name
    );
    let (signed, _) = good.text.rsplit_once('.').expect("a compact JWS");
    let other = token::good(issuer, 1).text;
    let (_, signature) = other.rsplit_once('.').expect("a compact JWS");
    let forged = format!("Bearer {signed}.{signature}")
        .parse()
        .expect("visible text");
    let forged = (app.call)(request(&forged));
    assert!(
        !forged.is_success(),
        "{}: {forged} for a forged token",
        peer.name
    );
    app
}
