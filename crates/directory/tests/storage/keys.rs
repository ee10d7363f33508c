//! API keys and access tokens: requirements 17, 18, 31 and 32.

use std::time::Duration;

use directory::keys::{self, Credential, Key, MadeKey, NewKey};
use directory::permission::{PermissionSet, Scope};
use directory::violation::Rule;
use directory::{Actor, Directory, Error, Principal, TenantId, Visibility};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use crate::given::{self, broken, rule, system, tenant};
use crate::harness::World;

/// After this, every node knows that a key has ended.
const KNOWN_ELSEWHERE: Duration = Duration::from_millis(250);

on_each_engine!(
    a_key_authenticates_as_what_it_was_made_for,
    no_prefix_cut_or_flipped_bit_of_a_credential_authenticates,
    what_is_stored_does_not_authenticate,
    a_revoked_key_and_its_tokens_end_at_once_here_and_within_a_second_elsewhere,
    a_rotated_keys_old_secret_and_tokens_end_at_once,
    a_key_ends_at_its_expiry,
    a_token_holds_for_24_hours,
    tokens_stand_beside_each_other,
    a_credential_of_another_tenant_authenticates_nobody,
    a_key_of_another_tenant_cannot_be_listed_rotated_or_revoked,
    keys_are_listed_without_their_secrets,
    a_keys_values_are_checked,
    nobody_makes_a_key_above_their_own_rights,
    nobody_rotates_a_key_above_their_own_rights,
    only_who_may_manage_keys_does,
);

async fn make(directory: &Directory, actor: &Actor, new: NewKey) -> Result<MadeKey, Error> {
    let actor = actor.clone();
    directory
        .write(move |tx| keys::create(tx, &actor, &new))
        .await
}

fn named(name: &str) -> NewKey {
    NewKey {
        name: name.to_owned(),
        ..NewKey::default()
    }
}

fn pair(id: &str, secret: &str) -> Credential {
    Credential::Key {
        id: id.to_owned(),
        secret: secret.to_owned().into(),
    }
}

fn token_alone(token: &str) -> Credential {
    Credential::Bearer(token.to_owned().into())
}

async fn authenticate(directory: &Directory, id: &str, secret: &str) -> Result<Actor, Error> {
    directory.authenticate(&pair(id, secret)).await
}

async fn bearer(directory: &Directory, token: &str) -> Result<Actor, Error> {
    directory.authenticate(&token_alone(token)).await
}

async fn issue(directory: &Directory, key: &MadeKey) -> Result<(String, Timestamp), Error> {
    let (id, secret) = (key.id.clone(), key.secret.clone());
    let (token, expires) = directory
        .write(move |tx| keys::issue_token(tx, &id, &secret))
        .await?;
    Ok((token.expose_secret().to_owned(), expires))
}

fn refused<T: std::fmt::Debug>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Unauthenticated))
}

async fn revoke(directory: &Directory, actor: &Actor, id: &str) -> Result<(), Error> {
    let (actor, id) = (actor.clone(), id.to_owned());
    directory
        .write(move |tx| keys::revoke(tx, &actor, &id))
        .await
}

async fn rotate(directory: &Directory, actor: &Actor, id: &str) -> Result<MadeKey, Error> {
    let (actor, id) = (actor.clone(), id.to_owned());
    directory
        .write(move |tx| keys::rotate(tx, &actor, &id))
        .await
}

async fn list(directory: &Directory, actor: &Actor) -> Result<Vec<Key>, Error> {
    let actor = actor.clone();
    directory.read(move |tx| keys::list(tx, &actor)).await
}

