//! The user directory: its model, its rules and its storage.
//!
//! A use case is a plain synchronous function over a [`store::Tx`] and an [`Actor`]; it runs
//! inside [`Directory::read`] or [`Directory::write`]. Nothing here knows HTTP, the JSON of
//! an API, or which API a caller speaks.

pub mod accounts;
mod actor;
pub mod badges;
pub mod clock;
pub mod cursor;
pub mod deliveries;
mod error;
pub mod event;
pub mod forms;
mod generation;
pub mod groups;
pub mod idempotency;
pub mod import;
pub mod invitations;
pub mod jobs;
pub mod keys;
pub mod model;
pub mod password;
pub mod permission;
pub mod query;
pub mod records;
pub mod secret;
pub mod store;
pub mod tenants;
pub mod users;
pub mod violation;
pub mod webhooks;

use std::sync::Arc;

use secrecy::SecretString;

pub use actor::{Actor, Principal, TenantId, Visibility};
pub use error::{Error, Unavailable, with_causes};

use clock::{Clock, Random};
use forms::{Form, FormCache};
use keys::{ActorCache, Credential};
use password::{Hasher, PasswordHash};
use store::{Db, Location, Meter, Tx};
use violation::Violations;

/// An open directory. Cheap to clone.
#[derive(Clone)]
pub struct Directory {
    db: Db,
    hasher: Hasher,
    actors: Arc<ActorCache>,
    forms: Arc<FormCache>,
}

impl Directory {
    /// Opens a database, migrates it, and makes the tenant `default` when there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::Internal`].
    pub async fn open(
        location: &Location,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, Error> {
        let db = Db::open(location, clock, random)?;
        db.migrate().await?;
        db.write(tenants::ensure_default).await?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            db,
            hasher: Hasher::new(cores),
            actors: Arc::default(),
            forms: Arc::default(),
        })
    }

    /// A handle of the same directory that counts what is done through it, and what it counted.
    #[must_use]
    pub fn metered(&self) -> (Self, Arc<Meter>) {
        let (db, meter) = self.db.metered();
        (Self { db, ..self.clone() }, meter)
    }

    /// The clock that everything here goes by.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.db.clock()
    }

    /// The source of randomness.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        self.db.random()
    }

    /// Runs a closure of reads.
    ///
    /// # Errors
    /// The closure's own, or [`Error::Unavailable`].
    pub async fn read<T, F>(&self, run: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Tx<'_>) -> Result<T, Error> + Send + 'static,
    {
        self.db.read(run).await
    }

    /// Runs a closure in one transaction; it may run again, so it must do nothing but talk
    /// to the database.
    ///
    /// # Errors
    /// The closure's own, or [`Error::Unavailable`].
    pub async fn write<T, F>(&self, run: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Tx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    {
        self.db.write(run).await
    }

    /// Ends when something was written through this directory since it was last awaited: there
    /// may be events to pass on. What other processes write it does not know.
    pub async fn written(&self) {
        self.db.written().await;
    }

    /// Who a credential is. Answers of the last moments are remembered; one that ended on this
    /// node is forgotten at once, one that ended elsewhere within 250 ms.
    ///
    /// # Errors
    /// As [`keys::authenticate`].
    pub async fn authenticate(&self, credential: &Credential) -> Result<Actor, Error> {
        self.actors.actor(&self.db, credential).await
    }

    /// The form of that name in a tenant, ready for use: the operator's, or else the built-in
    /// one. One that is stored holds at once on this node, within 250 ms on others.
    ///
    /// # Errors
    /// Storage errors.
    pub async fn form(&self, tenant: TenantId, name: &str) -> Result<Option<Arc<Form>>, Error> {
        self.forms.form(&self.db, tenant, name).await
    }

    /// Hashes a password, unless the request is refused anyway.
    ///
    /// # Errors
    /// As [`Hasher::hash`].
    pub async fn hash_password(
        &self,
        password: Option<SecretString>,
        violations: &Violations,
    ) -> Result<Option<PasswordHash>, Error> {
        match password {
            Some(password) if violations.is_empty() => {
                self.hasher.hash(password, self.db.random()).await.map(Some)
            }
            Some(_) | None => Ok(None),
        }
    }

    /// Whether a password is the one that was hashed.
    ///
    /// # Errors
    /// As [`Hasher::verify`].
    pub async fn verify_password(
        &self,
        password: SecretString,
        hash: PasswordHash,
    ) -> Result<bool, Error> {
        self.hasher.verify(password, hash).await
    }

    /// Whether a password is a user's. A right one whose hash another system made is hashed as
    /// ours are, and stored so. A user who has none, or whom the actor may not see, takes as long.
    ///
    /// # Errors
    /// As [`Hasher::verify`], and storage errors of reading.
    pub async fn check_password(
        &self,
        actor: &Actor,
        user: i64,
        password: SecretString,
    ) -> Result<bool, Error> {
        if password::check_length(&password, 1).is_some() {
            return Ok(false);
        }
        let asker = actor.clone();
        let stored = self.read(move |tx| users::password_hash(tx, &asker, user));
        let Some(hash) = stored.await? else {
            self.hasher.hash(password, self.db.random()).await?;
            return Ok(false);
        };
        let verified = self.hasher.verify(password.clone(), hash.clone());
        let right = verified.await?;
        if right
            && !hash.is_current()
            && let Err(cause) = self.renew_hash(actor, user, password, hash).await
        {
            // The password is right all the same; the next one is another chance.
            tracing::warn!(error = &cause as &dyn std::error::Error, "a hash stays old");
        }
        Ok(right)
    }

    async fn renew_hash(
        &self,
        actor: &Actor,
        user: i64,
        password: SecretString,
        old: PasswordHash,
    ) -> Result<(), Error> {
        let new = self.hasher.hash(password, self.db.random()).await?;
        let actor = actor.clone();
        self.write(move |tx| users::renew_hash(tx, &actor, user, &old, &new))
            .await
    }
}
