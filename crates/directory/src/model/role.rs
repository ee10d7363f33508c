//! A role: a named set of permissions.

use jiff::Timestamp;

use crate::permission::PermissionSet;

/// A named set of permissions, given to users tenant-wide or in one account.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// Its number, never reused.
    pub id: i64,
    /// Its name, unique in the tenant.
    pub name: String,
    /// What it allows.
    pub permissions: PermissionSet,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// A role that a user has.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantedRole {
    /// The user.
    pub user_id: i64,
    /// The role's name.
    pub name: String,
    /// Where it holds; none: tenant-wide.
    pub account_id: Option<i64>,
    /// What it allows.
    pub permissions: PermissionSet,
}
