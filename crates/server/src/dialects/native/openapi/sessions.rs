//! Sessions.

use directory::model::Email;
use directory::password::{MIN_PASSWORD, TOO_LONG};
use directory::sessions::{MAX_REASON, Method};

use super::{acting, nullable, page, paged, reading, writing};
use crate::openapi::operation::{Content, Operation};
use crate::openapi::schema::{
    Schema, any_of, boolean, id, input, named, one_of, shape, text, time,
};

const TAG: &str = "Sessions";

fn session() -> Schema {
    let by = shape([("type", text()), ("id", text())]);
    let impersonating = shape([("by", by), ("reason", text())]);
    shape([
        ("id", id()),
        ("user_id", id()),
        ("method", one_of(Method::ALL.map(Method::name))),
        nullable("key_id", text()),
        nullable(
            "impersonating",
            impersonating.says("Who acts as the user, and why."),
        ),
        nullable("address", text()),
        nullable("agent", text()),
        ("current", boolean().says("Whether the request came by it.")),
        ("created_at", time()),
        ("used_at", time()),
        ("ends_at", time().says("When it ends unless it is used.")),
        ("expires_at", time().says("When it ends in any case.")),
    ])
}

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let login = input([
        ("email", text()),
        ("password", text().secret()),
        nullable(
            "new_password",
            text()
                .secret()
                .says("Where the one before must be changed."),
        ),
    ]);
    let reason = text().shortest(1).longest(MAX_REASON).pattern(r"\S");
    let password = || text().shortest(MIN_PASSWORD).longest(TOO_LONG - 1).secret();
    let own = input([
        ("current_password", text().secret()),
        ("new_password", password()),
    ]);
    let own = own.requires(&["current_password", "new_password"]).closed();
    let due = boolean()
        .or_null()
        .says("Whether it is to be changed; it is, unless said.");
    let others = input([("new_password", password()), ("change_due", due)]);
    let others = others.requires(&["new_password"]).closed();
    let email = text().format("idn-email").longest(Email::MAX_LENGTH);
    vec![
        ("OwnPassword", own),
        ("OthersPassword", others),
        (
            "PasswordChange",
            any_of(vec![named("OthersPassword"), named("OwnPassword")]),
        ),
        (
            "PasswordResetRequest",
            input([("email", email)]).requires(&["email"]).closed(),
        ),
        ("Session", session()),
        (
            "SessionWithToken",
            session().field("token", text().says("Shown this once."), true),
        ),
        ("Login", login.requires(&["email", "password"]).closed()),
        (
            "Impersonation",
            input([("reason", reason)]).requires(&["reason"]).closed(),
        ),
    ]
}

/// Answers with a token, which is kept nowhere.
fn begins(operation: Operation, status: u16) -> Operation {
    let with_token = Content::json(named("SessionWithToken"));
    let headers: &[&str] = match status {
        201 => &["Location", "Cache-Control"],
        _ => &["Cache-Control"],
    };
    operation
        .answers(status, "The session and its token.", with_token)
        .with_headers(headers)
}

pub(super) fn operations() -> Vec<Operation> {
    let of_user = |method, path, name| {
        Operation::new(method, path, name).names("id", id(), "The user's number.")
    };
    let login = Operation::post("/v1/sessions", "logIn")
        .is(TAG, "Logs in")
        .says("`Idempotency-Key` is refused: the answer holds a secret.")
        .open();
    let own = Operation::get("/v1/sessions", "listSessions").is(TAG, "The caller's own sessions");
    let revoke = Operation::delete("/v1/sessions/{id}", "revokeSession")
        .is(TAG, "Ends a session")
        .names("id", id(), "The session's number.");
    let current = Operation::get("/v1/session", "getSession").is(TAG, "The session of this call");
    let log_out = Operation::delete("/v1/session", "logOut").is(TAG, "Logs out");
    let rotate = Operation::post("/v1/session/rotate", "rotateSession")
        .is(TAG, "Gives a session a new token")
        .says("The one before holds no more. `Idempotency-Key` is refused.");
    let theirs = of_user("GET", "/v1/users/{id}/sessions", "listUserSessions")
        .is(TAG, "The sessions of a user");
    let end_all = of_user("DELETE", "/v1/users/{id}/sessions", "revokeUserSessions")
        .is(TAG, "Ends all sessions of a user")
        .says("But for the one that the call came by.");
    let impersonate = of_user("POST", "/v1/users/{id}/impersonate", "impersonateUser")
        .is(TAG, "Acts as a user")
        .says("The reason stands in the session and in events. `Idempotency-Key` is refused.");
    let shown = Content::json(named("Session"));
    let mut all = vec![
        begins(writing(login, named("Login")), 201),
        page(paged(own), "Session"),
        acting(revoke).answers_empty(204, "Its token holds no more."),
        reading(current).answers(200, "The session.", shown),
        acting(log_out).answers_empty(204, "The token holds no more."),
        begins(acting(rotate), 200),
        page(paged(reading(theirs)), "Session"),
        acting(end_all).answers_empty(204, "They are ended."),
        begins(
            writing(impersonate, named("Impersonation")).shares(&["NotFound"]),
            201,
        ),
    ];
    all.extend(passwords());
    all
}

fn passwords() -> [Operation; 3] {
    let tag = "Passwords";
    let set = Operation::post("/v1/users/{id}/password", "setPassword")
        .is(tag, "Sets a password")
        .says(
            "One's own by the one before; that of somebody else, to be changed at their next \
             login unless said otherwise. Their other sessions end.",
        )
        .names("id", id(), "The user's number.");
    let ask = Operation::post("/v1/password-resets", "askForPasswordReset")
        .is(tag, "Asks for a link to choose another password")
        .says(
            "The same answer whoever's the email is. A link is sent to whose it is; who \
             has yet to answer an invitation is sent that again.",
        )
        .open();
    let send = Operation::post("/v1/users/{id}/password-reset", "sendPasswordReset")
        .is(tag, "Sends a user a link to choose another password")
        .says("409 for who is suspended, has no email, or has yet to answer an invitation.")
        .names("id", id(), "The user's number.");
    [
        writing(set, named("PasswordChange"))
            .shares(&["NotFound", "Conflict"])
            .answers_empty(204, "It is set."),
        writing(ask, named("PasswordResetRequest")).answers_empty(202, "It was heard."),
        acting(send)
            .shares(&["Conflict"])
            .answers_empty(202, "It is on its way."),
    ]
}
