//! When digests are due: at 09:00 where the user is, on Mondays or on the first of the month.

use jiff::civil::{Date, Time, Weekday, date, time};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp};

use crate::error::Error;
use crate::model::DeliveryChannel;

/// When digests are due, local time. Where clocks pass over it, it is as much later as they were
/// put forward; where they show it twice, it is the first (jiff's `compatible`, as RFC 5545).
const DUE_AT: Time = time(9, 0, 0, 0);
const EPOCH: Date = date(1970, 1, 1);

/// How often a digest is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cadence {
    /// On Mondays.
    Weekly,
    /// On the first of each month.
    Monthly,
}

impl Cadence {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Weekly, Self::Monthly];

    /// Its name, as it is stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    /// The cadence of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.name() == name)
    }

    /// The channel that it is asked for by.
    #[must_use]
    pub fn channel(self) -> DeliveryChannel {
        match self {
            Self::Weekly => DeliveryChannel::WeeklyEmailDigest,
            Self::Monthly => DeliveryChannel::MonthlyEmailDigest,
        }
    }

    /// The lane that its digests go out on.
    #[must_use]
    pub fn lane(self) -> &'static str {
        match self {
            Self::Weekly => "email:weekly_digest",
            Self::Monthly => "email:monthly_digest",
        }
    }

    /// The cadence whose digests go out on a lane.
    #[must_use]
    pub fn of_lane(lane: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.lane() == lane)
    }

    fn is_on(self, day: Date) -> bool {
        match self {
            Self::Weekly => day.weekday() == Weekday::Monday,
            Self::Monthly => day.day() == 1,
        }
    }

    /// When the digest of a date is due.
    ///
    /// # Errors
    /// [`Error::Internal`] at the end of all times.
    pub fn due(self, period: Period, zone: &TimeZone) -> Result<Timestamp, Error> {
        let due = period.date()?.to_datetime(DUE_AT);
        let due = due.to_zoned(zone.clone()).map_err(Error::internal)?;
        Ok(due.timestamp())
    }

    /// The date of the first digest that is due after a time, and is later than the last one's:
    /// whoever moves to where it is an earlier day gets no second digest of that day.
    ///
    /// # Errors
    /// As [`Cadence::due`].
    pub fn next(
        self,
        after: Timestamp,
        last: Option<Period>,
        zone: &TimeZone,
    ) -> Result<Period, Error> {
        let mut day = after.to_zoned(zone.clone()).date();
        if let Some(last) = last {
            day = day.max(last.date()?.tomorrow().map_err(Error::internal)?);
        }
        loop {
            let period = Period::of(day)?;
            if self.is_on(day) && self.due(period, zone)? > after {
                return Ok(period);
            }
            day = day.tomorrow().map_err(Error::internal)?;
        }
    }
}

/// The local date of a digest, in days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(pub i64);

impl Period {
    /// The digest of a date.
    ///
    /// # Errors
    /// [`Error::Internal`] never happens: every date is within reach.
    pub fn of(day: Date) -> Result<Self, Error> {
        let span = EPOCH.until(day).map_err(Error::internal)?;
        Ok(Self(i64::from(span.get_days())))
    }

    /// The date.
    ///
    /// # Errors
    /// [`Error::Internal`] for a number that is no date's.
    pub fn date(self) -> Result<Date, Error> {
        let span = Span::new().try_days(self.0).map_err(Error::internal)?;
        EPOCH.checked_add(span).map_err(Error::internal)
    }
}

