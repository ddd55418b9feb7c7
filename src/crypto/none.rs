//! Nothing can be made: `build()` says which features are missing.

use super::{Algorithm, MAC_BYTES, Mac, Material, Verify};

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

pub(crate) enum TokenMac {}

impl Mac for TokenMac {
    fn random() -> Option<Self> {
        None
    }

    fn of(&self, _: &[u8]) -> Option<[u8; MAC_BYTES]> {
        match *self {}
    }
}