async fn a_key_authenticates_as_what_it_was_made_for(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let plain = make(directory, &system(), named("plain")).await.unwrap();
    let bound = NewKey {
        account_id: Some(account),
        owner_email: Some("Owner@example.org".to_owned()),
        scopes: vec!["users:read".to_owned(), "keys:write".to_owned()],
        ..named("bound")
    };
    let bound = make(directory, &system(), bound).await.unwrap();
    let pool = NewKey {
        account_id: Some(account),
        public_pool: true,
        ..named("pool")
    };
    let pool = make(directory, &system(), pool).await.unwrap();

    let actor = authenticate(directory, &plain.id, plain.secret.expose_secret())
        .await
        .unwrap();
    assert_eq!(actor.tenant, TenantId(1));
    assert_eq!(actor.principal, Principal::Key(plain.id.clone()));
    assert_eq!(actor.permissions, PermissionSet::ALL);
    assert_eq!(
        (actor.account, actor.visibility),
        (None, Visibility::Tenant)
    );
    let (token, _) = issue(directory, &bound).await.unwrap();
    for actor in [
        authenticate(directory, &bound.id, bound.secret.expose_secret()).await,
        bearer(directory, bound.token().expose_secret()).await,
        bearer(directory, &token).await,
    ] {
        let actor = actor.unwrap();
        let scopes = Scope::UsersRead
            .permissions()
            .union(Scope::KeysWrite.permissions());
        assert_eq!(actor.permissions, scopes);
        assert_eq!(actor.account, Some(account));
        assert_eq!(actor.visibility, Visibility::Tenant);
        assert_eq!(actor.email.as_deref(), Some("Owner@example.org"));
    }
    let actor = bearer(directory, pool.token().expose_secret())
        .await
        .unwrap();
    assert_eq!(actor.visibility, Visibility::PublicPool { account });
}

/// Every prefix, every cut at the front, every flipped bit that is text still, and more.
fn spoiled(credential: &str) -> Vec<String> {
    let mut all = Vec::new();
    for cut in 0..credential.len() {
        all.push(credential[..cut].to_owned());
        all.push(credential[cut + 1..].to_owned());
    }
    for bit in 0..credential.len() * 8 {
        let mut bytes = credential.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        all.extend(String::from_utf8(bytes));
    }
    for around in ["\0", " ", "=", "a", "0", "\n", ".", "%"] {
        all.push(format!("{credential}{around}"));
        all.push(format!("{around}{credential}"));
    }
    all.extend([credential.to_uppercase(), credential.repeat(100)]);
    all.retain(|each| each != credential);
    all
}

async fn no_prefix_cut_or_flipped_bit_of_a_credential_authenticates(world: World) {
    let directory = &world.directory;
    let key = make(directory, &system(), named("ops")).await.unwrap();
    // A second key, so that a spoiled one could also hit another.
    make(directory, &system(), named("other")).await.unwrap();
    let (token, _) = issue(directory, &key).await.unwrap();
    let (id, secret) = (key.id.clone(), key.secret.expose_secret().to_owned());
    let whole = key.token().expose_secret().to_owned();
    assert_eq!(whole, format!("{id}.{secret}"));
    // What is right is remembered from here on, which must not make anything else right.
    for right in [pair(&id, &secret), token_alone(&token), token_alone(&whole)] {
        directory.authenticate(&right).await.unwrap();
    }
    let mut bad: Vec<Credential> = Vec::new();
    bad.extend(spoiled(&secret).iter().map(|bad| pair(&id, bad)));
    bad.extend(spoiled(&id).iter().map(|bad| pair(bad, &secret)));
    bad.extend(spoiled(&token).iter().map(|bad| token_alone(bad)));
    bad.extend(spoiled(&whole).iter().map(|bad| token_alone(bad)));
    bad.extend([&id, &secret].map(|bad| token_alone(bad)));
    bad.extend(["", ".", "-", "1-", "1-."].map(token_alone));
    // The same characters, cut elsewhere.
    let (front, back) = id.split_at(id.len() - 1);
    bad.push(pair(front, &format!("{back}{secret}")));
    bad.push(pair(&whole, ""));
    bad.push(pair("", &whole));
    for (place, credential) in bad.iter().enumerate() {
        let result = directory.authenticate(credential).await;
        assert!(refused(&result), "{place} of {}: {result:?}", bad.len());
    }
}

