//! The table `users`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::actor::{Actor, TenantId, Visibility};
use crate::clock::from_millisecond;
use crate::error::Error;
use crate::jobs::APPROVED_IS_ACTIVE_FOR;
use crate::model::{
    DrugTest, Email, EmployerRole, OnboardingState, Phone, User, UserKind, W2Status, fold,
};
use crate::users::Include;

use super::filter::Conditions;
use super::{Row, Statement, Tx, Value};

pub(super) const SELECT: &str = "SELECT u.id, u.uid, u.kind, u.email, u.email_key, u.phone, u.phone_key, \
    u.first_name, u.last_name, u.state, u.external_id, u.onboarding_state, \
    u.w2_onboarding_status, u.w2_employee_id, u.drug_tested, u.customer_id, u.employer_role, \
    u.team_id, u.pending_since, u.suspended_at, u.deleted_at, u.created_by, u.updated_by, \
    u.created_at, u.updated_at, u.version, u.attributes, u.parts, u.has_records FROM users u";

const INSERT: &str = "INSERT INTO users (tenant_id, id, uid, kind, email, email_key, phone, \
    phone_key, first_name, last_name, first_name_key, last_name_key, state, external_id, \
    onboarding_state, w2_onboarding_status, w2_employee_id, drug_tested, customer_id, \
    employer_role, team_id, pending_since, suspended_at, deleted_at, created_by, updated_by, \
    created_at, updated_at, version, attributes, parts, has_records) VALUES ($1, $2, $3, $4, $5, \
    $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, \
    $27, $28, $29, $30, $31, $32)";

const UPDATE: &str = "UPDATE users SET kind = $1, email = $2, email_key = $3, phone = $4, \
    phone_key = $5, first_name = $6, last_name = $7, first_name_key = $8, last_name_key = $9, \
    state = $10, external_id = $11, onboarding_state = $12, w2_onboarding_status = $13, \
    w2_employee_id = $14, drug_tested = $15, customer_id = $16, employer_role = $17, \
    team_id = $18, pending_since = $19, suspended_at = $20, deleted_at = $21, \
    created_by = $22, updated_by = $23, created_at = $24, updated_at = $25, version = $26, \
    attributes = $27, \
    parts = CASE WHEN parts / 32 = version THEN (version + 1) * 32 + ((parts & 31) | $28) END, \
    has_records = COALESCE($29, has_records) \
    WHERE tenant_id = $30 AND id = $31 AND version = $32";

/// Only columns that stand in no index, and in no condition of one: of others SQLite deletes and
/// writes the entries of each index, changed or not.
const UPDATE_ATTRIBUTES: &str = "UPDATE users SET attributes = $1, version = $2, \
    parts = CASE WHEN parts / 32 = version THEN (version + 1) * 32 + (parts & 31) END \
    WHERE tenant_id = $3 AND id = $4 AND version = $5";

pub(super) const ACCOUNT_MEMBER: &str = "EXISTS (SELECT 1 FROM account_members m \
    WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id AND m.account_id = ?)";

/// Which jobs are active: those of an account, approved ones since a time.
pub(super) const ACTIVE_JOB: &str = "j.account_id = ? \
    AND (j.state IN ('filled', 'in_progress', 'paused', 'completed') \
    OR (j.state = 'approved' AND j.state_at >= ?))";

const HAS_JOB: &str = "EXISTS (SELECT 1 FROM jobs j \
    WHERE j.tenant_id = u.tenant_id AND j.worker_id = u.id)";

// $1 is the tenant in every statement of this file: a subquery that names the outer row
// instead would be run for each user.
pub(super) const EMAIL_OWNER: &str = "u.id = (SELECT c.owner_id FROM claims c \
    WHERE c.tenant_id = $1 AND c.scope = 'email' AND c.value = ?)";

const COUNT: &str = "SELECT count(*) FROM users u";

