//! Groups, accounts and badges.

use std::collections::BTreeSet;

use directory::badges::{self, NewBadge};
use directory::groups;
use directory::model::GroupPermission;
use directory::store::GroupKey;
use directory::users::{GroupGrant, UserChange, UserKey};
use directory::violation::{Path, Rule, Violations};
use directory::{Actor, Directory, Error, accounts};

use crate::given::{self, broken, create, person, rule, system, tenant};
use crate::harness::World;

on_each_engine!(
    a_slug_is_found_when_the_one_with_the_number_is_taken,
    a_slug_is_unique_for_names_of_any_script,
    a_group_is_found_by_number_and_slug_in_its_tenant,
    a_group_counts_the_members_who_are_there,
    a_badge_and_an_account_come_back_as_they_were_made,
    lists_go_by_number,
    names_are_checked,
);

async fn find(directory: &Directory, actor: &Actor, key: GroupKey) -> Result<i64, Error> {
    let actor = actor.clone();
    directory
        .read(move |tx| groups::get(tx, &actor, &key))
        .await
        .map(|group| group.id)
}

async fn a_slug_is_unique_for_names_of_any_script(world: World) {
    let directory = &world.directory;
    let names = [
        "Sales",
        "Sales",
        "sales",
        "SALES!",
        "Sales 1",
        "Sales 2",
        "Sales 3",
        "Sales-4",
        "営業",
        "営業",
        "मानव संसाधन",
        "🎉",
        "  --  a",
        "Łódź",
    ];
    let long = "A very long name ".repeat(12).leak() as &'static str;
    let mut slugs = BTreeSet::new();
    for name in names.into_iter().chain([long, long, long]) {
        let group = given::group(directory, &system(), name).await;
        assert_eq!(group.name, name.trim());
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        assert!(group.slug.chars().all(fits), "{}", group.slug);
        assert!((1..=50).contains(&group.slug.len()), "{}", group.slug);
        let key = GroupKey::Slug(group.slug.clone());
        assert_eq!(find(directory, &system(), key).await.unwrap(), group.id);
        assert!(slugs.insert(group.slug.clone()), "{} twice", group.slug);
    }
    assert!(
        slugs.contains("sales") && slugs.contains("group"),
        "{slugs:?}"
    );
}

async fn a_group_is_found_by_number_and_slug_in_its_tenant(world: World) {
    let directory = &world.directory;
    let stranger = tenant(directory, "stranger").await;
    let group = given::group(directory, &system(), "Sales").await;
    for key in [GroupKey::Id(group.id), GroupKey::Slug("sales".to_owned())] {
        assert_eq!(
            find(directory, &system(), key.clone()).await.unwrap(),
            group.id
        );
        let theirs = find(directory, &stranger, key).await;
        assert!(matches!(theirs, Err(Error::NotFound)), "{theirs:?}");
    }
    for slug in ["Sales", "sale", "", "sales\0"] {
        let absent = find(directory, &system(), GroupKey::Slug(slug.to_owned())).await;
        assert!(
            matches!(absent, Err(Error::NotFound)),
            "{slug:?} {absent:?}"
        );
    }
    let same = given::group(directory, &stranger, "Sales").await;
    assert_eq!(same.slug, "sales", "another tenant's slug is free");
}

async fn a_group_counts_the_members_who_are_there(world: World) {
    let directory = &world.directory;
    let group = given::group(directory, &system(), "Sales").await;
    assert_eq!(group.member_count, 0);
    let mut members = Vec::new();
    for user in 0..3 {
        let change = UserChange {
            groups: vec![GroupGrant {
                path: Path::default(),
                group_id: group.id,
                permission: GroupPermission::ALL[user],
            }],
            ..person(&format!("u{user}@example.org"))
        };
        let made = create(directory, &system(), &change).await.unwrap();
        assert_eq!(made.groups[0].permission, GroupPermission::ALL[user]);
        members.push(made.user.id);
    }
    let count = || async {
        let read = directory.read(move |tx| groups::get(tx, &system(), &GroupKey::Id(group.id)));
        read.await.unwrap().member_count
    };
    assert_eq!(count().await, 3);
    given::delete(directory, &system(), UserKey::Id(members[0]), None)
        .await
        .unwrap();
    assert_eq!(count().await, 2);
}

