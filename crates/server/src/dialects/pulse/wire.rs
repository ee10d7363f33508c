//! The shapes of this API (seed 002, `User` and `NotificationPreference`; contracts, pulse).

mod list;
mod session;

#[cfg(test)]
pub(super) use list::PARAMETERS;
pub(super) use list::{COLUMNS, Listing, MAX_SEARCH, MAX_SORTS, UsersOut, listing_in};
pub(super) use session::{LoginIn, SessionOut, login_in};

use std::collections::{BTreeMap, BTreeSet};

use directory::event::EventType;
use directory::grants::MAX_NAMED;
use directory::model::{
    AccountRole, DeliveryChannel, Email, InvitationKind, NotificationPreference, Phone, UserView,
    check_text,
};
use directory::notifications::NotificationPage;
use directory::permission::Permission;
use directory::query::PageNumber;
use directory::users::{AccountGrant, Change, InvitationRequest, RoleGrant, UserChange, UserKey};
use directory::violation::{Expected, Path, Rule, Violation, Violations};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::ACCOUNT_HEADER;
use crate::http::fields::{Fields, Reading};

/// Longest name of a role, in characters.
pub(super) const MAX_ROLE: usize = 255;
/// Characters of a refused value that are shown.
const MAX_SHOWN: usize = 100;

/// A time as this API shows it: `2025-02-11T03:45:04.853Z`.
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.3}", self.0))
    }
}

/// `User`, but for `token`, which only a login shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserOut<'a> {
    id: i64,
    email: Option<&'a str>,
    name: Option<String>,
    active: bool,
    team_id: Option<i64>,
    phone: Option<&'a str>,
    img_src: Option<&'a str>,
    notification_preferences: PreferencesOut,
    created_by: Option<&'a str>,
    updated_by: Option<&'a str>,
    created_at: Time,
    updated_at: Time,
    accounts: Vec<AccountOut<'a>>,
    flat_roles_list: Vec<&'a str>,
    flat_permissions_list: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountOut<'a> {
    account_id: String,
    account_name: &'a str,
    users_primary_account: bool,
    account_admin: bool,
}

/// Rules by the name of their event.
type RulesOut = BTreeMap<&'static str, RuleOut>;

/// See [`super::quirks`]: default rules by their event, those of one account under it.
#[derive(Default, Serialize)]
struct PreferencesOut {
    #[serde(flatten)]
    defaults: RulesOut,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    accounts: BTreeMap<String, RulesOut>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    delivery_pref: Vec<&'static str>,
}

/// A user as this API shows them.
pub(super) fn user_out(view: &UserView) -> UserOut<'_> {
    let user = &view.user;
    UserOut {
        id: user.id,
        email: user.email.as_ref().map(Email::as_str),
        name: user.shown_name(),
        active: user.suspended_at.is_none(),
        team_id: user.team_id,
        phone: user.phone.as_ref().map(Phone::as_str),
        img_src: user.avatar_url.as_deref(),
        notification_preferences: preferences_out(&view.preferences),
        created_by: user.created_by.as_deref(),
        updated_by: user.updated_by.as_deref(),
        created_at: Time(user.created_at),
        updated_at: Time(user.updated_at),
        accounts: accounts_out(view),
        flat_roles_list: sorted(view.roles.iter().map(String::as_str)),
        flat_permissions_list: sorted(view.permissions.iter().map(Permission::name)),
    }
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names
}

fn accounts_out(view: &UserView) -> Vec<AccountOut<'_>> {
    let out = view.accounts.iter().map(|each| AccountOut {
        account_id: each.account_id.to_string(),
        account_name: &each.account_name,
        users_primary_account: each.primary,
        account_admin: each.admin,
    });
    out.collect()
}

fn preferences_out(preferences: &[NotificationPreference]) -> PreferencesOut {
    let mut out = PreferencesOut::default();
    for each in preferences {
        let rule = rule_out(each);
        let rules = match &rule.account_id {
            Some(account) => out.accounts.entry(account.clone()).or_default(),
            None => &mut out.defaults,
        };
        rules.insert(each.event.name(), rule);
    }
    out
}

