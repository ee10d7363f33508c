//! The user directory: its model, its rules and its storage.
//!
//! A use case is a plain synchronous function over a [`store::Tx`] and an [`Actor`]; it runs
//! inside [`Directory::read`] or [`Directory::write`]. Nothing here knows HTTP, the JSON of
//! an API, or which API a caller speaks.

pub mod access;
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
pub mod grants;
pub mod groups;
pub mod idempotency;
pub mod import;
pub mod invitations;
pub mod jobs;
pub mod keys;
pub mod members;
pub mod model;
pub mod notifications;
pub mod passkeys;
pub mod password;
pub mod password_resets;
pub mod passwords;
pub mod permission;
pub mod query;
pub mod records;
pub mod redirects;
pub mod roles;
pub mod secret;
pub mod sessions;
pub mod store;
pub mod tenants;
pub mod users;
pub mod violation;
pub mod webhooks;

use std::sync::Arc;

use secrecy::SecretString;

pub use actor::{Actor, Impersonator, Principal, TenantId, Visibility};
pub use error::{Error, Unavailable, with_causes};

use clock::{Clock, Random};
use forms::{Form, FormCache};
use keys::{ActorCache, Credential};
use password::{Hasher, PasswordHash};
use sessions::{Client, Credentials, Entry, Resolved, Started};
use store::{Db, Location, Meter, Tx, UserKey};
use violation::{Rule, Violations};

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
        Self::over(db)
    }

    /// Opens a database to look at it: nothing is made, migrated or written. None where its
    /// file is not there. What it holds can be read once its [`Directory::schema`] is this
    /// binary's, [`store::NEWEST_SCHEMA`], or newer.
    ///
    /// # Errors
    /// As [`Directory::open`].
    pub fn look(
        location: &Location,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Option<Self>, Error> {
        Db::look(location, clock, random)?
            .map(Self::over)
            .transpose()
    }

    fn over(db: Db) -> Result<Self, Error> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            db,
            hasher: Hasher::new(cores)?,
            actors: Arc::default(),
            forms: Arc::default(),
        })
    }

    /// The number of the newest migration that ran; 0 for an empty database.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::Internal`].
    pub async fn schema(&self) -> Result<i64, Error> {
        self.db.schema().await
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

    /// Who an attempt to log in is about: nobody is an answer too.
    ///
    /// # Errors
    /// Storage errors.
    pub async fn resolve_login(&self, tenant: TenantId, email: &str) -> Result<Resolved, Error> {
        let email = email.to_owned();
        self.read(move |tx| sessions::resolve(tx, tenant, &email))
            .await
    }

    /// Begins a session by a password. What is wrong is told alike, and after as long, whether
    /// the password is, the email is nobody's, or its user is suspended or has none. A right one
    /// whose hash another system made is hashed as ours are, and stored so.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`] for a right password in whose place
    /// another is to be chosen first; [`Error::Invalid`] for one chosen that cannot be used;
    /// [`Error::Unavailable`] when too many passwords wait to be verified.
    pub async fn log_in(
        &self,
        resolved: Resolved,
        credentials: Credentials,
        client: Client,
        request_id: &str,
    ) -> Result<Started, Error> {
        let verified = resolved.hash();
        let password = credentials.password.clone();
        let right = self.hasher.verify(password, verified.clone()).await?;
        let Some(candidate) = resolved.candidate.as_ref().filter(|_| right) else {
            return Err(Error::Unauthenticated);
        };
        let user_id = candidate.user_id;
        let chosen = self.chosen(resolved.tenant, user_id, &credentials).await?;
        let renewed = if verified.is_current() || chosen.is_some() {
            None
        } else {
            let password = credentials.password;
            Some(self.hasher.hash(password, self.db.random()).await?)
        };
        let entry = Entry {
            tenant: resolved.tenant,
            user_id,
            verified,
            renewed,
            chosen,
            client,
            request_id: request_id.to_owned(),
        };
        self.write(move |tx| sessions::enter(tx, &entry)).await
    }

    /// Replaces a user's own password. The old one is verified as at a login.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for anybody but the user; [`Error::Unauthenticated`] for a wrong old
    /// password; [`Error::Invalid`] for a new one that cannot be used, at `new_password`.
    pub async fn change_password(
        &self,
        actor: &Actor,
        user: i64,
        credentials: Credentials,
    ) -> Result<(), Error> {
        passwords::require_own(actor, user)?;
        let (tenant, asker) = (actor.tenant, Actor::system(actor.tenant, ""));
        let stored = self.read(move |tx| users::password_hash(tx, &asker, user));
        let verified = stored.await?.unwrap_or_else(PasswordHash::of_nobody);
        let password = credentials.password.clone();
        if !self.hasher.verify(password, verified.clone()).await? {
            return Err(Error::Unauthenticated);
        }
        let new = self.chosen(tenant, user, &credentials).await?;
        let new = new.ok_or_else(|| Error::internal("a password was checked and not hashed"))?;
        let actor = actor.clone();
        self.write(move |tx| passwords::replace(tx, &actor, user, &verified, &new))
            .await
    }

    /// The hash of the password that is chosen in the place of the one entered.
    async fn chosen(
        &self,
        tenant: TenantId,
        user: i64,
        credentials: &Credentials,
    ) -> Result<Option<PasswordHash>, Error> {
        let Some(chosen) = credentials.new_password.clone() else {
            return Ok(None);
        };
        let key = UserKey::Id(user);
        let read = self.read(move |tx| {
            let system = Actor::system(tenant, "");
            users::get(tx, &system, &key, users::Include::default())
        });
        let user = read.await?.user;
        let mut violations = Violations::new();
        if credentials.repeats() {
            violations.field("new_password", Rule::Guessable);
        } else if let Some(rule) = users::check_password(&chosen, &user) {
            violations.field("new_password", rule);
        }
        Error::if_any(violations)?;
        self.hash_password(Some(chosen), &Violations::new()).await
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
