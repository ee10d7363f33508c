//! What `/v1` says of itself (`GET /openapi.json`).

mod events;
mod forms;
mod named;
mod notifications;
mod passkeys;
mod problem;
mod rights;
mod sessions;
mod users;
mod webhooks;

use directory::permission::Scope;
use directory::query::MAX_PAGE;

use super::list::DEFAULT_LIMIT;
use crate::http::auth::ACCOUNT_HEADER;
use crate::http::idempotency::MAX_KEY;
use crate::openapi::operation::{Api, Content, Credential, Operation};
use crate::openapi::ordered::Members;
use crate::openapi::schema::{Schema, count, list, named, shape, text};

const DESCRIPTION: &str = "\
The whole directory, for new clients.

**Credential.** `Authorization: Bearer`, and `<key id>.<secret>` or the token of a session. A key has \
scopes ({scopes}; none named: all of them), and may be bound to an account. A session acts in the \
account that `x-account-id` names, where it names one. A call without a credential is of the tenant \
that `Muster-Tenant` names, else of the first.

**Bodies** are JSON objects. A field that is not known is refused, a text holds no NUL, and a whole \
number is written without a point. \
`PATCH` is a JSON Merge Patch (RFC 7396): what is not named stays, null takes a value away. A body \
has at most 1 MiB, 16 levels and 1 000 fields.

**Errors** are `application/problem+json` (RFC 9457): a stable `code`, and all that is wrong at \
once in `errors`.

**Lists** are walked by cursor: `next_cursor`, and the same as `Link: rel=\"next\"`. A walk sees each \
row that lives through all of it exactly once. A parameter that is not known is refused.

**`Idempotency-Key`** on a `POST` makes a repetition safe: for 24 hours the same key and body \
answer what the first did.

**`X-Request-Id`** of up to 128 characters is taken from the client, else made; every answer has it.";

/// The document's content.
#[must_use]
pub fn api() -> Api {
    let names: Vec<String> = Scope::ALL
        .iter()
        .map(|scope| format!("`{}`", scope.name()))
        .collect();
    let mut schemas = problem::schemas();
    schemas.extend(users::schemas());
    schemas.extend(named::schemas());
    schemas.extend(forms::schemas());
    schemas.extend(rights::schemas());
    schemas.extend(sessions::schemas());
    schemas.extend(passkeys::schemas());
    schemas.extend(notifications::schemas());
    schemas.extend(events::schemas());
    schemas.extend(webhooks::schemas());
    let mut operations = users::operations();
    operations.extend(named::operations());
    operations.extend(forms::operations());
    operations.extend(rights::operations());
    operations.extend(sessions::operations());
    operations.extend(passkeys::operations());
    operations.extend(notifications::operations());
    operations.extend(events::operations());
    operations.extend(webhooks::operations());
    operations.extend(health());
    Api {
        name: "native",
        title: "Muster API",
        version: "1",
        description: DESCRIPTION.replace("{scopes}", &names.join(", ")),
        credential: Credential {
            schemes: vec![(
                "key",
                Members::of([
                    ("type", "http"),
                    ("scheme", "bearer"),
                    (
                        "description",
                        "`<key id>.<secret>`, or the token of a session.",
                    ),
                ]),
            )],
            authorization: "Bearer {token}",
        },
        tags: vec![
            ("Users", "People, and what stands around them."),
            (
                "Forms",
                "Which fields a request may fill in, and what must hold of them.",
            ),
            ("Members", "Who has part in an account."),
            ("Roles", "What users may do."),
            ("Sessions", "Users who are logged in."),
            ("Passwords", "Setting them, and links to choose another."),
            ("Passkeys", "Signing in without a password."),
            ("Notifications", "What users are told of, and how."),
            ("Invitations", "What is out until a person answers it."),
            ("Accounts", "Organisations inside a tenant."),
            ("Groups", "Groups of users."),
            ("Badges", "What workers hold."),
            (
                "Jobs",
                "Who works for which account, as other systems report it.",
            ),
            ("Redirects", "Where pages may lead to."),
            ("Events", "What happened, as a feed."),
            ("Webhooks", "Where events are sent to."),
            ("Health", "Whether the server lives and can serve."),
        ],
        schemas,
        shared: problem::answers(),
        operations,
    }
}

