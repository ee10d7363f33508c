//! A user's list of notifications: what the website shows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::actor::{Actor, TenantId};
use crate::error::Error;
use crate::event::EventType;
use crate::model::User;
use crate::permission::{Permission, PermissionSet};
use crate::query::{Listed, PageNumber, Position};
use crate::store::{
    NotificationsOf, StoredEvent, StoredNotification, Tx, UserKey, count_notifications,
    find_events, list_notifications, mark_many_read, mark_read, page_notifications,
    permissions_held,
};

use super::preferences::own;

/// Notifications that are marked as read in one transaction.
const READ_AT_ONCE: i64 = 1_000;

/// A notification, with what its user may know of the event.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// Its number: the event's place in the feed.
    pub id: i64,
    /// The name of the event's type.
    pub event: String,
    /// The account it happened in.
    pub account_id: Option<i64>,
    /// What happened, in a sentence.
    pub title: &'static str,
    /// `subject`, and for a user who may read events in that account `change` or `data`; empty
    /// once the event is gone.
    pub data: Map<String, Value>,
    /// When the event was written.
    pub created_at: Timestamp,
    /// When the user read it.
    pub read_at: Option<Timestamp>,
}

/// Which notifications; every condition given must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotificationFilter {
    /// Those of this account and of the whole tenant: of others the caller knows nothing.
    pub within: Option<i64>,
    /// Unread ones, or read ones.
    pub unread: Option<bool>,
}

impl NotificationFilter {
    fn of(self, user: &User) -> NotificationsOf {
        NotificationsOf {
            user: user.id,
            within: self.within,
            unread: self.unread,
        }
    }
}

/// A page by its number.
#[derive(Debug, Clone, PartialEq)]
pub struct NotificationPage {
    /// The notifications, newest first.
    pub rows: Vec<Notification>,
    /// How many there are in all.
    pub total: i64,
}

/// A user's notifications, newest first, before one of them.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] without `readUsers`, but for one's own.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &UserKey,
    filter: NotificationFilter,
    before: Option<i64>,
    limit: usize,
) -> Result<Listed<Notification>, Error> {
    let user = own(tx, actor, key, Permission::ReadUsers)?;
    let stored = list_notifications(tx, actor.tenant, &filter.of(&user), before, limit)?;
    let listed = Listed::cut(stored, limit, |row| Position::of_id(row.position));
    Ok(Listed {
        rows: shown(tx, actor.tenant, user.id, listed.rows)?,
        next: listed.next,
    })
}

/// As [`list`], a page by its number.
///
/// # Errors
/// As [`list`].
pub fn page(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &UserKey,
    filter: NotificationFilter,
    page: PageNumber,
) -> Result<NotificationPage, Error> {
    let user = own(tx, actor, key, Permission::ReadUsers)?;
    let of = filter.of(&user);
    let total = count_notifications(tx, actor.tenant, &of)?;
    let before = page.number.saturating_sub(1).saturating_mul(page.size);
    let offset = i64::try_from(before).unwrap_or(i64::MAX);
    let size = i64::try_from(page.size).unwrap_or(i64::MAX);
    let rows = if offset < total {
        page_notifications(tx, actor.tenant, &of, size, offset)?
    } else {
        Vec::new()
    };
    Ok(NotificationPage {
        rows: shown(tx, actor.tenant, user.id, rows)?,
        total,
    })
}

/// How many of a user's notifications there are.
///
/// # Errors
/// As [`list`].
pub fn count(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &UserKey,
    filter: NotificationFilter,
) -> Result<i64, Error> {
    let user = own(tx, actor, key, Permission::ReadUsers)?;
    count_notifications(tx, actor.tenant, &filter.of(&user))
}

/// Marks a notification as read; one that is stays as it was.
///
/// # Errors
/// [`Error::NotFound`], also for one of an account outside `within`; [`Error::Forbidden`] without
/// `updateUsers`, but for one's own.
pub fn read(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &UserKey,
    within: Option<i64>,
    id: i64,
) -> Result<(), Error> {
    let user = own(tx, actor, key, Permission::UpdateUsers)?;
    let filter = NotificationFilter {
        within,
        unread: None,
    };
    let before = Some(id.saturating_add(1));
    let found = list_notifications(tx, actor.tenant, &filter.of(&user), before, 1)?;
    if found.first().is_none_or(|first| first.position != id) {
        return Err(Error::NotFound);
    }
    mark_read(tx, actor.tenant, user.id, id)
}

/// Marks some of a user's notifications up to one of them as read. Answers whether there may be
/// more: then it is to be done again.
///
/// # Errors
/// As [`read`].
pub fn read_all(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &UserKey,
    within: Option<i64>,
    last: i64,
) -> Result<bool, Error> {
    let user = own(tx, actor, key, Permission::UpdateUsers)?;
    let filter = NotificationFilter {
        within,
        unread: Some(true),
    };
    let marked = mark_many_read(tx, actor.tenant, &filter.of(&user), last, READ_AT_ONCE)?;
    Ok(marked >= u64::try_from(READ_AT_ONCE).unwrap_or(u64::MAX))
}

/// Notifications with what their user may know.
fn shown(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    stored: Vec<StoredNotification>,
) -> Result<Vec<Notification>, Error> {
    if stored.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = stored.iter().map(|each| each.event_id).collect();
    let events = find_events(tx, tenant, &ids)?.into_iter();
    let mut events: BTreeMap<i64, StoredEvent> = events.map(|event| (event.id, event)).collect();
    let held = permissions_held(tx, tenant, user)?;
    let notification = |stored: StoredNotification| Notification {
        id: stored.position,
        title: EventType::parse(&stored.event).map_or("", |event| event.entry().description),
        data: match events.remove(&stored.event_id) {
            Some(event) => data_of(&event, may_read(&held, event.account_id)),
            None => Map::new(),
        },
        event: stored.event,
        account_id: stored.account_id,
        created_at: stored.created_at,
        read_at: stored.read_at,
    };
    Ok(stored.into_iter().map(notification).collect())
}

/// Whether these roles let their user read events of an account, or of the whole tenant.
fn may_read(held: &[(Option<i64>, PermissionSet)], account: Option<i64>) -> bool {
    held.iter().any(|(of, permissions)| {
        permissions.contains(Permission::ReadEvents) && (of.is_none() || *of == account)
    })
}

/// What is told of an event: what it happened to, and for who may read events, the rest.
fn data_of(event: &StoredEvent, may_read: bool) -> Map<String, Value> {
    let subject = json!({ "type": event.subject_type, "id": event.subject_id });
    let mut data = Map::new();
    data.insert("subject".to_owned(), subject);
    if may_read {
        let mut payload: Value = serde_json::from_str(&event.change).unwrap_or_default();
        if event.external_id.is_none() {
            data.insert("change".to_owned(), payload);
        } else {
            let told = payload.get_mut("data").map(Value::take);
            data.insert("data".to_owned(), told.unwrap_or_default());
        }
    }
    data
}
