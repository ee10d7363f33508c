//! The table `notifications`, and what becomes of messages that were sent.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;

use super::filter::{Conditions, one_more};
use super::{Row, Tx};

const SELECT: &str = "SELECT n.position, n.event_id, n.event, n.account_id, n.created_at, \
    n.read_at FROM notifications n";
const IN_PART: &str = "(n.account_id IS NULL OR EXISTS (SELECT 1 FROM account_members m \
    WHERE m.tenant_id = n.tenant_id AND m.user_id = n.user_id AND m.account_id = n.account_id))";
const COUNT: &str = "SELECT count(*) FROM notifications n";
const READ: &str = "UPDATE notifications SET read_at = $1, unread = NULL \
    WHERE tenant_id = $2 AND user_id = $3 AND position = $4 AND read_at IS NULL";
const READ_MANY: &str = "UPDATE notifications SET read_at = $1, unread = NULL \
    WHERE tenant_id = $2 AND user_id = $3 AND position IN (SELECT n.position \
    FROM notifications n WHERE n.tenant_id = $2 AND n.user_id = $3 AND n.unread > 0 \
    AND n.unread <= $4 ORDER BY n.unread LIMIT $5)";
const READ_MANY_IN: &str = "UPDATE notifications SET read_at = $1, unread = NULL \
    WHERE tenant_id = $2 AND user_id = $3 AND position IN (SELECT n.position \
    FROM notifications n WHERE n.tenant_id = $2 AND n.user_id = $3 AND n.unread > 0 \
    AND n.unread <= $4 AND COALESCE(n.account_id, $5) = $5 ORDER BY n.unread LIMIT $6)";
const SWEEP_READ: &str = "DELETE FROM notifications WHERE tenant_id = $1 \
    AND (user_id, position) IN (SELECT n.user_id, n.position FROM notifications n \
    WHERE n.tenant_id = $1 AND n.read_at < $2 ORDER BY n.read_at LIMIT $3)";
const SWEEP_OLD: &str = "DELETE FROM notifications WHERE tenant_id = $1 \
    AND (user_id, position) IN (SELECT n.user_id, n.position FROM notifications n \
    WHERE n.tenant_id = $1 AND n.created_at < $2 ORDER BY n.created_at LIMIT $3)";
// The first of a lane are looked at, by their events' numbers, and no others.
const SWEEP_LANE: &str = "DELETE FROM deliveries WHERE tenant_id = $1 AND lane = $2 \
    AND (event_id, recipient) IN (SELECT f.event_id, f.recipient FROM (SELECT d.event_id, \
    d.recipient, d.since FROM deliveries d WHERE d.tenant_id = $1 AND d.lane = $2 \
    ORDER BY d.event_id, d.recipient LIMIT $3) f WHERE f.since < $4)";
const SWEEP_LANE_BACKWARDS: &str = "DELETE FROM deliveries WHERE tenant_id = $1 AND lane = $2 \
    AND (event_id, recipient) IN (SELECT f.event_id, f.recipient FROM (SELECT d.event_id, \
    d.recipient, d.since FROM deliveries d WHERE d.tenant_id = $1 AND d.lane = $2 \
    ORDER BY d.event_id DESC, d.recipient DESC LIMIT $3) f WHERE f.since < $4)";
const SWEEP_ATTEMPTS: &str = "DELETE FROM delivery_attempts WHERE tenant_id = $1 AND lane = $2 \
    AND (event_id, recipient, number) IN (SELECT f.event_id, f.recipient, f.number \
    FROM (SELECT a.event_id, a.recipient, a.number, a.created_at FROM delivery_attempts a \
    WHERE a.tenant_id = $1 AND a.lane = $2 ORDER BY a.event_id, a.recipient, a.number LIMIT $3) f \
    WHERE f.created_at < $4)";
const SWEEP_ATTEMPTS_BACKWARDS: &str = "DELETE FROM delivery_attempts \
    WHERE tenant_id = $1 AND lane = $2 \
    AND (event_id, recipient, number) IN (SELECT f.event_id, f.recipient, f.number \
    FROM (SELECT a.event_id, a.recipient, a.number, a.created_at FROM delivery_attempts a \
    WHERE a.tenant_id = $1 AND a.lane = $2 \
    ORDER BY a.event_id DESC, a.recipient DESC, a.number DESC LIMIT $3) f WHERE f.created_at < $4)";

/// A notification as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredNotification {
    /// The place of its event in the feed.
    pub(crate) position: i64,
    pub(crate) event_id: i64,
    /// The name of the event's type.
    pub(crate) event: String,
    pub(crate) account_id: Option<i64>,
    pub(crate) created_at: Timestamp,
    pub(crate) read_at: Option<Timestamp>,
}

