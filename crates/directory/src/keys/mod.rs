//! API keys, and the access tokens made from them. One key works in every dialect.

mod cache;

pub(crate) use cache::ActorCache;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

use crate::actor::{Actor, Principal, TenantId, Visibility};
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::model::{Email, User};
use crate::permission::{Permission, PermissionSet, Scope};
use crate::secret::{digest, new_key_id, new_secret, new_token, same};
use crate::sessions::{self, Use};
use crate::store::{
    Statement, Tx, bump_generation, confirm_key, delete_expired_tokens, delete_sessions_by,
    delete_sessions_of_key, delete_tokens, find_account, find_key, find_key_of_token, insert_key,
    insert_token, leave_keys, list_keys, revoke_key, rotate_key,
};
use crate::violation::{Rule, Violations};

/// How long an access token holds.
pub const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// What a miss is compared with, so that it takes as long as a hit.
const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A key as it is stored: of its secret, only the hash.
#[derive(Clone)]
#[allow(
    missing_docs,
    reason = "the fields are named as the command line names them"
)]
pub struct Key {
    pub id: String,
    pub(crate) secret_hash: String,
    pub name: String,
    pub account_id: Option<i64>,
    pub owner_email: Option<String>,
    pub public_pool: bool,
    /// Comma list of scope names; empty: all.
    pub scopes: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// A key to be made.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// What it is for.
    pub name: String,
    /// The account that it is bound to.
    pub account_id: Option<i64>,
    /// The email of who it belongs to; a user with it need not exist.
    pub owner_email: Option<String>,
    /// Public Pool access only; needs an account.
    pub public_pool: bool,
    /// Scopes; empty: all.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A key just made: the only time its secret is seen.
pub struct MadeKey {
    /// Its public id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}

impl MadeKey {
    /// `id.secret`: the bearer token of the key.
    #[must_use]
    pub fn token(&self) -> SecretString {
        format!("{}.{}", self.id, self.secret.expose_secret()).into()
    }
}

/// Makes a key.
///
/// # Errors
/// [`Error::Forbidden`] without `updateApiKeys`, or for a key above the maker's own rights;
/// [`Error::Invalid`] for a blank name, an unknown scope or account, an owner that is no
/// email, Public Pool without an account.
pub fn create(tx: &Tx<'_>, actor: &Actor, new: &NewKey) -> Result<MadeKey, Error> {
    actor.require(Permission::UpdateKeys)?;
    check(tx, actor, new)?;
    let key = MadeKey {
        id: new_key_id(actor.tenant, tx.random()),
        secret: new_secret(tx.random()),
    };
    let stored = Key {
        id: key.id.clone(),
        secret_hash: digest(key.secret.expose_secret()),
        name: new.name.trim().to_owned(),
        account_id: new.account_id,
        owner_email: new.owner_email.clone(),
        public_pool: new.public_pool,
        scopes: new.scopes.join(","),
        created_at: tx.now(),
        expires_at: new.expires_at,
        revoked_at: None,
    };
    require_not_above(actor, &stored)?;
    let change = Change::of(&[("name", stored.name.clone().into())]);
    let event = record(tx, actor, EventType::ApiKeyCreated, &stored.id, change)?;
    tx.batch(&[insert_key(actor.tenant, &stored), event])?;
    Ok(key)
}

/// Refuses a key that could do more than the actor: by its scopes, or by standing outside
/// the account or the Public Pool that the actor is bound to.
fn require_not_above(actor: &Actor, key: &Key) -> Result<(), Error> {
    actor.require_full_access()?;
    let within = actor.account.is_none() || actor.account == key.account_id;
    if within && actor.permissions.includes(key.permissions()) {
        Ok(())
    } else {
        Err(Error::Forbidden("nobody grants more than they hold"))
    }
}

fn check(tx: &Tx<'_>, actor: &Actor, new: &NewKey) -> Result<(), Error> {
    let mut violations = Violations::new();
    if new.name.trim().is_empty() {
        violations.field("name", Rule::Blank);
    } else if let Some(rule) = crate::model::check_text(&new.name, 255) {
        violations.field("name", rule);
    }
    for scope in &new.scopes {
        if Scope::parse(scope).is_none() {
            violations.field(
                "scopes",
                Rule::NotIncluded {
                    value: scope.clone(),
                },
            );
        }
    }
    if let Some(rule) = new
        .owner_email
        .as_deref()
        .and_then(|owner| Email::parse(owner).err())
    {
        violations.field("owner", rule);
    }
    match new.account_id {
        Some(account) if find_account(tx, actor.tenant, account)?.is_none() => {
            violations.field("account", Rule::MustExist);
        }
        None if new.public_pool => violations.field("account", Rule::Blank),
        Some(_) | None => {}
    }
    Error::if_any(violations)
}

fn record(
    tx: &Tx<'_>,
    actor: &Actor,
    event_type: EventType,
    key: &str,
    change: Change,
) -> Result<Statement<'static>, Error> {
    event::record(
        tx,
        actor,
        event_type,
        actor.account,
        Subject::new("key", key),
        change,
    )
}

/// What a change of a user means for the keys that name them as their owner: who is deleted, or has
/// another email, leaves them, and nobody acts by them until somebody has that email again.
/// Who is pending owned none.
pub(crate) fn after(
    tx: &Tx<'_>,
    tenant: TenantId,
    before: &User,
    after: &User,
) -> Option<Statement<'static>> {
    let key = |user: &User| user.email.as_ref().map(|email| email.key().to_owned());
    let own = key(before).filter(|_| before.pending_since.is_none())?;
    let left = after.deleted_at.is_some() || key(after).as_ref() != Some(&own);
    left.then(|| leave_keys(tenant, &own, tx.now()))
}

