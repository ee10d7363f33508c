//! What forms keep of users: how they are found by it, how much there may be, and its end.

use directory::forms;
use directory::query::{PropertyComparison, UserFilter};
use directory::store::UserKey;
use directory::violation::Rule;
use directory::{Directory, users};
use serde_json::{Value, json};

use crate::forms::{MARKET, resubmit, stored, submit};
use crate::given::{
    self, broken, create, delete, history, list, person, restore, rule, system, tenant,
};
use crate::harness::World;

on_each_engine!(
    users_are_found_by_the_properties_that_a_form_indexes,
    whom_a_relationship_is_with_is_there_to_be_seen,
    erasing_a_user_reaches_what_forms_kept,
    a_user_has_so_many_records_at_most,
    what_forms_keep_of_a_user_has_so_many_bytes_at_most,
);

const INDEXED: &str = "  properties:\n    plan: { property_options: { indexed: true } }\n    \
    joined: { validation: { date: true }, property_options: { indexed: true } }\n  \
    profiles:\n    developer:\n      properties:\n        company_size: { validation: { \
    numericality: true }, property_options: { indexed: true } }\n";

async fn found(directory: &Directory, asked: &[(&str, PropertyComparison, &str)]) -> Vec<i64> {
    let rules = directory
        .read(|tx| forms::rules(tx, &system()))
        .await
        .unwrap();
    let filter = UserFilter {
        properties: asked
            .iter()
            .map(|(name, comparison, text)| {
                let indexed = rules.named(name).unwrap();
                indexed.filter(*comparison, text).unwrap()
            })
            .collect(),
        ..UserFilter::default()
    };
    let found = list(directory, &system(), &filter).await;
    let by_change = directory::query::UserPage {
        order: directory::query::UserOrder::UpdatedAt,
        ..given::first_page()
    };
    let same = given::page(directory, &system(), &filter, &by_change).await;
    assert_eq!(same.rows.len(), found.len());
    found.iter().map(|view| view.user.id).collect()
}

async fn users_are_found_by_the_properties_that_a_form_indexes(world: World) {
    use PropertyComparison as C;
    let directory = &world.directory;
    let plain = INDEXED.replace(", property_options: { indexed: true }", "");
    stored(
        directory,
        &plain.replace("{ property_options: { indexed: true } }", "{}"),
    )
    .await;
    let with = |email: &str, size: Value, plan: Value, joined: Value| {
        json!({"email": format!("{email}@example.org"),
            "properties": {"plan": plan, "joined": joined},
            "profiles": {"developer": {"properties": {"company_size": size}}}})
    };
    let mut ids = Vec::new();
    for (email, size, plan, joined) in [
        ("a", json!(-5), json!("pro"), json!("2026-01-01")),
        ("b", json!(9.5), json!(10), json!("2026-02-01")),
        ("c", json!(10), json!("pro"), json!("2026-03-01")),
        ("d", json!(1_000_000), json!("free"), json!(null)),
    ] {
        let made = submit(directory, with(email, size, plan, joined)).await;
        ids.push(made.unwrap().user.id);
    }
    let [a, b, c, d] = ids[..] else { panic!() };
    assert!(
        directory
            .read(|tx| forms::rules(tx, &system()))
            .await
            .unwrap()
            .indexed
            .is_empty()
    );
    stored(directory, INDEXED).await;
    let size = "profile.developer.company_size";
    for (asked, expected) in [
        (vec![(size, C::Above, "9.5")], vec![c, d]),
        (vec![(size, C::AtLeast, "9.5")], vec![b, c, d]),
        (vec![(size, C::Below, "0")], vec![a]),
        (vec![(size, C::AtMost, "-5")], vec![a]),
        (vec![(size, C::Is, "10")], vec![c]),
        (
            vec![(size, C::Above, "0"), (size, C::Below, "100")],
            vec![b, c],
        ),
        (vec![("properties.plan", C::Is, "pro")], vec![a, c]),
        (vec![("properties.plan", C::Is, "10")], vec![b]),
        (vec![("properties.plan", C::Above, "9")], vec![b]),
        (
            vec![("properties.joined", C::AtLeast, "2026-02-01")],
            vec![b, c],
        ),
        (
            vec![("properties.plan", C::Is, "pro"), (size, C::Above, "0")],
            vec![c],
        ),
    ] {
        assert_eq!(found(directory, &asked).await, expected, "{asked:?}");
    }
    resubmit(
        directory,
        c,
        json!({"profiles": {"developer": {"properties": {"company_size": 1}}}}),
    )
    .await
    .unwrap();
    assert_eq!(found(directory, &[(size, C::Above, "9")]).await, [b, d]);
    resubmit(
        directory,
        d,
        json!({"profiles": {"developer": {"_destroy": true}}}),
    )
    .await
    .unwrap();
    assert_eq!(found(directory, &[(size, C::Above, "9")]).await, [b]);
    delete(directory, &system(), UserKey::Id(b), None)
        .await
        .unwrap();
    assert_eq!(
        found(directory, &[(size, C::Above, "9")]).await,
        [] as [i64; 0]
    );
    restore(directory, &system(), b).await.unwrap();
    assert_eq!(found(directory, &[(size, C::Above, "9")]).await, [b]);
    let made = submit(directory, with("e", json!(50), json!("pro"), json!(null))).await;
    assert_eq!(
        found(directory, &[(size, C::Above, "9")]).await,
        [b, made.unwrap().user.id]
    );
    let rules = directory
        .read(|tx| forms::rules(tx, &system()))
        .await
        .unwrap();
    let named = |name: &str| rules.named(name).cloned().unwrap();
    assert!(named(size).filter(C::Is, "many").is_err());
    assert!(named("properties.joined").filter(C::Above, "soon").is_err());
    assert!(named("properties.plan").filter(C::Above, "pro").is_err());
    assert!(rules.named("profile.developer.bio").is_none());
}

