//! Jobs.

use directory::jobs::Report;
use directory::model::{Job, Place, StoredJob};
use directory::violation::{Path, Rule, Violations};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Resource, STRICT, Time, moment};
use crate::http::fields::Fields;

#[derive(Serialize)]
pub(in crate::dialects::native) struct JobOut<'a> {
    id: i64,
    external_id: &'a str,
    worker_id: i64,
    account_id: i64,
    name: Option<&'a str>,
    state: &'a str,
    at: Time,
    latitude: Option<f64>,
    longitude: Option<f64>,
    created_at: Time,
    version: i64,
}

impl Resource for StoredJob {
    type Out<'a> = JobOut<'a>;

    fn out(&self) -> JobOut<'_> {
        let job = &self.job;
        JobOut {
            id: self.id,
            external_id: &job.external_id,
            worker_id: job.worker_id,
            account_id: job.account_id,
            name: job.name.as_deref(),
            state: &job.state,
            at: Time(job.state_at),
            latitude: job.place.map(Place::latitude),
            longitude: job.place.map(Place::longitude),
            created_at: Time(self.created_at),
            version: self.version,
        }
    }
}

/// Reads a report of a job; one that does not say since when is of `now`.
pub(in crate::dialects::native) fn job_in(
    map: &Map<String, Value>,
    external_id: String,
    now: Timestamp,
    expected: Option<Vec<i64>>,
) -> (Report, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    fields.only(&[
        "worker_id",
        "account_id",
        "name",
        "state",
        "at",
        "latitude",
        "longitude",
    ]);
    let mut number = |name: &str| {
        let given = fields.integer(name);
        if matches!(map.get(name), None | Some(Value::Null)) {
            fields.refuse(name, Rule::Blank);
        }
        given.value().copied().unwrap_or_default()
    };
    let (worker_id, account_id) = (number("worker_id"), number("account_id"));
    let state = fields.text("state");
    if matches!(map.get("state"), None | Some(Value::Null)) {
        fields.refuse("state", Rule::Blank);
    }
    let at = fields.time("at", moment).value().copied();
    let job = Job {
        external_id,
        name: fields.text("name").value().cloned(),
        worker_id,
        account_id,
        state: state.value().cloned().unwrap_or_default(),
        state_at: at.unwrap_or(now),
        place: place_in(map, &mut fields),
    };
    let report = Report {
        job,
        dated: at.is_some(),
        expected,
    };
    (report, violations)
}

/// Both of its degrees, or neither.
fn place_in(map: &Map<String, Value>, fields: &mut Fields<'_, '_>) -> Option<Place> {
    let mut degrees = |name: &str, other: &str, most: f64| {
        let given = fields.number(name).value().copied();
        let there = |name: &str| map.get(name).is_some_and(|value| !value.is_null());
        if given.is_some_and(|degrees| degrees.abs() > most) {
            let (min, max) = (-most, most);
            fields.refuse(name, Rule::OutOfRange { min, max });
        } else if there(other) && !there(name) {
            fields.refuse(name, Rule::Blank);
        }
        given
    };
    let latitude = degrees("latitude", "longitude", Place::MAX_LATITUDE);
    let longitude = degrees("longitude", "latitude", Place::MAX_LONGITUDE);
    let (latitude, longitude) = latitude.zip(longitude)?;
    Place::new(latitude, longitude)
}
