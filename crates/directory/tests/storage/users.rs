//! Users: what a change does, and what stands around them.

use std::time::Duration;

use directory::Error;
use directory::event::EventType;
use directory::model::{
    DeliveryChannel, GroupPermission, InvitationKind, NotificationPreference, User, UserStatus,
};
use directory::query::UserFilter;
use directory::users::{self, GroupGrant, InvitationRequest, UserChange, UserKey};
use directory::violation::{Path, Rule, Violations};

use crate::given::{self, create, delete, get, person, restore, set, system, tenant, update};
use crate::harness::World;
use crate::user_values::of_worker;

on_each_engine!(
    parts_that_an_older_program_left_as_they_were_are_asked_for,
    a_change_of_nothing_writes_nothing,
    a_deleted_user_is_not_found_and_comes_back_as_they_were,
    an_invited_user_is_pending_until_a_password_is_set,
    a_password_is_verified_and_never_shown,
    preferences_are_replaced_as_a_whole,
);

async fn a_change_of_nothing_writes_nothing(world: World) {
    let directory = &world.directory;
    let change = UserChange {
        first_name: set("Ada"),
        ..person("ada@example.org")
    };
    let made = create(directory, &system(), &change).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    for same in [UserChange::default(), change] {
        let key = UserKey::Id(made.user.id);
        let after = update(directory, &system(), key, None, &same)
            .await
            .unwrap();
        assert_eq!(after, made);
    }
    let events = given::history(directory, &system(), "user", made.user.id).await;
    assert_eq!(events.len(), 1);
}

async fn a_deleted_user_is_not_found_and_comes_back_as_they_were(world: World) {
    let directory = &world.directory;
    let mut plain = User::blank(0, String::new(), world.now());
    let team = given::group(directory, &system(), "Sales").await;
    let made = create(directory, &system(), &of_worker(&mut plain, team.id))
        .await
        .unwrap();
    let keys = [
        UserKey::Id(made.user.id),
        UserKey::Uid(made.user.uid.clone()),
        UserKey::Email("ada.lovelace@example.org".to_owned()),
    ];
    let early = restore(directory, &system(), made.user.id).await;
    assert!(matches!(early, Err(Error::NotFound)), "{early:?}");
    delete(directory, &system(), keys[0].clone(), None)
        .await
        .unwrap();
    for key in &keys {
        let absent = get(directory, &system(), key.clone()).await;
        assert!(matches!(absent, Err(Error::NotFound)), "{absent:?}");
        let again = delete(directory, &system(), key.clone(), None).await;
        assert!(matches!(again, Err(Error::NotFound)), "{again:?}");
        let change = person("new@example.org");
        let changed = update(directory, &system(), key.clone(), None, &change).await;
        assert!(matches!(changed, Err(Error::NotFound)), "{changed:?}");
    }
    let listed = given::list(directory, &system(), &UserFilter::default()).await;
    assert_eq!(listed, []);

    let back = restore(directory, &system(), made.user.id).await.unwrap();
    let mut expected = made.clone();
    expected.user.version = 3;
    assert_eq!(back, expected);
    for key in &keys {
        assert_eq!(get(directory, &system(), key.clone()).await.unwrap(), back);
    }
}

async fn an_invited_user_is_pending_until_a_password_is_set(world: World) {
    let directory = &world.directory;
    let group = given::group(directory, &system(), "Sales").await.id;
    let change = UserChange {
        groups: vec![GroupGrant {
            path: Path::field("groups"),
            group_id: group,
            permission: GroupPermission::ReadTeam,
        }],
        invitation: Some(InvitationRequest {
            redirect_to: Some("https://example.org/welcome".to_owned()),
            ..InvitationRequest::new(InvitationKind::Invite)
        }),
        ..person("ada@example.org")
    };
    let made = create(directory, &system(), &change).await.unwrap();
    assert_eq!(made.user.status(), UserStatus::Pending);
    assert_eq!(made.user.pending_since, Some(world.now()));
    assert_eq!(made.groups, [], "joined when the invitation is answered");
    let id = made.user.id;
    let out = given::invitations_of(directory, &system(), id).await;
    assert_eq!(out.len(), 1);
    let invitation = &out[0];
    assert_eq!(invitation.kind, InvitationKind::Invite);
    assert_eq!((invitation.user_id, invitation.group_id), (id, Some(group)));
    assert_eq!(invitation.permission, Some(3));
    assert_eq!(
        invitation.redirect_to.as_deref(),
        Some("https://example.org/welcome")
    );
    let lasts = invitation.expires_at.duration_since(invitation.created_at);
    assert_eq!(lasts, users::INVITATION_LIFETIME);

    let stranger = tenant(directory, "stranger").await;
    let theirs = given::invitations_of(directory, &stranger, id).await;
    assert_eq!(theirs, []);

    let hash = directory
        .hash_password(
            Some("tide plank ferry".to_owned().into()),
            &Violations::new(),
        )
        .await
        .unwrap();
    let change = UserChange {
        password: hash,
        ..UserChange::default()
    };
    let active = update(directory, &system(), UserKey::Id(id), None, &change)
        .await
        .unwrap();
    assert_eq!(active.user.status(), UserStatus::Active);
}

