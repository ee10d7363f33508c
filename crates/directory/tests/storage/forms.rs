//! Forms: how they are stored, and what they keep around users.

use std::time::Duration;

use directory::forms::{
    self, Applied, Expected, Format, Outcome, Resource, StoredForm, Submission,
};
use directory::model::UserView;
use directory::store::UserKey;
use directory::users::{self, UserChange};
use directory::violation::Rule;
use directory::{Actor, Directory, Error};
use serde_json::{Value, json};

use crate::given::{
    ALL, broken, create, delete, get, history, person, restore, rule, set, system, tenant, update,
};
use crate::harness::World;

on_each_engine!(
    a_form_is_kept_in_versions_and_one_of_two_writers_of_a_version_wins,
    an_old_version_is_of_the_resource_that_it_names,
    a_form_is_stored_once_where_nothing_differs,
    a_form_holds_from_the_next_request_and_on_other_nodes_within_a_moment,
    what_a_form_keeps_is_read_back_changed_and_taken_away,
    what_a_form_keeps_stays_when_others_change_the_user,
    a_unique_property_is_had_once_however_many_ask_at_once,
    a_unique_property_is_free_again_once_it_is_changed_or_its_user_is_gone,
    what_is_unique_beside_other_values_may_be_had_beside_others,
    one_user_cannot_have_a_unique_value_twice,
    a_new_demand_claims_what_is_there_or_names_who_clash,
    a_demand_that_is_withdrawn_frees_what_it_claimed,
    a_unique_external_id_is_held_whichever_way_it_is_written,
    nobody_slips_by_a_demand_that_is_made_meanwhile,
);

/// A form of the resource User, named `seller`.
pub(crate) fn yaml(configuration: &str) -> String {
    format!(
        "name: seller\nresource: User\nconfiguration:\n  email: {{}}\n  external_id: {{}}\n{configuration}"
    )
}

pub(crate) async fn put(
    directory: &Directory,
    actor: &Actor,
    text: &str,
    expected: Expected,
) -> Result<Applied, Error> {
    let draft = forms::draft(Format::Yaml, text.to_owned(), None);
    let draft = draft.unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
    let actor = actor.clone();
    directory
        .write(move |tx| forms::put(tx, &actor, &draft, &expected))
        .await
}

pub(crate) async fn stored(directory: &Directory, configuration: &str) -> StoredForm {
    let text = yaml(configuration);
    let applied = put(directory, &system(), &text, Expected::Any).await;
    applied.unwrap().form
}

/// Makes a user through the form.
pub(crate) async fn submit(directory: &Directory, given: Value) -> Result<UserView, Error> {
    let actor = system();
    let form = directory.form(actor.tenant, "seller").await?.unwrap();
    let given = given.as_object().unwrap().clone();
    let Submission {
        change, violations, ..
    } = Submission::of_user(&form, &given, None);
    directory
        .write(move |tx| users::create(tx, &actor, &change, violations.clone(), ALL))
        .await
}

/// Changes a user through the form.
pub(crate) async fn resubmit(directory: &Directory, id: i64, given: Value) -> Result<Value, Error> {
    let actor = system();
    let form = directory.form(actor.tenant, "seller").await?.unwrap();
    let given = given.as_object().unwrap().clone();
    let (reader, asked, sent) = (actor.clone(), form.clone(), given.clone());
    let checked = directory
        .read(move |tx| forms::check_update(tx, &reader, &asked, id, &sent))
        .await?;
    directory
        .write(move |tx| forms::update_user(tx, &actor, &form, id, &given, &checked, None))
        .await?;
    Ok(shown(&get(directory, &system(), UserKey::Id(id)).await?))
}

fn shown(view: &UserView) -> Value {
    forms::as_submitted(view).into()
}

