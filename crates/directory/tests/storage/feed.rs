//! The feed: every committed event once, in one order, without gaps; and what leaves because of
//! it, taken by one node at a time (requirement 42).

use std::collections::BTreeSet;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use directory::deliveries::{self, Attempt, Claimed, DeliveryState, Outcome};
use directory::event::{self, EventType, FeedPage, Report, Subject};
use directory::query::EventFilter;
use directory::store::{StoredEvent, Tx};
use directory::violation::Violations;
use directory::webhooks::{self, Webhook, WebhookChange};
use directory::{Actor, Directory, Error, TenantId, users};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::given::{self, ALL, create, person, system};
use crate::harness::World;

const TENANT: TenantId = TenantId(1);

async fn sequence(directory: &Directory) -> usize {
    let mut placed = 0;
    loop {
        let count = directory.write(|tx| event::sequence(tx, TENANT)).await;
        placed += count.as_ref().unwrap();
        if count.unwrap() == 0 {
            return placed;
        }
    }
}

async fn feed_of(directory: &Directory, actor: Actor, filter: EventFilter, after: i64) -> FeedPage {
    let read = move |tx: &Tx<'_>| event::feed(tx, &actor, &filter, after, 200);
    directory.read(read).await.unwrap()
}

async fn all(directory: &Directory) -> Vec<StoredEvent> {
    let mut events = Vec::new();
    let mut after = 0;
    loop {
        let page = feed_of(directory, system(), EventFilter::default(), after).await;
        after = page.next;
        events.extend(page.rows);
        if !page.more {
            return events;
        }
    }
}

fn positions(events: &[StoredEvent]) -> Vec<i64> {
    events.iter().map(|event| event.position.unwrap()).collect()
}

mod each {
    use super::*;

    on_each_engine!(
        a_follower_sees_every_event_once_in_one_order,
        an_event_is_in_its_subjects_history_before_it_is_in_the_feed,
        the_feed_is_filtered_and_ends_at_the_callers_account,
        what_is_reported_twice_is_there_once,
        a_report_is_all_or_nothing,
        old_events_go_with_what_was_delivered_of_them,
        a_page_that_matches_nothing_goes_on_at_the_end_of_the_feed,
        a_time_is_found_without_walking_there,
        a_bound_caller_sees_of_a_history_what_happened_in_its_account,
        senders_of_two_accounts_share_no_ids,
        an_erased_subject_leaves_the_skeleton_of_its_events,
    );

    async fn a_follower_sees_every_event_once_in_one_order(world: World) {
        let other = world.another().await;
        let nodes = [world.directory.clone(), other];
        let writers = (0..8).map(|writer| {
            let node = nodes[writer % 2].clone();
            async move {
                for user in 0..12 {
                    let email = format!("w{writer}u{user}@example.org");
                    create(&node, &system(), &person(&email)).await.unwrap();
                }
            }
        });
        let sequencers = nodes.iter().map(|node| async {
            for _ in 0..30 {
                node.write(|tx| event::sequence(tx, TENANT)).await.unwrap();
            }
        });
        let follower = async {
            let mut seen = Vec::new();
            while seen.len() < 8 * 12 {
                let after = seen
                    .last()
                    .map_or(0, |event: &StoredEvent| event.position.unwrap());
                let filter = EventFilter {
                    event_type: vec![EventType::UserCreated],
                    ..EventFilter::default()
                };
                let page = feed_of(&nodes[0], system(), filter, after).await;
                if page.rows.is_empty() {
                    sequence(&nodes[1]).await;
                }
                seen.extend(page.rows);
            }
            seen
        };
        let (_, _, seen) =
            futures_util::future::join3(join_all(writers), join_all(sequencers), follower).await;
        let subjects: BTreeSet<&str> = seen.iter().map(|event| event.subject_id.as_str()).collect();
        assert_eq!(subjects.len(), 8 * 12, "each user once");
        let events = all(&nodes[1]).await;
        let count = i64::try_from(events.len()).unwrap();
        assert_eq!(positions(&events), (1..=count).collect::<Vec<_>>());
        let created = events
            .into_iter()
            .filter(|each| each.event_type == "user_created");
        assert_eq!(created.collect::<Vec<_>>(), seen, "the order stays");
    }

