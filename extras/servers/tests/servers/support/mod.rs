pub(crate) mod app;
pub(crate) mod pki;
pub(crate) mod proxy;
