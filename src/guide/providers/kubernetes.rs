//! Kubernetes: service account tokens as the credentials of other pods.
//!
//! On their side:
//!
//! - The calling pod mounts a projected volume `serviceAccountToken` with
//!   `audience: https://mcp.example.com/mcp`, and sends the token that it finds there. The kubelet
//!   replaces the file before the token expires.
//! - Your pod needs the role `system:service-account-issuer-discovery` to read the keys. All
//!   service accounts have it by default.
//! - The issuer is what `kubectl get --raw /.well-known/openid-configuration` names.
//!
//! ```json
//! {
//!   "issuer": "https://kubernetes.default.svc.cluster.local",
//!   "jwks_uri": "https://kubernetes.default.svc/openid/v1/jwks",
//!   "audience": "https://mcp.example.com/mcp",
//!   "ca_file": "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
//!   "bearer_token_file": "/var/run/secrets/kubernetes.io/serviceaccount/token"
//! }
//! ```
//!
//! **The pitfall:** the API server shows its keys only to callers that it knows, and its
//! certificate is from the cluster's own CA. Hence the two files, which Kubernetes mounts into
//! every pod and replaces: without them every request gets 503. The metadata names the API server
//! by an address that a pod may not reach, hence `jwks_uri`. Managed clusters (EKS, GKE, AKS) have
//! a public issuer, which needs none of the three.
//!
//! **The pitfall in `aud`:** the tokens that pods get by default are for the API server, with its
//! URL as `aud`. Never list that: every pod could call, and your server could use their tokens at
//! the API server.
//!
//! - No `resource`: no user signs in here, so clients have nothing to find in the metadata. If
//!   users call as well, make this an entry of `issuers` with `"advertise": false`.
//! - `sub` is `system:serviceaccount:NAMESPACE:NAME`. There is no client id and there are no
//!   scopes: decide by `sub`, in a [`check`](crate::config::JwtAuthConfigBuilder::check).
//! - A token stays valid here until `exp` when its pod is gone. Request short ones: the least is
//!   ten minutes.
//! - DPoP: there is none (November 2026). A token is bound to its pod, which only the API server
//!   can check, and to no key.
