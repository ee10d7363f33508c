//! Invitations sent again, taken back and run out: each once, whoever does it at the same moment,
//! and nobody who is invited is left without a message.

use std::collections::BTreeSet;
use std::time::Duration;

use directory::deliveries::{EMAIL, SMS};
use directory::event::EventType;
use directory::invitations::{self, EXPIRED_AT_ONCE, Link};
use directory::model::{GroupPermission, InvitationKind, InvitationState};
use directory::users::{Change, INVITATION_LIFETIME, UserChange, UserKey};
use directory::{Actor, Directory, Error};

use crate::given::{
    self, create, email, erase, history, invitations_of, person, phone, system, tenant, update,
};
use crate::harness::World;
use crate::invitations::{
    accept, grant, invited, invited_worker, letter, lifetime, open, opened, resend, revoke, states,
    taken, the_token, tokens,
};

on_each_engine!(
    what_ends_at_one_moment_ends_once,
    an_answer_and_a_new_message_at_one_moment_do_not_both_count,
    revoking_what_spoke_for_others_sends_the_others,
    revoking_before_the_message_is_made_sends_the_others,
    revoking_what_spoke_for_nobody_sends_nothing,
    what_nothing_can_be_sent_to_is_not_sent_again,
    an_invitation_that_ran_out_is_told_of_once_until_it_is_sent_again,
    what_ran_out_is_told_in_batches_and_once_by_several_nodes,
    what_ended_never_runs_out,
);

/// The events of an invitation.
async fn told(directory: &Directory, id: i64) -> Vec<String> {
    let events = history(directory, &system(), "invitation", id).await;
    events.into_iter().map(|each| each.event_type).collect()
}

async fn expire(directory: &Directory, actor: &Actor) -> usize {
    let tenant = actor.tenant;
    let told = directory.write(move |tx| invitations::expire(tx, tenant));
    told.await.unwrap()
}

/// A person invited to two groups, by one message: their number and those of the invitations.
async fn invited_twice(world: &World) -> (i64, [i64; 2]) {
    let directory = &world.directory;
    let sales = given::group(directory, &system(), "Sales").await.id;
    let legal = given::group(directory, &system(), "Legal").await.id;
    let change = UserChange {
        groups: vec![
            grant(sales, GroupPermission::Admin),
            grant(legal, GroupPermission::ReadTeam),
        ],
        ..person("ada@example.org")
    };
    let change = invited(change, InvitationKind::Verify);
    let made = create(directory, &system(), &change).await.unwrap();
    let all = states(world, made.user.id).await;
    assert_eq!(all.len(), 2);
    (made.user.id, [all[0].0, all[1].0])
}

