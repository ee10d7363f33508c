//! The files in `openapi/`, and what holds of every document.

use std::collections::BTreeSet;

use muster::openapi::{NAMES, printed};
use serde_json::Value;

use crate::contracts::root;
use crate::harness::described;

const HOW: &str = "MUSTER_UPDATE_DOCS=1 cargo test -p muster --test it openapi";

#[test]
fn the_files_are_what_the_code_says() {
    for name in NAMES {
        let file = root().join(format!("openapi/{name}.json"));
        let made = printed(name).unwrap();
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
            "openapi/{name}.json differs from the code from line {line} on: run {HOW}"
        );
    }
}

/// Every `$ref` of a document.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(place)) = map.get("$ref") {
                found.insert(place.clone());
            }
            map.values().for_each(|each| references(each, found));
        }
        Value::Array(list) => list.iter().for_each(|each| references(each, found)),
        _ => {}
    }
}

#[test]
fn what_is_referred_to_is_there_and_the_other_way_round() {
    for name in NAMES {
        let document = described().document(name);
        let mut found = BTreeSet::new();
        references(document, &mut found);
        let mut there = BTreeSet::new();
        for part in ["schemas", "responses", "headers"] {
            let parts = document["components"][part].as_object().unwrap();
            there.extend(
                parts
                    .keys()
                    .map(|each| format!("#/components/{part}/{each}")),
            );
        }
        assert_eq!(found, there, "{name}: left: referred to; right: there");
    }
}

/// Each call of a document: its method, path and what is said of it.
pub fn calls(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, calls)| {
        let calls = calls.as_object().unwrap().iter();
        calls.map(|(method, call)| (method.as_str(), path.as_str(), call))
    })
}

#[test]
fn every_call_has_a_name_a_group_and_a_summary_of_its_own() {
    for name in NAMES {
        let document = described().document(name);
        let groups: BTreeSet<&str> = document["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag["name"].as_str().unwrap())
            .collect();
        let mut ids = BTreeSet::new();
        let mut used = BTreeSet::new();
        for (method, path, call) in calls(document) {
            let at = format!("{name}: {method} {path}");
            let id = call["operationId"].as_str().unwrap();
            let plain = id.chars().all(|c| c.is_ascii_alphanumeric());
            assert!(
                plain && id.starts_with(|c: char| c.is_ascii_lowercase()),
                "{at}: {id}"
            );
            assert!(ids.insert(id), "{at}: {id} twice");
            let tag = call["tags"][0].as_str().unwrap();
            assert!(groups.contains(tag), "{at}: {tag}");
            used.insert(tag);
            assert!(!call["summary"].as_str().unwrap().is_empty(), "{at}");
            let statuses = call["responses"].as_object().unwrap();
            assert!(
                statuses
                    .keys()
                    .all(|status| status.parse::<u16>().unwrap() >= 200),
                "{at}"
            );
        }
        assert_eq!(used, groups, "{name}");
    }
}

#[test]
fn no_parameter_is_described_twice() {
    for name in NAMES {
        for (method, path, call) in calls(described().document(name)) {
            let parameters = call["parameters"].as_array().into_iter().flatten();
            let named: Vec<_> = parameters
                .map(|each| (each["in"].as_str().unwrap(), each["name"].as_str().unwrap()))
                .collect();
            let once: BTreeSet<_> = named.iter().collect();
            assert_eq!(
                once.len(),
                named.len(),
                "{name}: {method} {path}: {named:?}"
            );
        }
    }
}

#[test]
fn the_places_in_a_path_are_its_parameters() {
    for name in NAMES {
        for (method, path, call) in calls(described().document(name)) {
            let in_path: BTreeSet<&str> = path
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                .collect();
            let said: BTreeSet<&str> = call["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|each| each["in"] == "path")
                .map(|each| each["name"].as_str().unwrap())
                .collect();
            assert_eq!(in_path, said, "{name}: {method} {path}");
        }
    }
}
