//! The page: the catalogue as tables, and each event's body.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use directory::event::{Change, Entry, EventGroup, Origin, entries};
use directory::store::StoredEvent;
use serde::Serialize;
use serde_json::{Map, Value};

use super::HOW;

/// A webhook's body.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    id: i64,
    r#type: &'a str,
    account_id: Option<i64>,
    actor: Named<'a>,
    subject: Named<'a>,
    change: Change,
    request_id: &'a str,
    created_at: String,
}

#[derive(Serialize)]
struct Named<'a> {
    r#type: &'a str,
    id: &'a str,
}

impl<'a> Body<'a> {
    fn of(event: &'a StoredEvent) -> Self {
        let named = |r#type: &'a str, id: &'a str| Named { r#type, id };
        let at = format!("{:.3}", event.created_at);
        Self {
            r#type: &event.event_type,
            timestamp: at.clone(),
            data: Data {
                id: event.id,
                r#type: &event.event_type,
                account_id: event.account_id,
                actor: named(&event.actor_type, &event.actor_id),
                subject: named(&event.subject_type, &event.subject_id),
                change: change(&event.change),
                request_id: &event.request_id,
                created_at: at,
            },
        }
    }
}

fn change(text: &str) -> Change {
    let stored: Map<String, Value> = serde_json::from_str(text).unwrap();
    let side = |name: &str| stored[name].as_object().unwrap().clone();
    assert_eq!(stored.len(), 2, "{text}");
    Change {
        old: side("old"),
        new: side("new"),
    }
}

const HEAD: &str = "\
# Events

What can happen, by what it is about. `GET /v1/event-types` lists the same.

An event whose origin is `server` is written by the server itself, in the transaction of the \
change that it tells of; where it says *not yet*, nothing causes it so far. One that is \
`reported` happens in the operator's other systems.
";

const BODIES: &str = "\
## Bodies

What a webhook is sent, of one run of the use cases. `timestamp` and `created_at` are when it \
happened.

| `data` | |
| --- | --- |
| `id` | the event's number, which no other has; not the order of the feed |
| `type` | its name |
| `account_id` | the account that it happened in, or null |
| `actor` | who caused it: a `key` or a `user` with its id, or the `system`, whose id is empty |
| `subject` | what it happened to |
| `change` | what changed: the fields before and after that are not the same. `old` is empty for \
what is new, and no secret is in either |
| `request_id` | the `X-Request-Id` of the request that caused it, or `command line` |
| `created_at` | when, to the millisecond |
";

/// The page of what these events are examples of.
pub(super) fn page(events: &[StoredEvent]) -> String {
    let caused: BTreeSet<&str> = events.iter().map(|each| each.event_type.as_str()).collect();
    let mut page = HEAD.to_owned();
    let command = format!(
        "\nThis page is made from the code, and a test compares the two. To write it anew: `{HOW}`.\n"
    );
    page.push_str(&command);
    for group in EventGroup::ALL {
        page.push_str(&table(group, &caused));
    }
    page.push('\n');
    page.push_str(BODIES);
    for entry in entries() {
        let first = events.iter().find(|each| each.event_type == entry.name);
        if let Some(event) = first {
            page.push_str(&example(&entry, event));
        }
    }
    page
}

fn table(group: EventGroup, caused: &BTreeSet<&str>) -> String {
    let mut table = format!(
        "\n## {}\n\n| event | origin | what happened |\n| --- | --- | --- |\n",
        group.name()
    );
    for Entry {
        name,
        origin,
        description,
        ..
    } in entries().filter(|entry| entry.group == group)
    {
        let row = match origin {
            Origin::Server if caused.contains(name) => format!("[`{name}`](#{name}) | `server`"),
            Origin::Server => format!("`{name}` | `server`, not yet"),
            Origin::Reported => format!("`{name}` | `reported`"),
        };
        writeln!(table, "| {row} | {description} |").unwrap();
    }
    table
}

fn example(entry: &Entry, event: &StoredEvent) -> String {
    let body = serde_json::to_string_pretty(&Body::of(event)).unwrap();
    let (name, what) = (entry.name, entry.description);
    format!("\n### {name}\n\n{what}\n\n```json\n{body}\n```\n")
}