async fn what_is_stored_does_not_authenticate(world: World) {
    let directory = &world.directory;
    let key = make(directory, &system(), named("ops")).await.unwrap();
    issue(directory, &key).await.unwrap();
    let column =
        |sql: &'static str| directory.read(move |tx| tx.query_one(sql, &[], |row| row.text()));
    let of_key = column("SELECT secret_hash FROM keys WHERE tenant_id = 1")
        .await
        .unwrap();
    let of_token = column("SELECT secret_hash FROM access_tokens WHERE tenant_id = 1")
        .await
        .unwrap();
    assert!(!of_key.contains(key.secret.expose_secret()));
    for stolen in [&of_key, &of_token] {
        assert!(refused(&authenticate(directory, &key.id, stolen).await));
        assert!(refused(&bearer(directory, stolen).await));
        assert!(refused(&bearer(directory, &format!("1-{stolen}")).await));
    }
}

async fn a_revoked_key_and_its_tokens_end_at_once_here_and_within_a_second_elsewhere(world: World) {
    let directory = &world.directory;
    let other = world.another().await;
    let key = make(directory, &system(), named("ops")).await.unwrap();
    let (token, _) = issue(directory, &key).await.unwrap();
    for node in [directory, &other] {
        bearer(node, &token).await.unwrap();
        bearer(node, key.token().expose_secret()).await.unwrap();
    }
    revoke(directory, &system(), &key.id).await.unwrap();
    assert!(refused(&bearer(directory, &token).await));
    world.clock.advance(KNOWN_ELSEWHERE);
    for node in [directory, &other] {
        let secret = key.secret.expose_secret();
        assert!(refused(&authenticate(node, &key.id, secret).await));
        assert!(refused(&bearer(node, key.token().expose_secret()).await));
        assert!(refused(&bearer(node, &token).await));
        assert!(refused(&issue(node, &key).await));
    }
    for again in [
        revoke(directory, &system(), &key.id).await,
        rotate(directory, &system(), &key.id).await.map(drop),
        revoke(directory, &system(), "1-unknown").await,
    ] {
        assert!(matches!(again, Err(Error::NotFound)), "{again:?}");
    }
    let events = given::history(directory, &system(), "key", &key.id).await;
    let names: Vec<_> = events
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    assert_eq!(names, ["api_key_created", "api_key_deleted"]);
}

async fn a_rotated_keys_old_secret_and_tokens_end_at_once(world: World) {
    let directory = &world.directory;
    let other = world.another().await;
    let old = make(directory, &system(), named("ops")).await.unwrap();
    let (token, _) = issue(directory, &old).await.unwrap();
    for node in [directory, &other] {
        bearer(node, &token).await.unwrap();
    }
    let new = rotate(directory, &system(), &old.id).await.unwrap();
    assert_eq!(new.id, old.id);
    assert!(refused(&bearer(directory, &token).await));
    world.clock.advance(KNOWN_ELSEWHERE);
    for node in [directory, &other] {
        assert!(refused(
            &authenticate(node, &old.id, old.secret.expose_secret()).await
        ));
        assert!(refused(&bearer(node, &token).await));
        authenticate(node, &new.id, new.secret.expose_secret())
            .await
            .unwrap();
    }
    issue(directory, &new).await.unwrap();
}

async fn a_key_ends_at_its_expiry(world: World) {
    let directory = &world.directory;
    let hour = Duration::from_secs(3_600);
    let key = NewKey {
        expires_at: Some(world.now() + hour),
        ..named("ops")
    };
    let key = make(directory, &system(), key).await.unwrap();
    let (token, _) = issue(directory, &key).await.unwrap();
    world.clock.advance(hour - Duration::from_millis(1));
    authenticate(directory, &key.id, key.secret.expose_secret())
        .await
        .unwrap();
    bearer(directory, &token).await.unwrap();
    world.clock.advance(Duration::from_millis(1));
    assert!(refused(
        &authenticate(directory, &key.id, key.secret.expose_secret()).await
    ));
    assert!(refused(&bearer(directory, &token).await));
    assert!(refused(&issue(directory, &key).await));
}

async fn a_token_holds_for_24_hours(world: World) {
    let directory = &world.directory;
    let key = make(directory, &system(), named("ops")).await.unwrap();
    let (token, expires) = issue(directory, &key).await.unwrap();
    let day = Duration::from_secs(24 * 3_600);
    assert_eq!(expires, world.now() + day);
    world.clock.advance(day - Duration::from_millis(1));
    bearer(directory, &token).await.unwrap();
    world.clock.advance(Duration::from_millis(1));
    assert!(refused(&bearer(directory, &token).await));
    // The key itself goes on; what has expired is cleared by the next token.
    issue(directory, &key).await.unwrap();
    let left = directory
        .read(|tx| {
            let sql = "SELECT count(*) FROM access_tokens WHERE tenant_id = 1";
            tx.query_one(sql, &[], |row| row.int())
        })
        .await;
    assert_eq!(left.unwrap(), 1);
}

