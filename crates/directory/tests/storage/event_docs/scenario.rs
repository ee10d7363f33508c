//! A run of the use cases in which each event happens, the same in every run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use directory::accounts;
use directory::badges::{self, NewBadge};
use directory::clock::{FakeClock, Random, uuid_v7};
use directory::groups;
use directory::jobs;
use directory::keys::{self, Credential, NewKey};
use directory::model::InvitationKind;
use directory::store::{Job, Location, StoredEvent, Tx};
use directory::users::{InvitationRequest, RoleGrant, UserChange, UserKey};
use directory::violation::{self, Violations};
use directory::{Actor, Directory, Error};

use crate::given::{create, delete, person, set, system, update, worker};
use crate::harness::TemporaryFile;

/// The same bytes in every run.
struct Counted(AtomicU64);

impl Random for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            // Weyl's sequence, whose highest byte looks like chance.
            let step = 0x9e37_79b9_7f4a_7c15;
            let at = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
            *byte = at.to_be_bytes()[0];
        }
    }
}

/// What is done to cause each event: a key of an account does it, with a second between.
pub(super) struct Scenario {
    directory: Directory,
    clock: Arc<FakeClock>,
}

impl Scenario {
    /// Everything that happened, in its order.
    pub(super) async fn run() -> Vec<StoredEvent> {
        let file = TemporaryFile::new();
        let clock = Arc::new(FakeClock::new("2026-11-21T10:00:00Z".parse().unwrap()));
        let random = Arc::new(Counted(AtomicU64::new(0)));
        let location = Location::Sqlite(file.0.clone());
        let directory = Directory::open(&location, Arc::<FakeClock>::clone(&clock), random);
        let scenario = Self {
            directory: directory.await.unwrap(),
            clock,
        };
        let key = scenario.found_an_account().await;
        scenario.make_what_users_have(&key).await;
        scenario.go_through_a_life(&key).await;
        scenario.invite(&key).await;
        scenario.end_the_key(&key).await;
        scenario.everything().await
    }

    /// The same caller with the next request, a second later.
    fn next(&self, actor: &Actor) -> Actor {
        self.clock.advance(Duration::from_secs(1));
        let directory = &self.directory;
        Actor {
            request_id: uuid_v7(directory.clock().now(), directory.random()),
            ..actor.clone()
        }
    }

    /// Runs a use case that `given` has no call for.
    async fn write<T: Send + 'static>(
        &self,
        actor: &Actor,
        run: impl Fn(&Tx<'_>, &Actor) -> Result<T, Error> + Send + Sync + 'static,
    ) -> T {
        let actor = self.next(actor);
        let done = self.directory.write(move |tx| run(tx, &actor));
        done.await.unwrap()
    }

    async fn found_an_account(&self) -> Actor {
        let operator = Actor {
            request_id: "command line".to_owned(),
            ..system()
        };
        let made = |tx: &Tx<'_>, actor: &Actor| {
            let account = accounts::create(tx, actor, "Acme", Violations::new())?;
            let new = NewKey {
                name: "ops".to_owned(),
                account_id: Some(account.id),
                owner_email: Some("ops@example.com".to_owned()),
                ..NewKey::default()
            };
            keys::create(tx, actor, &new)
        };
        let key = self.directory.write(move |tx| made(tx, &operator)).await;
        let credential = Credential::Bearer(key.unwrap().token());
        self.directory.authenticate(&credential).await.unwrap()
    }

    async fn make_what_users_have(&self, key: &Actor) {
        let group = |tx: &Tx<'_>, actor: &Actor| {
            groups::create(tx, actor, "Sales", None, Violations::new())
        };
        self.write(key, group).await;
        let badge = |tx: &Tx<'_>, actor: &Actor| {
            let new = NewBadge {
                name: "Forklift".to_owned(),
                ..NewBadge::default()
            };
            badges::create(tx, actor, &new, Violations::new())
        };
        self.write(key, badge).await;
    }

    async fn go_through_a_life(&self, key: &Actor) {
        let directory = &self.directory;
        let role = RoleGrant {
            path: violation::Path::field("roles"),
            name: "manager".to_owned(),
            account_id: key.account,
        };
        let change = UserChange {
            first_name: set("Ada"),
            last_name: set("Lovelace"),
            city: set("London"),
            roles: vec![role],
            ..worker("ada@example.com")
        };
        let user = create(directory, &self.next(key), &change).await.unwrap();
        let id = || UserKey::Id(user.user.id);
        let change = UserChange {
            city: set("Paris"),
            title: set("Countess"),
            ..UserChange::default()
        };
        let updated = update(directory, &self.next(key), id(), None, &change).await;
        updated.unwrap();
        let password = Some("tide plank ferry orbit".to_owned().into());
        let hash = directory.hash_password(password, &Violations::new()).await;
        let change = UserChange {
            password: hash.unwrap(),
            ..UserChange::default()
        };
        let updated = update(directory, &self.next(key), id(), None, &change).await;
        updated.unwrap();
        self.work(key, user.user.id).await;
        let deleted = delete(directory, &self.next(key), id(), None).await;
        deleted.unwrap();
    }

    async fn work(&self, key: &Actor, worker_id: i64) {
        for state in ["filled", "in_progress"] {
            let report = move |tx: &Tx<'_>, actor: &Actor| {
                let job = Job {
                    external_id: "shift-7".to_owned(),
                    name: Some("Night shift".to_owned()),
                    worker_id,
                    account_id: actor.account.unwrap(),
                    state: state.to_owned(),
                    state_at: tx.now(),
                    place: None,
                };
                jobs::put(tx, actor, &job, Violations::new())
            };
            self.write(key, report).await;
        }
    }

    async fn invite(&self, key: &Actor) {
        let change = UserChange {
            invitation: Some(InvitationRequest {
                kind: InvitationKind::Invite,
                redirect_to: None,
            }),
            ..person("grace@example.com")
        };
        let invited = create(&self.directory, &self.next(key), &change).await;
        invited.unwrap();
    }

    async fn end_the_key(&self, key: &Actor) {
        let directory::Principal::Key(id) = key.principal.clone() else {
            panic!("the scenario's caller is a key");
        };
        let rotated = id.clone();
        self.write(key, move |tx, actor| keys::rotate(tx, actor, &rotated))
            .await;
        self.write(key, move |tx, actor| keys::revoke(tx, actor, &id))
            .await;
    }

    async fn everything(&self) -> Vec<StoredEvent> {
        let all = self.directory.read(|tx| {
            let sql = "SELECT id, type, account_id, actor_type, actor_id, subject_type, \
                subject_id, change, request_id, created_at FROM events \
                WHERE tenant_id = 1 ORDER BY id";
            tx.query(sql, &[], |row| {
                Ok(StoredEvent {
                    id: row.int()?,
                    event_type: row.text()?,
                    account_id: row.opt_int()?,
                    actor_type: row.text()?,
                    actor_id: row.text()?,
                    subject_type: row.text()?,
                    subject_id: row.text()?,
                    change: row.json()?,
                    request_id: row.text()?,
                    created_at: row.time()?,
                    position: None,
                    external_id: None,
                    occurred_at: None,
                })
            })
        });
        all.await.unwrap()
    }
}
