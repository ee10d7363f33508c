//! A form, ready for use: which fields of a resource it lists, and what must hold of each.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::validator::{Check, Validator};
use crate::password;

/// What a form fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A user.
    User,
    /// A session: logging in.
    Session,
    /// Something that a user offers or owns.
    Transactable,
    /// What one user is to another.
    RelationshipUser,
}

impl Resource {
    /// Every resource.
    pub const ALL: [Self; 4] = [
        Self::User,
        Self::Session,
        Self::Transactable,
        Self::RelationshipUser,
    ];

    /// Its name in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Session => "Session",
            Self::Transactable => "Transactable",
            Self::RelationshipUser => "RelationshipUser",
        }
    }

    /// The resource of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.name() == name)
    }

    /// The section of a user that it is an item of.
    #[must_use]
    pub fn section(self) -> Option<SectionKind> {
        match self {
            Self::User | Self::Session => None,
            Self::Transactable => Some(SectionKind::Transactables),
            Self::RelationshipUser => Some(SectionKind::Relationships),
        }
    }
}

/// Who may update through a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceOwner {
    /// Who may update users at all.
    Anyone,
    /// The user themselves.
    Itself,
    /// Who made the user.
    Creator,
}

impl ResourceOwner {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Anyone, Self::Itself, Self::Creator];

    /// Its name in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Itself => "self",
            Self::Creator => "creator",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.name() == name)
    }
}

/// The type of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// A text, a number or a boolean.
    Scalar,
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A boolean.
    Boolean,
    /// A day: `2026-11-21`.
    Date,
    /// A moment: RFC 3339, or without an offset in UTC.
    DateTime,
    /// A list of texts, numbers and booleans.
    List,
    /// A JSON object.
    Object,
}

impl FieldType {
    /// Every type.
    pub const ALL: [Self; 9] = [
        Self::Scalar,
        Self::Text,
        Self::Integer,
        Self::Number,
        Self::Boolean,
        Self::Date,
        Self::DateTime,
        Self::List,
        Self::Object,
    ];

    /// Its name in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "any",
            Self::Text => "string",
            Self::Integer => "integer",
            Self::Number => "float",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::List => "array",
            Self::Object => "object",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.name() == name)
    }

    /// Whether its values are one thing each, to be compared and found by.
    #[must_use]
    pub fn is_single(self) -> bool {
        !matches!(self, Self::List | Self::Object)
    }
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub field_type: FieldType,
    /// What people read beside it.
    pub label: Option<String>,
    /// What helps them to fill it in.
    pub hint: Option<String>,
    /// What must hold of it: the author's, and behind them what holds in every form.
    pub validators: Vec<Validator>,
    /// What it is in a new thing when nothing came.
    pub default: Option<Value>,
    /// What it is when nothing came and nothing is stored.
    pub filling: Option<Value>,
    /// What comes is left out.
    pub readonly: bool,
    /// What comes is checked and not stored.
    pub is_virtual: bool,
    /// Lists of users can be filtered by it.
    pub indexed: bool,
}

impl Field {
    /// One of which nothing is demanded.
    #[must_use]
    pub fn plain(name: &str, field_type: FieldType) -> Self {
        Self {
            name: name.to_owned(),
            field_type,
            label: None,
            hint: None,
            validators: Vec::new(),
            default: None,
            filling: None,
            readonly: false,
            is_virtual: false,
            indexed: false,
        }
    }

    /// The same with what must hold of it.
    #[must_use]
    pub fn with(mut self, checks: impl IntoIterator<Item = Check>) -> Self {
        self.validators
            .extend(checks.into_iter().map(Validator::new));
        self
    }

    /// Whether `NAME_confirmation` belongs to it.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.validators
            .iter()
            .any(|each| each.check == Check::Confirmation)
    }

    /// Whether it must have a value, whatever else has one.
    #[must_use]
    pub fn is_demanded(&self) -> bool {
        self.validators.iter().any(|each| {
            let unless = each.allow_nil || each.allow_blank || each.condition.is_some();
            each.check == Check::Presence && !unless
        })
    }

    /// The validator of this sort that demands uniqueness.
    #[must_use]
    pub fn uniqueness(&self) -> Option<&Validator> {
        self.validators
            .iter()
            .find(|each| matches!(each.check, Check::Uniqueness { .. }))
    }
}

/// Fields that stand side by side, and the properties inside of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    /// What the resource has in every tenant.
    pub fields: Vec<Field>,
    /// What the operator gave it.
    pub properties: Vec<Field>,
}

impl Group {
    /// Each field, and whether it is a property.
    pub fn all(&self) -> impl Iterator<Item = (bool, &Field)> {
        let fields = self.fields.iter().map(|field| (false, field));
        fields.chain(self.properties.iter().map(|field| (true, field)))
    }

