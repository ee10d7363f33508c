//! Lists: any filters together answer what a plain scan answers, and a walk by cursor meets
//! every row once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use directory::model::{
    DrugTest, Email, EmployerRole, GroupPermission, OnboardingState, UserKind, UserStatus,
    UserView, W2Status, fold,
};
use directory::query::{PageNumber, UserFilter, UserOrder, UserPage};
use directory::store::{Job, Tx};
use directory::users::{
    self, AccountGrant, Change, GroupGrant, InvitationRequest, UserChange, UserKey,
};
use directory::violation::{Path, Rule};
use directory::{Actor, Directory, Visibility};
use jiff::Timestamp;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::given::{self, ALL, broken, create, person, system, tenant, worker};
use crate::harness::World;

on_each_engine!(
    any_filters_together_answer_what_a_scan_answers,
    a_walk_meets_every_row_once_while_others_are_made,
    a_page_ends_where_the_rows_end,
    filters_at_the_ends_of_time_are_plain_filters,
    an_empty_choice_of_a_filter_is_no_filter,
    a_filter_has_a_hundred_values_at_most,
);

const FIRST: [&str; 4] = ["Ada", "ÉVA", "李", "Jean-Luc"];
const FIRST_ASKED: [&str; 7] = ["ada", "ADA", "e\u{301}va", "李", "jean-luc", "Ad", "%"];
const LAST: [&str; 3] = ["Lovelace", "Straße", "O_Neil"];
const LAST_ASKED: [&str; 5] = ["LOVELACE", "straße", "o_neil", "oxneil", ""];
const STATES: [&str; 3] = ["CA", "NY", "ca"];
const EXTERNAL: [&str; 4] = ["x1", "x2", "X1", "x'3"];
const USERS: usize = 60;

fn subset<T: Clone + std::fmt::Debug + 'static>(of: &'static [T]) -> impl Strategy<Value = Vec<T>> {
    proptest::collection::vec(select(of), 0..3)
}

/// What the population is made of besides: accounts and groups.
#[derive(Clone)]
struct Around {
    accounts: [i64; 2],
    groups: [i64; 2],
}

/// A user of any kind and state.
fn any_user(number: usize, around: Around) -> impl Strategy<Value = (UserChange, u64)> {
    let plain = (
        option::of(select(&FIRST[..])),
        option::of(select(&LAST[..])),
        option::of(select(&STATES[..])),
        option::of(select(&EXTERNAL[..])),
    );
    let kinds = (
        0..3_u8,
        select(&OnboardingState::ALL[..]),
        0..2_usize,
        select(&W2Status::ALL[..]),
        option::of(select(&DrugTest::ALL[..])),
        any::<bool>(),
    );
    let parts = (any::<bool>(), any::<bool>(), 0..2_usize, 0..2_usize);
    let states = (any::<bool>(), any::<bool>(), 0..3_u64);
    (plain, kinds, parts, states).prop_map(move |(plain, kinds, parts, states)| {
        let mut change = person(&format!("User{number}@example.org"));
        let set = |text: Option<&str>| Change::set_if(text.map(str::to_owned));
        change.first_name = set(plain.0);
        change.last_name = set(plain.1);
        change.state = set(plain.2);
        change.external_id = set(plain.3);
        match kinds.0 {
            0 => {
                change.kind = Change::Set(UserKind::Worker);
                change.onboarding_state = Change::Set(kinds.1);
                change.w2_onboarding_status = Change::Set(kinds.3);
                change.drug_tested = Change::set_if(kinds.4);
                change.w2_employee_id = Change::set_if(kinds.5.then(|| format!("W{number}")));
            }
            1 => {
                change.kind = Change::Set(UserKind::Employer);
                change.customer_id = Change::Set(around.accounts[kinds.2]);
                change.employer_role = Change::Set(EmployerRole::ReadOnly);
            }
            _ => {}
        }
        if parts.0 {
            change.accounts = vec![AccountGrant {
                path: Path::default(),
                account_id: around.accounts[parts.2],
                role: directory::model::AccountRole::Member,
                admin: false,
                primary: false,
            }];
        }
        if parts.1 {
            change.groups = vec![GroupGrant {
                path: Path::default(),
                group_id: around.groups[parts.3],
                permission: GroupPermission::Admin,
            }];
        }
        change.suspended = Change::set_if(states.0.then_some(true));
        if states.1 {
            change.invitation = Some(InvitationRequest::new(
                directory::model::InvitationKind::Verify,
            ));
        }
        (change, states.2)
    })
}

