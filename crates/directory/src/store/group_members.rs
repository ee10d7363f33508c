//! Groups and their members as the groups' own lists show them, and what one member may do.
//!
//! What stands before a window is passed over in an index: the numbers of its rows are found
//! first, and only those rows are read.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::model::{GroupMember, GroupPermission, GroupProfile};
use crate::query::{Window, Windowed};

use super::filter::Conditions;
use super::groups::BY_SLUG;
use super::{Row, Statement, Tx, Value};

const PROFILE: &str = "SELECT g.id, g.slug, g.name, g.public_name, u.uid, \
    COALESCE(g.allows_frames, FALSE), g.created_at, g.updated_at, g.version FROM groups g \
    LEFT JOIN users u ON u.tenant_id = g.tenant_id AND u.id = g.made_by AND u.deleted_at IS NULL";
const ALL_GROUPS: &str = "SELECT g.id, g.slug, g.name, g.public_name, u.uid, \
    COALESCE(g.allows_frames, FALSE), g.created_at, g.updated_at, g.version \
    FROM (SELECT g.id FROM groups g WHERE g.tenant_id = $1 \
    ORDER BY g.id LIMIT $2 OFFSET $3) n CROSS JOIN groups g \
    LEFT JOIN users u ON u.tenant_id = g.tenant_id AND u.id = g.made_by AND u.deleted_at IS NULL \
    WHERE g.tenant_id = $1 AND g.id = n.id ORDER BY g.id";
const COUNT_GROUPS: &str = "SELECT count(*) FROM groups g WHERE g.tenant_id = $1";
const GROUPS_OF: &str = "SELECT g.id, g.slug, g.name, g.public_name, u.uid, \
    COALESCE(g.allows_frames, FALSE), g.created_at, g.updated_at, g.version \
    FROM (SELECT m.group_id AS id FROM group_members m WHERE m.tenant_id = $1 AND m.user_id = $2 \
    ORDER BY m.group_id LIMIT $3 OFFSET $4) n CROSS JOIN groups g \
    LEFT JOIN users u ON u.tenant_id = g.tenant_id AND u.id = g.made_by AND u.deleted_at IS NULL \
    WHERE g.tenant_id = $1 AND g.id = n.id ORDER BY g.id";
const COUNT_GROUPS_OF: &str =
    "SELECT count(*) FROM group_members m WHERE m.tenant_id = $1 AND m.user_id = $2";

const MEMBER: &str = "SELECT m.id, m.group_id, g.slug, m.user_id, u.uid, m.permission, \
    m.created_at, m.updated_at FROM group_members m \
    JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id \
    JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id";
const ALL_MEMBERS: &str = "SELECT m.id, m.group_id, g.slug, m.user_id, u.uid, m.permission, \
    m.created_at, m.updated_at FROM (SELECT m.id FROM group_members m \
    WHERE m.tenant_id = $1 AND m.id NOT IN (SELECT d.id FROM group_members d \
    WHERE d.tenant_id = $1 AND d.gone_at IS NOT NULL) \
    ORDER BY m.group_id, m.id LIMIT $2 OFFSET $3) n CROSS JOIN group_members m \
    JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id \
    JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id \
    WHERE m.tenant_id = $1 AND m.id = n.id AND m.gone_at IS NULL ORDER BY m.group_id, m.id";
const COUNT_MEMBERS: &str = "SELECT (SELECT count(*) FROM group_members m WHERE m.tenant_id = $1) \
    - (SELECT count(*) FROM group_members d WHERE d.tenant_id = $1 AND d.gone_at IS NOT NULL)";
const MEMBERS_OF: &str = "SELECT m.id, m.group_id, g.slug, m.user_id, u.uid, m.permission, \
    m.created_at, m.updated_at FROM (SELECT m.id FROM group_members m \
    WHERE m.tenant_id = $1 AND m.group_id = $2 AND m.id NOT IN (SELECT d.id FROM group_members d \
    WHERE d.tenant_id = $1 AND d.group_id = $2 AND d.gone_at IS NOT NULL) \
    ORDER BY m.id LIMIT $3 OFFSET $4) n CROSS JOIN group_members m \
    JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id \
    JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id \
    WHERE m.tenant_id = $1 AND m.id = n.id AND m.gone_at IS NULL ORDER BY m.id";