async fn a_password_is_verified_and_never_shown(world: World) {
    let directory = &world.directory;
    let hash = directory
        .hash_password(
            Some("tide plank ferry".to_owned().into()),
            &Violations::new(),
        )
        .await
        .unwrap();
    let change = UserChange {
        password: hash,
        ..person("ada@example.org")
    };
    let made = create(directory, &system(), &change).await.unwrap();
    let id = made.user.id;
    let stored = directory
        .read(move |tx| users::password_hash(tx, &system(), id))
        .await
        .unwrap()
        .unwrap();
    for (password, right) in [("tide plank ferry", true), ("tide plank ferr", false)] {
        let verified = directory
            .verify_password(password.to_owned().into(), stored.clone())
            .await;
        assert_eq!(verified.unwrap(), right, "{password}");
    }
    assert!(!format!("{made:?} {stored:?}").contains("argon2"));
    let stranger = tenant(directory, "stranger").await;
    let theirs = directory
        .read(move |tx| users::password_hash(tx, &stranger, id))
        .await;
    assert_eq!(theirs.unwrap(), None);
}

async fn preferences_are_replaced_as_a_whole(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let rule_for = |event, account_id, channels: &[DeliveryChannel]| NotificationPreference {
        event,
        account_id,
        channels: channels.to_vec(),
    };
    let first = vec![
        rule_for(EventType::UserCreated, None, &DeliveryChannel::ALL),
        rule_for(EventType::UserDeleted, None, &[]),
        rule_for(
            EventType::UserCreated,
            Some(account),
            &[DeliveryChannel::Sms],
        ),
    ];
    let with = |preferences: &[NotificationPreference]| UserChange {
        preferences: Some(preferences.to_vec()),
        ..person("ada@example.org")
    };
    let made = create(directory, &system(), &with(&first)).await.unwrap();
    assert_eq!(made.preferences, first);
    let key = UserKey::Id(made.user.id);
    let second = [rule_for(
        EventType::TeamCreated,
        None,
        &[DeliveryChannel::Email],
    )];
    let changed = update(directory, &system(), key.clone(), None, &with(&second))
        .await
        .unwrap();
    assert_eq!(changed.preferences, second);
    // One rule for an event in an account: two cannot both hold.
    let twice = [
        second[0].clone(),
        rule_for(EventType::TeamCreated, None, &[]),
    ];
    let refused = update(directory, &system(), key.clone(), None, &with(&twice)).await;
    assert_eq!(
        given::broken(refused),
        given::rule("notification_preferences", Rule::Taken)
    );
    let none = update(directory, &system(), key, None, &with(&[]))
        .await
        .unwrap();
    assert_eq!(none.preferences, []);
}

/// A program that knows nothing of the column `parts` writes another version and leaves it.
async fn parts_that_an_older_program_left_as_they_were_are_asked_for(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let inside = system().within_account(account);
    let made = create(directory, &inside, &person("a@example.org"))
        .await
        .unwrap();
    let id = made.user.id;
    let run = async |sql: &'static str| {
        let run = directory.write(move |tx| tx.execute(sql, &[id.into()]));
        assert_eq!(run.await.unwrap(), 1);
    };
    let accounts = async || {
        let found = get(directory, &system(), UserKey::Id(id)).await.unwrap();
        found.accounts.len()
    };
    assert_eq!(accounts().await, 1);
    run("UPDATE users SET parts = version * 32 WHERE id = $1").await;
    assert_eq!(accounts().await, 0, "what the column says is believed");
    run("UPDATE users SET version = version + 1 WHERE id = $1").await;
    assert_eq!(accounts().await, 1, "of its own version alone");
    let change = UserChange {
        title: set("Engineer"),
        ..UserChange::default()
    };
    update(directory, &system(), UserKey::Id(id), None, &change)
        .await
        .unwrap();
    assert_eq!(accounts().await, 1, "and not of what was written after");
}