/// What no filter uses: the JSON of `users.attributes`.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    middle_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The same, folded: what is searched in.
    #[serde(skip_serializing_if = "Option::is_none")]
    name_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_verified_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latitude: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    longitude: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed_to_terms: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed_to_terms_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    featured: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_profile: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_login_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    synced_worker_id: Option<i64>,
}

fn millis(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_millisecond)
}

fn time(millis: Option<i64>) -> Result<Option<Timestamp>, Error> {
    millis
        .map(|each| from_millisecond(each).ok_or_else(|| Error::internal("no time")))
        .transpose()
}

fn attributes_of(user: &User) -> Result<String, Error> {
    let attributes = Attributes {
        email_verified_at: millis(user.email_verified_at),
        middle_name: user.middle_name.clone(),
        name: user.name.clone(),
        name_key: user.name.as_deref().map(fold),
        gender: user.gender.clone(),
        verified_phone: user.verified_phone.clone(),
        phone_verified_at: millis(user.phone_verified_at),
        avatar_url: user.avatar_url.clone(),
        address: user.address.clone(),
        city: user.city.clone(),
        zip: user.zip.clone(),
        latitude: user.latitude,
        longitude: user.longitude,
        timezone: user.timezone.clone(),
        title: user.title.clone(),
        rating: user.rating,
        agreed_to_terms: user.agreed_to_terms,
        agreed_to_terms_at: millis(user.agreed_to_terms_at),
        featured: user.featured,
        public_profile: user.public_profile,
        last_login_at: millis(user.last_login_at),
        synced_worker_id: user.synced_worker_id,
    };
    serde_json::to_string(&attributes).map_err(Error::internal)
}

fn set_attributes(user: &mut User, json: &str) -> Result<(), Error> {
    let attributes: Attributes = serde_json::from_str(json).map_err(Error::internal)?;
    user.email_verified_at = time(attributes.email_verified_at)?;
    user.middle_name = attributes.middle_name;
    user.name = attributes.name;
    user.gender = attributes.gender;
    user.verified_phone = attributes.verified_phone;
    user.phone_verified_at = time(attributes.phone_verified_at)?;
    user.avatar_url = attributes.avatar_url;
    user.address = attributes.address;
    user.city = attributes.city;
    user.zip = attributes.zip;
    user.latitude = attributes.latitude;
    user.longitude = attributes.longitude;
    user.timezone = attributes.timezone;
    user.title = attributes.title;
    user.rating = attributes.rating;
    user.agreed_to_terms = attributes.agreed_to_terms;
    user.agreed_to_terms_at = time(attributes.agreed_to_terms_at)?;
    user.featured = attributes.featured;
    user.public_profile = attributes.public_profile;
    user.last_login_at = time(attributes.last_login_at)?;
    user.synced_worker_id = attributes.synced_worker_id;
    Ok(())
}

fn read_user(row: &Row<'_>) -> Result<User, Error> {
    let mut user = User::blank(row.int()?, row.text()?, Timestamp::UNIX_EPOCH);
    user.kind = row.opt_text()?.as_deref().and_then(UserKind::parse);
    user.email = row
        .opt_text()?
        .zip(row.opt_text()?)
        .map(|(text, key)| Email::from_stored(text, key));
    let (phone, phone_key) = (row.opt_text()?, row.opt_text()?);
    user.phone = phone.map(|text| Phone::from_stored(text, phone_key));
    user.first_name = row.opt_text()?;
    user.last_name = row.opt_text()?;
    user.state = row.opt_text()?;
    user.external_id = row.opt_text()?;
    user.onboarding_state = row.opt_text()?.as_deref().and_then(OnboardingState::parse);
    user.w2_onboarding_status = row.opt_text()?.as_deref().and_then(W2Status::parse);
    user.w2_employee_id = row.opt_text()?;
    user.drug_tested = row.opt_text()?.as_deref().and_then(DrugTest::parse);
    user.customer_id = row.opt_int()?;
    user.employer_role = row.opt_text()?.as_deref().and_then(EmployerRole::parse);
    user.team_id = row.opt_int()?;
    user.pending_since = row.opt_time()?;
    user.suspended_at = row.opt_time()?;
    user.deleted_at = row.opt_time()?;
    user.created_by = row.opt_text()?;
    user.updated_by = row.opt_text()?;
    user.created_at = row.time()?;
    user.updated_at = row.time()?;
    user.version = row.int()?;
    set_attributes(&mut user, &row.json()?)?;
    Ok(user)
}

