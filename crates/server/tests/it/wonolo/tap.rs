//! The published Singer tap for this API, unmodified (tap-wonolo 0.1.2 on PyPI).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use directory::model::Email;
use directory::users::{self, Change, Include, UserChange};
use directory::violation::Violations;
use serde_json::{Value, json};

use crate::contracts::root;
use crate::harness::Server;

const USERS: usize = 1_234;

/// A folder of the test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("muster-tap-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn put(&self, name: &str, value: &Value) -> PathBuf {
        let file = self.0.join(name);
        std::fs::write(&file, value.to_string()).unwrap();
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Runs the tap; answers what it wrote.
fn tap(server: &Server, arguments: &[(&str, &Path)], discover: bool) -> String {
    let python = root().join("target/python-tools/bin/python");
    assert!(
        python.exists(),
        "the tap is not installed: run scripts/python-tools"
    );
    let launcher = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/wonolo/tap.py");
    let mut command = Command::new(python);
    command.arg(launcher).arg(server.url());
    for (name, file) in arguments {
        command.arg(name).arg(file);
    }
    if discover {
        command.arg("--discover");
    }
    let done = command.output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{told}");
    String::from_utf8(done.stdout).unwrap()
}

fn messages(written: &str, kind: &str) -> Vec<Value> {
    let all = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    all.filter(|message: &Value| message["type"] == kind)
        .collect()
}

/// The users whom a run of the tap wrote, each once.
fn synced(written: &str) -> BTreeSet<i64> {
    let records = messages(written, "RECORD");
    let id = |record: &Value| {
        assert_eq!(record["stream"], "users");
        record["record"]["id"].as_i64().unwrap()
    };
    let ids: BTreeSet<i64> = records.iter().map(id).collect();
    assert_eq!(ids.len(), records.len(), "a user came twice");
    ids
}

fn make_users(server: &Server) -> BTreeSet<i64> {
    let mut made = BTreeSet::new();
    for from in (0..USERS).step_by(200) {
        server.advance(Duration::from_millis(7));
        let actor = server.operator();
        made.extend(server.write(move |tx| {
            let some = from..USERS.min(from + 200);
            let ids = some.map(|user| {
                let email = Email::parse(&format!("u{user}@example.org")).unwrap();
                let change = UserChange {
                    email: Change::Set(email),
                    kind: Change::set_if(
                        (user % 3 > 0).then_some(directory::model::UserKind::Worker),
                    ),
                    ..UserChange::default()
                };
                let (none, bare) = (Violations::new(), Include::default());
                Ok(users::create(tx, &actor, &change, none, bare)?.user.id)
            });
            ids.collect::<Result<Vec<_>, _>>()
        }));
    }
    made
}

/// The tap's own catalogue, with the users alone selected.
fn users_alone(discovered: &str) -> Value {
    let mut catalogue: Value = serde_json::from_str(discovered).unwrap();
    let streams = catalogue["streams"].as_array_mut().unwrap();
    assert_eq!(streams.len(), 3);
    for stream in streams {
        let users = stream["stream"] == "users";
        stream["metadata"][0]["metadata"]["selected"] = json!(users);
    }
    catalogue
}

#[test]
fn the_published_tap_syncs_all_users_and_then_those_who_changed() {
    let server = Server::start();
    let key = server.key();
    let made = make_users(&server);
    assert_eq!(made.len(), USERS);
    let folder = Folder::new();
    let config = folder.put(
        "config.json",
        &json!({
            "api_key": key.id, "secret_key": key.secret, "environment": "production",
            "api_version": "v2",
        }),
    );
    let config = ("--config", config.as_path());
    let catalogue = folder.put(
        "catalogue.json",
        &users_alone(&tap(&server, &[config], true)),
    );
    let catalogue = ("--catalog", catalogue.as_path());
    let first = tap(&server, &[config, catalogue], false);
    assert_eq!(synced(&first), made);
    server.advance(Duration::from_secs(1));
    let mut changed = BTreeSet::new();
    for id in made.iter().copied().step_by(300) {
        let path = format!("/api_v2/users/{id}");
        let request = server.request("PATCH", &path).bearer(&key.token);
        request.form("user[city]=Paris").send().expect(200);
        changed.insert(id);
    }
    let state = messages(&first, "STATE").pop().unwrap()["value"].clone();
    let state = folder.put("state.json", &state);
    let second = tap(&server, &[config, catalogue, ("--state", &state)], false);
    assert_eq!(synced(&second), changed);
}
