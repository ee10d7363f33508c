//! Members of groups: how far a member reaches, how their lists stand, and what happens at once.

use std::sync::Arc;
use std::time::Duration;

use directory::groups::members::{self, Added, NewMember};
use directory::groups::{self, NewGroup, Reach};
use directory::model::{Email, GroupMember, GroupPermission};
use directory::password::PasswordRule;
use directory::permission::Permission;
use directory::query::{Window, Windowed};
use directory::store::{Tx, UserKey};
use directory::users::{self, GroupGrant, UserChange};
use directory::violation::{Path, Violations};
use directory::{Actor, Directory, Error, Principal};

use serde_json::{Value, json};

use crate::atomicity::whole_or_nothing;
use crate::given::{self, create, delete, history, person, restore, system, tenant};
use crate::harness::World;

on_each_engine!(
    one_address_added_at_once_by_many_is_added_once,
    one_address_invited_at_once_by_many_is_invited_once,
    adding_a_member_is_whole_or_nothing,
    inviting_who_is_not_there_is_whole_or_nothing,
    inviting_who_is_pending_is_whole_or_nothing,
    removing_a_member_is_whole_or_nothing,
    windows_cover_a_list_without_gaps_or_repeats,
    those_who_are_gone_are_neither_listed_nor_counted,
    a_member_sees_what_their_level_in_each_group_shows,
    a_foreign_membership_is_as_an_absent_one,
    who_joins_and_leaves_is_told_in_the_groups_history,
    a_group_that_a_user_founds_is_theirs,
    a_change_of_a_group_from_an_old_version_is_made_on_the_new_one,
);

const WRITERS: usize = 24;

fn new_member(email: &str, group_id: i64) -> NewMember {
    NewMember {
        email: Email::parse(email).unwrap(),
        group_id,
        permission: GroupPermission::ReadTeam,
        password_rule: PasswordRule::Composed,
        message: true,
    }
}

async fn add(directory: &Directory, actor: &Actor, new: &NewMember) -> Result<Added, Error> {
    let (actor, new) = (actor.clone(), new.clone());
    let add = move |tx: &Tx<'_>| {
        let reach = Reach::of(tx, &actor)?;
        members::add(tx, &actor, reach, &new, Violations::new())
    };
    directory.write(add).await
}

pub(crate) async fn list(
    directory: &Directory,
    actor: &Actor,
    group: Option<i64>,
    (offset, limit): (i64, i64),
) -> Result<Windowed<GroupMember>, Error> {
    let actor = actor.clone();
    let list = move |tx: &Tx<'_>| {
        let reach = Reach::of(tx, &actor)?;
        members::list(tx, &actor, reach, group, Window { offset, limit })
    };
    directory.read(list).await
}

/// A user in groups, each with a level.
pub(crate) async fn in_groups(
    directory: &Directory,
    email: &str,
    groups: &[(i64, GroupPermission)],
) -> i64 {
    let grant = |(group_id, permission): &(i64, GroupPermission)| GroupGrant {
        path: Path::default(),
        group_id: *group_id,
        permission: *permission,
    };
    let change = UserChange {
        groups: groups.iter().map(grant).collect(),
        ..person(email)
    };
    create(directory, &system(), &change).await.unwrap().user.id
}

/// Who acts for a key of this user.
pub(crate) fn acting(user: i64) -> Actor {
    Actor {
        principal: Principal::User(user),
        ..system()
    }
}

