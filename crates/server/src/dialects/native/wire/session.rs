//! Sessions.

use directory::sessions::{Method, Session};
use directory::violation::{Path, Rule, Violations};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Resource, STRICT, Time};
use crate::http::fields::Fields;

#[derive(Serialize)]
pub(in crate::dialects::native) struct SessionOut<'a> {
    id: i64,
    user_id: i64,
    method: &'static str,
    key_id: Option<&'a str>,
    impersonating: Option<ImpersonationOut<'a>>,
    address: Option<&'a str>,
    agent: Option<&'a str>,
    current: bool,
    created_at: Time,
    used_at: Time,
    ends_at: Time,
    expires_at: Time,
}

#[derive(Serialize)]
struct ImpersonationOut<'a> {
    by: Named<'a>,
    reason: &'a str,
}

#[derive(Serialize)]
struct Named<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    id: &'a str,
}

/// A session, and whether the request came by it.
pub(in crate::dialects::native) struct StandingSession {
    pub(in crate::dialects::native) session: Session,
    pub(in crate::dialects::native) current: bool,
}

impl Resource for StandingSession {
    type Out<'a> = SessionOut<'a>;

    fn out(&self) -> SessionOut<'_> {
        let session = &self.session;
        let impersonating = session.impersonation.as_ref();
        SessionOut {
            id: session.id,
            user_id: session.user_id,
            method: Method::name(session.method),
            key_id: session.key_id.as_deref(),
            impersonating: impersonating.map(|each| ImpersonationOut {
                by: Named {
                    kind: &each.by.kind,
                    id: &each.by.id,
                },
                reason: &each.reason,
            }),
            address: session.address.as_deref(),
            agent: session.agent.as_deref(),
            current: self.current,
            created_at: Time(session.created_at),
            used_at: Time(session.used_at),
            ends_at: Time(session.ends_at()),
            expires_at: Time(session.expires_at),
        }
    }
}

/// A session just begun, with its token: the only time that it is seen.
#[derive(Serialize)]
pub(in crate::dialects::native) struct WithToken<'a> {
    #[serde(flatten)]
    pub(in crate::dialects::native) session: SessionOut<'a>,
    pub(in crate::dialects::native) token: &'a str,
}

/// What a login names.
pub(in crate::dialects::native) struct LoginIn {
    pub(in crate::dialects::native) email: String,
    pub(in crate::dialects::native) password: SecretString,
    pub(in crate::dialects::native) new_password: Option<SecretString>,
    pub(in crate::dialects::native) violations: Violations,
}

/// Reads a login. What an email is like is not judged: one that is none is nobody's.
pub(in crate::dialects::native) fn login_in(map: &Map<String, Value>) -> LoginIn {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    fields.only(&["email", "password", "new_password"]);
    let email = fields.text("email").value().cloned();
    let password = fields.text("password").value().cloned();
    let new_password = fields.text("new_password").value().cloned();
    for (name, given) in [("email", &email), ("password", &password)] {
        if given.is_none() && !violations.touches(name) {
            violations.field(name, Rule::Blank);
        }
    }
    LoginIn {
        email: email.unwrap_or_default(),
        password: password.unwrap_or_default().into(),
        new_password: new_password.map(SecretString::from),
        violations,
    }
}

/// Reads the reason of acting as another.
pub(in crate::dialects::native) fn reason_in(map: &Map<String, Value>) -> (String, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    fields.only(&["reason"]);
    let reason = fields.text("reason").value().cloned().unwrap_or_default();
    (reason, violations)
}
