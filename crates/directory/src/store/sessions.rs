//! The table `sessions`.

use jiff::Timestamp;

use crate::actor::{Impersonator, TenantId};
use crate::error::Error;
use crate::sessions::{Impersonation, Method, Session};

use super::filter::{Conditions, one_more};
use super::{Row, Statement, Tx};

const INSERT: &str = "INSERT INTO sessions (tenant_id, id, secret_hash, user_id, method, key_id, \
    by_type, by_id, reason, address, agent, created_at, used_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
const SELECT: &str = "SELECT s.id, s.user_id, s.method, s.key_id, s.by_type, s.by_id, s.reason, \
    s.address, s.agent, s.created_at, s.used_at, s.expires_at FROM sessions s";
const BY_SECRET: &str = "SELECT s.id, s.user_id, s.method, s.key_id, s.by_type, s.by_id, \
    s.reason, s.address, s.agent, s.created_at, s.used_at, s.expires_at, s.secret_hash \
    FROM sessions s WHERE s.tenant_id = $1 AND s.secret_hash = $2";
// Never back: two nodes' clocks differ.
const TOUCH: &str = "UPDATE sessions SET used_at = $1 \
    WHERE tenant_id = $2 AND id = $3 AND used_at < $1";
const ROTATE: &str = "UPDATE sessions SET secret_hash = $1, used_at = $2 \
    WHERE tenant_id = $3 AND id = $4";
const DELETE: &str = "DELETE FROM sessions WHERE tenant_id = $1 AND id = $2";
const DELETE_OTHERS: &str =
    "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND id <> $3";
const DELETE_BY: &str = "DELETE FROM sessions WHERE tenant_id = $1 AND by_id = $2 AND by_type = $3";
const DELETE_OF_KEY: &str = "DELETE FROM sessions WHERE tenant_id = $1 AND key_id = $2";
const ANY: &str = "SELECT id FROM sessions \
    WHERE tenant_id = $1 AND (user_id = $2 OR by_id = $3) LIMIT 1";
const OLDEST: &str = "SELECT id FROM sessions WHERE tenant_id = $1 AND user_id = $2 \
    ORDER BY id DESC LIMIT $3 OFFSET $4";
const OVER: &str = "SELECT id FROM sessions WHERE tenant_id = $1 AND expires_at <= $2 \
    ORDER BY expires_at LIMIT $3";

fn read_session(row: &Row<'_>) -> Result<Session, Error> {
    Ok(Session {
        id: row.int()?,
        user_id: row.int()?,
        method: Method::parse(&row.text()?)
            .ok_or_else(|| Error::internal("a stored method of login is unknown"))?,
        key_id: row.opt_text()?,
        impersonation: read_impersonation(row)?,
        address: row.opt_text()?,
        agent: row.opt_text()?,
        created_at: row.time()?,
        used_at: row.time()?,
        expires_at: row.time()?,
    })
}

fn read_impersonation(row: &Row<'_>) -> Result<Option<Impersonation>, Error> {
    let (kind, id, reason) = (row.opt_text()?, row.opt_text()?, row.opt_text()?);
    Ok(kind.zip(id).map(|(kind, id)| Impersonation {
        by: Impersonator { kind, id },
        reason: reason.unwrap_or_default(),
    }))
}

pub(crate) fn insert_session(
    tenant: TenantId,
    session: &Session,
    hash: String,
) -> Statement<'static> {
    let by = session.impersonation.as_ref();
    let params = vec![
        tenant.into(),
        session.id.into(),
        hash.into(),
        session.user_id.into(),
        session.method.name().into(),
        session.key_id.clone().into(),
        by.map(|each| each.by.kind.clone()).into(),
        by.map(|each| each.by.id.clone()).into(),
        by.map(|each| each.reason.clone()).into(),
        session.address.clone().into(),
        session.agent.clone().into(),
        session.created_at.into(),
        session.used_at.into(),
        session.expires_at.into(),
    ];
    Statement {
        sql: INSERT,
        params,
    }
}

