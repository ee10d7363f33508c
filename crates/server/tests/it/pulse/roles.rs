//! `roles` of `POST /users`: what is shown of them, and who may grant them.

use serde_json::json;

use super::{Desk, assert_error};

#[test]
fn the_four_first_roles_show_their_permissions_sorted() {
    let desk = Desk::open();
    let view = ["readAccounts", "readBadges", "readTeams", "readUsers"];
    let manage = [&view[..], &["createUsers", "readRoles", "updateUsers"]].concat();
    let administer = [
        &manage[..],
        &[
            "createEvents",
            "createTeams",
            "deleteTeams",
            "deleteUsers",
            "readEvents",
            "readWebhooks",
            "updateAccounts",
            "updateRoles",
            "updateTeams",
            "updateWebhooks",
        ],
    ]
    .concat();
    let all = [
        &administer[..],
        &[
            "administer",
            "createAccounts",
            "createBadges",
            "deleteAccounts",
            "impersonateUsers",
            "readApiKeys",
            "readForms",
            "updateApiKeys",
            "updateForms",
        ],
    ]
    .concat();
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
fn nobody_grants_what_they_do_not_hold() {
    let desk = Desk::open();
    let key = desk.bound(&["users:write"]);
    let create = |email: &str, role: &str| {
        let body = json!({"email": email, "roles": [role]});
        desk.request_as(&key, "POST", "/users").json(&body).send()
    };
    create("a@example.org", "viewer").expect(201);
    create("b@example.org", "manager").expect(201);
    let before = desk.server.user_count();
    for role in ["accountAdmin", "superAdmin"] {
        let refused = create("c@example.org", role);
        assert_error(&refused, 403, "nobody grants more than they hold");
    }
    assert_eq!(desk.server.user_count(), before);
}
