//! Forms: which fields of a resource a request may fill in, and what must hold of them.
//!
//! A form is data: [`read`] makes one of a configuration, which an operator writes in YAML or
//! JSON; [`Form::check`] judges a submission; [`Form::reword`] puts the author's words to what
//! only the directory can find out.

mod builtin;
mod cache;
mod check;
mod config;
mod difference;
mod document;
mod fault;
mod pattern;
mod rules;
mod schema;
mod shape;
mod sign_up;
mod standing;
mod stored;
mod submission;
mod submit;
mod validator;
mod values;

pub(crate) use cache::FormCache;
pub use check::{Accepted, Item, MAX_ITEMS};
pub use config::{MAX_FIELDS, MAX_NAME, is_name, read};
pub use difference::Difference;
pub use document::{Format, MAX_SOURCE, Node, Place};
pub use fault::{Fault, Problem};
pub(crate) use rules::Target;
pub use rules::{Indexed, Rules, Unique};
pub use schema::schema;
pub use shape::{Field, FieldType, Form, Group, Resource, ResourceOwner, Section, SectionKind};
pub use sign_up::{SIGN_UP_PAUSE, SignUp, drop_sign_up, look_at_sign_up, noted_sign_ups, sign_up};
pub use stored::{
    Applied, Draft, Expected, MAX_FORMS, Outcome, StoredForm, draft, get, list, name_taken, page,
    preview, put,
};
pub use submission::{Submission, as_submitted};
pub use submit::{
    CheckedItem, CheckedUpdate, check_item, check_item_update, check_update, create_item,
    delete_item, update_item, update_user,
};
pub use validator::{Check, Condition, Numericality, Test, Validator};
pub use values::MAX_VALUE;

use std::sync::Arc;

use crate::actor::Actor;
use crate::error::Error;
use crate::permission::Permission;
use crate::store::{Tx, form_rules};
use crate::violation::{Path, Rule, Violation};

/// What the forms of a tenant hold of all its users: what lists are filtered by is among it.
///
/// # Errors
/// [`Error::Forbidden`] without `readUsers`.
pub fn rules(tx: &Tx<'_>, actor: &Actor) -> Result<Arc<Rules>, Error> {
    actor.require(Permission::ReadUsers)?;
    form_rules(tx, actor.tenant)
}

impl Form {
    /// The error with the author's words for what only the directory can find out: that a value
    /// is taken.
    #[must_use]
    pub fn reword(&self, error: Error) -> Error {
        let Error::Invalid(mut violations) = error else {
            return error;
        };
        let taken = |each: &&mut Violation| each.rule == Rule::Taken && each.message.is_none();
        for violation in violations.iter_mut().filter(taken) {
            violation.message = self.words_for_taken(&violation.path);
        }
        Error::Invalid(violations)
    }

    fn words_for_taken(&self, path: &Path) -> Option<String> {
        let found = self.field_at(path)?.uniqueness();
        found.and_then(|validator| validator.message.clone())
    }

    /// The field that a path of a submission leads to.
    #[must_use]
    pub fn field_at(&self, path: &Path) -> Option<&Field> {
        let mut segments = path.segments().iter().map(String::as_str);
        let mut group = &self.group;
        let mut name = segments.next()?;
        if let Some(kind) = SectionKind::parse(name) {
            let named = segments.next()?;
            let mut sections = self.sections.iter();
            let section = sections.find(|each| each.kind == kind && each.name == named)?;
            group = &section.group;
            name = segments.next()?;
            if name.bytes().all(|byte| byte.is_ascii_digit()) {
                name = segments.next()?;
            }
        }
        let fields = if name == check::PROPERTIES {
            name = segments.next()?;
            &group.properties
        } else {
            &group.fields
        };
        fields.iter().find(|field| field.name == name)
    }
}

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod published;
#[cfg(test)]
mod tests;
