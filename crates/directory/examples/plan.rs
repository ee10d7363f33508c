#![allow(clippy::all, missing_docs, clippy::unwrap_used, clippy::print_stdout)]
use std::io::Read;
fn main() {
    let c = rusqlite::Connection::open_in_memory().unwrap();
    println!("{}", rusqlite::version());
    let mut files: Vec<_> = std::fs::read_dir("crates/directory/migrations/sqlite")
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    for f in files {
        c.execute_batch(&std::fs::read_to_string(f).unwrap())
            .unwrap();
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    for line in text.lines() {
        let (name, sql) = line.split_once('\t').unwrap();
        println!("## {name}");
        let mut st = c.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let n = st.parameter_count();
        let rows = st
            .query_map(rusqlite::params_from_iter(vec![1; n]), |r| {
                r.get::<_, String>(3)
            })
            .unwrap();
        for r in rows {
            println!("    {}", r.unwrap());
        }
    }
}
