//! Members of accounts, roles and grants: who may give what, and that an account keeps an
//! administrator whatever happens at once.

use directory::grants;
use directory::members::{self, MemberChange};
use directory::model::{EmployerRole, Role, UserKind};
use directory::permission::{Permission, PermissionSet};
use directory::roles;
use directory::store::UserKey;
use directory::users::{Change, UserChange};
use directory::violation::{Rule, Violations};
use directory::{Actor, Directory, Error};

use crate::given::{self, broken, create, history, person, system, tenant};
use crate::harness::World;
use crate::sessions::{member, role, token, user, who};

on_each_engine!(
    a_member_joins_changes_and_leaves_with_what_they_had_there,
    the_last_administrator_stays,
    administrators_who_leave_at_once_leave_one,
    a_role_says_what_its_holders_may_at_once,
    a_role_is_made_once_and_not_deleted_while_it_is_held,
    grants_and_a_deletion_of_their_role_at_once_break_nothing,
    what_is_set_directly_holds_in_its_place_alone,
    nobody_grants_or_takes_above_their_own_rights,
    another_tenants_account_role_and_user_are_not_there,
);

const NONE: MemberChange = MemberChange {
    role: None,
    admin: None,
    primary: None,
};

async fn add(
    directory: &Directory,
    actor: &Actor,
    account: i64,
    user: i64,
    new: MemberChange,
) -> Result<(), Error> {
    let actor = actor.clone();
    let add =
        directory.write(move |tx| members::add(tx, &actor, account, user, new, Violations::new()));
    add.await.map(drop)
}

async fn change(
    directory: &Directory,
    actor: &Actor,
    account: i64,
    user: i64,
    new: MemberChange,
) -> Result<(), Error> {
    let actor = actor.clone();
    let change = directory
        .write(move |tx| members::change(tx, &actor, account, user, new, Violations::new()));
    change.await.map(drop)
}

async fn remove(
    directory: &Directory,
    actor: &Actor,
    account: i64,
    user: i64,
) -> Result<(), Error> {
    let actor = actor.clone();
    directory
        .write(move |tx| members::remove(tx, &actor, account, user))
        .await
}

async fn set_roles(
    directory: &Directory,
    actor: &Actor,
    user: i64,
    place: Option<i64>,
    names: &[&str],
) -> Result<(), Error> {
    let actor = actor.clone();
    let names: Vec<String> = names.iter().map(|each| (*each).to_owned()).collect();
    directory
        .write(move |tx| grants::set_roles(tx, &actor, user, place, &names, Violations::new()))
        .await
}

async fn set_permissions(
    directory: &Directory,
    actor: &Actor,
    user: i64,
    place: Option<i64>,
    permissions: &[Permission],
) -> Result<(), Error> {
    let (actor, set) = (actor.clone(), PermissionSet::of(permissions));
    directory
        .write(move |tx| grants::set_permissions(tx, &actor, user, place, set, Violations::new()))
        .await
}

async fn new_role(directory: &Directory, name: &'static str, permissions: &[Permission]) -> Role {
    let set = PermissionSet::of(permissions);
    let create =
        directory.write(move |tx| roles::create(tx, &system(), name, set, Violations::new()));
    create.await.unwrap()
}

const ADMIN: MemberChange = MemberChange {
    admin: Some(true),
    ..NONE
};
const NO_ADMIN: MemberChange = MemberChange {
    admin: Some(false),
    ..NONE
};

async fn accounts_of(directory: &Directory, id: i64) -> Vec<(i64, bool, bool)> {
    let view = given::get(directory, &system(), UserKey::Id(id))
        .await
        .unwrap();
    let parts = view.accounts.iter();
    parts
        .map(|own| (own.account_id, own.admin, own.primary))
        .collect()
}

