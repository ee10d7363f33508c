//! What this API says of itself (`GET /openapi/legalesign.json`).

mod groups;
mod subscriptions;

use directory::model::GroupPermission;
use directory::password::{MAX_COMPOSED, MIN_PASSWORD, SPECIAL};

use super::quirks::{
    DEFAULT_LIMIT, DEFAULT_PERMISSION, DEFAULT_TIMEZONE, MAX_EMAIL, MAX_LIMIT, MAX_NAME,
};
use super::timezones::TIMEZONES;
use super::wire::{MAX_SLUG, NAME_FORM};
use crate::openapi::operation::{Api, Content, Credential, Operation, SharedAnswer};
use crate::openapi::ordered::{Members, Ordered};
use crate::openapi::schema::{
    Schema, any_of, by_name, count, input, list, named, one_of, shape, text,
};

const DESCRIPTION: &str = "\
The users of an e-signature service, v1, for clients that speak this API already.

**Credential.** `Authorization: ApiKey <key id>:<secret>`.

**Paths** end in `/`: a `GET` without it is sent there (301), any other method finds nothing.

**Bodies** are JSON objects; what is not known is ignored. **Times** are UTC, to the second, without \
a zone.

**Errors**: 400 names the resource, its fields and what is wrong with each; 401, 403 and 404 are \
empty.";

/// The document's content.
#[must_use]
pub fn api() -> Api {
    let key = Members::of([
        ("type", "apiKey"),
        ("in", "header"),
        ("name", "Authorization"),
        ("description", "`ApiKey <key id>:<secret>`"),
    ]);
    Api {
        name: "legalesign",
        title: "Legalesign e-signature",
        version: "1",
        description: DESCRIPTION.to_owned(),
        credential: Credential {
            schemes: vec![("key", key)],
            authorization: "ApiKey {id}:{secret}",
        },
        tags: vec![
            ("Users", "Those who send and sign."),
            ("Groups", "Teams of users."),
            ("Members", "Who is in which group, and who is invited."),
            ("Subscriptions", "Where to tell of what happens."),
        ],
        schemas: schemas(),
        shared: shared(),
        operations: operations(),
    }
}

/// A time without its zone.
fn naive() -> Schema {
    text().pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$")
}

fn name() -> Schema {
    text().shortest(1).longest(MAX_NAME).pattern(NAME_FORM)
}

fn permission() -> Schema {
    let numbers = GroupPermission::ALL.map(GroupPermission::number);
    let texts = numbers.map(|number| Ordered::from(number.to_string()));
    let all = texts
        .into_iter()
        .chain(numbers.map(Ordered::from))
        .chain([Ordered::Null]);
    let words = "1 admin · 2 create and send, team · 3 read only, team · 4 send only, team · \
                 5 send only, individual · 6 create and send, individual. It applies to each group.";
    let schema = text().with("type", vec!["string", "integer", "null"]);
    schema
        .with("enum", all.collect::<Vec<_>>())
        .unless_said(DEFAULT_PERMISSION.number().to_string())
        .says(words)
}

fn secret() -> Schema {
    let special: String = SPECIAL
        .chars()
        .flat_map(|c| {
            if matches!(c, '\\' | ']' | '[' | '^' | '-') {
                vec!['\\', c]
            } else {
                vec![c]
            }
        })
        .collect();
    let form = format!(r"^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?=.*[{special}])\S+$");
    let words = "None: they are sent a link to set one.";
    let own = text()
        .shortest(MIN_PASSWORD)
        .longest(MAX_COMPOSED)
        .pattern(form)
        .secret();
    any_of(vec![
        own,
        text().with("const", ""),
        text().with("type", "null"),
    ])
    .says(words)
}

fn creation() -> Schema {
    let groups = text().format("group-list").or_null().says(format!(
        "A comma list of groups: each `/api/v1/group/{{slug}}/` or a slug of at most {MAX_SLUG} \
         characters."
    ));
    input([
        ("first_name", name()),
        ("last_name", name()),
        ("email", text().format("idn-email").longest(MAX_EMAIL)),
        (
            "timezone",
            one_of(TIMEZONES).or_null().unless_said(DEFAULT_TIMEZONE),
        ),
        ("password", secret()),
        ("groups", groups),
        ("permission", permission()),
        (
            "redirect_to",
            text()
                .format("redirect")
                .or_null()
                .says("Where the page that sets a password leads."),
        ),
    ])
    .requires(&["first_name", "last_name", "email"])
}

fn user() -> Schema {
    let words = || text().or_null();
    shape([
        ("date_joined", naive()),
        ("email", words()),
        ("first_name", words()),
        ("groups", list(text())),
        ("last_login", naive().or_null()),
        ("last_name", words()),
        ("resource_uri", text()),
        ("timezone", text()),
        ("username", text()),
    ])
}

