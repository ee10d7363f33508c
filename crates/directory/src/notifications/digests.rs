//! Digests: what happened, gathered until it is due.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::actor::{Actor, TenantId};
use crate::error::Error;
use crate::event::EventType;
use crate::model::{DeliveryChannel, NotificationPreference, User, UserStatus};
use crate::store::{
    DigestEntry, Schedule, Tx, close_digests, deliver_to, drop_digests, due_digests,
    entries_of_digest, find_events, find_users, is_digest_due, list_mandatory, memberships_of,
    plan_digests, preferences_of,
};

use super::calendar::{Cadence, Period, zone};
use super::mandatory::MandatoryNotification;
use super::notice::About;
use super::preferences::wanted;

/// Schedules that are looked at in one transaction.
pub const CLOSED_AT_ONCE: usize = 500;
/// Entries of a digest that are read at most: every event in a dozen accounts.
const MAX_ENTRIES: i64 = 2_000;
/// Kinds of events that a digest tells of; how many more there are it says.
const MAX_GROUPS: usize = 50;
/// Events that are named of each kind.
const NAMED: usize = 3;

/// Whether any digest is due, or its date is to be found.
///
/// # Errors
/// Storage errors.
pub fn is_due(tx: &Tx<'_>, tenant: TenantId) -> Result<bool, Error> {
    is_digest_due(tx, tenant)
}

/// Finds the dates of digests that something happened for since, and queues those that are due.
/// Answers how many it looked at: fewer than [`CLOSED_AT_ONCE`] when there are no more for now.
///
/// # Errors
/// Storage errors.
pub fn close_due(tx: &Tx<'_>, tenant: TenantId) -> Result<usize, Error> {
    let due = due_digests(tx, tenant, CLOSED_AT_ONCE)?;
    let mut ids: Vec<i64> = due.iter().map(|each| each.user).collect();
    ids.sort_unstable();
    ids.dedup();
    let system = Actor::system(tenant, "");
    let found = find_users(tx, &system, &ids)?;
    let users: BTreeMap<i64, User> = found.into_iter().map(|user| (user.id, user)).collect();
    let mut outcomes: BTreeMap<(Cadence, Outcome), Vec<i64>> = BTreeMap::new();
    for schedule in &due {
        let outcome = judge(schedule, users.get(&schedule.user), tx.now())?;
        let same = outcomes.entry((schedule.cadence, outcome)).or_default();
        same.push(schedule.user);
    }
    for ((cadence, outcome), users) in outcomes {
        match outcome {
            Outcome::Later(period, due_at) => {
                plan_digests(tx, tenant, cadence, (period, due_at), &users)?;
            }
            Outcome::Now(period) => {
                close_digests(tx, tenant, cadence, period, &users)?;
                let number = number_of(period);
                deliver_to(tx, tenant, cadence.lane(), number, tx.now(), &users)?;
            }
            Outcome::Never => drop_digests(tx, tenant, cadence, &users)?,
        }
    }
    Ok(due.len())
}

/// What becomes of what waits for a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// It is the digest of this date, due at this time.
    Later(Period, Timestamp),
    /// It is due.
    Now(Period),
    /// It is due, and nobody is there to be told.
    Never,
}

fn judge(schedule: &Schedule, user: Option<&User>, now: Timestamp) -> Result<Outcome, Error> {
    let zone = zone(user.and_then(|user| user.timezone.as_deref()));
    let period = match schedule.period {
        Some(period) => period,
        None => schedule
            .cadence
            .next(schedule.due_at, schedule.last, &zone)?,
    };
    let due_at = schedule.cadence.due(period, &zone)?;
    // Who is told is asked when it is due: until then a suspension may end, an email be set.
    let told = |user: &User| user.status() != UserStatus::Suspended && user.email.is_some();
    Ok(if due_at > now {
        Outcome::Later(period, due_at)
    } else if user.is_some_and(told) {
        Outcome::Now(period)
    } else {
        Outcome::Never
    })
}

/// What stands for a digest where a delivery names its event: no event has such a number.
fn number_of(period: Period) -> i64 {
    -period.0
}

/// The digest that a delivery names.
pub(super) fn period_of(number: i64) -> Option<Period> {
    (number < 0).then(|| Period(-number))
}

