//! Time and randomness, as parameters.
//!
//! Everything that needs the time or a random value takes it from here, so that a test
//! can set both. The ambient sources are banned by `clippy.toml` in every other file.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// The wall clock's time, cut to the millisecond (what both engines store).
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment, never going backwards: for durations and leases.
    fn monotonic(&self) -> Duration;
}

/// A source of random bytes fit for secrets.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the ambient clock"
    )]
    pub fn new() -> Self {
        Self {
            started: std::time::Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the ambient clock"
    )]
    fn now(&self) -> Timestamp {
        to_millisecond(Timestamp::now())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the ambient clock"
    )]
    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The operating system's generator, through a per-thread CSPRNG.
#[derive(Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that draws ambient randomness"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        use rand::Rng as _;
        rand::rng().fill_bytes(bytes);
    }
}

/// A clock that moves only when told to: for tests.
#[derive(Debug)]
pub struct FakeClock {
    now: Mutex<Timestamp>,
    elapsed: AtomicU64,
}

impl FakeClock {
    /// A clock standing at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            now: Mutex::new(to_millisecond(now)),
            elapsed: AtomicU64::new(0),
        }
    }

    /// Moves both the wall clock and the monotonic one forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self
            .now
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *now = now.checked_add(by).unwrap_or(Timestamp::MAX);
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.elapsed.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the wall clock alone, as a jump of the machine's clock would.
    pub fn jump_to(&self, now: Timestamp) {
        *self
            .now
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = to_millisecond(now);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self
            .now
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.elapsed.load(Ordering::SeqCst))
    }
}

/// Cuts a time to the millisecond, towards the past.
#[must_use]
pub fn to_millisecond(time: Timestamp) -> Timestamp {
    i64::try_from(time.as_nanosecond().div_euclid(1_000_000))
        .ok()
        .and_then(from_millisecond)
        .unwrap_or(time)
}

/// The first time of a whole millisecond that is not before `time`: of whole ones, those before
/// the two are the same.
pub(crate) fn next_millisecond(time: Timestamp) -> Timestamp {
    let cut = to_millisecond(time);
    if cut == time {
        return time;
    }
    from_millisecond(cut.as_millisecond() + 1).unwrap_or(time)
}

/// The time of a number of Unix milliseconds, to the last of them that there is:
/// [`Timestamp::from_millisecond`] refuses those of the last second.
pub(crate) fn from_millisecond(millis: i64) -> Option<Timestamp> {
    let nanos = i32::try_from(millis.rem_euclid(1_000) * 1_000_000).ok()?;
    Timestamp::new(millis.div_euclid(1_000), nanos).ok()
}

/// A new UUIDv7 (RFC 9562 §5.7) as 32 lower-case hexadecimal digits.
#[must_use]
pub fn uuid_v7(now: Timestamp, random: &dyn Random) -> String {
    let mut bytes = [0u8; 16];
    random.fill(&mut bytes);
    let millis = u64::try_from(now.as_millisecond())
        .unwrap_or(0)
        .to_be_bytes();
    let mut id = u128::from_be_bytes(bytes) & ((1 << 80) - 1);
    let [_, _, a, b, c, d, e, f] = millis;
    for (index, byte) in [a, b, c, d, e, f].into_iter().enumerate() {
        id |= u128::from(byte) << (120 - 8 * index);
    }
    // Version 7 in bits 48..52 from the top, variant 10 in bits 64..66.
    id = (id & !(0xF << 76)) | (0x7 << 76);
    id = (id & !(0x3 << 62)) | (0x2 << 62);
    format!("{id:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_carries_its_time_version_and_variant() {
        let now = Timestamp::from_millisecond(0x0189_abcd_ef01).unwrap();
        let id = uuid_v7(now, &SystemRandom);
        assert_eq!(id.len(), 32);
        assert!(id.starts_with("0189abcdef01"), "{id}");
        assert_eq!(id.as_bytes()[12], b'7');
        assert!(
            matches!(id.as_bytes()[16], b'8' | b'9' | b'a' | b'b'),
            "{id}"
        );
        assert_ne!(id, uuid_v7(now, &SystemRandom));
    }

    #[test]
    fn any_time_is_cut_to_a_millisecond_that_can_be_read_back() {
        for (time, cut) in [
            ("2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:05.678Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
            ("9999-12-30T22:00:00.9999Z", "9999-12-30T22:00:00.999Z"),
            ("-009999-01-02T01:59:59Z", "-009999-01-02T01:59:59Z"),
        ] {
            let cut: Timestamp = cut.parse().unwrap();
            assert_eq!(to_millisecond(time.parse().unwrap()), cut);
            assert_eq!(from_millisecond(cut.as_millisecond()), Some(cut));
        }
    }

    #[test]
    fn the_next_millisecond_is_the_time_itself_where_it_is_whole() {
        for (time, next) in [
            ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z"),
            ("2026-01-02T03:04:05.678000001Z", "2026-01-02T03:04:05.679Z"),
            ("1969-12-31T23:59:59.9985Z", "1969-12-31T23:59:59.999Z"),
            ("1969-12-31T23:59:59.9995Z", "1970-01-01T00:00:00Z"),
        ] {
            let next: Timestamp = next.parse().unwrap();
            assert_eq!(next_millisecond(time.parse().unwrap()), next);
        }
        assert_eq!(next_millisecond(Timestamp::MAX), Timestamp::MAX);
    }

    #[test]
    fn a_fake_clock_moves_only_when_told() {
        let clock = FakeClock::new(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        clock.advance(Duration::from_secs(60));
        assert_eq!(clock.now().as_second(), 60);
        assert_eq!(clock.monotonic(), Duration::from_secs(60));
        clock.jump_to(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.monotonic(), Duration::from_secs(60));
    }
}
