//! `muster import` of files that mean harm, and runs that are broken off.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::json;

use super::Operator;
use super::import::{Look, counts, lines, said};

const GOOD: &[u8] = b"{\"email\": \"ada@example.com\"}\n";

#[test]
fn a_hostile_line_is_refused_alone() {
    let operator = Operator::new();
    let long = format!(
        "{{\"email\": \"long@example.com\", \"city\": \"{}\"}}\n",
        "x".repeat(3 << 20)
    );
    let deep = format!(
        "{{\"email\": {}1{}}}\n",
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    let wide = format!(
        "{{\"email\": \"wide@example.com\", \"badges\": [{}1]}}\n",
        "1,".repeat(2_000)
    );
    let bad: [(&[u8], &str); 12] = [
        (long.as_bytes(), "longer than 1048576 bytes"),
        (deep.as_bytes(), "nested too deeply"),
        (wide.as_bytes(), "too many members"),
        (b"{\"email\": \"\xff@example.com\"}\n", "not readable JSON"),
        (b"\xff\xfe{\x00}\x00\n", "not readable JSON"),
        (b"{\"email\": \"a@example.com\"\n", "not readable JSON"),
        (b"{\"email\": \"a@example.com\"} {}\n", "not readable JSON"),
        (
            b"{\"email\": \"a@example.com\", \"email\": \"b@example.com\"}\n",
            "a key is repeated",
        ),
        (b"[{\"email\": \"a@example.com\"}]\n", "not a JSON object"),
        (b"\"a@example.com\"\n", "not a JSON object"),
        (
            b"{\"email\": \"a\\u0000@example.com\"}\n",
            "email: does not have the form",
        ),
        (
            b"{\"email\": \"nul@example.com\", \"city\": \"a\\u0000\"}\n",
            "city: does not have the form",
        ),
    ];
    let mut file = Vec::new();
    for (line, _) in &bad {
        file.extend_from_slice(line);
    }
    file.extend_from_slice(GOOD);
    // The last line has no end, and is too long as well.
    file.extend_from_slice(&b"x".repeat(2 << 20));
    let output = operator.import("users.ndjson", file, &[]);
    assert_eq!(counts(&output), [1, 0, 0, 13], "{}", said(&output));
    let said = said(&output);
    for (number, (_, complaint)) in (1..).zip(&bad) {
        let start = format!("line {number}: ");
        let told = said.lines().find(|line| line.starts_with(&start));
        assert!(
            told.is_some_and(|line| line.contains(complaint)),
            "{complaint} in {said}"
        );
    }
    assert!(said.contains("line 14: the line is longer"), "{said}");
    assert!(said.len() < 4_000, "what came is not told again: {said}");
}

#[test]
fn a_line_of_just_the_limit_is_read() {
    let operator = Operator::new();
    let start = "{\"email\": \"ada@example.com\"";
    let line = |length: usize| format!("{start}{}}}\n", " ".repeat(length - start.len() - 2));
    let file = line(1 << 20) + &line((1 << 20) + 1);
    let output = operator.import("users.ndjson", file, &[]);
    assert_eq!(counts(&output), [1, 0, 0, 1], "{}", said(&output));
    assert!(said(&output).contains("line 2: the line is longer"));
}

#[test]
fn a_hostile_row_is_refused_alone() {
    let operator = Operator::new();
    let mut table = b"email,city\n".to_vec();
    table.extend_from_slice(format!("long@example.com,{}\n", "x".repeat(3 << 20)).as_bytes());
    table.extend_from_slice(b"bytes@example.com,\xff\xfe\n");
    table.extend_from_slice(b"nul@example.com,a\0b\n");
    table.extend_from_slice(format!("many@example.com{}\n", ",x".repeat(5_000)).as_bytes());
    table.extend_from_slice(b"ada@example.com,London\n");
    // A quote that does not end takes the rest of the file, and no more memory for it.
    table.extend_from_slice(b"open@example.com,\"");
    table.extend_from_slice(&b"x,\n".repeat(1 << 20));
    let output = operator.import("users.csv", table, &[]);
    assert_eq!(counts(&output), [1, 0, 0, 5], "{}", said(&output));
    let said = said(&output);
    for line in [
        "line 2: the line is longer",
        "line 3: the row is not UTF-8",
        "line 4: city: does not have the form",
        "line 5: the line is longer",
        "line 7: the line is longer",
    ] {
        assert!(said.contains(line), "{line} in {said}");
    }
}

/// Good lines before and after the bad ones.
const USERS: [std::ops::Range<usize>; 2] = [0..12_000, 12_000..16_000];
/// Bad lines: what is said of them is more than a pipe holds, so that an import whose standard
/// error nobody reads waits among them.
const BAD: usize = 6_000;

fn email(number: usize) -> String {
    format!("user{number}@example.com")
}

/// Starts an import, kills it when many lines are done, and starts it again.
fn broken_off(name: &str, file: &str, first_bad: usize) {
    let operator = Operator::new();
    operator.file(name, file);
    let mut child = operator
        .command(&["import", name, "--errors", "errors.ndjson"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(" lines: ") {
        line.clear();
        assert!(err.read_line(&mut line).unwrap() > 0, "it ended before");
    }
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());

    let output = operator.run(&["import", name, "--errors", "errors.ndjson", "-ojson"]);
    let [created, updated, unchanged, refused] = counts(&output);
    assert_eq!((created, updated, unchanged), (16_000, 0, 0));
    assert_eq!(refused, 6_000);
    let said = said(&output);
    let after: usize = said
        .lines()
        .find_map(|line| line.strip_prefix("goes on after line "))
        .expect(&said)
        .parse()
        .unwrap();
    assert!((10_000..18_000).contains(&after), "{after}");

    // Each user was made once, and nobody was left out.
    let look = Look::at(&operator, "default");
    let near = USERS[0].end - 200..USERS[1].start + 200;
    for number in (0..USERS[1].end).step_by(97).chain(near) {
        let user = look.user(&email(number)).expect("a user is missing").user;
        assert_eq!(user.version, 1);
        assert_eq!(look.events(&email(number)).len(), 1);
    }
    // What was refused before it was broken off is told as well.
    let errors = std::fs::read_to_string(operator.folder.join("errors.ndjson")).unwrap();
    let told = errors.lines().map(|line| line.split([':', ',']).nth(1));
    let told: Vec<usize> = told
        .map(|number| number.unwrap().parse().unwrap())
        .collect();
    assert_eq!(told, (first_bad..first_bad + BAD).collect::<Vec<_>>());
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_was() {
    let good = |number| json!({ "email": email(number) });
    let [before, after] = USERS;
    let bad = (0..BAD).map(|_| json!({"email": "?"}));
    let users: Vec<_> = before.map(good).chain(bad).chain(after.map(good)).collect();
    broken_off("users.ndjson", &lines(&users), 12_001);
}

#[test]
fn an_import_of_a_table_that_is_killed_goes_on_where_it_was() {
    let good = |number| format!("{},London\r\n", email(number));
    let [before, after] = USERS;
    let bad = (0..BAD).map(|_| "?,\"\"\r\n".to_owned());
    let rows: String = before.map(good).chain(bad).chain(after.map(good)).collect();
    // The header is a line too.
    broken_off("users.csv", &format!("email,city\r\n{rows}"), 12_002);
}
