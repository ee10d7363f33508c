//! What this API says of itself (`GET /openapi/platformos.json`).

use directory::model::Email;
use directory::password::TOO_LONG;
use directory::query::MAX_PAGE;
use directory::users::longest;

use super::quirks::{CONTENT_TYPE, CREATOR, FORM_NAMES};
use super::wire::PER_PAGE;
use crate::http::auth::ACCOUNT_HEADER;
use crate::openapi::operation::{Api, Content, Credential, Operation, SharedAnswer};
use crate::openapi::ordered::Members;
use crate::openapi::schema::{
    Schema, any_of, anything, boolean, by_name, count, id, input, list, named, shape, text, time,
    whatever,
};

const DESCRIPTION: &str = "\
The users of marketplaces, made and changed through named forms, for clients that speak this API \
already.

**Credential.** `Authorization: Token token=`, and `<key id>.<secret>` or the token of a session, quoted or not. There is no 403: what \
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
        tags: vec![
            ("Users", "People of a marketplace."),
            (
                "Around the user",
                "What the user who acts has and whom they know.",
            ),
            ("Sessions", "Logging in and out."),
        ],
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
            text()
                .format("idn-email")
                .longest(Email::MAX_LENGTH)
                .or_null(),
        ),
        ("password", password.or_null()),
        plain("first_name"),
        plain("last_name"),
        plain("middle_name"),
        plain("name"),
        plain("external_id"),
        ("featured", boolean().or_null()),
        ("public_profile", boolean().or_null()),
        ("properties", whatever().says("As the form lists them.")),
        (
            "profiles",
            whatever().says("By name, as the form lists them."),
        ),
        (
            "relationship_users",
            whatever().says("By name, one or a list."),
        ),
        ("transactables", whatever().says("By name, one or a list.")),
    ])
}

fn session_form() -> Schema {
    let form = input([("email", text()), ("password", text().secret())]);
    form.requires(&["email", "password"])
}

/// A form that is named, and what it is filled in with.
fn filled(fields: &str, format: &'static str, words: &'static str) -> [Schema; 2] {
    FORM_NAMES.map(|field| {
        let known = text().format(format).says(words);
        let schema = input([(field, known), ("form", named(fields))]);
        schema.requires(&[field, "form"])
    })
}

fn filled_in(fields: &str, format: &'static str, words: &'static str) -> Schema {
    let [name, other] = FORM_NAMES;
    any_of(filled(fields, format, words).to_vec()).says(format!(
        "The name of the form is in `{other}` where `{name}` is absent."
    ))
}

/// The same, and whose item it is.
fn with_creator(format: &'static str, words: &'static str) -> Schema {
    let creator = id().or_null().says("The user whose it is.");
    let each = filled("ItemForm", format, words)
        .map(|schema| schema.field(CREATOR, creator.clone(), false));
    any_of(each.to_vec())
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
        ("ItemForm", anything().says("What the form lists.")),
        ("SessionForm", session_form()),
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
            "What was sent cannot be read, or names no form to fill in.",
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
    let mut all = users();
    for section in [&TRANSACTABLES, &RELATIONSHIPS] {
        all.extend(section.operations());
    }
    all.extend(sessions());
    all
}

/// A call with a form in its body.
fn filling(operation: Operation, body: Schema) -> Operation {
    let operation = operation.takes(Content::json(body));
    call(operation).shares(&["WrongParameters", "TooSlow", "Invalid"])
}

fn users() -> Vec<Operation> {
    let make = Operation::post("/api/users", "createUser")
        .is("Users", "Makes a user through a form")
        .says("Every tenant has the form `reference_rest_api_create_user`.")
        .also_at("/api/users.json")
        .answers(201, "The number of the user.", content(named("Made")));
    let one = |method, name| {
        Operation::new(method, "/api/users/{id}", name)
            .names("id", id(), "The user's number.")
            .shares(&["NotFound"])
    };
    let show = one("GET", "getUser").is("Users", "One user").answers(
        200,
        "The user.",
        content(named("User")),
    );
    let change = |method, name| {
        let operation = one(method, name)
            .is("Users", "Changes a user through a form")
            .answers_empty(204, "They are changed.");
        filling(
            operation,
            filled_in("UserForm", "form-name", "A form for users."),
        )
    };
    let most = |most: usize| count(1, i64::try_from(most).unwrap_or(i64::MAX));
    let page = shape([
        ("users", list(named("User"))),
        ("total_entries", count(0, i64::MAX)),
    ]);
    let listed = Operation::get("/api/users", "listUsers")
        .is("Users", "Users, by pages")
        .also_at("/api/users.json")
        .asks("page", id().unless_said(1_i64), "The page, from 1.")
        .asks(
            "per_page",
            most(MAX_PAGE).unless_said(PER_PAGE),
            "Users a page.",
        )
        .answers(200, "The page.", content(page));
    vec![
        call(listed).shares(&["WrongParameters"]),
        filling(
            make,
            filled_in("UserForm", "form-name", "A form for users."),
        ),
        call(show),
        change("PUT", "replaceUser"),
        change("PATCH", "updateUser"),
    ]
}

