//! What a user is given: badges, accounts, roles; and that nobody gives above their own.

use std::time::Duration;

use directory::model::{AccountRole, EmployerRole, Membership};
use directory::permission::{Permission, PermissionSet};
use directory::users::{AccountGrant, BadgeChange, Change, RoleGrant, UserChange, UserKey};
use directory::violation::{Path, Rule};
use directory::{Actor, Error};

use crate::given::{self, broken, create, employer, get, person, system, tenant, update, worker};
use crate::harness::World;

on_each_engine!(
    badges_are_given_changed_and_taken,
    a_badge_is_held_once,
    a_badge_of_another_user_does_not_exist,
    all_that_is_wrong_with_badges_is_said_together,
    a_user_of_a_bound_key_is_a_member_of_its_account,
    one_account_is_primary,
    an_employer_follows_their_customer,
    an_employer_who_moves_to_an_account_they_are_in_keeps_a_primary_one,
    an_employer_needs_a_customer_and_a_role,
    nobody_gives_a_role_above_their_own_rights,
    who_lacks_a_permission_is_refused,
);

fn at(index: usize) -> Path {
    Path::field("badges").child(index)
}

fn give(index: usize, badge: i64) -> BadgeChange {
    BadgeChange {
        path: at(index),
        badge_id: Some(badge),
        ..BadgeChange::default()
    }
}

fn alter(index: usize, id: i64, badge: i64) -> BadgeChange {
    BadgeChange {
        id: Some(id),
        ..give(index, badge)
    }
}

fn take(index: usize, id: i64) -> BadgeChange {
    BadgeChange {
        path: at(index),
        id: Some(id),
        badge_id: None,
        destroy: true,
    }
}

fn with(badges: Vec<BadgeChange>) -> UserChange {
    UserChange {
        badges,
        ..UserChange::default()
    }
}

async fn three_badges(world: &World) -> [i64; 3] {
    [
        given::badge(&world.directory, &system(), "Forklift").await,
        given::badge(&world.directory, &system(), "Barista").await,
        given::badge(&world.directory, &system(), "Chef").await,
    ]
}

async fn badges_are_given_changed_and_taken(world: World) {
    let directory = &world.directory;
    let [forklift, barista, chef] = three_badges(&world).await;
    let new = UserChange {
        badges: vec![give(0, forklift), give(1, barista)],
        ..worker("w@example.org")
    };
    let made = create(directory, &system(), &new).await.unwrap();
    let of = |view: &directory::model::UserView| -> Vec<(i64, i64)> {
        view.badges
            .iter()
            .map(|held| (held.id, held.badge_id))
            .collect()
    };
    let [(first, _), (second, _)] = of(&made)[..] else {
        panic!("{made:?}");
    };
    assert_eq!(of(&made), [(first, forklift), (second, barista)]);
    let key = UserKey::Id(made.user.id);
    world.clock.advance(Duration::from_secs(1));
    let change = with(vec![
        alter(0, first, chef),
        take(1, second),
        give(2, barista),
    ]);
    let changed = update(directory, &system(), key.clone(), None, &change)
        .await
        .unwrap();
    let third = changed.badges[1].id;
    assert_eq!(of(&changed), [(first, chef), (third, barista)]);
    assert!(third > second);
    assert_eq!(changed.badges[0].created_at, made.badges[0].created_at);
    assert_eq!(changed.badges[1].created_at, world.now());
    assert_eq!(changed.user.version, 2);
    // The same badge again changes nothing of it.
    let same = with(vec![alter(0, first, chef)]);
    let after = update(directory, &system(), key.clone(), None, &same)
        .await
        .unwrap();
    assert_eq!(of(&after), of(&changed));
    // Two trade places.
    let trade = with(vec![alter(0, first, barista), alter(1, third, forklift)]);
    assert_eq!(
        broken(update(directory, &system(), key.clone(), None, &trade).await),
        [("badges.0.badge_id".to_owned(), Rule::Taken)]
    );
    assert_eq!(get(directory, &system(), key).await.unwrap(), after);
}

