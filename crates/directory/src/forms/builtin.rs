//! The forms that every tenant has from the start.

use std::borrow::Cow;

use super::{Attribute, Check, Field, Form, Resource, Validator};

/// Every one of them.
pub(super) static ALL: [&Form; 2] = [&CREATE_USER, &CREATE_SESSION];

/// Every plain field of a user; the rules are those that hold in every form (seed 003 names
/// this form in its example).
static CREATE_USER: Form = Form {
    name: Cow::Borrowed("reference_rest_api_create_user"),
    resource: Resource::User,
    fields: Cow::Borrowed(&[
        Field::plain(Attribute::Email),
        Field::plain(Attribute::Password),
        Field::plain(Attribute::FirstName),
        Field::plain(Attribute::LastName),
        Field::plain(Attribute::MiddleName),
        Field::plain(Attribute::Name),
        Field::plain(Attribute::ExternalId),
        Field::plain(Attribute::Featured),
        Field::plain(Attribute::PublicProfile),
    ]),
};

const REQUIRED: &[Validator] = &[Validator::new(Check::Presence)];

/// Logging in by email and password.
static CREATE_SESSION: Form = Form {
    name: Cow::Borrowed("reference_rest_api_create_session"),
    resource: Resource::Session,
    fields: Cow::Borrowed(&[
        Field::with(Attribute::Email, REQUIRED),
        Field::with(Attribute::Password, REQUIRED),
    ]),
};
