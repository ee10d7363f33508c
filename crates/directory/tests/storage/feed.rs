//! The feed: every committed event once, in one order, without gaps.

use std::collections::BTreeSet;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use directory::deliveries::Outcome;
use directory::event::{self, EventType, FeedPage, Report, Subject};
use directory::query::EventFilter;
use directory::store::{StoredEvent, Tx};
use directory::violation::Violations;
use directory::webhooks::{self, WebhookChange};
use directory::{Actor, Directory, Error, TenantId, users};
use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::deliveries::{claim, finish, webhook};
use crate::given::{self, ALL, create, person, system};
use crate::harness::World;

pub(crate) const TENANT: TenantId = TenantId(1);

pub(crate) async fn sequence(directory: &Directory) -> usize {
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

pub(crate) async fn all(directory: &Directory) -> Vec<StoredEvent> {
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
