//! The tables in `docs/dialects` are made from the documents and the map of contracts.

use std::fmt::Write as _;

use muster::openapi::NAMES;

use super::documents::calls;
use crate::contracts::root;
use crate::harness::described;

const BEGIN: &str = "<!-- made from the code: MUSTER_UPDATE_DOCS=1 cargo test -p muster --test it openapi::guides -->\n";
const END: &str = "<!-- end -->\n";

/// The heading of an API's rows in the map of contracts.
fn heading(dialect: &str) -> &'static str {
    match dialect {
        "wonolo" => "## Wonolo",
        "pulse" => "## Pulse",
        "platformos" => "## platformOS",
        "legalesign" => "## Legalesign",
        _ => "## /v1",
    }
}

/// How many promises of an API are mapped to tests.
fn promises(dialect: &str) -> usize {
    let map = std::fs::read_to_string(root().join("docs/CONTRACTS.md")).unwrap();
    let own = map
        .lines()
        .skip_while(|line| !line.starts_with(heading(dialect)))
        .skip(1)
        .take_while(|line| !line.starts_with("## "));
    let rows = own.filter(|line| line.starts_with("| ") && !line.contains("| --- |"));
    rows.filter(|row| !row.starts_with("| What must hold |"))
        .count()
}

fn table(dialect: &str) -> String {
    let document = described().document(dialect);
    let mut text = "\n| call | what it does | in a client |\n| --- | --- | --- |\n".to_owned();
    for (method, path, call) in calls(document) {
        let (summary, id) = (&call["summary"], &call["operationId"]);
        let (summary, id) = (summary.as_str().unwrap(), id.as_str().unwrap());
        let method = method.to_uppercase();
        writeln!(text, "| `{method} {path}` | {summary} | `{id}` |").unwrap();
    }
    let all = promises(dialect);
    writeln!(
        text,
        "\n[The map of contracts](../CONTRACTS.md) names the tests that hold {all} promises of this \
         API.\n"
    )
    .unwrap();
    text
}

#[test]
fn the_guides_say_what_is_covered() {
    for dialect in NAMES {
        let file = root().join(format!("docs/dialects/{dialect}.md"));
        let text = std::fs::read_to_string(&file).unwrap();
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let made = format!("{before}{BEGIN}{}{END}{after}", table(dialect));
        if std::env::var("MUSTER_UPDATE_DOCS").as_deref() == Ok("1") {
            std::fs::write(&file, &made).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap();
        assert!(
            written == made,
            "{}: what is covered differs from the code: {BEGIN}",
            file.display()
        );
    }
}
