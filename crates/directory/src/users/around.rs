//! What making and changing a user have in common.

use super::change::{GroupGrant, UserChange};
use crate::actor::Actor;
use crate::error::Error;
use crate::event::{self, EventType, Subject};
use crate::model::{AccountRole, EmployerRole, Membership, User, UserBadge, UserKind};
use crate::store::{
    IdKind, Statement, Tx, group_memberships_of, memberships_of, put_group_member, put_member,
};

pub(super) fn plain_membership(account_id: i64, role: AccountRole) -> Membership {
    let admin = role == AccountRole::CustomerAdmin;
    Membership {
        account_id,
        account_name: String::new(),
        role,
        admin,
        primary: false,
    }
}

/// An employer is a member of their customer, in the role they have.
pub(super) fn employer_membership(user: &User) -> Option<Membership> {
    let role = match user.employer_role {
        Some(EmployerRole::CustomerAdmin) => AccountRole::CustomerAdmin,
        Some(EmployerRole::Requestor) => AccountRole::Requestor,
        Some(EmployerRole::ReadOnly) | None => AccountRole::ReadOnly,
    };
    let customer = user
        .customer_id
        .filter(|_| user.kind == Some(UserKind::Employer))?;
    Some(plain_membership(customer, role))
}

pub(super) fn new_badge(tx: &Tx<'_>, badge_id: i64) -> Result<UserBadge, Error> {
    Ok(UserBadge {
        id: tx.new_id(IdKind::UserBadge)?,
        badge_id,
        name: String::new(),
        expires_at: None,
        created_at: tx.now(),
        suspended: false,
        category: None,
    })
}

/// Parts in accounts that a stored user has not, or has in another role, with the event of each
/// account that they join. Their primary account stays so.
pub(super) fn join_accounts(
    tx: &Tx<'_>,
    actor: &Actor,
    user: &User,
    change: &UserChange,
) -> Result<Vec<Statement<'static>>, Error> {
    let mut statements = Vec::new();
    if change.accounts.is_empty() {
        return Ok(statements);
    }
    let mut held: Vec<Membership> = memberships_of(tx, actor.tenant, &[user.id])?
        .into_iter()
        .map(|(_, membership)| membership)
        .collect();
    for grant in &change.accounts {
        let own = held.iter().find(|own| own.account_id == grant.account_id);
        if own.is_some_and(|own| (own.role, own.admin) == (grant.role, grant.admin)) {
            continue;
        }
        let joins = own.is_none();
        let membership = Membership {
            admin: grant.admin,
            primary: own.map_or_else(|| !held.iter().any(|each| each.primary), |own| own.primary),
            ..plain_membership(grant.account_id, grant.role)
        };
        statements.push(put_member(actor.tenant, user.id, &membership, tx.now()));
        if joins {
            statements.push(joined_account(tx, actor, user.id, &membership)?);
        }
        held.retain(|own| own.account_id != grant.account_id);
        held.push(membership);
    }
    Ok(statements)
}

/// The event of an account that a user joins.
pub(super) fn joined_account(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    membership: &Membership,
) -> Result<Statement<'static>, Error> {
    let told = event::Change::new(shown(membership));
    let (kind, subject) = (EventType::UserAddedToAccount, Subject::new("user", user));
    event::record(tx, actor, kind, Some(membership.account_id), subject, told)
}

/// The event of an account that a user leaves.
pub(super) fn left_account(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    membership: &Membership,
) -> Result<Statement<'static>, Error> {
    let told = event::Change::between(shown(membership), serde_json::Map::new());
    let kind = EventType::UserRemovedFromAccount;
    let (account, subject) = (membership.account_id, Subject::new("user", user));
    event::record(tx, actor, kind, Some(account), subject, told)
}

/// What events show of a part in an account.
pub(crate) fn shown(membership: &Membership) -> serde_json::Map<String, serde_json::Value> {
    event::Change::of(&[
        ("account_id", membership.account_id.into()),
        ("role", membership.role.name().into()),
        ("admin", membership.admin.into()),
        ("primary", membership.primary.into()),
    ])
    .new
}

/// Parts in groups that a stored user has not, or has with another permission.
pub(super) fn join_groups(
    tx: &Tx<'_>,
    actor: &Actor,
    user: &User,
    grants: &[GroupGrant],
) -> Result<Vec<Statement<'static>>, Error> {
    let mut statements = Vec::new();
    if grants.is_empty() {
        return Ok(statements);
    }
    let held = group_memberships_of(tx, actor.tenant, &[user.id])?;
    for grant in grants {
        let own = held.iter().find(|(_, own)| own.group_id == grant.group_id);
        if own.is_none_or(|(_, own)| own.permission != grant.permission) {
            let id = tx.new_id(IdKind::GroupMember)?;
            let (group, permission) = (grant.group_id, grant.permission);
            let (tenant, now) = (actor.tenant, tx.now());
            statements.push(put_group_member(
                tenant, user.id, group, id, permission, now,
            ));
        }
    }
    Ok(statements)
}
