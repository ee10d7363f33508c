//! `/v1/users/{id}/roles` and `/v1/users/{id}/permissions`: what a user may do, and where.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::grants::{self, DirectPermissions};
use directory::model::GrantedRole;
use directory::permission::Permission;
use directory::store::Tx;
use serde::Serialize;

use super::wire::{GrantedOut, PermissionsOut, granted_in};
use super::{Caller, Id};
use crate::http::failure::Failure;
use crate::http::{Shared, body, reply};

/// A list that is never so long that it has pages.
#[derive(Serialize)]
struct Whole<T> {
    data: Vec<T>,
}

fn roles_out(roles: &[GrantedRole]) -> Response {
    let data = roles.iter().map(GrantedOut::of).collect();
    reply::json(StatusCode::OK, &Whole { data })
}

fn permissions_out(direct: &[DirectPermissions]) -> Response {
    let data = direct.iter().map(PermissionsOut::of).collect();
    reply::json(StatusCode::OK, &Whole { data })
}

/// `GET /v1/users/{id}/roles`: tenant-wide and in each account.
pub(super) async fn roles(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(user): Id,
) -> Result<Response, Failure> {
    let roles = app
        .directory
        .read(move |tx| grants::roles(tx, &actor, user))
        .await?;
    Ok(roles_out(&roles))
}

/// `PUT /v1/users/{id}/roles` `{"account_id"?,"roles":["viewer"]}`: exactly these in one account,
/// or tenant-wide; 200 with all that the user has.
pub(super) async fn set_roles(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(user): Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateRoles)?;
    let object = body::json_object(&app, &headers, body).await?;
    let new = granted_in(&object, "roles");
    let write = move |tx: &Tx<'_>| {
        let violations = new.violations.clone();
        grants::set_roles(tx, &actor, user, new.place, &new.roles, violations)?;
        grants::granted_roles(tx, &actor, user)
    };
    Ok(roles_out(&app.directory.write(write).await?))
}

/// `GET /v1/users/{id}/permissions`: those that come from no role.
pub(super) async fn permissions(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(user): Id,
) -> Result<Response, Failure> {
    let direct = app
        .directory
        .read(move |tx| grants::permissions(tx, &actor, user))
        .await?;
    Ok(permissions_out(&direct))
}

/// `PUT /v1/users/{id}/permissions` `{"account_id"?,"permissions":["readUsers"]}`: exactly these in
/// one account, or tenant-wide; 200 with all that come from no role.
pub(super) async fn set_permissions(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(user): Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateRoles)?;
    let object = body::json_object(&app, &headers, body).await?;
    let new = granted_in(&object, "permissions");
    let write = move |tx: &Tx<'_>| {
        let (place, violations) = (new.place, new.violations.clone());
        grants::set_permissions(tx, &actor, user, place, new.permissions, violations)?;
        grants::granted_permissions(tx, &actor, user)
    };
    Ok(permissions_out(&app.directory.write(write).await?))
}
