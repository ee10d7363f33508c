//! What runs by itself: events get their places in the feed, and what is to leave the server
//! leaves. Several nodes share the work: whoever takes a delivery first makes the attempt.

mod deliver;
mod digests;
mod lanes;
mod notices;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use directory::event::{self, SEQUENCED_AT_ONCE};
use directory::invitations::{self, EXPIRED_AT_ONCE};
use directory::notifications::{self, Cadence, retention};
use directory::password_resets::{self, LOOKED_AT_ONCE};
use directory::store::Tx;
use directory::{Error, TenantId, deliveries, forms, passkeys, sessions, tenants, webhooks};
use jiff::SignedDuration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::deliver::message::Channel;
use crate::deliver::webhook::WebhookSender;
use crate::http::Shared;
use lanes::Lanes;

/// How often the worker looks at least: other processes write events too, and attempts fall due.
const EVERY: Duration = Duration::from_millis(500);
/// How long it waits after a change for others that are on their way.
const GATHER: Duration = Duration::from_millis(50);
/// How long attempts that run may go on at shutdown; one that is cut is made again.
const LAST_ATTEMPTS: Duration = Duration::from_secs(5);
/// How often old events are looked for.
const EXPIRE_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// What is done with something that was noted.
type Step<N> = fn(&Tx<'_>, TenantId, &N) -> Result<(), Error>;

/// The worker of a node.
pub struct Worker {
    app: Shared,
    webhooks: WebhookSender,
    /// How long events are kept.
    retention: SignedDuration,
    lanes: Lanes,
    /// Tenants whose users are told of what happens from now on.
    begun: Mutex<HashSet<TenantId>>,
    /// Told when there is more to do at once: a lane has room again, or a step was not the last.
    more: Notify,
}

impl Worker {
    /// A worker over an application.
    #[must_use]
    pub fn new(app: Shared, webhooks: WebhookSender, retention: SignedDuration) -> Arc<Self> {
        Arc::new(Self {
            app,
            webhooks,
            retention,
            lanes: Lanes::default(),
            begun: Mutex::default(),
            more: Notify::new(),
        })
    }

    /// Works until told to stop.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut attempts = JoinSet::new();
        let mut expired_at = None;
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = self.app.directory.written() => tokio::time::sleep(GATHER).await,
                () = self.more.notified() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
            self.tick(&mut attempts).await;
            while attempts.try_join_next().is_some() {}
            let now = self.app.directory.clock().now();
            let is_due = expired_at.is_none_or(|at| now.duration_since(at) >= EXPIRE_EVERY);
            if is_due && !self.clean().await {
                expired_at = Some(now);
            }
        }
        let last = async { while attempts.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_ATTEMPTS, last).await.is_err() {
            tracing::info!("attempts of deliveries are cut, and made again later");
        }
    }

    /// Does all that is due at this moment, attempts included: for tests, whose clock stands.
    pub async fn settle(self: &Arc<Self>) {
        loop {
            let mut attempts = JoinSet::new();
            let moved = self.tick(&mut attempts).await;
            if attempts.is_empty() && !moved {
                return;
            }
            while attempts.join_next().await.is_some() {}
        }
    }

    /// Deletes a part of what is older than is kept, and of what was sent to webhooks that are
    /// deleted. Answers whether there may be more.
    pub async fn clean(&self) -> bool {
        let mut more = false;
        for tenant in self.tenants().await {
            match self.clean_tenant(tenant).await {
                Ok(there_is) => more |= there_is,
                Err(cause) => tell(&cause),
            }
        }
        if more {
            self.more.notify_one();
        }
        more
    }

    /// For each tenant, tells of invitations whose time ran out, gives a number of events their
    /// places, tells users of some, makes digests that are due, and starts the attempts that are.
    /// Answers whether anything moved.
    async fn tick(self: &Arc<Self>, attempts: &mut JoinSet<()>) -> bool {
        let mut moved = false;
        for tenant in self.tenants().await {
            if let Err(cause) = self.expire_invitations(tenant).await {
                tell(&cause);
            }
            match self.advance(tenant).await {
                Ok(any) => moved |= any,
                Err(cause) => tell(&cause),
            }
            if let Err(cause) = self.start_attempts(tenant, attempts).await {
                tell(&cause);
            }
        }
        moved
    }

    /// One step of each kind.
    async fn advance(&self, tenant: TenantId) -> Result<bool, Error> {
        self.begin_to_notify(tenant).await?;
        // What fails here holds up nothing else.
        for looked in [
            self.look_at_resets(tenant).await,
            self.look_at_sign_ups(tenant).await,
        ] {
            if let Err(cause) = looked {
                tell(&cause);
            }
        }
        let placed = self.sequence(tenant).await?;
        let routed = self.route(tenant).await?;
        let closed = self.close_digests(tenant).await?;
        Ok(placed || routed || closed)
    }

    async fn tenants(&self) -> Vec<TenantId> {
        match self.app.directory.read(tenants::list).await {
            Ok(tenants) => tenants.into_iter().map(|(tenant, _)| tenant).collect(),
            Err(cause) => {
                tell(&cause);
                Vec::new()
            }
        }
    }

    /// One step, as [`Worker::sequence`].
    async fn expire_invitations(&self, tenant: TenantId) -> Result<(), Error> {
        let directory = &self.app.directory;
        let any = directory.read(move |tx| invitations::any_expired(tx, tenant));
        if !any.await? {
            return Ok(());
        }
        let told = directory.write(move |tx| invitations::expire(tx, tenant));
        if told.await? == EXPIRED_AT_ONCE {
            self.more.notify_one();
        }
        Ok(())
    }

    /// Sends links to those whose emails a new password was asked for.
    async fn look_at_resets(&self, tenant: TenantId) -> Result<(), Error> {
        let noted = move |tx: &Tx<'_>| password_resets::noted(tx, tenant);
        let noted = self.app.directory.read(noted).await?;
        let many = noted.len() == LOOKED_AT_ONCE;
        self.look_at(
            "a new password",
            tenant,
            noted,
            password_resets::look,
            |tx, tenant, request| password_resets::drop_request(tx, tenant, request).map(drop),
        )
        .await?;
        if many {
            self.more.notify_one();
        }
        Ok(())
    }

    /// Makes users of those who signed up, or tells those who are known.
    async fn look_at_sign_ups(&self, tenant: TenantId) -> Result<(), Error> {
        let noted = move |tx: &Tx<'_>| forms::noted_sign_ups(tx, tenant);
        let (noted, many) = self.app.directory.read(noted).await?;
        let look: Step<i64> = |tx, tenant, id| forms::look_at_sign_up(tx, tenant, *id);
        let end: Step<i64> = |tx, tenant, id| forms::drop_sign_up(tx, tenant, *id);
        self.look_at("a sign-up", tenant, noted, look, end).await?;
        if many {
            self.more.notify_one();
        }
        Ok(())
    }

    /// Looks at what was noted, each in a transaction of its own. One that fails ends: another try
    /// would fail like it, and the others wait behind it.
    async fn look_at<N: Clone + Send + Sync + 'static>(
        &self,
        asked_for: &'static str,
        tenant: TenantId,
        noted: Vec<N>,
        look: Step<N>,
        end: Step<N>,
    ) -> Result<(), Error> {
        let directory = &self.app.directory;
        for each in noted {
            let asked = each.clone();
            match directory.write(move |tx| look(tx, tenant, &asked)).await {
                Ok(()) => {}
                Err(cause @ Error::Unavailable(_)) => return Err(cause),
                Err(cause) => {
                    tracing::warn!(
                        error = directory::with_causes(&cause),
                        asked_for,
                        tenant = tenant.0,
                        "nothing comes of what somebody asked for"
                    );
                    directory.write(move |tx| end(tx, tenant, &each)).await?;
                }
            }
        }
        Ok(())
    }

    /// One step: a tenant with many holds up no other.
    async fn sequence(&self, tenant: TenantId) -> Result<bool, Error> {
        let directory = &self.app.directory;
        let behind = directory.read(move |tx| event::is_behind(tx, tenant));
        if !behind.await? {
            return Ok(false);
        }
        let placed = directory.write(move |tx| event::sequence(tx, tenant));
        if placed.await? == SEQUENCED_AT_ONCE {
            self.more.notify_one();
        }
        self.app.feed.moved();
        Ok(true)
    }

    async fn clean_tenant(&self, tenant: TenantId) -> Result<bool, Error> {
        let directory = &self.app.directory;
        let sweep = directory.write(move |tx| webhooks::sweep(tx, tenant));
        let over = directory.write(move |tx| sessions::sweep(tx, tenant));
        let rests = directory.write(move |tx| passkeys::sweep(tx, tenant));
        let swept = sweep.await? | over.await? | rests.await?;
        let now = directory.clock().now();
        let Ok(before) = now.checked_sub(self.retention) else {
            return Ok(swept);
        };
        let expire = directory.write(move |tx| event::expire(tx, tenant, before));
        let expired = expire.await?;
        let forget = directory.write(move |tx| retention::expire(tx, tenant, before));
        Ok(forget.await? || expired || swept)
    }

    /// The lanes of messages that can be sent; on the others they wait.
    fn message_lanes(&self) -> Vec<&'static str> {
        let Some(mailer) = self
            .app
            .mailer
            .as_ref()
            .filter(|each| each.base_url.is_some())
        else {
            return Vec::new();
        };
        let lanes = [
            (Channel::Email, deliveries::EMAIL),
            (Channel::Sms, deliveries::SMS),
            (Channel::Email, notifications::EMAIL_LANE),
            (Channel::Sms, notifications::SMS_LANE),
            (Channel::Email, Cadence::Weekly.lane()),
            (Channel::Email, Cadence::Monthly.lane()),
        ];
        let sent = lanes
            .iter()
            .filter(|(channel, _)| mailer.route(*channel).is_some());
        sent.map(|(_, lane)| *lane).collect()
    }

    /// Takes what is due on lanes with room, and starts an attempt for each.
    async fn start_attempts(
        self: &Arc<Self>,
        tenant: TenantId,
        attempts: &mut JoinSet<()>,
    ) -> Result<(), Error> {
        let directory = &self.app.directory;
        let messages = self.message_lanes();
        let due = directory.read(move |tx| {
            let mut due = Vec::new();
            let messages = messages.iter().map(|lane| (*lane).to_owned());
            for lane in webhooks::lanes(tx, tenant)?.into_iter().chain(messages) {
                if deliveries::due(tx, tenant, &lane)? {
                    due.push(lane);
                }
            }
            Ok(due)
        });
        for lane in due.await? {
            let room = self.lanes.room(tenant, &lane);
            if room == 0 {
                continue;
            }
            let taken = lane.clone();
            let claim =
                move |tx: &directory::store::Tx<'_>| deliveries::claim(tx, tenant, &taken, room);
            for claimed in directory.write(claim).await? {
                let place = self.lanes.take(tenant, &lane);
                let worker = Arc::clone(self);
                attempts.spawn(async move {
                    if let Err(cause) = worker.attempt(tenant, claimed).await {
                        // It stays taken until its lease ends, and is due again then.
                        tell(&cause);
                    }
                    drop(place);
                    worker.more.notify_one();
                });
            }
        }
        Ok(())
    }
}

fn tell(cause: &Error) {
    tracing::warn!(
        error = directory::with_causes(cause),
        "the worker goes on later"
    );
}