async fn a_form_is_kept_in_versions_and_one_of_two_writers_of_a_version_wins(world: World) {
    let directory = &world.directory;
    let first = yaml("  first_name: {}");
    let made = put(directory, &system(), &first, Expected::None)
        .await
        .unwrap();
    assert_eq!((made.outcome, made.form.version), (Outcome::Created, 1));
    let again = put(directory, &system(), &first, Expected::None).await;
    assert!(matches!(again, Err(Error::PreconditionFailed)), "{again:?}");
    for round in 1..6 {
        let mut writers = Vec::new();
        for writer in 0..2 {
            let node = directory.clone();
            let text = yaml(&format!("  last_name: {{ label: '{round}-{writer}' }}"));
            writers.push(tokio::spawn(async move {
                put(&node, &system(), &text, Expected::OneOf(vec![round])).await
            }));
        }
        let mut won = 0;
        for writer in writers {
            match writer.await.unwrap() {
                Ok(applied) => {
                    assert_eq!(applied.form.version, round + 1);
                    assert_eq!(applied.outcome, Outcome::Updated);
                    won += 1;
                }
                Err(Error::PreconditionFailed) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(won, 1);
    }
    let read = |version| async move {
        let found = directory.read(move |tx| forms::get(tx, &system(), "seller", version));
        found.await.unwrap()
    };
    assert_eq!(read(Some(1)).await.source, first);
    assert_eq!(read(None).await.version, 6);
    let events = history(directory, &system(), "form", "seller").await;
    assert_eq!(events.len(), 6);
    assert!(
        events
            .iter()
            .all(|event| event.event_type == "form_updated")
    );
    let elsewhere = tenant(directory, "elsewhere").await;
    let other = directory
        .read(move |tx| forms::get(tx, &elsewhere, "seller", None))
        .await;
    assert!(matches!(other, Err(Error::NotFound)), "{other:?}");
}

async fn an_old_version_is_of_the_resource_that_it_names(world: World) {
    let directory = &world.directory;
    let boat = "name: seller\nresource: Transactable\ntype: boat\nconfiguration:\n  name: {}\n";
    let page = format!("public: true\n{}", yaml(""));
    for text in [page.as_str(), boat] {
        put(directory, &system(), text, Expected::Any)
            .await
            .unwrap();
    }
    for (version, expected) in [
        (Some(1), (Resource::User, true)),
        (Some(2), (Resource::Transactable, false)),
        (None, (Resource::Transactable, false)),
    ] {
        let found = directory.read(move |tx| forms::get(tx, &system(), "seller", version));
        let found = found.await.unwrap();
        assert_eq!((found.resource, found.public), expected, "{version:?}");
    }
}

async fn a_form_is_stored_once_where_nothing_differs(world: World) {
    let directory = &world.directory;
    let text = yaml("  first_name: {}");
    put(directory, &system(), &text, Expected::Any)
        .await
        .unwrap();
    let again = put(directory, &system(), &text, Expected::Any)
        .await
        .unwrap();
    assert_eq!((again.outcome, again.form.version), (Outcome::Unchanged, 1));
    assert_eq!(
        history(directory, &system(), "form", "seller").await.len(),
        1
    );
    let other = yaml("  first_name: { label: Name }");
    let draft = forms::draft(Format::Yaml, other, None).unwrap();
    let looked = forms::preview(directory, &system(), &draft, &Expected::Any)
        .await
        .unwrap();
    assert_eq!(looked.outcome, Outcome::Updated);
    let differences = looked.differences().unwrap();
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0].pointer, "/configuration/first_name/label");
    assert!(again.differences().unwrap().is_empty());
    assert_eq!(
        history(directory, &system(), "form", "seller").await.len(),
        1
    );
}

async fn a_form_holds_from_the_next_request_and_on_other_nodes_within_a_moment(world: World) {
    let directory = &world.directory;
    let other = world.another().await;
    let label = |node: Directory| async move {
        let form = node.form(system().tenant, "seller").await.unwrap();
        form.and_then(|form| form.title.clone())
    };
    assert_eq!(label(directory.clone()).await, None);
    for round in 0..3 {
        let text = format!("title: T{round}\n{}", yaml("  first_name: {}"));
        put(directory, &system(), &text, Expected::Any)
            .await
            .unwrap();
        let expected = Some(format!("T{round}"));
        assert_eq!(label(directory.clone()).await, expected);
        world.clock.advance(Duration::from_millis(250));
        assert_eq!(label(other.clone()).await, expected);
    }
}

