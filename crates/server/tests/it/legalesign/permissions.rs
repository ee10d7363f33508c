//! What the owner of a key may do, by their permission in each group (seed 004, `permission`).

use directory::keys::NewKey;
use serde_json::{Value, json};

use super::{Case, PASSWORD, ada_with};
use crate::harness::{Key, Response};

/// Groups `sales` and `legal`, each with a member of every permission, `sales1@example.org` to
/// `legal6@example.org`; and somebody who is invited to each.
struct Groups {
    case: Case,
}

impl Groups {
    fn start() -> Self {
        let case = Case::start();
        for group in ["Sales", "Legal"] {
            let slug = group.to_lowercase();
            case.server.group(group);
            for permission in 1..=6 {
                case.member(
                    &format!("{slug}{permission}@example.org"),
                    &slug,
                    permission,
                );
            }
            let email = format!("{slug}-invited@example.org");
            case.made("member", &json!({"email": email, "group": slug}));
        }
        Self { case }
    }

    /// A key of who has this permission in `sales`.
    fn key(&self, permission: i64) -> Key {
        self.case
            .owned_by(&format!("sales{permission}@example.org"))
    }

    fn place(&self, email: &str) -> String {
        let uid = self.case.stored(email)["uid"].clone();
        format!("/api/v1/user/{}/", uid.as_str().unwrap())
    }

    fn get(&self, permission: i64, path: &str) -> Response {
        self.case.by(&self.key(permission), "GET", path).send()
    }

    fn send(&self, permission: i64, method: &str, path: &str, body: &Value) -> Response {
        let request = self.case.by(&self.key(permission), method, path);
        request.json(body).send()
    }

    /// The membership of somebody in a group.
    fn membership(&self, group: &str, email: &str) -> String {
        let place = self.place(email);
        let listed = self.case.shown(&format!("/api/v1/member/?group={group}"));
        let objects = listed["objects"].as_array().unwrap().clone();
        let own = objects.iter().find(|each| each["user"] == place.as_str());
        own.unwrap()["resource_uri"].as_str().unwrap().to_owned()
    }

    fn invitation(&self, group: &str) -> String {
        let listed = self.case.shown(&format!("/api/v1/invited/?group={group}"));
        let uri = listed["objects"][0]["resource_uri"].clone();
        uri.as_str().unwrap().to_owned()
    }

    fn count(&self, permission: i64, path: &str) -> Value {
        let page = self.get(permission, path).expect(200);
        let (rows, total) = (&page["objects"], &page["meta"]["total_count"]);
        assert_eq!(&json!(rows.as_array().unwrap().len()), total);
        total.clone()
    }
}

#[test]
fn all_but_the_fifth_read_the_groups_members_and_the_fifth_only_itself() {
    let groups = Groups::start();
    let other = groups.membership("sales", "sales2@example.org");
    for permission in 1..=6 {
        let sees = if permission == 5 { 1 } else { 6 };
        assert_eq!(
            groups.count(permission, "/api/v1/member/"),
            sees,
            "{permission}"
        );
        assert_eq!(
            groups.count(permission, "/api/v1/member/?group=sales"),
            sees
        );
        let shown = groups.get(permission, "/api/v1/group/sales/").expect(200);
        assert_eq!(shown["members"].as_array().unwrap().len(), sees);
        let invited = usize::from(permission != 5);
        assert_eq!(groups.count(permission, "/api/v1/invited/"), invited);
        assert_eq!(
            groups.count(permission, "/api/v1/invited/?group=sales"),
            invited
        );
        let status = if permission == 5 { 404 } else { 200 };
        assert_eq!(groups.get(permission, &other).status, status);
        let user = groups.place("sales2@example.org");
        assert_eq!(groups.get(permission, &user).status, status);
        let pending = groups.place("sales-invited@example.org");
        assert_eq!(groups.get(permission, &pending).status, status);
        // Everybody sees themselves.
        let own = format!("sales{permission}@example.org");
        groups
            .get(permission, &groups.membership("sales", &own))
            .expect(200);
        groups.get(permission, &groups.place(&own)).expect(200);
    }
}

