//! Values bound to and read from SQL, the same on both engines.

use std::borrow::Cow;
use std::cell::Cell;

use bytes::{BufMut as _, BytesMut};
use jiff::Timestamp;
use postgres_types::{IsNull, Type};
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::clock::from_millisecond;
use crate::error::Error;

/// PostgreSQL counts microseconds from 2000-01-01T00:00:00Z; this is that, in Unix milliseconds.
const POSTGRES_EPOCH: i64 = 946_684_800_000;
/// The first moment that PostgreSQL knows, 4714-11-24 BC, in Unix milliseconds. An earlier
/// one is taken for it: only filters name such times.
const POSTGRES_FIRST: i64 = -210_866_803_200_000;

const NO_TIME: &str = "a stored time is out of range";

/// A value bound to a statement.
#[derive(Clone, PartialEq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// A 64-bit integer.
    Int(i64),
    /// A double.
    Float(f64),
    /// A boolean; 0 or 1 on SQLite.
    Bool(bool),
    /// A text without NUL.
    Text(Cow<'a, str>),
    /// A time, to the millisecond.
    Time(Timestamp),
    /// JSON text; JSONB on PostgreSQL.
    Json(Cow<'a, str>),
}

impl Value<'_> {
    /// The same value, borrowing nothing.
    pub(super) fn to_static(&self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Int(value) => Value::Int(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Bool(value) => Value::Bool(*value),
            Self::Text(value) => Value::Text(Cow::Owned(value.to_string())),
            Self::Time(value) => Value::Time(*value),
            Self::Json(value) => Value::Json(Cow::Owned(value.to_string())),
        }
    }
}

/// Hides what is bound from logs: it holds people's data, and hashes.
impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Int(_) => "Int(…)",
            Self::Float(_) => "Float(…)",
            Self::Bool(_) => "Bool(…)",
            Self::Text(_) => "Text(…)",
            Self::Time(_) => "Time(…)",
            Self::Json(_) => "Json(…)",
        })
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Time(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<crate::actor::TenantId> for Value<'_> {
    fn from(value: crate::actor::TenantId) -> Self {
        Self::Int(value.0)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(value: &'a Option<String>) -> Self {
        value.as_deref().into()
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Float(value) => ValueRef::Real(*value),
            Self::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Self::Text(value) | Self::Json(value) => ValueRef::Text(value.as_bytes()),
            Self::Time(value) => ValueRef::Integer(value.as_millisecond()),
        }))
    }
}

impl postgres_types::ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Int(value) => return value.to_sql(ty, out),
            Self::Float(value) => return value.to_sql(ty, out),
            Self::Bool(value) => return value.to_sql(ty, out),
            Self::Text(value) => out.put_slice(value.as_bytes()),
            Self::Time(value) => {
                let millis = value.as_millisecond().max(POSTGRES_FIRST) - POSTGRES_EPOCH;
                out.put_i64(millis.saturating_mul(1_000));
            }
            Self::Json(value) => {
                if *ty == Type::JSONB {
                    out.put_u8(1);
                }
                out.put_slice(value.as_bytes());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        // Statements are this crate's own; the storage suite runs each on both engines.
        true
    }

    postgres_types::to_sql_checked!();
}

/// A time as PostgreSQL sends it.
struct PostgresTime(Timestamp);

impl<'a> postgres_types::FromSql<'a> for PostgresTime {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let micros = i64::from_be_bytes(raw.try_into()?);
        let millis = micros.div_euclid(1_000) + POSTGRES_EPOCH;
        Ok(Self(from_millisecond(millis).ok_or(NO_TIME)?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }
}

/// JSON text as PostgreSQL sends it.
struct PostgresJson(String);

impl<'a> postgres_types::FromSql<'a> for PostgresJson {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let text = raw
            .strip_prefix(&[1])
            .ok_or("an unknown version of JSONB")?;
        Ok(Self(std::str::from_utf8(text)?.to_owned()))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSONB
    }
}

/// A row of either engine.
#[derive(Clone, Copy)]
enum Engine<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

/// A row being read: each call takes the next column, in the order of the SELECT.
pub struct Row<'a> {
    engine: Engine<'a>,
    column: Cell<usize>,
}

impl<'a> Row<'a> {
    pub(super) fn sqlite(row: &'a rusqlite::Row<'a>) -> Self {
        Self {
            engine: Engine::Sqlite(row),
            column: Cell::new(0),
        }
    }

    pub(super) fn postgres(row: &'a tokio_postgres::Row) -> Self {
        Self {
            engine: Engine::Postgres(row),
            column: Cell::new(0),
        }
    }

    fn take<T>(&self) -> Result<Option<T>, Error>
    where
        T: rusqlite::types::FromSql + for<'r> postgres_types::FromSql<'r>,
    {
        let column = self.column.replace(self.column.get() + 1);
        match self.engine {
            Engine::Sqlite(row) => row.get(column).map_err(Error::internal),
            Engine::Postgres(row) => row.try_get(column).map_err(Error::internal),
        }
    }

    /// An integer that is never NULL.
    ///
    /// # Errors
    /// [`Error::Internal`] for NULL or another type: a fault of the statement.
    pub fn int(&self) -> Result<i64, Error> {
        self.opt_int()?.ok_or_else(unexpected_null)
    }

    /// An integer or NULL.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn opt_int(&self) -> Result<Option<i64>, Error> {
        self.take()
    }

    /// A boolean that is never NULL.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn boolean(&self) -> Result<bool, Error> {
        self.take()?.ok_or_else(unexpected_null)
    }

    /// A text that is never NULL.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn text(&self) -> Result<String, Error> {
        self.opt_text()?.ok_or_else(unexpected_null)
    }

    /// A text or NULL.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn opt_text(&self) -> Result<Option<String>, Error> {
        self.take()
    }

    /// A time that is never NULL.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn time(&self) -> Result<Timestamp, Error> {
        self.opt_time()?.ok_or_else(unexpected_null)
    }

    /// A time or NULL.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn opt_time(&self) -> Result<Option<Timestamp>, Error> {
        match self.engine {
            Engine::Sqlite(_) => self
                .opt_int()?
                .map(|millis| from_millisecond(millis).ok_or_else(|| Error::internal(NO_TIME)))
                .transpose(),
            Engine::Postgres(row) => {
                let column = self.column.replace(self.column.get() + 1);
                let time: Option<PostgresTime> = row.try_get(column).map_err(Error::internal)?;
                Ok(time.map(|PostgresTime(time)| time))
            }
        }
    }

    /// JSON text that is never NULL.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn json(&self) -> Result<String, Error> {
        match self.engine {
            Engine::Sqlite(_) => self.text(),
            Engine::Postgres(row) => {
                let column = self.column.replace(self.column.get() + 1);
                let json: PostgresJson = row.try_get(column).map_err(Error::internal)?;
                Ok(json.0)
            }
        }
    }
}

fn unexpected_null() -> Error {
    Error::internal("a column was NULL that never is")
}
