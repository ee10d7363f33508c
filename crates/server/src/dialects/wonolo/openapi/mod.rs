//! What `/api_v2` says of itself (`GET /openapi/wonolo.json`).

mod answers;
mod input;

use directory::model::{DrugTest, Email, OnboardingState, UserKind, W2Status};
use directory::query::MAX_VALUES;

use super::wire::{MAX_PER, kind_name};
use crate::http::auth::ACCOUNT_HEADER;
use crate::openapi::operation::{Api, Content, Credential, Operation};
use crate::openapi::ordered::{Members, Ordered};
use crate::openapi::schema::{Schema, id, input as fields, list, named, one_of, shape, text};

const DESCRIPTION: &str = "\
The staffing API v2, for clients that speak it already.

**Credential.** `POST /api_v2/authorize` gives a token for a key's id (`api_key`) and secret \
(`secret_key`); it goes into the parameter `token` of query or body, or into `Authorization: \
Bearer`, where `<key id>.<secret>` and the token of a user's session are taken too. A key may have *Public Pool access* only: it sees \
the workers who have an active job with its account, and neither makes nor changes users.

**Parameters** stand in the query string, in a form (`user[first_name]=…`) or in JSON, under their \
wrapper (`{\"user\":{…}}`) or without it. An empty value is as if it were not there. A text holds \
no NUL. Booleans and numbers may come as texts. A path may end in `.json`. A parameter of `/users` \
that the list does not know is refused there; other attributes that are not known are ignored.

**Errors** are `{\"error\":\"…\"}` for the request as a whole, and `{\"errors\":{\"field\":[\"…\"]}}` \
for what is wrong inside the resource, all of it at once.";

/// The document's content.
#[must_use]
pub fn api() -> Api {
    let mut schemas = answers::schemas();
    schemas.extend(input::schemas());
    let bearer = Members::of([
        ("type", "http"),
        ("scheme", "bearer"),
        (
            "description",
            "A token of `/authorize`, or `<key id>.<secret>`.",
        ),
    ]);
    let token = Members::of([("type", "apiKey"), ("in", "query"), ("name", "token")]);
    let mut operations = vec![
        authorize("/api_v2/authorize", "authorize"),
        authorize("/api_v2/authenticate", "authenticate"),
    ];
    operations.extend(users());
    operations.extend(badges());
    Api {
        name: "wonolo",
        title: "Wonolo staffing API",
        version: "2",
        description: DESCRIPTION.to_owned(),
        credential: Credential {
            schemes: vec![("bearer", bearer), ("token", token)],
            authorization: "Bearer {token}",
        },
        tags: vec![
            ("Tokens", "A token for a key."),
            ("Users", "Workers and employers."),
            ("Badges", "What workers hold."),
        ],
        schemas,
        shared: answers::shared(),
        operations,
    }
}

/// What every call may answer.
fn any(operation: Operation) -> Operation {
    // Each may have a body, a GET with the token in it included.
    operation.shares(&[
        "Unreadable",
        "Unauthenticated",
        "TooSlow",
        "TooLarge",
        "UnsupportedMediaType",
        "RateLimited",
        "Internal",
        "Unavailable",
    ])
}

/// A call with a credential; also at the path that ends in `.json`.
fn call(operation: Operation) -> Operation {
    let words = "Of a session: the account that it acts in. Of a key it is passed over.";
    let account = text().format("account");
    let operation = any(operation)
        .header(ACCOUNT_HEADER, account, words)
        .shares(&["Forbidden", "Refused"]);
    if operation.path.ends_with('}') {
        operation
    } else {
        let suffixed = format!("{}.json", operation.path);
        operation.also_at(suffixed)
    }
}

/// A body under its wrapper or without it, in JSON, or in a form.
fn wrapped(operation: Operation, wrapper: &'static str, flat: Vec<Schema>) -> Operation {
    wrapped_or(operation, wrapper, flat, None)
}