/// What stands around the user who acts.
struct Section {
    list: &'static str,
    one: &'static str,
    form: &'static str,
    words: &'static str,
    names: [&'static str; 4],
    summaries: [&'static str; 3],
}

const TRANSACTABLES: Section = Section {
    list: "/api/user/transactables",
    one: "/api/user/transactables/{id}",
    form: "transactable-form",
    words: "A form for transactables.",
    names: [
        "createTransactable",
        "replaceTransactable",
        "updateTransactable",
        "deleteTransactable",
    ],
    summaries: [
        "Makes a transactable",
        "Changes a transactable",
        "Deletes a transactable",
    ],
};

const RELATIONSHIPS: Section = Section {
    list: "/api/user/relationship_users",
    one: "/api/user/relationship_users/{id}",
    form: "relationship-form",
    words: "A form for relationships.",
    names: [
        "createRelationship",
        "replaceRelationship",
        "updateRelationship",
        "deleteRelationship",
    ],
    summaries: [
        "Relates the user to another",
        "Changes a relationship",
        "Ends a relationship",
    ],
};

impl Section {
    fn operations(&self) -> [Operation; 4] {
        let tag = "Around the user";
        let [make, replace, change, delete] = self.names;
        let [making, changing, deleting] = self.summaries;
        let one = |method, name| {
            Operation::new(method, self.one, name)
                .names("id", id(), "Its number.")
                .shares(&["NotFound"])
        };
        let made = Operation::post(self.list, make)
            .is(tag, making)
            .says(format!(
                "For the session's user or the key's owner; a key without an owner names the user \
                 as `{CREATOR}`."
            ))
            .also_at(format!("{}.json", self.list))
            .shares(&["NotFound"])
            .answers(201, "Its number.", content(named("Made")));
        let changed = |method, name| {
            let operation = one(method, name).is(tag, changing);
            let operation = operation.answers_empty(204, "It is changed.");
            filling(operation, filled_in("ItemForm", self.form, self.words))
        };
        let deleted = one("DELETE", delete)
            .is(tag, deleting)
            .answers_empty(204, "It is gone.");
        let mut made = filling(made, filled_in("ItemForm", self.form, self.words));
        for each in &mut made.body {
            each.schema = with_creator(self.form, self.words);
        }
        [
            made,
            changed("PUT", replace),
            changed("PATCH", change),
            call(deleted),
        ]
    }
}

fn sessions() -> [Operation; 2] {
    let session = shape([
        ("id", id()),
        ("token", text().says("Shown this once.")),
        ("expires_at", time()),
        ("errors", anything().with("maxProperties", 0_usize)),
    ]);
    let begin = Operation::post("/api/sessions", "logIn")
        .is("Sessions", "Logs in through a form")
        .says("Every tenant has the form `reference_rest_api_create_session`.")
        .also_at("/api/sessions.json")
        .open()
        .takes(Content::json(filled_in(
            "SessionForm",
            "session-form",
            "A form for sessions.",
        )))
        .shares(&[
            "WrongParameters",
            "TooSlow",
            "Invalid",
            "RateLimited",
            "Internal",
            "Unavailable",
        ])
        .answers(201, "The session and its token.", content(session))
        .with_headers(&["Cache-Control"]);
    let end = Operation::delete("/api/sessions", "logOut")
        .is("Sessions", "Logs out")
        .also_at("/api/sessions.json")
        .answers_empty(204, "The token holds no more.");
    [begin, call(end)]
}
