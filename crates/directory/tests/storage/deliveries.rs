//! What leaves because of an event: queued with its place in the feed, taken by one node at a time
//! (requirement 42).

use std::collections::BTreeSet;
use std::time::Duration;

use directory::deliveries::{self, Attempt, Claimed, DeliveryState, Outcome};
use directory::event::EventType;
use directory::store::Tx;
use directory::violation::Violations;
use directory::webhooks::{self, Webhook, WebhookChange};
use directory::{Directory, Error, users};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::feed::{TENANT, all, sequence};
use crate::given::{self, ALL, create, person, system};
use crate::harness::World;

on_each_engine!(
    an_event_goes_to_the_webhooks_that_want_it,
    a_delivery_is_taken_once_until_its_lease_ends,
    two_nodes_never_take_the_same_delivery,
    what_a_lost_lease_says_does_not_count,
    a_failed_attempt_is_due_again_and_a_given_up_one_is_told_of,
    a_webhook_that_is_gone_or_fails_for_days_is_disabled,
    nothing_is_queued_before_its_cause_is_committed,
    what_is_sent_once_more_begins_its_schedule_anew,
    what_was_delivered_to_a_deleted_webhook_goes_in_steps,
);

pub(crate) async fn webhook(directory: &Directory, change: WebhookChange) -> Webhook {
    let change = WebhookChange {
        url: Some("https://example.org/hook".to_owned()),
        ..change
    };
    let make =
        move |tx: &Tx<'_>| webhooks::create(tx, &system(), &change, "sealed", Violations::new());
    directory.write(make).await.unwrap()
}

pub(crate) async fn claim(directory: &Directory, webhook: i64, limit: usize) -> Vec<Claimed> {
    let lane = deliveries::webhook_lane(webhook);
    let take = move |tx: &Tx<'_>| deliveries::claim(tx, TENANT, &lane, limit);
    directory.write(take).await.unwrap()
}

pub(crate) async fn finish(
    directory: &Directory,
    claimed: &Claimed,
    outcome: Outcome,
    next: Option<Timestamp>,
) {
    let (key, lease) = (claimed.key.clone(), claimed.lease);
    let attempt = Attempt {
        number: claimed.number,
        outcome,
        status: Some(200),
        duration_ms: 3,
        answer: "ok".to_owned(),
        created_at: directory.clock().now(),
    };
    let write = move |tx: &Tx<'_>| deliveries::finish(tx, TENANT, &key, lease, &attempt, next);
    directory.write(write).await.unwrap();
}

async fn lanes_of(directory: &Directory, webhooks: &[i64]) -> Vec<usize> {
    let mut counts = Vec::new();
    for id in webhooks {
        counts.push(claim(directory, *id, 50).await.len());
    }
    counts
}

async fn an_event_goes_to_the_webhooks_that_want_it(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    sequence(directory).await;
    let everything = webhook(directory, WebhookChange::default()).await.id;
    let deleted = WebhookChange {
        event_types: Some([EventType::UserDeleted].into()),
        ..WebhookChange::default()
    };
    let deletions = webhook(directory, deleted).await.id;
    let of_account = WebhookChange {
        account_id: Some(Some(account)),
        ..WebhookChange::default()
    };
    let of_account = webhook(directory, of_account).await.id;
    let off = WebhookChange {
        enabled: Some(false),
        ..WebhookChange::default()
    };
    let off = webhook(directory, off).await.id;
    sequence(directory).await;
    let all = [everything, deletions, of_account, off];
    // Of each webhook's creation all others are told.
    assert_eq!(lanes_of(directory, &all).await, [3, 0, 0, 0]);
    create(directory, &system(), &person("a@example.org"))
        .await
        .unwrap();
    sequence(directory).await;
    assert_eq!(lanes_of(directory, &all).await, [1, 0, 0, 0]);
    let inside = system().within_account(account);
    create(directory, &inside, &person("b@example.org"))
        .await
        .unwrap();
    sequence(directory).await;
    assert_eq!(lanes_of(directory, &all).await, [2, 0, 2, 0]);
}

