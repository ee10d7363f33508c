//! What may be done, as one enum. Scopes of keys, roles and group levels are sets of it.

use crate::model::GroupPermission;

/// One thing that a caller may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Permission {
    ReadUsers,
    CreateUsers,
    UpdateUsers,
    DeleteUsers,
    ReadAccounts,
    CreateAccounts,
    UpdateAccounts,
    DeleteAccounts,
    ReadGroups,
    CreateGroups,
    UpdateGroups,
    DeleteGroups,
    ReadBadges,
    CreateBadges,
    ReadRoles,
    UpdateRoles,
    ReadForms,
    UpdateForms,
    ReadEvents,
    CreateEvents,
    ReadWebhooks,
    UpdateWebhooks,
    ReadKeys,
    UpdateKeys,
    ImpersonateUsers,
    Administer,
}

impl Permission {
    /// Every permission, in the order of the enum.
    pub const ALL: [Self; 26] = [
        Self::ReadUsers,
        Self::CreateUsers,
        Self::UpdateUsers,
        Self::DeleteUsers,
        Self::ReadAccounts,
        Self::CreateAccounts,
        Self::UpdateAccounts,
        Self::DeleteAccounts,
        Self::ReadGroups,
        Self::CreateGroups,
        Self::UpdateGroups,
        Self::DeleteGroups,
        Self::ReadBadges,
        Self::CreateBadges,
        Self::ReadRoles,
        Self::UpdateRoles,
        Self::ReadForms,
        Self::UpdateForms,
        Self::ReadEvents,
        Self::CreateEvents,
        Self::ReadWebhooks,
        Self::UpdateWebhooks,
        Self::ReadKeys,
        Self::UpdateKeys,
        Self::ImpersonateUsers,
        Self::Administer,
    ];

    /// Its published name, in camel case: `readUsers`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadUsers => "readUsers",
            Self::CreateUsers => "createUsers",
            Self::UpdateUsers => "updateUsers",
            Self::DeleteUsers => "deleteUsers",
            Self::ReadAccounts => "readAccounts",
            Self::CreateAccounts => "createAccounts",
            Self::UpdateAccounts => "updateAccounts",
            Self::DeleteAccounts => "deleteAccounts",
            Self::ReadGroups => "readTeams",
            Self::CreateGroups => "createTeams",
            Self::UpdateGroups => "updateTeams",
            Self::DeleteGroups => "deleteTeams",
            Self::ReadBadges => "readBadges",
            Self::CreateBadges => "createBadges",
            Self::ReadRoles => "readRoles",
            Self::UpdateRoles => "updateRoles",
            Self::ReadForms => "readForms",
            Self::UpdateForms => "updateForms",
            Self::ReadEvents => "readEvents",
            Self::CreateEvents => "createEvents",
            Self::ReadWebhooks => "readWebhooks",
            Self::UpdateWebhooks => "updateWebhooks",
            Self::ReadKeys => "readApiKeys",
            Self::UpdateKeys => "updateApiKeys",
            Self::ImpersonateUsers => "impersonateUsers",
            Self::Administer => "administer",
        }
    }

    /// What it allows, in a sentence.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::ReadUsers => "See users, members, invitations and jobs.",
            Self::CreateUsers => "Make, invite and import users, and manage their invitations.",
            Self::UpdateUsers => {
                "Change and suspend users, report their jobs, end their sessions, set their \
                 passwords."
            }
            Self::DeleteUsers => "Delete, restore and erase users.",
            Self::ReadAccounts => "See accounts.",
            Self::CreateAccounts => "Make accounts.",
            Self::UpdateAccounts => "Change accounts, and who their members are.",
            Self::DeleteAccounts => "Delete accounts.",
            Self::ReadGroups => "See teams.",
            Self::CreateGroups => "Make teams.",
            Self::UpdateGroups => "Change teams, and who their members are.",
            Self::DeleteGroups => "Delete teams.",
            Self::ReadBadges => "See badges.",
            Self::CreateBadges => "Make badges.",
            Self::ReadRoles => "See roles, and what is granted to users.",
            Self::UpdateRoles => "Make and change roles (tenant-wide), and grant and take them.",
            Self::ReadForms => "See forms.",
            Self::UpdateForms => "Change forms.",
            Self::ReadEvents => "Read events.",
            Self::CreateEvents => "Report events.",
            Self::ReadWebhooks => "See webhooks and their deliveries.",
            Self::UpdateWebhooks => "Make, change, test and delete webhooks.",
            Self::ReadKeys => "See API keys.",
            Self::UpdateKeys => "Make, rotate and revoke API keys.",
            Self::ImpersonateUsers => "Act as another user.",
            Self::Administer => "Change the settings of the tenant.",
        }
    }

    /// The permission of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.name() == name)
    }
}