fn rule_out(preference: &NotificationPreference) -> RuleOut {
    RuleOut {
        account_id: preference.account_id.map(|account| account.to_string()),
        delivery_pref: preference.channels.iter().map(|each| each.name()).collect(),
    }
}

/// `NotificationPreference`.
#[derive(Serialize)]
pub(super) struct PreferenceOut {
    event: &'static str,
    #[serde(flatten)]
    rule: RuleOut,
}

/// Preferences as a client sets them.
pub(super) fn preference_list(preferences: &[NotificationPreference]) -> Vec<PreferenceOut> {
    let out = preferences.iter().map(|each| PreferenceOut {
        event: each.event.name(),
        rule: rule_out(each),
    });
    out.collect()
}

/// A website notification (contracts, pulse).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotificationOut<'a> {
    id: i64,
    event: &'a str,
    account_id: Option<String>,
    title: &'static str,
    data: &'a Map<String, Value>,
    created_at: Time,
    read_at: Option<Time>,
}

/// The envelope of lists.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NotificationsOut<'a> {
    data: Vec<NotificationOut<'a>>,
    page: usize,
    page_size: usize,
    total: i64,
    total_pages: i64,
}

/// A page of notifications.
pub(super) fn notifications_out(
    found: &NotificationPage,
    page: PageNumber,
) -> NotificationsOut<'_> {
    let size = i64::try_from(page.size).unwrap_or(i64::MAX).max(1);
    let data = found.rows.iter().map(|each| NotificationOut {
        id: each.id,
        event: &each.event,
        account_id: each.account_id.map(|account| account.to_string()),
        title: each.title,
        data: &each.data,
        created_at: Time(each.created_at),
        read_at: each.read_at.map(Time),
    });
    NotificationsOut {
        data: data.collect(),
        page: page.number,
        page_size: page.size,
        total: found.total,
        total_pages: (found.total.saturating_add(size - 1)) / size,
    }
}

/// Whether a text is made of ASCII digits, and of at least one.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number that digits write; none where no id is written so: 0, a leading zero, more
/// than an id can be.
pub(super) fn id_of_digits(text: &str) -> Option<i64> {
    let canonical = is_digits(text) && !text.starts_with('0');
    text.parse().ok().filter(|_| canonical)
}

/// Which user a path names: digits are an id, all else an email; none for what is neither.
pub(super) fn user_key(text: &str) -> Option<UserKey> {
    if is_digits(text) {
        return id_of_digits(text).map(UserKey::Id);
    }
    let email = Email::parse(text).ok()?;
    Some(UserKey::Email(email.key().to_owned()))
}

/// The name of a domain's field here; what has none keeps its own.
pub(super) fn wire_name(field: &str) -> &str {
    match field {
        "team_id" => "teamId",
        "avatar_url" => "imgSrc",
        "new_password" => "newPassword",
        "suspended" => "active",
        "notification_preferences" => "notificationPreferences",
        other => other,
    }
}

/// A creation as it was asked for, and all that is wrong with it.
pub(super) struct NewUser {
    /// All but the preferences, whose accounts are yet to be looked up.
    pub(super) change: UserChange,
    pub(super) preferences: Vec<PreferenceIn>,
    pub(super) violations: Violations,
}

/// A preference, and where in the body it stands.
pub(super) struct PreferenceIn {
    pub(super) path: Path,
    pub(super) rule: NotificationPreference,
}

