//! The shapes of this API: a body → what to do with all that is wrong with it; a resource →
//! JSON.

mod group;
mod list;
mod member;
mod subscription;

use std::sync::LazyLock;

use directory::model::{Email, GroupPermission, InvitationKind, UserView};
use directory::password::PasswordRule;
use directory::users::{Change, InvitationRequest, UserChange};
use directory::violation::{Expected, Path, Rule, Violations};
use regex::Regex;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value};

use super::quirks::{
    DEFAULT_PERMISSION, DEFAULT_TIMEZONE, MAX_EMAIL, MAX_GROUPS, MAX_NAME, NaiveTime,
};
use super::timezones;
use crate::http::fields::{Fields, Reading};

pub(super) use group::{GroupOut, WholeGroupOut, group_in, public_name_in};
pub(super) use list::ListQuery;
pub(super) use member::{InvitedOut, MemberIn, MemberOut, invited_uri, member_in, member_uri};
pub(super) use subscription::{
    NotificationOut, SubscribedGroup, SubscriptionIn, Unsubscription, subscription_in, terms_of,
    unsubscription_in,
};

/// Most characters of a group's slug (seed 004, `groups`).
pub(super) const MAX_SLUG: usize = 50;
/// Characters of a refused value that are shown again.
const SHOWN: usize = 100;

/// `[-\w' ]` and `[-\w]` over the whole text. `\w` are letters of any script with their
/// marks, digits and `_` (contracts, legalesign: Users).
static NAME: LazyLock<Result<Regex, regex::Error>> = LazyLock::new(|| Regex::new(NAME_FORM));
static SLUG: LazyLock<Result<Regex, regex::Error>> = LazyLock::new(|| Regex::new(SLUG_FORM));

/// The form of a name.
pub(super) const NAME_FORM: &str = r"^[-\p{L}\p{M}\p{Nd}_' ]+$";
/// The form of a group's slug.
pub(super) const SLUG_FORM: &str = r"^[-\p{L}\p{M}\p{Nd}_]+$";

fn fits(text: &str, pattern: &LazyLock<Result<Regex, regex::Error>>) -> bool {
    pattern.as_ref().is_ok_and(|pattern| pattern.is_match(text))
}

/// The rule that a value breaks which is none of those it may be.
pub(super) fn not_included(text: &str) -> Rule {
    Rule::NotIncluded {
        value: text.chars().take(SHOWN).collect(),
    }
}

/// A group as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedGroup {
    /// The entry as it came, without the spaces around it.
    pub given: String,
    /// The slug in it.
    pub slug: String,
}

/// Whether a text can be a group's slug.
pub(super) fn is_slug(text: &str) -> bool {
    text.chars().count() <= MAX_SLUG && fits(text, &SLUG)
}

impl NamedGroup {
    /// Reads `/api/v1/group/{slug}/` or a bare slug.
    pub(super) fn parse(entry: &str) -> Option<Self> {
        let slug = match entry.strip_prefix("/api/v1/group/") {
            Some(rest) => rest.strip_suffix('/')?,
            None => entry,
        };
        is_slug(slug).then(|| Self {
            given: entry.chars().take(SHOWN).collect(),
            slug: slug.to_owned(),
        })
    }

    /// The rule that naming it breaks when it does not exist.
    pub(super) fn unknown(&self) -> Rule {
        not_included(&self.given)
    }
}

/// A creation as it was asked for.
pub(super) struct NewUser {
    /// The user's own fields; groups and the password's hash come in later.
    pub change: UserChange,
    /// The password, if one was set.
    pub password: Option<SecretString>,
    /// The groups, each once.
    pub groups: Vec<NamedGroup>,
    /// The permission in each of them.
    pub permission: GroupPermission,
    /// Where the page of the verification leads; whether that is allowed is still to be found.
    pub redirect_to: Option<String>,
    /// All that is wrong with the body.
    pub violations: Violations,
}

