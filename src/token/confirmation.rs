use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};

/// The key that a token is bound to, proven for this request ([RFC 7800 §3.1] `cnf`).
///
/// [RFC 7800 §3.1]: https://www.rfc-editor.org/rfc/rfc7800#section-3.1
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    pub(crate) jkt: Option<Thumbprint>,
    pub(crate) x5t_s256: Option<Thumbprint>,
}

/// A SHA-256 hash, and how a token writes it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Thumbprint {
    bytes: [u8; 32],
    text: Box<str>,
}

impl Confirmation {
    /// Both keys at once; `None` if they name different ones of the same kind.
    pub(super) fn combined_with(&self, other: &Self) -> Option<Self> {
        fn either(
            one: &Option<Thumbprint>,
            other: &Option<Thumbprint>,
        ) -> Option<Option<Thumbprint>> {
            match (one, other) {
                (Some(one), Some(other)) => (one == other).then(|| Some(one.clone())),
                (one, other) => Some(one.as_ref().or(other.as_ref()).cloned()),
            }
        }
        Some(Self {
            jkt: either(&self.jkt, &other.jkt)?,
            x5t_s256: either(&self.x5t_s256, &other.x5t_s256)?,
        })
    }

    /// The thumbprint of the client's DPoP key (RFC 9449 §6.1 `jkt`), base64url.
    #[must_use]
    pub fn jkt(&self) -> Option<&str> {
        self.jkt.as_ref().map(|it| &*it.text)
    }

    /// The hash of the client's certificate (RFC 8705 §3.1 `x5t#S256`), base64url.
    #[must_use]
    pub fn x5t_s256(&self) -> Option<&str> {
        self.x5t_s256.as_ref().map(|it| &*it.text)
    }
}

impl Thumbprint {
    /// 43 characters of base64url in their only spelling (RFC 7515 §2), or `None`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self {
            bytes: bytes.try_into().ok()?,
            text: text.into(),
        })
    }

    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

/// Only the members that are set, as in `cnf`.
impl Serialize for Confirmation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = [("jkt", self.jkt()), ("x5t#S256", self.x5t_s256())];
        let present = members
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        serializer.collect_map(present)
    }
}

impl std::fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text.fmt(f)
    }
}