async fn tokens_stand_beside_each_other(world: World) {
    let directory = &world.directory;
    let key = make(directory, &system(), named("ops")).await.unwrap();
    let first = issue(directory, &key).await.unwrap().0;
    let second = issue(directory, &key).await.unwrap().0;
    assert_ne!(first, second);
    for token in [first, second] {
        bearer(directory, &token).await.unwrap();
    }
}

async fn a_credential_of_another_tenant_authenticates_nobody(world: World) {
    let directory = &world.directory;
    let stranger = tenant(directory, "stranger").await;
    let key = make(directory, &stranger, named("theirs")).await.unwrap();
    let (token, _) = issue(directory, &key).await.unwrap();
    let secret = key.secret.expose_secret();
    let actor = authenticate(directory, &key.id, secret).await.unwrap();
    assert_eq!(actor.tenant, stranger.tenant);
    assert_eq!(
        bearer(directory, &token).await.unwrap().tenant,
        stranger.tenant
    );
    let own = format!("{}-", stranger.tenant.0);
    for other in ["1-", "3-", "0-", "-", "99999999999999999999-", "-1-"] {
        let swap = |text: &str| text.replacen(&own, other, 1);
        assert_ne!(swap(&key.id), key.id);
        assert!(refused(
            &authenticate(directory, &swap(&key.id), secret).await
        ));
        assert!(refused(&bearer(directory, &swap(&token)).await));
    }
}

async fn a_key_of_another_tenant_cannot_be_listed_rotated_or_revoked(world: World) {
    let directory = &world.directory;
    let stranger = tenant(directory, "stranger").await;
    let key = make(directory, &stranger, named("theirs")).await.unwrap();
    assert!(list(directory, &system()).await.unwrap().is_empty());
    let revoked = revoke(directory, &system(), &key.id).await;
    assert!(matches!(revoked, Err(Error::NotFound)), "{revoked:?}");
    let rotated = rotate(directory, &system(), &key.id).await.map(drop);
    assert!(matches!(rotated, Err(Error::NotFound)), "{rotated:?}");
    authenticate(directory, &key.id, key.secret.expose_secret())
        .await
        .unwrap();
    // Nor was it written down that somebody tried.
    assert_eq!(
        given::history(directory, &system(), "key", &key.id).await,
        []
    );
}

async fn keys_are_listed_without_their_secrets(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let first = make(directory, &system(), named("first")).await.unwrap();
    world.clock.advance(Duration::from_millis(1));
    let new = NewKey {
        name: " second ".to_owned(),
        account_id: Some(account),
        owner_email: Some("owner@example.org".to_owned()),
        public_pool: true,
        scopes: vec!["users:read".to_owned(), "users:write".to_owned()],
        expires_at: Some(world.now() + Duration::from_millis(5)),
    };
    let second = make(directory, &system(), new.clone()).await.unwrap();
    revoke(directory, &system(), &first.id).await.unwrap();
    let listed = list(directory, &system()).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!((&listed[0].id, &listed[1].id), (&first.id, &second.id));
    assert_eq!(listed[0].revoked_at, Some(world.now()));
    let key = &listed[1];
    assert_eq!(key.name, "second");
    assert_eq!(key.account_id, new.account_id);
    assert_eq!(key.owner_email, new.owner_email);
    assert!(key.public_pool);
    assert_eq!(key.scopes, "users:read,users:write");
    assert_eq!(key.created_at, world.now());
    assert_eq!(key.expires_at, new.expires_at);
    assert_eq!(key.revoked_at, None);
}