/// A user with what the row says of the parts that stand around it: most users have few, and
/// a part that is not there is not asked for. A part once there may be gone by now.
pub(crate) struct FoundUser {
    pub(crate) user: User,
    pub(crate) has: Include,
}

impl FoundUser {
    /// The user, who has these parts, too.
    pub(crate) fn and_has(mut self, more: Include) -> Self {
        self.has.accounts |= more.accounts;
        self.has.groups |= more.groups;
        self.has.badges |= more.badges;
        self.has.roles |= more.roles;
        self.has.preferences |= more.preferences;
        self.has.records |= more.records;
        self
    }
}

pub(super) fn read_found(row: &Row<'_>) -> Result<FoundUser, Error> {
    let user = read_user(row)?;
    let parts = row.opt_int()?;
    let mut has = match parts.filter(|parts| parts >> PARTS == user.version) {
        Some(parts) => include_of(parts),
        // Written by who knows nothing of this column.
        None => Include::ALL,
    };
    // Once set it stays: who knows nothing of it writes no records.
    has.records = row.opt_int()?.is_some();
    Ok(FoundUser { user, has })
}

/// Bits of the column `parts`, one for each part that a user has or had; above them stands the
/// version of the user that they hold for.
const PARTS: u32 = 5;

fn parts_of(has: Include) -> i64 {
    let bits = [
        has.accounts,
        has.groups,
        has.badges,
        has.roles,
        has.preferences,
    ];
    let set = bits.into_iter().zip(0..).filter(|(bit, _)| *bit);
    set.fold(0, |parts, (_, place)| parts | 1 << place)
}

fn include_of(parts: i64) -> Include {
    let has = |place: i64| parts >> place & 1 == 1;
    Include {
        accounts: has(0),
        groups: has(1),
        badges: has(2),
        roles: has(3),
        preferences: has(4),
        records: false,
    }
}

/// The columns that both INSERT and UPDATE bind, in their order, from `kind` on.
fn columns(user: &User) -> Result<Vec<Value<'static>>, Error> {
    let key = |name: &Option<String>| name.as_deref().map(fold);
    Ok(vec![
        user.kind.map(UserKind::name).into(),
        user.email
            .as_ref()
            .map(|email| email.as_str().to_owned())
            .into(),
        user.email
            .as_ref()
            .map(|email| email.key().to_owned())
            .into(),
        user.phone
            .as_ref()
            .map(|phone| phone.as_str().to_owned())
            .into(),
        user.phone
            .as_ref()
            .and_then(|phone| phone.key().map(str::to_owned))
            .into(),
        user.first_name.clone().into(),
        user.last_name.clone().into(),
        key(&user.first_name).into(),
        key(&user.last_name).into(),
        user.state.clone().into(),
        user.external_id.clone().into(),
        user.onboarding_state.map(OnboardingState::name).into(),
        user.w2_onboarding_status.map(W2Status::name).into(),
        user.w2_employee_id.clone().into(),
        user.drug_tested.map(DrugTest::name).into(),
        user.customer_id.into(),
        user.employer_role.map(EmployerRole::name).into(),
        user.team_id.into(),
        user.pending_since.into(),
        user.suspended_at.into(),
        user.deleted_at.into(),
        user.created_by.clone().into(),
        user.updated_by.clone().into(),
        user.created_at.into(),
        user.updated_at.into(),
        user.version.into(),
        Value::Json(attributes_of(user)?.into()),
    ])
}

/// Inserts a user who will have these parts.
pub(crate) fn insert_user(
    tenant: TenantId,
    user: &User,
    has: Include,
) -> Result<Statement<'static>, Error> {
    let mut params = vec![tenant.into(), user.id.into(), user.uid.clone().into()];
    params.extend(columns(user)?);
    params.push((user.version << PARTS | parts_of(has)).into());
    params.push(has.records.then_some(1).into());
    Ok(Statement {
        sql: INSERT,
        params,
    })
}

