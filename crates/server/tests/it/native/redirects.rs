//! `/v1/redirects`: where pages may lead to.

use directory::TenantId;
use directory::keys::NewKey;
use serde_json::{Value, json};

use crate::harness::{Key, Response, START, Server};

const URI: &str = "https://app.example.org/welcome?from=muster";

fn add(server: &Server, key: &Key, body: &Value) -> Response {
    server
        .post("/v1/redirects")
        .bearer(&key.token)
        .json(body)
        .send()
}

fn listed(server: &Server, key: &Key) -> Value {
    let list = server.get("/v1/redirects").bearer(&key.token);
    list.send().expect(200)["data"].clone()
}

#[test]
fn an_address_is_added_listed_and_taken_off() {
    let server = Server::start();
    let key = server.key();
    let added = add(&server, &key, &json!({ "uri": URI }));
    let body = added.expect(201);
    assert_eq!(
        body,
        json!({"id": body["id"], "uri": URI, "created_at": START})
    );
    let place = added.header("location").unwrap().to_owned();
    assert_eq!(place, format!("/v1/redirects/{}", body["id"]));
    assert_eq!(listed(&server, &key), json!([body]));
    let remove = |path: &str| server.request("DELETE", path).bearer(&key.token).send();
    remove(&place).assert_empty(204);
    assert_eq!(listed(&server, &key), json!([]));
    assert_eq!(remove(&place).status, 404);
    // What was taken off can be added again.
    add(&server, &key, &json!({ "uri": URI })).expect(201);
}

#[test]
fn an_address_is_whole_and_its_own_and_there_once() {
    let server = Server::start();
    let key = server.key();
    add(&server, &key, &json!({ "uri": URI })).expect(201);
    for bad in [
        json!({"uri": "http://app.example.org/"}),
        json!({"uri": "javascript:alert(1)"}),
        json!({"uri": "https://app.example.org/\0"}),
        json!({"uri": ""}),
        json!({"uri": null}),
        json!({"uri": 7}),
        json!({}),
        json!({"uri": "https://b.example.org/", "more": 1}),
    ] {
        let refused = add(&server, &key, &bad);
        assert_eq!(refused.status, 422, "{bad}: {}", refused.text);
    }
    let again = add(&server, &key, &json!({ "uri": URI }));
    assert_eq!(again.status, 409, "{}", again.text);
    assert_eq!(listed(&server, &key).as_array().unwrap().len(), 1);
}

#[test]
fn the_list_is_the_tenants_and_its_administrators() {
    let server = Server::start();
    let key = server.key();
    let added = add(&server, &key, &json!({ "uri": URI })).expect(201);
    let place = format!("/v1/redirects/{}", added["id"]);
    let account = server.account("Acme");
    let narrow = |scopes: &[&str], account_id: Option<i64>| {
        server.key_with(NewKey {
            scopes: scopes.iter().map(|each| (*each).to_owned()).collect(),
            account_id,
            ..NewKey::default()
        })
    };
    let all_but_admin = [
        "users:write",
        "groups:write",
        "keys:write",
        "webhooks:write",
    ];
    for other in [narrow(&all_but_admin, None), narrow(&[], Some(account))] {
        assert_eq!(
            add(&server, &other, &json!({"uri": "https://b.example.org/"})).status,
            403
        );
        let list = server.get("/v1/redirects").bearer(&other.token);
        assert_eq!(list.send().status, 403);
        let remove = server.request("DELETE", &place).bearer(&other.token);
        assert_eq!(remove.send().status, 403);
    }
    let other = server.tenant("other");
    let theirs = server.key_of(other, NewKey::default());
    assert_eq!(listed(&server, &theirs), json!([]));
    let remove = server.request("DELETE", &place).bearer(&theirs.token);
    assert_eq!(remove.send().status, 404);
    // What is there in one tenant is free in another.
    add(&server, &theirs, &json!({ "uri": URI })).expect(201);
    let admin = narrow(&["admin"], None);
    assert_eq!(listed(&server, &admin).as_array().unwrap().len(), 1);
    assert_eq!(server.users_of(TenantId(1)), 0);
}

#[test]
fn an_addition_is_repeated_by_its_key_and_leaves_one_event_each() {
    let server = Server::start();
    let key = server.key();
    let once = || {
        let post = server.post("/v1/redirects").bearer(&key.token);
        let post = post.header("idempotency-key", "k1");
        post.json(&json!({ "uri": URI })).send().expect(201)
    };
    let added = once();
    assert_eq!(once(), added);
    let place = format!("/v1/redirects/{}", added["id"]);
    let remove = server.request("DELETE", &place).bearer(&key.token);
    remove.send().assert_empty(204);
    let (actor, id) = (server.operator(), added["id"].clone());
    let subject = directory::event::Subject::new("redirect", id);
    let told = server.read(move |tx| directory::event::history(tx, &actor, &subject));
    let types: Vec<_> = told.iter().map(|each| each.event_type.as_str()).collect();
    assert_eq!(types, ["redirect_added", "redirect_removed"]);
    assert!(told.iter().all(|each| each.change.contains(URI)));
}
