//! The vendor's published Python client, unmodified (legalesign 1.1.1 on PyPI): what it does is
//! in `client.py`, once by its synchronous and once by its asynchronous client.

use std::path::Path;
use std::process::Command;

use directory::model::{Email, GroupPermission};
use directory::store::Tx;
use directory::users::{self, Change, GroupGrant, Include, UserChange};
use directory::violation::Violations;
use serde_json::json;

use super::Case;
use crate::contracts::root;

const GROUPS: usize = 45;
const MEMBERS: usize = 1_100;

/// The group `crowd` with all its members, and so many groups in all.
fn fill(case: &Case) {
    let crowd = case.server.group("Crowd").id;
    case.server.write(|tx| {
        let actor = directory::Actor::system(directory::TenantId(1), "test");
        for number in 1..GROUPS {
            let name = format!("Group {number}");
            directory::groups::create(tx, &actor, &name, None, Violations::new())?;
        }
        Ok(())
    });
    for from in (0..MEMBERS).step_by(200) {
        let actor = case.server.operator();
        let make = move |tx: &Tx<'_>| {
            for user in from..MEMBERS.min(from + 200) {
                let change = UserChange {
                    email: Change::Set(Email::parse(&format!("u{user}@example.org")).unwrap()),
                    groups: vec![GroupGrant {
                        path: directory::violation::Path::default(),
                        group_id: crowd,
                        permission: GroupPermission::ReadTeam,
                    }],
                    ..UserChange::default()
                };
                users::create(tx, &actor, &change, Violations::new(), Include::default())?;
            }
            Ok(())
        };
        case.server.write(make);
    }
}

/// Runs the script with one of the clients, which says how much it held.
fn runs(kind: &str) {
    let python = root().join("target/python-tools/bin/python");
    assert!(
        python.exists(),
        "the client is not installed: run scripts/python-tools"
    );
    let case = Case::start();
    fill(&case);
    let reader = case.server.key_with(directory::keys::NewKey {
        scopes: vec!["users:read".to_owned()],
        ..directory::keys::NewKey::default()
    });
    let setting = json!({
        "base_url": format!("{}/api/v1", case.server.url()),
        "key": format!("ApiKey {}:{}", case.key.id, case.key.secret),
        "reader": format!("ApiKey {}:{}", reader.id, reader.secret),
        "groups": GROUPS,
        "members": MEMBERS,
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/legalesign/client.py");
    let done = Command::new(python)
        .args([
            script.as_os_str(),
            kind.as_ref(),
            setting.to_string().as_ref(),
        ])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{told}");
    let said = String::from_utf8_lossy(&done.stdout);
    assert_eq!(said.trim(), "9 of 9 held", "{told}");
    // What it made is here, and what it ended is gone.
    let user = case.stored("client@example.org");
    assert_eq!(user["first_name"], "Augusta");
    assert_eq!(case.shown("/api/v1/notifications/"), json!([]));
}

#[test]
fn the_published_client_runs_against_the_server() {
    runs("sync");
}

#[test]
fn the_published_asynchronous_client_runs_against_the_server() {
    runs("async");
}