/// Reads the body of `POST /user/` (seed 004).
///
/// `first_name`, `last_name`, `email` are required; `timezone`, `password`, `groups`,
/// `permission` and `redirect_to` are not, and null is as if they were not there. Other
/// fields are ignored.
pub(super) fn user_in(map: &Map<String, Value>) -> NewUser {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), Reading::default(), &mut violations);
    let mut change = UserChange {
        first_name: name_in(&mut fields, "first_name"),
        last_name: name_in(&mut fields, "last_name"),
        email: email_in(&mut fields),
        timezone: timezone_in(&mut fields),
        ..UserChange::default()
    };
    let password = password_in(&mut fields);
    let groups = groups_in(&mut fields);
    let permission = permission_in(map, &mut fields);
    let redirect_to = fields.text("redirect_to").value().cloned();
    let redirect_to = redirect_to.filter(|text| !text.is_empty());
    if password.is_none() {
        change.invitation = Some(InvitationRequest {
            redirect_to: redirect_to.clone(),
            password_rule: PasswordRule::Composed,
            ..InvitationRequest::new(InvitationKind::Verify)
        });
    }
    NewUser {
        change,
        password,
        groups,
        permission,
        redirect_to,
        violations,
    }
}

/// Reads the body of `PATCH /user/{username}/`: the names that it has. Nothing else can be
/// changed, and what else is there is ignored.
pub(super) fn names_in(map: &Map<String, Value>) -> (UserChange, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), Reading::default(), &mut violations);
    let mut name = |field: &str| match fields.has(field) {
        true => name_in(&mut fields, field),
        false => Change::Keep,
    };
    let change = UserChange {
        first_name: name("first_name"),
        last_name: name("last_name"),
        ..UserChange::default()
    };
    (change, violations)
}

/// A text that must be there and not be empty.
fn required(fields: &mut Fields<'_, '_>, field: &str) -> Option<String> {
    let absent = !fields.has(field);
    match fields.text(field) {
        Change::Set(text) if !text.is_empty() => Some(text),
        // Its type is wrong, which is told already.
        Change::Keep if !absent => None,
        Change::Keep | Change::Clear | Change::Set(_) => {
            fields.refuse(field, Rule::Blank);
            None
        }
    }
}

fn name_in(fields: &mut Fields<'_, '_>, field: &str) -> Change<String> {
    let Some(text) = required(fields, field) else {
        return Change::Keep;
    };
    if text.chars().count() > MAX_NAME {
        fields.refuse(field, Rule::TooLong { max: MAX_NAME });
    }
    if !fits(&text, &NAME) {
        fields.refuse(field, Rule::BadFormat);
    }
    Change::Set(text)
}

fn email_in(fields: &mut Fields<'_, '_>) -> Change<Email> {
    let Some(text) = required(fields, "email") else {
        return Change::Keep;
    };
    let long = text.trim().chars().count() > MAX_EMAIL;
    if long {
        fields.refuse("email", Rule::TooLong { max: MAX_EMAIL });
    }
    match Email::parse(&text) {
        Ok(email) => Change::Set(email),
        // The domain's own, greater length is no news then.
        Err(Rule::TooLong { .. }) if long => Change::Keep,
        Err(rule) => {
            fields.refuse("email", rule);
            Change::Keep
        }
    }
}

fn timezone_in(fields: &mut Fields<'_, '_>) -> Change<String> {
    match fields.text("timezone") {
        Change::Keep | Change::Clear => Change::Set(DEFAULT_TIMEZONE.to_owned()),
        Change::Set(text) => {
            if !timezones::is_known(&text) {
                fields.refuse("timezone", not_included(&text));
            }
            Change::Set(text)
        }
    }
}

fn password_in(fields: &mut Fields<'_, '_>) -> Option<SecretString> {
    let password = match fields.text("password") {
        Change::Set(text) if !text.is_empty() => SecretString::from(text),
        Change::Keep | Change::Clear | Change::Set(_) => return None,
    };
    if let Some(rule) = PasswordRule::Composed.check(&password) {
        fields.refuse("password", rule);
    }
    Some(password)
}

/// A comma list; the spaces around each entry do not count, nor do repeats. An empty text
/// names no group, an empty entry is wrong.
fn groups_in(fields: &mut Fields<'_, '_>) -> Vec<NamedGroup> {
    let text = match fields.text("groups") {
        Change::Set(text) if !text.trim().is_empty() => text,
        Change::Keep | Change::Clear | Change::Set(_) => return Vec::new(),
    };
    if text.split(',').count() > MAX_GROUPS {
        fields.refuse("groups", Rule::TooLong { max: MAX_GROUPS });
        return Vec::new();
    }
    let mut groups: Vec<NamedGroup> = Vec::new();
    for entry in text.split(',') {
        match NamedGroup::parse(entry.trim()) {
            Some(group) if groups.iter().any(|each| each.slug == group.slug) => {}
            Some(group) => groups.push(group),
            None => fields.refuse("groups", Rule::BadFormat),
        }
    }
    groups
}