const COUNT_MEMBERS_OF: &str = "SELECT (SELECT count(*) FROM group_members m \
    WHERE m.tenant_id = $1 AND m.group_id = $2) - (SELECT count(*) FROM group_members d \
    WHERE d.tenant_id = $1 AND d.group_id = $2 AND d.gone_at IS NOT NULL)";
// o: the parts of who asks, which lead. Six places for levels, of which there are six.
const MEMBERS_SEEN: &str = "SELECT m.id, m.group_id, g.slug, m.user_id, u.uid, m.permission, \
    m.created_at, m.updated_at FROM (SELECT m.id FROM (SELECT p.group_id, p.permission \
    FROM group_members p WHERE p.tenant_id = $1 AND p.user_id = $2) o \
    CROSS JOIN group_members m WHERE m.tenant_id = $1 AND m.group_id = o.group_id \
    AND (m.user_id = $2 OR o.permission IN ($3, $4, $5, $6, $7, $8)) \
    AND m.id NOT IN (SELECT d.id FROM group_members d \
    WHERE d.tenant_id = $1 AND d.gone_at IS NOT NULL) \
    ORDER BY o.group_id, m.id LIMIT $9 OFFSET $10) n CROSS JOIN group_members m \
    JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id \
    JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id \
    WHERE m.tenant_id = $1 AND m.id = n.id AND m.gone_at IS NULL ORDER BY m.group_id, m.id";
const COUNT_MEMBERS_SEEN: &str = "SELECT count(*) FROM (SELECT p.group_id, p.permission \
    FROM group_members p WHERE p.tenant_id = $1 AND p.user_id = $2) o \
    CROSS JOIN group_members m WHERE m.tenant_id = $1 AND m.group_id = o.group_id \
    AND (m.user_id = $2 OR o.permission IN ($3, $4, $5, $6, $7, $8)) \
    AND m.id NOT IN (SELECT d.id FROM group_members d \
    WHERE d.tenant_id = $1 AND d.gone_at IS NOT NULL)";

const LEVELS: &str = "SELECT DISTINCT m.permission FROM group_members m";
const SHARED_LEVELS: &str = "SELECT DISTINCT o.permission FROM group_members o \
    JOIN group_members m ON m.tenant_id = o.tenant_id AND m.group_id = o.group_id \
    WHERE o.tenant_id = $1 AND o.user_id = $2 AND m.user_id = $3";
const INVITING_LEVELS: &str = "SELECT DISTINCT o.permission FROM invitations i \
    JOIN group_members o ON o.tenant_id = i.tenant_id AND o.group_id = i.group_id \
    WHERE i.tenant_id = $1 AND i.user_id = $2 AND i.ended_at IS NULL AND i.expires_at > $3 \
    AND o.user_id = $4";
const GROUPS_AMONG: &str = "SELECT m.group_id FROM group_members m";

const UPDATE: &str = "UPDATE groups SET public_name = $1, updated_at = $2, version = $3 \
    WHERE tenant_id = $4 AND id = $5 AND version = $6";
const SET_MAKER: &str = "UPDATE groups SET made_by = $1, allows_frames = $2 \
    WHERE tenant_id = $3 AND id = $4";
const DELETE_MEMBER: &str =
    "DELETE FROM group_members WHERE tenant_id = $1 AND user_id = $2 AND group_id = $3 AND id = $4";
const SET_GONE: &str =
    "UPDATE group_members SET gone_at = $1 WHERE tenant_id = $2 AND user_id = $3";

fn read_profile(row: &Row<'_>) -> Result<GroupProfile, Error> {
    Ok(GroupProfile {
        id: row.int()?,
        slug: row.text()?,
        name: row.text()?,
        public_name: row.opt_text()?,
        maker: row.opt_text()?,
        allows_frames: row.boolean()?,
        created_at: row.time()?,
        updated_at: row.time()?,
        version: row.int()?,
    })
}

