//! Acting as another: with a reason, for a while, seen by all, and never to grant or to change what
//! lets somebody in.

use secrecy::ExposeSecret as _;

use super::begin::{
    end_after, enterable, new_session_token, oldest_ended, primary_account, session_of,
};
use super::{Client, IMPERSONATION_LIFETIME, Impersonation, Method, Started};
use crate::access::{Access, access_of};
use crate::actor::{Actor, Impersonator, TenantId};
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::keys::living_key;
use crate::model::{Email, check_text};
use crate::permission::{Permission, PermissionSet};
use crate::secret::digest;
use crate::store::{Tx, UserKey, find_user, insert_session};
use crate::users;
use crate::violation::{Rule, Violations};

/// Longest reason, in characters.
pub const MAX_REASON: usize = 500;

/// Begins a session in which the actor acts as a user.
///
/// # Errors
/// [`Error::NotFound`] for a user whom the actor may not see; [`Error::Forbidden`] without
/// `impersonateUsers`, as who acts as another already, for oneself, for a user who is suspended,
/// and for one who may do more than the actor; [`Error::Invalid`] without a reason.
pub fn impersonate(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    reason: &str,
    client: &Client,
    mut violations: Violations,
) -> Result<Started, Error> {
    actor.require_in_person()?;
    actor.require(Permission::ImpersonateUsers)?;
    actor.require_full_access()?;
    let reason = reason.trim();
    if !violations.touches("reason") {
        if reason.is_empty() {
            violations.field("reason", Rule::Blank);
        } else if let Some(rule) = check_text(reason, MAX_REASON) {
            violations.field("reason", rule);
        }
    }
    let found = find_user(tx, actor, &UserKey::Id(user), false)?.ok_or(Error::NotFound)?;
    if actor.is_user(user) {
        return Err(Error::Forbidden("nobody acts as themselves"));
    }
    if enterable(tx, actor.tenant, user).is_err() {
        return Err(Error::Forbidden("the user is suspended"));
    }
    users::require_not_above(tx, actor, user)?;
    Error::if_any(violations)?;
    let (kind, id) = actor.named();
    let mut session = session_of(tx, &found.user, Method::Impersonation, client)?;
    session.expires_at = end_after(tx.now(), IMPERSONATION_LIFETIME)?;
    session.impersonation = Some(Impersonation {
        by: Impersonator {
            kind: kind.to_owned(),
            id,
        },
        reason: reason.to_owned(),
    });
    let token = new_session_token(actor.tenant, tx.random());
    let change = Change::of(&[("session_id", session.id.into()), ("reason", reason.into())]);
    let account = primary_account(tx, actor.tenant, user)?;
    let (kind, subject) = (EventType::UserImpersonated, Subject::new("user", user));
    let mut statements = oldest_ended(tx, actor.tenant, user)?;
    let hash = digest(token.expose_secret());
    statements.push(insert_session(actor.tenant, &session, hash));
    statements.push(event::record(tx, actor, kind, account, subject, change)?);
    tx.batch(&statements)?;
    Ok(Started { session, token })
}

/// What somebody who acts as another may do, and their email: what both may, as it stands now, in
/// the places where they may act as others.
///
/// # Errors
/// [`Error::Unauthenticated`] where they may act as that user no more.
pub(super) fn shared_with(
    tx: &Tx<'_>,
    tenant: TenantId,
    by: &Impersonator,
    target: &Access,
) -> Result<(Access, Option<String>), Error> {
    let (held, email) = match by.kind.as_str() {
        "user" => {
            let id = by.id.parse().map_err(Error::internal)?;
            let user = enterable(tx, tenant, id)?;
            let email = user.email.as_ref().map(Email::as_str).map(str::to_owned);
            (access_of(tx, tenant, id)?, email)
        }
        "key" => {
            let key = living_key(tx, tenant, &by.id)?;
            (key.held(), key.email)
        }
        _ => (Access::everything(), None),
    };
    let shared = target
        .limited_to(&held)
        .where_held(&held, Permission::ImpersonateUsers);
    let everywhere = held.tenant.contains(Permission::ImpersonateUsers);
    if everywhere || !shared.accounts.is_empty() {
        let shared = shared.without(PermissionSet::NEVER_AS_ANOTHER);
        Ok((shared, email))
    } else {
        Err(Error::Unauthenticated)
    }
}
