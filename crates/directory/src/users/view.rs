//! Users with what stands around them.

use std::collections::HashMap;

use crate::actor::Actor;
use crate::error::Error;
use crate::model::{GrantedRole, User, UserView};
use crate::permission::PermissionSet;
use crate::store::{
    FoundUser, Tx, badges_of, group_memberships_of, memberships_of, permissions_of, preferences_of,
    records_of, roles_of,
};

/// Parts that stand around a user: which to read (what is not asked for costs nothing), or
/// which there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named as the view's own")]
pub struct Include {
    pub accounts: bool,
    pub groups: bool,
    pub badges: bool,
    /// Roles, and what is allowed directly.
    pub roles: bool,
    pub preferences: bool,
    pub records: bool,
}

impl Include {
    pub(crate) const ALL: Self = Self {
        accounts: true,
        groups: true,
        badges: true,
        roles: true,
        preferences: true,
        records: true,
    };
}

/// Reads the parts of several users, with one statement a part that any of them has.
pub(crate) fn views(
    tx: &Tx<'_>,
    actor: &Actor,
    users: Vec<FoundUser>,
    include: Include,
) -> Result<Vec<UserView>, Error> {
    let tenant = actor.tenant;
    // Who administers an account is allowed something by that.
    let wanted = Include {
        accounts: include.accounts || include.roles,
        ..include
    };
    let who_has = |part: fn(&Include) -> bool| -> Vec<i64> {
        let asked = users.iter().filter(|_| part(&wanted));
        let having = asked.filter(|found| part(&found.has));
        having.map(|found| found.user.id).collect()
    };
    let accounts = who_has(|parts| parts.accounts);
    let groups = who_has(|parts| parts.groups);
    let badges = who_has(|parts| parts.badges);
    let roles = who_has(|parts| parts.roles);
    let preferences = who_has(|parts| parts.preferences);
    let records = who_has(|parts| parts.records);
    let mut views = Views::of(users);
    if !accounts.is_empty() {
        for (user, membership) in memberships_of(tx, tenant, &accounts)? {
            views.at(user, |view| {
                if include.roles && membership.admin {
                    view.permissions = view.permissions.union(PermissionSet::ACCOUNT_ADMIN);
                }
                if include.accounts {
                    view.accounts.push(membership);
                }
            });
        }
    }
    if !groups.is_empty() {
        for (user, membership) in group_memberships_of(tx, tenant, &groups)? {
            views.at(user, |view| view.groups.push(membership));
        }
    }
    if !badges.is_empty() {
        for (user, badge) in badges_of(tx, tenant, &badges)? {
            views.at(user, |view| view.badges.push(badge));
        }
    }
    if !roles.is_empty() {
        for GrantedRole {
            user_id,
            name,
            permissions,
            account_id,
        } in roles_of(tx, tenant, &roles)?
        {
            views.at(user_id, |view| {
                view.permissions = view.permissions.union(permissions.holding_in(account_id));
                if !view.roles.contains(&name) {
                    view.roles.push(name);
                }
            });
        }
        for direct in permissions_of(tx, tenant, &roles)? {
            views.at(direct.user_id, |view| {
                let holding = direct.permissions.holding_in(direct.account_id);
                view.permissions = view.permissions.union(holding);
            });
        }
    }
    if !preferences.is_empty() {
        for (user, preference) in preferences_of(tx, tenant, &preferences)? {
            views.at(user, |view| view.preferences.push(preference));
        }
    }
    if !records.is_empty() {
        for (user, record) in records_of(tx, tenant, &records)? {
            views.at(user, |view| view.records.push(record));
        }
    }
    Ok(views.rows)
}

/// Views under construction, found by the number of their user.
struct Views {
    rows: Vec<UserView>,
    places: HashMap<i64, usize>,
}

impl Views {
    fn of(users: Vec<FoundUser>) -> Self {
        let ids = users.iter().map(|found| found.user.id);
        Self {
            places: ids.zip(0..).collect(),
            rows: users.into_iter().map(|found| bare(found.user)).collect(),
        }
    }

    fn at(&mut self, user: i64, add: impl FnOnce(&mut UserView)) {
        let place = self.places.get(&user);
        if let Some(view) = place.and_then(|place| self.rows.get_mut(*place)) {
            add(view);
        }
    }
}

/// Reads the parts of a user that are asked for.
///
/// # Errors
/// Storage errors.
pub(crate) fn view(
    tx: &Tx<'_>,
    actor: &Actor,
    found: FoundUser,
    include: Include,
) -> Result<UserView, Error> {
    views(tx, actor, vec![found], include)?
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
        records: Vec::new(),
    }
}
