//! `/v1/users/{id}/roles` and `/v1/users/{id}/permissions`.

use directory::users::UserChange;
use serde_json::{Value, json};

use crate::harness::{Response, Server};
use crate::native::assert_invalid;
use crate::sessions::{get, member, person, token};

fn put(server: &Server, token: &str, path: &str, body: &Value) -> Response {
    server.request("PUT", path).bearer(token).json(body).send()
}

#[test]
fn roles_are_given_in_one_place_at_a_time() {
    let server = Server::start();
    let account = server.account("Acme");
    let key = server.key();
    let joined = UserChange {
        accounts: vec![member(account, false)],
        ..UserChange::default()
    };
    let id = person(&server, "ada@example.org", joined);
    let path = format!("/v1/users/{id}/roles");
    get(&server, &path, &key.token).assert(200, &json!({"data": []}));
    let here = json!({"account_id": account, "roles": ["viewer", "manager", "viewer"]});
    put(&server, &key.token, &path, &here).expect(200);
    let wide = put(&server, &key.token, &path, &json!({"roles": ["viewer"]})).expect(200);
    let all = json!({"data": [
        {"role": "manager", "account_id": account},
        {"role": "viewer", "account_id": null},
        {"role": "viewer", "account_id": account},
    ]});
    assert_eq!(wide, all);
    get(&server, &path, &key.token).assert(200, &all);
    let fewer = json!({"account_id": account, "roles": ["viewer"]});
    let left = put(&server, &key.token, &path, &fewer).expect(200);
    assert_eq!(left["data"].as_array().unwrap().len(), 2);
    let none = json!({"account_id": null, "roles": []});
    let left = put(&server, &key.token, &path, &none).expect(200);
    assert_eq!(
        left,
        json!({"data": [{"role": "viewer", "account_id": account}]})
    );
    // The same person in the other API.
    let seen = server.get(&format!("/users/{id}")).bearer(&key.token);
    let seen = seen
        .header("x-account-id", &account.to_string())
        .send()
        .expect(200);
    assert_eq!(seen["flatRolesList"], json!(["viewer"]));
}

#[test]
fn permissions_are_set_directly_and_shown_with_those_of_roles() {
    let server = Server::start();
    let account = server.account("Acme");
    let key = server.key_with(directory::keys::NewKey {
        owner_email: Some("owner@example.org".to_owned()),
        ..directory::keys::NewKey::default()
    });
    let joined = UserChange {
        accounts: vec![member(account, false)],
        ..UserChange::default()
    };
    let id = person(&server, "ada@example.org", joined);
    let path = format!("/v1/users/{id}/permissions");
    let body = json!({"account_id": account, "permissions": ["readEvents", "readUsers"]});
    let set = put(&server, &key.token, &path, &body).expect(200);
    assert_eq!(set, json!({"data": [body]}));
    get(&server, &path, &key.token).assert(200, &set);
    let seen = server.get(&format!("/users/{id}")).bearer(&key.token);
    let seen = seen
        .header("x-account-id", &account.to_string())
        .send()
        .expect(200);
    assert_eq!(
        seen["flatPermissionsList"],
        json!(["readEvents", "readUsers"])
    );
    assert_eq!(
        seen["updatedBy"], "owner@example.org",
        "a grant is a change of the user"
    );
    let own = token(&server, "ada@example.org");
    get(&server, "/v1/events", &own).expect(200);
    put(
        &server,
        &key.token,
        &path,
        &json!({"account_id": account, "permissions": []}),
    )
    .expect(200);
    assert_eq!(get(&server, "/v1/events", &own).status, 403, "at once");
}

#[test]
fn what_is_wrong_with_a_grant_is_told_at_its_field() {
    let server = Server::start();
    let key = server.key();
    let id = person(&server, "ada@example.org", UserChange::default());
    let roles = format!("/v1/users/{id}/roles");
    let put = |path: &str, body: Value| put(&server, &key.token, path, &body);
    assert_invalid(&put(&roles, json!({})), &[("/roles", "blank")]);
    let unknown = json!({"roles": ["janitor", 1, "viewer"], "account_id": 999_999});
    let expected = [
        ("/account_id", "must_exist"),
        ("/roles/0", "must_exist"),
        ("/roles/1", "wrong_type"),
    ];
    assert_invalid(&put(&roles, unknown), &expected);
    for account in [json!("1"), json!(0), json!(-1), json!(1.5)] {
        let answer = put(&roles, json!({"roles": [], "account_id": account}));
        assert_eq!(answer.status, 422, "{account}");
    }
    let direct = format!("/v1/users/{id}/permissions");
    let wrong = put(&direct, json!({"permissions": ["fly"]}));
    assert_invalid(&wrong, &[("/permissions/0", "not_included")]);
    assert_eq!(
        put("/v1/users/999999/roles", json!({"roles": []})).status,
        404
    );
    assert_eq!(put("/v1/users/x/roles", json!({"roles": []})).status, 404);
}