/// What many do at once, told apart: successes and conflicts.
async fn at_once(world: &World, new: NewMember) -> (Vec<Added>, usize) {
    let new = Arc::new(new);
    let running: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (directory, new) = (world.directory.clone(), Arc::clone(&new));
            tokio::spawn(async move { add(&directory, &system(), &new).await })
        })
        .collect();
    let (mut added, mut conflicts) = (Vec::new(), 0);
    for each in running {
        match each.await.unwrap() {
            Ok(done) => added.push(done),
            Err(Error::Conflict(_)) => conflicts += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    (added, conflicts)
}

async fn one_address_added_at_once_by_many_is_added_once(world: World) {
    let directory = &world.directory;
    let group = given::group(directory, &system(), "Sales").await.id;
    in_groups(directory, "ada@example.org", &[]).await;
    let (added, conflicts) = at_once(&world, new_member("ada@example.org", group)).await;
    assert!(matches!(added[..], [Added::Member(_)]), "{added:?}");
    assert_eq!(conflicts, WRITERS - 1);
    let listed = list(directory, &system(), Some(group), (0, 10))
        .await
        .unwrap();
    assert_eq!((listed.total, listed.rows.len()), (1, 1));
}

async fn one_address_invited_at_once_by_many_is_invited_once(world: World) {
    let directory = &world.directory;
    let first = given::group(directory, &system(), "Sales").await.id;
    let second = given::group(directory, &system(), "Legal").await.id;
    // An address that nobody has, and then one that is pending.
    for group in [first, second] {
        let (added, conflicts) = at_once(&world, new_member("new@example.org", group)).await;
        assert!(matches!(added[..], [Added::Invited(_)]), "{added:?}");
        assert_eq!(conflicts, WRITERS - 1);
    }
    let invited = |group| async move {
        let read = move |tx: &Tx<'_>| {
            let window = Window {
                offset: 0,
                limit: 10,
            };
            members::invited(tx, &system(), Reach::Tenant, group, window)
        };
        directory.read(read).await.unwrap().total
    };
    assert_eq!(invited(Some(first)).await, 1);
    assert_eq!(invited(Some(second)).await, 1);
    assert_eq!(invited(None).await, 2);
}

