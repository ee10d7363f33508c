//! What a case starts from, said shortly: actors, users, and the calls of the use cases.

use directory::accounts;
use directory::badges::{self, NewBadge};
use directory::event::{self, Subject};
use directory::groups;
use directory::invitations;
use directory::model::{Email, EmployerRole, Group, Invitation, Phone, UserKind, UserView};
use directory::query::{InvitationFilter, Listed, UserFilter, UserOrder, UserPage};
use directory::store::{StoredEvent, UserKey};
use directory::tenants;
use directory::users::{self, Change, Include, UserChange};
use directory::violation::{Rule, Violations};
use directory::{Actor, Directory, Error, TenantId};

pub(crate) const ALL: Include = Include {
    accounts: true,
    groups: true,
    badges: true,
    roles: true,
    preferences: true,
    records: true,
};

/// The server itself in the tenant `default`.
pub(crate) fn system() -> Actor {
    Actor::system(TenantId(1), "request-1")
}

/// The server itself in a new tenant.
pub(crate) async fn tenant(directory: &Directory, name: &'static str) -> Actor {
    let id = directory
        .write(move |tx| tenants::create(tx, name))
        .await
        .unwrap();
    Actor::system(id, "request-1")
}

pub(crate) fn email(text: &str) -> Change<Email> {
    Change::Set(Email::parse(text).unwrap())
}

pub(crate) fn phone(text: &str) -> Change<Phone> {
    Change::Set(Phone::parse(text).unwrap())
}

pub(crate) fn set(text: &str) -> Change<String> {
    Change::Set(text.to_owned())
}

pub(crate) fn person(address: &str) -> UserChange {
    UserChange {
        email: email(address),
        ..UserChange::default()
    }
}

pub(crate) fn worker(address: &str) -> UserChange {
    UserChange {
        kind: Change::Set(UserKind::Worker),
        ..person(address)
    }
}

pub(crate) fn employer(address: &str, customer: i64) -> UserChange {
    UserChange {
        kind: Change::Set(UserKind::Employer),
        customer_id: Change::Set(customer),
        employer_role: Change::Set(EmployerRole::Requestor),
        ..person(address)
    }
}

pub(crate) async fn create(
    directory: &Directory,
    actor: &Actor,
    change: &UserChange,
) -> Result<UserView, Error> {
    let (actor, change) = (actor.clone(), change.clone());
    directory
        .write(move |tx| users::create(tx, &actor, &change, Violations::new(), ALL))
        .await
}

pub(crate) async fn update(
    directory: &Directory,
    actor: &Actor,
    key: UserKey,
    expected: Option<i64>,
    change: &UserChange,
) -> Result<UserView, Error> {
    let (actor, change) = (actor.clone(), change.clone());
    directory
        .write(move |tx| {
            users::update(
                tx,
                &actor,
                &key,
                expected.as_ref().map(std::slice::from_ref),
                &change,
                Violations::new(),
                ALL,
            )
        })
        .await
}

pub(crate) async fn get(
    directory: &Directory,
    actor: &Actor,
    key: UserKey,
) -> Result<UserView, Error> {
    let actor = actor.clone();
    directory
        .read(move |tx| users::get(tx, &actor, &key, ALL))
        .await
}

pub(crate) async fn delete(
    directory: &Directory,
    actor: &Actor,
    key: UserKey,
    expected: Option<i64>,
) -> Result<(), Error> {
    let actor = actor.clone();
    directory
        .write(move |tx| {
            users::delete(
                tx,
                &actor,
                &key,
                expected.as_ref().map(std::slice::from_ref),
            )
        })
        .await
}

pub(crate) async fn restore(
    directory: &Directory,
    actor: &Actor,
    id: i64,
) -> Result<UserView, Error> {
    let actor = actor.clone();
    directory
        .write(move |tx| users::restore(tx, &actor, id, ALL))
        .await
}

/// The first page of a list, up to 200 users.
pub(crate) async fn list(
    directory: &Directory,
    actor: &Actor,
    filter: &UserFilter,
) -> Vec<UserView> {
    page(directory, actor, filter, &first_page()).await.rows
}

pub(crate) async fn page(
    directory: &Directory,
    actor: &Actor,
    filter: &UserFilter,
    page: &UserPage,
) -> Listed<UserView> {
    let (actor, filter, page) = (actor.clone(), filter.clone(), page.clone());
    directory
        .read(move |tx| users::list(tx, &actor, &filter, &page, ALL))
        .await
        .unwrap()
}

pub(crate) fn first_page() -> UserPage {
    UserPage {
        order: UserOrder::Id,
        descending: false,
        after: None,
        limit: 200,
    }
}

/// The invitations of a user, by number.
pub(crate) async fn invitations_of(
    directory: &Directory,
    actor: &Actor,
    user: i64,
) -> Vec<Invitation> {
    let (actor, filter) = (
        actor.clone(),
        InvitationFilter {
            user_id: Some(user),
            state: None,
        },
    );
    let listed = directory.read(move |tx| invitations::list(tx, &actor, &filter, None, 100));
    listed.await.unwrap().rows
}

pub(crate) async fn account(directory: &Directory, actor: &Actor, name: &'static str) -> i64 {
    let actor = actor.clone();
    directory
        .write(move |tx| accounts::create(tx, &actor, name, Violations::new()))
        .await
        .unwrap()
        .id
}

pub(crate) async fn group(directory: &Directory, actor: &Actor, name: &'static str) -> Group {
    let actor = actor.clone();
    directory
        .write(move |tx| groups::create(tx, &actor, name, None, Violations::new()))
        .await
        .unwrap()
}

pub(crate) async fn badge(directory: &Directory, actor: &Actor, name: &'static str) -> i64 {
    let actor = actor.clone();
    directory
        .write(move |tx| {
            let new = NewBadge {
                name: name.to_owned(),
                ..NewBadge::default()
            };
            badges::create(tx, &actor, &new, Violations::new())
        })
        .await
        .unwrap()
        .id
}

pub(crate) async fn history(
    directory: &Directory,
    actor: &Actor,
    subject_type: &'static str,
    id: impl ToString,
) -> Vec<StoredEvent> {
    let (actor, subject) = (actor.clone(), Subject::new(subject_type, id));
    directory
        .read(move |tx| event::history(tx, &actor, &subject))
        .await
        .unwrap()
}

/// The broken rules of a refused request, as `path` and rule.
pub(crate) fn broken<T>(result: Result<T, Error>) -> Vec<(String, Rule)> {
    match result {
        Err(Error::Invalid(violations)) => violations
            .iter()
            .map(|each| (each.path.to_string(), each.rule.clone()))
            .collect(),
        Err(other) => panic!("refused for another reason: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

/// One broken rule, as [`broken`] shows it.
pub(crate) fn rule(path: &str, rule: Rule) -> Vec<(String, Rule)> {
    vec![(path.to_owned(), rule)]
}

pub(crate) async fn erase(directory: &Directory, actor: &Actor, id: i64) -> Result<(), Error> {
    let actor = actor.clone();
    directory
        .write(move |tx| users::erase(tx, &actor, id))
        .await
}
