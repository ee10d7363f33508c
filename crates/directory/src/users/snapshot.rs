//! A user's fields as the event log keeps them: never a credential.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::model::{
    DrugTest, Email, EmployerRole, OnboardingState, Phone, User, UserKind, W2Status,
};

/// The fields that have a value, named as the native API names them.
pub(super) fn snapshot(user: &User) -> Map<String, Value> {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let fields = json!({
        "kind": user.kind.map(UserKind::name),
        "email": user.email.as_ref().map(Email::as_str),
        "email_verified_at": time(user.email_verified_at),
        "first_name": user.first_name,
        "middle_name": user.middle_name,
        "last_name": user.last_name,
        "name": user.name,
        "gender": user.gender,
        "phone": user.phone.as_ref().map(Phone::as_str),
        "verified_phone": user.verified_phone,
        "phone_verified_at": time(user.phone_verified_at),
        "avatar_url": user.avatar_url,
        "address": user.address,
        "city": user.city,
        "state": user.state,
        "zip": user.zip,
        "timezone": user.timezone,
        "title": user.title,
        "external_id": user.external_id,
        "rating": user.rating,
        "agreed_to_terms": user.agreed_to_terms,
        "agreed_to_terms_at": time(user.agreed_to_terms_at),
        "featured": user.featured,
        "public_profile": user.public_profile,
        "team_id": user.team_id,
        "synced_worker_id": user.synced_worker_id,
        "onboarding_state": user.onboarding_state.map(OnboardingState::name),
        "w2_onboarding_status": user.w2_onboarding_status.map(W2Status::name),
        "w2_employee_id": user.w2_employee_id,
        "drug_tested": user.drug_tested.map(DrugTest::name),
        "customer_id": user.customer_id,
        "employer_role": user.employer_role.map(EmployerRole::name),
        "pending_since": time(user.pending_since),
        "suspended_at": time(user.suspended_at),
    });
    match fields {
        Value::Object(mut map) => {
            map.retain(|_, value| !value.is_null());
            map
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}
