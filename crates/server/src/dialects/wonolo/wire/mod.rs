//! The shapes of `/api_v2` that come out. Those that go in are in [`input`].

mod input;
mod list;

pub(super) use input::{
    BADGE_FIELDS, MIN_PASSWORD, UPDATE_FIELDS, USER_FIELDS, badge_in, invite_in, update_in, user_in,
};
#[cfg(test)]
pub(super) use list::PARAMETERS;
pub(super) use list::{MAX_PER, list_in};

use directory::model::{
    Badge, DrugTest, Email, EmployerRole, JobTransition, OnboardingState, Phone, Place, User,
    UserBadge, UserKind, UserView, W2Status,
};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Serialize, Serializer};

/// A time as this dialect shows it: `2017-05-24T17:01:19.391Z`.
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.3}", self.0))
    }
}

fn time(at: Option<Timestamp>) -> Option<Time> {
    at.map(Time)
}

/// The time that a token ends: `2026-11-21T04:50:40Z`, without a fraction (contracts).
struct WholeSecond(Timestamp);

impl Serialize for WholeSecond {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.0}", self.0))
    }
}

#[derive(Serialize)]
pub(super) struct TokenOut<'a> {
    token: &'a str,
    expires_at: WholeSecond,
}

/// A token just made: the only time it is shown.
pub(super) fn token_out(token: &SecretString, expires_at: Timestamp) -> TokenOut<'_> {
    TokenOut {
        token: token.expose_secret(),
        expires_at: WholeSecond(expires_at),
    }
}

/// The name of a kind (seed 001, `type`).
pub(super) fn kind_name(kind: UserKind) -> &'static str {
    match kind {
        UserKind::Worker => "Worker",
        UserKind::Employer => "Employer",
    }
}

#[derive(Serialize)]
struct UserOut<'a> {
    id: i64,
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    email: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    gender: Option<&'a str>,
    phone: Option<&'a str>,
    avatar_url: Option<&'a str>,
    address: Option<&'a str>,
    city: Option<&'a str>,
    address_state: Option<&'a str>,
    zip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latitude: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    longitude: Option<f64>,
    suspended: bool,
    suspended_at: Option<Time>,
    rating: Option<f64>,
    agreed_to_terms: Option<bool>,
    agreed_to_terms_date: Option<Time>,
    created_at: Time,
    updated_at: Time,
    #[serde(flatten)]
    worker: Option<WorkerOut<'a>>,
    #[serde(flatten)]
    employer: Option<EmployerOut<'a>>,
}

#[derive(Serialize)]
struct WorkerOut<'a> {
    external_id: Option<&'a str>,
    synced_worker_id: Option<i64>,
    onboarding_last_state: Option<&'static str>,
    w2_onboarding_status: Option<&'static str>,
    w2_employee_id: Option<&'a str>,
    drug_tested: Option<&'static str>,
    verified_phone: Option<&'a str>,
    phone_verified_at: Option<Time>,
    user_badges: Vec<UserBadgeOut<'a>>,
}

#[derive(Serialize)]
struct UserBadgeOut<'a> {
    id: i64,
    user_id: i64,
    badge_id: i64,
    expires_at: Option<Time>,
    created_at: Time,
    suspended: bool,
    category: Option<&'a str>,
}

#[derive(Serialize)]
struct EmployerOut<'a> {
    title: Option<&'a str>,
    role: Option<&'static str>,
    customer_id: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct UserAnswer<'a> {
    user: UserOut<'a>,
}

/// `{"user":{…}}`
pub(super) fn user_answer(view: &UserView) -> UserAnswer<'_> {
    UserAnswer {
        user: user_out(view),
    }
}

#[derive(Serialize)]
pub(super) struct UsersAnswer<'a> {
    users: Vec<UserOut<'a>>,
}

/// `{"users":[…]}`
pub(super) fn users_answer(views: &[UserView]) -> UsersAnswer<'_> {
    UsersAnswer {
        users: views.iter().map(user_out).collect(),
    }
}

