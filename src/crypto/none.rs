//! The back end without a crypto feature: no key can be made, and `build()` reports which features
//! are missing.

use super::algorithm::Algorithm;
use super::key::{Material, Verify};

#[derive(Debug)]
pub(crate) enum SignatureKey {}

impl Verify for SignatureKey {
    fn parse(_: Algorithm, _: &Material) -> Option<Self> {
        None
    }

    fn verifies(&self, _: &[u8], _: &[u8]) -> bool {
        match *self {}
    }
}
