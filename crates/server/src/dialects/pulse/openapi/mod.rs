//! What this API says of itself (`GET /openapi/pulse.json`).

mod auth;
mod notifications;

use directory::event::EventType;
use directory::grants::MAX_NAMED;
use directory::model::{DeliveryChannel, Email, Phone};
use directory::permission::Permission;
use directory::users::longest;

use super::notifications::{MAX_PAGE, MAX_PAGE_SIZE, PAGE_SIZE};
use super::wire::{COLUMNS, MAX_ROLE, MAX_SEARCH, MAX_SORTS};
use crate::http::auth::ACCOUNT_HEADER;
use crate::openapi::operation::{Api, Content, Credential, Operation, SharedAnswer};
use crate::openapi::ordered::Members;
use crate::openapi::schema::{
    Schema, any_of, anything, boolean, by_name, count, id, input, integer, list, named, one_of,
    shape, text, time,
};

const DESCRIPTION: &str = "\
The users of a merchant CRM, for clients that speak its API already.

**Credential.** `Authorization: Bearer`, and `<key id>.<secret>` or the token of a session. Every call of `/users` names the account \
that it happens in as `x-account-id`; one that does not exist and one that the caller has no part \
in are told alike (403).

**Bodies** are JSON objects; what is not known is ignored, and a text holds no NUL. What is not set \
comes out as null.

**Errors** are `{\"error\",\"status\",\"message\"}`; several faults stand in one message.";

/// The document's content.
#[must_use]
pub fn api() -> Api {
    let key = Members::of([
        ("type", "http"),
        ("scheme", "bearer"),
        ("description", "`<key id>.<secret>`"),
    ]);
    Api {
        name: "pulse",
        title: "Pulse merchant CRM",
        version: "1",
        description: DESCRIPTION.to_owned(),
        credential: Credential {
            schemes: vec![("key", key)],
            authorization: "Bearer {token}",
        },
        tags: vec![
            ("Users", "The members of an account."),
            ("Notifications", "What users are told of, and how."),
            ("Sessions", "Logging in and out."),
        ],
        schemas: schemas(),
        shared: shared(),
        operations: operations(),
    }
}

fn digits() -> Schema {
    text().pattern("^[0-9]+$")
}

/// The names of the catalogue, which preferences take.
fn events() -> Schema {
    let own = EventType::all().filter(|each| each.in_catalogue());
    one_of(own.map(EventType::name))
}

fn channels() -> Schema {
    list(one_of(DeliveryChannel::ALL.map(DeliveryChannel::name)))
}

/// What may be said of a user when they are made and later.
fn fields() -> Vec<(&'static str, Schema)> {
    let plain = |field: &str| text().longest(longest(field)).or_null();
    let roles = list(text().longest(MAX_ROLE)).at_most(MAX_NAMED).or_null();
    let preferences = list(named("NotificationPreference")).or_null();
    vec![
        ("name", plain("name")),
        ("phone", text().longest(Phone::MAX_LENGTH).or_null()),
        ("imgSrc", plain("avatar_url")),
        ("teamId", integer().or_null().says("A group.")),
        ("active", boolean().or_null().says("They are, unless said.")),
        ("roles", roles.says("Roles in this account, by name.")),
        ("notificationPreferences", preferences),
    ]
}

fn creation() -> Schema {
    let email = text().format("idn-email").longest(Email::MAX_LENGTH);
    input([("email", email)].into_iter().chain(fields())).requires(&["email"])
}

fn preference() -> Schema {
    let account = any_of(vec![digits(), id(), text().with("type", "null")]);
    input([
        ("event", events()),
        (
            "accountId",
            account.says("None: the rule of all accounts without one of their own."),
        ),
        ("deliveryPref", channels().or_null()),
    ])
    .requires(&["event"])
}

fn rules() -> Schema {
    by_name(named("NotificationRule"))
}