/// A user, with what their kind has; one that another API made has no kind.
fn user_out(view: &UserView) -> UserOut<'_> {
    let user = &view.user;
    let (first_name, last_name) = user.shown_parts();
    let is = |kind| user.kind == Some(kind);
    UserOut {
        id: user.id,
        kind: user.kind.map(kind_name),
        email: user.email.as_ref().map(Email::as_str),
        first_name,
        last_name,
        gender: user.gender.as_deref(),
        phone: user.phone.as_ref().map(Phone::as_str),
        avatar_url: user.avatar_url.as_deref(),
        address: user.address.as_deref(),
        city: user.city.as_deref(),
        address_state: user.state.as_deref(),
        zip: user.zip.as_deref(),
        latitude: user.latitude,
        longitude: user.longitude,
        suspended: user.suspended_at.is_some(),
        suspended_at: time(user.suspended_at),
        rating: user.rating,
        agreed_to_terms: user.agreed_to_terms,
        agreed_to_terms_date: time(user.agreed_to_terms_at),
        created_at: Time(user.created_at),
        updated_at: Time(user.updated_at),
        worker: is(UserKind::Worker).then(|| worker_out(view)),
        employer: is(UserKind::Employer).then(|| employer_out(user)),
    }
}

fn worker_out(view: &UserView) -> WorkerOut<'_> {
    let user = &view.user;
    let badge_out = |held| user_badge_out(user.id, held);
    WorkerOut {
        external_id: user.external_id.as_deref(),
        synced_worker_id: user.synced_worker_id,
        onboarding_last_state: user.onboarding_state.map(OnboardingState::name),
        w2_onboarding_status: user.w2_onboarding_status.map(W2Status::name),
        w2_employee_id: user.w2_employee_id.as_deref(),
        drug_tested: user.drug_tested.map(DrugTest::name),
        verified_phone: user.verified_phone.as_deref(),
        phone_verified_at: time(user.phone_verified_at),
        user_badges: view.badges.iter().map(badge_out).collect(),
    }
}

fn user_badge_out(user_id: i64, held: &UserBadge) -> UserBadgeOut<'_> {
    UserBadgeOut {
        id: held.id,
        user_id,
        badge_id: held.badge_id,
        expires_at: time(held.expires_at),
        created_at: Time(held.created_at),
        suspended: held.suspended,
        category: held.category.as_deref(),
    }
}

fn employer_out(user: &User) -> EmployerOut<'_> {
    EmployerOut {
        title: user.title.as_deref(),
        role: user.employer_role.map(EmployerRole::name),
        customer_id: user.customer_id,
    }
}

#[derive(Serialize)]
struct BadgeOut<'a> {
    id: i64,
    name: &'a str,
    description: Option<&'a str>,
    info_url: Option<&'a str>,
    remote_icon_url: Option<&'a str>,
    is_soft: bool,
}

fn badge_out(badge: &Badge) -> BadgeOut<'_> {
    BadgeOut {
        id: badge.id,
        name: &badge.name,
        description: badge.description.as_deref(),
        info_url: badge.info_url.as_deref(),
        remote_icon_url: badge.icon_url.as_deref(),
        is_soft: badge.soft,
    }
}

#[derive(Serialize)]
pub(super) struct BadgeAnswer<'a> {
    badge: BadgeOut<'a>,
}

/// `{"badge":{…}}`
pub(super) fn badge_answer(badge: &Badge) -> BadgeAnswer<'_> {
    BadgeAnswer {
        badge: badge_out(badge),
    }
}

#[derive(Serialize)]
pub(super) struct BadgesAnswer<'a> {
    badges: Vec<BadgeOut<'a>>,
}

/// `{"badges":[…]}`
pub(super) fn badges_answer(badges: &[Badge]) -> BadgesAnswer<'_> {
    BadgesAnswer {
        badges: badges.iter().map(badge_out).collect(),
    }
}

#[derive(Serialize)]
struct TrackedOut<'a> {
    id: i64,
    job_id: i64,
    name: &'a str,
    latitude: Option<f64>,
    longitude: Option<f64>,
    created_at: Time,
}

#[derive(Serialize)]
pub(super) struct TrackingAnswer<'a> {
    tracking: Vec<TrackedOut<'a>>,
}

/// `{"tracking":[…]}`
pub(super) fn tracking_answer(transitions: &[JobTransition]) -> TrackingAnswer<'_> {
    TrackingAnswer {
        tracking: transitions.iter().map(tracked_out).collect(),
    }
}

fn tracked_out(transition: &JobTransition) -> TrackedOut<'_> {
    TrackedOut {
        id: transition.id,
        job_id: transition.job_id,
        name: &transition.state,
        latitude: transition.place.map(Place::latitude),
        longitude: transition.place.map(Place::longitude),
        created_at: Time(transition.at),
    }
}
