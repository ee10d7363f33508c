//! Webhooks and their deliveries.

use directory::accounts::MAX_NAME;
use directory::deliveries::{DeliveryState, Outcome};
use directory::webhooks::{MAX_REPLAYED, MAX_URL};

use super::{acting, nullable, page, paged, patching, reading, repeatable, versioned, writing};
use crate::openapi::operation::{Content, Operation};
use crate::openapi::schema::{
    Schema, boolean, count, id, input, list, named, one_of, shape, text, time,
};

const TAG: &str = "Webhooks";

fn fields() -> Schema {
    let types = list(named("EventType")).says("What is sent; none: everything.");
    let account = id().says("Only events of this account.");
    let url = text()
        .format("web-address")
        .shortest(1)
        .longest(MAX_URL)
        .pattern("^https?://");
    input([
        ("url", url),
        nullable("description", text().longest(MAX_NAME)),
        nullable("event_types", types),
        nullable("account_id", account),
        nullable("enabled", boolean()),
    ])
}

fn webhook() -> Schema {
    let reasons = one_of(["operator", "gone", "failing"]);
    shape([
        ("id", id()),
        ("url", text()),
        nullable("description", text()),
        ("event_types", list(named("EventType"))),
        nullable("account_id", id()),
        ("enabled", boolean()),
        nullable("disabled_at", time()),
        nullable("disabled_reason", reasons),
        nullable("failing_since", time()),
        ("created_at", time()),
        ("updated_at", time()),
        ("version", id()),
    ])
}

fn delivery() -> Schema {
    shape([
        ("event_id", id()),
        ("state", one_of(DeliveryState::ALL.map(DeliveryState::name))),
        ("attempts", count(0, i64::MAX)),
        nullable("due_at", time()),
        ("since", time()),
        nullable("finished_at", time()),
    ])
}

fn attempt() -> Schema {
    shape([
        ("number", count(1, i64::MAX)),
        ("outcome", one_of(Outcome::ALL.map(Outcome::name))),
        nullable("status", count(100, 999)),
        ("duration_ms", count(0, i64::MAX)),
        (
            "answer",
            text().says("How the answer began, or what went wrong."),
        ),
        ("created_at", time()),
    ])
}

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let secret = text().says("Signs what is sent; shown this once.");
    vec![
        ("Webhook", webhook()),
        ("WebhookWithSecret", webhook().field("secret", secret, true)),
        ("WebhookCreation", fields().requires(&["url"]).closed()),
        ("WebhookUpdate", fields().closed()),
        ("Delivery", delivery()),
        (
            "DeliveryWithAttempts",
            delivery().field("tries", list(named("Attempt")), true),
        ),
        ("Attempt", attempt()),
    ]
}

fn one(method: &'static str, path: &'static str, name: &'static str) -> Operation {
    Operation::new(method, path, name).names("id", id(), "The webhook's number.")
}

pub(super) fn operations() -> Vec<Operation> {
    let list = Operation::get("/v1/webhooks", "listWebhooks").is(TAG, "Webhooks, by number");
    let make = Operation::post("/v1/webhooks", "createWebhook")
        .is(TAG, "Makes a webhook")
        .says("The answer holds a secret and is not kept: `Idempotency-Key` is refused.");
    let show = one("GET", "/v1/webhooks/{id}", "getWebhook").is(TAG, "One webhook");
    let change = one("PATCH", "/v1/webhooks/{id}", "updateWebhook").is(TAG, "Changes a webhook");
    let delete = one("DELETE", "/v1/webhooks/{id}", "deleteWebhook").is(TAG, "Deletes a webhook");
    let secret = || Content::json(named("WebhookWithSecret"));
    let shown = || Content::json(named("Webhook"));
    let mut all = vec![
        page(paged(list), "Webhook"),
        writing(make, named("WebhookCreation"))
            .shares(&["Conflict"])
            .answers(201, "The webhook and its secret.", secret())
            .with_headers(&["Location", "ETag"]),
        reading(show)
            .answers(200, "The webhook.", shown())
            .with_headers(&["ETag"]),
        patching(change, named("WebhookUpdate"))
            .answers(200, "The webhook as it is now.", shown())
            .with_headers(&["ETag"]),
        versioned(acting(delete)).answers_empty(204, "It is deleted."),
    ];
    all.extend(sending());
    all
}

/// What is sent to a webhook.
fn sending() -> Vec<Operation> {
    let event = |operation: Operation| operation.names("event_id", id(), "The event's number.");
    let rotate = one(
        "POST",
        "/v1/webhooks/{id}/rotate-secret",
        "rotateWebhookSecret",
    )
    .is(TAG, "Gives a webhook a new secret")
    .says("The old one signs beside it for a day. `Idempotency-Key` is refused.");
    let test = one("POST", "/v1/webhooks/{id}/test", "testWebhook").is(TAG, "Sends a test");
    let span = one("POST", "/v1/webhooks/{id}/replay", "replayEvents")
        .is(TAG, "Sends the events of a span of time once more")
        .says(format!(
            "At most {MAX_REPLAYED} a call: go on with `next_cursor`."
        ));
    let listed = one("GET", "/v1/webhooks/{id}/deliveries", "listDeliveries")
        .is(TAG, "Deliveries, the newest first");
    let shown = one(
        "GET",
        "/v1/webhooks/{id}/deliveries/{event_id}",
        "getDelivery",
    )
    .is(TAG, "One delivery, with each attempt");
    let again = one(
        "POST",
        "/v1/webhooks/{id}/deliveries/{event_id}/replay",
        "replayDelivery",
    )
    .is(TAG, "Sends one event once more");
    let body = input([
        ("since", time()),
        nullable("until", time()),
        nullable("cursor", text().format("cursor")),
    ]);
    let replayed = shape([
        ("replayed", count(0, i64::MAX)),
        nullable("next_cursor", text()),
    ]);
    let with_secret = Content::json(named("WebhookWithSecret"));
    vec![
        acting(rotate)
            .shares(&["Unreadable"])
            .answers(200, "The webhook and its new secret.", with_secret)
            .with_headers(&["ETag"]),
        repeatable(acting(test))
            .answers_empty(202, "It is on its way.")
            .with_headers(&["Idempotency-Replayed?"]),
        repeatable(writing(span, body.requires(&["since"]).closed()))
            .shares(&["NotFound"])
            .answers(202, "They are on their way.", Content::json(replayed))
            .with_headers(&["Idempotency-Replayed?"]),
        page(paged(reading(listed)), "Delivery"),
        reading(event(shown)).answers(
            200,
            "The delivery.",
            Content::json(named("DeliveryWithAttempts")),
        ),
        repeatable(acting(event(again)))
            .answers_empty(202, "It is on its way.")
            .with_headers(&["Idempotency-Replayed?"]),
    ]
}
