//! `mtls`: where the certificate of a client comes from, and tokens that must be bound.

use super::*;
use crate::config::Issuer;
use crate::proof::mtls::CertificateSource;
use crate::proof::{CertificateFormat, Mtls};

fn mtls(header: Value) -> Value {
    json!({"mtls": {"header": header}})
}

fn header(changes: Value) -> Value {
    let mut header =
        json!({"name": "client-cert", "format": "rfc9440", "trusted_peers": ["10.0.0.0/8"]});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(header.as_object_mut().unwrap().remove(name)),
            value => header[name] = value.clone(),
        }
    }
    mtls(header)
}

#[test]
fn pop_c24_what_is_refused_of_mtls() {
    accepts(header(json!({})));
    let peers = "mtls.header.trusted_peers is missing or empty: list the networks from which the proxy connects, such as \
                 \"10.0.0.0/8\", or \"unix\"; anybody else could write the header";
    refuses([
        (header(json!({"trusted_peers": null})), peers),
        (
            header(json!({"trusted_peers": []})),
            "mtls.header.trusted_peers is missing or empty: list the networks from which the proxy connects",
        ),
        (
            header(json!({"danger_trust_any_peer": true})),
            "mtls.header.trusted_peers and mtls.header.danger_trust_any_peer are both set: keep one of them",
        ),
        (
            header(json!({"format": "pem"})),
            "mtls.header.format is \"pem\", which is not known: use rfc9440, xfcc, pem_escaped, pem_escaped_chain, \
             der_base64 or sha256_hex",
        ),
        (
            header(json!({"format": null})),
            "mtls.header: missing field `format`",
        ),
        (
            header(json!({"name": null})),
            "mtls.header: missing field `name`",
        ),
        (
            header(json!({"name": "authorization"})),
            "mtls.header.name is \"authorization\", which cannot carry a certificate: set the name of the header that \
             the proxy writes, such as \"client-cert\"",
        ),
        (
            json!({"mtls": {"headers": {}}}),
            "mtls: unknown field `headers`: did you mean `header`?",
        ),
        (
            json!({"mtls": {"header": "x"}}),
            "mtls.header: invalid type: string, expected an object",
        ),
    ]);
    for name in [
        "Authorization",
        "DPoP",
        "cookie",
        "Host",
        "",
        "client cert",
        "client-cert:",
    ] {
        let error = refused(header(json!({"name": name})));
        assert!(
            error.starts_with(&format!("mtls.header.name is {name:?}, ")),
            "{error}"
        );
    }
    for (peer, want, good) in [
        (
            "10.0.0.0/33",
            "has a prefix that is longer than the address",
            "10.0.0.0/32",
        ),
        ("10.0.0.1/8", "has bits set after its prefix", "10.0.0.1"),
        ("0.0.0.0/0", "is every address", "128.0.0.0/1"),
        ("::/0", "is every address", "::1/128"),
        ("proxy.example", "is no network", "unix"),
    ] {
        let error = refused(header(json!({"trusted_peers": ["192.0.2.0/24", peer]})));
        let want = format!("mtls.header.trusted_peers: {peer:?} {want}");
        assert!(error.starts_with(&want), "{error}");
        accepts(header(json!({"trusted_peers": ["192.0.2.0/24", good]})));
    }
    for name in ["Client-Cert", "x-forwarded-client-cert", "ssl-client-cert"] {
        accepts(header(json!({"name": name})));
    }
    accepts(header(
        json!({"trusted_peers": null, "danger_trust_any_peer": true}),
    ));
    accepts(header(
        json!({"trusted_peers": null, "dangerTrustAnyPeer": "true"}),
    ));
}

