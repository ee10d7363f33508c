//! Public Pool: only Workers with an active job for the key's own account are seen
//! (seed 001, "Priviledge Level").

use std::time::Duration;

use directory::jobs::{self, STATES};
use directory::model::{InvitationKind, UserStatus};
use directory::query::UserFilter;
use directory::store::Job;
use directory::users::{Change, InvitationRequest, UserChange, UserKey};
use directory::violation::Rule;
use directory::{Actor, Directory, Error, Visibility};
use jiff::Timestamp;

use crate::given::{
    self, broken, create, delete, employer, get, person, rule, system, tenant, update, worker,
};
use crate::harness::World;

on_each_engine!(
    a_public_pool_caller_may_invite,
    a_worker_is_seen_in_the_active_states_alone,
    an_approved_job_is_active_for_exactly_24_hours,
    a_job_for_another_account_shows_nobody,
    only_workers_are_seen,
    a_public_pool_caller_writes_no_user,
    a_jobs_values_are_checked,
);

fn pool(account: i64) -> Actor {
    Actor {
        account: Some(account),
        visibility: Visibility::PublicPool { account },
        ..system()
    }
}

fn job(worker_id: i64, account_id: i64, state: &str, state_at: Timestamp) -> Job {
    Job {
        external_id: format!("job-{worker_id}-{account_id}"),
        name: Some("Shift".to_owned()),
        worker_id,
        account_id,
        state: state.to_owned(),
        state_at,
        place: None,
    }
}

async fn put(directory: &Directory, actor: &Actor, job: Job) -> Result<(), Error> {
    let actor = actor.clone();
    directory
        .write(move |tx| jobs::put(tx, &actor, &job.clone().into(), Default::default()).map(drop))
        .await
}

/// Whether the actor sees the user: by number, opaque id, email and in lists alike.
async fn sees(directory: &Directory, actor: &Actor, id: i64) -> bool {
    let whole = get(directory, &system(), UserKey::Id(id)).await.unwrap();
    let listed = given::list(directory, actor, &UserFilter::default()).await;
    let seen = listed.contains(&whole);
    let email = whole.user.email.as_ref().unwrap().key().to_owned();
    for key in [
        UserKey::Id(id),
        UserKey::Uid(whole.user.uid.clone()),
        UserKey::Email(email),
    ] {
        match get(directory, actor, key).await {
            Ok(view) => assert!(seen && view == whole),
            Err(Error::NotFound) => assert!(!seen),
            Err(other) => panic!("{other:?}"),
        }
    }
    seen
}

async fn a_worker_is_seen_in_the_active_states_alone(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let id = create(directory, &system(), &worker("w@example.org"))
        .await
        .unwrap()
        .user
        .id;
    assert!(!sees(directory, &pool(account), id).await);
    for state in STATES {
        put(directory, &system(), job(id, account, state, world.now()))
            .await
            .unwrap();
        let active = ["filled", "in_progress", "paused", "completed", "approved"].contains(&state);
        assert_eq!(sees(directory, &pool(account), id).await, active, "{state}");
    }
}

async fn an_approved_job_is_active_for_exactly_24_hours(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let id = create(directory, &system(), &worker("w@example.org"))
        .await
        .unwrap()
        .user
        .id;
    put(
        directory,
        &system(),
        job(id, account, "approved", world.now()),
    )
    .await
    .unwrap();
    assert!(sees(directory, &pool(account), id).await);
    world.clock.advance(Duration::from_secs(24 * 3_600));
    assert!(sees(directory, &pool(account), id).await, "at 24 hours");
    world.clock.advance(Duration::from_millis(1));
    assert!(!sees(directory, &pool(account), id).await, "past 24 hours");
    // Any other active state has no end.
    put(
        directory,
        &system(),
        job(id, account, "completed", world.now()),
    )
    .await
    .unwrap();
    world.clock.advance(Duration::from_secs(24 * 3_600 * 365));
    assert!(sees(directory, &pool(account), id).await);
}

