//! What commands print: results on standard output, complaints on standard error.

use std::io::Write as _;

use clap::ValueEnum;
use serde_json::Value;

use super::Failed;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people: a line for each field.
    Text,
    /// For programs: one JSON document.
    Json,
}

/// Prints results in the chosen format.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    format: Format,
}

impl Told {
    pub(super) fn new(format: Format) -> Self {
        Self { format }
    }

    /// One thing, by its fields.
    pub(super) fn one(self, fields: &Value) {
        match self.format {
            Format::Json => line(&fields.to_string()),
            Format::Text => lines_of(fields),
        }
    }

    /// A document that is text already, in either format.
    pub(super) fn text(self, document: &str) {
        line(document.trim_end());
    }

    /// A line for people; nothing for programs.
    pub(super) fn say(self, text: &str) {
        if self.format == Format::Text {
            line(text);
        }
    }

    /// A document for programs; nothing for people.
    pub(super) fn record(self, fields: &Value) {
        if self.format == Format::Json {
            line(&fields.to_string());
        }
    }

    /// Several things.
    pub(super) fn many(self, rows: &[Value]) {
        match self.format {
            Format::Json => line(&Value::from(rows).to_string()),
            Format::Text => {
                for row in rows {
                    lines_of(row);
                    line("");
                }
            }
        }
    }
}

fn lines_of(fields: &Value) {
    for (name, value) in fields.as_object().into_iter().flatten() {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        line(&format!("{name:<14} {text}"));
    }
}

/// A line on standard output; a reader that went away is no fault.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Says on standard error why a command failed, with every cause.
pub(super) fn complain(failed: &Failed) {
    let mut text = format!("muster: {}", directory::with_causes(failed));
    if let Failed::Directory(directory::Error::Invalid(violations)) = failed {
        for violation in violations {
            text.push_str("\n  ");
            text.push_str(&crate::dialects::native::error::described(violation));
        }
    }
    let _ = writeln!(std::io::stderr(), "{text}");
}
