//! What forms store around a user: properties, profiles, relationships and transactables.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// The user's own properties: one record, without a name.
    Properties,
    /// A named set of properties; one of each name.
    Profile,
    /// What the user is to another.
    Relationship,
    /// Something that the user offers or owns.
    Transactable,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::Properties,
        Self::Profile,
        Self::Relationship,
        Self::Transactable,
    ];

    /// Its stored name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Properties => "properties",
            Self::Profile => "profile",
            Self::Relationship => "relationship",
            Self::Transactable => "transactable",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A record of a user.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What it is.
    pub kind: RecordKind,
    /// Its name among those of its kind: `developer`, `boat`.
    pub name: String,
    /// Its number; 0 for the user's own properties.
    pub id: i64,
    /// Whom a relationship is with.
    pub other_id: Option<i64>,
    /// What a transactable is called.
    pub title: Option<String>,
    /// What another system knows a transactable by.
    pub external_id: Option<String>,
    /// Whether a profile is in use.
    pub enabled: bool,
    /// Its properties.
    pub properties: Map<String, Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Record {
    /// A record without anything in it.
    #[must_use]
    pub fn blank(kind: RecordKind, name: &str, id: i64, now: Timestamp) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            id,
            other_id: None,
            title: None,
            external_id: None,
            enabled: true,
            properties: Map::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// The value of a property that has one, or, by `is_property` false, of a field.
    #[must_use]
    pub fn value(&self, is_property: bool, name: &str) -> Option<Value> {
        if is_property {
            let value = self.properties.get(name).cloned();
            return value.filter(|value| !value.is_null());
        }
        match name {
            "name" => self.title.clone().map(Value::from),
            "external_id" => self.external_id.clone().map(Value::from),
            "user_id" => self.other_id.map(Value::from),
            "enabled" => Some(self.enabled.into()),
            _ => None,
        }
    }
}
