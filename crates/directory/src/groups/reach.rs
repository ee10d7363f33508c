//! How far a caller reaches into groups, where a user acts: by their level in each.

use crate::actor::Actor;
use crate::error::Error;
use crate::model::{Email, GroupMembership, GroupPermission, User, UserStatus};
use crate::permission::Permission;
use crate::store::{
    GroupKey, Tx, UserKey, find_group_id, find_user, groups_among, levels_of, levels_over,
};

/// How far a caller reaches into groups. It narrows what their credential allows, and never
/// widens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// As far as the credential: no user acts.
    Tenant,
    /// As this member's levels say.
    Member(i64),
}

const ABOVE: Error = Error::Forbidden("the owner's permission in the group does not allow this");

impl Reach {
    /// The reach of the user who acts for the caller.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for one who is suspended or gone: nobody acts for them.
    pub fn of(tx: &Tx<'_>, actor: &Actor) -> Result<Self, Error> {
        let Some(id) = actor.user(tx)? else {
            return Ok(Self::Tenant);
        };
        let system = Actor::system(actor.tenant, "");
        match find_user(tx, &system, &UserKey::Id(id), false)? {
            None => Ok(Self::Tenant),
            Some(found) if found.user.status() == UserStatus::Suspended => {
                Err(Error::Forbidden("the key's owner is suspended"))
            }
            Some(_) => Ok(Self::Member(id)),
        }
    }

    /// Refuses what the level in a group does not allow. A group outside the reach is not found,
    /// exactly as one that is not there.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub fn require_in(
        self,
        tx: &Tx<'_>,
        actor: &Actor,
        group: i64,
        permission: Permission,
    ) -> Result<(), Error> {
        let Self::Member(user) = self else {
            return Ok(());
        };
        match levels_of(tx, actor.tenant, user, Some(group))?.first() {
            None => Err(Error::NotFound),
            Some(level) if level.permissions().contains(permission) => Ok(()),
            Some(_) => Err(ABOVE),
        }
    }

    /// Refuses what no level in any group allows.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_somewhere(
        self,
        tx: &Tx<'_>,
        actor: &Actor,
        permission: Permission,
    ) -> Result<(), Error> {
        if self.holds_somewhere(tx, actor, permission)? {
            Ok(())
        } else {
            Err(ABOVE)
        }
    }

    fn holds_somewhere(
        self,
        tx: &Tx<'_>,
        actor: &Actor,
        permission: Permission,
    ) -> Result<bool, Error> {
        let Self::Member(user) = self else {
            return Ok(true);
        };
        let levels = levels_of(tx, actor.tenant, user, None)?;
        Ok(holds(&levels, permission))
    }

    /// Refuses what no level in a common group allows with another user; who administers a group
    /// manages those whom they made, too. A user outside the reach is not found. Everybody sees
    /// themselves.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub fn require_over(
        self,
        tx: &Tx<'_>,
        actor: &Actor,
        user: &User,
        permission: Permission,
    ) -> Result<(), Error> {
        let Self::Member(own) = self else {
            return Ok(());
        };
        let levels = levels_over(tx, actor.tenant, own, user.id)?;
        let may = |permission| -> Result<bool, Error> {
            Ok(holds(&levels, permission)
                || actor.has_made(user)
                    && self.holds_somewhere(tx, actor, Permission::CreateUsers)?)
        };
        let sees = own == user.id || may(Permission::ReadUsers)?;
        if !sees {
            return Err(Error::NotFound);
        }
        if permission == Permission::ReadUsers || may(permission)? {
            return Ok(());
        }
        Err(ABOVE)
    }

    /// The number of a group that the caller reaches.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn group(self, tx: &Tx<'_>, actor: &Actor, key: &GroupKey) -> Result<i64, Error> {
        let group = find_group_id(tx, actor.tenant, key)?.ok_or(Error::NotFound)?;
        self.require_in(tx, actor, group, Permission::ReadGroups)?;
        Ok(group)
    }

    /// Leaves of a user's groups those that the caller reaches.
    ///
    /// # Errors
    /// Storage errors.
    pub fn retain(
        self,
        tx: &Tx<'_>,
        actor: &Actor,
        groups: &mut Vec<GroupMembership>,
    ) -> Result<(), Error> {
        let Self::Member(user) = self else {
            return Ok(());
        };
        let named = groups.iter().map(|each| each.group_id);
        let reached = groups_among(tx, actor.tenant, user, named)?;
        groups.retain(|each| reached.contains(&each.group_id));
        Ok(())
    }
}

impl Actor {
    /// Whether a user was made by who acts: in whatever letters the address was written then.
    pub(crate) fn has_made(&self, user: &User) -> bool {
        let read = |text: &Option<String>| Email::parse(text.as_deref()?).ok();
        match (read(&user.created_by), read(&self.email)) {
            (Some(one), Some(other)) => one.key() == other.key(),
            (_, None) | (None, Some(_)) => false,
        }
    }
}

fn holds(levels: &[GroupPermission], permission: Permission) -> bool {
    levels
        .iter()
        .any(|level| level.permissions().contains(permission))
}
