//! Answers that carry a resource: its version as `ETag`, its place as `Location`.

use std::fmt::Display;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::idempotency::Answer;
use directory::{Actor, Error};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::http::failure::Failure;
use crate::http::idempotency::key_of;
use crate::http::reply;

fn tag(version: impl Display) -> String {
    format!("\"{version}\"")
}

/// 201 with what was made, to be kept under the request's idempotency key.
pub(super) fn created(
    list: &str,
    id: impl Display,
    version: impl Display,
    out: &impl Serialize,
) -> Result<Answer, Error> {
    Ok(Answer {
        status: StatusCode::CREATED.as_u16(),
        location: Some(format!("{list}/{id}")),
        etag: Some(tag(version)),
        body: serde_json::to_string(out).map_err(Error::internal)?,
    })
}

/// 200 with what was changed, to be kept under the request's idempotency key.
pub(super) fn done(version: i64, out: &impl Serialize) -> Result<Answer, Error> {
    Ok(Answer {
        status: StatusCode::OK.as_u16(),
        location: None,
        etag: Some(tag(version)),
        body: serde_json::to_string(out).map_err(Error::internal)?,
    })
}

/// An answer without a body, to be kept under the request's idempotency key.
pub(super) fn empty(status: StatusCode) -> Answer {
    Answer {
        status: status.as_u16(),
        location: None,
        etag: None,
        body: String::new(),
    }
}

/// 200 with a resource.
pub(super) fn shown(version: impl Display, out: &impl Serialize) -> Response {
    let mut response = reply::json(StatusCode::OK, out);
    if let Ok(tag) = HeaderValue::try_from(tag(version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The versions that `If-Match` lets a request be done on (RFC 9110 §13.1.1): none where there is
/// no such header or it says `*`. Weak tags, tags that this server never gave out, and a header
/// that is no list of tags stand for no version.
pub(super) fn expected(headers: &HeaderMap) -> Option<Vec<i64>> {
    let mut lines = headers.get_all(header::IF_MATCH).iter().peekable();
    lines.peek()?;
    let mut versions = Vec::new();
    for line in lines {
        let text = line.to_str().unwrap_or_default().trim();
        if text == "*" && headers.get_all(header::IF_MATCH).iter().count() == 1 {
            return None;
        }
        match versions_in(text) {
            Some(more) => versions.extend(more),
            None => return Some(Vec::new()),
        }
    }
    Some(versions)
}

/// The versions in a list of entity tags; none where it is no such list. A tag may have commas in
/// it, and a list empty elements.
fn versions_in(list: &str) -> Option<Vec<i64>> {
    let mut versions = Vec::new();
    let mut rest = list;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(versions);
        }
        let (strong, quoted) = match rest.strip_prefix("W/") {
            Some(weak) => (false, weak),
            None => (true, rest),
        };
        let (opaque, after) = quoted.strip_prefix('"')?.split_once('"')?;
        rest = after.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
        let version = opaque.parse::<i64>().ok();
        // Tags are compared as they are written.
        versions.extend(version.filter(|version| strong && version.to_string() == opaque));
    }
}

/// The idempotency key of a creation in this list, if the request names one.
pub(super) fn creation_key(
    headers: &HeaderMap,
    actor: &Actor,
    list: &str,
    body: &Map<String, Value>,
) -> Result<Option<directory::idempotency::IdempotencyKey>, Failure> {
    let canonical = serde_json::to_string(body).map_err(Error::internal)?;
    key_of(headers, actor, &format!("POST {list}"), &canonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(lines: &[&'static str]) -> Option<Vec<i64>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, HeaderValue::from_static(line));
        }
        expected(&headers)
    }

    #[test]
    fn any_version_is_meant_by_a_star_alone_and_by_no_header() {
        assert_eq!(asked(&[]), None);
        assert_eq!(asked(&["*"]), None);
        for no_list in [&["*, \"1\""][..], &["*", "\"1\""], &["\"1\"", "*"]] {
            assert_eq!(asked(no_list), Some(Vec::new()), "{no_list:?}");
        }
    }

    #[test]
    fn a_list_names_each_of_its_strong_tags() {
        for (lines, versions) in [
            (&["\"1\""][..], vec![1]),
            (&["\"1\", \"3\""], vec![1, 3]),
            (&[" ,\"1\",,\t\"3\" , "], vec![1, 3]),
            (&["\"1\"", "\"2\",\"3\""], vec![1, 2, 3]),
            (&["W/\"1\", \"2\""], vec![2]),
            (&["\"a,\", \"2\""], vec![2]),
            (&["\"01\", \"+1\", \" 1\", \"\", \"2\""], vec![2]),
        ] {
            assert_eq!(asked(lines), Some(versions), "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_list_of_tags_names_no_version() {
        for text in [
            "",
            "1",
            "\"1",
            "\"1\" \"2\"",
            "\"2\", 1",
            "w/\"1\"",
            "\"1\"x",
        ] {
            assert_eq!(asked(&[text]), Some(Vec::new()), "{text}");
        }
    }
}
