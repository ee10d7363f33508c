//! `/v1/accounts/{id}/members`.

use directory::users::UserChange;
use serde_json::{Value, json};

use crate::harness::{Key, Request, START, Server};
use crate::native::assert_invalid;
use crate::sessions::{member, person, token};

struct Office {
    server: Server,
    account: i64,
    key: Key,
}

impl Office {
    fn open() -> Self {
        let server = Server::start();
        let account = server.account("Acme");
        let key = server.key();
        Self {
            server,
            account,
            key,
        }
    }

    fn by(&self, method: &str, rest: &str) -> Request {
        let path = format!("/v1/accounts/{}/members{rest}", self.account);
        self.server.request(method, &path).bearer(&self.key.token)
    }

    fn add(&self, body: &Value) -> crate::harness::Response {
        self.by("POST", "").json(body).send()
    }

    fn person(&self, email: &str) -> i64 {
        person(&self.server, email, UserChange::default())
    }
}

#[test]
fn members_are_added_listed_changed_and_taken_out() {
    let office = Office::open();
    let (ada, bob) = (
        office.person("ada@example.org"),
        office.person("bob@example.org"),
    );
    let body = json!({"user_id": ada, "role": "customer_admin", "admin": true});
    let answer = office.add(&body);
    let shown = json!({"user_id": ada, "account_id": office.account, "role": "customer_admin",
        "admin": true, "primary": true, "email": "ada@example.org", "first_name": null,
        "last_name": null, "suspended_at": null, "created_at": START});
    answer.assert(201, &shown);
    let place = format!("/v1/accounts/{}/members/{ada}", office.account);
    assert_eq!(answer.header("location"), Some(&*place));
    office
        .by("GET", &format!("/{ada}"))
        .send()
        .assert(200, &shown);
    let plain = office.add(&json!({"user_id": bob})).expect(201);
    assert_eq!(
        (&plain["role"], &plain["admin"]),
        (&json!("member"), &json!(false))
    );
    let first = office.by("GET", "?limit=1").send().expect(200);
    assert_eq!(first["data"], json!([shown]));
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = office
        .by("GET", &format!("?limit=1&cursor={cursor}"))
        .send()
        .expect(200);
    assert_eq!(rest["data"], json!([plain]));
    assert_eq!(rest["next_cursor"], Value::Null);
    let patched = office
        .by("PATCH", &format!("/{bob}"))
        .json(&json!({"admin": true}));
    assert_eq!(patched.send().expect(200)["admin"], true);
    let path = format!("/{ada}");
    office.by("DELETE", &path).send().assert_empty(204);
    assert_eq!(office.by("GET", &path).send().status, 404);
    assert_eq!(office.by("DELETE", &path).send().status, 404);
    let last = office.by("DELETE", &format!("/{bob}")).send().expect(409);
    assert_eq!(
        last["detail"],
        "the account would be left without an administrator"
    );
}

#[test]
fn what_is_wrong_with_a_member_is_told_at_its_field() {
    let office = Office::open();
    let ada = office.person("ada@example.org");
    assert_invalid(&office.add(&json!({})), &[("/user_id", "blank")]);
    assert_invalid(
        &office.add(&json!({"user_id": 999_999})),
        &[("/user_id", "must_exist")],
    );
    let wrong = json!({"user_id": "1", "role": "boss", "admin": 1, "primary": null, "x": 1});
    let expected = [
        ("/admin", "wrong_type"),
        ("/primary", "blank"),
        ("/role", "not_included"),
        ("/user_id", "wrong_type"),
        ("/x", "unknown_field"),
    ];
    assert_invalid(&office.add(&wrong), &expected);
    office.add(&json!({"user_id": ada})).expect(201);
    let again = office.add(&json!({"user_id": ada}));
    assert_eq!(again.expect(409)["code"], "taken");
    for path in ["/v1/accounts/999999/members", "/v1/accounts/x/members"] {
        assert_eq!(
            office
                .server
                .get(path)
                .bearer(&office.key.token)
                .send()
                .status,
            404
        );
    }
}

#[test]
fn a_foreign_account_is_as_an_absent_one() {
    let office = Office::open();
    let ada = office.person("ada@example.org");
    let other = office.server.tenant("other");
    let foreign = office.server.account_of(other, "Theirs");
    let path = format!("/v1/accounts/{foreign}/members");
    let get = office.server.get(&path).bearer(&office.key.token).send();
    assert_eq!(get.status, 404);
    let post = office.server.post(&path).bearer(&office.key.token);
    assert_eq!(post.json(&json!({"user_id": ada})).send().status, 404);
    // Another account of the same tenant, to who acts in one alone.
    let second = office.server.account("Second");
    let admin = UserChange {
        accounts: vec![member(office.account, true)],
        ..UserChange::default()
    };
    person(&office.server, "admin@example.org", admin);
    let token = token(&office.server, "admin@example.org");
    let path = format!("/v1/accounts/{second}/members");
    assert_eq!(office.server.get(&path).bearer(&token).send().status, 404);
    let add = office
        .server
        .post(&path)
        .bearer(&token)
        .json(&json!({"user_id": ada}));
    assert_eq!(add.send().status, 404);
    let own = format!("/v1/accounts/{}/members", office.account);
    office.server.get(&own).bearer(&token).send().expect(200);
    let add = office
        .server
        .post(&own)
        .bearer(&token)
        .json(&json!({"user_id": ada}));
    assert_invalid(&add.send(), &[("/user_id", "must_exist")]);
}
