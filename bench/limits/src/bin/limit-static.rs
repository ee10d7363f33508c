//! axum answering a user of 600 bytes that never changes: what HTTP costs.

use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use limits::http;

const USER: &str = r#"{"id":1000001,"uid":"01a1fda05c0f7b8e91466deb7a9feb0f","kind":"worker","status":"active","suspended_at":null,"email":"user1000001@example.com","first_name":"Ada","middle_name":null,"last_name":"Lovelace001","name":"Ada Lovelace001","gender":null,"phone":"+442079460018","verified_phone":null,"avatar_url":null,"address":null,"city":"London","state":null,"zip":null,"timezone":"Europe/London","title":"Site supervisor","external_id":"external-1000001","rating":null,"groups":[],"badges":[],"created_at":"2026-11-21T10:21:47.407Z","updated_at":"2026-11-21T10:21:47.407Z","version":1,"notes":"nothing "}"#;
const _: () = assert!(USER.len() == 600);

async fn show() -> Response {
    http::json(StatusCode::OK, USER)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    http::serve(Router::new().route("/users/{id}", get(show))).await
}
