//! What a user may do, and where: tenant-wide, and in each account they are a member of.
//!
//! Rights come from roles, from permissions that are set directly, and from administering an
//! account. A role that was given in an account holds there alone, and only while the user is a
//! member of it.

use crate::actor::TenantId;
use crate::error::Error;
use crate::permission::{Permission, PermissionSet};
use crate::store::{Tx, memberships_of, permissions_of, roles_of};

/// What a user may do, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Everywhere in the tenant.
    pub tenant: PermissionSet,
    /// In each account the user is a member of, the primary one first.
    pub accounts: Vec<AccountAccess>,
}

/// What a user may do in one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountAccess {
    /// The account.
    pub account_id: i64,
    /// What holds there beside what holds everywhere.
    pub permissions: PermissionSet,
    /// Whether it is the user's primary account.
    pub primary: bool,
}

impl Access {
    /// Everything, everywhere.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            tenant: PermissionSet::ALL,
            accounts: Vec::new(),
        }
    }

    /// What the user may do in an account; none for one that they have no part in. Who may do
    /// everything tenant-wide has part in each.
    #[must_use]
    pub fn within(&self, account: i64) -> Option<PermissionSet> {
        let own = self.accounts.iter().find(|own| own.account_id == account);
        match own {
            Some(own) => Some(self.tenant.union(own.permissions)),
            None => (self.tenant == PermissionSet::ALL).then_some(self.tenant),
        }
    }

    /// What is in both: what one may do as another.
    #[must_use]
    pub fn limited_to(&self, other: &Self) -> Self {
        let shared = |own: &AccountAccess| {
            let there = other.held_in(own.account_id);
            AccountAccess {
                permissions: self.tenant.union(own.permissions).intersection(there),
                ..*own
            }
        };
        Self {
            tenant: self.tenant.intersection(other.tenant),
            accounts: self.accounts.iter().map(shared).collect(),
        }
    }

    /// What of it lies in the places where `held` has a permission.
    #[must_use]
    pub fn where_held(&self, held: &Self, permission: Permission) -> Self {
        let there = |own: &&AccountAccess| held.held_in(own.account_id).contains(permission);
        let accounts = self.accounts.iter().filter(there).copied().collect();
        let everywhere = held.tenant.contains(permission);
        Self {
            tenant: if everywhere {
                self.tenant
            } else {
                PermissionSet::NONE
            },
            accounts,
        }
    }

    /// Without these permissions, anywhere.
    #[must_use]
    pub fn without(&self, taken: PermissionSet) -> Self {
        let left = |own: &AccountAccess| AccountAccess {
            permissions: own.permissions.without(taken),
            ..*own
        };
        Self {
            tenant: self.tenant.without(taken),
            accounts: self.accounts.iter().map(left).collect(),
        }
    }

    /// Whether all that the other may do, this one may do there too.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        let there = |own: &AccountAccess| self.held_in(own.account_id).includes(own.permissions);
        self.tenant.includes(other.tenant) && other.accounts.iter().all(there)
    }

    /// What is held in an account, member or not.
    #[must_use]
    pub fn held_in(&self, account: i64) -> PermissionSet {
        let own = self.accounts.iter().find(|own| own.account_id == account);
        own.map_or(self.tenant, |own| self.tenant.union(own.permissions))
    }
}

/// What a user may do.
///
/// # Errors
/// Storage errors.
pub(crate) fn access_of(tx: &Tx<'_>, tenant: TenantId, user: i64) -> Result<Access, Error> {
    let mut access = Access::default();
    for (_, membership) in memberships_of(tx, tenant, &[user])? {
        let administers = if membership.admin {
            PermissionSet::ACCOUNT_ADMIN
        } else {
            PermissionSet::NONE
        };
        access.accounts.push(AccountAccess {
            account_id: membership.account_id,
            permissions: administers,
            primary: membership.primary,
        });
    }
    let roles = roles_of(tx, tenant, &[user])?;
    let roles = roles
        .into_iter()
        .map(|each| (each.account_id, each.permissions));
    let direct = permissions_of(tx, tenant, &[user])?;
    let direct = direct
        .into_iter()
        .map(|each| (each.account_id, each.permissions));
    for (account, permissions) in roles.chain(direct) {
        access.add(account, permissions);
    }
    Ok(access)
}

impl Access {
    fn add(&mut self, account: Option<i64>, permissions: PermissionSet) {
        let Some(account) = account else {
            self.tenant = self.tenant.union(permissions);
            return;
        };
        let mut accounts = self.accounts.iter_mut();
        if let Some(own) = accounts.find(|own| own.account_id == account) {
            let holding = permissions.holding_in(Some(account));
            own.permissions = own.permissions.union(holding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::Permission as P;

    fn in_account(account_id: i64, permissions: &[P]) -> AccountAccess {
        AccountAccess {
            account_id,
            permissions: PermissionSet::of(permissions),
            primary: false,
        }
    }

    fn access(tenant: &[P], accounts: &[AccountAccess]) -> Access {
        Access {
            tenant: PermissionSet::of(tenant),
            accounts: accounts.to_vec(),
        }
    }

    #[test]
    fn what_holds_in_one_account_holds_in_no_other() {
        let manager = access(
            &[P::ReadUsers],
            &[in_account(1, &[P::UpdateUsers]), in_account(2, &[])],
        );
        let both = PermissionSet::of(&[P::ReadUsers, P::UpdateUsers]);
        assert_eq!(manager.within(1), Some(both));
        assert_eq!(manager.within(2), Some(PermissionSet::of(&[P::ReadUsers])));
        assert_eq!(manager.within(3), None);
        assert_eq!(Access::everything().within(3), Some(PermissionSet::ALL));
    }

    #[test]
    fn who_holds_less_anywhere_does_not_include_the_other() {
        let one = access(&[], &[in_account(1, &[P::ReadUsers, P::UpdateUsers])]);
        assert!(one.includes(&access(&[], &[in_account(1, &[P::UpdateUsers])])));
        assert!(one.includes(&access(&[], &[in_account(2, &[])])));
        assert!(!one.includes(&access(&[], &[in_account(2, &[P::ReadUsers])])));
        assert!(!one.includes(&access(&[P::ReadUsers], &[])));
        assert!(
            access(&[P::ReadUsers], &[]).includes(&access(&[], &[in_account(2, &[P::ReadUsers])]))
        );
        assert!(Access::everything().includes(&one));
    }

    #[test]
    fn as_another_one_may_do_what_both_may() {
        let other = access(
            &[],
            &[
                in_account(1, &[P::ReadUsers, P::ReadEvents]),
                in_account(2, &[P::ReadUsers]),
            ],
        );
        let own = access(&[P::ReadUsers], &[in_account(1, &[P::UpdateUsers])]);
        let shared = other.limited_to(&own);
        assert_eq!(
            shared,
            access(
                &[],
                &[
                    in_account(1, &[P::ReadUsers]),
                    in_account(2, &[P::ReadUsers])
                ]
            )
        );
        assert!(own.includes(&shared) && other.includes(&shared));
    }

    #[test]
    fn what_is_tenant_wide_by_nature_holds_in_no_account() {
        let mut member = access(&[], &[in_account(1, &[])]);
        member.add(Some(1), PermissionSet::ALL);
        assert_eq!(member.within(1), Some(PermissionSet::IN_ACCOUNT));
        member.add(Some(2), PermissionSet::ALL);
        assert_eq!(member.within(2), None);
        member.add(None, PermissionSet::of(&[P::CreateGroups]));
        assert_eq!(member.tenant, PermissionSet::of(&[P::CreateGroups]));
    }
}
