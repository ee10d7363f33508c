//! `muster quickstart`: the main job on a real server, every call shown as it was made.

mod calls;
mod client;

use std::sync::Arc;

use directory::accounts;
use directory::keys::{self, NewKey};
use directory::model::{Account, Group};
use directory::store::Tx;
use directory::violation::Violations;
use directory::{Actor, Directory, Error, groups};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;

use super::output::Told;
use super::settings::Settings;
use super::{Failed, manage, serve};
use crate::router;
use calls::Setting;

/// The name of the account, the group and the key.
const NAME: &str = "Quickstart";
/// How long the key of a run holds: it stands in what was printed.
const KEY_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Sets up, serves, calls, shows; then ends, or serves on until Ctrl-C.
pub(super) async fn run(
    settings: &Settings,
    tenant: &str,
    once: bool,
    told: Told,
) -> Result<(), Failed> {
    let (directory, operator) = manage::operator(settings, tenant).await?;
    let app = Arc::new(serve::application(settings, directory.clone())?);
    let listener = listen(settings).await?;
    let base = format!("http://{}", serve::shown(&listener));
    let setting = set_up(&directory, operator, base.clone(), told).await?;
    introduce(settings, &setting);
    let stop = serve::stop_signal()?;
    let mut stopped = stop.clone();
    let server = tokio::spawn(serve::serve(listener, router::public(app), stop));
    let shown = tokio::task::spawn_blocking(move || calls::run(&setting)).await;
    let unmet = shown.map_err(|cause| Failed::Unmet(cause.to_string()))?;
    match unmet.as_slice() {
        [] => told.say("\nEvery call did what its contract says."),
        faults => told.say(&format!(
            "\nNot as its contract says:\n  {}",
            faults.join("\n  ")
        )),
    }
    if once {
        server.abort();
    } else {
        told.say(&format!("\nServing on {base} until Ctrl-C."));
        let _ = stopped.wait_for(|stop| *stop).await;
        let _ = server.await;
    }
    if unmet.is_empty() {
        Ok(())
    } else {
        Err(Failed::Unmet("a call failed".to_owned()))
    }
}

/// The address that was asked for; where none was and the default is in use, any free one.
async fn listen(settings: &Settings) -> Result<TcpListener, Failed> {
    match serve::bind(settings.listen).await {
        Err(_) if !settings.listen_was_given => {
            let mut free = settings.listen;
            free.set_port(0);
            serve::bind(free).await
        }
        bound => bound,
    }
}

fn introduce(settings: &Settings, setting: &Setting) {
    setting.told.say(&format!(
        "# {} · {}",
        settings.database_shown(),
        setting.base
    ));
    setting.told.say(&format!(
        "# account {} · group {}",
        setting.account, setting.group
    ));
    setting.told.say(&format!(
        "# key id {} · one key for every API",
        setting.key_id
    ));
}

/// A key for this run, and the account and group of every run.
async fn set_up(
    directory: &Directory,
    actor: Actor,
    base: String,
    told: Told,
) -> Result<Setting, Failed> {
    let made = directory.write(move |tx| {
        let account = account(tx, &actor)?;
        let group = group(tx, &actor)?;
        let new = NewKey {
            name: NAME.to_owned(),
            account_id: Some(account.id),
            owner_email: Some("operator@example.com".to_owned()),
            expires_at: tx.now().checked_add(KEY_LIFETIME).ok(),
            ..NewKey::default()
        };
        let key = keys::create(tx, &actor, &new)?;
        Ok((account.id, group.slug, key.id, key.secret))
    });
    let (account, group, key_id, secret) = made.await?;
    let mut run = [0; 3];
    directory.random().fill(&mut run);
    Ok(Setting {
        told,
        base,
        account,
        group,
        key_id,
        secret: secret.expose_secret().to_owned(),
        run: run.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

fn account(tx: &Tx<'_>, actor: &Actor) -> Result<Account, Error> {
    let found = accounts::list(tx, actor, None, 1_000)?;
    match found.rows.into_iter().find(|each| each.name == NAME) {
        Some(account) => Ok(account),
        None => accounts::create(tx, actor, NAME, Violations::new()),
    }
}

fn group(tx: &Tx<'_>, actor: &Actor) -> Result<Group, Error> {
    let found = groups::list(tx, actor, None, 1_000)?;
    match found.rows.into_iter().find(|each| each.name == NAME) {
        Some(group) => Ok(group),
        None => groups::create(tx, actor, NAME, None, Violations::new()),
    }
}