/// 1 to 6, as a text or as a number; other whole numbers and texts are none of the choices.
fn permission_in(map: &Map<String, Value>, fields: &mut Fields<'_, '_>) -> GroupPermission {
    let rule = match map.get("permission") {
        None | Some(Value::Null) => return DEFAULT_PERMISSION,
        Some(Value::String(text)) => match level(text) {
            Some(level) => return level,
            None => not_included(text),
        },
        Some(Value::Number(number)) => match level(&number.to_string()) {
            Some(level) => return level,
            None if number.is_f64() => Rule::WrongType {
                expected: Expected::Integer,
            },
            None => not_included(&number.to_string()),
        },
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Rule::WrongType {
            expected: Expected::Text,
        },
    };
    fields.refuse("permission", rule);
    DEFAULT_PERMISSION
}

fn level(text: &str) -> Option<GroupPermission> {
    GroupPermission::ALL
        .into_iter()
        .find(|level| level.number().to_string() == text)
}

/// A user as this API shows them (contracts, legalesign: Users).
#[derive(Serialize)]
pub(super) struct UserOut<'a> {
    date_joined: NaiveTime,
    email: Option<&'a str>,
    first_name: Option<&'a str>,
    groups: Vec<String>,
    last_login: Option<NaiveTime>,
    last_name: Option<&'a str>,
    resource_uri: String,
    timezone: &'a str,
    username: &'a str,
}

/// A user as this API shows them; `view` must hold the groups.
pub(super) fn user_out(view: &UserView) -> UserOut<'_> {
    let user = &view.user;
    let (first_name, last_name) = user.shown_parts();
    let groups = view.groups.iter().map(|each| group_uri(&each.slug));
    UserOut {
        date_joined: NaiveTime(user.created_at),
        email: user.email.as_ref().map(Email::as_str),
        first_name,
        groups: groups.collect(),
        last_login: user.last_login_at.map(NaiveTime),
        last_name,
        resource_uri: user_uri(&user.uid),
        timezone: user.timezone.as_deref().unwrap_or(DEFAULT_TIMEZONE),
        username: &user.uid,
    }
}

/// Where a user is: `/api/v1/user/{username}/`.
pub(super) fn user_uri(username: &str) -> String {
    format!("/api/v1/user/{username}/")
}

/// Where a group is: `/api/v1/group/{slug}/`.
pub(super) fn group_uri(slug: &str) -> String {
    format!("/api/v1/group/{slug}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_letters_of_any_script_digits_and_four_others() {
        for good in [
            "Ada",
            "Jean-Luc",
            "O'Neil",
            "de la Cruz",
            "R2_D2",
            "Łukasz",
            "李",
            "अनिल",
            "e\u{301}va",
            "مُحَمَّد",
            "٣",
            " ",
            "-",
            "'",
        ] {
            assert!(fits(good, &NAME), "{good:?}");
        }
        for bad in [
            "",
            "<b>Ada</b>",
            "Ada.",
            "Ada\n",
            "\nAda",
            "Ada\t",
            "Ada\u{a0}King",
            "A\0",
            "a@b",
            "O’Neil",
            "👩",
            "½",
            "Ada,King",
            "A/B",
            "\u{200b}",
            "a\u{202e}b",
        ] {
            assert!(!fits(bad, &NAME), "{bad:?}");
        }
    }

    #[test]
    fn a_group_is_a_uri_or_a_slug_and_nothing_else() {
        let slug = |entry: &str| NamedGroup::parse(entry).map(|group| group.slug);
        for (entry, expected) in [
            ("sales", "sales"),
            ("/api/v1/group/sales/", "sales"),
            ("Sales_2-é", "Sales_2-é"),
        ] {
            assert_eq!(slug(entry).as_deref(), Some(expected), "{entry}");
        }
        for bad in [
            "",
            "/api/v1/group/sales",
            "/api/v1/group//",
            "/api/v1/user/sales/",
            "a b",
            "a/b",
            "sales/",
            "https://x.org/api/v1/group/sales/",
            "a'b",
            "a\0",
            "%73ales",
        ] {
            assert_eq!(slug(bad), None, "{bad}");
        }
        assert!(slug(&"x".repeat(50)).is_some() && slug(&"x".repeat(51)).is_none());
    }
}
