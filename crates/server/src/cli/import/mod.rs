//! `muster import`: users out of a file, made or changed by their email, in large transactions.
//! Each moves a mark that stands in the database, so that a run which is broken off at any
//! moment goes on exactly there.

mod chunks;
mod report;
mod source;
mod table;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use directory::import::{self, Outcome, Progress, Refusal};
use directory::store::Tx;
use directory::violation::Violations;
use directory::{Actor, Directory, Error};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use self::chunks::Chunk;
use self::report::Report;
use self::source::{Lines, Position, Source};
use self::table::Table;
use super::output::Told;
use super::settings::Settings;
use super::{Failed, manage};
use crate::dialects::native::import::refusal;

/// After each transaction: time for a server on the same SQLite file to write.
const PAUSE: Duration = Duration::from_millis(2);
/// Passwords that are hashed at once.
const HASHINGS: usize = 8;
/// Refusals that are read at a time.
const PAGE: i64 = 1_000;
const BUFFER: usize = 1 << 18;

/// `muster import`
#[derive(Debug, Args)]
pub(super) struct Import {
    /// NDJSON (`.ndjson`, `.jsonl`) or CSV with a header (`.csv`); `-`: standard input.
    file: PathBuf,
    /// The file's format, where its name does not say it.
    #[arg(long = "format", value_enum, value_name = "FORMAT")]
    file_format: Option<FileFormat>,
    /// Also write what is wrong with each line to this file, as NDJSON.
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Stop after the first transaction in which a line was refused.
    #[arg(long)]
    strict: bool,
    /// Start from the first line, whatever was imported of this file before.
    #[arg(long)]
    again: bool,
}

/// How users stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FileFormat {
    /// A JSON object a line.
    Ndjson,
    /// Comma-separated values with a header.
    Csv,
}

/// An import under way.
struct Run {
    directory: Directory,
    actor: Actor,
    /// The SHA-256 of the file; none: it cannot be read twice.
    digest: Option<String>,
    progress: Progress,
    report: Report,
}

/// Imports a file; fails when a line of it was refused.
pub(super) async fn run(
    settings: &Settings,
    tenant: &str,
    import: Import,
    told: Told,
) -> Result<(), Failed> {
    let format = format_of(&import)?;
    let (directory, mut actor) = manage::operator(settings, tenant).await?;
    let piped = import.file.as_os_str() == "-";
    let (digest, bytes) = if piped {
        (None, None)
    } else {
        let (digest, bytes) = digest(&import.file)?;
        (Some(digest), Some(bytes))
    };
    actor.request_id = match &digest {
        Some(digest) => format!("import {}", digest.get(..16).unwrap_or(digest)),
        None => "import".to_owned(),
    };
    let mut run = Run {
        directory,
        actor,
        digest,
        progress: Progress::default(),
        report: Report::new(import.errors.as_deref(), bytes)?,
    };
    run.begin(import.again).await?;
    if run.progress.finished_at.is_none() {
        if piped {
            let input = BufReader::with_capacity(BUFFER, io::stdin());
            run.all(source(input, format)?, import.strict).await?;
        } else {
            let source = open(&import.file, format, run.position())?;
            run.all(source, import.strict).await?;
        }
    } else {
        report::say("this file was imported before; --again imports it anew");
    }
    run.end(told)
}

fn format_of(import: &Import) -> Result<FileFormat, Failed> {
    let ending = import.file.extension().and_then(|ending| ending.to_str());
    match (import.file_format, ending) {
        (Some(format), _) => Ok(format),
        (None, Some("ndjson" | "jsonl")) => Ok(FileFormat::Ndjson),
        (None, Some("csv")) => Ok(FileFormat::Csv),
        (None, _) => Err(Failed::Configuration(
            "the file's name does not end in .ndjson, .jsonl or .csv: say --format".to_owned(),
        )),
    }
}

fn cannot_read(path: &Path) -> impl FnOnce(io::Error) -> Failed {
    Failed::io(format!("the file {} cannot be read", path.display()))
}

/// The SHA-256 of a file, and its length.
fn digest(path: &Path) -> Result<(String, u64), Failed> {
    let mut input = File::open(path)
        .map(|file| BufReader::with_capacity(BUFFER, file))
        .map_err(cannot_read(path))?;
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    loop {
        let read = input.fill_buf().map_err(cannot_read(path))?;
        if read.is_empty() {
            break;
        }
        hasher.update(read);
        let length = read.len();
        bytes += u64::try_from(length).unwrap_or(0);
        input.consume(length);
    }
    let digest = hasher.finalize();
    let text = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((text, bytes))
}

fn source<R: BufRead>(input: R, format: FileFormat) -> Result<Source<R>, Failed> {
    match format {
        FileFormat::Ndjson => Ok(Source::Lines(Lines::new(input, Position::default()))),
        FileFormat::Csv => {
            let table = Table::open(input).map_err(Failed::io("the table cannot be read"))?;
            Ok(Source::Table(Box::new(table)))
        }
    }
}

