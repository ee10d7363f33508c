//! Requirements 13, 14 and 19: what is another tenant's, or outside the account, is not there.

use directory::event::EventType;
use directory::model::{AccountRole, GroupPermission, NotificationPreference};
use directory::query::UserFilter;
use directory::users::{
    AccountGrant, BadgeChange, Change, GroupGrant, RoleGrant, UserChange, UserKey,
};
use directory::violation::{Path, Rule};
use directory::{Error, Visibility};

use crate::given::{
    self, broken, create, delete, employer, get, person, restore, rule, system, tenant, update,
    worker,
};
use crate::harness::World;

on_each_engine!(
    a_user_of_another_tenant_is_not_found,
    ids_of_another_tenant_do_not_exist,
    a_user_outside_the_account_is_not_found,
);

async fn a_user_of_another_tenant_is_not_found(world: World) {
    let directory = &world.directory;
    let stranger = tenant(directory, "stranger").await;
    let ada = create(directory, &system(), &person("ada@example.org"))
        .await
        .unwrap();
    for key in [
        UserKey::Id(ada.user.id),
        UserKey::Uid(ada.user.uid.clone()),
        UserKey::Email("ada@example.org".to_owned()),
    ] {
        let found = get(directory, &stranger, key.clone()).await;
        assert!(matches!(found, Err(Error::NotFound)), "{found:?}");
        let change = person("eve@example.org");
        let changed = update(directory, &stranger, key.clone(), None, &change).await;
        assert!(matches!(changed, Err(Error::NotFound)), "{changed:?}");
        let deleted = delete(directory, &stranger, key, None).await;
        assert!(matches!(deleted, Err(Error::NotFound)), "{deleted:?}");
    }
    let listed = given::list(directory, &stranger, &UserFilter::default()).await;
    assert_eq!(listed, []);
    let key = UserKey::Id(ada.user.id);
    delete(directory, &system(), key.clone(), None)
        .await
        .unwrap();
    let restored = restore(directory, &stranger, ada.user.id).await;
    assert!(matches!(restored, Err(Error::NotFound)), "{restored:?}");
    let mut expected = restore(directory, &system(), ada.user.id).await.unwrap();
    expected.user.version = 1;
    assert_eq!(expected, ada);
    assert_eq!(
        given::history(directory, &stranger, "user", ada.user.id).await,
        []
    );
}

async fn ids_of_another_tenant_do_not_exist(world: World) {
    let directory = &world.directory;
    let stranger = tenant(directory, "stranger").await;
    let account = given::account(directory, &stranger, "Theirs").await;
    let group = given::group(directory, &stranger, "Theirs").await.id;
    let badge = given::badge(directory, &stranger, "Theirs").await;
    let absent = 1_000_000;
    // A foreign number answers exactly as one that nobody has.
    for (account, group, badge) in [(account, group, badge), (absent, absent, absent)] {
        let grant = |permission| GroupGrant {
            path: Path::field("groups").child(0),
            group_id: group,
            permission,
        };
        let change = UserChange {
            team_id: Change::Set(group),
            accounts: vec![AccountGrant {
                path: Path::field("accounts").child(0),
                account_id: account,
                role: AccountRole::Member,
                admin: false,
                primary: false,
            }],
            groups: vec![grant(GroupPermission::Admin)],
            roles: vec![RoleGrant {
                path: Path::field("roles").child(0),
                name: "viewer".to_owned(),
                account_id: Some(account),
            }],
            preferences: Some(vec![NotificationPreference {
                event: EventType::UserCreated,
                account_id: Some(account),
                channels: vec![],
            }]),
            badges: vec![BadgeChange {
                path: Path::field("badges").child(0),
                badge_id: Some(badge),
                ..BadgeChange::default()
            }],
            ..worker("ada@example.org")
        };
        let expected = [
            "team_id",
            "accounts.0",
            "groups.0",
            "notification_preferences",
            "roles.0",
            "badges.0.badge_id",
        ]
        .map(|field| (field.to_owned(), Rule::MustExist));
        let refused = create(directory, &system(), &change).await;
        assert_eq!(broken(refused), expected);
        let boss = employer("boss@example.org", account);
        let refused = create(directory, &system(), &boss).await;
        assert_eq!(broken(refused), rule("customer_id", Rule::MustExist));
    }
    let own = given::account(directory, &system(), "Ours").await;
    let boss = create(directory, &system(), &employer("boss@example.org", own))
        .await
        .unwrap();
    let change = UserChange {
        customer_id: Change::Set(account),
        ..UserChange::default()
    };
    let key = UserKey::Id(boss.user.id);
    let refused = update(directory, &system(), key, None, &change).await;
    assert_eq!(broken(refused), rule("customer_id", Rule::MustExist));
}

async fn a_user_outside_the_account_is_not_found(world: World) {
    let directory = &world.directory;
    let inside = given::account(directory, &system(), "Inside").await;
    let outside = given::account(directory, &system(), "Outside").await;
    let member = create(directory, &system(), &employer("in@example.org", inside))
        .await
        .unwrap();
    let other = create(directory, &system(), &employer("out@example.org", outside))
        .await
        .unwrap();
    let actor = system().within_account(inside);
    assert_eq!(actor.visibility, Visibility::Account(inside));
    let listed = given::list(directory, &actor, &UserFilter::default()).await;
    assert_eq!(listed, std::slice::from_ref(&member));
    for key in [
        UserKey::Id(other.user.id),
        UserKey::Uid(other.user.uid.clone()),
        UserKey::Email("out@example.org".to_owned()),
    ] {
        let found = get(directory, &actor, key.clone()).await;
        assert!(matches!(found, Err(Error::NotFound)), "{found:?}");
        let change = person("eve@example.org");
        let changed = update(directory, &actor, key.clone(), None, &change).await;
        assert!(matches!(changed, Err(Error::NotFound)), "{changed:?}");
        let deleted = delete(directory, &actor, key, None).await;
        assert!(matches!(deleted, Err(Error::NotFound)), "{deleted:?}");
    }
    let key = UserKey::Id(member.user.id);
    assert_eq!(get(directory, &actor, key).await.unwrap(), member);
}
