/// An issuer with its settings. No other ever has the same, not even one that takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IssuerId {
    pub(super) place: usize,
    pub(super) serial: u64,
}
