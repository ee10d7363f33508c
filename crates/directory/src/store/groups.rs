//! The tables `groups` and `group_members`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::model::{Group, GroupMembership, GroupPermission};

use super::filter::{Conditions, one_more};
use super::{Row, Statement, Tx};

const INSERT: &str = "INSERT INTO groups (tenant_id, id, slug, name, public_name, created_at, \
    updated_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const SELECT: &str = "SELECT g.id, g.slug, g.name, g.public_name, \
    (SELECT count(*) FROM group_members m JOIN users u \
    ON u.tenant_id = m.tenant_id AND u.id = m.user_id \
    WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id AND u.deleted_at IS NULL), \
    g.created_at, g.updated_at, g.version FROM groups g";
const SELECT_ID: &str = "SELECT g.id FROM groups g";
pub(super) const BY_SLUG: &str = "g.id = (SELECT c.owner_id FROM claims c \
    WHERE c.tenant_id = $1 AND c.scope = 'group_slug' AND c.value = ?)";
const MEMBERSHIPS: &str = "SELECT m.user_id, m.id, m.group_id, g.slug, g.name, m.permission \
    FROM group_members m JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id";
const PUT_MEMBER: &str = "INSERT INTO group_members (tenant_id, user_id, group_id, id, \
    permission, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
    ON CONFLICT (tenant_id, user_id, group_id) DO UPDATE SET permission = excluded.permission, \
    updated_at = excluded.updated_at";

fn read_group(row: &Row<'_>) -> Result<Group, Error> {
    Ok(Group {
        id: row.int()?,
        slug: row.text()?,
        name: row.text()?,
        public_name: row.opt_text()?,
        member_count: row.int()?,
        created_at: row.time()?,
        updated_at: row.time()?,
        version: row.int()?,
    })
}

pub(crate) fn insert_group(tenant: TenantId, group: &Group) -> Statement<'_> {
    let params = vec![
        tenant.into(),
        group.id.into(),
        group.slug.as_str().into(),
        group.name.as_str().into(),
        group.public_name.as_deref().into(),
        group.created_at.into(),
        group.updated_at.into(),
        group.version.into(),
    ];
    Statement {
        sql: INSERT,
        params,
    }
}

/// Which one group is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupKey {
    /// By number.
    Id(i64),
    /// By slug.
    Slug(String),
}

fn named<'a>(tenant: TenantId, key: &'a GroupKey) -> Conditions<'a> {
    let mut conditions = Conditions::new("g.tenant_id = ?", tenant);
    match key {
        GroupKey::Id(id) => conditions.and("g.id = ?", *id),
        GroupKey::Slug(slug) => conditions.and(BY_SLUG, slug.as_str()),
    }
    conditions
}

pub(crate) fn find_group(
    tx: &Tx<'_>,
    tenant: TenantId,
    key: &GroupKey,
) -> Result<Option<Group>, Error> {
    let (sql, params) = named(tenant, key).whole(SELECT, "");
    tx.query_opt(&sql, &params, read_group)
}

/// The number of a group, without counting its members.
pub(crate) fn find_group_id(
    tx: &Tx<'_>,
    tenant: TenantId,
    key: &GroupKey,
) -> Result<Option<i64>, Error> {
    let (sql, params) = named(tenant, key).whole(SELECT_ID, "");
    tx.query_opt(&sql, &params, |row| row.int())
}

/// Groups by number, after `after`; one more than asked for shows that there are more.
pub(crate) fn list_groups(
    tx: &Tx<'_>,
    tenant: TenantId,
    after: i64,
    limit: usize,
) -> Result<Vec<Group>, Error> {
    let mut conditions = Conditions::new("g.tenant_id = ?", tenant);
    conditions.and("g.id > ?", after);
    let (sql, params) = conditions.statement(SELECT, "ORDER BY g.id", one_more(limit));
    tx.query(&sql, &params, read_group)
}

/// The groups of each of these users: (user, membership), by number of the membership.
pub(crate) fn group_memberships_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    users: &[i64],
) -> Result<Vec<(i64, GroupMembership)>, Error> {
    let mut conditions = Conditions::new("m.tenant_id = ?", tenant);
    conditions.and_in("m.user_id", users.iter().copied());
    let (sql, params) = conditions.whole(MEMBERSHIPS, "ORDER BY m.user_id, m.id");
    tx.query(&sql, &params, |row| {
        let user = row.int()?;
        let membership = GroupMembership {
            id: row.int()?,
            group_id: row.int()?,
            slug: row.text()?,
            name: row.text()?,
            permission: GroupPermission::from_number(row.int()?)
                .ok_or_else(|| Error::internal("a stored permission is none of the six"))?,
        };
        Ok((user, membership))
    })
}

/// Makes a user a member, or changes their permission.
pub(crate) fn put_group_member(
    tenant: TenantId,
    user: i64,
    group: i64,
    id: i64,
    permission: GroupPermission,
    now: Timestamp,
) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        user.into(),
        group.into(),
        id.into(),
        permission.number().into(),
        now.into(),
        now.into(),
    ];
    Statement {
        sql: PUT_MEMBER,
        params,
    }
}
