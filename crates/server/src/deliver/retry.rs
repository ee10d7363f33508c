//! When an attempt is made again, and when it is given up.

use std::time::Duration;

use directory::clock::Random;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// What is waited after the first attempt, the second and so on; after those, the last again.
const DELAYS: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3_600),
    Duration::from_secs(5 * 3_600),
    Duration::from_secs(10 * 3_600),
];
/// Attempts end this long after the first.
pub const GIVEN_UP_AFTER: Duration = Duration::from_secs(3 * 86_400);
/// How much later than by the schedule a receiver may ask for.
pub const MOST_ASKED: Duration = Duration::from_secs(86_400);

/// What a receiver said in `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// After this time from the answer.
    Delay(Duration),
    /// At this time.
    At(Timestamp),
}

impl RetryAfter {
    /// Reads the header's value (RFC 9110 §10.2.3): seconds, or a date in any of HTTP's three
    /// forms. A number or date that is too large stands for the largest.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|c| c.is_ascii_digit()) {
            let seconds = value.parse().unwrap_or(u64::MAX);
            return Some(Self::Delay(Duration::from_secs(seconds)));
        }
        let time = httpdate::parse_http_date(value).ok()?;
        // The year is 1970 to 9999, so one that does not fit is too late.
        Some(Self::At(
            Timestamp::try_from(time).unwrap_or(Timestamp::MAX),
        ))
    }

    /// What an answer's headers say, if anything that can be read.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get(RETRY_AFTER)?.to_str().ok()?)
    }

    fn time(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Delay(delay) => later(now, delay),
            Self::At(time) => time,
        }
    }
}

/// When the next attempt is due, after `attempts` that failed; `None` when it is given up.
///
/// The schedule: at once, then 5 s, 5 min, 30 min, 2 h, 5 h and 10 h after the attempt before, and
/// every 10 h from there, each up to a tenth shorter or longer. `now` is when the last attempt
/// ended. What is due later than three days after `first`, the time of the first attempt, is not
/// tried. What the receiver `asked` for never makes it earlier than the schedule, at most a day
/// later, and never later than those three days.
#[must_use]
pub fn next_attempt(
    attempts: u32,
    first: Timestamp,
    now: Timestamp,
    asked: Option<RetryAfter>,
    random: &dyn Random,
) -> Option<Timestamp> {
    let end = later(first, GIVEN_UP_AFTER);
    let scheduled = later(now, jittered(delay_after(attempts), random));
    if scheduled > end {
        return None;
    }
    let asked = asked.map_or(scheduled, |asked| asked.time(now));
    let latest = later(scheduled, MOST_ASKED).min(end);
    Some(asked.clamp(scheduled, latest))
}

/// What the schedule waits after so many attempts, before jitter.
fn delay_after(attempts: u32) -> Duration {
    let Some(failed_before) = attempts.checked_sub(1) else {
        return Duration::ZERO;
    };
    let index = usize::try_from(failed_before).unwrap_or(usize::MAX);
    let [.., last] = DELAYS;
    DELAYS.get(index).copied().unwrap_or(last)
}

/// Between nine and eleven tenths of `delay`.
fn jittered(delay: Duration, random: &dyn Random) -> Duration {
    let mut bytes = [0; 4];
    random.fill(&mut bytes);
    let fraction = f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX);
    delay.mul_f64(0.9 + 0.2 * fraction)
}

