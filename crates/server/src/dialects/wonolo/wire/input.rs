//! The shapes of `/api_v2` that go in: parameters → what the domain is asked, and all that
//! is wrong with them.

use directory::badges::NewBadge;
use directory::model::{
    DrugTest, Email, EmployerRole, InvitationKind, OnboardingState, Phone, UserKind, W2Status,
    is_name_token,
};
use directory::password;
use directory::query::PageNumber;
use directory::users::{BadgeChange, Change, InvitationRequest, UserChange};
use directory::violation::{Expected, Path, Rule, Violations};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::super::params::Params;
use super::kind_name;
use crate::http::failure::Failure;
use crate::http::fields::{Fields, Reading, integer};

/// Least length of a password (seed 001, `user[password]`).
const MIN_PASSWORD: usize = 8;
/// Most users on a page, and how many there are unless said (seed 001, list).
const MAX_PER: usize = 50;

/// Values as forms send them, in JSON too; an empty value is none.
const READING: Reading = Reading {
    texts_as_values: true,
    numbers_as_text: &["zip", "phone", "external_id", "w2_employee_id"],
    empty_is_null: true,
};

/// The fields by which a user without its wrapper is known (seed 001, `user[…]`; seed 000
/// for `synced_worker_id`). `id` is not among them: a creation has none.
pub(in super::super) const USER_FIELDS: [&str; 30] = [
    "type",
    "gender",
    "email",
    "password",
    "password_confirmation",
    "first_name",
    "last_name",
    "avatar_url",
    "address",
    "city",
    "address_state",
    "zip",
    "phone",
    "suspended",
    "suspended_at",
    "rating",
    "agreed_to_terms",
    "agreed_to_terms_date",
    "external_id",
    "synced_worker_id",
    "onboarding_last_state",
    "w2_onboarding_status",
    "w2_employee_id",
    "drug_tested",
    "verified_phone",
    "phone_verified_at",
    "user_badges_attributes",
    "title",
    "role",
    "customer_id",
];

/// Reads a user to be created: the change, the password, and all that is wrong with them.
pub(in super::super) fn user_in(
    map: &Map<String, Value>,
) -> (UserChange, Option<SecretString>, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), READING, &mut violations);
    let kind = fields.choice("type", kind_of);
    require(&mut fields, "type", &kind);
    let email = fields.parsed("email", Email::parse);
    require(&mut fields, "email", &email);
    let mut change = UserChange {
        email,
        first_name: name_in(&mut fields, "first_name"),
        last_name: name_in(&mut fields, "last_name"),
        gender: fields.text("gender"),
        phone: fields.parsed("phone", Phone::parse),
        avatar_url: fields.text("avatar_url"),
        address: fields.text("address"),
        city: fields.text("city"),
        state: fields.text("address_state"),
        zip: fields.text("zip"),
        rating: fields.number("rating"),
        agreed_to_terms: fields.boolean("agreed_to_terms"),
        agreed_to_terms_at: fields.time("agreed_to_terms_date", time_of),
        suspended: fields.boolean("suspended"),
        suspended_at: fields.time("suspended_at", time_of),
        ..UserChange::default()
    };
    let password = password_in(&mut fields);
    // What only the other kind has is ignored; of an unknown kind, both are judged.
    if kind.value() != Some(&UserKind::Employer) {
        worker_in(&mut fields, &mut change);
        change.badges = badges_in(map.get("user_badges_attributes"), &mut violations);
    }
    if kind.value() != Some(&UserKind::Worker) {
        let mut fields = Fields::new(map, Path::default(), READING, &mut violations);
        change.title = fields.text("title");
        change.employer_role = fields.choice("role", EmployerRole::parse);
        change.customer_id = fields.integer("customer_id");
    }
    change.kind = kind;
    (change, password, violations)
}

