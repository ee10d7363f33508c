//! Sessions: how they begin, who they are, and what ends them.

use std::time::Duration;

use directory::keys::{self, Credential, NewKey};
use directory::model::AccountRole;
use directory::password::PasswordHash;
use directory::permission::{Permission, PermissionSet};
use directory::sessions::{self, Client, Credentials, Method, Session, Started};
use directory::store::UserKey;
use directory::users::{AccountGrant, Change, RoleGrant, UserChange};
use directory::violation::{Path, Violations};
use directory::{Actor, Directory, Error, Principal, TenantId, Visibility};
use secrecy::ExposeSecret as _;

use crate::given::{self, create, history, person, system, tenant};
use crate::harness::World;

on_each_engine!(
    a_right_password_begins_a_session_and_its_token_is_the_user,
    wrong_unknown_suspended_and_without_a_password_are_told_alike,
    an_imported_hash_is_replaced_at_the_first_login,
    a_session_ends_with_time_and_without_use,
    a_session_ends_at_once_by_every_end_there_is,
    no_changed_or_cut_token_is_anybody,
    rights_are_of_the_place_and_follow_a_change_at_once,
    a_rotated_session_has_one_token,
    the_oldest_session_ends_when_there_are_too_many,
    a_session_of_a_key_acts_and_ends_with_it,
    sessions_that_are_over_are_deleted,
);

const PASSWORD: &str = "tide plank ferry orbit";

pub(crate) async fn hashed(directory: &Directory, password: &str) -> PasswordHash {
    let password = Some(password.to_owned().into());
    let hash = directory.hash_password(password, &Violations::new()).await;
    hash.unwrap().unwrap()
}

/// A user with [`PASSWORD`], and what else the change says.
pub(crate) async fn user(directory: &Directory, email: &str, change: UserChange) -> i64 {
    let change = UserChange {
        email: given::email(email),
        password: Some(hashed(directory, PASSWORD).await),
        ..change
    };
    create(directory, &system(), &change).await.unwrap().user.id
}

pub(crate) async fn enter(
    directory: &Directory,
    email: &str,
    password: &str,
) -> Result<Started, Error> {
    let resolved = directory.resolve_login(TenantId(1), email).await?;
    let credentials = Credentials {
        password: password.to_owned().into(),
        new_password: None,
    };
    let client = Client {
        address: Some("192.0.2.1".to_owned()),
        agent: Some("a test".to_owned()),
    };
    directory
        .log_in(resolved, credentials, client, "request-2")
        .await
}

pub(crate) async fn token(directory: &Directory, email: &str) -> String {
    let started = enter(directory, email, PASSWORD).await.unwrap();
    started.token.expose_secret().to_owned()
}

pub(crate) async fn who(directory: &Directory, token: &str) -> Result<Actor, Error> {
    let credential = Credential::Bearer(token.to_owned().into());
    directory.authenticate(&credential).await
}

pub(crate) async fn is_nobody(directory: &Directory, token: &str) -> bool {
    matches!(who(directory, token).await, Err(Error::Unauthenticated))
}

pub(crate) fn member(account_id: i64, admin: bool) -> AccountGrant {
    AccountGrant {
        path: Path::field("accounts"),
        account_id,
        role: AccountRole::Member,
        admin,
        primary: false,
    }
}

pub(crate) fn role(name: &str, account_id: Option<i64>) -> RoleGrant {
    RoleGrant {
        path: Path::field("roles"),
        name: name.to_owned(),
        account_id,
    }
}

pub(crate) async fn sessions_of(directory: &Directory, user: i64) -> Vec<Session> {
    let list = directory.read(move |tx| sessions::list(tx, &system(), user, None, 200));
    list.await.unwrap().rows
}

async fn a_right_password_begins_a_session_and_its_token_is_the_user(world: World) {
    let directory = &world.directory;
    let id = user(directory, "Ada@Example.org", UserChange::default()).await;
    let started = enter(directory, " ADA@example.ORG", PASSWORD).await;
    let started = started.unwrap();
    let token = started.token.expose_secret().to_owned();
    assert!(token.starts_with("1-ses_"), "a prefix tells what it is");
    let actor = who(directory, &token).await.unwrap();
    assert_eq!(actor.principal, Principal::User(id));
    assert_eq!(actor.email.as_deref(), Some("Ada@Example.org"));
    assert_eq!(actor.session, Some(started.session.id));
    let view = given::get(directory, &system(), UserKey::Id(id)).await;
    assert_eq!(view.unwrap().user.last_login_at, Some(world.now()));
    let listed = sessions_of(directory, id).await;
    assert_eq!(listed, [started.session]);
    assert_eq!(listed[0].method, Method::Password);
    assert_eq!(listed[0].address.as_deref(), Some("192.0.2.1"));
    let events = history(directory, &system(), "user", id).await;
    let last = events.last().unwrap();
    assert_eq!(last.event_type, "user_logged_in");
    assert_eq!(
        (&*last.actor_type, &last.actor_id),
        ("user", &id.to_string())
    );
    assert_eq!(last.request_id, "request-2");
    assert!(!last.change.contains(&token[6..]), "no secret in an event");
}

