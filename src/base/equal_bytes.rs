use std::hint;

/// Whether both are the same, without an end at the first difference: how long it takes tells
/// nothing about a stored token.
pub(crate) fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other);
    let differing = differing.fold(0, |bits, (one, other)| bits | (one ^ other));
    one.len() == other.len() && hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_s14_bytes_are_equal_only_if_all_of_them_are() {
        assert!(are_equal(b"abcd", b"abcd"));
        assert!(are_equal(b"", b""));
        let others: [&[u8]; 8] = [
            b"abce", b"bbcd", // The same bits differ twice.
            b"bccd", b"bacd", // A beginning, and what begins with it.
            b"abc", b"", b"abcde", b"abcd\0",
        ];
        for other in others {
            assert!(!are_equal(b"abcd", other), "{other:?}");
            assert!(!are_equal(other, b"abcd"), "{other:?}");
        }
    }
}