fn any_filter(around: &Around, made: &[UserView]) -> impl Strategy<Value = UserFilter> {
    let (accounts, groups) = (around.accounts, around.groups);
    let times: Vec<Timestamp> = made.iter().map(|view| view.user.updated_at).collect();
    let rare = |some| option::weighted(0.2, some);
    let emails = (0..USERS + 2).prop_map(|user| format!("uSER{user}@EXAMPLE.org"));
    let plain = (
        option::weighted(0.1, emails),
        option::weighted(0.25, select(&FIRST_ASKED[..])),
        option::weighted(0.15, select(&LAST_ASKED[..])),
        subset(&EXTERNAL),
        subset(&STATES),
    );
    let kinds = (
        option::weighted(0.3, select(&[UserKind::Worker, UserKind::Employer][..])),
        option::weighted(0.3, select(&UserStatus::ALL[..])),
        prop_oneof![4 => Just(vec![]), 1 => subset(&OnboardingState::ALL)],
        rare(any::<Index>()),
        rare(any::<Index>()),
        rare(any::<Index>()),
    );
    let time = || option::weighted(0.2, select(times.clone()));
    let papers = (
        prop_oneof![4 => Just(vec![]), 1 => subset(&W2Status::ALL)],
        option::weighted(0.05, (0..USERS).prop_map(|user| format!("W{user}"))),
        prop_oneof![5 => Just(vec![]), 1 => subset(&DrugTest::ALL)],
    );
    (plain, kinds, time(), time(), 0..4_u8, papers).prop_map(move |any| {
        let (plain, kinds, after, before, lists, papers) = any;
        UserFilter {
            email: plain.0.and_then(|text| Email::parse(&text).ok()),
            first_name: plain.1.map(str::to_owned),
            last_name: plain.2.map(str::to_owned),
            external_id: if lists & 1 == 0 {
                vec![]
            } else {
                owned(&plain.3)
            },
            state: if lists & 2 == 0 {
                vec![]
            } else {
                owned(&plain.4)
            },
            kind: kinds.0,
            status: kinds.1,
            onboarding_state: kinds.2,
            w2_onboarding_status: papers.0,
            w2_employee_id: papers.1,
            drug_tested: papers.2,
            customer_id: kinds.3.map(|index| *index.get(&accounts)),
            account_id: kinds.4.map(|index| *index.get(&accounts)),
            group_id: kinds.5.map(|index| *index.get(&groups)),
            updated_after: after,
            updated_before: before,
            properties: vec![],
        }
    })
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// What the filter means, said plainly.
fn matches(view: &UserView, filter: &UserFilter) -> bool {
    let user = &view.user;
    let same_name = |name: &Option<String>, asked: &str| {
        name.as_deref()
            .is_some_and(|name| fold(name) == fold(asked))
    };
    let among = |value: &Option<String>, asked: &[String]| {
        asked.is_empty() || value.as_ref().is_some_and(|value| asked.contains(value))
    };
    filter.email.as_ref().is_none_or(|asked| {
        user.email
            .as_ref()
            .is_some_and(|email| email.key() == asked.key())
    }) && filter
        .first_name
        .as_ref()
        .is_none_or(|asked| same_name(&user.first_name, asked))
        && filter
            .last_name
            .as_ref()
            .is_none_or(|asked| same_name(&user.last_name, asked))
        && among(&user.external_id, &filter.external_id)
        && among(&user.state, &filter.state)
        && (filter.onboarding_state.is_empty()
            || user
                .onboarding_state
                .is_some_and(|state| filter.onboarding_state.contains(&state)))
        && (filter.w2_onboarding_status.is_empty()
            || user
                .w2_onboarding_status
                .is_some_and(|status| filter.w2_onboarding_status.contains(&status)))
        && filter
            .w2_employee_id
            .as_ref()
            .is_none_or(|asked| user.w2_employee_id.as_ref() == Some(asked))
        && (filter.drug_tested.is_empty()
            || user
                .drug_tested
                .is_some_and(|result| filter.drug_tested.contains(&result)))
        && filter.kind.is_none_or(|asked| user.kind == Some(asked))
        && filter.status.is_none_or(|asked| user.status() == asked)
        && filter
            .customer_id
            .is_none_or(|asked| user.customer_id == Some(asked))
        && filter.account_id.is_none_or(|asked| {
            view.accounts
                .iter()
                .any(|membership| membership.account_id == asked)
        })
        && filter.group_id.is_none_or(|asked| {
            view.groups
                .iter()
                .any(|membership| membership.group_id == asked)
        })
        && filter
            .updated_after
            .is_none_or(|asked| user.updated_at > asked)
        && filter
            .updated_before
            .is_none_or(|asked| user.updated_at < asked)
}

/// Values of a strategy, the same at every run.
fn drawn<S: Strategy>(strategies: impl IntoIterator<Item = S>) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    strategies
        .into_iter()
        .map(|strategy| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

async fn population(world: &World) -> (Around, Vec<UserView>) {
    let directory = &world.directory;
    let around = Around {
        accounts: [
            given::account(directory, &system(), "Acme").await,
            given::account(directory, &system(), "Initech").await,
        ],
        groups: [
            given::group(directory, &system(), "Sales").await.id,
            given::group(directory, &system(), "Ops").await.id,
        ],
    };
    // What is deleted, or another tenant's, matches nothing.
    let stranger = tenant(directory, "stranger").await;
    create(directory, &stranger, &worker("user1@example.org"))
        .await
        .unwrap();
    let gone = create(directory, &system(), &worker("gone@example.org"))
        .await
        .unwrap();
    let gone = UserKey::Id(gone.user.id);
    given::delete(directory, &system(), gone, None)
        .await
        .unwrap();
    let mut made = Vec::new();
    for (change, pause) in drawn((0..USERS).map(|number| any_user(number, around.clone()))) {
        world.clock.advance(Duration::from_millis(pause));
        made.push(create(directory, &system(), &change).await.unwrap());
    }
    (around, made)
}

/// The list by every way to ask for it: page by page by number, by cursor in either direction, and
/// in the order of the last change.
async fn listed_otherwise(directory: &Directory, actor: &Actor, filter: &UserFilter) {
    let whole = given::list(directory, actor, filter).await;
    let mut numbered = Vec::new();
    for number in 1.. {
        let (actor, filter) = (actor.clone(), filter.clone());
        let size = 7;
        let page = PageNumber { number, size };
        let read = directory
            .read(move |tx| directory::users::page(tx, &actor, &filter, page, given::ALL))
            .await;
        let rows = read.unwrap();
        let last = rows.len() < size;
        numbered.extend(rows);
        if last {
            break;
        }
    }
    assert_eq!(numbered, whole, "page by page: {filter:?}");
    for (order, descending) in [
        (UserOrder::Id, true),
        (UserOrder::UpdatedAt, false),
        (UserOrder::UpdatedAt, true),
    ] {
        let mut rows = walk_filtered(directory, actor, filter, order, descending, 9).await;
        rows.sort_by_key(|view| view.user.id);
        assert_eq!(rows, whole, "{order:?} {descending}: {filter:?}");
    }
}

/// A caller who sees the workers at work for an account, or the members of one.
fn any_viewer(around: &Around) -> impl Strategy<Value = Actor> {
    let [first, second] = around.accounts;
    let seeing = |visibility| Actor {
        visibility,
        ..system()
    };
    prop_oneof![
        6 => Just(system()),
        1 => Just(seeing(Visibility::PublicPool { account: first })),
        1 => Just(seeing(Visibility::PublicPool { account: second })),
        1 => Just(seeing(Visibility::Account(first))),
        1 => Just(seeing(Visibility::Account(second))),
    ]
}

/// Every third user has a job for one of the accounts, and every sixth one for the other.
async fn jobs(world: &World, around: &Around, made: &[UserView]) -> BTreeSet<(i64, i64)> {
    let mut at_work = BTreeSet::new();
    for (number, view) in made.iter().enumerate() {
        if number % 3 != 0 || view.user.kind != Some(UserKind::Worker) {
            continue;
        }
        let states = ["filled", "approved", "cancelled"];
        for account in [around.accounts[number % 2], around.accounts[0]] {
            let job = Job {
                external_id: format!("{number}-{account}"),
                name: None,
                worker_id: view.user.id,
                account_id: account,
                state: states[number / 3 % 3].to_owned(),
                state_at: world.now(),
                place: None,
            };
            if job.state != "cancelled" {
                at_work.insert((account, job.worker_id));
            }
            let put = move |tx: &Tx<'_>| {
                directory::jobs::put(tx, &system(), &job.clone().into(), Default::default())
                    .map(drop)
            };
            world.directory.write(put).await.unwrap();
        }
    }
    at_work
}

async fn any_filters_together_answer_what_a_scan_answers(world: World) {
    let (around, made) = population(&world).await;
    let at_work = jobs(&world, &around, &made).await;
    let mut found = 0;
    let mut seen_in_part = 0;
    let asked = drawn((0..400).map(|_| (any_filter(&around, &made), any_viewer(&around))));
    for (filter, viewer) in asked {
        let listed = given::list(&world.directory, &viewer, &filter).await;
        let sees = |view: &UserView| match viewer.visibility {
            Visibility::Tenant => true,
            Visibility::Account(account) => {
                view.accounts.iter().any(|each| each.account_id == account)
            }
            Visibility::PublicPool { account } => at_work.contains(&(account, view.user.id)),
        };
        let expected: Vec<_> = made
            .iter()
            .filter(|view| matches(view, &filter) && sees(view))
            .cloned()
            .collect();
        assert_eq!(listed, expected, "{filter:?} {:?}", viewer.visibility);
        listed_otherwise(&world.directory, &viewer, &filter).await;
        found += listed.len();
        if viewer.visibility != Visibility::Tenant {
            seen_in_part += listed.len();
        }
    }
    assert!(
        found > 500 && seen_in_part > 50,
        "the filters match too little to show anything: {found}, {seen_in_part}"
    );
}

/// Walks a list to its end, in pages of `limit`.
async fn walk(
    directory: &Directory,
    actor: &Actor,
    order: UserOrder,
    descending: bool,
    limit: usize,
) -> Vec<UserView> {
    let all = UserFilter::default();
    walk_filtered(directory, actor, &all, order, descending, limit).await
}

async fn walk_filtered(
    directory: &Directory,
    actor: &Actor,
    filter: &UserFilter,
    order: UserOrder,
    descending: bool,
    limit: usize,
) -> Vec<UserView> {
    let mut page = UserPage {
        order,
        descending,
        after: None,
        limit,
    };
    let mut all = Vec::new();
    loop {
        let listed = given::page(directory, actor, filter, &page).await;
        assert!(listed.rows.len() <= limit);
        all.extend(listed.rows);
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return all,
        }
    }
}

