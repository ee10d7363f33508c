//! Forms: which fields of a resource a request may fill in, and what must hold of them.
//!
//! A form is data, so that one made in code and one that an operator wrote are the same thing
//! to who uses them: [`find`] it, [`Form::check`] what came, [`Form::reword`] what the
//! directory answered.

mod builtin;
mod field;
mod validator;

use std::borrow::Cow;

use serde_json::{Map, Value};

pub use field::{Attribute, Field};
pub use validator::{Check, Validator};

use crate::error::Error;
use crate::violation::{Path, Rule, Violation, Violations};

/// What a form fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A user.
    User,
    /// A session: logging in.
    Session,
}

/// A form, ready for use.
#[derive(Debug, Clone)]
pub struct Form {
    name: Cow<'static, str>,
    resource: Resource,
    fields: Cow<'static, [Field]>,
}

/// The form of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Form> {
    builtin::ALL.into_iter().find(|form| form.name == name)
}

impl Form {
    /// Its name, by which it is found.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it fills in.
    #[must_use]
    pub fn resource(&self) -> Resource {
        self.resource
    }

    /// Checks what came for a thing that is yet to be made. Answers the fields that the form
    /// lists and that are of the type they need, and all that is wrong. What the form does
    /// not list is left out in silence; a null is as absent. Whether a value is taken is
    /// found by the directory when it is written.
    #[must_use]
    pub fn check(&self, given: &Map<String, Value>) -> (Map<String, Value>, Violations) {
        let mut accepted = Map::new();
        let mut violations = Violations::new();
        for field in self.fields.iter() {
            let name = field.attribute.name();
            let value = given.get(name).filter(|value| !value.is_null());
            match value {
                Some(value) if !field.attribute.takes(value) => {
                    let expected = field.attribute.expected();
                    violations.field(name, Rule::WrongType { expected });
                    continue;
                }
                Some(value) => {
                    accepted.insert(name.to_owned(), value.clone());
                }
                None => {}
            }
            for (rule, message) in field.broken(self.resource, value) {
                violations.push(Violation {
                    path: Path::field(name),
                    rule,
                    message,
                });
            }
        }
        (accepted, violations)
    }

    /// The error with the form's own words for what only the directory can find out: that a
    /// value is taken.
    #[must_use]
    pub fn reword(&self, error: Error) -> Error {
        let Error::Invalid(violations) = error else {
            return error;
        };
        let mut reworded = Violations::new();
        for violation in &violations {
            let mut violation = violation.clone();
            if violation.rule == Rule::Taken && violation.message.is_none() {
                violation.message = self.words_for_taken(&violation.path);
            }
            reworded.push(violation);
        }
        Error::Invalid(reworded)
    }

