//! `/auth/*`: what a login names, and the session: the user, their token, and what is allowed by
//! which role.

use std::collections::BTreeMap;

use directory::model::{GrantedRole, UserView};
use directory::sessions::Session;
use directory::violation::{Path, Rule, Violations};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{AccountOut, Time, UserOut, accounts_out, user_out};
use crate::http::fields::{Fields, Reading};

/// A session: the user's fields, `token`, and those of the session itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::dialects::pulse) struct SessionOut<'a> {
    #[serde(flatten)]
    user: UserOut<'a>,
    token: &'a str,
    impersonating: Option<ImpersonatingOut<'a>>,
    primary_account: Option<AccountOut<'a>>,
    permissions_from_roles: Vec<&'static str>,
    permissions_from_roles_details: BTreeMap<&'static str, Vec<GrantOut<'a>>>,
    expires_at: Time,
}

/// Who acts as the user, and why.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImpersonatingOut<'a> {
    by_type: &'a str,
    by_id: &'a str,
    by_email: Option<&'a str>,
    reason: &'a str,
}

/// A role that allows something, and where: everywhere without an account.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GrantOut<'a> {
    role: &'a str,
    account_id: Option<String>,
}

impl<'a> SessionOut<'a> {
    /// `acting` is the email of who really acts.
    pub(in crate::dialects::pulse) fn of(
        session: &'a Session,
        view: &'a UserView,
        roles: &'a [GrantedRole],
        acting: Option<&'a str>,
        token: &'a str,
    ) -> Self {
        let impersonating = session.impersonation.as_ref();
        let mut details: BTreeMap<&'static str, Vec<GrantOut<'a>>> = BTreeMap::new();
        for role in roles {
            for permission in role.permissions.holding_in(role.account_id).iter() {
                details
                    .entry(permission.name())
                    .or_default()
                    .push(GrantOut {
                        role: &role.name,
                        account_id: role.account_id.map(|account| account.to_string()),
                    });
            }
        }
        let permissions = details.keys().copied().collect();
        Self {
            user: user_out(view),
            token,
            impersonating: impersonating.map(|each| ImpersonatingOut {
                by_type: &each.by.kind,
                by_id: &each.by.id,
                by_email: acting,
                reason: &each.reason,
            }),
            primary_account: accounts_out(view)
                .into_iter()
                .find(|own| own.users_primary_account),
            permissions_from_roles: permissions,
            permissions_from_roles_details: details,
            expires_at: Time(session.ends_at()),
        }
    }
}

/// What a login names: one of the two pairs.
pub(in crate::dialects::pulse) enum LoginIn {
    Password {
        email: String,
        password: SecretString,
        new_password: Option<SecretString>,
    },
    Key {
        id: String,
        secret: SecretString,
    },
}

/// Reads a login; fields that are not known are passed over. What an email is like is not judged:
/// one that is none is nobody's.
pub(in crate::dialects::pulse) fn login_in(
    map: &Map<String, Value>,
) -> Result<LoginIn, Violations> {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), Reading::default(), &mut violations);
    let by_key = fields.has("apiKey") || fields.has("apiSecret");
    let by_password = fields.has("email") || fields.has("password");
    let names = if by_key {
        ["apiKey", "apiSecret"]
    } else {
        ["email", "password"]
    };
    let [who, proof] = names.map(|name| fields.text(name).value().cloned());
    let new_password = fields.text("newPassword").value().cloned();
    for (name, given) in names.iter().zip([&who, &proof]) {
        if given.is_none() && !violations.touches(name) {
            violations.field(name, Rule::Blank);
        }
    }
    if by_key && by_password {
        // Which of the two it is meant to be nobody can tell.
        violations.field("apiKey", Rule::UnknownField);
    }
    match (who, proof) {
        (Some(id), Some(secret)) if violations.is_empty() && by_key => Ok(LoginIn::Key {
            id,
            secret: secret.into(),
        }),
        (Some(email), Some(password)) if violations.is_empty() => Ok(LoginIn::Password {
            email,
            password: password.into(),
            new_password: new_password.map(SecretString::from),
        }),
        (_, _) => Err(violations),
    }
}
