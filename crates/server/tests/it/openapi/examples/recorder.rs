//! Keeps what is asked and answered, under the call that the documents know it by.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use directory::clock::Random;
use directory::passkeys::RelyingParty;
use muster::openapi::ordered::{Members, Ordered};
use serde_json::{Value, json};

use crate::harness::{Key, Response, Server, described};

/// The same bytes in every run.
struct Counted(AtomicU64);

impl Random for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        // What a time is moved by: drawn by those who work side by side, in whatever order.
        if bytes.len() <= 8 {
            bytes.fill(0x80);
            return;
        }
        for byte in bytes {
            // Weyl's sequence, whose highest byte looks like chance.
            let step = 0x9e37_79b9_7f4a_7c15;
            let at = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
            *byte = at.to_be_bytes()[0];
        }
    }
}

/// A server on which nothing is left to chance, so that each run answers the same.
pub fn predictable(
    adjust: impl FnOnce(&mut muster::http::App),
    router: impl FnOnce(Arc<muster::http::App>) -> axum::Router,
) -> Server {
    Server::start_predictable(Arc::new(Counted(AtomicU64::new(0))), adjust, router)
}

/// Where the server says that it is.
pub const ORIGIN: &str = "https://directory.example.com";

/// A running server, and what was recorded of it.
pub struct Recorder {
    pub server: Server,
    pub key: Key,
    pub account: i64,
    operations: BTreeMap<&'static str, BTreeMap<String, Members>>,
    shared: BTreeMap<&'static str, BTreeMap<String, Ordered>>,
}

/// A body and its type.
pub type Body = Option<(&'static str, String)>;

/// A JSON body.
pub fn body(value: &Value) -> Body {
    Some(("application/json", value.to_string()))
}

impl Recorder {
    pub fn new() -> Self {
        let bound = |app: &mut muster::http::App| {
            app.relying_party = Some(Arc::new(RelyingParty::of(ORIGIN).unwrap()));
        };
        let server = predictable(bound, muster::router::public);
        let (key, account) = (server.key(), server.account("Acme"));
        Self {
            server,
            key,
            account,
            operations: BTreeMap::new(),
            shared: BTreeMap::new(),
        }
    }

    /// A call with the key, as its dialect takes it, a second later than the one before.
    pub fn call(&mut self, method: &str, path: &str, body: Body) -> Response {
        self.call_with(method, path, body, &[])
    }

    /// The same, with headers more.
    pub fn call_with(
        &mut self,
        method: &str,
        path: &str,
        body: Body,
        headers: &[(&str, &str)],
    ) -> Response {
        let credential = self.credential(path, &self.key);
        let mut all = vec![("authorization", credential.as_str())];
        let account = self.account.to_string();
        if described()
            .find(bare(path))
            .is_some_and(|place| place.dialect == "pulse")
        {
            all.push(("x-account-id", &account));
        }
        all.extend(headers);
        self.ask(method, path, body, &all)
    }

    /// How a key stands in `Authorization` at a path.
    pub fn credential(&self, path: &str, key: &Key) -> String {
        let place = described().find(bare(path)).unwrap();
        let document = described().document(place.dialect);
        let template = document["x-muster-authorization"].as_str().unwrap();
        template
            .replace("{token}", &key.token)
            .replace("{id}", &key.id)
            .replace("{secret}", &key.secret)
    }

    /// A call with these headers alone.
    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: Body,
        headers: &[(&str, &str)],
    ) -> Response {
        self.server.advance(Duration::from_secs(1));
        let mut request = self.server.request(method, path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some((content_type, text)) = &body {
            request = request.body(content_type, text.as_str());
        }
        let answer = request.send();
        self.keep(method, path, body, &answer);
        answer
    }

    /// Keeps what was asked and answered, the first of each.
    pub fn keep(&mut self, method: &str, path: &str, body: Body, answer: &Response) {
        let place = described().find(bare(path)).unwrap();
        let call = &described().calls(place)[&method.to_lowercase()];
        let status = answer.status.to_string();
        let said = &call["responses"][&status];
        if let Some(reference) = said["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap();
            self.keep_shared(place.dialect, name, answer);
            return;
        }
        let id = call["operationId"].as_str().unwrap().to_owned();
        let parts = self.operations.entry(place.dialect).or_default();
        let parts = parts.entry(id).or_default();
        if let Some((content_type, text)) = body.filter(|_| answer.status < 300) {
            let part = format!("request:{content_type}");
            if parts.get(&part).is_none() {
                parts.put(part, shown(&text));
            }
        }
        if parts.get(&status).is_none() && !answer.text.is_empty() {
            parts.put(status, shown(&answer.text));
        }
    }

    /// Keeps an answer that calls share, by its name.
    pub fn keep_shared(&mut self, dialect: &'static str, name: &str, answer: &Response) {
        if !answer.text.is_empty() {
            let known = self.shared.entry(dialect).or_default();
            known
                .entry(name.to_owned())
                .or_insert_with(|| shown(&answer.text));
        }
    }

    /// The file of a dialect.
    pub fn examples(&self, dialect: &str) -> String {
        let operations = self.operations.get(dialect).cloned().unwrap_or_default();
        let shared = self.shared.get(dialect).cloned().unwrap_or_default();
        let whole = Members::of([
            ("operations", Members::of(operations)),
            ("shared", Members::of(shared)),
        ]);
        let mut text = serde_json::to_string_pretty(&Ordered::from(whole)).unwrap();
        text.push('\n');
        text
    }

    /// Makes a user of `/v1`, not recorded: their number.
    pub fn user(&self, email: &str) -> i64 {
        let made = self
            .server
            .post("/v1/users")
            .bearer(&self.key.token)
            .json(&json!({ "email": email }))
            .send();
        made.expect(201)["id"].as_i64().unwrap()
    }
}

/// JSON in the order in which it came, else the text.
fn shown(text: &str) -> Ordered {
    match serde_json::from_str::<Ordered>(text) {
        Ok(value) => veiled(value, false),
        Err(_) => text.to_owned().into(),
    }
}

/// A value without what is another's chance: challenges, and what an authenticator signed.
fn veiled(value: Ordered, signed: bool) -> Ordered {
    match value {
        Ordered::Object(members) => {
            let each = members.iter().map(|(name, value)| {
                let chance = signed && name != "type" || name == "challenge";
                let shown = match value {
                    Ordered::Text(_) if chance => "…".into(),
                    other => veiled(other.clone(), signed || name == "credential"),
                };
                (name.to_owned(), shown)
            });
            Members::of(each).into()
        }
        Ordered::List(list) => {
            let each = list.into_iter().map(|value| veiled(value, signed));
            Ordered::List(each.collect())
        }
        other => other,
    }
}

fn bare(path: &str) -> &str {
    path.split('?').next().unwrap()
}
