//! Jobs: what a report changes, what it only tells, and who lists them.

use std::time::Duration;

use directory::jobs::{self, MAX_TRACKING, MOST_AHEAD, Report, Reported};
use directory::model::{JobTransition, Place, StoredJob};
use directory::query::JobFilter;
use directory::store::{Job, Tx};
use directory::users::{self, UserKey};
use directory::violation::Rule;
use directory::{Actor, Directory, Error, Visibility};
use jiff::{SignedDuration, Timestamp};

use crate::given::{self, broken, create, history, rule, system, tenant, worker};
use crate::harness::World;

on_each_engine!(
    a_name_stays_until_another_is_said_and_a_place_until_something_moves,
    a_job_handed_on_in_the_same_state_is_a_transition_with_its_event,
    a_report_of_the_future_is_refused,
    a_late_report_is_kept_as_a_transition_and_changes_nothing,
    a_late_report_that_comes_again_or_twice_at_once_is_kept_once,
    a_report_without_a_time_is_of_now_even_behind_a_clock_that_was_ahead,
    a_report_of_another_version_is_refused,
    reports_at_one_moment_are_all_told,
    jobs_are_listed_by_what_they_are_asked_for_within_what_is_seen,
    erasing_a_worker_forgets_where_they_were,
    tracking_shows_the_last_ten_thousand,
);

struct Case {
    directory: Directory,
    account: i64,
    workers: [i64; 2],
}

impl Case {
    async fn of(world: &World) -> Self {
        let directory = world.directory.clone();
        let account = given::account(&directory, &system(), "Acme").await;
        let mut workers = [0; 2];
        for (number, id) in workers.iter_mut().enumerate() {
            let new = worker(&format!("w{number}@example.org"));
            *id = create(&directory, &system(), &new).await.unwrap().user.id;
        }
        Self {
            directory,
            account,
            workers,
        }
    }

    fn job(&self, state: &str, state_at: Timestamp) -> Job {
        Job {
            external_id: "shift".to_owned(),
            name: None,
            worker_id: self.workers[0],
            account_id: self.account,
            state: state.to_owned(),
            state_at,
            place: None,
        }
    }

    async fn put(&self, report: impl Into<Report>) -> Result<Reported, Error> {
        put(&self.directory, &system(), report).await
    }

    async fn stored(&self) -> StoredJob {
        let read = self
            .directory
            .read(|tx| jobs::get(tx, &system(), "shift"))
            .await;
        read.unwrap()
    }

    async fn tracking(&self, worker: usize) -> Vec<JobTransition> {
        let worker = self.workers[worker];
        let read = move |tx: &Tx<'_>| jobs::tracking(tx, &system(), worker);
        self.directory.read(read).await.unwrap()
    }

    /// The states in a worker's tracking.
    async fn states(&self, worker: usize) -> Vec<String> {
        let lines = self.tracking(worker).await;
        lines.into_iter().map(|line| line.state).collect()
    }

    /// How many events tell of the job.
    async fn told(&self) -> usize {
        let id = self.stored().await.id;
        history(&self.directory, &system(), "job", id).await.len()
    }
}

async fn put(
    directory: &Directory,
    actor: &Actor,
    report: impl Into<Report>,
) -> Result<Reported, Error> {
    let (actor, report) = (actor.clone(), report.into());
    directory
        .write(move |tx| jobs::put(tx, &actor, &report, Default::default()))
        .await
}