/// `time` and `by` together, or the last time that there is.
fn later(time: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| time.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use directory::clock::SystemRandom;
    use proptest::prelude::*;

    /// Every byte the same: 0 is the shortest delay, 255 the longest, 128 near enough the plain one.
    struct Constant(u8);

    impl Random for Constant {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn seconds(from: Timestamp, to: Timestamp) -> f64 {
        to.duration_since(from).as_secs_f64()
    }

    const FIRST: i64 = 1_800_000_000;
    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;

    fn asked(value: &str) -> Option<RetryAfter> {
        Some(RetryAfter::parse(value).unwrap())
    }

    #[test]
    fn the_schedule_is_0_s_5_s_5_min_30_min_2_h_5_h_and_10_h_from_there() {
        let first = at(FIRST);
        for (attempts, wait) in [
            (0, 0),
            (1, 5),
            (2, 300),
            (3, 1_800),
            (4, 7_200),
            (5, 18_000),
            (6, 36_000),
            (7, 36_000),
            (8, 36_000),
            (u32::MAX, 36_000),
        ] {
            let wait = f64::from(wait);
            for (byte, factor) in [(0, 0.9), (255, 1.1)] {
                let next = next_attempt(attempts, first, first, None, &Constant(byte)).unwrap();
                let waited = seconds(first, next);
                assert!(
                    (waited - wait * factor).abs() < 0.001,
                    "{attempts}: {waited}"
                );
            }
        }
    }

    #[test]
    fn attempts_end_within_three_days_of_the_first() {
        for (byte, expected) in [(0, 13), (128, 12), (255, 11)] {
            let first = at(FIRST);
            let (mut now, mut attempts) = (first, 0);
            while let Some(next) = next_attempt(attempts, first, now, None, &Constant(byte)) {
                now = next;
                attempts += 1;
            }
            assert_eq!(attempts, expected, "jitter of byte {byte}");
            assert!(seconds(first, now) <= 3.0 * 86_400.0);
            assert!(seconds(first, now) >= 2.0 * 86_400.0);
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        for (value, expected) in [
            ("0", RetryAfter::Delay(Duration::ZERO)),
            (" 120 ", RetryAfter::Delay(Duration::from_secs(120))),
            (
                "99999999999999999999999",
                RetryAfter::Delay(Duration::from_secs(u64::MAX)),
            ),
            (
                "Sun, 06 Nov 1994 08:49:37 GMT",
                RetryAfter::At(at(784_111_777)),
            ),
            (
                "Sunday, 06-Nov-94 08:49:37 GMT",
                RetryAfter::At(at(784_111_777)),
            ),
            ("Sun Nov  6 08:49:37 1994", RetryAfter::At(at(784_111_777))),
        ] {
            assert_eq!(RetryAfter::parse(value), Some(expected), "{value:?}");
        }
        for value in ["", " ", "-1", "+5", "1.5", "1e9", "soon", "٣", "2026-01-01"] {
            assert_eq!(RetryAfter::parse(value), None, "{value:?}");
        }
    }

    #[test]
    fn what_is_asked_for_is_kept_within_the_schedule_a_day_and_the_end() {
        let first = at(FIRST);
        let (plain, hour) = (Constant(0), at(FIRST + HOUR));
        // After the first attempt the schedule says 4.5 s; after the sixth, 9 h.
        for (attempts, now, value, expected) in [
            (1, first, "60", FIRST as f64 + 60.0),
            (1, first, "0", FIRST as f64 + 4.5),
            (1, first, "1000000000", FIRST as f64 + 4.5 + DAY as f64),
            (
                1,
                first,
                "99999999999999999999999",
                FIRST as f64 + 4.5 + DAY as f64,
            ),
            (
                1,
                first,
                "Sun, 06 Nov 1994 08:49:37 GMT",
                FIRST as f64 + 4.5,
            ),
            (
                1,
                first,
                "Fri, 31 Dec 9999 23:59:59 GMT",
                FIRST as f64 + 4.5 + DAY as f64,
            ),
            (
                6,
                hour,
                "1000000000",
                (FIRST + HOUR + 9 * HOUR + DAY) as f64,
            ),
            (
                6,
                at(FIRST + 60 * HOUR),
                "1000000000",
                (FIRST + 3 * DAY) as f64,
            ),
        ] {
            let next = next_attempt(attempts, first, now, asked(value), &plain).unwrap();
            let reached = FIRST as f64 + seconds(first, next);
            assert!((reached - expected).abs() < 0.001, "{value}: {next}");
        }
        let late = at(FIRST + 64 * HOUR);
        assert_eq!(next_attempt(6, first, late, asked("1"), &plain), None);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_the_next_attempt_is_bounded(
            attempts in 0u32..20,
            passed in 0i64..4 * DAY,
            value in prop_oneof![
                any::<u64>().prop_map(|seconds| seconds.to_string()),
                (0u64..200_000).prop_map(|seconds| seconds.to_string()),
                any::<String>(),
            ],
        ) {
            let (first, now) = (at(FIRST), at(FIRST + passed));
            let asked = RetryAfter::parse(&value);
            let plain = delay_after(attempts).as_secs_f64();
            match next_attempt(attempts, first, now, asked, &SystemRandom) {
                Some(next) => {
                    let waited = seconds(now, next);
                    prop_assert!(waited >= plain * 0.9 - 0.001);
                    prop_assert!(waited <= plain * 1.1 + DAY as f64 + 0.001);
                    prop_assert!(seconds(first, next) <= 3.0 * DAY as f64);
                }
                None => prop_assert!(passed as f64 + plain * 1.1 >= 3.0 * DAY as f64),
            }
        }

        #[test]
        fn no_time_or_count_overflows(
            attempts: u32,
            first in Timestamp::MIN.as_second()..Timestamp::MAX.as_second(),
            now in Timestamp::MIN.as_second()..Timestamp::MAX.as_second(),
            delay: u64,
        ) {
            let asked = Some(RetryAfter::Delay(Duration::from_secs(delay)));
            if let Some(next) = next_attempt(attempts, at(first), at(now), asked, &SystemRandom) {
                prop_assert!(next >= at(now));
            }
        }
    }
}