async fn a_member_joins_changes_and_leaves_with_what_they_had_there(world: World) {
    let directory = &world.directory;
    let first = given::account(directory, &system(), "First").await;
    let second = given::account(directory, &system(), "Second").await;
    let id = user(directory, "ada@example.org", UserChange::default()).await;
    add(directory, &system(), first, id, NONE).await.unwrap();
    add(directory, &system(), second, id, NONE).await.unwrap();
    assert_eq!(
        accounts_of(directory, id).await,
        [(first, false, true), (second, false, false)]
    );
    let again = add(directory, &system(), first, id, NONE).await;
    assert_eq!(broken(again), [("user_id".to_owned(), Rule::Taken)]);
    let nobody = add(directory, &system(), first, 999_999, NONE).await;
    assert_eq!(broken(nobody), [("user_id".to_owned(), Rule::MustExist)]);

    let primary = MemberChange {
        primary: Some(true),
        ..NONE
    };
    change(directory, &system(), second, id, primary)
        .await
        .unwrap();
    assert_eq!(
        accounts_of(directory, id).await,
        [(second, false, true), (first, false, false)]
    );
    let not = MemberChange {
        primary: Some(false),
        ..NONE
    };
    let refused = change(directory, &system(), second, id, not).await;
    assert_eq!(broken(refused), [("primary".to_owned(), Rule::Immutable)]);

    set_roles(directory, &system(), id, Some(second), &["manager"])
        .await
        .unwrap();
    let direct = [Permission::ReadEvents];
    set_permissions(directory, &system(), id, Some(second), &direct)
        .await
        .unwrap();
    let token = token(directory, "ada@example.org").await;
    let there = who(directory, &token).await.unwrap().within_account(second);
    assert!(there.permissions.contains(Permission::UpdateUsers));
    assert!(there.permissions.contains(Permission::ReadEvents));
    let before = given::get(directory, &system(), UserKey::Id(id))
        .await
        .unwrap();
    assert_eq!(before.roles, ["manager"]);
    assert!(before.permissions.contains(Permission::ReadEvents));

    remove(directory, &system(), second, id).await.unwrap();
    let actor = who(directory, &token).await.unwrap();
    assert!(!actor.has_part_in(second), "at once");
    let after = given::get(directory, &system(), UserKey::Id(id))
        .await
        .unwrap();
    assert_eq!(
        accounts_of(directory, id).await,
        [(first, false, true)],
        "the next is primary"
    );
    assert_eq!(
        (after.roles.len(), after.permissions),
        (0, PermissionSet::NONE)
    );
    assert!(after.user.version > before.user.version);
    let gone = remove(directory, &system(), second, id).await;
    assert!(matches!(gone, Err(Error::NotFound)));
    let told = history(directory, &system(), "user", id).await;
    let types: Vec<&str> = told.iter().map(|each| each.event_type.as_str()).collect();
    let expected = [
        "user_created",
        "user_added_to_account",
        "user_added_to_account",
        "user_account_settings_updated",
        "user_roles_updated",
        "user_permissions_set_directly",
        "user_logged_in",
        "user_removed_from_account",
    ];
    assert_eq!(types, expected);
    assert!(told[7].account_id == Some(second) && told[4].account_id == Some(second));
    add(directory, &system(), second, id, NONE).await.unwrap();
    let back = given::get(directory, &system(), UserKey::Id(id))
        .await
        .unwrap();
    assert_eq!(back.roles.len(), 0, "what was taken does not come back");
}

async fn the_last_administrator_stays(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let with = |admin| UserChange {
        accounts: vec![member(account, admin)],
        ..UserChange::default()
    };
    let ada = user(directory, "ada@example.org", with(true)).await;
    let bob = user(directory, "bob@example.org", with(false)).await;
    let last = |result: Result<(), Error>| {
        assert!(matches!(result, Err(Error::Conflict(_))), "{result:?}");
    };
    last(change(directory, &system(), account, ada, NO_ADMIN).await);
    last(remove(directory, &system(), account, ada).await);
    // Who cannot log in keeps no account going.
    change(directory, &system(), account, bob, ADMIN)
        .await
        .unwrap();
    let suspended = |suspended| UserChange {
        suspended: Change::Set(suspended),
        ..UserChange::default()
    };
    let suspend = |on| {
        given::update(
            directory,
            &SYSTEM,
            UserKey::Id(bob),
            None,
            Box::leak(Box::new(suspended(on))),
        )
    };
    suspend(true).await.unwrap();
    last(change(directory, &system(), account, ada, NO_ADMIN).await);
    suspend(false).await.unwrap();
    change(directory, &system(), account, ada, NO_ADMIN)
        .await
        .unwrap();
    last(remove(directory, &system(), account, bob).await);
    remove(directory, &system(), account, ada).await.unwrap();
}

static SYSTEM: std::sync::LazyLock<Actor> = std::sync::LazyLock::new(system);

