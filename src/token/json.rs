//! JSON as strictly as a token needs it (RFC 8259): no repeated member, bounded depth, no number out of
//! range. Our own reader, because a token is refused in the time that a signature takes only when each
//! byte is looked at once; a test holds it against `serde_json`.

use std::borrow::Cow;

use super::names::Names;
use super::text::{Nowhere, is_plain, plain_run, unescape, until_quote};
use crate::numeric_date::NumericDate;

/// Takes the members of an object one by one.
pub(super) trait Members<'a> {
    /// Reads the value of `name` out of `json`, or passes it over with [`Reader::skip`].
    fn member(&mut self, name: &str, json: &mut Reader<'a>) -> Result<(), Fault>;
}

/// The text is not JSON, or a value has another type than it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The same, with the member at fault where it is one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault(Option<&'static str>);

impl From<Malformed> for Fault {
    fn from(_: Malformed) -> Self {
        Self(None)
    }
}

/// Names the member whose value is at fault.
pub(super) trait Of<T> {
    fn of(self, member: &'static str) -> Result<T, Fault>;
}

impl<T> Of<T> for Result<T, Malformed> {
    fn of(self, member: &'static str) -> Result<T, Fault> {
        self.map_err(|Malformed| Fault(Some(member)))
    }
}

/// Fills `target` from `text`, which must be exactly one JSON object. On failure names the member at
/// fault, where it is one of ours.
pub(super) fn read_object<'a, M: Members<'a>>(
    text: &'a str,
    target: &mut M,
) -> Result<(), Option<&'static str>> {
    let mut json = Reader::new(text);
    json.object(target).map_err(|Fault(member)| member)
}

/// Reads from front to back.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    text: &'a str,
    /// What was not read yet.
    rest: &'a [u8],
    /// The text holds no escape and no control character: a string ends at the next quote.
    is_plain: bool,
}

