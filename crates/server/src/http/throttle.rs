//! Slows down the guessing of credentials, without locking anybody out.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use directory::Error;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// What wrong links to register passkeys are counted under: their page and the API take the same.
pub const PASSKEY_LINKS: &str = "links to register passkeys";

/// How long failures count together.
const WINDOW_MS: i64 = 60_000;
/// How far behind a window's start a time may lie and still belong to it: requests that run at
/// once take their times in any order. Further behind, the clock was set back.
const SKEW_MS: i64 = 1_000;
/// How many windows are kept; beyond it the oldest is forgotten. About 15 MB.
const MAX_WINDOWS: usize = 100_000;

/// Counts failed credentials by (principal, address) and by address (contracts, rule 10).
///
/// A window begins with its first failure and lasts a minute; over a limit, the pair or address is
/// refused until its window ends, and everyone else goes on. IPv6 addresses count by their /64, and
/// an IPv4 address written as IPv6 counts as itself. Counts live in this process alone: with
/// several nodes, each counts for itself.
#[derive(Debug)]
pub struct Throttle {
    per_pair: u32,
    per_address: u32,
    windows: Mutex<Windows>,
}

/// The seconds after which to try again: 1 to 60.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RetryAfter(pub u32);

impl From<RetryAfter> for Error {
    fn from(retry: RetryAfter) -> Self {
        Self::RateLimited {
            retry_after: retry.0,
        }
    }
}

impl Default for Throttle {
    /// 10 failures a minute for a pair, 100 for an address.
    fn default() -> Self {
        Self::new(10, 100)
    }
}

impl Throttle {
    /// A throttle that allows these many failures a minute; 0 stands for no limit.
    pub fn new(per_pair: u32, per_address: u32) -> Self {
        Self {
            per_pair,
            per_address,
            windows: Mutex::default(),
        }
    }

    /// Asks before a credential is looked at. `principal` is the user or key it names, or `None`
    /// for one that is not known: all of those from one address are one pair.
    ///
    /// # Errors
    /// [`RetryAfter`] where the pair or the address has failed as often as it may; the credential
    /// must then not be checked.
    pub fn check(
        &self,
        principal: Option<&str>,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(), RetryAfter> {
        let now = now.as_millisecond();
        let windows = self.windows();
        if windows.by_key.is_empty() {
            return Ok(());
        }
        let pair = windows.full(&Key::pair(principal, address), self.per_pair, now);
        let whole = windows.full(&Key::address(address), self.per_address, now);
        match pair.max(whole) {
            Some(wait) => Err(wait),
            None => Ok(()),
        }
    }

    /// Counts a failure. A request without a credential is none.
    pub fn failed(&self, principal: Option<&str>, address: IpAddr, now: Timestamp) {
        let now = now.as_millisecond();
        let mut windows = self.windows();
        windows.count(Key::pair(principal, address), now);
        windows.count(Key::address(address), now);
    }

    /// Asks and counts at once, before a guess is looked at: of many that come together, no more
    /// are looked at than may fail. One that was right is taken back by [`Throttle::forgive`].
    ///
    /// # Errors
    /// As [`Throttle::check`].
    pub fn attempt(
        &self,
        principal: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(), RetryAfter> {
        let pair = (Key::pair(Some(principal), address), self.per_pair);
        self.take([pair, (Key::address(address), self.per_address)], now)
    }

    /// Takes back an attempt that was no failure.
    pub fn forgive(&self, principal: &str, address: IpAddr) {
        let mut windows = self.windows();
        windows.uncount(&Key::pair(Some(principal), address));
        windows.uncount(&Key::address(address));
    }

    /// Asks and counts an attempt that was counted already by another name of who it is about:
    /// by this name as well, and by its address no second time.
    ///
    /// # Errors
    /// As [`Throttle::check`].
    pub fn attempt_also(
        &self,
        principal: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(), RetryAfter> {
        let pair = Key::pair(Some(principal), address);
        self.take([(pair, self.per_pair)], now)
    }

    /// Counts in all of these, unless one has come to its limit.
    fn take<const N: usize>(
        &self,
        counted: [(Key, u32); N],
        now: Timestamp,
    ) -> Result<(), RetryAfter> {
        let now = now.as_millisecond();
        let mut windows = self.windows();
        let full = counted.iter();
        let full = full.filter_map(|(key, limit)| windows.full(key, *limit, now));
        if let Some(wait) = full.max() {
            return Err(wait);
        }
        for (key, _) in counted {
            windows.count(key, now);
        }
        Ok(())
    }

    /// Takes back what [`Throttle::attempt_also`] counted.
    pub fn forgive_also(&self, principal: &str, address: IpAddr) {
        let pair = Key::pair(Some(principal), address);
        self.windows().uncount(&pair);
    }

    /// A panic elsewhere leaves the counts usable: they are at worst one short.
    fn windows(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What failures are counted by. A principal's text is only kept as a digest: it comes from the
/// client, at any length, and may be an email address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Known([u8; 32], IpAddr),
    Unknown(IpAddr),
    Address(IpAddr),
}

impl Key {
    fn pair(principal: Option<&str>, address: IpAddr) -> Self {
        match principal {
            Some(text) => Self::Known(Sha256::digest(text).into(), network(address)),
            None => Self::Unknown(network(address)),
        }
    }

    fn address(address: IpAddr) -> Self {
        Self::Address(network(address))
    }
}

/// One IPv4 address, or the /64 that one IPv6 client can change its address within at will.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let prefix = address.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(prefix))
        }
    }
}

/// The windows that count, and the order they began in: each is in both, so neither outgrows
/// [`MAX_WINDOWS`].
#[derive(Debug, Default)]
struct Windows {
    by_key: HashMap<Key, Window>,
    order: VecDeque<(i64, Key)>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    start: i64,
    failures: u32,
}

impl Windows {
    fn full(&self, key: &Key, limit: u32, now: i64) -> Option<RetryAfter> {
        let window = self.by_key.get(key)?;
        let age = age(window.start, now)?;
        if limit == 0 || window.failures < limit {
            return None;
        }
        let seconds = u32::try_from((WINDOW_MS - age + 999) / 1000).ok()?;
        Some(RetryAfter(seconds.max(1)))
    }

