//! `muster import`: what a file says is there afterwards, and what is wrong with it is told.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Arc;

use directory::clock::{SystemClock, SystemRandom};
use directory::event::{self, Subject};
use directory::model::UserView;
use directory::store::{Location, StoredEvent, UserKey};
use directory::users::{self, Include};
use directory::{Actor, Directory, tenants};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::Operator;

/// The operator's database, looked at without the binary.
pub(super) struct Look {
    runtime: Runtime,
    directory: Directory,
    actor: Actor,
}

impl Look {
    pub(super) fn at(operator: &Operator, tenant: &'static str) -> Self {
        let runtime = Runtime::new().unwrap();
        let location = Location::parse(&operator.database.url()).unwrap();
        let (clock, random) = (Arc::new(SystemClock::new()), Arc::new(SystemRandom));
        let directory = runtime
            .block_on(Directory::open(&location, clock, random))
            .unwrap();
        let found = directory.read(move |tx| tenants::find(tx, tenant));
        let actor = Actor::system(runtime.block_on(found).unwrap(), "test");
        Self {
            runtime,
            directory,
            actor,
        }
    }

    pub(super) fn user(&self, email: &str) -> Option<UserView> {
        let (actor, key) = (self.actor.clone(), UserKey::Email(email.to_owned()));
        let include = Include {
            accounts: true,
            groups: true,
            badges: true,
            ..Include::default()
        };
        let read = move |tx: &directory::store::Tx<'_>| users::get(tx, &actor, &key, include);
        self.runtime.block_on(self.directory.read(read)).ok()
    }

    pub(super) fn events(&self, email: &str) -> Vec<StoredEvent> {
        let (actor, id) = (self.actor.clone(), self.user(email).unwrap().user.id);
        let read = move |tx: &directory::store::Tx<'_>| {
            event::history(tx, &actor, &Subject::new("user", id))
        };
        self.runtime.block_on(self.directory.read(read)).unwrap()
    }

    fn password_is(&self, email: &str, password: &str) -> bool {
        let id = self.user(email).unwrap().user.id;
        let password = password.to_owned().into();
        let checked = self.directory.check_password(&self.actor, id, password);
        self.runtime.block_on(checked).unwrap()
    }
}

impl Operator {
    pub(super) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Imports what is written to a file of this name.
    pub(super) fn import(
        &self,
        name: &str,
        content: impl AsRef<[u8]>,
        arguments: &[&str],
    ) -> Output {
        self.file(name, content);
        let mut all = vec!["import", name, "-ojson"];
        all.extend(arguments);
        self.run(&all)
    }
}

/// What an import counts: created, updated, unchanged, refused.
#[track_caller]
pub(super) fn counts(output: &Output) -> [i64; 4] {
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{}", String::from_utf8_lossy(&output.stderr));
    });
    let [created, updated, unchanged, refused] =
        ["created", "updated", "unchanged", "refused"].map(|name| told[name].as_i64().unwrap());
    assert_eq!(output.status.success(), refused == 0);
    [created, updated, unchanged, refused]
}

pub(super) fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(super) fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

#[test]
fn a_line_makes_a_user_or_changes_the_one_with_its_email() {
    let operator = Operator::new();
    let first = lines(&[
        json!({"email": "ada@example.com", "first_name": "Ada", "kind": "worker",
               "worker": {"onboarding_state": "complete"}, "rating": 4.5}),
        json!({"email": "grace@example.com", "first_name": "Grace"}),
    ]);
    let output = operator.import("first.ndjson", &first, &[]);
    assert_eq!(counts(&output), [2, 0, 0, 0], "{}", said(&output));
    let second = lines(&[
        json!({"email": "ADA@example.com", "last_name": "Lovelace", "first_name": null}),
        json!({"email": "grace@example.com", "first_name": "Grace"}),
        json!({"email": "edsger@example.com"}),
    ]);
    let output = operator.import("second.jsonl", &second, &[]);
    assert_eq!(counts(&output), [1, 1, 1, 0], "{}", said(&output));
    let look = Look::at(&operator, "default");
    let ada = look.user("ada@example.com").unwrap().user;
    assert_eq!(ada.email.as_ref().unwrap().as_str(), "ada@example.com");
    assert_eq!((ada.first_name, ada.rating), (None, Some(4.5)));
    assert_eq!(ada.last_name.as_deref(), Some("Lovelace"));
    let events = look.events("ada@example.com");
    let types: Vec<&str> = events.iter().map(|each| each.event_type.as_str()).collect();
    assert_eq!(types, ["user_created", "user_updated"]);
    assert!(events.iter().all(|each| each.actor_type == "system"));
    let requests: Vec<&str> = events.iter().map(|each| each.request_id.as_str()).collect();
    assert!(requests[0].starts_with("import ") && requests[0] != requests[1]);
}

