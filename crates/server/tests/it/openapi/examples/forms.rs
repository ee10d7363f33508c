//! Forms, and what is made through them.

use serde_json::{Value, json};

use super::recorder::{Body, Recorder, body};

const PASSWORD: &str = "Tide-plank7-ferry";

fn yaml(text: &str) -> Body {
    Some(("application/yaml", text.to_owned()))
}

pub fn run(recorder: &mut Recorder) {
    of_native(recorder);
    items(recorder);
    sessions(recorder);
    passwords(recorder);
}

fn of_native(recorder: &mut Recorder) {
    let boat = json!({"name": "boat", "resource": "Transactable", "type": "boat",
        "configuration": {"name": {}, "properties": {"feet": {
            "validation": {"numericality": {"greater_than": 0}}}}}});
    recorder.call("POST", "/v1/forms?dry_run=true", body(&boat));
    recorder.call("POST", "/v1/forms", body(&boat));
    let friend = "name: friend\nresource: RelationshipUser\ntype: friend\n\
                  configuration: { properties: { since: {} } }\n";
    recorder.call("POST", "/v1/forms", yaml(friend));
    let seller = json!({"name": "seller", "resource": "User", "configuration": {
        "email": {}, "first_name": {"validation": {"presence": true}}}});
    recorder.call("PUT", "/v1/forms/seller", body(&seller));
    let seller = "name: seller\nresource: User\nconfiguration:\n  email: {}\n  first_name: {}\n";
    recorder.call("PUT", "/v1/forms/seller", yaml(seller));
    recorder.call("GET", "/v1/forms?limit=1", None);
    recorder.call("GET", "/v1/forms/seller", None);
    recorder.call("GET", "/v1/forms/seller/schema", None);
}

fn filled(form: &str, fields: Value) -> Value {
    json!({ "form_configuration_name": form, "form": fields })
}

fn items(recorder: &mut Recorder) {
    let (owner, other) = (
        recorder.user("joshua@example.org"),
        recorder.user("bob@example.org"),
    );
    for (list, form, fields, change) in [
        (
            "/api/user/transactables",
            "boat",
            json!({"name": "Spray", "properties": {"feet": 36}}),
            json!({"properties": {"feet": 37}}),
        ),
        (
            "/api/user/relationship_users",
            "friend",
            json!({"user_id": other, "properties": {"since": "1895"}}),
            json!({"properties": {"since": "1896"}}),
        ),
    ] {
        let mut new = filled(form, fields);
        new["creator_id"] = owner.into();
        let made = recorder.call("POST", list, body(&new)).json();
        let place = format!("{list}/{}", made["id"]);
        let change = filled(form, change);
        recorder.call("PUT", &place, body(&change));
        recorder.call("PATCH", &place, body(&change));
        recorder.call("DELETE", &place, None);
    }
    let user = format!("/api/users/{owner}");
    let change = filled(
        "reference_rest_api_create_user",
        json!({"first_name": "Joshua"}),
    );
    recorder.call("PUT", &user, body(&change));
    recorder.call("PATCH", &user, body(&change));
    recorder.call("GET", "/api/users?page=1&per_page=1", None);
}

fn sessions(recorder: &mut Recorder) {
    let new = json!({"email": "nina@example.org", "password": PASSWORD});
    recorder.call("POST", "/v1/users", body(&new));
    let login = filled("reference_rest_api_create_session", new);
    let begun = recorder
        .ask("POST", "/api/sessions", body(&login), &[])
        .json();
    let own = format!("Token token={}", begun["token"].as_str().unwrap());
    recorder.ask("DELETE", "/api/sessions", None, &[("authorization", &own)]);
}

fn passwords(recorder: &mut Recorder) {
    let user = recorder.user("sofia@example.org");
    let new = json!({"new_password": PASSWORD, "change_due": true});
    recorder.call("POST", &format!("/v1/users/{user}/password"), body(&new));
    let email = json!({"email": "sofia@example.org"});
    recorder.ask("POST", "/v1/password-resets", body(&email), &[]);
    recorder.call("POST", &format!("/v1/users/{user}/password-reset"), None);
}
