//! What is on its way out of the server: an event to a webhook, or a message to a person.
//!
//! A delivery is written with the place of its event in the feed, so nothing leaves before its
//! cause is committed, and nothing committed is forgotten. Whoever sends it takes it for a while
//! ([`LEASE`]) and says what came of it; when nobody does, it is due again: at least once.

use jiff::{SignedDuration, Timestamp};

use crate::actor::{Actor, TenantId};
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::model::MessageChannel;
use crate::store::{
    Claimable, StoredEvent, Tx, claim_delivery, claimable, find_events, find_webhook,
    finish_delivery, insert_attempt, is_due, update_webhook, webhook_fails, webhook_works,
};
use crate::webhooks::Webhook;

mod letter;

pub use letter::{Letter, LetterKind, letter};

/// The lane of email.
pub const EMAIL: &str = "email";
/// The lane of SMS.
pub const SMS: &str = "sms";
/// The lane of what goes this way.
pub(crate) fn lane_of(channel: MessageChannel) -> &'static str {
    match channel {
        MessageChannel::Email => EMAIL,
        MessageChannel::Sms => SMS,
    }
}

/// How long a delivery is taken for: longer than any attempt lasts.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// A webhook that fails for so long, without a success between, is disabled.
pub const DISABLED_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);
/// Longest answer that is kept of an attempt, in characters.
pub const MAX_ANSWER: usize = 1_024;

/// Which delivery.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeliveryKey {
    /// What goes out together: [`EMAIL`], [`SMS`], or [`webhook_lane`].
    pub lane: String,
    /// The event that it tells of.
    pub event_id: i64,
    /// The user who gets a message; 0 for a webhook.
    pub recipient: i64,
}

impl DeliveryKey {
    /// The delivery of an event to a webhook.
    #[must_use]
    pub fn webhook(webhook: i64, event_id: i64) -> Self {
        Self {
            lane: webhook_lane(webhook),
            event_id,
            recipient: 0,
        }
    }

    /// The webhook it goes to, if to one.
    #[must_use]
    pub fn webhook_id(&self) -> Option<i64> {
        self.lane.strip_prefix("webhook:")?.parse().ok()
    }
}

/// The lane of a webhook.
#[must_use]
pub fn webhook_lane(webhook: i64) -> String {
    format!("webhook:{webhook}")
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// An attempt is due or under way.
    Pending,
    /// Done.
    Delivered,
    /// Given up.
    Failed,
    /// There was nothing to send any more.
    Discarded,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 4] = [
        Self::Pending,
        Self::Delivered,
        Self::Failed,
        Self::Discarded,
    ];

    /// Its stored name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived.
    Delivered,
    /// The other side said no.
    Refused,
    /// The other side said never again.
    Gone,
    /// The address is one that may not be reached.
    Forbidden,
    /// No answer came.
    Failed,
    /// There was nothing to send any more.
    Discarded,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 6] = [
        Self::Delivered,
        Self::Refused,
        Self::Gone,
        Self::Forbidden,
        Self::Failed,
        Self::Discarded,
    ];

    /// Its stored name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Gone => "gone",
            Self::Forbidden => "forbidden",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
        }
    }

    /// Whether another attempt is wanted.
    #[must_use]
    pub fn is_failure(self) -> bool {
        match self {
            Self::Delivered | Self::Discarded => false,
            Self::Refused | Self::Gone | Self::Forbidden | Self::Failed => true,
        }
    }

    /// The outcome of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// One attempt of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// From 1.
    pub number: i64,
    /// What came of it.
    pub outcome: Outcome,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The beginning of the answer, or why none came; [`MAX_ANSWER`] characters at most.
    pub answer: String,
    /// When it began.
    pub created_at: Timestamp,
}

/// A delivery as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Which.
    pub key: DeliveryKey,
    /// How far it is.
    pub state: DeliveryState,
    /// Attempts made.
    pub attempts: i64,
    /// When the next is due; while one is under way, when it counts as lost.
    pub due_at: Option<Timestamp>,
    /// When the schedule of attempts began: with the first of them.
    pub since: Timestamp,
    /// When it was delivered or given up.
    pub finished_at: Option<Timestamp>,
}

/// A delivery that was taken, with what it tells of.
#[derive(Clone)]
pub struct Claimed {
    /// Which.
    pub key: DeliveryKey,
    /// Proves that it is still taken.
    pub lease: i64,
    /// The number of the attempt that is to be made.
    pub number: i64,
    /// And in the schedule, which begins anew when it is sent once more.
    pub scheduled: u32,
    /// When the schedule of attempts began.
    pub since: Timestamp,
    /// The event; none when it is gone by now.
    pub event: Option<StoredEvent>,
    /// The webhook; none for a message, and when it is gone by now.
    pub webhook: Option<Webhook>,
}

/// Whether anything on a lane is due.
///
/// # Errors
/// Storage errors.
pub fn due(tx: &Tx<'_>, tenant: TenantId, lane: &str) -> Result<bool, Error> {
    is_due(tx, tenant, lane, tx.now())
}

