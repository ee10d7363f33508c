//! Every seed of the fuzzing, and every input that once broke something, on every test run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    missing_docs,
    unreachable_pub
)]

#[path = "../../../fuzz/src/lib.rs"]
mod fuzzing;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fuzzing::TARGETS;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The names of what is in a folder, without their endings.
fn names(folder: &Path) -> BTreeSet<String> {
    let name = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files(folder).into_iter().map(name).collect()
}

#[test]
fn every_target_holds_on_its_seeds() {
    let mut refused = Vec::new();
    for (name, target) in TARGETS {
        let seeds = files(&folder().join("seeds").join(name));
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for seed in seeds {
            eprintln!("{}", seed.display());
            let taken = target(&std::fs::read(&seed).unwrap());
            let good = seed.file_name().unwrap().to_str().unwrap();
            if good.starts_with("good") && !taken {
                refused.push(seed);
            }
        }
    }
    assert!(refused.is_empty(), "good, and refused: {refused:?}");
}

#[test]
fn every_target_is_fuzzed_and_has_seeds() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&folder().join("fuzz_targets")), targets);
    assert_eq!(names(&folder().join("seeds")), targets);
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let built = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
    let built = built.map(|end| end.trim_end_matches(".rs\"").to_owned());
    assert_eq!(built.collect::<BTreeSet<_>>(), targets);
}
