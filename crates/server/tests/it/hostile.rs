//! What no input may reach, in any API: a key's rights without the whole key, the stack's end,
//! another's request.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::Response as Answer;
use axum::routing::post;
use directory::model::Email;
use directory::{Actor, Error, TenantId, keys};
use muster::http::failure::Failure;
use muster::http::limits::Limits;
use muster::http::throttle::Throttle;
use muster::http::{Shared, form, idempotency, json};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tower::ServiceExt as _;

use crate::harness::{Key, Server};

/// A server that does not count failures, and its routes for bytes that no client would send.
fn patient() -> (Server, Router) {
    let mut routes = None;
    let server = Server::start_serving(
        |app| app.throttle = Throttle::new(0, 0),
        |app| routes.insert(muster::router::public(app)).clone(),
    );
    (server, routes.unwrap())
}

/// Puts bytes into a request; none where they cannot stand there.
type Ask = Box<dyn Fn(&[u8]) -> Option<Request<Body>>>;

/// A credential as a dialect takes it: what it is, and the request that presents such bytes; none
/// where no HTTP request could hold them.
struct Presented {
    name: &'static str,
    whole: String,
    request: Ask,
}

fn in_header(name: &'static str, path: &str, before: &str, whole: String) -> Presented {
    let (path, before) = (path.to_owned(), before.to_owned());
    let request = move |credential: &[u8]| {
        let value = HeaderValue::from_bytes(&[before.as_bytes(), credential].concat()).ok()?;
        let request = Request::get(&path).header("x-account-id", "1");
        let request = request.header(header::AUTHORIZATION, value);
        Some(request.body(Body::empty()).unwrap())
    };
    let request = Box::new(request);
    Presented {
        name,
        whole,
        request,
    }
}

/// A parameter of the staffing API; `before` is all of the form that stands before its value.
fn in_form(name: &'static str, path: &str, before: String, whole: String) -> Presented {
    let path = path.to_owned();
    let request = move |credential: &[u8]| {
        let form = format!("{before}{}", percent_encode(credential, NON_ALPHANUMERIC));
        let request = Request::post(&path);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        Some(request.body(Body::from(form)).unwrap())
    };
    let request = Box::new(request);
    Presented {
        name,
        whole,
        request,
    }
}

/// Every form in which a key or its access token may come.
fn presented(key: &Key, access: &str) -> Vec<Presented> {
    let Key { id, secret, token } = key;
    let (badge, user) = ("/api_v2/badges/1", "/users/1");
    let signer = "/api/v1/user/00000000000000000000000000000000/";
    let pair = format!("{id}:{secret}");
    vec![
        in_header("native", "/v1/users", "Bearer ", token.clone()),
        in_header(
            "native, access token",
            "/v1/users",
            "Bearer ",
            access.to_owned(),
        ),
        in_header("wonolo", badge, "Bearer ", token.clone()),
        in_header("wonolo, access token", badge, "Bearer ", access.to_owned()),
        in_header("pulse", user, "Bearer ", token.clone()),
        in_header("platformos", "/api/users/1", "Token token=", token.clone()),
        in_header("legalesign", signer, "ApiKey ", pair),
        in_form(
            "wonolo, parameter",
            "/api_v2/badges",
            "token=".into(),
            access.to_owned(),
        ),
        in_form(
            "wonolo, secret",
            "/api_v2/authorize",
            format!("api_key={id}&secret_key="),
            secret.clone(),
        ),
        in_form(
            "wonolo, id",
            "/api_v2/authorize",
            format!("secret_key={secret}&api_key="),
            id.clone(),
        ),
    ]
}

/// Every credential that differs in one bit, every beginning and every end but the whole, and
/// what is a little longer.
fn changed(whole: &str) -> Vec<Vec<u8>> {
    let bytes = whole.as_bytes();
    let mut all: Vec<Vec<u8>> = Vec::new();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        all.push(flipped);
    }
    for cut in 1..bytes.len() {
        all.extend([bytes[..cut].to_vec(), bytes[cut..].to_vec()]);
    }
    all.extend([b"x", b"=", b".", b"\xff"].map(|more| [bytes, more].concat()));
    all.push([bytes, bytes].concat());
    all
}

#[test]
fn no_changed_bit_and_no_part_of_a_key_opens_any_api() {
    let (server, routes) = patient();
    let key = server.key();
    server.account("Acme");
    let (id, secret) = (key.id.clone(), key.secret.clone());
    let (access, _) = server.write(move |tx| keys::issue_token(tx, &id, &secret.clone().into()));
    let status = |request: Request<Body>| -> StatusCode {
        server
            .wait(routes.clone().oneshot(request))
            .unwrap()
            .status()
    };
    for each in presented(&key, access.expose_secret()) {
        let whole = (each.request)(each.whole.as_bytes()).unwrap();
        assert_ne!(status(whole), StatusCode::UNAUTHORIZED, "{}", each.name);
        let changed = changed(&each.whole);
        let sendable: Vec<_> = changed
            .iter()
            .filter_map(|bytes| Some((bytes, (each.request)(bytes)?)))
            .collect();
        // Of the eight bits of a byte, at most two make it a control character.
        assert!(sendable.len() > changed.len() * 3 / 5, "{}", each.name);
        for (bytes, request) in sendable {
            let shown = format!("{}: {}", each.name, bytes.escape_ascii());
            match status(request) {
                StatusCode::UNAUTHORIZED => {}
                // A form has to be UTF-8.
                StatusCode::BAD_REQUEST if std::str::from_utf8(bytes).is_err() => {}
                other => panic!("{shown}: {other}"),
            }
        }
    }
}

