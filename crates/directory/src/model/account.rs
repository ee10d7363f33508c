//! An account: an organisation inside a tenant (what some APIs call a customer).

use jiff::Timestamp;
use serde::Serialize;

/// An organisation inside a tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Its number, never reused.
    pub id: i64,
    /// Its name, 1 to 255 characters; not unique.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// A member's role in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountRole {
    /// Manages the account (seed 001, `role`).
    CustomerAdmin,
    /// Requests workers.
    Requestor,
    /// Reads.
    ReadOnly,
    /// Belongs to it and no more.
    Member,
}

impl AccountRole {
    /// Every role.
    pub const ALL: [Self; 4] = [
        Self::CustomerAdmin,
        Self::Requestor,
        Self::ReadOnly,
        Self::Member,
    ];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CustomerAdmin => "customer_admin",
            Self::Requestor => "requestor",
            Self::ReadOnly => "read_only",
            Self::Member => "member",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// A user's part in an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Membership {
    /// The account.
    pub account_id: i64,
    /// Its name.
    pub account_name: String,
    /// The user's role there.
    pub role: AccountRole,
    /// Whether the user administers it.
    pub admin: bool,
    /// Whether it is the user's primary account; one at most is.
    pub primary: bool,
}

/// A member as their account sees them.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The user.
    pub user_id: i64,
    /// The account.
    pub account_id: i64,
    /// Their role there.
    pub role: AccountRole,
    /// Whether they administer it.
    pub admin: bool,
    /// Whether it is their primary account.
    pub primary: bool,
    /// When they joined.
    pub created_at: Timestamp,
    /// Their email.
    pub email: Option<String>,
    /// Their first name.
    pub first_name: Option<String>,
    /// Their last name.
    pub last_name: Option<String>,
    /// Since when they are suspended.
    pub suspended_at: Option<Timestamp>,
}
