//! Logging in by email and password.
//!
//! Whoever asks learns nothing else than that the two were wrong, and learns it after as long:
//! one verification is made for every attempt, against a hash of nobody's where there is no user,
//! no password, or no right to enter.

use secrecy::{ExposeSecret as _, SecretString};

use super::begin::{begin, enterable, session_of, themselves};
use super::{Client, Method, Started, ended};
use crate::actor::TenantId;
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::model::Email;
use crate::password::PasswordHash;
use crate::store::{
    Candidate, Tx, candidate_of, put_password, replace_password, standing_password,
};

/// What a user enters.
pub struct Credentials {
    /// Their password.
    pub password: SecretString,
    /// The password that they choose in its place.
    pub new_password: Option<SecretString>,
}

/// Who an attempt to log in is about.
pub struct Resolved {
    pub(crate) tenant: TenantId,
    pub(crate) candidate: Option<Candidate>,
}

impl Resolved {
    /// What wrong passwords of the user are counted by; none where the email is nobody's.
    #[must_use]
    pub fn principal(&self) -> Option<String> {
        let found = self.candidate.as_ref()?;
        Some(principal_of(self.tenant, found.user_id))
    }

    /// The hash to verify against: nobody's, unless the user may enter by a password.
    pub(crate) fn hash(&self) -> PasswordHash {
        let enterable = self.candidate.as_ref().filter(|each| !each.suspended);
        let own = enterable.and_then(|each| each.password.clone());
        own.unwrap_or_else(PasswordHash::of_nobody)
    }
}

/// Who an email is of.
///
/// # Errors
/// Storage errors: nobody is an answer.
pub(crate) fn resolve(tx: &Tx<'_>, tenant: TenantId, email: &str) -> Result<Resolved, Error> {
    let candidate = match Email::parse(email) {
        Ok(email) => candidate_of(tx, tenant, email.key())?,
        Err(_) => None,
    };
    Ok(Resolved { tenant, candidate })
}

/// What logins by an email are counted by, however it is written and whoever's it is: so whether
/// one is slowed down is known, and takes as long, before anybody is looked for.
#[must_use]
pub fn principal_of_email(tenant: TenantId, email: &str) -> String {
    let key = Email::parse(email).map_or_else(
        |_| email.trim().to_lowercase(),
        |email| email.key().to_owned(),
    );
    format!("login:{}:email:{key}", tenant.0)
}

/// What wrong passwords of a user are counted by, wherever they are entered.
#[must_use]
pub fn principal_of(tenant: TenantId, user: i64) -> String {
    format!("login:{}:user:{user}", tenant.0)
}

/// A password that was found to be right, on its way in.
pub(crate) struct Entry {
    pub(crate) tenant: TenantId,
    pub(crate) user_id: i64,
    /// The hash that it was verified against.
    pub(crate) verified: PasswordHash,
    /// The same password hashed as ours are, where that one was not.
    pub(crate) renewed: Option<PasswordHash>,
    /// The password that is chosen in its place.
    pub(crate) chosen: Option<PasswordHash>,
    pub(crate) client: Client,
    pub(crate) request_id: String,
}

/// Begins the session, unless the user may not enter any more, or has another password by now.
///
/// # Errors
/// [`Error::Unauthenticated`]; [`Error::Forbidden`] where another password is to be chosen first.
pub(crate) fn enter(tx: &Tx<'_>, entry: &Entry) -> Result<Started, Error> {
    let tenant = entry.tenant;
    let user = enterable(tx, tenant, entry.user_id)?;
    let (stored, change_due) =
        standing_password(tx, tenant, user.id)?.ok_or(Error::Unauthenticated)?;
    if stored.expose() != entry.verified.expose() {
        return Err(Error::Unauthenticated);
    }
    let mut more = Vec::new();
    match (&entry.chosen, &entry.renewed) {
        (Some(chosen), _) => {
            more.push(put_password(tenant, user.id, chosen, tx.now(), None));
            more.extend(ended(tx, tenant, user.id, None)?);
            let actor = themselves(tx, tenant, &user, &entry.request_id)?;
            let (kind, subject) = (
                EventType::UserPasswordChanged,
                Subject::new("user", user.id),
            );
            more.push(event::record(
                tx,
                &actor,
                kind,
                actor.account,
                subject,
                Change::default(),
            )?);
        }
        (None, _) if change_due.is_some() => {
            return Err(Error::Forbidden("another password is to be chosen first"));
        }
        (None, Some(renewed)) => {
            more.push(replace_password(
                tenant,
                user.id,
                &stored,
                renewed,
                tx.now(),
            ));
        }
        (None, None) => {}
    }
    let session = session_of(tx, &user, Method::Password, &entry.client)?;
    begin(tx, tenant, &user, session, more, &entry.request_id)
}

impl Credentials {
    /// Whether the password chosen is the one that it is to replace.
    pub(crate) fn repeats(&self) -> bool {
        let chosen = self.new_password.as_ref();
        chosen.is_some_and(|chosen| chosen.expose_secret() == self.password.expose_secret())
    }
}