/// The session whose secret has this hash, over or not, and the hash as it is stored.
pub(crate) fn session_of_secret(
    tx: &Tx<'_>,
    tenant: TenantId,
    hash: &str,
) -> Result<Option<(Session, String)>, Error> {
    tx.query_opt(BY_SECRET, &[tenant.into(), hash.into()], |row| {
        Ok((read_session(row)?, row.text()?))
    })
}

/// A session, over or not.
pub(crate) fn find_session(
    tx: &Tx<'_>,
    tenant: TenantId,
    id: i64,
) -> Result<Option<Session>, Error> {
    let mut conditions = Conditions::new("s.tenant_id = ?", tenant);
    conditions.and("s.id = ?", id);
    let (sql, params) = conditions.whole(SELECT, "");
    tx.query_opt(&sql, &params, read_session)
}

/// The sessions of a user that are not over, by number, after `after`: those used since `idle`,
/// and one more than asked for shows that there are more.
pub(crate) fn list_sessions(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    idle: Timestamp,
    after: i64,
    limit: usize,
) -> Result<Vec<Session>, Error> {
    let mut conditions = Conditions::new("s.tenant_id = ?", tenant);
    conditions.and("s.user_id = ?", user);
    conditions.and("s.id > ?", after);
    conditions.and("s.used_at > ?", idle);
    conditions.and("s.expires_at > ?", tx.now());
    let (sql, params) = conditions.statement(SELECT, "ORDER BY s.id", one_more(limit));
    tx.query(&sql, &params, read_session)
}

/// Whether a user has any session, over or not, or acts as another by one.
pub(crate) fn has_session(tx: &Tx<'_>, tenant: TenantId, user: i64) -> Result<bool, Error> {
    let params = [tenant.into(), user.into(), user.to_string().into()];
    let found = tx.query_opt(ANY, &params, |row| row.int())?;
    Ok(found.is_some())
}

/// Those of a user's sessions, over or not, that stand behind the newest `kept`.
pub(crate) fn sessions_beyond(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    kept: i64,
) -> Result<Vec<i64>, Error> {
    let params = [tenant.into(), user.into(), kept.into(), kept.into()];
    tx.query(OLDEST, &params, |row| row.int())
}

/// Sessions whose time is over, the oldest first.
pub(crate) fn expired_sessions(
    tx: &Tx<'_>,
    tenant: TenantId,
    limit: usize,
) -> Result<Vec<i64>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = [tenant.into(), tx.now().into(), limit.into()];
    tx.query(OVER, &params, |row| row.int())
}

/// Notes that a session was used.
pub(crate) fn touch_session(tenant: TenantId, id: i64, now: Timestamp) -> Statement<'static> {
    Statement {
        sql: TOUCH,
        params: vec![now.into(), tenant.into(), id.into()],
    }
}

/// Gives a session another secret; touches no row when it ended.
pub(crate) fn rotate_session(
    tenant: TenantId,
    id: i64,
    hash: String,
    now: Timestamp,
) -> Statement<'static> {
    Statement {
        sql: ROTATE,
        params: vec![hash.into(), now.into(), tenant.into(), id.into()],
    }
}

/// Ends a session; touches no row when it ended before.
pub(crate) fn delete_session(tenant: TenantId, id: i64) -> Statement<'static> {
    Statement {
        sql: DELETE,
        params: vec![tenant.into(), id.into()],
    }
}

/// Ends all sessions of a user but one; with 0, all.
pub(crate) fn delete_sessions_but(tenant: TenantId, user: i64, but: i64) -> Statement<'static> {
    Statement {
        sql: DELETE_OTHERS,
        params: vec![tenant.into(), user.into(), but.into()],
    }
}

/// Ends all sessions by which a user or a key (`kind`) acts as somebody else.
pub(crate) fn delete_sessions_by(
    tenant: TenantId,
    kind: &'static str,
    id: String,
) -> Statement<'static> {
    Statement {
        sql: DELETE_BY,
        params: vec![tenant.into(), id.into(), kind.into()],
    }
}

/// Ends all sessions that were made from a key.
pub(crate) fn delete_sessions_of_key(tenant: TenantId, key: &str) -> Statement<'_> {
    Statement {
        sql: DELETE_OF_KEY,
        params: vec![tenant.into(), key.into()],
    }
}
