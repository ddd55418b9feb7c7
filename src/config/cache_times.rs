use std::time::Duration;

/// When keys are fetched and how long they are used.
///
/// ```
/// use std::time::Duration;
/// use tower_jwt_auth::config::JwksCache;
///
/// let times = JwksCache::new().max_age(Duration::from_secs(300)).cooldown(Duration::from_secs(10));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JwksCache {
    pub(super) min_age: Option<Duration>,
    pub(super) max_age: Option<Duration>,
    pub(super) max_stale: Option<Duration>,
    pub(super) cooldown: Option<Duration>,
    pub(super) timeout: Option<Duration>,
}

impl JwksCache {
    /// Every time at its default.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            min_age: None,
            max_age: None,
            max_stale: None,
            cooldown: None,
            timeout: None,
        }
    }

    /// Sets the age at which keys are due for a refresh. The refresh begins at 80 % of this age. It
    /// is also the longest time that a withdrawn key stays trusted while refreshes succeed. The
    /// issuer's `Cache-Control: max-age` may shorten it down to [`min_age`](Self::min_age), but not
    /// extend it.
    ///
    /// Default: [10 minutes](crate::limits::DEFAULT_MAX_AGE).
    ///
    /// # Errors
    ///
    /// `build` rejects less than 1 second.
    #[must_use]
    pub const fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Sets the shortest `Cache-Control: max-age` of the issuer that is honoured (RFC 9111
    /// §5.2.2.1); a shorter one is raised to this. Some issuers send 15 seconds, and every replica
    /// of a server would then fetch about three times a minute. A new key does not wait for it: the
    /// first token that names the key causes a fetch.
    ///
    /// Default: [5 minutes](crate::limits::DEFAULT_MIN_AGE), or `max_age` if that is shorter.
    ///
    /// # Errors
    ///
    /// `build` rejects less than [30 seconds](crate::limits::MIN_SERVER_MAX_AGE), or less than
    /// `max_age` if that is shorter, and more than `max_age`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_jwt_auth::config::JwksCache;
    ///
    /// // Honours whatever the issuer says from half a minute on.
    /// let times = JwksCache::new().min_age(Duration::from_secs(30));
    /// ```
    #[must_use]
    pub const fn min_age(mut self, min_age: Duration) -> Self {
        self.min_age = Some(min_age);
        self
    }

    /// Sets the age at which keys are no longer used, even if every refresh since has failed:
    /// requests then get 503.
    ///
    /// Default: [24 hours](crate::limits::DEFAULT_MAX_STALE).
    ///
    /// # Errors
    ///
    /// `build` rejects less than `max_age`.
    #[must_use]
    pub const fn max_stale(mut self, max_stale: Duration) -> Self {
        self.max_stale = Some(max_stale);
        self
    }

    /// Sets how often an unknown `kid` may cause a fetch: once per this duration, after the first
    /// two fetches. It is also the longest pause between attempts while they fail.
    ///
    /// Default: [30 seconds](crate::limits::DEFAULT_COOLDOWN).
    ///
    /// # Errors
    ///
    /// `build` rejects less than 1 second.
    #[must_use]
    pub const fn cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown = Some(cooldown);
        self
    }

    /// Sets the longest time that a fetch may take, including discovery, and that a request waits
    /// for it.
    ///
    /// Default: [5 seconds](crate::limits::DEFAULT_TIMEOUT).
    ///
    /// # Errors
    ///
    /// `build` rejects zero.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self {
            min_age: self.min_age.or(other.min_age),
            max_age: self.max_age.or(other.max_age),
            max_stale: self.max_stale.or(other.max_stale),
            cooldown: self.cooldown.or(other.cooldown),
            timeout: self.timeout.or(other.timeout),
        }
    }
}
