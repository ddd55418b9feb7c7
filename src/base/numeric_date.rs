use std::fmt;
use std::time::Duration;

/// Seconds since the Unix epoch, possibly with a fraction ([RFC 7519 §2] `NumericDate`).
///
/// Always finite and within ±2^53, so that no sum or comparison here can overflow or lose a second.
///
/// [RFC 7519 §2]: https://www.rfc-editor.org/rfc/rfc7519#section-2
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct NumericDate(f64);

/// The claims that are compared with the current time (RFC 7519 §4.1.4-6).
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenTimes {
    pub(crate) exp: NumericDate,
    pub(crate) iat: Option<NumericDate>,
    pub(crate) nbf: Option<NumericDate>,
}

impl NumericDate {
    /// The time of a clock that cannot be right: every token has expired by then. Also the end of
    /// what has none.
    pub(crate) const FAR_FUTURE: Self = Self(MAX_EXACT_INTEGER);

    /// `None` for values that JSON implementations do not agree on ([RFC 7493 §2.2]).
    ///
    /// [RFC 7493 §2.2]: https://www.rfc-editor.org/rfc/rfc7493#section-2.2
    pub(crate) fn new(seconds: f64) -> Option<Self> {
        (seconds.abs() <= MAX_EXACT_INTEGER).then_some(Self(seconds))
    }

    pub(crate) fn plus(self, by: Duration) -> Self {
        Self(self.0 + by.as_secs_f64())
    }

    /// Time since `earlier`; zero when the clock was set back.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::try_from_secs_f64(self.0 - earlier.0).unwrap_or_default()
    }

    /// Seconds since `earlier`; below zero when the clock was set back.
    pub(crate) fn seconds_since(self, earlier: Self) -> f64 {
        self.0 - earlier.0
    }

    /// Rounded down, so that the reported time is never later than the time that is checked.
    pub(crate) fn unix_seconds(self) -> u64 {
        // A float cast saturates: a negative date reads as 0.
        self.0.floor() as u64
    }

    /// Seconds since a second of Unix time; below zero when the clock was set back.
    #[cfg(feature = "redis")]
    pub(crate) const fn since_second(self, second: f64) -> f64 {
        self.0 - second
    }

    /// Rounded up.
    #[cfg(feature = "redis")]
    pub(crate) fn unix_seconds_up(self) -> u64 {
        self.0.ceil() as u64
    }

    /// Rounded down.
    #[cfg(feature = "redis")]
    pub(crate) fn unix_milliseconds(self) -> u64 {
        (self.0 * 1000.0).floor() as u64
    }
}

impl fmt::Display for NumericDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// 2^53 - 1: the largest integer that every JSON parser represents exactly.
const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_991.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        let cases = [
            ("zero", 0.0, true),
            ("negative zero", -0.0, true),
            ("a fraction", 1_700_000_000.5, true),
            ("the last exact integer", MAX_EXACT_INTEGER, true),
            ("one more", MAX_EXACT_INTEGER + 1.0, false),
            ("2^63", 9_223_372_036_854_775_808.0, false),
            ("1e308", 1e308, false),
            ("infinity", f64::INFINITY, false),
            ("not a number", f64::NAN, false),
        ];
        for (name, seconds, accepted) in cases {
            assert_eq!(NumericDate::new(seconds).is_some(), accepted, "{name}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        let date = |s| NumericDate::new(s).unwrap();
        assert_eq!(date(10.0).since(date(4.5)), Duration::from_millis(5500));
        assert_eq!(date(4.0).since(date(10.0)), Duration::ZERO);
        assert!(date(-1e9).seconds_since(date(10.0)) < 0.0);
        assert_eq!(date(-5.0).unix_seconds(), 0);
        assert_eq!(date(7.9).unix_seconds(), 7);
        assert!(date(1.0).plus(Duration::MAX) > date(MAX_EXACT_INTEGER));
    }
}
