//! Logging in, for whichever API: who may try how often, and from where.

use axum::http::{HeaderMap, header};
use directory::sessions::{
    Client, Credentials, Resolved, Started, principal_of_email, start_by_key,
};
use directory::store::Tx;
use directory::{Error, TenantId, tenants};
use secrecy::SecretString;

use super::context::RequestContext;
use super::failure::Failure;
use super::{App, Shared};

/// Names the tenant of a call that has no credential.
const TENANT_HEADER: &str = "muster-tenant";
/// No tenant has this number: nobody is found in it.
const NO_TENANT: TenantId = TenantId(0);

/// The tenant that a call without a credential is for: the one that it names, or the first. One
/// that does not exist holds nobody.
///
/// # Errors
/// Storage errors.
pub async fn tenant_of(app: &Shared, headers: &HeaderMap) -> Result<TenantId, Failure> {
    let Some(value) = headers.get(TENANT_HEADER) else {
        return Ok(TenantId(1));
    };
    let name = value.to_str().unwrap_or_default().to_owned();
    let found = app.directory.read(move |tx| tenants::find(tx, &name)).await;
    match found {
        Err(Error::NotFound) => Ok(NO_TENANT),
        found => Ok(found?),
    }
}

/// Where a request comes from, for its user to recognise it by.
#[must_use]
pub fn client_of(context: &RequestContext, headers: &HeaderMap) -> Client {
    let agent = headers.get(header::USER_AGENT);
    let agent = agent.and_then(|value| value.to_str().ok());
    Client {
        address: Some(context.address.to_string()),
        agent: agent.map(str::to_owned),
    }
}

/// Begins a session by an email and a password. Attempts are counted before anybody is looked
/// for, by the email and the address they come from, and before the password is looked at by the
/// user; nobody else waits for it.
///
/// # Errors
/// `Unauthenticated`, whatever is wrong; `RateLimited` after too many failures; as
/// [`directory::Directory::log_in`].
pub async fn by_password(
    app: &Shared,
    context: &RequestContext,
    headers: &HeaderMap,
    email: &str,
    credentials: Credentials,
) -> Result<Started, Failure> {
    let tenant = tenant_of(app, headers).await?;
    let principal = principal_of_email(tenant, email);
    attempt(app, context, &principal)?;
    let resolved = app.directory.resolve_login(tenant, email).await;
    let entered = match resolved {
        Ok(resolved) => enter(app, context, headers, resolved, credentials).await,
        Err(cause) => Err(cause),
    };
    if !matches!(entered, Err(Error::Unauthenticated)) {
        app.throttle.forgive(&principal, context.address);
    }
    Ok(entered?)
}

async fn enter(
    app: &Shared,
    context: &RequestContext,
    headers: &HeaderMap,
    resolved: Resolved,
    credentials: Credentials,
) -> Result<Started, Error> {
    let (user, address) = (resolved.principal(), context.address);
    if let Some(user) = &user {
        let now = app.directory.clock().now();
        let counted = app.throttle.attempt_also(user, address, now);
        counted.map_err(Error::from)?;
    }
    let client = client_of(context, headers);
    let entered = app
        .directory
        .log_in(resolved, credentials, client, &context.id)
        .await;
    if let Some(user) = user.filter(|_| !matches!(entered, Err(Error::Unauthenticated))) {
        app.throttle.forgive_also(&user, address);
    }
    entered
}

/// Begins a session by a key's id and secret.
///
/// # Errors
/// As [`by_password`], and as [`start_by_key`].
pub async fn by_key(
    app: &Shared,
    context: &RequestContext,
    headers: &HeaderMap,
    id: String,
    secret: SecretString,
) -> Result<Started, Failure> {
    attempt(app, context, &id)?;
    let (client, request) = (client_of(context, headers), context.id.clone());
    let key = id.clone();
    let start = move |tx: &Tx<'_>| start_by_key(tx, &key, &secret, &client, &request);
    let entered = app.directory.write(start).await;
    if !matches!(entered, Err(Error::Unauthenticated)) {
        app.throttle.forgive(&id, context.address);
    }
    Ok(entered?)
}

/// Counts a link that was found to be wrong. Right ones are not asked for this: so who guesses
/// shuts out nobody at the same address.
///
/// # Errors
/// `RateLimited` where too many were wrong before.
pub fn count_guess(app: &App, context: &RequestContext, what: &str) -> Result<(), Error> {
    let now = app.directory.clock().now();
    let checked = app.throttle.check(Some(what), context.address, now);
    checked.map_err(Error::from)?;
    app.throttle.failed(Some(what), context.address, now);
    Ok(())
}

/// Counts an attempt by who it is about and where it comes from.
///
/// # Errors
/// `RateLimited` where too many failed.
pub fn attempt(app: &Shared, context: &RequestContext, principal: &str) -> Result<(), Failure> {
    let now = app.directory.clock().now();
    let counted = app.throttle.attempt(principal, context.address, now);
    Ok(counted.map_err(Error::from)?)
}