    fn words_for_taken(&self, path: &Path) -> Option<String> {
        let [name] = path.segments() else {
            return None;
        };
        let field = self
            .fields
            .iter()
            .find(|field| field.attribute.name() == name)?;
        let unique = field
            .validators
            .iter()
            .find(|validator| validator.check == Check::Uniqueness)?;
        unique.message.as_deref().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::violation::Expected;

    const CREATE: &str = "reference_rest_api_create_user";

    fn checked(form: &Form, given: Value) -> (Value, Vec<(String, Rule, Option<String>)>) {
        let (accepted, violations) = form.check(given.as_object().unwrap());
        let told = violations
            .iter()
            .map(|each| {
                (
                    each.path.to_string(),
                    each.rule.clone(),
                    each.message.clone(),
                )
            })
            .collect();
        (accepted.into(), told)
    }

    fn broken(given: Value) -> Vec<(String, Rule, Option<String>)> {
        checked(find(CREATE).unwrap(), given).1
    }

    fn at(field: &str, rule: Rule) -> (String, Rule, Option<String>) {
        (field.to_owned(), rule, None)
    }

    #[test]
    fn a_form_is_found_by_its_whole_name() {
        assert_eq!(find(CREATE).unwrap().name(), CREATE);
        assert_eq!(find(CREATE).unwrap().resource(), Resource::User);
        let session = find("reference_rest_api_create_session").unwrap();
        assert_eq!(session.resource(), Resource::Session);
        for name in [
            "",
            "reference_rest_api_create",
            "REFERENCE_REST_API_CREATE_USER",
        ] {
            assert!(find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn what_is_not_listed_is_left_out_and_a_null_is_as_absent() {
        let given = json!({
            "email": "ada@example.org", "first_name": "", "last_name": null, "featured": false,
            "id": 9, "created_by": "x", "profiles": {"a": {}}, "suspended_at": 5,
        });
        let (accepted, told) = checked(find(CREATE).unwrap(), given);
        let expected = json!({"email": "ada@example.org", "first_name": "", "featured": false});
        assert_eq!((accepted, told), (expected, Vec::new()));
    }

    #[test]
    fn every_broken_rule_is_told() {
        assert_eq!(broken(json!({})), [at("email", Rule::Blank)]);
        let given = json!({"email": "ada", "password": "short", "featured": "yes", "name": 5});
        let wrong = |expected| Rule::WrongType { expected };
        assert_eq!(
            broken(given),
            [
                at("email", Rule::BadFormat),
                at("password", Rule::TooShort { min: 6 }),
                at("name", wrong(Expected::Text)),
                at("featured", wrong(Expected::Boolean)),
            ]
        );
    }

    #[test]
    fn an_empty_text_is_checked_and_blank() {
        for email in ["", "  "] {
            assert_eq!(
                broken(json!({ "email": email })),
                [at("email", Rule::Blank)]
            );
        }
        let given = json!({"email": "ada@example.org", "password": ""});
        assert_eq!(broken(given), [at("password", Rule::TooShort { min: 6 })]);
    }

    #[test]
    fn a_length_holds_at_its_edges() {
        let with =
            |length: usize| broken(json!({"email": "a@b.org", "password": "é".repeat(length)}));
        assert_eq!(with(5), [at("password", Rule::TooShort { min: 6 })]);
        assert_eq!(with(6), []);
        assert_eq!(with(999), []);
        assert_eq!(with(1_000), [at("password", Rule::TooLong { max: 999 })]);
    }

    fn own_form() -> Form {
        let field = |attribute, validators: Vec<Validator>| Field {
            attribute,
            validators: validators.into(),
        };
        Form {
            name: "sign_up".to_owned().into(),
            resource: Resource::User,
            fields: vec![
                field(
                    Attribute::Email,
                    vec![
                        Validator::new(Check::Presence).worded("Where do we write to?"),
                        Validator::new(Check::Uniqueness).worded("We know you already"),
                    ],
                ),
                field(
                    Attribute::FirstName,
                    vec![Validator::new(Check::Presence).worded("Tell us your name")],
                ),
                field(
                    Attribute::Password,
                    vec![Validator::new(Check::Length {
                        minimum: Some(12),
                        maximum: None,
                    })],
                ),
            ]
            .into(),
        }
    }

    #[test]
    fn a_forms_own_rules_and_words_stand_before_those_of_its_resource() {
        let (accepted, told) = checked(
            &own_form(),
            json!({"first_name": " ", "last_name": "L", "password": "short"}),
        );
        assert_eq!(accepted, json!({"first_name": " ", "password": "short"}));
        let worded =
            |field: &str, words: &str| (field.to_owned(), Rule::Blank, Some(words.to_owned()));
        assert_eq!(
            told,
            [
                worded("email", "Where do we write to?"),
                worded("first_name", "Tell us your name"),
                at("password", Rule::TooShort { min: 12 }),
            ]
        );
        let (_, told) = checked(&own_form(), json!({"email": "ada", "first_name": "A"}));
        assert_eq!(told, [at("email", Rule::BadFormat)]);
    }

    #[test]
    fn a_form_words_what_is_taken() {
        let taken = || {
            let mut violations = Violations::new();
            violations.field("email", Rule::Taken);
            violations.field("phone", Rule::Taken);
            Error::Invalid(violations)
        };
        let words = |form: &Form| {
            let Error::Invalid(violations) = form.reword(taken()) else {
                panic!("another error");
            };
            let words = violations.iter().map(|each| each.message.clone());
            words.collect::<Vec<_>>()
        };
        assert_eq!(
            words(&own_form()),
            [Some("We know you already".to_owned()), None]
        );
        assert_eq!(words(find(CREATE).unwrap()), [None, None]);
        assert!(matches!(
            own_form().reword(Error::NotFound),
            Error::NotFound
        ));
    }
}