fn undated(job: Job) -> Report {
    Report {
        dated: false,
        ..job.into()
    }
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

async fn a_name_stays_until_another_is_said_and_a_place_until_something_moves(world: World) {
    let case = Case::of(&world).await;
    let now = world.now();
    let here = Place::new(37.7, -122.4);
    let first = Job {
        name: Some("Shift".to_owned()),
        place: here,
        ..case.job("filled", now)
    };
    case.put(first).await.unwrap();
    let again = case.put(case.job("filled", now)).await.unwrap().stored;
    assert_eq!(
        (again.job.name.as_deref(), again.job.place),
        (Some("Shift"), here)
    );
    assert_eq!(again.version, 1, "nothing was written");
    let next = case.put(case.job("in_progress", now)).await.unwrap().stored;
    assert_eq!(
        (next.job.name.as_deref(), next.job.place),
        (Some("Shift"), None)
    );
    let renamed = Job {
        name: Some("Late shift".to_owned()),
        ..case.job("in_progress", now)
    };
    case.put(renamed).await.unwrap();
    assert_eq!(case.stored().await.job.name.as_deref(), Some("Late shift"));
    assert_eq!(case.states(0).await, ["filled", "in_progress"]);
}

async fn a_job_handed_on_in_the_same_state_is_a_transition_with_its_event(world: World) {
    let case = Case::of(&world).await;
    let other = given::account(&case.directory, &system(), "Initech").await;
    let now = world.now();
    case.put(case.job("filled", now)).await.unwrap();
    let handed = Job {
        worker_id: case.workers[1],
        ..case.job("filled", now)
    };
    case.put(handed.clone()).await.unwrap();
    assert_eq!(case.states(0).await, ["filled"]);
    assert_eq!(case.states(1).await, ["filled"]);
    assert_eq!(case.told().await, 2);
    let moved = Job {
        account_id: other,
        ..handed
    };
    case.put(moved).await.unwrap();
    assert_eq!(case.states(1).await, ["filled", "filled"]);
    let told = history(&case.directory, &system(), "job", case.stored().await.id).await;
    assert_eq!(told.len(), 3);
    assert_eq!(told[2].account_id, Some(other));
    assert!(
        told[2].change.contains(&case.account.to_string()),
        "{}",
        told[2].change
    );
}

async fn a_report_of_the_future_is_refused(world: World) {
    let case = Case::of(&world).await;
    let most = world.now() + MOST_AHEAD;
    let beyond = most + SignedDuration::from_millis(1);
    for (state, at) in [
        ("filled", beyond),
        ("approved", beyond + minutes(60 * 24 * 365)),
    ] {
        let refused = case.put(case.job(state, at)).await.map(drop);
        assert_eq!(broken(refused), rule("at", Rule::InFuture));
    }
    case.put(case.job("filled", most)).await.unwrap();
    assert_eq!(case.stored().await.job.state_at, most);
}

/// Whom Public Pool access sees is decided by the state that a job is in now.
async fn a_late_report_is_kept_as_a_transition_and_changes_nothing(world: World) {
    let case = Case::of(&world).await;
    let now = world.now();
    case.put(case.job("completed", now)).await.unwrap();
    let before = case.stored().await;
    let earlier = now - SignedDuration::from_millis(1);
    for late in [
        case.job("cancelled", earlier),
        Job {
            worker_id: case.workers[1],
            ..case.job("filled", now - minutes(60))
        },
    ] {
        let answer = case.put(late).await.unwrap();
        assert!(!answer.created);
        assert_eq!(answer.stored.job, before.job);
    }
    assert_eq!(case.stored().await.job, before.job);
    assert_eq!(case.states(0).await, ["cancelled", "completed"]);
    assert_eq!(case.states(1).await, ["filled"]);
    assert_eq!(case.told().await, 1, "no event tells of what is not so now");
    let pool = Actor {
        visibility: Visibility::PublicPool {
            account: case.account,
        },
        ..system()
    };
    let seen = given::get(&case.directory, &pool, UserKey::Id(case.workers[0])).await;
    seen.unwrap();
    let handed = given::get(&case.directory, &pool, UserKey::Id(case.workers[1])).await;
    assert!(matches!(handed, Err(Error::NotFound)), "{handed:?}");
    // At the same moment, what is told later counts.
    case.put(case.job("cancelled", now)).await.unwrap();
    assert_eq!(case.stored().await.job.state, "cancelled");
}

async fn a_late_report_that_comes_again_or_twice_at_once_is_kept_once(world: World) {
    let case = Case::of(&world).await;
    let another = world.another().await;
    case.put(case.job("approved", world.now())).await.unwrap();
    for round in 1..=10 {
        let late = case.job("filled", world.now() - minutes(round));
        let reports: Vec<_> = [&case.directory, &another, &case.directory, &another]
            .into_iter()
            .map(|node| {
                let (node, late) = (node.clone(), late.clone());
                tokio::spawn(async move { put(&node, &system(), late).await })
            })
            .collect();
        for report in reports {
            report.await.unwrap().unwrap();
        }
        assert_eq!(case.tracking(0).await.len() as i64, 1 + round);
    }
    let version = case.stored().await.version;
    case.put(case.job("filled", world.now() - minutes(1)))
        .await
        .unwrap();
    assert_eq!(case.stored().await.version, version);
}

async fn a_report_without_a_time_is_of_now_even_behind_a_clock_that_was_ahead(world: World) {
    let case = Case::of(&world).await;
    let ahead = world.now() + minutes(5);
    case.put(case.job("filled", ahead)).await.unwrap();
    let same = case.put(undated(case.job("filled", world.now()))).await;
    assert_eq!(same.unwrap().stored.version, 1);
    let next = case.put(undated(case.job("completed", world.now()))).await;
    let next = next.unwrap().stored.job;
    assert_eq!((next.state.as_str(), next.state_at), ("completed", ahead));
    world.clock.advance(Duration::from_secs(3_600));
    let last = case.put(undated(case.job("approved", world.now()))).await;
    assert_eq!(last.unwrap().stored.job.state_at, world.now());
}

async fn a_report_of_another_version_is_refused(world: World) {
    let case = Case::of(&world).await;
    let of = |state: &str, version: i64| Report {
        expected: Some(vec![version]),
        ..case.job(state, world.now()).into()
    };
    let absent = case.put(of("filled", 1)).await;
    assert!(
        matches!(absent, Err(Error::PreconditionFailed)),
        "{absent:?}"
    );
    case.put(case.job("filled", world.now())).await.unwrap();
    assert_eq!(
        case.put(of("in_progress", 1)).await.unwrap().stored.version,
        2
    );
    let old = case.put(of("completed", 1)).await;
    assert!(matches!(old, Err(Error::PreconditionFailed)), "{old:?}");
    assert_eq!(case.stored().await.job.state, "in_progress");
}

async fn reports_at_one_moment_are_all_told(world: World) {
    let case = Case::of(&world).await;
    let another = world.another().await;
    for round in 0..10 {
        let states = ["filled", "in_progress", "paused", "completed"];
        world.clock.advance(Duration::from_secs(1));
        let reports: Vec<_> = states
            .into_iter()
            .zip([&case.directory, &another].into_iter().cycle())
            .map(|(state, node)| {
                let job = Job {
                    external_id: format!("shift-{round}"),
                    ..case.job(state, world.now())
                };
                let node = node.clone();
                tokio::spawn(async move { put(&node, &system(), job).await })
            })
            .collect();
        let (mut created, mut versions) = (0, Vec::new());
        for report in reports {
            let report = report.await.unwrap().unwrap();
            created += usize::from(report.created);
            versions.push(report.stored.version);
        }
        versions.sort_unstable();
        assert_eq!((created, versions), (1, vec![1, 2, 3, 4]));
    }
    assert_eq!(case.tracking(0).await.len(), 40);
}

async fn jobs_are_listed_by_what_they_are_asked_for_within_what_is_seen(world: World) {
    let case = Case::of(&world).await;
    let other = given::account(&case.directory, &system(), "Initech").await;
    for number in 0..8 {
        let job = Job {
            external_id: number.to_string(),
            worker_id: case.workers[number % 2],
            account_id: [case.account, other][number / 2 % 2],
            state: ["filled", "approved"][number / 4].to_owned(),
            ..case.job("", world.now())
        };
        case.put(job).await.unwrap();
    }
    let list = async |actor: &Actor, filter: JobFilter, after, limit| {
        let actor = actor.clone();
        let read = move |tx: &Tx<'_>| jobs::list(tx, &actor, &filter, after, limit);
        let listed = case.directory.read(read).await.unwrap();
        let ids: Vec<String> = listed
            .rows
            .into_iter()
            .map(|row| row.job.external_id)
            .collect();
        (ids.join(""), listed.next.map(|next| next.id))
    };
    let any = JobFilter::default;
    let (worker_id, account_id) = (Some(case.workers[1]), Some(other));
    let state = Some("approved".to_owned());
    let external_id = Some("6".to_owned());
    let bound = Actor {
        account: Some(other),
        ..system()
    };
    let seen = |actor: &Actor, all: &str| -> String {
        let own = |id: &char| actor.account.is_none() || "2367".contains(*id);
        all.chars().filter(own).collect()
    };
    let asked = [
        (any(), "01234567"),
        (JobFilter { worker_id, ..any() }, "1357"),
        (
            JobFilter {
                account_id,
                ..any()
            },
            "2367",
        ),
        (
            JobFilter {
                account_id: Some(case.account),
                ..any()
            },
            "0145",
        ),
        (
            JobFilter {
                state: state.clone(),
                ..any()
            },
            "4567",
        ),
        (
            JobFilter {
                external_id: external_id.clone(),
                ..any()
            },
            "6",
        ),
        (
            JobFilter {
                worker_id,
                external_id,
                ..any()
            },
            "",
        ),
        (
            JobFilter {
                worker_id,
                account_id,
                state,
                external_id: None,
            },
            "7",
        ),
    ];
    for actor in [system(), bound.clone()] {
        for (filter, expected) in &asked {
            let found = list(&actor, filter.clone(), None, 100).await;
            assert_eq!(found, (seen(&actor, expected), None), "{filter:?}");
        }
    }
    let (first, next) = list(&system(), any(), None, 5).await;
    assert_eq!(first, "01234");
    assert_eq!(
        list(&system(), any(), next, 5).await,
        ("567".to_owned(), None)
    );
    let stranger = tenant(&case.directory, "stranger").await;
    assert_eq!(list(&stranger, any(), None, 100).await.0, "");
    let get = async |actor: Actor, id: &'static str| {
        case.directory
            .read(move |tx| jobs::get(tx, &actor, id))
            .await
    };
    assert_eq!(get(bound.clone(), "2").await.unwrap().job.account_id, other);
    for (actor, id) in [
        (bound, "1"),
        (stranger, "2"),
        (system(), "8"),
        (system(), "\0"),
    ] {
        let absent = get(actor, id).await;
        assert!(matches!(absent, Err(Error::NotFound)), "{absent:?}");
    }
    let pool = Actor {
        visibility: Visibility::PublicPool { account: other },
        ..system()
    };
    let refused = get(pool.clone(), "2").await.map(drop);
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let filter = any();
    let read = move |tx: &Tx<'_>| jobs::list(tx, &pool, &filter, None, 10).map(drop);
    let refused = case.directory.read(read).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
}

