//! What to do. For a rejected token, the guide says it.

const PAGE: &str = include_str!("../../src/guide/troubleshooting.rs");

/// The last cell of the row for `code` in `guide::troubleshooting`, unless it sends the reader to
/// the log.
pub(crate) fn for_code(code: &str) -> Option<&'static str> {
    let other = HERE.iter().find(|(here, _)| *here == code);
    if let Some((_, advice)) = other {
        return Some(advice);
    }
    let anchor = format!("<a id=\"{code}\">");
    let row = PAGE.lines().find(|line| line.contains(&anchor))?;
    row.trim_end()
        .trim_end_matches('|')
        .rsplit('|')
        .next()
        .map(str::trim)
}

/// For a name that is set otherwise than it comes, by a slash alone.
pub(crate) fn for_other_name(setting: &str, theirs: &str, ours: &str) -> Option<String> {
    (theirs.trim_end_matches('/') == ours.trim_end_matches('/'))
        .then(|| format!("Set `{setting}` to {theirs:?}: only the slash at the end differs"))
}

/// For an issuer that could not be asked about a token.
pub(crate) fn for_introspection(error: &str) -> Option<&'static str> {
    let fits = |(signs, _): &&(&[&str], &str)| signs.iter().any(|sign| error.contains(sign));
    let known = INTROSPECTIONS.iter().find(fits);
    known.map(|(_, advice)| *advice).or(for_fetch(error))
}

/// For keys that could not be fetched, by what the error says. The first that fits counts: several
/// documents may be missing for one reason.
pub(crate) fn for_fetch(error: &str) -> Option<&'static str> {
    let fits = |(signs, _): &&(&[&str], &str)| signs.iter().any(|sign| error.contains(sign));
    FETCHES.iter().find(fits).map(|(_, advice)| *advice)
}

/// The cause is in the lines before.
const HERE: [(&str, &str); 3] = [
    (
        "dpop_url_mismatch",
        "Compare the URLs above. Behind a proxy that removes a part of the path, set \
         `dpop.public_url`",
    ),
    (
        "introspection_unavailable",
        "What is wrong with the introspection endpoint stands above",
    ),
    (
        "temporarily_unavailable",
        "What is wrong with the keys stands above",
    ),
];

const INTROSPECTIONS: &[(&[&str], &str)] = &[
    (
        &["introspection_endpoint", "names no endpoint"],
        "Set `introspection.endpoint`",
    ),
    (
        &["answered 400", "answered 401", "answered 403"],
        "The endpoint refuses this server: compare `introspection.client_id`, its secret and \
         `introspection.auth` with its set-up there",
    ),
    (
        &["answered 404"],
        "There is no introspection at this URL: set `introspection.endpoint`",
    ),
];

const FETCHES: &[(&[&str], &str)] = &[
    (
        &["speaks for issuer"],
        "Set `issuer` to the issuer that the document names, byte for byte: a slash at the end \
         counts",
    ),
    (
        &["certificate", "UnknownIssuer"],
        "The certificate of the issuer is not from an authority that this machine knows, or not \
         for this name: set `ca_file` for a private authority",
    ),
    (
        &["no key can be used", "the list of keys is empty"],
        "The issuer publishes no key that can verify a token: is this its key set, and does it \
         sign with an algorithm that is listed?",
    ),
    (
        &["no usable key set", "is no issuer metadata"],
        "Something else answers at this URL: open it in a browser",
    ),
    (
        &[
            "Connection refused",
            "dns error",
            "has not answered",
            "timed out",
            "unreachable",
        ],
        "This machine does not reach the issuer: is it up, is the name right, is a proxy or a \
         firewall in between?",
    ),
    (
        &["answered 401", "answered 403"],
        "The issuer wants to know who asks: set `bearer_token_file` or \
         `client_certificate_file`",
    ),
    (
        &["answered 404", "names no jwks_uri"],
        "No metadata names the keys: is `issuer` right, without the path of a document? If the \
         issuer publishes no metadata, set `jwks_uri`",
    ),
    (
        &["answered 429", "answered 5"],
        "The issuer is busy or broken: try again later",
    ),
];