async fn a_keys_values_are_checked(world: World) {
    let directory = &world.directory;
    let stranger = tenant(directory, "stranger").await;
    let theirs = given::account(directory, &stranger, "Theirs").await;
    let bad = NewKey {
        name: " ".to_owned(),
        account_id: Some(theirs),
        owner_email: Some("nobody".to_owned()),
        scopes: vec!["users:read".to_owned(), "users:fly".to_owned()],
        ..NewKey::default()
    };
    let expected = [
        ("name".to_owned(), Rule::Blank),
        (
            "scopes".to_owned(),
            Rule::NotIncluded {
                value: "users:fly".to_owned(),
            },
        ),
        ("owner".to_owned(), Rule::BadFormat),
        ("account".to_owned(), Rule::MustExist),
    ];
    assert_eq!(broken(make(directory, &system(), bad).await), expected);
    let pool = NewKey {
        public_pool: true,
        ..named("pool")
    };
    let refused = make(directory, &system(), pool).await;
    assert_eq!(broken(refused), rule("account", Rule::Blank));
    assert!(list(directory, &system()).await.unwrap().is_empty());
}

fn forbidden<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Forbidden(_)))
}

/// A caller with these scopes.
fn scoped(scopes: &[Scope]) -> Actor {
    Actor {
        permissions: scopes.iter().fold(PermissionSet::NONE, |set, scope| {
            set.union(scope.permissions())
        }),
        principal: Principal::Key("1-x".to_owned()),
        ..system()
    }
}

async fn nobody_makes_a_key_above_their_own_rights(world: World) {
    let directory = &world.directory;
    let manager = scoped(&[Scope::KeysWrite, Scope::UsersRead]);
    for scopes in [
        vec![],
        vec!["admin"],
        vec!["users:write"],
        vec!["keys:write", "users:write"],
    ] {
        let new = NewKey {
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            ..named("more")
        };
        assert!(
            forbidden(make(directory, &manager, new).await),
            "{scopes:?}"
        );
    }
    let same = NewKey {
        scopes: vec!["keys:write".to_owned(), "users:read".to_owned()],
        ..named("same")
    };
    make(directory, &manager, same).await.unwrap();

    // Who is bound to an account, or sees the Public Pool alone, makes no key that is not.
    let own = given::account(directory, &system(), "Own").await;
    let other = given::account(directory, &system(), "Other").await;
    let bound = Actor {
        account: Some(own),
        ..system()
    };
    for account_id in [None, Some(other)] {
        let new = NewKey {
            account_id,
            ..named("unbound")
        };
        assert!(
            forbidden(make(directory, &bound, new).await),
            "{account_id:?}"
        );
    }
    let new = NewKey {
        account_id: Some(own),
        ..named("bound")
    };
    make(directory, &bound, new.clone()).await.unwrap();
    let pool = Actor {
        visibility: Visibility::PublicPool { account: own },
        ..bound
    };
    assert!(forbidden(make(directory, &pool, new).await));
    assert_eq!(list(directory, &system()).await.unwrap().len(), 2);
}

async fn nobody_rotates_a_key_above_their_own_rights(world: World) {
    let directory = &world.directory;
    let own = given::account(directory, &system(), "Own").await;
    let all = make(directory, &system(), named("all")).await.unwrap();
    let read = NewKey {
        scopes: vec!["users:read".to_owned()],
        ..named("read")
    };
    let read = make(directory, &system(), read).await.unwrap();
    let manager = scoped(&[Scope::KeysWrite, Scope::UsersRead]);
    assert!(forbidden(rotate(directory, &manager, &all.id).await));
    rotate(directory, &manager, &read.id).await.unwrap();
    let bound = Actor {
        account: Some(own),
        ..system()
    };
    assert!(forbidden(rotate(directory, &bound, &all.id).await));
    // The secret that was not theirs to change still holds.
    authenticate(directory, &all.id, all.secret.expose_secret())
        .await
        .unwrap();
}

async fn only_who_may_manage_keys_does(world: World) {
    let directory = &world.directory;
    let key = make(directory, &system(), named("ops")).await.unwrap();
    let other = scoped(&[Scope::UsersWrite, Scope::AccountsWrite, Scope::GroupsWrite]);
    assert!(forbidden(make(directory, &other, named("x")).await));
    assert!(forbidden(revoke(directory, &other, &key.id).await));
    assert!(forbidden(rotate(directory, &other, &key.id).await));
    assert!(forbidden(list(directory, &other).await));
}
