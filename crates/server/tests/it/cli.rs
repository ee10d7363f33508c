//! The binary, as an operator runs it.

mod forms;
mod import;
mod import_broken;
mod outbound;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::harness::{Request, TestDatabase};

/// The binary.
pub const MUSTER: &str = env!("CARGO_BIN_EXE_muster");

/// A folder and a database for one test's commands.
pub struct Operator {
    database: TestDatabase,
    url: String,
    pub folder: PathBuf,
}

impl Operator {
    pub fn new() -> Self {
        let database = TestDatabase::new();
        let folder = std::env::temp_dir().join(format!("{}-cli", database.name()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("secret.key"), "0".repeat(64)).unwrap();
        Self {
            url: database.url(),
            database,
            folder,
        }
    }

    /// On an SQLite file in the folder, whatever engine the other tests are on.
    pub fn on_sqlite() -> Self {
        let mut operator = Self::new();
        operator.url = format!("sqlite:{}", operator.folder.join("muster.db").display());
        operator
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(MUSTER);
        command.args(arguments);
        self.equip(command)
    }

    /// What `muster` finds around it, whatever starts it.
    fn equip(&self, mut command: Command) -> Command {
        command.current_dir(&self.folder);
        command.env("MUSTER_DATABASE", &self.url);
        command.env("MUSTER_SECRET_KEY_FILE", self.folder.join("secret.key"));
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must succeed and print one JSON document.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub fn serve(&self, arguments: &[&str]) -> Serving {
        self.serve_by(Command::new(MUSTER), arguments)
    }

    /// Has `starter` start the server; what follows its own arguments are those of `muster`.
    pub fn serve_by(&self, mut starter: Command, arguments: &[&str]) -> Serving {
        starter.args(["serve", "--listen", "127.0.0.1:0"]);
        starter
            .args(["--management", "127.0.0.1:0"])
            .args(arguments);
        let mut command = self.equip(starter);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut said).unwrap();
        let urls: Vec<String> = said
            .split([' ', ','])
            .filter(|word| word.starts_with("http://"))
            .map(str::to_owned)
            .collect();
        assert_eq!(urls.len(), 2, "{said}");
        // Read all along: a log that nobody reads holds the server up.
        let mut err = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            err.read_to_string(&mut log).unwrap();
            log
        });
        Serving {
            child,
            out,
            log: Some(log),
            clients: urls[0].clone(),
            operators: urls[1].clone(),
        }
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A running `muster serve`.
pub struct Serving {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    log: Option<std::thread::JoinHandle<String>>,
    pub clients: String,
    pub operators: String,
}

/// A test that fails leaves no server behind.
impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM and waits: the status and what was printed since.
    pub fn stop(mut self) -> (Option<i32>, String, String) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let status = self.child.wait().unwrap().code();
        let mut out = String::new();
        self.out.read_to_string(&mut out).unwrap();
        (status, out, self.log.take().unwrap().join().unwrap())
    }
}

