//! NUL in every text that any API reads, one at a time: PostgreSQL stores none, and no fault of
//! the server comes of it on either engine.

use muster::http::throttle::Throttle;
use serde_json::{Map, Value, json};

use crate::harness::{Key, Request, Server};

/// Where a text may be of any form, where an address is asked for.
const TEXTS: [&str; 2] = ["a\0b", "https://example.org/a\0b"];
/// Levels of objects that are looked into.
const DEPTH: usize = 5;

/// One description, and who asks by it.
struct Api<'a> {
    server: &'a Server,
    key: &'a Key,
    name: &'static str,
    document: Value,
}

impl<'a> Api<'a> {
    fn of(server: &'a Server, key: &'a Key, name: &'static str) -> Self {
        let document = server.get(&format!("/openapi/{name}.json")).send();
        Self {
            server,
            key,
            name,
            document: document.expect(200),
        }
    }

    /// What a `$ref` leads to.
    fn meant<'v>(&'v self, value: &'v Value) -> &'v Value {
        match value["$ref"].as_str() {
            Some(place) => {
                let found = self.document.pointer(place.trim_start_matches('#'));
                self.meant(found.unwrap())
            }
            None => value,
        }
    }

    fn request(&self, method: &str, path: &str) -> Request {
        let Key { id, secret, token } = self.key;
        let credential = match self.name {
            "legalesign" => format!("ApiKey {id}:{secret}"),
            "platformos" => format!("Token token={token}"),
            _ => format!("Bearer {token}"),
        };
        let request = self.server.request(method, path);
        let request = request.header("authorization", &credential);
        match self.name {
            "pulse" => request.header("x-account-id", "1"),
            _ => request,
        }
    }

    /// The places of all properties below a schema, each a list of names.
    fn places(&self, schema: &Value, at: &[String], found: &mut Vec<Vec<String>>) {
        let schema = self.meant(schema);
        if at.len() >= DEPTH {
            return;
        }
        for list in ["anyOf", "oneOf", "allOf"] {
            for each in schema[list].as_array().into_iter().flatten() {
                self.places(each, at, found);
            }
        }
        if schema["items"].is_object() {
            self.places(&schema["items"], at, found);
        }
        for (name, below) in schema["properties"].as_object().into_iter().flatten() {
            let place = [at, std::slice::from_ref(name)].concat();
            found.push(place.clone());
            self.places(below, &place, found);
        }
    }
}

/// Puts a text at a place; what stands on the way becomes objects.
fn put(body: &mut Value, place: &[String], text: &str) {
    match place.split_first() {
        None => *body = text.into(),
        Some((name, rest)) => {
            if let Some(list) = body.as_array_mut() {
                list.truncate(1);
                if list.is_empty() {
                    list.push(json!({}));
                }
                return put(&mut list[0], place, text);
            }
            if !body.is_object() {
                *body = json!({});
            }
            put(&mut body[name], rest, text);
        }
    }
}

/// What came of the requests.
#[derive(Default)]
struct Tried {
    failures: Vec<String>,
    /// How many were told that what they send is wrong.
    refused: usize,
}

impl Tried {
    fn send(&mut self, request: Request, what: &str) {
        let answer = request.send();
        match answer.status {
            400 | 406 | 422 => self.refused += 1,
            500.. => {
                let failed = format!("{what}: {} {}", answer.status, answer.text);
                self.failures.push(failed);
            }
            _ => {}
        }
    }
}

/// Every operation with a NUL in one text after the other.
fn tried(api: &Api) -> Tried {
    let mut tried = Tried::default();
    for method in ["post", "get", "put", "patch", "delete"] {
        for (template, item) in api.document["paths"].as_object().unwrap() {
            let operation = &item[method];
            // A stream does not end.
            let content = &operation["responses"]["200"]["content"];
            if operation.is_object() && content["text/event-stream"].is_null() {
                try_operation(api, method, template, operation, item, &mut tried);
            }
        }
    }
    tried
}

fn try_operation(
    api: &Api,
    method: &str,
    template: &str,
    operation: &Value,
    item: &Value,
    tried: &mut Tried,
) {
    let method = method.to_uppercase();
    let mut path = template.to_owned();
    let mut queried = Vec::new();
    let lists = [&operation["parameters"], &item["parameters"]];
    for parameter in lists.iter().filter_map(|list| list.as_array()).flatten() {
        let parameter = api.meant(parameter);
        let (name, place) = (&parameter["name"], &parameter["in"]);
        let name = name.as_str().unwrap();
        let text = api.meant(&parameter["schema"])["type"] == "string";
        match place.as_str() {
            Some("path") => {
                let value = if text { "a%00b" } else { "1" };
                path = path.replace(&format!("{{{name}}}"), value);
            }
            Some("query") => queried.push(name.to_owned()),
            _ => {}
        }
    }
    for name in &queried {
        let asked = format!("{path}?{name}=a%00b");
        let request = api.request(&method, &asked);
        tried.send(request, &format!("{method} {asked}"));
    }
    let content = &api.meant(&operation["requestBody"])["content"]["application/json"];
    if content.is_null() {
        let request = api.request(&method, &path);
        tried.send(request, &format!("{method} {path}"));
        return;
    }
    let example = match &content["example"] {
        Value::Object(example) => example.clone(),
        _ => Map::new(),
    };
    let example = Value::Object(example);
    // What stands in the path is tried apart from what stands in the body.
    let whole = path.replace("a%00b", "reference_rest_api_create_user");
    if whole != path {
        let request = api.request(&method, &path).json(&example);
        tried.send(request, &format!("{method} {path} {example}"));
    }
    let mut places = Vec::new();
    api.places(&content["schema"], &[], &mut places);
    for place in places {
        // What is right but for its end is refused for that alone.
        let right = example.pointer(&format!("/{}", place.join("/")));
        let right = right
            .and_then(Value::as_str)
            .map(|text| format!("{text}\0"));
        for text in TEXTS.into_iter().chain(right.as_deref()) {
            let mut body = example.clone();
            put(&mut body, &place, text);
            let request = api.request(&method, &whole).json(&body);
            tried.send(request, &format!("{method} {whole} {body}"));
        }
    }
}

#[test]
fn nul_in_any_text_is_no_fault_of_the_server() {
    let mut all = Vec::new();
    for name in ["legalesign", "wonolo", "pulse", "platformos", "native"] {
        // Wrong credentials are among what is tried: counted, they would end the rest.
        let server = Server::start_with(|app| app.throttle = Throttle::new(0, 0));
        server.account("Acme");
        server.group("Contracts");
        server.badge("Forklift");
        let key = server.key();
        let tried = tried(&Api::of(&server, &key, name));
        // An API that looked at nothing would not fail either.
        assert!(tried.refused > 20, "{name}: {} were refused", tried.refused);
        all.extend(tried.failures);
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}
