//! The shapes of `/v1`.

use directory::model::{
    Account, AccountRole, Badge, DrugTest, Email, EmployerRole, Group, GroupPermission,
    OnboardingState, Phone, User, UserKind, UserView, W2Status,
};
use directory::password;
use directory::users::{AccountGrant, BadgeChange, Change, GroupGrant, UserChange};
use directory::violation::{Expected, Path, Rule, Violations};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::http::fields::{Fields, Reading};

/// Least length of a password here (NIST SP 800-63B-4 §3.1.1.2).
const MIN_PASSWORD: usize = 8;
/// Entries of a list of badges, groups or accounts at most.
const MAX_ENTRIES: usize = 100;

const STRICT: Reading = Reading {
    texts_as_values: false,
    numbers_as_text: &[],
    empty_is_null: false,
};

/// A time as `/v1` shows it: RFC 3339 with milliseconds, `Z`.
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.3}", self.0))
    }
}

fn time(at: Option<Timestamp>) -> Option<Time> {
    at.map(Time)
}

#[derive(Serialize)]
pub(super) struct UserOut<'a> {
    id: i64,
    uid: &'a str,
    kind: Option<&'static str>,
    status: &'static str,
    suspended_at: Option<Time>,
    email: Option<&'a str>,
    email_verified_at: Option<Time>,
    first_name: Option<&'a str>,
    middle_name: Option<&'a str>,
    last_name: Option<&'a str>,
    name: Option<String>,
    gender: Option<&'a str>,
    phone: Option<&'a str>,
    verified_phone: Option<&'a str>,
    phone_verified_at: Option<Time>,
    avatar_url: Option<&'a str>,
    address: Option<&'a str>,
    city: Option<&'a str>,
    state: Option<&'a str>,
    zip: Option<&'a str>,
    timezone: Option<&'a str>,
    title: Option<&'a str>,
    external_id: Option<&'a str>,
    rating: Option<f64>,
    agreed_to_terms: Option<bool>,
    agreed_to_terms_at: Option<Time>,
    featured: Option<bool>,
    public_profile: Option<bool>,
    last_login_at: Option<Time>,
    worker: Option<WorkerOut<'a>>,
    employer: Option<EmployerOut>,
    accounts: Vec<MembershipOut<'a>>,
    groups: Vec<GroupMembershipOut<'a>>,
    badges: Vec<UserBadgeOut<'a>>,
    profiles: Map<String, Value>,
    relationships: Map<String, Value>,
    transactables: Map<String, Value>,
    created_by: Option<&'a str>,
    updated_by: Option<&'a str>,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

#[derive(Serialize)]
struct WorkerOut<'a> {
    synced_worker_id: Option<i64>,
    onboarding_state: Option<&'static str>,
    w2_onboarding_status: Option<&'static str>,
    w2_employee_id: Option<&'a str>,
    drug_tested: Option<&'static str>,
}

#[derive(Serialize)]
struct EmployerOut {
    customer_id: Option<i64>,
    role: Option<&'static str>,
}

#[derive(Serialize)]
struct MembershipOut<'a> {
    id: i64,
    name: &'a str,
    role: &'static str,
    admin: bool,
    primary: bool,
}

#[derive(Serialize)]
struct GroupMembershipOut<'a> {
    id: i64,
    slug: &'a str,
    name: &'a str,
    permission: i64,
}

#[derive(Serialize)]
struct UserBadgeOut<'a> {
    id: i64,
    badge_id: i64,
    name: &'a str,
    expires_at: Option<Time>,
    suspended: bool,
}