pub(crate) const MARKET: &str = "  properties:\n    size: { property_options: { default: 1 } }\n    \
    plan: {}\n  profiles:\n    developer:\n      enabled: {}\n      properties: { bio: {} }\n  \
    relationship_users:\n    friend: { properties: { since: {} } }\n  transactables:\n    \
    boat: { external_id: {}, properties: { feet: {}, color: {} } }\n";

async fn what_a_form_keeps_is_read_back_changed_and_taken_away(world: World) {
    let directory = &world.directory;
    stored(directory, MARKET).await;
    let friend = create(directory, &system(), &person("grace@example.org")).await;
    let friend = friend.unwrap().user.id;
    let made = submit(
        directory,
        json!({
            "email": "ada@example.org",
            "properties": {"plan": "pro"},
            "profiles": {"developer": {"properties": {"bio": "é <b>", "x": 1}}},
            "relationship_users": {"friend": {"user_id": friend, "properties": {"since": 1.5}}},
            "transactables": {"boat": [
                {"name": "Ann", "external_id": "b-1", "properties": {"feet": 30}},
                {"name": "Eve", "properties": {"feet": 9, "color": "red"}}]},
        }),
    );
    let made = made.await.unwrap();
    let id = made.user.id;
    let read = shown(&get(directory, &system(), UserKey::Id(id)).await.unwrap());
    assert_eq!(read, shown(&made));
    let boats = &read["transactables"]["boat"];
    let number = |value: &Value| value["id"].as_i64().unwrap();
    let (ann, eve) = (number(&boats[0]), number(&boats[1]));
    let developer = number(&read["profiles"]["developer"]);
    assert_eq!(read["properties"], json!({"plan": "pro", "size": 1}));
    assert_eq!(
        read["profiles"],
        json!({"developer": {"id": developer, "enabled": true, "properties": {"bio": "é <b>"}}})
    );
    assert_eq!(read["relationship_users"]["friend"][0]["user_id"], friend);
    assert_eq!(
        boats[1],
        json!({"id": eve, "name": "Eve", "external_id": null,
            "properties": {"feet": 9, "color": "red"}})
    );
    let changed = resubmit(
        directory,
        id,
        json!({
            "properties": {"size": 2},
            "profiles": {"developer": {"id": developer, "enabled": false}},
            "transactables": {"boat": [
                {"id": ann, "_destroy": true},
                {"id": eve, "name": "Evelyn", "properties": {"color": ""}},
                {"name": "New"}]},
        }),
    );
    let changed = changed.await.unwrap();
    assert_eq!(changed["properties"], json!({"plan": "pro", "size": 2}));
    assert_eq!(changed["profiles"]["developer"]["enabled"], false);
    assert_eq!(
        changed["profiles"]["developer"]["properties"],
        json!({"bio": "é <b>"})
    );
    let boats = changed["transactables"]["boat"].as_array().unwrap();
    assert_eq!(boats.len(), 2);
    assert_eq!(boats[0]["id"], eve);
    assert_eq!(
        (&boats[0]["name"], &boats[0]["properties"]),
        (&json!("Evelyn"), &json!({"feet": 9, "color": ""}))
    );
    let events = history(directory, &system(), "user", id).await;
    let kinds: Vec<_> = events
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    assert_eq!(kinds, ["user_created", "user_updated"]);
    let change: Value = serde_json::from_str(&events[1].change).unwrap();
    assert_eq!(
        change["new"]["properties"],
        json!({"plan": "pro", "size": 2})
    );
    let before = get(directory, &system(), UserKey::Id(id)).await.unwrap();
    let same = resubmit(directory, id, json!({"properties": {"size": 2}}))
        .await
        .unwrap();
    assert_eq!(same, changed);
    let after = get(directory, &system(), UserKey::Id(id)).await.unwrap();
    assert_eq!(after.user.version, before.user.version);
}

