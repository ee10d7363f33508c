//! Invitations and verifications: what is out until a person answers it.

use jiff::Timestamp;

/// What an invitation asks of its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationKind {
    /// To join: set a password, accept the terms.
    Invite,
    /// To set a password, which verifies the email too.
    Verify,
}

impl InvitationKind {
    /// Its stored name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Verify => "verify",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Invite, Self::Verify]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// An invitation that is out. Its link's secret is made when the message is sent, and
/// only its hash is kept: it can never be read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Invitation {
    /// Its number.
    pub id: i64,
    /// What it asks.
    pub kind: InvitationKind,
    /// Who is invited.
    pub user_id: i64,
    /// The group that the user becomes a member of by accepting, if any: its number.
    pub group_id: Option<i64>,
    /// The permission there, 1 to 6.
    pub permission: Option<i64>,
    /// Where the page leads afterwards: an exact entry of the tenant's allow-list.
    pub redirect_to: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}