async fn a_walk_meets_every_row_once_while_others_are_made(world: World) {
    let directory = &world.directory;
    let mut there = BTreeSet::new();
    for user in 0..45 {
        // Several share a time, so that the order is decided by the id.
        world
            .clock
            .advance(Duration::from_millis(u64::from(user % 4 == 0)));
        let made = create(
            directory,
            &system(),
            &person(&format!("u{user}@example.org")),
        )
        .await;
        there.insert(made.unwrap().user.id);
    }
    for key in [3, 30, 17] {
        let id = *there.iter().nth(key).unwrap();
        let change = UserChange {
            city: given::set("London"),
            ..UserChange::default()
        };
        given::update(directory, &system(), UserKey::Id(id), None, &change)
            .await
            .unwrap();
    }
    let over = Arc::new(AtomicBool::new(false));
    let (node, ended) = (world.another().await, Arc::clone(&over));
    let others = tokio::spawn(async move {
        let mut made = 0;
        while !ended.load(Ordering::SeqCst) && made < 2_000 {
            let address = format!("other{made}@example.org");
            create(&node, &system(), &person(&address)).await.unwrap();
            made += 1;
        }
    });
    for order in [UserOrder::Id, UserOrder::UpdatedAt] {
        for descending in [false, true] {
            for limit in [1, 7, 45, 200] {
                let rows = walk(directory, &system(), order, descending, limit).await;
                let ids: Vec<i64> = rows.iter().map(|view| view.user.id).collect();
                let once: BTreeSet<i64> = ids.iter().copied().collect();
                assert_eq!(once.len(), ids.len(), "a row came twice: {order:?} {limit}");
                assert!(once.is_superset(&there), "{order:?} {descending} {limit}");
                let position = |view: &UserView| match order {
                    UserOrder::Id => (Timestamp::UNIX_EPOCH, view.user.id),
                    UserOrder::UpdatedAt => (view.user.updated_at, view.user.id),
                };
                let sorted = rows.is_sorted_by(|a, b| {
                    if descending {
                        position(a) > position(b)
                    } else {
                        position(a) < position(b)
                    }
                });
                assert!(sorted, "{order:?} {descending} {limit}");
            }
        }
    }
    over.store(true, Ordering::SeqCst);
    others.await.unwrap();
}

