//! When what forms demand to be unique counts, and what is the same.

use directory::forms;
use directory::users::{Change, UserChange};
use directory::violation::Rule;
use directory::{Directory, Error};
use serde_json::{Value, json};

use crate::forms::{resubmit, stored, submit};
use crate::given::{broken, rule};
use crate::harness::World;

on_each_engine!(
    what_is_unique_under_a_condition_is_so_while_that_holds,
    what_is_there_already_is_claimed_where_the_condition_holds,
    a_moment_is_the_same_in_every_time_zone,
    a_value_may_be_unique_beside_very_many_others,
    a_relationship_stays_with_whom_its_user_sees_no_more,
    what_is_stored_by_now_counts_for_what_was_checked_before,
);

const SLOT: &str = "  profiles: { guest: { properties: { plan: {}, slot: { validation: { \
    uniqueness: { if: { field: plan, equals: pro } } } } } } }\n";

fn guest(name: &str, plan: &str, slot: i64) -> Value {
    json!({"email": format!("{name}@example.org"),
        "profiles": {"guest": {"properties": {"plan": plan, "slot": slot}}}})
}

async fn made(directory: &Directory, given: Value) -> i64 {
    submit(directory, given).await.unwrap().user.id
}

fn taken() -> Vec<(String, Rule)> {
    rule("profiles.guest.properties.slot", Rule::Taken)
}

async fn what_is_unique_under_a_condition_is_so_while_that_holds(world: World) {
    let directory = &world.directory;
    stored(directory, SLOT).await;
    let first = made(directory, guest("a", "pro", 1)).await;
    let free = made(directory, guest("b", "free", 1)).await;
    made(directory, guest("c", "free", 1)).await;
    let refused = submit(directory, guest("d", "pro", 1)).await;
    assert_eq!(broken(refused), taken());
    // The condition's field alone changes: what it lets count is claimed, and freed.
    let plan = |plan: &str| json!({"profiles": {"guest": {"properties": {"plan": plan}}}});
    let refused = resubmit(directory, free, plan("pro")).await;
    assert_eq!(broken(refused), taken());
    resubmit(directory, first, plan("free")).await.unwrap();
    resubmit(directory, free, plan("pro")).await.unwrap();
    let refused = resubmit(directory, first, plan("pro")).await;
    assert_eq!(broken(refused), taken());
}

async fn what_is_there_already_is_claimed_where_the_condition_holds(world: World) {
    let directory = &world.directory;
    stored(directory, &SLOT.replace("uniqueness", "presence")).await;
    made(directory, guest("a", "pro", 1)).await;
    made(directory, guest("b", "free", 1)).await;
    made(directory, guest("c", "free", 1)).await;
    stored(directory, SLOT).await;
    let refused = submit(directory, guest("d", "pro", 1)).await;
    assert_eq!(broken(refused), taken());
    made(directory, guest("d", "free", 1)).await;
    // Under another condition, others count.
    stored(directory, &SLOT.replace("equals: pro", "equals: other")).await;
    made(directory, guest("e", "other", 1)).await;
    made(directory, guest("f", "pro", 1)).await;
}

async fn a_moment_is_the_same_in_every_time_zone(world: World) {
    let directory = &world.directory;
    stored(
        directory,
        "  properties: { at: { validation: { uniqueness: true, datetime: true } } }\n",
    )
    .await;
    let given = |name: &str, at: &str| json!({"email": format!("{name}@example.org"), "properties": {"at": at}});
    made(directory, given("a", "2026-11-21T10:00:00Z")).await;
    for same in [
        "2026-11-21T11:00:00+01:00",
        "2026-11-21T10:00:00",
        "2026-11-21 10:00:00.000Z",
    ] {
        let refused = submit(directory, given("b", same)).await;
        assert_eq!(
            broken(refused),
            rule("properties.at", Rule::Taken),
            "{same}"
        );
    }
    let other = made(directory, given("b", "2026-11-21T10:00:00+01:00")).await;
    // As it is written, it is kept.
    let again = json!({"properties": {"at": "2026-11-21T09:00:00Z"}});
    let shown = resubmit(directory, other, again).await.unwrap();
    assert_eq!(shown["properties"]["at"], "2026-11-21T09:00:00Z");
}

