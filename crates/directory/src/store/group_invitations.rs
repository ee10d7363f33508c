//! Invitations to groups that are out, as the groups' own lists show them.

use crate::actor::TenantId;
use crate::error::Error;
use crate::model::{GroupInvitation, GroupPermission};
use crate::query::{Window, Windowed};

use super::group_members::{six, windowed};
use super::{Row, Tx};

const ALL: &str = "SELECT i.id, i.group_id, g.slug, u.email, i.created_at FROM invitations i \
    JOIN groups g ON g.tenant_id = i.tenant_id AND g.id = i.group_id \
    JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id \
    WHERE i.tenant_id = $1 AND i.group_id IS NOT NULL AND i.ended_at IS NULL \
    AND i.expires_at > $2 AND u.deleted_at IS NULL AND u.pending_since IS NOT NULL \
    ORDER BY i.group_id, i.id LIMIT $3 OFFSET $4";
const COUNT_ALL: &str = "SELECT count(*) FROM invitations i \
    JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id \
    WHERE i.tenant_id = $1 AND i.group_id IS NOT NULL AND i.ended_at IS NULL \
    AND i.expires_at > $2 AND u.deleted_at IS NULL AND u.pending_since IS NOT NULL";
const OF_GROUP: &str = "SELECT i.id, i.group_id, g.slug, u.email, i.created_at \
    FROM invitations i JOIN groups g ON g.tenant_id = i.tenant_id AND g.id = i.group_id \
    JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id \
    WHERE i.tenant_id = $1 AND i.ended_at IS NULL AND i.expires_at > $2 AND i.group_id = $3 \
    AND u.deleted_at IS NULL AND u.pending_since IS NOT NULL ORDER BY i.id LIMIT $4 OFFSET $5";
const COUNT_OF_GROUP: &str = "SELECT count(*) FROM invitations i \
    JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id \
    WHERE i.tenant_id = $1 AND i.ended_at IS NULL AND i.expires_at > $2 AND i.group_id = $3 \
    AND u.deleted_at IS NULL AND u.pending_since IS NOT NULL";
// o: the parts of who asks, which lead. Six places for levels, of which there are six.
const SEEN: &str = "SELECT i.id, i.group_id, g.slug, u.email, i.created_at \
    FROM (SELECT p.group_id FROM group_members p WHERE p.tenant_id = $1 AND p.user_id = $2 \
    AND p.permission IN ($3, $4, $5, $6, $7, $8)) o CROSS JOIN invitations i \
    JOIN groups g ON g.tenant_id = i.tenant_id AND g.id = i.group_id \
    JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id \
    WHERE i.tenant_id = $1 AND i.group_id = o.group_id AND i.ended_at IS NULL \
    AND i.expires_at > $9 AND u.deleted_at IS NULL AND u.pending_since IS NOT NULL \
    ORDER BY o.group_id, i.id LIMIT $10 OFFSET $11";
const COUNT_SEEN: &str = "SELECT count(*) \
    FROM (SELECT p.group_id FROM group_members p WHERE p.tenant_id = $1 AND p.user_id = $2 \
    AND p.permission IN ($3, $4, $5, $6, $7, $8)) o CROSS JOIN invitations i \
    JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id \
    WHERE i.tenant_id = $1 AND i.group_id = o.group_id AND i.ended_at IS NULL \
    AND i.expires_at > $9 AND u.deleted_at IS NULL AND u.pending_since IS NOT NULL";

fn read(row: &Row<'_>) -> Result<GroupInvitation, Error> {
    Ok(GroupInvitation {
        id: row.int()?,
        group_id: row.int()?,
        slug: row.text()?,
        email: row.opt_text()?,
        created_at: row.time()?,
    })
}

/// Invitations that are out, by group and then in the order of their making: of all groups.
pub(crate) fn window_of_invitations(
    tx: &Tx<'_>,
    tenant: TenantId,
    window: Window,
) -> Result<Windowed<GroupInvitation>, Error> {
    let params = vec![tenant.into(), tx.now().into()];
    windowed(tx, (ALL, COUNT_ALL), params, window, read)
}

/// The same, of one group.
pub(crate) fn window_of_group_invitations(
    tx: &Tx<'_>,
    tenant: TenantId,
    group: i64,
    window: Window,
) -> Result<Windowed<GroupInvitation>, Error> {
    let params = vec![tenant.into(), tx.now().into(), group.into()];
    windowed(tx, (OF_GROUP, COUNT_OF_GROUP), params, window, read)
}

/// The same, of the groups where a user is of one of these levels.
pub(crate) fn window_of_seen_invitations(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    levels: impl Iterator<Item = GroupPermission>,
    window: Window,
) -> Result<Windowed<GroupInvitation>, Error> {
    let mut params = vec![tenant.into(), user.into()];
    params.extend(six(levels));
    params.push(tx.now().into());
    windowed(tx, (SEEN, COUNT_SEEN), params, window, read)
}
