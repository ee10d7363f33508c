//! A user's body: the fields of the user itself.

use directory::model::{Email, Phone, User, UserKind};
use directory::password::{self, MIN_PASSWORD};
use directory::users::{Change, UserChange};
use directory::violation::{Expected, Path, Rule, Violations};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::parts_in::{accounts_in, badges_in, employer_in, groups_in, worker_in};
use super::{STRICT, moment};
use crate::http::fields::Fields;

/// The fields that a client may send. `email_verified_at`, `verified_phone` and
/// `phone_verified_at` are not among them: nobody verifies themselves.
pub(in crate::dialects::native) const FIELDS: [&str; 26] = [
    "kind",
    "email",
    "first_name",
    "middle_name",
    "last_name",
    "name",
    "gender",
    "phone",
    "avatar_url",
    "address",
    "city",
    "state",
    "zip",
    "timezone",
    "title",
    "external_id",
    "rating",
    "agreed_to_terms",
    "agreed_to_terms_at",
    "featured",
    "public_profile",
    "suspended_at",
    "worker",
    "employer",
    "badges",
    "password",
];
/// What a user joins: later it has calls of its own.
pub(in crate::dialects::native) const JOINING_FIELDS: [&str; 2] = ["accounts", "groups"];

/// Reads a user's body: the change, the password, and all that is wrong with them. `stored`
/// is the user to be changed; none: one is made.
pub(in crate::dialects::native) fn user_in(
    map: &Map<String, Value>,
    stored: Option<&User>,
) -> (UserChange, Option<SecretString>, Violations) {
    read(map, stored, stored.is_none())
}

/// As [`user_in`], for a record that makes a user or changes the one who has its email: it may
/// name accounts and groups in either case.
pub(in crate::dialects::native) fn record_in(
    map: &Map<String, Value>,
    stored: Option<&User>,
) -> (UserChange, Option<SecretString>, Violations) {
    read(map, stored, true)
}

fn read(
    map: &Map<String, Value>,
    stored: Option<&User>,
    joining: bool,
) -> (UserChange, Option<SecretString>, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    let mut known = FIELDS.to_vec();
    let creating = stored.is_none();
    if joining {
        known.extend(JOINING_FIELDS);
    }
    fields.only(&known);
    let mut change = UserChange {
        kind: fields.choice("kind", UserKind::parse),
        email: fields.parsed("email", Email::parse),
        first_name: fields.text("first_name"),
        middle_name: fields.text("middle_name"),
        last_name: fields.text("last_name"),
        name: fields.text("name"),
        gender: fields.text("gender"),
        phone: fields.parsed("phone", Phone::parse),
        avatar_url: fields.text("avatar_url"),
        address: fields.text("address"),
        city: fields.text("city"),
        state: fields.text("state"),
        zip: fields.text("zip"),
        timezone: fields.text("timezone"),
        title: fields.text("title"),
        external_id: fields.text("external_id"),
        rating: fields.number("rating"),
        agreed_to_terms: fields.boolean("agreed_to_terms"),
        agreed_to_terms_at: fields.time("agreed_to_terms_at", moment),
        featured: fields.boolean("featured"),
        public_profile: fields.boolean("public_profile"),
        suspended_at: fields.time("suspended_at", moment),
        ..UserChange::default()
    };
    let password = fields.text("password");
    let (worker, employer) = (fields.object("worker"), fields.object("employer"));
    let badges = fields.list("badges");
    if !creating && badges == Change::Clear {
        // Badges are taken away one by one, so that none is lost by mistake.
        let expected = Expected::List;
        fields.refuse("badges", Rule::WrongType { expected });
    }
    let (groups, accounts) = (fields.list("groups"), fields.list("accounts"));
    let kind = match change.kind {
        Change::Set(kind) => Some(kind),
        Change::Clear => None,
        Change::Keep => stored.and_then(|user| user.kind),
    };
    worker_in(worker, kind, &mut change, &mut violations);
    employer_in(employer, kind, &mut change, &mut violations);
    badges_in(badges, kind, &mut change, &mut violations);
    groups_in(groups, &mut change, &mut violations);
    accounts_in(accounts, &mut change, &mut violations);
    if creating && !map.contains_key("email") || change.email == Change::Clear {
        violations.field("email", Rule::Blank);
    }
    let password = password_in(password, &change, stored, &mut violations);
    (change, password, violations)
}

fn password_in(
    given: Change<String>,
    change: &UserChange,
    stored: Option<&User>,
    violations: &mut Violations,
) -> Option<SecretString> {
    let password = match given {
        Change::Keep => return None,
        Change::Clear => {
            violations.field("password", Rule::Blank);
            return None;
        }
        Change::Set(text) => SecretString::from(text),
    };
    let about = known_of(change, stored);
    let rule = password::check_length(&password, MIN_PASSWORD)
        .or_else(|| password::check_strength(&password, &about));
    if let Some(rule) = rule {
        violations.field("password", rule);
    }
    Some(password)
}

/// What an attacker may know of the user: no password is to be made of it.
fn known_of<'a>(change: &'a UserChange, stored: Option<&'a User>) -> Vec<&'a str> {
    let names = [&change.first_name, &change.last_name, &change.name];
    let given = names.into_iter().filter_map(Change::value);
    let kept = stored
        .into_iter()
        .flat_map(|user| [&user.first_name, &user.last_name, &user.name])
        .flatten();
    let emails = change
        .email
        .value()
        .into_iter()
        .chain(stored.and_then(|user| user.email.as_ref()));
    given
        .chain(kept)
        .map(String::as_str)
        .chain(emails.map(Email::as_str))
        .collect()
}
