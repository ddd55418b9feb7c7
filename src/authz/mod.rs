//! Authorization: what a route requires of a verified caller.

mod bound;
mod scopes;

pub use bound::{RequireBound, RequireBoundLayer};
pub use scopes::{RequireScopes, RequireScopesLayer};
