//! `/api_v2/badges`.

use directory::keys::NewKey;
use serde_json::{Value, json};

use crate::harness::Server;

#[test]
fn a_badge_is_created_read_and_listed() {
    let server = Server::start();
    let key = server.key();
    let whole = json!({
        "name": "Forklift", "description": "May drive one", "info_url": "https://example.org/f",
        "remote_icon_url": "https://example.org/f.png", "is_soft": true,
    });
    let form = "badge[name]=Barista&badge[is_soft]=0";
    let post = || server.post("/api_v2/badges").bearer(&key.token);
    let mut badges: Vec<Value> = Vec::new();
    for (request, expected) in [
        (post().json(&json!({ "badge": whole })), whole.clone()),
        (post().json(&whole), whole),
        (
            post().form(form),
            json!({"name": "Barista", "is_soft": false}),
        ),
    ] {
        let answer = request.send();
        let badge = answer.expect(201)["badge"].clone();
        let empty = json!({
            "id": badge["id"], "description": null, "info_url": null, "remote_icon_url": null,
        });
        let expected = super::with(empty, expected);
        answer.assert(201, &json!({ "badge": expected }));
        assert!(badge["id"].is_i64());
        for path in [
            format!("/api_v2/badges/{}", badge["id"]),
            format!("/api_v2/badges/{}.json", badge["id"]),
        ] {
            let read = server.get(&path).bearer(&key.token).send();
            read.assert(200, &json!({ "badge": badge }));
        }
        badges.push(badge);
    }
    for path in ["/api_v2/badges", "/api_v2/badges.json"] {
        let listed = server.get(path).bearer(&key.token).send();
        listed.assert(200, &json!({ "badges": badges }));
    }
}

#[test]
fn a_list_of_badges_holds_all() {
    let server = Server::start();
    let key = server.key();
    server.write(|tx| {
        let actor = directory::Actor::system(directory::TenantId(1), "test");
        for number in 0..401 {
            let new = directory::badges::NewBadge {
                name: format!("B{number}"),
                ..Default::default()
            };
            directory::badges::create(tx, &actor, &new, Default::default())?;
        }
        Ok(())
    });
    let listed = server
        .get("/api_v2/badges")
        .bearer(&key.token)
        .send()
        .expect(200);
    let names: Vec<&str> = listed["badges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["name"].as_str().unwrap())
        .collect();
    assert_eq!((names.len(), names[0], names[400]), (401, "B0", "B400"));
}

#[test]
fn a_badge_that_is_wrong_is_refused() {
    let server = Server::start();
    let key = server.key();
    let post = |body: Value| {
        server
            .post("/api_v2/badges")
            .bearer(&key.token)
            .json(&body)
            .send()
    };
    post(json!({})).assert(422, &json!({"error": "Missing parameter badge"}));
    let no_hash = json!({"error": "Invalid parameter 'badge': Must be a Hash"});
    post(json!({"badge": "x"})).assert(422, &no_hash);
    let blank = json!({"errors": {"name": ["can't be blank"]}});
    for body in [
        json!({"badge": {}}),
        json!({"name": " "}),
        json!({"is_soft": true}),
    ] {
        post(body).assert(422, &blank);
    }
    let all = json!({
        "name": 7, "description": 7, "info_url": true, "remote_icon_url": [], "is_soft": "maybe",
    });
    let errors = json!({
        "name": ["is invalid"], "description": ["is invalid"], "info_url": ["is invalid"],
        "remote_icon_url": ["is invalid"], "is_soft": ["is not included in the list"],
    });
    post(all).assert(422, &json!({ "errors": errors }));
    let long = json!({"name": "x".repeat(256), "remote_icon_url": "a\0"});
    let errors = json!({
        "name": ["is too long (maximum is 255 characters)"], "remote_icon_url": ["is invalid"],
    });
    post(long).assert(422, &json!({ "errors": errors }));
    let listed = server.get("/api_v2/badges").bearer(&key.token).send();
    listed.assert(200, &json!({"badges": []}));
}

#[test]
fn badges_are_read_by_public_pool_access_and_made_by_full_access() {
    let server = Server::start();
    let badge = server.badge("Forklift");
    let pool = server.key_with(NewKey {
        account_id: Some(server.account("Acme")),
        public_pool: true,
        ..NewKey::default()
    });
    let made = server
        .post("/api_v2/badges")
        .bearer(&pool.token)
        .json(&json!({}))
        .send();
    made.assert(
        403,
        &json!({"error": "the credential has Public Pool access only"}),
    );
    let listed = server
        .get("/api_v2/badges")
        .bearer(&pool.token)
        .send()
        .expect(200);
    assert_eq!(listed["badges"][0]["id"], badge);
    let foreign = server.badge_of(server.tenant("far"), "Far");
    for absent in [foreign.to_string(), "0".to_owned(), "x".to_owned()] {
        let answer = server
            .get(&format!("/api_v2/badges/{absent}"))
            .bearer(&pool.token)
            .send();
        answer.assert(404, &json!({"error": "not found"}));
    }
}
