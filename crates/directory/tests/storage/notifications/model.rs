//! Routing against a model of it that looks at every user for every event.

use std::collections::{BTreeMap, BTreeSet};

use directory::event::EventType;
use directory::keys::{self, NewKey};
use directory::model::DeliveryChannel;
use directory::notifications::{Cadence, EMAIL_LANE, SMS_LANE, Told, digests};
use directory::store::{Tx, UserKey};
use directory::users::Change;
use directory::{Actor, Principal, TenantId};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::{begin, force, happens, listener, notice, queued, rule, shown, suspended, taken, tell};
use crate::given::{self, create, update};
use crate::harness::World;

on_each_engine!(who_is_told_is_who_a_naive_model_says);

const CASES: usize = 24;
const TYPES: [EventType; 3] = [
    EventType::LeadCreated,
    EventType::MidSuspended,
    EventType::CronJob,
];
const ACCOUNTS: usize = 3;
/// Someone of the model, by their place: the deed of one of them, of a key of theirs, or of nobody.
#[derive(Debug, Clone)]
enum Doer {
    System,
    User(usize),
    KeyOf(usize),
}

#[derive(Debug, Clone)]
struct Person {
    /// By event and account, 0 for the default.
    rules: BTreeMap<(usize, usize), BTreeSet<DeliveryChannel>>,
    accounts: BTreeSet<usize>,
    suspended: bool,
    deleted: bool,
    phone: bool,
}

#[derive(Debug, Clone)]
struct Case {
    people: Vec<Person>,
    mandatory: Option<(usize, BTreeSet<DeliveryChannel>)>,
    /// Type, account from 1, doer.
    events: Vec<(usize, Option<usize>, Doer)>,
}

fn channels() -> impl Strategy<Value = BTreeSet<DeliveryChannel>> {
    btree_set(select(&DeliveryChannel::ALL[..]), 0..4)
}

fn person() -> impl Strategy<Value = Person> {
    let rules = btree_map((0..TYPES.len(), 0..=ACCOUNTS), channels(), 0..7);
    let accounts = btree_set(1..=ACCOUNTS, 0..=ACCOUNTS);
    let rarely = || prop::bool::weighted(0.15);
    (
        rules,
        accounts,
        rarely(),
        rarely(),
        prop::bool::weighted(0.7),
    )
        .prop_map(|(rules, accounts, suspended, deleted, phone)| Person {
            rules,
            accounts,
            suspended,
            deleted,
            phone,
        })
}

fn case() -> impl Strategy<Value = Case> {
    let doer = prop_oneof![
        2 => Just(Doer::System),
        1 => (0..4_usize).prop_map(Doer::User),
        1 => (0..4_usize).prop_map(Doer::KeyOf),
    ];
    let event = (0..TYPES.len(), option::of(1..=ACCOUNTS), doer);
    let mandatory = option::of((
        0..TYPES.len(),
        btree_set(select(&DeliveryChannel::ALL[..]), 1..3),
    ));
    (vec(person(), 4..9), mandatory, vec(event, 1..9)).prop_map(|(people, mandatory, events)| {
        Case {
            people,
            mandatory,
            events,
        }
    })
}

/// By which channels a person is told of an event.
fn expected(case: &Case, event: usize, who: usize) -> BTreeSet<DeliveryChannel> {
    let (kind, account, doer) = &case.events[event];
    let person = &case.people[who];
    let did_it =
        matches!(doer, Doer::User(by) | Doer::KeyOf(by) if *by == who && !is_gone(case, doer));
    let belongs = account.is_none_or(|account| person.accounts.contains(&account));
    if did_it || !belongs || person.suspended || person.deleted {
        return BTreeSet::new();
    }
    let own = account.and_then(|account| person.rules.get(&(*kind, account)));
    let rule = own.or_else(|| person.rules.get(&(*kind, 0)));
    let mut channels = rule.cloned().unwrap_or_default();
    if let Some((forced, by)) = &case.mandatory
        && forced == kind
    {
        channels.extend(by);
    }
    if !person.phone {
        channels.remove(&DeliveryChannel::Sms);
    }
    channels
}

/// A key whose owner is gone is nobody's; a user who is gone is told nothing anyway.
fn is_gone(case: &Case, doer: &Doer) -> bool {
    matches!(doer, Doer::KeyOf(by) if case.people[*by].deleted)
}

struct Made {
    tenant: TenantId,
    users: Vec<i64>,
    events: Vec<i64>,
}