async fn what_a_form_keeps_stays_when_others_change_the_user(world: World) {
    let directory = &world.directory;
    stored(directory, MARKET).await;
    let given = json!({"email": "ada@example.org", "properties": {"plan": "pro"},
        "transactables": {"boat": {"name": "Ann"}}});
    let made = submit(directory, given).await.unwrap();
    let key = UserKey::Id(made.user.id);
    let change = UserChange {
        first_name: set("Ada"),
        ..UserChange::default()
    };
    let view = update(directory, &system(), key.clone(), None, &change)
        .await
        .unwrap();
    assert_eq!(view.records, made.records);
    delete(directory, &system(), key.clone(), None)
        .await
        .unwrap();
    let back = restore(directory, &system(), made.user.id).await.unwrap();
    assert_eq!(back.records, made.records);
}

const UNIQUE: &str = "  properties:\n    handle: { validation: { uniqueness: true } }\n";

async fn a_unique_property_is_had_once_however_many_ask_at_once(world: World) {
    let directory = &world.directory;
    let other = world.another().await;
    stored(directory, UNIQUE).await;
    for round in 0..5 {
        let mut writers = Vec::new();
        for writer in 0..12 {
            let node = if writer % 2 == 0 {
                directory.clone()
            } else {
                other.clone()
            };
            let given = json!({"email": format!("u{round}-{writer}@example.org"),
                "properties": {"handle": format!("ada{round}")}});
            writers.push(tokio::spawn(async move { submit(&node, given).await }));
        }
        let mut won = 0;
        for writer in writers {
            match writer.await.unwrap() {
                Ok(_) => won += 1,
                refused => assert_eq!(broken(refused), rule("properties.handle", Rule::Taken)),
            }
        }
        assert_eq!(won, 1);
    }
}

async fn a_unique_property_is_free_again_once_it_is_changed_or_its_user_is_gone(world: World) {
    let directory = &world.directory;
    stored(directory, UNIQUE).await;
    let with = |email: &str, handle: Value| json!({"email": format!("{email}@example.org"), "properties": {"handle": handle}});
    let first = submit(directory, with("a", json!("ada")))
        .await
        .unwrap()
        .user
        .id;
    let taken = || rule("properties.handle", Rule::Taken);
    assert_eq!(
        broken(submit(directory, with("b", json!("ada"))).await),
        taken()
    );
    // 1 and 1.0 are one number, and no text.
    submit(directory, with("c", json!(1))).await.unwrap();
    assert_eq!(
        broken(submit(directory, with("d", json!(1.0))).await),
        taken()
    );
    submit(directory, with("d", json!("1"))).await.unwrap();
    resubmit(directory, first, json!({"properties": {"handle": "eve"}}))
        .await
        .unwrap();
    let second = submit(directory, with("b", json!("ada")))
        .await
        .unwrap()
        .user
        .id;
    let refused = resubmit(directory, first, json!({"properties": {"handle": "ada"}})).await;
    assert_eq!(broken(refused), taken());
    delete(directory, &system(), UserKey::Id(second), None)
        .await
        .unwrap();
    let third = submit(directory, with("e", json!("ada")))
        .await
        .unwrap()
        .user
        .id;
    assert_eq!(broken(restore(directory, &system(), second).await), taken());
    directory
        .write(move |tx| users::erase(tx, &system(), third))
        .await
        .unwrap();
    restore(directory, &system(), second).await.unwrap();
    assert_eq!(
        broken(submit(directory, with("f", json!("ada"))).await),
        taken()
    );
    // A long value is claimed as a whole.
    let long = "x".repeat(9_000);
    submit(directory, with("g", json!(long))).await.unwrap();
    assert_eq!(
        broken(submit(directory, with("h", json!(long))).await),
        taken()
    );
    submit(directory, with("h", json!(format!("{long}y"))))
        .await
        .unwrap();
}