    async fn an_event_is_in_its_subjects_history_before_it_is_in_the_feed(world: World) {
        let directory = &world.directory;
        let made = create(directory, &system(), &person("a@example.org"))
            .await
            .unwrap();
        let history = given::history(directory, &system(), "user", made.user.id).await;
        assert_eq!(history.len(), 1);
        assert_eq!(history[0].position, None);
        assert_eq!(all(directory).await, []);
        assert!(sequence(directory).await > 0);
        let feed = all(directory).await;
        assert!(feed.iter().any(|each| each.id == history[0].id));
    }

    async fn the_feed_is_filtered_and_ends_at_the_callers_account(world: World) {
        let directory = &world.directory;
        let account = given::account(directory, &system(), "Acme").await;
        let inside = system().within_account(account);
        let a = create(directory, &inside, &person("a@example.org"))
            .await
            .unwrap();
        let b = create(directory, &system(), &person("b@example.org"))
            .await
            .unwrap();
        sequence(directory).await;
        let own = feed_of(directory, inside, EventFilter::default(), 0)
            .await
            .rows;
        assert!(!own.is_empty());
        assert!(own.iter().all(|event| event.account_id == Some(account)));
        let of = |id: i64| EventFilter {
            subject: Some(("user".to_owned(), id.to_string())),
            ..EventFilter::default()
        };
        for (filter, ids) in [
            (of(a.user.id), vec!["user_created", "user_added_to_account"]),
            (of(b.user.id), vec!["user_created"]),
            (
                EventFilter {
                    created_after: Some(world.now()),
                    ..of(b.user.id)
                },
                vec![],
            ),
            (
                EventFilter {
                    created_before: Some(world.now() + SignedDuration::from_secs(1)),
                    actor: Some(("system".to_owned(), String::new())),
                    ..of(b.user.id)
                },
                vec!["user_created"],
            ),
        ] {
            let rows = feed_of(directory, system(), filter, 0).await.rows;
            let names: Vec<_> = rows.iter().map(|each| each.event_type.as_str()).collect();
            assert_eq!(names, ids);
        }
        let stranger = Actor::system(TenantId(99), "test");
        assert_eq!(
            feed_of(directory, stranger, EventFilter::default(), 0)
                .await
                .rows,
            []
        );
    }

    fn report(id: &str) -> Report {
        Report {
            id: id.to_owned(),
            event_type: EventType::LeadCreated,
            account_id: None,
            subject_type: "lead".to_owned(),
            subject_id: "17".to_owned(),
            payload: "{\"data\":{\"score\":3}}".to_owned(),
            occurred_at: None,
        }
    }

    async fn send(directory: &Directory, reports: Vec<Report>) -> Result<usize, Error> {
        let send = move |tx: &Tx<'_>| event::report(tx, &system(), &reports, Violations::new());
        directory.write(send).await
    }

    async fn what_is_reported_twice_is_there_once(world: World) {
        let directory = &world.directory;
        assert_eq!(
            send(directory, vec![report("x1"), report("x2")])
                .await
                .unwrap(),
            2
        );
        assert_eq!(
            send(directory, vec![report("x2"), report("x3")])
                .await
                .unwrap(),
            1
        );
        assert_eq!(
            send(directory, vec![report("x4"), report("x4")])
                .await
                .unwrap(),
            1
        );
        sequence(directory).await;
        let events = all(directory).await;
        let ids: Vec<_> = events
            .iter()
            .filter_map(|each| each.external_id.as_deref())
            .collect();
        assert_eq!(ids, ["x1", "x2", "x3", "x4"]);
    }

    async fn a_report_is_all_or_nothing(world: World) {
        let directory = &world.directory;
        let bad = Report {
            account_id: Some(404),
            subject_id: String::new(),
            ..report("bad")
        };
        let refused = send(directory, vec![report("good"), bad])
            .await
            .unwrap_err();
        let Error::Invalid(violations) = refused else {
            panic!("{refused}");
        };
        let paths: Vec<_> = violations.iter().map(|each| each.path.pointer()).collect();
        assert_eq!(paths, ["/1/subject/id", "/1/account_id"]);
        sequence(directory).await;
        assert!(
            all(directory)
                .await
                .iter()
                .all(|each| each.external_id.is_none())
        );
    }