/// Reads a worker to be invited, and all that is wrong with them. What an invitation does not
/// name is ignored, as elsewhere.
pub(in super::super) fn invite_in(map: &Map<String, Value>) -> (UserChange, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), READING, &mut violations);
    let worker = |kind: &UserKind| *kind == UserKind::Worker;
    let kind = fields.choice("type", |name| kind_of(name).filter(worker));
    require(&mut fields, "type", &kind);
    let phone = fields.parsed("phone", Phone::parse);
    require(&mut fields, "phone", &phone);
    let change = UserChange {
        first_name: name_in(&mut fields, "first_name"),
        last_name: name_in(&mut fields, "last_name"),
        email: fields.parsed("email", Email::parse),
        phone,
        external_id: fields.text("external_id"),
        kind: Change::Set(UserKind::Worker),
        onboarding_state: Change::Set(OnboardingState::Invited),
        invitation: Some(InvitationRequest {
            kind: InvitationKind::Invite,
            redirect_to: None,
        }),
        ..UserChange::default()
    };
    (change, violations)
}

fn worker_in(fields: &mut Fields<'_, '_>, change: &mut UserChange) {
    change.external_id = fields.text("external_id");
    change.synced_worker_id = fields.integer("synced_worker_id");
    change.onboarding_state = fields.choice("onboarding_last_state", OnboardingState::parse);
    change.w2_onboarding_status = fields.choice("w2_onboarding_status", W2Status::parse);
    change.w2_employee_id = fields.text("w2_employee_id");
    change.drug_tested = fields.choice("drug_tested", DrugTest::parse);
    change.verified_phone = fields.text("verified_phone");
    change.phone_verified_at = fields.time("phone_verified_at", time_of);
}

fn kind_of(name: &str) -> Option<UserKind> {
    [UserKind::Worker, UserKind::Employer]
        .into_iter()
        .find(|kind| kind_name(*kind) == name)
}

/// A field that must come. One that came and could not be read has been told already.
fn require<T>(fields: &mut Fields<'_, '_>, field: &str, given: &Change<T>) {
    if matches!(given, Change::Clear) || !fields.has(field) {
        fields.refuse(field, Rule::Blank);
    }
}

/// A required name: letters, digits, `-` and `.` only (seed 001).
fn name_in(fields: &mut Fields<'_, '_>, field: &str) -> Change<String> {
    let given = fields.parsed(field, |text| {
        if text.trim().is_empty() {
            Err(Rule::Blank)
        } else if is_name_token(text) {
            Ok(text.to_owned())
        } else {
            Err(Rule::BadFormat)
        }
    });
    require(fields, field, &given);
    given
}

/// The password and its confirmation, both required.
fn password_in(fields: &mut Fields<'_, '_>) -> Option<SecretString> {
    let given = fields.text("password");
    let confirmation = fields.text("password_confirmation");
    require(fields, "password", &given);
    require(fields, "password_confirmation", &confirmation);
    // As Rails: a confirmation without a password does not match it either.
    if confirmation
        .value()
        .is_some_and(|text| given.value() != Some(text))
    {
        fields.refuse("password_confirmation", Rule::Mismatch { with: "password" });
    }
    let Change::Set(text) = given else {
        return None;
    };
    if text.contains('\0') {
        fields.refuse("password", Rule::BadFormat);
    }
    let password = SecretString::from(text);
    if let Some(rule) = password::check_length(&password, MIN_PASSWORD) {
        fields.refuse("password", rule);
    }
    Some(password)
}

/// A date-time of ISO 8601, with an offset or without one (then UTC), or a bare date (then
/// its midnight).
fn time_of(text: &str) -> Option<Timestamp> {
    // A zone's name in brackets is RFC 9557's and not ISO 8601's.
    if text.contains('[') {
        return None;
    }
    text.parse().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        local
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    })
}

/// `user_badges_attributes`: one hash, an array of hashes, or a hash of hashes by index.
fn badges_in(given: Option<&Value>, violations: &mut Violations) -> Vec<BadgeChange> {
    let entries: Vec<&Value> = match given {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if text.is_empty() => Vec::new(),
        Some(Value::Array(list)) => list.iter().collect(),
        Some(Value::Object(map)) if is_one_badge(map) => given.into_iter().collect(),
        Some(Value::Object(map)) => in_order(map),
        Some(Value::String(_) | Value::Bool(_) | Value::Number(_)) => {
            violations.field(
                "user_badges",
                Rule::WrongType {
                    expected: Expected::Object,
                },
            );
            Vec::new()
        }
    };
    let read = |(index, entry)| badge_change(index, entry, violations);
    entries.into_iter().enumerate().filter_map(read).collect()
}