async fn administrators_who_leave_at_once_leave_one(world: World) {
    let directory = &world.directory;
    let other = world.another().await;
    let elsewhere = given::account(directory, &system(), "Elsewhere").await;
    for round in 0..12 {
        let account = given::account(directory, &system(), "Acme").await;
        let mut admins = Vec::new();
        for number in 0..6 {
            let employed = number == 5;
            let change = UserChange {
                accounts: if employed {
                    Vec::new()
                } else {
                    vec![member(account, true)]
                },
                kind: Change::set_if(employed.then_some(UserKind::Employer)),
                customer_id: Change::set_if(employed.then_some(account)),
                employer_role: Change::set_if(employed.then_some(EmployerRole::CustomerAdmin)),
                ..person(&format!("admin.{round}.{number}@example.org"))
            };
            admins.push(create(directory, &system(), &change).await.unwrap().user.id);
        }
        let leaving: Vec<_> = admins
            .iter()
            .enumerate()
            .map(|(number, id)| {
                // SQLite's file has one node.
                let node = match world.engine {
                    crate::harness::Engine::Postgres if number % 2 == 1 => other.clone(),
                    crate::harness::Engine::Postgres | crate::harness::Engine::Sqlite => {
                        directory.clone()
                    }
                };
                let id = *id;
                tokio::spawn(async move {
                    let key = UserKey::Id(id);
                    let update = async |change: UserChange| {
                        let done = given::update(&node, &SYSTEM, key.clone(), None, &change);
                        done.await.map(drop)
                    };
                    match number {
                        0 | 1 => remove(&node, &system(), account, id).await,
                        2 => self::change(&node, &system(), account, id, NO_ADMIN).await,
                        3 => {
                            update(UserChange {
                                suspended: Change::Set(true),
                                ..UserChange::default()
                            })
                            .await
                        }
                        4 => given::delete(&node, &system(), key.clone(), None).await,
                        _ => {
                            update(UserChange {
                                customer_id: Change::Set(elsewhere),
                                ..UserChange::default()
                            })
                            .await
                        }
                    }
                })
            })
            .collect();
        let mut refused = 0;
        for each in leaving {
            match each.await.unwrap() {
                Ok(()) => {}
                Err(Error::Conflict(_)) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(refused, 1, "one stays");
        let list = directory
            .read(move |tx| members::list(tx, &system(), account, None, 10))
            .await
            .unwrap();
        let may = list.rows.iter().filter(|each| each.suspended_at.is_none());
        let left = may.filter(|each| each.admin).count();
        assert_eq!(left, 1);
    }
}

async fn a_role_says_what_its_holders_may_at_once(world: World) {
    let directory = &world.directory;
    let made = new_role(directory, "auditor", &[Permission::ReadUsers]).await;
    assert_eq!((made.name.as_str(), made.version), ("auditor", 1));
    let id = user(directory, "ada@example.org", UserChange::default()).await;
    set_roles(directory, &system(), id, None, &["auditor"])
        .await
        .unwrap();
    let token = token(directory, "ada@example.org").await;
    let may = |permission| {
        let token = &token;
        async move {
            who(directory, token)
                .await
                .unwrap()
                .permissions
                .contains(permission)
        }
    };
    assert!(may(Permission::ReadUsers).await && !may(Permission::ReadEvents).await);
    let more = PermissionSet::of(&[Permission::ReadEvents]);
    let update = |expected: &'static [i64]| {
        directory.write(move |tx| {
            roles::update(
                tx,
                &system(),
                made.id,
                Some(expected),
                Some(more),
                Violations::new(),
            )
        })
    };
    assert!(matches!(update(&[7]).await, Err(Error::PreconditionFailed)));
    let changed = update(&[1]).await.unwrap();
    assert_eq!((changed.version, changed.permissions), (2, more));
    assert!(!may(Permission::ReadUsers).await && may(Permission::ReadEvents).await);
    set_roles(directory, &system(), id, None, &[])
        .await
        .unwrap();
    assert!(!may(Permission::ReadEvents).await);
    let told = history(directory, &system(), "role", made.id).await;
    let types: Vec<&str> = told.iter().map(|each| each.event_type.as_str()).collect();
    assert_eq!(types, ["role_created", "role_permissions_updated"]);
}

async fn a_role_is_made_once_and_not_deleted_while_it_is_held(world: World) {
    let directory = &world.directory;
    let made = new_role(directory, "auditor", &[Permission::ReadUsers]).await;
    let create = |name: &'static str| {
        directory.write(move |tx| {
            let set = PermissionSet::NONE;
            roles::create(tx, &system(), name, set, Violations::new())
        })
    };
    assert_eq!(
        broken(create(" auditor ").await),
        [("name".to_owned(), Rule::Taken)]
    );
    assert_eq!(
        broken(create("  ").await),
        [("name".to_owned(), Rule::Blank)]
    );
    let id = user(directory, "ada@example.org", UserChange::default()).await;
    set_roles(directory, &system(), id, None, &["auditor"])
        .await
        .unwrap();
    let number = made.id;
    let delete = || directory.write(move |tx| roles::delete(tx, &system(), number, None));
    assert!(matches!(delete().await, Err(Error::Conflict(_))));
    set_roles(directory, &system(), id, None, &[])
        .await
        .unwrap();
    delete().await.unwrap();
    assert!(matches!(delete().await, Err(Error::NotFound)));
    let refused = set_roles(directory, &system(), id, None, &["auditor"]).await;
    assert_eq!(broken(refused), [("roles.0".to_owned(), Rule::MustExist)]);
    create("auditor").await.unwrap();
}