fn read_notification(row: &Row<'_>) -> Result<StoredNotification, Error> {
    Ok(StoredNotification {
        position: row.int()?,
        event_id: row.int()?,
        event: row.text()?,
        account_id: row.opt_int()?,
        created_at: row.time()?,
        read_at: row.opt_time()?,
    })
}

/// Which of a user's notifications are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotificationsOf {
    pub(crate) user: i64,
    /// Those of this account, and of the whole tenant; none: all.
    pub(crate) within: Option<i64>,
    /// Unread ones, or read ones.
    pub(crate) unread: Option<bool>,
}

fn conditions<'a>(tenant: TenantId, of: &NotificationsOf) -> Conditions<'a> {
    let mut conditions = Conditions::new("n.tenant_id = ?", tenant);
    conditions.and("n.user_id = ?", of.user);
    match of.unread {
        // A range, so that SQLite takes the index of unread ones.
        Some(true) => conditions.and_plain("n.unread > 0"),
        Some(false) => conditions.and_plain("n.read_at IS NOT NULL"),
        None => {}
    }
    // What happened in an account is shown to who is a member of it.
    conditions.and_plain(IN_PART);
    if let Some(account) = of.within {
        conditions.and("(n.account_id IS NULL OR n.account_id = ?)", account);
    }
    conditions
}

fn order(of: &NotificationsOf) -> &'static str {
    match of.unread {
        Some(true) => "ORDER BY n.unread DESC",
        Some(false) | None => "ORDER BY n.position DESC",
    }
}

/// Notifications, newest first, before one of them; one more than asked for shows that there are
/// more.
pub(crate) fn list_notifications(
    tx: &Tx<'_>,
    tenant: TenantId,
    of: &NotificationsOf,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<StoredNotification>, Error> {
    let mut conditions = conditions(tenant, of);
    if let Some(before) = before {
        let column = match of.unread {
            Some(true) => "n.unread < ?",
            Some(false) | None => "n.position < ?",
        };
        conditions.and(column, before);
    }
    let (sql, params) = conditions.statement(SELECT, order(of), one_more(limit));
    tx.query(&sql, &params, read_notification)
}

/// A page of them by its number, newest first.
pub(crate) fn page_notifications(
    tx: &Tx<'_>,
    tenant: TenantId,
    of: &NotificationsOf,
    size: i64,
    offset: i64,
) -> Result<Vec<StoredNotification>, Error> {
    let (sql, params) = conditions(tenant, of).page(SELECT, order(of), size, offset);
    tx.query(&sql, &params, read_notification)
}

/// How many they are.
pub(crate) fn count_notifications(
    tx: &Tx<'_>,
    tenant: TenantId,
    of: &NotificationsOf,
) -> Result<i64, Error> {
    let (sql, params) = conditions(tenant, of).whole(COUNT, "");
    tx.query_one(&sql, &params, |row| row.int())
}

/// Marks one as read, unless it is.
pub(crate) fn mark_read(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    position: i64,
) -> Result<(), Error> {
    let params = [tx.now().into(), tenant.into(), user.into(), position.into()];
    tx.execute(READ, &params).map(drop)
}

/// Marks some of those up to a place as read. Answers how many.
pub(crate) fn mark_many_read(
    tx: &Tx<'_>,
    tenant: TenantId,
    of: &NotificationsOf,
    last: i64,
    limit: i64,
) -> Result<u64, Error> {
    let mut params = vec![tx.now().into(), tenant.into(), of.user.into(), last.into()];
    params.extend(of.within.map(Into::into));
    params.push(limit.into());
    let statement = if of.within.is_some() {
        READ_MANY_IN
    } else {
        READ_MANY
    };
    tx.execute(statement, &params)
}

/// Deletes a part of the notifications that were read before a time, or made before another.
/// Answers how many.
pub(crate) fn sweep_notifications(
    tx: &Tx<'_>,
    tenant: TenantId,
    read_before: Timestamp,
    made_before: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let read = tx.execute(
        SWEEP_READ,
        &[tenant.into(), read_before.into(), limit.into()],
    )?;
    let params = [tenant.into(), made_before.into(), limit.into()];
    Ok(read + tx.execute(SWEEP_OLD, &params)?)
}

/// Deletes a part of what was to be sent on a lane, or was sent, before a time: of those whose
/// numbers are the first, or, where numbers go down, the last. Answers how much.
pub(crate) fn sweep_messages(
    tx: &Tx<'_>,
    tenant: TenantId,
    lane: &str,
    downwards: bool,
    before: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let statements = if downwards {
        [SWEEP_ATTEMPTS_BACKWARDS, SWEEP_LANE_BACKWARDS]
    } else {
        [SWEEP_ATTEMPTS, SWEEP_LANE]
    };
    let mut swept = 0;
    for statement in statements {
        let params = [tenant.into(), lane.into(), limit.into(), before.into()];
        swept += tx.execute(statement, &params)?;
    }
    Ok(swept)
}
