//! Passwords that are set, and emails that one is asked for.

use directory::model::Email;
use directory::violation::{Path, Rule, Violations};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::STRICT;
use crate::http::fields::Fields;

/// A password to be set.
pub(in crate::dialects::native) struct PasswordIn {
    /// The one before; of one's own alone.
    pub(in crate::dialects::native) current: SecretString,
    pub(in crate::dialects::native) new: SecretString,
    /// Whether it is to be changed at the next login; of somebody else's alone.
    pub(in crate::dialects::native) change_due: bool,
    pub(in crate::dialects::native) violations: Violations,
}

/// Reads a password to be set: one's own, or somebody else's.
pub(in crate::dialects::native) fn password_in(map: &Map<String, Value>, own: bool) -> PasswordIn {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    let known: [&str; 2] = if own {
        ["current_password", "new_password"]
    } else {
        ["change_due", "new_password"]
    };
    fields.only(&known);
    let current = fields.text("current_password").value().cloned();
    let new = fields.text("new_password").value().cloned();
    let change_due = fields.boolean("change_due").value().copied();
    let required = [("current_password", &current), ("new_password", &new)];
    for (name, given) in required.into_iter().skip(usize::from(!own)) {
        if given.is_none() && !violations.touches(name) {
            violations.field(name, Rule::Blank);
        }
    }
    PasswordIn {
        current: current.unwrap_or_default().into(),
        new: new.unwrap_or_default().into(),
        change_due: change_due.unwrap_or(true),
        violations,
    }
}

/// Reads the email that a new password is asked for.
pub(in crate::dialects::native) fn email_in(
    map: &Map<String, Value>,
) -> (Option<Email>, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    fields.only(&["email"]);
    let email = fields.parsed("email", Email::parse).value().cloned();
    if email.is_none() && !violations.touches("email") {
        violations.field("email", Rule::Blank);
    }
    (email, violations)
}
