//! One digest a period, of what happened and is still to be told.

use directory::Directory;
use directory::deliveries::{self, Attempt, Outcome};
use directory::event::EventType;
use directory::model::DeliveryChannel::{self, WeeklyEmailDigest};
use directory::model::UserView;
use directory::notifications::{
    Cadence, Digest, Notice, Standing, Told, Unsubscription, digests, retention, standing,
    unsubscribe,
};
use directory::store::{Tx, UserKey};
use directory::users::{Change, UserChange};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::{begin, force, happens, listener, notice, rule, taken, tell};
use crate::atomicity::{run, whole_or_nothing};
use crate::feed::TENANT;
use crate::given::{self, create, set, system, update};
use crate::harness::World;

const LEAD: EventType = EventType::LeadCreated;
const WEEKLY: &str = "email:weekly_digest";
const ON: Standing = Standing::On {
    but_mandatory: false,
};

on_each_engine!(
    a_digest_groups_and_counts_and_names_the_newest,
    nothing_is_sent_where_nothing_happened,
    who_moves_gets_one_digest_of_each_week,
    a_digest_tells_only_what_its_user_may_know,
    closing_is_whole_or_nothing,
    two_nodes_close_a_digest_once,
    what_happens_after_one_is_closed_waits_for_the_next,
    a_link_turns_a_digest_off_and_no_more,
    what_everybody_is_told_goes_on_in_a_digest_that_is_off,
    a_digest_that_is_sent_late_is_whole_and_kept_until_then,
    what_waits_for_who_is_suspended_is_dropped_when_it_is_due_alone,
);

async fn user(directory: &Directory, name: &str, zone: &str, accounts: &[i64]) -> UserView {
    let rules = vec![
        rule(LEAD, None, &[WeeklyEmailDigest]),
        rule(
            EventType::MidSuspended,
            None,
            &[WeeklyEmailDigest, DeliveryChannel::Email],
        ),
    ];
    let change = UserChange {
        timezone: set(zone),
        ..listener(name, rules, accounts)
    };
    create(directory, &system(), &change).await.unwrap()
}

async fn close(directory: &Directory) -> usize {
    let close = |tx: &Tx<'_>| digests::close_due(tx, TENANT);
    directory.write(close).await.unwrap()
}

/// Moves time, and closes what is due; answers the digests.
async fn digests_at(world: &World, at: &str) -> Vec<(i64, Digest)> {
    close(&world.directory).await;
    world.clock.jump_to(at.parse().unwrap());
    close(&world.directory).await;
    sent(world)
        .await
        .into_iter()
        .map(|notice| {
            let Told::Digest(digest) = notice.told else {
                panic!("no digest");
            };
            (notice.user.id, digest)
        })
        .collect()
}

async fn sent(world: &World) -> Vec<Notice> {
    let mut sent = Vec::new();
    for claimed in taken(&world.directory, TENANT, WEEKLY).await {
        sent.extend(notice(&world.directory, TENANT, &claimed).await);
    }
    sent
}

