//! Groups of users; what some APIs call teams.

use jiff::Timestamp;

use super::fold;

/// Longest slug, in characters.
const MAX_SLUG: usize = 50;

/// A named set of users inside a tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its number.
    pub id: i64,
    /// Its name in a URL: `[-\w]{1,50}`, unique in the tenant.
    pub slug: String,
    /// Its name; several groups may share one.
    pub name: String,
    /// The name shown to outsiders.
    pub public_name: Option<String>,
    /// How many members it has.
    pub member_count: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// What a member may do with the documents of a group (seed 004, `permission`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupPermission {
    /// 1: administers the group.
    Admin,
    /// 2: creates and sends, sees the team's.
    CreateTeam,
    /// 3: reads, sees the team's.
    ReadTeam,
    /// 4: sends only, sees the team's.
    SendTeam,
    /// 5: sends only, sees their own.
    SendIndividual,
    /// 6: creates and sends, sees their own.
    CreateIndividual,
}

impl GroupPermission {
    /// Every level, by its number.
    pub const ALL: [Self; 6] = [
        Self::Admin,
        Self::CreateTeam,
        Self::ReadTeam,
        Self::SendTeam,
        Self::SendIndividual,
        Self::CreateIndividual,
    ];

    /// Its number, 1 to 6.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Admin => 1,
            Self::CreateTeam => 2,
            Self::ReadTeam => 3,
            Self::SendTeam => 4,
            Self::SendIndividual => 5,
            Self::CreateIndividual => 6,
        }
    }

    /// The level of that number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.number() == number)
    }
}

/// A group with what belongs to it alone: its members are not counted.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupProfile {
    /// Its number.
    pub id: i64,
    /// Its name in a URL: `[-\w]{1,50}`, unique in the tenant.
    pub slug: String,
    /// Its name; several groups may share one.
    pub name: String,
    /// The name shown to outsiders.
    pub public_name: Option<String>,
    /// The opaque id of the user who made it, where one did and is still there.
    pub maker: Option<String>,
    /// Whether its pages may be framed.
    pub allows_frames: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// A part in a group, seen from the group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupMember {
    /// The number of the membership.
    pub id: i64,
    /// The group.
    pub group_id: i64,
    /// Its slug.
    pub slug: String,
    /// The user.
    pub user_id: i64,
    /// Their opaque id.
    pub uid: String,
    /// What they may do there.
    pub permission: GroupPermission,
    /// When they joined.
    pub created_at: Timestamp,
    /// When their part was last changed.
    pub updated_at: Timestamp,
}

/// An invitation to a group that is out, seen from the group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupInvitation {
    /// The number of the invitation.
    pub id: i64,
    /// The group.
    pub group_id: i64,
    /// Its slug.
    pub slug: String,
    /// The address of who is invited.
    pub email: Option<String>,
    /// When they were.
    pub created_at: Timestamp,
}

/// A user's part in a group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupMembership {
    /// The number of the membership.
    pub id: i64,
    /// The group.
    pub group_id: i64,
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What the user may do there.
    pub permission: GroupPermission,
}

/// A slug for a name of any script: letters and digits folded, all else a hyphen; `group`
/// where nothing is left. `ending` makes it unique and is kept whole.
#[must_use]
pub fn slug_from(name: &str, ending: &str) -> String {
    let mut slug = String::new();
    for c in fold(name).chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let room = MAX_SLUG.saturating_sub(ending.len());
    slug.truncate(room);
    let slug = slug.trim_end_matches('-');
    format!("{}{ending}", if slug.is_empty() { "group" } else { slug })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_exists_for_names_of_any_script() {
        assert_eq!(slug_from("Sales & Ops (EU)", ""), "sales-ops-eu");
        assert_eq!(slug_from("営業", "-7"), "group-7");
        let long = slug_from(&"x".repeat(80), "-12");
        assert!(long.len() == 50 && long.ends_with("x-12"), "{long}");
    }
}
