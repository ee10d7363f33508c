//! `GET /users`: the members of the header's account (contracts, pulse, Calls).

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use directory::members;
use directory::model::UserView;
use directory::permission::Permission;
use directory::store::Tx;

use super::Caller;
use super::users::INCLUDE;
use super::wire::{Listing, UsersOut, listing_in};
use crate::http::failure::Failure;
use crate::http::{Shared, body, reply};

/// `GET /users`: 200 with a page, and how many there are in all.
pub(super) async fn list(
    State(app): State<Shared>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let (actor, account) = (caller.actor(), caller.account());
    actor.require(Permission::ReadUsers)?;
    let parameters = body::query(&app, query.as_deref())?;
    let Listing {
        filter,
        order,
        page,
    } = listing_in(&parameters)?;
    let read =
        move |tx: &Tx<'_>| members::page(tx, &actor, account, &filter, &order, page, INCLUDE);
    let (views, total) = app.directory.read(read).await?;
    let views: Vec<UserView> = views.into_iter().map(|each| caller.seen(each)).collect();
    let out = UsersOut::of(&views, page, total);
    Ok(reply::json(StatusCode::OK, &out))
}
