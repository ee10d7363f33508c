//! A run of the use cases in which each event happens, the same in every run.

mod passkeys;
mod rights;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use directory::badges::{self, NewBadge};
use directory::clock::{FakeClock, Random, uuid_v7};
use directory::deliveries::{self, Attempt, Claimed, Outcome, webhook_lane};
use directory::forms::{self, Expected, Format};
use directory::invitations::Asked;
use directory::keys::{self, Credential, NewKey};
use directory::model::{Email, Invitation, InvitationKind, UserKind};
use directory::password::PasswordRule;
use directory::query::{EventFilter, InvitationFilter};
use directory::secret::new_token;
use directory::store::{Job, Location, StoredEvent, Tx};
use directory::users::{
    self, Change, INVITATION_LIFETIME, Include, InvitationRequest, RoleGrant, UserChange, UserKey,
};
use directory::violation::{self, Violations};
use directory::webhooks::{self, WebhookChange};
use directory::{
    Actor, Directory, Error, TenantId, accounts, event, groups, invitations, jobs, redirects,
};

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

fn invitations_of(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<Vec<Invitation>, Error> {
    let filter = InvitationFilter {
        user_id: Some(user),
        state: None,
    };
    Ok(invitations::list(tx, actor, &filter, None, 100)?.rows)
}

/// What is done to cause each event: a key of an account does it, with a second between.
pub(super) struct Scenario {
    directory: Directory,
    clock: Arc<FakeClock>,
}

impl Scenario {
    /// Everything that happened, in its order.
    pub(super) async fn run() -> Vec<StoredEvent> {
        let name = format!("muster_event_docs_{}_{}.db", std::process::id(), unique());
        let file = std::env::temp_dir().join(name);
        let clock = Arc::new(FakeClock::new("2026-11-21T10:00:00Z".parse().unwrap()));
        let random = Arc::new(Counted(AtomicU64::new(0)));
        let location = Location::Sqlite(file.clone());
        let directory = Directory::open(&location, Arc::<FakeClock>::clone(&clock), random);
        let scenario = Self {
            directory: directory.await.unwrap(),
            clock,
        };
        let key = scenario.found_an_account().await;
        scenario.make_what_users_have(&key).await;
        scenario.go_through_a_life(&key).await;
        scenario.invite(&key).await;
        scenario.sign_up(&key).await;
        scenario.have_a_passkey(&key).await;
        scenario.have_rights(&key).await;
        scenario.have_a_webhook(&key).await;
        scenario.end_the_key(&key).await;
        scenario.let_an_invitation_expire(&key).await;
        let events = scenario.everything().await;
        for ending in ["", "-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(format!("{}{ending}", file.display()));
        }
        events
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

    /// Runs a use case as the next request of a caller.
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
        let operator = Actor::system(TenantId(1), "command line");
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

    /// A form is stored, on whose page somebody signs up with an address that is known.
    async fn sign_up(&self, key: &Actor) {
        let text = "name: member\nresource: User\npublic: true\nconfiguration: { email: {} }\n";
        let draft = forms::draft(Format::Yaml, text.to_owned(), None).unwrap();
        let form = draft.form.clone();
        let put = move |tx: &Tx<'_>, actor: &Actor| {
            forms::put(tx, actor, &draft, &Expected::Any).map(drop)
        };
        self.write(key, put).await;
        let sign_up = move |tx: &Tx<'_>, actor: &Actor| {
            let email = ("email".to_owned(), "grace@example.com".into());
            let given = serde_json::Map::from_iter([email]);
            let known = forms::SignUp::of(&form, &given).unwrap();
            forms::sign_up(tx, actor.tenant, &form, &known, &actor.request_id)?;
            let (noted, _) = forms::noted_sign_ups(tx, actor.tenant)?;
            forms::look_at_sign_up(tx, actor.tenant, noted[0])
        };
        self.write(key, sign_up).await;
    }

    async fn make_what_users_have(&self, key: &Actor) {
        let group = |tx: &Tx<'_>, actor: &Actor| {
            groups::create(tx, actor, "Sales", None, Violations::new())
        };
        self.write(key, group).await;
        let rename = |tx: &Tx<'_>, actor: &Actor| {
            let name = Change::Set("Sales team".to_owned());
            let reach = groups::Reach::of(tx, actor)?;
            groups::rename(tx, actor, reach, "sales", &name, Violations::new())
        };
        self.write(key, rename).await;
        // The list is the tenant's: who is bound to an account has no say in it.
        let operator = Actor::system(key.tenant, "command line");
        let add = |tx: &Tx<'_>, actor: &Actor| {
            let uri = "https://app.example.com/welcome";
            redirects::add(tx, actor, uri, Violations::new())
        };
        let added = self.write(&operator, add).await.id;
        let remove = move |tx: &Tx<'_>, actor: &Actor| redirects::remove(tx, actor, added);
        self.write(&operator, remove).await;
        let badge = |tx: &Tx<'_>, actor: &Actor| {
            let new = NewBadge {
                name: "Forklift".to_owned(),
                ..NewBadge::default()
            };
            badges::create(tx, actor, &new, Violations::new())
        };
        self.write(key, badge).await;
    }

    async fn create(&self, key: &Actor, change: UserChange) -> i64 {
        let create = move |tx: &Tx<'_>, actor: &Actor| {
            users::create(tx, actor, &change, Violations::new(), Include::default())
        };
        self.write(key, create).await.user.id
    }

    async fn update(&self, key: &Actor, id: i64, change: UserChange) {
        let update = move |tx: &Tx<'_>, actor: &Actor| {
            let (id, none) = (UserKey::Id(id), Violations::new());
            users::update(tx, actor, &id, None, &change, none, Include::default())
        };
        self.write(key, update).await;
    }

    async fn go_through_a_life(&self, key: &Actor) {
        let role = RoleGrant {
            path: violation::Path::field("roles"),
            name: "manager".to_owned(),
            account_id: key.account,
        };
        let ada = UserChange {
            kind: Change::Set(UserKind::Worker),
            first_name: set("Ada"),
            last_name: set("Lovelace"),
            city: set("London"),
            roles: vec![role],
            ..person("ada@example.com")
        };
        let id = self.create(key, ada).await;
        let moved = UserChange {
            city: set("Paris"),
            title: set("Countess"),
            ..UserChange::default()
        };
        self.update(key, id, moved).await;
        let password = Some("tide plank ferry orbit".to_owned().into());
        let hash = self
            .directory
            .hash_password(password, &Violations::new())
            .await;
        let change = UserChange {
            password: hash.unwrap(),
            ..UserChange::default()
        };
        self.update(key, id, change).await;
        self.work(key, id).await;
        let delete =
            move |tx: &Tx<'_>, actor: &Actor| users::delete(tx, actor, &UserKey::Id(id), None);
        self.write(key, delete).await;
        // Another: the events of who is erased tell nothing of what changed.
        let id = self.create(key, person("alan@example.com")).await;
        let erase = move |tx: &Tx<'_>, actor: &Actor| users::erase(tx, actor, id);
        self.write(key, erase).await;
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
                jobs::put(tx, actor, &job.clone().into(), Violations::new())
            };
            self.write(key, report).await;
        }
    }

    async fn invite(&self, key: &Actor) {
        let grace = UserChange {
            invitation: Some(InvitationRequest::new(InvitationKind::Invite)),
            ..person("grace@example.com")
        };
        let id = self.create(key, grace).await;
        let failed = |tx: &Tx<'_>, actor: &Actor| {
            give_up(tx, actor.tenant, deliveries::EMAIL, Outcome::Failed)
        };
        self.write(key, failed).await;
        self.answer(key, id).await;
    }

    /// The invitation is sent again and accepted; another is taken back.
    async fn answer(&self, key: &Actor, user: i64) {
        let resend = move |tx: &Tx<'_>, actor: &Actor| {
            let own = invitations_of(tx, actor, user)?;
            invitations::resend(tx, actor, own[0].id)
        };
        self.write(key, resend).await;
        let send = |tx: &Tx<'_>, actor: &Actor| {
            event::sequence(tx, actor.tenant)?;
            let claimed = deliveries::claim(tx, actor.tenant, deliveries::EMAIL, 1)?;
            let token = new_token(actor.tenant, tx.random());
            deliveries::letter(tx, actor.tenant, &claimed[0], token)
        };
        let token = self.write(key, send).await.unwrap().token;
        let password = Some("tide plank ferry orbit".to_owned().into());
        let none = Violations::new();
        let hash = self.directory.hash_password(password, &none);
        let hash = hash.await.unwrap().unwrap();
        let accept = move |tx: &Tx<'_>, actor: &Actor| {
            let asked = Asked {
                terms: true,
                password_rule: PasswordRule::Composed,
            };
            invitations::accept(tx, &token, &hash, asked, &actor.request_id)
        };
        self.write(key, accept).await;
        let change = UserChange {
            invitation: Some(InvitationRequest::new(InvitationKind::Verify)),
            ..person("edsger@example.com")
        };
        let user = self.create(key, change).await;
        let revoke = move |tx: &Tx<'_>, actor: &Actor| {
            let own = invitations_of(tx, actor, user)?;
            invitations::revoke(tx, actor, own[0].id)
        };
        self.write(key, revoke).await;
    }

    /// An invitation stays without an answer for as long as it holds.
    async fn let_an_invitation_expire(&self, key: &Actor) {
        let change = UserChange {
            invitation: Some(InvitationRequest::new(InvitationKind::Invite)),
            ..person("barbara@example.com")
        };
        self.create(key, change).await;
        self.clock.advance(INVITATION_LIFETIME.try_into().unwrap());
        let expire = |tx: &Tx<'_>, actor: &Actor| invitations::expire(tx, actor.tenant);
        assert_eq!(self.write(key, expire).await, 1);
    }

    async fn have_a_webhook(&self, key: &Actor) {
        let new = WebhookChange {
            url: Some("https://example.com/hooks".to_owned()),
            ..WebhookChange::default()
        };
        let create = move |tx: &Tx<'_>, actor: &Actor| {
            webhooks::create(tx, actor, &new, "sealed", Violations::new())
        };
        let id = self.write(key, create).await.id;
        let named = WebhookChange {
            description: Some(Some("Payroll".to_owned())),
            ..WebhookChange::default()
        };
        let update = move |tx: &Tx<'_>, actor: &Actor| {
            webhooks::update(tx, actor, id, &named, None, Violations::new())
        };
        self.write(key, update).await;
        let test = move |tx: &Tx<'_>, actor: &Actor| webhooks::test(tx, actor, id);
        self.write(key, test).await;
        self.write(key, webhooks::tell_full).await;
        let gone = move |tx: &Tx<'_>, actor: &Actor| {
            give_up(tx, actor.tenant, &webhook_lane(id), Outcome::Gone)
        };
        self.write(key, gone).await;
        let delete = move |tx: &Tx<'_>, actor: &Actor| webhooks::delete(tx, actor, id, None);
        self.write(key, delete).await;
    }

    async fn end_the_key(&self, key: &Actor) {
        let directory::Principal::Key(id) = key.principal.clone() else {
            panic!("the scenario's caller is a key");
        };
        let guessed = id.clone();
        let limited = move |tx: &Tx<'_>, _: &Actor| keys::tell_limited(tx, &guessed, "");
        self.write(key, limited).await;
        let rotated = id.clone();
        self.write(key, move |tx, actor| keys::rotate(tx, actor, &rotated))
            .await;
        self.write(key, move |tx, actor| keys::revoke(tx, actor, &id))
            .await;
    }

    async fn everything(&self) -> Vec<StoredEvent> {
        let all = self.directory.write(|tx| {
            let operator = Actor::system(TenantId(1), "");
            event::sequence(tx, operator.tenant)?;
            event::feed(tx, &operator, &EventFilter::default(), 0, 1_000)
        });
        let page = all.await.unwrap();
        assert!(!page.more);
        page.rows
    }
}

/// Attempts what is first due on a lane, and gives it up.
fn give_up(tx: &Tx<'_>, tenant: TenantId, lane: &str, outcome: Outcome) -> Result<(), Error> {
    event::sequence(tx, tenant)?;
    let claimed = deliveries::claim(tx, tenant, lane, 1)?;
    assert_eq!(claimed.len(), 1, "nothing is due on {lane}");
    for Claimed {
        key, lease, number, ..
    } in claimed
    {
        let attempt = Attempt {
            number,
            outcome,
            status: None,
            duration_ms: 0,
            answer: String::new(),
            created_at: tx.now(),
        };
        deliveries::finish(tx, tenant, &key, lease, &attempt, None)?;
    }
    Ok(())
}

fn person(email: &str) -> UserChange {
    UserChange {
        email: Change::Set(Email::parse(email).unwrap()),
        ..UserChange::default()
    }
}

fn set(text: &str) -> Change<String> {
    Change::Set(text.to_owned())
}

/// A number that no other run in this process has.
fn unique() -> u64 {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    RUNS.fetch_add(1, Ordering::Relaxed)
}
