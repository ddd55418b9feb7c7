/// The content of the first DER value, which must have this tag, and the bytes after it (X.690
/// §8.1).
pub(super) fn der_value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = (bytes.len() <= 2).then(|| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
        })?;
        (length, rest)
    };
    if found == tag {
        rest.split_at_checked(length)
    } else {
        None
    }
}
