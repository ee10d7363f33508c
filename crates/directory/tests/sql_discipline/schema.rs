//! Reading migrations: the schema that they make, and what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::sql::{WITHOUT_TENANT, at_depth, check_words, scope_end, tokens};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) kind: String,
    pub(crate) nullable: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) columns: BTreeMap<String, Column>,
    pub(crate) order: Vec<String>,
    /// PRIMARY KEY and UNIQUE of the table or of one column.
    pub(crate) keys: Vec<Vec<String>>,
    /// FOREIGN KEYs: columns, other table, its columns.
    pub(crate) foreign: Vec<(Vec<String>, String, Vec<String>)>,
    pub(crate) strict: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
    pub(crate) unique: bool,
    pub(crate) condition: String,
}

#[derive(Debug, Default)]
pub(crate) struct Schema {
    pub(crate) tables: BTreeMap<String, Table>,
    pub(crate) indexes: BTreeMap<String, Index>,
    pub(crate) faults: Vec<String>,
}

impl Schema {
    pub(crate) fn read(&mut self, script: &str) {
        let tokens = tokens(script);
        check_words(&tokens, &mut self.faults);
        for statement in tokens.split(|token| token == ";") {
            let words: Vec<&str> = statement.iter().map(String::as_str).collect();
            match words[..] {
                [] => {}
                ["CREATE", "TABLE", "IF", "NOT", "EXISTS", name, "(", ..] => {
                    self.read_table(name, &statement[6..]);
                }
                ["CREATE", "TABLE", name, "(", ..] => self.read_table(name, &statement[3..]),
                ["CREATE", "INDEX", name, "ON", table, "(", ..] => {
                    self.read_index(name, table, false, &statement[5..]);
                }
                ["CREATE", "UNIQUE", "INDEX", name, "ON", table, "(", ..] => {
                    self.read_index(name, table, true, &statement[6..]);
                }
                ["DROP", "INDEX", name] => {
                    if self.indexes.remove(name).is_none() {
                        self.faults.push(format!("no index {name} to drop"));
                    }
                }
                ["ALTER", "TABLE", name, "ADD", "COLUMN", ..] => {
                    self.read_definition(name, &statement[5..]);
                }
                // A new column is filled for the rows that are there: of every tenant.
                ["UPDATE", name, "SET", column, "=", "(", "SELECT", ..] => {
                    let table = self.tables.get(name);
                    if table.is_none_or(|table| !table.columns.contains_key(column)) {
                        self.faults
                            .push(format!("no column {name}.{column} to fill"));
                    }
                    let own = format!("{name}.tenant_id");
                    if !words.windows(2).any(|pair| pair == ["=", own.as_str()]) {
                        self.faults
                            .push(format!("{name}.{column} is filled from another tenant"));
                    }
                }
                _ => self.faults.push(format!("not read: {}", words.join(" "))),
            }
        }
    }

    fn read_table(&mut self, name: &str, rest: &[String]) {
        let end = scope_end(rest, 1);
        for definition in split_commas(&rest[1..end]) {
            self.read_definition(name, definition);
        }
        let table = self.tables.entry(name.to_owned()).or_default();
        table.strict = rest[end..].iter().any(|token| token == "STRICT");
    }

    /// A column or a constraint of a table.
    fn read_definition(&mut self, name: &str, definition: &[String]) {
        let table = self.tables.entry(name.to_owned()).or_default();
        let lists = parenthesised(definition);
        match definition[0].as_str() {
            "PRIMARY" | "UNIQUE" => table.keys.push(lists[0].clone()),
            "FOREIGN" => {
                let references = definition.iter().position(|token| token == "REFERENCES");
                let other = definition[references.unwrap() + 1].clone();
                table
                    .foreign
                    .push((lists[0].clone(), other, lists[1].clone()));
            }
            "CHECK" | "CONSTRAINT" | "EXCLUDE" => {
                self.faults
                    .push(format!("{name}: {} is not read", definition[0]));
            }
            column => {
                let has = |word: &str| definition.iter().any(|token| token == word);
                if has("PRIMARY") || has("UNIQUE") {
                    table.keys.push(vec![column.to_owned()]);
                }
                if has("REFERENCES") || has("DEFAULT") || has("GENERATED") {
                    let fault = format!("{name}.{column}: more than a type and NOT NULL");
                    self.faults.push(fault);
                }
                let scale = if lists.is_empty() { "" } else { "(3)" };
                let kind = format!("{}{scale}", definition[1]);
                let nullable = !has("NOT") && !has("PRIMARY");
                table.order.push(column.to_owned());
                table
                    .columns
                    .insert(column.to_owned(), Column { kind, nullable });
            }
        }
    }

    fn read_index(&mut self, name: &str, table: &str, unique: bool, rest: &[String]) {
        let end = scope_end(rest, 1);
        let index = Index {
            table: table.to_owned(),
            columns: rest[1..end]
                .iter()
                .filter(|&token| token != ",")
                .cloned()
                .collect(),
            unique,
            condition: rest[(end + 1).min(rest.len())..].join(" "),
        };
        self.indexes.insert(name.to_owned(), index);
    }

