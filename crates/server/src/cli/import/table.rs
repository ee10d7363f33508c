//! Reading CSV (RFC 4180) with a header, in buffers of fixed size.

use std::io::{self, BufRead};

use csv_core::{ReadRecordResult, Reader};
use serde_json::{Map, Value};

use super::source::{Line, MAX_LINE, Position, too_long};
use crate::dialects::native::import::Columns;
use crate::http::limits::Unreadable;

/// Columns of a table at most.
const MAX_COLUMNS: usize = 64;

/// A table being read.
pub(super) struct Table<R> {
    input: R,
    reader: Reader,
    bytes: u64,
    columns: Columns,
    row: Row,
}

/// One row: its cells' text, and where each ends.
struct Row {
    text: Vec<u8>,
    ends: Vec<usize>,
    cells: usize,
    fits: bool,
}

impl<R: BufRead> Table<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::InvalidData`] with a sentence that says what is
    /// wrong with the header.
    pub(super) fn open(input: R) -> io::Result<Self> {
        let mut table = Self {
            input,
            reader: Reader::new(),
            bytes: 0,
            columns: Columns::read(&[]).map_err(wrong_header)?,
            row: Row {
                text: vec![0; MAX_LINE],
                ends: vec![0; MAX_COLUMNS],
                cells: 0,
                fits: true,
            },
        };
        if table.read_row()?.is_none() {
            return Err(wrong_header("the file has no header".to_owned()));
        }
        let cells = table
            .row
            .cells()
            .map_err(|cause| wrong_header(cause.to_string()))?;
        table.columns = Columns::read(&cells).map_err(wrong_header)?;
        Ok(table)
    }

    /// Goes on from a position that lies at the start of a row, where `input` stands now.
    pub(super) fn resume(mut self, position: Position) -> Self {
        self.bytes = position.byte;
        self.reader.set_line(position.line + 1);
        self
    }

    /// What the table is read from.
    pub(super) fn input(&mut self) -> &mut R {
        &mut self.input
    }

    /// The end of what was read.
    pub(super) fn position(&self) -> Position {
        Position {
            line: self.reader.line() - 1,
            byte: self.bytes,
        }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        let Some(number) = self.read_row()? else {
            return Ok(None);
        };
        let body = self.body();
        Ok(Some(Line { number, body }))
    }

    fn body(&self) -> Result<Map<String, Value>, Unreadable> {
        let cells = self.row.cells()?;
        if cells.len() != self.columns.count() {
            return Err(Unreadable::new(format!(
                "the row has {} cells, the header {}",
                cells.len(),
                self.columns.count()
            )));
        }
        Ok(self.columns.body(cells.into_iter()))
    }

    /// Reads a row; answers the number of its first line. Empty lines are passed over.
    fn read_row(&mut self) -> io::Result<Option<u64>> {
        self.pass_line_ends()?;
        let first = self.reader.line();
        self.row.fits = true;
        let (mut text, mut cells) = (0, 0);
        loop {
            let input = self.input.fill_buf()?;
            let room = self.row.text.get_mut(text..).unwrap_or_default();
            let ends = self.row.ends.get_mut(cells..).unwrap_or_default();
            let (result, read, written, ended) = self.reader.read_record(input, room, ends);
            self.input.consume(read);
            self.bytes += u64::try_from(read).unwrap_or(0);
            text += written;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    // The rest of it is read into the same place, and thrown away.
                    (text, cells) = (0, 0);
                    self.row.fits = false;
                }
                ReadRecordResult::Record => {
                    self.row.cells = cells;
                    return Ok(Some(first));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    fn pass_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.input.fill_buf()?;
            let ends = input
                .iter()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'));
            let (mut passed, mut lines) = (0, 0);
            for byte in ends {
                passed += 1;
                lines += u64::from(*byte == b'\n');
            }
            if passed == 0 {
                return Ok(());
            }
            self.input.consume(passed);
            self.bytes += u64::try_from(passed).unwrap_or(0);
            self.reader.set_line(self.reader.line() + lines);
        }
    }
}

impl Row {
    fn cells(&self) -> Result<Vec<&str>, Unreadable> {
        if !self.fits {
            return Err(too_long());
        }
        let ends = self.ends.get(..self.cells).unwrap_or_default();
        let mut start = 0;
        ends.iter()
            .map(|end| {
                let cell = self.text.get(start..*end).unwrap_or_default();
                start = *end;
                std::str::from_utf8(cell).map_err(|_| Unreadable::new("the row is not UTF-8"))
            })
            .collect()
    }
}

fn wrong_header(cause: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, cause)
}