async fn erasing_a_worker_forgets_where_they_were(world: World) {
    let case = Case::of(&world).await;
    let now = world.now();
    let place = Place::new(37.7, -122.4);
    for (id, worker_id) in [("shift", case.workers[0]), ("other", case.workers[1])] {
        let job = Job {
            external_id: id.to_owned(),
            worker_id,
            place,
            ..case.job("filled", now)
        };
        case.put(job).await.unwrap();
    }
    let erased = case.workers[0];
    let erase = case
        .directory
        .write(move |tx| users::erase(tx, &system(), erased))
        .await;
    erase.unwrap();
    assert_eq!(case.stored().await.job.place, None);
    let places = case.directory.read(|tx| {
        let sql = "SELECT t.worker_id, t.latitude_e7, t.longitude_e7 FROM job_transitions t \
                   ORDER BY t.worker_id";
        tx.query(sql, &[], |row| {
            Ok((row.int()?, row.opt_int()?.zip(row.opt_int()?).is_some()))
        })
    });
    let expected = [(case.workers[0], false), (case.workers[1], true)];
    assert_eq!(places.await.unwrap(), expected);
    assert_eq!(case.tracking(1).await[0].place, place);
}

async fn tracking_shows_the_last_ten_thousand(world: World) {
    let case = Case::of(&world).await;
    let start = world.now() - minutes(60);
    let job = case.job("", start);
    let per_write = 2_501;
    for write in 0..4 {
        let job = job.clone();
        let report = case.directory.write(move |tx| {
            for number in write * per_write..(write + 1) * per_write {
                let at = start + SignedDuration::from_millis(number);
                let state = ["in_progress", "paused"][usize::from(number % 2 == 1)];
                let job = Job {
                    state: state.to_owned(),
                    state_at: at,
                    ..job.clone()
                };
                jobs::put(tx, &system(), &job.into(), Default::default())?;
            }
            Ok(())
        });
        report.await.unwrap();
    }
    let lines = case.tracking(0).await;
    assert_eq!(lines.len(), MAX_TRACKING);
    assert_eq!(MAX_TRACKING, 10_000);
    let last = start + SignedDuration::from_millis(4 * per_write - 1);
    assert_eq!(lines.last().unwrap().at, last);
    assert_eq!(lines[0].at, start + SignedDuration::from_millis(4));
}
