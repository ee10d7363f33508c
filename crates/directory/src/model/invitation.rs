//! Invitations and verifications: what is out until a person answers it.

use jiff::Timestamp;

use super::{Email, User};
use crate::password::PasswordRule;

/// What an invitation asks of its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationKind {
    /// To join: set a password, accept the terms.
    Invite,
    /// To set a password, which verifies the email too.
    Verify,
}

impl InvitationKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Invite, Self::Verify];

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
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Which way a message goes to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageChannel {
    /// By email.
    Email,
    /// By SMS.
    Sms,
}

impl MessageChannel {
    /// Every channel.
    pub const ALL: [Self; 2] = [Self::Email, Self::Sms];

    /// Its stored name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    /// The channel of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// The way to a user: by email, or by SMS where there is none; none where there is neither an
    /// email nor a number that can be called.
    #[must_use]
    pub fn to(user: &User) -> Option<Self> {
        [Self::Email, Self::Sms]
            .into_iter()
            .find(|channel| channel.address(user).is_some())
    }

    /// The canonical form of the address or number that a user has on it.
    #[must_use]
    pub fn address(self, user: &User) -> Option<&str> {
        match self {
            Self::Email => user.email.as_ref().map(Email::key),
            Self::Sms => user.phone.as_ref().and_then(|phone| phone.key()),
        }
    }
}

/// The message whose link holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// Which way it went.
    pub channel: MessageChannel,
    /// The canonical form of the address or number that it went to.
    pub to: String,
    /// When it was made.
    pub at: Timestamp,
}

/// Why an invitation is out no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationEnd {
    /// Its person has a password now.
    Accepted,
    /// It was taken back.
    Revoked,
}

impl InvitationEnd {
    /// Its stored name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
        }
    }

    /// The end of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Accepted, Self::Revoked]
            .into_iter()
            .find(|end| end.name() == name)
    }
}

/// How an invitation stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    /// It can be answered.
    Out,
    /// Its person has a password now.
    Accepted,
    /// It was taken back.
    Revoked,
    /// Its time ran out without an answer; sending it once more brings it back.
    Expired,
}

impl InvitationState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Out, Self::Accepted, Self::Revoked, Self::Expired];

    /// Its published name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// An invitation. Its link's secret is made when the message is sent, and only its hash is
/// kept: it can never be read back.
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
    /// The rule that the password keeps which answers it.
    pub password_rule: PasswordRule,
    /// Whether no message is sent of it, until it is asked for.
    pub silent: bool,
    /// The account that its events are told in.
    pub account_id: Option<i64>,
    /// The message whose link holds; none while it is yet to be made.
    pub sent: Option<SentMessage>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its message was last asked for.
    pub requested_at: Timestamp,
    /// When its time runs out.
    pub expires_at: Timestamp,
    /// When and why it ended.
    pub ended: Option<(Timestamp, InvitationEnd)>,
}

impl Invitation {
    /// How it stands at a moment.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> InvitationState {
        match self.ended {
            Some((_, InvitationEnd::Accepted)) => InvitationState::Accepted,
            Some((_, InvitationEnd::Revoked)) => InvitationState::Revoked,
            None if self.expires_at <= now => InvitationState::Expired,
            None => InvitationState::Out,
        }
    }
}