async fn a_digest_groups_and_counts_and_names_the_newest(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let acme = given::account(directory, &system(), "Acme").await;
    let ada = user(directory, "ada", "Europe/Berlin", &[acme])
        .await
        .user
        .id;
    for number in 0..5 {
        let account = (number % 2 == 0).then_some(acme);
        happens(directory, &system(), LEAD, account, &format!("l{number}")).await;
        tell(directory, TENANT).await;
    }
    happens(directory, &system(), EventType::MidSuspended, None, "m").await;
    tell(directory, TENANT).await;
    // A Tuesday: the next Monday, 09:00 in Berlin.
    let early = digests_at(&world, "2026-11-09T07:59:59.999Z").await;
    assert_eq!(early, []);
    let told = digests_at(&world, "2026-11-09T08:00:00Z").await;
    let [(user, digest)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!((*user, digest.more), (ada, 0));
    assert_eq!(digest.period.date().unwrap().to_string(), "2026-11-09");
    let groups: Vec<_> = digest
        .groups
        .iter()
        .map(|group| {
            let named = group.newest.iter();
            let named: Vec<_> = named
                .map(|about| (about.subject.1.as_str(), about.account_name.as_deref()))
                .collect();
            (group.event, group.count, named)
        })
        .collect();
    assert_eq!(
        groups,
        [
            (
                LEAD,
                5,
                vec![("l4", Some("Acme")), ("l3", None), ("l2", Some("Acme"))]
            ),
            (EventType::MidSuspended, 1, vec![("m", None)]),
        ]
    );
}

async fn nothing_is_sent_where_nothing_happened(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    user(directory, "ada", "UTC", &[]).await;
    happens(directory, &system(), EventType::CronJob, None, "1").await;
    tell(directory, TENANT).await;
    assert_eq!(digests_at(&world, "2026-11-09T12:00:00Z").await, []);
    happens(directory, &system(), LEAD, None, "2").await;
    tell(directory, TENANT).await;
    assert_eq!(digests_at(&world, "2026-11-16T12:00:00Z").await.len(), 1);
    assert_eq!(digests_at(&world, "2026-11-23T12:00:00Z").await, []);
    let due = directory.read(|tx| digests::is_due(tx, TENANT));
    assert!(!due.await.unwrap());
}

async fn moves(world: &World, user: i64, zone: &str) {
    let change = UserChange {
        timezone: set(zone),
        ..UserChange::default()
    };
    let key = UserKey::Id(user);
    update(&world.directory, &system(), key, None, &change)
        .await
        .unwrap();
}

async fn who_moves_gets_one_digest_of_each_week(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let ada = user(directory, "ada", "Pacific/Auckland", &[])
        .await
        .user
        .id;
    let lead = async |id: &str| {
        happens(directory, &system(), LEAD, None, id).await;
        tell(directory, TENANT).await;
    };
    lead("1").await;
    // Monday in Auckland; then, a day earlier by the calendar, in Honolulu.
    assert_eq!(digests_at(&world, "2026-11-08T20:00:00Z").await.len(), 1);
    moves(&world, ada, "Pacific/Honolulu").await;
    lead("2").await;
    assert_eq!(digests_at(&world, "2026-11-09T19:00:00Z").await, []);
    assert_eq!(digests_at(&world, "2026-11-16T18:59:00Z").await, []);
    // Back before it is due there: it is due, and late, at once.
    moves(&world, ada, "Pacific/Auckland").await;
    let told = digests_at(&world, "2026-11-16T18:59:30Z").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].1.period.date().unwrap().to_string(), "2026-11-16");
    // Eastwards and back between two Mondays changes nothing.
    lead("3").await;
    moves(&world, ada, "America/New_York").await;
    assert_eq!(digests_at(&world, "2026-11-22T20:00:00Z").await, []);
    moves(&world, ada, "Asia/Kathmandu").await;
    assert_eq!(digests_at(&world, "2026-11-23T03:14:59Z").await, []);
    assert_eq!(digests_at(&world, "2026-11-23T03:15:00Z").await.len(), 1);
}