/// What every call with a credential may answer. Once is as good as twice.
fn guarded(operation: Operation) -> Operation {
    if operation.has_header(ACCOUNT_HEADER) {
        return operation;
    }
    let account = text().format("account");
    let words = "Of a session: the account that it acts in. Of a key it is passed over.";
    operation.header(ACCOUNT_HEADER, account, words).shares(&[
        "Unreadable",
        "Unauthenticated",
        "Forbidden",
        "RateLimited",
        "Internal",
        "Unavailable",
    ])
}

/// A call that reads one thing.
fn reading(operation: Operation) -> Operation {
    guarded(operation).shares(&["NotFound"])
}

/// A call that changes something and takes no body.
fn acting(operation: Operation) -> Operation {
    guarded(operation).shares(&["NotFound"])
}

/// A call with a JSON body.
fn writing(operation: Operation, body: Schema) -> Operation {
    let operation = operation.takes(Content::json(body));
    guarded(operation).shares(&[
        "Unreadable",
        "TooSlow",
        "TooLarge",
        "UnsupportedMediaType",
        "Invalid",
    ])
}

/// A change by merge patch.
fn patching(operation: Operation, body: Schema) -> Operation {
    let patch = Content::of("application/merge-patch+json", body.clone());
    let operation = writing(operation, body).takes(patch);
    versioned(operation).shares(&["NotFound"])
}

/// A call that takes `If-Match`.
fn versioned(operation: Operation) -> Operation {
    let schema = text().pattern(r#"^(\*|(W/)?"[^"]*"( *, *(W/)?"[^"]*")*)$"#);
    let words = "The `ETag`s of which the resource must still have one; `*`: any.";
    let operation = operation.header("If-Match", schema, words);
    operation.shares(&["PreconditionFailed"])
}

/// A call that can be repeated safely under a key.
fn repeatable(operation: Operation) -> Operation {
    let schema = text()
        .shortest(1)
        .longest(MAX_KEY)
        .pattern("^[!-~]([ -~]*[!-~])?$");
    let words = "A repetition under the same key answers what the first did, for 24 hours.";
    let operation = operation.header("Idempotency-Key", schema, words);
    operation.shares(&["Unreadable", "Conflict", "Invalid"])
}

/// Answers with a page.
fn page(operation: Operation, name: &str) -> Operation {
    let cursor = text()
        .or_null()
        .says("Where the next page begins; null on the last.");
    let page = shape([("data", list(named(name))), ("next_cursor", cursor)]);
    operation
        .answers(200, "A page.", Content::json(page))
        .with_headers(&["Link?"])
}

/// A list by cursor.
fn paged(operation: Operation) -> Operation {
    let most = i64::try_from(MAX_PAGE).unwrap_or(i64::MAX);
    let limit = count(1, most).unless_said(DEFAULT_LIMIT);
    let cursor = text().shortest(1).format("cursor");
    let operation = operation.asks("limit", limit, "Rows a page.").asks(
        "cursor",
        cursor,
        "`next_cursor` of the page before.",
    );
    guarded(operation).shares(&["Unreadable"])
}

fn health() -> Vec<Operation> {
    let said = |word: &'static str| text().with("const", word);
    let leaves = || text().says("How it leaves, or that it waits.");
    let live = shape([("status", said("ok"))]);
    let ready = shape([
        ("status", said("ok")),
        ("database", said("ok")),
        ("email", leaves()),
        ("sms", leaves()),
    ]);
    let unready = shape([
        ("status", said("unavailable")),
        ("database", said("unavailable")),
    ]);
    vec![
        Operation::get("/health/live", "isLive")
            .is("Health", "Whether the process answers")
            .open()
            .answers(200, "It does.", Content::json(live)),
        Operation::get("/health/ready", "isReady")
            .is("Health", "Whether the server can serve")
            .open()
            .answers(200, "The database answers.", Content::json(ready))
            .answers(503, "The database does not answer.", Content::json(unready)),
    ]
}

/// A field, and whether it may be null.
fn nullable(name: &'static str, schema: Schema) -> (&'static str, Schema) {
    (name, schema.or_null())
}
