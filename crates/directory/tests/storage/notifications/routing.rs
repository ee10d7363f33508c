//! Whom an event is told to, exactly once.

use std::collections::BTreeSet;
use std::time::Duration;

use directory::event::EventType;
use directory::model::DeliveryChannel::{Email, Sms, Website};
use directory::notifications::{self, EMAIL_LANE, NotificationFilter, SMS_LANE, retention};
use directory::store::{Tx, UserKey};
use directory::users::{Include, UserChange};
use directory::violation::Violations;
use directory::{Actor, Directory, Error, Principal, users};
use futures_util::future::join_all;
use jiff::SignedDuration;

use super::{begin, force, happens, listener, notice, queued, rule, shown, suspended, taken, tell};
use crate::atomicity::{contents, whole_or_nothing};
use crate::feed::TENANT;
use crate::given::{self, create, person, system, update};
use crate::harness::World;

const LEAD: EventType = EventType::LeadCreated;

on_each_engine!(
    an_accounts_event_is_told_to_its_members_and_a_tenants_to_all,
    a_rule_for_the_account_outweighs_the_default,
    nobody_is_told_what_they_did,
    what_is_mandatory_is_told_whatever_the_rules_say,
    suspended_and_deleted_users_are_told_nothing,
    what_happened_before_it_was_begun_is_not_told,
    a_step_is_whole_or_nothing,
    two_nodes_tell_each_user_once,
    a_large_account_is_told_in_steps_of_bounded_size,
    an_interrupted_step_goes_on_where_it_stopped,
    what_is_wanted_no_longer_is_not_sent,
    what_happened_long_ago_is_not_sent,
    erasing_a_user_takes_their_notifications,
    read_notifications_go_after_a_time_and_unread_ones_with_their_event,
    a_list_is_read_by_pages_and_marked,
);

async fn member(directory: &Directory, name: &str, change: UserChange) -> i64 {
    let made = create(directory, &system(), &change).await;
    made.unwrap_or_else(|cause| panic!("{name}: {cause:?}"))
        .user
        .id
}

/// A user who wants to be told of leads.
async fn told(
    directory: &Directory,
    name: &str,
    channels: &[directory::model::DeliveryChannel],
    accounts: &[i64],
) -> i64 {
    let rules = vec![rule(LEAD, None, channels)];
    member(directory, name, listener(name, rules, accounts)).await
}

async fn events_of(directory: &Directory, user: i64) -> Vec<String> {
    let rows = shown(directory, TENANT, user).await.into_iter();
    let ids = rows.map(|row| row.data["subject"]["id"].as_str().unwrap().to_owned());
    ids.collect()
}

async fn an_accounts_event_is_told_to_its_members_and_a_tenants_to_all(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let acme = given::account(directory, &system(), "Acme").await;
    let other = given::account(directory, &system(), "Other").await;
    let inside = told(directory, "inside", &[Website, Email, Sms], &[acme]).await;
    let outside = told(directory, "outside", &[Website, Email], &[other]).await;
    let quiet = member(directory, "quiet", listener("quiet", Vec::new(), &[acme])).await;
    let first = happens(directory, &system(), LEAD, Some(acme), "1").await;
    let second = happens(directory, &system(), LEAD, None, "2").await;
    happens(directory, &system(), EventType::LeadUpdated, None, "3").await;
    tell(directory, TENANT).await;
    assert_eq!(events_of(directory, inside).await, ["2", "1"]);
    assert_eq!(events_of(directory, outside).await, ["2"]);
    assert_eq!(events_of(directory, quiet).await, [] as [&str; 0]);
    assert_eq!(
        queued(directory, TENANT, EMAIL_LANE).await,
        BTreeSet::from([(first, inside), (second, inside), (second, outside)])
    );
    assert_eq!(
        queued(directory, TENANT, SMS_LANE).await,
        BTreeSet::from([(first, inside), (second, inside)])
    );
}

