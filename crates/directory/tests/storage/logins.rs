//! What a login writes of its user, and what comes of one at the moment of a suspension.

use std::time::Duration;

use directory::Error;
use directory::model::GroupPermission;
use directory::sessions::{self, Client, Method};
use directory::store::{Tx, UserKey};
use directory::users::{Change, GroupGrant, UserChange};
use directory::violation::Path;

use crate::given::{self, system};
use crate::harness::World;
use crate::sessions::{member, sessions_of, token, user};

on_each_engine!(
    logins_and_a_suspension_at_once_leave_no_session,
    a_login_changes_nothing_of_the_user_but_the_time_of_it,
);

async fn logins_and_a_suspension_at_once_leave_no_session(world: World) {
    let directory = &world.directory;
    let id = user(directory, "ada@example.org", UserChange::default()).await;
    for _ in 0..20 {
        // As passkeys let in: nothing is hashed first, so both reach the database at once.
        let logins = (0..6).map(|_| {
            let directory = directory.clone();
            let begin = move |tx: &Tx<'_>| {
                let (method, client) = (Method::Passkey, Client::default());
                sessions::start(tx, system().tenant, id, method, &client, "request-1").map(drop)
            };
            tokio::spawn(async move { directory.write(begin).await })
        });
        let logins: Vec<_> = logins.collect();
        let suspend = |suspended: bool| UserChange {
            suspended: Change::Set(suspended),
            ..UserChange::default()
        };
        given::update(directory, &system(), UserKey::Id(id), None, &suspend(true))
            .await
            .unwrap();
        for login in logins {
            let begun = login.await.unwrap();
            assert!(
                matches!(begun, Ok(()) | Err(Error::Unauthenticated)),
                "{begun:?}"
            );
        }
        assert_eq!(sessions_of(directory, id).await, []);
        given::update(directory, &system(), UserKey::Id(id), None, &suspend(false))
            .await
            .unwrap();
    }
}

async fn a_login_changes_nothing_of_the_user_but_the_time_of_it(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let team = given::group(directory, &system(), "Sales").await;
    let change = UserChange {
        accounts: vec![member(account, false)],
        groups: vec![GroupGrant {
            path: Path::field("groups"),
            group_id: team.id,
            permission: GroupPermission::ReadTeam,
        }],
        title: Change::Set("Engineer".to_owned()),
        ..UserChange::default()
    };
    let id = user(directory, "ada@example.org", change).await;
    let seen = async || {
        given::get(directory, &system(), UserKey::Id(id))
            .await
            .unwrap()
    };
    let run = async |sql: &'static str| {
        let run = directory.write(move |tx| tx.execute(sql, &[id.into()]));
        assert_eq!(run.await.unwrap(), 1);
    };
    let before = seen().await;
    assert_eq!((before.accounts.len(), before.groups.len()), (1, 1));
    let mut after = before.clone();
    for _ in 0..2 {
        world.clock.advance(Duration::from_secs(1));
        token(directory, "ada@example.org").await;
        after.user.last_login_at = Some(world.now());
        after.user.version += 1;
        assert_eq!(seen().await, after);
    }
    run("UPDATE users SET parts = version * 32 WHERE id = $1").await;
    token(directory, "ada@example.org").await;
    assert_eq!(seen().await.accounts, [], "what the column says is kept");
    run("UPDATE users SET version = version + 1 WHERE id = $1").await;
    token(directory, "ada@example.org").await;
    assert_eq!(
        seen().await.accounts,
        before.accounts,
        "of its own version alone"
    );
}
