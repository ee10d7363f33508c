//! The tables `badges` and `user_badges`.

use crate::actor::TenantId;
use crate::error::Error;
use crate::model::{Badge, UserBadge};

use super::filter::{Conditions, one_more};
use super::{Row, Statement, Tx};

const INSERT: &str = "INSERT INTO badges (tenant_id, id, name, description, info_url, icon_url, \
    is_soft, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const SELECT: &str = "SELECT b.id, b.name, b.description, b.info_url, b.icon_url, b.is_soft, \
    b.created_at FROM badges b";
const HELD: &str = "SELECT h.user_id, h.id, h.badge_id, b.name, h.expires_at, h.created_at, \
    h.suspended, h.category FROM user_badges h JOIN badges b \
    ON b.tenant_id = h.tenant_id AND b.id = h.badge_id";
const INSERT_HELD: &str = "INSERT INTO user_badges (tenant_id, user_id, id, badge_id, \
    expires_at, created_at, suspended, category) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const UPDATE_HELD: &str = "UPDATE user_badges SET badge_id = $1 \
    WHERE tenant_id = $2 AND user_id = $3 AND id = $4";
const DELETE_HELD: &str =
    "DELETE FROM user_badges WHERE tenant_id = $1 AND user_id = $2 AND id = $3";

fn read_badge(row: &Row<'_>) -> Result<Badge, Error> {
    Ok(Badge {
        id: row.int()?,
        name: row.text()?,
        description: row.opt_text()?,
        info_url: row.opt_text()?,
        icon_url: row.opt_text()?,
        soft: row.boolean()?,
        created_at: row.time()?,
    })
}

pub(crate) fn insert_badge(tenant: TenantId, badge: &Badge) -> Statement<'_> {
    let params = vec![
        tenant.into(),
        badge.id.into(),
        badge.name.as_str().into(),
        badge.description.as_deref().into(),
        badge.info_url.as_deref().into(),
        badge.icon_url.as_deref().into(),
        badge.soft.into(),
        badge.created_at.into(),
    ];
    Statement {
        sql: INSERT,
        params,
    }
}

pub(crate) fn find_badge(tx: &Tx<'_>, tenant: TenantId, id: i64) -> Result<Option<Badge>, Error> {
    let mut conditions = Conditions::new("b.tenant_id = ?", tenant);
    conditions.and("b.id = ?", id);
    let (sql, params) = conditions.whole(SELECT, "");
    tx.query_opt(&sql, &params, read_badge)
}

/// Badges by number, after `after`; one more than asked for shows that there are more.
pub(crate) fn list_badges(
    tx: &Tx<'_>,
    tenant: TenantId,
    after: i64,
    limit: usize,
) -> Result<Vec<Badge>, Error> {
    let mut conditions = Conditions::new("b.tenant_id = ?", tenant);
    conditions.and("b.id > ?", after);
    let (sql, params) = conditions.statement(SELECT, "ORDER BY b.id", one_more(limit));
    tx.query(&sql, &params, read_badge)
}

/// The badges of each of these users: (user, badge), by number of the association.
pub(crate) fn badges_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    users: &[i64],
) -> Result<Vec<(i64, UserBadge)>, Error> {
    let mut conditions = Conditions::new("h.tenant_id = ?", tenant);
    conditions.and_in("h.user_id", users.iter().copied());
    let (sql, params) = conditions.whole(HELD, "ORDER BY h.user_id, h.id");
    tx.query(&sql, &params, |row| {
        let user = row.int()?;
        let held = UserBadge {
            id: row.int()?,
            badge_id: row.int()?,
            name: row.text()?,
            expires_at: row.opt_time()?,
            created_at: row.time()?,
            suspended: row.boolean()?,
            category: row.opt_text()?,
        };
        Ok((user, held))
    })
}

pub(crate) fn insert_user_badge(
    tenant: TenantId,
    user: i64,
    held: &UserBadge,
) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        user.into(),
        held.id.into(),
        held.badge_id.into(),
        held.expires_at.into(),
        held.created_at.into(),
        held.suspended.into(),
        held.category.clone().into(),
    ];
    Statement {
        sql: INSERT_HELD,
        params,
    }
}

pub(crate) fn update_user_badge(
    tenant: TenantId,
    user: i64,
    id: i64,
    badge: i64,
) -> Statement<'static> {
    Statement {
        sql: UPDATE_HELD,
        params: vec![badge.into(), tenant.into(), user.into(), id.into()],
    }
}

pub(crate) fn delete_user_badge(tenant: TenantId, user: i64, id: i64) -> Statement<'static> {
    Statement {
        sql: DELETE_HELD,
        params: vec![tenant.into(), user.into(), id.into()],
    }
}