async fn a_value_may_be_unique_beside_very_many_others(world: World) {
    let directory = &world.directory;
    let names: Vec<String> = (0..40).map(|number| format!("p{number:0>99}")).collect();
    let listed: String = names
        .iter()
        .map(|name| format!("    {name}: {{}}\n"))
        .collect();
    let scope = names.join(", ");
    stored(
        directory,
        &format!(
            "  properties:\n{listed}    slot: {{ validation: {{ uniqueness: {{ scope: [{scope}] }} \
             }} }}\n"
        ),
    )
    .await;
    let given = |name: &str, beside: i64| {
        let mut properties = json!({"slot": 1});
        properties[&names[39]] = json!(beside);
        json!({"email": format!("{name}@example.org"), "properties": properties})
    };
    made(directory, given("a", 1)).await;
    let refused = submit(directory, given("b", 1)).await;
    assert_eq!(broken(refused), rule("properties.slot", Rule::Taken));
    made(directory, given("b", 2)).await;
}

async fn a_relationship_stays_with_whom_its_user_sees_no_more(world: World) {
    let directory = &world.directory;
    stored(
        directory,
        "  relationship_users: { friend: { properties: { since: {} } } }\n",
    )
    .await;
    let friend = made(directory, json!({"email": "a@example.org"})).await;
    let given = json!({"email": "b@example.org",
        "relationship_users": {"friend": {"user_id": friend}}});
    let view = submit(directory, given).await.unwrap();
    let (id, number) = (view.user.id, view.records[0].id);
    let key = directory::store::UserKey::Id(friend);
    crate::given::delete(directory, &crate::given::system(), key, None)
        .await
        .unwrap();
    let change = |other: i64| {
        json!({"relationship_users": {"friend": {"id": number, "user_id": other,
            "properties": {"since": 5}}}})
    };
    let shown = resubmit(directory, id, change(friend)).await.unwrap();
    assert_eq!(
        shown["relationship_users"]["friend"][0]["properties"]["since"],
        5
    );
    let refused = resubmit(directory, id, change(friend + 1_000)).await;
    let at = "relationship_users.friend.user_id";
    assert_eq!(broken(refused), rule(at, Rule::MustExist));
    // A new one with whom is gone is none.
    let new = json!({"relationship_users": {"friend": {"user_id": friend}}});
    let refused = resubmit(directory, id, new).await;
    assert_eq!(broken(refused), rule(at, Rule::MustExist));
}

async fn what_is_stored_by_now_counts_for_what_was_checked_before(world: World) {
    let directory = &world.directory;
    let actor = crate::given::system();
    stored(
        directory,
        "  first_name: { validation: { presence: true } }\n",
    )
    .await;
    let id = made(
        directory,
        json!({"email": "a@example.org", "first_name": "Ada"}),
    )
    .await;
    let form = directory
        .form(actor.tenant, "seller")
        .await
        .unwrap()
        .unwrap();
    let given = json!({"external_id": "7"}).as_object().unwrap().clone();
    let (asked, sent, reader) = (form.clone(), given.clone(), actor.clone());
    let check =
        move |tx: &directory::store::Tx<'_>| forms::check_update(tx, &reader, &asked, id, &sent);
    let checked = directory.read(check).await.unwrap();
    assert!(checked.submission.violations.is_empty());
    let key = directory::store::UserKey::Id(id);
    let cleared = UserChange {
        first_name: Change::Clear,
        ..UserChange::default()
    };
    crate::given::update(directory, &actor, key, None, &cleared)
        .await
        .unwrap();
    let write = move |tx: &directory::store::Tx<'_>| {
        forms::update_user(tx, &actor, &form, id, &given, &checked, None)
    };
    let refused: Result<(), Error> = directory.write(write).await;
    assert_eq!(broken(refused), rule("first_name", Rule::Blank));
}