async fn a_rule_for_the_account_outweighs_the_default(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let acme = given::account(directory, &system(), "Acme").await;
    let other = given::account(directory, &system(), "Other").await;
    let rules = vec![
        rule(LEAD, None, &[Website]),
        rule(LEAD, Some(acme), &[Email]),
        rule(LEAD, Some(other), &[]),
    ];
    let user = member(directory, "ada", listener("ada", rules, &[acme, other])).await;
    let first = happens(directory, &system(), LEAD, Some(acme), "1").await;
    happens(directory, &system(), LEAD, Some(other), "2").await;
    happens(directory, &system(), LEAD, None, "3").await;
    tell(directory, TENANT).await;
    assert_eq!(events_of(directory, user).await, ["3"]);
    assert_eq!(
        queued(directory, TENANT, EMAIL_LANE).await,
        BTreeSet::from([(first, user)])
    );
}

async fn nobody_is_told_what_they_did(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let ada = told(directory, "ada", &[Website], &[]).await;
    let bob = told(directory, "bob", &[Website], &[]).await;
    force(directory, &system(), LEAD, &[Website]).await;
    let by = Actor {
        principal: Principal::User(ada),
        ..system()
    };
    happens(directory, &by, LEAD, None, "1").await;
    let owned = directory::keys::NewKey {
        name: "ops".to_owned(),
        owner_email: Some("ADA@example.org".to_owned()),
        ..directory::keys::NewKey::default()
    };
    let make = move |tx: &Tx<'_>| directory::keys::create(tx, &system(), &owned);
    let key = directory.write(make).await.unwrap();
    let by_key = Actor {
        principal: Principal::Key(key.id),
        ..system()
    };
    happens(directory, &by_key, LEAD, None, "2").await;
    tell(directory, TENANT).await;
    assert_eq!(events_of(directory, ada).await, [] as [&str; 0]);
    assert_eq!(events_of(directory, bob).await, ["2", "1"]);
}

async fn what_is_mandatory_is_told_whatever_the_rules_say(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let acme = given::account(directory, &system(), "Acme").await;
    let off = told(directory, "off", &[], &[acme]).await;
    let unsaid = member(directory, "unsaid", listener("unsaid", Vec::new(), &[acme])).await;
    let outside = told(directory, "outside", &[], &[]).await;
    force(directory, &system(), LEAD, &[Email]).await;
    let first = happens(directory, &system(), LEAD, Some(acme), "1").await;
    let second = happens(directory, &system(), LEAD, None, "2").await;
    tell(directory, TENANT).await;
    let claimed = taken(directory, TENANT, EMAIL_LANE).await;
    let keys: BTreeSet<_> = claimed
        .iter()
        .map(|each| (each.key.event_id, each.key.recipient))
        .collect();
    assert_eq!(
        keys,
        BTreeSet::from([
            (first, off),
            (first, unsaid),
            (second, off),
            (second, unsaid),
            (second, outside),
        ])
    );
    for each in &claimed {
        let notice = notice(directory, TENANT, each).await.unwrap();
        assert_eq!(notice.unsubscription, None, "nobody can turn it off");
    }
}

async fn suspended_and_deleted_users_are_told_nothing(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let before = told(directory, "before", &[Website, Email], &[]).await;
    let after = told(directory, "after", &[Website, Email], &[]).await;
    let deleted = told(directory, "deleted", &[Website, Email], &[]).await;
    let gone = told(directory, "gone", &[Website, Email], &[]).await;
    let (key, none) = (UserKey::Id(before), None);
    update(directory, &system(), key, none, &suspended())
        .await
        .unwrap();
    given::delete(directory, &system(), UserKey::Id(deleted), None)
        .await
        .unwrap();
    let event = happens(directory, &system(), LEAD, None, "1").await;
    tell(directory, TENANT).await;
    // Two more go after they were told, and before it is sent.
    update(directory, &system(), UserKey::Id(after), None, &suspended())
        .await
        .unwrap();
    given::delete(directory, &system(), UserKey::Id(gone), None)
        .await
        .unwrap();
    let claimed = taken(directory, TENANT, EMAIL_LANE).await;
    let keys: BTreeSet<_> = claimed.iter().map(|each| each.key.recipient).collect();
    assert_eq!(keys, BTreeSet::from([after, gone]));
    for each in &claimed {
        assert!(notice(directory, TENANT, each).await.is_none(), "{event}");
    }
    assert_eq!(events_of(directory, before).await, [] as [&str; 0]);
}