#[test]
fn pop_c24_file_and_builder_agree() {
    let with_mtls = |mtls: Mtls| {
        let builder = JwtAuthConfig::builder();
        let builder = builder.issuer("https://i.example").audience("a");
        effect(&builder.mtls(mtls)).unwrap()
    };
    for format in [
        CertificateFormat::DerBase64,
        CertificateFormat::PemEscaped,
        CertificateFormat::PemEscapedChain,
        CertificateFormat::Rfc9440,
        CertificateFormat::Sha256Hex,
        CertificateFormat::Xfcc,
    ] {
        let name = format.name();
        let peers = ["10.0.0.0/8", "unix"];
        let of_file = effect_with(header(json!({"format": name, "trusted_peers": peers})));
        assert_eq!(
            with_mtls(Mtls::from_header("Client-Cert", format, peers)),
            of_file
        );
        let any = json!({"format": name, "trusted_peers": null, "danger_trust_any_peer": true});
        let of_code = with_mtls(Mtls::danger_trust_any_peer("client-cert", format));
        assert_eq!(effect_with(header(any)), of_code, "{name}");
        assert_ne!(of_code, of_file);
    }
    let of_code = with_mtls(Mtls::from_tls());
    for of_file in [json!({}), json!(true), json!({"header": null})] {
        let builder = read_with(json!({"mtls": of_file}));
        assert!(matches!(
            proofs_of(&builder).mtls,
            Some(CertificateSource::Extension)
        ));
        assert_eq!(effect(&builder).unwrap(), of_code);
    }
    assert!(proofs_of(&read_with(json!({"mtls": false}))).mtls.is_none());
    let empty: [&str; 0] = [];
    let refused = builder().mtls(Mtls::from_header(
        "client-cert",
        CertificateFormat::Xfcc,
        empty,
    ));
    assert_eq!(
        refused.build().unwrap_err(),
        ConfigError::TrustedPeersMissing
    );
}

/// Of each issuer.
fn bound(config: &JwtAuthConfig) -> impl Iterator<Item = bool> + '_ {
    let issuers = config.0.issuers.iter();
    issuers.map(|issuer| issuer.answers.resource().bound_tokens.required)
}

#[test]
fn pop_p95_bound_tokens_need_a_way_to_prove_a_key() {
    let want = "require_bound_tokens is true without dpop or mtls, so that no token could be accepted: set one of them, \
                or leave it out";
    let required = json!({"resource": RESOURCE, "require_bound_tokens": true});
    refuses([(required.clone(), want)]);
    for (name, value) in [("dpop", json!({})), ("mtls", json!({}))] {
        let mut good = required.clone();
        good[name] = value;
        assert!(bound(&built(good).unwrap()).all(|bound| bound), "{name}");
        let mut off = required.clone();
        off[name] = json!(false);
        refuses([(off, want)]);
    }
    accepts(json!({"requireBoundTokens": "false"}));
    let of_code = |required: bool| builder().require_bound_tokens(required);
    assert!(of_code(false).build().is_ok());
    assert!(of_code(true).mtls(Mtls::from_tls()).build().is_ok());
    assert!(of_code(true).build().is_err());
}

#[test]
fn pop_p95_bound_tokens_of_each_issuer() {
    let config = |shared: Value, own: Value| {
        let mut own = own;
        own["issuer"] = json!("https://i.example");
        let mut config = shared;
        config["issuers"] = json!([own, {"issuer": "https://j.example"}]);
        config["resource"] = json!(RESOURCE);
        config
    };
    let bound =
        |shared: Value, own: Value| bound(&file(config(shared, own)).unwrap()).collect::<Vec<_>>();
    let on = json!({"require_bound_tokens": true});
    let off = json!({"require_bound_tokens": false});
    let with_dpop = |mut shared: Value| {
        shared["dpop"] = json!(true);
        shared
    };
    for (shared, own, want) in [
        (json!({}), json!({}), [false, false]),
        (json!({}), on.clone(), [true, false]),
        (on.clone(), json!({}), [true, true]),
        (on.clone(), off.clone(), [false, true]),
    ] {
        assert_eq!(bound(with_dpop(shared), own), want);
    }
    let error = file(config(json!({}), on)).unwrap_err();
    assert!(
        error.starts_with("require_bound_tokens is true without"),
        "{error}"
    );
    assert!(file(config(json!({}), off)).is_ok());
    let issuer = Issuer::new("https://i.example").require_bound_tokens(true);
    let of_code = || {
        JwtAuthConfig::builder()
            .resource(RESOURCE)
            .add_issuer(issuer.clone())
    };
    assert!(of_code().build().is_err());
    let config = of_code().dpop(Dpop::new()).build().unwrap();
    assert!(self::bound(&config).all(|bound| bound));
    assert!(file(with(json!({"dpop": false}))).is_ok());
}