async fn grants_and_a_deletion_of_their_role_at_once_break_nothing(world: World) {
    let directory = &world.directory;
    let mut users = Vec::new();
    for number in 0..4 {
        let address = format!("user.{number}@example.org");
        users.push(
            create(directory, &system(), &person(&address))
                .await
                .unwrap()
                .user
                .id,
        );
    }
    let missing = [("roles.0".to_owned(), Rule::MustExist)];
    for _ in 0..10 {
        let made = new_role(directory, "temporary", &[Permission::ReadUsers]).await;
        let granting: Vec<_> = users
            .iter()
            .map(|id| {
                let (directory, id) = (directory.clone(), *id);
                tokio::spawn(async move {
                    set_roles(&directory, &system(), id, None, &["temporary"]).await
                })
            })
            .collect();
        let number = made.id;
        let delete = || directory.write(move |tx| roles::delete(tx, &system(), number, None));
        let deleted = delete().await;
        assert!(
            matches!(deleted, Ok(()) | Err(Error::Conflict(_))),
            "{deleted:?}"
        );
        let mut granted = 0;
        for each in granting {
            match each.await.unwrap() {
                Ok(()) => granted += 1,
                refused => assert_eq!(broken(refused), missing),
            }
        }
        if deleted.is_ok() {
            assert_eq!(granted, 0, "have a role that is gone");
        }
        for id in &users {
            set_roles(directory, &system(), *id, None, &[])
                .await
                .unwrap();
        }
        // Nobody holds it any more: it can be deleted, unless it was.
        let again = delete().await;
        let expected = if deleted.is_ok() {
            matches!(again, Err(Error::NotFound))
        } else {
            again.is_ok()
        };
        assert!(expected, "{deleted:?}, then {again:?}");
    }
}

async fn what_is_set_directly_holds_in_its_place_alone(world: World) {
    let directory = &world.directory;
    let first = given::account(directory, &system(), "First").await;
    let second = given::account(directory, &system(), "Second").await;
    let both = UserChange {
        accounts: vec![member(first, false), member(second, false)],
        ..UserChange::default()
    };
    let id = user(directory, "ada@example.org", both).await;
    let reads = [Permission::ReadUsers];
    set_permissions(directory, &system(), id, Some(first), &reads)
        .await
        .unwrap();
    let token = token(directory, "ada@example.org").await;
    let actor = who(directory, &token).await.unwrap();
    assert!(actor.permissions.contains(Permission::ReadUsers));
    assert_eq!(
        actor.within_account(second).permissions,
        PermissionSet::NONE
    );
    let wide = [Permission::CreateGroups];
    let refused = set_permissions(directory, &system(), id, Some(first), &wide).await;
    let value = "createTeams".to_owned();
    assert_eq!(
        broken(refused),
        [("permissions".to_owned(), Rule::NotIncluded { value })]
    );
    set_permissions(directory, &system(), id, None, &wide)
        .await
        .unwrap();
    let actor = who(directory, &token).await.unwrap();
    assert!(actor.permissions.contains(Permission::CreateGroups));
    let third = given::account(directory, &system(), "Third").await;
    let refused = set_permissions(directory, &system(), id, Some(third), &reads).await;
    assert_eq!(
        broken(refused),
        [("account_id".to_owned(), Rule::MustExist)]
    );
    set_permissions(directory, &system(), id, None, &[])
        .await
        .unwrap();
    set_permissions(directory, &system(), id, Some(first), &[])
        .await
        .unwrap();
    let left = directory
        .read(move |tx| grants::permissions(tx, &system(), id))
        .await
        .unwrap();
    assert_eq!(left, []);
}