    fn count(&mut self, key: Key, now: i64) {
        self.forget_over(now);
        if let Some(window) = self.by_key.get_mut(&key)
            && age(window.start, now).is_some()
        {
            window.failures = window.failures.saturating_add(1);
            return;
        }
        if self.order.len() >= MAX_WINDOWS {
            self.forget_oldest();
        }
        self.order.push_back((now, key.clone()));
        let window = Window {
            start: now,
            failures: 1,
        };
        self.by_key.insert(key, window);
    }

    fn uncount(&mut self, key: &Key) {
        if let Some(window) = self.by_key.get_mut(key) {
            window.failures = window.failures.saturating_sub(1);
        }
    }

    fn forget_over(&mut self, now: i64) {
        while let Some((start, _)) = self.order.front()
            && age(*start, now).is_none()
        {
            self.forget_oldest();
        }
    }

    /// The key may have begun a newer window since, which stays.
    fn forget_oldest(&mut self) {
        if let Some((start, key)) = self.order.pop_front()
            && self.by_key.get(&key).is_some_and(|w| w.start == start)
        {
            self.by_key.remove(&key);
        }
    }
}

/// How long a window has run, or none when it is over. A clock set back ends it: to wait until the
/// clock catches up could be to wait for ever.
fn age(start: i64, now: i64) -> Option<i64> {
    let age = now.saturating_sub(start);
    (-SKEW_MS..WINDOW_MS).contains(&age).then_some(age.max(0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    const T0: i64 = 1_700_000_000_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(T0 + ms).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn fail(throttle: &Throttle, who: Option<&str>, from: &str, times: usize) {
        for _ in 0..times {
            throttle.failed(who, ip(from), at(0));
        }
    }

    #[test]
    fn a_pair_is_refused_after_its_failures_and_others_go_on() {
        let throttle = Throttle::default();
        fail(&throttle, Some("ada"), "192.0.2.1", 9);
        assert_eq!(throttle.check(Some("ada"), ip("192.0.2.1"), at(0)), Ok(()));
        fail(&throttle, Some("ada"), "192.0.2.1", 1);
        let refused = throttle.check(Some("ada"), ip("192.0.2.1"), at(0));
        assert_eq!(refused, Err(RetryAfter(60)));
        assert_eq!(throttle.check(Some("ada"), ip("192.0.2.2"), at(0)), Ok(()));
        assert_eq!(throttle.check(Some("bob"), ip("192.0.2.1"), at(0)), Ok(()));
        assert_eq!(throttle.check(None, ip("192.0.2.1"), at(0)), Ok(()));
    }

    #[test]
    fn of_attempts_at_once_no_more_are_let_through_than_may_fail() {
        let throttle = Throttle::default();
        let attempt = || throttle.attempt("ada", ip("192.0.2.1"), at(0));
        for _ in 0..10 {
            assert_eq!(attempt(), Ok(()));
        }
        assert_eq!(attempt(), Err(RetryAfter(60)));
        throttle.forgive("ada", ip("192.0.2.1"));
        assert_eq!(attempt(), Ok(()), "one was right");
        assert_eq!(attempt(), Err(RetryAfter(60)));
        let others = throttle.attempt("bob", ip("192.0.2.1"), at(0));
        assert_eq!(others, Ok(()), "nobody else waits");
        assert_eq!(throttle.attempt("ada", ip("192.0.2.2"), at(0)), Ok(()));
    }

    #[test]
    fn an_attempt_by_two_names_counts_for_both_and_once_for_its_address() {
        let throttle = Throttle::new(2, 3);
        let address = ip("192.0.2.1");
        for email in ["ada@a", "ada@b"] {
            assert_eq!(throttle.attempt(email, address, at(0)), Ok(()));
            assert_eq!(throttle.attempt_also("ada", address, at(0)), Ok(()));
        }
        assert_eq!(throttle.attempt("ada@c", address, at(0)), Ok(()));
        let also = || throttle.attempt_also("ada", address, at(0));
        assert_eq!(also(), Err(RetryAfter(60)));
        throttle.forgive_also("ada", address);
        assert_eq!(also(), Ok(()));
        let whole = throttle.attempt("bob", address, at(0));
        assert_eq!(whole, Err(RetryAfter(60)), "the address is full by then");
    }

    #[test]
    fn a_window_ends_a_minute_after_its_first_failure() {
        let throttle = Throttle::default();
        fail(&throttle, Some("ada"), "192.0.2.1", 10);
        let check = |ms| throttle.check(Some("ada"), ip("192.0.2.1"), at(ms));
        assert_eq!(check(1), Err(RetryAfter(60)));
        assert_eq!(check(59_001), Err(RetryAfter(1)));
        assert_eq!(check(59_999), Err(RetryAfter(1)));
        assert_eq!(check(60_000), Ok(()));
        throttle.failed(Some("ada"), ip("192.0.2.1"), at(60_000));
        assert_eq!(check(60_000), Ok(()));
    }

    #[test]
    fn unknown_principals_of_an_address_are_one_pair() {
        let throttle = Throttle::default();
        fail(&throttle, None, "192.0.2.1", 10);
        assert!(throttle.check(None, ip("192.0.2.1"), at(0)).is_err());
        assert_eq!(throttle.check(None, ip("192.0.2.2"), at(0)), Ok(()));
        assert_eq!(throttle.check(Some("ada"), ip("192.0.2.1"), at(0)), Ok(()));
    }

    #[test]
    fn an_address_is_refused_whoever_it_tries() {
        let throttle = Throttle::default();
        for n in 0..100 {
            assert_eq!(throttle.check(Some("new"), ip("192.0.2.1"), at(n)), Ok(()));
            throttle.failed(Some(&n.to_string()), ip("192.0.2.1"), at(n));
        }
        assert!(
            throttle
                .check(Some("new"), ip("192.0.2.1"), at(100))
                .is_err()
        );
        assert_eq!(
            throttle.check(Some("new"), ip("192.0.2.2"), at(100)),
            Ok(())
        );
    }

    #[test]
    fn ipv6_counts_by_its_64_and_mapped_ipv4_as_itself() {
        let throttle = Throttle::default();
        fail(&throttle, None, "2001:db8:0:1::1", 10);
        let check = |from| throttle.check(None, ip(from), at(0));
        assert!(check("2001:db8:0:1:ffff:ffff:ffff:ffff").is_err());
        assert_eq!(check("2001:db8:0:2::1"), Ok(()));
        fail(&throttle, None, "::ffff:192.0.2.1", 10);
        assert!(check("192.0.2.1").is_err());
        assert_eq!(check("::ffff:192.0.2.2"), Ok(()));
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let throttle = Throttle::default();
        fail(&throttle, Some("ada"), "192.0.2.1", 10);
        let check = |ms| throttle.check(Some("ada"), ip("192.0.2.1"), at(ms));
        assert_eq!(check(-500), Err(RetryAfter(60)));
        assert_eq!(check(-3_600_000), Ok(()));
        throttle.failed(Some("ada"), ip("192.0.2.1"), at(-3_600_000));
        assert_eq!(check(-3_600_000), Ok(()));
        assert_eq!(throttle.windows().order.len(), 2);
    }

    #[test]
    fn zero_is_no_limit() {
        let throttle = Throttle::new(0, 0);
        fail(&throttle, None, "192.0.2.1", 1000);
        assert_eq!(throttle.check(None, ip("192.0.2.1"), at(0)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut windows = Windows::default();
        let key = |n: usize| {
            let n = u32::try_from(n).unwrap();
            Key::Unknown(IpAddr::V4(n.into()))
        };
        for n in 0..=MAX_WINDOWS {
            windows.count(key(n), T0);
        }
        assert_eq!(windows.by_key.len(), MAX_WINDOWS);
        assert_eq!(windows.order.len(), MAX_WINDOWS);
        assert!(!windows.by_key.contains_key(&key(0)));
        assert!(windows.by_key.contains_key(&key(1)));
        windows.count(key(0), T0 + WINDOW_MS);
        assert_eq!((windows.by_key.len(), windows.order.len()), (1, 1));
    }

    #[test]
    fn a_long_principal_is_not_kept() {
        assert!(size_of::<Key>() <= 64);
        let throttle = Throttle::new(1, 100);
        let long = "x".repeat(1_000_000);
        fail(&throttle, Some(&long), "192.0.2.1", 1);
        assert!(throttle.check(Some(&long), ip("192.0.2.1"), at(0)).is_err());
    }
}