fn schemas() -> Vec<(&'static str, Schema)> {
    let fault = shape([("error", text())]).field("request_id", text(), false);
    let told = any_of(vec![list(text()), text()]);
    let broken = by_name(by_name(told));
    let mut all = vec![
        ("User", user()),
        ("UserCreation", creation()),
        (
            "UserUpdate",
            input([("first_name", name()), ("last_name", name())]),
        ),
        (
            "BrokenRules",
            broken.says("By resource and field, what is wrong."),
        ),
        ("Fault", fault),
    ];
    all.extend(groups::schemas());
    all.extend(subscriptions::schemas());
    all
}

fn shared() -> Vec<SharedAnswer> {
    let empty = |name, status, description: &'static str, headers: &[&'static str]| SharedAnswer {
        name,
        status,
        description: description.into(),
        content: None,
        headers: headers.to_vec(),
    };
    let told = |schema, answer| SharedAnswer {
        content: Some(Content::json(schema)),
        ..answer
    };
    let fault = |answer| told(named("Fault"), answer);
    let either = any_of(vec![named("Fault"), named("BrokenRules")]);
    vec![
        told(
            either,
            empty("BadRequest", 400, "What is wrong with the request.", &[]),
        ),
        empty(
            "Unauthenticated",
            401,
            "There is no credential, or a wrong one.",
            &["WWW-Authenticate"],
        ),
        empty("Forbidden", 403, "The credential does not allow it.", &[]),
        empty(
            "NotFound",
            404,
            "There is no such thing, or not for this credential.",
            &[],
        ),
        fault(empty(
            "TooSlow",
            408,
            "The body took too long to arrive.",
            &[],
        )),
        fault(empty("TooLarge", 413, "The body is too large.", &[])),
        fault(empty(
            "UnsupportedMediaType",
            415,
            "The body is not JSON.",
            &[],
        )),
        empty(
            "RateLimited",
            429,
            "Too many wrong credentials came from there.",
            &["Retry-After"],
        ),
        fault(empty("Internal", 500, "The fault is the server's.", &[])),
        fault(empty(
            "Unavailable",
            503,
            "The server cannot do this now.",
            &["Retry-After"],
        )),
    ]
}

/// A call; its path without the last slash leads to it.
fn call(operation: Operation) -> Operation {
    let bare = operation.path.trim_end_matches('/');
    operation.also_at(bare).shares(&[
        "Unauthenticated",
        "Forbidden",
        "RateLimited",
        "Internal",
        "Unavailable",
    ])
}

fn operations() -> Vec<Operation> {
    let make = Operation::post("/api/v1/user/", "createUser")
        .is("Users", "Makes a user")
        .says(
            "With a password they are in the groups at once, and `Location` says where they are. \
             Without one they are sent a link to set it, and there is no `Location`.",
        )
        .answers_empty(201, "They are made.")
        .with_headers(&["Location?"]);
    let one = |method, name| {
        let words = "As `Location` names them.";
        Operation::new(method, "/api/v1/user/{username}/", name)
            .names("username", text().pattern("^[0-9a-f]{32}$"), words)
            .shares(&["NotFound"])
    };
    let show = one("GET", "getUser").is("Users", "One user").answers(
        200,
        "The user.",
        Content::json(named("User")),
    );
    let change = one("PATCH", "updateUser")
        .is("Users", "Changes the names of a user")
        .says("Nothing else can be changed, and what else is there is ignored.")
        .answers_empty(202, "They are changed.");
    let mut all = vec![
        writing(make, named("UserCreation")),
        call(show),
        writing(change, named("UserUpdate")),
    ];
    all.extend(groups::operations());
    all.extend(subscriptions::operations());
    all
}

/// A call with a JSON body.
fn writing(operation: Operation, body: Schema) -> Operation {
    call(operation.takes(Content::json(body))).shares(&[
        "BadRequest",
        "TooSlow",
        "TooLarge",
        "UnsupportedMediaType",
    ])
}

/// A list by offset.
fn listing(operation: Operation, name: &str) -> Operation {
    let limit = count(0, i64::MAX).unless_said(DEFAULT_LIMIT);
    let limit_words = format!("Rows; 0: as many as there may be, {MAX_LIMIT}.");
    let meta = shape([
        ("limit", count(1, MAX_LIMIT).says("The limit in force.")),
        ("next", text().or_null()),
        ("offset", count(0, i64::MAX)),
        ("previous", text().or_null()),
        ("total_count", count(0, i64::MAX)),
    ]);
    let page = shape([("meta", meta), ("objects", list(named(name)))]);
    let operation = operation
        .asks("limit", limit, limit_words)
        .asks(
            "offset",
            count(0, i64::MAX).unless_said(0_i64),
            "How many rows come before.",
        )
        .shares(&["BadRequest"]);
    call(operation).answers(200, "The page.", Content::json(page))
}
