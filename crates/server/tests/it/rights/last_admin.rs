//! The last administrator of an account who may log in stays, whoever asks and by whatever API.

use directory::model::EmployerRole;
use directory::users::{Change, UserChange};
use serde_json::{Value, json};

use crate::harness::{Key, Request, Server};
use crate::sessions::{member, person};

struct Office {
    server: Server,
    key: Key,
    account: i64,
    last: i64,
}

impl Office {
    fn open() -> Self {
        let server = Server::start();
        let key = server.key();
        let account = server.account("Acme");
        let change = UserChange {
            kind: Change::Set(directory::model::UserKind::Employer),
            customer_id: Change::Set(account),
            employer_role: Change::Set(EmployerRole::CustomerAdmin),
            ..UserChange::default()
        };
        let last = person(&server, "last@example.org", change);
        Self {
            server,
            key,
            account,
            last,
        }
    }

    fn by(&self, method: &str, path: &str) -> Request {
        let path = path.replace("{last}", &self.last.to_string());
        let request = self.server.request(method, &path).bearer(&self.key.token);
        request.header("x-account-id", &self.account.to_string())
    }
}

#[test]
fn nobody_shuts_out_the_last_administrator_before_another_is_named() {
    let office = Office::open();
    let suspended = json!({"suspended_at": "2026-11-21T00:00:00Z"});
    let calls: [(&str, &str, Value); 6] = [
        ("PATCH", "/v1/users/{last}", suspended),
        ("DELETE", "/v1/users/{last}", json!({})),
        ("POST", "/v1/users/{last}/erase", json!({})),
        ("PATCH", "/users/{last}", json!({"active": false})),
        ("DELETE", "/users/{last}", json!({})),
        (
            "PATCH",
            "/api_v2/users/{last}",
            json!({"user": {"suspended": true}}),
        ),
    ];
    for (method, path, body) in &calls {
        let answer = office.by(method, path).json(body).send();
        assert_eq!(answer.status, 409, "{method} {path}");
    }
    let deputy = UserChange {
        accounts: vec![member(office.account, true)],
        ..UserChange::default()
    };
    person(&office.server, "deputy@example.org", deputy);
    let (method, path, body) = &calls[0];
    office.by(method, path).json(body).send().expect(200);
    office
        .by("DELETE", "/v1/users/{last}")
        .send()
        .assert_empty(204);
    office
        .by("POST", "/v1/users/{last}/erase")
        .send()
        .assert_empty(204);
}

#[test]
fn who_has_no_password_yet_keeps_no_account_going() {
    let office = Office::open();
    let invited = json!({"email": "pending@example.org"});
    let pending = office
        .by("POST", "/users")
        .json(&invited)
        .send()
        .expect(201);
    let part = format!("/v1/accounts/{}/members/{}", office.account, pending["id"]);
    let admin = json!({"admin": true});
    office.by("PATCH", &part).json(&admin).send().expect(200);
    let answer = office.by("DELETE", "/v1/users/{last}").send();
    assert_eq!(answer.status, 409);
    // An invitation to somebody wrong is no reason to keep them.
    let path = format!("/v1/users/{}", pending["id"]);
    office.by("DELETE", &path).send().assert_empty(204);
}