/// Writes a user whose stored version is `from`, and who may have these parts now beside those
/// they had; touches no row when the version is another by now.
pub(crate) fn update_user(
    tenant: TenantId,
    user: &User,
    from: i64,
    gains: Include,
) -> Result<Statement<'static>, Error> {
    let mut params = columns(user)?;
    params.push(parts_of(gains).into());
    params.push(gains.records.then_some(1).into());
    params.extend([tenant.into(), user.id.into(), from.into()]);
    Ok(Statement {
        sql: UPDATE,
        params,
    })
}

/// As [`update_user`], of a user of whom nothing changed but the version and what stands in
/// `attributes`.
pub(crate) fn update_attributes(
    tenant: TenantId,
    user: &User,
    from: i64,
) -> Result<Statement<'static>, Error> {
    Ok(Statement {
        sql: UPDATE_ATTRIBUTES,
        params: vec![
            Value::Json(attributes_of(user)?.into()),
            user.version.into(),
            tenant.into(),
            user.id.into(),
            from.into(),
        ],
    })
}

/// Which one user is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserKey {
    /// By number.
    Id(i64),
    /// By opaque id.
    Uid(String),
    /// By the canonical form of the email.
    Email(String),
}

/// The users whom the actor may see.
fn visible<'a>(actor: &Actor, now: Timestamp) -> Conditions<'a> {
    let mut conditions = Conditions::new("u.tenant_id = ?", actor.tenant);
    and_visible(&mut conditions, actor, now);
    conditions
}

/// Adds that the user `u` is one whom the actor may see.
pub(super) fn and_visible(conditions: &mut Conditions<'_>, actor: &Actor, now: Timestamp) {
    match actor.visibility {
        Visibility::Tenant => {}
        Visibility::Account(account) => conditions.and(ACCOUNT_MEMBER, account),
        Visibility::PublicPool { account } => {
            let since = now.checked_sub(APPROVED_IS_ACTIVE_FOR).unwrap_or(now);
            conditions.and_plain("u.kind = 'worker'");
            conditions.and_pair_within(HAS_JOB, ACTIVE_JOB, account, since);
        }
    }
}

/// The user, if there is one that the actor may see; a deleted one only on request.
pub(crate) fn find_user(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &UserKey,
    deleted: bool,
) -> Result<Option<FoundUser>, Error> {
    let mut conditions = visible(actor, tx.now());
    match key {
        UserKey::Id(id) => conditions.and("u.id = ?", *id),
        UserKey::Uid(uid) => conditions.and("u.uid = ?", uid.as_str()),
        UserKey::Email(email) => conditions.and(EMAIL_OWNER, email.as_str()),
    }
    conditions.and_plain(if deleted {
        "u.deleted_at IS NOT NULL AND u.erased_at IS NULL"
    } else {
        "u.deleted_at IS NULL"
    });
    let (sql, params) = conditions.whole(SELECT, "");
    tx.query_opt(&sql, &params, read_found)
}

/// Those of these users whom the actor may see, in no order.
pub(crate) fn find_users(tx: &Tx<'_>, actor: &Actor, ids: &[i64]) -> Result<Vec<User>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut conditions = visible(actor, tx.now());
    conditions.and_in("u.id", ids.iter().copied());
    conditions.and_plain("u.deleted_at IS NULL");
    let (sql, params) = conditions.whole(SELECT, "");
    tx.query(&sql, &params, read_user)
}

/// How many users the actor may see.
pub(crate) fn count_users(tx: &Tx<'_>, actor: &Actor) -> Result<i64, Error> {
    let mut conditions = visible(actor, tx.now());
    conditions.and_plain("u.deleted_at IS NULL");
    let (sql, params) = conditions.whole(COUNT, "");
    tx.query_one(&sql, &params, |row| row.int())
}