/// Reads the body of a creation in an account; fields that are not known are passed over.
pub(super) fn user_in(map: &Map<String, Value>, account: i64) -> NewUser {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), Reading::default(), &mut violations);
    let mut change = UserChange {
        email: fields.parsed("email", Email::parse),
        name: fields.text("name"),
        phone: fields.parsed("phone", Phone::unchecked),
        avatar_url: fields.text("imgSrc"),
        team_id: fields.integer("teamId"),
        suspended: suspended_in(&fields.boolean("active")),
        accounts: vec![AccountGrant {
            path: Path::field(ACCOUNT_HEADER),
            account_id: account,
            role: AccountRole::Member,
            admin: false,
            primary: true,
        }],
        // None made here has a password: each is sent a link to set one (contracts, rule 14).
        invitation: Some(InvitationRequest::new(InvitationKind::Verify)),
        ..UserChange::default()
    };
    let roles = fields.list("roles");
    let preferences = fields.list("notificationPreferences");
    if !map.contains_key("email") || change.email == Change::Clear {
        violations.field("email", Rule::Blank);
    }
    change.roles = roles_in(&roles, account, &mut violations);
    let at = Path::field("notificationPreferences");
    let preferences = preferences.value().copied().into_iter().flatten();
    let preferences = preferences_in(preferences, &at, &mut violations);
    NewUser {
        change,
        preferences,
        violations,
    }
}

/// A change of a member as it was asked for, and all that is wrong with it.
pub(super) struct ChangedUser {
    /// All but what has rules of its own.
    pub(super) change: UserChange,
    /// The roles that the user is to have in the account, where they were named.
    pub(super) roles: Option<Vec<RoleGrant>>,
    /// The preferences that the user is to have, where they were named.
    pub(super) preferences: Option<Vec<PreferenceIn>>,
    pub(super) violations: Violations,
}

/// Reads the body of a change; fields that are not known are passed over. The email is not changed
/// here (contracts, pulse, PATCH).
pub(super) fn change_in(map: &Map<String, Value>, account: i64) -> ChangedUser {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), Reading::default(), &mut violations);
    let change = UserChange {
        name: fields.text("name"),
        phone: fields.parsed("phone", Phone::unchecked),
        avatar_url: fields.text("imgSrc"),
        team_id: fields.integer("teamId"),
        suspended: suspended_in(&fields.boolean("active")),
        ..UserChange::default()
    };
    let (roles, preferences) = (fields.list("roles"), fields.list("notificationPreferences"));
    if fields.has("email") {
        fields.refuse("email", Rule::Immutable);
    }
    let roles = roles
        .is_named()
        .then(|| roles_in(&roles, account, &mut violations));
    let preferences = preferences.is_named().then(|| {
        let list = preferences.value().copied().into_iter().flatten();
        let path = Path::field("notificationPreferences");
        preferences_in(list, &path, &mut violations)
    });
    ChangedUser {
        change,
        roles,
        preferences,
        violations,
    }
}

/// `active` is the same fact as suspension, the other way round (contracts, rule 14).
fn suspended_in(active: &Change<bool>) -> Change<bool> {
    match active {
        Change::Keep => Change::Keep,
        Change::Clear => Change::Clear,
        Change::Set(active) => Change::Set(!active),
    }
}

fn roles_in(
    list: &Change<&Vec<Value>>,
    account: i64,
    violations: &mut Violations,
) -> Vec<RoleGrant> {
    let mut grants = Vec::new();
    let list = list.value().copied().map_or(&[][..], Vec::as_slice);
    if list.len() > MAX_NAMED {
        violations.push(Violation {
            path: Path::field("roles"),
            rule: Rule::TooLong { max: MAX_NAMED },
            message: Some(format!("names more than {MAX_NAMED} roles")),
        });
        return grants;
    }
    for (index, entry) in list.iter().enumerate() {
        let path = Path::field("roles").child(index);
        let Some(name) = text_at(entry, &path, violations) else {
            continue;
        };
        match check_text(name, MAX_ROLE) {
            Some(rule) => violations.add(path, rule),
            None => grants.push(RoleGrant {
                path,
                name: name.to_owned(),
                account_id: Some(account),
            }),
        }
    }
    grants
}

fn text_at<'a>(value: &'a Value, path: &Path, violations: &mut Violations) -> Option<&'a str> {
    let text = value.as_str();
    if text.is_none() {
        let expected = Expected::Text;
        violations.add(path.clone(), Rule::WrongType { expected });
    }
    text
}