async fn a_page_ends_where_the_rows_end(world: World) {
    let directory = &world.directory;
    for user in 0..4 {
        create(
            directory,
            &system(),
            &person(&format!("u{user}@example.org")),
        )
        .await
        .unwrap();
    }
    for (limit, rows, more) in [(3, 3, true), (4, 4, false), (5, 4, false)] {
        let page = UserPage {
            limit,
            ..given::first_page()
        };
        let listed = given::page(directory, &system(), &UserFilter::default(), &page).await;
        assert_eq!(
            (listed.rows.len(), listed.next.is_some()),
            (rows, more),
            "{limit}"
        );
    }
}

async fn filters_at_the_ends_of_time_are_plain_filters(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let from = |time| UserFilter {
        updated_after: Some(time),
        ..UserFilter::default()
    };
    let until = |time| UserFilter {
        updated_before: Some(time),
        ..UserFilter::default()
    };
    for (filter, found) in [
        (from(Timestamp::MIN), true),
        (from(Timestamp::MAX), false),
        (until(Timestamp::MIN), false),
        (until(Timestamp::MAX), true),
        (from(made.user.updated_at), false),
        (until(made.user.updated_at), false),
        (from(made.user.updated_at - Duration::from_millis(1)), true),
        (until(made.user.updated_at + Duration::from_millis(1)), true),
    ] {
        let listed = given::list(directory, &system(), &filter).await;
        assert_eq!(listed.len(), usize::from(found), "{filter:?}");
    }
}

