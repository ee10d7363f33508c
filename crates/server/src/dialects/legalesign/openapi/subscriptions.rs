//! Subscriptions.

use directory::webhooks::MAX_URL;

use super::super::quirks::{EVENT_FILTERS, NOTIFY};
use super::groups::group;
use super::{call, writing};
use crate::openapi::operation::{Content, Operation};
use crate::openapi::schema::{
    Schema, any_of, boolean, id, input, integer, list, named, one_of, shape, text,
};

const TAG: &str = "Subscriptions";

fn url() -> Schema {
    text()
        .format("web-address")
        .shortest(1)
        .longest(MAX_URL)
        .pattern("^https?://")
}

/// A group as it is named here: by its number as well.
fn one_group() -> Schema {
    let none = [text().with("const", ""), text().with("type", "null")];
    any_of([vec![group(), id()], none.to_vec()].concat())
}

fn filter() -> Schema {
    one_of(EVENT_FILTERS)
}

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let numbers: Vec<i64> = NOTIFY.iter().map(|(_, number)| *number).collect();
    let shown = shape([
        ("active", boolean()),
        ("notify_when", integer().with("enum", numbers)),
        ("url", text()),
        ("group_id", id().or_null()),
        ("event_filter", filter()),
    ]);
    let new = input([
        ("notify", one_of(NOTIFY.map(|(name, _)| name))),
        ("url", url()),
        ("eventFilter", filter().or_null()),
        ("group", one_group()),
    ]);
    let end = input([
        ("url", text().shortest(1)),
        ("eventFilter", filter().or_null()),
        ("group", one_group()),
    ]);
    vec![
        ("Subscription", shown),
        ("SubscriptionCreation", new.requires(&["notify", "url"])),
        ("SubscriptionEnd", end.requires(&["url"])),
    ]
}

pub(super) fn operations() -> [Operation; 3] {
    let listed = Operation::get("/api/v1/notifications/", "listSubscriptions")
        .is(TAG, "What is subscribed to")
        .answers(
            200,
            "All of it.",
            Content::json(list(named("Subscription"))),
        );
    let begin = Operation::post("/api/v1/subscribe/", "subscribe")
        .is(TAG, "Subscribes")
        .says("The same address, group and filter once more is the same subscription.")
        .answers_empty(201, "It is subscribed to.");
    let end = Operation::post("/api/v1/unsubscribe/", "unsubscribe")
        .is(TAG, "Ends what was subscribed to")
        .shares(&["NotFound"])
        .answers_empty(200, "It is ended.");
    [
        call(listed),
        writing(begin, named("SubscriptionCreation")),
        writing(end, named("SubscriptionEnd")),
    ]
}
