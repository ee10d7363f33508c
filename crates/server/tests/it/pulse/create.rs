//! `POST /users` where it succeeds, and where the domain refuses it.

use std::collections::BTreeSet;

use directory::event::{self, Subject};
use directory::model::InvitationKind;
use directory::users::{self, Include, UserKey};
use serde_json::{Value, json};

use super::{Desk, OWNER, assert_error};
use crate::harness::START;

/// A user made by email alone, as the seed's `User` shows them.
fn bare(desk: &Desk, id: &Value, email: &str) -> Value {
    json!({
        "id": id, "email": email, "name": null, "active": true, "teamId": null,
        "phone": null, "imgSrc": null, "notificationPreferences": {},
        "createdBy": OWNER, "updatedBy": OWNER, "createdAt": START, "updatedAt": START,
        "accounts": [{
            "accountId": desk.account.to_string(), "accountName": "Acme Payments",
            "usersPrimaryAccount": true, "accountAdmin": false,
        }],
        "flatRolesList": [], "flatPermissionsList": [],
    })
}

#[test]
fn an_email_alone_makes_a_user_and_nothing_is_left_out() {
    let desk = Desk::open();
    let answer = desk.create(&json!({"email": "Ada@Example.org"}));
    let user = answer.expect(201);
    assert!(user["id"].is_i64());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(user, bare(&desk, &user["id"], "Ada@Example.org"));
    desk.read(&user["id"]).assert(200, &user);
}

#[test]
fn the_fields_shown_are_the_seeds_and_no_token() {
    let desk = Desk::open();
    let user = desk.made(&json!({"email": "ada@example.org", "token": "mine"}));
    let shown: BTreeSet<&str> = user
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let seed = BTreeSet::from([
        "id",
        "email",
        "name",
        "active",
        "teamId",
        "phone",
        "imgSrc",
        "notificationPreferences",
        "createdBy",
        "updatedBy",
        "createdAt",
        "updatedAt",
        "accounts",
        "flatRolesList",
        "flatPermissionsList",
    ]);
    assert_eq!(shown, seed);
}

#[test]
fn every_field_is_kept_and_shown() {
    let desk = Desk::open();
    let team = desk.server.group("Underwriting").id;
    let body = json!({
        "email": "ada@example.org", "name": "Ada King Lovelace", "phone": "(415) 555-2671",
        "imgSrc": "https://img.example/ada.png?size=2", "teamId": team, "active": false,
        "roles": ["viewer"],
        "notificationPreferences": [{"event": "lead_created", "deliveryPref": ["email"]}],
    });
    let user = desk.made(&body);
    let mut expected = bare(&desk, &user["id"], "ada@example.org");
    for field in ["name", "phone", "imgSrc", "teamId", "active"] {
        expected[field] = body[field].clone();
    }
    expected["notificationPreferences"] = json!({"lead_created": {"deliveryPref": ["email"]}});
    expected["flatRolesList"] = json!(["viewer"]);
    expected["flatPermissionsList"] =
        json!(["readAccounts", "readBadges", "readTeams", "readUsers"]);
    assert_eq!(user, expected);
    desk.read(&user["id"]).assert(200, &expected);
    let native = desk.native(&user["id"]);
    assert_eq!(native["name"], "Ada King Lovelace");
    assert_eq!(native["phone"], "(415) 555-2671");
    assert_eq!(native["avatar_url"], "https://img.example/ada.png?size=2");
    assert_eq!(
        (&native["status"], &native["suspended_at"]),
        (&json!("suspended"), &json!(START))
    );
}

#[test]
fn a_new_user_is_pending_and_is_sent_a_link_to_set_a_password() {
    let desk = Desk::open();
    let user = desk.made(&json!({"email": "ada@example.org"}));
    let id = user["id"].as_i64().unwrap();
    assert_eq!(desk.native(&user["id"])["status"], "pending");
    let out = desk.server.invitations_of(id);
    assert_eq!(out.len(), 1);
    assert_eq!(
        (out[0].kind, out[0].group_id, out[0].redirect_to.clone()),
        (InvitationKind::Verify, None, None)
    );
    let invitation = out[0].id;
    let actor = desk.server.operator();
    let events = desk
        .server
        .read(move |tx| event::history(tx, &actor, &Subject::new("invitation", invitation)));
    let told: Vec<_> = events
        .iter()
        .map(|each| (each.event_type.as_str(), each.account_id))
        .collect();
    assert_eq!(told, [("invitation_created", Some(desk.account))]);
}

#[test]
fn a_new_user_is_a_member_of_the_headers_account_which_is_primary() {
    let desk = Desk::open();
    let user = desk.made(&json!({"email": "ada@example.org"}));
    assert_eq!(
        desk.native(&user["id"])["accounts"],
        json!([{
            "id": desk.account, "name": "Acme Payments", "role": "member", "admin": false,
            "primary": true,
        }])
    );
}

