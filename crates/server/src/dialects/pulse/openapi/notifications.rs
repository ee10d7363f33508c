//! What users are told of, and how.

use directory::notifications::MAX_PREFERENCES;

use super::{call, of_member, page_of, paged, writing};
use crate::openapi::operation::{Content, Operation};
use crate::openapi::schema::{boolean, id, list, named};

pub(super) fn operations() -> Vec<Operation> {
    preferences().into_iter().chain(notifications()).collect()
}

fn preferences() -> [Operation; 2] {
    let path = "/users/{user}/notification-preferences";
    let all = || Content::json(list(named("StoredPreference")));
    let show = of_member("GET", path, "getNotificationPreferences")
        .is("Notifications", "The rules of a user")
        .answers(200, "The rules.", all());
    let replace = of_member("PUT", path, "replaceNotificationPreferences")
        .is("Notifications", "Replaces the rules of a user")
        .says("Those for accounts that the caller has no part in stay as they are.")
        .answers(200, "The rules as they are now.", all());
    let rules = list(named("NotificationPreference")).at_most(MAX_PREFERENCES);
    [call(show), writing(replace, rules)]
}

fn notifications() -> [Operation; 3] {
    let listed = of_member("GET", "/users/{user}/notifications", "listNotifications")
        .is(
            "Notifications",
            "What the website shows a user, the newest first",
        )
        .asks(
            "unread",
            boolean(),
            "Those that were not read, or those that were.",
        )
        .answers(200, "The page.", Content::json(page_of("Notification")));
    let read_all = of_member(
        "POST",
        "/users/{user}/notifications/read",
        "readAllNotifications",
    )
    .is("Notifications", "All of them are read")
    .answers_empty(204, "They are read.");
    let read = of_member(
        "POST",
        "/users/{user}/notifications/{id}/read",
        "readNotification",
    )
    .is("Notifications", "One of them is read")
    .names("id", id(), "The notification's number.")
    .answers_empty(204, "It is read.");
    [paged(call(listed)), call(read_all), call(read)]
}
