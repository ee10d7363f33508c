//! Requirements 5 and 6: what several writers do at the same moment.

use directory::model::UserView;
use directory::users::{BadgeChange, Change, UserChange, UserKey};
use directory::violation::Rule;
use directory::{Directory, Error};

use crate::given::{
    self, broken, create, delete, get, person, restore, rule, set, system, update, worker,
};
use crate::harness::World;

on_each_engine!(
    creates_of_one_email_at_once_make_one_user,
    creates_of_one_email_on_two_nodes_make_one_user,
    moves_to_one_email_at_once_succeed_once,
    crossing_claims_end_without_a_fault,
    two_updates_of_one_version_succeed_once,
    updates_of_different_fields_lose_nothing,
    many_updates_of_one_user_at_once_are_all_made,
    a_badge_given_twice_at_once_is_given_once,
    an_update_and_a_delete_of_one_version_succeed_once,
    restores_at_once_succeed_once,
    groups_of_one_name_made_at_once_have_slugs_of_their_own,
    tenants_of_one_name_made_at_once_are_one,
);

const WRITERS: usize = 24;
const ROUNDS: usize = 40;

/// Runs the same thing by several writers at once, in turns on the nodes.
pub(crate) async fn at_once<T, F, Done>(nodes: &[&Directory], writers: usize, run: F) -> Vec<T>
where
    T: Send + 'static,
    F: Fn(Directory, usize) -> Done,
    Done: Future<Output = T> + Send + 'static,
{
    let running: Vec<_> = (0..writers)
        .map(|writer| tokio::spawn(run(nodes[writer % nodes.len()].clone(), writer)))
        .collect();
    let mut results = Vec::new();
    for each in running {
        results.push(each.await.unwrap());
    }
    results
}

/// The one that succeeded; all others must have been told that the email is taken.
fn the_one_success(results: Vec<Result<UserView, Error>>) -> UserView {
    let mut made = Vec::new();
    for result in results {
        match result {
            Ok(view) => made.push(view),
            refused => assert_eq!(broken(refused), rule("email", Rule::Taken)),
        }
    }
    assert_eq!(made.len(), 1, "one success: {made:?}");
    made.pop().unwrap()
}

async fn rounds_of_creates(nodes: &[&Directory]) {
    for round in 0..ROUNDS {
        let address = format!("round{round}@example.org");
        let results = at_once(nodes, WRITERS, |node, _| {
            let change = person(&address);
            async move { create(&node, &system(), &change).await }
        })
        .await;
        let made = the_one_success(results);
        for node in nodes {
            let key = UserKey::Email(address.clone());
            assert_eq!(get(node, &system(), key).await.unwrap(), made);
        }
    }
    let all = given::list(nodes[0], &system(), &Default::default()).await;
    assert_eq!(all.len(), ROUNDS);
}

async fn creates_of_one_email_at_once_make_one_user(world: World) {
    rounds_of_creates(&[&world.directory]).await;
}

async fn creates_of_one_email_on_two_nodes_make_one_user(world: World) {
    let other = world.another().await;
    rounds_of_creates(&[&world.directory, &other]).await;
}

async fn moves_to_one_email_at_once_succeed_once(world: World) {
    let directory = &world.directory;
    let mut ids = Vec::new();
    for user in 0..WRITERS {
        let made = create(
            directory,
            &system(),
            &person(&format!("u{user}@example.org")),
        )
        .await;
        ids.push(made.unwrap().user.id);
    }
    let results = at_once(&[directory], WRITERS, |node, writer| {
        let key = UserKey::Id(ids[writer]);
        async move { update(&node, &system(), key, None, &person("one@example.org")).await }
    })
    .await;
    the_one_success(results);
}