fn user() -> Schema {
    let accounts = Members::of([("accounts", by_name(rules()))]);
    let preferences = rules().with("properties", accounts);
    let permissions = one_of(Permission::ALL.map(Permission::name));
    shape([
        ("id", id()),
        ("email", text().or_null()),
        ("name", text().or_null()),
        ("active", boolean()),
        ("teamId", id().or_null()),
        ("phone", text().or_null()),
        ("imgSrc", text().or_null()),
        (
            "notificationPreferences",
            preferences.says("Rules by event; those of one account under `accounts`."),
        ),
        ("createdBy", text().or_null()),
        ("updatedBy", text().or_null()),
        ("createdAt", time()),
        ("updatedAt", time()),
        ("accounts", list(named("UserAccount"))),
        ("flatRolesList", list(text())),
        ("flatPermissionsList", list(permissions)),
    ])
}

fn schemas() -> Vec<(&'static str, Schema)> {
    let account = shape([
        ("accountId", digits()),
        ("accountName", text()),
        ("usersPrimaryAccount", boolean()),
        ("accountAdmin", boolean()),
    ]);
    let rule = shape([("deliveryPref", channels())]).field("accountId", digits(), false);
    let stored = shape([("event", events()), ("deliveryPref", channels())]);
    let stored = stored.field("accountId", digits(), false);
    let notification = shape([
        ("id", id()),
        ("event", text()),
        ("accountId", digits().or_null()),
        ("title", text()),
        ("data", anything()),
        ("createdAt", time()),
        ("readAt", time().or_null()),
    ]);
    let error = shape([
        ("error", text().says("The status in words.")),
        ("status", count(400, 599)),
        ("message", text()),
    ]);
    let mut all = vec![
        ("User", user()),
        ("UserAccount", account),
        ("UserCreation", creation()),
        ("UserUpdate", input(fields())),
        ("NotificationPreference", preference()),
        ("NotificationRule", rule),
        ("StoredPreference", stored),
        ("Notification", notification),
        ("Error", error),
    ];
    all.extend(auth::schemas(&user()));
    all
}

fn shared() -> Vec<SharedAnswer> {
    let told = |name, status, description: &'static str, headers: &[&'static str]| SharedAnswer {
        name,
        status,
        description: description.into(),
        content: Some(Content::json(named("Error"))),
        headers: headers.to_vec(),
    };
    vec![
        told(
            "BadRequest",
            400,
            "The request cannot be read, or breaks rules.",
            &[],
        ),
        told(
            "Unauthenticated",
            401,
            "There is no credential, or a wrong one.",
            &["WWW-Authenticate"],
        ),
        told(
            "Forbidden",
            403,
            "The credential does not allow it, or not in this account.",
            &[],
        ),
        told(
            "NotFound",
            404,
            "There is no such user in this account.",
            &[],
        ),
        told("TooSlow", 408, "The body took too long to arrive.", &[]),
        told("Conflict", 409, "The email is another's.", &[]),
        told("TooLarge", 413, "The body is too large.", &[]),
        told("UnsupportedMediaType", 415, "The body is not JSON.", &[]),
        told(
            "RateLimited",
            429,
            "Too many wrong credentials came from there.",
            &["Retry-After"],
        ),
        told("Internal", 500, "The fault is the server's.", &[]),
        told(
            "Unavailable",
            503,
            "The server cannot do this now.",
            &["Retry-After"],
        ),
    ]
}

/// A call inside the account of its header.
fn call(operation: Operation) -> Operation {
    operation
        .needs_header(
            ACCOUNT_HEADER,
            digits(),
            "The account that the call happens in.",
        )
        .shares(&[
            "BadRequest",
            "Unauthenticated",
            "Forbidden",
            "RateLimited",
            "Internal",
            "Unavailable",
        ])
}

/// One with a body.
fn writing(operation: Operation, body: Schema) -> Operation {
    call(operation.takes(Content::json(body))).shares(&[
        "TooSlow",
        "TooLarge",
        "UnsupportedMediaType",
    ])
}

