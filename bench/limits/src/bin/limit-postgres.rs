//! axum and tokio-postgres on a database of Muster's: what reading and durably writing one
//! plain user costs. Reads are pipelined over a few connections; each creation sends its whole
//! transaction at once.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::{BufMut as _, BytesMut};
use limits::http::{self, Key, ListQuery, PageQuery};
use limits::user::{COLUMNS, NewUser, Page, Row, Stored, User};
use limits::{TENANT, setting};
use postgres_types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio::sync::Semaphore;
use tokio_postgres::{Client, NoTls, Statement};

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Connections that reads share.
const READERS: usize = 4;
/// Connections that each hold one transaction at a time; as many as Muster has.
const WRITERS: usize = 32;

const INSERT_CLAIM: &str = "INSERT INTO claims (tenant_id, scope, value, owner_id) \
    VALUES ($1, 'email', $2, $3)";
const INSERT_USER: &str = "INSERT INTO users (tenant_id, id, uid, email, email_key, phone, \
    phone_key, first_name, last_name, first_name_key, last_name_key, external_id, created_at, \
    updated_at, version, attributes) \
    VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11, $12, $12, 1, $13)";
const INSERT_EVENT: &str = "INSERT INTO events (tenant_id, id, type, actor_type, actor_id, \
    subject_type, subject_id, change, request_id, created_at) \
    VALUES ($1, $2, 'user_created', 'key', 'bench', 'user', $3, $4, $5, $6)";

struct Reader {
    client: Client,
    one: Statement,
    named: Statement,
    after: Statement,
    page: Statement,
}

struct Writer {
    client: Client,
    claim: Statement,
    user: Statement,
    event: Statement,
}

struct App {
    key: Key,
    readers: Vec<Reader>,
    turn: AtomicUsize,
    writers: Mutex<Vec<Writer>>,
    free: Semaphore,
    next_user: AtomicI64,
    next_event: AtomicI64,
}

impl App {
    fn reader(&self) -> &Reader {
        &self.readers[self.turn.fetch_add(1, Ordering::Relaxed) % self.readers.len()]
    }

    fn take_writer(&self) -> Writer {
        let mut writers = self.writers.lock().expect("no holder panics");
        writers.pop().expect("a permit stands for a writer")
    }

    fn give_back(&self, writer: Writer) {
        self.writers.lock().expect("no holder panics").push(writer);
    }
}

/// JSON text as it is sent for JSONB, and as it comes back.
#[derive(Debug)]
struct JsonText<'a>(&'a str);

impl ToSql for JsonText<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        out.put_u8(1);
        out.put_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSONB
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for JsonText<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
        Ok(Self(std::str::from_utf8(raw.get(1..).unwrap_or_default())?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSONB
    }
}

/// A row of the server.
struct Columns<'a>(&'a tokio_postgres::Row);

impl<'a> Row<'a> for Columns<'a> {
    fn int(&self, column: usize) -> Option<i64> {
        self.0.get(column)
    }

    fn text(&self, column: usize) -> Option<&'a str> {
        self.0.get(column)
    }

    fn time(&self, column: usize) -> Option<i64> {
        let time: Option<SystemTime> = self.0.get(column);
        let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        since.map(|since| since.as_millis() as i64)
    }

    fn json(&self, column: usize) -> &'a str {
        self.0.get::<_, JsonText<'a>>(column).0
    }
}

/// Sends the transaction as a whole and waits once. A taken email fails the claim, and with it
/// the transaction: its COMMIT rolls back.
async fn write(writer: &Writer, row: &Stored) -> Result<(), tokio_postgres::Error> {
    let Stored { new, .. } = row;
    let created_at = UNIX_EPOCH + Duration::from_millis(row.created_at.unsigned_abs());
    let (attributes, change) = (JsonText(&row.attributes), JsonText(&row.change));
    let claim: [&(dyn ToSql + Sync); 3] = [&TENANT, &row.email_key, &row.id];
    let user: [&(dyn ToSql + Sync); 13] = [
        &TENANT,
        &row.id,
        &row.uid,
        &new.email,
        &row.email_key,
        &new.phone,
        &new.first_name,
        &new.last_name,
        &row.first_name_key,
        &row.last_name_key,
        &new.external_id,
        &created_at,
        &attributes,
    ];
    let event: [&(dyn ToSql + Sync); 6] = [
        &TENANT,
        &row.event_id,
        &row.subject_id,
        &change,
        &row.request_id,
        &created_at,
    ];
    let client = &writer.client;
    let (begun, claimed, inserted, recorded, committed) = tokio::join!(
        biased;
        client.batch_execute("BEGIN"),
        client.execute(&writer.claim, &claim),
        client.execute(&writer.user, &user),
        client.execute(&writer.event, &event),
        client.batch_execute("COMMIT"),
    );
    begun.and(claimed).and(inserted).and(recorded).map(drop)?;
    committed
}