async fn make(world: &World, number: usize, case: &Case) -> Made {
    let directory = &world.directory;
    let name: &'static str = format!("case{number}").leak();
    let system = given::tenant(directory, name).await;
    begin(directory, system.tenant).await;
    let mut accounts = vec![0];
    for name in ["One", "Two", "Three"] {
        accounts.push(given::account(directory, &system, name).await);
    }
    let mut users = Vec::new();
    for (place, person) in case.people.iter().enumerate() {
        let rules = person.rules.iter().map(|((kind, account), channels)| {
            let channels: Vec<_> = channels.iter().copied().collect();
            let account = (*account > 0).then(|| accounts[*account]);
            rule(TYPES[*kind], account, &channels)
        });
        let part: Vec<i64> = person.accounts.iter().map(|each| accounts[*each]).collect();
        let mut change = listener(&format!("p{place}"), rules.collect(), &part);
        if !person.phone {
            change.phone = Change::Keep;
        }
        users.push(create(directory, &system, &change).await.unwrap().user.id);
    }
    let mut keys = Vec::new();
    for place in 0..case.people.len() {
        let new = NewKey {
            name: "own".to_owned(),
            owner_email: Some(format!("p{place}@example.org")),
            ..NewKey::default()
        };
        let maker = system.clone();
        let made = directory.write(move |tx| keys::create(tx, &maker, &new));
        keys.push(made.await.unwrap().id);
    }
    if let Some((kind, by)) = &case.mandatory {
        let channels: Vec<_> = by.iter().copied().collect();
        force(directory, &system, TYPES[*kind], &channels).await;
    }
    for (person, user) in case.people.iter().zip(&users) {
        let key = UserKey::Id(*user);
        if person.suspended {
            update(directory, &system, key.clone(), None, &suspended())
                .await
                .unwrap();
        }
        if person.deleted {
            given::delete(directory, &system, key, None).await.unwrap();
        }
    }
    let mut events = Vec::new();
    for (place, (kind, account, doer)) in case.events.iter().enumerate() {
        let principal = match doer {
            Doer::System => Principal::System,
            Doer::User(by) => Principal::User(users[*by]),
            Doer::KeyOf(by) => Principal::Key(keys[*by].clone()),
        };
        let by = Actor {
            principal,
            ..system.clone()
        };
        let account = account.map(|account| accounts[account]);
        let id = place.to_string();
        events.push(happens(directory, &by, TYPES[*kind], account, &id).await);
    }
    Made {
        tenant: system.tenant,
        users,
        events,
    }
}

async fn who_is_told_is_who_a_naive_model_says(world: World) {
    let mut runner = TestRunner::deterministic();
    for number in 0..CASES {
        let case = case().new_tree(&mut runner).unwrap().current();
        let made = make(&world, number, &case).await;
        tell(&world.directory, made.tenant).await;
        compare(&world, &case, &made).await;
    }
}

async fn compare(world: &World, case: &Case, made: &Made) {
    let (directory, tenant) = (&world.directory, made.tenant);
    let by = |channel: DeliveryChannel| -> BTreeSet<(i64, i64)> {
        let mut told = BTreeSet::new();
        for (event, id) in made.events.iter().enumerate() {
            for (who, user) in made.users.iter().enumerate() {
                if expected(case, event, who).contains(&channel) {
                    told.insert((*id, *user));
                }
            }
        }
        told
    };
    let mut listed = BTreeSet::new();
    for (user, person) in made.users.iter().zip(&case.people) {
        if person.deleted {
            continue;
        }
        for row in shown(directory, tenant, *user).await {
            let place: usize = row.data["subject"]["id"].as_str().unwrap().parse().unwrap();
            assert!(listed.insert((made.events[place], *user)), "{case:?}");
        }
    }
    assert_eq!(listed, by(DeliveryChannel::Website), "{case:?}");
    let email = queued(directory, tenant, EMAIL_LANE).await;
    assert_eq!(email, by(DeliveryChannel::Email), "{case:?}");
    let sms = queued(directory, tenant, SMS_LANE).await;
    assert_eq!(sms, by(DeliveryChannel::Sms), "{case:?}");
    for cadence in Cadence::ALL {
        compare_digests(world, case, made, cadence).await;
    }
}

/// How often each user is told of each type in their digest.
async fn compare_digests(world: &World, case: &Case, made: &Made, cadence: Cadence) {
    let (directory, tenant) = (&world.directory, made.tenant);
    let start = world.now();
    let close = move |tx: &Tx<'_>| digests::close_due(tx, tenant);
    directory.write(close).await.unwrap();
    world
        .clock
        .jump_to(start + jiff::SignedDuration::from_hours(40 * 24));
    directory.write(close).await.unwrap();
    let mut told: BTreeMap<(i64, EventType), i64> = BTreeMap::new();
    for claimed in taken(directory, tenant, cadence.lane()).await {
        let notice = notice(directory, tenant, &claimed).await.unwrap();
        let Told::Digest(digest) = notice.told else {
            panic!("no digest");
        };
        for group in digest.groups {
            let key = (notice.user.id, group.event);
            assert!(told.insert(key, group.count).is_none(), "{case:?}");
        }
    }
    world.clock.jump_to(start);
    let mut wanted: BTreeMap<(i64, EventType), i64> = BTreeMap::new();
    for (event, (kind, ..)) in case.events.iter().enumerate() {
        for (who, user) in made.users.iter().enumerate() {
            if expected(case, event, who).contains(&cadence.channel()) {
                *wanted.entry((*user, TYPES[*kind])).or_default() += 1;
            }
        }
    }
    assert_eq!(told, wanted, "{cadence:?} {case:?}");
}
