//! What comes out.

use directory::jobs::STATES;
use directory::model::{DrugTest, EmployerRole, OnboardingState, Place, UserKind, W2Status};

use super::super::wire::kind_name;
use crate::openapi::operation::{Content, SharedAnswer};
use crate::openapi::schema::{
    Schema, any_of, boolean, by_name, id, integer, list, named, number, one_of, shape, text, time,
};

type Field = (&'static str, Schema);

fn place() -> [Field; 2] {
    let degrees = |most: f64| number(-most, most);
    [
        ("latitude", degrees(Place::MAX_LATITUDE)),
        ("longitude", degrees(Place::MAX_LONGITUDE)),
    ]
}

/// A user of a type.
fn user(kind: Schema, own: Vec<Field>) -> Schema {
    let words = || text().or_null();
    let fields = [
        ("id", id()),
        ("type", kind),
        ("email", words()),
        ("first_name", words()),
        ("last_name", words()),
        ("gender", words()),
        ("phone", words()),
        ("avatar_url", words()),
        ("address", words()),
        ("city", words()),
        ("address_state", words()),
        ("zip", words()),
        ("suspended", boolean()),
        ("suspended_at", time().or_null()),
        ("rating", number(0.0, 5.0).or_null()),
        ("agreed_to_terms", boolean().or_null()),
        ("agreed_to_terms_date", time().or_null()),
        ("created_at", time()),
        ("updated_at", time()),
    ];
    let user = shape(fields.into_iter().chain(own));
    place()
        .into_iter()
        .fold(user, |user, (name, schema)| user.field(name, schema, false))
}

fn of_workers() -> Vec<Field> {
    let states = OnboardingState::ALL.map(OnboardingState::name);
    vec![
        ("external_id", text().or_null()),
        ("synced_worker_id", integer().or_null()),
        ("onboarding_last_state", one_of(states).or_null()),
        (
            "w2_onboarding_status",
            one_of(W2Status::ALL.map(W2Status::name)).or_null(),
        ),
        ("w2_employee_id", text().or_null()),
        (
            "drug_tested",
            one_of(DrugTest::ALL.map(DrugTest::name)).or_null(),
        ),
        ("verified_phone", text().or_null()),
        ("phone_verified_at", time().or_null()),
        ("user_badges", list(named("UserBadge"))),
    ]
}

fn of_employers() -> Vec<Field> {
    let roles = EmployerRole::ALL.map(EmployerRole::name);
    vec![
        ("title", text().or_null()),
        ("role", one_of(roles).or_null()),
        ("customer_id", id().or_null()),
    ]
}

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let is = |kind| text().with("const", kind_name(kind));
    let none = text().with("type", "null");
    let held = shape([
        ("id", id()),
        ("user_id", id()),
        ("badge_id", id()),
        ("expires_at", time().or_null()),
        ("created_at", time()),
        ("suspended", boolean()),
        ("category", text().or_null()),
    ]);
    let badge = shape([
        ("id", id()),
        ("name", text()),
        ("description", text().or_null()),
        ("info_url", text().or_null()),
        ("remote_icon_url", text().or_null()),
        ("is_soft", boolean()),
    ]);
    let tracked = [("id", id()), ("job_id", id()), ("name", one_of(STATES))];
    let places = place().map(|(name, schema)| (name, schema.or_null()));
    let tracked = tracked
        .into_iter()
        .chain(places)
        .chain([("created_at", time())]);
    let either = ["Worker", "Employer", "UserWithoutType"].map(named);
    vec![
        ("User", any_of(either.to_vec())),
        ("Worker", user(is(UserKind::Worker), of_workers())),
        ("Employer", user(is(UserKind::Employer), of_employers())),
        (
            "UserWithoutType",
            user(none, Vec::new()).says("One that another API made, without a type."),
        ),
        ("UserBadge", held),
        ("Badge", badge),
        ("Tracked", shape(tracked)),
        ("Error", shape([("error", text())])),
        ("Errors", shape([("errors", by_name(list(text())))])),
    ]
}

/// What calls answer when they do not do what was asked.
pub(super) fn shared() -> Vec<SharedAnswer> {
    let told = |name, status, description: &'static str, headers: &[&'static str]| SharedAnswer {
        name,
        status,
        description: description.into(),
        content: Some(Content::json(named("Error"))),
        headers: headers.to_vec(),
    };
    let either = any_of(vec![named("Errors"), named("Error")]);
    let refused = SharedAnswer {
        content: Some(Content::json(either)),
        ..told(
            "Refused",
            422,
            "What is wrong with the resource, or with a parameter.",
            &[],
        )
    };
    vec![
        told(
            "Unreadable",
            400,
            "The body or the query cannot be read.",
            &[],
        ),
        told(
            "Unauthenticated",
            401,
            "There is no credential, or a wrong one.",
            &["WWW-Authenticate"],
        ),
        told("Forbidden", 403, "The credential does not allow it.", &[]),
        told(
            "NotFound",
            404,
            "There is no such thing, or not for this credential.",
            &[],
        ),
        told(
            "Conflict",
            409,
            "An account would be left without an administrator.",
            &[],
        ),
        told("TooSlow", 408, "The body took too long to arrive.", &[]),
        told("TooLarge", 413, "The body is too large.", &[]),
        told(
            "UnsupportedMediaType",
            415,
            "The body is neither JSON nor a form.",
            &[],
        ),
        refused,
        told(
            "RateLimited",
            429,
            "Too many wrong credentials came from there.",
            &["Retry-After"],
        ),
        told("Internal", 500, "The fault is the server's.", &[]),
        told(
            "Unavailable",
            503,
            "The server cannot do this now.",
            &["Retry-After"],
        ),
    ]
}
