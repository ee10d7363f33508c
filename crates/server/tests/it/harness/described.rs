//! What the documents of the APIs say of an answer. Every answer that a scenario gets is held to
//! it: its call must be described, and its status, headers and body as described.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use muster::openapi::{NAMES, document};
use serde_json::{Value, json};

use super::Response;

/// Headers that an answer has only where its document says so.
const TOLD: [&str; 8] = [
    "cache-control",
    "etag",
    "idempotency-replayed",
    "link",
    "location",
    "retry-after",
    "www-authenticate",
    "content-disposition",
];

/// The paths of all documents.
pub struct Described {
    paths: Vec<DescribedPath>,
    documents: BTreeMap<&'static str, Value>,
    validators: Mutex<BTreeMap<String, &'static Validator>>,
}

/// One path of a document.
pub struct DescribedPath {
    pub dialect: &'static str,
    /// As the document and the router have it.
    pub template: String,
    /// The path of the document where `template` is another one for it.
    pub of: String,
}

/// All of them, read once.
pub fn described() -> &'static Described {
    static READ: LazyLock<Described> = LazyLock::new(Described::read);
    &READ
}

impl Described {
    fn read() -> Self {
        let mut paths = Vec::new();
        let mut documents = BTreeMap::new();
        for dialect in NAMES {
            let text = serde_json::to_string(&document(dialect).unwrap()).unwrap();
            let document: Value = serde_json::from_str(&text).unwrap();
            for (template, calls) in document["paths"].as_object().unwrap() {
                let mut all = vec![template.clone()];
                for call in calls.as_object().unwrap().values() {
                    let also = call["x-muster-also-at"].as_array().into_iter().flatten();
                    all.extend(also.map(|each| each.as_str().unwrap().to_owned()));
                }
                all.sort();
                all.dedup();
                paths.extend(all.into_iter().map(|each| DescribedPath {
                    dialect,
                    template: each,
                    of: template.clone(),
                }));
            }
            documents.insert(dialect, document);
        }
        Self {
            paths,
            documents,
            validators: Mutex::default(),
        }
    }

    /// Every path, those that lead to another one included.
    pub fn paths(&self) -> &[DescribedPath] {
        &self.paths
    }

    /// The document of a dialect.
    pub fn document(&self, dialect: &str) -> &Value {
        &self.documents[dialect]
    }

    /// What a document says of the calls of a path, by method in lower case.
    pub fn calls(&self, path: &DescribedPath) -> &serde_json::Map<String, Value> {
        self.documents[path.dialect]["paths"][&path.of]
            .as_object()
            .unwrap()
    }

    /// The path that a request's belongs to, the most exact one.
    pub fn find(&self, path: &str) -> Option<&DescribedPath> {
        let fitting = self.paths.iter().filter(|each| fits(&each.template, path));
        fitting.min_by_key(|each| each.template.matches('{').count())
    }

    fn validator(&self, dialect: &str, schema: &Value) -> &'static Validator {
        let name = format!("{dialect} {schema}");
        let mut known = self.validators.lock().unwrap();
        known.entry(name).or_insert_with(|| {
            // A field that no document names would go unseen.
            let mut components = self.documents[dialect]["components"]["schemas"].clone();
            close(&mut components);
            let mut schema = schema.clone();
            close(&mut schema);
            schema["components"] = json!({ "schemas": components });
            let validator = jsonschema::draft202012::options()
                .should_validate_formats(true)
                .build(&schema)
                .unwrap_or_else(|cause| panic!("{dialect}: {cause}"));
            Box::leak(Box::new(validator))
        })
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(name), Some(text)) if name.starts_with('{') && !text.is_empty() => {}
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return false,
        }
    }
}

/// Refuses the fields that an object's schema does not name.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".to_owned(), false.into());
            }
            map.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

