/// How a token is read before its issuer is known. The same for all issuers of a server.
#[derive(Clone, Debug)]
pub(crate) struct ReadOptions {
    /// The largest token that is read.
    pub(crate) max_token_bytes: usize,
    /// The names of claims that hold scopes for at least one issuer, besides `scope` and `scp`.
    pub(crate) scope_claims: Vec<String>,
}
