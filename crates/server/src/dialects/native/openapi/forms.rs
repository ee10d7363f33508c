//! Forms.

use directory::forms::{Format, MAX_NAME, Outcome, Resource, ResourceOwner};

use super::{nullable, page, paged, reading, repeatable, versioned, writing};
use crate::openapi::operation::{Content, Operation};
use crate::openapi::schema::{
    Schema, anything, boolean, count, input, list, named, one_of, shape, text, time, whatever,
};

const TAG: &str = "Forms";

fn name() -> Schema {
    text().pattern(format!("^[A-Za-z0-9_-]{{1,{MAX_NAME}}}$"))
}

fn resources() -> Schema {
    one_of(Resource::ALL.map(Resource::name))
}

/// What an operator writes; docs/form.schema.json has it to the last key.
fn configuration() -> Schema {
    let fields = "The fields that the form lists, each with its rules: see FORMS.md.";
    input([
        ("name", name()),
        ("resource", resources()),
        (
            "type",
            name().says("Of transactables and relationships: their name."),
        ),
        (
            "resource_owner",
            one_of(ResourceOwner::ALL.map(ResourceOwner::name)),
        ),
        (
            "public",
            boolean().says("Whether anybody may sign up on its page."),
        ),
        ("title", text().shortest(1).longest(500)),
        nullable("default_payload", anything()),
        nullable("configuration", anything().says(fields)),
    ])
    .requires(&["name", "resource", "configuration"])
    .closed()
}

fn form() -> Schema {
    shape([
        ("name", text()),
        ("version", count(0, i64::MAX).says("0: built in.")),
        ("built_in", boolean()),
        ("resource", resources()),
        ("public", boolean()),
        nullable(
            "format",
            one_of([Format::Yaml, Format::Json].map(Format::name)),
        ),
        nullable("source", text().says("As it was written.")),
        nullable("document", anything()),
        nullable("created_at", time()),
        nullable("updated_at", time()),
        nullable("updated_by", text()),
    ])
}

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let difference = shape([
        ("pointer", text()),
        ("old", whatever()),
        ("new", whatever()),
    ]);
    let outcomes = [Outcome::Created, Outcome::Updated, Outcome::Unchanged];
    let preview = shape([
        ("outcome", one_of(outcomes.map(Outcome::name))),
        ("form", named("Form")),
        ("differences", list(difference)),
    ]);
    vec![
        ("Form", form()),
        ("FormConfiguration", configuration()),
        ("FormPreview", preview),
    ]
}

/// A call that takes a configuration, as JSON or as YAML.
fn configuring(operation: Operation) -> Operation {
    let yaml = Content::of("application/yaml", named("FormConfiguration"));
    let preview = Content::json(named("FormPreview"));
    writing(operation, named("FormConfiguration"))
        .takes(yaml)
        .asks(
            "dry_run",
            boolean(),
            "Tells what would be done, and does nothing.",
        )
        .answers(200, "What would be done.", preview)
}

pub(super) fn operations() -> Vec<Operation> {
    let one = |method, path, id| {
        Operation::new(method, path, id).names("name", text().shortest(1), "The form's name.")
    };
    let older = count(0, i64::MAX);
    let list = Operation::get("/v1/forms", "listForms").is(TAG, "Forms, by name");
    let make = Operation::post("/v1/forms", "createForm").is(TAG, "Stores a new form");
    let show = one("GET", "/v1/forms/{name}", "getForm")
        .is(TAG, "One form")
        .asks("version", older.clone(), "An older one.");
    let put = one("PUT", "/v1/forms/{name}", "putForm")
        .is(TAG, "Stores a form")
        .says("It holds from the next request on; on other nodes within a second.")
        .header(
            "If-None-Match",
            text().pattern(r"^\*$"),
            "Only where there is none yet.",
        );
    let schema = one("GET", "/v1/forms/{name}/schema", "getFormSchema")
        .is(TAG, "A form as JSON Schema")
        .asks("version", older, "Of an older one.");
    let shown = || Content::json(named("Form"));
    let either = crate::openapi::schema::any_of(vec![named("Form"), named("FormPreview")]);
    let schema_content = Content::of("application/schema+json", anything());
    let mut stored = versioned(configuring(put)).shares(&["NotFound", "Conflict"]);
    stored.answers.retain(|answer| !answer.has_status(200));
    vec![
        page(paged(list), "Form"),
        repeatable(configuring(make))
            .answers(201, "The form.", shown())
            .with_headers(&["Location", "ETag", "Idempotency-Replayed?"]),
        reading(show)
            .answers(200, "The form.", shown())
            .with_headers(&["ETag"]),
        stored
            .answers(
                200,
                "The form, or what would be done.",
                Content::json(either),
            )
            .with_headers(&["ETag?"])
            .answers(201, "The form, which is new.", shown())
            .with_headers(&["Location", "ETag"]),
        reading(schema)
            .answers(200, "The schema.", schema_content)
            .with_headers(&["ETag"]),
    ]
}
