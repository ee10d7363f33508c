//! Who is told what: routing over the feed, lists, digests, and what becomes of them.

mod digests;
mod model;
mod routing;
mod year;

use std::collections::BTreeSet;

use directory::deliveries::{self, Attempt, Claimed, Outcome};
use directory::event::{self, EventType, Report};
use directory::model::{AccountRole, DeliveryChannel, NotificationPreference};
use directory::notifications::{
    self, MandatoryNotification, Notice, Notification, NotificationFilter,
};
use directory::store::{Tx, UserKey};
use directory::users::{AccountGrant, Change, UserChange};
use directory::violation::{Path, Violations};
use directory::{Actor, Directory, TenantId};

use crate::given::{self, person};

pub(crate) fn rule(
    event: EventType,
    account_id: Option<i64>,
    channels: &[DeliveryChannel],
) -> NotificationPreference {
    NotificationPreference {
        event,
        account_id,
        channels: channels.to_vec(),
    }
}

/// A user with an email, a phone, rules, and parts in accounts.
pub(crate) fn listener(
    name: &str,
    rules: Vec<NotificationPreference>,
    accounts: &[i64],
) -> UserChange {
    let grants = accounts.iter().map(|account_id| AccountGrant {
        path: Path::default(),
        account_id: *account_id,
        role: AccountRole::Member,
        admin: false,
        primary: false,
    });
    UserChange {
        phone: given::phone("+14155552671"),
        preferences: Some(rules),
        accounts: grants.collect(),
        ..person(&format!("{name}@example.org"))
    }
}

pub(crate) async fn begin(directory: &Directory, tenant: TenantId) {
    let begin = move |tx: &Tx<'_>| notifications::begin(tx, tenant);
    directory.write(begin).await.unwrap();
}

/// Reports an event as another system does; answers its number.
pub(crate) async fn happens(
    directory: &Directory,
    actor: &Actor,
    event_type: EventType,
    account: Option<i64>,
    id: &str,
) -> i64 {
    let (actor, report) = (
        actor.clone(),
        Report {
            id: id.to_owned(),
            event_type,
            account_id: account,
            subject_type: "lead".to_owned(),
            subject_id: id.to_owned(),
            payload: "{\"data\":{\"score\":3}}".to_owned(),
            occurred_at: None,
        },
    );
    let tenant = actor.tenant;
    let send = move |tx: &Tx<'_>| {
        event::report(tx, &actor, std::slice::from_ref(&report), Violations::new())
    };
    assert_eq!(directory.write(send).await.unwrap(), 1);
    let system = Actor::system(tenant, "test");
    let history = given::history(directory, &system, "lead", id).await;
    history.last().unwrap().id
}

/// Gives events their places, and tells users of all of them; answers how many steps it took.
pub(crate) async fn tell(directory: &Directory, tenant: TenantId) -> usize {
    let sequence = move |tx: &Tx<'_>| event::sequence(tx, tenant);
    while directory.write(sequence).await.unwrap() > 0 {}
    let mut steps = 1;
    let route = move |tx: &Tx<'_>| notifications::route(tx, tenant);
    while directory.write(route).await.unwrap() {
        steps += 1;
    }
    steps
}

/// What a user's list shows, newest first.
pub(crate) async fn shown(directory: &Directory, tenant: TenantId, user: i64) -> Vec<Notification> {
    let actor = Actor::system(tenant, "test");
    let read = move |tx: &Tx<'_>| {
        let (key, all) = (UserKey::Id(user), NotificationFilter::default());
        notifications::list(tx, &actor, &key, all, None, 200)
    };
    directory.read(read).await.unwrap().rows
}

/// Takes all that is due on a lane, and says that it was delivered.
pub(crate) async fn taken(
    directory: &Directory,
    tenant: TenantId,
    lane: &'static str,
) -> Vec<Claimed> {
    let take = move |tx: &Tx<'_>| deliveries::claim(tx, tenant, lane, 10_000);
    let claimed = directory.write(take).await.unwrap();
    let done: Vec<_> = claimed
        .iter()
        .map(|each| (each.key.clone(), each.lease))
        .collect();
    let finish = move |tx: &Tx<'_>| {
        for (key, lease) in &done {
            let attempt = Attempt {
                number: 1,
                outcome: Outcome::Delivered,
                status: None,
                duration_ms: 1,
                answer: String::new(),
                created_at: tx.now(),
            };
            deliveries::finish(tx, tenant, key, *lease, &attempt, None)?;
        }
        Ok(())
    };
    directory.write(finish).await.unwrap();
    claimed
}

/// The events and recipients of all that is due on a lane.
pub(crate) async fn queued(
    directory: &Directory,
    tenant: TenantId,
    lane: &'static str,
) -> BTreeSet<(i64, i64)> {
    let claimed = taken(directory, tenant, lane).await.into_iter();
    let keys: Vec<_> = claimed
        .map(|each| (each.key.event_id, each.key.recipient))
        .collect();
    let unique: BTreeSet<_> = keys.iter().copied().collect();
    assert_eq!(unique.len(), keys.len(), "one was taken twice");
    unique
}

pub(crate) async fn notice(
    directory: &Directory,
    tenant: TenantId,
    claimed: &Claimed,
) -> Option<Notice> {
    let claimed = claimed.clone();
    let read = move |tx: &Tx<'_>| notifications::notice(tx, tenant, &claimed);
    directory.read(read).await.unwrap()
}

pub(crate) async fn force(
    directory: &Directory,
    actor: &Actor,
    event: EventType,
    channels: &[DeliveryChannel],
) {
    let (actor, channels) = (actor.clone(), channels.to_vec());
    let set = move |tx: &Tx<'_>| {
        let all = [MandatoryNotification {
            event,
            channels: channels.clone(),
        }];
        notifications::set_mandatory(tx, &actor, &all, Violations::new())
    };
    directory.write(set).await.unwrap();
}

pub(crate) fn suspended() -> UserChange {
    UserChange {
        suspended: Change::Set(true),
        ..UserChange::default()
    }
}
