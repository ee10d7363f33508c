//! The fields that a form may list, and the rules that hold of each in every form.

use std::borrow::Cow;
use std::mem::discriminant;

use serde_json::Value;

use crate::password;
use crate::violation::{Expected, Rule};

use super::{Check, Resource, Validator};

/// A field that a form may list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the fields of the user")]
pub enum Attribute {
    Email,
    Password,
    FirstName,
    LastName,
    MiddleName,
    Name,
    ExternalId,
    Featured,
    PublicProfile,
}

/// What a user's form demands of its fields by itself (seed 003, "User Parameters").
const USER_EMAIL: &[Validator] = &[
    Validator::new(Check::Presence),
    Validator::new(Check::Uniqueness),
    Validator::new(Check::EmailFormat),
];
const USER_PASSWORD: &[Validator] = &[Validator::new(Check::Length {
    minimum: Some(6),
    maximum: Some(password::TOO_LONG - 1),
})];

impl Attribute {
    /// Its name in a form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Password => "password",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::MiddleName => "middle_name",
            Self::Name => "name",
            Self::ExternalId => "external_id",
            Self::Featured => "featured",
            Self::PublicProfile => "public_profile",
        }
    }

    /// The type of its values.
    #[must_use]
    pub fn expected(self) -> Expected {
        match self {
            Self::Email
            | Self::Password
            | Self::FirstName
            | Self::LastName
            | Self::MiddleName
            | Self::Name
            | Self::ExternalId => Expected::Text,
            Self::Featured | Self::PublicProfile => Expected::Boolean,
        }
    }

    /// Whether a value is of that type.
    pub(super) fn takes(self, value: &Value) -> bool {
        match self.expected() {
            Expected::Text => value.is_string(),
            Expected::Boolean => value.is_boolean(),
            Expected::Integer => value.is_i64(),
            Expected::Number => value.is_number(),
            Expected::Object => value.is_object(),
            Expected::List => value.is_array(),
            Expected::DateTime => value
                .as_str()
                .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        }
    }

    /// What holds of it in every form of a resource, whatever the form says.
    fn rules(self, resource: Resource) -> &'static [Validator] {
        match (resource, self) {
            (Resource::User, Self::Email) => USER_EMAIL,
            (Resource::User, Self::Password) => USER_PASSWORD,
            (
                Resource::User,
                Self::FirstName
                | Self::LastName
                | Self::MiddleName
                | Self::Name
                | Self::ExternalId
                | Self::Featured
                | Self::PublicProfile,
            )
            | (Resource::Session, _) => &[],
        }
    }
}

/// A field of a form.
#[derive(Debug, Clone)]
pub struct Field {
    /// Which.
    pub attribute: Attribute,
    /// What the form itself demands of it.
    pub validators: Cow<'static, [Validator]>,
}

impl Field {
    /// One of which the form itself demands nothing.
    pub(super) const fn plain(attribute: Attribute) -> Self {
        Self::with(attribute, &[])
    }

    /// One with validators.
    pub(super) const fn with(attribute: Attribute, validators: &'static [Validator]) -> Self {
        Self {
            attribute,
            validators: Cow::Borrowed(validators),
        }
    }

    /// The rules that a value breaks, with the form's words for them. Where the form and its
    /// resource have a rule of one kind, the form's is told.
    pub(super) fn broken(
        &self,
        resource: Resource,
        value: Option<&Value>,
    ) -> Vec<(Rule, Option<String>)> {
        let mut broken: Vec<(Rule, Option<String>)> = Vec::new();
        let rules = self.attribute.rules(resource);
        for validator in self.validators.iter().chain(rules) {
            let told = |rule: &Rule| {
                broken
                    .iter()
                    .any(|(before, _)| discriminant(before) == discriminant(rule))
            };
            let rule = validator.check.broken_by(value).filter(|rule| !told(rule));
            if let Some(rule) = rule {
                broken.push((rule, validator.message.as_deref().map(str::to_owned)));
            }
        }
        broken
    }
}
