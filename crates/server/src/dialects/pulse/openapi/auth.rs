//! Logging in and out.

use directory::permission::Permission;

use crate::openapi::operation::{Content, Operation};
use crate::openapi::schema::{
    Schema, any_of, by_name, input, list, named, one_of, shape, text, time,
};

const TAG: &str = "Sessions";

pub(super) fn schemas(user: &Schema) -> Vec<(&'static str, Schema)> {
    let impersonating = shape([
        ("byType", text()),
        ("byId", text()),
        ("byEmail", text().or_null()),
        ("reason", text()),
    ]);
    let grant = shape([("role", text()), ("accountId", text().or_null())]);
    let permissions = list(one_of(Permission::ALL.map(Permission::name)));
    let session = user
        .clone()
        .field("token", text(), true)
        .field("impersonating", impersonating.or_null(), true)
        .field("primaryAccount", named("UserAccount").or_null(), true)
        .field("permissionsFromRoles", permissions, true)
        .field("permissionsFromRolesDetails", by_name(list(grant)), true)
        .field("expiresAt", time(), true);
    let password = input([
        ("email", text()),
        ("password", text().secret()),
        (
            "newPassword",
            text()
                .secret()
                .or_null()
                .says("Where the one before must be changed."),
        ),
    ]);
    let key = input([("apiKey", text()), ("apiSecret", text().secret())]);
    vec![
        ("Session", session),
        ("PasswordLogin", password.requires(&["email", "password"])),
        ("KeyLogin", key.requires(&["apiKey", "apiSecret"])),
    ]
}

/// What each of these calls may answer; none happens in an account.
fn call(operation: Operation) -> Operation {
    operation.shares(&["Unauthenticated", "RateLimited", "Internal", "Unavailable"])
}

pub(super) fn operations() -> [Operation; 3] {
    let session = || Content::json(named("Session"));
    let either = any_of(vec![named("PasswordLogin"), named("KeyLogin")]);
    let login = Operation::post("/auth/login", "logIn")
        .is(TAG, "Logs in")
        .says("By an email and a password, or by a key whose owner it becomes a session of.")
        .open()
        .takes(Content::json(either))
        .shares(&[
            "BadRequest",
            "Forbidden",
            "TooSlow",
            "TooLarge",
            "UnsupportedMediaType",
        ])
        .answers(200, "The session and its token.", session())
        .with_headers(&["Cache-Control"]);
    let show = Operation::get("/auth/session", "getSession")
        .is(TAG, "The session of this call")
        .answers(200, "The session.", session())
        .with_headers(&["Cache-Control"]);
    let end = Operation::post("/auth/logout", "logOut")
        .is(TAG, "Logs out")
        .answers_empty(204, "The token holds no more.");
    [call(login), call(show), call(end)]
}