    async fn old_events_go_with_what_was_delivered_of_them(world: World) {
        let directory = &world.directory;
        let webhook = webhook(directory, WebhookChange::default()).await;
        create(directory, &system(), &person("a@example.org"))
            .await
            .unwrap();
        sequence(directory).await;
        let claimed = claim(directory, webhook.id, 10).await;
        assert!(!claimed.is_empty());
        finish(directory, &claimed[0], Outcome::Delivered, None).await;
        world.clock.advance(Duration::from_secs(86_400));
        create(directory, &system(), &person("b@example.org"))
            .await
            .unwrap();
        sequence(directory).await;
        let before = world.now() - SignedDuration::from_hours(1);
        let expire = move |tx: &Tx<'_>| event::expire(tx, TENANT, before);
        assert!(
            !directory.write(expire).await.unwrap(),
            "no more are that old"
        );
        let left = all(directory).await;
        assert!(left.iter().all(|each| each.created_at > before));
        assert!(left.iter().any(|each| each.event_type == "user_created"));
        let (id, gone) = (webhook.id, claimed[0].key.event_id);
        let found = directory
            .read(move |tx| webhooks::delivery(tx, &system(), id, gone))
            .await;
        assert!(matches!(found, Err(Error::NotFound)));
    }

    async fn a_page_that_matches_nothing_goes_on_at_the_end_of_the_feed(world: World) {
        let directory = &world.directory;
        for user in 0..5 {
            let email = format!("u{user}@example.org");
            create(directory, &system(), &person(&email)).await.unwrap();
        }
        sequence(directory).await;
        let nothing = EventFilter {
            event_type: vec![EventType::LeadCreated],
            ..EventFilter::default()
        };
        let page = feed_of(directory, system(), nothing, 0).await;
        let last = all(directory).await.last().unwrap().position.unwrap();
        assert_eq!((page.rows.len(), page.next, page.more), (0, last, false));
    }

    async fn a_time_is_found_without_walking_there(world: World) {
        let directory = &world.directory;
        for user in 0..40 {
            let email = format!("u{user}@example.org");
            create(directory, &system(), &person(&email)).await.unwrap();
            world.clock.advance(Duration::from_secs(3_600));
            sequence(directory).await;
        }
        let events = all(directory).await;
        for wanted in [0, 1, 17, 39] {
            let time = events[wanted].created_at;
            let filter = EventFilter {
                created_after: Some(time - SignedDuration::from_millis(1)),
                ..EventFilter::default()
            };
            let found = feed_of(directory, system(), filter, 0).await.rows;
            assert_eq!(found, events[wanted..]);
        }
        let after_all = EventFilter {
            created_after: Some(world.now()),
            ..EventFilter::default()
        };
        assert_eq!(feed_of(directory, system(), after_all, 0).await.rows, []);
    }

    async fn a_bound_caller_sees_of_a_history_what_happened_in_its_account(world: World) {
        let directory = &world.directory;
        let acme = given::account(directory, &system(), "Acme").await;
        let other = given::account(directory, &system(), "Other").await;
        let inside = system().within_account(acme);
        let made = create(directory, &inside, &person("a@example.org"))
            .await
            .unwrap();
        let user = made.user.id;
        let reported = Report {
            account_id: Some(other),
            subject_type: "user".to_owned(),
            subject_id: user.to_string(),
            ..report("secret of the other")
        };
        send(directory, vec![reported]).await.unwrap();
        let history = |actor: Actor| {
            let read = move |tx: &Tx<'_>| event::history_page(tx, &actor, user, None, 50);
            directory.read(read)
        };
        let own = history(inside).await.unwrap().rows;
        assert!(!own.is_empty());
        assert!(own.iter().all(|event| event.account_id == Some(acme)));
        assert_eq!(history(system()).await.unwrap().rows.len(), own.len() + 1);
    }