    /// The field of that name, and whether it is a property.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<(bool, &Field)> {
        self.all().find(|(_, field)| field.name == name)
    }
}

/// What stands around a user in named parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// One of a name.
    Profiles,
    /// Several of a name.
    Relationships,
    /// Several of a name.
    Transactables,
}

impl SectionKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Profiles, Self::Relationships, Self::Transactables];

    /// Its name in forms.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Profiles => "profiles",
            Self::Relationships => "relationship_users",
            Self::Transactables => "transactables",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.name() == name)
    }
}

/// A named part of a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its kind.
    pub kind: SectionKind,
    /// Its name.
    pub name: String,
    /// What it lists.
    pub group: Group,
}

/// A form, ready for use.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Its name, by which requests name it.
    pub name: String,
    /// What it fills in.
    pub resource: Resource,
    /// The name of the transactables or relationships that it fills in; none for others.
    pub item_type: Option<String>,
    /// Who may update through it.
    pub owner: ResourceOwner,
    /// Whether it is a page that anybody may fill in.
    pub public: bool,
    /// What its page is headed by.
    pub title: Option<String>,
    /// The fields of the resource.
    pub group: Group,
    /// What it lists around a user.
    pub sections: Vec<Section>,
}

/// The fields that a user's form may list, and their types (seed 003, "User Parameters").
pub(super) const USER_FIELDS: [(&str, FieldType); 9] = [
    ("email", FieldType::Text),
    ("password", FieldType::Text),
    ("first_name", FieldType::Text),
    ("last_name", FieldType::Text),
    ("middle_name", FieldType::Text),
    ("name", FieldType::Text),
    ("external_id", FieldType::Text),
    ("featured", FieldType::Boolean),
    ("public_profile", FieldType::Boolean),
];
const SESSION_FIELDS: [(&str, FieldType); 2] =
    [("email", FieldType::Text), ("password", FieldType::Text)];
const PROFILE_FIELDS: [(&str, FieldType); 1] = [("enabled", FieldType::Boolean)];
const RELATIONSHIP_FIELDS: [(&str, FieldType); 1] = [("user_id", FieldType::Integer)];
const TRANSACTABLE_FIELDS: [(&str, FieldType); 2] =
    [("name", FieldType::Text), ("external_id", FieldType::Text)];

/// The fields of a resource.
pub(super) fn fields_of(resource: Resource) -> &'static [(&'static str, FieldType)] {
    match resource {
        Resource::User => &USER_FIELDS,
        Resource::Session => &SESSION_FIELDS,
        Resource::Transactable => &TRANSACTABLE_FIELDS,
        Resource::RelationshipUser => &RELATIONSHIP_FIELDS,
    }
}

/// The fields of a part of a user.
pub(super) fn fields_of_section(kind: SectionKind) -> &'static [(&'static str, FieldType)] {
    match kind {
        SectionKind::Profiles => &PROFILE_FIELDS,
        SectionKind::Relationships => &RELATIONSHIP_FIELDS,
        SectionKind::Transactables => &TRANSACTABLE_FIELDS,
    }
}

/// What holds of a field in every form of a resource, whatever the form says.
pub(super) fn rules_of(resource: Resource, field: &str) -> Vec<Check> {
    match (resource, resource.section(), field) {
        (_, Some(kind), _) => rules_of_section(kind, field),
        (Resource::User, None, "email") => vec![
            Check::Presence,
            Check::Uniqueness { scope: Vec::new() },
            Check::EmailFormat,
        ],
        (Resource::User, None, "password") => vec![length(Some(6), password::TOO_LONG - 1)],
        (Resource::User, None, "featured" | "public_profile") => Vec::new(),
        (Resource::User, None, _) => vec![length(None, MAX_NAME)],
        (Resource::Session | Resource::Transactable | Resource::RelationshipUser, None, _) => {
            Vec::new()
        }
    }
}

/// Most characters of a name or an external id.
const MAX_NAME: usize = 255;

fn length(minimum: Option<usize>, maximum: usize) -> Check {
    Check::Length {
        minimum,
        maximum: Some(maximum),
        is: None,
    }
}

/// What holds of a field of an item in every form; such fields are in each.
pub(super) fn rules_of_section(kind: SectionKind, field: &str) -> Vec<Check> {
    match (kind, field) {
        (SectionKind::Relationships, "user_id") => vec![Check::Presence],
        (SectionKind::Transactables, "name") => vec![Check::Presence, length(None, MAX_NAME)],
        (SectionKind::Transactables, _) => vec![length(None, MAX_NAME)],
        (SectionKind::Profiles | SectionKind::Relationships, _) => Vec::new(),
    }
}
