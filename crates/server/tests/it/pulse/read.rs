//! `GET /users/{email or id}`.

use directory::jobs;
use directory::keys::NewKey;
use directory::permission::{Permission, PermissionSet};
use directory::store::Job;
use serde_json::{Value, json};

use super::{Desk, assert_error};
use crate::harness::START;

#[test]
fn a_user_is_read_by_id_and_by_email_alike() {
    let desk = Desk::open();
    let user = desk.made(&json!({"email": "Ada.L+crm@Example.org", "roles": ["manager"]}));
    let id = user["id"].to_string();
    for who in [
        id.as_str(),
        "Ada.L+crm@Example.org",
        "ada.l+crm@example.org",
        "Ada.L%2Bcrm%40Example.org",
        "%61da.l+crm@EXAMPLE.ORG",
    ] {
        let answer = desk.read(who);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        answer.assert(200, &user);
    }
}

#[test]
fn an_email_with_a_slash_or_another_script_is_found() {
    let desk = Desk::open();
    let slash = desk.made(&json!({"email": "a/b@example.org"}));
    desk.read("a%2Fb@example.org").assert(200, &slash);
    let script = desk.made(&json!({"email": "ada@bücher.example"}));
    desk.read("ada@b%C3%BCcher.example").assert(200, &script);
    desk.read("ada@xn--bcher-kva.example").assert(200, &script);
}

#[test]
fn digits_are_an_id_and_never_an_email() {
    let desk = Desk::open();
    let user = desk.made(&json!({"email": "12345@example.org"}));
    desk.read("12345@example.org").assert(200, &user);
    assert_error(&desk.read("12345"), 404, "not found");
}

#[test]
fn what_names_nobody_is_not_found() {
    let desk = Desk::open();
    let user = desk.made(&json!({"email": "ada@example.org"}));
    let zeroed = format!("0{}", user["id"]);
    for who in [
        zeroed.as_str(),
        "0",
        "-1",
        "999999999",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999999999999999",
        "1.0",
        "nobody@example.org",
        "ada",
        "ada@localhost",
        "@example.org",
        "ada@@example.org",
        "%20",
        "%00",
        "ada%00@example.org",
        "%FF%FE",
        "*",
        "%25",
        "null",
        "%D9%A1",
    ] {
        assert_error(&desk.read(who), 404, "not found");
    }
    let long = format!("{}@example.org", "x".repeat(4_000));
    assert_error(&desk.read(long), 404, "not found");
}

#[test]
fn who_is_no_member_of_the_headers_account_is_not_found() {
    let desk = Desk::open();
    let other = desk.server.account("Other");
    let make = |email: &str, accounts: Value| {
        let body = json!({"email": email, "accounts": accounts});
        let made = desk.server.post("/v1/users").bearer(&desk.key.token);
        made.json(&body).send().expect(201)["id"].clone()
    };
    let loose = make("loose@example.org", json!([]));
    let elsewhere = make("else@example.org", json!([{"id": other}]));
    for who in [&loose, &elsewhere] {
        assert_error(&desk.read(who), 404, "not found");
    }
    assert_error(&desk.read("else@example.org"), 404, "not found");
    let there = desk
        .server
        .get("/users/else@example.org")
        .bearer(&desk.key.token)
        .header("x-account-id", &other.to_string())
        .send();
    assert_eq!(there.expect(200)["id"], elsewhere);
}

#[test]
fn a_user_of_another_tenant_is_not_found_as_an_absent_one() {
    let desk = Desk::open();
    let tenant = desk.server.tenant("other");
    let account = desk.server.account_of(tenant, "Theirs");
    let key = desk.server.key_of(tenant, NewKey::default());
    let theirs = desk
        .server
        .post("/users")
        .bearer(&key.token)
        .header("x-account-id", &account.to_string())
        .json(&json!({"email": "eve@example.org"}))
        .send()
        .expect(201);
    let absent = desk.read("999999999");
    assert_error(&absent, 404, "not found");
    desk.read(&theirs["id"]).assert(404, &absent.json());
    desk.read("eve@example.org").assert(404, &absent.json());
}

#[test]
fn a_deleted_user_is_not_found() {
    let desk = Desk::open();
    let user = desk.made(&json!({"email": "ada@example.org"}));
    let path = format!("/v1/users/{}", user["id"]);
    let gone = desk.server.request("DELETE", &path).bearer(&desk.key.token);
    gone.send().assert_empty(204);
    assert_error(&desk.read(&user["id"]), 404, "not found");
    assert_error(&desk.read("ada@example.org"), 404, "not found");
}