async fn what_happened_before_it_was_begun_is_not_told(world: World) {
    let directory = &world.directory;
    let user = told(directory, "ada", &[Website], &[]).await;
    happens(directory, &system(), LEAD, None, "1").await;
    tell(directory, TENANT).await;
    begin(directory, TENANT).await;
    happens(directory, &system(), LEAD, None, "2").await;
    // Another node begins as well.
    begin(&world.another().await, TENANT).await;
    tell(directory, TENANT).await;
    assert_eq!(events_of(directory, user).await, ["2"]);
}

async fn a_step_is_whole_or_nothing(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let all = directory::model::DeliveryChannel::ALL;
    told(directory, "ada", &all, &[]).await;
    told(directory, "bob", &all, &[]).await;
    happens(directory, &system(), LEAD, None, "1").await;
    happens(directory, &system(), LEAD, None, "2").await;
    let sequence = |tx: &Tx<'_>| directory::event::sequence(tx, TENANT);
    while directory.write(sequence).await.unwrap() > 0 {}
    let failures = whole_or_nothing(&world, |tx: &Tx<'_>| {
        notifications::route(tx, TENANT).map(drop)
    });
    assert!(failures.await > 10);
    let before = contents(&world).await;
    let again = directory.write(|tx| notifications::route(tx, TENANT));
    assert!(!again.await.unwrap());
    assert_eq!(contents(&world).await, before, "nobody is told twice");
}

async fn two_nodes_tell_each_user_once(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let mut users = Vec::new();
    for number in 0..20 {
        let name = format!("u{number}");
        let all = directory::model::DeliveryChannel::ALL;
        users.push(told(directory, &name, &all, &[]).await);
    }
    for event in 0..30 {
        happens(directory, &system(), LEAD, None, &event.to_string()).await;
    }
    let sequence = |tx: &Tx<'_>| directory::event::sequence(tx, TENANT);
    while directory.write(sequence).await.unwrap() > 0 {}
    let nodes = [directory.clone(), world.another().await];
    join_all(nodes.iter().cycle().take(8).map(|node| async {
        for _ in 0..10 {
            node.write(|tx| notifications::route(tx, TENANT))
                .await
                .unwrap();
        }
    }))
    .await;
    tell(directory, TENANT).await;
    for user in &users {
        assert_eq!(shown(directory, TENANT, *user).await.len(), 30);
    }
    assert_eq!(queued(directory, TENANT, EMAIL_LANE).await.len(), 30 * 20);
    let counts = directory.read(|tx| {
        let sql = "SELECT happened FROM digest_entries WHERE tenant_id = $1";
        tx.query(sql, &[1_i64.into()], |row| row.int())
    });
    assert_eq!(counts.await.unwrap(), vec![30; 2 * 20]);
}

/// Users of an account, made without the rest of the directory's rules.
async fn crowd(directory: &Directory, account: i64, count: usize) {
    for from in (0..count).step_by(500) {
        let make = move |tx: &Tx<'_>| {
            for number in from..count.min(from + 500) {
                let name = format!("crowd{number}");
                let rules = vec![rule(LEAD, None, &[Website])];
                let change = UserChange {
                    phone: directory::users::Change::Keep,
                    ..listener(&name, rules, &[account])
                };
                let none = Violations::new();
                users::create(tx, &system(), &change, none, Include::default())?;
            }
            Ok(())
        };
        directory.write(make).await.unwrap();
    }
}

