//! Webhooks, their deliveries, and events that other systems report.

use directory::deliveries::{Attempt, Delivery};
use directory::event::{EventType, Report};
use directory::query::EventFilter;
use directory::store::StoredEvent;
use directory::users::Change;
use directory::violation::{Expected, Path, Rule, Violations};
use directory::webhooks::{Webhook, WebhookChange};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Resource, STRICT, Time, moment, time};
use crate::deliver::event_shape::EventShape;
use crate::http::fields::Fields;

#[derive(Serialize)]
pub(in crate::dialects::native) struct WebhookOut<'a> {
    id: i64,
    url: &'a str,
    description: Option<&'a str>,
    event_types: Vec<&'static str>,
    account_id: Option<i64>,
    enabled: bool,
    disabled_at: Option<Time>,
    disabled_reason: Option<&'a str>,
    failing_since: Option<Time>,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

impl Resource for Webhook {
    type Out<'a> = WebhookOut<'a>;

    fn out(&self) -> WebhookOut<'_> {
        WebhookOut {
            id: self.id,
            url: &self.url,
            description: self.description.as_deref(),
            event_types: self.event_types.iter().map(|each| each.name()).collect(),
            account_id: self.account_id,
            enabled: self.disabled_at.is_none(),
            disabled_at: time(self.disabled_at),
            disabled_reason: self.disabled_reason.as_deref(),
            failing_since: time(self.failing_since),
            created_at: Time(self.created_at),
            updated_at: Time(self.updated_at),
            version: self.version,
        }
    }
}

/// A webhook with the secret that only this answer shows.
#[derive(Serialize)]
pub(in crate::dialects::native) struct WithSecret<'a> {
    #[serde(flatten)]
    pub(in crate::dialects::native) webhook: WebhookOut<'a>,
    pub(in crate::dialects::native) secret: &'a str,
}

#[derive(Serialize)]
pub(in crate::dialects::native) struct DeliveryOut {
    event_id: i64,
    state: &'static str,
    attempts: i64,
    due_at: Option<Time>,
    since: Time,
    finished_at: Option<Time>,
}

impl Resource for Delivery {
    type Out<'a> = DeliveryOut;

    fn out(&self) -> DeliveryOut {
        DeliveryOut {
            event_id: self.key.event_id,
            state: self.state.name(),
            attempts: self.attempts,
            due_at: time(self.due_at),
            since: Time(self.since),
            finished_at: time(self.finished_at),
        }
    }
}

#[derive(Serialize)]
struct AttemptOut<'a> {
    number: i64,
    outcome: &'static str,
    status: Option<u16>,
    duration_ms: i64,
    answer: &'a str,
    created_at: Time,
}

/// A delivery with its attempts.
#[derive(Serialize)]
pub(in crate::dialects::native) struct DeliveryWithAttempts<'a> {
    #[serde(flatten)]
    delivery: DeliveryOut,
    tries: Vec<AttemptOut<'a>>,
}

impl<'a> DeliveryWithAttempts<'a> {
    pub(in crate::dialects::native) fn of(delivery: &Delivery, attempts: &'a [Attempt]) -> Self {
        let shown = |each: &'a Attempt| AttemptOut {
            number: each.number,
            outcome: each.outcome.name(),
            status: each.status,
            duration_ms: each.duration_ms,
            answer: &each.answer,
            created_at: Time(each.created_at),
        };
        Self {
            delivery: delivery.out(),
            tries: attempts.iter().map(shown).collect(),
        }
    }
}

impl Resource for StoredEvent {
    type Out<'a> = EventShape<'a>;

    fn out(&self) -> EventShape<'_> {
        EventShape::of(self)
    }
}

fn event_types(
    list: Change<&Vec<Value>>,
    violations: &mut Violations,
) -> Option<std::collections::BTreeSet<EventType>> {
    let list = match list {
        Change::Keep => return None,
        Change::Clear => return Some(std::collections::BTreeSet::new()),
        Change::Set(list) => list,
    };
    let mut types = std::collections::BTreeSet::new();
    for (place, each) in list.iter().enumerate() {
        match each.as_str().and_then(EventType::parse) {
            Some(known) => {
                types.insert(known);
            }
            None => {
                let value = each
                    .as_str()
                    .unwrap_or_default()
                    .chars()
                    .take(100)
                    .collect();
                let path = Path::field("event_types").child(place);
                violations.add(path, Rule::NotIncluded { value });
            }
        }
    }
    Some(types)
}

