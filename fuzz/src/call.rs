//! A request as an input writes it.
//!
//! ```text
//! POST /v1/users
//! content-type: application/json
//!
//! {"email": "ada@example.org"}
//! ```
//!
//! A body that begins with the line `@fields` is a list of `path: value` lines, of which a JSON
//! object is made, so that a changed byte leaves it JSON. A value that is not JSON is a text.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use serde_json::{Value, json};

const FIELDS: &[u8] = b"@fields\n";
/// Parts of a path that are looked at.
const MAX_PARTS: usize = 20;

/// A request that can be sent more than once.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// Reads an input; none where it is no request that a server could get.
    pub(crate) fn read(data: &[u8]) -> Option<Self> {
        let (head, body) = match data.windows(2).position(|pair| pair == b"\n\n") {
            Some(end) => (data.get(..end)?, data.get(end + 2..)?),
            None => (data, &[][..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
        let method = Method::from_bytes(first.next()?).ok()?;
        let uri = Uri::try_from(first.next()?).ok()?;
        let mut headers = HeaderMap::new();
        for line in lines {
            let mut parts = line.splitn(2, |byte| *byte == b':');
            let name = HeaderName::from_bytes(parts.next()?).ok()?;
            let value = HeaderValue::from_bytes(parts.next()?.trim_ascii()).ok()?;
            headers.append(name, value);
        }
        let body = body.strip_prefix(FIELDS).map_or(body.to_vec(), object);
        Some(Self {
            method,
            uri,
            headers,
            body,
        })
    }

    /// A request for a path, without anything else.
    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: Method::GET,
            uri: path.parse().unwrap_or_else(|_| panic!("{path}")),
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    /// A deletion.
    pub(crate) fn delete(path: &str) -> Self {
        Self {
            method: Method::DELETE,
            ..Self::get(path)
        }
    }

    /// A JSON body for a path.
    pub(crate) fn post(path: &str, body: &Value) -> Self {
        let mut call = Self::get(path);
        call.method = Method::POST;
        call.body = body.to_string().into_bytes();
        call.with("content-type", "application/json")
    }

    /// The same with a header, unless it has it.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap_or_else(|_| panic!("{value}"));
        self.headers.entry(name).or_insert(value);
        self
    }

    /// Whether a text is somewhere in it, as it stands.
    pub(crate) fn holds(&self, text: &str) -> bool {
        let within = |bytes: &[u8]| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        let uri = self.uri.to_string();
        let mut values = self.headers.values();
        within(uri.as_bytes()) || within(&self.body) || values.any(|each| within(each.as_bytes()))
    }

    /// Whether nothing may be written for it, whatever is answered.
    pub(crate) fn is_safe(&self) -> bool {
        self.method.is_safe()
    }

    pub(crate) fn request(&self) -> Request<Body> {
        let mut request = Request::new(Body::from(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// The JSON object that `path: value` lines describe: `groups.0.id: 1`.
fn object(lines: &[u8]) -> Vec<u8> {
    let mut whole = json!({});
    for line in String::from_utf8_lossy(lines).lines() {
        let (path, text) = line.split_once(':').unwrap_or((line, ""));
        let parts: Vec<&str> = path.split('.').take(MAX_PARTS).collect();
        let text = text.trim_start_matches(' ');
        let leaf = serde_json::from_str(text).unwrap_or_else(|_| text.into());
        place(&mut whole, &parts, leaf);
    }
    whole.to_string().into_bytes()
}

fn place(at: &mut Value, parts: &[&str], leaf: Value) {
    let [part, rest @ ..] = parts else {
        *at = leaf;
        return;
    };
    let inner = match part.parse::<usize>() {
        Ok(index) => {
            if !at.is_array() {
                *at = json!([]);
            }
            let list = at.as_array_mut().unwrap();
            let index = index.min(list.len());
            if index == list.len() {
                list.push(Value::Null);
            }
            &mut list[index]
        }
        Err(_) => {
            if !at.is_object() {
                *at = json!({});
            }
            &mut at[*part]
        }
    };
    place(inner, rest, leaf);
}
