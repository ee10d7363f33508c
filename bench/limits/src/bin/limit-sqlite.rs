//! axum and rusqlite on a file of Muster's: what reading and durably writing one plain user
//! costs. Statements, pragmas, group commit and its size are Muster's.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use limits::http::{self, Key, ListQuery, PageQuery};
use limits::user::{COLUMNS, NewUser, Page, Row, Stored, User};
use limits::{TENANT, setting};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use tokio::sync::oneshot;

/// Writes that may wait.
const QUEUE: usize = 4_096;
/// Writes committed together at most.
const GROUP: usize = 256;

const INSERT_CLAIM: &str = "INSERT INTO claims (tenant_id, scope, value, owner_id) \
    VALUES (?1, 'email', ?2, ?3) ON CONFLICT (tenant_id, scope, value) DO NOTHING";
const INSERT_USER: &str = "INSERT INTO users (tenant_id, id, uid, email, email_key, phone, \
    phone_key, first_name, last_name, first_name_key, last_name_key, external_id, created_at, \
    updated_at, version, attributes) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, 1, ?13)";
const INSERT_EVENT: &str = "INSERT INTO events (tenant_id, id, type, actor_type, actor_id, \
    subject_type, subject_id, change, request_id, created_at) \
    VALUES (?1, ?2, 'user_created', 'key', 'bench', 'user', ?3, ?4, ?5, ?6)";

/// A user to be written, and where to say whether its email was free.
struct Job {
    user: Arc<Stored>,
    answer: oneshot::Sender<bool>,
}

struct App {
    key: Key,
    queue: SyncSender<Job>,
    next_user: AtomicI64,
    next_event: AtomicI64,
}

thread_local! {
    /// Each thread reads on a connection of its own.
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

fn connect(access: OpenFlags) -> Connection {
    let access = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(setting("DATABASE"), access)
        .expect("the database can be opened");
    connection
        .execute_batch(
            "PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536; PRAGMA mmap_size = 1073741824;",
        )
        .expect("the pragmas are known");
    connection
}

fn read<T>(run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
    READER.with_borrow_mut(|reader| {
        let connection = reader.get_or_insert_with(|| connect(OpenFlags::SQLITE_OPEN_READ_ONLY));
        run(connection).expect("reading does not fail")
    })
}

/// A row of the engine, whose texts live as long as it stands there.
struct Columns<'a>(&'a rusqlite::Row<'a>);

impl<'a> Row<'a> for Columns<'a> {
    fn int(&self, column: usize) -> Option<i64> {
        let value = self.0.get_ref(column).expect("there is such a column");
        value.as_i64_or_null().expect("an integer")
    }

    fn text(&self, column: usize) -> Option<&'a str> {
        let value = self.0.get_ref(column).expect("there is such a column");
        value.as_str_or_null().expect("a text")
    }

    fn time(&self, column: usize) -> Option<i64> {
        self.int(column)
    }

    fn json(&self, column: usize) -> &'a str {
        self.text(column).unwrap_or("{}")
    }
}

