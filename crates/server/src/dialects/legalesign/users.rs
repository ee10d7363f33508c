//! `/api/v1/user/`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::permission::Permission;
use directory::store::{GroupKey, Tx};
use directory::users::{self, GroupGrant, Include, UserKey};
use directory::violation::{Path, Violations};
use directory::{Actor, Error, groups};

use super::wire::{self, NamedGroup, NewUser};
use super::{Caller, Username};
use crate::http::failure::Failure;
use crate::http::{Shared, body, reply};

/// `POST /api/v1/user/`: 201 without a body (seed 004).
///
/// With a password the user joins the groups at once, and `Location` says where they are.
/// Without one they are sent a link to set it, join the groups by doing so, and there is no
/// `Location`.
pub(super) async fn create(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::CreateUsers)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let NewUser {
        mut change,
        password,
        groups,
        permission,
        mut violations,
    } = wire::user_in(&object);
    let (known, unknown) = find_groups(&app, &actor, groups).await?;
    violations.extend(unknown);
    change.groups = known
        .into_iter()
        .map(|group_id| GroupGrant {
            path: Path::field("groups"),
            group_id,
            permission,
        })
        .collect();
    change.password = app.directory.hash_password(password, &violations).await?;
    let has_password = change.password.is_some();
    let write = move |tx: &Tx<'_>| {
        users::create(tx, &actor, &change, violations.clone(), Include::default())
    };
    let view = app.directory.write(write).await?;
    let mut response = reply::empty(StatusCode::CREATED);
    if has_password {
        let location =
            HeaderValue::try_from(wire::user_uri(&view.user.uid)).map_err(Error::internal)?;
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The numbers of the groups that are there, and a violation for each that is not.
async fn find_groups(
    app: &Shared,
    actor: &Actor,
    named: Vec<NamedGroup>,
) -> Result<(Vec<i64>, Violations), Error> {
    if named.is_empty() {
        return Ok((Vec::new(), Violations::new()));
    }
    let actor = actor.clone();
    let find = move |tx: &Tx<'_>| {
        let mut known = Vec::new();
        let mut unknown = Violations::new();
        for group in &named {
            match groups::id_of(tx, &actor, &GroupKey::Slug(group.slug.clone())) {
                Ok(id) => known.push(id),
                Err(Error::NotFound) => unknown.field("groups", group.unknown()),
                Err(cause) => return Err(cause),
            }
        }
        Ok((known, unknown))
    };
    app.directory.read(find).await
}

/// `GET /api/v1/user/{username}/`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Username(username): Username,
) -> Result<Response, Failure> {
    let include = Include {
        groups: true,
        ..Include::default()
    };
    let find = move |tx: &Tx<'_>| {
        let key = UserKey::Uid(username.clone());
        users::get(tx, &actor, &key, include)
    };
    let view = app.directory.read(find).await?;
    Ok(reply::json(StatusCode::OK, &wire::user_out(&view)))
}
