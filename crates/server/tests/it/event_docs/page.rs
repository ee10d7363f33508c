//! The page: the catalogue as tables, and each event's body.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use directory::event::{Entry, EventGroup, Origin, entries};
use directory::store::StoredEvent;
use muster::deliver::event_shape::WebhookBody;

use super::HOW;

const HEAD: &str = "\
# Events

What can happen, by what it is about. `GET /v1/event-types` lists the same.

An event whose origin is `server` is written by the server itself, in the transaction of the \
change that it tells of; where it says *not yet*, nothing causes it so far. One that is \
`reported` happens in the operator's other systems, which tell of it by `POST /v1/events`. They may also report the names of the catalogue that the server causes itself: what was reported has a `reported_id`, and `data` in place of `change`.
";

const BODIES: &str = "\
## Bodies

What a webhook is sent ([WEBHOOKS.md](WEBHOOKS.md)), of one run of the use cases.

| `data` | |
| --- | --- |
| `id` | the event's number, which no other has; not the order of the feed |
| `account_id` | the account that it happened in, or null |
| `actor` | who caused it: a `key` or a `user` with its id, or the `system`, whose id is empty |
| `subject` | what it happened to |
| `change` | the fields that changed, before and after; `old` is empty for what is new, `new` for \
what is gone. No secret is in either |
| `request_id` | the `X-Request-Id` of the request that caused it, `command line`, or empty for what \
the server did by itself |
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
    let body = serde_json::to_string_pretty(&WebhookBody::of(event)).unwrap();
    let (name, what) = (entry.name, entry.description);
    format!("\n### {name}\n\n{what}\n\n```json\n{body}\n```\n")
}
