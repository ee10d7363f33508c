//! The table `invitations`.

use jiff::Timestamp;

use crate::actor::{Actor, TenantId};
use crate::error::Error;
use crate::model::{
    Invitation, InvitationEnd, InvitationKind, InvitationState, MessageChannel, SentMessage,
};
use crate::password::PasswordRule;
use crate::query::InvitationFilter;

use super::filter::{Conditions, one_more};
use super::users::and_visible;
use super::{Row, Statement, Tx};

const INSERT: &str = "INSERT INTO invitations (tenant_id, id, kind, user_id, group_id, \
    permission, redirect_to, password_rule, silent, account_id, requested_at, created_at, \
    expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const SELECT: &str = "SELECT i.id, i.kind, i.user_id, i.group_id, i.permission, i.redirect_to, \
    i.password_rule, COALESCE(i.silent, FALSE), i.account_id, i.channel, i.sent_to, i.sent_at, \
    i.created_at, i.requested_at, i.expires_at, i.ended_at, i.ended_reason FROM invitations i \
    WHERE i.tenant_id = $1 AND i.id = $2";
const OF_USER: &str = "SELECT i.id, i.kind, i.user_id, i.group_id, i.permission, i.redirect_to, \
    i.password_rule, COALESCE(i.silent, FALSE), i.account_id, i.channel, i.sent_to, i.sent_at, \
    i.created_at, i.requested_at, i.expires_at, i.ended_at, i.ended_reason FROM invitations i \
    WHERE i.tenant_id = $1 AND i.user_id = $2 AND i.ended_at IS NULL ORDER BY i.id";
const BY_SECRET: &str = "SELECT i.id, i.kind, i.user_id, i.group_id, i.permission, i.redirect_to, \
    i.password_rule, COALESCE(i.silent, FALSE), i.account_id, i.channel, i.sent_to, i.sent_at, \
    i.created_at, i.requested_at, i.expires_at, i.ended_at, i.ended_reason, i.secret_hash FROM \
    invitations i WHERE i.tenant_id = $1 AND i.secret_hash = $2";
const LIST: &str = "SELECT i.id, i.kind, i.user_id, i.group_id, i.permission, i.redirect_to, \
    i.password_rule, COALESCE(i.silent, FALSE), i.account_id, i.channel, i.sent_to, i.sent_at, \
    i.created_at, i.requested_at, i.expires_at, i.ended_at, i.ended_reason FROM invitations i \
    JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id";
// Changes name the request that they were read with: who sends an invitation once more moves it.
const SET_SECRET: &str = "UPDATE invitations SET secret_hash = $1, channel = $2, sent_to = $3, \
    sent_at = $4 WHERE tenant_id = $5 AND id = $6 AND ended_at IS NULL \
    AND COALESCE(requested_at, created_at) = $7";
const RENEW: &str = "UPDATE invitations SET requested_at = $1, expires_at = $2, \
    silent = FALSE, expiry_told_at = NULL, secret_hash = NULL, channel = NULL, sent_to = NULL, \
    sent_at = NULL WHERE tenant_id = $3 AND id = $4 AND ended_at IS NULL \
    AND COALESCE(requested_at, created_at) = $5";
const END: &str = "UPDATE invitations SET ended_at = $1, ended_reason = $2 \
    WHERE tenant_id = $3 AND id = $4 AND ended_at IS NULL \
    AND COALESCE(requested_at, created_at) = $5";
const EXPIRED: &str = "SELECT i.id, i.kind, i.user_id, i.group_id, i.permission, i.redirect_to, \
    i.password_rule, COALESCE(i.silent, FALSE), i.account_id, i.channel, i.sent_to, i.sent_at, \
    i.created_at, i.requested_at, i.expires_at, i.ended_at, i.ended_reason FROM invitations i \
    WHERE i.tenant_id = $1 AND i.ended_at IS NULL AND i.expiry_told_at IS NULL \
    AND i.expires_at <= $2 ORDER BY i.expires_at, i.id LIMIT $3";