/// A user as `/v1` shows them.
pub(super) fn user_out(view: &UserView) -> UserOut<'_> {
    let user = &view.user;
    let (first_name, last_name) = user.shown_parts();
    UserOut {
        id: user.id,
        uid: &user.uid,
        kind: user.kind.map(UserKind::name),
        status: user.status().name(),
        suspended_at: time(user.suspended_at),
        email: user.email.as_ref().map(Email::as_str),
        email_verified_at: time(user.email_verified_at),
        first_name,
        middle_name: user.middle_name.as_deref(),
        last_name,
        name: user.shown_name(),
        gender: user.gender.as_deref(),
        phone: user.phone.as_ref().map(Phone::as_str),
        verified_phone: user.verified_phone.as_deref(),
        phone_verified_at: time(user.phone_verified_at),
        avatar_url: user.avatar_url.as_deref(),
        address: user.address.as_deref(),
        city: user.city.as_deref(),
        state: user.state.as_deref(),
        zip: user.zip.as_deref(),
        timezone: user.timezone.as_deref(),
        title: user.title.as_deref(),
        external_id: user.external_id.as_deref(),
        rating: user.rating,
        agreed_to_terms: user.agreed_to_terms,
        agreed_to_terms_at: time(user.agreed_to_terms_at),
        featured: user.featured,
        public_profile: user.public_profile,
        last_login_at: time(user.last_login_at),
        worker: worker_out(user),
        employer: employer_out(user),
        accounts: accounts_out(view),
        groups: groups_out(view),
        badges: badges_out(view),
        profiles: Map::new(),
        relationships: Map::new(),
        transactables: Map::new(),
        created_by: user.created_by.as_deref(),
        updated_by: user.updated_by.as_deref(),
        created_at: Time(user.created_at),
        updated_at: Time(user.updated_at),
        version: user.version,
    }
}

fn worker_out(user: &User) -> Option<WorkerOut<'_>> {
    (user.kind == Some(UserKind::Worker)).then(|| WorkerOut {
        synced_worker_id: user.synced_worker_id,
        onboarding_state: user.onboarding_state.map(OnboardingState::name),
        w2_onboarding_status: user.w2_onboarding_status.map(W2Status::name),
        w2_employee_id: user.w2_employee_id.as_deref(),
        drug_tested: user.drug_tested.map(DrugTest::name),
    })
}

fn employer_out(user: &User) -> Option<EmployerOut> {
    (user.kind == Some(UserKind::Employer)).then(|| EmployerOut {
        customer_id: user.customer_id,
        role: user.employer_role.map(EmployerRole::name),
    })
}

fn accounts_out(view: &UserView) -> Vec<MembershipOut<'_>> {
    let out = view.accounts.iter().map(|each| MembershipOut {
        id: each.account_id,
        name: &each.account_name,
        role: each.role.name(),
        admin: each.admin,
        primary: each.primary,
    });
    out.collect()
}

fn groups_out(view: &UserView) -> Vec<GroupMembershipOut<'_>> {
    let out = view.groups.iter().map(|each| GroupMembershipOut {
        id: each.group_id,
        slug: &each.slug,
        name: &each.name,
        permission: each.permission.number(),
    });
    out.collect()
}

fn badges_out(view: &UserView) -> Vec<UserBadgeOut<'_>> {
    let out = view.badges.iter().map(|each| UserBadgeOut {
        id: each.id,
        badge_id: each.badge_id,
        name: &each.name,
        expires_at: time(each.expires_at),
        suspended: each.suspended,
    });
    out.collect()
}

