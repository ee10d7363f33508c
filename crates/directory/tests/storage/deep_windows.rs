//! What a page far into the members of a large group costs.

use directory::model::GroupPermission;
use directory::{Actor, Directory};

use crate::given::{self, system};
use crate::harness::World;
use crate::members::{acting, in_groups, list};

on_sqlite!(deep_windows_pass_over_index_entries_alone);

/// Members of the crowd.
const CROWD: i64 = 100_000;

/// A crowd in one group, made faster than users are.
async fn crowd(directory: &Directory, group: i64) {
    const USERS: &str = "INSERT INTO users (tenant_id, id, uid, created_at, updated_at, version, \
        attributes) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
        WHERE i < $1) SELECT 1, 1000000 + i, 'u' || i, 0, 0, 1, '{}' FROM n";
    const MEMBERS: &str = "INSERT INTO group_members (tenant_id, user_id, group_id, id, \
        permission, created_at, updated_at) SELECT 1, id, $1, id, 3, 0, 0 FROM users \
        WHERE id > 1000000";
    let made = directory.write(move |tx| {
        tx.execute(USERS, &[CROWD.into()])?;
        tx.execute(MEMBERS, &[group.into()])
    });
    assert_eq!(made.await.unwrap(), CROWD as u64);
}

async fn deep_windows_pass_over_index_entries_alone(world: World) {
    let group = given::group(&world.directory, &system(), "Crowd").await.id;
    let boss = [(group, GroupPermission::Admin)];
    let boss = acting(in_groups(&world.directory, "boss@example.org", &boss).await);
    crowd(&world.directory, group).await;
    let (directory, meter) = world.directory.metered();
    let cost = |actor: Actor, named: Option<i64>, offset: i64| {
        let (directory, meter) = (&directory, &meter);
        async move {
            let _ = meter.take();
            let page = list(directory, &actor, named, (offset, 50)).await.unwrap();
            assert_eq!((page.total, page.rows.len()), (CROWD + 1, 50));
            meter.take()
        }
    };
    for (actor, named) in [(system(), Some(group)), (system(), None), (boss, None)] {
        let near = cost(actor.clone(), named, 0).await;
        let deep = cost(actor, named, 90_000).await;
        assert_eq!(near.statements, deep.statements);
        // Nothing is scanned, sorted or indexed but the numbers of one window.
        assert_eq!((deep.scanned, deep.indexed), (near.scanned, near.indexed));
        assert_eq!(deep.sorts, near.sorts);
        let each = (deep.steps - near.steps) as f64 / 90_000.0;
        assert!(each < 25.0, "{each} steps for each row that is passed over");
    }
    // Without the index the members are sorted first.
    const DROP: &str = "DROP INDEX group_members_group";
    let before = cost(system(), Some(group), 90_000).await;
    world
        .directory
        .write(|tx| tx.execute(DROP, &[]))
        .await
        .unwrap();
    let without = cost(system(), Some(group), 90_000).await;
    assert!(without.sorts > before.sorts, "{without:?} {before:?}");
}
