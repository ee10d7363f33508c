//! The whole route table.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::routing::get;
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;

use crate::deliver::inbox::{self, Inbox};
use crate::dialects::{legalesign, native, platformos, pulse, wonolo};
use crate::http::failure::Failure;
use crate::http::{Shared, context, health, metrics};
use crate::openapi;
use crate::pages;

/// The public listener: every dialect, the pages that messages lead to, and the health of
/// the server.
pub fn public(app: Shared) -> Router {
    around(public_routes(), app)
}

/// The public listener during development: the inbox with what would have been sent as well.
pub fn development(app: Shared, inbox: Inbox) -> Router {
    around(public_routes().merge(inbox::routes(inbox)), app)
}

fn public_routes() -> Router<Shared> {
    Router::new()
        .merge(wonolo::routes())
        .merge(pulse::routes())
        .merge(platformos::routes())
        .merge(legalesign::routes())
        .merge(native::routes())
        .merge(pages::routes())
        .merge(openapi::routes())
        .merge(health_routes())
}

/// The management listener: health and metrics.
pub fn management(app: Shared) -> Router {
    let routes = health_routes().route("/metrics", get(metrics::show));
    wrapped(routes, app, None)
}

fn health_routes() -> Router<Shared> {
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
}

/// What stands around every route: no path and no method are failures like any other, a
/// panic is one request's 500, pages of the origins that are allowed may call, and each request
/// has its context.
pub fn around(routes: Router<Shared>, app: Shared) -> Router {
    let cors = app.cors.layer();
    wrapped(routes, app, cors)
}

fn wrapped(routes: Router<Shared>, app: Shared, cors: Option<CorsLayer>) -> Router {
    routes
        .method_not_allowed_fallback(async || Failure::MethodNotAllowed)
        .fallback(async || Failure::NoRoute)
        .layer(CatchPanicLayer::custom(|_| {
            Failure::from(directory::Error::internal("a handler panicked")).into_response()
        }))
        .layer(option_layer(cors))
        .layer(from_fn_with_state(app.clone(), context::serve))
        .with_state(app)
}