async fn a_badge_and_an_account_come_back_as_they_were_made(world: World) {
    let directory = &world.directory;
    let stranger = tenant(directory, "stranger").await;
    let (badge, account) = directory
        .write(|tx| {
            let new = NewBadge {
                name: " Forklift 🚜 ".to_owned(),
                description: Some("drives \"one\"".to_owned()),
                info_url: Some("https://example.org/f".to_owned()),
                icon_url: Some("https://example.org/f.png".to_owned()),
                soft: true,
            };
            Ok((
                badges::create(tx, &system(), &new, Violations::new())?,
                accounts::create(tx, &system(), " Acme & Søns ", Violations::new())?,
            ))
        })
        .await
        .unwrap();
    assert_eq!((badge.name.as_str(), badge.soft), ("Forklift 🚜", true));
    assert_eq!(badge.description.as_deref(), Some("drives \"one\""));
    assert_eq!(account.name, "Acme & Søns");
    assert_eq!(
        (badge.created_at, account.created_at),
        (world.now(), world.now())
    );
    let other = world.another().await;
    let (badge_id, account_id) = (badge.id, account.id);
    let read = |actor: Actor| {
        other.read(move |tx| {
            Ok((
                badges::get(tx, &actor, badge_id),
                accounts::get(tx, &actor, account_id),
            ))
        })
    };
    let (same_badge, same_account) = read(system()).await.unwrap();
    assert_eq!(
        (same_badge.unwrap(), same_account.unwrap()),
        (badge, account)
    );
    let (badge, account) = read(stranger).await.unwrap();
    assert!(matches!(badge, Err(Error::NotFound)), "{badge:?}");
    assert!(matches!(account, Err(Error::NotFound)), "{account:?}");
}

async fn lists_go_by_number(world: World) {
    let directory = &world.directory;
    let stranger = tenant(directory, "stranger").await;
    given::account(directory, &stranger, "Theirs").await;
    given::group(directory, &stranger, "Theirs").await;
    given::badge(directory, &stranger, "Theirs").await;
    let mut made = [vec![], vec![], vec![]];
    for _ in 0..5 {
        made[0].push(given::account(directory, &system(), "Acme").await);
        made[1].push(given::group(directory, &system(), "Sales").await.id);
        made[2].push(given::badge(directory, &system(), "Forklift").await);
    }
    for limit in 1..=6 {
        let mut seen = [vec![], vec![], vec![]];
        for (kind, seen) in seen.iter_mut().enumerate() {
            let mut after = None;
            loop {
                let (ids, next) = directory
                    .read(move |tx| {
                        let actor = system();
                        Ok(match kind {
                            0 => {
                                let page = accounts::list(tx, &actor, after, limit)?;
                                (
                                    page.rows.iter().map(|row| row.id).collect::<Vec<_>>(),
                                    page.next,
                                )
                            }
                            1 => {
                                let page = groups::list(tx, &actor, after, limit)?;
                                (page.rows.iter().map(|row| row.id).collect(), page.next)
                            }
                            _ => {
                                let page = badges::list(tx, &actor, after, limit)?;
                                (page.rows.iter().map(|row| row.id).collect(), page.next)
                            }
                        })
                    })
                    .await
                    .unwrap();
                assert!(ids.len() <= limit);
                seen.extend(ids);
                match next {
                    Some(next) => after = Some(next.id),
                    None => break,
                }
            }
        }
        assert_eq!(seen, made, "pages of {limit}");
    }
}

async fn names_are_checked(world: World) {
    let directory = &world.directory;
    let long = "é".repeat(256).leak() as &'static str;
    for (name, expected) in [
        ("", Rule::Blank),
        (" \t\n", Rule::Blank),
        ("a\0", Rule::BadFormat),
        (long, Rule::TooLong { max: 255 }),
    ] {
        let account = directory
            .write(move |tx| accounts::create(tx, &system(), name, Violations::new()).map(drop));
        let group = directory.write(move |tx| {
            groups::create(tx, &system(), name, None, Violations::new()).map(drop)
        });
        let badge = directory.write(move |tx| {
            let new = NewBadge {
                name: name.to_owned(),
                ..NewBadge::default()
            };
            badges::create(tx, &system(), &new, Violations::new()).map(drop)
        });
        for refused in [account.await, group.await, badge.await] {
            assert_eq!(broken(refused), rule("name", expected.clone()), "{name:?}");
        }
    }
}

async fn a_slug_is_found_when_the_one_with_the_number_is_taken(world: World) {
    let make = |name: &'static str| {
        let directory = world.directory.clone();
        async move {
            let made = directory.write(move |tx| {
                directory::groups::create(tx, &system(), name, None, Violations::new())
            });
            made.await.unwrap()
        }
    };
    let first = make("Sales").await;
    let name: &'static str = format!("Sales {}", first.id + 2).leak();
    let second = make(name).await;
    let third = make("Sales").await;
    assert_eq!(second.slug, format!("sales-{}", third.id), "the case meant");
    assert!(third.slug.starts_with("sales-"), "{}", third.slug);
    assert_ne!(third.slug, second.slug);
}
