//! How a user signs in with a passkey: a challenge that names nobody, and its answer.

use secrecy::SecretString;

use super::ceremony::{Challenge, given, take, waiting};
use super::link::living;
use super::relying_party::Refused;
use super::{AssertionAnswer, Passkey, RelyingParty};
use crate::Directory;
use crate::actor::{Actor, TenantId};
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::sessions::{self, Client, Method, Started};
use crate::store::{Tx, passkey_of_credential, use_passkey};
use crate::tenants;

/// What somebody answers to a challenge to sign in.
pub struct Answered {
    /// Which challenge.
    pub ceremony: SecretString,
    /// What the browser says.
    pub answer: AssertionAnswer,
    /// Where the session is begun.
    pub client: Client,
    /// The id of the request, for the event log.
    pub request_id: String,
}

/// Gives out a challenge to sign in: the same to everybody. One of a tenant that does not exist
/// looks alike, is kept nowhere, and no answer to it is right.
///
/// # Errors
/// [`Error::RateLimited`] when too many challenges wait.
pub fn authentication_options(
    tx: &Tx<'_>,
    party: &RelyingParty,
    tenant: TenantId,
    request_id: &str,
) -> Result<Challenge, Error> {
    let (challenge, kept) = given(tx, tenant, None, party.authentication()?)?;
    if tenants::name(tx, tenant)?.is_none() {
        return Ok(challenge);
    }
    // Nobody is known yet.
    let nobody = Actor::system(tenant, request_id);
    let (kind, subject) = (
        EventType::PasskeyAuthenticationOptionsGenerated,
        Subject::new("tenant", tenant.0),
    );
    let nothing = Change::default();
    tx.batch(&[
        kept,
        event::record(tx, &nobody, kind, None, subject, nothing)?,
    ])?;
    Ok(challenge)
}

/// The passkey that an answer names, where it is of the user whom the authenticator says, and that
/// user may enter.
fn named(
    tx: &Tx<'_>,
    tenant: TenantId,
    hash: &str,
    uid: &str,
) -> Result<Option<(Passkey, String)>, Error> {
    let Some((passkey, credential)) = passkey_of_credential(tx, tenant, hash)? else {
        return Ok(None);
    };
    let user = living(tx, tenant, passkey.user_id)?;
    let theirs = user.is_some_and(|user| user.uid == uid);
    Ok(theirs.then_some((passkey, credential)))
}

impl Directory {
    /// Begins a session by the answer to a challenge. The challenge is over, whatever the answer
    /// is worth.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], for whatever reason.
    pub async fn enter_by_passkey(
        &self,
        party: &RelyingParty,
        answered: Answered,
    ) -> Result<Started, Error> {
        let Answered {
            ceremony,
            answer,
            client,
            request_id,
        } = answered;
        let asked = ceremony.clone();
        let waits = self.read(move |tx| {
            let waits = waiting(tx, &asked)?;
            Ok(waits.is_some_and(|each| each.user.is_none()))
        });
        if !waits.await? {
            return Err(Error::Unauthenticated);
        }
        let taken = self.write(move |tx| take(tx, &ceremony)).await?;
        let taken = taken.ok_or(Error::Unauthenticated)?;
        let tenant = taken.tenant;
        let (hash, uid) = (answer.credential_hash(), answer.uid());
        let uid = uid.ok_or(Error::Unauthenticated)?;
        let found = self.read(move |tx| named(tx, tenant, &hash, &uid)).await?;
        let (passkey, credential) = found.ok_or(Error::Unauthenticated)?;
        let id = passkey.id;
        let (after, credential) =
            match party.authenticated(&taken.state, &answer, &passkey, &credential)? {
                Ok(after) => after,
                Err(Refused::CounterWentBack) => {
                    tracing::warn!(passkey = id, "the counter of a passkey went back");
                    self.write(move |tx| tell_of_copy(tx, tenant, &passkey, &request_id))
                        .await?;
                    return Err(Error::Unauthenticated);
                }
                Err(cause @ (Refused::Elsewhere | Refused::Unproven(_))) => {
                    tracing::info!(error = crate::with_causes(&cause), "a passkey is refused");
                    return Err(Error::Unauthenticated);
                }
            };
        self.write(move |tx| enter(tx, tenant, &after, &credential, &client, &request_id))
            .await
    }
}

/// Keeps how the passkey stands now, and begins the session.
fn enter(
    tx: &Tx<'_>,
    tenant: TenantId,
    after: &Passkey,
    credential: &str,
    client: &Client,
    request_id: &str,
) -> Result<Started, Error> {
    let user = living(tx, tenant, after.user_id)?.ok_or(Error::Unauthenticated)?;
    let used = Passkey {
        used_at: Some(tx.now()),
        ..after.clone()
    };
    let actor = sessions::themselves(tx, tenant, &user, request_id)?;
    let (kind, subject) = (
        EventType::PasskeyAuthenticated,
        Subject::new("user", user.id),
    );
    let change = Change::of(&[("passkey_id", used.id.into())]);
    let written = tx.batch(&[
        use_passkey(tenant, &used, credential.to_owned()),
        event::record(tx, &actor, kind, actor.account, subject, change)?,
    ])?;
    // Deleted since, or used at the same moment with the same counter.
    if written.first() != Some(&1) {
        return Err(Error::Unauthenticated);
    }
    sessions::start(tx, tenant, user.id, Method::Passkey, client, request_id)
}

fn tell_of_copy(
    tx: &Tx<'_>,
    tenant: TenantId,
    passkey: &Passkey,
    request_id: &str,
) -> Result<(), Error> {
    let Some(user) = living(tx, tenant, passkey.user_id)? else {
        return Ok(());
    };
    let actor = Actor::system(tenant, request_id);
    let account = sessions::primary_account(tx, tenant, user.id)?;
    let (kind, subject) = (EventType::PasskeyRefused, Subject::new("user", user.id));
    let change = Change::of(&[("passkey_id", passkey.id.into())]);
    tx.batch(&[event::record(tx, &actor, kind, account, subject, change)?])?;
    Ok(())
}