#[test]
fn nobody_reaches_into_another_group() {
    let groups = Groups::start();
    let membership = groups.membership("legal", "legal2@example.org");
    let invitation = groups.invitation("legal");
    let user = groups.place("legal2@example.org");
    for permission in 1..=6 {
        let listed = groups.get(permission, "/api/v1/group/").expect(200);
        assert_eq!(listed["meta"]["total_count"], 1);
        assert_eq!(listed["objects"][0]["slug"], "sales");
        for path in ["/api/v1/group/legal/", &membership, &user] {
            groups.get(permission, path).assert_empty(404);
        }
        for list in ["member", "invited"] {
            let path = format!("/api/v1/{list}/?group=legal");
            let told = json!({ list: { "group": ["'legal' is not a valid choice."] } });
            groups.get(permission, &path).assert(400, &told);
        }
        let name = json!({"public_name": "X", "first_name": "X"});
        groups
            .send(permission, "PATCH", "/api/v1/group/legal/", &name)
            .assert_empty(404);
        groups
            .send(permission, "PATCH", &user, &name)
            .assert_empty(404);
        for place in [&membership, &invitation] {
            groups
                .send(permission, "DELETE", place, &json!({}))
                .assert_empty(404);
        }
    }
    let asked = json!({"email": "b@example.org", "group": "legal"});
    let refused = groups.send(1, "POST", "/api/v1/member/", &asked);
    refused.assert(
        400,
        &json!({"member": {"group": ["'legal' is not a valid choice."]}}),
    );
    let mut user = ada_with("password", PASSWORD);
    user["groups"] = json!("sales,legal");
    let refused = groups.send(1, "POST", "/api/v1/user/", &user);
    refused.assert(
        400,
        &json!({"user": {"groups": ["'legal' is not a valid choice."]}}),
    );
}

#[test]
fn the_first_manages_users_members_and_the_group() {
    let groups = Groups::start();
    let mut user = ada_with("password", PASSWORD);
    user["groups"] = json!("sales");
    let made = groups.send(1, "POST", "/api/v1/user/", &user);
    made.assert_empty(201);
    let place = made.header("location").unwrap();
    groups.get(1, place).expect(200);
    groups
        .send(1, "PATCH", place, &json!({"first_name": "Augusta"}))
        .assert_empty(202);
    // One in no group is theirs by making.
    user["email"] = json!("free@example.org");
    user.as_object_mut().unwrap().remove("groups");
    let made = groups.send(1, "POST", "/api/v1/user/", &user);
    made.assert_empty(201);
    let free = made.header("location").unwrap();
    groups.get(1, free).expect(200);
    groups.get(2, free).assert_empty(404);
    groups
        .send(1, "PATCH", free, &json!({"first_name": "Free"}))
        .assert_empty(202);
    let pending = groups.place("sales-invited@example.org");
    groups
        .send(1, "PATCH", &pending, &json!({"first_name": "I"}))
        .assert_empty(202);
    let name = json!({"public_name": "We"});
    groups
        .send(1, "PATCH", "/api/v1/group/sales/", &name)
        .assert_empty(202);
    let asked = json!({"email": "legal3@example.org", "group": "sales", "permission": 1});
    let added = groups.send(1, "POST", "/api/v1/member/", &asked);
    added.assert_empty(201);
    let member = added.header("location").unwrap();
    groups
        .send(1, "DELETE", member, &json!({}))
        .assert_empty(204);
    groups
        .send(1, "DELETE", &groups.invitation("sales"), &json!({}))
        .assert_empty(204);
    let group = groups.send(1, "POST", "/api/v1/group/", &json!({"name": "Third"}));
    group.assert_empty(201);
    assert_eq!(groups.count(1, "/api/v1/group/"), 2);
}

#[test]
fn the_other_five_manage_nothing() {
    let groups = Groups::start();
    let membership = groups.membership("sales", "sales2@example.org");
    let invitation = groups.invitation("sales");
    let user = groups.place("sales4@example.org");
    let mut new = ada_with("password", PASSWORD);
    new["groups"] = json!("sales");
    let hook = json!({"notify": "all", "url": "https://example.org/x", "group": "sales"});
    for permission in 2..=6 {
        let refused = |method: &str, path: &str, body: &Value| {
            let answer = groups.send(permission, method, path, body);
            let hidden =
                permission == 5 && [&membership, &invitation, &user].contains(&&path.to_owned());
            answer.assert_empty(if hidden { 404 } else { 403 });
        };
        refused("POST", "/api/v1/user/", &new);
        refused("POST", "/api/v1/user/", &ada_with("password", PASSWORD));
        refused("POST", "/api/v1/user/", &json!([]));
        refused("PATCH", &user, &json!({"first_name": "X"}));
        let own = groups.place(&format!("sales{permission}@example.org"));
        groups
            .send(permission, "PATCH", &own, &json!({"first_name": "X"}))
            .assert_empty(403);
        refused(
            "PATCH",
            "/api/v1/group/sales/",
            &json!({"public_name": "X"}),
        );
        refused("POST", "/api/v1/group/", &json!({"name": "Third"}));
        refused(
            "POST",
            "/api/v1/member/",
            &json!({"email": "b@example.org", "group": "sales"}),
        );
        refused("DELETE", &membership, &json!({}));
        refused("DELETE", &invitation, &json!({}));
        refused("POST", "/api/v1/subscribe/", &hook);
        refused("POST", "/api/v1/unsubscribe/", &hook);
        groups
            .get(permission, "/api/v1/notifications/")
            .assert_empty(403);
    }
    assert_eq!(groups.case.server.user_count(), 14);
}