/// Reads preferences that stand at `at`.
pub(super) fn preferences_in<'a>(
    list: impl Iterator<Item = &'a Value>,
    at: &Path,
    violations: &mut Violations,
) -> Vec<PreferenceIn> {
    let mut preferences = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, entry) in list.enumerate() {
        let path = at.child(index);
        let Some(map) = entry.as_object() else {
            let expected = Expected::Object;
            violations.add(path, Rule::WrongType { expected });
            continue;
        };
        let Some(rule) = preference_in(map, &path, violations) else {
            continue;
        };
        if seen.insert((rule.event, rule.account_id)) {
            preferences.push(PreferenceIn { path, rule });
        } else {
            violations.push(Violation {
                path,
                rule: Rule::BadFormat,
                message: Some("repeats a rule for the same event and account".to_owned()),
            });
        }
    }
    preferences
}

/// One preference; none when its event or account is refused.
fn preference_in(
    map: &Map<String, Value>,
    path: &Path,
    violations: &mut Violations,
) -> Option<NotificationPreference> {
    let mut fields = Fields::new(map, path.clone(), Reading::default(), violations);
    let catalogue = |name: &str| EventType::parse(name).filter(|event| event.in_catalogue());
    let event = fields.choice("event", catalogue);
    if !fields.has("event") || event == Change::Clear {
        fields.refuse("event", Rule::Blank);
    }
    let channels = fields.list("deliveryPref");
    let account = account_in(map.get("accountId"));
    if let Err(rule) = &account {
        fields.refuse("accountId", rule.clone());
    }
    let channels = channels_in(&channels, &path.child("deliveryPref"), violations);
    Some(NotificationPreference {
        event: event.value().copied()?,
        account_id: account.ok()?,
        channels,
    })
}

/// `accountId` is text of digits, or the number itself (contracts, pulse, PATCH).
fn account_in(value: Option<&Value>) -> Result<Option<i64>, Rule> {
    let digits = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if !number.is_f64() => number.to_string(),
        Some(Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            let expected = Expected::Text;
            return Err(Rule::WrongType { expected });
        }
    };
    if !is_digits(&digits) {
        return Err(Rule::BadFormat);
    }
    id_of_digits(&digits).map(Some).ok_or(Rule::MustExist)
}

/// The channels of a list, each once, in the order given.
fn channels_in(
    list: &Change<&Vec<Value>>,
    path: &Path,
    violations: &mut Violations,
) -> Vec<DeliveryChannel> {
    let mut channels = Vec::new();
    for (index, entry) in list.value().copied().into_iter().flatten().enumerate() {
        let path = path.child(index);
        let Some(name) = text_at(entry, &path, violations) else {
            continue;
        };
        match DeliveryChannel::parse(name) {
            Some(channel) if channels.contains(&channel) => {}
            Some(channel) => channels.push(channel),
            None => {
                let value = name.chars().take(MAX_SHOWN).collect();
                violations.add(path, Rule::NotIncluded { value });
            }
        }
    }
    channels
}

/// The violations, with the value of each that names nothing that exists.
pub(super) fn named(violations: &Violations, body: &Map<String, Value>) -> Violations {
    let mut named = Violations::new();
    for violation in violations {
        let mut violation = violation.clone();
        if violation.rule == Rule::MustExist
            && let Some(value) = at(body, &violation.path)
        {
            let shown: String = value.to_string().chars().take(MAX_SHOWN).collect();
            violation.message = Some(format!("{shown} names nothing that exists"));
        }
        named.push(violation);
    }
    named
}

/// What stands in the body at a path.
fn at<'a>(body: &'a Map<String, Value>, path: &Path) -> Option<&'a Value> {
    let (first, rest) = path.segments().split_first()?;
    let mut value = body.get(wire_name(first))?;
    for segment in rest {
        value = match segment.parse::<usize>() {
            Ok(index) => value.get(index)?,
            Err(_) => value.get(segment)?,
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn roles_are_granted_in_the_headers_account() {
        let body = json!({"email": "ada@example.org", "roles": ["viewer", "manager"]});
        let new = user_in(body.as_object().unwrap(), 7);
        let granted: Vec<_> = new
            .change
            .roles
            .iter()
            .map(|grant| (grant.name.as_str(), grant.account_id))
            .collect();
        assert_eq!(granted, [("viewer", Some(7)), ("manager", Some(7))]);
    }
}