/// As [`wrapped`], or something else in its place.
fn wrapped_or(
    operation: Operation,
    wrapper: &'static str,
    flat: Vec<Schema>,
    other: Option<Schema>,
) -> Operation {
    let inner = match flat.as_slice() {
        [one] => one.clone(),
        _ => crate::openapi::schema::any_of(flat.clone()),
    };
    let token = text().says("The token, where no header has it.");
    let outer = fields([(wrapper, inner), ("token", token)]).requires(&[wrapper]);
    let nested = Members::of([
        ("style", Ordered::from("deepObject")),
        ("explode", true.into()),
    ]);
    let form = Content {
        media_type: "application/x-www-form-urlencoded",
        schema: match &other {
            None => outer.clone(),
            Some(other) => crate::openapi::schema::any_of(vec![outer.clone(), other.clone()]),
        },
        encoding: Some(Members::of([(wrapper, nested)])),
    };
    // Where there is a wrapper, all is in it.
    let bare = |schema: Schema| {
        let wrapped = Members::of([("required", vec![Ordered::from(wrapper)])]);
        schema.with("not", wrapped)
    };
    let flat = flat.into_iter().map(bare).chain(other).collect();
    let json = crate::openapi::schema::any_of([vec![outer], flat].concat());
    operation
        .takes(Content::json(json))
        .takes(form)
        .shares(&["Refused"])
}

/// What a `POST` of a list sends: the parameters of a page and no other.
fn page_alone() -> Schema {
    let token = text().says("The token, where no header has it.");
    fields([("token", token), ("page", id()), ("per", id())]).closed()
}

fn authorize(path: &'static str, name: &'static str) -> Operation {
    let key = fields([
        ("api_key", text().shortest(1).says("The key's id.")),
        ("secret_key", text().shortest(1).secret()),
    ]);
    let key = key.requires(&["api_key", "secret_key"]);
    let token = shape([
        ("token", text()),
        (
            "expires_at",
            text().format("date-time").pattern("^[0-9T:-]+Z$"),
        ),
    ]);
    let operation = Operation::post(path, name)
        .is("Tokens", "A token for a key")
        .says("It holds for 24 hours, beside others, and ends with its key.")
        .open()
        .also_at(format!("{path}.json"))
        .takes(Content::json(key.clone()))
        .takes(Content::of("application/x-www-form-urlencoded", key))
        .answers(200, "The token, and when it ends.", Content::json(token));
    any(operation).shares(&["Refused"])
}

fn listing() -> Operation {
    let kinds = one_of([UserKind::Worker, UserKind::Employer].map(kind_name));
    let many = |items: Schema| list(items).at_least(1).at_most(MAX_VALUES);
    let piece = || text().pattern("[^, ]");
    let per = id()
        .unless_said(MAX_PER)
        .says(format!("More than {MAX_PER} is taken as {MAX_PER}."));
    let name = || text().pattern(input::NAME);
    call(
        Operation::get("/api_v2/users", "listUsers")
            .is("Users", "Users, by number")
            .says("A page past the end is empty."),
    )
    .shares(&["Refused"])
    .asks("page", id().unless_said(1_i64), "The page, from 1.")
    .asks("per", per, "Users a page.")
    .asks("type", kinds, "Of this type.")
    .asks(
        "email",
        text().format("idn-email").longest(Email::MAX_LENGTH),
        "Whole, in whatever case.",
    )
    .asks("first_name", name(), "Whole, in whatever case.")
    .asks("last_name", name(), "Whole, in whatever case.")
    .asks("external_id", many(piece()), "Any of these.")
    .asks(
        "onboarding_last_state",
        many(one_of(OnboardingState::ALL.map(OnboardingState::name))),
        "In any of these.",
    )
    .asks(
        "w2_onboarding_status",
        many(one_of(W2Status::ALL.map(W2Status::name))),
        "In any of these.",
    )
    .asks("w2_employee_id", text(), "With this id.")
    .asks(
        "address_state",
        many(piece()),
        "Living in any of these states.",
    )
    .asks(
        "drug_tested",
        many(one_of(DrugTest::ALL.map(DrugTest::name))),
        "Any of these.",
    )
    .asks(
        "updated_before",
        input::moment(),
        "Changed before this time.",
    )
    .asks("updated_after", input::moment(), "Changed after this time.")
    .asks("customer_id", id(), "Employers of this account.")
    .answers(200, "The page.", users_answer())
}

