//! The links of messages: the secret in the path is all the authority there is. No cookie goes
//! with it, so no other site can use one.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use directory::Error;
use directory::store::Tx;
use secrecy::SecretString;

use crate::http::Shared;
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::login::count_guess;

/// The secret in the path.
pub(super) struct Token(pub(super) SecretString);

impl FromRequestParts<Shared> for Token {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        path.map(|Path(text)| Self(text.into()))
            .map_err(|_| Error::NotFound.into())
    }
}

/// What a link leads to, as `open` finds it. Links that are not found are counted under `what`:
/// after too many from one address, wrong ones are told to wait. A right one works there all the
/// same, for many people may share an address.
pub(super) async fn opened<T: Send + 'static>(
    app: &Shared,
    context: &RequestContext,
    token: &Token,
    what: &str,
    open: impl Fn(&Tx<'_>, &SecretString) -> Result<T, Error> + Send + Sync + 'static,
) -> Result<T, Failure> {
    let secret = token.0.clone();
    let found = app.directory.read(move |tx| open(tx, &secret)).await;
    if matches!(found, Err(Error::NotFound)) {
        count_guess(app, context, what)?;
    }
    Ok(found?)
}
