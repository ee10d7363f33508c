//! A user as `/v1` shows them.

use directory::model::{
    DrugTest, Email, EmployerRole, OnboardingState, Phone, User, UserKind, UserView, W2Status,
};
use directory::records;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Resource, Time, time};

#[derive(Serialize)]
pub(in crate::dialects::native) struct UserOut<'a> {
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
    properties: Map<String, Value>,
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

impl Resource for UserView {
    type Out<'a> = UserOut<'a>;

    fn out(&self) -> UserOut<'_> {
        let user = &self.user;
        let (first_name, last_name) = user.shown_parts();
        let records = records::shown(&self.records);
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
            accounts: accounts_out(self),
            groups: groups_out(self),
            badges: badges_out(self),
            properties: records.properties,
            profiles: records.profiles,
            relationships: records.relationships,
            transactables: records.transactables,
            created_by: user.created_by.as_deref(),
            updated_by: user.updated_by.as_deref(),
            created_at: Time(user.created_at),
            updated_at: Time(user.updated_at),
            version: user.version,
        }
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
