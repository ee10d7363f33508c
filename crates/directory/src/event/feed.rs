//! The feed: every event of a tenant in one order, without gaps.
//!
//! Events are committed in another order than their numbers say, on PostgreSQL and wherever
//! several processes write. So an event has no place in the feed until it is committed; then
//! the sequencer gives it the next one, in a transaction that moves the feed's head. Two
//! sequencers meet at that head, and one of them starts anew.

use jiff::{SignedDuration, Timestamp};

use super::{EventType, StoredEvent};
use crate::actor::{Actor, TenantId};
use crate::deliveries::{self, DeliveryKey};
use crate::error::{Error, Unavailable};
use crate::invitations::speaks_for;
use crate::model::{MessageChannel, UserStatus};
use crate::passkeys;
use crate::permission::Permission;
use crate::query::{EventFilter, Listed, Position};
use crate::store::{
    Statement, Tx, UserKey, enabled_webhooks, feed_head, find_event, find_invitation, find_user,
    insert_delivery, invitations_of, list_events_of, list_feed, move_feed_head, place_event,
    unplaced_events, written_at,
};
use crate::webhooks::Webhook;

/// Places that one reading of the feed looks at, at most: one whose filter matches nothing ends
/// there, and goes on with the next.
pub const LOOKED_AT: i64 = 10_000;
/// How much earlier than a time the search for it begins: the feed's order is that of commits, and
/// clocks of nodes differ.
const DISORDER: SignedDuration = SignedDuration::from_mins(10);
/// Events that are given their places in one transaction.
pub const SEQUENCED_AT_ONCE: usize = 500;

/// Gives events their places in the feed, and queues what is to leave the server because of
/// them. Answers how many: fewer than [`SEQUENCED_AT_ONCE`] when there are no more for now.
///
/// # Errors
/// Storage errors; [`Unavailable::Contention`], upon which it runs again, when another was faster.
pub fn sequence(tx: &Tx<'_>, tenant: TenantId) -> Result<usize, Error> {
    let head = feed_head(tx, tenant)?;
    let events = unplaced_events(tx, tenant, SEQUENCED_AT_ONCE)?;
    if events.is_empty() {
        return Ok(0);
    }
    let webhooks = enabled_webhooks(tx, tenant)?;
    let last = head.saturating_add(i64::try_from(events.len()).map_err(Error::internal)?);
    let mut statements = vec![move_feed_head(tenant, head, last)];
    for (event, position) in events.iter().zip(head.saturating_add(1)..) {
        statements.push(place_event(tenant, event.id, position));
        statements.extend(queued(tx, tenant, event, &webhooks)?);
    }
    if tx.batch(&statements)?.first() == Some(&0) {
        return Err(Unavailable::Contention.into());
    }
    Ok(events.len())
}

/// Whether any event waits for its place.
///
/// # Errors
/// Storage errors.
pub fn is_behind(tx: &Tx<'_>, tenant: TenantId) -> Result<bool, Error> {
    Ok(!unplaced_events(tx, tenant, 1)?.is_empty())
}

/// What is to leave the server because of an event.
fn queued(
    tx: &Tx<'_>,
    tenant: TenantId,
    event: &StoredEvent,
    webhooks: &[Webhook],
) -> Result<Vec<Statement<'static>>, Error> {
    let mut keys: Vec<DeliveryKey> = webhooks
        .iter()
        .filter(|webhook| webhook.wants(event))
        .map(|webhook| DeliveryKey::webhook(webhook.id, event.id))
        .collect();
    if event.event_type == EventType::InvitationCreated.name() {
        keys.extend(invited(tx, tenant, event)?);
    }
    let asks = [
        EventType::UserPasswordResetRequested,
        EventType::UserSignUpRepeated,
    ];
    if passkeys::asks_for_link(event) || asks.iter().any(|each| event.event_type == each.name()) {
        keys.extend(mailed(event));
    }
    let insert = |key: &DeliveryKey| insert_delivery(tenant, key, tx.now());
    Ok(keys.iter().map(insert).collect())
}

/// The message to who is invited: by email, or by SMS where there is none.
fn invited(
    tx: &Tx<'_>,
    tenant: TenantId,
    event: &StoredEvent,
) -> Result<Option<DeliveryKey>, Error> {
    let Some(invitation) = event.subject_id.parse().ok() else {
        return Ok(None);
    };
    let Some(invitation) = find_invitation(tx, tenant, invitation)? else {
        return Ok(None);
    };
    let all = invitations_of(tx, tenant, invitation.user_id)?;
    if invitation.ended.is_some() || !speaks_for(&all, &invitation) {
        return Ok(None);
    }
    let system = Actor::system(tenant, event.request_id.clone());
    let Some(found) = find_user(tx, &system, &UserKey::Id(invitation.user_id), false)? else {
        return Ok(None);
    };
    let user = found.user;
    if user.status() == UserStatus::Suspended {
        return Ok(None);
    }
    Ok(MessageChannel::to(&user).map(|channel| DeliveryKey {
        lane: deliveries::lane_of(channel).to_owned(),
        event_id: event.id,
        recipient: user.id,
    }))
}

