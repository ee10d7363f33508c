//! The tables in `docs/dialects` are made from the documents and the map of contracts.

use std::collections::BTreeMap;
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

/// How many promises of an API are mapped to tests, by where they are made.
fn promises(dialect: &str) -> BTreeMap<String, usize> {
    let map = std::fs::read_to_string(root().join("docs/CONTRACTS.md")).unwrap();
    let own = map
        .split_inclusive('\n')
        .skip_while(|line| !line.starts_with(heading(dialect)))
        .skip(1)
        .take_while(|line| !line.starts_with("## "));
    let mut counts = BTreeMap::new();
    for line in own.filter(|line| line.starts_with("| ") && !line.contains("| --- |")) {
        let line = line.replace("\\|", " ");
        let source = line.split('|').nth(2).unwrap().trim();
        if source == "Source" {
            continue;
        }
        let place = source.split([',', ';']).next().unwrap().trim();
        *counts.entry(place.to_owned()).or_insert(0) += 1;
    }
    counts
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
    let counts = promises(dialect);
    let all: usize = counts.values().sum();
    let most: Vec<String> = counts
        .iter()
        .map(|(place, count)| format!("{place}: {count}"))
        .collect();
    writeln!(
        text,
        "\n[The map of contracts](../CONTRACTS.md) names the tests that hold {all} promises of this \
         API, by where they are made: {}.\n",
        most.join(" · ")
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
