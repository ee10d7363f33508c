//! Sessions: what a user has once they proved who they are, and shows from then on.
//!
//! A session's token is opaque and has 256 random bits; only its hash is stored. A session ends
//! [`LIFETIME`] after it began, [`IDLE`] after it was last used, when it is ended, and when its
//! user is suspended, deleted or given another password. What its user may do is asked anew
//! whenever it may have changed.

mod authenticate;
mod begin;
mod impersonate;
mod login;

pub(crate) use authenticate::{Use, by_token, note_use};
pub use begin::{Started, start, start_by_key};
pub(crate) use begin::{primary_account, themselves};
pub use impersonate::{MAX_REASON, impersonate};
pub use login::{Credentials, Resolved, principal_of, principal_of_email};
pub(crate) use login::{Entry, enter, resolve};

use jiff::{SignedDuration, Timestamp};

use crate::actor::{Actor, Impersonator, TenantId};
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::permission::Permission;
use crate::query::{Listed, Position};
use crate::secret::digest;
use crate::store::{
    Statement, Tx, UserKey, bump_generation, delete_session, delete_sessions_but,
    delete_sessions_by, expired_sessions, find_session, find_user, has_session, list_sessions,
    rotate_session,
};
use crate::users;

use secrecy::{ExposeSecret as _, SecretString};

/// How long a session lasts at most.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a session lasts without being used.
pub const IDLE: SignedDuration = SignedDuration::from_hours(24);
/// How long one may act as another.
pub const IMPERSONATION_LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// How exactly it is known when a session was last used.
pub const USE_NOTED: SignedDuration = SignedDuration::from_mins(5);
/// Sessions of a user at most: one more ends the oldest.
pub const MAX_SESSIONS: i64 = 100;
/// Longest name of a client that is kept, in characters.
pub const MAX_AGENT: usize = 255;
/// Sessions that are over, deleted in one transaction.
const SWEPT_AT_ONCE: usize = 500;

/// How a user proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By a password.
    Password,
    /// By a passkey.
    Passkey,
    /// By a key that belongs to them: the session acts as that key.
    Key,
    /// Not at all: somebody else acts as them.
    Impersonation,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 4] = [
        Self::Password,
        Self::Passkey,
        Self::Key,
        Self::Impersonation,
    ];

    /// Its stored and published name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Key => "key",
            Self::Impersonation => "impersonation",
        }
    }

    /// The method of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// Who acts as a session's user, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impersonation {
    /// Who.
    pub by: Impersonator,
    /// Why, in their words.
    pub reason: String,
}

/// Where a session is begun, as far as that is known: for its user to recognise it by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The address.
    pub address: Option<String>,
    /// What the client calls itself; [`MAX_AGENT`] characters of it are kept.
    pub agent: Option<String>,
}

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub user_id: i64,
    /// How they proved who they are.
    pub method: Method,
    /// The key that it was made from, and ends with.
    pub key_id: Option<String>,
    /// Who acts as the user, where another does.
    pub impersonation: Option<Impersonation>,
    /// The address it was begun from.
    pub address: Option<String>,
    /// What the client called itself.
    pub agent: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to within [`USE_NOTED`].
    pub used_at: Timestamp,
    /// When it ends, however it is used.
    pub expires_at: Timestamp,
}

impl Session {
    /// When it ends if it is not used again.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        let idle = self.used_at.checked_add(IDLE).unwrap_or(self.expires_at);
        self.expires_at.min(idle)
    }

    /// Whether it is not over.
    #[must_use]
    pub fn lives(&self, now: Timestamp) -> bool {
        self.ends_at() > now
    }
}

/// The session that the actor came by.
///
/// # Errors
/// [`Error::Unauthenticated`] for one who came by none.
pub fn current(tx: &Tx<'_>, actor: &Actor) -> Result<Session, Error> {
    let id = actor.session.ok_or(Error::Unauthenticated)?;
    find_session(tx, actor.tenant, id)?
        .filter(|session| session.lives(tx.now()))
        .ok_or(Error::Unauthenticated)
}

/// Whether the actor may see and end the sessions of a user: their own, those of users whom they
/// may change, but not those of who may do more than they; in another's name, none.
fn require_over(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    permission: Permission,
) -> Result<(), Error> {
    actor.require_in_person()?;
    if actor.is_user(user) {
        return Ok(());
    }
    actor.require(permission)?;
    actor.require_full_access()?;
    find_user(tx, actor, &UserKey::Id(user), false)?.ok_or(Error::NotFound)?;
    users::require_not_above(tx, actor, user)
}

/// The sessions of a user that are not over, by number.
///
/// # Errors
/// [`Error::NotFound`] for a user whom the actor may not see; [`Error::Forbidden`] for one who may
/// do more than the actor, and for any other without `updateUsers`.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    after: Option<i64>,
    limit: usize,
) -> Result<Listed<Session>, Error> {
    require_over(tx, actor, user, Permission::UpdateUsers)?;
    let idle = tx.now().checked_sub(IDLE).map_err(Error::internal)?;
    let rows = list_sessions(tx, actor.tenant, user, idle, after.unwrap_or(0), limit)?;
    Ok(Listed::cut(rows, limit, |row| Position::of_id(row.id)))
}

