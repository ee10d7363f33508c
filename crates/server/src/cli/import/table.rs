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
    lines: LineEnds,
    columns: Columns,
    row: Row,
}

/// The ends of lines that were passed: LF, CRLF, or CR alone, as old spreadsheets write it.
#[derive(Default)]
struct LineEnds {
    passed: u64,
    after_return: bool,
}

impl LineEnds {
    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let ends = *byte == b'\r' || (*byte == b'\n' && !self.after_return);
            self.passed += u64::from(ends);
            self.after_return = *byte == b'\r';
        }
    }
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
            lines: LineEnds::default(),
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
        self.lines = LineEnds {
            passed: position.line,
            after_return: false,
        };
        self
    }

    /// What the table is read from.
    pub(super) fn input(&mut self) -> &mut R {
        &mut self.input
    }

    /// The end of what was read: the start of a line, or the end of the file.
    pub(super) fn position(&self) -> Position {
        Position {
            line: self.lines.passed,
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

    /// Reads a row; answers the number of its first line. Empty lines are passed over, those
    /// behind it too: a row that ends with CRLF is left behind the whole of it.
    fn read_row(&mut self) -> io::Result<Option<u64>> {
        self.pass_line_ends()?;
        let first = self.lines.passed + 1;
        self.row.fits = true;
        let (mut text, mut cells) = (0, 0);
        loop {
            let input = self.input.fill_buf()?;
            let room = self.row.text.get_mut(text..).unwrap_or_default();
            let ends = self.row.ends.get_mut(cells..).unwrap_or_default();
            let (result, read, written, ended) = self.reader.read_record(input, room, ends);
            self.lines.count(input.get(..read).unwrap_or_default());
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
                    self.pass_line_ends()?;
                    return Ok(Some(first));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    fn pass_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.input.fill_buf()?;
            let ends = |byte: &u8| matches!(byte, b'\r' | b'\n');
            let passed = input.iter().take_while(|byte| ends(byte)).count();
            if passed == 0 {
                return Ok(());
            }
            self.lines.count(input.get(..passed).unwrap_or_default());
            self.input.consume(passed);
            self.bytes += u64::try_from(passed).unwrap_or(0);
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

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::*;

    /// A table whose input comes in pieces of a few bytes, so that line ends are cut anywhere.
    fn table(text: &str, piece: usize) -> Table<BufReader<Cursor<Vec<u8>>>> {
        let input = Cursor::new(text.as_bytes().to_vec());
        Table::open(BufReader::with_capacity(piece, input)).unwrap()
    }

    /// The email of each row, or why it has none, with the number of its first line.
    fn rows<R: BufRead>(table: &mut Table<R>) -> Vec<(u64, String)> {
        let mut rows = Vec::new();
        while let Some(Line { number, body }) = table.next().unwrap() {
            let email = match body {
                Ok(body) => body["email"].as_str().unwrap().to_owned(),
                Err(cause) => cause.to_string(),
            };
            rows.push((number, email));
        }
        rows
    }

    /// Rows on lines 2, 3 to 5, 7 and 8 under each of the ways to end a line.
    const TEXT: &str = "email,city\na@b.org,Rome\n\"c\n\n@b.org\",\n\nd@b.org\ne@b.org,Oslo\n";

    #[test]
    fn lines_end_as_the_file_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = TEXT.replace('\n', end);
            for text in [text.as_str(), text.trim_end()] {
                for piece in 1..text.len() {
                    let rows = rows(&mut table(text, piece));
                    let expected = [
                        (2, "a@b.org".to_owned()),
                        (3, format!("c{end}{end}@b.org")),
                        (7, "the row has 1 cells, the header 2".to_owned()),
                        (8, "e@b.org".to_owned()),
                    ];
                    assert_eq!(rows, expected, "{end:?} in pieces of {piece}");
                }
            }
        }
    }

    #[test]
    fn a_table_is_read_on_from_every_row_as_from_its_start() {
        for end in ["\n", "\r\n", "\r"] {
            let text = TEXT.replace('\n', end);
            for piece in [1, 2, 7, 100] {
                let all = rows(&mut table(&text, piece));
                for read in 0..=all.len() {
                    let mut first = table(&text, piece);
                    for _ in 0..read {
                        first.next().unwrap();
                    }
                    let at = first.position();
                    let mut rest = table(&text, piece);
                    let start = usize::try_from(at.byte).unwrap();
                    let behind = text.as_bytes()[start..].to_vec();
                    *rest.input() = BufReader::with_capacity(piece, Cursor::new(behind));
                    let rest = rows(&mut rest.resume(at));
                    assert_eq!(rest, all[read..], "{end:?} after {read} rows");
                }
            }
        }
    }
}
