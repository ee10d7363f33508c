//! `/auth`: logging in and out (contracts, pulse, Calls). These calls need no account.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::model::{GrantedRole, UserView};
use directory::sessions::{self, Credentials, Session};
use directory::store::{Tx, UserKey};
use directory::{Actor, Error, TenantId, grants, users};
use secrecy::{ExposeSecret as _, SecretString};

use super::quirks;
use super::users::INCLUDE;
use super::wire::{LoginIn, SessionOut, login_in};
use crate::http::auth::{after_scheme, authenticate, bearer};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::{Shared, login, reply};

/// `POST /auth/login` `{"email","password"}` or `{"apiKey","apiSecret"}`: 200 with the session and
/// its token; 401 whatever of the pair is wrong.
pub(super) async fn login(
    State(app): State<Shared>,
    context: RequestContext,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let object = quirks::json_object(&app, &headers, body, &app.limits).await?;
    let started = match login_in(&object).map_err(Error::Invalid)? {
        LoginIn::Password {
            email,
            password,
            new_password,
        } => {
            let credentials = Credentials {
                password,
                new_password,
            };
            login::by_password(&app, &context, &headers, &email, credentials).await?
        }
        LoginIn::Key { id, secret } => login::by_key(&app, &context, &headers, id, secret).await?,
    };
    let tenant = directory::secret::tenant_of(started.token.expose_secret());
    let tenant = tenant.ok_or_else(|| Error::internal("a token without a tenant"))?;
    answer(&app, tenant, started.session, None, &started.token).await
}

/// `GET /auth/session`: 200 with the session that the call came by; 401 for a key.
pub(super) async fn session(
    State(app): State<Shared>,
    context: RequestContext,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let actor = authenticate(&app, &context, bearer(&headers)).await?;
    let token: SecretString = after_scheme(&headers, "Bearer")
        .unwrap_or_default()
        .to_owned()
        .into();
    let (tenant, acting) = (actor.tenant, actor.email.clone());
    let session = app
        .directory
        .read(move |tx| sessions::current(tx, &actor))
        .await?;
    answer(&app, tenant, session, acting, &token).await
}

/// `POST /auth/logout`: 204; the token holds no more.
pub(super) async fn logout(
    State(app): State<Shared>,
    context: RequestContext,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let actor = authenticate(&app, &context, bearer(&headers)).await?;
    app.directory
        .write(move |tx| sessions::log_out(tx, &actor))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

async fn answer(
    app: &Shared,
    tenant: TenantId,
    session: Session,
    acting: Option<String>,
    token: &SecretString,
) -> Result<Response, Failure> {
    let user = session.user_id;
    let read = move |tx: &Tx<'_>| -> Result<(UserView, Vec<GrantedRole>), Error> {
        // Who has a session sees themselves, whatever else they may see.
        let system = Actor::system(tenant, "");
        let view = users::get(tx, &system, &UserKey::Id(user), INCLUDE)?;
        Ok((view, grants::roles(tx, &system, user)?))
    };
    let (view, roles) = app.directory.read(read).await?;
    let token = token.expose_secret();
    let out = SessionOut::of(&session, &view, &roles, acting.as_deref(), token);
    let mut response = reply::json(StatusCode::OK, &out);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