const TELL_EXPIRY: &str = "UPDATE invitations SET expiry_told_at = $1 \
    WHERE tenant_id = $2 AND id = $3 AND ended_at IS NULL AND expiry_told_at IS NULL \
    AND COALESCE(requested_at, created_at) = $4";

pub(crate) fn insert_invitation(tenant: TenantId, invitation: &Invitation) -> Statement<'static> {
    // Our own rule is none, as in rows from before there was another.
    let rule = Some(invitation.password_rule).filter(|rule| *rule != PasswordRule::Plain);
    let params = vec![
        tenant.into(),
        invitation.id.into(),
        invitation.kind.name().into(),
        invitation.user_id.into(),
        invitation.group_id.into(),
        invitation.permission.into(),
        invitation.redirect_to.clone().into(),
        rule.map(PasswordRule::name).into(),
        invitation.silent.into(),
        invitation.account_id.into(),
        invitation.requested_at.into(),
        invitation.created_at.into(),
        invitation.expires_at.into(),
    ];
    Statement {
        sql: INSERT,
        params,
    }
}

/// The invitations of a user that did not end, expired or not, by number.
pub(crate) fn invitations_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
) -> Result<Vec<Invitation>, Error> {
    tx.query(OF_USER, &[tenant.into(), user.into()], read_invitation)
}

/// An invitation, ended or not.
pub(crate) fn find_invitation(
    tx: &Tx<'_>,
    tenant: TenantId,
    id: i64,
) -> Result<Option<Invitation>, Error> {
    tx.query_opt(SELECT, &[tenant.into(), id.into()], read_invitation)
}

/// The invitation whose latest message carries the secret with this hash, ended or not, and the
/// hash as it is stored.
pub(crate) fn invitation_of_secret(
    tx: &Tx<'_>,
    tenant: TenantId,
    hash: &str,
) -> Result<Option<(Invitation, String)>, Error> {
    tx.query_opt(BY_SECRET, &[tenant.into(), hash.into()], |row| {
        Ok((read_invitation(row)?, row.text()?))
    })
}

/// The invitations of users whom the actor may see, by number, after `after`; one more than
/// asked for shows that there are more.
pub(crate) fn list_invitations(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &InvitationFilter,
    after: i64,
    limit: usize,
) -> Result<Vec<Invitation>, Error> {
    let mut conditions = Conditions::new("i.tenant_id = ?", actor.tenant);
    and_visible(&mut conditions, actor, tx.now());
    conditions.and_plain("u.deleted_at IS NULL");
    conditions.and("i.id > ?", after);
    if let Some(user) = filter.user_id {
        conditions.and("i.user_id = ?", user);
    }
    let end = |end: InvitationEnd| end.name();
    match filter.state {
        None => {}
        Some(InvitationState::Out) => {
            conditions.and_plain("i.ended_at IS NULL");
            conditions.and("i.expires_at > ?", tx.now());
        }
        Some(InvitationState::Expired) => {
            conditions.and_plain("i.ended_at IS NULL");
            conditions.and("i.expires_at <= ?", tx.now());
        }
        Some(InvitationState::Accepted) => {
            conditions.and("i.ended_reason = ?", end(InvitationEnd::Accepted));
        }
        Some(InvitationState::Revoked) => {
            conditions.and("i.ended_reason = ?", end(InvitationEnd::Revoked));
        }
    }
    let (sql, params) = conditions.statement(LIST, "ORDER BY i.id", one_more(limit));
    tx.query(&sql, &params, read_invitation)
}

