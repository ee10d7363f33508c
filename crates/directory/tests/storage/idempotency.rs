//! Requirement 4: the first answer is replayed, and a change is made once.

use std::time::Duration;

use directory::idempotency::{Answer, IdempotencyKey, keep, replay, reserve};
use directory::users::{self, UserChange, UserKey};
use directory::violation::{Rule, Violations};
use directory::{Actor, Directory, Error};

use crate::given::{self, ALL, broken, create, person, rule, set, system, tenant};
use crate::harness::World;

on_each_engine!(
    the_first_answer_is_replayed_for_24_hours,
    another_request_with_the_key_is_refused,
    a_key_belongs_to_its_tenant_principal_and_route,
    a_refused_request_leaves_its_key_unused,
    a_key_reserved_without_an_answer_is_unused,
    creates_with_one_key_at_once_make_one_user_and_one_answer,
    updates_of_one_version_with_one_key_at_once_get_one_answer,
);

fn key(key: &str) -> IdempotencyKey {
    IdempotencyKey {
        principal: "key:1-abc".to_owned(),
        route: "POST /v1/users".to_owned(),
        key: key.to_owned(),
        request_hash: "hash".to_owned(),
    }
}

fn answer(body: &str) -> Answer {
    Answer {
        status: 201,
        location: Some("/v1/users/1".to_owned()),
        etag: Some("\"1\"".to_owned()),
        body: body.to_owned(),
    }
}

/// A request as the server runs it: the kept answer, else change and keep.
async fn request(
    directory: &Directory,
    actor: &Actor,
    key: IdempotencyKey,
    change: UserChange,
) -> Result<Answer, Error> {
    let actor = actor.clone();
    directory
        .write(move |tx| {
            if let Some(answer) = reserve(tx, &actor, &key)? {
                return Ok(answer);
            }
            let view = users::create(tx, &actor, &change, Violations::new(), ALL)?;
            let answer = answer(&format!("user {} 👩‍🚀 \"{{}}\"", view.user.id));
            keep(tx, &actor, &key, &answer)?;
            Ok(answer)
        })
        .await
}

async fn count(directory: &Directory, actor: &Actor) -> usize {
    given::list(directory, actor, &Default::default())
        .await
        .len()
}

async fn the_first_answer_is_replayed_for_24_hours(world: World) {
    let directory = &world.directory;
    let ada = || person("ada@example.org");
    let first = request(directory, &system(), key("k"), ada())
        .await
        .unwrap();
    world
        .clock
        .advance(Duration::from_secs(24 * 3_600) - Duration::from_millis(1));
    let other = world.another().await;
    let again = request(&other, &system(), key("k"), ada()).await.unwrap();
    assert_eq!(again, first);
    let read = other.read(|tx| replay(tx, &system(), &key("k"))).await;
    assert_eq!(read.unwrap(), Some(first.clone()));
    world.clock.advance(Duration::from_millis(1));
    let read = other.read(|tx| replay(tx, &system(), &key("k"))).await;
    assert_eq!(read.unwrap(), None);
    let late = request(directory, &system(), key("k"), ada()).await;
    assert_eq!(broken(late), rule("email", Rule::Taken));
    let late = request(directory, &system(), key("k"), person("grace@example.org")).await;
    assert_ne!(late.unwrap(), first);
    assert_eq!(count(directory, &system()).await, 2);
}

async fn another_request_with_the_key_is_refused(world: World) {
    let directory = &world.directory;
    request(directory, &system(), key("k"), person("ada@example.org"))
        .await
        .unwrap();
    let other = IdempotencyKey {
        request_hash: "another".to_owned(),
        ..key("k")
    };
    let refused = request(directory, &system(), other, person("grace@example.org")).await;
    let with = "the first request";
    assert_eq!(
        broken(refused),
        rule("Idempotency-Key", Rule::Mismatch { with })
    );
    assert_eq!(count(directory, &system()).await, 1);
}

async fn a_key_belongs_to_its_tenant_principal_and_route(world: World) {
    let directory = &world.directory;
    let stranger = tenant(directory, "stranger").await;
    let others = [
        key("k2"),
        IdempotencyKey {
            principal: "key:1-xyz".to_owned(),
            ..key("k")
        },
        IdempotencyKey {
            route: "POST /users".to_owned(),
            ..key("k")
        },
    ];
    let mut seen = vec![
        request(directory, &system(), key("k"), person("0@example.org"))
            .await
            .unwrap(),
    ];
    for (number, other) in others.into_iter().enumerate() {
        let change = person(&format!("{}@example.org", number + 1));
        let answer = request(directory, &system(), other, change).await.unwrap();
        assert!(!seen.contains(&answer), "{answer:?}");
        seen.push(answer);
    }
    let theirs = request(directory, &stranger, key("k"), person("0@example.org"))
        .await
        .unwrap();
    assert!(!seen.contains(&theirs), "{theirs:?}");
}

async fn a_refused_request_leaves_its_key_unused(world: World) {
    let directory = &world.directory;
    create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let refused = request(directory, &system(), key("k"), person("ada@example.org")).await;
    assert_eq!(broken(refused), rule("email", Rule::Taken));
    request(directory, &system(), key("k"), person("grace@example.org"))
        .await
        .unwrap();
    assert_eq!(count(directory, &system()).await, 2);
}

async fn a_key_reserved_without_an_answer_is_unused(world: World) {
    let directory = &world.directory;
    let reserved = || directory.write(|tx| reserve(tx, &system(), &key("k")));
    assert_eq!(reserved().await.unwrap(), None);
    let read = directory.read(|tx| replay(tx, &system(), &key("k"))).await;
    assert_eq!(read.unwrap(), None);
    assert_eq!(reserved().await.unwrap(), None);
    let first = request(directory, &system(), key("k"), person("ada@example.org")).await;
    assert_eq!(reserved().await.unwrap(), Some(first.unwrap()));
}

async fn creates_with_one_key_at_once_make_one_user_and_one_answer(world: World) {
    let other = world.another().await;
    for round in 0..10 {
        let running: Vec<_> = (0..8)
            .map(|writer| {
                let node = [&world.directory, &other][writer % 2].clone();
                let change = person(&format!("round{round}@example.org"));
                let key = key(&format!("round{round}"));
                tokio::spawn(async move { request(&node, &system(), key, change).await })
            })
            .collect();
        let mut answers = Vec::new();
        for each in running {
            answers.push(each.await.unwrap().unwrap());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(count(&other, &system()).await, round + 1);
    }
}

async fn updates_of_one_version_with_one_key_at_once_get_one_answer(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let id = made.user.id;
    for version in 1..8 {
        let running: Vec<_> = (0..4)
            .map(|_| {
                let node = directory.clone();
                let key = key(&format!("version{version}"));
                let change = UserChange {
                    city: set(&format!("city {version}")),
                    ..UserChange::default()
                };
                tokio::spawn(async move {
                    node.write(move |tx| {
                        let actor = system();
                        if let Some(answer) = reserve(tx, &actor, &key)? {
                            return Ok(answer);
                        }
                        let of = UserKey::Id(id);
                        let from = Some(&[version][..]);
                        let none = Violations::new();
                        let view = users::update(tx, &actor, &of, from, &change, none, ALL)?;
                        let answer = answer(&format!("version {}", view.user.version));
                        keep(tx, &actor, &key, &answer)?;
                        Ok(answer)
                    })
                    .await
                })
            })
            .collect();
        for each in running {
            let answer = each.await.unwrap().unwrap();
            assert_eq!(answer.body, format!("version {}", version + 1));
        }
    }
}
