//! Users out of a file: each line or row is what `POST /v1/users` takes, and may bring the hash
//! of a password that another system made.

use std::borrow::Cow;

use directory::import::Record;
use directory::model::{Email, User};
use directory::password::PasswordHash;
use directory::users::UserChange;
use directory::violation::{Path, Rule, Violation, Violations};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::error;
use super::wire::{Column, column, empty_body, record_in, row_in};

const HASH: &str = "password_hash";

/// A user of a file.
pub struct UserRecord {
    body: Map<String, Value>,
    email: Option<Email>,
    new: UserChange,
    /// What is wrong with it as a new user.
    wrong: Violations,
    /// What is wrong with its hash.
    wrong_hash: Violations,
    password: Option<SecretString>,
}

impl UserRecord {
    /// Reads a body.
    #[must_use]
    pub fn read(mut body: Map<String, Value>) -> Self {
        let given = body.remove(HASH);
        let (mut new, password, mut wrong) = record_in(&body, None);
        let (hash, wrong_hash) = hash_in(given, password.is_some());
        new.password = hash;
        wrong.extend(wrong_hash.clone());
        Self {
            email: new.email.value().cloned(),
            body,
            new,
            wrong,
            wrong_hash,
            password,
        }
    }

    /// Takes the password that is to be hashed, if there is one that may be set.
    pub fn take_password(&mut self) -> Option<SecretString> {
        self.password
            .take()
            .filter(|_| !self.wrong.touches("password"))
    }

    /// Sets the hash of its password.
    pub fn set_hash(&mut self, hash: PasswordHash) {
        self.new.password = Some(hash);
    }
}

impl Record for UserRecord {
    fn email(&self) -> Option<&Email> {
        self.email.as_ref()
    }

    fn change(&self, stored: Option<&User>) -> (Cow<'_, UserChange>, Violations) {
        if stored.is_none() {
            return (Cow::Borrowed(&self.new), self.wrong.clone());
        }
        let (mut change, _, mut wrong) = record_in(&self.body, stored);
        change.password.clone_from(&self.new.password);
        wrong.extend(self.wrong_hash.clone());
        (Cow::Owned(change), wrong)
    }
}

fn hash_in(given: Option<Value>, password: bool) -> (Option<PasswordHash>, Violations) {
    let mut wrong = Violations::new();
    let mut refuse = |rule, message: Option<&str>| {
        wrong.push(Violation {
            path: Path::field(HASH),
            rule,
            message: message.map(str::to_owned),
        });
        None
    };
    let hash = match given {
        None | Some(Value::Null) => None,
        Some(Value::String(_)) if password => refuse(
            Rule::BadFormat,
            Some("cannot come together with a password"),
        ),
        Some(Value::String(text)) => match PasswordHash::import(&text) {
            Ok(hash) => Some(hash),
            Err(Rule::BadFormat) => {
                refuse(Rule::BadFormat, Some("is no hash of a kind that is known"))
            }
            Err(rule) => refuse(rule, None),
        },
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            let expected = directory::violation::Expected::Text;
            refuse(Rule::WrongType { expected }, None)
        }
    };
    (hash, wrong)
}

/// The columns of a table of users.
pub struct Columns(Vec<Column>);

impl Columns {
    /// Reads a header.
    ///
    /// # Errors
    /// A sentence that names a column which comes twice, or is no field.
    pub fn read(names: &[&str]) -> Result<Self, String> {
        for (index, name) in names.iter().enumerate() {
            if names.iter().take(index).any(|before| before == name) {
                return Err(format!("the column {name} comes twice"));
            }
        }
        let columns = Self(names.iter().map(|name| column(name)).collect());
        let mut body = empty_body(columns.0.iter());
        body.remove(HASH);
        let (_, _, wrong) = record_in(&body, None);
        let unknown = wrong.iter().find(|each| each.rule == Rule::UnknownField);
        match unknown {
            Some(violation) => Err(format!("there is no field {}", violation.path)),
            None => Ok(columns),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The body that a row stands for.
    #[must_use]
    pub fn body<'a>(&'a self, cells: impl Iterator<Item = &'a str>) -> Map<String, Value> {
        row_in(self.0.iter().zip(cells))
    }
}

/// What is wrong with a record, as `errors` of a problem.
#[must_use]
pub fn refusal(violations: &Violations) -> Value {
    error::entries(violations).into()
}