/// The fields that a client may send. `email_verified_at`, `verified_phone` and
/// `phone_verified_at` are not among them: nobody verifies themselves.
const FIELDS: [&str; 26] = [
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
/// Those that only a creation takes; later they have calls of their own.
const CREATION_FIELDS: [&str; 2] = ["accounts", "groups"];

/// Reads a user's body: the change, the password, and all that is wrong with them.
pub(super) fn user_in(
    map: &Map<String, Value>,
    creating: bool,
) -> (UserChange, Option<SecretString>, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    let mut known = FIELDS.to_vec();
    if creating {
        known.extend(CREATION_FIELDS);
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
        agreed_to_terms_at: fields.time("agreed_to_terms_at", |text| text.parse().ok()),
        featured: fields.boolean("featured"),
        public_profile: fields.boolean("public_profile"),
        suspended_at: fields.time("suspended_at", |text| text.parse().ok()),
        ..UserChange::default()
    };
    let password = fields.text("password");
    let parts = [fields.object("worker"), fields.object("employer")];
    let lists = [
        fields.list("badges"),
        fields.list("groups"),
        fields.list("accounts"),
    ];
    let [worker, employer] = parts;
    let [badges, groups, accounts] = lists;
    worker_in(worker, &mut change, &mut violations);
    employer_in(employer, &mut change, &mut violations);
    badges_in(badges, &mut change, &mut violations);
    groups_in(groups, &mut change, &mut violations);
    accounts_in(accounts, &mut change, &mut violations);
    if creating && !map.contains_key("email") || change.email == Change::Clear {
        violations.field("email", Rule::Blank);
    }
    let password = password_in(password, &change, &mut violations);
    (change, password, violations)
}

fn password_in(
    given: Change<String>,
    change: &UserChange,
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
    let email = change.email.value().map(Email::as_str);
    let names = [&change.first_name, &change.last_name, &change.name];
    let about: Vec<&str> = names
        .iter()
        .filter_map(|name| name.value().map(String::as_str))
        .chain(email)
        .collect();
    let rule = password::check_length(&password, MIN_PASSWORD)
        .or_else(|| password::check_strength(&password, &about));
    if let Some(rule) = rule {
        violations.field("password", rule);
    }
    Some(password)
}

// The domain names the attributes of a kind flat; error.rs puts them back into their object.
fn worker_in(
    part: Change<&Map<String, Value>>,
    change: &mut UserChange,
    violations: &mut Violations,
) {
    let Change::Set(map) = part else { return };
    if map.keys().any(|_| {
        change
            .kind
            .value()
            .is_some_and(|kind| *kind != UserKind::Worker)
    }) {
        violations.field("worker", Rule::Immutable);
    }
    let mut fields = Fields::new(map, Path::default(), STRICT, violations);
    fields.only(&[
        "synced_worker_id",
        "onboarding_state",
        "w2_onboarding_status",
        "w2_employee_id",
        "drug_tested",
    ]);
    change.synced_worker_id = fields.integer("synced_worker_id");
    change.onboarding_state = fields.choice("onboarding_state", OnboardingState::parse);
    change.w2_onboarding_status = fields.choice("w2_onboarding_status", W2Status::parse);
    change.w2_employee_id = fields.text("w2_employee_id");
    change.drug_tested = fields.choice("drug_tested", DrugTest::parse);
}

fn employer_in(
    part: Change<&Map<String, Value>>,
    change: &mut UserChange,
    violations: &mut Violations,
) {
    let Change::Set(map) = part else { return };
    if map.keys().any(|_| {
        change
            .kind
            .value()
            .is_some_and(|kind| *kind != UserKind::Employer)
    }) {
        violations.field("employer", Rule::Immutable);
    }
    let mut fields = Fields::new(map, Path::default(), STRICT, violations);
    fields.only(&["customer_id", "role"]);
    change.customer_id = fields.integer("customer_id");
    change.employer_role = fields.choice("role", EmployerRole::parse);
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

fn badges_in(part: Change<&Vec<Value>>, change: &mut UserChange, violations: &mut Violations) {
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

fn groups_in(part: Change<&Vec<Value>>, change: &mut UserChange, violations: &mut Violations) {
    for (path, map) in each_object(part, "groups", violations) {
        let mut fields = Fields::new(map, path.clone(), STRICT, violations);
        fields.only(&["id", "permission"]);
        let group_id = fields.integer("id");
        let permission = match fields.integer("permission") {
            // The least, as where the number's own document says nothing.
            Change::Keep | Change::Clear => Some(GroupPermission::ReadTeam),
            Change::Set(number) => GroupPermission::from_number(number),
        };
        if permission.is_none() {
            fields.refuse("permission", Rule::OutOfRange { min: 1.0, max: 6.0 });
        }
        match (group_id, permission) {
            (Change::Set(group_id), Some(permission)) => {
                change.groups.push(GroupGrant {
                    path: path.child("id"),
                    group_id,
                    permission,
                });
            }
            (Change::Set(_), None) => {}
            (Change::Keep | Change::Clear, _) => fields.refuse("id", Rule::Blank),
        }
    }
}

fn accounts_in(part: Change<&Vec<Value>>, change: &mut UserChange, violations: &mut Violations) {
    for (path, map) in each_object(part, "accounts", violations) {
        let mut fields = Fields::new(map, path.clone(), STRICT, violations);
        fields.only(&["id", "role", "admin", "primary"]);
        let account_id = fields.integer("id");
        let role = fields.choice("role", AccountRole::parse);
        let admin = fields.boolean("admin").value().copied().unwrap_or(false);
        let primary = fields.boolean("primary").value().copied().unwrap_or(false);
        match account_id {
            Change::Set(account_id) => change.accounts.push(AccountGrant {
                path: path.child("id"),
                account_id,
                role: role.value().copied().unwrap_or(AccountRole::Member),
                admin,
                primary,
            }),
            Change::Keep | Change::Clear => fields.refuse("id", Rule::Blank),
        }
    }
}

#[derive(Serialize)]
pub(super) struct AccountOut<'a> {
    id: i64,
    name: &'a str,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

/// An account as `/v1` shows it.
pub(super) fn account_out(account: &Account) -> AccountOut<'_> {
    AccountOut {
        id: account.id,
        name: &account.name,
        created_at: Time(account.created_at),
        updated_at: Time(account.updated_at),
        version: account.version,
    }
}

#[derive(Serialize)]
pub(super) struct GroupOut<'a> {
    id: i64,
    slug: &'a str,
    name: &'a str,
    public_name: Option<&'a str>,
    member_count: i64,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

/// A group as `/v1` shows it.
pub(super) fn group_out(group: &Group) -> GroupOut<'_> {
    GroupOut {
        id: group.id,
        slug: &group.slug,
        name: &group.name,
        public_name: group.public_name.as_deref(),
        member_count: group.member_count,
        created_at: Time(group.created_at),
        updated_at: Time(group.updated_at),
        version: group.version,
    }
}

#[derive(Serialize)]
pub(super) struct BadgeOut<'a> {
    id: i64,
    name: &'a str,
    description: Option<&'a str>,
    info_url: Option<&'a str>,
    icon_url: Option<&'a str>,
    soft: bool,
    created_at: Time,
}

