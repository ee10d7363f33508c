//! Users put in by the thousand: as if one after another, and each by its email.

use std::borrow::Cow;

use directory::import::{self, MOST_RECORDS, Outcome, Record};
use directory::model::{AccountRole, Email, EmployerRole, GroupPermission, User};
use directory::password::PasswordHash;
use directory::users::{AccountGrant, BadgeChange, Change, GroupGrant, UserChange, UserKey};
use directory::violation::{Path, Rule, Violations};
use directory::{Actor, Directory, Error};

use crate::atomicity::whole_or_nothing;
use crate::given::{
    self, create, delete, get, history, person, phone, set, system, tenant, worker,
};
use crate::harness::World;

on_each_engine!(
    a_record_makes_a_user_or_changes_the_one_with_its_email,
    a_record_that_says_nothing_new_writes_nothing,
    a_refused_record_leaves_the_others_as_they_are,
    a_refused_record_holds_nothing,
    records_of_one_user_are_taken_one_after_another,
    what_a_record_frees_the_next_may_have,
    two_records_of_one_claim_are_taken_one_after_another,
    a_stored_user_keeps_their_email_as_it_is_written,
    a_deleted_user_is_made_anew,
    a_user_of_another_tenant_is_not_touched,
    a_stored_user_joins_accounts_and_groups,
    a_badge_that_is_held_is_not_given_again,
    what_is_held_is_read_for_all_records_at_once,
    a_hash_is_kept_and_the_same_one_is_nothing_new,
    records_leave_an_account_its_last_administrator,
    many_records_are_put_at_once_but_not_any_number,
    an_import_is_whole_or_nothing,
    imports_and_creations_at_once_make_each_user_once,
);

/// A password's hash, as another system made it.
const HASH: &str = "$2b$04$AqW1HvHbU5mOMPjI3MhIJOi4CdwRBOynpaqQCssERD.fEJavwj6ce";

/// A record as the test says it, and what is wrong with it already.
#[derive(Clone)]
pub(crate) struct Given(UserChange, Violations);

impl Record for Given {
    fn email(&self) -> Option<&Email> {
        self.0.email.value()
    }

    fn change(&self, _: Option<&User>) -> (Cow<'_, UserChange>, Violations) {
        (Cow::Borrowed(&self.0), self.1.clone())
    }
}

pub(crate) fn record(change: UserChange) -> Given {
    Given(change, Violations::new())
}

fn named(address: &str, name: &str) -> Given {
    record(UserChange {
        first_name: set(name),
        ..person(address)
    })
}

fn reached_at(address: &str, number: &str) -> Given {
    record(UserChange {
        phone: phone(number),
        ..worker(address)
    })
}

async fn put_as(directory: &Directory, actor: &Actor, records: Vec<Given>) -> Vec<Outcome> {
    let actor = actor.clone();
    directory
        .write(move |tx| import::put(tx, &actor, &records))
        .await
        .unwrap()
}

async fn put(world: &World, records: Vec<Given>) -> Vec<Outcome> {
    put_as(&world.directory, &system(), records).await
}

async fn by_email(world: &World, address: &str) -> Option<User> {
    let key = UserKey::Email(address.to_owned());
    match get(&world.directory, &system(), key).await {
        Ok(view) => Some(view.user),
        Err(Error::NotFound) => None,
        Err(other) => panic!("{other:?}"),
    }
}

async fn events(world: &World, id: i64) -> Vec<String> {
    let events = history(&world.directory, &system(), "user", id).await;
    events.into_iter().map(|event| event.event_type).collect()
}

fn refused(field: &str, rule: Rule) -> Outcome {
    let mut violations = Violations::new();
    violations.field(field, rule);
    Outcome::Refused(violations)
}

