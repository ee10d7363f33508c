//! How a passkey is registered: a challenge, and its answer.

use secrecy::{ExposeSecret as _, SecretString};

use super::ceremony::{self, Challenge, given, take};
use super::link::{LinkState, find, living};
use super::relying_party::Registered;
use super::{MAX_NAME, MAX_PASSKEYS, Passkey, RegistrationAnswer, RelyingParty};
use crate::Directory;
use crate::actor::{Actor, Principal, TenantId};
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::model::{User, check_text};
use crate::secret::digest;
use crate::sessions;
use crate::store::{
    IdKind, StoredCredential, Tx, credentials_of, insert_passkey, update_attributes,
    use_passkey_link,
};
use crate::users;
use crate::violation::{Rule, Violations};

const TOO_MANY: Error = Error::Conflict("a user has 20 passkeys at most");

/// Who registers a passkey for themselves.
#[derive(Clone)]
pub enum Registrant {
    /// Who has the secret of a mailed link.
    Link {
        /// The secret.
        token: SecretString,
        /// The id of the request, for the event log.
        request_id: String,
    },
    /// A user by a session of their own.
    Session(Actor),
}

/// A registrant, found to be one.
struct Found {
    tenant: TenantId,
    user: User,
    actor: Actor,
}

/// What a user answers to a challenge to register.
pub struct NewPasskey {
    /// Which challenge.
    pub ceremony: SecretString,
    /// What the browser says.
    pub answer: RegistrationAnswer,
    /// What the user calls it.
    pub name: String,
}

fn registrant(tx: &Tx<'_>, by: &Registrant) -> Result<Found, Error> {
    match by {
        Registrant::Link { token, request_id } => match find(tx, token)? {
            (tenant, LinkState::Open { user, .. }) => Ok(Found {
                actor: sessions::themselves(tx, tenant, &user, request_id)?,
                tenant,
                user: *user,
            }),
            (_, LinkState::Used | LinkState::Expired) => Err(Error::NotFound),
        },
        Registrant::Session(actor) => {
            let refused = || Error::Forbidden("a passkey is registered by its user alone");
            actor.require_in_person()?;
            let (Principal::User(id), Some(_)) = (&actor.principal, actor.session) else {
                return Err(refused());
            };
            let user = living(tx, actor.tenant, *id)?.ok_or(Error::Unauthenticated)?;
            Ok(Found {
                tenant: actor.tenant,
                user,
                actor: actor.clone(),
            })
        }
    }
}

/// Gives out a challenge to register a passkey.
///
/// # Errors
/// [`Error::NotFound`] for a link that holds no more; [`Error::Forbidden`] for a caller who is no
/// user by a session of their own; [`Error::Conflict`] for a user with [`MAX_PASSKEYS`];
/// [`Error::RateLimited`] when too many challenges wait.
pub fn registration_options(
    tx: &Tx<'_>,
    party: &RelyingParty,
    by: &Registrant,
) -> Result<Challenge, Error> {
    let Found {
        tenant,
        user,
        actor,
    } = registrant(tx, by)?;
    let known = credentials_of(tx, tenant, user.id)?;
    if known.len() >= MAX_PASSKEYS {
        return Err(TOO_MANY);
    }
    let challenge = party.registration(&user, &known)?;
    let (challenge, kept) = given(tx, tenant, Some(user.id), challenge)?;
    let (kind, subject) = (
        EventType::PasskeyRegistrationOptionsGenerated,
        Subject::new("user", user.id),
    );
    let nothing = Change::default();
    tx.batch(&[
        kept,
        event::record(tx, &actor, kind, actor.account, subject, nothing)?,
    ])?;
    Ok(challenge)
}

/// Adds what is wrong with a name.
pub fn check_name(name: &str, violations: &mut Violations) {
    if violations.touches("name") {
        return;
    }
    if name.is_empty() {
        violations.field("name", Rule::Blank);
    } else if let Some(rule) = check_text(name, MAX_NAME) {
        violations.field("name", rule);
    } else if name.chars().any(char::is_control) {
        violations.field("name", Rule::BadFormat);
    }
}

