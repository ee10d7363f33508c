//! What users are told of, and how.

use directory::event::EventType;
use directory::model::DeliveryChannel;
use directory::notifications::MAX_PREFERENCES;

use super::{acting, guarded, nullable, page, paged, reading, versioned, writing};
use crate::openapi::operation::{Content, Operation};
use crate::openapi::schema::{
    Schema, anything, boolean, count, id, input, list, named, one_of, shape, text, time,
};

const TAG: &str = "Notifications";

fn channels() -> Schema {
    list(one_of(DeliveryChannel::ALL.map(DeliveryChannel::name)))
}

fn rows(name: &str) -> Schema {
    shape([("data", list(named(name)))])
}

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let event = || {
        let own = EventType::all().filter(|each| each.in_catalogue());
        one_of(own.map(EventType::name))
    };
    let account = id().says("None: the rule of all accounts without one of their own.");
    let own = || ("account_id", account.clone().or_null());
    let rule = shape([("event", event()), own(), ("channels", channels())]);
    let new_rule = input([("event", event()), own(), ("channels", channels())]);
    let new_rule = new_rule.requires(&["event", "channels"]).closed();
    let mandatory = [("event", named("EventType")), ("channels", channels())];
    let some = [
        ("event", named("EventType")),
        ("channels", channels().at_least(1)),
    ];
    let new_mandatory = input(some).requires(&["event", "channels"]).closed();
    let body = |items: Schema| input([("data", items)]).requires(&["data"]).closed();
    let notification = shape([
        ("id", id()),
        ("event", text()),
        nullable("account_id", id()),
        ("title", text()),
        ("data", anything()),
        ("created_at", time()),
        nullable("read_at", time()),
    ]);
    vec![
        ("Notification", notification),
        ("NotificationPreference", rule),
        ("MandatoryNotification", shape(mandatory)),
        (
            "NotificationPreferences",
            body(list(new_rule).at_most(MAX_PREFERENCES)),
        ),
        ("MandatoryNotifications", body(list(new_mandatory))),
    ]
}

fn of_user(method: &'static str, path: &'static str, name: &'static str) -> Operation {
    Operation::new(method, path, name).names("id", id(), "The user's number.")
}

fn preferences() -> [Operation; 4] {
    let path = "/v1/users/{id}/notification-preferences";
    let show = of_user("GET", path, "getNotificationPreferences").is(TAG, "The rules of a user");
    let replace = of_user("PUT", path, "replaceNotificationPreferences")
        .is(TAG, "Replaces the rules of a user")
        .says("Those for other accounts than the caller's stay as they are.");
    let path = "/v1/mandatory-notifications";
    let all =
        Operation::get(path, "getMandatoryNotifications").is(TAG, "What no user can turn off");
    let set = Operation::put(path, "replaceMandatoryNotifications")
        .is(TAG, "Replaces what no user can turn off")
        .says("An event that the server alone names is told of by the website at most.");
    let rules = || Content::json(rows("NotificationPreference"));
    let mandatory = || Content::json(rows("MandatoryNotification"));
    let replaced = writing(replace, named("NotificationPreferences")).shares(&["NotFound"]);
    [
        reading(show)
            .answers(200, "The rules.", rules())
            .with_headers(&["ETag"]),
        versioned(replaced)
            .answers(200, "The rules as they are now.", rules())
            .with_headers(&["ETag"]),
        guarded(all).answers(200, "All of them.", mandatory()),
        writing(set, named("MandatoryNotifications"))
            .shares(&["Conflict"])
            .answers(200, "All of them as they are now.", mandatory()),
    ]
}

pub(super) fn operations() -> Vec<Operation> {
    let listed = of_user("GET", "/v1/users/{id}/notifications", "listNotifications")
        .is(TAG, "What the website shows a user, the newest first")
        .asks(
            "unread",
            boolean(),
            "Those that were not read, or those that were.",
        );
    let unread = of_user("GET", "/v1/users/{id}/notifications/unread", "countUnread")
        .is(TAG, "How many were not read");
    let read_all = of_user(
        "POST",
        "/v1/users/{id}/notifications/read",
        "readAllNotifications",
    )
    .is(TAG, "All of them are read");
    let path = "/v1/users/{id}/notifications/{notification_id}/read";
    let read = of_user("POST", path, "readNotification")
        .is(TAG, "One of them is read")
        .names("notification_id", id(), "The notification's number.");
    let number = Content::json(shape([("unread", count(0, i64::MAX))]));
    let mut all = vec![
        page(paged(reading(listed)), "Notification"),
        reading(unread).answers(200, "How many.", number),
        acting(read_all).answers_empty(204, "They are read."),
        acting(read).answers_empty(204, "It is read."),
    ];
    all.extend(preferences());
    all
}