/// Whether a hash is a badge's own, and not one of badges by their index.
fn is_one_badge(map: &Map<String, Value>) -> bool {
    ["badge_id", "id", "_destroy"]
        .into_iter()
        .any(|name| map.contains_key(name))
        || !map.values().any(Value::is_object)
}

/// The entries of a hash of indexes, the least first; keys that are none come last.
fn in_order(map: &Map<String, Value>) -> Vec<&Value> {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_by_key(|(key, _)| key.parse::<u64>().unwrap_or(u64::MAX));
    entries.into_iter().map(|(_, entry)| entry).collect()
}

fn badge_change(index: usize, entry: &Value, violations: &mut Violations) -> Option<BadgeChange> {
    let path = Path::field("user_badges").child(index);
    let Some(map) = entry.as_object() else {
        let rule = Rule::WrongType {
            expected: Expected::Object,
        };
        violations.add(path, rule);
        return None;
    };
    let mut fields = Fields::new(map, path.clone(), READING, violations);
    let id = fields.integer("id");
    let destroy = fields.boolean("_destroy");
    let badge_id = fields.integer("badge_id");
    // What is meant by an entry is not known when these cannot be read.
    let unread = |name: &str, kept: bool| fields.has(name) && kept;
    let unknown = unread("id", id == Change::Keep) || unread("_destroy", destroy == Change::Keep);
    (!unknown).then(|| BadgeChange {
        path,
        id: id.value().copied(),
        badge_id: badge_id.value().copied(),
        destroy: destroy.value().copied().unwrap_or(false),
    })
}

/// The fields by which a badge without its wrapper is known.
pub(in super::super) const BADGE_FIELDS: [&str; 5] = [
    "name",
    "description",
    "info_url",
    "remote_icon_url",
    "is_soft",
];

/// Reads a badge to be created, and all that is wrong with it.
pub(in super::super) fn badge_in(map: &Map<String, Value>) -> (NewBadge, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), READING, &mut violations);
    let mut text = |name: &str| fields.text(name).value().cloned();
    let new = NewBadge {
        name: text("name").unwrap_or_default(),
        description: text("description"),
        info_url: text("info_url"),
        icon_url: text("remote_icon_url"),
        soft: fields.boolean("is_soft").value().copied().unwrap_or(false),
    };
    (new, violations)
}

/// Reads `page` and `per`, which may be alone beside the token.
///
/// # Errors
/// [`Failure::Parameter`] for another parameter, and for what is no integer from 1.
pub(in super::super) fn page_in(params: &Params) -> Result<PageNumber, Failure> {
    for name in params.names() {
        if !matches!(name, "token" | "page" | "per") {
            return Err(Failure::Parameter {
                name: name.chars().take(100).collect(),
                value: None,
                rule: Rule::UnknownField,
            });
        }
    }
    Ok(PageNumber {
        number: count_in(params, "page")?.unwrap_or(1),
        size: count_in(params, "per")?.map_or(MAX_PER, |per| per.min(MAX_PER)),
    })
}

fn count_in(params: &Params, name: &str) -> Result<Option<usize>, Failure> {
    let Some(value) = params.value(name) else {
        return Ok(None);
    };
    let count = integer(value, READING)
        .and_then(|number| usize::try_from(number).ok())
        .filter(|number| *number > 0);
    match (count, value) {
        (Some(count), _) => Ok(Some(count)),
        (None, Value::String(text)) => Err(Failure::mistyped(name, text, Expected::Integer)),
        (
            None,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
        ) => Err(Failure::mistyped(
            name,
            &value.to_string(),
            Expected::Integer,
        )),
    }
}