    /// What breaks the discipline; SQLite's own keys may be the id alone.
    pub(crate) fn check(&self, sqlite: bool) -> Vec<String> {
        let mut faults = self.faults.clone();
        for (name, table) in &self.tables {
            if sqlite && !table.strict {
                faults.push(format!("{name} is not STRICT"));
            }
            for (column, Column { kind, .. }) in &table.columns {
                let known = if sqlite {
                    ["INTEGER", "TEXT"].contains(&kind.as_str())
                } else {
                    ["BIGINT", "TEXT", "BOOLEAN", "TIMESTAMPTZ(3)", "JSONB"]
                        .contains(&kind.as_str())
                };
                if !known {
                    faults.push(format!("{name}.{column} is {kind}"));
                }
            }
            if WITHOUT_TENANT.contains(&name.as_str()) {
                continue;
            }
            if table.order.first().is_none_or(|first| first != "tenant_id")
                || table.columns["tenant_id"].nullable
            {
                faults.push(format!("{name}: tenant_id does not come first, NOT NULL"));
            }
            let first =
                |columns: &[String]| columns.first().is_some_and(|each| each == "tenant_id");
            let alone = |columns: &[String]| sqlite && columns == ["id"];
            if table.keys.is_empty() {
                faults.push(format!("{name} has no key"));
            }
            for key in &table.keys {
                if !first(key) && !alone(key) {
                    faults.push(format!(
                        "{name}: the key {key:?} does not begin with tenant_id"
                    ));
                }
            }
            for (columns, other, theirs) in &table.foreign {
                let whole = first(columns) && first(theirs);
                let by_id = sqlite && columns.len() == 1 && alone(theirs);
                if !whole && !by_id {
                    faults.push(format!(
                        "{name}: the reference to {other} leaves tenant_id out"
                    ));
                }
            }
        }
        for (name, index) in &self.indexes {
            faults.extend(self.check_index(name, index));
        }
        faults
    }

    fn check_index(&self, name: &str, index: &Index) -> Vec<String> {
        let mut faults = Vec::new();
        let Some(table) = self.tables.get(&index.table) else {
            return vec![format!("{name}: no table {}", index.table)];
        };
        if index
            .columns
            .first()
            .is_none_or(|first| first != "tenant_id")
        {
            faults.push(format!("{name} does not begin with tenant_id"));
        }
        for column in &index.columns {
            let Some(Column { nullable, .. }) = table.columns.get(column) else {
                faults.push(format!("{name}: no column {column}"));
                continue;
            };
            if *nullable && !index.condition.contains(&format!("{column} IS NOT NULL")) {
                faults.push(format!(
                    "{name} is on {column}, which can be NULL, and not partial"
                ));
            }
        }
        faults
    }

    /// What the two engines' schemas do not have in common.
    pub(crate) fn differences(&self, sqlite: &Self) -> Vec<String> {
        let mut faults = Vec::new();
        let names = |schema: &Self| schema.tables.keys().cloned().collect::<BTreeSet<_>>();
        for name in names(self).symmetric_difference(&names(sqlite)) {
            faults.push(format!("{name} is a table of one engine alone"));
        }
        for (name, table) in &self.tables {
            let Some(other) = sqlite.tables.get(name) else {
                continue;
            };
            let mine: BTreeSet<&String> = table.columns.keys().collect();
            let theirs: BTreeSet<&String> = other.columns.keys().collect();
            for column in mine.symmetric_difference(&theirs) {
                faults.push(format!("{name}.{column} is a column of one engine alone"));
            }
            for (column, mine) in &table.columns {
                let same = other.columns.get(column).is_none_or(|theirs| {
                    theirs.nullable == mine.nullable && theirs.kind == on_sqlite(&mine.kind)
                });
                if !same {
                    faults.push(format!("{name}.{column} is not the same on both engines"));
                }
            }
        }
        for name in self.indexes.keys().chain(sqlite.indexes.keys()) {
            // What is PostgreSQL's primary key is an index of its own beside SQLite's rowids.
            let key = |index: &Index| {
                let columns = ["tenant_id".to_owned(), "id".to_owned()];
                !self.indexes.contains_key(name) && index.columns == columns
            };
            let replaces_key = sqlite.indexes.get(name).is_some_and(key);
            if !replaces_key && self.indexes.get(name) != sqlite.indexes.get(name) {
                faults.push(format!("the index {name} is not the same on both engines"));
            }
        }
        faults
    }
}

/// How SQLite keeps what PostgreSQL keeps in this type.
pub(crate) fn on_sqlite(kind: &str) -> &'static str {
    if ["TEXT", "JSONB"].contains(&kind) {
        "TEXT"
    } else {
        "INTEGER"
    }
}

pub(crate) fn split_commas(tokens: &[String]) -> Vec<&[String]> {
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(comma) = at_depth(tokens, from, tokens.len(), &[","]) {
        parts.push(&tokens[from..comma]);
        from = comma + 1;
    }
    parts.push(&tokens[from..]);
    parts
}

/// The lists of names in parentheses, in their order.
pub(crate) fn parenthesised(tokens: &[String]) -> Vec<Vec<String>> {
    let mut lists = Vec::new();
    let mut at = 0;
    while let Some(open) = tokens[at..].iter().position(|token| token == "(") {
        let from = at + open + 1;
        let end = scope_end(tokens, from);
        let names = tokens[from..end].iter().filter(|&token| token != ",");
        lists.push(names.cloned().collect());
        at = end;
    }
    lists
}
