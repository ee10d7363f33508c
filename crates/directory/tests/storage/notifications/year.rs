//! A year of digests, by the clock where each user is.

use std::collections::BTreeMap;

use directory::event::EventType;
use directory::model::DeliveryChannel::{MonthlyEmailDigest, WeeklyEmailDigest};
use directory::notifications::{Cadence, digests, zone};
use directory::store::Tx;
use directory::users::UserChange;
use jiff::civil::{Weekday, time};
use jiff::{SignedDuration, Timestamp};

use super::{begin, happens, listener, notice, rule, taken, tell};
use crate::feed::TENANT;
use crate::given::{create, set, system};
use crate::harness::World;

on_each_engine!(a_year_has_a_digest_each_monday_and_each_first_at_nine_local_time);

const ZONES: [&str; 3] = ["America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];
const LEAD: EventType = EventType::LeadCreated;
const START: &str = "2026-12-31T00:00:00Z";
const QUARTER: SignedDuration = SignedDuration::from_mins(15);

/// Whether digests may be due somewhere on a day, or near it: it is then looked at each quarter of
/// an hour, and else every six hours.
fn is_near(at: Timestamp) -> bool {
    let day = |hours: i64| {
        let at = at + SignedDuration::from_hours(hours);
        at.to_zoned(jiff::tz::TimeZone::UTC).date()
    };
    [-3, 12].iter().any(|hours| {
        let day = day(*hours);
        day.weekday() == Weekday::Monday || day.day() == 1
    })
}

async fn a_year_has_a_digest_each_monday_and_each_first_at_nine_local_time(world: World) {
    let directory = &world.directory;
    world.clock.jump_to(START.parse().unwrap());
    begin(directory, TENANT).await;
    let mut users = BTreeMap::new();
    for (number, name) in ZONES.iter().enumerate() {
        let rules = vec![rule(LEAD, None, &[WeeklyEmailDigest, MonthlyEmailDigest])];
        let change = UserChange {
            timezone: set(name),
            ..listener(&format!("u{number}"), rules, &[])
        };
        let made = create(directory, &system(), &change).await.unwrap();
        users.insert(made.user.id, *name);
    }
    let mut sent: BTreeMap<(&str, Cadence), Vec<Timestamp>> = BTreeMap::new();
    let end: Timestamp = "2028-01-01T00:00:00Z".parse().unwrap();
    let mut day = None;
    while world.now() < end {
        let now = world.now();
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        if day != Some(today) {
            day = Some(today);
            happens(directory, &system(), LEAD, None, &today.to_string()).await;
            tell(directory, TENANT).await;
        }
        let due = directory.read(|tx| digests::is_due(tx, TENANT));
        if due.await.unwrap() {
            let close = |tx: &Tx<'_>| digests::close_due(tx, TENANT);
            directory.write(close).await.unwrap();
            for cadence in Cadence::ALL {
                for claimed in taken(directory, TENANT, cadence.lane()).await {
                    let told = notice(directory, TENANT, &claimed).await.unwrap();
                    let key = (users[&told.user.id], cadence);
                    sent.entry(key).or_default().push(now);
                }
            }
        }
        let step = if is_near(now) { QUARTER } else { QUARTER * 24 };
        world.clock.jump_to(now + step);
    }
    for name in ZONES {
        let local = |cadence| {
            let zone = zone(Some(name));
            let times = sent[&(name, cadence)].iter();
            let times = times.map(|at| at.to_zoned(zone.clone()).datetime());
            times.collect::<Vec<_>>()
        };
        let (weekly, monthly) = (local(Cadence::Weekly), local(Cadence::Monthly));
        let in_2027 =
            |days: &[jiff::civil::DateTime]| days.iter().filter(|at| at.year() == 2027).count();
        assert_eq!(in_2027(&weekly), 52, "{name}: {weekly:?}");
        assert_eq!(in_2027(&monthly), 12, "{name}: {monthly:?}");
        for at in weekly.iter().chain(&monthly) {
            assert_eq!(at.time(), time(9, 0, 0, 0), "{name}: {at}");
        }
        assert!(weekly.iter().all(|at| at.weekday() == Weekday::Monday));
        assert!(monthly.iter().all(|at| at.day() == 1));
    }
}
