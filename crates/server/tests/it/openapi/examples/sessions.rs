//! Sessions, and what users are told of.

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::recorder::{ORIGIN, Recorder, body};
use crate::harness::authenticator::Authenticator;

const PASSWORD: &str = "Tide-plank7-ferry";

pub fn run(recorder: &mut Recorder) {
    rights(recorder);
    notifications(recorder);
    let new = json!({"email": "joan@example.org", "name": "Joan Clarke", "password": PASSWORD});
    let made = recorder.call("POST", "/v1/users", body(&new)).json();
    let user = format!("/v1/users/{}", made["id"]);
    let login = json!({"email": "joan@example.org", "password": PASSWORD});
    let first = recorder
        .ask("POST", "/v1/sessions", body(&login), &[])
        .json();
    let token = first["token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    let own = [("authorization", bearer.as_str())];
    recorder.ask("GET", "/v1/sessions", None, &own);
    recorder.ask("GET", "/v1/session", None, &own);
    let rotated = recorder
        .ask("POST", "/v1/session/rotate", None, &own)
        .json();
    let bearer = format!("Bearer {}", rotated["token"].as_str().unwrap());
    recorder.ask("DELETE", "/v1/session", None, &[("authorization", &bearer)]);
    recorder.call("GET", &format!("{user}/sessions"), None);
    passkeys(recorder, &user, &login);
    let reason = json!({"reason": "Ticket 4711: cannot see their badges"});
    impersonate(recorder, &user, &reason);
    of_pulse(recorder, &login);
    recorder.call("DELETE", &format!("{user}/sessions"), None);
}

fn of_pulse(recorder: &mut Recorder, login: &Value) {
    let begun = recorder.ask("POST", "/auth/login", body(login), &[]).json();
    let bearer = format!("Bearer {}", begun["token"].as_str().unwrap());
    let own = [("authorization", bearer.as_str())];
    recorder.ask("GET", "/auth/session", None, &own);
    recorder.ask("POST", "/auth/logout", None, &own);
}

fn passkeys(recorder: &mut Recorder, user: &str, login: &Value) {
    let begun = recorder
        .ask("POST", "/v1/sessions", body(login), &[])
        .json();
    let bearer = format!("Bearer {}", begun["token"].as_str().unwrap());
    let own = [("authorization", bearer.as_str())];
    let nothing = json!({});
    let path = "/v1/passkeys/registration-options";
    let challenge = recorder.ask("POST", path, body(&nothing), &own).json();
    let mut device = Authenticator::at(ORIGIN);
    let credential = device.create(&challenge["options"]);
    let new = json!({"ceremony": challenge["ceremony"], "name": "Laptop",
        "credential": credential});
    let made = recorder.ask("POST", "/v1/passkeys", body(&new), &own);
    let place = made.header("location").unwrap().to_owned();
    recorder.call("GET", &format!("{user}/passkeys"), None);
    recorder.call("GET", &place, None);
    let name = json!({"name": "Phone"});
    recorder.call("PATCH", &place, body(&name));
    let patch = Some(("application/merge-patch+json", name.to_string()));
    recorder.call("PATCH", &place, patch);
    let path = "/v1/passkeys/authentication-options";
    let challenge = recorder.ask("POST", path, body(&nothing), &[]).json();
    let credential = device.get(&challenge["options"]);
    let answer = json!({"ceremony": challenge["ceremony"], "credential": credential});
    recorder.ask("POST", "/v1/passkeys/authenticate", body(&answer), &[]);
    recorder.call("POST", &format!("{user}/passkey-registration"), None);
    recorder.call("DELETE", &place, None);
}

/// Only who acts for somebody can act as another: a key with an owner.
fn impersonate(recorder: &mut Recorder, user: &str, reason: &Value) {
    let owned = recorder.server.key_with(NewKey {
        owner_email: Some("support@example.org".to_owned()),
        ..NewKey::default()
    });
    let all = std::mem::replace(&mut recorder.key, owned);
    let begun = recorder.call("POST", &format!("{user}/impersonate"), body(reason));
    recorder.key = all;
    let place = begun.header("location").unwrap_or_default().to_owned();
    recorder.call("DELETE", &place, None);
}

/// Members, roles and grants.
fn rights(recorder: &mut Recorder) {
    let members = format!("/v1/accounts/{}/members", recorder.account);
    let user = recorder.user("frances@example.org");
    let part = json!({"user_id": user, "role": "member", "admin": true});
    recorder.call("POST", &members, body(&part));
    recorder.call("GET", &format!("{members}?limit=1"), None);
    let member = format!("{members}/{user}");
    recorder.call("GET", &member, None);
    recorder.call("PATCH", &member, body(&json!({"role": "read_only"})));
    let patch = json!({"primary": true}).to_string();
    recorder.call(
        "PATCH",
        &member,
        Some(("application/merge-patch+json", patch)),
    );
    let role = json!({"name": "support", "permissions": ["readUsers", "readTeams"]});
    let made = recorder.call("POST", "/v1/roles", body(&role));
    let role = made.header("location").unwrap().to_owned();
    recorder.call("GET", "/v1/roles?limit=2", None);
    recorder.call("GET", &role, None);
    let change = json!({"permissions": ["readUsers"]});
    recorder.call("PATCH", &role, body(&change));
    let patch = Some(("application/merge-patch+json", change.to_string()));
    recorder.call("PATCH", &role, patch);
    let grant = json!({"account_id": recorder.account, "roles": ["support"]});
    recorder.call("PUT", &format!("/v1/users/{user}/roles"), body(&grant));
    recorder.call("GET", &format!("/v1/users/{user}/roles"), None);
    let grant = json!({"account_id": null, "permissions": ["readEvents"]});
    recorder.call(
        "PUT",
        &format!("/v1/users/{user}/permissions"),
        body(&grant),
    );
    recorder.call("GET", &format!("/v1/users/{user}/permissions"), None);
}

fn notifications(recorder: &mut Recorder) {
    let mandatory = json!({"data": [{"event": "system_error", "channels": ["email"]}]});
    recorder.call("PUT", "/v1/mandatory-notifications", body(&mandatory));
    recorder.call("GET", "/v1/mandatory-notifications", None);
    let user = "/v1/users/1";
    let rules = json!({"data": [
        {"event": "lead_created", "account_id": null, "channels": ["website", "email"]},
    ]});
    let preferences = format!("{user}/notification-preferences");
    recorder.call("PUT", &preferences, body(&rules));
    recorder.call("GET", &preferences, None);
    let pulse = "/users/hedy@example.org/notification-preferences";
    let rules = json!([{"event": "lead_created", "deliveryPref": ["website"]}]);
    recorder.call("PUT", pulse, body(&rules));
    recorder.call("GET", pulse, None);
    let report = json!({"id": "crm-552", "type": "lead_created",
        "subject": {"type": "lead", "id": "552"}, "data": {"source": "fair"}});
    recorder.call("POST", "/v1/events", body(&report));
    recorder.server.settle();
    for (list, id) in [
        (format!("{user}/notifications"), "id"),
        ("/users/hedy@example.org/notifications".to_owned(), "id"),
    ] {
        let listed = recorder.call("GET", &list, None).json();
        let one = &listed["data"][0][id];
        recorder.call("POST", &format!("{list}/{one}/read"), None);
        recorder.call("POST", &format!("{list}/read"), None);
    }
    recorder.call("GET", &format!("{user}/notifications/unread"), None);
}
