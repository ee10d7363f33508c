//! DESIGN.md's SQL discipline, read off every SQL text in `src/store` and every migration,
//! so that the tables can be sharded by tenant as they stand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod reader;
mod rust;
mod schema;
mod sql;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rust::literals;
use schema::Schema;
use sql::{
    WITHOUT_TENANT, check_sql, is_sql, looks_like_sql, starts_with_tenant, tenant_of, tokens,
};

fn crate_root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a directory with this ending, sorted.
fn files(below: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|each| each == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// The schema that all migrations of an engine make together.
fn schema(engine: &str) -> Schema {
    let mut schema = Schema::default();
    for path in files(&crate_root().join("migrations").join(engine), "sql") {
        schema.read(&read(&path));
    }
    schema
}

fn table_names() -> BTreeSet<String> {
    let mut names: BTreeSet<String> = schema("postgres").tables.into_keys().collect();
    names.extend(WITHOUT_TENANT.map(str::to_owned));
    names
}

/// What is wrong with the SQL of one source of the store.
fn check_source(name: &str, source: &str, tables: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let starts: Vec<String> = source
        .split("Conditions::new(")
        .skip(1)
        .map(|rest| literals(rest).into_iter().next().unwrap_or_default())
        .collect();
    for start in &starts {
        let tokens = tokens(start);
        let alias = start
            .split_once(".tenant_id")
            .map(|(alias, _)| alias.to_owned());
        if tokens.len() != 3 || !starts_with_tenant(&tokens, 0, &tenant_of(alias.as_ref())) {
            faults.push(format!("{name}: conditions begin with {start:?}"));
        }
    }
    for text in literals(source) {
        if !is_sql(&text, tables) {
            continue;
        }
        if text.contains('{') {
            faults.push(format!("{name}: put together at run time: {text}"));
        }
        let findings = check_sql(&text, tables);
        let open = findings.open.iter().filter(|alias| {
            let start = tenant_of(Some(*alias).filter(|alias| !alias.is_empty()));
            !starts.contains(&format!("{start} = ?"))
        });
        let open = open.map(|alias| format!("nothing puts a condition on {alias}'s tenant_id"));
        for fault in findings.faults.iter().cloned().chain(open) {
            faults.push(format!("{name}: {fault}: {text}"));
        }
    }
    faults
}

#[test]
fn every_statement_of_the_store_keeps_the_discipline() {
    let tables = table_names();
    let mut statements = 0;
    let mut faults = Vec::new();
    for path in files(&crate_root().join("src/store"), "rs") {
        let source = read(&path);
        statements += literals(&source)
            .iter()
            .filter(|text| is_sql(text, &tables))
            .count();
        faults.extend(check_source(&file_name(&path), &source, &tables));
    }
    assert!(statements > 50, "only {statements} statements were found");
    assert_eq!(faults, [] as [String; 0]);
}

#[test]
fn no_sql_stands_outside_the_store() {
    let mut faults = Vec::new();
    let mut sources = 0;
    for path in files(crate_root().parent().unwrap(), "rs") {
        let shown = path.to_string_lossy().into_owned();
        if !shown.contains("/src/") || shown.contains("/directory/src/store/") {
            continue;
        }
        sources += 1;
        for text in literals(&read(&path)) {
            if looks_like_sql(&text) {
                faults.push(format!("{shown}: {text}"));
            }
        }
    }
    assert!(sources > 20, "only {sources} sources were found");
    assert_eq!(faults, [] as [String; 0]);
}

#[test]
fn every_migration_keeps_the_discipline() {
    assert_eq!(schema("postgres").check(false), [] as [String; 0]);
    assert_eq!(schema("sqlite").check(true), [] as [String; 0]);
}

#[test]
fn both_engines_have_the_same_tables_and_columns() {
    let (postgres, sqlite) = (schema("postgres"), schema("sqlite"));
    assert!(postgres.tables.len() > 15, "{:?}", postgres.tables.keys());
    assert!(postgres.tables["users"].columns.len() > 25);
    assert_eq!(postgres.differences(&sqlite), [] as [String; 0]);
}

#[test]
fn every_migration_file_is_run_on_its_engine() {
    let migrate = read(&crate_root().join("src/store/migrate.rs"));
    let names = |engine: &str| -> Vec<String> {
        files(&crate_root().join("migrations").join(engine), "sql")
            .iter()
            .map(|path| file_name(path))
            .collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    for name in names("sqlite") {
        for engine in ["sqlite", "postgres"] {
            let path = format!("migrations/{engine}/{name}");
            assert!(migrate.contains(&path), "{path} is never run");
        }
    }
}
