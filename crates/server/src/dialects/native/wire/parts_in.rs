//! A user's body: the attributes of a kind, and the lists of what stands around the user.

use directory::model::{
    AccountRole, DrugTest, EmployerRole, GroupPermission, OnboardingState, UserKind, W2Status,
};
use directory::users::{AccountGrant, BadgeChange, Change, GroupGrant, UserChange};
use directory::violation::{Expected, Path, Rule, Violations};
use serde_json::{Map, Value};

use super::STRICT;
use crate::http::fields::Fields;

/// Entries of a list of badges, groups or accounts at most.
pub(in crate::dialects::native) const MAX_ENTRIES: usize = 100;

/// The attributes of a worker. The domain names them flat; error.rs puts them back into their
/// object.
pub(super) fn worker_in(
    part: Change<&Map<String, Value>>,
    kind: Option<UserKind>,
    change: &mut UserChange,
    violations: &mut Violations,
) {
    let empty = Map::new();
    let names = [
        "synced_worker_id",
        "onboarding_state",
        "w2_onboarding_status",
        "w2_employee_id",
        "drug_tested",
    ];
    let Some(map) = attributes(part, &empty, "worker", &names, violations) else {
        change.synced_worker_id = Change::Clear;
        change.onboarding_state = Change::Clear;
        change.w2_onboarding_status = Change::Clear;
        change.w2_employee_id = Change::Clear;
        change.drug_tested = Change::Clear;
        return;
    };
    if !map.is_empty() {
        require_kind(UserKind::Worker, kind, "worker", violations);
    }
    let mut fields = Fields::new(map, Path::default(), STRICT, violations);
    change.synced_worker_id = fields.integer("synced_worker_id");
    change.onboarding_state = fields.choice("onboarding_state", OnboardingState::parse);
    change.w2_onboarding_status = fields.choice("w2_onboarding_status", W2Status::parse);
    change.w2_employee_id = fields.text("w2_employee_id");
    change.drug_tested = fields.choice("drug_tested", DrugTest::parse);
}

/// The attributes of an employer.
pub(super) fn employer_in(
    part: Change<&Map<String, Value>>,
    kind: Option<UserKind>,
    change: &mut UserChange,
    violations: &mut Violations,
) {
    let empty = Map::new();
    let names = ["customer_id", "role"];
    let Some(map) = attributes(part, &empty, "employer", &names, violations) else {
        change.customer_id = Change::Clear;
        change.employer_role = Change::Clear;
        return;
    };
    if !map.is_empty() {
        require_kind(UserKind::Employer, kind, "employer", violations);
    }
    let mut fields = Fields::new(map, Path::default(), STRICT, violations);
    change.customer_id = fields.integer("customer_id");
    change.employer_role = fields.choice("role", EmployerRole::parse);
}

/// The object of a kind's attributes, `empty` where it did not come; none where it is null,
/// which takes all of them away (RFC 7396 §2).
fn attributes<'a>(
    part: Change<&'a Map<String, Value>>,
    empty: &'a Map<String, Value>,
    name: &str,
    known: &[&str],
    violations: &mut Violations,
) -> Option<&'a Map<String, Value>> {
    match part {
        Change::Keep => Some(empty),
        Change::Clear => None,
        Change::Set(map) => {
            Fields::new(map, Path::field(name), STRICT, violations).only(known);
            Some(map)
        }
    }
}

/// What only one kind has is refused for the other, and asks for the kind where there is none.
fn require_kind(own: UserKind, kind: Option<UserKind>, name: &str, violations: &mut Violations) {
    match kind {
        Some(kind) if kind == own => {}
        Some(_) => violations.field(name, Rule::Immutable),
        None if violations.touches("kind") => {}
        None => violations.field("kind", Rule::Blank),
    }
}

/// Reads each object of a list; what is none is told at its index.
fn each_object<'a>(
    part: Change<&'a Vec<Value>>,
    name: &str,
    violations: &mut Violations,
) -> Vec<(Path, &'a Map<String, Value>)> {
    let Change::Set(list) = part else {
        return Vec::new();
    };
    if list.len() > MAX_ENTRIES {
        violations.field(name, Rule::TooLong { max: MAX_ENTRIES });
        return Vec::new();
    }
    let mut objects = Vec::new();
    for (index, entry) in list.iter().enumerate() {
        let path = Path::field(name).child(index);
        match entry.as_object() {
            Some(object) => objects.push((path, object)),
            None => violations.add(
                path,
                Rule::WrongType {
                    expected: Expected::Object,
                },
            ),
        }
    }
    objects
}

pub(super) fn badges_in(
    part: Change<&Vec<Value>>,
    kind: Option<UserKind>,
    change: &mut UserChange,
    violations: &mut Violations,
) {
    if part.value().is_some_and(|list| !list.is_empty()) {
        require_kind(UserKind::Worker, kind, "badges", violations);
    }
    for (path, map) in each_object(part, "badges", violations) {
        let mut fields = Fields::new(map, path.clone(), STRICT, violations);
        fields.only(&["badge_id", "id", "remove"]);
        let badge = BadgeChange {
            path,
            id: fields.integer("id").value().copied(),
            badge_id: fields.integer("badge_id").value().copied(),
            destroy: fields.boolean("remove").value().copied().unwrap_or(false),
        };
        change.badges.push(badge);
    }
}

pub(super) fn groups_in(
    part: Change<&Vec<Value>>,
    change: &mut UserChange,
    violations: &mut Violations,
) {
    for (path, map) in each_object(part, "groups", violations) {
        let mut fields = Fields::new(map, path.clone(), STRICT, violations);
        fields.only(&["id", "permission"]);
        let group_id = required_id(map, &mut fields);
        let permission = match fields.integer("permission") {
            // The least, as where the number's own document says nothing.
            Change::Keep | Change::Clear => Some(GroupPermission::ReadTeam),
            Change::Set(number) => GroupPermission::from_number(number),
        };
        if permission.is_none() {
            fields.refuse("permission", Rule::OutOfRange { min: 1.0, max: 6.0 });
        }
        if let (Some(group_id), Some(permission)) = (group_id, permission) {
            change.groups.push(GroupGrant {
                path: path.child("id"),
                group_id,
                permission,
            });
        }
    }
}

/// The `id` of an entry, which has to be there.
fn required_id(map: &Map<String, Value>, fields: &mut Fields<'_, '_>) -> Option<i64> {
    if map.get("id").is_none_or(Value::is_null) {
        fields.refuse("id", Rule::Blank);
    }
    fields.integer("id").value().copied()
}

pub(super) fn accounts_in(
    part: Change<&Vec<Value>>,
    change: &mut UserChange,
    violations: &mut Violations,
) {
    for (path, map) in each_object(part, "accounts", violations) {
        let mut fields = Fields::new(map, path.clone(), STRICT, violations);
        fields.only(&["id", "role", "admin", "primary"]);
        let account_id = required_id(map, &mut fields);
        let role = fields.choice("role", AccountRole::parse);
        let admin = fields.boolean("admin").value().copied().unwrap_or(false);
        let primary = fields.boolean("primary").value().copied().unwrap_or(false);
        if let Some(account_id) = account_id {
            change.accounts.push(AccountGrant {
                path: path.child("id"),
                account_id,
                role: role.value().copied().unwrap_or(AccountRole::Member),
                admin,
                primary,
            });
        }
    }
}
