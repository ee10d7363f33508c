//! What holds across dialects: one person, whichever API made them.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::harness::{Key, Request, Response, Server};

const PASSWORD: &str = "Tide-plank7-ferry";

/// The five APIs, each with its own way to create and to read a user.
const DIALECTS: [&str; 5] = ["wonolo", "pulse", "platformos", "legalesign", "native"];

struct Caller<'a> {
    server: &'a Server,
    key: Key,
    account: i64,
}

impl<'a> Caller<'a> {
    fn new(server: &'a Server) -> Self {
        let account = server.account("Acme");
        let new = directory::keys::NewKey {
            account_id: Some(account),
            ..directory::keys::NewKey::default()
        };
        Self {
            server,
            key: server.key_with(new),
            account,
        }
    }

    fn credential(&self, dialect: &str, request: Request) -> Request {
        let Key { id, secret, token } = &self.key;
        match dialect {
            "pulse" => request
                .bearer(token)
                .header("x-account-id", &self.account.to_string()),
            "platformos" => request.header("authorization", &format!("Token token={token}")),
            "legalesign" => request.header("authorization", &format!("ApiKey {id}:{secret}")),
            _ => request.bearer(token),
        }
    }

    fn create(&self, dialect: &str, email: &str) -> Response {
        let (path, body) = match dialect {
            "wonolo" => (
                "/api_v2/users",
                json!({"user": {"type": "Worker", "first_name": "Ada", "last_name": "Lovelace",
                    "email": email, "password": PASSWORD, "password_confirmation": PASSWORD}}),
            ),
            "pulse" => ("/users", json!({"email": email})),
            "platformos" => (
                "/api/users",
                json!({"form_configuration_name": "reference_rest_api_create_user",
                    "form": {"email": email, "password": PASSWORD}}),
            ),
            "legalesign" => (
                "/api/v1/user/",
                json!({"first_name": "Ada", "last_name": "Lovelace", "email": email,
                    "password": PASSWORD}),
            ),
            _ => ("/v1/users", json!({"email": email})),
        };
        self.credential(dialect, self.server.post(path))
            .json(&body)
            .send()
    }

    fn read(&self, dialect: &str, user: &Value) -> Response {
        let (id, uid) = (&user["id"], user["uid"].as_str().unwrap());
        let path = match dialect {
            "wonolo" => format!("/api_v2/users/{id}"),
            "pulse" => format!("/users/{id}"),
            "platformos" => format!("/api/users/{id}"),
            "legalesign" => format!("/api/v1/user/{uid}/"),
            _ => format!("/v1/users/{id}"),
        };
        self.credential(dialect, self.server.get(&path)).send()
    }

    fn find(&self, email: &str) -> Value {
        let path = format!("/v1/users?email={}", email.replace('@', "%40"));
        let page = self
            .credential("native", self.server.get(&path))
            .send()
            .expect(200);
        assert_eq!(page["data"].as_array().unwrap().len(), 1, "{page}");
        page["data"][0].clone()
    }
}

/// How each API says that an email is another's.
fn assert_taken(dialect: &str, answer: &Response) {
    match dialect {
        "wonolo" => answer.assert(
            422,
            &json!({"errors": {"email": ["has already been taken"]}}),
        ),
        "pulse" => assert_eq!(answer.expect(409)["error"], "Conflict"),
        "platformos" => answer.assert(
            422,
            &json!({"id": null, "errors": {"email": ["has already been taken"]}}),
        ),
        "legalesign" => answer.assert(
            400,
            &json!({"user": {"email": ["A user with this email already exists."]}}),
        ),
        _ => {
            let problem = answer.expect(409);
            assert_eq!(
                (&problem["code"], &problem["errors"][0]["pointer"]),
                (&json!("taken"), &json!("/email"))
            );
        }
    }
}

#[test]
fn a_user_made_through_one_api_is_the_same_person_in_all() {
    let server = Server::start();
    let caller = Caller::new(&server);
    for dialect in DIALECTS {
        let email = format!("{dialect}@example.org");
        assert_eq!(caller.create(dialect, &email).status, 201, "{dialect}");
        let user = caller.find(&email);
        assert_eq!(
            user["accounts"][0]["id"], caller.account,
            "the key's account"
        );
        for other in DIALECTS {
            let shown = caller.read(other, &user).expect(200);
            let shown = if other == "wonolo" {
                &shown["user"]
            } else {
                &shown
            };
            assert_eq!(
                shown["email"],
                email.as_str(),
                "{dialect}'s user through {other}"
            );
        }
    }
    assert_eq!(server.user_count(), DIALECTS.len());
}

#[test]
fn an_email_taken_through_one_api_is_taken_in_each_in_its_own_words() {
    let server = Server::start();
    let caller = Caller::new(&server);
    assert_eq!(caller.create("native", "Ada@Bücher.example").status, 201);
    for dialect in DIALECTS {
        let answer = caller.create(dialect, "ADA@xn--bcher-kva.example");
        assert_taken(dialect, &answer);
    }
    assert_eq!(server.user_count(), 1);
}

#[test]
fn creations_of_one_email_at_the_same_moment_give_one_user_and_taken_to_the_rest() {
    let server = Server::start();
    let caller = Caller::new(&server);
    for round in 0..8 {
        let email = format!("race{round}@example.org");
        let start = Barrier::new(DIALECTS.len());
        let answers: Vec<(&str, Response)> = std::thread::scope(|scope| {
            let run = |dialect: &'static str| {
                let (caller, email, start) = (&caller, &email, &start);
                scope.spawn(move || {
                    start.wait();
                    (dialect, caller.create(dialect, email))
                })
            };
            let threads: Vec<_> = DIALECTS.into_iter().map(run).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let (made, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|(_, answer)| answer.status == 201);
        assert_eq!(made.len(), 1, "{answers:?}");
        for (dialect, answer) in refused {
            assert_taken(dialect, answer);
        }
        let id = caller.find(&email)["id"].as_i64().unwrap();
        let created = server.user_events(id);
        let created = created
            .iter()
            .filter(|event| event.event_type == "user_created");
        assert_eq!(created.count(), 1);
    }
    assert_eq!(server.user_count(), 8);
}

#[test]
fn a_path_that_is_nowhere_is_told_in_the_shape_of_its_longest_mount() {
    let server = Server::start();
    let told = |path: &str| server.get(path).send();
    assert!(told("/api_v2/nowhere").expect(404)["error"].is_string());
    assert_eq!(told("/users/1/nowhere/x").expect(404)["status"], 404);
    assert!(told("/api/users/1/nowhere").expect(404)["errors"]["base"].is_array());
    told("/api/v1/nowhere/").assert_empty(404);
    assert_eq!(told("/v1/nowhere").expect(404)["code"], "not_found");
    assert_eq!(told("/nowhere").expect(404)["code"], "not_found");
}

#[test]
fn a_revoked_key_ends_in_every_api_at_once() {
    let server = Server::start();
    let caller = Caller::new(&server);
    assert_eq!(caller.create("native", "ada@example.org").status, 201);
    let user = caller.find("ada@example.org");
    let (actor, id) = (server.operator(), caller.key.id.clone());
    server.write(move |tx| directory::keys::revoke(tx, &actor, &id));
    for dialect in DIALECTS {
        assert_eq!(caller.read(dialect, &user).status, 401, "{dialect}");
        assert_eq!(
            caller.create(dialect, "b@example.org").status,
            401,
            "{dialect}"
        );
    }
}