#[test]
fn a_path_of_any_length_and_depth_is_told_as_a_path() {
    let (server, routes) = patient();
    let key = server.key();
    for mount in [
        "/v1/users",
        "/api_v2/users",
        "/users",
        "/api/users",
        "/api/v1/user",
        "/x",
    ] {
        for (part, times) in [
            ("/a", 32_000),
            ("/..", 20_000),
            ("%2f", 20_000),
            ("//", 30_000),
            ("a", 60_000),
        ] {
            let path = format!("{mount}/{}", part.repeat(times));
            let request = Request::get(path)
                .header(header::AUTHORIZATION, format!("Bearer {}", key.token))
                .header("x-account-id", "1");
            let request = request.body(Body::empty()).unwrap();
            let answer: Answer = server.wait(routes.clone().oneshot(request)).unwrap();
            let status = answer.status();
            let led = mount == "/api/v1/user" && status == StatusCode::MOVED_PERMANENTLY;
            assert!(led || status.is_client_error(), "{mount} {part}: {status}");
        }
    }
    server
        .get("/v1/users")
        .bearer(&key.token)
        .send()
        .expect(200);
}

/// Runs something where there is an eighth of the stack that a thread has.
fn with_little_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 * 1024);
    thread.spawn(run).unwrap().join().unwrap();
}

#[test]
fn nothing_that_nests_takes_the_stack() {
    with_little_stack(|| {
        let limits = Limits::default();
        for times in [1, 5, 7, 8, 15, 16, 17, 1_000, 300_000] {
            for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
                let fits = times * close.len() <= limits.depth;
                let whole = format!("{}1{}", open.repeat(times), close.repeat(times));
                let read = json::parse(whole.as_bytes(), &limits);
                assert_eq!(read.is_ok(), fits, "{open} {times}");
                assert!(json::parse(open.repeat(times).as_bytes(), &limits).is_err());
            }
            for part in ["[b]", "[b][]", "[][b]"] {
                let fits = times * part.matches('[').count() < limits.depth;
                let form = format!("a{}=1", part.repeat(times));
                let read = form::parse(form.as_bytes(), &limits);
                assert_eq!(read.is_ok(), fits, "{part} {times}");
            }
        }
    });
}

#[test]
fn no_text_is_read_at_length_for_what_is_short() {
    let long = "a@".repeat(500_000);
    assert!(Email::parse(&long).is_err());
    let (server, _) = patient();
    let key = server.key();
    let names = [
        "email",
        "phone",
        "timezone",
        "kind",
        "suspended_at",
        "password",
        "x",
    ];
    for name in names {
        let mut body = json!({"email": "ada@example.org"});
        body[name] = "9".repeat(1_000_000).into();
        let request = server.post("/v1/users").bearer(&key.token);
        let told = request.json(&body).send();
        assert!(told.text.len() < 2_000, "{name}: {} bytes", told.text.len());
        told.expect(422);
    }
    assert_eq!(server.user_count(), 0);
}

/// Makes an account under an idempotency key, or panics on the way: while it is prepared, in the
/// transaction, or after its record was kept.
async fn fragile(State(app): State<Shared>, headers: HeaderMap) -> Result<Answer, Failure> {
    let actor = Actor::system(TenantId(1), "test");
    let key = idempotency::key_of(&headers, &actor, "POST /v1/fragile", "")?;
    let place = headers
        .get("x-place")
        .map(|place| place.to_str().unwrap().to_owned());
    let breaks = move |at: &str| assert_ne!(place.as_deref(), Some(at), "it breaks here");
    let preparing = breaks.clone();
    let prepare = async move {
        preparing("prepare");
        Ok(())
    };
    let maker = actor.clone();
    let run = move |tx: &directory::store::Tx<'_>, (): &()| {
        breaks("start");
        directory::accounts::create(tx, &maker, "Acme", directory::violation::Violations::new())?;
        breaks("end");
        Ok::<_, Error>(directory::idempotency::Answer {
            status: 201,
            location: None,
            etag: None,
            body: "{}".to_owned(),
        })
    };
    idempotency::once(&app, &actor, key, prepare, run).await
}

#[test]
fn a_panic_under_an_idempotency_key_writes_nothing_and_leaves_the_key_free() {
    let server = Server::start_serving(
        |_| {},
        |app| {
            let routes = Router::new().route("/v1/fragile", post(fragile));
            muster::router::around(routes, app)
        },
    );
    let accounts = || {
        let actor = server.operator();
        let list =
            move |tx: &directory::store::Tx<'_>| directory::accounts::list(tx, &actor, None, 10);
        server.read(list).rows.len()
    };
    let send = |place: &str| {
        let request = server.post("/v1/fragile").header("idempotency-key", "once");
        request.header("x-place", place).send()
    };
    for place in ["prepare", "start", "end"] {
        for _ in 0..2 {
            assert_eq!(send(place).expect(500)["code"], "internal", "{place}");
        }
        assert_eq!(accounts(), 0, "{place}");
    }
    send("nowhere").expect(201);
    let replayed = send("start");
    assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
    assert_eq!((replayed.status, accounts()), (201, 1));
}