/// The time zone of that name: of this machine's database, or of the one that is compiled in;
/// UTC where there is none, or no name.
#[must_use]
pub fn zone(name: Option<&str>) -> TimeZone {
    let Some(name) = name else {
        return TimeZone::UTC;
    };
    let found = jiff::tz::db().get(name);
    let found = found.or_else(|_| TimeZoneDatabase::bundled().get(name));
    found.unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn next(cadence: Cadence, after: &str, zone_name: &str) -> (String, String) {
        let zone = zone(Some(zone_name));
        let period = cadence.next(at(after), None, &zone).unwrap();
        let due = cadence.due(period, &zone).unwrap();
        (period.date().unwrap().to_string(), due.to_string())
    }

    fn is(day: &str, due: &str) -> (String, String) {
        (day.to_owned(), due.to_owned())
    }

    #[test]
    fn a_digest_is_due_at_nine_where_the_user_is_whatever_the_clocks_do() {
        use Cadence::{Monthly, Weekly};
        for (cadence, after, zone, day, due) in [
            // A Saturday; the Monday after it, before and after clocks are put forward.
            (
                Weekly,
                "2027-03-06T12:00:00Z",
                "America/New_York",
                "2027-03-08",
                "2027-03-08T14:00:00Z",
            ),
            (
                Weekly,
                "2027-03-13T12:00:00Z",
                "America/New_York",
                "2027-03-15",
                "2027-03-15T13:00:00Z",
            ),
            // Half an hour of summer time.
            (
                Weekly,
                "2027-04-01T00:00:00Z",
                "Australia/Lord_Howe",
                "2027-04-05",
                "2027-04-04T22:30:00Z",
            ),
            (
                Weekly,
                "2027-03-25T00:00:00Z",
                "Australia/Lord_Howe",
                "2027-03-29",
                "2027-03-28T22:00:00Z",
            ),
            (
                Monthly,
                "2027-01-31T23:00:00Z",
                "Asia/Kathmandu",
                "2027-02-01",
                "2027-02-01T03:15:00Z",
            ),
            // At nine itself it is the next.
            (
                Monthly,
                "2027-02-01T03:15:00Z",
                "Asia/Kathmandu",
                "2027-03-01",
                "2027-03-01T03:15:00Z",
            ),
            (
                Weekly,
                "2026-12-31T23:59:59Z",
                "no/such_zone",
                "2027-01-04",
                "2027-01-04T09:00:00Z",
            ),
        ] {
            assert_eq!(next(cadence, after, zone), is(day, due), "{after} {zone}");
        }
    }

    #[test]
    fn nine_that_is_passed_over_is_later_and_nine_that_comes_twice_is_the_first() {
        // A zone whose clocks move at nine: forward on a Monday of March, back on one of October.
        let zone = TimeZone::posix("XXX0YYY,M3.2.1/9,M10.2.1/10").unwrap();
        let due = |day: Date| {
            let due = Cadence::Weekly.due(Period::of(day).unwrap(), &zone);
            due.unwrap().to_string()
        };
        assert_eq!(due(date(2027, 3, 8)), "2027-03-08T09:00:00Z");
        let shown = at("2027-03-08T09:00:00Z").to_zoned(zone.clone());
        assert_eq!(shown.time(), time(10, 0, 0, 0), "there is no nine");
        assert_eq!(due(date(2027, 10, 11)), "2027-10-11T08:00:00Z");
        let again = at("2027-10-11T09:00:00Z").to_zoned(zone.clone());
        assert_eq!(again.time(), DUE_AT, "the second nine");
    }

    #[test]
    fn who_moves_to_an_earlier_day_gets_no_second_digest_of_it() {
        let (auckland, honolulu) = (
            zone(Some("Pacific/Auckland")),
            zone(Some("Pacific/Honolulu")),
        );
        let weekly = Cadence::Weekly;
        let first = weekly
            .next(at("2026-11-20T00:00:00Z"), None, &auckland)
            .unwrap();
        assert_eq!(first.date().unwrap(), date(2026, 11, 23));
        let sent = weekly.due(first, &auckland).unwrap();
        let after = weekly.next(sent, Some(first), &honolulu).unwrap();
        assert_eq!(after.date().unwrap(), date(2026, 11, 30));
    }

    #[test]
    fn a_date_comes_back_from_its_number() {
        for day in [date(1970, 1, 2), date(2026, 11, 23), date(1969, 12, 29)] {
            assert_eq!(Period::of(day).unwrap().date().unwrap(), day);
        }
    }
}