/// A set of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PermissionSet(u64);

impl PermissionSet {
    /// None.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self((1 << Permission::ALL.len()) - 1);

    /// What an administrator of an account may do there.
    pub const ACCOUNT_ADMIN: Self = Self::of(&[
        Permission::ReadUsers,
        Permission::CreateUsers,
        Permission::UpdateUsers,
        Permission::DeleteUsers,
        Permission::ReadAccounts,
        Permission::UpdateAccounts,
        Permission::ReadGroups,
        Permission::ReadBadges,
        Permission::ReadRoles,
        Permission::UpdateRoles,
        Permission::ReadEvents,
        Permission::CreateEvents,
        Permission::ReadWebhooks,
        Permission::UpdateWebhooks,
    ]);
    /// What can be held in one account. The rest is about what all accounts share (teams, badges,
    /// forms, accounts themselves) or reaches beyond one (a key reads its tenant), and holds
    /// tenant-wide or not at all.
    pub const IN_ACCOUNT: Self = Self::ACCOUNT_ADMIN
        .with(Permission::ReadForms)
        .with(Permission::ImpersonateUsers);
    /// What nobody may do as another: grant, and make what lets somebody in.
    pub const NEVER_AS_ANOTHER: Self = Self::of(&[
        Permission::UpdateRoles,
        Permission::UpdateKeys,
        Permission::ImpersonateUsers,
        Permission::Administer,
    ]);

    /// The set of these.
    #[must_use]
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut set = Self::NONE;
        let mut rest = permissions;
        while let [first, others @ ..] = rest {
            set = set.with(*first);
            rest = others;
        }
        set
    }

    /// The set with one more.
    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | (1 << permission as u8))
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The set without these.
    #[must_use]
    pub const fn without(self, taken: Self) -> Self {
        Self(self.0 & !taken.0)
    }

    /// What of it holds in a place that it is given in: one account, or tenant-wide.
    #[must_use]
    pub const fn holding_in(self, place: Option<i64>) -> Self {
        match place {
            Some(_) => self.intersection(Self::IN_ACCOUNT),
            None => self,
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it is in the set.
    #[must_use]
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// Whether all of `other` is in the set.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Its permissions, in the order of the enum.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .into_iter()
            .filter(move |permission| self.contains(*permission))
    }

    /// Reads a comma list of names; a name that is none is left out (a newer server's).
    #[must_use]
    pub fn from_names(names: &str) -> Self {
        names
            .split(',')
            .filter_map(Permission::parse)
            .fold(Self::NONE, Self::with)
    }

    /// Its names as a comma list.
    #[must_use]
    pub fn names(self) -> String {
        self.iter()
            .map(Permission::name)
            .collect::<Vec<_>>()
            .join(",")
    }
}

