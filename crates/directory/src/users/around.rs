//! What making and changing a user have in common.

use crate::error::Error;
use crate::model::{AccountRole, EmployerRole, Membership, User, UserBadge, UserKind};
use crate::store::{IdKind, Tx};

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