async fn wrong_unknown_suspended_and_without_a_password_are_told_alike(world: World) {
    let directory = &world.directory;
    user(directory, "ada@example.org", UserChange::default()).await;
    let suspended = UserChange {
        suspended: Change::Set(true),
        ..UserChange::default()
    };
    user(directory, "sue@example.org", suspended).await;
    let bare = person("bare@example.org");
    create(directory, &system(), &bare).await.unwrap();
    let gone = user(directory, "gone@example.org", UserChange::default()).await;
    given::delete(directory, &system(), UserKey::Id(gone), None)
        .await
        .unwrap();
    let other = tenant(directory, "other").await;
    let foreign = UserChange {
        password: Some(hashed(directory, PASSWORD).await),
        ..person("eve@example.org")
    };
    create(directory, &other, &foreign).await.unwrap();
    for (email, password) in [
        ("ada@example.org", "tide plank ferry orbit "),
        ("ada@example.org", ""),
        ("ada@example.org", &*"x".repeat(2_000)),
        ("sue@example.org", PASSWORD),
        ("bare@example.org", PASSWORD),
        ("bare@example.org", ""),
        ("gone@example.org", PASSWORD),
        ("eve@example.org", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("no email", PASSWORD),
        ("", ""),
        ("a\0b@example.org", PASSWORD),
    ] {
        let refused = enter(directory, email, password).await;
        assert!(
            matches!(refused, Err(Error::Unauthenticated)),
            "{email} {password:.10}"
        );
    }
}

async fn an_imported_hash_is_replaced_at_the_first_login(world: World) {
    let directory = &world.directory;
    // bcrypt, cost 4.
    let foreign = "$2b$04$AqW1HvHbU5mOMPjI3MhIJOi4CdwRBOynpaqQCssERD.fEJavwj6ce";
    let change = UserChange {
        password: Some(PasswordHash::import(foreign).unwrap()),
        ..person("ada@example.org")
    };
    let id = create(directory, &system(), &change).await.unwrap().user.id;
    let stored = || async {
        let hash = directory.read(move |tx| directory::users::password_hash(tx, &system(), id));
        hash.await.unwrap().unwrap()
    };
    assert!(enter(directory, "ada@example.org", "wrong").await.is_err());
    assert!(!stored().await.is_current());
    for _ in 0..2 {
        let entered = enter(directory, "ada@example.org", "tide plank ferry é").await;
        assert!(entered.is_ok());
        assert!(stored().await.is_current());
    }
}

async fn a_session_ends_with_time_and_without_use(world: World) {
    let directory = &world.directory;
    user(directory, "ada@example.org", UserChange::default()).await;
    let idle = token(directory, "ada@example.org").await;
    let used = token(directory, "ada@example.org").await;
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    for _ in 0..8 {
        world.clock.advance(hours(20));
        assert!(who(directory, &used).await.is_ok(), "it was used in time");
    }
    assert!(is_nobody(directory, &idle).await, "24 hours without use");
    world
        .clock
        .advance(hours(7 * 24 - 8 * 20) - Duration::from_secs(1));
    assert!(who(directory, &used).await.is_ok());
    world.clock.advance(Duration::from_secs(1));
    assert!(is_nobody(directory, &used).await, "7 days are over");
    let other = world.another().await;
    assert!(is_nobody(&other, &used).await);
}

async fn a_session_ends_at_once_by_every_end_there_is(world: World) {
    let directory = &world.directory;
    let id = user(directory, "ada@example.org", UserChange::default()).await;
    let key = UserKey::Id(id);
    let change = |change: UserChange| {
        let key = key.clone();
        async move { given::update(directory, &system(), key, None, &change).await }
    };
    let begun = || async {
        let token = token(directory, "ada@example.org").await;
        who(directory, &token).await.unwrap();
        token
    };

    let left = begun().await;
    let actor = who(directory, &left).await.unwrap();
    let log_out = directory.write(move |tx| sessions::log_out(tx, &actor));
    log_out.await.unwrap();
    assert!(is_nobody(directory, &left).await);

    let revoked = begun().await;
    let number = who(directory, &revoked).await.unwrap().session.unwrap();
    let revoke = || directory.write(move |tx| sessions::revoke(tx, &system(), number));
    revoke().await.unwrap();
    assert!(is_nobody(directory, &revoked).await);
    assert!(matches!(revoke().await, Err(Error::NotFound)));

    let suspended = begun().await;
    let suspension = UserChange {
        suspended: Change::Set(true),
        ..UserChange::default()
    };
    change(suspension).await.unwrap();
    assert!(is_nobody(directory, &suspended).await);
    let reinstated = UserChange {
        suspended: Change::Set(false),
        ..UserChange::default()
    };
    change(reinstated).await.unwrap();
    assert!(
        is_nobody(directory, &suspended).await,
        "it does not come back"
    );

    let before = begun().await;
    let password = UserChange {
        password: Some(hashed(directory, PASSWORD).await),
        ..UserChange::default()
    };
    change(password).await.unwrap();
    assert!(
        is_nobody(directory, &before).await,
        "the password is another"
    );

    let deleted = begun().await;
    given::delete(directory, &system(), key.clone(), None)
        .await
        .unwrap();
    assert!(is_nobody(directory, &deleted).await);
    given::restore(directory, &system(), id).await.unwrap();
    assert!(
        is_nobody(directory, &deleted).await,
        "it does not come back"
    );
    let events = history(directory, &system(), "user", id).await;
    let outs = events
        .iter()
        .filter(|each| each.event_type == "user_logged_out");
    assert_eq!(outs.count(), 2, "what ended by itself is told by its cause");
}

async fn no_changed_or_cut_token_is_anybody(world: World) {
    let directory = &world.directory;
    user(directory, "ada@example.org", UserChange::default()).await;
    tenant(directory, "other").await;
    let token = token(directory, "ada@example.org").await;
    for end in 0..token.len() {
        assert!(is_nobody(directory, &token[..end]).await, "cut at {end}");
    }
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] ^= 1;
        let changed = String::from_utf8(changed).unwrap();
        assert!(is_nobody(directory, &changed).await, "{at} changed");
    }
    for other in [
        format!("{token}x"),
        format!("2{}", &token[1..]),
        token.to_uppercase(),
        format!("{}.{}", &token[..10], &token[10..]),
    ] {
        assert!(is_nobody(directory, &other).await, "{other}");
    }
    assert!(who(directory, &token).await.is_ok());
}