async fn whom_a_relationship_is_with_is_there_to_be_seen(world: World) {
    let directory = &world.directory;
    stored(directory, MARKET).await;
    let elsewhere = tenant(directory, "elsewhere").await;
    let theirs = create(directory, &elsewhere, &person("eve@example.org")).await;
    let theirs = theirs.unwrap().user.id;
    for unknown in [theirs, 999_999, 0, -1] {
        let friends = json!([{"user_id": unknown}]);
        let given = json!({"email": "a@example.org", "relationship_users": {"friend": friends}});
        let at = "relationship_users.friend.0.user_id";
        assert_eq!(
            broken(submit(directory, given).await),
            rule(at, Rule::MustExist)
        );
    }
    assert!(
        list(directory, &system(), &UserFilter::default())
            .await
            .is_empty()
    );
}

async fn erasing_a_user_reaches_what_forms_kept(world: World) {
    let directory = &world.directory;
    let indexed = "  properties: { secret: { property_options: { indexed: true } } }\n  \
        transactables: { boat: { properties: { secret: { validation: { uniqueness: true } } } } }\n";
    stored(directory, indexed).await;
    let given = json!({"email": "ada@example.org", "properties": {"secret": "s3cret-1"},
        "transactables": {"boat": {"name": "s3cret-2", "properties": {"secret": "s3cret-3"}}}});
    let id = submit(directory, given).await.unwrap().user.id;
    directory
        .write(move |tx| users::erase(tx, &system(), id))
        .await
        .unwrap();
    for (table, column) in [
        ("records", "user_id"),
        ("property_values", "user_id"),
        ("claims", "owner_id"),
    ] {
        let sql = format!("SELECT count(*) FROM {table} WHERE tenant_id = $1 AND {column} = $2");
        let left = directory
            .read(move |tx| tx.query_one(&sql, &[1_i64.into(), id.into()], |row| row.int()))
            .await;
        assert_eq!(left.unwrap(), 0, "{table}");
    }
    let events = history(directory, &system(), "user", id).await;
    assert!(events.iter().all(|event| !event.change.contains("s3cret")));
}

async fn a_user_has_so_many_records_at_most(world: World) {
    let directory = &world.directory;
    stored(directory, MARKET).await;
    let boats =
        |count: usize| json!({"transactables": {"boat": vec![json!({"name": "x"}); count]}});
    let mut given = boats(100);
    given["email"] = json!("a@example.org");
    let id = submit(directory, given).await.unwrap().user.id;
    resubmit(directory, id, boats(100)).await.unwrap();
    let refused = broken(resubmit(directory, id, boats(1)).await);
    assert_eq!(
        refused,
        rule("transactables.boat.0", Rule::TooLong { max: 200 })
    );
}

async fn what_forms_keep_of_a_user_has_so_many_bytes_at_most(world: World) {
    let directory = &world.directory;
    stored(directory, MARKET).await;
    let text = "é".repeat(10_000);
    let boat = json!({"name": "x", "properties": {"feet": text, "color": text}});
    let boats = |count: usize| json!({"transactables": {"boat": vec![boat.clone(); count]}});
    let mut given = boats(100);
    given["email"] = json!("a@example.org");
    let made = submit(directory, given).await.unwrap();
    let max = 4 * 1024 * 1024;
    let at = "transactables.boat.0.properties";
    assert_eq!(
        broken(resubmit(directory, made.user.id, boats(5)).await),
        rule(at, Rule::TooLong { max })
    );
    // What another is taken away for has room.
    let mut given = boats(5);
    for (item, record) in given["transactables"]["boat"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .zip(made.records.iter().filter(|record| record.id != 0))
    {
        *item = json!({"id": record.id, "_destroy": true});
    }
    resubmit(directory, made.user.id, given).await.unwrap();
    resubmit(directory, made.user.id, boats(5)).await.unwrap();
}
