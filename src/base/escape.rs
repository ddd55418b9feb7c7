/// Text from outside, escaped for a log line: only ASCII, because a right-to-left override can
/// rearrange a line, and truncated, because it may be long.
pub(crate) fn shown(text: &str) -> String {
    shown_up_to(text, LONGEST)
}

/// The same for a text that needs more space.
pub(crate) fn shown_up_to(text: &str, longest: usize) -> String {
    let mut characters = text.chars();
    let start = characters.by_ref().take(longest);
    let mut shown: String = start.flat_map(char::escape_default).collect();
    if characters.next().is_some() {
        shown.push_str("..");
    }
    shown
}

const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless() {
        assert_eq!(shown("key-1"), "key-1");
        assert_eq!(shown("a\r\nb\u{202e}c"), "a\\r\\nb\\u{202e}c");
        assert_eq!(shown(&"x".repeat(1000)), format!("{}..", "x".repeat(64)));
    }
}