fn users_answer() -> Content {
    Content::json(shape([("users", list(named("User")))]))
}

fn user_answer() -> Content {
    Content::json(shape([("user", named("User"))]))
}

fn users() -> Vec<Operation> {
    let both = || vec![named("WorkerCreation"), named("EmployerCreation")];
    let make = Operation::post("/api_v2/users", "createUser")
        .is("Users", "Makes a user")
        .says(
            "What only the other type has is ignored. A `POST` whose parameters are only `token`, \
             `page` and `per` is the list.",
        )
        .answers(200, "The list, where it was asked for.", users_answer())
        .answers(201, "The user.", user_answer());
    let invite = Operation::post("/api_v2/users/invite", "inviteUser")
        .is("Users", "Makes a worker and invites them")
        .says("By email where there is one, else by SMS. Public Pool access may do it.")
        .answers(201, "The user.", user_answer());
    let one = |method, name| {
        Operation::new(method, "/api_v2/users/{id}", name).names("id", id(), "The user's number.")
    };
    let show = one("GET", "getUser").is("Users", "One user");
    let change = |method, name| {
        let operation = one(method, name)
            .is("Users", "Changes a user")
            .says("Only what is named changes. What only the other type has is ignored.")
            .answers(200, "The user as they are now.", user_answer());
        wrapped(
            call(operation).shares(&["NotFound", "Conflict"]),
            "user",
            vec![named("UserUpdate")],
        )
    };
    let track = Operation::get("/api_v2/users/{id}/tracking", "trackUser")
        .is("Users", "Where a worker was, by job")
        .says("One line for each state that a job of theirs came into, the oldest first.")
        .names("id", id(), "The user's number.")
        .answers(
            200,
            "The lines.",
            Content::json(shape([("tracking", list(named("Tracked")))])),
        );
    vec![
        listing(),
        wrapped_or(call(make), "user", both(), Some(page_alone()))
            .asks("page", id(), "Of the list.")
            .asks("per", id(), "Of the list."),
        wrapped(call(invite), "user", vec![named("Invitation")]),
        call(show)
            .shares(&["NotFound"])
            .answers(200, "The user.", user_answer()),
        change("PATCH", "updateUser"),
        change("PUT", "replaceUser"),
        call(track).shares(&["NotFound"]),
    ]
}

fn badges() -> Vec<Operation> {
    let one = || Content::json(shape([("badge", named("Badge"))]));
    let all = Content::json(shape([("badges", list(named("Badge")))]));
    let listed = Operation::get("/api_v2/badges", "listBadges").is("Badges", "All badges");
    let make = Operation::post("/api_v2/badges", "createBadge")
        .is("Badges", "Makes a badge")
        .answers(201, "The badge.", one());
    let show = Operation::get("/api_v2/badges/{id}", "getBadge")
        .is("Badges", "One badge")
        .names("id", id(), "The badge's number.");
    vec![
        call(listed).answers(200, "The badges.", all),
        wrapped(call(make), "badge", vec![named("BadgeCreation")]),
        call(show)
            .shares(&["NotFound"])
            .answers(200, "The badge.", one()),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::wire::PARAMETERS;
    use super::*;

    #[test]
    fn the_documents_filters_are_those_that_are_read() {
        let listing = listing();
        let asked = listing.parameters.iter().map(|each| each.name);
        let asked = asked.filter(|name| *name != ACCOUNT_HEADER);
        // The credential is a scheme of the document.
        let named: BTreeSet<&str> = asked.chain(["token"]).collect();
        assert_eq!(named, BTreeSet::from(PARAMETERS));
    }
}
