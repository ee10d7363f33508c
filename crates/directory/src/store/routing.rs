//! Whom an event is told to: `notification_cursors`, and what is read and written on the way.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::model::DeliveryChannel;

use super::filter::{Conditions, listing};
use super::preferences::channels_of;
use super::{Tx, Value};

const BEGIN: &str = "INSERT INTO notification_cursors (tenant_id, position, user_id) \
    VALUES ($1, $2, 0) ON CONFLICT (tenant_id) DO NOTHING";
const CURSOR: &str = "SELECT position, user_id FROM notification_cursors WHERE tenant_id = $1";
const MOVE: &str = "UPDATE notification_cursors SET position = $1, user_id = $2 \
    WHERE tenant_id = $3 AND position = $4 AND user_id = $5";
// Each event costs a search in an index or two, whoever is interested.
const NEXT: &str = "SELECT e.id, e.position FROM events e \
    WHERE e.tenant_id = $1 AND e.position > $2 AND e.position <= $3 \
    AND (EXISTS (SELECT 1 FROM notification_preferences p WHERE p.tenant_id = $1 \
    AND p.event = e.type AND p.account_id = 0) \
    OR EXISTS (SELECT 1 FROM notification_preferences p WHERE p.tenant_id = $1 \
    AND p.event = e.type AND p.account_id = e.account_id) \
    OR EXISTS (SELECT 1 FROM mandatory_notifications f WHERE f.tenant_id = $1 \
    AND f.event = e.type)) ORDER BY e.position LIMIT 1";
const AT: &str = "SELECT id, position FROM events WHERE tenant_id = $1 AND position = $2";
const USERS: &str = "SELECT id FROM users \
    WHERE tenant_id = $1 AND deleted_at IS NULL AND id > $2 ORDER BY id LIMIT $3";
const MEMBERS: &str = "SELECT user_id FROM account_members \
    WHERE tenant_id = $1 AND account_id = $2 AND user_id > $3 ORDER BY user_id LIMIT $4";
const SUBSCRIBERS: &str = "SELECT user_id FROM notification_preferences WHERE tenant_id = $1 \
    AND event = $2 AND account_id = $3 AND user_id > $4 ORDER BY user_id LIMIT $5";
const MEMBER: &str = "SELECT m.user_id FROM account_members m";
const RULES: &str = "SELECT p.user_id, p.account_id, p.channels FROM notification_preferences p";
const REACHABLE: &str = "SELECT u.id, u.email_key, u.phone_key FROM users u";
// That a user is not deleted is known; with it, SQLite finds them in an index, one by one.
const NOTIFY: &str = "INSERT INTO notifications (tenant_id, user_id, position, event_id, event, \
    account_id, created_at, unread) SELECT u.tenant_id, u.id, e.position, e.id, e.type, \
    e.account_id, e.created_at, e.position FROM users u JOIN events e ON e.tenant_id = u.tenant_id \
    WHERE u.tenant_id = $1 AND e.id = $2 AND u.deleted_at IS NULL AND u.id IN";
const DELIVER: &str = "INSERT INTO deliveries (tenant_id, lane, event_id, recipient, state, \
    attempts, earlier, due_at, since) SELECT u.tenant_id, $1, $2, u.id, 'pending', 0, 0, $3, $3 \
    FROM users u WHERE u.tenant_id = $4 AND u.deleted_at IS NULL AND u.id IN";
const ONCE_NOTIFIED: &str = "ON CONFLICT (tenant_id, user_id, position) DO NOTHING";
const ONCE_DELIVERED: &str = "ON CONFLICT (tenant_id, lane, event_id, recipient) DO NOTHING";

/// How far the feed was told to users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoutingCursor {
    /// The place of the last event that all were told of.
    pub(crate) position: i64,
    /// The last user who was told of the one after it; 0: none was.
    pub(crate) user: i64,
}

/// An event's number and its place in the feed.
pub(crate) type Placed = (i64, i64);

/// Begins at a place of the feed, unless it was begun before.
pub(crate) fn begin_routing(tx: &Tx<'_>, tenant: TenantId, position: i64) -> Result<(), Error> {
    let params = [tenant.into(), position.into()];
    tx.execute(BEGIN, &params).map(drop)
}

/// How far it is; none before it was begun.
pub(crate) fn routing_cursor(
    tx: &Tx<'_>,
    tenant: TenantId,
) -> Result<Option<RoutingCursor>, Error> {
    let rows = tx.query(CURSOR, &[tenant.into()], read_cursor)?;
    Ok(rows.into_iter().next())
}

/// As [`routing_cursor`], for who moves it: none also while another does.
pub(crate) fn lock_routing_cursor(
    tx: &Tx<'_>,
    tenant: TenantId,
) -> Result<Option<RoutingCursor>, Error> {
    let rows = tx.query_locked(CURSOR, &[tenant.into()], read_cursor)?;
    Ok(rows.into_iter().next())
}

fn read_cursor(row: &super::Row<'_>) -> Result<RoutingCursor, Error> {
    Ok(RoutingCursor {
        position: row.int()?,
        user: row.int()?,
    })
}

/// Moves the cursor; false when it is elsewhere by now.
pub(crate) fn move_routing_cursor(
    tx: &Tx<'_>,
    tenant: TenantId,
    from: RoutingCursor,
    to: RoutingCursor,
) -> Result<bool, Error> {
    let params = [
        to.position.into(),
        to.user.into(),
        tenant.into(),
        from.position.into(),
        from.user.into(),
    ];
    Ok(tx.execute(MOVE, &params)? == 1)
}

