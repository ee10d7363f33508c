//! The forms that every tenant has from the start; one that an operator stores under the same
//! name stands in its place.

use std::sync::{Arc, LazyLock};

use super::shape::{Field, Form, Group, Resource, ResourceOwner, USER_FIELDS, fields_of, rules_of};
use super::validator::Check;

/// Every one of them.
static ALL: LazyLock<[Arc<Form>; 2]> =
    LazyLock::new(|| [Arc::new(create_user()), Arc::new(create_session())]);

/// The built-in form of that name.
pub(super) fn find(name: &str) -> Option<Arc<Form>> {
    all().find(|form| form.name == name)
}

/// Every built-in form.
pub(super) fn all() -> impl Iterator<Item = Arc<Form>> {
    ALL.iter().cloned()
}

fn form(name: &str, resource: Resource, fields: Vec<Field>) -> Form {
    Form {
        name: name.to_owned(),
        resource,
        item_type: None,
        owner: ResourceOwner::Anyone,
        public: false,
        title: None,
        group: Group {
            fields,
            properties: Vec::new(),
        },
        sections: Vec::new(),
    }
}

/// Every plain field of a user; the rules are those that hold in every form (seed 003 names
/// this form in its example).
fn create_user() -> Form {
    let fields = USER_FIELDS.iter().map(|(name, field_type)| {
        Field::plain(name, *field_type).with(rules_of(Resource::User, name))
    });
    form(
        "reference_rest_api_create_user",
        Resource::User,
        fields.collect(),
    )
}

/// Logging in by email and password.
fn create_session() -> Form {
    let fields = fields_of(Resource::Session)
        .iter()
        .map(|(name, field_type)| Field::plain(name, *field_type).with([Check::Presence]));
    form(
        "reference_rest_api_create_session",
        Resource::Session,
        fields.collect(),
    )
}
