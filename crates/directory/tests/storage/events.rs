//! Events: written with the change, by whom, and never a secret (requirement 43).

use directory::event::EventType;
use directory::users::{Change, UserChange, UserKey};
use directory::violation::Violations;
use directory::{Actor, Principal};
use serde_json::{Value, json};

use crate::given::{self, create, employer, person, set, system, update, worker};
use crate::harness::World;

on_each_engine!(
    a_creation_is_told_with_what_was_set,
    an_update_is_told_with_what_changed,
    a_deletion_and_a_restoration_are_told,
    no_event_holds_a_secret,
    an_event_of_a_refused_change_is_not_there,
);

fn change_of(event: &directory::store::StoredEvent) -> Value {
    serde_json::from_str(&event.change).unwrap()
}

fn key_actor(account: i64) -> Actor {
    Actor {
        principal: Principal::Key("1-abc".to_owned()),
        account: Some(account),
        request_id: "request-7".to_owned(),
        ..system()
    }
}

async fn a_creation_is_told_with_what_was_set(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let change = UserChange {
        first_name: set("Ada 👩‍🚀"),
        rating: Change::Set(4.5),
        ..employer("Ada@example.org", account)
    };
    let made = create(directory, &key_actor(account), &change)
        .await
        .unwrap();
    let events = given::history(directory, &system(), "user", made.user.id).await;
    let names: Vec<_> = events
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    assert_eq!(names, ["user_created", "user_added_to_account"]);
    let event = &events[0];
    assert_eq!(event.actor_type, "key");
    assert_eq!(event.actor_id, "1-abc");
    assert_eq!(event.account_id, Some(account));
    assert_eq!(event.request_id, "request-7");
    assert_eq!(event.created_at, world.now());
    assert_eq!(event.subject_id, made.user.id.to_string());
    let expected = json!({
        "old": {},
        "new": {
            "kind": "employer",
            "email": "Ada@example.org",
            "first_name": "Ada 👩‍🚀",
            "rating": 4.5,
            "customer_id": account,
            "employer_role": "requestor",
        }
    });
    assert_eq!(change_of(event), expected);
}

async fn an_update_is_told_with_what_changed(world: World) {
    let directory = &world.directory;
    let change = UserChange {
        first_name: set("Ada"),
        city: set("London"),
        ..person("ada@example.org")
    };
    let made = create(directory, &system(), &change).await.unwrap();
    let change = UserChange {
        first_name: set("Ada"),
        city: Change::Clear,
        title: set("Countess"),
        email: given::email("countess@example.org"),
        ..UserChange::default()
    };
    let key = UserKey::Id(made.user.id);
    update(directory, &system(), key, None, &change)
        .await
        .unwrap();
    let events = given::history(directory, &system(), "user", made.user.id).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].event_type, EventType::UserUpdated.name());
    let expected = json!({
        "old": { "city": "London", "email": "ada@example.org" },
        "new": { "title": "Countess", "email": "countess@example.org" }
    });
    assert_eq!(change_of(&events[1]), expected);
    assert_eq!(
        (events[1].actor_type.as_str(), events[1].actor_id.as_str()),
        ("system", "")
    );
}

async fn a_deletion_and_a_restoration_are_told(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &worker("w@example.org"))
        .await
        .unwrap();
    let id = made.user.id;
    given::delete(directory, &system(), UserKey::Id(id), None)
        .await
        .unwrap();
    given::restore(directory, &system(), id).await.unwrap();
    let events = given::history(directory, &system(), "user", id).await;
    let names: Vec<_> = events
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    assert_eq!(names, ["user_created", "user_deleted", "user_updated"]);
    let at = json!(world.now().to_string());
    assert_eq!(change_of(&events[1])["new"]["deleted_at"], at);
    assert_eq!(change_of(&events[2])["old"]["deleted_at"], at);
}

async fn no_event_holds_a_secret(world: World) {
    let directory = &world.directory;
    let password = "tide plank ferry orbit";
    let hash = directory
        .hash_password(Some(password.to_owned().into()), &Violations::new())
        .await
        .unwrap();
    let change = UserChange {
        password: hash.clone(),
        ..person("ada@example.org")
    };
    let made = create(directory, &system(), &change).await.unwrap();
    let change = UserChange {
        password: hash,
        ..UserChange::default()
    };
    let key = UserKey::Id(made.user.id);
    update(directory, &system(), key, None, &change)
        .await
        .unwrap();
    let (key, token) = directory
        .write(|tx| {
            let new = directory::keys::NewKey {
                name: "ops".to_owned(),
                ..directory::keys::NewKey::default()
            };
            let key = directory::keys::create(tx, &system(), &new)?;
            let token = directory::keys::issue_token(tx, &key.id, &key.secret)?.0;
            directory::keys::rotate(tx, &system(), &key.id)?;
            Ok((key, token))
        })
        .await
        .unwrap();
    let mut events = given::history(directory, &system(), "user", made.user.id).await;
    let names: Vec<_> = events
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    assert_eq!(
        names,
        ["user_created", "user_password_changed", "user_updated"]
    );
    events.extend(given::history(directory, &system(), "key", &key.id).await);
    assert_eq!(events.len(), 5);
    let hashes = directory
        .read(|tx| {
            let sql = "SELECT secret FROM credentials WHERE tenant_id = 1";
            let mut all = tx.query(sql, &[], |row| row.text())?;
            let sql = "SELECT secret_hash FROM keys WHERE tenant_id = 1";
            all.extend(tx.query(sql, &[], |row| row.text())?);
            Ok(all)
        })
        .await
        .unwrap();
    assert_eq!(hashes.len(), 2);
    use secrecy::ExposeSecret as _;
    let secrets = [
        password,
        "argon2",
        key.secret.expose_secret(),
        token.expose_secret(),
    ];
    for event in &events {
        let shown = format!("{event:?}");
        for secret in secrets
            .iter()
            .copied()
            .chain(hashes.iter().map(String::as_str))
        {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

async fn an_event_of_a_refused_change_is_not_there(world: World) {
    let directory = &world.directory;
    create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let count = || {
        directory.read(|tx| {
            let sql = "SELECT count(*) FROM events WHERE tenant_id = 1";
            tx.query_one(sql, &[], |row| row.int())
        })
    };
    let before = count().await.unwrap();
    let refused = create(directory, &system(), &person("ada@example.org")).await;
    assert!(refused.is_err());
    assert_eq!(count().await.unwrap(), before);
}