async fn rights_are_of_the_place_and_follow_a_change_at_once(world: World) {
    let directory = &world.directory;
    let first = given::account(directory, &system(), "First").await;
    let second = given::account(directory, &system(), "Second").await;
    let third = given::account(directory, &system(), "Third").await;
    let change = UserChange {
        accounts: vec![member(first, false), member(second, true)],
        roles: vec![role("manager", Some(first)), role("viewer", Some(third))],
        ..UserChange::default()
    };
    let id = user(directory, "ada@example.org", change).await;
    let token = token(directory, "ada@example.org").await;
    let actor = who(directory, &token).await.unwrap();
    assert_eq!(
        actor.visibility,
        Visibility::Account(first),
        "the primary one"
    );
    assert_eq!(actor.account, Some(first));
    let manages = [Permission::CreateUsers, Permission::UpdateUsers];
    assert!(manages.iter().all(|each| actor.permissions.contains(*each)));
    assert!(!actor.permissions.contains(Permission::DeleteUsers));
    let there = actor.clone().within_account(second);
    assert_eq!(there.permissions, PermissionSet::ACCOUNT_ADMIN);
    assert!(
        !actor.has_part_in(third),
        "a role where one is no member is none"
    );
    let nowhere = actor.within_account(third);
    assert_eq!(nowhere.permissions, PermissionSet::NONE);

    // Another account by an update: at once, in this session.
    let joins = UserChange {
        accounts: vec![member(third, false)],
        ..UserChange::default()
    };
    given::update(directory, &system(), UserKey::Id(id), None, &joins)
        .await
        .unwrap();
    let actor = who(directory, &token).await.unwrap().within_account(third);
    assert!(actor.permissions.contains(Permission::ReadUsers));
    assert!(!actor.permissions.contains(Permission::UpdateUsers));

    let everywhere = UserChange {
        roles: vec![role("superAdmin", None)],
        ..UserChange::default()
    };
    let root = user(directory, "root@example.org", everywhere).await;
    let token = self::token(directory, "root@example.org").await;
    let actor = who(directory, &token).await.unwrap();
    assert_eq!(actor.principal, Principal::User(root));
    assert_eq!(actor.visibility, Visibility::Tenant);
    assert_eq!(actor.permissions, PermissionSet::ALL);
    assert!(actor.has_part_in(third));
    let nobody = user(directory, "none@example.org", UserChange::default()).await;
    let token = self::token(directory, "none@example.org").await;
    let actor = who(directory, &token).await.unwrap();
    assert_eq!(actor.permissions, PermissionSet::NONE);
    let seen = given::get(directory, &actor, UserKey::Id(nobody)).await;
    assert!(matches!(seen, Err(Error::Forbidden(_))));
}