async fn what_is_unique_beside_other_values_may_be_had_beside_others(world: World) {
    let directory = &world.directory;
    stored(
        directory,
        "  transactables:\n    boat: { name: { validation: { uniqueness: { scope: [harbour] } } }, \
         properties: { harbour: {} } }\n",
    )
    .await;
    let with = |email: &str, name: &str, harbour: Value| {
        json!({"email": format!("{email}@example.org"),
            "transactables": {"boat": {"name": name, "properties": {"harbour": harbour}}}})
    };
    submit(directory, with("a", "Ann", json!("Kiel")))
        .await
        .unwrap();
    submit(directory, with("b", "Ann", json!("Bergen")))
        .await
        .unwrap();
    submit(directory, with("c", "Ann", json!(null)))
        .await
        .unwrap();
    for (email, harbour) in [("d", json!("Kiel")), ("e", json!(null))] {
        let refused = submit(directory, with(email, "Ann", harbour)).await;
        assert_eq!(
            broken(refused),
            rule("transactables.boat.name", Rule::Taken)
        );
    }
}

async fn one_user_cannot_have_a_unique_value_twice(world: World) {
    let directory = &world.directory;
    stored(
        directory,
        "  transactables:\n    boat: { properties: { mmsi: { validation: { uniqueness: true } } } }\n",
    )
    .await;
    let boat = |mmsi: &str| json!({"name": "x", "properties": {"mmsi": mmsi}});
    let given = json!({"email": "a@example.org",
        "transactables": {"boat": [boat("1"), boat("2"), boat("1")]}});
    let at = "transactables.boat.2.properties.mmsi";
    assert_eq!(
        broken(submit(directory, given).await),
        rule(at, Rule::Taken)
    );
    let given = json!({"email": "a@example.org", "transactables": {"boat": [boat("1")]}});
    let id = submit(directory, given).await.unwrap().user.id;
    let more = json!({"transactables": {"boat": [boat("3"), boat("1")]}});
    let refused = resubmit(directory, id, more).await;
    assert_eq!(
        broken(refused),
        rule("transactables.boat.1.properties.mmsi", Rule::Taken)
    );
}

async fn a_new_demand_claims_what_is_there_or_names_who_clash(world: World) {
    let directory = &world.directory;
    stored(directory, "  properties:\n    handle: {}\n").await;
    let mut ids = Vec::new();
    for number in 0..24 {
        let handle = number % 12;
        let given = json!({"email": format!("u{number}@example.org"),
            "properties": {"handle": format!("h{handle}")}});
        ids.push(submit(directory, given).await.unwrap().user.id);
    }
    let text = yaml(UNIQUE);
    let draft = forms::draft(Format::Yaml, text.clone(), None).unwrap();
    let looked = forms::preview(directory, &system(), &draft, &Expected::Any).await;
    for refused in [
        looked,
        put(directory, &system(), &text, Expected::Any).await,
    ] {
        let Err(Error::Invalid(violations)) = refused else {
            panic!("{refused:?}");
        };
        let told: Vec<_> = violations.iter().collect();
        assert_eq!(told.len(), 10);
        assert_eq!(told[0].rule, Rule::Taken);
        assert_eq!(told[0].path.pointer(), "/configuration/properties/handle");
        let words = format!("users {} and {} have the same value", ids[0], ids[12]);
        assert_eq!(told[0].message.as_deref(), Some(words.as_str()));
    }
    for id in &ids[12..] {
        delete(directory, &system(), UserKey::Id(*id), None)
            .await
            .unwrap();
    }
    let applied = put(directory, &system(), &text, Expected::Any)
        .await
        .unwrap();
    assert_eq!(applied.form.version, 2);
    let given = json!({"email": "new@example.org", "properties": {"handle": "h7"}});
    let taken = rule("properties.handle", Rule::Taken);
    assert_eq!(broken(submit(directory, given).await), taken);
    assert_eq!(broken(restore(directory, &system(), ids[20]).await), taken);
    let given = json!({"email": "new@example.org", "properties": {"handle": "h12"}});
    submit(directory, given).await.unwrap();
}