async fn a_record_makes_a_user_or_changes_the_one_with_its_email(world: World) {
    let change = UserChange {
        last_name: set("Hopper"),
        ..person("grace@example.org")
    };
    let grace = create(&world.directory, &system(), &change).await.unwrap();
    let records = vec![
        named("ada@example.org", "Ada"),
        named("grace@example.org", "Grace"),
    ];
    let outcomes = put(&world, records).await;
    let ada = by_email(&world, "ada@example.org").await.unwrap();
    let id = grace.user.id;
    assert_eq!(outcomes, [Outcome::Created(ada.id), Outcome::Updated(id)]);
    assert_eq!(events(&world, ada.id).await, ["user_created"]);
    assert_eq!(events(&world, id).await, ["user_created", "user_updated"]);
    let grace = by_email(&world, "grace@example.org").await.unwrap();
    assert_eq!(grace.first_name.as_deref(), Some("Grace"));
    assert_eq!(grace.last_name.as_deref(), Some("Hopper"));
    assert_eq!((grace.version, ada.version), (2, 1));
}

async fn a_record_that_says_nothing_new_writes_nothing(world: World) {
    let ada = vec![reached_at("ada@example.org", "415 555 2671")];
    let made = put(&world, ada.clone()).await;
    let Outcome::Created(id) = made[0] else {
        panic!("{made:?}")
    };
    let before = by_email(&world, "ada@example.org").await;
    assert_eq!(put(&world, ada).await, [Outcome::Unchanged(id)]);
    assert_eq!(by_email(&world, "ada@example.org").await, before);
    assert_eq!(events(&world, id).await, ["user_created"]);
}

async fn a_refused_record_leaves_the_others_as_they_are(world: World) {
    let mut wrong = Violations::new();
    wrong.field("title", Rule::UnknownField);
    let unzoned = UserChange {
        timezone: set("Mars"),
        ..person("c@example.org")
    };
    let records = vec![
        named("a@example.org", "A"),
        Given(person("b@example.org"), wrong.clone()),
        record(unzoned),
        named("d@example.org", "D"),
    ];
    let outcomes = put(&world, records).await;
    assert!(matches!(outcomes[0], Outcome::Created(_)), "{outcomes:?}");
    assert_eq!(outcomes[1], Outcome::Refused(wrong));
    let value = "Mars".to_owned();
    assert_eq!(
        outcomes[2],
        refused("timezone", Rule::NotIncluded { value })
    );
    assert!(matches!(outcomes[3], Outcome::Created(_)), "{outcomes:?}");
    assert_eq!(by_email(&world, "b@example.org").await, None);
    assert_eq!(by_email(&world, "c@example.org").await, None);
}

async fn a_refused_record_holds_nothing(world: World) {
    let first = UserChange {
        w2_employee_id: set("7"),
        ..worker("a@example.org")
    };
    create(&world.directory, &system(), &first).await.unwrap();
    let second = UserChange {
        w2_employee_id: set("7"),
        phone: phone("415 555 2671"),
        ..worker("b@example.org")
    };
    let outcomes = put(
        &world,
        vec![record(second), reached_at("c@example.org", "415 555 2671")],
    )
    .await;
    assert_eq!(outcomes[0], refused("w2_employee_id", Rule::Taken));
    assert!(matches!(outcomes[1], Outcome::Created(_)), "{outcomes:?}");
    // The email of the refused one is free as well.
    create(&world.directory, &system(), &person("b@example.org"))
        .await
        .unwrap();
}