/// Ends the session that the actor came by.
///
/// # Errors
/// As [`current`].
pub fn log_out(tx: &Tx<'_>, actor: &Actor) -> Result<(), Error> {
    let session = current(tx, actor)?;
    finish(tx, actor, &session)
}

/// Ends a session.
///
/// # Errors
/// [`Error::NotFound`] for one that is over, and alike for one that is not the actor's to end: the
/// numbers tell nothing; [`Error::Forbidden`] in another's name.
pub fn revoke(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<(), Error> {
    actor.require_in_person()?;
    let session = find_session(tx, actor.tenant, id)?
        .filter(|session| session.lives(tx.now()))
        .ok_or(Error::NotFound)?;
    match require_over(tx, actor, session.user_id, Permission::UpdateUsers) {
        Err(Error::Forbidden(_)) => return Err(Error::NotFound),
        other => other?,
    }
    finish(tx, actor, &session)
}

/// Ends all sessions of a user but the one that the actor came by.
///
/// # Errors
/// As [`list`].
pub fn revoke_all(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<(), Error> {
    require_over(tx, actor, user, Permission::UpdateUsers)?;
    let mut statements = ended(tx, actor.tenant, user, actor.session)?;
    if !statements.is_empty() {
        let change = Change {
            old: Change::of(&[("sessions", "all".into())]).new,
            ..Change::default()
        };
        let (kind, subject) = (EventType::UserLoggedOut, Subject::new("user", user));
        statements.push(event::record(
            tx,
            actor,
            kind,
            actor.account,
            subject,
            change,
        )?);
        tx.batch(&statements)?;
    }
    Ok(())
}

fn finish(tx: &Tx<'_>, actor: &Actor, session: &Session) -> Result<(), Error> {
    let subject = Subject::new("user", session.user_id);
    let change = Change {
        old: begin::told(session).new,
        ..Change::default()
    };
    let account = begin::primary_account(tx, actor.tenant, session.user_id)?;
    let kind = EventType::UserLoggedOut;
    let touched = tx.batch(&[
        delete_session(actor.tenant, session.id),
        bump_generation(tx, actor.tenant),
        event::record(tx, actor, kind, account, subject, change)?,
    ])?;
    match touched.first() {
        Some(1) => Ok(()),
        // Another ended it since it was read: look again.
        Some(_) | None => Err(Unavailable::Contention.into()),
    }
}

/// Gives the session that the actor came by another token; the one before holds no more.
///
/// # Errors
/// As [`current`].
pub fn rotate(tx: &Tx<'_>, actor: &Actor) -> Result<Started, Error> {
    let session = current(tx, actor)?;
    let token = begin::new_session_token(actor.tenant, tx.random());
    let hash = digest(token.expose_secret());
    let touched = tx.batch(&[
        rotate_session(actor.tenant, session.id, hash, tx.now()),
        bump_generation(tx, actor.tenant),
    ])?;
    if touched.first() != Some(&1) {
        return Err(Error::Unauthenticated);
    }
    Ok(Started { session, token })
}

/// What ends the sessions of a user, but for one, and those by which they act as others; nothing
/// where there are none.
///
/// # Errors
/// Storage errors.
pub(crate) fn ended(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    but: Option<i64>,
) -> Result<Vec<Statement<'static>>, Error> {
    if !has_session(tx, tenant, user)? {
        return Ok(Vec::new());
    }
    Ok(vec![
        delete_sessions_but(tenant, user, but.unwrap_or(0)),
        delete_sessions_by(tenant, "user", user.to_string()),
        bump_generation(tx, tenant),
    ])
}

/// What has the rights of a user asked anew wherever they are remembered; nothing for who has no
/// session.
///
/// # Errors
/// Storage errors.
pub(crate) fn refreshed(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
) -> Result<Option<Statement<'static>>, Error> {
    let any = has_session(tx, tenant, user)?;
    Ok(any.then(|| bump_generation(tx, tenant)))
}

/// Deletes sessions whose time is over. Answers whether there may be more.
///
/// # Errors
/// Storage errors.
pub fn sweep(tx: &Tx<'_>, tenant: TenantId) -> Result<bool, Error> {
    let over = expired_sessions(tx, tenant, SWEPT_AT_ONCE)?;
    let statements: Vec<Statement<'static>> =
        over.iter().map(|id| delete_session(tenant, *id)).collect();
    if !statements.is_empty() {
        tx.batch(&statements)?;
    }
    Ok(statements.len() == SWEPT_AT_ONCE)
}

/// A token as it came, where it is one of a session.
pub(crate) fn is_session_token(token: &SecretString) -> bool {
    begin::is_session_token(token.expose_secret())
}
