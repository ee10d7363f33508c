//! `/unsubscribe/{token}`: where the links in notifications and digests lead. The signature in the
//! token is all the authority there is, and all it is for: turning off what it names.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use directory::notifications::{self, Cadence, Standing, Unsubscription};
use directory::secret::{MAX_CREDENTIAL, SealingKey, same, tenant_of};
use directory::{Error, TenantId};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{message, page};
use crate::deliver::base_url::BaseUrl;
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::login::count_guess;
use crate::http::{App, Shared, body};

/// What wrong links are counted under, beside the address they come from.
const GUESSING: &str = "links of messages";

/// What a link turns off, for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link {
    tenant: TenantId,
    user: i64,
    what: Unsubscription,
}

/// The token that turns something off for a user: `TENANT-USER.NAME.SIGNATURE`. It is no secret of
/// the user's, and does nothing else.
pub(crate) fn token(key: &SealingKey, tenant: TenantId, user: i64, what: Unsubscription) -> String {
    let name = what.name();
    let signed = key.token(tenant, &format!("unsubscribe:{user}:{name}"));
    // Behind its tenant, which the token begins with anyway.
    let signature = signed.expose_secret().split_once('-');
    let signature = signature.map(|(_, rest)| rest).unwrap_or_default();
    format!("{}-{user}.{name}.{signature}", tenant.0)
}

/// Where a token leads.
pub(crate) fn link(base: &BaseUrl, token: &str) -> String {
    base.link(&format!("unsubscribe/{token}"), &[])
}

fn link_of(key: &SealingKey, given: &str) -> Option<Link> {
    if given.len() > MAX_CREDENTIAL {
        return None;
    }
    let tenant = tenant_of(given)?;
    let (_, rest) = given.split_once('-')?;
    let mut parts = rest.splitn(3, '.');
    let user = parts.next()?.parse().ok()?;
    let what = Unsubscription::parse(parts.next()?)?;
    same(&token(key, tenant, user, what), given).then_some(Link { tenant, user, what })
}

/// What a link names. Wrong ones are slowed down by the address that they come from; a right one
/// works there all the same, for many people may share an address.
fn opened(
    app: &App,
    context: &RequestContext,
    path: Result<Path<String>, PathRejection>,
) -> Result<Option<Link>, Failure> {
    let found = path
        .ok()
        .and_then(|Path(text)| link_of(&app.sealing_key, &text));
    if found.is_none() {
        count_guess(app, context, GUESSING)?;
    }
    Ok(found)
}

/// `GET /unsubscribe/{token}`: a page with a button. Changes nothing, for what reads mail ahead of
/// people opens links too.
pub(super) async fn show(
    State(app): State<Shared>,
    context: RequestContext,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let Some(link) = opened(&app, &context, path)? else {
        return Ok(nowhere()?);
    };
    let Link { tenant, user, what } = link;
    let read = move |tx: &directory::store::Tx<'_>| notifications::standing(tx, tenant, user, what);
    match app.directory.read(read).await {
        Ok(Standing::On { but_mandatory }) => Ok(question(what, but_mandatory)?),
        Ok(standing) => Ok(told(what, standing)?),
        Err(Error::NotFound) => Ok(nowhere()?),
        Err(cause) => Err(cause.into()),
    }
}

/// `POST /unsubscribe/{token}`: 200 once no more are sent. What is in the body does not count:
/// mail programs send `List-Unsubscribe=One-Click` (RFC 8058), the page's button nothing.
pub(super) async fn turn_off(
    State(app): State<Shared>,
    context: RequestContext,
    path: Result<Path<String>, PathRejection>,
    body: Body,
) -> Result<Response, Failure> {
    let Some(link) = opened(&app, &context, path)? else {
        return Ok(nowhere()?);
    };
    body::bytes(&app, body).await?;
    let Link { tenant, user, what } = link;
    let request = context.id;
    let write = move |tx: &directory::store::Tx<'_>| {
        notifications::unsubscribe(tx, tenant, user, what, &request)
    };
    match app.directory.write(write).await {
        Ok(standing) => Ok(told(what, standing)?),
        Err(Error::NotFound) => Ok(nowhere()?),
        Err(cause) => Err(cause.into()),
    }
}

/// What the messages are, in words.
fn named(what: Unsubscription) -> String {
    match what {
        Unsubscription::Event(event) => {
            format!("Emails of this kind: {}", event.entry().description)
        }
        Unsubscription::Digest(Cadence::Weekly) => "Weekly digests by email.".to_owned(),
        Unsubscription::Digest(Cadence::Monthly) => "Monthly digests by email.".to_owned(),
    }
}

/// What is said where some of what a digest tells cannot be turned off.
const REST: &str = "What everybody is told of goes on.";

fn question(what: Unsubscription, but_mandatory: bool) -> Result<Response, Error> {
    let rest = but_mandatory.then_some(REST);
    let values = json!({ "title": "Stop these emails?", "text": named(what), "rest": rest });
    page(StatusCode::OK, "unsubscribe.html", &values)
}

fn told(what: Unsubscription, standing: Standing) -> Result<Response, Error> {
    let (title, text) = match (standing, what) {
        (Standing::On { .. } | Standing::Off, _) => {
            ("You get no more of these emails", named(what))
        }
        (Standing::Mandatory, Unsubscription::Event(_)) => {
            ("These emails cannot be turned off", named(what))
        }
        (Standing::Mandatory, Unsubscription::Digest(_)) => (
            "You get no more of these emails but what everybody is told",
            format!("{} {REST}", named(what)),
        ),
    };
    message(StatusCode::OK, title, &text)
}

fn nowhere() -> Result<Response, Error> {
    let text = "Check that the whole link was opened.";
    message(StatusCode::NOT_FOUND, "This link does not work", text)
}

#[cfg(test)]
mod tests {
    use directory::event::EventType;

    use super::*;

    fn key() -> SealingKey {
        SealingKey::derive(b"secret key")
    }

    #[test]
    fn a_link_opens_for_its_own_user_and_purpose_alone() {
        let what = Unsubscription::Event(EventType::LeadCreated);
        let tenant = TenantId(1);
        let good = token(&key(), tenant, 17, what);
        let user = 17;
        assert_eq!(link_of(&key(), &good), Some(Link { tenant, user, what }));
        let other = SealingKey::derive(b"another");
        assert_eq!(link_of(&other, &good), None);
        for (from, to) in [
            ("1-17", "1-18"),
            ("1-17", "2-17"),
            ("1-17", "1-017"),
            ("1-17", "1-+17"),
            ("lead_created", "lead_updated"),
            ("lead_created", "weekly_email_digest"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            assert_eq!(link_of(&key(), &bad), None, "{bad}");
        }
        for end in 0..good.len() {
            assert_eq!(link_of(&key(), &good[..end]), None, "cut at {end}");
        }
        assert_eq!(link_of(&key(), &format!("{good}x")), None);
    }

    #[test]
    fn a_digest_has_a_link_of_its_own() {
        for cadence in Cadence::ALL {
            let what = Unsubscription::Digest(cadence);
            let link = link_of(&key(), &token(&key(), TenantId(3), 2, what));
            assert_eq!(link.map(|link| link.what), Some(what));
        }
    }
}
