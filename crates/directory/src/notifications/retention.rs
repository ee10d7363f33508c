//! What becomes of old notifications.

use jiff::{SignedDuration, Timestamp};

use crate::actor::TenantId;
use crate::error::Error;
use crate::store::{Tx, newest_waiting, sweep_digests, sweep_messages, sweep_notifications};

use super::calendar::{Cadence, Period};
use super::digests::{TOLD_KEPT, period_of};
use super::{EMAIL_LANE, SMS_LANE};

/// How long a notification is kept after it was read; unread ones are kept as long as events.
pub const READ_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long it is known what became of a message.
pub const MESSAGES_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Rows of each kind that are deleted in one transaction.
const AT_ONCE: i64 = 1_000;

/// Deletes a part of what is kept no longer: of notifications that were read, or whose events were
/// written before `before`, of messages, and of what digests told. Answers whether there may be
/// more.
///
/// # Errors
/// Storage errors.
pub fn expire(tx: &Tx<'_>, tenant: TenantId, before: Timestamp) -> Result<bool, Error> {
    let ago = |time: SignedDuration| tx.now().checked_sub(time).map_err(Error::internal);
    let mut most = sweep_notifications(tx, tenant, ago(READ_KEPT)?, before, AT_ONCE)?;
    let sent_before = ago(MESSAGES_KEPT)?;
    let lanes = [(EMAIL_LANE, false), (SMS_LANE, false)];
    let digests = Cadence::ALL.map(|cadence| (cadence.lane(), true));
    for (lane, downwards) in lanes.into_iter().chain(digests) {
        let swept = sweep_messages(tx, tenant, lane, downwards, sent_before, AT_ONCE)?;
        most = most.max(swept);
    }
    let day = ago(TOLD_KEPT)?.to_zoned(jiff::tz::TimeZone::UTC).date();
    // What a message that is yet to be sent tells is kept, however late that is.
    let mut before = Period::of(day)?;
    for cadence in Cadence::ALL {
        let waits = newest_waiting(tx, tenant, cadence.lane())?.and_then(period_of);
        before = waits.map_or(before, |waits| before.min(waits));
    }
    let told = sweep_digests(tx, tenant, before, AT_ONCE)?;
    Ok(most.max(told) >= u64::try_from(AT_ONCE).unwrap_or(u64::MAX))
}
