//! The shapes of this dialect: a form's fields in, a flat user out (seed 003).

use directory::forms::{self, Form, Resource};
use directory::model::{Email, User, check_text};
use directory::users::{Change, UserChange};
use directory::violation::{Expected, Path, Rule, Violations};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};

use super::quirks::FORM_NAMES;
use crate::http::fields::{Fields, Reading};

/// An empty text has been checked as one by then; it is kept as no value, so that a web form's
/// untouched inputs do not hide a name that is given another way.
const CHECKED: Reading = Reading {
    texts_as_values: false,
    numbers_as_text: &[],
    empty_is_null: true,
};

/// The form that a request names, and what it fills in.
///
/// # Errors
/// All that is wrong around the form's own fields: the name is absent, no text, or names no
/// form of this resource; `form` is absent or no object.
pub(super) fn form_in(
    object: &Map<String, Value>,
    resource: Resource,
) -> Result<(&'static Form, &Map<String, Value>), Violations> {
    let [field, _] = FORM_NAMES;
    let field = FORM_NAMES
        .into_iter()
        .find(|name| required(object, name).is_ok())
        .unwrap_or(field);
    match (named_form(object, field, resource), filled_in(object)) {
        (Ok(form), Ok(given)) => Ok((form, given)),
        (form, given) => {
            let mut wrong = Violations::new();
            if let Err(rule) = form {
                wrong.field(field, rule);
            }
            if let Err(rule) = given {
                wrong.field("form", rule);
            }
            Err(wrong)
        }
    }
}

fn required<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a Value, Rule> {
    let value = object.get(name).filter(|value| !value.is_null());
    value.ok_or(Rule::Blank)
}

fn named_form(
    object: &Map<String, Value>,
    field: &str,
    resource: Resource,
) -> Result<&'static Form, Rule> {
    let expected = Expected::Text;
    let name = required(object, field)?
        .as_str()
        .ok_or(Rule::WrongType { expected })?;
    forms::find(name)
        .filter(|form| form.resource() == resource)
        .ok_or(Rule::MustExist)
}

fn filled_in(object: &Map<String, Value>) -> Result<&Map<String, Value>, Rule> {
    let expected = Expected::Object;
    required(object, "form")?
        .as_object()
        .ok_or(Rule::WrongType { expected })
}

/// Reads what fills in a user's form: the change, the password, and all that is wrong.
pub(super) fn user_in(
    form: &Form,
    given: &Map<String, Value>,
) -> (UserChange, Option<SecretString>, Violations) {
    let (accepted, mut violations) = form.check(given);
    let email = accepted.get("email").and_then(Value::as_str);
    let mut fields = Fields::new(&accepted, Path::default(), CHECKED, &mut violations);
    let change = UserChange {
        // What is no address has been told by the form.
        email: Change::set_if(email.and_then(|text| Email::parse(text).ok())),
        first_name: fields.text("first_name"),
        middle_name: fields.text("middle_name"),
        last_name: fields.text("last_name"),
        name: fields.text("name"),
        external_id: fields.text("external_id"),
        featured: fields.boolean("featured"),
        public_profile: fields.boolean("public_profile"),
        ..UserChange::default()
    };
    let password = fields
        .text("password")
        .value()
        .cloned()
        .map(SecretString::from);
    let nul = |password: &SecretString| check_text(password.expose_secret(), usize::MAX);
    if let Some(rule) = password.as_ref().and_then(nul) {
        violations.field("password", rule);
    }
    (change, password, violations)
}

/// What answers a creation (seed 003, "Example response").
#[derive(Serialize)]
pub(super) struct MadeOut {
    id: i64,
    errors: Map<String, Value>,
}

impl MadeOut {
    pub(super) fn new(id: i64) -> Self {
        Self {
            id,
            errors: Map::new(),
        }
    }
}

/// A user as UserForm names the fields (seed 003, "User Parameters"), without the password.
#[derive(Serialize)]
pub(super) struct UserOut<'a> {
    id: i64,
    email: Option<&'a str>,
    external_id: Option<&'a str>,
    featured: Option<bool>,
    first_name: Option<&'a str>,
    middle_name: Option<&'a str>,
    last_name: Option<&'a str>,
    name: Option<String>,
    public_profile: Option<bool>,
    properties: Map<String, Value>,
    profiles: Map<String, Value>,
    relationship_users: Map<String, Value>,
    transactables: Map<String, Value>,
}

/// A user as this dialect shows them.
pub(super) fn user_out(user: &User) -> UserOut<'_> {
    let (first_name, last_name) = user.shown_parts();
    UserOut {
        id: user.id,
        email: user.email.as_ref().map(Email::as_str),
        external_id: user.external_id.as_deref(),
        featured: user.featured,
        first_name,
        middle_name: user.middle_name.as_deref(),
        last_name,
        name: user.shown_name(),
        public_profile: user.public_profile,
        properties: Map::new(),
        profiles: Map::new(),
        relationship_users: Map::new(),
        transactables: Map::new(),
    }
}