/// What happened, of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct DigestGroup {
    /// What.
    pub event: EventType,
    /// How often.
    pub count: i64,
    /// The newest of them, the last first.
    pub newest: Vec<About>,
}

/// A digest as it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Digest {
    /// How often one is made.
    pub cadence: Cadence,
    /// Its date.
    pub period: Period,
    /// What happened, the most frequent first; 50 at most.
    pub groups: Vec<DigestGroup>,
    /// How many kinds more there were.
    pub more: usize,
    /// Whether the operator has everybody told of all of it.
    pub mandatory: bool,
}

/// A digest that is to be sent to a user: what they want to be told, and may be by now. None where
/// nothing is left.
pub(super) fn digest(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    cadence: Cadence,
    period: Period,
) -> Result<Option<Digest>, Error> {
    let mut entries = entries_of_digest(tx, tenant, user, cadence, period, MAX_ENTRIES)?;
    let accounts: BTreeMap<i64, String> = memberships_of(tx, tenant, &[user])?
        .into_iter()
        .map(|(_, each)| (each.account_id, each.account_name))
        .collect();
    let wants = wants_of(tx, tenant, user, cadence.channel())?;
    entries.retain(|entry| {
        let seen = entry.account_id.is_none_or(|id| accounts.contains_key(&id));
        seen && wants.told(&entry.event, entry.account_id)
    });
    let mandatory = entries.iter().all(|entry| wants.forced(&entry.event));
    let mut groups: Vec<(EventType, i64, Vec<i64>)> = Vec::new();
    for DigestEntry {
        event,
        happened,
        newest,
        ..
    } in entries
    {
        let Some(event) = EventType::parse(&event) else {
            continue;
        };
        match groups.iter_mut().find(|(other, ..)| *other == event) {
            Some((_, count, ids)) => {
                *count += happened;
                ids.extend(newest);
            }
            None => groups.push((event, happened, newest)),
        }
    }
    groups.sort_by_key(|(event, count, _)| (std::cmp::Reverse(*count), *event));
    let more = groups.len().saturating_sub(MAX_GROUPS);
    groups.truncate(MAX_GROUPS);
    if groups.is_empty() {
        return Ok(None);
    }
    let ids: Vec<i64> = groups.iter().flat_map(|(_, _, ids)| ids).copied().collect();
    let mut events = find_events(tx, tenant, &ids)?;
    events.sort_by_key(|event| std::cmp::Reverse(event.position));
    let groups = groups.into_iter().map(|(event, count, ids)| DigestGroup {
        event,
        count,
        newest: events
            .iter()
            .filter(|each| ids.contains(&each.id))
            .take(NAMED)
            .map(|each| About::of(each, &accounts))
            .collect(),
    });
    Ok(Some(Digest {
        cadence,
        period,
        groups: groups.collect(),
        more,
        mandatory,
    }))
}

/// What a user is to be told of by a channel, as their rules and the operator's are now.
pub(super) struct Wants {
    channel: DeliveryChannel,
    rules: Vec<(i64, NotificationPreference)>,
    mandatory: Vec<MandatoryNotification>,
}

/// Reads them.
pub(super) fn wants_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    channel: DeliveryChannel,
) -> Result<Wants, Error> {
    Ok(Wants {
        channel,
        rules: preferences_of(tx, tenant, &[user])?,
        mandatory: list_mandatory(tx, tenant)?,
    })
}

impl Wants {
    /// Whether everybody is told of an event.
    pub(super) fn forced(&self, event: &str) -> bool {
        let of_event = self
            .mandatory
            .iter()
            .find(|each| each.event.name() == event);
        of_event.is_some_and(|each| each.channels.contains(&self.channel))
    }

    /// Whether the user is to be told of an event in an account.
    pub(super) fn told(&self, event: &str, account: Option<i64>) -> bool {
        let rules = self.rules.iter().map(|(_, rule)| rule);
        let of_event = rules.filter(|rule| rule.event.name() == event);
        let rules = of_event.map(|rule| (rule.account_id, rule.channels.as_slice()));
        self.forced(event) || wanted(rules, account).contains(&self.channel)
    }
}

/// How long what digests told of is kept: longer than any of them is tried to be sent.
pub(super) const TOLD_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