    async fn senders_of_two_accounts_share_no_ids(world: World) {
        let directory = &world.directory;
        let mut sent = Vec::new();
        for name in ["Acme", "Other"] {
            let account = given::account(directory, &system(), name).await;
            let actor = system().within_account(account);
            let send =
                move |tx: &Tx<'_>| event::report(tx, &actor, &[report("1")], Violations::new());
            sent.push(directory.write(send).await.unwrap());
        }
        assert_eq!(sent, [1, 1]);
        sequence(directory).await;
        let events = all(directory).await;
        let ids: Vec<_> = events
            .iter()
            .filter_map(|each| each.external_id.as_deref())
            .collect();
        assert_eq!(ids, ["1", "1"]);
    }

    async fn an_erased_subject_leaves_the_skeleton_of_its_events(world: World) {
        let directory = &world.directory;
        let made = create(directory, &system(), &person("ada@example.org"))
            .await
            .unwrap();
        let before = given::history(directory, &system(), "user", made.user.id).await;
        assert!(before[0].change.contains("ada@example.org"));
        let subject = Subject::new("user", made.user.id);
        let erase = move |tx: &Tx<'_>| event::erase(tx, &system(), &subject);
        assert_eq!(directory.write(erase).await.unwrap(), 1);
        let after = given::history(directory, &system(), "user", made.user.id).await;
        let change: serde_json::Value = serde_json::from_str(&after[0].change).unwrap();
        assert_eq!(change, serde_json::json!({"old": {}, "new": {}}));
        let skeleton = |event: &StoredEvent| StoredEvent {
            change: String::new(),
            ..event.clone()
        };
        assert_eq!(skeleton(&after[0]), skeleton(&before[0]));
    }
}

mod slow {
    use super::*;

    on_postgres!(a_slow_transaction_gets_its_place_when_it_ends);

    async fn a_slow_transaction_gets_its_place_when_it_ends(world: World) {
        let (begun, has_begun) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let may_go_on = Mutex::new(may_go_on);
        let slow = world.directory.clone();
        let slow = tokio::spawn(async move {
            let run = move |tx: &Tx<'_>| {
                let change = person("slow@example.org");
                let view = users::create(tx, &system(), &change, Violations::new(), ALL)?;
                begun.send(()).unwrap();
                may_go_on.lock().unwrap().recv().unwrap();
                Ok(view.user.id)
            };
            slow.write(run).await.unwrap()
        });
        tokio::task::spawn_blocking(move || has_begun.recv().unwrap())
            .await
            .unwrap();
        let directory = &world.directory;
        let fast = create(directory, &system(), &person("fast@example.org"))
            .await
            .unwrap();
        sequence(directory).await;
        let first = all(directory).await;
        let subjects = |events: &[StoredEvent]| -> Vec<String> {
            let users = events.iter().filter(|each| each.subject_type == "user");
            users.map(|each| each.subject_id.clone()).collect()
        };
        assert_eq!(subjects(&first), [fast.user.id.to_string()]);
        go_on.send(()).unwrap();
        let slow = slow.await.unwrap();
        sequence(directory).await;
        let after = first.last().unwrap().position.unwrap();
        let next = feed_of(directory, system(), EventFilter::default(), after)
            .await
            .rows;
        assert_eq!(subjects(&next), [slow.to_string()]);
        assert!(
            next[0].id < first.last().unwrap().id,
            "its number is smaller, its place is not"
        );
        assert_eq!(next[0].position, Some(after + 1), "no gap");
    }
}

async fn webhook(directory: &Directory, change: WebhookChange) -> Webhook {
    let change = WebhookChange {
        url: Some("https://example.org/hook".to_owned()),
        ..change
    };
    let make =
        move |tx: &Tx<'_>| webhooks::create(tx, &system(), &change, "sealed", Violations::new());
    directory.write(make).await.unwrap()
}

async fn claim(directory: &Directory, webhook: i64, limit: usize) -> Vec<Claimed> {
    let lane = deliveries::webhook_lane(webhook);
    let take = move |tx: &Tx<'_>| deliveries::claim(tx, TENANT, &lane, limit);
    directory.write(take).await.unwrap()
}

async fn finish(
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

mod deliver {
    use super::*;

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
}
