//! From what a form takes of a submission to the change of a user, and from a stored user to the
//! shape of a submission.

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::check::{Accepted, Item, PROPERTIES};
use super::shape::{Form, SectionKind};
use crate::model::{Email, RecordKind, UserView, check_text};
use crate::records::{RecordChange, shown};
use crate::users::{Change, UserChange};
use crate::violation::Violations;

/// A submission that was checked.
pub struct Submission {
    /// What it makes or changes.
    pub change: UserChange,
    /// The password in it, yet to be hashed.
    pub password: Option<SecretString>,
    /// What is wrong with it.
    pub violations: Violations,
}

impl Submission {
    /// Checks what came for a user who is yet to be made, or, with `stored`, for one who is
    /// there: in the shape of [`as_submitted`].
    #[must_use]
    pub fn of_user(
        form: &Form,
        given: &Map<String, Value>,
        stored: Option<&Map<String, Value>>,
    ) -> Self {
        let (accepted, mut violations) = form.check(given, stored);
        let password = accepted.fields.get("password").and_then(Value::as_str);
        if let Some(rule) = password.and_then(|text| check_text(text, usize::MAX)) {
            // The engine told it, unless it told another of the kind.
            violations.field("password", rule);
        }
        let password = password.map(|text| SecretString::from(text.to_owned()));
        Self {
            change: change_of(accepted),
            password,
            violations,
        }
    }
}

/// A text; an empty one is none, so that a web form's untouched inputs do not hide a name that
/// is given another way.
fn text(fields: &Map<String, Value>, name: &str) -> Change<String> {
    match fields.get(name) {
        None => Change::Keep,
        Some(Value::String(text)) if !text.is_empty() => Change::Set(text.clone()),
        Some(
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
        ) => Change::Clear,
    }
}

fn boolean(fields: &Map<String, Value>, name: &str) -> Change<bool> {
    match fields.get(name) {
        None => Change::Keep,
        Some(value) => value.as_bool().map_or(Change::Clear, Change::Set),
    }
}

pub(super) fn change_of(accepted: Accepted) -> UserChange {
    let fields = &accepted.fields;
    let email = fields.get("email").and_then(Value::as_str);
    let mut records = Vec::new();
    if !accepted.properties.is_empty() {
        let mut own = RecordChange::of(RecordKind::Properties, "");
        own.properties = accepted.properties;
        records.push(own);
    }
    records.extend(accepted.items.into_iter().map(change_of_item));
    UserChange {
        // What is no address has been told by the form.
        email: Change::set_if(email.and_then(|text| Email::parse(text).ok())),
        first_name: text(fields, "first_name"),
        middle_name: text(fields, "middle_name"),
        last_name: text(fields, "last_name"),
        name: text(fields, "name"),
        external_id: text(fields, "external_id"),
        featured: boolean(fields, "featured"),
        public_profile: boolean(fields, "public_profile"),
        records,
        ..UserChange::default()
    }
}

/// What an item of a submission does to a record.
pub(super) fn change_of_item(item: Item) -> RecordChange {
    let fields = &item.fields;
    RecordChange {
        path: item.path,
        id: item.id,
        destroy: item.destroy,
        other_id: fields.get("user_id").and_then(number_of_user),
        title: text(fields, "name"),
        external_id: text(fields, "external_id"),
        enabled: fields.get("enabled").and_then(Value::as_bool),
        properties: item.properties,
        ..RecordChange::of(item.kind.record(), &item.name)
    }
}

/// The number of no user.
const NOBODY: i64 = 0;

/// The number of a user, also one that is written with a point; of one that is too large to be
/// any, that of nobody.
fn number_of_user(value: &Value) -> Option<i64> {
    let number = value.as_f64()?;
    let whole = value
        .as_i64()
        .or_else(|| format!("{number:.0}").parse().ok());
    whole.or(Some(NOBODY))
}

/// A user in the shape of a submission: what a form is checked against, and what is shown.
#[must_use]
pub fn as_submitted(view: &UserView) -> Map<String, Value> {
    let user = &view.user;
    let (first_name, last_name) = user.shown_parts();
    let records = shown(&view.records);
    let mut map = Map::new();
    let mut put = |name: &str, value: Value| {
        map.insert(name.to_owned(), value);
    };
    put("email", user.email.as_ref().map(Email::as_str).into());
    put("external_id", user.external_id.as_deref().into());
    put("featured", user.featured.into());
    put("first_name", first_name.into());
    put("middle_name", user.middle_name.as_deref().into());
    put("last_name", last_name.into());
    put("name", user.shown_name().into());
    put("public_profile", user.public_profile.into());
    put(PROPERTIES, records.properties.into());
    put(SectionKind::Profiles.name(), records.profiles.into());
    let relationships = records.relationships;
    put(SectionKind::Relationships.name(), relationships.into());
    let transactables = records.transactables;
    put(SectionKind::Transactables.name(), transactables.into());
    map
}
