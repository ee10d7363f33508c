//! What this API says of itself (`GET /openapi/platformos.json`).

use directory::forms;
use directory::model::Email;
use directory::password::TOO_LONG;
use directory::users::longest;

use super::quirks::{CONTENT_TYPE, FORM_NAMES};
use crate::http::auth::ACCOUNT_HEADER;
use crate::openapi::operation::{Api, Content, Credential, Operation, SharedAnswer};
use crate::openapi::ordered::Members;
use crate::openapi::schema::{
    Schema, any_of, anything, boolean, by_name, id, input, list, named, shape, text,
};

const DESCRIPTION: &str = "\
The users of marketplaces, made and changed through named forms, for clients that speak this API \
already.

**Credential.** `Authorization: Token token=<key id>.<secret>`, quoted or not. There is no 403: what \
a credential does not allow is 401.

**Bodies** are JSON objects: the name of a form, and what it is filled in with. What the form does \
not list is dropped; a text holds no NUL. A path may end in `.json`.

**Errors** are lists of words under dotted field names, or under `base`. 406 is what is wrong around \
the form, 422 what is wrong in it.";

/// The document's content.
#[must_use]
pub fn api() -> Api {
    let key = Members::of([
        ("type", "apiKey"),
        ("in", "header"),
        ("name", "Authorization"),
        ("description", "`Token token=<key id>.<secret>`"),
    ]);
    Api {
        name: "platformos",
        title: "platformOS marketplaces",
        version: "1",
        description: DESCRIPTION.to_owned(),
        credential: Credential {
            schemes: vec![("key", key)],
            authorization: "Token token={token}",
        },
        tags: vec![("Users", "People of a marketplace.")],
        schemas: schemas(),
        shared: shared(),
        operations: operations(),
    }
}

fn content(schema: Schema) -> Content {
    Content::of(CONTENT_TYPE, schema)
}

/// The fields of the form that every tenant has.
fn form() -> Schema {
    let plain = |field: &'static str| (field, text().longest(longest(field)).or_null());
    let password = text().shortest(6).longest(TOO_LONG - 1).secret();
    input([
        (
            "email",
            text().format("idn-email").longest(Email::MAX_LENGTH),
        ),
        ("password", password.or_null()),
        plain("first_name"),
        plain("last_name"),
        plain("middle_name"),
        plain("name"),
        plain("external_id"),
        ("featured", boolean().or_null()),
        ("public_profile", boolean().or_null()),
    ])
    .requires(&["email"])
}

fn filled_in() -> Schema {
    let known = || text().format("form-name").says("A form for users.");
    let [name, other] = FORM_NAMES;
    let named_by = |field: &'static str| {
        let schema = input([(field, known()), ("form", named("UserForm"))]);
        schema.requires(&[field, "form"])
    };
    any_of(vec![named_by(name), named_by(other)]).says(format!(
        "The name of the form is in `{other}` where `{name}` is absent."
    ))
}

fn user() -> Schema {
    let words = || text().or_null();
    shape([
        ("id", id()),
        ("email", words()),
        ("external_id", words()),
        ("featured", boolean().or_null()),
        ("first_name", words()),
        ("middle_name", words()),
        ("last_name", words()),
        ("name", words()),
        ("public_profile", boolean().or_null()),
        ("properties", anything()),
        ("profiles", anything()),
        ("relationship_users", anything()),
        ("transactables", anything()),
    ])
}

fn schemas() -> Vec<(&'static str, Schema)> {
    let words = || by_name(list(text()));
    let base = shape([("base", list(text()))]);
    let invalid = shape([("id", text().with("type", "null")), ("errors", words())]);
    vec![
        ("UserForm", form()),
        ("FilledForm", filled_in()),
        ("User", user()),
        (
            "Made",
            shape([
                ("id", id()),
                ("errors", anything().with("maxProperties", 0_usize)),
            ]),
        ),
        ("Errors", shape([("errors", base)])),
        ("Invalid", invalid),
    ]
}

fn shared() -> Vec<SharedAnswer> {
    let told = |name, status, description: &'static str| SharedAnswer {
        name,
        status,
        description: description.into(),
        content: Some(content(named("Errors"))),
        headers: Vec::new(),
    };
    let with = |headers: &[&'static str], answer| SharedAnswer {
        headers: headers.to_vec(),
        ..answer
    };
    let invalid = SharedAnswer {
        content: Some(content(named("Invalid"))),
        ..told(
            "Invalid",
            422,
            "What the form was filled in with breaks its rules.",
        )
    };
    vec![
        with(
            &["WWW-Authenticate"],
            told(
                "Unauthenticated",
                401,
                "The credential is none, wrong, or does not allow it.",
            ),
        ),
        told(
            "NotFound",
            404,
            "There is no such thing, or not for this credential.",
        ),
        told(
            "WrongParameters",
            406,
            "The body cannot be read, or names no form to fill in.",
        ),
        told("TooSlow", 408, "The body took too long to arrive."),
        invalid,
        with(
            &["Retry-After"],
            told(
                "RateLimited",
                429,
                "Too many wrong credentials came from there.",
            ),
        ),
        told("Internal", 500, "The fault is the server's."),
        with(
            &["Retry-After"],
            told("Unavailable", 503, "The server cannot do this now."),
        ),
    ]
}

fn call(operation: Operation) -> Operation {
    let words = "Of a session: the account that it acts in. Of a key it is passed over.";
    operation
        .header(ACCOUNT_HEADER, text().format("account"), words)
        .shares(&[
            "Unauthenticated",
            "Invalid",
            "RateLimited",
            "Internal",
            "Unavailable",
        ])
}

fn operations() -> Vec<Operation> {
    let forms = forms::find("reference_rest_api_create_user").map_or("", forms::Form::name);
    let make = Operation::post("/api/users", "createUser")
        .is("Users", "Makes a user through a form")
        .says(format!("Every tenant has the form `{forms}`."))
        .also_at("/api/users.json")
        .takes(Content::json(named("FilledForm")))
        .shares(&["WrongParameters", "TooSlow", "Invalid"])
        .answers(201, "The number of the user.", content(named("Made")));
    let show = Operation::get("/api/users/{id}", "getUser")
        .is("Users", "One user")
        .names("id", id(), "The user's number.")
        .shares(&["NotFound"])
        .answers(200, "The user.", content(named("User")));
    vec![call(make), call(show)]
}