/// The email to the user whom an event is about.
fn mailed(event: &StoredEvent) -> Option<DeliveryKey> {
    Some(DeliveryKey {
        lane: deliveries::EMAIL.to_owned(),
        event_id: event.id,
        recipient: event.subject_id.parse().ok()?,
    })
}

/// A page of the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedPage {
    /// Events, in the order of the feed.
    pub rows: Vec<StoredEvent>,
    /// The place to go on after: that of the last row, or of the last event that was looked at.
    pub next: i64,
    /// Whether there is more to look at now.
    pub more: bool,
}

/// The feed after a place. A caller that is bound to an account sees the events of that account.
/// No more than [`LOOKED_AT`] places are looked at: a page may be short, or empty, and more follow.
///
/// # Errors
/// [`Error::Forbidden`] without `readEvents`, or with Public Pool access.
pub fn feed(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &EventFilter,
    after: i64,
    limit: usize,
) -> Result<FeedPage, Error> {
    actor.require(Permission::ReadEvents)?;
    actor.require_full_access()?;
    page(tx, actor, filter, after, limit)
}

/// As [`feed`], without asking what the actor may.
pub(crate) fn page(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &EventFilter,
    after: i64,
    limit: usize,
) -> Result<FeedPage, Error> {
    let head = feed_head(tx, actor.tenant)?;
    let after = match filter.created_after {
        Some(time) => after.max(before(tx, actor.tenant, time, after, head)?),
        None => after,
    };
    let last = after.saturating_add(LOOKED_AT).min(head);
    let (tenant, account) = (actor.tenant, actor.account);
    let rows = list_feed(tx, tenant, account, filter, (after, last), limit)?;
    let listed = Listed::cut(rows, limit, |event| {
        Position::of_id(event.position.unwrap_or(0))
    });
    let cut = listed.next.map(|position| position.id);
    Ok(FeedPage {
        rows: listed.rows,
        next: cut.unwrap_or(last.max(after)),
        more: cut.is_some() || last < head,
    })
}

/// A place before every event that was written after a time, found by halving.
fn before(
    tx: &Tx<'_>,
    tenant: TenantId,
    time: Timestamp,
    after: i64,
    head: i64,
) -> Result<i64, Error> {
    let time = time.saturating_sub(DISORDER).unwrap_or(Timestamp::MIN);
    let (mut earlier, mut later) = (after, head);
    while earlier < later {
        let middle = earlier + (later - earlier) / 2 + 1;
        match written_at(tx, tenant, middle)? {
            Some((position, written)) if written < time && position <= later => earlier = position,
            Some(_) | None => later = middle - 1,
        }
    }
    Ok(earlier)
}

/// The last place given in the feed.
///
/// # Errors
/// As [`feed`].
pub fn head(tx: &Tx<'_>, actor: &Actor) -> Result<i64, Error> {
    actor.require(Permission::ReadEvents)?;
    actor.require_full_access()?;
    feed_head(tx, actor.tenant)
}

/// One event.
///
/// # Errors
/// As [`feed`]; [`Error::NotFound`], also for one of another account than the actor's.
pub fn find(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<StoredEvent, Error> {
    actor.require(Permission::ReadEvents)?;
    actor.require_full_access()?;
    find_event(tx, actor.tenant, id)?
        .filter(|event| actor.account.is_none() || event.account_id == actor.account)
        .ok_or(Error::NotFound)
}

/// What happened to a user whom the actor may see, oldest first: at once, before it is in the
/// feed. A caller that is bound to an account sees what happened there.
///
/// # Errors
/// [`Error::Forbidden`] without `readEvents`; [`Error::NotFound`].
pub fn history_page(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    after: Option<&Position>,
    limit: usize,
) -> Result<Listed<StoredEvent>, Error> {
    actor.require(Permission::ReadEvents)?;
    actor.require_full_access()?;
    let key = UserKey::Id(user);
    let seen = match find_user(tx, actor, &key, false)? {
        Some(found) => Some(found),
        None => find_user(tx, actor, &key, true)?,
    };
    let user = seen.ok_or(Error::NotFound)?.user.id.to_string();
    let (tenant, account) = (actor.tenant, actor.account);
    let rows = list_events_of(tx, tenant, ("user", &user), account, after, limit)?;
    Ok(Listed::cut(rows, limit, |event| Position {
        time: event.created_at,
        id: event.id,
    }))
}