#[test]
fn what_happened_is_told_in_the_headers_account() {
    let desk = Desk::open();
    let plain = desk.made(&json!({"email": "ada@example.org"}));
    let told = |user: &Value| -> Vec<_> {
        let events = desk.server.user_events(user["id"].as_i64().unwrap());
        events
            .into_iter()
            .map(|each| {
                assert_eq!(
                    (each.actor_type.as_str(), &each.actor_id),
                    ("key", &desk.key.id)
                );
                (each.event_type, each.account_id)
            })
            .collect()
    };
    let here = Some(desk.account);
    assert_eq!(
        told(&plain),
        [
            ("user_created".to_owned(), here),
            ("user_added_to_account".to_owned(), here),
        ]
    );
    let viewer = desk.made(&json!({"email": "bob@example.org", "roles": ["viewer"]}));
    assert_eq!(
        told(&viewer).last(),
        Some(&("user_roles_updated".to_owned(), here))
    );
}

#[test]
fn active_is_true_unless_said_and_false_suspends() {
    let desk = Desk::open();
    let absent = desk.made(&json!({"email": "a@example.org"}));
    assert_eq!(absent["active"], true);
    for (value, active, status) in [
        (json!(true), true, "pending"),
        (json!(null), true, "pending"),
        (json!(false), false, "suspended"),
    ] {
        let user = desk.made(&json!({"email": format!("{value}@example.org"), "active": value}));
        assert_eq!(user["active"], active, "{value}");
        assert_eq!(desk.native(&user["id"])["status"], status, "{value}");
    }
}

#[test]
fn null_is_as_unset() {
    let desk = Desk::open();
    let user = desk.made(&json!({
        "email": "ada@example.org", "name": null, "phone": null, "imgSrc": null, "teamId": null,
        "active": null, "roles": null, "notificationPreferences": null,
    }));
    assert_eq!(user, bare(&desk, &user["id"], "ada@example.org"));
}

#[test]
fn fields_that_are_not_known_are_passed_over() {
    let desk = Desk::open();
    let user = desk.made(&json!({
        "email": "ada@example.org", "id": 99, "password": 7, "first_name": "Ada", "token": [],
        "createdBy": "eve@example.org", "createdAt": "1999-01-01T00:00:00.000Z",
        "accounts": [{"accountId": "99", "accountAdmin": true}], "flatRolesList": ["superAdmin"],
        "flatPermissionsList": ["administer"], "team_id": 99, "": {"x": [1]},
    }));
    assert_eq!(user, bare(&desk, &user["id"], "ada@example.org"));
    assert_ne!(user["id"], 99);
}

#[test]
fn the_makers_email_is_the_key_owners_and_null_without_one() {
    let desk = Desk::open();
    let owned = desk.made(&json!({"email": "ada@example.org"}));
    assert_eq!(
        (&owned["createdBy"], &owned["updatedBy"]),
        (&json!(OWNER), &json!(OWNER))
    );
    let nobodys = desk.server.key();
    let user = desk
        .request_as(&nobodys, "POST", "/users")
        .json(&json!({"email": "bob@example.org"}))
        .send()
        .expect(201);
    assert_eq!(
        (&user["createdBy"], &user["updatedBy"]),
        (&json!(null), &json!(null))
    );
}

#[test]
fn times_are_those_of_the_creation() {
    let desk = Desk::open();
    desk.server
        .advance(std::time::Duration::from_millis(61_007));
    let user = desk.made(&json!({"email": "ada@example.org"}));
    assert_eq!(user["createdAt"], "2026-11-21T04:51:41.130Z");
    assert_eq!(user["updatedAt"], "2026-11-21T04:51:41.130Z");
}

