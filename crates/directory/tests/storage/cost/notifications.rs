//! What it costs to tell users, where everybody has a rule and few are members: no more with more
//! users.

use directory::event::{self, EventType};
use directory::model::DeliveryChannel::Website;
use directory::notifications::{self, NotificationFilter, digests};
use directory::store::{Cost, Tx, UserKey};
use directory::users::{self, Include, UserChange};
use directory::violation::Violations;
use directory::{Directory, Error};

use super::{Budget, GROWTH, RUNS, beyond, table};
use crate::feed::TENANT;
use crate::given::{self, system};
use crate::harness::{World, another_sqlite};
use crate::notifications::{begin, happens, listener, rule};

on_sqlite!(to_tell_users_costs_no_more_than_its_budget_whatever_the_size);
on_postgres!(to_tell_users_makes_no_more_round_trips_than_its_budget);

#[rustfmt::skip]
const BUDGETS: &[Budget] = &[
    ("tell 60 members where everybody listens",   [1, 13, 13],  13050,   0),
    ("pass over 50 events nobody wants",          [1, 4,  4],   2220,   0),
    ("list 10 notifications",                     [1, 6,  6],    740,   2),
    ("count the unread",                          [1, 2,  2],    370,   0),
    ("look for work",                             [1, 3,  3],     40,   0),
];

/// Users made in one write.
const AT_ONCE: usize = 200;
const LEAD: EventType = EventType::LeadCreated;

/// An account of 60 members, in a directory where everybody wants to be told of leads.
async fn setting(world: &World, users: usize) -> (i64, i64) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let account = given::account(directory, &system(), "Acme").await;
    let mut member = 0;
    for from in (0..users).step_by(AT_ONCE) {
        let make = move |tx: &Tx<'_>| {
            let mut last = 0;
            for user in from..from + AT_ONCE {
                let rules = vec![rule(LEAD, None, &[Website])];
                let part: &[i64] = if user % (users / 60) == 0 {
                    &[account]
                } else {
                    &[]
                };
                let change = UserChange {
                    phone: users::Change::Keep,
                    ..listener(&format!("u{user}"), rules, part)
                };
                let (none, parts) = (Violations::new(), Include::default());
                let made = users::create(tx, &system(), &change, none, parts)?;
                if !part.is_empty() {
                    last = made.user.id;
                }
            }
            Ok(last)
        };
        member = member.max(directory.write(make).await.unwrap());
    }
    sequence(directory).await;
    while directory.write(route).await.unwrap() {}
    (account, member)
}

fn route(tx: &Tx<'_>) -> Result<bool, Error> {
    notifications::route(tx, TENANT)
}

async fn sequence(directory: &Directory) {
    let sequence = |tx: &Tx<'_>| event::sequence(tx, TENANT);
    while directory.write(sequence).await.unwrap() > 0 {}
}

/// What is done, after what was prepared.
#[derive(Clone, Copy)]
enum Act {
    /// An event of the account is told.
    Tell { account: i64 },
    /// Fifty events of the account are passed over.
    PassOver { account: i64 },
    /// The list of a user is read.
    List { user: i64 },
    /// It is counted.
    Count { user: i64 },
    /// Is there anything to do?
    Look,
}

impl Act {
    async fn prepare(self, directory: &Directory, number: usize) {
        let (kind, account, events) = match self {
            Self::Tell { account } => (LEAD, account, 1),
            Self::PassOver { account } => (EventType::LeadUpdated, account, 50),
            Self::List { .. } | Self::Count { .. } | Self::Look => return,
        };
        for each in 0..events {
            let id = format!("{}.{number}.{each}", kind.name());
            happens(directory, &system(), kind, Some(account), &id).await;
        }
        sequence(directory).await;
    }

    async fn run(self, directory: &Directory) {
        let none = NotificationFilter::default();
        match self {
            Self::Tell { .. } | Self::PassOver { .. } => {
                assert!(!directory.write(route).await.unwrap());
            }
            Self::List { user } => {
                let read = move |tx: &Tx<'_>| {
                    notifications::list(tx, &system(), &UserKey::Id(user), none, None, 10)
                };
                let rows = directory.read(read).await.unwrap().rows;
                assert!(rows.len() == 10 && rows.iter().all(|row| !row.data.is_empty()));
            }
            Self::Count { user } => {
                let filter = NotificationFilter {
                    unread: Some(true),
                    ..none
                };
                let read = move |tx: &Tx<'_>| {
                    notifications::count(tx, &system(), &UserKey::Id(user), filter)
                };
                assert!(directory.read(read).await.unwrap() > 10);
            }
            Self::Look => {
                let look = |tx: &Tx<'_>| {
                    Ok(notifications::is_behind(tx, TENANT)? || digests::is_due(tx, TENANT)?)
                };
                assert!(!directory.read(look).await.unwrap());
            }
        }
    }

    /// The least of what several runs cost.
    async fn cost(self, world: &World) -> Cost {
        let (metered, meter) = world.directory.metered();
        let mut costs = Vec::new();
        for number in 0..RUNS {
            self.prepare(&world.directory, number).await;
            self.run(&metered).await;
            costs.push(meter.take());
        }
        let least = costs
            .iter()
            .min_by_key(|cost| (cost.statements, cost.steps));
        *least.unwrap()
    }
}

async fn costs(world: &World, users: usize) -> Vec<(&'static str, Cost)> {
    let (account, user) = setting(world, users).await;
    let mut costs = Vec::new();
    for (name, act) in [
        (
            "tell 60 members where everybody listens",
            Act::Tell { account },
        ),
        (
            "pass over 50 events nobody wants",
            Act::PassOver { account },
        ),
        ("list 10 notifications", Act::List { user }),
        ("count the unread", Act::Count { user }),
        ("look for work", Act::Look),
    ] {
        costs.push((name, act.cost(world).await));
    }
    costs
}

fn faults(costs: &[(&'static str, Cost)]) -> Vec<String> {
    let names: Vec<_> = costs.iter().map(|(name, _)| *name).collect();
    let budgeted: Vec<_> = BUDGETS.iter().map(|(name, ..)| *name).collect();
    let mut faults: Vec<String> = BUDGETS
        .iter()
        .zip(costs)
        .flat_map(|(budget, (_, cost))| beyond(cost, budget))
        .collect();
    if names != budgeted {
        faults.push("the table names other operations".to_owned());
    }
    faults
}

#[track_caller]
fn assert_none(faults: &[String], costs: &[(&'static str, Cost)]) {
    let told = faults.join("\n");
    assert!(faults.is_empty(), "{told}\nAs it is now:\n{}", table(costs));
}

async fn to_tell_users_costs_no_more_than_its_budget_whatever_the_size(world: World) {
    let few = another_sqlite(|world| async move { costs(&world, 1_200).await }).await;
    let many = costs(&world, 12_000).await;
    let mut found = faults(&many);
    for ((name, few), (_, many)) in few.iter().zip(&many) {
        if many.steps as f64 > few.steps as f64 * GROWTH + 5.0 {
            let (few, many) = (few.steps, many.steps);
            found.push(format!(
                "{name}: grows with the users, {few} to {many} steps"
            ));
        }
    }
    assert_none(&found, &many);
}

async fn to_tell_users_makes_no_more_round_trips_than_its_budget(world: World) {
    let costs = costs(&world, 1_200).await;
    assert_none(&faults(&costs), &costs);
}