async fn a_badge_is_held_once(world: World) {
    let directory = &world.directory;
    let [forklift, barista, _] = three_badges(&world).await;
    let twice = UserChange {
        badges: vec![give(0, forklift), give(1, forklift)],
        ..worker("w@example.org")
    };
    let taken = |index: usize| [(at(index).child("badge_id").to_string(), Rule::Taken)];
    assert_eq!(broken(create(directory, &system(), &twice).await), taken(1));
    let once = UserChange {
        badges: vec![give(0, forklift), give(1, barista)],
        ..worker("w@example.org")
    };
    let made = create(directory, &system(), &once).await.unwrap();
    let key = UserKey::Id(made.user.id);
    let again = with(vec![give(0, forklift)]);
    let refused = update(directory, &system(), key.clone(), None, &again).await;
    assert_eq!(broken(refused), taken(0));
    let into = with(vec![alter(0, made.badges[1].id, forklift)]);
    let refused = update(directory, &system(), key.clone(), None, &into).await;
    assert_eq!(broken(refused), taken(0));
    assert_eq!(get(directory, &system(), key).await.unwrap(), made);
}

async fn a_badge_of_another_user_does_not_exist(world: World) {
    let directory = &world.directory;
    let [forklift, barista, _] = three_badges(&world).await;
    let with_badge = |address: &str| UserChange {
        badges: vec![give(0, forklift)],
        ..worker(address)
    };
    let theirs = create(directory, &system(), &with_badge("a@example.org"))
        .await
        .unwrap();
    let own = create(directory, &system(), &with_badge("b@example.org"))
        .await
        .unwrap();
    let foreign = theirs.badges[0].id;
    for change in [
        with(vec![take(0, foreign)]),
        with(vec![alter(0, foreign, barista)]),
    ] {
        let key = UserKey::Id(own.user.id);
        let refused = update(directory, &system(), key, None, &change).await;
        let expected = [("badges.0.id".to_owned(), Rule::MustExist)];
        assert_eq!(broken(refused), expected);
    }
    let key = UserKey::Id(theirs.user.id);
    assert_eq!(get(directory, &system(), key).await.unwrap(), theirs);
}

async fn all_that_is_wrong_with_badges_is_said_together(world: World) {
    let directory = &world.directory;
    let stranger = tenant(directory, "stranger").await;
    let foreign = given::badge(directory, &stranger, "Theirs").await;
    let change = UserChange {
        badges: vec![
            give(0, foreign),
            give(1, 1_000_000),
            BadgeChange {
                path: at(2),
                ..BadgeChange::default()
            },
            take(3, 1),
            BadgeChange {
                path: at(4),
                destroy: true,
                ..BadgeChange::default()
            },
        ],
        ..worker("w@example.org")
    };
    let expected = [
        ("badges.0.badge_id", Rule::MustExist),
        ("badges.1.badge_id", Rule::MustExist),
        ("badges.2.badge_id", Rule::Blank),
        ("badges.3.id", Rule::MustExist),
        ("badges.4.id", Rule::Blank),
    ]
    .map(|(path, rule)| (path.to_owned(), rule));
    assert_eq!(
        broken(create(directory, &system(), &change).await),
        expected
    );
}

fn bound(account: i64) -> Actor {
    Actor {
        account: Some(account),
        ..system()
    }
}

fn parts(memberships: &[Membership]) -> Vec<(i64, AccountRole, bool, bool)> {
    memberships
        .iter()
        .map(|each| (each.account_id, each.role, each.admin, each.primary))
        .collect()
}

async fn a_user_of_a_bound_key_is_a_member_of_its_account(world: World) {
    let directory = &world.directory;
    let account = given::account(directory, &system(), "Acme").await;
    let made = create(directory, &bound(account), &person("a@example.org"))
        .await
        .unwrap();
    assert_eq!(
        parts(&made.accounts),
        [(account, AccountRole::Member, false, true)]
    );
    let unbound = create(directory, &system(), &person("b@example.org"))
        .await
        .unwrap();
    assert_eq!(unbound.accounts, []);
    // An employer of the same account has their own role there, once.
    let boss = create(
        directory,
        &bound(account),
        &employer("c@example.org", account),
    )
    .await
    .unwrap();
    assert_eq!(
        parts(&boss.accounts),
        [(account, AccountRole::Requestor, false, true)]
    );
}