async fn nobody_grants_or_takes_above_their_own_rights(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let other = given::account(directory, &system(), "Other").await;
    let with = |admin, role: Option<directory::users::RoleGrant>| UserChange {
        accounts: vec![member(account, admin)],
        roles: role.into_iter().collect(),
        ..UserChange::default()
    };
    let admin = user(directory, "admin@example.org", with(true, None)).await;
    let clerk = user(directory, "clerk@example.org", with(false, None)).await;
    let root = user(
        directory,
        "root@example.org",
        with(false, Some(role("superAdmin", None))),
    )
    .await;
    let token = token(directory, "admin@example.org").await;
    let actor = who(directory, &token).await.unwrap();
    let forbidden = |result: Result<(), Error>| {
        assert!(matches!(result, Err(Error::Forbidden(_))), "{result:?}");
    };
    set_roles(
        directory,
        &actor,
        clerk,
        Some(account),
        &["manager", "viewer"],
    )
    .await
    .unwrap();
    forbidden(set_roles(directory, &actor, clerk, Some(account), &["superAdmin"]).await);
    forbidden(set_roles(directory, &actor, clerk, None, &["viewer"]).await);
    forbidden(set_roles(directory, &actor, clerk, Some(other), &["viewer"]).await);
    forbidden(set_roles(directory, &actor, root, Some(account), &[]).await);
    let keys = [Permission::ImpersonateUsers];
    forbidden(set_permissions(directory, &actor, clerk, Some(account), &keys).await);
    forbidden(set_permissions(directory, &actor, admin, Some(account), &keys).await);
    forbidden(change(directory, &actor, account, root, ADMIN).await);
    forbidden(remove(directory, &actor, account, root).await);
    let foreign = remove(directory, &actor, other, clerk).await;
    assert!(matches!(foreign, Err(Error::NotFound)), "{foreign:?}");
    change(directory, &actor, account, clerk, ADMIN)
        .await
        .unwrap();
    let create = directory.write(move |tx| {
        let set = PermissionSet::NONE;
        roles::create(tx, &actor, "mine", set, Violations::new())
    });
    forbidden(create.await.map(drop));

    // Tenant-wide, but not everything: no role and nobody above it.
    let rights = [
        Permission::UpdateRoles,
        Permission::UpdateUsers,
        Permission::ReadUsers,
    ];
    let warden = user(directory, "warden@example.org", UserChange::default()).await;
    set_permissions(directory, &system(), warden, None, &rights)
        .await
        .unwrap();
    let token = self::token(directory, "warden@example.org").await;
    let actor = who(directory, &token).await.unwrap();
    let own = actor.clone();
    let make = |set: PermissionSet| {
        let actor = own.clone();
        directory
            .write(move |tx| roles::create(tx, &actor, "made", set, Violations::new()).map(drop))
    };
    forbidden(make(PermissionSet::of(&[Permission::DeleteUsers])).await);
    make(PermissionSet::of(&[Permission::ReadUsers]))
        .await
        .unwrap();
    forbidden(set_roles(directory, &actor, warden, None, &["viewer"]).await);
    let mut email = person("stolen@example.org");
    let steal = given::update(directory, &actor, UserKey::Id(root), None, &email).await;
    forbidden(steal.map(drop));
    email.email = Change::Keep;
    email.suspended = Change::Set(true);
    let shut = given::update(directory, &actor, UserKey::Id(root), None, &email).await;
    forbidden(shut.map(drop));
}

async fn another_tenants_account_role_and_user_are_not_there(world: World) {
    let directory = &world.directory;
    let other = tenant(directory, "other").await;
    let account = given::account(directory, &system(), "Acme").await;
    let id = user(directory, "ada@example.org", UserChange::default()).await;
    let made = new_role(directory, "auditor", &[Permission::ReadUsers]).await;
    let theirs = given::account(directory, &other, "Theirs").await;
    let absent =
        |result: Result<(), Error>| assert!(matches!(result, Err(Error::NotFound)), "{result:?}");
    absent(add(directory, &other, account, id, NONE).await);
    let foreign = add(directory, &other, theirs, id, NONE).await;
    assert_eq!(broken(foreign), [("user_id".to_owned(), Rule::MustExist)]);
    absent(set_roles(directory, &other, id, None, &["viewer"]).await);
    absent(set_permissions(directory, &other, id, None, &[]).await);
    let (asker, number) = (other.clone(), made.id);
    let get = directory.read(move |tx| roles::get(tx, &asker, number).map(drop));
    absent(get.await);
    let delete = directory.write(move |tx| roles::delete(tx, &other, number, None));
    absent(delete.await);
}
