//! An [`Api`] and its examples → a document of OpenAPI 3.1.

use super::examples::Examples;
use super::operation::{Answer, Api, Content, Needed, Operation, Parameter, Place, SharedAnswer};
use super::ordered::{Members, Ordered, Text};
use super::schema::text;

/// The header that every answer has.
const REQUEST_ID: &str = "X-Request-Id";

/// What answers say in headers, besides [`REQUEST_ID`].
const HEADERS: [(&str, &str); 8] = [
    ("Allow", "The methods that the path takes."),
    ("ETag", "The version of the resource, for `If-Match`."),
    (
        "Idempotency-Replayed",
        "`true` where the answer is the one that was kept under the request's `Idempotency-Key`.",
    ),
    ("Link", "Where the next page is: `<…>; rel=\"next\"`."),
    ("Location", "Where the resource is."),
    ("Retry-After", "Seconds until the next try."),
    ("WWW-Authenticate", "How a credential is given."),
    ("Cache-Control", "`no-store`."),
];

/// The document.
#[must_use]
pub(super) fn document(api: &Api, examples: &Examples) -> Ordered {
    let info = Members::of([
        ("title", Ordered::from(api.title)),
        ("version", api.version.into()),
        ("description", api.description.clone().into()),
    ]);
    let server = Members::of([("url", "/"), ("description", "This server.")]);
    let tags = api.tags.iter().map(|(name, words)| {
        let tag = Members::of([("name", *name), ("description", *words)]);
        Ordered::from(tag)
    });
    let document = Members::of([
        ("openapi", Ordered::from("3.1.0")),
        ("info", info.into()),
        ("servers", vec![server].into()),
        ("security", Ordered::List(any_one_of(api).collect())),
        ("tags", Ordered::List(tags.collect())),
        ("paths", paths(api, examples).into()),
        ("components", components(api, examples).into()),
        ("x-muster-dialect", api.name.into()),
        (
            "x-muster-authorization",
            api.credential.authorization.into(),
        ),
    ]);
    document.into()
}

/// Each scheme by itself is enough.
fn any_one_of(api: &Api) -> impl Iterator<Item = Ordered> {
    let schemes = api.credential.schemes.iter();
    schemes.map(|(name, _)| Members::of([(*name, Vec::<Ordered>::new())]).into())
}

/// The operations by their paths, in the order in which the first of each path stands.
fn paths(api: &Api, examples: &Examples) -> Members {
    let mut paths = Members::default();
    for operation in &api.operations {
        let mut path = match paths.get(operation.path) {
            Some(Ordered::Object(path)) => path.clone(),
            _ => Members::default(),
        };
        let method = operation.method.to_ascii_lowercase();
        path.put(method, described(api, operation, examples));
        paths.put(operation.path, path);
    }
    paths
}

fn described(api: &Api, operation: &Operation, examples: &Examples) -> Members {
    let mut members = Members::of([
        ("operationId", Ordered::from(operation.id)),
        ("tags", vec![operation.tag].into()),
        ("summary", operation.summary.into()),
    ]);
    if !operation.description.is_empty() {
        members.put("description", Ordered::Text(operation.description.clone()));
    }
    match operation.credential {
        Needed::Always => {}
        Needed::Sometimes => {
            let none = Ordered::from(Members::default());
            let all = std::iter::once(none).chain(any_one_of(api));
            members.put("security", Ordered::List(all.collect()));
        }
        Needed::Never => members.put("security", Vec::<Ordered>::new()),
    }
    if !operation.parameters.is_empty() {
        let parameters: Vec<Members> = operation.parameters.iter().map(parameter).collect();
        members.put("parameters", parameters);
    }
    if !operation.body.is_empty() {
        members.put("requestBody", request_body(operation, examples));
    }
    members.put("responses", answers(api, operation, examples));
    if !operation.aliases.is_empty() {
        let aliases: Vec<Ordered> = operation
            .aliases
            .iter()
            .cloned()
            .map(Ordered::Text)
            .collect();
        members.put("x-muster-also-at", aliases);
    }
    members
}

fn parameter(parameter: &Parameter) -> Members {
    let mut members = Members::of([
        ("name", Ordered::from(parameter.name)),
        ("in", parameter.place.name().into()),
        ("required", parameter.required.into()),
        ("description", Ordered::Text(parameter.description.clone())),
    ]);
    let schema = Ordered::from(parameter.schema.clone());
    if parameter.place == Place::Query && is_list(&schema) {
        members.put("style", "form");
        members.put("explode", false);
    }
    members.put("schema", schema);
    members
}