async fn create(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Json(new): Json<NewUser>,
) -> Response {
    if !app.key.is_in(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let id = app.next_user.fetch_add(1, Ordering::Relaxed);
    let event_id = app.next_event.fetch_add(1, Ordering::Relaxed);
    let user = Stored::new(new, id, event_id);
    // A client that hangs up must not leave half a transaction on a connection that is reused.
    let written = tokio::spawn(async move {
        let permit = app.free.acquire().await.expect("it is never closed");
        let writer = app.take_writer();
        let result = write(&writer, &user).await;
        app.give_back(writer);
        drop(permit);
        result.map(|()| user)
    });
    match written.await {
        Ok(Ok(user)) => http::json(StatusCode::CREATED, user.shown()),
        Ok(Err(_)) => StatusCode::CONFLICT.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn show(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path<i64>) -> Response {
    if !app.key.is_in(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let reader = app.reader();
    let found = reader.client.query_opt(&reader.one, &[&TENANT, &id]).await;
    match found.expect("reading does not fail") {
        Some(row) => {
            let mut body = Vec::with_capacity(1024);
            User::read(&Columns(&row)).write(&mut body);
            http::json(StatusCode::OK, body)
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<ListQuery>,
) -> Response {
    if !app.key.is_in(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let reader = app.reader();
    let rows = match &query.last_name {
        Some(name) => {
            let given: [&(dyn ToSql + Sync); 4] = [&TENANT, &query.after, &query.limit, name];
            reader.client.query(&reader.named, &given).await
        }
        None => {
            let given: [&(dyn ToSql + Sync); 3] = [&TENANT, &query.after, &query.limit];
            reader.client.query(&reader.after, &given).await
        }
    };
    shown(&rows.expect("reading does not fail"))
}

/// A page by its place: rows are read and thrown away up to it.
async fn page(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<PageQuery>,
) -> Response {
    if !app.key.is_in(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let reader = app.reader();
    let given: [&(dyn ToSql + Sync); 3] = [&TENANT, &query.limit, &query.offset];
    let rows = reader.client.query(&reader.page, &given).await;
    shown(&rows.expect("reading does not fail"))
}

fn shown(rows: &[tokio_postgres::Row]) -> Response {
    let mut page = Page::default();
    for row in rows {
        page.push(&User::read(&Columns(row)));
    }
    http::json(StatusCode::OK, page.done())
}

async fn connect() -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(&setting("DATABASE"), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn reader() -> Result<Reader, tokio_postgres::Error> {
    let client = connect().await?;
    let select = |rest: &str| {
        format!(
            "SELECT {COLUMNS} FROM users WHERE tenant_id = $1 AND deleted_at IS NULL AND {rest}"
        )
    };
    let page = "id > $2 ORDER BY id LIMIT $3";
    Ok(Reader {
        one: client.prepare(&select("id = $2")).await?,
        named: client
            .prepare(&select(&format!("last_name_key = $4 AND {page}")))
            .await?,
        after: client.prepare(&select(page)).await?,
        page: client
            .prepare(&select("true ORDER BY id LIMIT $2 OFFSET $3"))
            .await?,
        client,
    })
}

async fn writer() -> Result<Writer, tokio_postgres::Error> {
    let client = connect().await?;
    Ok(Writer {
        claim: client.prepare(INSERT_CLAIM).await?,
        user: client.prepare(INSERT_USER).await?,
        event: client.prepare(INSERT_EVENT).await?,
        client,
    })
}

async fn next(client: &Client, table: &str) -> Result<AtomicI64, tokio_postgres::Error> {
    let sql = format!("SELECT coalesce(max(id), 0) + 1 FROM {table}");
    Ok(AtomicI64::new(client.query_one(&sql, &[]).await?.get(0)))
}

/// A server that does not wait for its disk would be no limit of one that does.
async fn assert_durable(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    for name in ["fsync", "synchronous_commit", "full_page_writes"] {
        let row = client.query_one(&format!("SHOW {name}"), &[]).await?;
        let value: String = row.get(0);
        if value != "on" {
            return Err(format!("{name} is {value} and not on").into());
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = connect().await?;
    assert_durable(&client).await?;
    let mut readers = Vec::new();
    for _ in 0..READERS {
        readers.push(reader().await?);
    }
    let mut writers = Vec::new();
    for _ in 0..WRITERS {
        writers.push(writer().await?);
    }
    let app = Arc::new(App {
        key: Key::from_environment(),
        readers,
        turn: AtomicUsize::new(0),
        free: Semaphore::new(writers.len()),
        writers: Mutex::new(writers),
        next_user: next(&client, "users").await?,
        next_event: next(&client, "events").await?,
    });
    let router = Router::new()
        .route("/users", get(list).post(create))
        .route("/users/{id}", get(show))
        .route("/page", get(page))
        .with_state(app);
    http::serve(router).await?;
    Ok(())
}
