//! Errors: `{"error":"…"}` for the request as a whole, `{"errors":{"field":["…"]}}` for what
//! is wrong inside the resource, in the words of Rails and apipie.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::Error;
use directory::model::{DrugTest, OnboardingState, W2Status};
use directory::violation::{Expected, Path, Rule, Violations};
use serde_json::{Map, Value, json};

use crate::http::failure::Failure;
use crate::http::reply;

/// A failure in this dialect's words.
#[must_use]
pub fn render(failure: &Failure) -> Response {
    let (status, text) = match failure {
        Failure::Domain(Error::Invalid(violations)) => {
            let body = json!({ "errors": by_field(violations) });
            return reply::json(StatusCode::UNPROCESSABLE_ENTITY, &body);
        }
        Failure::Domain(error) => told_of_domain(error),
        Failure::Parameter { name, value, rule } => (
            StatusCode::UNPROCESSABLE_ENTITY,
            parameter(name, value.as_deref(), rule),
        ),
        Failure::Unreadable(text) => (StatusCode::BAD_REQUEST, text.clone()),
        Failure::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, failure.to_string()),
        Failure::TooSlow => (StatusCode::REQUEST_TIMEOUT, failure.to_string()),
        Failure::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, failure.to_string()),
        Failure::NoRoute => (StatusCode::NOT_FOUND, failure.to_string()),
        Failure::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, failure.to_string()),
    };
    let mut response = reply::json(status, &json!({ "error": text }));
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn told_of_domain(error: &Error) -> (StatusCode, String) {
    let status = match error {
        Error::NotFound => StatusCode::NOT_FOUND,
        Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::Unauthenticated => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Error::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    // What Unavailable and Internal print is meant for clients: the cause is their source.
    (status, error.to_string())
}

/// A fault outside the resource, as apipie words it.
fn parameter(name: &str, value: Option<&str>, rule: &Rule) -> String {
    let must = match rule {
        Rule::Blank => return format!("Missing parameter {name}"),
        Rule::UnknownField => return format!("Unknown parameter {name}"),
        Rule::WrongType { expected } => match expected {
            Expected::Text => "Must be a String".to_owned(),
            Expected::Integer => "Must be a Integer".to_owned(),
            Expected::Number => "Must be a Float".to_owned(),
            Expected::Boolean => "Must be one of: true, false, 1, 0.".to_owned(),
            Expected::DateTime => "Must be a DateTime".to_owned(),
            Expected::Object => "Must be a Hash".to_owned(),
            Expected::List => "Must be a Array".to_owned(),
            Expected::Scalar => "Must be a String".to_owned(),
        },
        Rule::NotIncluded { .. } => format!("Must be one of: {}.", allowed(name)),
        Rule::TooLong { max } => format!("Must have at most {max} values"),
        Rule::Taken
        | Rule::TooShort { .. }
        | Rule::BadFormat
        | Rule::Mismatch { .. }
        | Rule::MustExist
        | Rule::OutOfRange { .. }
        | Rule::Form(_)
        | Rule::Guessable
        | Rule::InFuture
        | Rule::Immutable => message(rule),
    };
    match value {
        Some(value) => format!("Invalid parameter '{name}' value \"{value}\": {must}"),
        None => format!("Invalid parameter '{name}': {must}"),
    }
}

/// The values that a filter takes (seed 001, list).
fn allowed(filter: &str) -> String {
    let names: Vec<&str> = match filter {
        "type" => vec!["Worker", "Employer"],
        "onboarding_last_state" => OnboardingState::ALL.map(OnboardingState::name).to_vec(),
        "w2_onboarding_status" => W2Status::ALL.map(W2Status::name).to_vec(),
        "drug_tested" => DrugTest::ALL.map(DrugTest::name).to_vec(),
        _ => Vec::new(),
    };
    names.join(", ")
}

/// The messages of each field, in the order found; the same one once, as Rails has it for
/// nested records.
fn by_field(violations: &Violations) -> Map<String, Value> {
    let mut fields = Map::new();
    for violation in violations {
        let words = violation
            .message
            .clone()
            .unwrap_or_else(|| message(&violation.rule));
        let list = fields
            .entry(field(&violation.path))
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Some(list) = list.as_array_mut()
            && !list.iter().any(|each| each.as_str() == Some(&words))
        {
            list.push(words.into());
        }
    }
    fields
}

/// The field as the wire names it: dotted as Rails names those of nested records, without
/// the place in their list (`user_badges.badge_id`).
fn field(path: &Path) -> String {
    let names: Vec<&str> = path
        .segments()
        .iter()
        .map(String::as_str)
        .filter(|name| !name.bytes().all(|byte| byte.is_ascii_digit()))
        .map(|name| match name {
            "kind" => "type",
            "state" => "address_state",
            "agreed_to_terms_at" => "agreed_to_terms_date",
            "onboarding_state" => "onboarding_last_state",
            "icon_url" => "remote_icon_url",
            "soft" => "is_soft",
            other => other,
        })
        .collect();
    if names.is_empty() {
        // Where Rails puts what is wrong with a record as a whole.
        "base".to_owned()
    } else {
        names.join(".")
    }
}

/// A rule, as Rails words it.
fn message(rule: &Rule) -> String {
    match rule {
        Rule::Blank => "can't be blank".to_owned(),
        Rule::Taken => "has already been taken".to_owned(),
        Rule::TooShort { min } => format!("is too short (minimum is {min} characters)"),
        Rule::TooLong { max } => format!("is too long (maximum is {max} characters)"),
        Rule::BadFormat | Rule::UnknownField | Rule::Form(_) => "is invalid".to_owned(),
        Rule::WrongType { expected } => match expected {
            Expected::Integer => "must be an integer".to_owned(),
            Expected::Number => "is not a number".to_owned(),
            Expected::Boolean => "is not included in the list".to_owned(),
            Expected::Text
            | Expected::DateTime
            | Expected::Object
            | Expected::List
            | Expected::Scalar => "is invalid".to_owned(),
        },
        Rule::NotIncluded { .. } => "is not included in the list".to_owned(),
        Rule::Mismatch { with } => format!("doesn't match {}", titled(with)),
        Rule::MustExist => "must exist".to_owned(),
        Rule::OutOfRange { min, max } => format!("must be in {min}..{max}"),
        Rule::Guessable => "is easily guessed".to_owned(),
        Rule::InFuture => "can't be in the future".to_owned(),
        Rule::Immutable => "can't be changed".to_owned(),
    }
}

/// A field's name as Rails shows it to people: `password` is Password.
fn titled(field: &str) -> String {
    let mut letters = field.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use directory::Unavailable;
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn every_failure_of_the_whole_has_its_status_and_one_text() {
        for (failure, status, text) in [
            (
                Failure::Domain(Error::internal("the disk is on fire")),
                500,
                "internal error",
            ),
            (
                Failure::from(Unavailable::QueueFull),
                503,
                "the service cannot do this now",
            ),
            (
                Failure::Domain(Error::RateLimited { retry_after: 7 }),
                429,
                "too many requests",
            ),
            (
                Failure::Domain(Error::Conflict("two at once")),
                409,
                "two at once",
            ),
            (
                Failure::Domain(Error::PreconditionFailed),
                412,
                "the resource has changed since the version given",
            ),
            (Failure::TooSlow, 408, "the body took too long to arrive"),
        ] {
            let response = render(&failure);
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()["content-type"], "application/json");
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            let body: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(body, json!({ "error": text }));
        }
    }

    #[test]
    fn fields_are_named_as_the_wire_names_them() {
        let mut violations = Violations::new();
        for name in [
            "state",
            "kind",
            "onboarding_state",
            "agreed_to_terms_at",
            "role",
        ] {
            violations.field(name, Rule::Blank);
        }
        let badges = Path::field("user_badges");
        violations.add(badges.child(0).child("badge_id"), Rule::Blank);
        violations.add(badges.child(1).child("badge_id"), Rule::Blank);
        violations.add(badges.child(2).child("badge_id"), Rule::Taken);
        violations.add(Path::default(), Rule::Immutable);
        let blank = json!(["can't be blank"]);
        let expected = json!({
            "address_state": blank, "type": blank, "onboarding_last_state": blank,
            "agreed_to_terms_date": blank, "role": blank,
            "user_badges.badge_id": ["can't be blank", "has already been taken"],
            "base": ["can't be changed"],
        });
        assert_eq!(Value::Object(by_field(&violations)), expected);
    }
}