/// The first event after a place, and no further than another, that anybody may want to be told
/// of.
pub(crate) fn next_wanted(
    tx: &Tx<'_>,
    tenant: TenantId,
    after: i64,
    last: i64,
) -> Result<Option<Placed>, Error> {
    let params = [tenant.into(), after.into(), last.into()];
    tx.query_opt(NEXT, &params, |row| Ok((row.int()?, row.int()?)))
}

/// The event at a place; none when it is gone.
pub(crate) fn event_at(
    tx: &Tx<'_>,
    tenant: TenantId,
    position: i64,
) -> Result<Option<Placed>, Error> {
    let params = [tenant.into(), position.into()];
    tx.query_opt(AT, &params, |row| Ok((row.int()?, row.int()?)))
}

fn ids(tx: &Tx<'_>, sql: &str, params: &[Value<'_>]) -> Result<Vec<i64>, Error> {
    tx.query(sql, params, |row| row.int())
}

fn bound(limit: usize) -> Value<'static> {
    i64::try_from(limit).unwrap_or(i64::MAX).into()
}

/// Users who are there, by number, after one of them.
pub(crate) fn users_after(
    tx: &Tx<'_>,
    tenant: TenantId,
    after: i64,
    limit: usize,
) -> Result<Vec<i64>, Error> {
    ids(tx, USERS, &[tenant.into(), after.into(), bound(limit)])
}

/// Members of an account by number, after one of them.
pub(crate) fn members_after(
    tx: &Tx<'_>,
    tenant: TenantId,
    account: i64,
    after: i64,
    limit: usize,
) -> Result<Vec<i64>, Error> {
    let params = [tenant.into(), account.into(), after.into(), bound(limit)];
    ids(tx, MEMBERS, &params)
}

/// Users by number, after one of them, who have a rule for an event: in an account, or as the
/// default.
pub(crate) fn subscribers_after(
    tx: &Tx<'_>,
    tenant: TenantId,
    event: &str,
    account: Option<i64>,
    after: i64,
    limit: usize,
) -> Result<Vec<i64>, Error> {
    let params = [
        tenant.into(),
        event.into(),
        account.unwrap_or(0).into(),
        after.into(),
        bound(limit),
    ];
    ids(tx, SUBSCRIBERS, &params)
}

/// Those of these users who are members of an account, in no order.
pub(crate) fn members_among(
    tx: &Tx<'_>,
    tenant: TenantId,
    account: i64,
    users: &[i64],
) -> Result<Vec<i64>, Error> {
    let mut conditions = Conditions::new("m.tenant_id = ?", tenant);
    conditions.and("m.account_id = ?", account);
    conditions.and_in("m.user_id", users.iter().copied());
    let (sql, params) = conditions.whole(MEMBER, "");
    ids(tx, &sql, &params)
}

/// A rule of a user for one event: in an account, or none for the default, with its channels.
pub(crate) type StoredRule = (i64, Option<i64>, Vec<DeliveryChannel>);

/// The rules of these users for an event: the default ones, and those of an account.
pub(crate) fn rules_for(
    tx: &Tx<'_>,
    tenant: TenantId,
    event: &str,
    account: Option<i64>,
    users: &[i64],
) -> Result<Vec<StoredRule>, Error> {
    let mut conditions = Conditions::new("p.tenant_id = ?", tenant);
    conditions.and("p.event = ?", event);
    conditions.and_in("p.account_id", std::iter::once(0).chain(account));
    conditions.and_in("p.user_id", users.iter().copied());
    let (sql, params) = conditions.whole(RULES, "");
    tx.query(&sql, &params, |row| {
        let (user, account) = (row.int()?, row.int()?);
        let account = (account != 0).then_some(account);
        Ok((user, account, channels_of(&row.text()?)))
    })
}

/// A user who may be told something.
pub(crate) struct Reachable {
    pub(crate) user: i64,
    /// Whether they have an email address.
    pub(crate) by_email: bool,
    /// Whether they have a number that SMS can be sent to.
    pub(crate) by_sms: bool,
}

/// Those of these users who are neither deleted nor suspended, in no order.
pub(crate) fn reachable(
    tx: &Tx<'_>,
    tenant: TenantId,
    users: &[i64],
) -> Result<Vec<Reachable>, Error> {
    let mut conditions = Conditions::new("u.tenant_id = ?", tenant);
    conditions.and_in("u.id", users.iter().copied());
    conditions.and_plain("u.deleted_at IS NULL AND u.suspended_at IS NULL");
    let (sql, params) = conditions.whole(REACHABLE, "");
    tx.query(&sql, &params, |row| {
        Ok(Reachable {
            user: row.int()?,
            by_email: row.opt_text()?.is_some(),
            by_sms: row.opt_text()?.is_some(),
        })
    })
}

/// Puts an event on the lists of users, once.
pub(crate) fn notify(
    tx: &Tx<'_>,
    tenant: TenantId,
    event: i64,
    users: &[i64],
) -> Result<(), Error> {
    let params = vec![tenant.into(), event.into()];
    let (sql, params) = listing(NOTIFY, params, users, ONCE_NOTIFIED);
    tx.query(&sql, &params, |_| Ok(())).map(drop)
}

/// Queues messages to users on a lane, once: of an event, or of what else the number stands for.
pub(crate) fn deliver_to(
    tx: &Tx<'_>,
    tenant: TenantId,
    lane: &'static str,
    event: i64,
    now: Timestamp,
    users: &[i64],
) -> Result<(), Error> {
    let params = vec![lane.into(), event.into(), now.into(), tenant.into()];
    let (sql, params) = listing(DELIVER, params, users, ONCE_DELIVERED);
    tx.query(&sql, &params, |_| Ok(())).map(drop)
}
