//! Passkeys and their challenges. `options` and `credential` are the
//! objects that browsers take and give (WebAuthn Level 3, §5.1 and §5.4 to §5.8).

use directory::passkeys::{
    AssertionAnswer, Challenge, Passkey, RegistrationAnswer, RegistrationLink, check_name,
};
use directory::users::Change;
use directory::violation::{Path, Rule, Violations};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Resource, STRICT, Time, time};
use crate::http::fields::Fields;

#[derive(Serialize)]
pub(in crate::dialects::native) struct PasskeyOut<'a> {
    id: i64,
    user_id: i64,
    name: &'a str,
    backup_eligible: bool,
    backed_up: bool,
    sign_count: i64,
    created_at: Time,
    updated_at: Time,
    last_used_at: Option<Time>,
    version: i64,
}

impl Resource for Passkey {
    type Out<'a> = PasskeyOut<'a>;

    fn out(&self) -> PasskeyOut<'_> {
        PasskeyOut {
            id: self.id,
            user_id: self.user_id,
            name: &self.name,
            backup_eligible: self.backup_eligible,
            backed_up: self.backed_up,
            sign_count: self.sign_count,
            created_at: Time(self.created_at),
            updated_at: Time(self.updated_at),
            last_used_at: time(self.used_at),
            version: self.version,
        }
    }
}

/// A link that was asked for; its secret is in the message alone.
#[derive(Serialize)]
pub(in crate::dialects::native) struct LinkOut {
    user_id: i64,
    requested_at: Time,
    expires_at: Time,
}

impl LinkOut {
    pub(in crate::dialects::native) fn of(link: &RegistrationLink) -> Self {
        Self {
            user_id: link.user_id,
            requested_at: Time(link.requested_at),
            expires_at: Time(link.expires_at),
        }
    }
}

/// A challenge.
#[derive(Serialize)]
pub(in crate::dialects::native) struct ChallengeOut<'a> {
    ceremony: &'a str,
    expires_at: Time,
    options: &'a Value,
}

impl<'a> ChallengeOut<'a> {
    pub(in crate::dialects::native) fn of(challenge: &'a Challenge) -> Self {
        Self {
            ceremony: challenge.ceremony.expose_secret(),
            expires_at: Time(challenge.expires_at),
            options: &challenge.options,
        }
    }
}

/// Reads what a challenge to register is asked for with: the secret of a mailed link, if any.
pub(in crate::dialects::native) fn registration_options_in(
    object: &Map<String, Value>,
) -> (Option<SecretString>, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(object, Path::default(), STRICT, &mut violations);
    fields.only(&["token"]);
    let token = set(fields.text("token")).map(SecretString::from);
    (token, violations)
}

/// Reads what a challenge to sign in is asked for with: nothing.
pub(in crate::dialects::native) fn authentication_options_in(
    object: &Map<String, Value>,
) -> Violations {
    let mut violations = Violations::new();
    Fields::new(object, Path::default(), STRICT, &mut violations).only(&[]);
    violations
}

/// An answer to a challenge to register.
pub(in crate::dialects::native) struct Registration {
    /// The secret of a mailed link.
    pub(in crate::dialects::native) token: Option<SecretString>,
    pub(in crate::dialects::native) name: String,
    pub(in crate::dialects::native) ceremony: SecretString,
    /// None: there is a violation.
    pub(in crate::dialects::native) credential: Option<RegistrationAnswer>,
}

/// Reads an answer to a challenge to register.
pub(in crate::dialects::native) fn registration_in(
    object: &Map<String, Value>,
) -> (Registration, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(object, Path::default(), STRICT, &mut violations);
    fields.only(&["token", "ceremony", "name", "credential"]);
    let token = set(fields.text("token")).map(SecretString::from);
    let name = set(fields.text("name")).unwrap_or_default();
    let ceremony = ceremony_in(&mut fields);
    let credential = credential_in(&mut fields, RegistrationAnswer::read);
    check_name(name.trim(), &mut violations);
    let registration = Registration {
        token,
        name,
        ceremony,
        credential,
    };
    (registration, violations)
}

/// Reads an answer to a challenge to sign in.
pub(in crate::dialects::native) fn answered_in(
    object: &Map<String, Value>,
) -> (SecretString, Option<AssertionAnswer>, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(object, Path::default(), STRICT, &mut violations);
    fields.only(&["ceremony", "credential"]);
    let ceremony = ceremony_in(&mut fields);
    let credential = credential_in(&mut fields, AssertionAnswer::read);
    (ceremony, credential, violations)
}

/// Reads another name; none where the passkey keeps its own.
pub(in crate::dialects::native) fn rename_in(
    object: &Map<String, Value>,
) -> (Option<String>, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(object, Path::default(), STRICT, &mut violations);
    fields.only(&["name"]);
    let name = match fields.text("name") {
        Change::Keep => None,
        Change::Clear => Some(String::new()),
        Change::Set(name) => Some(name),
    };
    (name, violations)
}

fn ceremony_in(fields: &mut Fields<'_, '_>) -> SecretString {
    let given = fields.text("ceremony");
    if !fields.has("ceremony") || given == Change::Clear {
        fields.refuse("ceremony", Rule::Blank);
    }
    set(given).unwrap_or_default().into()
}

fn credential_in<T>(
    fields: &mut Fields<'_, '_>,
    read: impl FnOnce(Value) -> Option<T>,
) -> Option<T> {
    match fields.object("credential") {
        Change::Set(object) => {
            let read = read(Value::Object(object.clone()));
            if read.is_none() {
                fields.refuse("credential", Rule::BadFormat);
            }
            read
        }
        Change::Clear => {
            fields.refuse("credential", Rule::Blank);
            None
        }
        Change::Keep => {
            if !fields.has("credential") {
                fields.refuse("credential", Rule::Blank);
            }
            None
        }
    }
}

fn set<T>(change: Change<T>) -> Option<T> {
    match change {
        Change::Set(value) => Some(value),
        Change::Keep | Change::Clear => None,
    }
}