async fn a_rotated_session_has_one_token(world: World) {
    let directory = &world.directory;
    user(directory, "ada@example.org", UserChange::default()).await;
    let before = token(directory, "ada@example.org").await;
    let actor = who(directory, &before).await.unwrap();
    let rotated = directory.write(move |tx| sessions::rotate(tx, &actor));
    let after = rotated.await.unwrap().token.expose_secret().to_owned();
    assert!(is_nobody(directory, &before).await);
    assert!(who(directory, &after).await.is_ok());
}

async fn the_oldest_session_ends_when_there_are_too_many(world: World) {
    let directory = &world.directory;
    let id = user(directory, "ada@example.org", UserChange::default()).await;
    let begin = || async {
        let client = Client::default();
        let start = directory.write(move |tx| {
            sessions::start(tx, TenantId(1), id, Method::Passkey, &client, "request-3")
        });
        start.await.unwrap().token.expose_secret().to_owned()
    };
    let first = begin().await;
    let second = begin().await;
    for _ in 2..sessions::MAX_SESSIONS {
        begin().await;
    }
    assert!(who(directory, &first).await.is_ok());
    begin().await;
    assert!(is_nobody(directory, &first).await);
    assert!(who(directory, &second).await.is_ok());
}

async fn a_session_of_a_key_acts_and_ends_with_it(world: World) {
    let directory = &world.directory;
    let make = |owner: Option<&'static str>| {
        let new = NewKey {
            name: "crm".to_owned(),
            owner_email: owner.map(str::to_owned),
            scopes: vec!["users:read".to_owned()],
            ..NewKey::default()
        };
        directory.write(move |tx| keys::create(tx, &system(), &new))
    };
    let start = |key: &keys::MadeKey| {
        let (id, secret) = (key.id.clone(), key.secret.clone());
        directory.write(move |tx| {
            sessions::start_by_key(tx, &id, &secret, &Client::default(), "request-4")
        })
    };
    for owner in [None, Some("nobody@example.org")] {
        let key = make(owner).await.unwrap();
        assert!(matches!(start(&key).await, Err(Error::Forbidden(_))));
    }
    let id = user(directory, "ada@example.org", UserChange::default()).await;
    let key = make(Some("ada@example.org")).await.unwrap();
    let started = start(&key).await.unwrap();
    assert_eq!(started.session.user_id, id);
    let token = started.token.expose_secret().to_owned();
    let actor = who(directory, &token).await.unwrap();
    assert_eq!(actor.principal, Principal::Key(key.id.clone()));
    assert!(actor.permissions.contains(Permission::ReadUsers));
    assert!(!actor.permissions.contains(Permission::UpdateUsers));
    let revoked = key.id.clone();
    let revoke = directory.write(move |tx| keys::revoke(tx, &system(), &revoked));
    revoke.await.unwrap();
    assert!(is_nobody(directory, &token).await);
}

async fn sessions_that_are_over_are_deleted(world: World) {
    let directory = &world.directory;
    let id = user(directory, "ada@example.org", UserChange::default()).await;
    token(directory, "ada@example.org").await;
    let sweep = || directory.write(|tx| sessions::sweep(tx, TenantId(1)));
    assert!(!sweep().await.unwrap());
    assert_eq!(sessions_of(directory, id).await.len(), 1);
    world.clock.advance(Duration::from_secs(7 * 24 * 3_600));
    assert!(!sweep().await.unwrap());
    let left = directory.read(|tx| {
        let count = "SELECT count(*) FROM sessions WHERE tenant_id = 1";
        tx.query_one(count, &[], |row| row.int())
    });
    assert_eq!(left.await.unwrap(), 0);
}
