//! The shapes of `/api_v2` that go in: parameters → what the domain is asked, and all that
//! is wrong with them.

use directory::badges::NewBadge;
use directory::model::{
    DrugTest, Email, EmployerRole, InvitationKind, OnboardingState, Phone, User, UserKind,
    W2Status, is_name_token,
};
use directory::password;
use directory::users::{BadgeChange, Change, InvitationRequest, UserChange};
use directory::violation::{Expected, Path, Rule, Violations};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::kind_name;
use crate::http::fields::{Fields, Reading};

/// Least length of a password (seed 001, `user[password]`).
pub(in super::super) const MIN_PASSWORD: usize = 8;

/// Values as forms send them, in JSON too; an empty value is none.
pub(super) const READING: Reading = Reading {
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

/// The fields by which a change of a user without its wrapper is known: a client that sends back
/// what it was shown names the number, too.
pub(in super::super) const UPDATE_FIELDS: [&str; USER_FIELDS.len() + 1] = {
    let mut all = ["id"; USER_FIELDS.len() + 1];
    let (rest, _) = all.split_at_mut(USER_FIELDS.len());
    rest.copy_from_slice(&USER_FIELDS);
    all
};

/// Reads a user to be created: the change, the password, and all that is wrong with them.
pub(in super::super) fn user_in(
    map: &Map<String, Value>,
) -> (UserChange, Option<SecretString>, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), READING, &mut violations);
    let kind = fields.choice("type", kind_of);
    require(&mut fields, "type", &kind);
    let mut change = plain_in(&mut fields);
    require(&mut fields, "email", &change.email);
    require(&mut fields, "first_name", &change.first_name);
    require(&mut fields, "last_name", &change.last_name);
    let (given, confirmation) = password_texts(&mut fields);
    require(&mut fields, "password", &given);
    require(&mut fields, "password_confirmation", &confirmation);
    let password = password_in(&mut fields, given, confirmation);
    kinds_in(map, kind.value().copied(), &mut change, &mut violations);
    change.kind = kind;
    (change, password, violations)
}

/// Reads a change of a user as they are stored: only what is named, and all that is wrong with
/// it (contracts: partial, although the reference repeats what creation requires).
pub(in super::super) fn update_in(
    map: &Map<String, Value>,
    stored: &User,
) -> (UserChange, Option<SecretString>, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), READING, &mut violations);
    if !matches!(fields.integer("id"), Change::Set(id) if id == stored.id)
        && fields.has("id")
        && map.get("id").is_some_and(|id| !id.is_null())
    {
        fields.refuse("id", Rule::Immutable);
    }
    let kind = fields.choice("type", kind_of);
    let mut change = plain_in(&mut fields);
    refuse_empty(&mut fields, "type", &kind);
    refuse_empty(&mut fields, "first_name", &change.first_name);
    refuse_empty(&mut fields, "last_name", &change.last_name);
    let (given, confirmation) = password_texts(&mut fields);
    if given.value().is_some() && confirmation.value().is_none() {
        require(
            &mut fields,
            "password_confirmation",
            &Change::<String>::Clear,
        );
    }
    let password = password_in(&mut fields, given, confirmation);
    let becomes = stored.kind.or(kind.value().copied());
    kinds_in(map, becomes, &mut change, &mut violations);
    match (stored.kind, kind) {
        (Some(is), Change::Set(other)) if is != other => {
            violations.field("type", Rule::Immutable);
        }
        (_, kind) => change.kind = kind,
    }
    (change, password, violations)
}

/// What users of both kinds have.
fn plain_in(fields: &mut Fields<'_, '_>) -> UserChange {
    UserChange {
        email: fields.parsed("email", Email::parse),
        first_name: name_in(fields, "first_name"),
        last_name: name_in(fields, "last_name"),
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
    }
}

/// What only one kind has is ignored of the other; of an unknown kind, both are judged.
fn kinds_in(
    map: &Map<String, Value>,
    kind: Option<UserKind>,
    change: &mut UserChange,
    violations: &mut Violations,
) {
    if kind != Some(UserKind::Employer) {
        let mut fields = Fields::new(map, Path::default(), READING, violations);
        worker_in(&mut fields, change);
        change.badges = badges_in(map.get("user_badges_attributes"), violations);
    }
    if kind != Some(UserKind::Worker) {
        let mut fields = Fields::new(map, Path::default(), READING, violations);
        change.title = fields.text("title");
        change.employer_role = fields.choice("role", EmployerRole::parse);
        change.customer_id = fields.integer("customer_id");
    }
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
    let first_name = name_in(&mut fields, "first_name");
    require(&mut fields, "first_name", &first_name);
    let last_name = name_in(&mut fields, "last_name");
    require(&mut fields, "last_name", &last_name);
    let change = UserChange {
        first_name,
        last_name,
        email: fields.parsed("email", Email::parse),
        phone,
        external_id: fields.text("external_id"),
        kind: Change::Set(UserKind::Worker),
        onboarding_state: Change::Set(OnboardingState::Invited),
        invitation: Some(InvitationRequest::new(InvitationKind::Invite)),
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

pub(super) fn kind_of(name: &str) -> Option<UserKind> {
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

/// A field that cannot be made empty.
fn refuse_empty<T>(fields: &mut Fields<'_, '_>, field: &str, given: &Change<T>) {
    if matches!(given, Change::Clear) {
        fields.refuse(field, Rule::Blank);
    }
}

/// A name: letters, digits, `-` and `.` only (seed 001).
fn name_in(fields: &mut Fields<'_, '_>, field: &str) -> Change<String> {
    fields.parsed(field, |text| {
        if text.trim().is_empty() {
            Err(Rule::Blank)
        } else if is_name_token(text) {
            Ok(text.to_owned())
        } else {
            Err(Rule::BadFormat)
        }
    })
}

fn password_texts(fields: &mut Fields<'_, '_>) -> (Change<String>, Change<String>) {
    (
        fields.text("password"),
        fields.text("password_confirmation"),
    )
}

/// The password, which its confirmation must repeat.
fn password_in(
    fields: &mut Fields<'_, '_>,
    given: Change<String>,
    confirmation: Change<String>,
) -> Option<SecretString> {
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
pub(super) fn time_of(text: &str) -> Option<Timestamp> {
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