async fn an_empty_choice_of_a_filter_is_no_filter(world: World) {
    let directory = &world.directory;
    create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let all = given::list(directory, &system(), &UserFilter::default()).await;
    assert_eq!(all.len(), 1);
}

async fn a_filter_has_a_hundred_values_at_most(world: World) {
    let directory = &world.directory;
    create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let many =
        |count: usize| -> Vec<String> { (0..count).map(|each| format!("x{each}")).collect() };
    for (external_id, state) in [(100, 0), (0, 100), (100, 100)] {
        let filter = UserFilter {
            external_id: many(external_id),
            state: many(state),
            ..UserFilter::default()
        };
        assert_eq!(given::list(directory, &system(), &filter).await, []);
    }
    let filter = UserFilter {
        external_id: many(101),
        state: many(101),
        ..UserFilter::default()
    };
    let page = PageNumber { number: 1, size: 1 };
    let numbered = filter.clone();
    let refused = [
        directory
            .read(move |tx| users::list(tx, &system(), &filter, &given::first_page(), ALL))
            .await
            .map(drop),
        directory
            .read(move |tx| users::page(tx, &system(), &numbered, page, ALL))
            .await
            .map(drop),
    ];
    let many = Rule::TooLong { max: 100 };
    let expected = [
        ("external_id".to_owned(), many.clone()),
        ("state".to_owned(), many),
    ];
    for refused in refused {
        assert_eq!(broken(refused), expected);
    }
}