fn adds(
    email: &'static str,
    group: i64,
) -> impl Fn(&Tx<'_>) -> Result<(), Error> + Clone + Send + Sync + 'static {
    move |tx| {
        let new = new_member(email, group);
        members::add(tx, &system(), Reach::Tenant, &new, Violations::new()).map(drop)
    }
}

async fn adding_a_member_is_whole_or_nothing(world: World) {
    let group = given::group(&world.directory, &system(), "Sales").await.id;
    in_groups(&world.directory, "ada@example.org", &[]).await;
    // The user's row, the membership and two events.
    let failures = whole_or_nothing(&world, adds("ada@example.org", group)).await;
    assert_eq!(failures, 4);
}

async fn inviting_who_is_not_there_is_whole_or_nothing(world: World) {
    let group = given::group(&world.directory, &system(), "Sales").await.id;
    // The user, their claim, the invitation and two events.
    let failures = whole_or_nothing(&world, adds("new@example.org", group)).await;
    assert_eq!(failures, 5);
}

async fn inviting_who_is_pending_is_whole_or_nothing(world: World) {
    let sales = given::group(&world.directory, &system(), "Sales").await.id;
    let legal = given::group(&world.directory, &system(), "Legal").await.id;
    let new = new_member("new@example.org", sales);
    add(&world.directory, &system(), &new).await.unwrap();
    // The user's row, the invitation and its event.
    let failures = whole_or_nothing(&world, adds("new@example.org", legal)).await;
    assert_eq!(failures, 3);
}

async fn removing_a_member_is_whole_or_nothing(world: World) {
    let directory = &world.directory;
    let group = given::group(directory, &system(), "Sales").await.id;
    in_groups(
        directory,
        "ada@example.org",
        &[(group, GroupPermission::Admin)],
    )
    .await;
    let listed = list(directory, &system(), Some(group), (0, 10)).await;
    let id = listed.unwrap().rows[0].id;
    let removes = move |tx: &Tx<'_>| members::remove(tx, &system(), Reach::Tenant, id);
    // The user's row, the membership and two events.
    assert_eq!(whole_or_nothing(&world, removes).await, 4);
}

async fn windows_cover_a_list_without_gaps_or_repeats(world: World) {
    let directory = &world.directory;
    let mut groups = Vec::new();
    for name in ["Sales", "Legal", "Staff"] {
        groups.push(given::group(directory, &system(), name).await.id);
    }
    for user in 0..17_usize {
        let own: Vec<_> = groups
            .iter()
            .enumerate()
            .filter(|(place, _)| user % (place + 1) == 0)
            .map(|(_, group)| (*group, GroupPermission::ALL[user % 6]))
            .collect();
        in_groups(directory, &format!("u{user}@example.org"), &own).await;
    }
    let boss: Vec<_> = groups
        .iter()
        .map(|group| (*group, GroupPermission::Admin))
        .collect();
    let boss = acting(in_groups(directory, "boss@example.org", &boss).await);
    for (actor, group, expected) in [
        (&system(), None, 35),
        (&boss, None, 35),
        (&system(), Some(groups[0]), 18),
        (&boss, Some(groups[1]), 10),
        (&system(), Some(groups[2]), 7),
    ] {
        let whole = list(directory, actor, group, (0, 1_000)).await.unwrap();
        assert_eq!(
            (whole.total, whole.rows.len()),
            (expected, expected as usize)
        );
        for limit in [1, 4, 17, 36] {
            let mut rows = Vec::new();
            for offset in (0..expected).step_by(limit as usize) {
                let page = list(directory, actor, group, (offset, limit))
                    .await
                    .unwrap();
                assert_eq!(page.total, expected);
                rows.extend(page.rows);
            }
            assert_eq!(rows, whole.rows, "{group:?} {limit}");
        }
        let beyond = list(directory, actor, group, (expected, 5)).await.unwrap();
        assert_eq!((beyond.total, beyond.rows.len()), (expected, 0));
    }
}

async fn those_who_are_gone_are_neither_listed_nor_counted(world: World) {
    let directory = &world.directory;
    let group = given::group(directory, &system(), "Sales").await.id;
    let admin = [(group, GroupPermission::Admin)];
    let boss = acting(in_groups(directory, "boss@example.org", &admin).await);
    let mut users = Vec::new();
    for user in 0..3 {
        users.push(in_groups(directory, &format!("u{user}@example.org"), &admin).await);
    }
    let standing = || async {
        let mut seen = Vec::new();
        for (actor, group) in [(&system(), None), (&system(), Some(group)), (&boss, None)] {
            let page = list(directory, actor, group, (0, 10)).await.unwrap();
            assert_eq!(page.total as usize, page.rows.len());
            seen.push(page.rows.iter().map(|row| row.user_id).collect::<Vec<_>>());
        }
        assert!(seen.iter().all(|each| *each == seen[0]), "{seen:?}");
        seen[0][1..].to_vec()
    };
    assert_eq!(standing().await, users);
    delete(directory, &system(), UserKey::Id(users[1]), None)
        .await
        .unwrap();
    assert_eq!(standing().await, [users[0], users[2]]);
    restore(directory, &system(), users[1]).await.unwrap();
    assert_eq!(standing().await, users);
    let id = users[2];
    let erased = directory.write(move |tx| {
        users::delete(tx, &system(), &UserKey::Id(id), None)?;
        users::erase(tx, &system(), id)
    });
    erased.await.unwrap();
    assert_eq!(standing().await, users[..2]);
}

async fn a_member_sees_what_their_level_in_each_group_shows(world: World) {
    let directory = &world.directory;
    let sales = given::group(directory, &system(), "Sales").await.id;
    let legal = given::group(directory, &system(), "Legal").await.id;
    in_groups(
        directory,
        "a@example.org",
        &[(sales, GroupPermission::ReadTeam)],
    )
    .await;
    in_groups(
        directory,
        "b@example.org",
        &[(legal, GroupPermission::ReadTeam)],
    )
    .await;
    for level in GroupPermission::ALL {
        let email = format!("m{}@example.org", level.number());
        let alone = GroupPermission::SendIndividual;
        let own = in_groups(directory, &email, &[(sales, level), (legal, alone)]).await;
        let seen = list(directory, &acting(own), None, (0, 100)).await.unwrap();
        let others = seen.rows.iter().filter(|row| row.user_id != own);
        let reads = level.permissions().contains(Permission::ReadUsers);
        assert!(others.clone().all(|row| row.group_id == sales));
        assert_eq!(others.count() > 0, reads, "{level:?}");
        let in_legal = list(directory, &acting(own), Some(legal), (0, 100))
            .await
            .unwrap();
        assert_eq!(in_legal.rows.len(), 1, "{level:?}");
        assert_eq!(in_legal.rows[0].user_id, own);
    }
}

async fn a_foreign_membership_is_as_an_absent_one(world: World) {
    let directory = &world.directory;
    let stranger = tenant(directory, "stranger").await;
    let group = given::group(directory, &system(), "Sales").await.id;
    in_groups(
        directory,
        "ada@example.org",
        &[(group, GroupPermission::Admin)],
    )
    .await;
    let id = list(directory, &system(), None, (0, 1)).await.unwrap().rows[0].id;
    for (actor, id) in [(stranger.clone(), id), (system(), id + 1_000)] {
        let got = directory.read({
            let actor = actor.clone();
            move |tx| members::get(tx, &actor, Reach::Tenant, id)
        });
        assert!(matches!(got.await, Err(Error::NotFound)));
        let removed = directory.write(move |tx| members::remove(tx, &actor, Reach::Tenant, id));
        assert!(matches!(removed.await, Err(Error::NotFound)));
    }
    let empty = list(directory, &stranger, None, (0, 10)).await.unwrap();
    assert_eq!((empty.total, empty.rows.len()), (0, 0));
    let foreign = list(directory, &stranger, Some(group), (0, 10))
        .await
        .unwrap();
    assert_eq!((foreign.total, foreign.rows.len()), (0, 0));
}

async fn who_joins_and_leaves_is_told_in_the_groups_history(world: World) {
    let directory = &world.directory;
    let group = given::group(directory, &system(), "Sales").await.id;
    let user = in_groups(directory, "ada@example.org", &[]).await;
    let Added::Member(id) = add(directory, &system(), &new_member("ada@example.org", group))
        .await
        .unwrap()
    else {
        panic!("no member");
    };
    world.clock.advance(Duration::from_secs(1));
    let removed = directory.write(move |tx| members::remove(tx, &system(), Reach::Tenant, id));
    removed.await.unwrap();
    let told: Vec<(String, Value)> = history(directory, &system(), "group", group)
        .await
        .into_iter()
        .map(|event| {
            let change = serde_json::from_str(&event.change).unwrap();
            (event.event_type, change)
        })
        .skip(1)
        .collect();
    let member = json!({"member": {"permission": 3, "user_id": user}});
    let expected = [
        json!({"old": {}, "new": member}),
        json!({"old": member, "new": {}}),
    ];
    let expected = expected.map(|change| ("team_updated".to_owned(), change));
    assert_eq!(told, expected);
    let own = history(directory, &system(), "user", user).await;
    let types: Vec<_> = own.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(types, ["user_created", "user_updated", "user_updated"]);
}

async fn a_group_that_a_user_founds_is_theirs(world: World) {
    let directory = &world.directory;
    let first = given::group(directory, &system(), "Sales").await.id;
    let boss = in_groups(
        directory,
        "boss@example.org",
        &[(first, GroupPermission::Admin)],
    )
    .await;
    let other = in_groups(
        directory,
        "o@example.org",
        &[(first, GroupPermission::ReadTeam)],
    )
    .await;
    let found = |user: i64| {
        let found = move |tx: &Tx<'_>| {
            let (actor, new) = (
                acting(user),
                NewGroup {
                    name: "Legal".to_owned(),
                    allows_frames: true,
                },
            );
            let reach = Reach::of(tx, &actor)?;
            groups::found(tx, &actor, reach, &new, Violations::new())
        };
        directory.write(found)
    };
    assert!(matches!(found(other).await, Err(Error::Forbidden(_))));
    let group = found(boss).await.unwrap();
    let listed = list(directory, &acting(boss), Some(group.id), (0, 10))
        .await
        .unwrap();
    assert_eq!(listed.rows.len(), 1);
    assert_eq!(
        (listed.rows[0].user_id, listed.rows[0].permission),
        (boss, GroupPermission::Admin)
    );
    let slug = group.slug.clone();
    let read = move |tx: &Tx<'_>| groups::profile(tx, &system(), Reach::Tenant, &slug);
    let profile = directory.read(read).await.unwrap();
    assert!(profile.allows_frames && profile.maker.is_some());
}

async fn a_change_of_a_group_from_an_old_version_is_made_on_the_new_one(world: World) {
    let directory = &world.directory;
    given::group(directory, &system(), "Sales").await;
    let running: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let directory = directory.clone();
            tokio::spawn(async move {
                let rename = move |tx: &Tx<'_>| {
                    let name = users::Change::Set(format!("Name {writer}"));
                    let none = Violations::new();
                    groups::rename(tx, &system(), Reach::Tenant, "sales", &name, none)
                };
                directory.write(rename).await.unwrap().version
            })
        })
        .collect();
    let mut versions = Vec::new();
    for each in running {
        versions.push(each.await.unwrap());
    }
    versions.sort_unstable();
    let expected: Vec<i64> = (2..=WRITERS as i64 + 1).collect();
    assert_eq!(versions, expected);
}
