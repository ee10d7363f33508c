//! Who is told of an event, and how: a cursor over the feed, in steps of bounded size.
//!
//! What a step writes and how far it came are one transaction, so each user is told once, however
//! often a worker is killed.

use std::collections::{BTreeMap, BTreeSet};

use crate::actor::{Actor, Principal, TenantId};
use crate::error::{Error, Unavailable};
use crate::event::LOOKED_AT;
use crate::model::DeliveryChannel;
use crate::store::{
    DigestEvent, RoutingCursor, StoredEvent, StoredRule, Tx, add_to_digests, begin_routing,
    deliver_to, event_at, feed_head, find_event, find_key, lock_routing_cursor, mandatory_channels,
    members_after, members_among, move_routing_cursor, next_wanted, notify, reachable,
    routing_cursor, rules_for, subscribers_after, users_after,
};

use super::calendar::Cadence;
use super::preferences::wanted;
use super::{EMAIL_LANE, SMS_LANE};

/// Users who are looked at in one transaction; a last reading may go beyond by twice
/// [`READ_AT_ONCE`].
const LOOKED_UP: usize = 2_000;
/// Events that are told of in one transaction.
const EVENTS: usize = 100;
/// Users whose numbers are read at once.
const READ_AT_ONCE: usize = 512;

/// Begins to tell users of events, from the feed's present end, unless it was begun before: what
/// happened before there were notifications is not told now. To be done before a worker gives
/// events their places for the first time, so that nothing of a new tenant is passed over.
///
/// # Errors
/// Storage errors.
pub fn begin(tx: &Tx<'_>, tenant: TenantId) -> Result<(), Error> {
    let head = feed_head(tx, tenant)?;
    begin_routing(tx, tenant, head)
}

/// Whether there are events that users were not told of.
///
/// # Errors
/// Storage errors.
pub fn is_behind(tx: &Tx<'_>, tenant: TenantId) -> Result<bool, Error> {
    let cursor = routing_cursor(tx, tenant)?;
    let head = feed_head(tx, tenant)?;
    Ok(cursor.is_some_and(|cursor| cursor.position < head))
}

/// Tells users of the next events of the feed. Answers whether there is more to do.
///
/// # Errors
/// Storage errors; [`Unavailable::Contention`], upon which it runs again, when another was faster.
pub fn route(tx: &Tx<'_>, tenant: TenantId) -> Result<bool, Error> {
    let Some(from) = lock_routing_cursor(tx, tenant)? else {
        return Ok(false);
    };
    let head = feed_head(tx, tenant)?;
    let (mut cursor, mut looked_up) = (from, 0);
    for _ in 0..EVENTS {
        if looked_up >= LOOKED_UP || cursor.position >= head {
            break;
        }
        let (next, users) = step(tx, tenant, cursor, head)?;
        looked_up += users;
        cursor = next;
    }
    if cursor != from && !move_routing_cursor(tx, tenant, from, cursor)? {
        return Err(Unavailable::Contention.into());
    }
    Ok(cursor.position < head)
}

/// Tells some users of the next event that anybody wants. Answers where to go on, and how many
/// users were looked at.
fn step(
    tx: &Tx<'_>,
    tenant: TenantId,
    cursor: RoutingCursor,
    head: i64,
) -> Result<(RoutingCursor, usize), Error> {
    let last = cursor.position.saturating_add(LOOKED_AT).min(head);
    let next = if cursor.user > 0 {
        event_at(tx, tenant, cursor.position.saturating_add(1))?
    } else {
        next_wanted(tx, tenant, cursor.position, last)?
    };
    let after = |position: i64| RoutingCursor { position, user: 0 };
    let Some((id, position)) = next else {
        let begun = cursor.user > 0;
        let gone = cursor.position.saturating_add(1);
        return Ok((after(if begun { gone } else { last }), 0));
    };
    let Some(event) = find_event(tx, tenant, id)? else {
        return Ok((after(position), 0));
    };
    let telling = Telling {
        tenant,
        mandatory: mandatory_channels(tx, tenant, &event.event_type)?,
        event: &event,
    };
    let page = telling.candidates(tx, cursor.user)?;
    telling.tell(tx, &page.users)?;
    let next = match page.last {
        Some(user) => RoutingCursor {
            position: position - 1,
            user,
        },
        None => after(position),
    };
    Ok((next, page.users.len()))
}

/// Users to look at.
struct Candidates {
    users: Vec<i64>,
    /// The last of them, where others follow.
    last: Option<i64>,
}

/// An event that users are told of.
struct Telling<'a> {
    tenant: TenantId,
    event: &'a StoredEvent,
    mandatory: Vec<DeliveryChannel>,
}

