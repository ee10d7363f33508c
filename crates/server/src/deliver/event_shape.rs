//! An event as it leaves the server: in `/v1`, in its stream, and to webhooks.

use directory::store::StoredEvent;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// An event in its shape.
#[derive(Serialize)]
pub struct EventShape<'a> {
    id: i64,
    #[serde(rename = "type")]
    event_type: &'a str,
    account_id: Option<i64>,
    actor: Named<'a>,
    subject: Value,
    #[serde(flatten)]
    told: Told,
    request_id: &'a str,
    created_at: String,
}

#[derive(Serialize)]
struct Named<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    id: &'a str,
    /// The user as whom they acted, where it was not in their own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    acting_as: Option<String>,
}

/// What the server saw change, or what another system reported.
#[derive(Serialize)]
#[serde(untagged)]
enum Told {
    Change {
        change: Value,
    },
    Report {
        data: Value,
        reported_id: String,
        occurred_at: Option<String>,
    },
}

/// RFC 3339 with milliseconds, `Z`.
fn shown(at: Timestamp) -> String {
    format!("{at:.3}")
}

impl<'a> EventShape<'a> {
    /// The shape of a stored event.
    #[must_use]
    pub fn of(event: &'a StoredEvent) -> Self {
        let mut payload: Value = serde_json::from_str(&event.change).unwrap_or_default();
        let mut subject = serde_json::json!({
            "type": event.subject_type,
            "id": event.subject_id,
        });
        let told = match &event.external_id {
            None => Told::Change { change: payload },
            Some(id) => {
                if let Some(given) = payload.get_mut("subject").map(Value::take)
                    && given.is_object()
                {
                    subject = given;
                }
                Told::Report {
                    data: payload.get_mut("data").map(Value::take).unwrap_or_default(),
                    reported_id: id.clone(),
                    occurred_at: event.occurred_at.map(shown),
                }
            }
        };
        Self {
            id: event.id,
            event_type: &event.event_type,
            account_id: event.account_id,
            actor: Named {
                kind: &event.actor_type,
                id: &event.actor_id,
                acting_as: event.acting_as.map(|user| user.to_string()),
            },
            subject,
            told,
            request_id: &event.request_id,
            created_at: shown(event.created_at),
        }
    }
}

/// What a webhook is sent: Standard Webhooks' `{"type","timestamp","data"}`.
#[derive(Serialize)]
pub struct WebhookBody<'a> {
    #[serde(rename = "type")]
    event_type: &'a str,
    timestamp: String,
    data: EventShape<'a>,
}

impl<'a> WebhookBody<'a> {
    /// The body that tells of an event.
    #[must_use]
    pub fn of(event: &'a StoredEvent) -> Self {
        Self {
            event_type: &event.event_type,
            timestamp: shown(event.occurred_at.unwrap_or(event.created_at)),
            data: EventShape::of(event),
        }
    }
}