async fn one_due(world: &World) -> (i64, Claimed) {
    let directory = &world.directory;
    let webhook = webhook(directory, WebhookChange::default()).await.id;
    create(directory, &system(), &person("a@example.org"))
        .await
        .unwrap();
    sequence(directory).await;
    let mut claimed = claim(directory, webhook, 50).await;
    assert_eq!(claimed.len(), 1);
    (webhook, claimed.remove(0))
}

async fn a_delivery_is_taken_once_until_its_lease_ends(world: World) {
    let directory = &world.directory;
    let (webhook, first) = one_due(&world).await;
    assert_eq!(first.number, 1);
    assert_eq!(first.event.as_ref().unwrap().event_type, "user_created");
    assert!(claim(directory, webhook, 50).await.is_empty());
    world.clock.advance(Duration::from_secs(59));
    assert!(claim(directory, webhook, 50).await.is_empty());
    world.clock.advance(Duration::from_secs(1));
    let again = claim(directory, webhook, 50).await;
    assert_eq!(again.len(), 1, "a lost attempt is made again");
    assert_eq!(again[0].key, first.key);
}

async fn two_nodes_never_take_the_same_delivery(world: World) {
    let directory = &world.directory;
    let other = world.another().await;
    let webhook = webhook(directory, WebhookChange::default()).await.id;
    for user in 0..40 {
        let email = format!("u{user}@example.org");
        create(directory, &system(), &person(&email)).await.unwrap();
    }
    sequence(directory).await;
    let nodes = [directory.clone(), other];
    let takers = (0..8).map(|taker| {
        let node = nodes[taker % 2].clone();
        async move {
            let mut taken = Vec::new();
            for _ in 0..40 {
                taken.extend(claim(&node, webhook, 3).await);
            }
            taken
        }
    });
    let taken: Vec<Claimed> = join_all(takers).await.into_iter().flatten().collect();
    let events: BTreeSet<i64> = taken.iter().map(|each| each.key.event_id).collect();
    assert_eq!((taken.len(), events.len()), (40, 40));
}

async fn what_a_lost_lease_says_does_not_count(world: World) {
    let directory = &world.directory;
    let (webhook, first) = one_due(&world).await;
    world.clock.advance(Duration::from_secs(60));
    let second = claim(directory, webhook, 50).await.remove(0);
    finish(directory, &first, Outcome::Failed, None).await;
    let (delivery, attempts) = shown(directory, webhook, first.key.event_id).await;
    assert_eq!(
        (delivery.state, attempts.len()),
        (DeliveryState::Pending, 0)
    );
    finish(directory, &second, Outcome::Delivered, None).await;
    let (delivery, attempts) = shown(directory, webhook, first.key.event_id).await;
    assert_eq!(
        (delivery.state, attempts.len()),
        (DeliveryState::Delivered, 1)
    );
    assert_eq!(delivery.due_at, None);
    assert_eq!(delivery.finished_at, Some(world.now()));
}

async fn shown(
    directory: &Directory,
    webhook: i64,
    event: i64,
) -> (deliveries::Delivery, Vec<Attempt>) {
    let read = move |tx: &Tx<'_>| webhooks::delivery(tx, &system(), webhook, event);
    directory.read(read).await.unwrap()
}

async fn a_failed_attempt_is_due_again_and_a_given_up_one_is_told_of(world: World) {
    let directory = &world.directory;
    let (webhook, first) = one_due(&world).await;
    let next = world.now() + SignedDuration::from_secs(300);
    finish(directory, &first, Outcome::Refused, Some(next)).await;
    assert!(claim(directory, webhook, 50).await.is_empty());
    world.clock.advance(Duration::from_secs(300));
    let second = claim(directory, webhook, 50).await.remove(0);
    assert_eq!(second.number, 2);
    assert_eq!(second.since, first.since, "the schedule goes on");
    finish(directory, &second, Outcome::Failed, None).await;
    let (delivery, attempts) = shown(directory, webhook, first.key.event_id).await;
    assert_eq!(
        (delivery.state, delivery.attempts),
        (DeliveryState::Failed, 2)
    );
    let outcomes: Vec<_> = attempts.iter().map(|each| each.outcome).collect();
    assert_eq!(outcomes, [Outcome::Refused, Outcome::Failed]);
    sequence(directory).await;
    let events = all(directory).await;
    let failure = events
        .iter()
        .find(|each| each.event_type == "webhook_delivery_failed");
    assert_eq!(failure.unwrap().subject_id, webhook.to_string());
    assert!(
        claim(directory, webhook, 50).await.is_empty(),
        "it is not told of itself"
    );
}