async fn a_job_for_another_account_shows_nobody(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let other = given::account(directory, &system(), "Initech").await;
    let id = create(directory, &system(), &worker("w@example.org"))
        .await
        .unwrap()
        .user
        .id;
    put(directory, &system(), job(id, other, "filled", world.now()))
        .await
        .unwrap();
    assert!(!sees(directory, &pool(account), id).await);
    assert!(sees(directory, &pool(other), id).await);
    // The same job, reported for the other account by now.
    let moved = Job {
        external_id: format!("job-{id}-{other}"),
        ..job(id, account, "filled", world.now())
    };
    put(directory, &system(), moved).await.unwrap();
    assert!(sees(directory, &pool(account), id).await);
    assert!(!sees(directory, &pool(other), id).await);
}

async fn only_workers_are_seen(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    // A bound key's users are members of its account, and that shows nobody.
    let member = create(
        directory,
        &Actor {
            account: Some(account),
            ..system()
        },
        &worker("m@example.org"),
    )
    .await
    .unwrap();
    assert_eq!(member.accounts[0].account_id, account);
    assert!(!sees(directory, &pool(account), member.user.id).await);
    let boss = create(directory, &system(), &employer("boss@example.org", account))
        .await
        .unwrap();
    assert!(!sees(directory, &pool(account), boss.user.id).await);
}

async fn a_public_pool_caller_writes_no_user(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let id = create(directory, &system(), &worker("w@example.org"))
        .await
        .unwrap()
        .user
        .id;
    put(
        directory,
        &system(),
        job(id, account, "filled", world.now()),
    )
    .await
    .unwrap();
    let actor = pool(account);
    let made = create(directory, &actor, &person("new@example.org")).await;
    assert!(matches!(made, Err(Error::Forbidden(_))), "{made:?}");
    let change = UserChange {
        featured: Change::Set(true),
        ..UserChange::default()
    };
    let changed = update(directory, &actor, UserKey::Id(id), None, &change).await;
    assert!(matches!(changed, Err(Error::Forbidden(_))), "{changed:?}");
    let deleted = delete(directory, &actor, UserKey::Id(id), None).await;
    assert!(matches!(deleted, Err(Error::Forbidden(_))), "{deleted:?}");
    let reported = put(directory, &actor, job(id, account, "filled", world.now())).await;
    assert!(matches!(reported, Err(Error::Forbidden(_))), "{reported:?}");
}

async fn a_public_pool_caller_may_invite(world: World) {
    let account = given::account(&world.directory, &system(), "Acme").await;
    let change = UserChange {
        invitation: Some(InvitationRequest::new(InvitationKind::Invite)),
        ..worker("w@example.org")
    };
    let made = create(&world.directory, &pool(account), &change).await;
    let invited = made.unwrap().user;
    assert_eq!(invited.status(), UserStatus::Pending);
}

async fn a_jobs_values_are_checked(world: World) {
    let directory = &world.directory;
    let stranger = tenant(directory, "stranger").await;
    let account = given::account(directory, &stranger, "Theirs").await;
    let theirs = create(directory, &stranger, &worker("w@example.org"))
        .await
        .unwrap()
        .user
        .id;
    let boss_of = given::account(directory, &system(), "Acme").await;
    let boss = create(directory, &system(), &employer("boss@example.org", boss_of)).await;
    for worker_id in [theirs, boss.unwrap().user.id, 1_000_000] {
        let bad = job(worker_id, account, "flying", world.now());
        let expected = [
            (
                "state".to_owned(),
                Rule::NotIncluded {
                    value: "flying".to_owned(),
                },
            ),
            ("worker_id".to_owned(), Rule::MustExist),
            ("account_id".to_owned(), Rule::MustExist),
        ];
        assert_eq!(broken(put(directory, &system(), bad).await), expected);
    }
    let own = create(directory, &system(), &worker("w@example.org"))
        .await
        .unwrap()
        .user
        .id;
    for (external_id, name, expected) in [
        ("", "Shift", rule("external_id", Rule::Blank)),
        ("a\0", "Shift", rule("external_id", Rule::BadFormat)),
        ("a", "a\0", rule("name", Rule::BadFormat)),
    ] {
        let bad = Job {
            external_id: external_id.to_owned(),
            name: Some(name.to_owned()),
            ..job(own, boss_of, "filled", world.now())
        };
        assert_eq!(broken(put(directory, &system(), bad).await), expected);
    }
}