#[test]
fn a_phone_and_a_name_are_kept_as_given() {
    let desk = Desk::open();
    for (index, (name, phone)) in [
        ("  Ada  Lovelace ", "call me"),
        (
            "<b>Ada</b> & \"Söhne\" '); DROP TABLE users;--",
            "+44 20 7946 0018 ext. 7",
        ),
        ("李 小龙 \u{1f409}", "0"),
        ("", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("u{index}@example.org");
        let user = desk.made(&json!({"email": email, "name": name, "phone": phone}));
        assert_eq!(
            (&user["name"], &user["phone"]),
            (&json!(name), &json!(phone))
        );
        desk.read(&user["id"]).assert(200, &user);
    }
}

#[test]
fn two_users_may_share_a_phone() {
    let desk = Desk::open();
    desk.made(&json!({"email": "ada@example.org", "phone": "415-555-2671"}));
    desk.made(&json!({"email": "bob@example.org", "phone": "415-555-2671"}));
}

#[test]
fn a_team_is_a_groups_number_and_gives_no_part_in_the_group() {
    let desk = Desk::open();
    let team = desk.server.group("Underwriting").id;
    let user = desk.made(&json!({"email": "ada@example.org", "teamId": team}));
    assert_eq!(user["teamId"], team);
    let (actor, id) = (desk.server.operator(), user["id"].as_i64().unwrap());
    let view = desk.server.read(move |tx| {
        let include = Include {
            groups: true,
            ..Include::default()
        };
        users::get(tx, &actor, &UserKey::Id(id), include)
    });
    assert_eq!((view.user.team_id, view.groups.len()), (Some(team), 0));
}

#[test]
fn a_bound_key_makes_members_of_its_account() {
    let desk = Desk::open();
    let key = desk.bound(&["users:write"]);
    let user = desk
        .request_as(&key, "POST", "/users")
        .json(&json!({"email": "ada@example.org"}))
        .send()
        .expect(201);
    assert_eq!(user["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(user["accounts"][0]["accountId"], desk.account.to_string());
    assert_eq!(user["accounts"][0]["usersPrimaryAccount"], true);
}

#[test]
fn an_email_that_the_tenant_has_is_a_conflict() {
    let desk = Desk::open();
    desk.made(&json!({"email": "Ada@Example.org"}));
    let bob = json!({"email": "bob@bücher.example"});
    let other = desk.server.post("/v1/users").bearer(&desk.key.token);
    other.json(&bob).send().expect(201);
    for taken in [
        "Ada@Example.org",
        "ada@example.org",
        "  ADA@EXAMPLE.ORG ",
        "bob@xn--bcher-kva.example",
    ] {
        desk.refuses(&json!({ "email": taken }), 409, "email: is already taken");
    }
    desk.made(&json!({"email": "ada+crm@example.org"}));
    desk.made(&json!({"email": "a.da@example.org"}));
}

#[test]
fn an_email_is_taken_across_accounts() {
    let desk = Desk::open();
    desk.made(&json!({"email": "ada@example.org"}));
    let elsewhere = desk.server.account("Other").to_string();
    let before = desk.server.user_count();
    let answer = desk
        .server
        .post("/users")
        .bearer(&desk.key.token)
        .header("x-account-id", &elsewhere)
        .json(&json!({"email": "ada@example.org"}))
        .send();
    assert_error(&answer, 409, "email: is already taken");
    assert_eq!(desk.server.user_count(), before);
}

#[test]
fn an_email_is_free_in_another_tenant_and_after_a_deletion() {
    let desk = Desk::open();
    let tenant = desk.server.tenant("other");
    let foreign = desk
        .server
        .key_of(tenant, directory::keys::NewKey::default());
    let body = json!({"email": "ada@example.org"});
    let there = desk.server.post("/v1/users").bearer(&foreign.token);
    there.json(&body).send().expect(201);
    let user = desk.made(&body);
    let path = format!("/v1/users/{}", user["id"]);
    let gone = desk.server.request("DELETE", &path).bearer(&desk.key.token);
    gone.send().assert_empty(204);
    let again = desk.made(&body);
    assert_ne!(again["id"], user["id"]);
}

#[test]
fn of_two_creations_of_one_email_at_once_one_succeeds() {
    let desk = Desk::open();
    let body = json!({"email": "ada@example.org"});
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| desk.create(&body).status))
            .collect();
        threads
            .into_iter()
            .map(|each| each.join().unwrap())
            .collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    assert_eq!(desk.server.user_count(), 1);
}

#[test]
fn a_user_made_here_has_no_password() {
    let desk = Desk::open();
    let user = desk.made(&json!({"email": "ada@example.org", "password": "Secr3t!pass word"}));
    let (actor, id) = (desk.server.operator(), user["id"].as_i64().unwrap());
    let hash = desk
        .server
        .read(move |tx| users::password_hash(tx, &actor, id));
    assert!(hash.is_none());
}

/// The request of the seed as it is printed: its two headers, its body, and no content type.
fn printed(desk: &Desk, body: &str) -> (String, Value) {
    use std::io::{Read as _, Write as _};
    let host = desk.server.url().trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let (token, account, length) = (&desk.key.token, desk.account, body.len());
    let head = format!(
        "POST /users HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nx-account-id: {account}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap().to_owned();
    (status, serde_json::from_str(body).unwrap())
}

#[test]
fn the_seeds_request_runs_as_it_is_printed() {
    let desk = Desk::open();
    let (status, body) = printed(&desk, "{\n\"email\": \"string\"\n}");
    assert_eq!(status, "HTTP/1.1 400 Bad Request");
    assert_eq!(body, super::error(400, "email: is not an email address"));
    assert_eq!(desk.server.user_count(), 0);
    let (status, user) = printed(&desk, "{\n\"email\": \"string@example.org\"\n}");
    assert_eq!(status, "HTTP/1.1 201 Created");
    assert_eq!(user, bare(&desk, &user["id"], "string@example.org"));
}
