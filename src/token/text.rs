//! The inside of JSON strings (RFC 8259 §7).

use super::json::Malformed;

/// How many bytes from the front need no second look: no quote, no backslash, no control character.
pub(super) fn plain_run(bytes: &[u8]) -> usize {
    let mut run = 0;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return run + special.trailing_zeros() as usize / 8;
        }
        run += 8;
    }
    run + rest.iter().take_while(|byte| is_plain(**byte)).count()
}

/// The highest bit of each byte that is special; below the first of them all bits are right.
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    const fn zeros(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = zeros(word ^ (ONES * b'"' as u64));
    let backslash = zeros(word ^ (ONES * b'\\' as u64));
    (control | quote | backslash) & HIGHS
}

const fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

/// Decodes what stands between the quotes.
pub(super) fn unescape<O>(raw: &str, out: &mut O) -> Result<(), Malformed>
where
    O: Extend<char> + for<'s> Extend<&'s str>,
{
    let mut rest = raw;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.extend([plain]);
        let mut characters = escaped.chars();
        let character = match characters.next().ok_or(Malformed)? {
            same @ ('"' | '\\' | '/') => same,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (character, after) = code_point(characters.as_str())?;
                out.extend([character]);
                rest = after;
                continue;
            }
            _ => return Err(Malformed),
        };
        out.extend([character]);
        rest = characters.as_str();
    }
    out.extend([rest]);
    Ok(())
}

/// What follows `\u`. A surrogate alone is no character, and readers do not agree on it (RFC 8259 §8.2).
fn code_point(text: &str) -> Result<(char, &str), Malformed> {
    let (first, rest) = four_digits(text)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first)
            .map(|character| (character, rest))
            .ok_or(Malformed);
    }
    let (second, rest) = four_digits(rest.strip_prefix("\\u").ok_or(Malformed)?)?;
    if !(0xdc00..0xe000).contains(&second) {
        return Err(Malformed);
    }
    let character = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    char::from_u32(character)
        .map(|character| (character, rest))
        .ok_or(Malformed)
}

fn four_digits(text: &str) -> Result<(u32, &str), Malformed> {
    let (digits, rest) = text.split_at_checked(4).ok_or(Malformed)?;
    // Its parser takes a sign as well.
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(Malformed);
    }
    let value = u32::from_str_radix(digits, 16).map_err(|_| Malformed)?;
    Ok((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..=255_u8 {
            for place in 0..20 {
                let mut bytes = vec![b'a'; 24];
                bytes[place] = byte;
                let plain = byte >= 0x20 && byte != b'"' && byte != b'\\';
                let want = if plain { 24 } else { place };
                assert_eq!(plain_run(&bytes), want, "{byte:#x} at {place}");
                // High bytes in front must not hide it.
                bytes[..place].fill(0xe9);
                assert_eq!(
                    plain_run(&bytes),
                    want,
                    "{byte:#x} at {place}, after others"
                );
            }
        }
    }
}