async fn a_large_account_is_told_in_steps_of_bounded_size(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let acme = given::account(directory, &system(), "Acme").await;
    crowd(directory, acme, 6_000).await;
    let sequence = |tx: &Tx<'_>| directory::event::sequence(tx, TENANT);
    while directory.write(sequence).await.unwrap() > 0 {}
    while directory
        .write(|tx| notifications::route(tx, TENANT))
        .await
        .unwrap()
    {}
    happens(directory, &system(), LEAD, Some(acme), "1").await;
    while directory.write(sequence).await.unwrap() > 0 {}
    let (metered, meter) = directory.metered();
    let mut steps = 0;
    let mut most = 0;
    loop {
        let more = metered.write(|tx| notifications::route(tx, TENANT)).await;
        steps += 1;
        most = most.max(meter.take().statements);
        if !more.unwrap() {
            break;
        }
    }
    assert!(steps >= 3, "{steps} transactions for 6 000 members");
    assert!(most < 80, "{most} statements in one transaction");
    let told = directory.read(|tx| {
        let sql = "SELECT count(*) FROM notifications WHERE tenant_id = $1";
        tx.query_one(sql, &[1_i64.into()], |row| row.int())
    });
    assert_eq!(told.await.unwrap(), 6_000);
}

async fn an_interrupted_step_goes_on_where_it_stopped(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let acme = given::account(directory, &system(), "Acme").await;
    crowd(directory, acme, 3_000).await;
    happens(directory, &system(), LEAD, Some(acme), "1").await;
    happens(directory, &system(), LEAD, Some(acme), "2").await;
    let sequence = |tx: &Tx<'_>| directory::event::sequence(tx, TENANT);
    while directory.write(sequence).await.unwrap() > 0 {}
    let mut turn = 0;
    loop {
        // Another node each time, and every second step is lost.
        let node = world.another().await;
        turn += 1;
        let lost = turn % 2 == 0;
        let route = move |tx: &Tx<'_>| {
            let more = notifications::route(tx, TENANT)?;
            if lost {
                return Err(Error::internal("killed"));
            }
            Ok(more)
        };
        match node.write(route).await {
            Ok(false) => break,
            Ok(true) | Err(Error::Internal(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    let counts = directory.read(|tx| {
        let sql = "SELECT count(*) FROM notifications WHERE tenant_id = $1 GROUP BY event_id";
        tx.query(sql, &[1_i64.into()], |row| row.int())
    });
    assert_eq!(counts.await.unwrap(), [3_000, 3_000]);
}

async fn what_is_wanted_no_longer_is_not_sent(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let acme = given::account(directory, &system(), "Acme").await;
    let ada = told(directory, "ada", &[Email], &[acme]).await;
    let bob = told(directory, "bob", &[Email], &[acme]).await;
    happens(directory, &system(), LEAD, Some(acme), "1").await;
    tell(directory, TENANT).await;
    let changed = UserChange {
        preferences: Some(vec![rule(LEAD, Some(acme), &[Website])]),
        ..UserChange::default()
    };
    update(directory, &system(), UserKey::Id(ada), None, &changed)
        .await
        .unwrap();
    let claimed = taken(directory, TENANT, EMAIL_LANE).await;
    assert_eq!(claimed.len(), 2);
    for each in &claimed {
        let sent = notice(directory, TENANT, each).await.is_some();
        assert_eq!(sent, each.key.recipient == bob);
    }
}

async fn what_happened_long_ago_is_not_sent(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    told(directory, "ada", &[Email], &[]).await;
    happens(directory, &system(), LEAD, None, "1").await;
    tell(directory, TENANT).await;
    world.clock.advance(Duration::from_secs(5 * 86_400));
    let claimed = taken(directory, TENANT, EMAIL_LANE).await;
    assert_eq!(claimed.len(), 1);
    assert!(notice(directory, TENANT, &claimed[0]).await.is_none());
}

async fn erasing_a_user_takes_their_notifications(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let all = directory::model::DeliveryChannel::ALL;
    let user = told(directory, "ada", &all, &[]).await;
    happens(directory, &system(), LEAD, None, "1").await;
    tell(directory, TENANT).await;
    let erase = move |tx: &Tx<'_>| users::erase(tx, &system(), user);
    directory.write(erase).await.unwrap();
    let left = contents(&world).await;
    for table in [
        "notification_preferences",
        "notifications",
        "digest_entries",
        "digest_schedules",
    ] {
        assert_eq!(left[table], [] as [&str; 0], "{table}");
    }
    for each in taken(directory, TENANT, EMAIL_LANE).await {
        assert!(notice(directory, TENANT, &each).await.is_none());
    }
}

async fn clean(world: &World) {
    let before = world.now() - SignedDuration::from_hours(400 * 24);
    let expire = move |tx: &Tx<'_>| retention::expire(tx, TENANT, before);
    while world.directory.write(expire).await.unwrap() {}
}

async fn read_notifications_go_after_a_time_and_unread_ones_with_their_event(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let all = directory::model::DeliveryChannel::ALL;
    let user = told(directory, "ada", &all, &[]).await;
    happens(directory, &system(), LEAD, None, "1").await;
    happens(directory, &system(), LEAD, None, "2").await;
    tell(directory, TENANT).await;
    taken(directory, TENANT, EMAIL_LANE).await;
    let oldest = shown(directory, TENANT, user).await.pop().unwrap();
    let read =
        move |tx: &Tx<'_>| notifications::read(tx, &system(), &UserKey::Id(user), None, oldest.id);
    directory.write(read).await.unwrap();
    clean(&world).await;
    assert_eq!(events_of(directory, user).await, ["2", "1"]);
    world.clock.advance(Duration::from_secs(91 * 86_400));
    clean(&world).await;
    assert_eq!(events_of(directory, user).await, ["2"]);
    let left = contents(&world).await;
    assert_eq!(left["deliveries"], [] as [&str; 0], "old messages go too");
    world.clock.advance(Duration::from_secs(310 * 86_400));
    clean(&world).await;
    assert_eq!(shown(directory, TENANT, user).await, []);
}

async fn a_list_is_read_by_pages_and_marked(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let acme = given::account(directory, &system(), "Acme").await;
    let other = given::account(directory, &system(), "Other").await;
    let user = told(directory, "ada", &[Website], &[acme, other]).await;
    create(directory, &system(), &person("bob@example.org"))
        .await
        .unwrap();
    for number in 0..25 {
        let account = [None, Some(acme), Some(other)][number % 3];
        happens(directory, &system(), LEAD, account, &number.to_string()).await;
    }
    tell(directory, TENANT).await;
    let key = UserKey::Id(user);
    let count = |within, unread| {
        let (key, filter) = (key.clone(), NotificationFilter { within, unread });
        directory.read(move |tx| notifications::count(tx, &system(), &key, filter))
    };
    assert_eq!(count(None, None).await.unwrap(), 25);
    assert_eq!(count(Some(acme), Some(true)).await.unwrap(), 9 + 8);
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let (key, all) = (key.clone(), NotificationFilter::default());
        let read = move |tx: &Tx<'_>| notifications::list(tx, &system(), &key, all, before, 10);
        let page = directory.read(read).await.unwrap();
        seen.extend(page.rows.iter().map(|row| row.id));
        match page.next {
            Some(next) => before = Some(next.id),
            None => break,
        }
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "{seen:?}");
    let own = key.clone();
    let mark =
        move |tx: &Tx<'_>| notifications::read_all(tx, &system(), &own, Some(acme), i64::MAX);
    assert!(!directory.write(mark).await.unwrap());
    assert_eq!(count(None, Some(true)).await.unwrap(), 8, "the other's");
    let (own, foreign) = (key.clone(), seen[0] + 1);
    let read = move |tx: &Tx<'_>| notifications::read(tx, &system(), &own, None, foreign);
    assert!(matches!(directory.write(read).await, Err(Error::NotFound)));
}
