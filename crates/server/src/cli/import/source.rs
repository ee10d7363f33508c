//! Reading a file of users line by line, bounded: NDJSON here, CSV in `table.rs`. Whatever a
//! line holds, it costs no more memory than [`MAX_LINE`] and is told of by its number.

use std::io::{self, BufRead, Read as _};

use serde_json::{Map, Value};

use super::table::Table;
use crate::http::limits::{Limits, Unreadable};
use crate::http::{body, json};

/// Longest line (or row of a table), in bytes; what a request's body may have too.
pub(super) const MAX_LINE: usize = 1 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How far a file has been read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// Lines, from the start of the file.
    pub(super) line: u64,
    /// Bytes, from the start of the file.
    pub(super) byte: u64,
}

/// One line that is not empty.
pub(super) struct Line {
    /// Its number, from 1; of a row of several lines, the first.
    pub(super) number: u64,
    /// The object that it holds.
    pub(super) body: Result<Map<String, Value>, Unreadable>,
}

/// A file of users being read.
pub(super) enum Source<R> {
    /// An object a line.
    Lines(Lines<R>),
    /// A table with a header.
    Table(Box<Table<R>>),
}

impl<R: BufRead> Source<R> {
    /// The next line that is not empty.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        match self {
            Self::Lines(lines) => lines.next(),
            Self::Table(table) => table.next(),
        }
    }

    /// The end of what was read.
    pub(super) fn position(&self) -> Position {
        match self {
            Self::Lines(lines) => lines.position,
            Self::Table(table) => table.position(),
        }
    }
}

/// NDJSON.
pub(super) struct Lines<R> {
    input: R,
    position: Position,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Reads on from a position at which `input` stands.
    pub(super) fn new(input: R, position: Position) -> Self {
        Self {
            input,
            position,
            buffer: Vec::new(),
        }
    }

    /// What the lines are read from.
    pub(super) fn into_input(self) -> R {
        self.input
    }

    fn next(&mut self) -> io::Result<Option<Line>> {
        while let Some(fits) = self.read_line()? {
            let first = self.position.line == 1;
            let text = self.buffer.trim_ascii();
            let text = match text.strip_prefix(BYTE_ORDER_MARK) {
                Some(rest) if first => rest,
                Some(_) | None => text,
            };
            if text.is_empty() && fits {
                continue;
            }
            let body = if fits { object(text) } else { Err(too_long()) };
            let number = self.position.line;
            return Ok(Some(Line { number, body }));
        }
        Ok(None)
    }

    /// Reads a line with its end, if there is one more; false: it is too long, and was passed
    /// over.
    fn read_line(&mut self) -> io::Result<Option<bool>> {
        self.buffer.clear();
        let most = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        let read = (&mut self.input)
            .take(most)
            .read_until(b'\n', &mut self.buffer)?;
        if read == 0 {
            return Ok(None);
        }
        self.count(read);
        self.position.line += 1;
        let mut ended = read < MAX_LINE || self.buffer.ends_with(b"\n");
        if ended {
            return Ok(Some(true));
        }
        while !ended {
            let rest = self.input.fill_buf()?;
            let end = rest.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(rest.len(), |end| end + 1);
            ended = end.is_some() || rest.is_empty();
            self.input.consume(length);
            self.count(length);
        }
        Ok(Some(false))
    }

    fn count(&mut self, bytes: usize) {
        self.position.byte += u64::try_from(bytes).unwrap_or(0);
    }
}

pub(super) fn too_long() -> Unreadable {
    Unreadable::new(format!("the line is longer than {MAX_LINE} bytes"))
}

fn object(text: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    let value = json::parse(text, &Limits::default())?;
    body::object(value).map_err(|failure| Unreadable::new(failure.to_string()))
}
