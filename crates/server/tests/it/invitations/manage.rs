//! `/v1/invitations`.

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{Case, assert_page};
use crate::harness::START;

#[test]
fn an_invitation_is_listed_with_what_may_be_known_of_it() {
    let case = Case::start();
    let (worker, _) = case.invited();
    let own = case.of_user(&worker["id"]);
    let id = own[0]["id"].clone();
    let expected = json!([{
        "id": id, "kind": "invite", "state": "out", "user_id": worker["id"], "group_id": null,
        "permission": null, "channel": "email", "sent_at": START, "created_at": START,
        "expires_at": "2026-12-05T04:50:40.123Z", "ended_at": null,
    }]);
    assert_eq!(json!(own), expected);
}

#[test]
fn the_list_is_filtered_and_paged() {
    let case = Case::start();
    let mut numbers = Vec::new();
    for each in 0..4 {
        let phone = format!("415 555 267{each}");
        let email = format!("{each}@example.org");
        let worker = case.invite(json!({ "email": email, "phone": phone }));
        numbers.push(case.number(&worker["id"]));
    }
    let messages = case.messages();
    let first = messages.iter().find(|each| each.to == "0@example.org");
    assert_eq!(case.accept(&first.unwrap().link).status, 200);
    let revoke = format!("/v1/invitations/{}/revoke", numbers[1]);
    case.native("POST", &revoke).send().assert_empty(204);
    case.server
        .advance(std::time::Duration::from_secs(14 * 24 * 3_600));
    let resend = format!("/v1/invitations/{}/resend", numbers[2]);
    assert_eq!(case.native("POST", &resend).send().status, 202);
    let ids = |path: &str| -> Vec<i64> {
        let page = case.native("GET", path).send().expect(200);
        let rows = page["data"].as_array().unwrap();
        rows.iter()
            .map(|each| each["id"].as_i64().unwrap())
            .collect()
    };
    for (state, place) in [("accepted", 0), ("revoked", 1), ("out", 2), ("expired", 3)] {
        let found = ids(&format!("/v1/invitations?state={state}"));
        assert_eq!(found, [numbers[place]], "{state}");
    }
    assert_eq!(ids("/v1/invitations"), numbers);
    assert_eq!(ids("/v1/invitations?user_id=999999"), Vec::<i64>::new());
    let first = case
        .native("GET", "/v1/invitations?limit=3")
        .send()
        .expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = ids(&format!("/v1/invitations?limit=3&cursor={cursor}"));
    assert_eq!(rest, [numbers[3]]);
    for bad in [
        "state=lost",
        "state=",
        "user_id=0",
        "user_id=x",
        "email=a",
        "cursor=x",
        "limit=0",
    ] {
        let refused = case.native("GET", &format!("/v1/invitations?{bad}")).send();
        assert_eq!(refused.status, 400, "{bad}");
    }
}

#[test]
fn sending_again_ends_the_link_before() {
    let case = Case::start();
    let (worker, old) = case.invited();
    case.server
        .advance(std::time::Duration::from_secs(24 * 3_600));
    let path = format!("/v1/invitations/{}/resend", case.number(&worker["id"]));
    let answer = case.native("POST", &path).send().expect(202);
    assert_eq!(answer["expires_at"], "2026-12-06T04:50:40.123Z");
    assert_eq!(
        (&answer["state"], &answer["sent_at"]),
        (&json!("out"), &Value::Null)
    );
    assert_page(&case.open(&old), 404, "This link does not work");
    let messages = case.messages();
    assert_eq!(messages.len(), 2);
    assert_ne!(messages[1].link, old);
    assert_eq!(case.accept(&old).status, 404);
    assert_eq!(case.accept(&messages[1].link).status, 200);
    let refused = case.native("POST", &path).send().expect(409);
    assert_eq!(refused["code"], "conflict");
}

#[test]
fn sending_again_under_one_idempotency_key_sends_once() {
    let case = Case::start();
    let (worker, _) = case.invited();
    let path = format!("/v1/invitations/{}/resend", case.number(&worker["id"]));
    let send = || {
        case.native("POST", &path)
            .header("idempotency-key", "a")
            .send()
    };
    let first = send();
    assert_eq!((first.status, send().text), (202, first.text));
    assert_eq!(case.messages().len(), 2);
}

#[test]
fn a_revoked_invitation_opens_no_more() {
    let case = Case::start();
    let (worker, link) = case.invited();
    let path = format!("/v1/invitations/{}/revoke", case.number(&worker["id"]));
    case.native("POST", &path).send().assert_empty(204);
    assert_page(&case.open(&link), 410, "This invitation was taken back");
    assert_page(&case.accept(&link), 410, "This invitation was taken back");
    assert_eq!(case.stored(&worker["id"])["status"], "pending");
    assert_eq!(
        case.native("POST", &path).send().expect(409)["code"],
        "conflict"
    );
}

#[test]
fn invitations_of_others_are_not_there_and_managing_needs_the_scope() {
    let case = Case::start();
    let (worker, link) = case.invited();
    let number = case.number(&worker["id"]);
    let stranger = case.server.tenant("stranger");
    let stranger = case.server.key_of(stranger, NewKey::default());
    let scoped = |scope: &str, public_pool: bool| {
        case.server.key_with(NewKey {
            scopes: [scope.to_owned()].into(),
            account_id: Some(case.account),
            public_pool,
            ..NewKey::default()
        })
    };
    let (reader, pool) = (scoped("users:read", false), scoped("users:write", true));
    for action in ["resend", "revoke"] {
        let path = format!("/v1/invitations/{number}/{action}");
        for (key, status) in [(&stranger, 404), (&reader, 403), (&pool, 403)] {
            let refused = case.server.post(&path).bearer(&key.token).send();
            assert_eq!(refused.status, status, "{action}");
        }
        assert_eq!(case.server.post(&path).send().status, 401);
        let absent = format!("/v1/invitations/999999/{action}");
        assert_eq!(case.native("POST", &absent).send().status, 404);
    }
    let listed = |token: &str| case.server.get("/v1/invitations").bearer(token).send();
    assert_eq!(listed(&stranger.token).expect(200)["data"], json!([]));
    assert_eq!(listed(&pool.token).expect(200)["data"], json!([]));
    let seen = listed(&reader.token).expect(200);
    assert_eq!(seen["data"].as_array().unwrap().len(), 1);
    assert_eq!(case.open(&link).status, 200);
}

#[test]
fn an_invitation_that_ran_out_is_told_of_in_the_feed() {
    let case = Case::start();
    let (worker, link) = case.invited();
    let told = || -> Vec<Value> {
        case.server.settle();
        let path = "/v1/events?type=invitation_expired";
        let page = case.native("GET", path).send().expect(200);
        page["data"].as_array().unwrap().clone()
    };
    let hours = |hours: u64| std::time::Duration::from_secs(hours * 3_600);
    case.server
        .advance(hours(14 * 24) - std::time::Duration::from_millis(1));
    assert_eq!(told(), [] as [Value; 0]);
    case.server.advance(std::time::Duration::from_millis(1));
    let first = told();
    assert_eq!(first.len(), 1);
    let number = case.number(&worker["id"]);
    assert_eq!(
        first[0]["subject"]["id"].to_string().replace('"', ""),
        number.to_string()
    );
    assert_page(&case.open(&link), 410, "This invitation has expired");
    case.server.advance(hours(1));
    assert_eq!(told(), first, "once");
    let path = format!("/v1/invitations/{number}/resend");
    assert_eq!(case.native("POST", &path).send().status, 202);
    case.server.advance(hours(14 * 24));
    assert_eq!(told().len(), 2);
}