/// Every key of the tenant, oldest first.
///
/// # Errors
/// [`Error::Forbidden`] without `readApiKeys`.
pub fn list(tx: &Tx<'_>, actor: &Actor) -> Result<Vec<Key>, Error> {
    actor.require(Permission::ReadKeys)?;
    list_keys(tx, actor.tenant)
}

/// Ends a key and all tokens made from it, at once.
///
/// # Errors
/// [`Error::NotFound`] for a key that is unknown or revoked; [`Error::Forbidden`].
pub fn revoke(tx: &Tx<'_>, actor: &Actor, id: &str) -> Result<(), Error> {
    actor.require(Permission::UpdateKeys)?;
    let event = record(tx, actor, EventType::ApiKeyDeleted, id, Change::default())?;
    let statements = [
        revoke_key(actor.tenant, id, tx.now()),
        delete_tokens(actor.tenant, id),
        bump_generation(tx, actor.tenant),
        event,
    ];
    require_touched(&tx.batch(&statements)?)
}

/// Gives a key a new secret; the old one, and the tokens and sessions made with it, end at once.
///
/// # Errors
/// As [`revoke`]; [`Error::Forbidden`] for a key above the actor's own rights too, for who
/// rotates a key holds its secret.
pub fn rotate(tx: &Tx<'_>, actor: &Actor, id: &str) -> Result<MadeKey, Error> {
    actor.require(Permission::UpdateKeys)?;
    let stored = find_key(tx, actor.tenant, id)?.ok_or(Error::NotFound)?;
    require_not_above(actor, &stored)?;
    let key = MadeKey {
        id: id.to_owned(),
        secret: new_secret(tx.random()),
    };
    let hash = digest(key.secret.expose_secret());
    let event = record(tx, actor, EventType::ApiKeyUpdated, id, Change::default())?;
    let statements = [
        rotate_key(actor.tenant, id, &hash),
        delete_tokens(actor.tenant, id),
        delete_sessions_of_key(actor.tenant, id),
        delete_sessions_by(actor.tenant, "key", id.to_owned()),
        bump_generation(tx, actor.tenant),
        event,
    ];
    require_touched(&tx.batch(&statements)?)?;
    Ok(key)
}

fn require_touched(touched: &[u64]) -> Result<(), Error> {
    if touched.first() == Some(&1) {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

impl Key {
    /// What the key allows: its scopes', or everything when it names none.
    #[must_use]
    pub fn permissions(&self) -> PermissionSet {
        if self.scopes.is_empty() {
            return PermissionSet::ALL;
        }
        self.scopes
            .split(',')
            .filter_map(Scope::parse)
            .fold(PermissionSet::NONE, |set, scope| {
                set.union(scope.permissions())
            })
    }

    /// Whether it is neither revoked nor past its end.
    #[must_use]
    pub fn lives(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }

    fn into_actor(self, tenant: TenantId) -> Actor {
        let permissions = self.permissions();
        let visibility = match self.account_id {
            Some(account) if self.public_pool => Visibility::PublicPool { account },
            Some(_) | None => Visibility::Tenant,
        };
        Actor {
            principal: Principal::Key(self.id),
            permissions,
            account: self.account_id,
            visibility,
            email: self.owner_email,
            ..Actor::system(tenant, "")
        }
    }
}

/// A credential as it came.
#[derive(Clone)]
pub enum Credential {
    /// `id.secret` of a key, an access token made from one, or the token of a session.
    Bearer(SecretString),
    /// A key's id and secret.
    Key {
        /// The public id.
        id: String,
        /// The secret.
        secret: SecretString,
    },
}

impl Credential {
    /// The key id in it, if it has one: what failures are counted by.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        match self {
            Self::Bearer(token) => token.expose_secret().split_once('.').map(|(id, _)| id),
            Self::Key { id, .. } => Some(id),
        }
    }

    /// The tenant that it says it is of.
    fn tenant(&self) -> Option<TenantId> {
        crate::secret::tenant_of(self.key_id().unwrap_or(match self {
            Self::Bearer(token) => token.expose_secret(),
            Self::Key { id, .. } => id,
        }))
    }
}

/// Who a credential is, and until when without doubt.
pub struct Authenticated {
    /// Who.
    pub actor: Actor,
    /// When the key, the token or the session ends, if it does.
    pub ends: Option<Timestamp>,
    /// When the session was last used, if it is one.
    pub used: Option<Use>,
}

