//! `muster doctor`: what is configured, what is reachable, what is missing. It changes nothing.

use std::cmp::Ordering;
use std::sync::Arc;

use directory::clock::{SystemClock, SystemRandom};
use directory::store::NEWEST_SCHEMA;
use directory::{Actor, Directory, keys, tenants};
use serde_json::json;

use super::outbound::Outbound;
use super::output::Told;
use super::settings::Settings;
use super::{Failed, secret_key};
use crate::deliver::base_url::BaseUrl;
use crate::deliver::message::Channel;

/// Prints each finding; fails when something that serving needs is missing.
pub(super) async fn run(settings: &Settings, told: Told) -> Result<(), Failed> {
    let config = settings
        .config
        .as_ref()
        .map(|path| path.display().to_string());
    let key = secret_key::path(settings);
    let key_state = match &key {
        Some(path) if path.exists() => format!("{} (found)", path.display()),
        Some(path) => format!("{} (made at first start)", path.display()),
        None => "missing: PostgreSQL needs --secret-key-file".to_owned(),
    };
    let mailer = Outbound::prepare(&settings.outbound)?.mailer;
    let leaves = |channel| {
        mailer
            .route(channel)
            .unwrap_or("not configured: messages wait")
    };
    let base_url = mailer.base_url.as_ref().map(BaseUrl::as_str);
    let looked = look(settings).await;
    let (database, found) = match &looked {
        Ok(Some(found)) => (found.told(), Some(found)),
        Ok(None) => ("not there: made at first start".to_owned(), None),
        Err(cause) => (format!("not reachable: {cause}"), None),
    };
    let counts = found.and_then(|found| found.counts);
    told.one(&json!({
        "config": config.unwrap_or_else(|| "none".to_owned()),
        "listen": settings.listen.to_string(),
        "management": settings.management.to_string(),
        "database": settings.database_shown(),
        "database_is": database,
        "schema": found.map(|found| found.schema),
        "tenants": counts.map(|(tenants, _)| tenants),
        "living_keys": counts.map(|(_, keys)| keys),
        "secret_key": key_state,
        "base_url": base_url.unwrap_or("none"),
        "email": leaves(Channel::Email),
        "sms": leaves(Channel::Sms),
    }));
    if looked.is_err() {
        return Err(Failed::Unmet("the database is not reachable".to_owned()));
    }
    if key.is_none() {
        return Err(Failed::Unmet("the secret key is missing".to_owned()));
    }
    Ok(())
}

/// What a look at the database showed.
struct Found {
    /// The number of the newest migration that ran; 0 for an empty database.
    schema: i64,
    /// How many tenants there are, and how many keys that live; of a schema that is not older
    /// than this binary.
    counts: Option<(usize, usize)>,
}

impl Found {
    fn told(&self) -> String {
        let state = match self.schema.cmp(&NEWEST_SCHEMA) {
            Ordering::Equal => return "reachable".to_owned(),
            Ordering::Less if self.schema == 0 => "empty: its schema is made at first start",
            Ordering::Less => "older than this program: migrated at the next start",
            Ordering::Greater => "newer than this program",
        };
        format!("reachable, {state}")
    }
}

/// Looks at the database, if it is there.
async fn look(settings: &Settings) -> Result<Option<Found>, Failed> {
    let clock = Arc::new(SystemClock::new());
    let looked = Directory::look(&settings.database, clock, Arc::new(SystemRandom))?;
    let Some(directory) = looked else {
        return Ok(None);
    };
    let schema = directory.schema().await?;
    let counts = if schema < NEWEST_SCHEMA {
        None
    } else {
        Some(counts(&directory).await?)
    };
    Ok(Some(Found { schema, counts }))
}

async fn counts(directory: &Directory) -> Result<(usize, usize), Failed> {
    let now = directory.clock().now();
    let counts = directory.read(move |tx| {
        let tenants = tenants::list(tx)?;
        let mut living = 0;
        for (tenant, _) in &tenants {
            let keys = keys::list(tx, &Actor::system(*tenant, "doctor"))?;
            living += keys.iter().filter(|key| key.lives(now)).count();
        }
        Ok((tenants.len(), living))
    });
    Ok(counts.await?)
}
