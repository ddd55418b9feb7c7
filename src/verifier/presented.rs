use http::HeaderValue;

use crate::wire::credentials::{Credentials, Scheme, Token};

/// A token, with or without the header that it came in.
#[derive(Clone, Copy)]
pub(crate) enum Presented<'t> {
    /// Without a header, from [`verify`](crate::JwtVerifier::verify).
    Alone(&'t str),
    /// In a header that is kept while the request waits for its key.
    Kept(&'t Credentials),
    /// In the header of a request.
    Line(Token<'t>),
}

impl<'t> Presented<'t> {
    #[inline]
    pub(super) fn bytes(self) -> &'t [u8] {
        match self {
            Self::Alone(token) => token.as_bytes(),
            Self::Kept(credentials) => credentials.token().as_bytes(),
            Self::Line(token) => token.bytes(),
        }
    }

    /// A token without a request is one without a proof.
    #[inline]
    pub(super) const fn scheme(self) -> Scheme {
        match self {
            Self::Alone(_) => Scheme::Bearer,
            Self::Kept(credentials) => credentials.scheme(),
            Self::Line(token) => token.scheme(),
        }
    }

    #[inline]
    pub(crate) fn to_credentials(self) -> Credentials {
        match self {
            // A token that reaches this line is verified or waits for its key, so its segments are
            // base64url, which is valid in a header value.
            Self::Alone(token) => {
                let line = HeaderValue::from_str(token);
                Credentials::new(line.unwrap_or(HeaderValue::from_static("")), 0)
            }
            Self::Kept(credentials) => credentials.clone(),
            Self::Line(token) => token.to_credentials(),
        }
    }
}
