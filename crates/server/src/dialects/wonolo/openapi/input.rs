//! What goes in. Values may come as forms send them, and an empty one is none.

use directory::accounts::MAX_NAME;
use directory::model::{
    DrugTest, Email, EmployerRole, MAX_TEXT, OnboardingState, Phone, UserKind, W2Status,
};
use directory::password::TOO_LONG;
use directory::users::longest;

use super::super::wire::{MIN_PASSWORD, kind_name};
use crate::openapi::ordered::Ordered;
use crate::openapi::schema::{Schema, any_of, by_name, input, integer, list, named, number, text};

/// A name: letters of any script with their marks, digits, `-` and `.`.
pub(super) const NAME: &str = r"^[\p{L}\p{M}\p{N}.-]+$";

/// A time, with or without its offset, or a bare date.
pub(super) fn moment() -> Schema {
    text()
        .format("iso-8601")
        .says("A time of ISO 8601; without an offset it is UTC's; or a date.")
}

type Field = (&'static str, Schema);

fn null() -> Schema {
    text().with("type", "null")
}

/// A text that may be left empty.
fn words(name: &'static str, domain: &str) -> Field {
    (name, text().longest(longest(domain)).or_null())
}

/// A text that is taken as a number, too.
fn digits(name: &'static str, domain: &str) -> Field {
    let number = text().with("type", "number");
    (
        name,
        any_of(vec![text().longest(longest(domain)), number, null()]),
    )
}

fn truth(name: &'static str) -> Field {
    let texts = ["true", "false", "1", "0", ""].map(Ordered::from);
    let values = [Ordered::Bool(true), Ordered::Bool(false)]
        .into_iter()
        .chain(texts);
    let values = values.chain([1_i64.into(), 0_i64.into(), Ordered::Null]);
    let schema = text().with("type", vec!["boolean", "string", "integer", "null"]);
    (name, schema.with("enum", values.collect::<Vec<_>>()))
}

fn whole(name: &'static str) -> Field {
    let digits = text().pattern("^(-?[0-9]{1,18})?$");
    (name, any_of(vec![integer(), digits, null()]))
}

/// One of these, or none.
fn choice<const N: usize>(name: &'static str, values: [&'static str; N]) -> Field {
    let values = values.into_iter().map(Ordered::from);
    let values: Vec<Ordered> = values.chain(["".into(), Ordered::Null]).collect();
    let schema = text().with("type", vec!["string", "null"]);
    (name, schema.with("enum", values))
}

fn time(name: &'static str) -> Field {
    (
        name,
        any_of(vec![moment(), text().with("const", ""), null()]),
    )
}

fn email() -> Schema {
    text().format("idn-email").longest(Email::MAX_LENGTH)
}

fn phone() -> Schema {
    let words = "Any form that reads as a number; of the US where it names no country.";
    text()
        .format("phone")
        .longest(Phone::MAX_LENGTH)
        .says(words)
}

fn name() -> Schema {
    text()
        .shortest(1)
        .longest(longest("first_name"))
        .pattern(NAME)
}

fn password() -> Schema {
    text().shortest(MIN_PASSWORD).longest(TOO_LONG - 1).secret()
}

/// What users of both types have.
fn person() -> Vec<Field> {
    let decimals = text().pattern(r"^([0-4](\.[0-9]{1,9})?|5(\.0{1,9})?)?$");
    vec![
        ("email", email()),
        ("first_name", name()),
        ("last_name", name()),
        ("password", password()),
        (
            "password_confirmation",
            password().says("The password once more."),
        ),
        words("gender", "gender"),
        (
            "phone",
            any_of(vec![phone(), text().with("const", ""), null()]),
        ),
        words("avatar_url", "avatar_url"),
        words("address", "address"),
        words("city", "city"),
        words("address_state", "state"),
        digits("zip", "zip"),
        truth("suspended"),
        time("suspended_at"),
        ("rating", any_of(vec![number(0.0, 5.0), decimals, null()])),
        truth("agreed_to_terms"),
        time("agreed_to_terms_date"),
    ]
}

