//! What is taken away, and what is counted, by several writers at the same moment.

use directory::groups::Reach;
use directory::groups::members as group_members;
use directory::model::{GroupPermission, InvitationKind};
use directory::query::Window;
use directory::store::Tx;
use directory::users::UserChange;
use directory::violation::Violations;
use directory::webhooks::{self, MAX_WEBHOOKS, WebhookChange};
use directory::{Directory, Error, invitations, members, sessions};

use crate::deliveries::webhook;
use crate::given::{self, create, history, person, system};
use crate::harness::World;
use crate::invitations::{grant, invited};
use crate::races::at_once;
use crate::sessions::{member, token, user, who};

on_each_engine!(
    a_part_in_a_group_ends_once,
    a_part_in_an_account_ends_once,
    a_session_ends_once,
    an_invitation_is_taken_back_once,
    the_same_webhook_asked_for_at_once_is_one,
    there_are_never_more_webhooks_than_there_may_be,
);

const WRITERS: usize = 24;
const ROUNDS: usize = 15;

/// One succeeded; to the others it was gone.
fn assert_once(results: Vec<Result<(), Error>>) {
    let mut ended = 0;
    for result in results {
        match result {
            Ok(()) => ended += 1,
            Err(Error::NotFound | Error::Conflict(_)) => {}
            Err(cause) => panic!("{cause:?}"),
        }
    }
    assert_eq!(ended, 1);
}

/// How often an event was told of a user or a group whose change holds a text.
async fn told(directory: &Directory, of: &'static str, id: i64, kind: &str, holds: &str) -> usize {
    let all = history(directory, &system(), of, id).await;
    let meant = all
        .iter()
        .filter(|each| each.event_type == kind && each.change.contains(holds));
    meant.count()
}

async fn a_part_in_a_group_ends_once(world: World) {
    let directory = &world.directory;
    let group = given::group(directory, &system(), "Sales").await.id;
    for round in 0..ROUNDS {
        let change = UserChange {
            groups: vec![grant(group, GroupPermission::ReadTeam)],
            ..person(&format!("u{round}@example.org"))
        };
        let made = create(directory, &system(), &change).await.unwrap();
        let window = Window {
            limit: 1,
            offset: 0,
        };
        let listed = directory
            .read(move |tx| group_members::list(tx, &system(), Reach::Tenant, Some(group), window));
        let id = listed.await.unwrap().rows[0].id;
        let results = at_once(&[directory], WRITERS, |node, _| async move {
            let remove = move |tx: &Tx<'_>| group_members::remove(tx, &system(), Reach::Tenant, id);
            node.write(remove).await
        })
        .await;
        assert_once(results);
        let user = made.user.id;
        assert_eq!(told(directory, "user", user, "user_updated", "").await, 1);
    }
    let left = told(directory, "group", group, "team_updated", "\"old\"").await;
    assert_eq!(left, ROUNDS);
}

async fn a_part_in_an_account_ends_once(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    for round in 0..ROUNDS {
        let change = UserChange {
            accounts: vec![member(account, false)],
            ..UserChange::default()
        };
        let id = user(directory, &format!("u{round}@example.org"), change).await;
        let results = at_once(&[directory], WRITERS, |node, _| async move {
            let remove = move |tx: &Tx<'_>| members::remove(tx, &system(), account, id);
            node.write(remove).await
        })
        .await;
        assert_once(results);
        let kind = "user_removed_from_account";
        assert_eq!(told(directory, "user", id, kind, "").await, 1);
    }
}

async fn a_session_ends_once(world: World) {
    let directory = &world.directory;
    for round in 0..ROUNDS {
        let address = format!("u{round}@example.org");
        let id = user(directory, &address, UserChange::default()).await;
        let own = token(directory, &address).await;
        let session = who(directory, &own).await.unwrap().session.unwrap();
        let results = at_once(&[directory], WRITERS, |node, _| async move {
            let revoke = move |tx: &Tx<'_>| sessions::revoke(tx, &system(), session);
            node.write(revoke).await
        })
        .await;
        assert_once(results);
        let left = told(directory, "user", id, "user_logged_out", "").await;
        assert_eq!(left, 1);
    }
}

async fn an_invitation_is_taken_back_once(world: World) {
    let directory = &world.directory;
    for round in 0..ROUNDS {
        let change = person(&format!("u{round}@example.org"));
        let change = invited(change, InvitationKind::Invite);
        let made = create(directory, &system(), &change).await.unwrap();
        let out = given::invitations_of(directory, &system(), made.user.id).await;
        let id = out[0].id;
        let results = at_once(&[directory], WRITERS, |node, _| async move {
            let revoke = move |tx: &Tx<'_>| invitations::revoke(tx, &system(), id);
            node.write(revoke).await
        })
        .await;
        assert_once(results);
        let revoked = told(directory, "invitation", id, "invitation_revoked", "").await;
        assert_eq!(revoked, 1);
    }
}

async fn webhooks_of(directory: &Directory) -> usize {
    let listed = directory.read(|tx| webhooks::list(tx, &system(), None, 2 * MAX_WEBHOOKS));
    listed.await.unwrap().rows.len()
}

async fn the_same_webhook_asked_for_at_once_is_one(world: World) {
    let another = world.another().await;
    let directory = &world.directory;
    for round in 0..ROUNDS {
        let url = format!("https://example.org/{round}");
        let results = at_once(&[directory, &another], WRITERS, |node, _| {
            let url = url.clone();
            async move {
                let put = move |tx: &Tx<'_>| {
                    let change = WebhookChange {
                        url: Some(url.clone()),
                        ..WebhookChange::default()
                    };
                    webhooks::put(tx, &system(), &change, "sealed", |each| each.url == url)
                };
                node.write(put).await.map(|webhook| webhook.id)
            }
        })
        .await;
        let ids: Vec<i64> = results.into_iter().map(Result::unwrap).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(webhooks_of(directory).await, round + 1);
    }
}

async fn there_are_never_more_webhooks_than_there_may_be(world: World) {
    let another = world.another().await;
    let directory = &world.directory;
    for _ in 1..MAX_WEBHOOKS {
        webhook(directory, WebhookChange::default()).await;
    }
    for _ in 0..ROUNDS {
        let results = at_once(&[directory, &another], WRITERS, |node, _| async move {
            let create = move |tx: &Tx<'_>| {
                let change = WebhookChange {
                    url: Some("https://example.org/hook".to_owned()),
                    ..WebhookChange::default()
                };
                webhooks::create(tx, &system(), &change, "sealed", Violations::new())
            };
            node.write(create).await
        })
        .await;
        let refused = |each: &&Result<_, Error>| matches!(each, Err(Error::Conflict(_)));
        assert_eq!(results.iter().filter(refused).count(), WRITERS - 1);
        assert_eq!(webhooks_of(directory).await, MAX_WEBHOOKS);
        let made = results.into_iter().find_map(Result::ok).unwrap().id;
        let delete = move |tx: &Tx<'_>| webhooks::delete(tx, &system(), made, None);
        directory.write(delete).await.unwrap();
    }
}
