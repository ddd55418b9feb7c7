//! The form in which processes tell each other of a revocation. It holds no name: neither `sub` nor
//! `jti` leaves the process in clear.

use crate::crypto::hmac_sha256;
use crate::token::marks::{Digest, Mark};
use crate::token::verified::Verified;

/// A revocation as it is shared: kind, digest, cut and until, 33 bytes, numbers big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    pub(crate) kind: Kind,
    /// The first 16 bytes of HMAC(k(`revoked`), kind ‖ field(issuer) ‖ field(name)).
    pub(crate) digest: Digest,
    /// Unix seconds. Tokens that were issued up to this second are refused. Without meaning for a
    /// token and a session.
    pub(crate) cut: u64,
    /// Unix seconds. From then on, it is forgotten.
    pub(crate) until: u64,
}

/// What a revocation names. The number is a part of the digest, so that a `jti` is never a `sid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Kind {
    Token = 1,
    Session = 2,
    Subject = 3,
    Client = 4,
    Everything = 5,
    /// The tokens of a subject that carry no `sid`.
    SubjectWithoutSession = 6,
}

impl Record {
    pub(crate) const BYTES: usize = 33;

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let parts = [
            &[self.kind as u8][..],
            &self.digest,
            &self.cut.to_be_bytes(),
            &self.until.to_be_bytes(),
        ];
        let all = parts.into_iter().flatten();
        bytes.iter_mut().zip(all).for_each(|(to, from)| *to = *from);
        bytes
    }

    /// `None` for another length, and for a kind that this release does not know.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&[kind], rest) = bytes.split_first_chunk()?;
        let (digest, rest) = rest.split_first_chunk()?;
        let (cut, rest) = rest.split_first_chunk()?;
        let until = rest.try_into().ok()?;
        Some(Self {
            kind: Kind::ALL.into_iter().find(|it| *it as u8 == kind)?,
            digest: *digest,
            cut: u64::from_be_bytes(*cut),
            until: u64::from_be_bytes(until),
        })
    }
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Token,
        Self::Session,
        Self::Subject,
        Self::Client,
        Self::Everything,
        Self::SubjectWithoutSession,
    ];

    /// The stable name in events.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Session => "session",
            Self::Subject => "subject",
            Self::Client => "client",
            Self::Everything => "everything",
            Self::SubjectWithoutSession => "subject_without_session",
        }
    }

    /// Whether it refuses only tokens that were issued up to the cut.
    const fn has_cut(self) -> bool {
        !matches!(self, Self::Token | Self::Session)
    }

    /// The digest of `name` of `issuer`, with the key that the secret of the fleet gives.
    pub(super) fn digest(self, key: &[u8; 32], issuer: &str, name: &str) -> Digest {
        let length = |field: &str| u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes();
        let hash = hmac_sha256(
            key,
            &[
                &[self as u8],
                &length(issuer),
                issuer.as_bytes(),
                &length(name),
                name.as_bytes(),
            ],
        );
        let mut digest = Digest::default();
        digest
            .iter_mut()
            .zip(hash)
            .for_each(|(to, from)| *to = from);
        digest
    }
}

/// All that a revocation may name the token by, under each key.
pub(super) fn marks_of(token: &Verified, keys: &[[u8; 32]]) -> Box<[Mark]> {
    let subject = |kind: Kind| token.subject().map(|subject| (kind, subject));
    let names = [
        token.jti().map(|jti| (Kind::Token, jti)),
        match token.sid() {
            Some(sid) => Some((Kind::Session, sid)),
            None => subject(Kind::SubjectWithoutSession),
        },
        subject(Kind::Subject),
        // A token that names no client matches none.
        token.client().map(|client| (Kind::Client, client)),
        Some((Kind::Everything, "")),
    ];
    let under_all = |(kind, name): (Kind, &str)| -> Vec<Mark> {
        let digests = keys
            .iter()
            .map(|key| kind.digest(key, token.issuer(), name));
        let has_cut = kind.has_cut();
        digests.map(|digest| Mark { digest, has_cut }).collect()
    };
    names.into_iter().flatten().flat_map(under_all).collect()
}
