//! `muster backup` and `muster restore`, as an operator runs them (requirements 11 and 43).

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::cli::{Operator, Serving};
use crate::harness::{Request, Response};

/// A key as `key create` prints it.
fn key(operator: &Operator) -> Value {
    operator.json(&["key", "create", "--name", "ops", "-ojson"])
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn create(serving: &Serving, token: &str, email: &str) -> Response {
    let request = Request::new("POST", &format!("{}/v1/users", serving.clients)).bearer(token);
    request.json(&json!({ "email": email })).send()
}

/// Every email that the server lists, page by page.
fn emails(serving: &Serving, token: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let url = format!("{}/v1/users?limit=200{cursor}", serving.clients);
        let page = Request::new("GET", &url).bearer(token).send().expect(200);
        let rows = page["data"].as_array().unwrap();
        found.extend(rows.iter().map(|row| text(row, "email").to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

/// Another database than the operator's, with the same secret key.
fn elsewhere(operator: &Operator) -> String {
    format!("sqlite:{}", operator.folder.join("elsewhere.db").display())
}

fn said(operator: &Operator, arguments: &[&str]) -> String {
    let output = operator.run(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_backup_beside_a_busy_server_holds_what_was_acknowledged_before_it() {
    let operator = Operator::on_sqlite();
    let key = key(&operator);
    let token = text(&key, "token");
    let serving = operator.serve(&[]);
    let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(BTreeSet::new()));
    let wait_for = |count| {
        while acknowledged.lock().unwrap().len() < count {
            std::thread::yield_now();
        }
    };
    let before = std::thread::scope(|scope| {
        for writer in 0..8 {
            let (serving, stop, acknowledged) = (&serving, &stop, &acknowledged);
            scope.spawn(move || {
                for count in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let email = format!("writer{writer}.{count}@example.org");
                    create(serving, token, &email).expect(201);
                    acknowledged.lock().unwrap().insert(email);
                }
            });
        }
        wait_for(200);
        let before = acknowledged.lock().unwrap().clone();
        let told = operator.json(&["backup", "busy.backup", "-ojson"]);
        assert!(told["bytes"].as_u64() > Some(100_000), "{told}");
        let during = acknowledged.lock().unwrap().len();
        // The server goes on as before.
        wait_for(during + 20);
        stop.store(true, Ordering::SeqCst);
        before
    });
    assert_eq!(serving.stop().0, Some(0));
    let database = elsewhere(&operator);
    operator.json(&["restore", "busy.backup", "--database", &database, "-ojson"]);
    let restored = operator.serve(&["--database", &database]);
    let held = emails(&restored, token);
    let lost: Vec<_> = before.difference(&held).collect();
    assert!(lost.is_empty(), "{lost:?}");
    // And it takes new changes, with ids that nobody had.
    let made = create(&restored, token, "after@example.org").expect(201);
    assert!(made["id"].as_i64() > Some(1_000_000), "{made}");
    assert_eq!(restored.stop().0, Some(0));
}

#[test]
fn a_database_is_replaced_only_when_that_is_said_and_no_server_runs() {
    let operator = Operator::on_sqlite();
    let key = key(&operator);
    let token = text(&key, "token");
    operator.json(&["backup", "empty.backup", "-ojson"]);
    let again = said(&operator, &["backup", "empty.backup"]);
    assert!(again.contains("empty.backup is there already"), "{again}");
    let serving = operator.serve(&[]);
    create(&serving, token, "ada@example.org").expect(201);
    let refused = said(&operator, &["restore", "empty.backup", "--replace"]);
    assert!(refused.contains("stop the server first"), "{refused}");
    assert_eq!(emails(&serving, token).len(), 1);
    serving.stop();
    let refused = said(&operator, &["restore", "empty.backup"]);
    assert!(refused.contains("--replace"), "{refused}");
    let restore = [
        "restore",
        "empty.backup",
        "--replace",
        "--skip-ids",
        "50",
        "-ojson",
    ];
    let told = operator.json(&restore);
    assert_eq!(told["ids_skipped"], 50);
    let serving = operator.serve(&[]);
    assert_eq!(emails(&serving, token), BTreeSet::new());
    let made = create(&serving, token, "grace@example.org").expect(201);
    assert!(made["id"].as_i64() > Some(50), "{made}");
    serving.stop();
}

/// Uses every kind of secret that a client or an operator can send or be given; answers them.
fn secrets(operator: &Operator, serving: &Serving) -> Vec<String> {
    let old = key(operator);
    let key = operator.json(&["key", "rotate", text(&old, "id"), "-ojson"]);
    let (id, secret) = (text(&key, "id"), text(&key, "secret"));
    operator.json(&["group", "create", "--name", "Sales", "-ojson"]);
    let post = |path: &str| Request::new("POST", &format!("{}{path}", serving.clients));
    let form = format!("api_key={id}&secret_key={secret}");
    let token = post("/api_v2/authorize").form(&form).send().expect(200);
    let token = text(&token, "token");
    let worker = format!(
        "token={token}&user[type]=Worker&user[first_name]=A&user[last_name]=L\
         &user[email]=a@example.org&user[password]=wonolo-tide-plank\
         &user[password_confirmation]=wonolo-tide-plank"
    );
    post("/api_v2/users").form(&worker).send().expect(201);
    let native = json!({"email": "b@example.org", "password": "native-tide-plank"});
    let native = post("/v1/users").bearer(text(&key, "token")).json(&native);
    native.header("idempotency-key", "k").send().expect(201);
    let form = json!({"form_configuration_name": "reference_rest_api_create_user",
        "form": {"first_name": "C", "email": "c@example.org", "password": "platformos-tide"}});
    let credentials = format!("Token token={id}.{secret}");
    let created = post("/api/users").header("authorization", &credentials);
    created.json(&form).send().expect(201);
    let user = json!({"first_name": "D", "last_name": "L", "email": "d@example.org",
        "password": "Legalesign-tide7", "groups": "sales", "permission": "2"});
    let credentials = format!("ApiKey {id}:{secret}");
    let created = post("/api/v1/user/").header("authorization", &credentials);
    assert_eq!(created.json(&user).send().status, 201);
    let webhook = json!({"url": "https://example.org/hook"});
    let hook = post("/v1/webhooks").bearer(text(&key, "token"));
    let hook = hook.json(&webhook).send().expect(201);
    let rotation = format!("/v1/webhooks/{}/rotate-secret", hook["id"]);
    let rotated = post(&rotation).bearer(text(&key, "token"));
    let rotated = rotated.send().expect(200);
    let signing = [&hook, &rotated].map(|each| text(each, "secret").replace("whsec_", ""));
    let passwords = [
        "wonolo-tide-plank",
        "native-tide-plank",
        "platformos-tide",
        "Legalesign-tide7",
    ];
    let mut all = vec![text(&old, "secret"), secret, token];
    all.extend(passwords);
    all.extend(signing.iter().map(String::as_str));
    all.into_iter().map(str::to_owned).collect()
}

#[test]
fn a_backup_holds_no_secret_in_the_clear() {
    let operator = Operator::on_sqlite();
    let serving = operator.serve(&[]);
    let mut secrets = secrets(&operator, &serving);
    operator.json(&["backup", "copy.backup", "-ojson"]);
    let key_file = operator.folder.join("secret.key");
    secrets.push(std::fs::read_to_string(key_file).unwrap());
    let bytes = std::fs::read(operator.folder.join("copy.backup")).unwrap();
    let holds = |part: &str| {
        bytes
            .windows(part.len())
            .any(|each| each == part.as_bytes())
    };
    assert!(holds("d@example.org"), "the copy is read as it should be");
    for secret in secrets {
        assert!(!holds(&secret), "{secret} stands in the backup");
    }
    serving.stop();
}

#[test]
fn on_postgres_the_commands_name_its_own_tools() {
    let operator = Operator::new();
    let database = ["--database", "postgres://muster@127.0.0.1:1/muster"];
    for command in ["backup", "restore"] {
        let arguments = [command, "file", database[0], database[1]];
        let refused = said(&operator, &arguments);
        assert!(refused.contains("pg_dump"), "{refused}");
        assert!(!operator.folder.join("file").exists());
    }
}
