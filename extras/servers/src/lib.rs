//! The crate behind real servers of others. Everything is in `tests`; each of its files says which
//! program it starts. `.ci/servers` installs what is missing.
