//! What leaves the server, against real servers on loopback.

mod email;
mod inbox;
mod sms;
pub mod smtp_server;
mod templates;

use muster::deliver::message::{Message, Recipient, TemplateName};
use serde_json::Value;

/// When every message is sent.
pub fn now() -> jiff::Timestamp {
    crate::harness::START.parse().unwrap()
}

pub fn values(values: Value) -> serde_json::Map<String, Value> {
    values.as_object().unwrap().clone()
}

pub fn message(id: &str, to: Recipient, template: TemplateName, filled: Value) -> Message {
    Message {
        id: id.to_owned(),
        to,
        template,
        values: values(filled),
    }
}
