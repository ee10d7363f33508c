//! A user as a row of a table: which columns there are, and the body that the row stands for.

use serde_json::{Map, Number, Value};

use crate::http::json;
use crate::http::limits::Limits;

/// A column of a table of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dialects::native) struct Column {
    /// The object that its field stands in; none: the user itself.
    part: Option<&'static str>,
    field: String,
    content: Content,
}

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Text,
    Number,
    Boolean,
    /// JSON: a list.
    Json,
}

const NUMBERS: [&str; 3] = ["rating", "worker.synced_worker_id", "employer.customer_id"];
const BOOLEANS: [&str; 3] = ["agreed_to_terms", "featured", "public_profile"];
const LISTS: [&str; 3] = ["badges", "accounts", "groups"];

/// The column of this name: a field, or `worker.` or `employer.` and one of theirs.
pub(in crate::dialects::native) fn column(name: &str) -> Column {
    let content = if NUMBERS.contains(&name) {
        Content::Number
    } else if BOOLEANS.contains(&name) {
        Content::Boolean
    } else if LISTS.contains(&name) {
        Content::Json
    } else {
        Content::Text
    };
    let (part, field) = match name.split_once('.') {
        Some(("worker", field)) => (Some("worker"), field),
        Some(("employer", field)) => (Some("employer"), field),
        Some(_) | None => (None, name),
    };
    Column {
        part,
        field: field.to_owned(),
        content,
    }
}

/// The body that a row stands for. An empty cell is as if its field were not named; a cell that
/// is no number, boolean or JSON stays a text, for the reader of bodies to refuse.
pub(in crate::dialects::native) fn row_in<'a>(
    cells: impl Iterator<Item = (&'a Column, &'a str)>,
) -> Map<String, Value> {
    let mut body = Map::new();
    for (column, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
        let value = match column.content {
            Content::Text => Value::from(cell),
            Content::Number => number(cell),
            Content::Boolean => boolean(cell),
            Content::Json => json::parse(cell.as_bytes(), &Limits::default())
                .unwrap_or_else(|_| Value::from(cell)),
        };
        place(&mut body, column, value);
    }
    body
}

/// A body in which each column's field is null.
pub(in crate::dialects::native) fn empty_body<'a>(
    columns: impl Iterator<Item = &'a Column>,
) -> Map<String, Value> {
    columns.fold(Map::new(), |mut body, column| {
        place(&mut body, column, Value::Null);
        body
    })
}

fn place(body: &mut Map<String, Value>, column: &Column, value: Value) {
    let target = match column.part {
        None => Some(body),
        Some(part) => body
            .entry(part)
            .or_insert_with(|| Value::Object(Map::new()))
            .as_object_mut(),
    };
    if let Some(target) = target {
        target.insert(column.field.clone(), value);
    }
}

fn number(cell: &str) -> Value {
    cell.parse::<Number>()
        .map_or_else(|_| Value::from(cell), Value::Number)
}

fn boolean(cell: &str) -> Value {
    if cell == "1" || cell.eq_ignore_ascii_case("true") {
        Value::Bool(true)
    } else if cell == "0" || cell.eq_ignore_ascii_case("false") {
        Value::Bool(false)
    } else {
        Value::from(cell)
    }
}