/// Keeps the hash of the secret that a message carries, and where that went; the secret before
/// holds no more. Touches no row when it ended or was sent once more since it was read.
pub(crate) fn set_invitation_secret(
    tenant: TenantId,
    invitation: &Invitation,
    hash: String,
    sent: &SentMessage,
) -> Statement<'static> {
    let params = vec![
        hash.into(),
        sent.channel.name().into(),
        sent.to.clone().into(),
        sent.at.into(),
        tenant.into(),
        invitation.id.into(),
        invitation.requested_at.into(),
    ];
    Statement {
        sql: SET_SECRET,
        params,
    }
}

/// Gives an invitation new time and takes its secret away, until a new message is made. Touches no
/// row when it ended or was sent once more since it was read.
pub(crate) fn renew_invitation(
    tenant: TenantId,
    invitation: &Invitation,
    now: Timestamp,
    expires_at: Timestamp,
) -> Statement<'static> {
    Statement {
        sql: RENEW,
        params: vec![
            now.into(),
            expires_at.into(),
            tenant.into(),
            invitation.id.into(),
            invitation.requested_at.into(),
        ],
    }
}

/// Ends an invitation; touches no row when it ended or was sent once more since it was read.
pub(crate) fn end_invitation(
    tenant: TenantId,
    invitation: &Invitation,
    end: InvitationEnd,
    now: Timestamp,
) -> Statement<'static> {
    Statement {
        sql: END,
        params: vec![
            now.into(),
            end.name().into(),
            tenant.into(),
            invitation.id.into(),
            invitation.requested_at.into(),
        ],
    }
}

/// Invitations whose time ran out by now, and of whom that was not told: the earliest.
pub(crate) fn expired_invitations(
    tx: &Tx<'_>,
    tenant: TenantId,
    limit: usize,
) -> Result<Vec<Invitation>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = [tenant.into(), tx.now().into(), limit.into()];
    tx.query(EXPIRED, &params, read_invitation)
}

/// Notes that it was told; touches no row when it was before, or there is nothing to be told.
pub(crate) fn tell_expiry(
    tenant: TenantId,
    invitation: &Invitation,
    now: Timestamp,
) -> Statement<'static> {
    Statement {
        sql: TELL_EXPIRY,
        params: vec![
            now.into(),
            tenant.into(),
            invitation.id.into(),
            invitation.requested_at.into(),
        ],
    }
}

fn read_invitation(row: &Row<'_>) -> Result<Invitation, Error> {
    let mut invitation = Invitation {
        id: row.int()?,
        kind: InvitationKind::parse(&row.text()?)
            .ok_or_else(|| Error::internal("a stored kind of invitation is unknown"))?,
        user_id: row.int()?,
        group_id: row.opt_int()?,
        permission: row.opt_int()?,
        redirect_to: row.opt_text()?,
        password_rule: match row.opt_text()? {
            None => PasswordRule::Plain,
            Some(name) => PasswordRule::parse(&name)
                .ok_or_else(|| Error::internal("a stored rule of passwords is unknown"))?,
        },
        silent: row.boolean()?,
        account_id: row.opt_int()?,
        sent: read_sent(row)?,
        created_at: row.time()?,
        requested_at: Timestamp::UNIX_EPOCH,
        expires_at: Timestamp::UNIX_EPOCH,
        ended: None,
    };
    // NULL: written before there was this column.
    invitation.requested_at = row.opt_time()?.unwrap_or(invitation.created_at);
    invitation.expires_at = row.time()?;
    let (at, reason) = (row.opt_time()?, row.opt_text()?);
    let end = reason.as_deref().and_then(InvitationEnd::parse);
    invitation.ended = at.map(|at| (at, end.unwrap_or(InvitationEnd::Revoked)));
    Ok(invitation)
}

fn read_sent(row: &Row<'_>) -> Result<Option<SentMessage>, Error> {
    let channel = row.opt_text()?.as_deref().and_then(MessageChannel::parse);
    let (to, at) = (row.opt_text()?, row.opt_time()?);
    let sent = channel.zip(to).zip(at);
    Ok(sent.map(|((channel, to), at)| SentMessage { channel, to, at }))
}
