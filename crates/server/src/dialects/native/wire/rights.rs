//! Members of accounts, roles, and what is granted to users.

use directory::grants::DirectPermissions;
use directory::members::MemberChange;
use directory::model::{AccountRole, GrantedRole, Member, Role, check_text};
use directory::permission::{Permission, PermissionSet};
use directory::users::Change;
use directory::violation::{Expected, Path, Rule, Violations};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Resource, STRICT, Time};
use crate::http::fields::Fields;

/// Longest name, in characters.
const MAX_NAME: usize = 255;
/// Where what is wrong with a member's role stands.
pub(in crate::dialects::native) const MEMBER_ROLE: &str = "member_role";

#[derive(Serialize)]
pub(in crate::dialects::native) struct MemberOut<'a> {
    user_id: i64,
    account_id: i64,
    role: &'static str,
    admin: bool,
    primary: bool,
    email: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    suspended_at: Option<Time>,
    created_at: Time,
}

impl Resource for Member {
    type Out<'a> = MemberOut<'a>;

    fn out(&self) -> MemberOut<'_> {
        MemberOut {
            user_id: self.user_id,
            account_id: self.account_id,
            role: self.role.name(),
            admin: self.admin,
            primary: self.primary,
            email: self.email.as_deref(),
            first_name: self.first_name.as_deref(),
            last_name: self.last_name.as_deref(),
            suspended_at: super::time(self.suspended_at),
            created_at: Time(self.created_at),
        }
    }
}

#[derive(Serialize)]
pub(in crate::dialects::native) struct RoleOut<'a> {
    id: i64,
    name: &'a str,
    permissions: Vec<&'static str>,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

impl Resource for Role {
    type Out<'a> = RoleOut<'a>;

    fn out(&self) -> RoleOut<'_> {
        RoleOut {
            id: self.id,
            name: &self.name,
            permissions: sorted(self.permissions),
            created_at: Time(self.created_at),
            updated_at: Time(self.updated_at),
            version: self.version,
        }
    }
}

fn sorted(permissions: PermissionSet) -> Vec<&'static str> {
    let mut names: Vec<&str> = permissions.iter().map(Permission::name).collect();
    names.sort_unstable();
    names
}

/// A role that a user has.
#[derive(Serialize)]
pub(in crate::dialects::native) struct GrantedOut<'a> {
    role: &'a str,
    account_id: Option<i64>,
}

impl<'a> GrantedOut<'a> {
    pub(in crate::dialects::native) fn of(granted: &'a GrantedRole) -> Self {
        Self {
            role: &granted.name,
            account_id: granted.account_id,
        }
    }
}

/// What a user may do in one place beside their roles.
#[derive(Serialize)]
pub(in crate::dialects::native) struct PermissionsOut {
    account_id: Option<i64>,
    permissions: Vec<&'static str>,
}

impl PermissionsOut {
    pub(in crate::dialects::native) fn of(direct: &DirectPermissions) -> Self {
        Self {
            account_id: direct.account_id,
            permissions: sorted(direct.permissions),
        }
    }
}

/// A member's part as it was asked for.
pub(in crate::dialects::native) struct MemberIn {
    pub(in crate::dialects::native) user_id: i64,
    pub(in crate::dialects::native) change: MemberChange,
    pub(in crate::dialects::native) violations: Violations,
}

/// Reads a member's part; who it is of stands in the body of a new one alone.
pub(in crate::dialects::native) fn member_in(map: &Map<String, Value>, new: bool) -> MemberIn {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    let known: &[&str] = if new {
        &["user_id", "role", "admin", "primary"]
    } else {
        &["role", "admin", "primary"]
    };
    fields.only(known);
    let user_id = fields.integer("user_id").value().copied();
    let (admin, primary) = (fields.boolean("admin"), fields.boolean("primary"));
    let change = MemberChange {
        role: member_role_in(map, &mut violations),
        admin: given("admin", admin, &mut violations),
        primary: given("primary", primary, &mut violations),
    };
    if new && user_id.is_none() && !violations.touches("user_id") {
        violations.field("user_id", Rule::Blank);
    }
    MemberIn {
        user_id: user_id.unwrap_or(0),
        change,
        violations,
    }
}