/// Takes deliveries of a lane that are due, as many as `limit`.
///
/// # Errors
/// Storage errors.
pub fn claim(
    tx: &Tx<'_>,
    tenant: TenantId,
    lane: &str,
    limit: usize,
) -> Result<Vec<Claimed>, Error> {
    let until = tx.now().checked_add(LEASE).map_err(Error::internal)?;
    let due = claimable(tx, tenant, lane, limit)?;
    let Some(webhook) = due.first().map(|first| first.key.webhook_id()) else {
        return Ok(Vec::new());
    };
    let webhook = match webhook {
        Some(webhook) => find_webhook(tx, tenant, webhook)?,
        None => None,
    };
    let ids: Vec<i64> = due.iter().map(|each| each.key.event_id).collect();
    let events = find_events(tx, tenant, &ids)?;
    let mut claimed = Vec::with_capacity(due.len());
    let mut statements = Vec::with_capacity(due.len());
    for Claimable {
        key,
        attempts,
        earlier,
        since,
    } in due
    {
        let mut bytes = [0; 8];
        tx.random().fill(&mut bytes);
        let lease = i64::from_be_bytes(bytes);
        statements.push(claim_delivery(tenant, &key, lease, (tx.now(), until)));
        claimed.push(Claimed {
            event: events.iter().find(|each| each.id == key.event_id).cloned(),
            webhook: webhook.clone(),
            key,
            lease,
            number: attempts.saturating_add(1),
            scheduled: u32::try_from(attempts.saturating_sub(earlier).saturating_add(1))
                .unwrap_or(u32::MAX),
            // The schedule begins with the first attempt.
            since: if attempts == earlier { tx.now() } else { since },
        });
    }
    tx.batch(&statements)?;
    Ok(claimed)
}

/// Says what came of an attempt, and when the next is due: none is after a success, and none
/// when it is given up. Does nothing when the delivery was taken anew meanwhile.
///
/// # Errors
/// Storage errors.
pub fn finish(
    tx: &Tx<'_>,
    tenant: TenantId,
    key: &DeliveryKey,
    lease: i64,
    attempt: &Attempt,
    next: Option<Timestamp>,
) -> Result<(), Error> {
    let failed = attempt.outcome.is_failure();
    let next = next.filter(|_| failed);
    let state = match attempt.outcome {
        Outcome::Delivered => DeliveryState::Delivered,
        Outcome::Discarded => DeliveryState::Discarded,
        Outcome::Refused | Outcome::Gone | Outcome::Forbidden | Outcome::Failed => {
            if next.is_some() {
                DeliveryState::Pending
            } else {
                DeliveryState::Failed
            }
        }
    };
    let finished = finish_delivery(tenant, key, lease, state, next, tx.now());
    if tx.batch(&[finished])?.first() != Some(&1) {
        return Ok(());
    }
    let mut statements = vec![insert_attempt(tenant, key, attempt)];
    if let Some(webhook) = key.webhook_id() {
        if failed {
            statements.push(webhook_fails(tenant, webhook, tx.now()));
        } else if attempt.outcome == Outcome::Delivered {
            statements.push(webhook_works(tenant, webhook));
        }
    }
    tx.batch(&statements)?;
    if let Some(webhook) = key.webhook_id().filter(|_| failed) {
        judge(tx, tenant, webhook, attempt.outcome)?;
    }
    if state == DeliveryState::Failed {
        tell_of_failure(tx, tenant, key)?;
    }
    Ok(())
}

/// Disables a webhook that failed, when it is gone or has failed for days.
fn judge(tx: &Tx<'_>, tenant: TenantId, id: i64, outcome: Outcome) -> Result<(), Error> {
    let Some(mut webhook) = find_webhook(tx, tenant, id)? else {
        return Ok(());
    };
    let long = webhook
        .failing_since
        .is_some_and(|since| tx.now().duration_since(since) >= DISABLED_AFTER);
    let reason = match (outcome, long) {
        (Outcome::Gone, _) => "gone",
        (_, true) => "failing",
        (_, false) => return Ok(()),
    };
    if webhook.disabled_at.is_some() {
        return Ok(());
    }
    let from = webhook.version;
    webhook.disabled_at = Some(tx.now());
    webhook.disabled_reason = Some(reason.to_owned());
    webhook.updated_at = tx.now();
    webhook.version += 1;
    let system = Actor::system(tenant, "");
    let change = Change::of(&[("disabled_reason", reason.into())]);
    let (kind, subject) = (EventType::WebhookDisabled, Subject::new("webhook", id));
    let event = event::record(tx, &system, kind, webhook.account_id, subject, change)?;
    match tx
        .batch(&[update_webhook(tenant, &webhook, from), event])?
        .first()
    {
        Some(1) => Ok(()),
        Some(_) | None => Err(Unavailable::Contention.into()),
    }
}

fn tell_of_failure(tx: &Tx<'_>, tenant: TenantId, key: &DeliveryKey) -> Result<(), Error> {
    let system = Actor::system(tenant, "");
    let (kind, subject) = match key.webhook_id() {
        Some(webhook) => (
            EventType::WebhookDeliveryFailed,
            Subject::new("webhook", webhook),
        ),
        None => (
            EventType::MessageFailed,
            Subject::new("user", key.recipient),
        ),
    };
    let change = Change::of(&[
        ("lane", key.lane.clone().into()),
        ("event_id", key.event_id.into()),
    ]);
    let event = event::record(tx, &system, kind, None, subject, change)?;
    tx.batch(&[event])?;
    Ok(())
}
