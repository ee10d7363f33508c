//! Problems, and the answers that say one.

use super::super::error::CONTENT_TYPE;
use crate::openapi::operation::{Content, SharedAnswer};
use crate::openapi::schema::{Schema, count, input, list, named, one_of, shape, text};

/// The stable codes of problems.
const CODES: [&str; 15] = [
    "unreadable",
    "unauthenticated",
    "forbidden",
    "not_found",
    "method_not_allowed",
    "too_slow",
    "taken",
    "conflict",
    "precondition_failed",
    "too_large",
    "unsupported_media_type",
    "invalid",
    "rate_limited",
    "internal",
    "unavailable",
];

/// The stable codes of broken rules.
const RULES: [&str; 18] = [
    "blank",
    "taken",
    "too_short",
    "too_long",
    "bad_format",
    "wrong_type",
    "not_included",
    "mismatch",
    "must_exist",
    "out_of_range",
    "in_future",
    "guessable",
    "immutable",
    "unknown_field",
    "refused",
    // Of the configuration of a form.
    "unreadable",
    "unknown",
    "missing",
];

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let problem = shape([
        ("type", text().with("const", "about:blank")),
        ("title", text().says("The status in words.")),
        ("status", count(400, 599)),
        ("code", one_of(CODES)),
        ("detail", text().says("What is wrong, for people.")),
        ("request_id", text()),
    ]);
    let errors = list(named("BrokenRule")).says("All that is wrong, where more is known.");
    let rule = input([
        (
            "pointer",
            text().says("Where in the body: a JSON Pointer (RFC 6901)."),
        ),
        ("parameter", text().says("Which query parameter or header.")),
        (
            "line",
            count(1, i64::MAX).says("Of the configuration of a form: its line."),
        ),
        ("column", count(1, i64::MAX)),
        ("code", one_of(RULES)),
        ("message", text()),
    ]);
    vec![
        ("Problem", problem.field("errors", errors, false)),
        ("BrokenRule", rule.requires(&["code", "message"])),
    ]
}

fn answer(name: &'static str, status: u16, description: &'static str) -> SharedAnswer {
    SharedAnswer {
        name,
        status,
        description: description.into(),
        content: Some(Content::of(CONTENT_TYPE, named("Problem"))),
        headers: Vec::new(),
    }
}

/// What calls answer when they do not do what was asked.
pub(super) fn answers() -> Vec<SharedAnswer> {
    let with = |headers: &[&'static str], answer| SharedAnswer {
        headers: headers.to_vec(),
        ..answer
    };
    vec![
        answer(
            "Unreadable",
            400,
            "The body, a parameter or a header cannot be read.",
        ),
        with(
            &["WWW-Authenticate"],
            answer(
                "Unauthenticated",
                401,
                "There is no credential, or a wrong one.",
            ),
        ),
        answer("Forbidden", 403, "The credential does not allow it."),
        answer(
            "NotFound",
            404,
            "There is no such thing, or not for this credential.",
        ),
        answer("TooSlow", 408, "The body took too long to arrive."),
        answer(
            "Conflict",
            409,
            "A value is taken, an account would be left without an administrator, or another \
             request under the same key is under way.",
        ),
        answer(
            "PreconditionFailed",
            412,
            "The resource has changed since that version.",
        ),
        answer("TooLarge", 413, "The body is too large."),
        answer("UnsupportedMediaType", 415, "The body is not JSON."),
        answer(
            "Invalid",
            422,
            "The body breaks rules; all of them are told.",
        ),
        with(
            &["Retry-After"],
            answer(
                "RateLimited",
                429,
                "Too many wrong credentials came from there.",
            ),
        ),
        answer("Internal", 500, "The fault is the server's."),
        with(
            &["Retry-After"],
            answer("Unavailable", 503, "The server cannot do this now."),
        ),
    ]
}
