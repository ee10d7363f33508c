//! `muster doctor`: what is configured, what is reachable, what is missing.

use directory::{Actor, keys, tenants};
use serde_json::json;

use super::outbound::Outbound;
use super::output::Told;
use super::settings::Settings;
use super::{Failed, secret_key, serve};
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
    let (database, counts) = match look(settings).await {
        Ok(counts) => ("reachable".to_owned(), Some(counts)),
        Err(cause) => (format!("not reachable: {cause}"), None),
    };
    told.one(&json!({
        "config": config.unwrap_or_else(|| "none".to_owned()),
        "listen": settings.listen.to_string(),
        "management": settings.management.to_string(),
        "database": settings.database_shown(),
        "database_is": database,
        "tenants": counts.map(|(tenants, _)| tenants),
        "living_keys": counts.map(|(_, keys)| keys),
        "secret_key": key_state,
        "base_url": base_url.unwrap_or("none"),
        "email": leaves(Channel::Email),
        "sms": leaves(Channel::Sms),
    }));
    if counts.is_none() {
        return Err(Failed::Unmet("the database is not reachable".to_owned()));
    }
    if key.is_none() {
        return Err(Failed::Unmet("the secret key is missing".to_owned()));
    }
    Ok(())
}

/// How many tenants there are, and how many keys that live.
async fn look(settings: &Settings) -> Result<(usize, usize), Failed> {
    let directory = serve::open(settings).await?;
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