/// Holds an answer to its document. Paths that no document has are another test's.
#[track_caller]
pub fn check(method: &str, path: &str, answer: &Response) {
    let described = described();
    let Some(place) = described.find(path) else {
        return;
    };
    let name = format!("{method} {} ({})", place.template, answer.status);
    if place.template != place.of && format!("{}/", place.template) == place.of {
        let sent_on = matches!((method, answer.status), ("GET" | "HEAD", 301) | (_, 404));
        assert!(sent_on && answer.text.is_empty(), "{name}");
        return;
    }
    let asked = if method == "HEAD" { "get" } else { method };
    let Some(call) = described.calls(place).get(&asked.to_lowercase()) else {
        // With --cors-origin, the browser's question before a call.
        let asked_before = method == "OPTIONS" && answer.status == 200;
        assert!(
            answer.status == 405 || asked_before,
            "{name} is not described"
        );
        return;
    };
    let document = described.document(place.dialect);
    let said = resolved(document, &call["responses"][answer.status.to_string()]);
    assert!(!said.is_null(), "{name} is not described: {}", answer.text);
    headers(&name, document, said, answer);
    if method != "HEAD" {
        body(&name, place.dialect, said, answer);
    }
}

fn resolved<'a>(document: &'a Value, said: &'a Value) -> &'a Value {
    match said["$ref"].as_str() {
        Some(place) => document.pointer(place.trim_start_matches('#')).unwrap(),
        None => said,
    }
}

#[track_caller]
fn headers(name: &str, document: &Value, said: &Value, answer: &Response) {
    let named = said["headers"].as_object().unwrap();
    for (header, of) in named {
        let there = answer.header(&header.to_lowercase()).is_some();
        let always = resolved(document, of)["required"] == true;
        assert!(there || !always, "{name} has no {header}");
    }
    for (header, _) in answer.headers().iter() {
        let known = named.keys().any(|each| each.eq_ignore_ascii_case(header));
        let told = TOLD.contains(&header.as_str());
        assert!(
            !told || known,
            "{name}: the header {header} is not described"
        );
    }
}

#[track_caller]
fn body(name: &str, dialect: &str, said: &Value, answer: &Response) {
    let Some(content) = said["content"].as_object() else {
        assert_eq!(answer.text, "", "{name} has a body, and none is described");
        return;
    };
    let (media_type, media) = content.iter().next().unwrap();
    assert_eq!(
        answer.header("content-type"),
        Some(media_type.as_str()),
        "{name}"
    );
    let value = if media_type.ends_with("json") {
        answer.json()
    } else {
        answer.text.clone().into()
    };
    let validator = described().validator(dialect, &media["schema"]);
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{} {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {}\n{value}", errors.join("\n"));
}

#[test]
fn a_path_belongs_to_the_most_exact_template() {
    let found = |path: &str| described().find(path).map(|each| each.template.as_str());
    assert_eq!(found("/v1/events/stream"), Some("/v1/events/stream"));
    assert_eq!(found("/v1/users/7/events"), Some("/v1/users/{id}/events"));
    assert_eq!(found("/api_v2/users/invite"), Some("/api_v2/users/invite"));
    assert_eq!(found("/api_v2/users/7.json"), Some("/api_v2/users/{id}"));
    assert_eq!(found("/api/v1/user"), Some("/api/v1/user"));
    assert_eq!(found("/v1/users/"), None);
}

#[test]
#[should_panic(expected = "Additional properties")]
fn a_field_that_is_not_described_is_seen() {
    let answer = Response::made(
        401,
        &[
            ("content-type", "application/problem+json"),
            ("x-request-id", "r"),
            ("www-authenticate", "Bearer"),
        ],
        &json!({"type": "about:blank", "title": "", "status": 401, "code": "unauthenticated",
            "detail": "", "request_id": "r", "more": 1})
        .to_string(),
    );
    check("GET", "/v1/users", &answer);
}

#[test]
#[should_panic(expected = "is not described")]
fn a_status_that_is_not_described_is_seen() {
    check("GET", "/v1/users", &Response::made(418, &[], ""));
}
