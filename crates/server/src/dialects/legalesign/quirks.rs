//! What nobody would guess of this API, with why it is so and where that is written.
//!
//! - What is taken is a 400 like any other broken rule, never a 409: the vendor's published
//!   client tries a 409 again (contracts, legalesign: Conventions).
//! - What a user does not have is shown as null and not as `""`: each field of a user in
//!   that client is optional, names and times alike (`legalesign` 1.1.1,
//!   `UserRetrieveResponse`).
//! - A `redirect_to` leads only where the tenant's allow-list says (`/v1/redirects`,
//!   `muster redirect`), exactly (contracts, legalesign: Users).
//! - What a group has for documents (header, footer, sizes, default texts) is null, and a group
//!   is always active: this directory keeps no documents (contracts, legalesign: Groups).
//! - Who makes a group with a key that has an owner is its first member, with permission 1:
//!   nobody else could let anyone in. They must administer a group already.
//! - A subscription is told of at once, whatever it asks for: the vendor's `all` waits six
//!   minutes. It is signed like any webhook; its secret is told by rotating it at
//!   `/v1/webhooks`, where it is listed too. Webhooks that were made there are not listed here.
//! - A key whose owner's permissions count subscribes to a group that they administer, never to
//!   everything.
//! - A key with Public Pool access makes no users here: the same key may not in the dialect
//!   that defines that access (seed 001).

use std::collections::BTreeSet;

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use directory::event::EventType;
use directory::model::GroupPermission;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::http::failure::Failure;
use crate::http::reply;

/// Every path ends in a slash. `GET` and `HEAD` without it are sent to the path with it,
/// query and all; any other method is not, because a client that followed would send no
/// body, so there it is no path at all (contracts, legalesign: Conventions).
///
/// # Errors
/// [`Failure::NoRoute`] for any other method.
pub(super) async fn add_slash(method: Method, uri: Uri) -> Result<Response, Failure> {
    if !matches!(method, Method::GET | Method::HEAD) {
        return Err(Failure::NoRoute);
    }
    let query = uri.query().map(|query| format!("?{query}"));
    let to = format!("{}/{}", uri.path(), query.unwrap_or_default());
    let mut response = reply::empty(StatusCode::MOVED_PERMANENTLY);
    if let Ok(to) = HeaderValue::try_from(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    Ok(response)
}

/// A time as it is shown here: UTC to the second, without saying that it is UTC
/// (`2026-11-21T04:50:40`; contracts, legalesign: Conventions).
pub(super) struct NaiveTime(pub Timestamp);

impl Serialize for NaiveTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.strftime("%Y-%m-%dT%H:%M:%S"))
    }
}

/// The time zone of who names none (seed 004, `timezone`). A user made elsewhere without
/// one is shown in it too, since every user of this API has one; it is not stored for them.
pub(super) const DEFAULT_TIMEZONE: &str = "UTC";

/// The permission in a group where none is named: 3, to read, the least of the six. The
/// vendor's page for members gives 3 to 6 other meanings than its page for users; one
/// number has one meaning here, that of the latter (seed 004, `permission`; contracts,
/// legalesign: Users).
pub(super) const DEFAULT_PERMISSION: GroupPermission = GroupPermission::ReadTeam;

/// The vendor's expression for names allows 75 characters, and its limit beside it 30: the
/// lesser holds, for both names (seed 004, `first_name`, `last_name`). The expression has
/// no end, so that read as it stands it would accept any text that begins well; here the
/// whole text must match (contracts, legalesign: Users). A single space does.
pub(super) const MAX_NAME: usize = 30;

/// Most characters of an email here; the directory itself takes longer ones (seed 004,
/// `email`).
pub(super) const MAX_EMAIL: usize = 75;

/// Most groups that one user may be put into by one request, so that its size bounds the
/// work that it causes. The vendor names no limit.
pub(super) const MAX_GROUPS: usize = 100;

/// Rows of a list where no limit is said, and at most; 0 asks for the most. So many members are
/// named by a group itself, too: `/member/` lists the rest (contracts, legalesign:
/// Conventions).
pub(super) const DEFAULT_LIMIT: i64 = 20;
pub(super) const MAX_LIMIT: i64 = 1_000;

/// Fewest and most characters of a group's name, and most of its public one (contracts,
/// legalesign: Groups).
pub(super) const MIN_GROUP_NAME: usize = 4;
pub(super) const MAX_GROUP_NAME: usize = 60;
pub(super) const MAX_PUBLIC_NAME: usize = 60;

/// When a subscription is told, by the name that asks for it and the number that shows it
/// (contracts, legalesign: Groups, members, invitations).
pub(super) const NOTIFY: [(&str, i64); 5] = [
    ("all", 1),
    ("signed", 2),
    ("sent", 3),
    ("rejected", 4),
    ("realtime", 10),
];

/// What a subscription can be narrowed to (`legalesign` 1.1.1, `WebhookEventFilterEnum`).
pub(super) const EVENT_FILTERS: [&str; 11] = [
    "",
    "document.*",
    "document.created",
    "document.rejected",
    "document.finalPdfCreated",
    "recipient.*",
    "recipient.completed",
    "recipient.rejected",
    "recipient.emailOpened",
    "recipient.visiting",
    "recipient.bounced",
];

/// The events that a subscription is told of; an empty set is all of them. Documents are not
/// kept here, so what is invited, answers or bounces stands for a recipient, and what has no
/// counterpart is told of nothing: of the event without a name, which the server never causes.
pub(super) fn event_types(notify: i64, filter: &str) -> BTreeSet<EventType> {
    use EventType as E;
    let rejected = [E::InvitationRevoked, E::InvitationExpired];
    let by_notify: Option<Vec<E>> = match notify {
        2 => Some(vec![E::InvitationAccepted]),
        3 => Some(vec![E::InvitationCreated]),
        4 => Some(rejected.to_vec()),
        _ => None,
    };
    let by_filter: Option<Vec<E>> = match filter {
        "" => None,
        "recipient.*" => Some(vec![
            E::InvitationCreated,
            E::InvitationAccepted,
            E::InvitationRevoked,
            E::InvitationExpired,
            E::MessageFailed,
        ]),
        "recipient.completed" => Some(vec![E::InvitationAccepted]),
        "recipient.rejected" => Some(rejected.to_vec()),
        "recipient.bounced" => Some(vec![E::MessageFailed]),
        _ => Some(Vec::new()),
    };
    let both: BTreeSet<E> = match (by_notify, by_filter) {
        (None, None) => return BTreeSet::new(),
        (Some(one), None) | (None, Some(one)) => one.into_iter().collect(),
        (Some(one), Some(other)) => one
            .into_iter()
            .filter(|each| other.contains(each))
            .collect(),
    };
    if both.is_empty() {
        BTreeSet::from([E::NoEventName])
    } else {
        both
    }
}