fn of_workers() -> Vec<Field> {
    let entries = any_of(vec![
        named("BadgeEntry"),
        list(named("BadgeEntry")),
        by_name(named("BadgeEntry")),
        text().with("const", ""),
        null(),
    ]);
    vec![
        digits("external_id", "external_id"),
        whole("synced_worker_id"),
        choice(
            "onboarding_last_state",
            OnboardingState::ALL.map(OnboardingState::name),
        ),
        choice("w2_onboarding_status", W2Status::ALL.map(W2Status::name)),
        digits("w2_employee_id", "w2_employee_id"),
        choice("drug_tested", DrugTest::ALL.map(DrugTest::name)),
        words("verified_phone", "verified_phone"),
        time("phone_verified_at"),
        (
            "user_badges_attributes",
            entries.says("One hash, an array of them, or a hash of them by index."),
        ),
    ]
}

fn of_employers() -> Vec<Field> {
    let roles = EmployerRole::ALL.map(EmployerRole::name);
    vec![
        words("title", "title"),
        choice("role", roles),
        whole("customer_id"),
    ]
}

const REQUIRED: [&str; 6] = [
    "type",
    "email",
    "first_name",
    "last_name",
    "password",
    "password_confirmation",
];

fn is(kind: UserKind) -> Field {
    ("type", text().with("const", kind_name(kind)))
}

fn worker() -> Schema {
    let own = [is(UserKind::Worker)].into_iter().chain(person());
    input(own.chain(of_workers())).requires(&REQUIRED)
}

fn employer() -> Schema {
    let roles = crate::openapi::schema::one_of(EmployerRole::ALL.map(EmployerRole::name));
    let customer = any_of(vec![
        integer().with("minimum", 1_i64),
        text().pattern("^[1-9][0-9]{0,17}$"),
    ]);
    let required = [
        ("role", roles),
        ("customer_id", customer.says("An account.")),
    ];
    let own = [is(UserKind::Employer)].into_iter().chain(person());
    let all = own.chain(of_employers()).chain(required);
    let names = [REQUIRED.as_slice(), &["role", "customer_id"]].concat();
    input(all).requires(&names)
}

fn update() -> Schema {
    let kinds = [UserKind::Worker, UserKind::Employer].map(kind_name);
    let kind = crate::openapi::schema::one_of(kinds).says("As it is: it cannot change.");
    let id = any_of(vec![integer(), text().pattern("^[0-9]+$"), null()]);
    let own = [
        ("id", id.says("The path's, if it is sent.")),
        ("type", kind),
    ];
    let all = own
        .into_iter()
        .chain(person())
        .chain(of_workers())
        .chain(of_employers());
    input(all).with("minProperties", 1_usize)
}

fn invitation() -> Schema {
    let email = any_of(vec![email(), text().with("const", ""), null()]);
    input([
        is(UserKind::Worker),
        ("first_name", name()),
        ("last_name", name()),
        ("phone", phone()),
        ("email", email),
        digits("external_id", "external_id"),
    ])
    .requires(&["type", "first_name", "last_name", "phone"])
}

fn badge() -> Schema {
    let words = || text().longest(MAX_TEXT).or_null();
    input([
        ("name", text().shortest(1).longest(MAX_NAME).pattern(r"\S")),
        ("description", words()),
        ("info_url", words()),
        ("remote_icon_url", words()),
        truth("is_soft"),
    ])
    .requires(&["name"])
}

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let entry = input([whole("badge_id"), whole("id"), truth("_destroy")]);
    let entry = entry.says("`badge_id` gives a badge; `id` and `_destroy` take one away.");
    vec![
        ("WorkerCreation", worker()),
        ("EmployerCreation", employer()),
        ("UserUpdate", update()),
        ("Invitation", invitation()),
        ("BadgeEntry", entry),
        ("BadgeCreation", badge()),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::super::wire::{BADGE_FIELDS, USER_FIELDS};
    use super::*;

    #[test]
    fn the_documents_fields_are_those_that_are_read() {
        let (worker, employer, badge) = (worker(), employer(), badge());
        let named: BTreeSet<&str> = worker.fields().chain(employer.fields()).collect();
        assert_eq!(named, BTreeSet::from(USER_FIELDS));
        let named: BTreeSet<&str> = badge.fields().collect();
        assert_eq!(named, BTreeSet::from(BADGE_FIELDS));
        let update = update();
        let changed: BTreeSet<&str> = update.fields().filter(|name| *name != "id").collect();
        assert_eq!(changed, BTreeSet::from(USER_FIELDS));
    }
}
