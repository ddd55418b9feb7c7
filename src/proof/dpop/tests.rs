//! Each refused proof differs in one thing from one that the same test accepts.

mod examples;
