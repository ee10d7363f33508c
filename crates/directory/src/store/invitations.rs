//! The table `invitations`.

use crate::actor::TenantId;
use crate::error::Error;
use crate::model::{Invitation, InvitationKind};

use super::{Row, Statement, Tx};

const INSERT: &str = "INSERT INTO invitations (tenant_id, id, kind, user_id, group_id, \
    permission, redirect_to, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const SELECT: &str = "SELECT id, kind, user_id, group_id, permission, redirect_to, created_at, \
    expires_at FROM invitations WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL";
const SET_SECRET: &str = "UPDATE invitations SET secret_hash = $1 \
    WHERE tenant_id = $2 AND id = $3 AND ended_at IS NULL";
const OF_USER: &str = "SELECT id, kind, user_id, group_id, permission, redirect_to, created_at, \
    expires_at FROM invitations WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL \
    ORDER BY id";

pub(crate) fn insert_invitation(tenant: TenantId, invitation: &Invitation) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        invitation.id.into(),
        invitation.kind.name().into(),
        invitation.user_id.into(),
        invitation.group_id.into(),
        invitation.permission.into(),
        invitation.redirect_to.clone().into(),
        invitation.created_at.into(),
        invitation.expires_at.into(),
    ];
    Statement {
        sql: INSERT,
        params,
    }
}

/// The invitations of a user that are out, by number.
pub(crate) fn invitations_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
) -> Result<Vec<Invitation>, Error> {
    tx.query(OF_USER, &[tenant.into(), user.into()], read_invitation)
}

/// An invitation that is out, expired or not.
pub(crate) fn find_invitation(
    tx: &Tx<'_>,
    tenant: TenantId,
    id: i64,
) -> Result<Option<Invitation>, Error> {
    tx.query_opt(SELECT, &[tenant.into(), id.into()], read_invitation)
}

/// Keeps the hash of the secret that the latest message carries; the one before holds no more.
pub(crate) fn set_invitation_secret(tenant: TenantId, id: i64, hash: String) -> Statement<'static> {
    Statement {
        sql: SET_SECRET,
        params: vec![hash.into(), tenant.into(), id.into()],
    }
}

fn read_invitation(row: &Row<'_>) -> Result<Invitation, Error> {
    Ok(Invitation {
        id: row.int()?,
        kind: InvitationKind::parse(&row.text()?)
            .ok_or_else(|| Error::internal("a stored kind of invitation is unknown"))?,
        user_id: row.int()?,
        group_id: row.opt_int()?,
        permission: row.opt_int()?,
        redirect_to: row.opt_text()?,
        created_at: row.time()?,
        expires_at: row.time()?,
    })
}