fn is_list(schema: &Ordered) -> bool {
    matches!(schema, Ordered::Object(members) if members.get("type") == Some(&"array".into()))
}

fn request_body(operation: &Operation, examples: &Examples) -> Members {
    let mut content = Members::default();
    for each in &operation.body {
        let part = format!("request:{}", each.media_type);
        let example = examples.of(operation.id, &part);
        content.put(each.media_type, media(each, example));
    }
    Members::of([
        ("required", Ordered::from(!operation.body_optional)),
        ("content", content.into()),
    ])
}

fn media(content: &Content, example: Option<Ordered>) -> Members {
    let mut media = Members::of([("schema", content.schema.clone())]);
    media.put_some("encoding", content.encoding.clone());
    media.put_some("example", example);
    media
}

/// By status, the least first.
fn answers(api: &Api, operation: &Operation, examples: &Examples) -> Members {
    let mut all: Vec<(u16, Members)> = operation
        .answers
        .iter()
        .map(|answer| match answer {
            Answer::Shared(name) => {
                let place = format!("#/components/responses/{name}");
                (status_of(api, name), Members::of([("$ref", place)]))
            }
            Answer::Own {
                status,
                description,
                content,
                headers,
            } => {
                let example = examples.of(operation.id, &status.to_string());
                let members = response(description, content.as_ref(), headers, example);
                (*status, members)
            }
        })
        .collect();
    all.sort_by_key(|(status, _)| *status);
    Members::of(
        all.into_iter()
            .map(|(status, members)| (status.to_string(), members)),
    )
}

/// The status of a shared answer; 0 for one that there is not, which a test tells.
fn status_of(api: &Api, name: &str) -> u16 {
    let found = api.shared.iter().find(|each| each.name == name);
    found.map_or(0, |each| each.status)
}

fn response(
    description: &Text,
    content: Option<&Content>,
    headers: &[&'static str],
    example: Option<Ordered>,
) -> Members {
    let mut members = Members::of([("description", Ordered::Text(description.clone()))]);
    let names = [REQUEST_ID].iter().chain(headers).copied();
    members.put("headers", Members::of(names.map(said_in_header)));
    if let Some(content) = content {
        let media = media(content, example);
        members.put("content", Members::of([(content.media_type, media)]));
    }
    members
}

/// A header that always comes, or with `?` at the end one that sometimes does.
fn said_in_header(name: &'static str) -> (&'static str, Members) {
    let Some(name) = name.strip_suffix('?') else {
        let place = format!("#/components/headers/{name}");
        return (name, Members::of([("$ref", place)]));
    };
    let words = HEADERS.into_iter().find(|(each, _)| *each == name);
    let words = words.map_or("", |(_, words)| words);
    (name, header(words, false))
}

fn components(api: &Api, examples: &Examples) -> Members {
    let shared = api.shared.iter().map(|each| {
        let SharedAnswer {
            name,
            description,
            content,
            headers,
            ..
        } = each;
        let example = examples.shared(name);
        (
            *name,
            response(description, content.as_ref(), headers, example),
        )
    });
    let schemas = api
        .schemas
        .iter()
        .map(|(name, schema)| (*name, schema.clone()));
    let schemes = api.credential.schemes.iter().cloned();
    Members::of([
        ("securitySchemes", Members::of(schemes)),
        ("schemas", Members::of(schemas)),
        ("responses", Members::of(shared)),
        ("headers", headers(api)),
    ])
}

/// Those that the document's answers name.
fn headers(api: &Api) -> Members {
    let own = api.operations.iter().flat_map(|each| &each.answers);
    let own = own.filter_map(|answer| match answer {
        Answer::Own { headers, .. } => Some(headers),
        Answer::Shared(_) => None,
    });
    let shared = api.shared.iter().map(|each| &each.headers);
    let named: Vec<&str> = own.chain(shared).flatten().copied().collect();
    let words = "The request's id: the client's own where it sent one, for questions and logs.";
    let all = std::iter::once((REQUEST_ID, words))
        .chain(HEADERS.into_iter().filter(|(name, _)| named.contains(name)));
    Members::of(all.map(|(name, words)| (name, header(words, true))))
}

fn header(words: &'static str, always: bool) -> Members {
    Members::of([
        ("description", Ordered::from(words)),
        ("required", always.into()),
        ("schema", text().into()),
    ])
}
