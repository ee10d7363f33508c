//! What happened. An event is written in the transaction of the change that it tells of.

mod catalogue;
mod feed;
mod report;
mod retention;

use serde::Serialize;
use serde_json::{Map, Value};

pub use catalogue::{Entry, EventGroup, EventType, Origin, entries};
pub(crate) use feed::page;
pub use feed::{
    FeedPage, LOOKED_AT, SEQUENCED_AT_ONCE, feed, find, head, history_page, is_behind, sequence,
};
pub use report::{MAX_ID as MAX_REPORTED_ID, Report, report};
pub use retention::{EXPIRED_AT_ONCE, erase, expire};

use crate::actor::Actor;
use crate::error::Error;
use crate::permission::Permission;
use crate::query::{Listed, Position};
use crate::store::{IdKind, Statement, StoredEvent, Tx, events_of, insert_event};

/// What an event happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// `user`, `account`, `group`, `badge`, `key`, `invitation` …
    pub subject_type: &'static str,
    /// Which one.
    pub id: String,
}

impl Subject {
    /// A subject with this id.
    #[must_use]
    pub fn new(subject_type: &'static str, id: impl ToString) -> Self {
        Self {
            subject_type,
            id: id.to_string(),
        }
    }
}

/// What changed: the values before and after, of the changed fields alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Change {
    /// Before; empty for what is new.
    pub old: Map<String, Value>,
    /// After; empty for what is gone.
    pub new: Map<String, Value>,
}

impl Change {
    /// The change from one set of fields to another.
    #[must_use]
    pub fn between(mut old: Map<String, Value>, mut new: Map<String, Value>) -> Self {
        old.retain(|field, before| match new.get(field) {
            Some(after) if after == before => {
                new.remove(field);
                false
            }
            Some(_) | None => true,
        });
        Self { old, new }
    }

    /// A thing that is new.
    #[must_use]
    pub fn new(new: Map<String, Value>) -> Self {
        Self {
            old: Map::new(),
            new,
        }
    }

    /// A thing that is new, with these fields.
    #[must_use]
    pub fn of(fields: &[(&str, Value)]) -> Self {
        Self::new(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        )
    }
}

/// The statement that writes an event.
///
/// # Errors
/// As [`Tx::new_id`].
pub(crate) fn record(
    tx: &Tx<'_>,
    actor: &Actor,
    event_type: EventType,
    account_id: Option<i64>,
    subject: Subject,
    change: Change,
) -> Result<Statement<'static>, Error> {
    numbered(tx, actor, event_type, account_id, subject, change).map(|(_, event)| event)
}

/// As [`record`], with the number of the event.
pub(crate) fn numbered(
    tx: &Tx<'_>,
    actor: &Actor,
    event_type: EventType,
    account_id: Option<i64>,
    subject: Subject,
    change: Change,
) -> Result<(i64, Statement<'static>), Error> {
    let (actor_type, actor_id) = actor.named();
    let event = StoredEvent {
        id: tx.new_id(IdKind::Event)?,
        event_type: event_type.name().to_owned(),
        account_id,
        actor_type: actor_type.to_owned(),
        actor_id,
        subject_type: subject.subject_type.to_owned(),
        subject_id: subject.id,
        change: serde_json::to_string(&change).map_err(Error::internal)?,
        request_id: actor.request_id.clone(),
        created_at: tx.now(),
        acting_as: actor.acting_as(),
        position: None,
        external_id: None,
        occurred_at: None,
    };
    Ok((event.id, insert_event(actor.tenant, event)))
}

/// Everything that happened to one subject, oldest first.
///
/// # Errors
/// [`Error::Forbidden`] without `readEvents`; storage errors.
pub fn history(tx: &Tx<'_>, actor: &Actor, subject: &Subject) -> Result<Vec<StoredEvent>, Error> {
    actor.require(Permission::ReadEvents)?;
    events_of(tx, actor.tenant, subject.subject_type, &subject.id)
}

/// The catalogue, in its order. Its positions are places in it, from 1.
///
/// # Errors
/// [`Error::Forbidden`] without `readEvents`.
pub fn types(
    _: &Tx<'_>,
    actor: &Actor,
    after: Option<i64>,
    limit: usize,
) -> Result<Listed<Entry>, Error> {
    actor.require(Permission::ReadEvents)?;
    let places = (1..).zip(entries());
    let rest = places.skip_while(|(place, _)| after.is_some_and(|after| *place <= after));
    let rows = rest.take(limit.saturating_add(1)).collect();
    let listed = Listed::cut(rows, limit, |(place, _)| Position::of_id(*place));
    Ok(Listed {
        rows: listed.rows.into_iter().map(|(_, entry)| entry).collect(),
        next: listed.next,
    })
}
