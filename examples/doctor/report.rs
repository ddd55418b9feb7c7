//! The output: plain lines, from which secrets have been removed.

use std::io::{IsTerminal as _, Write as _};

pub(crate) struct Report {
    has_colours: bool,
    /// The token and its parts, the longest first.
    secrets: Vec<String>,
    /// The name of each problem.
    problems: Vec<String>,
}

impl Report {
    pub(crate) fn new(secrets: &[String]) -> Self {
        // https://no-color.org
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let report = Self {
            has_colours: std::io::stdout().is_terminal() && !is_plain,
            secrets: secrets.to_vec(),
            problems: Vec::new(),
        };
        report.line(concat!("tower-jwt-auth ", env!("CARGO_PKG_VERSION")));
        report
    }

    pub(crate) fn heading(&self, text: &str) {
        self.line("");
        self.line(&self.coloured(BOLD, text));
    }

    /// What is as it should be.
    pub(crate) fn good(&self, text: &str) {
        self.entry(&self.coloured(GREEN, "ok   "), text);
    }

    /// What is neither good nor bad.
    pub(crate) fn note(&self, text: &str) {
        self.entry("-    ", text);
    }

    /// What is wrong, and what to do.
    pub(crate) fn problem(&mut self, name: &str, text: &str, advice: Option<&str>) {
        self.entry(&self.coloured(RED, "WRONG"), text);
        if let Some(advice) = advice {
            self.entry(&self.coloured(YELLOW, "DO   "), advice);
        }
        self.problems.push(name.to_owned());
    }

    /// Two values under each other, and where they begin to differ.
    pub(crate) fn compare(&self, [(one, value), (other, second)]: [(&str, &str); 2]) {
        let width = one.len().max(other.len());
        let [value, second] = [value, second].map(shown);
        self.note(&format!("{one:width$}  {value}"));
        self.note(&format!("{other:width$}  {second}"));
        let mut pairs = value.chars().zip(second.chars());
        let shorter = value.chars().count().min(second.chars().count());
        let at = pairs
            .position(|(one, other)| one != other)
            .unwrap_or(shorter);
        self.note(&format!(
            "{:width$}  {:at$}^ from here on they differ",
            "", ""
        ));
    }

    /// The last line. Whether nothing is wrong.
    pub(crate) fn finish(self) -> bool {
        self.line("");
        match &*self.problems {
            [] => self.line(&self.coloured(GREEN, "nothing is wrong")),
            problems => {
                let text = format!("{} wrong: {}", problems.len(), problems.join(", "));
                self.line(&self.coloured(RED, &text));
            }
        }
        self.problems.is_empty()
    }

    fn entry(&self, mark: &str, text: &str) {
        self.line(&format!("  {mark} {text}"));
    }

    fn line(&self, line: &str) {
        let mut line = without_url_secrets(line);
        for secret in &self.secrets {
            line = line.replace(secret, "[removed]");
        }
        // A reader that has gone needs no output.
        let _ = writeln!(std::io::stdout(), "{}", line.trim_end());
    }

    fn coloured(&self, colour: &str, text: &str) -> String {
        match self.has_colours {
            true => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

/// A value of a token or a document: one line of ASCII, not too long.
pub(crate) fn shown(value: &str) -> String {
    value
        .chars()
        .take(128)
        .flat_map(char::escape_default)
        .collect()
}

/// Without the user name, the password and the values of the query of each URL.
fn without_url_secrets(line: &str) -> String {
    line.split_inclusive(char::is_whitespace)
        .map(|word| match word.split_once("://") {
            Some((scheme, rest)) => {
                let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
                let host = path.rsplit_once('@').map_or(path, |(_, host)| host);
                let query = match query.is_empty() {
                    true => String::new(),
                    false => format!("?{}", without_values(query)),
                };
                format!("{scheme}://{host}{query}")
            }
            None => word.to_owned(),
        })
        .collect()
}

fn without_values(query: &str) -> String {
    let parameter = |parameter: &str| {
        let name = parameter.split('=').next().unwrap_or_default();
        let end = parameter.len() - parameter.trim_end_matches(AFTER_URL).len();
        let end = &parameter[parameter.len() - end..];
        match name.len() < parameter.len() {
            true => format!("{name}=..{end}"),
            false => parameter.to_owned(),
        }
    };
    query
        .split('&')
        .map(parameter)
        .collect::<Vec<_>>()
        .join("&")
}

/// What may follow a URL in a sentence.
const AFTER_URL: [char; 9] = ['"', '\'', ',', ';', ':', ')', ' ', '\n', '\t'];

const BOLD: &str = "1";
const GREEN: &str = "32";
const RED: &str = "31";
const YELLOW: &str = "33";
