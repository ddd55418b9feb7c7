//! The auto traits of every public type: threads, tasks and callers that catch panics rely on them,
//! and a private field can take one away without any change of a signature.
//!
//! A public type that is new goes into the strongest group that it fits. The test is that this file
//! compiles: the compiler names the type and the trait that it has lost.

use std::convert::Infallible;
use std::future::Ready;
use std::panic::{RefUnwindSafe, UnwindSafe};

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tower_jwt_auth::config::*;
use tower_jwt_auth::error::*;
#[cfg(feature = "redis")]
use tower_jwt_auth::fleet::*;
use tower_jwt_auth::introspection::*;
use tower_jwt_auth::keys::*;
use tower_jwt_auth::mcp::*;
use tower_jwt_auth::proof::*;
use tower_jwt_auth::service::*;
use tower_jwt_auth::test_util::internal::JwsError;
use tower_jwt_auth::test_util::{
    FakeClock, Fault, ProofBuilder, TestClient, TestIntrospection, TestIssuer, TestKey,
    TokenBuilder,
};
use tower_jwt_auth::*;

use crate::support::Counting;

type Body = Full<Bytes>;
type Answering = Ready<Result<Response<Body>, Infallible>>;

/// `each!(shared: A, B)` demands of each type what `shared` demands.
macro_rules! each {
    ($group:ident: $($type:ty),* $(,)?) => { $($group::<$type>();)* };
}

/// Settings, errors and reports: plain values, which outlive a panic too.
fn value<T: Clone + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static>() {}

/// Layers, services and handles: cloned for each connection, and shared.
fn shared<T: Clone + Send + Sync + Unpin + 'static>() {}

/// One for each answer or test: moved, and looked at from several threads.
fn single<T: Send + Sync + Unpin + 'static>() {}

/// Futures: moved between threads, and polled by one.
fn sent<T: Send + Unpin + 'static>() {}

#[test]
fn auto_traits_of_every_public_type() {
    each!(value:
        AddressPolicy, Algorithm, CacheValidators, CertificateFormat, Claims<()>,
        ClientCertificate, ConfigError, Confirmation, ExchangeLimits, FetchRequest<'static>,
        Fetched, InitialJwks, IntrospectedTokens, IntrospectionHealth, Jwk, JwkSet, JwksCache,
        JwtResponse, Mtls, NonceMode, PeerAddress, ProofId, RejectionContext<'static>,
        SecretError, SecretFileError, StaticKeyError, TokenSource, TrustedPeersError,
        KeySetError, KeySnapshot, Ownership, Principal, CheckError, RejectionKind, SkipReason,
        SkippedKey, StreamExpiry, TokenError, TokenErrorKind, UrlError, Fault, JwsError,
    );
    each!(shared:
        AuthInfo, ClientAuth, Dpop, DrainRefused<Counting>, DrainRefusedLayer, FetchError, Introspection,
        Introspections, Issuer, IssuerHealth, JwtAuth<Counting>, JwtAuthConfig, ProofBuilder,
        RequireBound<Counting>, RequireBoundLayer, TestClient, UnsupportedAlgorithm,
        JwtAuthConfigBuilder, JwtAuthLayer, JwtVerifier, KeysHealth, McpScopes<Counting>, McpScopesLayer,
        MemorySessions, MetadataRoutes, Rejection, RequireScopes<Counting>, RequireScopesLayer, ResourceMetadata,
        SessionBinding<Counting>, SessionBindingLayer, FakeClock, TokenBuilder,
    );
    each!(single:
        Box<dyn HttpTransport>, Box<dyn Introspector>, Box<dyn KeySource>, Box<dyn ReplayStore>,
        Box<dyn SessionStore>, ClaimsError, IntrospectionAnswer, ReplayStoreError, TestIntrospection,
        GuardedBody<Body>,
        SessionStoreError, TestIssuer, TestKey,
    );
    each!(sent:
        Call<Counting, http::Request<Body>>, DrainRefusedFuture<Answering, Body>, FetchFuture<'static>, Guarded<Answering>,
        IntrospectionFuture<'static>, ReplayFuture<'static>, ResponseFuture<Counting, Body>,
        SessionBindingFuture<Body, Infallible>, SessionFuture<'static, ()>,
        TransportFuture<'static>,
    );
}

#[cfg(feature = "redis")]
#[test]
fn auto_traits_of_every_public_type_of_a_fleet() {
    each!(value: FleetBuilder, FleetHealth, Revocation, RevokeError, Revoked, StoreFault);
    each!(shared: BackChannelLogout, Fleet);
    /// The types of these stores have no name.
    fn stores(fleet: &Fleet) -> (impl ReplayStore + use<>, impl SessionStore + use<>) {
        fn is_shared<T: Clone + Send + Sync + Unpin + 'static>(store: T) -> T {
            store
        }
        (is_shared(fleet.replays()), is_shared(fleet.sessions()))
    }
    let _ = stores;
}
