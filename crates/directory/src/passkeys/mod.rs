//! Passkeys: what a user signs in with in place of a password (WebAuthn Level 3).
//!
//! A challenge is given out once, to be answered once within [`CEREMONY_LIFETIME`]; what it was is
//! kept on the server alone. Whoever answers shows that they hold the credential's private key and
//! that their authenticator verified them, for this server's own origin and no other. Signatures
//! are verified outside transactions.

mod authenticate;
mod ceremony;
mod link;
mod manage;
mod register;
mod relying_party;

use jiff::{SignedDuration, Timestamp};

pub use authenticate::{Answered, authentication_options};
pub use ceremony::{Challenge, sweep};
pub use link::{LinkState, RegistrationLink, note_opened, open, request_link};
pub(crate) use link::{asks_for_link, letter};
pub use manage::{delete, get, list, rename};
pub use register::{NewPasskey, Registrant, check_name, registration_options};
pub use relying_party::{AssertionAnswer, BadOrigin, RegistrationAnswer, RelyingParty};

/// Passkeys of a user at most.
pub const MAX_PASSKEYS: usize = 20;
/// Longest name of a passkey, in characters.
pub const MAX_NAME: usize = 100;
/// How long a challenge waits for its answer.
pub const CEREMONY_LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// Challenges of a tenant that wait at once, at most.
pub const MAX_CEREMONIES: i64 = 10_000;
/// How long a link to register a passkey holds.
pub const LINK_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// A passkey, as its user knows it. The credential itself never leaves the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub user_id: i64,
    /// What its user calls it.
    pub name: String,
    /// How often its authenticator says that it was used; 0 where it does not count.
    pub sign_count: i64,
    /// Whether it may be copied to other devices of its user.
    pub backup_eligible: bool,
    /// Whether it is.
    pub backed_up: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last given a name.
    pub updated_at: Timestamp,
    /// When it was last used to sign in.
    pub used_at: Option<Timestamp>,
    /// How often it was named, from 1.
    pub version: i64,
}
