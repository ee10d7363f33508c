//! `/v1`, but for webhooks.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::json;

use super::recorder::{Recorder, body};
use crate::harness::Response;

pub fn run(recorder: &mut Recorder) {
    named(recorder);
    users(recorder);
    jobs(recorder);
    events(recorder);
    recorder.ask("GET", "/health/live", None, &[]);
    recorder.ask("GET", "/health/ready", None, &[]);
}

fn named(recorder: &mut Recorder) {
    let badge = json!({"name": "Forklift", "description": "May drive a forklift", "soft": false});
    for (list, new) in [
        ("/v1/accounts", json!({"name": "Harbour Logistics"})),
        (
            "/v1/groups",
            json!({"name": "Night shift", "public_name": "Nights"}),
        ),
        ("/v1/badges", badge),
    ] {
        let made = recorder.call("POST", list, body(&new));
        let place = made.header("location").unwrap().to_owned();
        recorder.call("GET", &place, None);
        recorder.call("GET", list, None);
    }
}

fn users(recorder: &mut Recorder) {
    let account = recorder.account;
    let worker = json!({
        "kind": "worker", "email": "ada@example.org", "first_name": "Ada",
        "last_name": "Lovelace", "phone": "+1 415 555 2671", "city": "San Francisco",
        "state": "CA", "timezone": "America/Los_Angeles", "external_id": "w-1815",
        "worker": {"onboarding_state": "complete", "drug_tested": "passed"},
        "badges": [{"badge_id": 1}], "groups": [{"id": 1, "permission": 3}],
        "accounts": [{"id": account, "role": "member", "primary": true}],
    });
    let made = recorder.call("POST", "/v1/users", body(&worker));
    let ada = made.header("location").unwrap().to_owned();
    recorder.call("GET", &ada, None);
    recorder.call("GET", "/v1/users?limit=1&kind=worker", None);
    let change = json!({"city": "Oakland", "rating": 4.5});
    recorder.call("PATCH", &ada, body(&change));
    let patch = json!({"title": "Mathematician", "gender": null});
    let patch = Some(("application/merge-patch+json", patch.to_string()));
    recorder.call("PATCH", &ada, patch);
    recorder.call("GET", &format!("{ada}/events"), None);
    let other = recorder.user("grace@example.org");
    recorder.call("DELETE", &format!("/v1/users/{other}"), None);
    recorder.call("POST", &format!("/v1/users/{other}/restore"), None);
    recorder.call("POST", &format!("/v1/users/{other}/erase"), None);
    // What other APIs make in this run brings the invitations.
}

fn jobs(recorder: &mut Recorder) {
    let report = json!({"worker_id": 1, "account_id": recorder.account, "name": "Unload",
        "state": "filled", "at": "2026-11-21T04:00:00Z"});
    recorder.call("PUT", "/v1/jobs/shift-7", body(&report));
    let report = json!({"worker_id": 1, "account_id": recorder.account, "state": "in_progress",
        "latitude": 37.8044, "longitude": -122.2712});
    recorder.call("PUT", "/v1/jobs/shift-7", body(&report));
    recorder.call("GET", "/v1/jobs/shift-7", None);
    recorder.call("GET", "/v1/jobs?state=in_progress", None);
    let redirect = json!({"uri": "https://app.example.com/welcome"});
    let added = recorder.call("POST", "/v1/redirects", body(&redirect));
    recorder.call("GET", "/v1/redirects", None);
    recorder.call("DELETE", added.header("location").unwrap(), None);
}

fn events(recorder: &mut Recorder) {
    let report = json!({"id": "crm-551", "type": "lead_created",
        "subject": {"type": "lead", "id": "551"}, "data": {"source": "fair"}});
    recorder.call("POST", "/v1/events", body(&report));
    recorder.server.settle();
    recorder.call("GET", "/v1/events?limit=2", None);
    recorder.call("GET", "/v1/event-types?limit=3", None);
    let stream = first_event(recorder);
    recorder.keep("GET", "/v1/events/stream", None, &stream);
}

/// The stream up to the end of its first event: it never ends by itself.
fn first_event(recorder: &Recorder) -> Response {
    let address = recorder.server.url().strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    let credential = recorder.credential("/v1/events/stream", &recorder.key);
    write!(
        socket,
        "GET /v1/events/stream HTTP/1.1\r\nHost: {address}\r\nAuthorization: {credential}\r\n\
         Last-Event-ID: 0\r\n\r\n"
    )
    .unwrap();
    let (mut seen, mut piece) = (Vec::new(), [0; 4_096]);
    let text = loop {
        let length = socket.read(&mut piece).unwrap();
        assert!(length > 0, "the stream ended");
        seen.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&seen).into_owned();
        let events = text.find("retry:").map(|start| text[start..].to_owned());
        let whole = events.filter(|events| {
            let data = events.find("data:").map(|start| &events[start..]);
            data.is_some_and(|data| data.contains("\n\n"))
        });
        if let Some(events) = whole {
            break unchunked(&events);
        }
    };
    Response::made(200, &[("content-type", "text/event-stream")], &text)
}

/// The lines of an event stream, without those of the chunks that carried them.
fn unchunked(text: &str) -> String {
    let lines = text.lines().map(str::trim_end);
    let own = lines.filter(|line| {
        line.is_empty()
            || ["retry:", "id:", "event:", "data:"]
                .iter()
                .any(|name| line.starts_with(name))
    });
    let mut kept = String::new();
    for line in own {
        let blank = line.is_empty() && (kept.is_empty() || kept.ends_with("\n\n"));
        if !blank {
            kept.push_str(line);
            kept.push('\n');
        }
        if kept.contains("data:") && line.is_empty() {
            break;
        }
    }
    kept
}
