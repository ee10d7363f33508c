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
change that it tells of, or, of what was refused, by itself and once a minute at most; where it \
says *not yet*, nothing causes it so far, as [the last section](#not-yet) says why. One that is \
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

/// Why nothing causes some of the server's events.
const NOT_YET: [(&[&str], &str); 6] = [
    (
        &["user_suspended", "user_reinstated"],
        "`user_updated` tells of both, by `suspended_at`",
    ),
    (
        &["account_updated", "account_deleted"],
        "accounts are made and kept: nothing changes or deletes one",
    ),
    (
        &["account_permissions_updated"],
        "an account has no permissions of its own: what its members may do changes by their roles, \
         their membership and what is set directly, and `user_roles_updated`, \
         `role_permissions_updated`, `user_account_settings_updated` and \
         `user_permissions_set_directly` tell of it",
    ),
    (
        &["team_deleted", "team_activated", "team_deactivated"],
        "groups are neither deleted nor put out of use",
    ),
    (
        &["system_error"],
        "what fails inside the server may be the database: it is in the log and in the answer's \
         `request_id`, and leaves no row",
    ),
    (
        &["cron_job"],
        "the server has no timetable: its worker looks all the time for what is due",
    ),
];

/// Which events are not caused, and why.
fn not_yet(caused: &BTreeSet<&str>) -> String {
    let of_server = entries().filter(|entry| entry.origin == Origin::Server);
    let missing: BTreeSet<&str> = of_server.map(|entry| entry.name).collect();
    let missing: BTreeSet<&str> = missing.difference(caused).copied().collect();
    let said = NOT_YET.iter().flat_map(|(names, _)| names.iter().copied());
    assert_eq!(
        said.collect::<BTreeSet<_>>(),
        missing,
        "left: those with a reason"
    );
    let mut section = "\n## Not yet\n\n| event | why |\n| --- | --- |\n".to_owned();
    for (names, why) in NOT_YET {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        writeln!(section, "| {} | {why} |", names.join(", ")).unwrap();
    }
    section
}

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
    page.push_str(&not_yet(&caused));
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
