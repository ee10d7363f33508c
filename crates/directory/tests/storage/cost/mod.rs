//! What each operation may cost: in statements, round trips and rows looked at, not in time.
//! A lost index, a scan, a sort or one more round trip fails here.
//!
//! Where a figure changes on purpose, the failing test prints the table as it is now.

mod notifications;
mod operations;
mod setting;
mod wire;

use std::fmt::Write as _;

use directory::query::UserFilter;
use directory::store::Cost;

use crate::harness::{World, another_sqlite};
use operations::{Operation, numbered, operations};
use setting::Setting;

on_sqlite!(
    no_operation_costs_more_than_its_budget_whatever_the_size,
    a_page_far_in_passes_entries_of_an_index_and_reads_no_more_rows_than_it_has,
    a_lost_index_breaks_the_budget_of_what_it_serves,
);
on_postgres!(no_operation_makes_more_round_trips_than_its_budget);

/// An operation and its budget: transactions, round trips (BEGIN and COMMIT apart) and
/// statements, exactly; instructions of SQLite's machine and its sorts, at most.
type Budget = (&'static str, [u64; 3], u64, u64);

#[rustfmt::skip]
const BUDGETS: &[Budget] = &[
    ("create: an email",                          [1, 1,  3],    230,   0),
    ("create: a password",                        [1, 1,  4],    270,   0),
    ("create: a worker with a phone",             [1, 1,  5],    320,   0),
    ("create: an employer",                       [1, 3,  7],    450,   1),
    ("create: in a group",                        [1, 3,  7],    400,   1),
    ("create: by a bound key",                    [1, 2,  6],    420,   1),
    ("create: with an Idempotency-Key",           [1, 4,  7],    410,   0),
    ("replay: with an Idempotency-Key",           [1, 1,  1],     30,   0),
    ("get: by number",                            [1, 1,  1],     50,   0),
    ("get: by opaque id",                         [1, 1,  1],     50,   0),
    ("get: by email",                             [1, 1,  1],     60,   0),
    ("get: one with parts",                       [1, 3,  3],    150,   2),
    ("list 50",                                   [1, 3,  3],   2040,   3),
    ("list 50: a first name",                     [1, 3,  3],   7050, 100),
    ("list 50: a last name",                      [1, 3,  3],   7050, 100),
    ("list 50: an external id",                   [1, 3,  3],   7050, 100),
    ("list 50: two external ids",                 [1, 3,  3],  10350, 103),
    ("list 50: a customer",                       [1, 2,  2],   4460,  50),
    ("list 50: employers",                        [1, 2,  2],   4460,  50),
    ("list 50: two states",                       [1, 3,  3],  10350, 103),
    ("list 50: two onboarding states",            [1, 3,  3],  10350, 103),
    ("list 50: two W2 statuses",                  [1, 3,  3],  10350, 103),
    ("list 50: a drug test",                      [1, 3,  3],   7050, 100),
    ("list 50: all but one of all filters",       [1, 3,  3],  11710, 103),
    ("list 50: an account",                       [1, 3,  3],   8470,  76),
    ("list 50: a group",                          [1, 3,  3],   9760, 101),
    ("list 50: of the last 200 changed",          [1, 1,  1],   6630,   2),
    ("list: an email",                            [1, 1,  1],     70,   0),
    ("list: an employee id",                      [1, 3,  3],    170,   2),
    ("list: at work for an account",              [1, 3,  3],    290,   3),
    ("page in the middle",                        [1, 1,  1],   1870,   0),
    ("page in the middle: backwards",             [1, 3,  3],   2040,   3),
    ("page in the middle: by last change",        [1, 1,  1],   2280,   0),
    ("page in the middle: last change first",     [1, 3,  3],   4690,   3),
    ("page 2 by its number",                      [1, 1,  1],   4320,   1),
    ("page 19 by its number",                     [1, 1,  1],   8060,   1),
    ("page 5 of 10 of two states",                [1, 3,  3],   3070,  23),
    ("by last change: a last name",               [1, 3,  3],   9070, 101),
    ("last change first: two external ids",       [1, 3,  3],   9500, 101),
    ("by last change: an account",                [1, 3,  3],  10870,  77),
    ("last change first: a group",                [1, 3,  3],  10290,  90),
    ("by last change: at work for an account",    [1, 3,  3],    280,   4),
    ("list 50 invitations",                       [1, 1,  1],   1760,   0),
    ("list invitations: of a user",               [1, 1,  1],     60,   0),
    ("list 50 jobs",                              [1, 1,  1],    920,   0),
    ("list jobs: of a worker",                    [1, 1,  1],     40,   0),
    ("list 50 jobs: for an account",              [1, 1,  1],    920,   0),
    ("list jobs: in a state",                     [1, 1,  1],    200,   0),
    ("look for expired invitations",              [1, 1,  1],     20,   0),
    ("update: a plain field",                     [1, 2,  3],    390,   0),
    ("update: the email",                         [1, 3,  8],    680,   0),
    ("delete",                                    [1, 4,  7],    520,   0),
    ("restore",                                   [1, 3,  5],    390,   0),
    ("report a job",                              [1, 5,  6],    320,   0),
    ("key check: not seen before",                [1, 2,  2],     40,   0),
    ("key check: seen just now",                  [0, 0,  0],      0,   0),
    ("token check: seen just now",                [0, 0,  0],      0,   0),
    ("session check: not seen before",            [1, 6,  6],    200,   3),
    ("session check: seen just now",              [0, 0,  0],      0,   0),
    ("login: whose email it is",                  [1, 1,  1],     20,   0),
    ("login: nobody's email",                     [1, 1,  1],     20,   0),
    ("login: the session",                        [1, 4,  6],    390,   1),
];

/// Runs of each operation: the first lease ids and fill caches.
const RUNS: usize = 12;
/// How much more of the machine's instructions ten times the users may take.
const GROWTH: f64 = 1.2;
/// Instructions for each entry of an index that a page by its number passes: to go on to it, to
/// see that it is the tenant's, and to count it. A row that is looked at takes more.
const EACH_PASSED: u64 = 4;
/// How far above what was counted a budget may stand: one that is wide catches nothing.
const SLACK: f64 = 1.6;

/// What an operation costs when nothing is in its way: the least of several runs.
async fn cost_of(world: &World, operation: &Operation) -> Cost {
    let (directory, meter) = world.directory.metered();
    let mut costs = Vec::new();
    for number in 0..RUNS {
        operation.run(&directory, number).await;
        costs.push(meter.take());
    }
    let least = costs
        .iter()
        .min_by_key(|cost| (cost.statements, cost.steps));
    *least.unwrap()
}

/// Every operation's cost in a directory of so many users.
async fn costs(world: &World, users: usize) -> Vec<(&'static str, Cost)> {
    let setting = Setting::of(world, users).await;
    let mut costs = Vec::new();
    for operation in operations(&setting) {
        costs.push((operation.name, cost_of(world, &operation).await));
    }
    costs
}

fn exactly(cost: &Cost) -> [u64; 3] {
    [cost.transactions, cost.round_trips, cost.statements]
}

/// What of an operation's cost is beyond its budget.
fn beyond(cost: &Cost, budget: &Budget) -> Vec<String> {
    let (name, counted, most, sorts) = budget;
    let mut faults = Vec::new();
    if exactly(cost) != *counted {
        faults.push(format!(
            "{name}: {:?} instead of {counted:?}",
            exactly(cost)
        ));
    }
    if cost.steps > *most {
        faults.push(format!("{name}: {} steps, more than {most}", cost.steps));
    }
    if (cost.scanned, cost.indexed) != (0, 0) || cost.sorts > *sorts {
        faults.push(format!("{name}: a scan or a sort: {cost:?}"));
    }
    faults
}

/// The table as it would stand now, with a tenth of room for the machine's instructions.
fn table(costs: &[(&'static str, Cost)]) -> String {
    let mut text = String::new();
    for (name, cost) in costs {
        let [transactions, trips, statements] = exactly(cost);
        let most = (cost.steps + cost.steps / 10).div_ceil(10) * 10;
        let name = format!("{name:?},");
        writeln!(
            text,
            "    ({name:<44} [{transactions}, {trips}, {statements:>2}], {most:>6}, {:>3}),",
            cost.sorts
        )
        .unwrap();
    }
    text
}

#[track_caller]
fn assert_within(costs: &[(&'static str, Cost)], mut faults: Vec<String>) {
    let names: Vec<_> = costs.iter().map(|(name, _)| name).collect();
    let budgeted: Vec<_> = BUDGETS.iter().map(|(name, ..)| name).collect();
    if names != budgeted {
        faults.push("the table names other operations".to_owned());
    }
    assert!(
        faults.is_empty(),
        "{}\nAs it is now:\n{}",
        faults.join("\n"),
        table(costs)
    );
}

async fn no_operation_costs_more_than_its_budget_whatever_the_size(world: World) {
    let few = another_sqlite(|world| async move { costs(&world, 1_000).await }).await;
    let many = costs(&world, 10_000).await;
    let mut faults = Vec::new();
    for ((budget, (_, few)), (_, many)) in BUDGETS.iter().zip(&few).zip(&many) {
        faults.extend(beyond(many, budget));
        let name = budget.0;
        let (fewer, more) = (few.steps as f64, many.steps as f64);
        if more > fewer * GROWTH + 5.0 {
            faults.push(format!(
                "{name}: grows with the users, {fewer} to {more} steps"
            ));
        }
        if budget.2 as f64 > more * SLACK + 20.0 {
            faults.push(format!("{name}: {} steps allowed, {more} taken", budget.2));
        }
    }
    assert_within(&many, faults);
}

async fn a_page_far_in_passes_entries_of_an_index_and_reads_no_more_rows_than_it_has(world: World) {
    const SIZE: usize = 50;
    let setting = Setting::of(&world, 4_000).await;
    let (near, far) = (2, setting.ids.len() / SIZE);
    let steps = async |number| {
        let page = numbered("a page", UserFilter::default(), number, SIZE);
        cost_of(&world, &page).await
    };
    let (near_cost, far_cost) = (steps(near).await, steps(far).await);
    let passed = u64::try_from((far - near) * SIZE).unwrap();
    let most = near_cost.steps + passed * EACH_PASSED;
    assert!(
        far_cost.steps <= most,
        "{near_cost:?}, {far_cost:?}: {most}"
    );
    let apart_from_steps = |cost: Cost| Cost { steps: 0, ..cost };
    assert_eq!(apart_from_steps(far_cost), apart_from_steps(near_cost));
}

async fn no_operation_makes_more_round_trips_than_its_budget(world: World) {
    let costs = costs(&world, 10_000).await;
    let faults = BUDGETS
        .iter()
        .zip(&costs)
        .flat_map(|(budget, (_, cost))| beyond(cost, budget));
    let faults = faults.collect();
    assert_within(&costs, faults);
}

async fn a_lost_index_breaks_the_budget_of_what_it_serves(world: World) {
    let directory = &world.directory;
    let setting = Setting::of(&world, 1_000).await;
    for (index, served) in [
        ("users_last_name", "list 50: a last name"),
        ("users_external_id", "list 50: an external id"),
        ("users_updated", "page in the middle: by last change"),
        ("invitations_id", "list 50 invitations"),
        ("jobs_of_account", "list 50 jobs: for an account"),
    ] {
        let sql: &'static str = format!("DROP INDEX {index}").leak();
        directory
            .write(move |tx| tx.execute(sql, &[]))
            .await
            .unwrap();
        let mut all = operations(&setting).into_iter();
        let operation = all.find(|each| each.name == served).unwrap();
        let cost = cost_of(&world, &operation).await;
        let budget = BUDGETS.iter().find(|(name, ..)| *name == served).unwrap();
        assert_ne!(beyond(&cost, budget), [] as [String; 0], "{index}");
    }
}