/// A badge as `/v1` shows it.
pub(super) fn badge_out(badge: &Badge) -> BadgeOut<'_> {
    BadgeOut {
        id: badge.id,
        name: &badge.name,
        description: badge.description.as_deref(),
        info_url: badge.info_url.as_deref(),
        icon_url: badge.icon_url.as_deref(),
        soft: badge.soft,
        created_at: Time(badge.created_at),
    }
}

/// Reads the body of a thing with a name: the texts that it may have besides, and its
/// booleans.
pub(super) struct NamedIn {
    pub(super) name: String,
    pub(super) texts: Vec<Option<String>>,
    pub(super) flags: Vec<bool>,
    pub(super) violations: Violations,
}

pub(super) fn named_in(map: &Map<String, Value>, texts: &[&str], flags: &[&str]) -> NamedIn {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    let known: Vec<&str> = ["name"].iter().chain(texts).chain(flags).copied().collect();
    fields.only(&known);
    let name = fields.text("name").value().cloned().unwrap_or_default();
    let texts = texts
        .iter()
        .map(|each| fields.text(each).value().cloned())
        .collect();
    let flags = flags
        .iter()
        .map(|each| fields.boolean(each).value().copied().unwrap_or(false))
        .collect();
    NamedIn {
        name,
        texts,
        flags,
        violations,
    }
}
