//! The vendors' APIs, and the invitations that they cause.

use serde_json::json;

use super::recorder::{Body, Recorder, body};

const PASSWORD: &str = "Tide-plank7-ferry";

/// A body as a form sends it.
fn form(text: &str) -> Body {
    Some(("application/x-www-form-urlencoded", text.to_owned()))
}

pub fn run(recorder: &mut Recorder) {
    wonolo(recorder);
    pulse(recorder);
    platformos(recorder);
    legalesign(recorder);
    invitations(recorder);
}

fn wonolo(recorder: &mut Recorder) {
    let (id, secret) = (recorder.key.id.clone(), recorder.key.secret.clone());
    let key = json!({"api_key": id, "secret_key": secret});
    for path in ["/api_v2/authorize", "/api_v2/authenticate"] {
        recorder.ask("POST", path, body(&key), &[]);
        let key = form(&format!("api_key={id}&secret_key={secret}"));
        recorder.ask("POST", path, key, &[]);
    }
    let badge = json!({"badge": {"name": "Food handler", "is_soft": true}});
    let made = recorder.call("POST", "/api_v2/badges", body(&badge)).json();
    recorder.call("POST", "/api_v2/badges", form("badge[name]=First+aid"));
    recorder.call("GET", "/api_v2/badges", None);
    recorder.call(
        "GET",
        &format!("/api_v2/badges/{}", made["badge"]["id"]),
        None,
    );
    let worker = json!({"user": {
        "type": "Worker", "email": "alan@example.org", "first_name": "Alan",
        "last_name": "Turing", "password": PASSWORD, "password_confirmation": PASSWORD,
        "phone": "+1 415 555 2672", "user_badges_attributes": [{"badge_id": 2}],
    }});
    let made = recorder.call("POST", "/api_v2/users", body(&worker)).json();
    let employer = format!(
        "user[type]=Employer&user[email]=mary@example.org&user[first_name]=Mary\
         &user[last_name]=Jackson&user[password]={PASSWORD}\
         &user[password_confirmation]={PASSWORD}&user[role]=requestor&user[customer_id]={}",
        recorder.account,
    );
    recorder.call("POST", "/api_v2/users", form(&employer));
    recorder.call("POST", "/api_v2/users?page=1&per=1", None);
    recorder.call("GET", "/api_v2/users?page=1&per=2", None);
    let alan = format!("/api_v2/users/{}", made["user"]["id"]);
    recorder.call("GET", &alan, None);
    for method in ["PATCH", "PUT"] {
        recorder.call(method, &alan, body(&json!({"user": {"city": "London"}})));
        recorder.call(method, &alan, form("user[rating]=4.5"));
    }
    recorder.call("GET", "/api_v2/users/1/tracking", None);
    let invited = json!({"user": {"type": "Worker", "first_name": "Katherine",
        "last_name": "Johnson", "phone": "+1 415 555 2673", "email": "katherine@example.org"}});
    recorder.call("POST", "/api_v2/users/invite", body(&invited));
    let invited = "user[type]=Worker&user[first_name]=Dorothy&user[last_name]=Vaughan\
                   &user[phone]=%2B14155552674";
    recorder.call("POST", "/api_v2/users/invite", form(invited));
}

fn pulse(recorder: &mut Recorder) {
    let user = json!({
        "email": "hedy@example.org", "name": "Hedy Lamarr", "phone": "+1 415 555 2675",
        "roles": ["viewer"],
        "notificationPreferences": [
            {"event": "lead_created", "deliveryPref": ["website", "email"]},
        ],
    });
    recorder.call("POST", "/users", body(&user));
    recorder.call("GET", "/users/hedy@example.org", None);
    recorder.call("GET", "/users?pageSize=1&sort=email", None);
    let change = json!({"name": "Hedwig Kiesler", "active": true});
    recorder.call("PATCH", "/users/hedy@example.org", body(&change));
    let other = json!({"email": "annie@example.org"});
    recorder.call("POST", "/users", body(&other));
    recorder.call("DELETE", "/users/annie@example.org", None);
}

fn platformos(recorder: &mut Recorder) {
    let user = json!({
        "form_configuration_name": "reference_rest_api_create_user",
        "form": {"email": "edsger@example.org", "password": PASSWORD, "first_name": "Edsger",
            "last_name": "Dijkstra"},
    });
    let made = recorder.call("POST", "/api/users", body(&user)).json();
    recorder.call("GET", &format!("/api/users/{}", made["id"]), None);
}

fn legalesign(recorder: &mut Recorder) {
    let group = json!({"name": "Contracts", "xframe_allow": false});
    let made = recorder.call("POST", "/api/v1/group/", body(&group));
    let group = made.header("location").unwrap().to_owned();
    let name = json!({"public_name": "Contracts team"});
    recorder.call("PATCH", &group, body(&name));
    let user = json!({
        "first_name": "Barbara", "last_name": "Liskov", "email": "barbara@example.org",
        "timezone": "Europe/London", "password": PASSWORD, "groups": group, "permission": "3",
    });
    let made = recorder.call("POST", "/api/v1/user/", body(&user));
    let place = made.header("location").unwrap().to_owned();
    recorder.call(
        "PATCH",
        &place,
        body(&json!({"first_name": "Barbara Jane"})),
    );
    recorder.call("GET", &place, None);
    recorder.call("GET", &group, None);
    recorder.call("GET", "/api/v1/group/?limit=1", None);
    members(recorder, &group);
    subscriptions(recorder, &group);
}

fn members(recorder: &mut Recorder, group: &str) {
    let known = json!({"email": "alan@example.org", "group": group, "permission": "2"});
    let added = recorder.call("POST", "/api/v1/member/", body(&known));
    let member = added.header("location").unwrap().to_owned();
    recorder.call("GET", &member, None);
    recorder.call("GET", "/api/v1/member/", None);
    recorder.call("DELETE", &member, None);
    let unknown = json!({"email": "lynn@example.org", "group": group});
    let invited = recorder.call("POST", "/api/v1/member/", body(&unknown));
    let invited = invited.header("location").unwrap().to_owned();
    recorder.call("GET", "/api/v1/invited/", None);
    recorder.call("DELETE", &invited, None);
}

fn subscriptions(recorder: &mut Recorder, group: &str) {
    let new = json!({"notify": "all", "url": "https://hooks.example.com/signed", "group": group});
    recorder.call("POST", "/api/v1/subscribe/", body(&new));
    recorder.call("GET", "/api/v1/notifications/", None);
    let end = json!({"url": "https://hooks.example.com/signed"});
    recorder.call("POST", "/api/v1/unsubscribe/", body(&end));
}

fn invitations(recorder: &mut Recorder) {
    recorder.server.settle();
    let listed = recorder.call("GET", "/v1/invitations?limit=2", None).json();
    let id = &listed["data"][0]["id"];
    recorder.call("POST", &format!("/v1/invitations/{id}/resend"), None);
    recorder.call("POST", &format!("/v1/invitations/{id}/revoke"), None);
}