/// One string or a list of strings: `aud` (RFC 7519 §4.1.3), `scope` and `scp`.
#[derive(Debug, Default)]
pub(super) enum OneOrMany<'a> {
    #[default]
    None,
    One(Cow<'a, str>),
    Many(Vec<Cow<'a, str>>),
}

impl<'a> OneOrMany<'a> {
    pub(super) fn as_slice(&self) -> &[Cow<'a, str>] {
        match self {
            Self::None => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            rest: text.as_bytes(),
            is_plain: is_plain(text.as_bytes()),
        }
    }

    fn object<M: Members<'a>>(&mut self, target: &mut M) -> Result<(), Fault> {
        self.expect(b'{')?;
        let mut names = Names::default();
        let mut next = self.first_of(b'}')?;
        while next {
            self.space();
            let raw = self.string()?;
            self.colon()?;
            if raw.escaped {
                target.member(names.add_escaped(raw.text)?, self)?;
            } else {
                names.add(raw.text);
                target.member(raw.text, self)?;
            }
            next = self.more_before(b'}')?;
        }
        self.space();
        // RFC 7515 §4 and RFC 7519 §4 allow to reject a repeated member, which leaves no room for two
        // readings.
        match self.rest.is_empty() && names.are_distinct() {
            true => Ok(()),
            false => Err(Fault(None)),
        }
    }

    /// A member that means nothing to us. It is judged in full all the same.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        // One bit for each open list or object: set for objects.
        let (mut open, mut depth) = (0_u128, 0);
        loop {
            match self.peek()? {
                opening @ (b'[' | b'{') => {
                    self.advance(1);
                    depth += 1;
                    if depth > DEEPEST {
                        return Err(Malformed);
                    }
                    let is_object = opening == b'{';
                    open = open << 1 | u128::from(is_object);
                    if self.first_of(closing(is_object))? {
                        if is_object {
                            self.skipped_name()?;
                        }
                        continue;
                    }
                    open >>= 1;
                    depth -= 1;
                }
                b'"' => self.skip_string()?,
                b'-' | b'0'..=b'9' => self.skip_number()?,
                _ => self.literal()?,
            }
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let is_object = open & 1 == 1;
                if self.more_before(closing(is_object))? {
                    if is_object {
                        self.skipped_name()?;
                    }
                    break;
                }
                open >>= 1;
                depth -= 1;
            }
        }
    }

    /// Most numbers in a list are short and whole.
    fn skip_number(&mut self) -> Result<(), Malformed> {
        match self.rest {
            [b'0'..=b'9', b',' | b']' | b'}', ..] => {
                self.advance(1);
                Ok(())
            }
            _ => self.number().map(drop),
        }
    }

    fn skipped_name(&mut self) -> Result<(), Malformed> {
        self.space();
        self.skip_string()?;
        self.colon()
    }

    /// A string, borrowed from the document unless it holds an escape.
    pub(super) fn text(&mut self) -> Result<Cow<'a, str>, Malformed> {
        self.space();
        let raw = self.string()?;
        match raw.escaped {
            false => Ok(Cow::Borrowed(raw.text)),
            true => {
                let mut text = String::with_capacity(raw.text.len());
                unescape(raw.text, &mut text)?;
                Ok(Cow::Owned(text))
            }
        }
    }

    /// A string where the value is one; anything else is as good as absent.
    pub(super) fn maybe_text(&mut self) -> Result<Option<Cow<'a, str>>, Malformed> {
        match self.peek()? {
            b'"' => self.text().map(Some),
            _ => self.skip().map(|()| None),
        }
    }

    pub(super) fn one_or_many(&mut self) -> Result<OneOrMany<'a>, Malformed> {
        if self.peek()? != b'[' {
            return self.text().map(OneOrMany::One);
        }
        self.advance(1);
        let mut many = Vec::new();
        let mut next = self.first_of(b']')?;
        while next {
            many.push(self.text()?);
            next = self.more_before(b']')?;
        }
        Ok(OneOrMany::Many(many))
    }

    pub(super) fn date(&mut self) -> Result<NumericDate, Malformed> {
        self.space();
        let number = self.number()?;
        let seconds = match whole_seconds(number) {
            Some(seconds) => seconds,
            // The conversion rounds above 2^53, all of which is out of bounds anyway.
            None => number.parse().map_err(|_| Malformed)?,
        };
        NumericDate::new(seconds).ok_or(Malformed)
    }

    fn literal(&mut self) -> Result<(), Malformed> {
        let found = [&b"true"[..], b"false", b"null"]
            .into_iter()
            .find(|literal| self.rest.starts_with(literal));
        self.advance(found.ok_or(Malformed)?.len());
        Ok(())
    }

    /// RFC 8259 §6, and no number that is infinite to most readers (RFC 7493 §2.2).
    fn number(&mut self) -> Result<&'a str, Malformed> {
        let start = self.rest;
        self.take(b'-');
        let leading_zero = self.rest.first() == Some(&b'0');
        let whole = self.digits();
        if whole == 0 || leading_zero && whole > 1 {
            return Err(Malformed);
        }
        let mut scaled = false;
        if let [b'.' | b'e' | b'E', ..] = self.rest {
            scaled = self.fraction_and_exponent()?;
        }
        if scaled || whole > FINITE_DIGITS {
            let number = self.since(start)?;
            return is_finite(number, whole).then_some(number).ok_or(Malformed);
        }
        self.since(start)
    }

    /// Says whether there is an exponent.
    fn fraction_and_exponent(&mut self) -> Result<bool, Malformed> {
        if self.take(b'.') && self.digits() == 0 {
            return Err(Malformed);
        }
        if !self.take(b'e') && !self.take(b'E') {
            return Ok(false);
        }
        if !self.take(b'-') {
            self.take(b'+');
        }
        match self.digits() {
            0 => Err(Malformed),
            _ => Ok(true),
        }
    }

    fn digits(&mut self) -> usize {
        let before = self.rest;
        let mut rest = before;
        while let [b'0'..=b'9', tail @ ..] = rest {
            rest = tail;
        }
        self.rest = rest;
        before.len() - rest.len()
    }

    /// What was read from `start` on.
    fn since(&self, start: &[u8]) -> Result<&'a str, Malformed> {
        let (from, to) = (self.text.len() - start.len(), self.position());
        self.text.get(from..to).ok_or(Malformed)
    }

    fn string(&mut self) -> Result<RawString<'a>, Malformed> {
        self.expect_here(b'"')?;
        let start = self.position();
        let mut escaped = false;
        if self.is_plain {
            self.advance(until_quote(self.rest));
        } else {
            escaped = self.escaped_string()?;
        }
        let text = self.text.get(start..self.position()).ok_or(Malformed)?;
        self.expect_here(b'"')?;
        Ok(RawString { text, escaped })
    }

    /// Up to the closing quote; says whether there was an escape.
    fn escaped_string(&mut self) -> Result<bool, Malformed> {
        let mut escaped = false;
        loop {
            self.advance(plain_run(self.rest));
            match self.rest {
                [b'"', ..] => return Ok(escaped),
                // What is escaped is judged when it is decoded; here only a quote must not end it.
                [b'\\', _, rest @ ..] => {
                    escaped = true;
                    self.rest = rest;
                }
                _ => return Err(Malformed),
            }
        }
    }

    fn skip_string(&mut self) -> Result<(), Malformed> {
        let raw = self.string()?;
        match raw.escaped {
            false => Ok(()),
            true => unescape(raw.text, &mut Nowhere),
        }
    }

    /// Whether the list or object that was opened holds anything.
    fn first_of(&mut self, closing: u8) -> Result<bool, Malformed> {
        let is_empty = self.peek()? == closing;
        self.advance(usize::from(is_empty));
        Ok(!is_empty)
    }

    fn more_before(&mut self, closing: u8) -> Result<bool, Malformed> {
        let next = self.peek()?;
        self.advance(1);
        match next {
            b',' => Ok(true),
            byte if byte == closing => Ok(false),
            _ => Err(Malformed),
        }
    }

    fn colon(&mut self) -> Result<(), Malformed> {
        self.expect(b':')?;
        self.space();
        Ok(())
    }

    fn expect(&mut self, wanted: u8) -> Result<(), Malformed> {
        self.space();
        self.expect_here(wanted)
    }

    fn expect_here(&mut self, wanted: u8) -> Result<(), Malformed> {
        self.take(wanted).then_some(()).ok_or(Malformed)
    }

    fn take(&mut self, wanted: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == wanted => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// The byte after the white space.
    fn peek(&mut self) -> Result<u8, Malformed> {
        self.space();
        self.rest.first().copied().ok_or(Malformed)
    }

    fn space(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn position(&self) -> usize {
        self.text.len() - self.rest.len()
    }
}

/// What stands between two quotes, as it stands there.
struct RawString<'a> {
    text: &'a str,
    escaped: bool,
}

