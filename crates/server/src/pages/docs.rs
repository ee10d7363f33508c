//! `/docs`: the APIs as a page, with a form beside each call. Its files are in the binary, and it
//! loads nothing from elsewhere.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::Error;

use crate::http::failure::Failure;
use crate::http::reply;

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The files of the page, by name, with their types.
const FILES: [(&str, &str, &str); 9] = [
    ("page.css", STYLE, include_str!("docs/page.css")),
    ("call.js", SCRIPT, include_str!("docs/call.js")),
    ("dom.js", SCRIPT, include_str!("docs/dom.js")),
    ("fields.js", SCRIPT, include_str!("docs/fields.js")),
    ("page.js", SCRIPT, include_str!("docs/page.js")),
    ("request.js", SCRIPT, include_str!("docs/request.js")),
    ("samples.js", SCRIPT, include_str!("docs/samples.js")),
    ("schema.js", SCRIPT, include_str!("docs/schema.js")),
    ("send.js", SCRIPT, include_str!("docs/send.js")),
];

/// The page's own files and calls to this server, nothing else; and no text becomes markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// `GET /docs`.
pub(super) async fn show() -> Response {
    guarded(reply::typed(
        StatusCode::OK,
        HTML,
        include_str!("docs/page.html"),
    ))
}

/// `GET /docs/{file}`.
pub(super) async fn file(path: Result<Path<String>, PathRejection>) -> Result<Response, Failure> {
    let name = path.map(|Path(name)| name).unwrap_or_default();
    let found = FILES.into_iter().find(|(each, ..)| *each == name);
    let (_, content_type, text) = found.ok_or(Error::NotFound)?;
    Ok(guarded(reply::typed(StatusCode::OK, content_type, text)))
}

fn guarded(mut response: Response) -> Response {
    let fixed: [(HeaderName, &'static str); 5] = [
        // A new server has new files under the same names.
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
