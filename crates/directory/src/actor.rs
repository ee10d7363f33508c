//! Who asks: the one thing that every use case is given to decide what may be done.

use std::sync::Arc;

use crate::access::{Access, AccountAccess};
use crate::error::Error;
use crate::model::Email;
use crate::permission::{Permission, PermissionSet};
use crate::store::{Tx, is_left, user_of_email};

/// Where everything of one customer lives. Numbers start at 1, which is `default`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(pub i64);

/// What kind of caller acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// An API key, by its id.
    Key(String),
    /// A user, through a session.
    User(i64),
    /// The server itself, or its operator on the command line.
    System,
}

/// Which users a caller sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// All of the tenant's.
    Tenant,
    /// Members of one account.
    Account(i64),
    /// Workers who have an active job with one account (seed 001, "Priviledge Level").
    PublicPool {
        /// The key's account.
        account: i64,
    },
}

/// Somebody who acts as a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impersonator {
    /// `key`, `user` or `system`.
    pub kind: String,
    /// Which key or user.
    pub id: String,
}

/// No account has this number: who sees its members sees nobody.
const NOWHERE: i64 = 0;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The tenant it belongs to; nothing outside it exists for the caller.
    pub tenant: TenantId,
    /// Who it is.
    pub principal: Principal,
    /// What it may do.
    pub permissions: PermissionSet,
    /// The account that its key is bound to, or that its session acts in: users it makes become
    /// members of it.
    pub account: Option<i64>,
    /// Which users it sees.
    pub visibility: Visibility,
    /// The email of the key's owner, or of the user: what `created_by` shows.
    pub email: Option<String>,
    /// The id of the request, for the event log.
    pub request_id: String,
    /// What a user may do, and where; none for keys and the system, whose rights are the same
    /// everywhere.
    pub access: Option<Arc<Access>>,
    /// Who really acts, where it is not the user whom the session shows.
    pub impersonator: Option<Impersonator>,
    /// The session that the caller came by.
    pub session: Option<i64>,
}

impl Actor {
    /// The server itself, or its operator, with all permissions.
    #[must_use]
    pub fn system(tenant: TenantId, request_id: impl Into<String>) -> Self {
        Self {
            tenant,
            principal: Principal::System,
            permissions: PermissionSet::ALL,
            account: None,
            visibility: Visibility::Tenant,
            email: None,
            request_id: request_id.into(),
            access: None,
            impersonator: None,
            session: None,
        }
    }

    /// A user, in the place that they act in when nothing else is said: the whole tenant for who
    /// may do anything tenant-wide, else their primary account.
    #[must_use]
    pub fn user_of(tenant: TenantId, user: i64, email: Option<String>, access: Access) -> Self {
        let first = access.accounts.first().map(|own| own.account_id);
        let place = if access.tenant.is_empty() {
            Some(first.unwrap_or(NOWHERE))
        } else {
            None
        };
        let actor = Self {
            principal: Principal::User(user),
            permissions: access.tenant,
            email,
            access: Some(Arc::new(access)),
            ..Self::system(tenant, "")
        };
        match place {
            None => actor,
            Some(account) => actor.within_account(account),
        }
    }

