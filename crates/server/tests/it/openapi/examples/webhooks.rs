//! Webhooks: to an address where nobody listens, so that there are attempts to show.

use serde_json::json;

use super::recorder::{Recorder, body};

/// One as it is outside a test, gone before there is anything to send.
fn as_usual(recorder: &mut Recorder) {
    let new = json!({"url": "https://crm.example.com/muster", "description": "CRM",
        "event_types": ["user_created", "user_updated"]});
    let made = recorder.call("POST", "/v1/webhooks", body(&new));
    let place = made.header("location").unwrap().to_owned();
    recorder.call("GET", "/v1/webhooks", None);
    recorder.call("GET", &place, None);
    let change = json!({"event_types": ["user_created"]});
    recorder.call("PATCH", &place, body(&change));
    recorder.call("DELETE", &place, None);
}

pub fn run(recorder: &mut Recorder) {
    as_usual(recorder);
    let new = json!({"url": "http://127.0.0.1:9/muster", "description": "CRM",
        "event_types": ["user_created", "user_updated"]});
    let made = recorder.call("POST", "/v1/webhooks", body(&new));
    let place = made.header("location").unwrap().to_owned();
    recorder.call("GET", "/v1/webhooks", None);
    recorder.call("GET", &place, None);
    let change = json!({"event_types": ["user_created"]});
    recorder.call("PATCH", &place, body(&change));
    let patch = json!({"description": null}).to_string();
    let patch = Some(("application/merge-patch+json", patch));
    recorder.call("PATCH", &place, patch);
    recorder.call("POST", &format!("{place}/test"), None);
    recorder.user("radia@example.org");
    recorder.server.settle();
    let deliveries = format!("{place}/deliveries");
    let listed = recorder.call("GET", &deliveries, None).json();
    let delivery = format!("{deliveries}/{}", listed["data"][0]["event_id"]);
    recorder.call("GET", &delivery, None);
    recorder.call("POST", &format!("{delivery}/replay"), None);
    let span = json!({"since": "2026-11-21T00:00:00Z"});
    recorder.call("POST", &format!("{place}/replay"), body(&span));
    recorder.call("POST", &format!("{place}/rotate-secret"), None);
    recorder.call("DELETE", &place, None);
}