/// Opens a file where an earlier run ended.
fn open(path: &Path, format: FileFormat, at: Position) -> Result<Source<BufReader<File>>, Failed> {
    let file = File::open(path).map_err(cannot_read(path))?;
    let source = source(BufReader::with_capacity(BUFFER, file), format)?;
    if at.byte == 0 {
        return Ok(source);
    }
    let seek = |input: &mut BufReader<File>| {
        let sought = input.seek(SeekFrom::Start(at.byte));
        sought.map(drop).map_err(cannot_read(path))
    };
    match source {
        Source::Lines(lines) => {
            let mut input = lines.into_input();
            seek(&mut input)?;
            Ok(Source::Lines(Lines::new(input, at)))
        }
        Source::Table(mut table) => {
            seek(table.input())?;
            Ok(Source::Table(Box::new(table.resume(at))))
        }
    }
}

impl Run {
    /// Finds out how far an earlier run has come, and tells again what it refused.
    async fn begin(&mut self, again: bool) -> Result<(), Failed> {
        let Some(digest) = self.digest.clone() else {
            return Ok(());
        };
        let (actor, key) = (self.actor.clone(), digest.clone());
        let begin = move |tx: &Tx<'_>| import::begin(tx, &actor, &key, again);
        self.progress = self.directory.write(begin).await?;
        let mut after = 0;
        loop {
            let (actor, key) = (self.actor.clone(), digest.clone());
            let read = move |tx: &Tx<'_>| import::refusals(tx, &actor, &key, after, PAGE);
            let page = self.directory.read(read).await?;
            let Some(last) = page.last() else {
                break;
            };
            after = last.line;
            for refusal in &page {
                self.report.refusal(refusal, true)?;
            }
        }
        if self.progress.line > 0 && self.progress.finished_at.is_none() {
            report::say(&format!("goes on after line {}", self.progress.line));
        }
        Ok(())
    }

    fn position(&self) -> Position {
        Position {
            line: u64::try_from(self.progress.line).unwrap_or(0),
            byte: u64::try_from(self.progress.position).unwrap_or(0),
        }
    }

    /// Writes a source to its end, piece by piece.
    async fn all<R: BufRead + Send + 'static>(
        &mut self,
        source: Source<R>,
        strict: bool,
    ) -> Result<(), Failed> {
        let mut chunks = chunks::read(source);
        while let Some(chunk) = chunks.recv().await {
            let mut chunk = chunk.map_err(Failed::io("the file cannot be read"))?;
            self.hash_passwords(&mut chunk).await?;
            let last = chunk.last;
            let before = self.progress.refused;
            self.write(chunk).await?;
            if last || (strict && self.progress.refused > before) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn hash_passwords(&self, chunk: &mut Chunk) -> Result<(), Failed> {
        let directory = &self.directory;
        let given = chunk.records.iter_mut().filter_map(|record| {
            let password = record.take_password()?;
            Some(async move {
                let none = Violations::new();
                if let Some(hash) = directory.hash_password(Some(password), &none).await? {
                    record.set_hash(hash);
                }
                Ok::<(), Error>(())
            })
        });
        let all = stream::iter(given).buffer_unordered(HASHINGS);
        all.try_collect::<()>().await.map_err(Failed::from)
    }

    /// Writes a piece, the mark and what was refused in one transaction, and tells of it.
    async fn write(&mut self, chunk: Chunk) -> Result<(), Failed> {
        let (actor, from) = (self.actor.clone(), self.progress.clone());
        let (digest, chunk) = (self.digest.clone(), Arc::new(chunk));
        let write = move |tx: &Tx<'_>| write(tx, &actor, digest.as_deref(), &from, &chunk);
        let (progress, refusals) = self.directory.write(write).await?;
        for refusal in &refusals {
            self.report.refusal(refusal, false)?;
        }
        self.report.flush()?;
        self.progress = progress;
        self.report.progress(&self.progress);
        Ok(())
    }

    fn end(mut self, told: Told) -> Result<(), Failed> {
        self.report.flush()?;
        let Progress {
            created,
            updated,
            unchanged,
            refused,
            ..
        } = self.progress;
        drop(self.report);
        told.one(&json!({
            "created": created,
            "updated": updated,
            "unchanged": unchanged,
            "refused": refused,
        }));
        if refused > 0 {
            return Err(Failed::Unmet(format!("{refused} lines were refused")));
        }
        Ok(())
    }
}

/// The transaction of a piece: its users, the mark, and what was refused.
fn write(
    tx: &Tx<'_>,
    actor: &Actor,
    digest: Option<&str>,
    from: &Progress,
    chunk: &Chunk,
) -> Result<(Progress, Vec<Refusal>), Error> {
    let mut progress = from.clone();
    let mut refused: Vec<(i64, Value)> = chunk.unreadable.clone();
    progress.refused += i64::try_from(refused.len()).unwrap_or(0);
    let outcomes = import::put(tx, actor, &chunk.records)?;
    for (outcome, number) in outcomes.iter().zip(&chunk.numbers) {
        progress.count(outcome);
        if let Outcome::Refused(violations) = outcome {
            refused.push((*number, refusal(violations)));
        }
    }
    refused.sort_by_key(|(number, _)| *number);
    let refusals: Vec<Refusal> = refused
        .into_iter()
        .map(|(line, reason)| Refusal {
            line,
            reason: reason.to_string(),
        })
        .collect();
    progress.line = i64::try_from(chunk.end.line).unwrap_or(i64::MAX);
    progress.position = i64::try_from(chunk.end.byte).unwrap_or(i64::MAX);
    progress.finished_at = chunk.last.then(|| tx.now());
    if let Some(digest) = digest {
        import::advance(tx, actor, digest, from, &progress, &refusals)?;
    }
    Ok((progress, refusals))
}
