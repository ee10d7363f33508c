//! Telling how an import goes: a bar where a person looks on, lines elsewhere; and what is
//! wrong with which line, on standard error and in a file.

use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::path::Path;

use directory::import::{Progress, Refusal};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::cli::Failed;

/// Without a terminal, a line is printed each time that so many lines of the file are done.
const EVERY: i64 = 10_000;
const BAR: &str = "{bar:30} {bytes}/{total_bytes}, {eta} left, {msg}";
const BAR_WITHOUT_END: &str = "{bytes}, {msg}";

/// Where an import is told of.
pub(super) struct Report {
    bar: Option<ProgressBar>,
    errors: Option<BufWriter<File>>,
    told: i64,
}

impl Report {
    /// Tells of a file of so many bytes, where that is known.
    ///
    /// # Errors
    /// The file for errors cannot be made.
    pub(super) fn new(errors: Option<&Path>, bytes: Option<u64>) -> Result<Self, Failed> {
        let errors = errors
            .map(|path| {
                let what = format!("the file {} cannot be written", path.display());
                File::create(path)
                    .map(BufWriter::new)
                    .map_err(Failed::io(what))
            })
            .transpose()?;
        let bar = std::io::stderr().is_terminal().then(|| bar(bytes));
        Ok(Self {
            bar,
            errors,
            told: 0,
        })
    }

    /// Tells how far the file is done.
    pub(super) fn progress(&mut self, progress: &Progress) {
        let text = counts(progress);
        match &self.bar {
            Some(bar) => {
                bar.set_position(u64::try_from(progress.position).unwrap_or(0));
                bar.set_message(text);
            }
            None if progress.line / EVERY > self.told / EVERY => {
                say(&format!("{} lines: {text}", progress.line));
            }
            None => {}
        }
        self.told = progress.line;
    }

    /// Tells what is wrong with a line, which is `told` to the reader or was before.
    ///
    /// # Errors
    /// The file for errors cannot be written.
    pub(super) fn refusal(&mut self, refusal: &Refusal, told: bool) -> Result<(), Failed> {
        if let Some(errors) = &mut self.errors {
            writeln!(
                errors,
                r#"{{"line":{},"errors":{}}}"#,
                refusal.line, refusal.reason
            )
            .map_err(Failed::io("the file for errors cannot be written"))?;
        }
        if told {
            return Ok(());
        }
        let errors: Value = serde_json::from_str(&refusal.reason).unwrap_or_default();
        for error in errors.as_array().into_iter().flatten() {
            let word = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
            let place = word("pointer").trim_start_matches('/');
            let colon = if place.is_empty() { "" } else { ": " };
            let text = format!("line {}: {place}{colon}{}", refusal.line, word("message"));
            match &self.bar {
                Some(bar) => bar.suspend(|| say(&text)),
                None => say(&text),
            }
        }
        Ok(())
    }

    /// Sees that what was told is on disk.
    ///
    /// # Errors
    /// The file for errors cannot be written.
    pub(super) fn flush(&mut self) -> Result<(), Failed> {
        match &mut self.errors {
            Some(errors) => errors
                .flush()
                .map_err(Failed::io("the file for errors cannot be written")),
            None => Ok(()),
        }
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}

fn bar(bytes: Option<u64>) -> ProgressBar {
    let (bar, template) = match bytes {
        Some(bytes) => (ProgressBar::new(bytes), BAR),
        None => (ProgressBar::no_length(), BAR_WITHOUT_END),
    };
    bar.set_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar
}

fn counts(progress: &Progress) -> String {
    format!(
        "{} created, {} updated, {} unchanged, {} refused",
        progress.created, progress.updated, progress.unchanged, progress.refused
    )
}

/// A line on standard error; a reader that went away is no fault.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
