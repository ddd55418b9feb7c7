use std::hint::black_box;

use http::StatusCode;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

use super::{ALGORITHMS, Crypto, Peer, Role};
use crate::drive::App;
use crate::issuer::Issuer;
use crate::token::{Caller, RESOURCE};

pub fn peer() -> Peer {
    Peer {
        name: "`decode` of jsonwebtoken",
        form: "function",
        package: ("jsonwebtoken", "11."),
        crypto: Crypto::Chosen("11."),
        algorithms: &ALGORITHMS,
        role: Role::Measure,
        start: |issuer| Box::pin(async { start(issuer) }),
    }
}

fn start(issuer: &Issuer) -> App {
    let jwk: Jwk = serde_json::from_value(issuer.jwk()).expect("a JWK");
    let key = DecodingKey::from_jwk(&jwk).expect("a key");
    let algorithm: Algorithm = issuer
        .algorithm()
        .name()
        .parse()
        .expect("an algorithm of both");
    let mut validation = Validation::new(algorithm);
    validation.validate_nbf = true;
    validation.set_audience(&[RESOURCE]);
    validation.set_issuer(&[issuer.name()]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    App::of_function(move |line| {
        let token = line
            .to_str()
            .ok()
            .and_then(|line| line.strip_prefix("Bearer "));
        match decode::<Caller>(token.unwrap_or_default(), &key, &validation) {
            Ok(decoded) => {
                black_box(decoded);
                StatusCode::OK
            }
            Err(_) => StatusCode::UNAUTHORIZED,
        }
    })
}
