//! Requirement 2: state, claim, event and idempotency record commit together.
//!
//! Triggers made by the test count down over all row changes and fail the one that is not
//! to happen; so a failure comes between every pair of statements, in the engine itself.

use std::collections::BTreeMap;

use directory::event::EventType;
use directory::idempotency::{self, Answer, IdempotencyKey};
use directory::keys::{self, NewKey};
use directory::model::{
    AccountRole, DeliveryChannel, EmployerRole, GroupPermission, InvitationKind,
    NotificationPreference, UserKind,
};
use directory::store::{Job, Tx};
use directory::users::{
    self, AccountGrant, BadgeChange, Change, GroupGrant, InvitationRequest, RoleGrant, UserChange,
    UserKey,
};
use directory::violation::{Path, Violations};
use directory::{Directory, Error, accounts, badges, groups, jobs, tenants};
use secrecy::ExposeSecret as _;

use crate::given::{self, ALL, create, email, employer, person, phone, set, system, worker};
use crate::harness::{Engine, World};

on_each_engine!(
    a_creation_is_whole_or_nothing,
    a_creation_with_invitations_is_whole_or_nothing,
    an_update_is_whole_or_nothing,
    a_move_of_an_employer_is_whole_or_nothing,
    a_deletion_is_whole_or_nothing,
    a_restoration_is_whole_or_nothing,
    making_what_stands_around_users_is_whole_or_nothing,
    keys_and_tokens_are_whole_or_nothing,
    a_job_is_whole_or_nothing,
    a_closure_that_fails_after_its_writes_leaves_nothing,
);

/// Tables that are not part of a change: blocks of ids are leased beforehand.
const APART: [&str; 3] = ["id_leases", "schema_migrations", "countdown"];

pub(crate) async fn run(directory: &Directory, sql: String) {
    let sql: &'static str = sql.leak();
    directory
        .write(move |tx| tx.execute(sql, &[]).map(drop))
        .await
        .unwrap();
}

async fn texts(directory: &Directory, sql: String) -> Vec<String> {
    directory
        .read(move |tx| tx.query(&sql, &[], |row| row.text()))
        .await
        .unwrap()
}

async fn tables(world: &World) -> Vec<String> {
    let sql = match world.engine {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
        Engine::Postgres => {
            "SELECT table_name::text FROM information_schema.tables \
             WHERE table_schema = 'public' ORDER BY table_name"
        }
    };
    let mut tables = texts(&world.directory, sql.to_owned()).await;
    tables.retain(|table| !APART.contains(&table.as_str()));
    assert!(tables.len() > 15, "{tables:?}");
    tables
}

/// Every row of every table, as text.
pub(crate) async fn contents(world: &World) -> BTreeMap<String, Vec<String>> {
    let mut contents = BTreeMap::new();
    for table in tables(world).await {
        let rows = match world.engine {
            Engine::Postgres => format!("SELECT t::text FROM {table} t ORDER BY 1"),
            Engine::Sqlite => {
                let columns = format!("SELECT name FROM pragma_table_info('{table}')");
                let columns = texts(&world.directory, columns).await;
                let quoted: Vec<_> = columns
                    .iter()
                    .map(|each| format!("quote({each})"))
                    .collect();
                format!(
                    "SELECT {} FROM {table} ORDER BY 1",
                    quoted.join(" || ',' || ")
                )
            }
        };
        contents.insert(table, texts(&world.directory, rows).await);
    }
    contents
}