/// Who a credential is.
///
/// # Errors
/// [`Error::Unauthenticated`] for anything but a living key and its whole secret, a token made
/// from one, or the token of a session that is not over.
pub fn authenticate(tx: &Tx<'_>, credential: &Credential) -> Result<Authenticated, Error> {
    match credential {
        Credential::Key { id, secret } => by_secret(tx, id, secret.expose_secret()),
        Credential::Bearer(token) => match token.expose_secret().split_once('.') {
            Some((id, secret)) => by_secret(tx, id, secret),
            None if sessions::is_session_token(token) => sessions::by_token(tx, token),
            None => by_token(tx, token),
        },
    }
}

/// A key that is neither revoked nor past its end, as a caller.
///
/// # Errors
/// [`Error::Unauthenticated`] for any other.
pub(crate) fn living_key(tx: &Tx<'_>, tenant: TenantId, id: &str) -> Result<Actor, Error> {
    let key = find_key(tx, tenant, id)?.filter(|key| key.lives(tx.now()));
    key.map(|key| key.into_actor(tenant))
        .ok_or(Error::Unauthenticated)
}

fn by_secret(tx: &Tx<'_>, id: &str, secret: &str) -> Result<Authenticated, Error> {
    let tenant = crate::secret::tenant_of(id).ok_or(Error::Unauthenticated)?;
    let key = find_key(tx, tenant, id)?;
    let hash = key.as_ref().map_or(NO_HASH, |key| key.secret_hash.as_str());
    let right = same(hash, &digest(secret));
    match key {
        Some(key) if right && key.lives(tx.now()) => Ok(Authenticated {
            ends: key.expires_at,
            actor: key.into_actor(tenant),
            used: None,
        }),
        Some(_) | None => Err(Error::Unauthenticated),
    }
}

fn by_token(tx: &Tx<'_>, token: &SecretString) -> Result<Authenticated, Error> {
    let tenant = crate::secret::tenant_of(token.expose_secret()).ok_or(Error::Unauthenticated)?;
    // Found by the hash of a secret of 256 bits: timing shows nothing that helps.
    let hash = digest(token.expose_secret());
    match find_key_of_token(tx, tenant, &hash, tx.now())? {
        Some((key, token_ends)) if key.lives(tx.now()) => Ok(Authenticated {
            ends: Some(key.expires_at.map_or(token_ends, |end| end.min(token_ends))),
            actor: key.into_actor(tenant),
            used: None,
        }),
        Some(_) | None => Err(Error::Unauthenticated),
    }
}

/// Makes an access token for a key; it holds for [`TOKEN_LIFETIME`], beside others.
///
/// # Errors
/// [`Error::Unauthenticated`] for anything but a living key and its whole secret.
pub fn issue_token(
    tx: &Tx<'_>,
    id: &str,
    secret: &SecretString,
) -> Result<(SecretString, Timestamp), Error> {
    let Authenticated { actor, .. } = by_secret(tx, id, secret.expose_secret())?;
    let token = new_token(actor.tenant, tx.random());
    let expires_at = tx
        .now()
        .checked_add(TOKEN_LIFETIME)
        .map_err(Error::internal)?;
    let confirmed = digest(secret.expose_secret());
    let hash = digest(token.expose_secret());
    let touched = tx.batch(&[
        confirm_key(actor.tenant, id, &confirmed),
        delete_expired_tokens(actor.tenant, tx.now()),
        insert_token(actor.tenant, hash, id.to_owned(), tx.now(), expires_at),
    ])?;
    if touched.first() != Some(&1) {
        return Err(Error::Unauthenticated);
    }
    Ok((token, expires_at))
}

/// Whether there is a key of that id: for counting failures, never for an answer.
///
/// # Errors
/// Storage errors.
pub fn is_known(tx: &Tx<'_>, id: &str) -> Result<bool, Error> {
    match crate::secret::tenant_of(id) {
        Some(tenant) => Ok(find_key(tx, tenant, id)?.is_some()),
        None => Ok(false),
    }
}

/// Tells that a key is slowed down, after more wrong secrets than are looked at; nothing where
/// there is no key of that id, or none that holds. Who calls this bounds how often.
///
/// # Errors
/// Storage errors.
pub fn tell_limited(tx: &Tx<'_>, id: &str, request_id: &str) -> Result<(), Error> {
    let Some(tenant) = crate::secret::tenant_of(id) else {
        return Ok(());
    };
    let Some(key) = find_key(tx, tenant, id)?.filter(|key| key.lives(tx.now())) else {
        return Ok(());
    };
    // Whoever tried is nobody known.
    let nobody = Actor::system(tenant, request_id);
    let (kind, subject) = (EventType::ApiRateLimited, Subject::new("key", key.id));
    let (account, nothing) = (key.account_id, Change::default());
    let event = event::record(tx, &nobody, kind, account, subject, nothing)?;
    tx.batch(&[event]).map(drop)
}
