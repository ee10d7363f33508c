//! Signing up through a public form: noted whoever's the email is, and looked at afterwards.

use std::time::Duration;

use directory::forms::{self, SignUp};
use directory::query::UserFilter;
use directory::violation::Rule;
use directory::{Directory, Error, TenantId};
use serde_json::{Value, json};

use crate::forms::{put, stored, yaml};
use crate::given::{broken, create, history, list, person, rule, system};
use crate::harness::World;

on_each_engine!(
    of_several_who_ask_for_a_value_at_once_one_is_kept_it,
    a_sign_up_is_looked_at_once_however_many_look,
    what_was_kept_for_a_known_address_is_free_once_it_is_looked_at,
    a_sign_up_that_a_new_demand_refuses_is_given_up_whole,
    a_known_address_is_told_once_an_hour_whichever_nodes_look,
);

const TENANT: TenantId = TenantId(1);
const UNIQUE: &str =
    "  properties: { handle: { validation: { uniqueness: true } } }\npublic: true\n";

async fn sign_up(directory: &Directory, email: &str, handle: &str) -> Result<(), Error> {
    let form = directory.form(TENANT, "seller").await?.unwrap();
    let given: Value = json!({"email": email, "properties": {"handle": handle}});
    let signed = SignUp::of(&form, given.as_object().unwrap()).unwrap();
    directory
        .write(move |tx| forms::sign_up(tx, TENANT, &form, &signed, "request-1"))
        .await
}

async fn noted(directory: &Directory) -> Vec<i64> {
    let noted = directory.read(|tx| forms::noted_sign_ups(tx, TENANT)).await;
    noted.unwrap().0
}

async fn look(directory: &Directory, id: i64) -> Result<(), Error> {
    directory
        .write(move |tx| forms::look_at_sign_up(tx, TENANT, id))
        .await
}

async fn look_at_all(directory: &Directory) {
    for id in noted(directory).await {
        look(directory, id).await.unwrap();
    }
}

async fn emails(directory: &Directory) -> Vec<String> {
    let users = list(directory, &system(), &UserFilter::default()).await;
    let emails = users.iter().filter_map(|view| view.user.email.as_ref());
    let mut emails: Vec<String> = emails.map(|email| email.as_str().to_owned()).collect();
    emails.sort();
    emails
}

fn taken() -> Vec<(String, Rule)> {
    rule("properties.handle", Rule::Taken)
}

async fn of_several_who_ask_for_a_value_at_once_one_is_kept_it(world: World) {
    let directory = &world.directory;
    let other = world.another().await;
    stored(directory, UNIQUE).await;
    let asking = (0..12).map(|n| {
        let node = if n % 2 == 0 { directory } else { &other }.clone();
        tokio::spawn(async move { sign_up(&node, &format!("u{n}@example.org"), "ada").await })
    });
    let asking: Vec<_> = asking.collect();
    let mut kept = 0;
    for asked in asking {
        match asked.await.unwrap() {
            Ok(()) => kept += 1,
            refused => assert_eq!(broken(refused), taken()),
        }
    }
    assert_eq!(kept, 1);
    look_at_all(directory).await;
    assert_eq!(emails(directory).await.len(), 1);
    assert_eq!(
        broken(sign_up(directory, "x@example.org", "ada").await),
        taken()
    );
}

async fn a_sign_up_is_looked_at_once_however_many_look(world: World) {
    let directory = &world.directory;
    stored(directory, UNIQUE).await;
    for round in 0..5 {
        let email = format!("u{round}@example.org");
        sign_up(directory, &email, &format!("ada{round}"))
            .await
            .unwrap();
        let [id] = noted(directory).await[..] else {
            panic!("one is noted")
        };
        let other = world.another().await;
        let looking: Vec<_> = [directory.clone(), other.clone(), directory.clone(), other]
            .into_iter()
            .map(|node| tokio::spawn(async move { look(&node, id).await }))
            .collect();
        for looked in looking {
            looked.await.unwrap().unwrap();
        }
        assert!(noted(directory).await.is_empty());
        assert_eq!(emails(directory).await.len(), round + 1);
    }
}

async fn what_was_kept_for_a_known_address_is_free_once_it_is_looked_at(world: World) {
    let directory = &world.directory;
    stored(directory, UNIQUE).await;
    sign_up(directory, "ada@example.org", "ada").await.unwrap();
    // Made by another way since.
    create(directory, &system(), &person("Ada@example.org"))
        .await
        .unwrap();
    let refused = sign_up(directory, "eve@example.org", "ada").await;
    assert_eq!(broken(refused), taken());
    look_at_all(directory).await;
    assert_eq!(emails(directory).await, ["Ada@example.org"]);
    sign_up(directory, "eve@example.org", "ada").await.unwrap();
    look_at_all(directory).await;
    assert_eq!(
        emails(directory).await,
        ["Ada@example.org", "eve@example.org"]
    );
}

async fn a_sign_up_that_a_new_demand_refuses_is_given_up_whole(world: World) {
    let directory = &world.directory;
    let plain = UNIQUE.replace("uniqueness: true", "presence: true");
    stored(directory, &plain).await;
    for email in ["ada@example.org", "eve@example.org"] {
        sign_up(directory, email, "ada").await.unwrap();
    }
    put(directory, &system(), &yaml(UNIQUE), forms::Expected::Any)
        .await
        .unwrap();
    let [first, second] = noted(directory).await[..] else {
        panic!("two are noted")
    };
    look(directory, first).await.unwrap();
    assert_eq!(broken(look(directory, second).await), taken());
    // Nothing of it was written.
    assert_eq!(noted(directory).await, [second]);
    let end = directory.write(move |tx| forms::drop_sign_up(tx, TENANT, second));
    end.await.unwrap();
    assert!(noted(directory).await.is_empty());
    assert_eq!(emails(directory).await, ["ada@example.org"]);
}

async fn a_known_address_is_told_once_an_hour_whichever_nodes_look(world: World) {
    let directory = &world.directory;
    let other = world.another().await;
    let plain = UNIQUE.replace("uniqueness: true", "presence: true");
    stored(directory, &plain).await;
    let known = create(directory, &system(), &person("ada@example.org")).await;
    let known = known.unwrap().user.id;
    for round in 0..8 {
        for _ in 0..4 {
            sign_up(directory, "ada@example.org", "ada").await.unwrap();
        }
        let [first, second, third, fourth] = noted(directory).await[..] else {
            panic!("four are noted")
        };
        // Events of one node may have smaller numbers than older ones of another.
        let nodes = if round % 2 == 0 {
            [directory, &other]
        } else {
            [&other, directory]
        };
        let at_once = tokio::join!(look(nodes[0], first), look(nodes[1], second));
        at_once.0.unwrap();
        at_once.1.unwrap();
        look(nodes[0], third).await.unwrap();
        look(nodes[1], fourth).await.unwrap();
        let events = history(directory, &system(), "user", known).await;
        let told = events
            .iter()
            .filter(|event| event.event_type == "user_sign_up_repeated");
        assert_eq!(told.count(), round + 1);
        world.clock.advance(Duration::from_secs(3_600));
    }
}