async fn a_demand_that_is_withdrawn_frees_what_it_claimed(world: World) {
    let directory = &world.directory;
    stored(directory, UNIQUE).await;
    let with = |email: &str| json!({"email": email, "properties": {"handle": "ada"}});
    submit(directory, with("a@example.org")).await.unwrap();
    assert!(submit(directory, with("b@example.org")).await.is_err());
    stored(directory, "  properties:\n    handle: {}\n").await;
    submit(directory, with("b@example.org")).await.unwrap();
    // Another form that demands it still would have held it.
    let other = yaml(UNIQUE).replace("name: seller", "name: other");
    let refused = put(directory, &system(), &other, Expected::Any).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
}

async fn a_unique_external_id_is_held_whichever_way_it_is_written(world: World) {
    let directory = &world.directory;
    let with = |email: &str, external: &str| UserChange {
        external_id: set(external),
        ..person(email)
    };
    create(directory, &system(), &with("a@example.org", "x-1"))
        .await
        .unwrap();
    let text = "name: crm\nresource: User\nconfiguration:\n  email: {}\n  external_id: { \
                validation: { uniqueness: true } }\n";
    put(directory, &system(), text, Expected::Any)
        .await
        .unwrap();
    let taken = || rule("external_id", Rule::Taken);
    let refused = create(directory, &system(), &with("b@example.org", "x-1")).await;
    assert_eq!(broken(refused), taken());
    let second = create(directory, &system(), &with("b@example.org", "x-2")).await;
    let key = UserKey::Id(second.unwrap().user.id);
    let change = UserChange {
        external_id: set("x-1"),
        ..UserChange::default()
    };
    let refused = update(directory, &system(), key.clone(), None, &change).await;
    assert_eq!(broken(refused), taken());
    delete(directory, &system(), key, None).await.unwrap();
    create(directory, &system(), &with("c@example.org", "x-2"))
        .await
        .unwrap();
    // Elsewhere nothing is demanded.
    let elsewhere = tenant(directory, "elsewhere").await;
    for email in ["a@example.org", "b@example.org"] {
        create(directory, &elsewhere, &with(email, "x-1"))
            .await
            .unwrap();
    }
}

async fn nobody_slips_by_a_demand_that_is_made_meanwhile(world: World) {
    let directory = &world.directory;
    let other = world.another().await;
    for round in 0..8 {
        let open = format!(
            "name: seller\nresource: User\nconfiguration:\n  email: {{}}\n  \
            properties: {{ p{round}: {{}} }}\n"
        );
        put(directory, &system(), &open, Expected::Any)
            .await
            .unwrap();
        world.clock.advance(Duration::from_millis(250));
        let demand = format!(
            "name: strict\nresource: User\nconfiguration:\n  email: {{}}\n  \
            properties: {{ p{round}: {{ validation: {{ uniqueness: true }} }} }}\n"
        );
        let mut writers = Vec::new();
        for writer in 0..4 {
            let node = if writer % 2 == 0 {
                directory.clone()
            } else {
                other.clone()
            };
            let mut given = json!({"email": format!("u{round}-{writer}@example.org")});
            given["properties"] = json!({ format!("p{round}"): "same" });
            writers.push(tokio::spawn(async move { submit(&node, given).await }));
        }
        let demanded = put(directory, &system(), &demand, Expected::Any).await;
        let taken = rule(&format!("properties.p{round}"), Rule::Taken);
        let mut made = 0;
        for writer in writers {
            match writer.await.unwrap() {
                Ok(_) => made += 1,
                refused => assert_eq!(broken(refused), taken),
            }
        }
        match demanded {
            Ok(_) => assert_eq!(made, 1, "users with the same value"),
            Err(Error::Invalid(_)) => assert!(made >= 2),
            Err(other) => panic!("{other:?}"),
        }
    }
}