/// Makes the triggers that fail the row change at which the countdown is over.
async fn arm(world: &World) {
    let directory = &world.directory;
    let all = tables(world).await;
    run(
        directory,
        "CREATE TABLE countdown (remaining BIGINT NOT NULL)".replace(
            "BIGINT",
            if world.engine == Engine::Sqlite {
                "INTEGER"
            } else {
                "BIGINT"
            },
        ),
    )
    .await;
    run(
        directory,
        "INSERT INTO countdown VALUES (1000000)".to_owned(),
    )
    .await;
    if world.engine == Engine::Postgres {
        let function = "CREATE FUNCTION count_down() RETURNS trigger LANGUAGE plpgsql AS ' \
            BEGIN UPDATE countdown SET remaining = remaining - 1; \
            IF (SELECT remaining FROM countdown) < 0 THEN RAISE EXCEPTION ''injected''; END IF; \
            IF TG_OP = ''DELETE'' THEN RETURN OLD; END IF; RETURN NEW; END '";
        run(directory, function.to_owned()).await;
    }
    for table in all {
        match world.engine {
            Engine::Postgres => {
                let trigger = format!(
                    "CREATE TRIGGER fails BEFORE INSERT OR UPDATE OR DELETE ON {table} \
                     FOR EACH ROW EXECUTE FUNCTION count_down()"
                );
                run(directory, trigger).await;
            }
            Engine::Sqlite => {
                for what in ["INSERT", "UPDATE", "DELETE"] {
                    let trigger = format!(
                        "CREATE TRIGGER fails_{table}_{what} BEFORE {what} ON {table} BEGIN \
                         UPDATE countdown SET remaining = remaining - 1; \
                         SELECT RAISE(ABORT, 'injected') FROM countdown WHERE remaining < 0; END"
                    );
                    run(directory, trigger).await;
                }
            }
        }
    }
}