const fn closing(is_object: bool) -> u8 {
    if is_object { b'}' } else { b']' }
}

/// Dates are ten digits, nearly always.
fn whole_seconds(number: &str) -> Option<f64> {
    let exact = number.len() <= 15 && number.bytes().all(|digit| digit.is_ascii_digit());
    let digits = exact.then_some(number.bytes())?;
    let whole = digits.fold(0, |sum: u64, digit| sum * 10 + u64::from(digit - b'0'));
    Some(whole as f64)
}

/// A parser for floats is dear, and nearly every number is far from the bound.
fn is_finite(number: &str, whole: usize) -> bool {
    let exponent = number.find(['e', 'E']).and_then(|at| number.get(at + 1..));
    let exponent = exponent.map_or(Ok(0), str::parse::<i32>);
    match exponent {
        Ok(exponent) if whole as i64 + i64::from(exponent) <= FINITE_DIGITS as i64 => true,
        _ => number.parse::<f64>().is_ok_and(f64::is_finite),
    }
}

/// Lists and objects in each other, the outermost not counted: `serde_json` draws the same line.
const DEEPEST: u32 = 126;

/// A number below ten to this power is finite as a double.
const FINITE_DIGITS: usize = 300;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Ignoring;

    impl<'a> Members<'a> for Ignoring {
        fn member(&mut self, _: &str, json: &mut Reader<'a>) -> Result<(), Fault> {
            Ok(json.skip()?)
        }
    }

    fn reads(text: &str) -> bool {
        read_object(text, &mut Ignoring).is_ok()
    }

    /// The same question to `serde_json`.
    fn reads_there(text: &str) -> bool {
        serde_json::from_str::<serde_json::Map<_, serde_json::Value>>(text).is_ok()
    }

    #[test]
    fn as_serde_json_reads() {
        let nested =
            |depth: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        let objects = |depth: usize| {
            format!(
                r#"{{"x":{}0{}}}"#,
                r#"{"a":"#.repeat(depth),
                "}".repeat(depth)
            )
        };
        let mut texts: Vec<String> = [1, 125, 126, 127, 128, 129, 5000]
            .into_iter()
            .flat_map(|depth| [nested(depth), objects(depth)])
            .collect();
        let values = [
            "0",
            "-0",
            "00",
            "01",
            "-",
            "-a",
            "1.",
            ".1",
            "1.0",
            "1.e1",
            "1e",
            "1e+",
            "1e-",
            "1e5",
            "1E+5",
            "1e308",
            "1e309",
            "-1e309",
            "1e400",
            "0e400",
            "0.0e999999999999",
            "1e-400",
            "1e-999999999999",
            "1e999999999999",
            "0.00001e310",
            "0.000000000000000001e320",
            "+1",
            "NaN",
            "Infinity",
            "true",
            "tru",
            "truex",
            "false",
            "null",
            "nul",
            "\"\"",
            "\"a",
            "\"\\\"\"",
            "\"\\u00e9\"",
            "\"\\ud800\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\\u0041\"",
            "\"\\ude00\"",
            "\"\\ud83dx\"",
            "\"\\uD83D\\uDE00\"",
            "\"\\u12\"",
            "\"\\u00g0\"",
            "\"\\u+123\"",
            "\"\\x\"",
            "\"\\b\\f\\n\\r\\t\\/\\\\\"",
            "\"\n\"",
            "\"\u{1f}\"",
            "\"\u{7f}\"",
            "\"\u{e9}\u{1f600}\"",
            "[]",
            "[1]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{}",
            "{\"a\":1}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\" 1}",
            "{\"a\":}",
            "{\"\\ud800\":1}",
            "[1,[2,{\"b\":[]}],\"c\"]",
            "[}",
            "{]",
            "",
            " 1 ",
            "\u{a0}1",
        ];
        texts.extend(values.iter().map(|value| format!(r#"{{"x":{value}}}"#)));
        texts.extend(values.iter().map(|value| format!(r#"{{"x":[{value}]}}"#)));
        let long =
            [300, 308, 309, 310, 400].map(|digits| format!(r#"{{"x":{}}}"#, "9".repeat(digits)));
        texts.extend(long);
        texts.extend(
            [
                "",
                " ",
                "{}",
                " {} ",
                "{}x",
                "{}{}",
                "{",
                "}",
                "[]",
                "null",
                "{\"a\":1",
                "\u{feff}{}",
                "{\"a\":1}\0",
            ]
            .map(ToOwned::to_owned),
        );
        for text in texts {
            assert_eq!(reads(&text), reads_there(&text), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

        /// Short texts of JSON's own pieces, where mistakes show.
        #[test]
        fn anything_as_serde_json_reads(pieces in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ":", ",", "\"", "\"a\"", "\"b\":", "\\", "\\u00e9", "\\ud83d", "\\ude00", "1", "-", "0", ".5",
            "e9", "e400", "true", "null", " ", "\n", "\u{e9}",
        ]), 0..12)) {
            let inside = pieces.concat();
            for text in [format!(r#"{{"x":{inside}}}"#), format!(r#"{{"x":"{inside}"}}"#), inside] {
                // Names that `serde_json` takes twice are another test's matter.
                if reads(&text) {
                    prop_assert!(reads_there(&text), "{text}");
                } else if reads_there(&text) {
                    let members: serde_json::Map<_, serde_json::Value> = serde_json::from_str(&text).unwrap();
                    prop_assert!(text.matches("\":").count() > members.len(), "{text}");
                }
            }
        }

        #[test]
        fn what_serde_json_writes_reads_back(text in ".{0,40}", number in any::<f64>(), whole in any::<i64>()) {
            let json = serde_json::json!({"a": text, text.clone(): [number, whole, {"n": text}]}).to_string();
            prop_assert!(reads(&json), "{}", json);
            let quoted = serde_json::to_string(&text).unwrap();
            let mut one = Reader::new(&quoted);
            let read = one.text();
            prop_assert_eq!(read.as_deref(), Ok(text.as_str()));
        }
    }
}