async fn what_ends_at_one_moment_ends_once(world: World) {
    let (directory, another) = (&world.directory, world.another().await);
    for round in 0..20 {
        let change = invited(
            person(&format!("{round}@example.org")),
            InvitationKind::Invite,
        );
        let made = create(directory, &system(), &change).await.unwrap();
        let token = the_token(directory, EMAIL).await;
        let (id, _) = states(&world, made.user.id).await[0];
        let (node, secret) = (directory.clone(), token.clone());
        let answer = tokio::spawn(async move { accept(&node, &secret).await });
        let revoked: Vec<_> = [another.clone(), directory.clone()]
            .into_iter()
            .map(|node| tokio::spawn(async move { revoke(&node, &system(), id).await }))
            .collect();
        let mut ends = 0;
        match answer.await.unwrap().unwrap() {
            Link::Open(_) => ends += 1,
            Link::Ended(state) => assert_eq!(state, InvitationState::Revoked),
        }
        for each in revoked {
            match each.await.unwrap() {
                Ok(()) => ends += 1,
                Err(Error::Conflict(_)) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(ends, 1, "round {round}");
        let told = told(directory, id).await;
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.contains(&"invitation_created".to_owned()), "{told:?}");
    }
}

async fn an_answer_and_a_new_message_at_one_moment_do_not_both_count(world: World) {
    let (directory, another) = (&world.directory, world.another().await);
    for round in 0..20 {
        let change = invited(
            person(&format!("{round}@example.org")),
            InvitationKind::Invite,
        );
        let made = create(directory, &system(), &change).await.unwrap();
        let old = the_token(directory, EMAIL).await;
        let (id, _) = states(&world, made.user.id).await[0];
        world.clock.advance(Duration::from_secs(1));
        let (node, secret) = (directory.clone(), old.clone());
        let answer = tokio::spawn(async move { accept(&node, &secret).await });
        let (first, second) = (another.clone(), directory.clone());
        let again = [first, second]
            .map(|node| tokio::spawn(async move { resend(&node, &system(), id).await }));
        let accepted = match answer.await.unwrap() {
            Ok(Link::Open(_)) => true,
            // Who is faster with a new message ends the secret.
            Err(Error::NotFound) => false,
            other => panic!("{other:?}"),
        };
        let mut sent = 0;
        for each in again {
            match each.await.unwrap() {
                Ok(()) => sent += 1,
                Err(Error::Conflict(_)) => assert!(accepted),
                Err(other) => panic!("{other:?}"),
            }
        }
        let told = told(directory, id).await;
        let created = told.iter().filter(|each| *each == "invitation_created");
        assert_eq!(created.count(), 1 + sent);
        // An answer by the old secret came before any new message.
        assert!(!accepted || sent == 0, "round {round}: {told:?}");
        tokens(directory, EMAIL).await;
    }
}

async fn revoking_what_spoke_for_others_sends_the_others(world: World) {
    let directory = &world.directory;
    let (user, [first, second]) = invited_twice(&world).await;
    let old = the_token(directory, EMAIL).await;
    world.clock.advance(Duration::from_secs(60));
    revoke(directory, &system(), first).await.unwrap();
    let ended = open(directory, &old).await.unwrap();
    assert_eq!(ended, Link::Ended(InvitationState::Revoked));
    let new = the_token(directory, EMAIL).await;
    let shown = opened(open(directory, &new).await);
    assert_eq!(shown.expires_at, world.now() + INVITATION_LIFETIME);
    opened(accept(directory, &new).await);
    let expected = [
        (first, InvitationState::Revoked),
        (second, InvitationState::Accepted),
    ];
    assert_eq!(states(&world, user).await, expected);
    let view = given::get(directory, &system(), UserKey::Id(user)).await;
    assert_eq!(view.unwrap().groups.len(), 1);
}

async fn revoking_before_the_message_is_made_sends_the_others(world: World) {
    let directory = &world.directory;
    let (_, [first, _]) = invited_twice(&world).await;
    // The first message is on its way by now, and finds nothing to send.
    let pending = taken(directory, &system(), EMAIL).await;
    assert_eq!(pending.len(), 1);
    world.clock.advance(Duration::from_secs(60));
    revoke(directory, &system(), first).await.unwrap();
    assert!(letter(directory, &system(), &pending[0]).await.is_none());
    let new = the_token(directory, EMAIL).await;
    opened(accept(directory, &new).await);
}

async fn revoking_what_spoke_for_nobody_sends_nothing(world: World) {
    let directory = &world.directory;
    let (_, [first, second]) = invited_twice(&world).await;
    let token = the_token(directory, EMAIL).await;
    // Less than the lease of the message that is being sent.
    world.clock.advance(Duration::from_secs(1));
    revoke(directory, &system(), second).await.unwrap();
    assert!(tokens(directory, EMAIL).await.is_empty());
    opened(open(directory, &token).await);
    // The last: there is nobody else to speak for.
    revoke(directory, &system(), first).await.unwrap();
    assert!(tokens(directory, EMAIL).await.is_empty());
    for id in [first, second] {
        let events = told(directory, id).await;
        assert_eq!(events, ["invitation_created", "invitation_revoked"]);
    }
}

async fn what_nothing_can_be_sent_to_is_not_sent_again(world: World) {
    let directory = &world.directory;
    let change = UserChange {
        email: Change::Keep,
        ..invited_worker()
    };
    let made = create(directory, &system(), &change).await.unwrap();
    let by_sms = the_token(directory, SMS).await;
    let changed = async |change: UserChange| {
        let key = UserKey::Id(made.user.id);
        update(directory, &system(), key, None, &change)
            .await
            .unwrap();
    };
    changed(UserChange {
        phone: Change::Clear,
        ..UserChange::default()
    })
    .await;
    let gone = open(directory, &by_sms).await;
    assert!(matches!(gone, Err(Error::NotFound)), "{gone:?}");
    let (id, _) = states(&world, made.user.id).await[0];
    let refused = resend(directory, &system(), id).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    assert_eq!(told(directory, id).await, ["invitation_created"]);
    // An email is preferred to a number, on sending again too.
    changed(UserChange {
        phone: phone("415 555 2671"),
        email: email("ada@example.org"),
        ..UserChange::default()
    })
    .await;
    resend(directory, &system(), id).await.unwrap();
    let by_email = the_token(directory, EMAIL).await;
    assert!(tokens(directory, SMS).await.is_empty());
    opened(accept(directory, &by_email).await);
}

async fn an_invitation_that_ran_out_is_told_of_once_until_it_is_sent_again(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let actor = Actor {
        account: Some(account),
        ..system()
    };
    let made = create(directory, &actor, &invited_worker()).await.unwrap();
    let (id, _) = states(&world, made.user.id).await[0];
    world.clock.advance(lifetime() - Duration::from_millis(1));
    assert_eq!(expire(directory, &system()).await, 0);
    world.clock.advance(Duration::from_millis(1));
    let due = directory.read(|tx| invitations::any_expired(tx, system().tenant));
    assert!(due.await.unwrap());
    let stranger = tenant(directory, "stranger").await;
    assert_eq!(expire(directory, &stranger).await, 0);
    assert_eq!(expire(directory, &system()).await, 1);
    assert_eq!(expire(directory, &system()).await, 0);
    let due = directory.read(|tx| invitations::any_expired(tx, system().tenant));
    assert!(!due.await.unwrap());
    let last = history(directory, &system(), "invitation", id).await.pop();
    let last = last.unwrap();
    assert_eq!(last.event_type, EventType::InvitationExpired.name());
    assert_eq!(last.account_id, Some(account));
    let state = states(&world, made.user.id).await[0].1;
    assert_eq!(state, InvitationState::Expired);
    // Sent again, it can run out again.
    resend(directory, &system(), id).await.unwrap();
    assert_eq!(expire(directory, &system()).await, 0);
    world.clock.advance(lifetime());
    assert_eq!(expire(directory, &system()).await, 1);
    let events = told(directory, id).await;
    let expired = events.iter().filter(|each| *each == "invitation_expired");
    assert_eq!(expired.count(), 2);
}

async fn what_ran_out_is_told_in_batches_and_once_by_several_nodes(world: World) {
    let (directory, another) = (&world.directory, world.another().await);
    let made = directory.write(|tx| {
        for number in 0..EXPIRED_AT_ONCE + 50 {
            let change = invited(
                person(&format!("{number}@example.org")),
                InvitationKind::Verify,
            );
            let include = directory::users::Include::default();
            directory::users::create(tx, &system(), &change, Default::default(), include)?;
        }
        Ok(())
    });
    made.await.unwrap();
    world.clock.advance(lifetime());
    let running: Vec<_> = [
        directory.clone(),
        another.clone(),
        directory.clone(),
        another,
    ]
    .into_iter()
    .map(|node| tokio::spawn(async move { expire(&node, &system()).await }))
    .collect();
    let mut counts = Vec::new();
    for each in running {
        counts.push(each.await.unwrap());
    }
    assert!(counts.iter().all(|count| *count <= EXPIRED_AT_ONCE));
    assert_eq!(
        counts.iter().sum::<usize>(),
        EXPIRED_AT_ONCE + 50,
        "{counts:?}"
    );
    let subjects: Vec<String> = directory
        .read(|tx| {
            let sql = "SELECT e.subject_id FROM events e WHERE e.type = 'invitation_expired'";
            tx.query(sql, &[], |row| row.text())
        })
        .await
        .unwrap();
    let different: BTreeSet<&String> = subjects.iter().collect();
    assert_eq!(subjects.len(), EXPIRED_AT_ONCE + 50);
    assert_eq!(different.len(), subjects.len());
}

async fn what_ended_never_runs_out(world: World) {
    let directory = &world.directory;
    let mut users = Vec::new();
    for number in 0..3 {
        let change = invited(
            person(&format!("{number}@example.org")),
            InvitationKind::Invite,
        );
        users.push(create(directory, &system(), &change).await.unwrap().user.id);
    }
    let by_email = tokens(directory, EMAIL).await;
    opened(accept(directory, &by_email[0]).await);
    let (second, _) = states(&world, users[1]).await[0];
    revoke(directory, &system(), second).await.unwrap();
    erase(directory, &system(), users[2]).await.unwrap();
    world.clock.advance(lifetime());
    assert_eq!(expire(directory, &system()).await, 0);
    assert_eq!(
        invitations_of(directory, &system(), users[1]).await.len(),
        1
    );
}
