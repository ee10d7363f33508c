//! `/api_v2/authorize` and `/api_v2/authenticate`: a token for a key.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use directory::violation::{Expected, Rule};
use secrecy::SecretString;

use super::params::Params;
use super::wire::token_out;
use crate::http::auth::issue_token;
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::{Shared, reply};

/// `POST /api_v2/authorize`: 200 with a token that holds for 24 hours, beside others.
/// `api_key` and `secret_key` in query, form or JSON; one missing is 422, a wrong one 401.
pub(super) async fn issue(
    State(app): State<Shared>,
    context: RequestContext,
    params: Params,
) -> Result<Response, Failure> {
    let (id, secret) = key_in(&params)?;
    let (token, expires_at) = issue_token(&app, &context, id, secret).await?;
    Ok(reply::json(StatusCode::OK, &token_out(&token, expires_at)))
}

fn key_in(params: &Params) -> Result<(String, SecretString), Failure> {
    let missing: Vec<&str> = ["api_key", "secret_key"]
        .into_iter()
        .filter(|name| params.value(name).is_none())
        .collect();
    if !missing.is_empty() {
        return Err(Failure::missing(&missing.join(", ")));
    }
    let text = |name: &str| {
        // Its value is not shown: it may be the secret.
        params.text(name).ok_or_else(|| Failure::Parameter {
            name: name.to_owned(),
            value: None,
            rule: Rule::WrongType {
                expected: Expected::Text,
            },
        })
    };
    Ok((
        text("api_key")?.to_owned(),
        text("secret_key")?.to_owned().into(),
    ))
}
