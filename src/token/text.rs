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
    run + rest.iter().take_while(|byte| is_plain_byte(**byte)).count()
}

/// The highest bit of each byte that is special; below the first of them all bits are right.
const fn special_bytes(word: u64) -> u64 {
    const fn zeros(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = zeros(word ^ (ONES * b'"' as u64));
    let backslash = zeros(word ^ (ONES * b'\\' as u64));
    (control | quote | backslash) & HIGHS
}

const fn is_plain_byte(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

/// Whether strings hold neither escapes nor control characters, and so no quote but the last: what nearly
/// every token is made of.
pub(super) fn is_plain(text: &[u8]) -> bool {
    // No early end, so that the compiler looks at many bytes at once.
    text.iter()
        .fold(true, |all, byte| all & (*byte >= 0x20) & (*byte != b'\\'))
}

/// How many bytes come before the next quote, or the end.
pub(super) fn until_quote(bytes: &[u8]) -> usize {
    let mut run = 0;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let quotes = u64::from_le_bytes(*word) ^ (ONES * b'"' as u64);
        let found = quotes.wrapping_sub(ONES) & !quotes & HIGHS;
        if found != 0 {
            return run + found.trailing_zeros() as usize / 8;
        }
        run += 8;
    }
    run + rest.iter().take_while(|byte| **byte != b'"').count()
}

/// Takes decoded text.
pub(super) trait Sink {
    fn plain(&mut self, text: &str);
    fn character(&mut self, character: char);
}

impl Sink for String {
    fn plain(&mut self, text: &str) {
        self.push_str(text);
    }

    fn character(&mut self, character: char) {
        self.push(character);
    }
}

/// For text that is judged and not kept.
pub(super) struct Nowhere;

impl Sink for Nowhere {
    fn plain(&mut self, _: &str) {}

    fn character(&mut self, _: char) {}
}

/// Decodes what stands between the quotes.
pub(super) fn unescape(raw: &str, out: &mut impl Sink) -> Result<(), Malformed> {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (plain, escaped) = rest.split_at_checked(at).ok_or(Malformed)?;
        if !plain.is_empty() {
            out.plain(plain);
        }
        let (character, length) = match escaped.as_bytes().get(1).ok_or(Malformed)? {
            same @ (b'"' | b'\\' | b'/') => (char::from(*same), 2),
            b'b' => ('\u{8}', 2),
            b'f' => ('\u{c}', 2),
            b'n' => ('\n', 2),
            b'r' => ('\r', 2),
            b't' => ('\t', 2),
            b'u' => code_point(escaped.as_bytes())?,
            _ => return Err(Malformed),
        };
        out.character(character);
        rest = escaped.get(length..).ok_or(Malformed)?;
    }
    out.plain(rest);
    Ok(())
}

/// A `\u` and how many bytes it takes. A surrogate alone is no character, and readers do not agree on it
/// (RFC 8259 §8.2).
fn code_point(text: &[u8]) -> Result<(char, usize), Malformed> {
    let first = four_digits(text)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first)
            .map(|character| (character, 6))
            .ok_or(Malformed);
    }
    let second = four_digits(text.get(6..).unwrap_or_default())?;
    if !(0xdc00..0xe000).contains(&second) {
        return Err(Malformed);
    }
    let character = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    char::from_u32(character)
        .map(|character| (character, 12))
        .ok_or(Malformed)
}

fn four_digits(text: &[u8]) -> Result<u32, Malformed> {
    let [b'\\', b'u', a, b, c, d, ..] = text else {
        return Err(Malformed);
    };
    [a, b, c, d].into_iter().try_fold(0, |value, digit| {
        let digit = char::from(*digit).to_digit(16).ok_or(Malformed)?;
        Ok(value << 4 | digit)
    })
}

const ONES: u64 = u64::MAX / 255;

/// The highest bit of each byte.
const HIGHS: u64 = ONES << 7;

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
                assert_eq!(
                    is_plain(&bytes),
                    plain || byte == b'"',
                    "{byte:#x} at {place}"
                );
                let quote = if byte == b'"' { place } else { 24 };
                assert_eq!(until_quote(&bytes), quote, "{byte:#x} at {place}");
                // High bytes in front must not hide it.
                bytes[..place].fill(0xe9);
                assert_eq!(
                    until_quote(&bytes),
                    quote,
                    "{byte:#x} at {place}, after others"
                );
                assert_eq!(
                    plain_run(&bytes),
                    want,
                    "{byte:#x} at {place}, after others"
                );
            }
        }
    }
}
