//! `/v1/events/stream`: the feed as server-sent events (HTML Living Standard, section 9.2).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use directory::Actor;
use directory::event;
use directory::permission::Permission;
use directory::query::EventFilter;
use futures_util::stream::unfold;

use super::Caller;
use super::events::{FILTERS, filter};
use super::list::Parameters;
use super::wire::Resource as _;
use crate::http::auth::{ACCOUNT_HEADER, Credential, authenticate, bearer, placed};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::feed_signal::Follower;
use crate::http::{Shared, reply};

const PATH: &str = "/v1/events/stream";
const LAST_EVENT_ID: &str = "last-event-id";
/// Events read at once.
const AT_ONCE: usize = 100;
/// How often it is looked for events of other nodes, and whether the credential still holds.
const EVERY: Duration = Duration::from_secs(1);
/// Looks without an event after which the place reached shows that the stream lives.
const QUIET: u32 = 15;

/// `GET /v1/events/stream`: from after `Last-Event-ID`, else from now on. The same filters as the
/// list's. It ends with its credential.
pub(super) async fn stream(
    State(app): State<Shared>,
    context: RequestContext,
    Caller(actor): Caller,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadEvents)?;
    actor.require_full_access()?;
    let parameters = Parameters::read(&app, PATH, query.as_deref(), &FILTERS)?;
    let filter = filter(&parameters)?;
    let given = headers.get(LAST_EVENT_ID).map(|value| {
        let text = value.to_str().unwrap_or_default();
        text.parse::<i64>().ok().filter(|position| *position >= 0)
    });
    let after = match given {
        Some(Some(position)) => position,
        Some(None) => {
            let text = "Last-Event-ID is not one of this stream";
            return Err(Failure::Unreadable(text.to_owned()));
        }
        None => {
            let asker = actor.clone();
            app.directory
                .read(move |tx| event::head(tx, &asker))
                .await?
        }
    };
    let reading = Reading {
        follower: app.feed.follow(),
        credential: bearer(&headers),
        place: place(&headers),
        app,
        context,
        filter,
        after,
        // The id tells a client that saw no event yet where to begin anew.
        ready: VecDeque::from([format!("retry: 1000\nid: {after}\n\n").into()]),
        quiet: 0,
    };
    let chunks = unfold(reading, |mut reading| async move {
        let chunk = reading.next().await?;
        Some((Ok::<_, Infallible>(chunk), reading))
    });
    let mut response = reply::typed(
        StatusCode::OK,
        "text/event-stream",
        Body::from_stream(chunks),
    );
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

/// What the headers say of the account that the client acts in.
fn place(headers: &HeaderMap) -> HeaderMap {
    let named = headers.get_all(ACCOUNT_HEADER).iter();
    named
        .map(|value| (HeaderName::from_static(ACCOUNT_HEADER), value.clone()))
        .collect()
}

/// Where a stream is.
struct Reading {
    app: Shared,
    context: RequestContext,
    credential: Option<Credential>,
    /// What the client said of where it acts.
    place: HeaderMap,
    follower: Follower,
    filter: EventFilter,
    after: i64,
    ready: VecDeque<Bytes>,
    quiet: u32,
}

impl Reading {
    /// What is sent next; none ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Some(chunk);
            }
            if self.follower.ends() {
                return None;
            }
            let credential = self.credential.clone();
            let actor = authenticate(&self.app, &self.context, credential).await;
            // The client comes again, and is told what is wrong then.
            let actor = placed(actor.ok()?, &self.place).ok()?;
            let more = self.read(actor).await.ok()?;
            if !self.ready.is_empty() {
                self.quiet = 0;
                continue;
            }
            if more {
                tokio::task::yield_now().await;
                continue;
            }
            self.quiet += 1;
            if self.quiet >= QUIET {
                self.quiet = 0;
                return Some(format!("id: {}\n\n", self.after).into());
            }
            let _ = tokio::time::timeout(EVERY, self.follower.moved()).await;
        }
    }

    /// Reads on; answers whether there is more to look at now.
    async fn read(&mut self, actor: Actor) -> Result<bool, directory::Error> {
        let (filter, after) = (self.filter.clone(), self.after);
        let read =
            move |tx: &directory::store::Tx<'_>| event::feed(tx, &actor, &filter, after, AT_ONCE);
        let page = self.app.directory.read(read).await?;
        for event in &page.rows {
            let position = event.position.unwrap_or(page.next);
            let data = serde_json::to_string(&event.out()).map_err(directory::Error::internal)?;
            let chunk = format!(
                "id: {position}\nevent: {}\ndata: {data}\n\n",
                event.event_type
            );
            self.ready.push_back(chunk.into());
        }
        self.after = page.next;
        Ok(page.more)
    }
}