fn level(number: i64) -> Result<GroupPermission, Error> {
    GroupPermission::from_number(number)
        .ok_or_else(|| Error::internal("a stored permission is none of the six"))
}

fn read_level(row: &Row<'_>) -> Result<GroupPermission, Error> {
    level(row.int()?)
}

fn read_member(row: &Row<'_>) -> Result<GroupMember, Error> {
    Ok(GroupMember {
        id: row.int()?,
        group_id: row.int()?,
        slug: row.text()?,
        user_id: row.int()?,
        uid: row.text()?,
        permission: level(row.int()?)?,
        created_at: row.time()?,
        updated_at: row.time()?,
    })
}

/// Six numbers for six places: the levels, the last of them repeated.
pub(super) fn six(levels: impl Iterator<Item = GroupPermission>) -> [Value<'static>; 6] {
    let numbers: Vec<i64> = levels.map(GroupPermission::number).collect();
    let last = numbers.last().copied().unwrap_or(0);
    std::array::from_fn(|place| numbers.get(place).copied().unwrap_or(last).into())
}

/// The rows of a window, by a statement whose last two places are the limit and the offset, and
/// the count of all.
pub(super) fn windowed<'a, T>(
    tx: &Tx<'_>,
    (page, count): (&'static str, &'static str),
    params: Vec<Value<'a>>,
    window: Window,
    read: impl Fn(&Row<'_>) -> Result<T, Error>,
) -> Result<Windowed<T>, Error> {
    let total = tx.query_one(count, &params, |row| row.int())?;
    let mut places = params;
    places.extend([window.limit.into(), window.offset.into()]);
    // Past the end there is nothing to look for.
    let rows = if window.offset < total {
        tx.query(page, &places, read)?
    } else {
        Vec::new()
    };
    Ok(Windowed { rows, total })
}

/// A group with what belongs to it alone.
pub(crate) fn find_profile(
    tx: &Tx<'_>,
    tenant: TenantId,
    slug: &str,
) -> Result<Option<GroupProfile>, Error> {
    let mut conditions = Conditions::new("g.tenant_id = ?", tenant);
    conditions.and(BY_SLUG, slug);
    let (sql, params) = conditions.whole(PROFILE, "");
    tx.query_opt(&sql, &params, read_profile)
}

/// Groups by number: all, or those of one member.
pub(crate) fn window_of_groups(
    tx: &Tx<'_>,
    tenant: TenantId,
    member: Option<i64>,
    window: Window,
) -> Result<Windowed<GroupProfile>, Error> {
    let (statements, params) = match member {
        None => ((ALL_GROUPS, COUNT_GROUPS), vec![tenant.into()]),
        Some(user) => (
            (GROUPS_OF, COUNT_GROUPS_OF),
            vec![tenant.into(), user.into()],
        ),
    };
    windowed(tx, statements, params, window, read_profile)
}

/// The members who are there, by group and then in the order of joining.
pub(crate) fn window_of_members(
    tx: &Tx<'_>,
    tenant: TenantId,
    window: Window,
) -> Result<Windowed<GroupMember>, Error> {
    let statements = (ALL_MEMBERS, COUNT_MEMBERS);
    windowed(tx, statements, vec![tenant.into()], window, read_member)
}

/// The members of a group who are there, in the order of joining.
pub(crate) fn window_of_group(
    tx: &Tx<'_>,
    tenant: TenantId,
    group: i64,
    window: Window,
) -> Result<Windowed<GroupMember>, Error> {
    let (statements, params) = (
        (MEMBERS_OF, COUNT_MEMBERS_OF),
        vec![tenant.into(), group.into()],
    );
    windowed(tx, statements, params, window, read_member)
}

/// A user's own parts, and all members of the groups where they are of one of these levels.
pub(crate) fn window_seen_by(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    levels: impl Iterator<Item = GroupPermission>,
    window: Window,
) -> Result<Windowed<GroupMember>, Error> {
    let mut params = vec![tenant.into(), user.into()];
    params.extend(six(levels));
    let statements = (MEMBERS_SEEN, COUNT_MEMBERS_SEEN);
    windowed(tx, statements, params, window, read_member)
}