#[test]
fn a_user_made_elsewhere_is_shown_in_the_seeds_shape() {
    let desk = Desk::open();
    let second = desk.server.account("Second");
    let body = json!({
        "email": "wil@example.org", "kind": "worker", "first_name": "Wil", "last_name": "Ng",
        "phone": "+1 415 555 2671", "avatar_url": "https://img.example/w.png", "city": "Oslo",
        "accounts": [
            {"id": desk.account, "role": "customer_admin", "admin": true},
            {"id": second, "primary": true},
        ],
    });
    let made = desk.server.post("/v1/users").bearer(&desk.key.token);
    let id = made.json(&body).send().expect(201)["id"].clone();
    let mut administers: Vec<_> = PermissionSet::ACCOUNT_ADMIN
        .iter()
        .map(Permission::name)
        .collect();
    administers.sort_unstable();
    let user = json!({
        "id": id, "email": "wil@example.org", "name": "Wil Ng", "active": true, "teamId": null,
        "phone": "+1 415 555 2671", "imgSrc": "https://img.example/w.png",
        "notificationPreferences": {}, "createdBy": super::OWNER, "updatedBy": super::OWNER,
        "createdAt": START, "updatedAt": START,
        "accounts": [
            {"accountId": second.to_string(), "accountName": "Second",
             "usersPrimaryAccount": true, "accountAdmin": false},
            {"accountId": desk.account.to_string(), "accountName": "Acme Payments",
             "usersPrimaryAccount": false, "accountAdmin": true},
        ],
        "flatRolesList": [], "flatPermissionsList": administers,
    });
    desk.read(&id).assert(200, &user);
}

#[test]
fn an_update_shows_its_time_and_who_made_it() {
    let desk = Desk::open();
    let user = desk.made(&json!({"email": "ada@example.org"}));
    desk.server.advance(std::time::Duration::from_secs(60));
    let editor = desk.server.key_with(NewKey {
        owner_email: Some("editor@acme.example".to_owned()),
        ..NewKey::default()
    });
    let path = format!("/v1/users/{}", user["id"]);
    let patch = desk.server.request("PATCH", &path).bearer(&editor.token);
    let change = json!({"name": "Ada", "suspended_at": "2026-11-21T00:00:00Z"});
    patch.json(&change).send().expect(200);
    let mut expected = user.clone();
    expected["name"] = json!("Ada");
    expected["active"] = json!(false);
    expected["updatedBy"] = json!("editor@acme.example");
    expected["updatedAt"] = json!("2026-11-21T04:51:40.123Z");
    desk.read(&user["id"]).assert(200, &expected);
}

#[test]
fn a_read_scope_reads_and_makes_nothing() {
    let desk = Desk::open();
    let user = desk.made(&json!({"email": "ada@example.org"}));
    let key = desk.bound(&["users:read"]);
    let path = format!("/users/{}", user["id"]);
    desk.request_as(&key, "GET", &path)
        .send()
        .assert(200, &user);
    let create = desk.request_as(&key, "POST", "/users");
    let refused = create.json(&json!({"email": "bob@example.org"})).send();
    assert_error(&refused, 403, "the credential does not allow this");
    assert_eq!(desk.server.user_count(), 1);
}

#[test]
fn without_the_permission_to_read_nothing_is_told() {
    let desk = Desk::open();
    let user = desk.made(&json!({"email": "ada@example.org"}));
    let key = desk.bound(&["groups:write"]);
    for who in [
        user["id"].to_string().as_str(),
        "999999999",
        "ada",
        "a@b.example",
    ] {
        let answer = desk
            .request_as(&key, "GET", &format!("/users/{who}"))
            .send();
        assert_error(&answer, 403, "the credential does not allow this");
    }
}

/// A worker who has a job with the desk's account under way; a member only where asked for.
fn working(desk: &Desk, email: &str, member: bool) -> Value {
    let accounts = if member {
        json!([{"id": desk.account}])
    } else {
        json!([])
    };
    let body = json!({"email": email, "kind": "worker", "accounts": accounts});
    let made = desk.server.post("/v1/users").bearer(&desk.key.token);
    let id = made.json(&body).send().expect(201)["id"].clone();
    let job = Job {
        external_id: email.to_owned(),
        name: None,
        worker_id: id.as_i64().unwrap(),
        account_id: desk.account,
        state: "in_progress".to_owned(),
        state_at: desk.server.now(),
        place: None,
    };
    let actor = desk.server.operator();
    desk.server
        .write(move |tx| jobs::put(tx, &actor, &job.clone().into(), Default::default()).map(drop));
    id
}

#[test]
fn public_pool_access_makes_nobody_and_sees_members_with_a_job_alone() {
    let desk = Desk::open();
    let idle = desk.made(&json!({"email": "ada@example.org"}))["id"].clone();
    let stranger = working(&desk, "sam@example.org", false);
    let member = working(&desk, "wil@example.org", true);
    let key = desk.server.key_with(NewKey {
        account_id: Some(desk.account),
        public_pool: true,
        ..NewKey::default()
    });
    for who in [idle, stranger] {
        let read = desk.request_as(&key, "GET", &format!("/users/{who}"));
        assert_error(&read.send(), 404, "not found");
    }
    let read = desk.request_as(&key, "GET", &format!("/users/{member}"));
    assert_eq!(read.send().expect(200)["id"], member);
    let create = desk.request_as(&key, "POST", "/users");
    let refused = create.json(&json!({"email": "bob@example.org"})).send();
    assert_error(&refused, 403, "the credential has Public Pool access only");
    assert_eq!(desk.server.user_count(), 3);
}
