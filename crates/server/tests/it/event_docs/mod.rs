//! `docs/EVENTS.md` is what the code says: the catalogue, and an example of each event that the
//! use cases cause. `MUSTER_UPDATE_DOCS=1` writes it anew.

mod page;
mod scenario;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use directory::event::{EventType, Origin};

use crate::contracts::root;
use page::page;
use scenario::Scenario;

const HOW: &str = "MUSTER_UPDATE_DOCS=1 cargo test -p muster --test it event_docs";

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_events_is_what_the_code_says() {
    let page = page(&Scenario::run().await);
    let file = root().join("docs/EVENTS.md");
    if std::env::var("MUSTER_UPDATE_DOCS").as_deref() == Ok("1") {
        std::fs::write(&file, &page).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let same = written
        .lines()
        .zip(page.lines())
        .take_while(|(a, b)| a == b);
    let line = same.count() + 1;
    assert!(
        written == page,
        "docs/EVENTS.md differs from the code from line {line} on: run {HOW}, and read what changed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_that_the_code_writes_has_its_example() {
    let events = Scenario::run().await;
    let caused: BTreeSet<String> = events.into_iter().map(|each| each.event_type).collect();
    assert_eq!(
        caused,
        written_by_code(),
        "left: what the scenario of this file causes; right: what the sources write"
    );
    for name in caused {
        let event = EventType::parse(&name).unwrap();
        assert_eq!(event.entry().origin, Origin::Server, "{name}");
    }
}

/// The types that are named in sources which write events.
fn written_by_code() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&root().join("crates/directory/src"), &mut files);
    let texts = files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap());
    // By itself, or as the invitations do.
    let recorders = ["event::record(", "event::numbered(", "told(tx, "];
    let recording: Vec<String> = texts
        .filter(|text| recorders.iter().any(|each| text.contains(each)))
        .collect();
    assert!(!recording.is_empty(), "nothing writes events");
    let named = |text: &str| -> Vec<String> {
        let rests = text.split("EventType::").skip(1);
        rests
            .map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap())
            .filter_map(|variant| {
                let mut types = EventType::all();
                types.find(|event| format!("{event:?}") == variant)
            })
            .map(|event| event.name().to_owned())
            .collect()
    };
    recording.iter().flat_map(|text| named(text)).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}
