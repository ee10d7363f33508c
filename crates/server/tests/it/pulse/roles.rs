//! `roles` of `POST /users`: what is shown of them, and who may grant them.

use directory::permission::{Permission, PermissionSet};
use directory::users::UserChange;
use serde_json::json;

use super::{Desk, assert_error};
use crate::sessions::{get, member, person, post, role, token, within};

#[test]
fn the_four_first_roles_show_their_permissions_sorted() {
    let desk = Desk::open();
    let view = ["readAccounts", "readBadges", "readTeams", "readUsers"];
    let manage = [&view[..], &["createUsers", "readRoles", "updateUsers"]].concat();
    let administer = [
        &manage[..],
        &[
            "createEvents",
            "deleteUsers",
            "readEvents",
            "readWebhooks",
            "updateAccounts",
            "updateRoles",
            "updateWebhooks",
        ],
    ]
    .concat();
    // What is about all accounts does not hold in one.
    let all = [&administer[..], &["impersonateUsers", "readForms"]].concat();
    for (role, permissions) in [
        ("viewer", view.to_vec()),
        ("manager", manage),
        ("accountAdmin", administer),
        ("superAdmin", all),
    ] {
        let email = format!("{role}@example.org");
        let user = desk.made(&json!({"email": email, "roles": [role]}));
        let mut sorted = permissions;
        sorted.sort_unstable();
        assert_eq!(user["flatRolesList"], json!([role]));
        assert_eq!(user["flatPermissionsList"], json!(sorted), "{role}");
        desk.read(&user["id"]).assert(200, &user);
    }
}

#[test]
fn several_roles_are_shown_once_each_sorted() {
    let desk = Desk::open();
    let roles = json!(["viewer", "manager", "viewer"]);
    let user = desk.made(&json!({"email": "ada@example.org", "roles": roles}));
    assert_eq!(user["flatRolesList"], json!(["manager", "viewer"]));
    let none = desk.made(&json!({"email": "bob@example.org", "roles": []}));
    assert_eq!(none["flatRolesList"], json!([]));
}

#[test]
fn a_role_never_shows_as_the_role_in_an_account() {
    let desk = Desk::open();
    let user = desk.made(&json!({"email": "ada@example.org", "roles": ["accountAdmin"]}));
    assert_eq!(user["accounts"][0]["accountAdmin"], false);
    assert_eq!(desk.native(&user["id"])["accounts"][0]["role"], "member");
}

#[test]
fn what_is_shown_as_allowed_is_what_is_allowed() {
    let desk = Desk::open();
    let joined = |admin| UserChange {
        accounts: vec![member(desk.account, admin)],
        ..UserChange::default()
    };
    let names = |set: PermissionSet| {
        let mut names: Vec<&str> = set.iter().map(Permission::name).collect();
        names.sort_unstable();
        json!(names)
    };
    let admin = person(&desk.server, "admin@example.org", joined(true));
    let shown = desk.read(&json!(admin)).expect(200);
    let expected = names(PermissionSet::ACCOUNT_ADMIN);
    assert_eq!(shown["flatPermissionsList"], expected);
    let root = UserChange {
        roles: vec![role("superAdmin", Some(desk.account))],
        ..joined(false)
    };
    person(&desk.server, "root@example.org", root);
    let token = token(&desk.server, "root@example.org");
    let session = get(&desk.server, "/auth/session", &token).expect(200);
    let expected = names(PermissionSet::IN_ACCOUNT);
    assert_eq!(session["flatPermissionsList"], expected);
    assert_eq!(session["permissionsFromRoles"], expected);
    let details = session["permissionsFromRolesDetails"].as_object().unwrap();
    assert!(details.contains_key("impersonateUsers") && !details.contains_key("createAccounts"));
    let refused = post(
        &desk.server,
        "/v1/accounts",
        &token,
        &json!({"name": "Mine"}),
    );
    assert_eq!(refused.status, 403);
}

#[test]
fn nobody_grants_what_they_do_not_hold() {
    let desk = Desk::open();
    let create = |token: &str, email: &str, role: &str| {
        let body = json!({"email": email, "roles": [role]});
        let request = desk.server.post("/users").bearer(token);
        within(request, desk.account).json(&body).send()
    };
    let admin = UserChange {
        accounts: vec![member(desk.account, true)],
        ..UserChange::default()
    };
    person(&desk.server, "admin@example.org", admin);
    let admin = token(&desk.server, "admin@example.org");
    create(&admin, "a@example.org", "viewer").expect(201);
    create(&admin, "b@example.org", "accountAdmin").expect(201);
    let before = desk.server.user_count();
    let refused = create(&admin, "c@example.org", "superAdmin");
    assert_error(&refused, 403, "nobody grants more than they hold");
    // A key grants as it changes grants: no scope but all of them lets it.
    let key = desk.bound(&["users:write"]);
    for role in ["viewer", "accountAdmin"] {
        let refused = create(&key.token, "c@example.org", role);
        assert_error(&refused, 403, "the credential does not allow this");
    }
    assert_eq!(desk.server.user_count(), before);
    let all = desk.bound(&[]);
    create(&all.token, "c@example.org", "superAdmin").expect(201);
}
