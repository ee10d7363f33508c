//! The capture inbox of development: what would have been sent is kept in memory and shown.
//! It shows live links and codes, so it is served on loopback alone.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::message::Channel;
use super::templates::EmailContent;
use crate::http::failure::Failure;
use crate::http::reply;

/// Messages that are kept; an older one makes room.
const CAPACITY: usize = 200;
/// Nothing is loaded and nothing runs. Styles may stand in the page because the HTML part of a
/// message, which is shown in a frame that inherits this, has its own in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// The messages that were kept, newest first.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<VecDeque<Captured>>>);

/// A message as it would have been sent.
#[derive(Clone, Serialize)]
struct Captured {
    id: String,
    time: String,
    channel: &'static str,
    to: String,
    subject: Option<String>,
    text: String,
    html: Option<String>,
}

impl Inbox {
    /// Keeps an email.
    pub fn keep_email(&self, id: &str, to: &str, content: EmailContent, now: Timestamp) {
        self.keep(Captured {
            id: id.to_owned(),
            time: now.to_string(),
            channel: Channel::Email.name(),
            to: to.to_owned(),
            subject: Some(content.subject),
            text: content.text,
            html: Some(content.html),
        });
    }

    /// Keeps an SMS.
    pub fn keep_sms(&self, id: &str, to: &str, text: String, now: Timestamp) {
        self.keep(Captured {
            id: id.to_owned(),
            time: now.to_string(),
            channel: Channel::Sms.name(),
            to: to.to_owned(),
            subject: None,
            text,
            html: None,
        });
    }

    fn keep(&self, message: Captured) {
        let mut messages = self.lock();
        messages.truncate(CAPACITY - 1);
        messages.push_front(message);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Captured>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `GET /dev/inbox`, where `?id=` chooses a message, and `GET /dev/inbox.json`.
pub fn routes<S: Clone + Send + Sync + 'static>(inbox: Inbox) -> Router<S> {
    Router::new()
        .route("/dev/inbox", get(page))
        .route("/dev/inbox.json", get(list))
        .layer(middleware::from_fn(on_loopback))
        .with_state(inbox)
}

/// Refuses a request for another host than this machine: by a name of its own that it points
/// here, a foreign page could read what is shown.
async fn on_loopback(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    let authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let is_this_machine = authority.is_some_and(|authority| {
        let host = authority.host().trim_matches(['[', ']']);
        let address = host.parse::<IpAddr>();
        host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    });
    if !is_this_machine {
        return Failure::NoRoute.into_response();
    }
    let mut response = next.run(request).await;
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        let headers = response.headers_mut();
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn list(State(inbox): State<Inbox>) -> Response {
    let messages: Vec<Captured> = inbox.lock().iter().cloned().collect();
    reply::json(StatusCode::OK, &json!({ "data": messages }))
}

#[derive(Deserialize)]
struct Chosen {
    id: Option<String>,
}

/// A piece of a message's text: a web address, or what stands around one.
#[derive(Serialize)]
struct Piece<'a> {
    text: &'a str,
    is_link: bool,
}

async fn page(
    State(inbox): State<Inbox>,
    chosen: Result<Query<Chosen>, QueryRejection>,
) -> Result<Response, Failure> {
    let id = chosen.ok().and_then(|Query(chosen)| chosen.id);
    let messages: Vec<Captured> = inbox.lock().iter().cloned().collect();
    let shown = match &id {
        Some(id) => messages.iter().find(|message| message.id == *id),
        None => messages.first(),
    };
    let pieces = shown.map(|message| pieces(&message.text));
    let values = json!({
        "messages": messages,
        "shown": shown,
        "pieces": pieces,
        "capacity": CAPACITY,
    });
    let html = rendered(&values).map_err(directory::Error::internal)?;
    Ok(reply::typed(
        StatusCode::OK,
        "text/html; charset=utf-8",
        html,
    ))
}

fn rendered(values: &serde_json::Value) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("inbox.html", include_str!("inbox.html"))?;
    environment
        .get_template("inbox.html")?
        .render(Serde(values))
}

/// A text cut where web addresses begin and end.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let plain = |text| Piece {
        text,
        is_link: false,
    };
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = ["https://", "http://"]
        .iter()
        .filter_map(|scheme| rest.find(scheme))
        .min()
    {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'));
        let (word, _) = from.split_at(end.unwrap_or(from.len()));
        let link = word.trim_end_matches(['.', ',', ')', ';', ':']);
        let (link, after) = from.split_at(link.len());
        pieces.push(plain(before));
        pieces.push(Piece {
            text: link,
            is_link: true,
        });
        rest = after;
    }
    pieces.push(plain(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_a_text_are_found_without_what_stands_around_them() {
        let text = "Open http://a.example/x?y=1&z=2.\nOr (https://b.example), or http://";
        let links: Vec<&str> = pieces(text)
            .into_iter()
            .filter(|piece| piece.is_link)
            .map(|piece| piece.text)
            .collect();
        let expected = ["http://a.example/x?y=1&z=2", "https://b.example", "http://"];
        assert_eq!(links, expected);
        let all: String = pieces(text).iter().map(|piece| piece.text).collect();
        assert_eq!(all, text);
        assert_eq!(pieces("").len(), 1);
    }

    #[test]
    fn only_the_newest_messages_are_kept() {
        let inbox = Inbox::default();
        for number in 0..CAPACITY + 5 {
            let id = number.to_string();
            inbox.keep_sms(&id, "+14155550123", String::new(), Timestamp::UNIX_EPOCH);
        }
        let messages = inbox.lock();
        assert_eq!(messages.len(), CAPACITY);
        assert_eq!(messages.front().unwrap().id, (CAPACITY + 4).to_string());
        assert_eq!(messages.back().unwrap().id, "5");
    }
}
