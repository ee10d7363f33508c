//! The feed of events, and what other systems report.

use directory::event::{EventGroup, EventType, MAX_REPORTED_ID, Origin};

use super::super::events::MAX_REPORTS;
use super::{guarded, nullable, page, paged, reading, repeatable, writing};
use crate::openapi::operation::{Content, Operation};
use crate::openapi::schema::{
    Schema, any_of, anything, boolean, count, id, input, integer, list, named, one_of, shape, text,
    time,
};

fn types() -> Schema {
    one_of(EventType::all().map(EventType::name))
}

fn event() -> Schema {
    let subject = any_of(vec![text(), integer()]);
    let subject = shape([("type", text()), ("id", subject)]).says("What it happened to.");
    let actor = one_of(["key", "user", "system"]);
    let shape = shape([
        ("id", id()),
        ("type", named("EventType")),
        nullable("account_id", id()),
        (
            "actor",
            shape([("type", actor), ("id", text())]).says("Who caused it."),
        ),
        ("subject", subject.with("additionalProperties", true)),
    ]);
    let change = shape_of_change().says("What changed, of an event of the server's own.");
    let data = anything()
        .or_null()
        .says("What the sender told, of one that was reported.");
    shape
        .field("change", change, false)
        .field("data", data, false)
        .field("reported_id", text(), false)
        .field("occurred_at", time().or_null(), false)
        .field("request_id", text(), true)
        .field("created_at", time(), true)
}

fn shape_of_change() -> Schema {
    shape([("old", anything()), ("new", anything())])
}

fn report() -> Schema {
    let part = || text().shortest(1).longest(MAX_REPORTED_ID).pattern(r"\S");
    let own = EventType::all().filter(|each| each.in_catalogue());
    let subject = input([
        ("type", any_of(vec![part(), integer()])),
        ("id", any_of(vec![part(), integer()])),
    ]);
    let subject = subject
        .requires(&["type", "id"])
        .says("What it happened to, and anything else.");
    let report = input([
        (
            "id",
            part().says("The sender's own: the same id again changes nothing."),
        ),
        ("type", one_of(own.map(EventType::name))),
        nullable("account_id", id()),
        ("subject", subject),
        nullable("data", anything()),
        nullable("occurred_at", time()),
    ]);
    report.requires(&["id", "type", "subject"]).closed()
}

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let kind = shape([
        ("name", named("EventType")),
        ("group", one_of(EventGroup::ALL.map(EventGroup::name))),
        (
            "origin",
            one_of([Origin::Server, Origin::Reported].map(Origin::name)),
        ),
        ("description", text()),
    ]);
    vec![
        ("Event", event()),
        ("EventType", types()),
        ("EventTypeEntry", kind),
        ("EventReport", report()),
    ]
}

fn filtered(operation: Operation) -> Operation {
    let pair = |other: &str| format!("Together with `{other}`.");
    operation
        .asks(
            "type",
            list(named("EventType")).at_least(1),
            "Any of these.",
        )
        .asks("subject_type", text().shortest(1), pair("subject_id"))
        .asks("subject_id", text().shortest(1), pair("subject_type"))
        .asks("actor_type", text().shortest(1), pair("actor_id"))
        .asks("actor_id", text().shortest(1), pair("actor_type"))
        .asks("account_id", id(), "That happened in this account.")
        .asks("created_after", time(), "Written after this time.")
        .asks("created_before", time(), "Written before this time.")
}

fn feed() -> Operation {
    let page = shape([
        ("data", list(named("Event"))),
        (
            "next_cursor",
            text().says("Where to go on, also when nothing follows yet."),
        ),
        (
            "has_more",
            boolean().says("Whether more can be had at once."),
        ),
    ]);
    let operation = Operation::get("/v1/events", "listEvents")
        .is("Events", "The feed, by cursor")
        .says("A page may be short, or empty, where `has_more` is true.");
    paged(filtered(operation))
        .answers(200, "A page.", Content::json(page))
        .with_headers(&["Link"])
}

fn stream() -> Operation {
    let operation = Operation::get("/v1/events/stream", "streamEvents")
        .is("Events", "The feed as server-sent events")
        .says("From after `Last-Event-ID`, else from now on. It ends with its credential.")
        .header(
            "Last-Event-ID",
            count(0, i64::MAX),
            "The last `id` that was seen.",
        );
    let operation = guarded(filtered(operation)).shares(&["Unreadable"]);
    let stream = text().says("`id`, `event` and `data`, which is an event.");
    operation
        .answers(200, "The stream.", Content::of("text/event-stream", stream))
        .with_headers(&["Cache-Control"])
}

pub(super) fn operations() -> Vec<Operation> {
    let accepted = shape([
        ("accepted", count(1, i64::MAX)),
        (
            "new",
            count(0, i64::MAX).says("How many were not known before."),
        ),
    ]);
    let many = list(named("EventReport")).at_least(1).at_most(MAX_REPORTS);
    let body = any_of(vec![named("EventReport"), many]);
    let reported = Operation::post("/v1/events", "reportEvents")
        .is("Events", "Reports what happened in other systems")
        .says("One event or a list of them, all or nothing.");
    let of_user = Operation::get("/v1/users/{id}/events", "listUserEvents")
        .is("Users", "What happened to a user")
        .names("id", id(), "The user's number.");
    let kinds = Operation::get("/v1/event-types", "listEventTypes").is("Events", "What can happen");
    vec![
        feed(),
        stream(),
        repeatable(writing(reported, body))
            .answers(202, "They are kept.", Content::json(accepted))
            .with_headers(&["Idempotency-Replayed?"]),
        page(paged(reading(of_user)), "Event"),
        page(paged(kinds), "EventTypeEntry"),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::super::events::FILTERS;
    use super::*;

    #[test]
    fn the_documents_filters_are_those_that_are_read() {
        for operation in [feed(), stream()] {
            let of_lists = ["limit", "cursor"];
            let asked = operation.asked();
            let named: BTreeSet<&str> = asked.filter(|name| !of_lists.contains(name)).collect();
            assert_eq!(named, BTreeSet::from(FILTERS));
        }
    }
}
