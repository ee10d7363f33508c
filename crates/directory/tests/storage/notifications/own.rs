//! What a user may do with what is their own, and nobody else.

use directory::access::Access;
use directory::event::EventType;
use directory::model::DeliveryChannel::{Email, Website};
use directory::notifications::{self, NotificationFilter};
use directory::store::{Tx, UserKey};
use directory::violation::{Rule, Violations};
use directory::{Actor, Error};

use super::{begin, happens, listener, rule, tell};
use crate::feed::TENANT;
use crate::given::{self, broken, create, system};
use crate::harness::World;

const LEAD: EventType = EventType::LeadCreated;

on_each_engine!(
    a_user_reads_and_sets_what_is_their_own_in_every_account_and_nothing_of_others,
    who_knows_of_one_account_sets_no_rule_for_another,
);

async fn a_user_reads_and_sets_what_is_their_own_in_every_account_and_nothing_of_others(
    world: World,
) {
    let directory = &world.directory;
    begin(directory, TENANT).await;
    let acme = given::account(directory, &system(), "Acme").await;
    let other = given::account(directory, &system(), "Other").await;
    let rules = vec![rule(LEAD, None, &[Website])];
    let ada = listener("ada", rules.clone(), &[acme, other]);
    let ada = create(directory, &system(), &ada).await.unwrap().user.id;
    // Who is in no account has no place of their own, and their notifications all the same.
    let bob = listener("bob", rules, &[]);
    let bob = create(directory, &system(), &bob).await.unwrap().user.id;
    happens(directory, &system(), LEAD, Some(acme), "1").await;
    happens(directory, &system(), LEAD, Some(other), "2").await;
    happens(directory, &system(), LEAD, None, "3").await;
    tell(directory, TENANT).await;
    let itself = |user| Actor::user_of(TENANT, user, None, Access::default());
    let count = async |actor: Actor, user: i64| {
        // However the caller was bound, their own is all theirs.
        let filter = NotificationFilter {
            within: actor.account,
            unread: Some(true),
        };
        let count = move |tx: &Tx<'_>| notifications::count(tx, &actor, &UserKey::Id(user), filter);
        directory.read(count).await
    };
    assert_eq!(count(itself(ada), ada).await.unwrap(), 3);
    assert_eq!(count(itself(bob), bob).await.unwrap(), 1);
    assert!(matches!(
        count(itself(bob), ada).await,
        Err(Error::Forbidden(_))
    ));
    let read = move |tx: &Tx<'_>| {
        notifications::read_all(tx, &itself(ada), &UserKey::Id(ada), None, i64::MAX)
    };
    directory.write(read).await.unwrap();
    assert_eq!(count(itself(ada), ada).await.unwrap(), 0);
    let set = async |actor: Actor, user: i64| {
        let rules = [rule(LEAD, Some(acme), &[Email])];
        let set = move |tx: &Tx<'_>| {
            let (key, none) = (UserKey::Id(user), Violations::new());
            notifications::set_preferences(tx, &actor, &key, None, None, (&rules, none))
        };
        directory.write(set).await
    };
    for user in [ada, bob] {
        let set = set(itself(user), user).await.unwrap();
        assert_eq!(set.rules, [rule(LEAD, Some(acme), &[Email])]);
    }
    assert!(matches!(
        set(itself(bob), ada).await,
        Err(Error::Forbidden(_))
    ));
}

async fn who_knows_of_one_account_sets_no_rule_for_another(world: World) {
    let directory = &world.directory;
    let acme = given::account(directory, &system(), "Acme").await;
    let other = given::account(directory, &system(), "Other").await;
    let ada = listener(
        "ada",
        vec![rule(LEAD, Some(other), &[Email])],
        &[acme, other],
    );
    let ada = create(directory, &system(), &ada).await.unwrap().user.id;
    let bound = system().within_account(acme);
    let rules = [
        rule(LEAD, None, &[Email]),
        rule(LEAD, Some(other), &[Website]),
    ];
    let asker = bound.clone();
    let set = move |tx: &Tx<'_>| {
        let (key, none) = (UserKey::Id(ada), Violations::new());
        notifications::set_preferences(tx, &asker, &key, Some(acme), None, (&rules, none))
    };
    let refused = broken(directory.write(set).await);
    assert!(
        refused.contains(&("1.account_id".to_owned(), Rule::MustExist)),
        "{refused:?}"
    );
    let read = move |tx: &Tx<'_>| {
        let all = notifications::preferences(tx, &system(), &UserKey::Id(ada), None)?;
        let own = notifications::preferences(tx, &bound, &UserKey::Id(ada), Some(acme))?;
        Ok((all.rules, own.rules))
    };
    let (all, own) = directory.read(read).await.unwrap();
    assert_eq!(all, [rule(LEAD, Some(other), &[Email])]);
    assert_eq!(own, []);
}