/// Reads a member's role. What is wrong with it stands at a name of its own: what the domain calls
/// `role` is an employer's.
fn member_role_in(map: &Map<String, Value>, violations: &mut Violations) -> Option<AccountRole> {
    let mut own = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut own);
    let role = fields.choice("role", AccountRole::parse);
    let role = given("role", role, &mut own);
    for violation in &own {
        violations.field(MEMBER_ROLE, violation.rule.clone());
    }
    role
}

/// A field that always has a value: null is none.
fn given<T>(field: &str, change: Change<T>, violations: &mut Violations) -> Option<T> {
    match change {
        Change::Keep => None,
        Change::Set(value) => Some(value),
        Change::Clear => {
            violations.field(field, Rule::Blank);
            None
        }
    }
}

/// Reads a role: its name, which a new one alone may have, and what it allows.
pub(in crate::dialects::native) fn role_in(
    map: &Map<String, Value>,
    new: bool,
) -> (String, Option<PermissionSet>, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    fields.only(&["name", "permissions"]);
    let name = fields.text("name").value().cloned();
    let listed = fields.list("permissions");
    if !new && name.is_some() {
        violations.field("name", Rule::Immutable);
    }
    let permissions = given("permissions", listed, &mut violations)
        .map(|list| permissions_in(list, &mut violations));
    if new && permissions.is_none() && !violations.touches("permissions") {
        violations.field("permissions", Rule::Blank);
    }
    (name.unwrap_or_default(), permissions, violations)
}

fn permissions_in(list: &[Value], violations: &mut Violations) -> PermissionSet {
    let mut set = PermissionSet::NONE;
    for (path, name) in texts_in("permissions", list, violations) {
        match Permission::parse(name) {
            Some(permission) => set = set.with(permission),
            None => {
                let value = name.chars().take(100).collect();
                violations.add(path, Rule::NotIncluded { value });
            }
        }
    }
    set
}

fn texts_in<'a>(
    field: &str,
    list: &'a [Value],
    violations: &mut Violations,
) -> Vec<(Path, &'a str)> {
    let mut texts = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let path = Path::field(field).child(index);
        match value.as_str() {
            None => {
                let expected = Expected::Text;
                violations.add(path, Rule::WrongType { expected });
            }
            Some(text) => match check_text(text, MAX_NAME) {
                Some(rule) => violations.add(path, rule),
                None => texts.push((path, text)),
            },
        }
    }
    texts
}

/// What is to be granted in one place, as names.
pub(in crate::dialects::native) struct GrantedIn {
    /// Where; none: tenant-wide.
    pub(in crate::dialects::native) place: Option<i64>,
    /// Names of roles.
    pub(in crate::dialects::native) roles: Vec<String>,
    /// Permissions.
    pub(in crate::dialects::native) permissions: PermissionSet,
    pub(in crate::dialects::native) violations: Violations,
}

/// Reads what is to be granted: `{"account_id"?, "roles"}` or `{"account_id"?, "permissions"}`.
pub(in crate::dialects::native) fn granted_in(
    map: &Map<String, Value>,
    field: &'static str,
) -> GrantedIn {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    fields.only(&["account_id", field]);
    let place = fields.integer("account_id").value().copied();
    let listed = fields.list(field).value().copied();
    let (mut roles, mut permissions) = (Vec::new(), PermissionSet::NONE);
    match listed {
        None if !violations.touches(field) => violations.field(field, Rule::Blank),
        None => {}
        Some(list) if field == "roles" => {
            let named = texts_in(field, list, &mut violations);
            roles = named.into_iter().map(|(_, name)| name.to_owned()).collect();
        }
        Some(list) => permissions = permissions_in(list, &mut violations),
    }
    if place.is_some_and(|account| account < 1) {
        violations.field("account_id", Rule::MustExist);
    }
    GrantedIn {
        place,
        roles,
        permissions,
        violations,
    }
}
