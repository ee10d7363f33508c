//! The database seen from beside the server: what a request wrote, and how to take it back.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// Rows as texts, by their table.
type Contents = BTreeMap<String, Vec<String>>;

/// Watches a database file for changes of what is in it.
pub(crate) struct Watch {
    connection: Connection,
    before: Contents,
    other: i64,
    version: Cell<i64>,
}

impl Watch {
    /// Keeps what is in the file now, in another file beside it. What is of the tenant `other`
    /// never changes.
    pub(crate) fn new(path: &Path, other: i64) -> Self {
        let connection = Connection::open(path).unwrap();
        connection
            .busy_timeout(std::time::Duration::from_secs(10))
            .unwrap();
        connection
            .pragma_update(None, "foreign_keys", false)
            .unwrap();
        let kept = path.with_extension("kept");
        let kept = kept.to_str().unwrap();
        connection.execute("VACUUM INTO ?1", [kept]).unwrap();
        connection.execute("ATTACH ?1 AS kept", [kept]).unwrap();
        let before = contents(&connection);
        assert!(before.contains_key("users") && before.contains_key("events"));
        let watch = Self {
            connection,
            before,
            other,
            version: Cell::new(0),
        };
        watch.has_committed();
        watch
    }

    /// A difference from what was there, if there is one.
    pub(crate) fn difference(&self) -> Option<String> {
        if !self.has_committed() {
            return None;
        }
        let now = contents(&self.connection);
        let own = format!("{}|", self.other);
        let mut first = None;
        for (table, before) in &self.before {
            let now = &now[table];
            let added = now.iter().filter(|row| !before.contains(row));
            let gone = before.iter().filter(|row| !now.contains(row));
            for row in added.chain(gone) {
                assert!(!row.starts_with(&own), "another tenant's {table}: {row}");
                first.get_or_insert_with(|| format!("{table}: {row}"));
            }
        }
        first
    }

    /// Whether another connection has committed anything since the last time.
    fn has_committed(&self) -> bool {
        let version = self
            .connection
            .pragma_query_value(None, "data_version", |row| row.get(0))
            .unwrap();
        self.version.replace(version) != version
    }

    /// Takes back everything.
    pub(crate) fn restore(&self) {
        let now = contents(&self.connection);
        let changed = self
            .before
            .iter()
            .filter(|(table, rows)| now.get(*table) != Some(*rows));
        let sql = changed.map(|(table, _)| {
            format!(
                "DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM kept.{table};"
            )
        });
        let sql = format!("BEGIN IMMEDIATE; {} COMMIT;", sql.collect::<String>());
        self.connection.execute_batch(&sql).unwrap();
    }
}

/// Everything but the leases of ids, which are never given back.
fn contents(connection: &Connection) -> Contents {
    let mut tables = connection
        .prepare_cached("SELECT name FROM main.sqlite_schema WHERE type = 'table'")
        .unwrap();
    let names = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let names = names.map(Result::unwrap).filter(|name| name != "id_leases");
    names
        .map(|table| (table.clone(), rows(connection, &table)))
        .collect()
}

fn rows(connection: &Connection, table: &str) -> Vec<String> {
    let mut select = connection
        .prepare_cached(&format!("SELECT * FROM main.{table}"))
        .unwrap();
    let columns = select.column_count();
    let read = |row: &rusqlite::Row<'_>| {
        let texts = (0..columns).map(|column| shown(row.get_ref(column).unwrap()));
        Ok(texts.collect::<Vec<_>>().join("|"))
    };
    select
        .query_map([], read)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes).expect("UTF-8 is stored");
            assert!(!text.contains('\0'), "PostgreSQL could not store {text:?}");
            format!("{text:?}")
        }
        ValueRef::Blob(_) => panic!("nothing is stored as bytes"),
    }
}