/// A scope of a key: a named set of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `users:read`: users, and the accounts, groups, badges and roles they are in.
    UsersRead,
    /// `users:write`: the same, and making and changing users and badges.
    UsersWrite,
    /// `accounts:write`
    AccountsWrite,
    /// `groups:write`
    GroupsWrite,
    /// `forms:write`
    FormsWrite,
    /// `events:write`: reading and reporting events.
    EventsWrite,
    /// `webhooks:write`
    WebhooksWrite,
    /// `keys:write`
    KeysWrite,
    /// `admin`: everything.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 9] = [
        Self::UsersRead,
        Self::UsersWrite,
        Self::AccountsWrite,
        Self::GroupsWrite,
        Self::FormsWrite,
        Self::EventsWrite,
        Self::WebhooksWrite,
        Self::KeysWrite,
        Self::Admin,
    ];

    /// Its published name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UsersRead => "users:read",
            Self::UsersWrite => "users:write",
            Self::AccountsWrite => "accounts:write",
            Self::GroupsWrite => "groups:write",
            Self::FormsWrite => "forms:write",
            Self::EventsWrite => "events:write",
            Self::WebhooksWrite => "webhooks:write",
            Self::KeysWrite => "keys:write",
            Self::Admin => "admin",
        }
    }

    /// The scope of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// What it allows.
    #[must_use]
    pub fn permissions(self) -> PermissionSet {
        use Permission as P;
        let read = PermissionSet::of(&[
            P::ReadUsers,
            P::ReadAccounts,
            P::ReadGroups,
            P::ReadBadges,
            P::ReadRoles,
        ]);
        match self {
            Self::UsersRead => read,
            Self::UsersWrite => read.union(PermissionSet::of(&[
                P::CreateUsers,
                P::UpdateUsers,
                P::DeleteUsers,
                P::CreateBadges,
            ])),
            Self::AccountsWrite => PermissionSet::of(&[
                P::ReadAccounts,
                P::CreateAccounts,
                P::UpdateAccounts,
                P::DeleteAccounts,
            ]),
            Self::GroupsWrite => PermissionSet::of(&[
                P::ReadGroups,
                P::CreateGroups,
                P::UpdateGroups,
                P::DeleteGroups,
            ]),
            Self::FormsWrite => PermissionSet::of(&[P::ReadForms, P::UpdateForms]),
            Self::EventsWrite => PermissionSet::of(&[P::ReadEvents, P::CreateEvents]),
            Self::WebhooksWrite => PermissionSet::of(&[P::ReadWebhooks, P::UpdateWebhooks]),
            Self::KeysWrite => PermissionSet::of(&[P::ReadKeys, P::UpdateKeys]),
            Self::Admin => PermissionSet::ALL,
        }
    }
}

impl GroupPermission {
    /// What it allows in its group (seed 004, `permission`): the first manages the group, its
    /// members and their names; the others read the group and its members; the fifth reads of
    /// those only itself. What they may do with documents is not this directory's.
    #[must_use]
    pub fn permissions(self) -> PermissionSet {
        use Permission as P;
        match self {
            Self::Admin => PermissionSet::of(&[
                P::ReadGroups,
                P::CreateGroups,
                P::UpdateGroups,
                P::ReadUsers,
                P::CreateUsers,
                P::UpdateUsers,
                P::ReadWebhooks,
                P::UpdateWebhooks,
            ]),
            Self::CreateTeam | Self::ReadTeam | Self::SendTeam | Self::CreateIndividual => {
                PermissionSet::of(&[P::ReadGroups, P::ReadUsers])
            }
            Self::SendIndividual => PermissionSet::of(&[P::ReadGroups]),
        }
    }

    /// The levels that allow something.
    pub fn with(permission: Permission) -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(move |level| level.permissions().contains(permission))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_level_manages_and_the_fifth_reads_no_other_member() {
        let numbers = |permission| -> Vec<i64> {
            GroupPermission::with(permission)
                .map(GroupPermission::number)
                .collect()
        };
        for manages in [
            Permission::CreateUsers,
            Permission::UpdateUsers,
            Permission::CreateGroups,
            Permission::UpdateGroups,
            Permission::ReadWebhooks,
            Permission::UpdateWebhooks,
        ] {
            assert_eq!(numbers(manages), [1], "{manages:?}");
        }
        assert_eq!(numbers(Permission::ReadUsers), [1, 2, 3, 4, 6]);
        assert_eq!(numbers(Permission::ReadGroups), [1, 2, 3, 4, 5, 6]);
        for never in [
            Permission::DeleteUsers,
            Permission::UpdateKeys,
            Permission::Administer,
        ] {
            assert_eq!(numbers(never), [] as [i64; 0], "{never:?}");
        }
    }

    #[test]
    fn names_come_back_as_they_were() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.name()), Some(permission));
        }
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.name()), Some(scope));
        }
        let set = PermissionSet::of(&[Permission::ReadUsers, Permission::Administer]);
        assert_eq!(PermissionSet::from_names(&set.names()), set);
        assert!(PermissionSet::ALL.includes(set) && !set.includes(PermissionSet::ALL));
    }

    #[test]
    fn a_read_scope_writes_nothing() {
        let read = Scope::UsersRead.permissions();
        assert!(
            read.iter()
                .all(|permission| permission.name().starts_with("read"))
        );
    }
}
