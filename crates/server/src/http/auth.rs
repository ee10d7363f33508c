//! Credentials → [`Actor`]. A dialect says where its credential is; who it is, and how
//! often a wrong one may be tried, is decided here.

use axum::http::{HeaderMap, header};
pub use directory::keys::Credential;
use directory::store::Tx;
use directory::violation::Rule;
use directory::{Actor, keys};
use secrecy::SecretString;

use super::context::RequestContext;
use super::failure::Failure;
use super::{Shared, refusals};

/// The rest of an `Authorization` header after a scheme, whose case does not count.
#[must_use]
pub fn after_scheme<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (given, rest) = value.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// The credential of `Authorization: Bearer …`.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<Credential> {
    after_scheme(headers, "Bearer")
        .filter(|token| !token.is_empty())
        .map(|token| Credential::Bearer(token.to_owned().into()))
}

/// The header that names the account which a user acts in (seed 002, `xAccountIdHeader`).
pub const ACCOUNT_HEADER: &str = "x-account-id";

/// A user in the account that the request names, where it names one: a session may be used in any
/// account that its user is a member of. A key's rights are the same everywhere, and it is passed
/// over for one.
///
/// # Errors
/// `Forbidden` for an account that the user has no part in, or that does not exist;
/// [`Failure::Parameter`] for what is no number.
pub fn placed(actor: Actor, headers: &HeaderMap) -> Result<Actor, Failure> {
    if actor.access.is_none() {
        return Ok(actor);
    }
    let mut values = headers.get_all(ACCOUNT_HEADER).iter();
    let Some(value) = values.next() else {
        return Ok(actor);
    };
    let text = value.to_str().unwrap_or_default();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || values.next().is_some() {
        return Err(Failure::refused(ACCOUNT_HEADER, text, Rule::BadFormat));
    }
    match text.parse() {
        Ok(account) if actor.has_part_in(account) => Ok(actor.within_account(account)),
        Ok(_) | Err(_) => {
            Err(directory::Error::Forbidden("the caller has no part in the account").into())
        }
    }
}

/// Who the credential is.
///
/// # Errors
/// `Unauthenticated` for none (which is no failure to be counted) or a wrong one;
/// `RateLimited` when too many wrong ones came from there.
pub async fn authenticate(
    app: &Shared,
    context: &RequestContext,
    credential: Option<Credential>,
) -> Result<Actor, Failure> {
    let Some(credential) = credential else {
        return Err(directory::Error::Unauthenticated.into());
    };
    let key_id = credential.key_id();
    check(app, context, key_id)?;
    match app.directory.authenticate(&credential).await {
        Err(directory::Error::Unauthenticated) => Err(failed(app, context, key_id).await),
        found => {
            let mut actor = found?;
            actor.request_id.clone_from(&context.id);
            Ok(actor)
        }
    }
}

/// An access token for a key's id and secret, and when it ends.
///
/// # Errors
/// As [`authenticate`].
pub async fn issue_token(
    app: &Shared,
    context: &RequestContext,
    id: String,
    secret: SecretString,
) -> Result<(SecretString, jiff::Timestamp), Failure> {
    check(app, context, Some(&id))?;
    let key = id.clone();
    match app
        .directory
        .write(move |tx| keys::issue_token(tx, &key, &secret))
        .await
    {
        Err(directory::Error::Unauthenticated) => Err(failed(app, context, Some(&id)).await),
        result => Ok(result?),
    }
}

fn check(app: &Shared, context: &RequestContext, key_id: Option<&str>) -> Result<(), Failure> {
    let now = app.directory.clock().now();
    app.throttle
        .check(key_id, context.address, now)
        .map_err(|retry| {
            Failure::Domain(directory::Error::RateLimited {
                retry_after: retry.0,
            })
        })
}

/// Counts a wrong credential: against its key, or, where there is no such key, against all
/// unknown ones of that address together.
async fn failed(app: &Shared, context: &RequestContext, key_id: Option<&str>) -> Failure {
    let id = key_id.unwrap_or_default().to_owned();
    let known = app
        .directory
        .read(move |tx| keys::is_known(tx, &id))
        .await
        .unwrap_or(false);
    let principal = key_id.filter(|_| known);
    if let Err(limited) = check(app, context, principal) {
        return limited;
    }
    app.throttle
        .failed(principal, context.address, app.directory.clock().now());
    if let Some(id) = principal
        && check(app, context, principal).is_err()
    {
        let (key, request) = (id.to_owned(), context.id.clone());
        let tell = move |tx: &Tx<'_>| keys::tell_limited(tx, &key, &request);
        refusals::tell(app, id, tell).await;
    }
    directory::Error::Unauthenticated.into()
}
