//! `docs/CONTRACTS.md` stays true: every row names tests that exist, and every source that
//! it must cover has rows.

use std::path::{Path, PathBuf};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

struct Row {
    line: usize,
    what: String,
    source: String,
    tests: Vec<String>,
}

fn rows(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with('|'))
    {
        let line_text = line.replace("\\|", "\u{1}");
        let cells: Vec<&str> = line_text
            .trim_matches('|')
            .split('|')
            .map(str::trim)
            .collect();
        assert_eq!(
            cells.len(),
            3,
            "line {}: three cells a row: {line}",
            index + 1
        );
        if cells[0] == "What must hold" || cells[0].starts_with("---") {
            continue;
        }
        let tests = cells[2]
            .split("<br>")
            .map(|each| each.trim().trim_matches('`').to_owned());
        rows.push(Row {
            line: index + 1,
            what: cells[0].to_owned(),
            source: cells[1].to_owned(),
            tests: tests.collect(),
        });
    }
    rows
}

/// All Rust sources below a folder.
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

/// The names of all tests, as `cargo test` shows them: in `it` without a prefix, elsewhere
/// after their crate's name.
pub(crate) fn tests() -> Vec<String> {
    let root = root().canonicalize().unwrap();
    let mut names = Vec::new();
    for (folder, prefix) in [
        ("crates/server/tests/it", ""),
        ("crates/server/src", "muster"),
        ("crates/directory/src", "directory"),
        ("crates/directory/tests", "directory"),
    ] {
        let folder = root.join(folder);
        let mut files = Vec::new();
        sources(&folder, &mut files);
        for file in files {
            let module = file.strip_prefix(&folder).unwrap().with_extension("");
            let mut parts: Vec<&str> = module.iter().map(|part| part.to_str().unwrap()).collect();
            parts.retain(|part| !matches!(*part, "mod" | "main" | "lib" | "tests"));
            parts.insert(0, prefix);
            parts.retain(|part| !part.is_empty());
            names.extend(tests_in(
                &std::fs::read_to_string(&file).unwrap(),
                &parts.join("::"),
            ));
        }
    }
    names
}

/// Functions that are marked as tests, and those that a storage module runs on each engine.
fn tests_in(text: &str, module: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut marked, mut listed) = (false, false);
    for line in text.lines().map(str::trim) {
        if let Some((_, one)) = line
            .strip_suffix(");")
            .filter(|line| line.starts_with("on_"))
            .and_then(|line| line.split_once("!("))
        {
            names.push(format!("{module}::{one}"));
        } else if line.starts_with("on_") && line.ends_with("!(") {
            listed = true;
        } else if listed {
            listed = line != ");";
            let name = line.trim_end_matches(',');
            names.extend(listed.then(|| format!("{module}::{name}")));
        } else if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if let Some(rest) = line
            .strip_prefix("fn ")
            .or_else(|| line.strip_prefix("async fn "))
            .filter(|_| marked)
        {
            let name = rest.split(['(', '<']).next().unwrap();
            names.push(format!("{module}::{name}"));
            marked = false;
        }
    }
    names
}

#[test]
fn every_row_names_tests_that_exist() {
    let text = std::fs::read_to_string(root().join("docs/CONTRACTS.md")).unwrap();
    let known = tests();
    let mut missing = Vec::new();
    for row in rows(&text) {
        assert!(
            !row.what.is_empty() && !row.source.is_empty(),
            "line {}",
            row.line
        );
        for test in row.tests {
            if !known.contains(&test.replace("::tests::", "::")) {
                missing.push(format!("line {}: {test}", row.line));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_seed_and_page_has_rows() {
    let text = std::fs::read_to_string(root().join("docs/CONTRACTS.md")).unwrap();
    let rows = rows(&text);
    for source in [
        "seed 000", "seed 001", "seed 002", "seed 003", "seed 004", "native", "README",
    ] {
        let count = rows
            .iter()
            .filter(|row| row.source.contains(source))
            .count();
        assert!(count > 0, "{source} has no row");
    }
}

#[test]
fn the_check_sees_a_test_that_is_gone() {
    let names = tests_in("#[test]\nfn there() {}\nfn helper() {}\n", "m");
    assert_eq!(names, ["m::there"]);
    let listed = tests_in(
        "on_each_engine!(\n    one,\n    two,\n);\nfn three() {}\n",
        "m",
    );
    assert_eq!(listed, ["m::one", "m::two"]);
    assert_eq!(tests_in("on_sqlite!(one);\n", "m"), ["m::one"]);
    let rows =
        rows("| What must hold | Source | Test |\n|---|---|---|\n| a | b | `m::x`<br>`m::y` |");
    assert_eq!(rows[0].tests, ["m::x", "m::y"]);
}
