//! What a message to a user tells: nothing that they may not know, and never what changed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::actor::{Actor, TenantId};
use crate::deliveries::Claimed;
use crate::error::Error;
use crate::event::EventType;
use crate::model::{DeliveryChannel, User, UserStatus};
use crate::store::{StoredEvent, Tx, UserKey, find_user, memberships_of};

use super::calendar::Cadence;
use super::digests::{self, Digest, wants_of};
use super::preferences::Unsubscription;
use super::{EMAIL_LANE, SMS_LANE};

/// What happened longer ago is not told by email or SMS any more, as when nothing was configured
/// to send it by.
pub const TOLD_WITHIN: SignedDuration = SignedDuration::from_hours(4 * 24);

/// What an event was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The type and id of what it happened to.
    pub subject: (String, String),
    /// The account it happened in.
    pub account_id: Option<i64>,
    /// And its name: the user is a member.
    pub account_name: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl About {
    /// What an event was about, to a member of these accounts.
    pub(super) fn of(event: &StoredEvent, accounts: &BTreeMap<i64, String>) -> Self {
        let name = event.account_id.and_then(|id| accounts.get(&id));
        Self {
            subject: (event.subject_type.clone(), event.subject_id.clone()),
            account_id: event.account_id,
            account_name: name.cloned(),
            at: event.occurred_at.unwrap_or(event.created_at),
        }
    }
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// One event, at once.
    Event(EventType, About),
    /// What happened in a week or a month.
    Digest(Digest),
}

/// A message to a user, as far as the directory knows it: what it says is a template's.
pub struct Notice {
    /// Whom it goes to.
    pub user: User,
    /// What it says.
    pub told: Told,
    /// What a link in it turns off; none where nobody can.
    pub unsubscription: Option<Unsubscription>,
}

/// Whether a lane is one of notifications.
#[must_use]
pub fn is_notice(lane: &str) -> bool {
    lane == EMAIL_LANE || lane == SMS_LANE || Cadence::of_lane(lane).is_some()
}

/// The message of a delivery. None when there is nothing to send any more: the user is gone,
/// suspended, no member any more, or wants it no longer; or it is too long ago.
///
/// # Errors
/// Storage errors.
pub fn notice(tx: &Tx<'_>, tenant: TenantId, claimed: &Claimed) -> Result<Option<Notice>, Error> {
    let system = Actor::system(tenant, "");
    let key = UserKey::Id(claimed.key.recipient);
    let Some(found) = find_user(tx, &system, &key, false)? else {
        return Ok(None);
    };
    let user = found.user;
    if user.status() == UserStatus::Suspended {
        return Ok(None);
    }
    if let Some(cadence) = Cadence::of_lane(&claimed.key.lane) {
        let Some(period) = digests::period_of(claimed.key.event_id) else {
            return Ok(None);
        };
        let digest = digests::digest(tx, tenant, user.id, cadence, period)?;
        return Ok(digest.map(|digest| Notice {
            user,
            unsubscription: (!digest.mandatory).then_some(Unsubscription::Digest(cadence)),
            told: Told::Digest(digest),
        }));
    }
    let Some(event) = &claimed.event else {
        return Ok(None);
    };
    of_event(tx, tenant, user, &claimed.key.lane, event)
}

fn of_event(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: User,
    lane: &str,
    event: &StoredEvent,
) -> Result<Option<Notice>, Error> {
    let Some(event_type) = EventType::parse(&event.event_type) else {
        return Ok(None);
    };
    let channel = if lane == SMS_LANE {
        DeliveryChannel::Sms
    } else {
        DeliveryChannel::Email
    };
    let accounts: BTreeMap<i64, String> = memberships_of(tx, tenant, &[user.id])?
        .into_iter()
        .map(|(_, each)| (each.account_id, each.account_name))
        .collect();
    let seen = event.account_id.is_none_or(|id| accounts.contains_key(&id));
    let wants = wants_of(tx, tenant, user.id, channel)?;
    let late = tx.now().duration_since(event.created_at) > TOLD_WITHIN;
    if !seen || late || !wants.told(&event.event_type, event.account_id) {
        return Ok(None);
    }
    let forced = wants.forced(&event.event_type);
    Ok(Some(Notice {
        told: Told::Event(event_type, About::of(event, &accounts)),
        user,
        unsubscription: (!forced).then_some(Unsubscription::Event(event_type)),
    }))
}
