//! Cutting a file into the pieces that are written with one transaction each, on a thread of
//! its own, so that the next is read while one is written.

use std::io::{self, BufRead};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::source::{Position, Source};
use crate::dialects::native::import::UserRecord;

/// Lines of a transaction at most. Twice as many write a third less to the disk, and keep a
/// server on the same SQLite file waiting twice as long.
const LINES: usize = 2_000;
/// Bytes of a transaction, about.
const BYTES: u64 = 2 << 20;
/// Pieces that may wait to be written.
const WAITING: usize = 2;

/// What one transaction writes.
pub(super) struct Chunk {
    /// The users, with the numbers of their lines.
    pub(super) records: Vec<UserRecord>,
    pub(super) numbers: Vec<i64>,
    /// Lines that hold no user, and why.
    pub(super) unreadable: Vec<(i64, Value)>,
    /// Where the file stands after it.
    pub(super) end: Position,
    /// Whether it is the file's last.
    pub(super) last: bool,
}

/// Reads a source to its end, in pieces.
pub(super) fn read<R: BufRead + Send + 'static>(
    mut source: Source<R>,
) -> mpsc::Receiver<io::Result<Chunk>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        loop {
            let chunk = next(&mut source);
            let ended = chunk.as_ref().map_or(true, |chunk| chunk.last);
            // Who reads no more has failed, and said so.
            if sender.blocking_send(chunk).is_err() || ended {
                return;
            }
        }
    });
    receiver
}

fn next<R: BufRead>(source: &mut Source<R>) -> io::Result<Chunk> {
    let start = source.position();
    let mut chunk = Chunk {
        records: Vec::new(),
        numbers: Vec::new(),
        unreadable: Vec::new(),
        end: start,
        last: false,
    };
    while chunk.records.len() + chunk.unreadable.len() < LINES
        && source.position().byte - start.byte < BYTES
    {
        let Some(line) = source.next()? else {
            chunk.last = true;
            break;
        };
        let number = i64::try_from(line.number).unwrap_or(i64::MAX);
        match line.body {
            Ok(body) => {
                chunk.records.push(UserRecord::read(body));
                chunk.numbers.push(number);
            }
            Err(why) => {
                let error =
                    json!({ "pointer": "", "code": "unreadable", "message": why.to_string() });
                chunk.unreadable.push((number, json!([error])));
            }
        }
    }
    chunk.end = source.position();
    Ok(chunk)
}
