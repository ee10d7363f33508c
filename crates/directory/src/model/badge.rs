//! Badges, and which workers hold them.

use jiff::Timestamp;

/// Something a worker can be qualified with.
#[derive(Debug, Clone, PartialEq)]
pub struct Badge {
    /// Its number.
    pub id: i64,
    /// Its name, 1 to 255 characters.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where to read more.
    pub info_url: Option<String>,
    /// Its picture.
    pub icon_url: Option<String>,
    /// Whether it is only a recommendation.
    pub soft: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A worker's badge.
#[derive(Debug, Clone, PartialEq)]
pub struct UserBadge {
    /// The number of the association.
    pub id: i64,
    /// The badge.
    pub badge_id: i64,
    /// Its name.
    pub name: String,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was given.
    pub created_at: Timestamp,
    /// Whether it is suspended.
    pub suspended: bool,
    /// A category that the operator's systems gave it.
    pub category: Option<String>,
}