/// A membership of a user who is there, by its number.
pub(crate) fn find_member(
    tx: &Tx<'_>,
    tenant: TenantId,
    id: i64,
) -> Result<Option<GroupMember>, Error> {
    let mut conditions = Conditions::new("m.tenant_id = ?", tenant);
    conditions.and("m.id = ?", id);
    conditions.and_plain("m.gone_at IS NULL");
    let (sql, params) = conditions.whole(MEMBER, "");
    tx.query_opt(&sql, &params, read_member)
}

/// The part of a user in a group.
pub(crate) fn find_member_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    group: i64,
    user: i64,
) -> Result<Option<GroupMember>, Error> {
    let mut conditions = Conditions::new("m.tenant_id = ?", tenant);
    conditions.and("m.user_id = ?", user);
    conditions.and("m.group_id = ?", group);
    let (sql, params) = conditions.whole(MEMBER, "");
    tx.query_opt(&sql, &params, read_member)
}

/// The levels that a user has, in one group or in any.
pub(crate) fn levels_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    group: Option<i64>,
) -> Result<Vec<GroupPermission>, Error> {
    let mut conditions = Conditions::new("m.tenant_id = ?", tenant);
    conditions.and("m.user_id = ?", user);
    if let Some(group) = group {
        conditions.and("m.group_id = ?", group);
    }
    let (sql, params) = conditions.whole(LEVELS, "");
    tx.query(&sql, &params, read_level)
}

/// The levels that a user has in the groups of another, or that an invitation of the other's which
/// is out leads to.
pub(crate) fn levels_over(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    other: i64,
) -> Result<Vec<GroupPermission>, Error> {
    let shared = [tenant.into(), user.into(), other.into()];
    let mut levels = tx.query(SHARED_LEVELS, &shared, read_level)?;
    let inviting = [tenant.into(), other.into(), tx.now().into(), user.into()];
    levels.extend(tx.query(INVITING_LEVELS, &inviting, read_level)?);
    Ok(levels)
}

/// Those of these groups that a user is a member of.
pub(crate) fn groups_among(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    groups: impl Iterator<Item = i64>,
) -> Result<Vec<i64>, Error> {
    let mut conditions = Conditions::new("m.tenant_id = ?", tenant);
    conditions.and("m.user_id = ?", user);
    conditions.and_in("m.group_id", groups);
    let (sql, params) = conditions.whole(GROUPS_AMONG, "");
    tx.query(&sql, &params, |row| row.int())
}

/// Changes a group; touches no row when it has moved from that version.
pub(crate) fn update_group(
    tenant: TenantId,
    group: &GroupProfile,
    from: i64,
) -> Statement<'static> {
    let params = vec![
        group.public_name.clone().into(),
        group.updated_at.into(),
        group.version.into(),
        tenant.into(),
        group.id.into(),
        from.into(),
    ];
    Statement {
        sql: UPDATE,
        params,
    }
}

/// Says who made a group, and whether its pages may be framed.
pub(crate) fn set_maker(
    tenant: TenantId,
    group: i64,
    maker: Option<i64>,
    allows_frames: bool,
) -> Statement<'static> {
    Statement {
        sql: SET_MAKER,
        params: vec![
            maker.into(),
            allows_frames.into(),
            tenant.into(),
            group.into(),
        ],
    }
}

/// Ends a part in a group; touches no row when it ended since it was read, though its user may
/// have another there by now.
pub(crate) fn delete_group_member(tenant: TenantId, member: &GroupMember) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        member.user_id.into(),
        member.group_id.into(),
        member.id.into(),
    ];
    Statement {
        sql: DELETE_MEMBER,
        params,
    }
}

/// Marks the parts of a user as of somebody who was deleted, or is there again.
pub(crate) fn set_members_gone(
    tenant: TenantId,
    user: i64,
    gone_at: Option<Timestamp>,
) -> Statement<'static> {
    Statement {
        sql: SET_GONE,
        params: vec![gone_at.into(), tenant.into(), user.into()],
    }
}