#[test]
fn quickstart_once_shows_five_creations_and_ends_well_again_and_again() {
    let operator = Operator::new();
    for _ in 0..2 {
        let output = operator.run(&["quickstart", "--once", "--listen", "127.0.0.1:0"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        assert_eq!(text.matches("\nHTTP 201\n").count(), 5, "{text}");
        // The token, and each of the five users through the four other APIs.
        assert_eq!(text.matches("\nHTTP 200\n").count(), 1 + 5 * 4, "{text}");
        assert!(text.contains("Every call did what its contract says."));
        for path in [
            "/api_v2/users",
            "/users",
            "/api/users",
            "/api/v1/user/",
            "/v1/users",
        ] {
            assert!(
                text.contains(&format!("{path}'\n")),
                "no creation at {path}"
            );
        }
    }
}

#[test]
fn quickstart_tells_programs_a_json_line_for_each_call() {
    let operator = Operator::new();
    operator.json(&["tenant", "create", "--name", "acme", "-ojson"]);
    let show = ["quickstart", "--once", "--tenant", "acme", "-ojson"];
    let output = operator
        .command(&show)
        .args(["--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let calls: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(calls.iter().filter(|call| call["status"] == 201).count(), 5);
    assert_eq!(
        calls.iter().filter(|call| call["status"] == 200).count(),
        1 + 5 * 4
    );
    let keys = operator.json(&["key", "list", "--tenant", "acme", "-ojson"]);
    assert_eq!(keys.as_array().unwrap().len(), 1);
}

#[test]
fn what_the_operator_makes_works_and_ends_while_a_server_runs() {
    let operator = Operator::new();
    let serving = operator.serve(&[]);
    let account = operator.json(&["account", "create", "--name", "Acme", "-o", "json"]);
    let id = account["id"].to_string();
    let make = [
        "key",
        "create",
        "--name",
        "ops",
        "--account",
        &id,
        "-o",
        "json",
    ];
    let key = operator.json(&make);
    let token = key["token"].as_str().unwrap();
    assert_eq!(
        token,
        format!(
            "{}.{}",
            key["id"].as_str().unwrap(),
            key["secret"].as_str().unwrap()
        )
    );
    let read = |token: &str| {
        let url = format!("{}/v1/accounts/{id}", serving.clients);
        Request::new("GET", &url).bearer(token).send()
    };
    // The server learns of what another process ended within 250 ms: it is asked until then.
    let ends = |token: &str| (0..10_000).any(|_| read(token).status == 401);
    assert_eq!(read(token).expect(200)["name"], "Acme");
    let rotated = operator.json(&["key", "rotate", key["id"].as_str().unwrap(), "-o", "json"]);
    assert!(ends(token));
    let token = rotated["token"].as_str().unwrap();
    assert_eq!(read(token).status, 200);
    let revoked = operator.run(&["key", "revoke", key["id"].as_str().unwrap()]);
    assert!(revoked.status.success());
    assert!(ends(token));
    let again = operator.run(&["key", "revoke", key["id"].as_str().unwrap()]);
    assert!(!again.status.success());
    let (status, out, log) = serving.stop();
    assert_eq!((status, out.as_str()), (Some(0), "muster has stopped\n"));
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).expect("logs are JSON without a terminal");
        assert!(line["level"].is_string(), "{line}");
    }
    assert!(!log.contains(token));
}

#[test]
fn each_thing_is_made_with_the_fields_that_scripts_read() {
    let operator = Operator::new();
    let group = operator.json(&["group", "create", "--name", "Sales", "-o", "json"]);
    assert_eq!(group["slug"], "sales");
    assert_eq!(group["resource_uri"], "/api/v1/group/sales/");
    assert!(group["id"].is_i64());
    let badge = operator.json(&["badge", "create", "--name", "Forklift", "-o", "json"]);
    assert!(badge["id"].is_i64());
    let tenant = operator.json(&["tenant", "create", "--name", "acme", "-o", "json"]);
    assert!(tenant["id"].as_i64() > Some(1));
    let make = [
        "key", "create", "--name", "x", "--tenant", "acme", "-o", "json",
    ];
    let key = operator.json(&make);
    assert!(
        key["id"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{}-", tenant["id"]))
    );
    let listed = operator.json(&["key", "list", "--tenant", "acme", "-o", "json"]);
    assert_eq!(listed[0]["id"], key["id"]);
    assert_eq!(listed[0]["scopes"], "all");
    assert!(listed[0].get("secret").is_none());
    assert_eq!(
        operator.json(&["key", "list", "-o", "json"]),
        serde_json::json!([])
    );
}

#[test]
fn addresses_that_pages_may_lead_to_are_added_listed_and_removed() {
    let operator = Operator::new();
    let uri = "https://app.example.org/welcome";
    let added = operator.json(&["redirect", "add", uri, "-o", "json"]);
    assert_eq!(added, json!({"id": added["id"], "uri": uri}));
    let list = ["redirect", "list", "-o", "json"];
    assert_eq!(operator.json(&list), json!([added]));
    for bad in ["http://app.example.org/", uri] {
        let refused = operator.run(&["redirect", "add", bad]);
        assert!(!refused.status.success(), "{bad}");
    }
    let id = added["id"].to_string();
    let removed = operator.json(&["redirect", "remove", &id, "-o", "json"]);
    assert_eq!(removed, json!({"id": added["id"], "removed": true}));
    assert_eq!(operator.json(&list), json!([]));
    let again = operator.run(&["redirect", "remove", &id]);
    assert!(!again.status.success());
}

#[test]
fn what_cannot_be_made_says_all_that_is_wrong() {
    let operator = Operator::new();
    let make = [
        "key",
        "create",
        "--name",
        " ",
        "--public-pool",
        "--scope",
        "everything",
    ];
    let output = operator.run(&make);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    for field in ["name", "scopes", "account"] {
        assert!(said.contains(&format!("  {field}: ")), "{said}");
    }
    let nowhere = operator.run(&["key", "list", "--tenant", "nowhere"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert_eq!(
        operator.run(&["serve", "--listne", "x"]).status.code(),
        Some(2)
    );
}

#[test]
fn the_configuration_file_is_read_and_its_faults_are_named() {
    let operator = Operator::new();
    let file = operator.folder.join("muster.toml");
    std::fs::write(&file, "listne = \"127.0.0.1:0\"\n").unwrap();
    let path = file.to_str().unwrap();
    let output = operator.run(&["doctor", "--config", path]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("listne"));
    std::fs::write(
        &file,
        "listen = \"127.0.0.1:1\"\nmanagement = \"127.0.0.1:2\"\n",
    )
    .unwrap();
    let mut command = operator.command(&["doctor", "--config", path, "--listen", "127.0.0.1:3"]);
    let output = command
        .arg("-ojson")
        .env("MUSTER_MANAGEMENT", "127.0.0.1:4")
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["listen"], "127.0.0.1:3");
    assert_eq!(told["management"], "127.0.0.1:4");
    // Nothing was made yet, on either engine.
    let states = [
        json!("not there: made at first start"),
        json!("reachable, empty: its schema is made at first start"),
    ];
    assert!(states.contains(&told["database_is"]), "{told}");
}

#[test]
fn the_doctor_looks_and_changes_nothing() {
    let operator = Operator::on_sqlite();
    let doctor = || operator.json(&["doctor", "-o", "json"]);
    let files = || {
        let mut names: Vec<_> = std::fs::read_dir(&operator.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(doctor()["database_is"], "not there: made at first start");
    assert_eq!(files(), ["secret.key"]);
    operator.json(&["key", "create", "--name", "ops", "-o", "json"]);
    let (before, told) = (files(), doctor());
    assert_eq!(told["database_is"], "reachable");
    assert_eq!(
        (&told["tenants"], &told["living_keys"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(told["schema"], directory::store::NEWEST_SCHEMA);
    // Nothing is new; a log that was left behind goes into the file when it is closed.
    assert!(
        files().iter().all(|name| before.contains(name)),
        "{before:?}"
    );
    let file = operator.folder.join("muster.db");
    let database = rusqlite::Connection::open(&file).unwrap();
    let forget = "DELETE FROM schema_migrations WHERE number > 3";
    assert!(database.execute(forget, []).unwrap() > 0);
    database.close().unwrap();
    let told = doctor();
    let older = "reachable, older than this program: migrated at the next start";
    assert_eq!(
        (&told["database_is"], &told["schema"]),
        (&json!(older), &json!(3))
    );
    assert_eq!(
        (doctor()["schema"].clone(), &told["tenants"]),
        (json!(3), &Value::Null)
    );
    std::fs::write(&file, "").unwrap();
    let empty = "reachable, empty: its schema is made at first start";
    assert_eq!(doctor()["database_is"], empty);
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0);
}

#[test]
fn the_document_of_an_api_is_printed() {
    let operator = Operator::new();
    for name in muster::openapi::NAMES {
        let output = operator.run(&["openapi", name]);
        assert!(output.status.success());
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(Some(printed), muster::openapi::printed(name));
    }
    let unknown = operator.run(&["openapi", "scim"]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn an_origin_that_may_call_is_named_and_no_pattern() {
    let operator = Operator::new();
    let origin = "https://app.example.com";
    let serving = operator.serve(&["--cors-origin", origin]);
    for (base, allowed) in [(&serving.clients, Some(origin)), (&serving.operators, None)] {
        let asked = Request::new("GET", &format!("{base}/health/live")).header("origin", origin);
        let answer = asked.send();
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
    }
    drop(serving);
    for bad in ["*", "null", "https://app.example.com/"] {
        let refused = operator.run(&["doctor", "--cors-origin", bad]);
        assert_eq!(refused.status.code(), Some(2), "{bad}");
        let file = operator.folder.join("muster.toml");
        std::fs::write(&file, format!("cors_origin = [\"{bad}\"]\n")).unwrap();
        let refused = operator.run(&["doctor", "--config", file.to_str().unwrap()]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("an origin is SCHEME://HOST"), "{bad}: {said}");
    }
}

#[test]
fn both_listeners_tell_their_health_and_one_its_metrics() {
    let operator = Operator::new();
    let serving = operator.serve(&[]);
    for base in [&serving.clients, &serving.operators] {
        for path in ["/health/live", "/health/ready"] {
            let answer = Request::new("GET", &format!("{base}{path}")).send();
            assert_eq!(answer.expect(200)["status"], "ok");
        }
    }
    let metrics = Request::new("GET", &format!("{}/metrics", serving.operators)).send();
    assert_eq!(metrics.status, 200);
    let counted = "muster_http_requests_total{dialect=\"native\",route=\"/health/live\"";
    assert!(metrics.text.contains(counted), "{}", metrics.text);
    let public = Request::new("GET", &format!("{}/metrics", serving.clients)).send();
    assert_eq!(public.status, 404);
    assert_eq!(serving.stop().0, Some(0));
}
