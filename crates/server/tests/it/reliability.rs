//! `docs/RELIABILITY.md` stays true: every promise names tests or rigs that exist, and every
//! requirement that the page answers for has one.

use std::collections::BTreeSet;

use crate::contracts::{root, tests};

const ANSWERED: [u32; 27] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17, 18, 22, 23, 24, 25, 29, 31, 33, 35, 37, 39, 40, 42,
    43,
];

fn page() -> String {
    std::fs::read_to_string(root().join("docs/RELIABILITY.md")).unwrap()
}

/// Number, promise and holders of each row of the table of promises.
fn promises(text: &str) -> Vec<(u32, String, Vec<String>)> {
    let cells = |line: &str| -> Vec<String> {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    text.lines()
        .filter(|line| line.starts_with('|'))
        .map(cells)
        .filter_map(|cells| Some((cells.first()?.parse().ok()?, cells)))
        .map(|(number, cells)| {
            assert_eq!(cells.len(), 3, "{cells:?}");
            let held = cells[2].split("<br>");
            let held = held.map(|each| each.trim().replace('`', "")).collect();
            (number, cells[1].clone(), held)
        })
        .collect()
}

fn rig_exists(name: &str) -> bool {
    let file = root().join(format!("tests/crash/rigs/{name}.py"));
    name.bytes()
        .all(|byte| byte == b'_' || byte.is_ascii_lowercase())
        && file.is_file()
}

#[test]
fn every_promise_is_held_by_tests_and_rigs_that_exist() {
    let known = tests();
    let mut missing = Vec::new();
    for (number, promise, held) in promises(&page()) {
        assert!(!promise.is_empty(), "{number}");
        for each in held {
            let there = match each.strip_prefix("rig ") {
                Some(rig) => rig_exists(rig),
                None => known.contains(&each),
            };
            if !there {
                missing.push(format!("{number}: {each}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_requirement_that_the_page_answers_for_has_a_row() {
    let rows: BTreeSet<u32> = promises(&page()).iter().map(|row| row.0).collect();
    assert_eq!(rows, BTreeSet::from(ANSWERED));
}

#[test]
fn every_rig_is_on_the_page() {
    let page = page();
    let mut rigs = 0;
    for entry in std::fs::read_dir(root().join("tests/crash/rigs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = name.strip_suffix(".py").filter(|name| *name != "__init__") {
            rigs += 1;
            let described = page.contains(&format!("\n`rig {name}` — "));
            assert!(described, "{name} has no paragraph");
        }
    }
    assert!(rigs >= 8, "{rigs}");
}
