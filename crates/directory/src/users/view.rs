//! Users with what stands around them.

use std::collections::HashMap;

use crate::actor::Actor;
use crate::error::Error;
use crate::model::{User, UserView};
use crate::permission::PermissionSet;
use crate::store::{Tx, badges_of, group_memberships_of, memberships_of, preferences_of, roles_of};

/// Which parts to read besides the user: what is not asked for costs nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named as the view's own")]
pub struct Include {
    pub accounts: bool,
    pub groups: bool,
    pub badges: bool,
    pub roles: bool,
    pub preferences: bool,
}

/// Reads the parts of several users, with one statement a part.
pub(super) fn views(
    tx: &Tx<'_>,
    actor: &Actor,
    users: Vec<User>,
    include: Include,
) -> Result<Vec<UserView>, Error> {
    let tenant = actor.tenant;
    let ids: Vec<i64> = users.iter().map(|user| user.id).collect();
    let places: HashMap<i64, usize> = ids.iter().copied().zip(0..).collect();
    let mut views: Vec<UserView> = users.into_iter().map(bare).collect();
    if ids.is_empty() {
        return Ok(views);
    }
    let mut at = |id: i64, add: &mut dyn FnMut(&mut UserView)| {
        if let Some(view) = places.get(&id).and_then(|place| views.get_mut(*place)) {
            add(view);
        }
    };
    if include.accounts {
        for (user, membership) in memberships_of(tx, tenant, &ids)? {
            at(user, &mut |view| view.accounts.push(membership.clone()));
        }
    }
    if include.groups {
        for (user, membership) in group_memberships_of(tx, tenant, &ids)? {
            at(user, &mut |view| view.groups.push(membership.clone()));
        }
    }
    if include.badges {
        for (user, badge) in badges_of(tx, tenant, &ids)? {
            at(user, &mut |view| view.badges.push(badge.clone()));
        }
    }
    if include.roles {
        for (user, name, permissions) in roles_of(tx, tenant, &ids)? {
            at(user, &mut |view| {
                view.permissions = view.permissions.union(permissions);
                if !view.roles.contains(&name) {
                    view.roles.push(name.clone());
                }
            });
        }
    }
    if include.preferences {
        for (user, preference) in preferences_of(tx, tenant, &ids)? {
            at(user, &mut |view| view.preferences.push(preference.clone()));
        }
    }
    Ok(views)
}

pub(super) fn view(
    tx: &Tx<'_>,
    actor: &Actor,
    user: User,
    include: Include,
) -> Result<UserView, Error> {
    views(tx, actor, vec![user], include)?
        .pop()
        .ok_or(Error::NotFound)
}

fn bare(user: User) -> UserView {
    UserView {
        user,
        accounts: Vec::new(),
        groups: Vec::new(),
        badges: Vec::new(),
        roles: Vec::new(),
        permissions: PermissionSet::NONE,
        preferences: Vec::new(),
    }
}
