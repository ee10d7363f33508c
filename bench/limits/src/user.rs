//! A user: as a client sends it, as it is stored, as it is shown.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What is read of a user: the columns that Muster reads, in its order.
pub const COLUMNS: &str = "id, uid, kind, email, email_key, phone, phone_key, first_name, \
    last_name, state, external_id, onboarding_state, w2_onboarding_status, w2_employee_id, \
    drug_tested, customer_id, employer_role, team_id, pending_since, suspended_at, deleted_at, \
    created_by, updated_by, created_at, updated_at, version, attributes";

/// A row with those columns, borrowed from the engine.
pub trait Row<'a> {
    /// An integer, or NULL.
    fn int(&self, column: usize) -> Option<i64>;
    /// A text, or NULL.
    fn text(&self, column: usize) -> Option<&'a str>;
    /// A time in Unix milliseconds, or NULL.
    fn time(&self, column: usize) -> Option<i64>;
    /// A JSON text.
    fn json(&self, column: usize) -> &'a str;
}

/// A user as it is shown: its row.
#[derive(Serialize)]
pub struct User<'a> {
    id: Option<i64>,
    uid: Option<&'a str>,
    kind: Option<&'a str>,
    email: Option<&'a str>,
    email_key: Option<&'a str>,
    phone: Option<&'a str>,
    phone_key: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    state: Option<&'a str>,
    external_id: Option<&'a str>,
    onboarding_state: Option<&'a str>,
    w2_onboarding_status: Option<&'a str>,
    w2_employee_id: Option<&'a str>,
    drug_tested: Option<&'a str>,
    customer_id: Option<i64>,
    employer_role: Option<&'a str>,
    team_id: Option<i64>,
    pending_since: Option<i64>,
    suspended_at: Option<i64>,
    deleted_at: Option<i64>,
    created_by: Option<&'a str>,
    updated_by: Option<&'a str>,
    created_at: Option<i64>,
    updated_at: Option<i64>,
    version: Option<i64>,
    attributes: Option<&'a RawValue>,
}

impl<'a> User<'a> {
    /// The user in a row of [`COLUMNS`].
    pub fn read(row: &impl Row<'a>) -> Self {
        Self {
            id: row.int(0),
            uid: row.text(1),
            kind: row.text(2),
            email: row.text(3),
            email_key: row.text(4),
            phone: row.text(5),
            phone_key: row.text(6),
            first_name: row.text(7),
            last_name: row.text(8),
            state: row.text(9),
            external_id: row.text(10),
            onboarding_state: row.text(11),
            w2_onboarding_status: row.text(12),
            w2_employee_id: row.text(13),
            drug_tested: row.text(14),
            customer_id: row.int(15),
            employer_role: row.text(16),
            team_id: row.int(17),
            pending_since: row.time(18),
            suspended_at: row.time(19),
            deleted_at: row.time(20),
            created_by: row.text(21),
            updated_by: row.text(22),
            created_at: row.time(23),
            updated_at: row.time(24),
            version: row.int(25),
            attributes: serde_json::from_str(row.json(26)).ok(),
        }
    }

    /// Appends it as JSON.
    ///
    /// # Panics
    /// Never: every user can be written as JSON, and memory does not fail.
    pub fn write(&self, out: &mut Vec<u8>) {
        serde_json::to_writer(out, self).expect("a user is JSON");
    }
}

/// A page of users, being written.
pub struct Page(Vec<u8>);

impl Default for Page {
    fn default() -> Self {
        let mut body = Vec::with_capacity(64 * 1024);
        body.extend_from_slice(b"{\"data\":[");
        Self(body)
    }
}

impl Page {
    /// Appends a user.
    pub fn push(&mut self, user: &User<'_>) {
        if self.0.last() != Some(&b'[') {
            self.0.push(b',');
        }
        user.write(&mut self.0);
    }

    /// The JSON of the page.
    #[must_use]
    pub fn done(mut self) -> Vec<u8> {
        self.0.extend_from_slice(b"]}");
        self.0
    }
}

/// A user as a client sends it.
#[derive(Deserialize, Serialize)]
#[allow(missing_docs, reason = "the fields are named as the columns are")]
pub struct NewUser {
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub phone: String,
    pub external_id: String,
    #[serde(flatten)]
    pub attributes: Attributes,
}

/// What the column `attributes` holds.
#[derive(Deserialize, Serialize)]
#[allow(missing_docs, reason = "the fields are named as clients name them")]
pub struct Attributes {
    pub timezone: String,
    pub title: String,
}

#[derive(Serialize)]
struct Change<'a> {
    old: Nothing,
    new: &'a NewUser,
}

#[derive(Serialize)]
struct Nothing {}

/// A new user with all that its rows hold.
#[allow(missing_docs, reason = "the fields are named as the columns are")]
pub struct Stored {
    pub id: i64,
    pub uid: String,
    pub new: NewUser,
    pub email_key: String,
    pub first_name_key: String,
    pub last_name_key: String,
    pub attributes: String,
    pub created_at: i64,
    pub event_id: i64,
    pub subject_id: String,
    pub change: String,
    pub request_id: String,
}

impl Stored {
    /// The rows of a user that is made now.
    ///
    /// # Panics
    /// Never: what a client sent as JSON can be written as JSON.
    #[must_use]
    pub fn new(new: NewUser, id: i64, event_id: i64) -> Self {
        let created_at = now();
        let change = Change {
            old: Nothing {},
            new: &new,
        };
        Self {
            id,
            // In the order of time, as a UUID of version 7.
            uid: format!("{created_at:012x}{id:020x}"),
            email_key: new.email.to_lowercase(),
            first_name_key: new.first_name.to_lowercase(),
            last_name_key: new.last_name.to_lowercase(),
            attributes: serde_json::to_string(&new.attributes).expect("attributes are JSON"),
            created_at,
            event_id,
            subject_id: id.to_string(),
            change: serde_json::to_string(&change).expect("a change is JSON"),
            request_id: format!("{created_at:012x}{event_id:020x}"),
            new,
        }
    }

    /// The user as it is shown.
    #[must_use]
    pub fn shown(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(1024);
        User::read(&self).write(&mut body);
        body
    }
}

impl<'a> Row<'a> for &'a Stored {
    fn int(&self, column: usize) -> Option<i64> {
        match column {
            0 => Some(self.id),
            25 => Some(1),
            _ => None,
        }
    }

    fn text(&self, column: usize) -> Option<&'a str> {
        match column {
            1 => Some(&self.uid),
            3 => Some(&self.new.email),
            4 => Some(&self.email_key),
            5 | 6 => Some(&self.new.phone),
            7 => Some(&self.new.first_name),
            8 => Some(&self.new.last_name),
            10 => Some(&self.new.external_id),
            _ => None,
        }
    }

    fn time(&self, column: usize) -> Option<i64> {
        matches!(column, 23 | 24).then_some(self.created_at)
    }

    fn json(&self, _: usize) -> &'a str {
        &self.attributes
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
