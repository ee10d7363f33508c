//! `pulse`: the users of a merchant CRM (seed 002; contracts, pulse).
//!
//! Every call names its account in `x-account-id` and happens inside it, but for those of
//! `/auth`.

mod auth;
pub mod error;
mod list;
mod notifications;
pub mod openapi;
mod preferences;
mod quirks;
mod users;
mod wire;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::routing::{get, post};
use directory::model::UserView;
use directory::permission::PermissionSet;
use directory::store::Tx;
use directory::violation::Rule;
use directory::{Actor, Error, accounts};

use crate::http::Shared;
use crate::http::auth::{ACCOUNT_HEADER, authenticate, bearer};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;

/// Its routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/auth/login", post(auth::login))
        .route("/auth/session", get(auth::session))
        .route("/auth/logout", post(auth::logout))
        .route("/users", get(list::list).post(users::create))
        .route(
            "/users/{user}",
            get(users::show).patch(users::update).delete(users::delete),
        )
        .route(
            "/users/{user}/notification-preferences",
            get(preferences::show).put(preferences::replace),
        )
        .route("/users/{user}/notifications", get(notifications::list))
        .route(
            "/users/{user}/notifications/read",
            post(notifications::read_all),
        )
        .route(
            "/users/{user}/notifications/{id}/read",
            post(notifications::read),
        )
}

/// Who calls, by `Authorization: Bearer`, and the account of `x-account-id` that they act in.
#[derive(Clone)]
pub struct Caller {
    /// As the credential has it: for what they have part in besides this account.
    credential: Actor,
    account: i64,
}

impl Caller {
    /// The account of the header.
    pub(super) fn account(&self) -> i64 {
        self.account
    }

    /// The caller inside the account: seeing its members alone, and what they do counts to it.
    pub(super) fn actor(&self) -> Actor {
        self.credential.clone().within_account(self.account)
    }

    /// The account that the caller knows of, of those that a user may have something in: that of
    /// the header. None for who has part in all of them.
    pub(super) fn within(&self) -> Option<i64> {
        let everywhere =
            self.credential.account.is_none() && self.credential.permissions == PermissionSet::ALL;
        (!everywhere).then_some(self.account)
    }

    /// A user as the caller may know them: without the rules for accounts that the caller has no
    /// part in, but for who looks at themselves, in person.
    pub(super) fn seen(&self, mut view: UserView) -> UserView {
        let in_person = self.credential.acting_as().is_none();
        if !(in_person && self.credential.is_user(view.user.id)) {
            let part = |account: i64| self.credential.has_part_in(account);
            view.preferences
                .retain(|rule| rule.account_id.is_none_or(part));
        }
        view
    }

    /// Whether an account exists and the caller has part in it; the two are never told apart.
    ///
    /// # Errors
    /// Storage errors.
    pub(super) fn reaches(&self, tx: &Tx<'_>, account: i64) -> Result<bool, Error> {
        reaches(tx, &self.credential, account)
    }
}

fn reaches(tx: &Tx<'_>, actor: &Actor, account: i64) -> Result<bool, Error> {
    if !actor.has_part_in(account) {
        return Ok(false);
    }
    // To have part in an account needs no permission to read accounts.
    let anyone = Actor::system(actor.tenant, actor.request_id.as_str());
    match accounts::get(tx, &anyone, account) {
        Ok(_) => Ok(true),
        Err(Error::NotFound) => Ok(false),
        Err(cause) => Err(cause),
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let context = RequestContext::from_request_parts(parts, app).await?;
        let actor = authenticate(app, &context, bearer(&parts.headers)).await?;
        let no_part = Error::Forbidden("the caller has no part in the account");
        let Some(account) = account_of(&parts.headers)? else {
            return Err(no_part.into());
        };
        let asker = actor.clone();
        let read = move |tx: &Tx<'_>| reaches(tx, &asker, account);
        if !app.directory.read(read).await? {
            return Err(no_part.into());
        }
        Ok(Self {
            credential: actor,
            account,
        })
    }
}

/// The number in `x-account-id`; none where its digits can be no account's number.
///
/// # Errors
/// A refused parameter where the header is missing, empty, repeated or not digits alone.
fn account_of(headers: &HeaderMap) -> Result<Option<i64>, Failure> {
    let mut values = headers.get_all(ACCOUNT_HEADER).iter();
    let text = match values.next().map(|value| value.to_str()) {
        None | Some(Ok("")) => return Err(Failure::missing(ACCOUNT_HEADER)),
        Some(Ok(text)) => text,
        Some(Err(_)) => "",
    };
    if values.next().is_some() || !wire::is_digits(text) {
        return Err(Failure::refused(ACCOUNT_HEADER, text, Rule::BadFormat));
    }
    Ok(wire::id_of_digits(text))
}