impl Directory {
    /// Registers a passkey by the answer to a challenge. The challenge is over, whatever the
    /// answer is worth; the link is used once a passkey is registered by it.
    ///
    /// # Errors
    /// As [`registration_options`]; [`Error::Invalid`] for a name that cannot be kept, a challenge
    /// that does not wait for this registrant, an answer that proves nothing, and a credential that is kept
    /// already.
    pub async fn register_passkey(
        &self,
        party: &RelyingParty,
        by: Registrant,
        new: NewPasskey,
    ) -> Result<Passkey, Error> {
        let name = new.name.trim().to_owned();
        let mut violations = Violations::new();
        check_name(&name, &mut violations);
        Error::if_any(violations)?;
        let (asker, asked) = (by.clone(), new.ceremony.clone());
        let theirs = self.read(move |tx| {
            let found = registrant(tx, &asker)?;
            let waits = ceremony::waiting(tx, &asked)?;
            Ok(waits.is_some_and(|each| is_of(&each, &found)))
        });
        if !theirs.await? {
            return Err(wrong("ceremony", Rule::MustExist));
        }
        let taken = self.write(move |tx| take(tx, &new.ceremony)).await?;
        let ceremony = taken.ok_or_else(|| wrong("ceremony", Rule::MustExist))?;
        let registered = match party.registered(&ceremony.state, &new.answer)? {
            Ok(registered) => registered,
            Err(cause) => {
                tracing::info!(
                    error = crate::with_causes(&cause),
                    "no passkey is registered"
                );
                return Err(wrong("credential", Rule::BadFormat));
            }
        };
        self.write(move |tx| keep(tx, &by, &ceremony, &registered, &name))
            .await
    }
}

fn is_of(ceremony: &ceremony::Ceremony, found: &Found) -> bool {
    ceremony.tenant == found.tenant && ceremony.user == Some(found.user.id)
}

fn wrong(field: &str, rule: Rule) -> Error {
    let mut violations = Violations::new();
    violations.field(field, rule);
    Error::Invalid(violations)
}

/// Writes a passkey, unless its registrant is none any more. The user's row is written before it,
/// so that of two registrations at the same time one comes first.
fn keep(
    tx: &Tx<'_>,
    by: &Registrant,
    ceremony: &ceremony::Ceremony,
    registered: &Registered,
    name: &str,
) -> Result<Passkey, Error> {
    let found = registrant(tx, by)?;
    if !is_of(ceremony, &found) {
        return Err(wrong("ceremony", Rule::MustExist));
    }
    let (tenant, before, actor) = (found.tenant, found.user, found.actor);
    if credentials_of(tx, tenant, before.id)?.len() >= MAX_PASSKEYS {
        return Err(TOO_MANY);
    }
    let passkey = Passkey {
        id: tx.new_id(IdKind::Passkey)?,
        user_id: before.id,
        name: name.to_owned(),
        sign_count: registered.sign_count,
        backup_eligible: registered.backup_eligible,
        backed_up: registered.backed_up,
        created_at: tx.now(),
        updated_at: tx.now(),
        used_at: None,
        version: 1,
    };
    let credential = StoredCredential {
        hash: &registered.hash,
        json: &registered.json,
    };
    rewrite(tx, by, &actor, &before)?;
    let (kind, subject) = (
        EventType::PasskeyRegistered,
        Subject::new("user", before.id),
    );
    let change = Change::of(&[
        ("passkey_id", passkey.id.into()),
        ("name", passkey.name.clone().into()),
    ]);
    let mut statements = vec![
        insert_passkey(tenant, &passkey, &credential),
        event::record(tx, &actor, kind, actor.account, subject, change)?,
    ];
    if let Registrant::Link { token, .. } = by {
        let hash = digest(token.expose_secret());
        statements.push(use_passkey_link(tenant, before.id, &hash, tx.now()));
    }
    let written = tx.batch(&statements)?;
    if written.first() == Some(&0) {
        return Err(wrong("credential", Rule::Taken));
    }
    if written.get(2) == Some(&0) {
        return Err(Error::NotFound);
    }
    Ok(passkey)
}

/// Writes the user's row. Who opened a link proved that the mailbox is theirs, which settles what
/// a pending user was asked to verify.
fn rewrite(tx: &Tx<'_>, by: &Registrant, actor: &Actor, before: &User) -> Result<(), Error> {
    let by_link = matches!(by, Registrant::Link { .. });
    if by_link && users::settle(tx, actor, before)?.is_some() {
        return Ok(());
    }
    let mut user = before.clone();
    user.version += 1;
    let update = update_attributes(actor.tenant, &user, before.version)?;
    if tx.batch(&[update])?.first() == Some(&0) {
        return Err(Unavailable::Contention.into());
    }
    Ok(())
}
