use std::hint;

/// Whether both are the same, without an end at the first difference: how long it takes tells
/// nothing about a stored token.
pub(crate) fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other);
    let differing = differing.fold(0, |bits, (one, other)| bits | (one ^ other));
    one.len() == other.len() && hint::black_box(differing) == 0
}
