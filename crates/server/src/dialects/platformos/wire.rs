//! The shapes of this dialect: a form's fields in, a flat user out (seed 003).

use std::sync::Arc;

use directory::TenantId;
use directory::forms::{Form, Resource, as_submitted};
use directory::model::UserView;
use directory::query::{MAX_PAGE, PageNumber};
use directory::sessions::Started;
use directory::violation::{Expected, Rule, Violations};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::{Map, Value};

use super::quirks::{CREATOR, FORM_NAMES};
use crate::http::failure::Failure;
use crate::http::fields::integer_text;
use crate::http::{App, body};

/// A request through a form: the form, and what fills it in.
pub(super) struct FormIn {
    pub(super) form: Arc<Form>,
    pub(super) given: Map<String, Value>,
}

/// Why a request names no form that is filled in: all of it, or a failure of the server.
pub(super) enum NoForm {
    /// 406.
    WrongParameters(Violations),
    /// Anything else.
    Failed(Failure),
}

/// The form that a request names, and what it fills in.
///
/// # Errors
/// All that is wrong around the form's own fields: the name is absent, no text, or names no
/// form of this resource; `form` is absent or no object.
pub(super) async fn form_in(
    app: &App,
    tenant: TenantId,
    mut object: Map<String, Value>,
    resource: Resource,
) -> Result<FormIn, NoForm> {
    let [field, _] = FORM_NAMES;
    let field = FORM_NAMES
        .into_iter()
        .find(|name| required(&object, name).is_ok())
        .unwrap_or(field);
    let mut wrong = Violations::new();
    let form = match text(&object, field) {
        Ok(name) => {
            let found = app.directory.form(tenant, name).await;
            let found = found.map_err(|cause| NoForm::Failed(cause.into()))?;
            found.filter(|form| form.resource == resource)
        }
        Err(rule) => {
            wrong.field(field, rule);
            None
        }
    };
    if form.is_none() && wrong.is_empty() {
        wrong.field(field, Rule::MustExist);
    }
    let given = match object.remove("form") {
        Some(Value::Object(given)) => given,
        None | Some(Value::Null) => {
            wrong.field("form", Rule::Blank);
            Map::new()
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            let expected = Expected::Object;
            wrong.field("form", Rule::WrongType { expected });
            Map::new()
        }
    };
    match form {
        Some(form) if wrong.is_empty() => Ok(FormIn { form, given }),
        Some(_) | None => Err(NoForm::WrongParameters(wrong)),
    }
}

fn required<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a Value, Rule> {
    let value = object.get(name).filter(|value| !value.is_null());
    value.ok_or(Rule::Blank)
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str, Rule> {
    let expected = Expected::Text;
    let value = required(object, name)?;
    value.as_str().ok_or(Rule::WrongType { expected })
}

/// The user whose item is made, where the request names one.
///
/// # Errors
/// For what is no number.
pub(super) fn creator_in(object: &Map<String, Value>) -> Result<Option<i64>, Violations> {
    match object.get(CREATOR) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| {
            let mut wrong = Violations::new();
            let expected = Expected::Integer;
            wrong.field(CREATOR, Rule::WrongType { expected });
            wrong
        }),
    }
}

/// Users a page when `per_page` is not said.
pub(super) const PER_PAGE: usize = 20;

/// The page that a list is asked for, from `page` and `per_page`.
///
/// # Errors
/// For a parameter that is unknown, no number, or out of its range.
pub(super) fn page_in(app: &App, query: Option<&str>) -> Result<PageNumber, Failure> {
    let parameters = body::query(app, query)?;
    for name in parameters.keys() {
        if name != "page" && name != "per_page" {
            return Err(Failure::refused(name, "", Rule::UnknownField));
        }
    }
    let number = |name: &str, unsaid: usize, max: usize| match parameters.get(name) {
        None => Ok(unsaid),
        Some(value) => {
            let text = value.as_str().unwrap_or_default();
            let number = integer_text(text).and_then(|number| usize::try_from(number).ok());
            let number = number.filter(|number| (1..=max).contains(number));
            number.ok_or_else(|| Failure::refused(name, text, Rule::BadFormat))
        }
    };
    Ok(PageNumber {
        number: number("page", 1, usize::MAX)?,
        size: number("per_page", PER_PAGE, MAX_PAGE)?,
    })
}

/// What answers a creation (seed 003, "Example response").
#[derive(Serialize)]
pub(super) struct MadeOut {
    id: i64,
    errors: Map<String, Value>,
}

impl MadeOut {
    pub(super) fn new(id: i64) -> Self {
        Self {
            id,
            errors: Map::new(),
        }
    }
}

/// A session that began (contracts, platformos).
#[derive(Serialize)]
pub(super) struct StartedOut<'a> {
    id: i64,
    token: &'a str,
    expires_at: String,
    errors: Map<String, Value>,
}

impl<'a> StartedOut<'a> {
    pub(super) fn new(started: &'a Started) -> Self {
        Self {
            id: started.session.id,
            token: started.token.expose_secret(),
            expires_at: format!("{:.3}", started.session.expires_at),
            errors: Map::new(),
        }
    }
}

/// A user as UserForm names the fields (seed 003, "User Parameters"), without the password.
pub(super) fn user_out(view: &UserView) -> Map<String, Value> {
    let mut user = as_submitted(view);
    user.insert("id".to_owned(), view.user.id.into());
    user
}

/// A page of users.
#[derive(Serialize)]
pub(super) struct UsersOut {
    users: Vec<Map<String, Value>>,
    total_entries: i64,
}

impl UsersOut {
    pub(super) fn new(views: &[UserView], total_entries: i64) -> Self {
        Self {
            users: views.iter().map(user_out).collect(),
            total_entries,
        }
    }
}
