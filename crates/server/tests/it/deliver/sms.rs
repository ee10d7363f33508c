//! SMS, handed to a gateway of the test's own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use base64::Engine as _;
use futures_util::stream;
use muster::deliver::message::Attempt;
use muster::deliver::retry::RetryAfter;
use muster::deliver::sms::{DEADLINE, SmsGateway};
use secrecy::SecretString;
use tokio::net::TcpListener;

const TO: &str = "+14155550123";
const TEXT: &str = "Your code is 123456 & more: ünïcode+1";

/// What a gateway was asked.
#[derive(Clone)]
struct Asked {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

type Answer = fn() -> Response<Body>;

/// A gateway that gives every request the same answer.
struct Gateway {
    asked: Arc<Mutex<Vec<Asked>>>,
    url: String,
}

impl Gateway {
    async fn start(answer: Answer) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new()
            .fallback(record)
            .with_state((asked.clone(), answer));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://AC1:secret%2Ftoken@{}",
            listener.local_addr().unwrap()
        );
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { asked, url }
    }

    async fn send(&self) -> Attempt {
        self.send_within(DEADLINE).await
    }

    async fn send_within(&self, deadline: Duration) -> Attempt {
        let url = SecretString::from(self.url.clone());
        let gateway = SmsGateway::new(&url, "+15005550006", deadline).unwrap();
        gateway.send(TO, TEXT).await
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn record(
    State((asked, answer)): State<(Arc<Mutex<Vec<Asked>>>, Answer)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    asked.lock().unwrap().push(Asked {
        method,
        path: uri.to_string(),
        headers,
        body,
    });
    answer()
}

fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).unwrap()
}

#[tokio::test]
async fn an_sms_is_posted_in_twilio_s_form() {
    let gateway =
        Gateway::start(|| answer(201, &[], r#"{"sid": "SM1", "status": "queued"}"#)).await;
    assert_eq!(gateway.send().await, Attempt::Sent);
    let asked = gateway.asked();
    assert_eq!(asked.len(), 1);
    let asked = &asked[0];
    assert_eq!(asked.method, Method::POST);
    assert_eq!(asked.path, "/2010-04-01/Accounts/AC1/Messages.json");
    let header = |name: &str| asked.headers[name].to_str().unwrap();
    let credentials = base64::engine::general_purpose::STANDARD.encode("AC1:secret/token");
    assert_eq!(header("authorization"), format!("Basic {credentials}"));
    assert_eq!(header("content-type"), "application/x-www-form-urlencoded");
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(&asked.body)
        .into_owned()
        .collect();
    let expected = [("To", TO), ("From", "+15005550006"), ("Body", TEXT)];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn an_answer_about_the_message_is_a_refusal_and_every_other_a_failure() {
    let refused = |reason: &str| Attempt::Refused {
        reason: format!("the SMS gateway answered {reason}"),
    };
    let failed = |reason: &str, retry_after| Attempt::Failed {
        reason: format!("the SMS gateway answered {reason}"),
        retry_after,
    };
    let after = |seconds| Some(RetryAfter::Delay(Duration::from_secs(seconds)));
    let at = |time: &str| Some(RetryAfter::At(time.parse().unwrap()));
    let cases: [(Answer, Attempt); 10] = [
        (
            || {
                answer(
                    400,
                    &[],
                    r#"{"code": 21211, "message": "+14155550123 is none"}"#,
                )
            },
            refused("400 (21211)"),
        ),
        (|| answer(400, &[], "no JSON"), refused("400")),
        (|| answer(422, &[], ""), refused("422")),
        (
            || answer(401, &[], r#"{"code": 20003}"#),
            failed("401 (20003)", None),
        ),
        (|| answer(404, &[], ""), failed("404", None)),
        (
            || answer(429, &[("retry-after", "30")], ""),
            failed("429", after(30)),
        ),
        (
            || answer(429, &[("retry-after", "Sat, 21 Nov 2026 04:51:40 GMT")], ""),
            failed("429", at("2026-11-21T04:51:40Z")),
        ),
        (|| answer(500, &[], ""), failed("500", None)),
        (
            || answer(503, &[("retry-after", "99999999")], ""),
            failed("503", after(99_999_999)),
        ),
        (
            || answer(429, &[("retry-after", "-1")], ""),
            failed("429", None),
        ),
    ];
    for (answer, expected) in cases {
        let gateway = Gateway::start(answer).await;
        assert_eq!(gateway.send().await, expected);
        assert_eq!(gateway.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let gateway = Gateway::start(|| answer(307, &[("location", "/elsewhere")], "")).await;
    let attempt = gateway.send().await;
    assert!(matches!(attempt, Attempt::Failed { .. }), "{attempt:?}");
    assert_eq!(gateway.asked().len(), 1);
}

#[tokio::test]
async fn a_gateway_that_hangs_is_given_up_whether_before_or_within_its_answer() {
    let soon = Duration::from_millis(300);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://AC1:secret@{}", taken.local_addr().unwrap());
    let silent = SmsGateway::new(&SecretString::from(url), "Acme", soon).unwrap();
    let attempt = silent.send(TO, TEXT).await;
    let reason = "the SMS gateway took too long".to_owned();
    let gave_up = Attempt::Failed {
        reason,
        retry_after: None,
    };
    assert_eq!(attempt, gave_up);
    let halting = Gateway::start(|| {
        let never = stream::pending::<Result<Bytes, std::io::Error>>();
        answer(400, &[], Body::from_stream(never))
    })
    .await;
    let attempt = halting.send_within(soon).await;
    assert!(matches!(attempt, Attempt::Refused { .. }), "{attempt:?}");
}

#[tokio::test]
async fn an_answer_without_an_end_is_read_to_its_limit() {
    static CHUNKS: AtomicUsize = AtomicUsize::new(0);
    let gateway = Gateway::start(|| {
        let chunk = || {
            CHUNKS.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 4096]))
        };
        answer(400, &[], Body::from_stream(stream::repeat_with(chunk)))
    })
    .await;
    let reason = "the SMS gateway answered 400".to_owned();
    assert_eq!(gateway.send().await, Attempt::Refused { reason });
    // 64 KiB are read; the rest are buffers of the two sockets.
    let written = CHUNKS.load(Ordering::Relaxed) * 4096;
    assert!(written < 16 << 20, "{written} bytes were taken");
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_tried_again_and_the_reason_holds_no_secret() {
    let port = {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        taken.local_addr().unwrap().port()
    };
    let url = SecretString::from(format!("http://AC1:secret@127.0.0.1:{port}"));
    let gateway = SmsGateway::new(&url, "Acme", DEADLINE).unwrap();
    let Attempt::Failed { reason, .. } = gateway.send(TO, TEXT).await else {
        panic!("it cannot have been sent");
    };
    for secret in ["secret", "AC1", "123456", "4155550123"] {
        assert!(!reason.contains(secret), "{reason}");
    }
}
