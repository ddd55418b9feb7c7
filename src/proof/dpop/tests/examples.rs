//! The examples of the RFCs.

use super::super::*;
use crate::base::numeric_date::NumericDate;
use crate::token::Thumbprint;

/// RFC 9449 §7.1, Figures 13 and 14.
#[test]
fn proof_of_rfc_9449_for_a_resource() {
    let checks = DpopChecks::new(
        vec![Algorithm::ES256],
        vec![PublicUrl::parse("https://resource.example.org").unwrap()],
        Duration::from_secs(60),
    );
    let mut headers = HeaderMap::new();
    headers.insert("DPoP", HeaderValue::from_static(FIGURE_13));
    let jkt = *Thumbprint::parse(JKT).unwrap().bytes();
    let expected = Expected {
        method: "GET",
        path: Some("/protectedresource"),
        token: b"Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
        jkt: Some(&jkt),
        ath: None,
    };
    let now = NumericDate::new(1_562_262_618.0).unwrap();
    let mut proof = checks.check(&headers, &expected, now).ok().unwrap();
    assert_eq!(proof.jti(), "e1j3V_bKic8-LAEB");
    assert_eq!(proof.nonce(), None);
    assert_eq!(proof.iat(), now);
    assert_eq!(proof.jkt(), &jkt);
    proof.verify().unwrap();
    checks.remember(&proof, false);
    let mut again = checks.check(&headers, &expected, now).ok().unwrap();
    assert!(matches!(again.key, Key::Known(_)));
    again.verify().unwrap();
}

/// RFC 9449 §4.1, Figure 2: a proof for the token endpoint, and so without `ath`.
#[test]
fn proof_of_rfc_9449_for_a_token_is_none_for_a_resource() {
    let claims = |json: &str| Claims::parse(json).map(drop);
    let json = r#"{"jti":"-BwC3ESc6acc2lTc","htm":"POST","htu":"https://server.example.com/token","iat":1562262616}"#;
    assert_eq!(claims(json), Err("ath is missing"));
    assert_eq!(claims(&json.replacen('{', r#"{"ath":"","#, 1)), Ok(()));
}

const JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

const FIGURE_13: &str = "\
    eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUkl\
    DUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2\
    R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0\
    cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlV\
    IeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPTo\
    A1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";

/// RFC 7638 §3.1 and RFC 8037 §A.3; and the key of RFC 9449.
#[test]
fn proof_key_thumbprints() {
    for (alg, jwk, want) in [
        (
            "RS256",
            r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#,
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        ),
        (
            "EdDSA",
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        ),
        (
            "ES256",
            r#"{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}"#,
            JKT,
        ),
    ] {
        let header = format!(r#"{{"typ":"dpop+jwt","alg":"{alg}","jwk":{jwk}}}"#);
        let (_, jkt) = header::parse(&header, Algorithm::ASYMMETRIC).ok().unwrap();
        assert_eq!(jkt, *Thumbprint::parse(want).unwrap().bytes(), "{alg}");
    }
}
