//! What forms store around a user: how it changes, and what that writes.

mod claims;
mod place;

use serde_json::{Map, Value, json};

pub(crate) use claims::{form_claims, records_claims};
pub(crate) use place::{Fate, Placed, found_by, place, statements};

use crate::model::{Record, RecordKind};
use crate::users::Change;
use crate::violation::Path;

/// Records of one kind that a user has at most.
pub const MAX_RECORDS: usize = 200;
/// Properties of a record at most.
pub const MAX_PROPERTIES: usize = 1_000;
/// Bytes of the properties of all of a user's records at most, as JSON: they are read, compared
/// and told of together.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// A record to make, change or take away.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordChange {
    /// Where in the request it stands.
    pub path: Path,
    /// What it is.
    pub kind: RecordKind,
    /// Its name; empty for the user's own properties.
    pub name: String,
    /// Its number; none makes one, but for properties and profiles, of which there is one.
    pub id: Option<i64>,
    /// Takes it away.
    pub destroy: bool,
    /// Whom a relationship is with.
    pub other_id: Option<i64>,
    /// What a transactable is called.
    pub title: Change<String>,
    /// What another system knows a transactable by.
    pub external_id: Change<String>,
    /// Whether a profile is in use.
    pub enabled: Option<bool>,
    /// Properties that are set; null takes one away, and others stay.
    pub properties: Map<String, Value>,
}

impl RecordChange {
    /// A change that names nothing.
    #[must_use]
    pub fn of(kind: RecordKind, name: &str) -> Self {
        Self {
            path: Path::default(),
            kind,
            name: name.to_owned(),
            id: None,
            destroy: false,
            other_id: None,
            title: Change::Keep,
            external_id: Change::Keep,
            enabled: None,
            properties: Map::new(),
        }
    }
}

/// Records as a submission names them, with their numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shown {
    /// The user's own properties.
    pub properties: Map<String, Value>,
    /// Each by its name.
    pub profiles: Map<String, Value>,
    /// Lists by their names.
    pub relationships: Map<String, Value>,
    /// Lists by their names.
    pub transactables: Map<String, Value>,
}

/// Records as a submission names them.
#[must_use]
pub fn shown(records: &[Record]) -> Shown {
    let mut shown = Shown::default();
    for record in records {
        let Record { id, properties, .. } = record;
        match record.kind {
            RecordKind::Properties => shown.properties.clone_from(properties),
            RecordKind::Profile => {
                let profile =
                    json!({ "id": id, "enabled": record.enabled, "properties": properties });
                shown.profiles.insert(record.name.clone(), profile);
            }
            RecordKind::Relationship => {
                let item =
                    json!({ "id": id, "user_id": record.other_id, "properties": properties });
                add(&mut shown.relationships, &record.name, item);
            }
            RecordKind::Transactable => {
                let item = json!({
                    "id": id,
                    "name": record.title,
                    "external_id": record.external_id,
                    "properties": properties,
                });
                add(&mut shown.transactables, &record.name, item);
            }
        }
    }
    shown
}

fn add(lists: &mut Map<String, Value>, name: &str, item: Value) {
    let list = lists
        .entry(name)
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Some(list) = list.as_array_mut() {
        list.push(item);
    }
}