fn part(account: i64, primary: bool) -> AccountGrant {
    AccountGrant {
        path: Path::field("accounts"),
        account_id: account,
        role: AccountRole::Member,
        admin: false,
        primary,
    }
}

async fn one_account_is_primary(world: World) {
    let directory = &world.directory;
    let acme = given::account(directory, &system(), "Acme").await;
    let initech = given::account(directory, &system(), "Initech").await;
    let globex = given::account(directory, &system(), "Globex").await;
    for (number, (grants, primary)) in [
        (vec![part(acme, false), part(initech, true)], initech),
        (vec![part(acme, true), part(initech, true)], acme),
        (vec![part(initech, false), part(acme, false)], initech),
        (vec![part(acme, false), part(acme, true)], acme),
    ]
    .into_iter()
    .enumerate()
    {
        let change = UserChange {
            accounts: grants,
            ..employer(&format!("u{number}@example.org"), globex)
        };
        let made = create(directory, &system(), &change).await.unwrap();
        let primaries: Vec<i64> = made
            .accounts
            .iter()
            .filter(|each| each.primary)
            .map(|each| each.account_id)
            .collect();
        assert_eq!(primaries, [primary], "{number}");
        assert_eq!(
            made.accounts[0].account_id, primary,
            "the primary one first"
        );
    }
}

async fn an_employer_follows_their_customer(world: World) {
    let directory = &world.directory;
    let acme = given::account(directory, &system(), "Acme").await;
    let initech = given::account(directory, &system(), "Initech").await;
    let made = create(directory, &system(), &employer("boss@example.org", acme))
        .await
        .unwrap();
    assert_eq!(
        parts(&made.accounts),
        [(acme, AccountRole::Requestor, false, true)]
    );
    let key = UserKey::Id(made.user.id);
    let promoted = UserChange {
        employer_role: Change::Set(EmployerRole::CustomerAdmin),
        ..UserChange::default()
    };
    let promoted = update(directory, &system(), key.clone(), None, &promoted)
        .await
        .unwrap();
    assert_eq!(
        parts(&promoted.accounts),
        [(acme, AccountRole::CustomerAdmin, true, true)]
    );
    let moved = UserChange {
        customer_id: Change::Set(initech),
        ..UserChange::default()
    };
    let last = update(directory, &system(), key.clone(), None, &moved).await;
    assert!(matches!(last, Err(Error::Conflict(_))), "{last:?}");
    let deputy = UserChange {
        accounts: vec![crate::sessions::member(acme, true)],
        ..person("deputy@example.org")
    };
    create(directory, &system(), &deputy).await.unwrap();
    let moved = update(directory, &system(), key.clone(), None, &moved)
        .await
        .unwrap();
    assert_eq!(
        parts(&moved.accounts),
        [(initech, AccountRole::CustomerAdmin, true, true)]
    );
    assert_eq!(get(directory, &system(), key).await.unwrap(), moved);
}

async fn an_employer_who_moves_to_an_account_they_are_in_keeps_a_primary_one(world: World) {
    let directory = &world.directory;
    let acme = given::account(directory, &system(), "Acme").await;
    let initech = given::account(directory, &system(), "Initech").await;
    // The key's account comes besides the customer, which is primary.
    let made = create(
        directory,
        &bound(initech),
        &employer("boss@example.org", acme),
    )
    .await
    .unwrap();
    assert_eq!(
        parts(&made.accounts),
        [
            (acme, AccountRole::Requestor, false, true),
            (initech, AccountRole::Member, false, false)
        ]
    );
    let moved = UserChange {
        customer_id: Change::Set(initech),
        ..UserChange::default()
    };
    let moved = update(
        directory,
        &system(),
        UserKey::Id(made.user.id),
        None,
        &moved,
    )
    .await
    .unwrap();
    assert_eq!(
        parts(&moved.accounts),
        [(initech, AccountRole::Requestor, false, true)]
    );
}

