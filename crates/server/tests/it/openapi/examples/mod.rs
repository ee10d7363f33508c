//! The examples in the documents are what a run of the server asked and answered:
//! `openapi/examples/{dialect}.json`. `MUSTER_UPDATE_DOCS=1` writes them anew; the documents,
//! which hold them, are then written by the next run.

mod failures;
mod forms;
mod native;
mod recorder;
mod sessions;
mod vendors;
mod webhooks;

use muster::openapi::NAMES;
use serde_json::Value;

use super::documents::calls;
use crate::contracts::root;
use crate::harness::described;
use recorder::Recorder;

const HOW: &str = "MUSTER_UPDATE_DOCS=1 cargo test -p muster --test it openapi, twice";

/// A run in which every call succeeds once and every kind of failure comes once.
fn run() -> Recorder {
    let mut recorder = Recorder::new();
    native::run(&mut recorder);
    forms::run(&mut recorder);
    vendors::run(&mut recorder);
    sessions::run(&mut recorder);
    webhooks::run(&mut recorder);
    failures::run(&mut recorder);
    recorder
}

#[test]
fn the_examples_are_what_a_run_answers() {
    let recorder = run();
    for dialect in NAMES {
        let file = root().join(format!("openapi/examples/{dialect}.json"));
        let made = recorder.examples(dialect);
        if std::env::var("MUSTER_UPDATE_DOCS").as_deref() == Ok("1") {
            std::fs::write(&file, &made).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        let same = written
            .lines()
            .zip(made.lines())
            .take_while(|(a, b)| a == b);
        let line = same.count() + 1;
        assert!(
            written == made,
            "openapi/examples/{dialect}.json differs from what a run answers from line {line} on: \
             run {HOW}, and read what changed"
        );
    }
}

/// What stands in the places of a document where an example belongs, and lacks one.
fn without_examples(dialect: &str) -> Vec<String> {
    let document = described().document(dialect);
    let mut lacking = Vec::new();
    let mut look = |at: String, said: &Value| {
        for (media_type, media) in said["content"].as_object().into_iter().flatten() {
            if media.get("example").is_none() {
                lacking.push(format!("{dialect}: {at} {media_type}"));
            }
        }
    };
    for (_, _, call) in calls(document) {
        let id = call["operationId"].as_str().unwrap();
        look(format!("{id} request"), &call["requestBody"]);
        for (status, said) in call["responses"].as_object().unwrap() {
            look(format!("{id} {status}"), said);
        }
    }
    for (name, said) in document["components"]["responses"].as_object().unwrap() {
        look(name.clone(), said);
    }
    lacking
}

#[test]
fn every_body_that_is_described_has_an_example() {
    let lacking: Vec<String> = NAMES.into_iter().flat_map(without_examples).collect();
    assert!(
        lacking.is_empty(),
        "no run has asked or answered these:\n{}",
        lacking.join("\n")
    );
}