async fn a_digest_tells_only_what_its_user_may_know(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let acme = given::account(directory, &system(), "Acme").await;
    let ada = user(directory, "ada", "UTC", &[acme]).await.user.id;
    let bob = user(directory, "bob", "UTC", &[acme]).await.user.id;
    happens(directory, &system(), LEAD, Some(acme), "1").await;
    happens(directory, &system(), EventType::MidSuspended, None, "2").await;
    tell(directory, TENANT).await;
    let leave = move |tx: &Tx<'_>| {
        let sql = "DELETE FROM account_members WHERE tenant_id = $1 AND user_id = $2";
        tx.execute(sql, &[1_i64.into(), ada.into()])
    };
    directory.write(leave).await.unwrap();
    let off = UserChange {
        preferences: Some(vec![rule(LEAD, None, &[WeeklyEmailDigest])]),
        ..UserChange::default()
    };
    update(directory, &system(), UserKey::Id(bob), None, &off)
        .await
        .unwrap();
    let mut told = digests_at(&world, "2026-11-09T09:00:00Z").await;
    told.sort_by_key(|(user, _)| *user);
    let kinds: Vec<_> = told
        .iter()
        .map(|(user, digest)| {
            let events = digest.groups.iter().map(|group| group.event);
            (*user, events.collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(
        kinds,
        [(ada, vec![EventType::MidSuspended]), (bob, vec![LEAD])]
    );
}

async fn closing_is_whole_or_nothing(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    user(directory, "ada", "UTC", &[]).await;
    user(directory, "bob", "UTC", &[]).await;
    happens(directory, &system(), LEAD, None, "1").await;
    tell(directory, TENANT).await;
    close(directory).await;
    world.clock.jump_to("2026-11-09T09:00:00Z".parse().unwrap());
    let close = |tx: &Tx<'_>| digests::close_due(tx, TENANT).map(drop);
    assert!(whole_or_nothing(&world, close).await >= 6);
    let no_more_failures = "UPDATE countdown SET remaining = 1000000";
    run(directory, no_more_failures.to_owned()).await;
    assert_eq!(sent(&world).await.len(), 2);
}

async fn two_nodes_close_a_digest_once(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    for number in 0..20 {
        user(directory, &format!("u{number}"), "UTC", &[]).await;
    }
    happens(directory, &system(), LEAD, None, "1").await;
    tell(directory, TENANT).await;
    close(directory).await;
    world.clock.jump_to("2026-11-09T09:00:00Z".parse().unwrap());
    let nodes = [directory.clone(), world.another().await];
    join_all(nodes.iter().cycle().take(8).map(close)).await;
    while close(directory).await > 0 {}
    let sent = sent(&world).await;
    assert_eq!(sent.len(), 20);
    for notice in sent {
        let Told::Digest(digest) = notice.told else {
            panic!("no digest");
        };
        assert_eq!(digest.groups[0].count, 1);
    }
}

async fn what_happens_after_one_is_closed_waits_for_the_next(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    user(directory, "ada", "UTC", &[]).await;
    happens(directory, &system(), LEAD, None, "1").await;
    tell(directory, TENANT).await;
    close(directory).await;
    world.clock.jump_to("2026-11-09T09:00:00Z".parse().unwrap());
    close(directory).await;
    happens(directory, &system(), LEAD, None, "2").await;
    tell(directory, TENANT).await;
    let first = sent(&world).await;
    let Told::Digest(digest) = &first[0].told else {
        panic!("no digest");
    };
    assert_eq!((first.len(), digest.groups[0].count), (1, 1));
    let next = digests_at(&world, "2026-11-16T09:00:00Z").await;
    assert_eq!(next[0].1.groups[0].newest[0].subject.1, "2");
    let closed: Timestamp = "2026-11-16T09:00:00Z".parse().unwrap();
    assert_eq!(world.now(), closed);
}

async fn a_link_turns_a_digest_off_and_no_more(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let ada = user(directory, "ada", "UTC", &[]).await.user.id;
    let weekly = Unsubscription::Digest(Cadence::Weekly);
    let email = Unsubscription::Event(EventType::MidSuspended);
    let now = async |what| {
        let read = move |tx: &Tx<'_>| standing(tx, TENANT, ada, what);
        directory.read(read).await.unwrap()
    };
    assert_eq!((now(weekly).await, now(email).await), (ON, ON));
    let off = move |tx: &Tx<'_>| unsubscribe(tx, TENANT, ada, weekly, "r1");
    assert_eq!(directory.write(off).await.unwrap(), Standing::Off);
    assert_eq!(directory.write(off).await.unwrap(), Standing::Off, "again");
    assert_eq!((now(weekly).await, now(email).await), (Standing::Off, ON));
    let view = given::get(directory, &system(), UserKey::Id(ada))
        .await
        .unwrap();
    assert_eq!(view.user.version, 2, "the second time changed nothing");
    assert_eq!(view.user.updated_by.as_deref(), Some("ada@example.org"));
    happens(directory, &system(), LEAD, None, "1").await;
    tell(directory, TENANT).await;
    assert_eq!(digests_at(&world, "2026-11-09T09:00:00Z").await, []);
}

async fn what_everybody_is_told_goes_on_in_a_digest_that_is_off(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let ada = user(directory, "ada", "UTC", &[]).await.user.id;
    force(directory, &system(), LEAD, &[WeeklyEmailDigest]).await;
    let weekly = Unsubscription::Digest(Cadence::Weekly);
    let now = async || {
        let read = move |tx: &Tx<'_>| standing(tx, TENANT, ada, weekly);
        directory.read(read).await.unwrap()
    };
    let on = Standing::On {
        but_mandatory: true,
    };
    assert_eq!(now().await, on);
    happens(directory, &system(), LEAD, None, "1").await;
    tell(directory, TENANT).await;
    close(directory).await;
    world.clock.jump_to("2026-11-09T09:00:00Z".parse().unwrap());
    close(directory).await;
    let sent_before = sent(&world).await;
    assert_eq!(
        sent_before[0].unsubscription, None,
        "nobody can turn it off"
    );
    let off = move |tx: &Tx<'_>| unsubscribe(tx, TENANT, ada, weekly, "r1");
    for _ in 0..2 {
        let after = directory.write(off).await.unwrap();
        assert_eq!(after, Standing::Mandatory);
    }
    assert_eq!(now().await, Standing::Mandatory);
    for event in [LEAD, EventType::MidSuspended] {
        happens(directory, &system(), event, None, event.name()).await;
    }
    tell(directory, TENANT).await;
    let told = digests_at(&world, "2026-11-16T09:00:00Z").await;
    let events: Vec<_> = told[0].1.groups.iter().map(|group| group.event).collect();
    assert_eq!(events, [LEAD]);
}

/// Takes the digest that is due, and says that it failed and is due again in an hour.
async fn fails(world: &World) -> Option<Notice> {
    let take = |tx: &Tx<'_>| deliveries::claim(tx, TENANT, WEEKLY, 1);
    let claimed = world.directory.write(take).await.unwrap().pop().unwrap();
    let made = notice(&world.directory, TENANT, &claimed).await;
    let fail = move |tx: &Tx<'_>| {
        let attempt = Attempt {
            number: 1,
            outcome: Outcome::Failed,
            status: None,
            duration_ms: 1,
            answer: String::new(),
            created_at: tx.now(),
        };
        let again = tx.now().checked_add(SignedDuration::from_hours(1)).unwrap();
        deliveries::finish(
            tx,
            TENANT,
            &claimed.key,
            claimed.lease,
            &attempt,
            Some(again),
        )
    };
    world.directory.write(fail).await.unwrap();
    made
}

async fn clean(world: &World) {
    let before = world
        .now()
        .checked_sub(SignedDuration::from_hours(400 * 24));
    let before = before.unwrap();
    let expire = move |tx: &Tx<'_>| retention::expire(tx, TENANT, before);
    while world.directory.write(expire).await.unwrap() {}
}

async fn entries(world: &World) -> usize {
    let read = |tx: &Tx<'_>| {
        let sql = "SELECT user_id FROM digest_entries WHERE tenant_id = $1";
        Ok(tx.query(sql, &[TENANT.0.into()], |row| row.int())?.len())
    };
    world.directory.read(read).await.unwrap()
}