async fn an_employer_needs_a_customer_and_a_role(world: World) {
    let directory = &world.directory;
    let change = UserChange {
        kind: Change::Set(directory::model::UserKind::Employer),
        ..person("boss@example.org")
    };
    let expected = [("customer_id", Rule::Blank), ("role", Rule::Blank)]
        .map(|(field, rule)| (field.to_owned(), rule));
    assert_eq!(
        broken(create(directory, &system(), &change).await),
        expected
    );
    let account = given::account(directory, &system(), "Acme").await;
    let made = create(directory, &system(), &employer("boss@example.org", account))
        .await
        .unwrap();
    let key = UserKey::Id(made.user.id);
    let change = UserChange {
        customer_id: Change::Clear,
        employer_role: Change::Clear,
        email: Change::Clear,
        ..UserChange::default()
    };
    let refused = broken(update(directory, &system(), key.clone(), None, &change).await);
    let mut all = expected.to_vec();
    all.push(("email".to_owned(), Rule::Blank));
    assert_eq!(refused, all);
    let other = UserChange {
        kind: Change::Set(directory::model::UserKind::Worker),
        ..UserChange::default()
    };
    let refused = update(directory, &system(), key, None, &other).await;
    assert_eq!(broken(refused), given::rule("kind", Rule::Immutable));
}

fn role(name: &str) -> RoleGrant {
    RoleGrant {
        path: Path::field("roles"),
        name: name.to_owned(),
        account_id: None,
    }
}

async fn nobody_gives_a_role_above_their_own_rights(world: World) {
    let directory = &world.directory;
    let viewer = PermissionSet::of(&[
        Permission::ReadUsers,
        Permission::ReadAccounts,
        Permission::ReadGroups,
        Permission::ReadBadges,
    ]);
    let maker = Actor {
        permissions: viewer
            .with(Permission::CreateUsers)
            .with(Permission::UpdateRoles),
        ..system()
    };
    for (number, name) in ["superAdmin", "accountAdmin", "manager"]
        .into_iter()
        .enumerate()
    {
        let change = UserChange {
            roles: vec![role("viewer"), role(name)],
            ..person(&format!("u{number}@example.org"))
        };
        let refused = create(directory, &maker, &change).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    }
    let change = UserChange {
        roles: vec![role("viewer")],
        ..person("v@example.org")
    };
    let made = create(directory, &maker, &change).await.unwrap();
    assert_eq!(
        (made.roles, made.permissions),
        (vec!["viewer".to_owned()], viewer)
    );
    let without = Actor {
        permissions: viewer.with(Permission::CreateUsers),
        ..system()
    };
    let change = UserChange {
        roles: vec![role("viewer")],
        ..person("w@example.org")
    };
    let refused = create(directory, &without, &change).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
}

async fn who_lacks_a_permission_is_refused(world: World) {
    let directory = &world.directory;
    let made = create(directory, &system(), &person("a@example.org"))
        .await
        .unwrap();
    let without = |permission: Permission| Actor {
        permissions: Permission::ALL
            .into_iter()
            .filter(|each| *each != permission)
            .fold(PermissionSet::NONE, PermissionSet::with),
        ..system()
    };
    let key = UserKey::Id(made.user.id);
    let change = person("b@example.org");
    let refusals = [
        create(directory, &without(Permission::CreateUsers), &change)
            .await
            .map(drop),
        get(directory, &without(Permission::ReadUsers), key.clone())
            .await
            .map(drop),
        update(
            directory,
            &without(Permission::UpdateUsers),
            key.clone(),
            None,
            &change,
        )
        .await
        .map(drop),
        given::delete(
            directory,
            &without(Permission::DeleteUsers),
            key.clone(),
            None,
        )
        .await,
        given::restore(directory, &without(Permission::DeleteUsers), made.user.id)
            .await
            .map(drop),
    ];
    for refused in refusals {
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    }
    assert_eq!(get(directory, &system(), key).await.unwrap(), made);
}