#[test]
fn a_file_is_imported_into_the_tenant_that_is_said() {
    let operator = Operator::new();
    operator.json(&["tenant", "create", "--name", "acme", "-ojson"]);
    let file = lines(&[json!({"email": "ada@example.com"})]);
    for tenant in ["acme", "default"] {
        let output = operator.import("users.ndjson", &file, &["--tenant", tenant]);
        assert_eq!(counts(&output), [1, 0, 0, 0], "{}", said(&output));
    }
    assert!(
        Look::at(&operator, "acme")
            .user("ada@example.com")
            .is_some()
    );
    let nowhere = operator.import("users.ndjson", &file, &["--tenant", "nowhere"]);
    assert_eq!(nowhere.status.code(), Some(1));
}

#[test]
fn a_file_that_was_imported_is_imported_again_only_when_told_so() {
    let operator = Operator::new();
    let file = lines(&[json!({"email": "ada@example.com"}), json!({"email": "x"})]);
    let first = operator.import("users.ndjson", &file, &[]);
    assert_eq!(counts(&first), [1, 0, 0, 1]);
    let second = operator.import("other-name.ndjson", &file, &["--errors", "errors.ndjson"]);
    assert_eq!(counts(&second), [1, 0, 0, 1]);
    assert!(
        said(&second).contains("imported before"),
        "{}",
        said(&second)
    );
    let errors = std::fs::read_to_string(operator.folder.join("errors.ndjson")).unwrap();
    assert!(errors.starts_with(r#"{"line":2,"#), "{errors}");
    let again = operator.import("users.ndjson", &file, &["--again"]);
    assert_eq!(counts(&again), [0, 0, 1, 1]);
}

const WORD: &str = "tide plank ferry é";
const HASHES: [(&str, &str); 5] = [
    (
        "argon2@example.com",
        "$argon2id$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$Wp1GCHYxo8lQUD9r7dr0NTHOpSFsrANbEoCrh633tSQ",
    ),
    (
        "bcrypt@example.com",
        "$2b$04$AqW1HvHbU5mOMPjI3MhIJOi4CdwRBOynpaqQCssERD.fEJavwj6ce",
    ),
    (
        "scrypt@example.com",
        "$scrypt$ln=4,r=8,p=1$rhVCyFmLcY4RQuidM2ZszQ$RH5XSkufG1G0UCMJ6bdmtimkT1v8GI3/P10PNwZM64A",
    ),
    (
        "pbkdf2@example.com",
        "$pbkdf2-sha256$1000$hnAuBUBISam1FkJIKWVsLQ$YedU6Uhe0v6Nx8lZUs11pwWTRmIjFmT/E2U8mc81Z5E",
    ),
    (
        "django@example.com",
        "pbkdf2_sha256$1000$saltsaltsalt$/NVh59q+AiNIebkzTv3i8E/mM/3QVPbSlG5XxCaEP1s=",
    ),
];

#[test]
fn passwords_are_right_after_the_import_whoever_hashed_them() {
    let operator = Operator::new();
    let mut users: Vec<Value> = HASHES
        .map(|(email, hash)| json!({"email": email, "password_hash": hash}))
        .to_vec();
    users.push(json!({"email": "plain@example.com", "password": WORD}));
    let output = operator.import("users.ndjson", lines(&users), &[]);
    assert_eq!(counts(&output), [6, 0, 0, 0], "{}", said(&output));
    let look = Look::at(&operator, "default");
    let emails = HASHES.map(|(email, _)| email);
    for email in emails.into_iter().chain(["plain@example.com"]) {
        assert!(!look.password_is(email, "tide plank ferry"), "{email}");
        // Twice: the second time it is a hash of our own.
        assert!(look.password_is(email, WORD), "{email}");
        assert!(look.password_is(email, WORD), "{email}");
        let events = look.events(email);
        assert!(!events.iter().any(|each| each.change.contains('$')));
    }
}

#[test]
fn a_password_is_set_for_a_stored_user_too() {
    let operator = Operator::new();
    let bare = lines(&[json!({"email": "ada@example.com"})]);
    counts(&operator.import("bare.ndjson", bare, &[]));
    let (_, hash) = HASHES[1];
    let hashed = lines(&[json!({"email": "ada@example.com", "password_hash": hash})]);
    let output = operator.import("hashed.ndjson", hashed, &[]);
    assert_eq!(counts(&output), [0, 1, 0, 0], "{}", said(&output));
    let look = Look::at(&operator, "default");
    assert!(look.password_is("ada@example.com", WORD));
    let plain = lines(&[json!({"email": "ada@example.com", "password": "orbit tide plank"})]);
    let output = operator.import("plain.ndjson", plain, &[]);
    assert_eq!(counts(&output), [0, 1, 0, 0], "{}", said(&output));
    assert!(look.password_is("ada@example.com", "orbit tide plank"));
    let types: Vec<String> = look
        .events("ada@example.com")
        .into_iter()
        .map(|each| each.event_type)
        .collect();
    let changed = ["user_password_changed", "user_updated"];
    assert_eq!(types[1..3], changed);
    assert_eq!(types[3..], changed);
}

#[test]
fn what_is_no_hash_or_no_password_is_refused() {
    let operator = Operator::new();
    let (_, hash) = HASHES[1];
    let with = |fields: Value| {
        let mut line = json!({"email": "ada@example.com"});
        line.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        line
    };
    let users = [
        with(json!({"password_hash": "5f4dcc3b5aa765d61d8327deb882cf99"})),
        with(json!({"password_hash": hash.replace("$04$", "$31$")})),
        with(json!({"password_hash": 7})),
        with(json!({"password_hash": hash, "password": WORD})),
        with(json!({"password": "12345678"})),
        with(json!({"password": "ada@example.com"})),
    ];
    let output = operator.import("users.ndjson", lines(&users), &[]);
    assert_eq!(counts(&output), [0, 0, 0, 6]);
    let expected = [
        "line 1: password_hash: is no hash of a kind that is known",
        "line 2: password_hash: must be 4 to 15",
        "line 3: password_hash: must be a string",
        "line 4: password_hash: cannot come together with a password",
        "line 5: password: is easily guessed",
        "line 6: password: is easily guessed",
    ];
    let said = said(&output);
    for line in expected {
        assert!(said.contains(line), "{line} in {said}");
    }
    assert!(!said.contains("12345678") && !said.contains('$'), "{said}");
}

#[test]
fn what_is_wrong_is_told_by_line_and_the_rest_is_imported() {
    let operator = Operator::new();
    let file = [
        r#"{"email": "ada@example.com", "kind": "worker", "phone": "+1 415 555 2671"}"#,
        "",
        r#"{"first_name": "Nobody"}"#,
        r#"{"email": "no address", "rating": 9, "worker": {"drug_tested": "maybe"}}"#,
        r#"{"email": "b@example.com", "kind": "worker", "phone": "+1 415 555 2671"}"#,
        "   ",
        r#"{"email": "c@example.com", "colour": "red"}"#,
        r#"{"email": "grace@example.com"}"#,
    ];
    let output = operator.import(
        "users.ndjson",
        file.join("\r\n"),
        &["--errors", "errors.ndjson"],
    );
    assert_eq!(counts(&output), [2, 0, 0, 4]);
    let errors = std::fs::read_to_string(operator.folder.join("errors.ndjson")).unwrap();
    let errors: Vec<Value> = errors
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let told: Vec<(i64, Vec<(&str, &str)>)> = errors
        .iter()
        .map(|error| {
            let of_line = error["errors"].as_array().unwrap().iter().map(|each| {
                let text = |name: &str| each[name].as_str().unwrap();
                (text("pointer"), text("code"))
            });
            (error["line"].as_i64().unwrap(), of_line.collect())
        })
        .collect();
    let expected = [
        (3, vec![("/email", "blank")]),
        (
            4,
            vec![
                ("/email", "bad_format"),
                ("/kind", "blank"),
                ("/worker/drug_tested", "not_included"),
                ("/rating", "out_of_range"),
            ],
        ),
        (5, vec![("/phone", "taken")]),
        (7, vec![("/colour", "unknown_field")]),
    ];
    assert_eq!(told, expected);
    let said = said(&output);
    assert!(said.contains("line 3: email: is required\n"), "{said}");
    assert!(said.contains("line 5: phone: is already taken\n"), "{said}");
    assert!(said.contains("4 lines were refused"), "{said}");
}

#[test]
fn a_strict_import_stops_where_a_line_is_refused() {
    let operator = Operator::new();
    let mut users: Vec<Value> = (0..5_000)
        .map(|number| json!({"email": format!("user{number}@example.com")}))
        .collect();
    users[10] = json!({"email": "?"});
    users[4_999] = json!({"email": "?"});
    let output = operator.import("users.ndjson", lines(&users), &["--strict"]);
    let [created, .., refused] = counts(&output);
    assert_eq!(refused, 1);
    assert!((10..4_998).contains(&created), "{created}");
    // Without it, the same file goes on.
    let output = operator.import("users.ndjson", lines(&users), &[]);
    assert_eq!(counts(&output), [4_998, 0, 0, 2]);
}

#[test]
fn standard_input_is_imported_too() {
    let operator = Operator::new();
    for (format, text) in [
        ("ndjson", "{\"email\": \"ada@example.com\"}\n"),
        ("csv", "email\ngrace@example.com\n"),
    ] {
        let mut command = operator.command(&["import", "-", "--format", format, "-ojson"]);
        let command = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(counts(&output), [1, 0, 0, 0], "{}", said(&output));
    }
    let unsaid = operator.run(&["import", "-"]);
    assert_eq!(unsaid.status.code(), Some(1));
    assert!(said(&unsaid).contains("--format"), "{}", said(&unsaid));
    let absent = operator.run(&["import", "absent.csv"]);
    assert_eq!(absent.status.code(), Some(1));
    assert!(said(&absent).contains("absent.csv"), "{}", said(&absent));
}

#[test]
fn a_table_holds_what_lines_hold() {
    let operator = Operator::new();
    let account = operator.json(&["account", "create", "--name", "Acme", "-ojson"])["id"].clone();
    let group = operator.json(&["group", "create", "--name", "Sales", "-ojson"])["id"].clone();
    let badge = operator.json(&["badge", "create", "--name", "Forklift", "-ojson"])["id"].clone();
    let table = format!(
        "\u{feff}last_name,email,kind,rating,featured,worker.onboarding_state,worker.synced_worker_id,address,accounts,groups,badges,title\r\n\
         \"O\"\"Neil, Jr.\",ada@example.com,worker,4.5,TRUE,complete,77,\"1 Main St\nFloor 2\",\
         \"[{{\"\"id\"\": {account}, \"\"admin\"\": true}}]\",\"[{{\"\"id\"\": {group}}}]\",\"[{{\"\"badge_id\"\": {badge}}}]\",\r\n\
         \r\n\
         =1+1,grace@example.com,,,,,,@SUM(A1),,,,\"+cmd|' /C calc'!A0\"\r\n"
    );
    let output = operator.import("users.csv", &table, &[]);
    assert_eq!(counts(&output), [2, 0, 0, 0], "{}", said(&output));
    let look = Look::at(&operator, "default");
    let view = look.user("ada@example.com").unwrap();
    let ada = view.user;
    assert_eq!(ada.last_name.as_deref(), Some("O\"Neil, Jr."));
    assert_eq!(ada.address.as_deref(), Some("1 Main St\nFloor 2"));
    assert_eq!((ada.rating, ada.featured), (Some(4.5), Some(true)));
    assert_eq!(ada.synced_worker_id, Some(77));
    assert_eq!(ada.onboarding_state.unwrap().name(), "complete");
    assert_eq!(ada.title, None);
    assert!(view.accounts[0].admin);
    assert_eq!((view.groups.len(), view.badges.len()), (1, 1));
    // What a spreadsheet would run is a text like any other.
    let grace = look.user("grace@example.com").unwrap().user;
    assert_eq!(grace.last_name.as_deref(), Some("=1+1"));
    assert_eq!(grace.address.as_deref(), Some("@SUM(A1)"));
    assert_eq!(grace.title.as_deref(), Some("+cmd|' /C calc'!A0"));
    // An empty cell leaves what is there.
    let empty = "email,last_name,title\nada@example.com,,Countess\n";
    let output = operator.import("empty.csv", empty, &[]);
    assert_eq!(counts(&output), [0, 1, 0, 0], "{}", said(&output));
    let ada = look.user("ada@example.com").unwrap().user;
    assert_eq!(ada.title.as_deref(), Some("Countess"));
    assert_eq!(ada.last_name.as_deref(), Some("O\"Neil, Jr."));
}

#[test]
fn a_row_that_cannot_be_read_is_told_by_its_first_line() {
    let table = "email,rating,featured,badges\n\
                 a@example.com,many,,\n\
                 \"b\n\n@example.com\",,,\n\
                 c@example.com,,perhaps,\n\
                 d@example.com,,\n\
                 e@example.com,,,not json\n\
                 f@example.com,,,,\n\
                 g@example.com,,,\n\
                 \"h@example.com,,,\n\
                 i@example.com,,,\n";
    for end in ["\n", "\r\n", "\r"] {
        let operator = Operator::new();
        let output = operator.import("users.csv", table.replace('\n', end), &[]);
        assert_eq!(counts(&output), [1, 0, 0, 7], "{}", said(&output));
        let said = said(&output);
        for line in [
            "line 2: rating: must be a number",
            "line 3: email: does not have the form",
            "line 6: featured: must be a boolean",
            "line 7: the row has 3 cells, the header 4",
            "line 8: badges: must be a list",
            "line 9: the row has 5 cells, the header 4",
            "line 11: the row has 1 cells, the header 4",
        ] {
            assert!(said.contains(line), "{line} in {said}");
        }
    }
}

#[test]
fn a_table_with_a_wrong_header_is_refused_before_its_first_row() {
    let operator = Operator::new();
    for (table, complaint) in [
        ("", "no header"),
        ("email,colour\na@example.com,red\n", "no field colour"),
        (
            "email,worker.colour\na@example.com,red\n",
            "no field worker.colour",
        ),
        (
            "email,zip,email\na@example.com,1,b@example.com\n",
            "email comes twice",
        ),
        ("email,\na@example.com,\n", "no field "),
        ("email,\u{fffd}\n", "no field \u{fffd}"),
    ] {
        let output = operator.import("users.csv", table, &[]);
        assert_eq!(output.status.code(), Some(1), "{table}");
        assert!(said(&output).contains(complaint), "{}", said(&output));
    }
    let look = Look::at(&operator, "default");
    assert!(look.user("a@example.com").is_none());
}