impl Telling<'_> {
    /// The next users who may be told, after one of them.
    fn candidates(&self, tx: &Tx<'_>, after: i64) -> Result<Candidates, Error> {
        let (tenant, limit) = (self.tenant, READ_AT_ONCE);
        match (self.event.account_id, self.mandatory.is_empty()) {
            (None, false) => Ok(whole(users_after(tx, tenant, after, limit)?)),
            (None, true) => Ok(whole(self.subscribers(tx, None, after)?)),
            (Some(account), false) => Ok(whole(members_after(tx, tenant, account, after, limit)?)),
            (Some(account), true) => self.interested_members(tx, account, after),
        }
    }

    fn subscribers(
        &self,
        tx: &Tx<'_>,
        account: Option<i64>,
        after: i64,
    ) -> Result<Vec<i64>, Error> {
        let event = &self.event.event_type;
        subscribers_after(tx, self.tenant, event, account, after, READ_AT_ONCE)
    }

    /// The next who are members and have a rule, as far as the fewer of the two show: neither an
    /// account of few members nor an event of few rules has all of the other looked at.
    fn interested_members(
        &self,
        tx: &Tx<'_>,
        account: i64,
        after: i64,
    ) -> Result<Candidates, Error> {
        let default = whole(self.subscribers(tx, None, after)?);
        let own = whole(self.subscribers(tx, Some(account), after)?);
        let last = match (default.last, own.last) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        };
        let members = whole(members_after(
            tx,
            self.tenant,
            account,
            after,
            READ_AT_ONCE,
        )?);
        let members_reach_further = match (members.last, last) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(members), Some(rules)) => members > rules,
        };
        if members_reach_further {
            return Ok(members);
        }
        let found: BTreeSet<i64> = default.users.into_iter().chain(own.users).collect();
        let within = |user: &i64| last.is_none_or(|last| *user <= last);
        Ok(Candidates {
            users: found.into_iter().filter(within).collect(),
            last,
        })
    }

    /// Tells those of these users who are to be told.
    fn tell(&self, tx: &Tx<'_>, users: &[i64]) -> Result<(), Error> {
        if users.is_empty() {
            return Ok(());
        }
        let by_channel = self.recipients(tx, users)?;
        for (channel, users) in &by_channel {
            self.tell_by(tx, *channel, users)?;
        }
        Ok(())
    }

    fn tell_by(&self, tx: &Tx<'_>, channel: DeliveryChannel, users: &[i64]) -> Result<(), Error> {
        let (tenant, event, now) = (self.tenant, self.event, tx.now());
        let digest = |cadence| {
            let event = DigestEvent {
                id: event.id,
                event: &event.event_type,
                account_id: event.account_id,
                created_at: event.created_at,
            };
            add_to_digests(tx, tenant, cadence, event, users)
        };
        match channel {
            DeliveryChannel::Website => notify(tx, tenant, event.id, users),
            DeliveryChannel::Email => deliver_to(tx, tenant, EMAIL_LANE, event.id, now, users),
            DeliveryChannel::Sms => deliver_to(tx, tenant, SMS_LANE, event.id, now, users),
            DeliveryChannel::WeeklyEmailDigest => digest(Cadence::Weekly),
            DeliveryChannel::MonthlyEmailDigest => digest(Cadence::Monthly),
        }
    }

    /// Who of these users is told by which channel.
    fn recipients(
        &self,
        tx: &Tx<'_>,
        users: &[i64],
    ) -> Result<BTreeMap<DeliveryChannel, Vec<i64>>, Error> {
        let (tenant, account) = (self.tenant, self.event.account_id);
        let members: Option<BTreeSet<i64>> = match account {
            Some(account) => Some(
                members_among(tx, tenant, account, users)?
                    .into_iter()
                    .collect(),
            ),
            None => None,
        };
        let rules = rules_for(tx, tenant, &self.event.event_type, account, users)?;
        let mut by_user: BTreeMap<i64, Vec<&StoredRule>> = BTreeMap::new();
        for rule in &rules {
            by_user.entry(rule.0).or_default().push(rule);
        }
        let doer = doer(tx, tenant, self.event)?;
        let mut by_channel: BTreeMap<DeliveryChannel, Vec<i64>> = BTreeMap::new();
        for each in reachable(tx, tenant, users)? {
            let is_member = members.as_ref().is_none_or(|all| all.contains(&each.user));
            if !is_member || Some(each.user) == doer {
                continue;
            }
            let rules = by_user.get(&each.user).into_iter().flatten();
            let rules = rules.map(|(_, of, channels)| (*of, channels.as_slice()));
            let wanted = wanted(rules, account).iter();
            let channels: BTreeSet<_> = wanted.chain(&self.mandatory).copied().collect();
            for channel in channels {
                let reached = match channel {
                    DeliveryChannel::Website => true,
                    DeliveryChannel::Sms => each.by_sms,
                    DeliveryChannel::Email
                    | DeliveryChannel::WeeklyEmailDigest
                    | DeliveryChannel::MonthlyEmailDigest => each.by_email,
                };
                if reached {
                    by_channel.entry(channel).or_default().push(each.user);
                }
            }
        }
        Ok(by_channel)
    }
}

/// What one reading found; others may follow where it is full.
fn whole(users: Vec<i64>) -> Candidates {
    let full = users.len() >= READ_AT_ONCE;
    let last = users.last().copied().filter(|_| full);
    Candidates { users, last }
}

/// The user who did it, themselves or by a key that is theirs: they know.
fn doer(tx: &Tx<'_>, tenant: TenantId, event: &StoredEvent) -> Result<Option<i64>, Error> {
    match event.actor_type.as_str() {
        "user" => Ok(event.actor_id.parse().ok()),
        "key" => {
            let Some(key) = find_key(tx, tenant, &event.actor_id)? else {
                return Ok(None);
            };
            let owner = Actor {
                principal: Principal::Key(key.id),
                email: key.owner_email,
                ..Actor::system(tenant, "")
            };
            owner.known_user(tx)
        }
        _ => Ok(None),
    }
}