/// Reads the body of a webhook; `check_url` is what whoever sends says of an address.
pub(in crate::dialects::native) fn webhook_in(
    map: &Map<String, Value>,
    check_url: impl FnOnce(&str) -> Result<(), Rule>,
) -> (WebhookChange, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    fields.only(&["url", "description", "event_types", "account_id", "enabled"]);
    let url = fields.parsed("url", |text| check_url(text).map(|()| text.to_owned()));
    if url == Change::Clear {
        fields.refuse("url", Rule::Blank);
    }
    let optional = |change: Change<String>| match change {
        Change::Keep => None,
        Change::Clear => Some(None),
        Change::Set(text) => Some(Some(text)),
    };
    let description = optional(fields.text("description"));
    let account_id = match fields.integer("account_id") {
        Change::Keep => None,
        Change::Clear => Some(None),
        Change::Set(id) => Some(Some(id)),
    };
    let enabled = fields.boolean("enabled").value().copied();
    let listed = fields.list("event_types");
    let change = WebhookChange {
        url: url.value().cloned(),
        description,
        event_types: event_types(listed, &mut violations),
        account_id,
        enabled,
        ..WebhookChange::default()
    };
    (change, violations)
}

/// Reads a span of time, and the cursor of where to go on in it.
pub(in crate::dialects::native) fn span_in(
    map: &Map<String, Value>,
) -> Result<(EventFilter, Option<String>), directory::Error> {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    fields.only(&["since", "until", "cursor"]);
    let since = fields.time("since", moment);
    if matches!(since, Change::Clear) || !fields.has("since") {
        fields.refuse("since", Rule::Blank);
    }
    let until = fields.time("until", moment);
    let cursor = fields.text("cursor");
    directory::Error::if_any(violations)?;
    // The span begins at its first moment, where the filter means what came after.
    let before = |at: &Timestamp| at.checked_sub(SignedDuration::from_millis(1)).ok();
    let filter = EventFilter {
        created_after: since.value().and_then(before),
        created_before: until.value().copied(),
        ..EventFilter::default()
    };
    Ok((filter, cursor.value().cloned()))
}

/// Whether a NUL stands in it, which not every storage engine keeps.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(holds_nul),
        Value::Object(map) => map
            .iter()
            .any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Reads an event that another system reports, which stands at `place` of the body's list.
pub(in crate::dialects::native) fn report_in(
    map: &Map<String, Value>,
    place: usize,
    violations: &mut Violations,
) -> Option<Report> {
    let path = Path::field(place.to_string());
    let mut fields = Fields::new(map, path.clone(), STRICT, violations);
    fields.only(&["id", "type", "account_id", "subject", "data", "occurred_at"]);
    let id = fields.text("id").value().cloned().unwrap_or_default();
    // The server's own names are not for others.
    let event_type = fields.choice("type", |name| {
        EventType::parse(name).filter(|each| each.in_catalogue())
    });
    if !fields.has("type") || event_type == Change::Clear {
        fields.refuse("type", Rule::Blank);
    }
    let account_id = fields.integer("account_id").value().copied();
    let occurred_at = fields.time("occurred_at", moment).value().copied();
    let subject = fields.object("subject").value().copied();
    if map
        .get("data")
        .is_some_and(|data| !data.is_object() && !data.is_null())
    {
        let expected = Expected::Object;
        fields.refuse("data", Rule::WrongType { expected });
    }
    for name in ["subject", "data"] {
        if map.get(name).is_some_and(holds_nul) {
            fields.refuse(name, Rule::BadFormat);
        }
    }
    let text = |name: &str| match subject.and_then(|subject| subject.get(name)) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
            String::new()
        }
    };
    Some(Report {
        id,
        event_type: event_type.value().copied()?,
        account_id,
        subject_type: text("type"),
        subject_id: text("id"),
        payload: json!({ "subject": subject, "data": map.get("data") }).to_string(),
        occurred_at,
    })
}
