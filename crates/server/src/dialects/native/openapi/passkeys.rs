//! Passkeys.

use directory::passkeys::MAX_NAME;

use super::{acting, nullable, page, paged, patching, reading, repeatable, versioned, writing};
use crate::openapi::operation::{Content, Operation};
use crate::openapi::schema::{
    Schema, anything, boolean, count, id, input, named, shape, text, time,
};

const TAG: &str = "Passkeys";
const NOT_KEPT: &str = "`Idempotency-Key` is refused.";

/// What a browser gave for a challenge.
fn credential() -> Schema {
    let words = "`PublicKeyCredential.toJSON()` (WebAuthn Level 3).";
    anything()
        .with("x-format", "public-key-credential")
        .says(words)
}

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let passkey = shape([
        ("id", id()),
        ("user_id", id()),
        ("name", text()),
        ("backup_eligible", boolean()),
        ("backed_up", boolean()),
        ("sign_count", count(0, i64::MAX)),
        ("created_at", time()),
        ("updated_at", time()),
        nullable("last_used_at", time()),
        ("version", id()),
    ]);
    let link = shape([
        ("user_id", id()),
        ("requested_at", time()),
        ("expires_at", time()),
    ]);
    let challenge = shape([
        ("ceremony", text().says("Goes into the answer.")),
        ("expires_at", time()),
        (
            "options",
            anything().says("What a browser's `navigator.credentials` takes."),
        ),
    ]);
    let token = || {
        text()
            .secret()
            .says("Of a mailed link; none: the user of the session.")
    };
    // Something to be seen, and no control character.
    let name = text()
        .shortest(1)
        .longest(MAX_NAME)
        .pattern(r"^[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$");
    let ceremony = || text().format("ceremony");
    let registration = input([
        nullable("token", token()),
        ("name", name.clone()),
        ("ceremony", ceremony()),
        ("credential", credential()),
    ]);
    let answer = input([("ceremony", ceremony()), ("credential", credential())]);
    vec![
        ("Passkey", passkey),
        ("PasskeyLink", link),
        ("Challenge", challenge),
        (
            "RegistrationOptions",
            input([nullable("token", token())]).closed(),
        ),
        (
            "PasskeyRegistration",
            registration
                .requires(&["name", "ceremony", "credential"])
                .closed(),
        ),
        ("AuthenticationOptions", input(NOTHING).closed()),
        (
            "PasskeyAnswer",
            answer.requires(&["ceremony", "credential"]).closed(),
        ),
        ("PasskeyUpdate", input([("name", name)]).closed()),
    ]
}

/// The fields of a body that has none.
const NOTHING: [(&str, Schema); 0] = [];

/// What stands in the way everywhere: a server without an address that passkeys can be bound to.
fn bound(operation: Operation) -> Operation {
    operation.shares(&["Conflict"])
}

fn ceremonies() -> [Operation; 4] {
    let begin = Operation::post(
        "/v1/passkeys/registration-options",
        "beginPasskeyRegistration",
    )
    .is(TAG, "A challenge to register a passkey")
    .says(NOT_KEPT)
    .half_open();
    let register = Operation::post("/v1/passkeys", "registerPasskey")
        .is(TAG, "Registers a passkey")
        .says(NOT_KEPT)
        .half_open();
    let ask = Operation::post("/v1/passkeys/authentication-options", "beginPasskeySignIn")
        .is(TAG, "A challenge to sign in")
        .says(format!(
            "The same for everybody, in the tenant that `Muster-Tenant` names. {NOT_KEPT}"
        ))
        .open();
    let enter = Operation::post("/v1/passkeys/authenticate", "signInByPasskey")
        .is(TAG, "Signs in by a passkey")
        .says(format!(
            "A wrong answer is the same 401 whatever is wrong with it. {NOT_KEPT}"
        ))
        .open();
    let challenge = || Content::json(named("Challenge"));
    let session = Content::json(named("SessionWithToken"));
    [
        bound(writing(begin, named("RegistrationOptions")))
            .shares(&["NotFound"])
            .answers(200, "The challenge.", challenge())
            .with_headers(&["Cache-Control"]),
        bound(writing(register, named("PasskeyRegistration")))
            .shares(&["NotFound"])
            .answers(201, "The passkey.", Content::json(named("Passkey")))
            .with_headers(&["Location", "ETag"]),
        bound(writing(ask, named("AuthenticationOptions")))
            .answers(200, "The challenge.", challenge())
            .with_headers(&["Cache-Control"]),
        bound(writing(enter, named("PasskeyAnswer")))
            .answers(201, "The session and its token.", session)
            .with_headers(&["Location", "Cache-Control"]),
    ]
}

pub(super) fn operations() -> Vec<Operation> {
    let of = |method, path, name| {
        Operation::new(method, path, name).names("id", id(), "The user's number.")
    };
    let link = of(
        "POST",
        "/v1/users/{id}/passkey-registration",
        "sendPasskeyLink",
    )
    .is(TAG, "Sends a user a link to register a passkey")
    .says("One that was sent before holds no more.");
    let list = of("GET", "/v1/users/{id}/passkeys", "listPasskeys").is(TAG, "A user's passkeys");
    let one = |method, name| {
        of(method, "/v1/users/{id}/passkeys/{passkey}", name).names(
            "passkey",
            id(),
            "The passkey's number.",
        )
    };
    let show = one("GET", "getPasskey").is(TAG, "One passkey");
    let rename = one("PATCH", "renamePasskey").is(TAG, "Renames a passkey");
    let delete = one("DELETE", "deletePasskey")
        .is(TAG, "Deletes a passkey")
        .says("The sessions of its user end. The last means of signing in stays, but for an administrator.");
    let shown = || Content::json(named("Passkey"));
    let mut all = vec![
        bound(repeatable(acting(link)))
            .answers(
                202,
                "It is on its way.",
                Content::json(named("PasskeyLink")),
            )
            .with_headers(&["Idempotency-Replayed?"]),
        page(paged(reading(list)), "Passkey"),
        reading(show)
            .answers(200, "The passkey.", shown())
            .with_headers(&["ETag"]),
        patching(rename, named("PasskeyUpdate"))
            .answers(200, "The passkey as it is now.", shown())
            .with_headers(&["ETag"]),
        versioned(acting(delete))
            .shares(&["Conflict"])
            .answers_empty(204, "It is deleted."),
    ];
    all.extend(ceremonies());
    all
}
