/// The document without the UTF-8 byte order mark before it, which RFC 8259 §8.1 lets a parser
/// ignore: static sites and editors on Windows write one.
///
/// For documents of an issuer and files of the operator only. A token or a request is never read
/// like this: whatever reads it after us may disagree.
pub(crate) fn without_byte_order_mark(document: &[u8]) -> &[u8] {
    document.strip_prefix(MARK).unwrap_or(document)
}

const MARK: &[u8] = "\u{feff}".as_bytes();
