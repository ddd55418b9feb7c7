//! A challenge as some MCP clients read it, those with rmcp among them: they look for `name=`
//! anywhere in the line, also inside the value of another parameter.

/// The value behind the first `name=`.
pub(crate) fn parameter(line: &str, name: &str) -> Option<String> {
    let wanted = format!("{name}=");
    let at = line.to_ascii_lowercase().find(&wanted)? + wanted.len();
    let value = line[at..].trim_start();
    match value.strip_prefix('"') {
        Some(quoted) => {
            let end = quoted.find('"')?;
            assert!(!quoted[..end].contains('\\'), "{line}");
            Some(quoted[..end].to_owned())
        }
        None => {
            let ends = |letter: char| matches!(letter, ',' | ';') || letter.is_whitespace();
            Some(value.split(ends).next()?.to_owned())
        }
    }
}