async fn records_of_one_user_are_taken_one_after_another(world: World) {
    let names = ["Augusta", "Ada", "Ada", "Countess"];
    let records = names.map(|name| named("ada@example.org", name)).to_vec();
    let outcomes = put(&world, records).await;
    let ada = by_email(&world, "ada@example.org").await.unwrap();
    let expected = [
        Outcome::Created(ada.id),
        Outcome::Updated(ada.id),
        Outcome::Unchanged(ada.id),
        Outcome::Updated(ada.id),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(ada.first_name.as_deref(), Some("Countess"));
    assert_eq!(ada.version, 3);
}

async fn what_a_record_frees_the_next_may_have(world: World) {
    let (old, new) = ("415 555 2671", "415 555 2672");
    put(&world, vec![reached_at("a@example.org", old)]).await;
    let swapped = vec![
        reached_at("b@example.org", old),
        reached_at("a@example.org", new),
        reached_at("b@example.org", old),
    ];
    let outcomes = put(&world, swapped).await;
    assert_eq!(outcomes[0], refused("phone", Rule::Taken));
    assert!(matches!(outcomes[1], Outcome::Updated(_)), "{outcomes:?}");
    assert!(matches!(outcomes[2], Outcome::Created(_)), "{outcomes:?}");
    // A change that is refused frees nothing.
    let crossed = vec![
        reached_at("a@example.org", old),
        reached_at("c@example.org", new),
    ];
    let outcomes = put(&world, crossed).await;
    assert_eq!(outcomes[0], refused("phone", Rule::Taken));
    assert_eq!(outcomes[1], refused("phone", Rule::Taken));
}

async fn two_records_of_one_claim_are_taken_one_after_another(world: World) {
    let number = "415 555 2671";
    let records = vec![
        reached_at("a@example.org", number),
        reached_at("b@example.org", number),
        reached_at("c@example.org", number),
    ];
    let outcomes = put(&world, records).await;
    assert!(matches!(outcomes[0], Outcome::Created(_)), "{outcomes:?}");
    assert_eq!(outcomes[1], refused("phone", Rule::Taken));
    assert_eq!(outcomes[2], refused("phone", Rule::Taken));
}

async fn a_stored_user_keeps_their_email_as_it_is_written(world: World) {
    put(&world, vec![record(person("ada@example.org"))]).await;
    let outcomes = put(&world, vec![named("ADA@Example.ORG", "Ada")]).await;
    assert!(matches!(outcomes[0], Outcome::Updated(_)), "{outcomes:?}");
    let ada = by_email(&world, "ada@example.org").await.unwrap();
    assert_eq!(ada.email.unwrap().as_str(), "ada@example.org");
    assert_eq!(ada.first_name.as_deref(), Some("Ada"));
}

async fn a_deleted_user_is_made_anew(world: World) {
    let ada = person("ada@example.org");
    let made = create(&world.directory, &system(), &ada).await;
    let id = made.unwrap().user.id;
    delete(&world.directory, &system(), UserKey::Id(id), None)
        .await
        .unwrap();
    let outcomes = put(&world, vec![record(person("ada@example.org"))]).await;
    assert!(matches!(outcomes[..], [Outcome::Created(new)] if new != id));
}

async fn a_user_of_another_tenant_is_not_touched(world: World) {
    let other = tenant(&world.directory, "other").await;
    let mine = put(&world, vec![named("ada@example.org", "Ada")]).await;
    let theirs = put_as(
        &world.directory,
        &other,
        vec![named("ada@example.org", "Augusta")],
    )
    .await;
    assert!(matches!(mine[0], Outcome::Created(_)), "{mine:?}");
    assert!(matches!(theirs[0], Outcome::Created(_)), "{theirs:?}");
    let ada = by_email(&world, "ada@example.org").await.unwrap();
    assert_eq!(ada.first_name.as_deref(), Some("Ada"));
}

async fn a_stored_user_joins_accounts_and_groups(world: World) {
    let directory = &world.directory;
    let first = given::account(directory, &system(), "First").await;
    let second = given::account(directory, &system(), "Second").await;
    let group = given::group(directory, &system(), "Sales").await.id;
    let in_account = |account_id, role| AccountGrant {
        path: Path::default(),
        account_id,
        role,
        admin: false,
        primary: account_id == second,
    };
    let joining = |accounts: Vec<AccountGrant>, permission| {
        record(UserChange {
            accounts,
            groups: vec![GroupGrant {
                path: Path::default(),
                group_id: group,
                permission,
            }],
            ..person("ada@example.org")
        })
    };
    let member = AccountRole::Member;
    let made = UserChange {
        accounts: vec![in_account(first, member)],
        ..person("ada@example.org")
    };
    let id = create(directory, &system(), &made).await.unwrap().user.id;
    let both = vec![
        in_account(first, AccountRole::ReadOnly),
        in_account(second, member),
    ];
    let records = vec![joining(both, GroupPermission::Admin)];
    assert_eq!(put(&world, records.clone()).await, [Outcome::Updated(id)]);
    let ada = get(directory, &system(), UserKey::Id(id)).await.unwrap();
    let accounts: Vec<_> = ada
        .accounts
        .iter()
        .map(|each| (each.account_id, each.role, each.primary))
        .collect();
    let expected = [
        (first, AccountRole::ReadOnly, true),
        (second, member, false),
    ];
    assert_eq!(accounts, expected);
    assert_eq!(ada.groups[0].permission, GroupPermission::Admin);
    assert_eq!(
        events(&world, id).await,
        [
            "user_created",
            "user_added_to_account",
            "user_added_to_account",
            "user_updated"
        ]
    );
    assert_eq!(put(&world, records).await, [Outcome::Unchanged(id)]);
    let nowhere = vec![joining(
        vec![in_account(9_999, member)],
        GroupPermission::Admin,
    )];
    let outcomes = put(&world, nowhere).await;
    assert!(matches!(outcomes[0], Outcome::Refused(_)), "{outcomes:?}");
}

async fn a_badge_that_is_held_is_not_given_again(world: World) {
    let first = given::badge(&world.directory, &system(), "Forklift").await;
    let second = given::badge(&world.directory, &system(), "Barista").await;
    let holding = |badges: &[i64]| {
        let badges = badges.iter().map(|badge| BadgeChange {
            badge_id: Some(*badge),
            ..BadgeChange::default()
        });
        record(UserChange {
            badges: badges.collect(),
            ..worker("ada@example.org")
        })
    };
    put(&world, vec![holding(&[first])]).await;
    let outcomes = put(&world, vec![holding(&[first]), holding(&[first, second])]).await;
    assert!(matches!(outcomes[0], Outcome::Unchanged(_)), "{outcomes:?}");
    let Outcome::Updated(id) = outcomes[1] else {
        panic!("{outcomes:?}")
    };
    let ada = get(&world.directory, &system(), UserKey::Id(id)).await;
    assert_eq!(ada.unwrap().badges.len(), 2);
    let third = given::badge(&world.directory, &system(), "Crane").await;
    let twice = put(&world, vec![holding(&[third]), holding(&[second, third])]).await;
    assert_eq!(twice, [Outcome::Updated(id), Outcome::Unchanged(id)]);
}

async fn what_is_held_is_read_for_all_records_at_once(world: World) {
    let badge = given::badge(&world.directory, &system(), "Forklift").await;
    let records = move |count: usize| -> Vec<Given> {
        let one = |number| {
            record(UserChange {
                password: PasswordHash::import(HASH).ok(),
                badges: vec![BadgeChange {
                    badge_id: Some(badge),
                    ..BadgeChange::default()
                }],
                ..worker(&format!("user{number}@example.org"))
            })
        };
        (0..count).map(one).collect()
    };
    // The second time takes as many ids as will be needed.
    put(&world, records(64)).await;
    put(&world, records(64)).await;
    let (directory, meter) = world.directory.metered();
    let mut statements = Vec::new();
    for count in [2, 64] {
        let _ = meter.take();
        let outcomes = put_as(&directory, &system(), records(count)).await;
        let unchanged = |each: &Outcome| matches!(each, Outcome::Unchanged(_));
        assert!(outcomes.iter().all(unchanged), "{outcomes:?}");
        statements.push(meter.take().statements);
    }
    assert_eq!(statements[0], statements[1], "{statements:?}");
}

async fn a_hash_is_kept_and_the_same_one_is_nothing_new(world: World) {
    let hashed = || {
        vec![record(UserChange {
            password: PasswordHash::import(HASH).ok(),
            ..person("ada@example.org")
        })]
    };
    let made = put(&world, hashed()).await;
    let Outcome::Created(id) = made[0] else {
        panic!("{made:?}")
    };
    assert_eq!(put(&world, hashed()).await, [Outcome::Unchanged(id)]);
    for (password, right) in [("tide plank ferry é", true), ("tide plank ferry", false)] {
        let checked = world
            .directory
            .check_password(&system(), id, password.to_owned().into())
            .await;
        assert_eq!(checked.unwrap(), right, "{password}");
    }
}

async fn records_leave_an_account_its_last_administrator(world: World) {
    let directory = &world.directory;
    let acme = given::account(directory, &system(), "Acme").await;
    let initech = given::account(directory, &system(), "Initech").await;
    let boss = |address: &str, customer: i64| UserChange {
        employer_role: Change::Set(EmployerRole::CustomerAdmin),
        password: Some(PasswordHash::import(HASH).unwrap()),
        ..given::employer(address, customer)
    };
    let both = ["one@example.org", "two@example.org"];
    for address in both {
        let made = create(directory, &system(), &boss(address, acme)).await;
        made.unwrap();
    }
    let moved = both.map(|address| record(boss(address, initech)));
    let outcomes = put(&world, moved.to_vec()).await;
    assert!(
        matches!(
            outcomes.as_slice(),
            [Outcome::Updated(_), Outcome::Refused(_)]
        ),
        "{outcomes:?}"
    );
    let stays = by_email(&world, both[1]).await.unwrap();
    assert_eq!(stays.customer_id, Some(acme));
}

async fn many_records_are_put_at_once_but_not_any_number(world: World) {
    let records: Vec<Given> = (0..=MOST_RECORDS)
        .map(|number| named(&format!("user{number}@example.org"), "U"))
        .collect();
    let most = put(&world, records[1..].to_vec()).await;
    assert_eq!(most.len(), MOST_RECORDS);
    assert!(most.iter().all(|each| matches!(each, Outcome::Created(_))));
    let more = world
        .directory
        .write(move |tx| import::put(tx, &system(), &records))
        .await;
    assert!(matches!(more, Err(Error::Internal(_))), "{more:?}");
    assert_eq!(by_email(&world, "user0@example.org").await, None);
}

async fn an_import_is_whole_or_nothing(world: World) {
    let old = "415 555 2671";
    put(&world, vec![reached_at("a@example.org", old)]).await;
    let records = vec![
        reached_at("a@example.org", "415 555 2672"),
        reached_at("b@example.org", "415 555 2673"),
        reached_at("c@example.org", "415 555 2673"),
        reached_at("d@example.org", old),
    ];
    let failures = whole_or_nothing(&world, move |tx| {
        let outcomes = import::put(tx, &system(), &records)?;
        assert!(matches!(outcomes[2], Outcome::Refused(_)), "{outcomes:?}");
        Ok(())
    })
    .await;
    // Three rows, events and claims or more of each.
    assert!(failures >= 12, "{failures}");
}

async fn imports_and_creations_at_once_make_each_user_once(world: World) {
    let other = world.another().await;
    let address = |number: usize| format!("user{number}@example.org");
    let records: Vec<Given> = (0..60).map(|n| named(&address(n), "Imported")).collect();
    let mut running = Vec::new();
    for node in [world.directory.clone(), other.clone()] {
        let mut records = records.clone();
        records.reverse();
        running.push(tokio::spawn(async move {
            for part in records.chunks(20) {
                put_as(&node, &system(), part.to_vec()).await;
            }
        }));
    }
    for number in 0..60 {
        let result = create(&other, &system(), &person(&address(number))).await;
        assert!(matches!(result, Ok(_) | Err(Error::Invalid(_))));
    }
    for each in running {
        each.await.unwrap();
    }
    let all = given::list(&world.directory, &system(), &Default::default()).await;
    assert_eq!(all.len(), 60);
    for view in all {
        assert_eq!(view.user.first_name.as_deref(), Some("Imported"));
        let created = events(&world, view.user.id).await;
        let made = created.iter().filter(|each| *each == "user_created");
        assert_eq!(made.count(), 1, "{created:?}");
    }
}
