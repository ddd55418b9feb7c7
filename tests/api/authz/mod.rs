//! Scopes that a route or a handler demands.

mod routes;