    /// Refuses who lacks a permission.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require(&self, permission: Permission) -> Result<(), Error> {
        if self.permissions.contains(permission) {
            Ok(())
        } else {
            Err(Error::Forbidden("the credential does not allow this"))
        }
    }

    /// Refuses who lacks a permission in a place: in one account, or tenant-wide.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_in(&self, place: Option<i64>, permission: Permission) -> Result<(), Error> {
        self.require_full_access()?;
        let held = self.held();
        let there = match place {
            Some(account) => held.held_in(account),
            None => held.tenant,
        };
        if there.contains(permission) {
            Ok(())
        } else {
            Err(Error::Forbidden("the credential does not allow this"))
        }
    }

    /// Refuses a caller with Public Pool access only.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_full_access(&self) -> Result<(), Error> {
        match self.visibility {
            Visibility::Tenant | Visibility::Account(_) => Ok(()),
            Visibility::PublicPool { .. } => Err(Error::Forbidden(
                "the credential has Public Pool access only",
            )),
        }
    }

    /// Whether it is this user, or who acts as them.
    #[must_use]
    pub fn is_user(&self, id: i64) -> bool {
        self.principal == Principal::User(id)
    }

    /// Whether it has part in an account: a user in those they are a member of, a key in its own,
    /// or in any when it is unbound and has all permissions (contracts: an unbound key with all
    /// scopes has part in every account).
    #[must_use]
    pub fn has_part_in(&self, account: i64) -> bool {
        match (&self.access, self.account) {
            (Some(access), _) => access.within(account).is_some(),
            (None, Some(own)) => own == account,
            (None, None) => self.permissions == PermissionSet::ALL,
        }
    }

    /// The same caller, seeing only the members of one account, and making users there. A user
    /// may do there what they hold there.
    #[must_use]
    pub fn within_account(mut self, account: i64) -> Self {
        self.visibility = match self.visibility {
            Visibility::Tenant | Visibility::Account(_) => Visibility::Account(account),
            pool @ Visibility::PublicPool { .. } => pool,
        };
        if let Some(access) = &self.access {
            self.permissions = access.within(account).unwrap_or(PermissionSet::NONE);
        }
        self.account = Some(account);
        self
    }

    /// What it may do, and where.
    #[must_use]
    pub fn held(&self) -> Access {
        match (&self.access, self.account) {
            (Some(access), _) => access.as_ref().clone(),
            (None, None) => Access {
                tenant: self.permissions,
                accounts: Vec::new(),
            },
            (None, Some(account_id)) => Access {
                tenant: PermissionSet::NONE,
                accounts: vec![AccountAccess {
                    account_id,
                    permissions: self.permissions,
                    primary: true,
                }],
            },
        }
    }

    /// Refuses who acts as another: nobody grants or changes credentials in another's name.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_in_person(&self) -> Result<(), Error> {
        if self.impersonator.is_none() {
            Ok(())
        } else {
            Err(Error::Forbidden("this cannot be done in another's name"))
        }
    }

    /// The user who acts: a session's own, or who has the email of the key's owner. Who is pending
    /// did not show yet that it is theirs, and is nobody's owner.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a key whose owner was a user and is none any more: what they could
    /// not do, nobody does by it. Of the store.
    pub fn user(&self, tx: &Tx<'_>) -> Result<Option<i64>, Error> {
        let user = self.known_user(tx)?;
        if let (None, Principal::Key(key), Some(_)) = (user, &self.principal, &self.email)
            && is_left(tx, self.tenant, key)?
        {
            return Err(Error::Forbidden("the key's owner is gone"));
        }
        Ok(user)
    }

    /// As [`Actor::user`], but none for a key whose owner is gone: for what is told of it.
    pub(crate) fn known_user(&self, tx: &Tx<'_>) -> Result<Option<i64>, Error> {
        let email = match &self.principal {
            Principal::User(id) => return Ok(Some(*id)),
            Principal::Key(_) => self.email.as_deref(),
            Principal::System => None,
        };
        let Some(Ok(email)) = email.map(Email::parse) else {
            return Ok(None);
        };
        user_of_email(tx, self.tenant, email.key())
    }

    /// `key`, `user` or `system`, and its id: how the event log names who really acts.
    #[must_use]
    pub fn named(&self) -> (&str, String) {
        if let Some(by) = &self.impersonator {
            return (&by.kind, by.id.clone());
        }
        match &self.principal {
            Principal::Key(id) => ("key", id.clone()),
            Principal::User(id) => ("user", id.to_string()),
            Principal::System => ("system", String::new()),
        }
    }
    /// The user as whom somebody else acts.
    #[must_use]
    pub fn acting_as(&self) -> Option<i64> {
        match (&self.impersonator, &self.principal) {
            (Some(_), Principal::User(id)) => Some(*id),
            (Some(_), Principal::Key(_) | Principal::System) | (None, _) => None,
        }
    }
}
