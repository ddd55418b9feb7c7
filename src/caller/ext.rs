use http::request::Parts;
use http::{Extensions, Request};

use crate::caller::AuthInfo;

/// Reads the caller from the parts of a request, for frameworks that pass on only these.
///
/// ```
/// use http::Request;
/// use tower_jwt_auth::AuthInfo;
/// use tower_jwt_auth::mcp::AuthInfoExt as _;
///
/// fn who(parts: &http::request::Parts) -> Option<&str> {
///     parts.auth_info()?.subject()
/// }
/// # assert_eq!(who(&Request::new(()).into_parts().0), None);
/// ```
///
/// In a tool, prompt or resource of rmcp 3 the parts are in the extensions of the `RequestContext`;
/// [`guide::mcp`](crate::guide::mcp) has an example. `None` means that no
/// [`JwtAuthLayer`](crate::JwtAuthLayer) verified the request; reject it in that case.
pub trait AuthInfoExt: sealed::Sealed {
    /// The verified caller.
    fn auth_info(&self) -> Option<&AuthInfo>;
}

impl AuthInfoExt for Extensions {
    fn auth_info(&self) -> Option<&AuthInfo> {
        self.get()
    }
}

impl AuthInfoExt for Parts {
    fn auth_info(&self) -> Option<&AuthInfo> {
        self.extensions.get()
    }
}

impl<B> AuthInfoExt for Request<B> {
    fn auth_info(&self) -> Option<&AuthInfo> {
        self.extensions().get()
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for http::Extensions {}
    impl Sealed for http::request::Parts {}
    impl<B> Sealed for http::Request<B> {}
}