async fn a_webhook_that_is_gone_or_fails_for_days_is_disabled(world: World) {
    let directory = &world.directory;
    let (gone, claimed) = one_due(&world).await;
    finish(directory, &claimed, Outcome::Gone, None).await;
    let get = |id: i64| directory.read(move |tx| webhooks::get(tx, &system(), id));
    let found = get(gone).await.unwrap();
    assert_eq!(found.disabled_at, Some(world.now()));
    assert_eq!(found.disabled_reason.as_deref(), Some("gone"));
    let failing = webhook(directory, WebhookChange::default()).await.id;
    for (day, disabled) in [(0, false), (2, false), (3, true)] {
        world.clock.advance(Duration::from_secs(day * 86_400));
        create(
            directory,
            &system(),
            &person(&format!("d{day}@example.org")),
        )
        .await
        .unwrap();
        sequence(directory).await;
        let claimed = claim(directory, failing, 1).await.remove(0);
        finish(directory, &claimed, Outcome::Failed, Some(world.now())).await;
        let found = get(failing).await.unwrap();
        assert_eq!(
            found.disabled_at.is_some(),
            disabled,
            "after {day} more days"
        );
    }
    let enable = WebhookChange {
        enabled: Some(true),
        ..WebhookChange::default()
    };
    let update = move |tx: &Tx<'_>| {
        webhooks::update(tx, &system(), failing, &enable, None, Violations::new())
    };
    let enabled = directory.write(update).await.unwrap();
    assert_eq!((enabled.disabled_at, enabled.failing_since), (None, None));
}

async fn what_is_sent_once_more_begins_its_schedule_anew(world: World) {
    let directory = &world.directory;
    let (webhook, first) = one_due(&world).await;
    let again = world.now() + SignedDuration::from_secs(5);
    finish(directory, &first, Outcome::Failed, Some(again)).await;
    world.clock.advance(Duration::from_secs(86_400));
    let event = first.key.event_id;
    let replay = move |tx: &Tx<'_>| webhooks::replay(tx, &system(), webhook, event);
    directory.write(replay).await.unwrap();
    let second = claim(directory, webhook, 50).await.remove(0);
    assert_eq!((second.number, second.scheduled), (2, 1));
    assert_eq!(second.since, world.now());
    finish(directory, &second, Outcome::Failed, Some(world.now())).await;
    let third = claim(directory, webhook, 50).await.remove(0);
    assert_eq!((third.number, third.scheduled), (3, 2));
}

async fn what_was_delivered_to_a_deleted_webhook_goes_in_steps(world: World) {
    let directory = &world.directory;
    let (webhook, first) = one_due(&world).await;
    finish(directory, &first, Outcome::Delivered, None).await;
    let delete = move |tx: &Tx<'_>| webhooks::delete(tx, &system(), webhook, None);
    directory.write(delete).await.unwrap();
    assert_eq!(left(directory).await, [1, 1]);
    while directory
        .write(|tx| webhooks::sweep(tx, TENANT))
        .await
        .unwrap()
    {}
    assert_eq!(left(directory).await, [0, 0]);
}

/// Deliveries and attempts that are stored.
async fn left(directory: &Directory) -> [i64; 2] {
    let count =
        |sql: &'static str| directory.read(move |tx| tx.query_one(sql, &[], |row| row.int()));
    [
        count("SELECT count(*) FROM deliveries").await.unwrap(),
        count("SELECT count(*) FROM delivery_attempts")
            .await
            .unwrap(),
    ]
}

async fn nothing_is_queued_before_its_cause_is_committed(world: World) {
    let directory = &world.directory;
    let webhook = webhook(directory, WebhookChange::default()).await.id;
    let refused: Result<(), Error> = directory
        .write(|tx| {
            let change = person("a@example.org");
            users::create(tx, &system(), &change, Violations::new(), ALL)?;
            Err(Error::NotFound)
        })
        .await;
    assert!(refused.is_err());
    sequence(directory).await;
    assert!(claim(directory, webhook, 50).await.is_empty());
}
