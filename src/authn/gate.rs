use std::fmt;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response};

use crate::base::facts::Facts;
use crate::caller::AuthInfo;
use crate::verifier::{JwtVerifier, Pending, Presented, Undecided};
use crate::wire::credentials::{Credentials, NoToken};
use crate::wire::metadata::ResourceMetadata;
use crate::wire::rejection::{Rejection, RejectionContext};
use crate::wire::response_nonce::ResponseNonce;
use crate::wire::stream_expiry::{Ends, EndsWith, StreamEnd, StreamExpiry, says_listen};

/// The settings of one layer, and its decision about each request.
///
/// In one `Arc`, because each request clones the service: so a clone touches only one counter.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) verifier: JwtVerifier,
    pub(super) optional: bool,
    pub(super) open_paths: Vec<String>,
    pub(super) strip_authorization: bool,
    pub(super) stream_expiry: StreamExpiry,
    #[cfg(feature = "redis")]
    pub(super) revoked_streams_go_on: bool,
    pub(super) metadata: Option<ResourceMetadata>,
}

/// The decision about a request.
pub(super) enum Decision {
    /// The service is called. `None` when there is no verified caller.
    Admit(Option<AuthInfo>),
    /// The layer itself responds.
    Answer(Response<Bytes>),
    Refuse(Rejection),
    Wait {
        credentials: Credentials,
        pending: Box<Pending>,
    },
}

impl Gate {
    pub(super) fn decide<B>(&self, request: &Request<B>) -> Decision {
        let facts = Facts::of(request);
        let path = facts.uri.path();
        if let Some(metadata) = &self.metadata
            && metadata.answers(path)
        {
            return Decision::Answer(metadata.respond(facts.method, facts.headers));
        }
        if self.open_paths.iter().any(|open| open == path) {
            return Decision::Admit(None);
        }
        let token = match self.verifier.finder().find(facts.headers) {
            Ok(token) => token,
            Err(NoToken::Absent) if self.optional => return Decision::Admit(None),
            Err(none) => {
                return Decision::Refuse(self.verifier.without_bearer(none, facts.headers));
            }
        };
        match self
            .verifier
            .try_verify(Presented::Line(token), Some(&facts))
        {
            Ok(auth) => Decision::Admit(Some(auth)),
            Err(Undecided::Rejected(rejection)) => Decision::Refuse(rejection),
            Err(Undecided::Pending(pending)) => Decision::Wait {
                credentials: token.to_credentials(),
                pending,
            },
        }
    }

    /// The nonce for the response of the service.
    pub(super) fn nonce<B>(
        &self,
        request: &Request<B>,
        auth: Option<&AuthInfo>,
    ) -> Option<Box<ResponseNonce>> {
        self.verifier.response_nonce(request.method(), auth)
    }

    /// Prepares the request for the service: the only place that inserts an `AuthInfo`. Returns
    /// what ends an event stream in the response.
    pub(super) fn admit<B>(
        &self,
        request: &mut Request<B>,
        auth: Option<AuthInfo>,
    ) -> Option<StreamEnd> {
        if let Some(header) = self.verifier.header_of_a_stranger(request.extensions()) {
            request.headers_mut().remove(header);
        }
        let Some(mut auth) = auth else {
            // There is no verified caller, even if an outer layer had put one into the extensions.
            request.extensions_mut().remove::<AuthInfo>();
            // An extractor can then distinguish a request without a verified caller from a missing
            // layer.
            request.extensions_mut().insert(self.verifier.answers());
            // A request for an open path may have a valid token all the same.
            self.verifier.finder().hide(request.headers_mut());
            return None;
        };
        let end = self.hide_token(request, &mut auth);
        request.extensions_mut().insert(auth);
        Some(end)
    }

    /// Marks the headers with the token as sensitive, or removes them. Returns what ends an event
    /// stream in the response; if its end with the token depends on the body, the layer that reads
    /// it finds in `auth` what it has to know.
    fn hide_token<B>(&self, request: &mut Request<B>, auth: &mut AuthInfo) -> StreamEnd {
        let with = EndsWith {
            expiry: self.stream_expiry != StreamExpiry::Never,
            #[cfg(feature = "redis")]
            revocation: !self.revoked_streams_go_on,
        };
        #[cfg(feature = "redis")]
        let revocable = with.revocation && auth.answers().resource().watch.is_some();
        #[cfg(not(feature = "redis"))]
        let revocable = false;
        let mut only_listens = *request.method() == Method::GET;
        let mut see = |name: &HeaderName, value: &HeaderValue| {
            only_listens |= says_listen(name, value);
        };
        let (finder, headers) = (self.verifier.finder(), request.headers_mut());
        let depends = self.stream_expiry.depends_on_request(revocable);
        match (self.strip_authorization, depends) {
            (false, false) => finder.hide(headers),
            (false, true) => finder.hide_and_see(headers, see),
            (true, false) => finder.strip(headers),
            (true, true) => {
                headers.iter().for_each(|(name, value)| see(name, value));
                finder.strip(headers);
            }
        }
        match self.stream_expiry.ends(only_listens, revocable) {
            Ends::Always => auth.stream_end_with_token(with),
            Ends::IfListening => {
                auth.end_streams_if_listening(with);
                auth.stream_end()
            }
            Ends::Never => auth.stream_end(),
        }
    }

    pub(super) fn respond<B>(&self, rejection: Rejection, request: &Request<B>) -> Response<Bytes> {
        rejection.respond(&RejectionContext::new(request.method(), request.uri()))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("verifier", &self.verifier)
            .field("optional", &self.optional)
            .field("open_paths", &self.open_paths)
            .field("strip_authorization", &self.strip_authorization)
            .field("stream_expiry", &self.stream_expiry)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}