/// Takes what waits, commits it together, answers.
fn write_groups(connection: &Connection, jobs: &Receiver<Job>) -> rusqlite::Result<()> {
    let mut begin = connection.prepare("BEGIN IMMEDIATE")?;
    let mut commit = connection.prepare("COMMIT")?;
    let mut claim = connection.prepare(INSERT_CLAIM)?;
    let mut user = connection.prepare(INSERT_USER)?;
    let mut event = connection.prepare(INSERT_EVENT)?;
    while let Ok(first) = jobs.recv() {
        let mut answers = Vec::with_capacity(GROUP);
        begin.execute([])?;
        for job in std::iter::once(first).chain(jobs.try_iter()).take(GROUP) {
            let Stored { new, .. } = &*job.user;
            let row = &job.user;
            let free = claim.execute(params![TENANT, row.email_key, row.id])? == 1;
            if free {
                user.execute(params![
                    TENANT,
                    row.id,
                    row.uid,
                    new.email,
                    row.email_key,
                    new.phone,
                    new.first_name,
                    new.last_name,
                    row.first_name_key,
                    row.last_name_key,
                    new.external_id,
                    row.created_at,
                    row.attributes,
                ])?;
                event.execute(params![
                    TENANT,
                    row.event_id,
                    row.subject_id,
                    row.change,
                    row.request_id,
                    row.created_at,
                ])?;
            }
            answers.push((job.answer, free));
        }
        commit.execute([])?;
        for (answer, free) in answers {
            // Who hung up gets no answer; the user is there all the same.
            let _ = answer.send(free);
        }
    }
    Ok(())
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
    let user = Arc::new(Stored::new(new, id, event_id));
    let (answer, free) = oneshot::channel();
    let job = Job {
        user: Arc::clone(&user),
        answer,
    };
    if app.queue.try_send(job).is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match free.await {
        Ok(true) => http::json(StatusCode::CREATED, user.shown()),
        Ok(false) => StatusCode::CONFLICT.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn show(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path<i64>) -> Response {
    if !app.key.is_in(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let sql = format!("SELECT {COLUMNS} FROM users WHERE tenant_id = ?1 AND id = ?2");
    let found = read(|connection| {
        let mut statement = connection.prepare_cached(&sql)?;
        let user = |row: &rusqlite::Row<'_>| {
            let mut body = Vec::with_capacity(1024);
            User::read(&Columns(row)).write(&mut body);
            Ok(body)
        };
        statement.query_row([TENANT, id], user).optional()
    });
    match found {
        Some(body) => http::json(StatusCode::OK, body),
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
    let filter = match query.last_name {
        Some(_) => "AND last_name_key = ?4",
        None => "AND ?4 IS NULL",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM users WHERE tenant_id = ?1 AND id > ?2 \
         AND deleted_at IS NULL {filter} ORDER BY id LIMIT ?3"
    );
    let body = read(|connection| {
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows =
            statement.query(params![TENANT, query.after, query.limit, query.last_name])?;
        let mut page = Page::default();
        while let Some(row) = rows.next()? {
            page.push(&User::read(&Columns(row)));
        }
        Ok(page.done())
    });
    http::json(StatusCode::OK, body)
}

/// A page by its place: rows are read and thrown away up to it. `NOT INDEXED`, because with
/// Muster's index beside it SQLite would step through that one and read no row before the page:
/// what Muster asks for by name.
async fn page(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<PageQuery>,
) -> Response {
    if !app.key.is_in(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM users NOT INDEXED WHERE tenant_id = ?1 AND deleted_at IS NULL \
         ORDER BY id LIMIT ?2 OFFSET ?3"
    );
    let body = read(|connection| {
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([TENANT, query.limit, query.offset])?;
        let mut page = Page::default();
        while let Some(row) = rows.next()? {
            page.push(&User::read(&Columns(row)));
        }
        Ok(page.done())
    });
    http::json(StatusCode::OK, body)
}

fn next(connection: &Connection, table: &str) -> rusqlite::Result<AtomicI64> {
    let sql = format!("SELECT coalesce(max(id), 0) + 1 FROM {table}");
    connection
        .query_row(&sql, [], |row| row.get(0))
        .map(AtomicI64::new)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = connect(OpenFlags::SQLITE_OPEN_READ_WRITE);
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    let (queue, jobs) = mpsc::sync_channel(QUEUE);
    let app = Arc::new(App {
        key: Key::from_environment(),
        queue,
        next_user: next(&connection, "users")?,
        next_event: next(&connection, "events")?,
    });
    std::thread::spawn(move || {
        write_groups(&connection, &jobs).expect("writing does not fail");
    });
    let router = Router::new()
        .route("/users", get(list).post(create))
        .route("/users/{id}", get(show))
        .route("/page", get(page))
        .with_state(app);
    http::serve(router).await?;
    Ok(())
}