fn operations() -> Vec<Operation> {
    let make = Operation::post("/users", "createUser")
        .is("Users", "Makes a user, a member of the account")
        .says("They are sent a link to set a password.")
        .shares(&["Conflict"])
        .answers(201, "The user.", Content::json(named("User")));
    let show = Operation::get("/users/{user}", "getUser")
        .is("Users", "One member of the account")
        .names(
            "user",
            text().shortest(1),
            "An email, or the user's number.",
        )
        .shares(&["NotFound"])
        .answers(200, "The user.", Content::json(named("User")));
    let mut all = vec![writing(make, named("UserCreation")), call(show)];
    all.extend(members());
    all.extend(notifications::operations());
    all.extend(auth::operations());
    all
}

/// A list by pages.
fn paged(operation: Operation) -> Operation {
    let most = |most: usize| count(1, i64::try_from(most).unwrap_or(i64::MAX));
    operation
        .asks(
            "page",
            most(MAX_PAGE).unless_said(1_i64),
            "The page, from 1.",
        )
        .asks(
            "pageSize",
            most(MAX_PAGE_SIZE).unless_said(PAGE_SIZE),
            "Rows a page.",
        )
}

fn listing() -> Operation {
    let names = COLUMNS
        .iter()
        .flat_map(|(name, _)| [(*name).to_owned(), format!("-{name}")]);
    let sort = list(one_of(names)).at_least(1).at_most(MAX_SORTS);
    let text = || text().shortest(1).longest(MAX_SEARCH);
    let operation = Operation::get("/users", "listUsers")
        .is("Users", "The members of the account, by pages")
        .asks(
            "search",
            text(),
            "Part of an email or a name, in whatever case.",
        )
        .asks(
            "sort",
            sort,
            "Fields; `-` before one that goes down. `-createdAt`, unless said.",
        )
        .asks(
            "active",
            boolean(),
            "Those who are active, or those who are not.",
        )
        .asks("teamId", id(), "Of this team.")
        .asks(
            "email",
            text().format("idn-email"),
            "Whole, in whatever case.",
        );
    paged(call(operation)).answers(200, "The page.", Content::json(page_of("User")))
}

fn members() -> [Operation; 3] {
    let change = of_member("PATCH", "/users/{user}", "updateUser")
        .is("Users", "Changes a member of the account")
        .says("Only what is named changes. The email is not changed here.")
        .shares(&["Conflict"])
        .answers(
            200,
            "The user as they are now.",
            Content::json(named("User")),
        );
    let remove = of_member("DELETE", "/users/{user}", "deleteUser")
        .is("Users", "Takes a user out of the account")
        .says("They are deleted with their last account.")
        .shares(&["Conflict"])
        .answers_empty(204, "They are out of it.");
    [
        listing(),
        writing(change, named("UserUpdate")),
        call(remove),
    ]
}

/// A call about one member of the account.
fn of_member(method: &'static str, path: &'static str, name: &'static str) -> Operation {
    Operation::new(method, path, name)
        .names(
            "user",
            text().shortest(1),
            "An email, or the user's number.",
        )
        .shares(&["NotFound"])
}

/// The envelope of lists.
fn page_of(name: &str) -> Schema {
    shape([
        ("data", list(named(name))),
        ("page", count(1, i64::MAX)),
        ("pageSize", count(1, i64::MAX)),
        ("total", count(0, i64::MAX)),
        ("totalPages", count(0, i64::MAX)),
    ])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::wire::PARAMETERS;
    use super::*;
    use crate::openapi::ordered::Ordered;

    #[test]
    fn the_documents_filters_are_those_that_are_read() {
        let listing = listing();
        let asked = listing.parameters.iter().map(|each| each.name);
        let named: BTreeSet<&str> = asked.filter(|name| *name != ACCOUNT_HEADER).collect();
        assert_eq!(named, BTreeSet::from(PARAMETERS));
    }

    #[test]
    fn preferences_take_every_event_of_the_vendors() {
        let Ordered::Object(schema) = Ordered::from(events()) else {
            panic!("a schema is an object");
        };
        let Some(Ordered::List(names)) = schema.get("enum") else {
            panic!("the events are named");
        };
        assert_eq!(names.len(), 163);
    }
}
