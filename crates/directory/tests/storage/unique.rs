//! What is unique, and when it is free again.

use directory::Error;
use directory::model::{Email, UserKind};
use directory::query::UserFilter;
use directory::users::{self, Change, UserChange, UserKey};
use directory::violation::{Rule, Violations};

use crate::given::{
    self, broken, create, delete, employer, get, person, phone, restore, rule, set, system, tenant,
    update, worker,
};
use crate::harness::World;

on_each_engine!(
    a_deleted_users_email_is_free_and_restoring_then_is_a_conflict,
    one_email_in_any_spelling_is_one_address,
    a_changed_email_frees_the_old_one,
    a_phone_is_unique_among_workers_only,
    a_w2_employee_id_is_unique_among_workers,
    what_is_taken_is_named_with_what_else_is_wrong,
    an_email_of_another_tenant_is_free,
);

async fn a_deleted_users_email_is_free_and_restoring_then_is_a_conflict(world: World) {
    let directory = &world.directory;
    let change = UserChange {
        phone: phone("415 555 2671"),
        w2_employee_id: set("w2-1"),
        ..worker("ada@example.org")
    };
    let first = create(directory, &system(), &change).await.unwrap().user.id;
    delete(directory, &system(), UserKey::Id(first), None)
        .await
        .unwrap();
    let second = create(directory, &system(), &change).await.unwrap().user.id;
    assert_ne!(first, second);
    let taken = ["email", "w2_employee_id", "phone"].map(|field| (field.to_owned(), Rule::Taken));
    assert_eq!(broken(restore(directory, &system(), first).await), taken);
    let still = restore(directory, &system(), first).await;
    assert!(matches!(still, Err(Error::Invalid(_))), "{still:?}");
    delete(directory, &system(), UserKey::Id(second), None)
        .await
        .unwrap();
    restore(directory, &system(), first).await.unwrap();
    let owner = UserKey::Email("ada@example.org".to_owned());
    let owner = get(directory, &system(), owner).await.unwrap();
    assert_eq!(owner.user.id, first);
}

async fn one_email_in_any_spelling_is_one_address(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &person(" Ada@BÜCHER.example "))
        .await
        .unwrap();
    assert_eq!(
        made.user.email.as_ref().unwrap().as_str(),
        "Ada@BÜCHER.example"
    );
    for same in [
        "ada@bücher.example",
        "ADA@xn--bcher-kva.example",
        "aDa@XN--BCHER-KVA.EXAMPLE",
    ] {
        let refused = create(directory, &system(), &person(same)).await;
        assert_eq!(broken(refused), rule("email", Rule::Taken), "{same}");
    }
    for other in ["a.da@bücher.example", "ada+x@bücher.example"] {
        create(directory, &system(), &person(other)).await.unwrap();
    }
    // Their own address in another spelling is theirs to write.
    let key = UserKey::Id(made.user.id);
    let change = person("ADA@xn--bcher-kva.example");
    let changed = update(directory, &system(), key, None, &change)
        .await
        .unwrap();
    assert_eq!(
        changed.user.email.as_ref().unwrap().as_str(),
        "ADA@xn--bcher-kva.example"
    );
    let key = UserKey::Email("ada@xn--bcher-kva.example".to_owned());
    assert_eq!(get(directory, &system(), key).await.unwrap(), changed);
}

async fn a_changed_email_frees_the_old_one(world: World) {
    let directory = &world.directory;
    let ada = create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let key = UserKey::Id(ada.user.id);
    let change = person("countess@example.org");
    update(directory, &system(), key.clone(), None, &change)
        .await
        .unwrap();
    let old = UserKey::Email("ada@example.org".to_owned());
    let absent = get(directory, &system(), old).await;
    assert!(matches!(absent, Err(Error::NotFound)), "{absent:?}");
    create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    let back = update(
        directory,
        &system(),
        key.clone(),
        None,
        &person("ada@example.org"),
    )
    .await;
    assert_eq!(broken(back), rule("email", Rule::Taken));
    let after = get(directory, &system(), key).await.unwrap();
    assert_eq!(
        after.user.email.as_ref().unwrap().key(),
        "countess@example.org"
    );
    assert_eq!(after.user.version, 2);
}