async fn a_digest_that_is_sent_late_is_whole_and_kept_until_then(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    user(directory, "ada", "UTC", &[]).await;
    happens(directory, &system(), LEAD, None, "1").await;
    tell(directory, TENANT).await;
    close(directory).await;
    // Nothing ran for twelve days after it was due; then the mail server is away.
    world.clock.jump_to("2026-11-21T09:00:00Z".parse().unwrap());
    close(directory).await;
    clean(&world).await;
    for _ in 0..3 {
        let made = fails(&world).await.expect("it is to be sent");
        let Told::Digest(digest) = made.told else {
            panic!("no digest");
        };
        assert_eq!(digest.period.date().unwrap().to_string(), "2026-11-09");
        assert_eq!(digest.groups[0].newest[0].subject.1, "1");
        world.clock.advance(std::time::Duration::from_secs(3_600));
        clean(&world).await;
    }
    assert_eq!(sent(&world).await.len(), 1);
    assert_eq!(entries(&world).await, 1);
    clean(&world).await;
    assert_eq!(entries(&world).await, 0, "it was sent, and is of long ago");
}

async fn what_waits_for_who_is_suspended_is_dropped_when_it_is_due_alone(world: World) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let ada = user(directory, "ada", "UTC", &[]).await.user.id;
    let bob = user(directory, "bob", "UTC", &[]).await.user.id;
    happens(directory, &system(), LEAD, None, "1").await;
    tell(directory, TENANT).await;
    close(directory).await;
    let suspends = async |user: i64, suspended: bool| {
        let change = UserChange {
            suspended: Change::Set(suspended),
            ..UserChange::default()
        };
        let key = UserKey::Id(user);
        update(directory, &system(), key, None, &change)
            .await
            .unwrap();
    };
    suspends(ada, true).await;
    suspends(bob, true).await;
    // Looked at again, for the clock where they are is another.
    for user in [ada, bob] {
        moves(&world, user, "Europe/Berlin").await;
    }
    close(directory).await;
    assert_eq!(entries(&world).await, 2);
    suspends(ada, false).await;
    let told = digests_at(&world, "2026-11-09T08:00:00Z").await;
    let users: Vec<i64> = told.iter().map(|(user, _)| *user).collect();
    assert_eq!(users, [ada]);
    assert_eq!(entries(&world).await, 1, "bob's is dropped");
}
