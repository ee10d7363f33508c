//! Notifications, and who is told what.

use std::collections::BTreeSet;

use directory::event::EventType;
use directory::model::{DeliveryChannel, NotificationPreference};
use directory::notifications::{MandatoryNotification, Notification};
use directory::users::Change;
use directory::violation::{Expected, Path, Rule, Violation, Violations};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Resource, STRICT, Time, time};
use crate::http::fields::Fields;

/// Characters of a refused value that are shown.
const MAX_SHOWN: usize = 100;

#[derive(Serialize)]
pub(in crate::dialects::native) struct NotificationOut<'a> {
    id: i64,
    event: &'a str,
    account_id: Option<i64>,
    title: &'static str,
    data: &'a Map<String, Value>,
    created_at: Time,
    read_at: Option<Time>,
}

impl Resource for Notification {
    type Out<'a> = NotificationOut<'a>;

    fn out(&self) -> NotificationOut<'_> {
        NotificationOut {
            id: self.id,
            event: &self.event,
            account_id: self.account_id,
            title: self.title,
            data: &self.data,
            created_at: Time(self.created_at),
            read_at: time(self.read_at),
        }
    }
}

/// A rule of a user.
#[derive(Serialize)]
pub(in crate::dialects::native) struct PreferenceOut {
    event: &'static str,
    account_id: Option<i64>,
    channels: Vec<&'static str>,
}

impl PreferenceOut {
    pub(in crate::dialects::native) fn of(rule: &NotificationPreference) -> Self {
        Self {
            event: rule.event.name(),
            account_id: rule.account_id,
            channels: names(&rule.channels),
        }
    }
}

/// Channels of an event that no user can turn off.
#[derive(Serialize)]
pub(in crate::dialects::native) struct MandatoryOut {
    event: &'static str,
    channels: Vec<&'static str>,
}

impl MandatoryOut {
    pub(in crate::dialects::native) fn of(each: &MandatoryNotification) -> Self {
        Self {
            event: each.event.name(),
            channels: names(&each.channels),
        }
    }
}

fn names(channels: &[DeliveryChannel]) -> Vec<&'static str> {
    channels.iter().map(|each| each.name()).collect()
}

/// The list of a body `{"data": […]}`.
pub(in crate::dialects::native) fn rows_of<'a>(
    map: &'a Map<String, Value>,
    violations: &mut Violations,
) -> &'a [Value] {
    let mut fields = Fields::new(map, Path::default(), STRICT, violations);
    fields.only(&["data"]);
    let data = fields.list("data");
    if !fields.has("data") || data == Change::Clear {
        fields.refuse("data", Rule::Blank);
    }
    data.value().copied().map_or(&[], Vec::as_slice)
}

/// Reads rules, whose paths begin with their places.
pub(in crate::dialects::native) fn preferences_in(
    rows: &[Value],
    violations: &mut Violations,
) -> Vec<NotificationPreference> {
    let mut seen = BTreeSet::new();
    let mut rules = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let path = Path::field(place.to_string());
        let Some(map) = object(row, &path, violations) else {
            continue;
        };
        let mut fields = Fields::new(map, path.clone(), STRICT, violations);
        fields.only(&["event", "account_id", "channels"]);
        let event = event_in(&mut fields, EventType::in_catalogue);
        let account_id = fields.integer("account_id").value().copied();
        let channels = channels_in(&mut fields, &path);
        let Some(event) = event else {
            continue;
        };
        if seen.insert((event, account_id)) {
            rules.push(NotificationPreference {
                event,
                account_id,
                channels,
            });
        } else {
            violations.push(Violation {
                path,
                rule: Rule::BadFormat,
                message: Some("repeats a rule for the same event and account".to_owned()),
            });
        }
    }
    rules
}

/// Reads what is mandatory, with paths that begin with their places.
pub(in crate::dialects::native) fn mandatory_in(
    rows: &[Value],
    violations: &mut Violations,
) -> Vec<MandatoryNotification> {
    let mut all = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let path = Path::field(place.to_string());
        let Some(map) = object(row, &path, violations) else {
            continue;
        };
        let mut fields = Fields::new(map, path.clone(), STRICT, violations);
        fields.only(&["event", "channels"]);
        let event = event_in(&mut fields, |_| true);
        let channels = channels_in(&mut fields, &path);
        all.extend(event.map(|event| MandatoryNotification { event, channels }));
    }
    all
}

fn object<'a>(
    row: &'a Value,
    path: &Path,
    violations: &mut Violations,
) -> Option<&'a Map<String, Value>> {
    let object = row.as_object();
    if object.is_none() {
        let expected = Expected::Object;
        violations.add(path.clone(), Rule::WrongType { expected });
    }
    object
}

fn event_in(fields: &mut Fields<'_, '_>, takes: impl Fn(EventType) -> bool) -> Option<EventType> {
    let event = fields.choice("event", |name| {
        EventType::parse(name).filter(|event| takes(*event))
    });
    if !fields.has("event") || event == Change::Clear {
        fields.refuse("event", Rule::Blank);
    }
    event.value().copied()
}

/// The channels of a list, each once, in the order given.
fn channels_in(fields: &mut Fields<'_, '_>, path: &Path) -> Vec<DeliveryChannel> {
    let list = fields.list("channels");
    if !fields.has("channels") || list == Change::Clear {
        fields.refuse("channels", Rule::Blank);
    }
    let path = path.child("channels");
    let mut channels = Vec::new();
    for (place, value) in list.value().copied().into_iter().flatten().enumerate() {
        let path = path.child(place);
        match value
            .as_str()
            .map(|name| (name, DeliveryChannel::parse(name)))
        {
            None => {
                let expected = Expected::Text;
                fields.refuse_at(path, Rule::WrongType { expected });
            }
            Some((name, None)) => {
                let value = name.chars().take(MAX_SHOWN).collect();
                fields.refuse_at(path, Rule::NotIncluded { value });
            }
            Some((_, Some(channel))) if channels.contains(&channel) => {}
            Some((_, Some(channel))) => channels.push(channel),
        }
    }
    channels
}

/// What is wrong with rows, by where they stand in the body. What is wrong with all of them
/// together is told of the list.
pub(in crate::dialects::native) fn in_data(violations: &Violations) -> Violations {
    let mut moved = Violations::new();
    for violation in violations {
        let mut violation = violation.clone();
        let segments = violation.path.segments();
        let of_row = segments
            .first()
            .is_some_and(|first| first.bytes().all(|byte| byte.is_ascii_digit()));
        if of_row {
            let data = Path::field("data");
            violation.path = segments.iter().fold(data, |path, next| path.child(next));
        } else if segments
            .first()
            .is_some_and(|first| first == "notification_preferences")
        {
            violation.path = Path::field("data");
        }
        moved.push(violation);
    }
    moved
}
