//! What the server says of its APIs: documents of OpenAPI 3.1, made from the code that answers
//! (`docs/decisions/0012-api-documents.md`).
//!
//! Each dialect describes its operations as data in its `openapi` module. Values, patterns and
//! limits come from the constants and enums that the handlers use. What is said is held by
//! tests: every answer that a scenario sees is checked against its dialect's document.

mod assemble;
mod examples;
pub mod operation;
pub mod ordered;
pub mod schema;

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use examples::Examples;
use operation::Api;
use ordered::Ordered;

use crate::dialects::{legalesign, native, platformos, pulse, wonolo};
use crate::http::failure::Failure;
use crate::http::{Shared, reply};

/// What is had of one dialect.
struct Source {
    api: fn() -> Api,
    examples: &'static str,
}

/// The dialects that have a document, the one for new clients first.
pub const NAMES: [&str; 5] = ["native", "wonolo", "pulse", "platformos", "legalesign"];

fn source(name: &str) -> Option<Source> {
    let (api, examples): (fn() -> Api, _) = match name {
        "native" => (
            native::openapi::api,
            include_str!("../../../../openapi/examples/native.json"),
        ),
        "wonolo" => (
            wonolo::openapi::api,
            include_str!("../../../../openapi/examples/wonolo.json"),
        ),
        "pulse" => (
            pulse::openapi::api,
            include_str!("../../../../openapi/examples/pulse.json"),
        ),
        "platformos" => (
            platformos::openapi::api,
            include_str!("../../../../openapi/examples/platformos.json"),
        ),
        "legalesign" => (
            legalesign::openapi::api,
            include_str!("../../../../openapi/examples/legalesign.json"),
        ),
        _ => return None,
    };
    Some(Source { api, examples })
}

/// What a dialect says of itself; none for a name that has no document.
#[must_use]
pub fn api(name: &str) -> Option<Api> {
    source(name).map(|source| (source.api)())
}

/// The document of a dialect.
#[must_use]
pub fn document(name: &str) -> Option<Ordered> {
    let source = source(name)?;
    let examples = Examples::read(source.examples);
    Some(assemble::document(&(source.api)(), &examples))
}

/// The document of a dialect as it is printed and checked in.
#[must_use]
pub fn printed(name: &str) -> Option<String> {
    let mut text = serde_json::to_string_pretty(&document(name)?).ok()?;
    text.push('\n');
    Some(text)
}

/// The documents as they are served, made once.
static SERVED: LazyLock<Vec<(&str, bytes::Bytes)>> = LazyLock::new(|| {
    let made = NAMES.into_iter().filter_map(|name| {
        let bytes = serde_json::to_vec(&document(name)?).ok()?;
        Some((name, bytes.into()))
    });
    made.collect()
});

/// The document of a dialect as it is served.
#[must_use]
pub fn served(name: &str) -> Option<bytes::Bytes> {
    let found = SERVED.iter().find(|(each, _)| *each == name);
    found.map(|(_, bytes)| bytes.clone())
}

/// Its routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/openapi.json", get(async || answer("native")))
        .route("/openapi/{file}", get(show))
}

/// `GET /openapi/{dialect}.json`.
async fn show(path: Result<Path<String>, PathRejection>) -> Result<Response, Failure> {
    let file = path.map(|Path(file)| file).unwrap_or_default();
    answer(file.strip_suffix(".json").unwrap_or_default())
}

fn answer(name: &str) -> Result<Response, Failure> {
    match served(name) {
        Some(document) => Ok(reply::typed(StatusCode::OK, "application/json", document)),
        None => Err(directory::Error::NotFound.into()),
    }
}