/// Two users trade emails: each move wants what the other still has, or has just left.
async fn crossing_claims_end_without_a_fault(world: World) {
    let directory = &world.directory;
    let mut ids = Vec::new();
    for address in ["a@example.org", "b@example.org"] {
        let made = create(directory, &system(), &person(address)).await;
        ids.push(made.unwrap().user.id);
    }
    for round in 0..20 {
        let addresses = ["a@example.org", "b@example.org", "c@example.org"];
        let results = at_once(&[directory], 2, |node, writer| {
            let key = UserKey::Id(ids[writer]);
            let to = addresses[(writer + round) % 3];
            async move { update(&node, &system(), key, None, &person(to)).await }
        })
        .await;
        for result in results {
            match result {
                Ok(_) => {}
                refused => assert_eq!(broken(refused), rule("email", Rule::Taken)),
            }
        }
    }
    // Whoever has an address is found by it.
    for id in ids {
        let view = get(directory, &system(), UserKey::Id(id)).await.unwrap();
        let address = view.user.email.as_ref().unwrap().key().to_owned();
        let found = get(directory, &system(), UserKey::Email(address)).await;
        assert_eq!(found.unwrap(), view);
    }
}

async fn two_updates_of_one_version_succeed_once(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    for version in 1..20 {
        let results = at_once(&[directory], 2, |node, writer| {
            let key = UserKey::Id(made.user.id);
            let change = UserChange {
                city: Change::Set(format!("{version}-{writer}")),
                ..UserChange::default()
            };
            async move { update(&node, &system(), key, Some(version), &change).await }
        })
        .await;
        let mut changed = Vec::new();
        for result in results {
            match result {
                Ok(view) => changed.push(view),
                Err(Error::PreconditionFailed) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(changed.len(), 1);
        let read = get(directory, &system(), UserKey::Id(made.user.id)).await;
        assert_eq!(read.unwrap(), changed[0]);
        assert_eq!(changed[0].user.version, version + 1);
    }
}

async fn updates_of_different_fields_lose_nothing(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let other = world.another().await;
    for round in 0..10 {
        let value = format!("round {round}");
        let changes = [
            UserChange {
                first_name: set(&value),
                ..UserChange::default()
            },
            UserChange {
                last_name: set(&value),
                ..UserChange::default()
            },
            UserChange {
                city: set(&value),
                ..UserChange::default()
            },
            UserChange {
                state: set(&value),
                ..UserChange::default()
            },
            UserChange {
                title: set(&value),
                ..UserChange::default()
            },
            UserChange {
                address: set(&value),
                ..UserChange::default()
            },
            UserChange {
                external_id: set(&value),
                ..UserChange::default()
            },
            UserChange {
                gender: set(&value),
                ..UserChange::default()
            },
        ];
        let results = at_once(&[directory, &other], changes.len(), |node, writer| {
            let (key, change) = (UserKey::Id(made.user.id), changes[writer].clone());
            async move { update(&node, &system(), key, None, &change).await }
        })
        .await;
        for result in results {
            result.unwrap();
        }
        let user = get(directory, &system(), UserKey::Id(made.user.id))
            .await
            .unwrap()
            .user;
        for kept in [
            &user.first_name,
            &user.last_name,
            &user.city,
            &user.state,
            &user.title,
            &user.address,
            &user.external_id,
            &user.gender,
        ] {
            assert_eq!(kept.as_ref(), Some(&value));
        }
        assert_eq!(user.version, 1 + 8 * (round + 1));
    }
}

async fn many_updates_of_one_user_at_once_are_all_made(world: World) {
    let directory = &world.directory;
    let other = world.another().await;
    let made = create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let id = made.user.id;
    let results = at_once(&[directory, &other], WRITERS, |node, writer| async move {
        let change = UserChange {
            city: set(&format!("city {writer}")),
            ..UserChange::default()
        };
        update(&node, &system(), UserKey::Id(id), None, &change).await
    })
    .await;
    let mut versions: Vec<i64> = Vec::new();
    for result in results {
        versions.push(result.unwrap().user.version);
    }
    versions.sort_unstable();
    let each_once: Vec<i64> = (2..2 + i64::try_from(WRITERS).unwrap()).collect();
    assert_eq!(versions, each_once);
}

async fn a_badge_given_twice_at_once_is_given_once(world: World) {
    let directory = &world.directory;
    let badge = given::badge(directory, &system(), "Forklift").await;
    for round in 0..15 {
        let made = create(
            directory,
            &system(),
            &worker(&format!("w{round}@example.org")),
        )
        .await
        .unwrap();
        let key = UserKey::Id(made.user.id);
        let change = UserChange {
            badges: vec![BadgeChange {
                badge_id: Some(badge),
                ..BadgeChange::default()
            }],
            ..UserChange::default()
        };
        let results = at_once(&[directory], 4, |node, _| {
            let (key, change) = (key.clone(), change.clone());
            async move { update(&node, &system(), key, None, &change).await }
        })
        .await;
        let mut given_by = 0;
        for result in results {
            match result {
                Ok(_) => given_by += 1,
                refused => assert_eq!(broken(refused), rule("badge_id", Rule::Taken)),
            }
        }
        assert_eq!(given_by, 1);
        assert_eq!(
            get(directory, &system(), key).await.unwrap().badges.len(),
            1
        );
    }
}

async fn an_update_and_a_delete_of_one_version_succeed_once(world: World) {
    let directory = &world.directory;
    for round in 0..15 {
        let address = format!("u{round}@example.org");
        let made = create(directory, &system(), &person(&address))
            .await
            .unwrap();
        let results = at_once(&[directory], 2, |node, writer| {
            let key = UserKey::Id(made.user.id);
            async move {
                if writer == 0 {
                    delete(&node, &system(), key, Some(1)).await
                } else {
                    let change = UserChange {
                        city: set("London"),
                        ..UserChange::default()
                    };
                    update(&node, &system(), key, Some(1), &change)
                        .await
                        .map(drop)
                }
            }
        })
        .await;
        let (mut done, mut refused) = (0, 0);
        for result in results {
            match result {
                Ok(()) => done += 1,
                Err(Error::PreconditionFailed | Error::NotFound) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((done, refused), (1, 1));
    }
}

async fn restores_at_once_succeed_once(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let id = made.user.id;
    for _ in 0..10 {
        delete(directory, &system(), UserKey::Id(id), None)
            .await
            .unwrap();
        let results = at_once(&[directory], 4, |node, _| async move {
            restore(&node, &system(), id).await
        })
        .await;
        let mut restored = 0;
        for result in results {
            match result {
                Ok(_) => restored += 1,
                Err(Error::NotFound) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(restored, 1);
    }
}

async fn groups_of_one_name_made_at_once_have_slugs_of_their_own(world: World) {
    let other = world.another().await;
    let nodes = [&world.directory, &other];
    let groups = at_once(&nodes, 12, |node, _| async move {
        given::group(&node, &system(), "Sales & Ops").await
    })
    .await;
    let slugs: std::collections::BTreeSet<_> = groups.iter().map(|group| &group.slug).collect();
    assert_eq!(slugs.len(), 12, "{slugs:?}");
    assert!(slugs.contains(&"sales-ops".to_owned()), "{slugs:?}");
}

async fn tenants_of_one_name_made_at_once_are_one(world: World) {
    let other = world.another().await;
    let nodes = [&world.directory, &other];
    for name in ["acme", "initech", "globex", "hooli"] {
        let results = at_once(&nodes, 8, |node, _| async move {
            node.write(move |tx| directory::tenants::create(tx, name))
                .await
        })
        .await;
        let mut made = 0;
        for result in results {
            match result {
                Ok(_) => made += 1,
                refused => assert_eq!(broken(refused), rule("name", Rule::Taken)),
            }
        }
        assert_eq!(made, 1, "{name}");
    }
}
