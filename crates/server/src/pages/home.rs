//! `/`: what this is and where to go, for a person or a program.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::dialects::Dialect;
use crate::http::failure::Failure;
use crate::http::reply;
use crate::openapi;

/// `GET /`: a page where `Accept` asks for one before JSON.
pub(super) async fn show(headers: HeaderMap) -> Result<Response, Failure> {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut response = if wants_page(accept) {
        super::page(StatusCode::OK, "home.html", &json!({ "apis": *APIS }))?
    } else {
        reply::json(StatusCode::OK, &whereabouts())
    };
    let vary = HeaderValue::from_static("accept");
    response.headers_mut().insert(header::VARY, vary);
    Ok(response)
}

/// Each API: its name, its title and where it is. Made once: each is asked for its whole
/// description.
static APIS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let shown = openapi::NAMES.into_iter().filter_map(|name| {
        let title = openapi::api(name)?.title;
        let mounts: Vec<&str> = Dialect::mounts(name).collect();
        let document = format!("/openapi/{name}.json");
        Some(json!({ "name": name, "title": title, "paths": mounts, "openapi": document }))
    });
    shown.collect()
});

fn whereabouts() -> Value {
    json!({
        "name": "muster",
        "description": "A user directory behind several APIs.",
        "docs": "/docs",
        "apis": *APIS,
        "health": { "live": "/health/live", "ready": "/health/ready" },
    })
}

/// Whether `Accept` weighs HTML above JSON (RFC 9110 §12.5.1).
fn wants_page(accept: &str) -> bool {
    weight(accept, "text/html") > weight(accept, "application/json")
}

/// How much a type is wanted, in thousandths: what names it counts before what names it by `*`.
fn weight(accept: &str, wanted: &str) -> u32 {
    let (kind, _) = wanted.split_once('/').unwrap_or((wanted, ""));
    let all_of_kind = format!("{kind}/*");
    let mut best = (0, 0);
    for each in accept.split(',') {
        let mut parts = each.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default().to_ascii_lowercase();
        let exactness = match range.as_str() {
            range if range == wanted => 3,
            range if range == all_of_kind => 2,
            "*/*" => 1,
            _ => continue,
        };
        let given = parts.find_map(|part| part.strip_prefix("q="));
        let quality = given.map_or(Some(1.0), |text| text.parse::<f32>().ok());
        let quality = quality.filter(|quality| (0.0..=1.0).contains(quality));
        // What is no number of the range weighs nothing.
        let thousandths = quality.map_or(0, |quality| (quality * 1_000.0) as u32);
        best = best.max((exactness, thousandths));
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_for_who_prefers_one() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for accept in [
            browser,
            "text/html",
            "TEXT/HTML",
            "application/json;q=0.5, text/html",
        ] {
            assert!(wants_page(accept), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "application/json",
            "text/html;q=0.5, application/json",
            "text/html, application/json",
            "text/html;q=x",
            "text/plain",
        ] {
            assert!(!wants_page(accept), "{accept}");
        }
    }
}