async fn a_phone_is_unique_among_workers_only(world: World) {
    let directory = &world.directory;
    let customer = given::account(directory, &system(), "Acme").await;
    let with = |change: UserChange, number: &str| UserChange {
        phone: phone(number),
        ..change
    };
    let first = with(worker("a@example.org"), "(415) 555-2671");
    create(directory, &system(), &first).await.unwrap();
    let same = with(worker("b@example.org"), "+1 415 555 2671");
    let refused = create(directory, &system(), &same).await;
    assert_eq!(broken(refused), rule("phone", Rule::Taken));
    let boss = with(employer("c@example.org", customer), "4155552671");
    create(directory, &system(), &boss).await.unwrap();
    let other = with(person("d@example.org"), "4155552671");
    let other = create(directory, &system(), &other).await.unwrap();
    // Becoming a worker claims the number that was there before.
    let become_worker = UserChange {
        kind: Change::Set(UserKind::Worker),
        ..UserChange::default()
    };
    let key = UserKey::Id(other.user.id);
    let refused = update(directory, &system(), key, None, &become_worker).await;
    assert_eq!(broken(refused), rule("phone", Rule::Taken));
}

async fn a_w2_employee_id_is_unique_among_workers(world: World) {
    let directory = &world.directory;
    let numbered = |address: &str, id: &str| UserChange {
        w2_employee_id: set(id),
        ..worker(address)
    };
    create(directory, &system(), &numbered("a@example.org", "7"))
        .await
        .unwrap();
    let refused = create(directory, &system(), &numbered("b@example.org", "7")).await;
    assert_eq!(broken(refused), rule("w2_employee_id", Rule::Taken));
    create(directory, &system(), &numbered("c@example.org", "07"))
        .await
        .unwrap();
}

async fn what_is_taken_is_named_with_what_else_is_wrong(world: World) {
    let directory = &world.directory;
    let change = UserChange {
        phone: phone("415 555 2671"),
        ..worker("ada@example.org")
    };
    create(directory, &system(), &change).await.unwrap();
    let wrong = UserChange {
        rating: Change::Set(5.1),
        ..change
    };
    let range = Rule::OutOfRange { min: 0.0, max: 5.0 };
    let expected = [
        ("last_name".to_owned(), Rule::Blank),
        ("rating".to_owned(), range),
        ("email".to_owned(), Rule::Taken),
        ("phone".to_owned(), Rule::Taken),
    ];
    let refused = directory
        .write(move |tx| {
            let mut found = Violations::new();
            found.field("last_name", Rule::Blank);
            users::create(tx, &system(), &wrong, found, given::ALL)
        })
        .await;
    assert_eq!(broken(refused), expected);
}

async fn an_email_of_another_tenant_is_free(world: World) {
    let directory = &world.directory;
    let stranger = tenant(directory, "stranger").await;
    let change = UserChange {
        phone: phone("415 555 2671"),
        w2_employee_id: set("7"),
        external_id: set("x"),
        ..worker("ada@example.org")
    };
    let here = create(directory, &system(), &change).await.unwrap();
    let there = create(directory, &stranger, &change).await.unwrap();
    for (actor, own) in [(system(), &here), (stranger, &there)] {
        let key = UserKey::Email("ada@example.org".to_owned());
        assert_eq!(&get(directory, &actor, key).await.unwrap(), own);
        let filter = UserFilter {
            email: Email::parse("ada@example.org").ok(),
            external_id: vec!["x".to_owned()],
            ..UserFilter::default()
        };
        let listed = given::list(directory, &actor, &filter).await;
        assert_eq!(listed, std::slice::from_ref(own));
    }
}