#[test]
fn who_administers_one_group_has_in_another_what_they_have_there() {
    let groups = Groups::start();
    let asked = json!({"email": "sales1@example.org", "group": "legal", "permission": 5});
    groups.case.made("member", &asked);
    assert_eq!(groups.count(1, "/api/v1/group/"), 2);
    assert_eq!(groups.count(1, "/api/v1/member/"), 7);
    assert_eq!(groups.count(1, "/api/v1/member/?group=legal"), 1);
    assert_eq!(groups.count(1, "/api/v1/invited/"), 1);
    let mut user = ada_with("password", PASSWORD);
    user["groups"] = json!("sales,legal");
    groups
        .send(1, "POST", "/api/v1/user/", &user)
        .assert_empty(403);
    let asked = json!({"email": "b@example.org", "group": "legal"});
    groups
        .send(1, "POST", "/api/v1/member/", &asked)
        .assert_empty(403);
    // At the fifth level there, they see none but themselves, and end not even that.
    let others = groups.membership("legal", "legal2@example.org");
    let own = groups.membership("legal", "sales1@example.org");
    let invitation = groups.invitation("legal");
    let nothing = json!({});
    for (place, status) in [(&others, 404), (&invitation, 404), (&own, 403)] {
        groups
            .send(1, "DELETE", place, &nothing)
            .assert_empty(status);
    }
    let name = json!({"public_name": "X"});
    groups
        .send(1, "PATCH", "/api/v1/group/legal/", &name)
        .assert_empty(403);
    let hook = json!({"notify": "all", "url": "https://example.org/x", "group": "legal"});
    for resource in ["subscribe", "unsubscribe"] {
        let path = format!("/api/v1/{resource}/");
        groups.send(1, "POST", &path, &hook).assert_empty(403);
    }
    // Of somebody else's groups, those that they reach are shown.
    let groups_of = |email: &str| {
        let shown = groups.get(2, &groups.place(email)).expect(200);
        shown["groups"].clone()
    };
    assert_eq!(
        groups_of("sales1@example.org"),
        json!(["/api/v1/group/sales/"])
    );
}

#[test]
fn the_owners_permission_never_widens_what_the_key_may() {
    let groups = Groups::start();
    let key = groups.case.server.key_with(NewKey {
        owner_email: Some("sales1@example.org".to_owned()),
        scopes: vec!["users:read".to_owned()],
        ..NewKey::default()
    });
    let user = ada_with("password", PASSWORD);
    let made = groups.case.by(&key, "POST", "/api/v1/user/").json(&user);
    made.send().assert_empty(403);
    let name = json!({"public_name": "X"});
    let patch = groups.case.by(&key, "PATCH", "/api/v1/group/sales/");
    patch.json(&name).send().assert_empty(403);
    groups
        .case
        .by(&key, "GET", "/api/v1/member/")
        .send()
        .expect(200);
}

#[test]
fn a_permission_bites_at_once_when_it_changes_or_its_owner_is_suspended() {
    let groups = Groups::start();
    let asked = json!({"email": "b@example.org", "group": "sales"});
    let own = groups.membership("sales", "sales1@example.org");
    let id = groups.case.stored("sales1@example.org")["id"].clone();
    let suspend = |suspended: bool| {
        let path = format!("/v1/users/{id}");
        let patch = groups.case.server.request("PATCH", &path);
        let at = if suspended {
            json!("2026-11-21T04:00:00Z")
        } else {
            json!(null)
        };
        let patch = patch.bearer(&groups.case.key.token);
        patch
            .json(&json!({ "suspended_at": at }))
            .send()
            .expect(200);
    };
    let key = groups.key(1);
    suspend(true);
    for path in [
        "group/",
        "group/sales/",
        "member/",
        "invited/",
        "notifications/",
    ] {
        let path = format!("/api/v1/{path}");
        groups.case.by(&key, "GET", &path).send().assert_empty(403);
    }
    let post = groups.case.by(&key, "POST", "/api/v1/member/");
    post.json(&asked).send().assert_empty(403);
    suspend(false);
    let post = groups.case.by(&key, "POST", "/api/v1/member/");
    post.json(&asked).send().assert_empty(201);
    groups.case.request("DELETE", &own).send().assert_empty(204);
    let post = groups.case.by(&key, "POST", "/api/v1/member/");
    post.json(&asked).send().assert_empty(403);
    let listed = groups
        .case
        .by(&key, "GET", "/api/v1/member/")
        .send()
        .expect(200);
    assert_eq!(listed["meta"]["total_count"], 0);
}

#[test]
fn a_key_whose_owner_is_nobody_has_its_scopes() {
    let groups = Groups::start();
    let key = groups.case.owned_by("nobody@example.org");
    let listed = groups
        .case
        .by(&key, "GET", "/api/v1/member/")
        .send()
        .expect(200);
    assert_eq!(listed["meta"]["total_count"], 12);
    let user = ada_with("password", PASSWORD);
    let post = groups.case.by(&key, "POST", "/api/v1/user/");
    post.json(&user).send().assert_empty(201);
}