/// Runs a change again and again, failing one row change later each time, until it is whole;
/// every failure must have left everything as it was. Answers how many there were.
pub(crate) async fn whole_or_nothing<F>(world: &World, change: F) -> usize
where
    F: Fn(&Tx<'_>) -> Result<(), Error> + Clone + Send + Sync + 'static,
{
    arm(world).await;
    let before = contents(world).await;
    for failing in 0..200 {
        run(
            &world.directory,
            format!("UPDATE countdown SET remaining = {failing}"),
        )
        .await;
        match world.directory.write(change.clone()).await {
            Ok(()) => {
                assert_ne!(contents(world).await, before, "it changed nothing at all");
                return failing;
            }
            Err(Error::Internal(_)) => {
                assert_eq!(contents(world).await, before, "failing at {failing}");
            }
            Err(other) => panic!("failing at {failing}: {other:?}"),
        }
    }
    panic!("it never succeeded");
}

pub(crate) fn idempotent(key: &str) -> IdempotencyKey {
    IdempotencyKey {
        principal: "key:1-abc".to_owned(),
        route: "POST /v1/users".to_owned(),
        key: key.to_owned(),
        request_hash: "hash".to_owned(),
    }
}

pub(crate) fn answer() -> Answer {
    Answer {
        status: 201,
        location: Some("/v1/users/1".to_owned()),
        etag: None,
        body: "{}".to_owned(),
    }
}

/// A creation with everything around it, and the record of its answer.
async fn everything(world: &World) -> UserChange {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    // Who administers it besides may be left with it.
    let deputy = UserChange {
        accounts: vec![crate::sessions::member(account, true)],
        ..given::person("deputy@example.org")
    };
    create(directory, &system(), &deputy).await.unwrap();
    let group = given::group(directory, &system(), "Sales").await.id;
    let badges = [
        given::badge(directory, &system(), "Forklift").await,
        given::badge(directory, &system(), "Barista").await,
    ];
    let password = Some("tide plank ferry".to_owned().into());
    let password = directory.hash_password(password, &Violations::new()).await;
    UserChange {
        phone: phone("415 555 2671"),
        w2_employee_id: set("7"),
        password: password.unwrap(),
        badges: badges
            .map(|badge| BadgeChange {
                badge_id: Some(badge),
                ..BadgeChange::default()
            })
            .to_vec(),
        groups: vec![GroupGrant {
            path: Path::default(),
            group_id: group,
            permission: GroupPermission::Admin,
        }],
        accounts: vec![AccountGrant {
            path: Path::default(),
            account_id: account,
            role: AccountRole::Member,
            admin: true,
            primary: true,
        }],
        roles: vec![RoleGrant {
            path: Path::default(),
            name: "viewer".to_owned(),
            account_id: Some(account),
        }],
        preferences: Some(vec![NotificationPreference {
            event: EventType::UserCreated,
            account_id: Some(account),
            channels: vec![DeliveryChannel::Email],
        }]),
        ..worker("ada@example.org")
    }
}

async fn a_creation_is_whole_or_nothing(world: World) {
    let change = everything(&world).await;
    let failures = whole_or_nothing(&world, move |tx| {
        let (actor, key) = (system(), idempotent("create"));
        assert_eq!(idempotency::reserve(tx, &actor, &key)?, None);
        users::create(tx, &actor, &change, Violations::new(), ALL)?;
        idempotency::keep(tx, &actor, &key, &answer())
    })
    .await;
    // The user, 3 claims, an account, a password, a group, a role, a preference, 2 badges,
    // 3 events and the answer.
    assert!(failures >= 15, "{failures}");
}

async fn a_creation_with_invitations_is_whole_or_nothing(world: World) {
    let change = UserChange {
        password: None,
        invitation: Some(InvitationRequest::new(InvitationKind::Invite)),
        ..everything(&world).await
    };
    let failures = whole_or_nothing(&world, move |tx| {
        users::create(tx, &system(), &change, Violations::new(), ALL).map(drop)
    })
    .await;
    assert!(failures >= 14, "{failures}");
}

async fn an_update_is_whole_or_nothing(world: World) {
    let change = everything(&world).await;
    let made = create(&world.directory, &system(), &change).await.unwrap();
    let third = given::badge(&world.directory, &system(), "Chef").await;
    let key = UserKey::Id(made.user.id);
    let change = UserChange {
        email: email("countess@example.org"),
        phone: phone("415 555 2672"),
        w2_employee_id: set("8"),
        password: change.password.clone(),
        badges: vec![
            BadgeChange {
                id: Some(made.badges[0].id),
                destroy: true,
                ..BadgeChange::default()
            },
            BadgeChange {
                id: Some(made.badges[1].id),
                badge_id: Some(third),
                ..BadgeChange::default()
            },
            BadgeChange {
                badge_id: Some(made.badges[0].badge_id),
                ..BadgeChange::default()
            },
        ],
        preferences: Some(vec![]),
        ..UserChange::default()
    };
    let failures = whole_or_nothing(&world, move |tx| {
        let (actor, key_) = (system(), idempotent("update"));
        assert_eq!(idempotency::reserve(tx, &actor, &key_)?, None);
        users::update(tx, &actor, &key, None, &change, Violations::new(), ALL)?;
        idempotency::keep(tx, &actor, &key_, &answer())
    })
    .await;
    // The user, 3 claims lost and 3 gained, a password, 3 badges, a preference, 2 events
    // and the answer.
    assert!(failures >= 15, "{failures}");
}

async fn a_move_of_an_employer_is_whole_or_nothing(world: World) {
    let directory = &world.directory;
    let from = given::account(directory, &system(), "Acme").await;
    let to = given::account(directory, &system(), "Initech").await;
    let made = create(directory, &system(), &employer("boss@example.org", from))
        .await
        .unwrap();
    let change = UserChange {
        customer_id: Change::Set(to),
        employer_role: Change::Set(EmployerRole::CustomerAdmin),
        ..UserChange::default()
    };
    let failures = whole_or_nothing(&world, move |tx| {
        let key = UserKey::Id(made.user.id);
        users::update(tx, &system(), &key, None, &change, Violations::new(), ALL).map(drop)
    })
    .await;
    assert!(failures >= 4, "{failures}");
}

async fn a_deletion_is_whole_or_nothing(world: World) {
    let change = everything(&world).await;
    let made = create(&world.directory, &system(), &change).await.unwrap();
    let failures = whole_or_nothing(&world, move |tx| {
        users::delete(tx, &system(), &UserKey::Id(made.user.id), None)
    })
    .await;
    // The account that keeps an administrator, the user, their parts in groups, 3 claims, an event.
    assert_eq!(failures, 7);
}

async fn a_restoration_is_whole_or_nothing(world: World) {
    let change = everything(&world).await;
    let made = create(&world.directory, &system(), &change).await.unwrap();
    let id = made.user.id;
    given::delete(&world.directory, &system(), UserKey::Id(id), None)
        .await
        .unwrap();
    let failures = whole_or_nothing(&world, move |tx| {
        users::restore(tx, &system(), id, ALL).map(drop)
    })
    .await;
    assert!(failures >= 5, "{failures}");
}

async fn making_what_stands_around_users_is_whole_or_nothing(world: World) {
    let failures = whole_or_nothing(&world, move |tx| {
        let none = Violations::new;
        accounts::create(tx, &system(), "Acme", none())?;
        groups::create(tx, &system(), "Sales", Some("Us"), none())?;
        let new = badges::NewBadge {
            name: "Forklift".to_owned(),
            ..badges::NewBadge::default()
        };
        badges::create(tx, &system(), &new, none())?;
        tenants::create(tx, "second").map(drop)
    })
    .await;
    // Account, group with its claim and badge with an event each; a tenant, 4 roles and a form.
    assert_eq!(failures, 13);
}

async fn keys_and_tokens_are_whole_or_nothing(world: World) {
    let new = NewKey {
        name: "ops".to_owned(),
        ..NewKey::default()
    };
    let make = new.clone();
    let old = world
        .directory
        .write(move |tx| keys::create(tx, &system(), &make))
        .await
        .unwrap();
    let (id, secret) = (old.id.clone(), old.secret.expose_secret().to_owned());
    let failures = whole_or_nothing(&world, move |tx| {
        keys::create(tx, &system(), &new)?;
        keys::issue_token(tx, &id, &secret.clone().into())?;
        keys::rotate(tx, &system(), &id)?;
        keys::revoke(tx, &system(), &id)
    })
    .await;
    // A key and its event, a token; the new secret, the token's end, an event; the key's
    // end and an event.
    assert!(failures >= 8, "{failures}");
}

async fn a_job_is_whole_or_nothing(world: World) {
    let directory = &world.directory;
    let account_id = given::account(directory, &system(), "Acme").await;
    let made = create(directory, &system(), &worker("w@example.org")).await;
    let worker_id = made.unwrap().user.id;
    let job = move |state: &str, tx: &Tx<'_>| Job {
        external_id: "job-1".to_owned(),
        name: None,
        worker_id,
        account_id,
        state: state.to_owned(),
        state_at: tx.now(),
        place: None,
    };
    let failures = whole_or_nothing(&world, move |tx| {
        jobs::put(tx, &system(), &job("filled", tx).into(), Default::default()).map(drop)?;
        jobs::put(
            tx,
            &system(),
            &job("completed", tx).into(),
            Default::default(),
        )
        .map(drop)
    })
    .await;
    // PostgreSQL's trigger fires for the row that is there already, too.
    assert!(failures >= 2, "{failures}");
}

async fn a_closure_that_fails_after_its_writes_leaves_nothing(world: World) {
    let directory = &world.directory;
    let before = contents(&world).await;
    let result: Result<(), Error> = directory
        .write(move |tx| {
            let change = UserChange {
                kind: Change::Set(UserKind::Worker),
                ..person("ada@example.org")
            };
            users::create(tx, &system(), &change, Violations::new(), ALL)?;
            Err(Error::Conflict("said after the writes"))
        })
        .await;
    assert!(matches!(
        result,
        Err(Error::Conflict("said after the writes"))
    ));
    assert_eq!(contents(&world).await, before);
    create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
}
