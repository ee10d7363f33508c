//! The directory that is measured.

use std::sync::Arc;
use std::time::Duration;

use directory::keys::{self, NewKey};
use directory::model::{
    AccountRole, DrugTest, GroupPermission, InvitationKind, OnboardingState, W2Status,
};
use directory::password::PasswordHash;
use directory::store::{Job, Tx};
use directory::users::{
    self, AccountGrant, Change, GroupGrant, Include, InvitationRequest, UserChange, UserKey,
};
use directory::violation::{Path, Violations};
use directory::{Directory, Error, jobs};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use crate::given::{self, employer, get, set, system, worker};
use crate::harness::World;

/// What some 60 users have in common, who stand all over the directory, however many others
/// there are.
pub(super) const RARE: &str = "Rare";

/// The employee id of one of them.
pub(super) const EMPLOYEE: &str = "W-0";

/// Users made in one write.
const AT_ONCE: usize = 200;

pub(super) struct Setting {
    /// Every user's number, in the order in which they were made.
    pub(super) ids: Vec<i64>,
    /// The one in the middle.
    pub(super) middle: directory::model::User,
    /// When the last 200 were made.
    pub(super) last_change: Timestamp,
    /// The customer of 60 employers, and with 60 members more.
    pub(super) account: i64,
    /// Another, for which every tenth user has a job.
    pub(super) elsewhere: i64,
    /// How many of them have a worker who did not come: few, however many others there are.
    pub(super) missed: usize,
    /// A group of 60 members.
    pub(super) group: i64,
    /// Bearer tokens, a key each.
    pub(super) keys: Vec<String>,
    /// An access token.
    pub(super) token: String,
    /// A hash that was made before.
    pub(super) password: PasswordHash,
}

impl Setting {
    pub(super) async fn of(world: &World, users: usize) -> Arc<Self> {
        let directory = &world.directory;
        let account = given::account(directory, &system(), "Acme").await;
        let elsewhere = given::account(directory, &system(), "Elsewhere").await;
        let group = given::group(directory, &system(), "Sales").await.id;
        let mut ids = Vec::new();
        for from in (0..users).step_by(AT_ONCE) {
            world.clock.advance(Duration::from_secs(1));
            let made = directory.write(move |tx| {
                let made = (from..users.min(from + AT_ONCE)).map(|user| {
                    let change = the_user(user, users / 60, account, group);
                    let (none, parts) = (Violations::new(), Include::default());
                    let id = users::create(tx, &system(), &change, none, parts)?.user.id;
                    // Employers work for nobody.
                    if user % 10 == 3 && user % (users / 60) > 1 {
                        let missed = is_missed(user, users);
                        let job = the_job(user, id, elsewhere, missed, tx.now());
                        jobs::put(tx, &system(), &job.into(), Violations::new())?;
                    }
                    Ok(id)
                });
                made.collect::<Result<Vec<_>, Error>>()
            });
            ids.extend(made.await.unwrap());
        }
        assert_eq!(ids.len(), users);
        let middle = get(directory, &system(), UserKey::Id(ids[users / 2])).await;
        let password = Some("tide plank ferry".to_owned().into());
        let password = directory.hash_password(password, &Violations::new()).await;
        let (keys, token) = keys_of(directory).await;
        let job = Job {
            external_id: "first".to_owned(),
            name: None,
            worker_id: ids[0],
            account_id: account,
            state: "filled".to_owned(),
            state_at: world.now(),
            place: None,
        };
        let put = move |tx: &Tx<'_>| {
            jobs::put(tx, &system(), &job.clone().into(), Violations::new()).map(drop)
        };
        directory.write(put).await.unwrap();
        Arc::new(Self {
            ids,
            middle: middle.unwrap().user,
            last_change: world.now(),
            account,
            elsewhere,
            missed: (0..users).filter(|user| is_missed(*user, users)).count(),
            group,
            keys,
            token,
            password: password.unwrap().unwrap(),
        })
    }
}

/// Whether the worker with a job did not come: of ten, who stand all over the directory.
fn is_missed(user: usize, users: usize) -> bool {
    user % (users / 10) == 3
}

fn the_job(user: usize, worker_id: i64, account_id: i64, missed: bool, at: Timestamp) -> Job {
    Job {
        external_id: format!("job-{user}"),
        name: None,
        worker_id,
        account_id,
        state: if missed { "no_show" } else { "withdrawn" }.to_owned(),
        state_at: at,
        place: None,
    }
}

fn the_user(user: usize, rare: usize, account: i64, group: i64) -> UserChange {
    let address = format!("user{user}@example.org");
    let usual = UserChange {
        first_name: set(&format!("First{user}")),
        last_name: set(&format!("Last{user}")),
        external_id: set(&format!("external-{user}")),
        ..worker(&address)
    };
    match user % rare {
        0 => UserChange {
            first_name: set(RARE),
            last_name: set(RARE),
            external_id: set(RARE),
            state: set(RARE),
            onboarding_state: Change::Set(OnboardingState::Complete),
            w2_onboarding_status: Change::Set(W2Status::Completed),
            drug_tested: Change::Set(DrugTest::Passed),
            w2_employee_id: set(&format!("W-{user}")),
            groups: vec![in_group(group)],
            accounts: vec![in_account(account)],
            ..usual
        },
        1 => employer(&address, account),
        _ if user % 10 == 4 => UserChange {
            invitation: Some(InvitationRequest::new(InvitationKind::Invite)),
            ..usual
        },
        _ => usual,
    }
}

pub(super) fn in_group(group_id: i64) -> GroupGrant {
    GroupGrant {
        path: Path::default(),
        group_id,
        permission: GroupPermission::Admin,
    }
}

fn in_account(account_id: i64) -> AccountGrant {
    AccountGrant {
        path: Path::default(),
        account_id,
        role: AccountRole::Member,
        admin: false,
        primary: true,
    }
}

/// As many keys as runs, and an access token made from one.
async fn keys_of(directory: &Directory) -> (Vec<String>, String) {
    let made = directory.write(|tx| {
        let new = NewKey {
            name: "ops".to_owned(),
            ..NewKey::default()
        };
        let made = (0..super::RUNS).map(|_| keys::create(tx, &system(), &new));
        let made = made.collect::<Result<Vec<_>, Error>>()?;
        let (token, _) = keys::issue_token(tx, &made[0].id, &made[0].secret)?;
        let bearers = made
            .iter()
            .map(|key| key.token().expose_secret().to_owned());
        Ok((bearers.collect(), token.expose_secret().to_owned()))
    });
    made.await.unwrap()
}
