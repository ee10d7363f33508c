//! `muster serve`: migrate, listen, say where, and finish what runs when told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use directory::Directory;
use directory::clock::{SystemClock, SystemRandom};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::file_limit::connection_limits;
use super::outbound::Outbound;
use super::output::Told;
use super::settings::Settings;
use super::{Failed, log, secret_key};
use crate::deliver::guard::Guard;
use crate::deliver::webhook::WebhookSender;
use crate::http::listener;
use crate::http::{App, Shared};
use crate::router;
use crate::worker::Worker;

/// Opens the directory that the settings name.
pub(super) async fn open(settings: &Settings) -> Result<Directory, Failed> {
    let clock = Arc::new(SystemClock::new());
    Ok(Directory::open(&settings.database, clock, Arc::new(SystemRandom)).await?)
}

/// The application over an open directory; its messages wait.
pub(super) fn application(settings: &Settings, directory: Directory) -> Result<App, Failed> {
    let key = secret_key::load(settings, directory.random())?;
    Ok(App::new(directory, key.expose_secret()))
}

/// Runs until told to stop.
pub(super) async fn run(settings: &Settings, told: Told) -> Result<(), Failed> {
    let _log = log::start();
    let mut outbound = Outbound::prepare(&settings.outbound)?;
    let directory = open(settings).await?;
    let mut app = application(settings, directory)?;
    app.trusted_proxies = settings.trusted_proxies.clone();
    let clients = bind(settings.listen).await?;
    let operators = bind(settings.management).await?;
    let (listen, management) = (shown(&clients), shown(&operators));
    outbound.listens_at(&listen);
    outbound.tell_what_waits();
    app.relying_party = outbound.relying_party().map(Arc::new);
    let inbox = outbound.inbox;
    app.mailer = Some(Arc::new(outbound.mailer));
    app.cors = settings.cors.clone();
    app.guard = Guard::new(settings.outbound.webhook_allow.clone());
    let app = Arc::new(app);
    let worker = worker(settings, &app)?;
    let database = settings.database_shown();
    told.say(&format!(
        "muster listens on http://{listen}, for operators on http://{management}, with {database}"
    ));
    told.record(&json!({ "listen": listen, "management": management, "database": database }));
    if inbox.is_some() {
        told.say(&format!(
            "email and SMS are kept at http://{listen}/dev/inbox"
        ));
    }
    let stop = stop_signal()?;
    let public = match inbox {
        Some(inbox) => router::development(app.clone(), inbox),
        None => router::public(app.clone()),
    };
    tokio::join!(
        serve(clients, public, stop.clone()),
        serve(operators, router::management(app.clone()), stop.clone()),
        worker.run(stop.clone()),
        end_streams(app, stop),
    );
    told.say("muster has stopped");
    Ok(())
}

/// The worker of this node.
fn worker(settings: &Settings, app: &Shared) -> Result<Arc<Worker>, Failed> {
    let (allowed, kept) = (
        settings.outbound.webhook_allow.clone(),
        settings.outbound.event_retention,
    );
    let sender = WebhookSender::new(allowed, Arc::new(SystemClock::new()));
    let sender = sender.map_err(|cause| Failed::Configuration(directory::with_causes(&cause)))?;
    Ok(Worker::new(app.clone(), sender, kept))
}

/// Once told to stop, ends what would go on for ever.
async fn end_streams(app: Shared, mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
    app.feed.end();
}

/// A listener on an address.
pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, Failed> {
    TcpListener::bind(address)
        .await
        .map_err(Failed::io(format!("cannot listen on {address}")))
}

/// The address that a listener got.
pub(super) fn shown(listener: &TcpListener) -> String {
    listener
        .local_addr()
        .map_or_else(|_| "?".to_owned(), |address| address.to_string())
}

/// Serves until the signal comes, then finishes what runs.
pub(super) async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let told = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    listener::serve(listener, router, connection_limits(), told).await;
}

/// Becomes true with SIGTERM or Ctrl-C.
pub(super) fn stop_signal() -> Result<watch::Receiver<bool>, Failed> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(Failed::io("signals cannot be received"));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        let _ = sender.send(true);
        // A second signal while requests finish has its usual effect no more: wait it out.
        std::future::pending::<()>().await;
    });
    Ok(receiver)
}
