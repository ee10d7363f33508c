//! Keys, accounts, groups, badges and tenants, made and ended on the command line. Each
//! command works on the database itself, beside a running server or without one.

use clap::Subcommand;
use directory::badges::NewBadge;
use directory::keys::{self, MadeKey, NewKey};
use directory::redirects::{self, Redirect};
use directory::store::Tx;
use directory::violation::Violations;
use directory::{Actor, Directory, Error, accounts, badges, groups, tenants};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::output::Told;
use super::settings::Settings;
use super::{Failed, serve};

/// Rows that a list prints at most.
const LISTED: usize = 1_000;

/// `muster key`
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Makes a key and prints its secret: the only time that it is seen.
    Create {
        /// What the key is for.
        #[arg(long)]
        name: String,
        /// Binds it to an account: users that it makes become members there.
        #[arg(long, value_name = "ID")]
        account: Option<i64>,
        /// The email of who it belongs to; a user with it need not exist.
        #[arg(long, value_name = "EMAIL")]
        owner: Option<String>,
        /// Public Pool access only; needs --account.
        #[arg(long)]
        public_pool: bool,
        /// A scope; may be repeated; none: all scopes.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
    },
    /// Lists keys, without their secrets.
    List,
    /// Ends a key and every token made from it.
    Revoke {
        /// The key's id.
        id: String,
    },
    /// Gives a key a new secret; the old one ends at once.
    Rotate {
        /// The key's id.
        id: String,
    },
}

/// `muster account`
#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Makes an account.
    Create {
        /// Its name.
        #[arg(long)]
        name: String,
    },
    /// Lists accounts.
    List,
}

/// `muster group`
#[derive(Debug, Subcommand)]
pub(super) enum GroupCommand {
    /// Makes a group.
    Create {
        /// Its name.
        #[arg(long)]
        name: String,
    },
    /// Lists groups.
    List,
}

/// `muster badge`
#[derive(Debug, Subcommand)]
pub(super) enum BadgeCommand {
    /// Makes a badge.
    Create {
        /// Its name.
        #[arg(long)]
        name: String,
    },
    /// Lists badges.
    List,
}

/// `muster redirect`
#[derive(Debug, Subcommand)]
pub(super) enum RedirectCommand {
    /// Adds an address that pages may lead to.
    Add {
        /// The whole address: `https`, or `http` of this machine. It counts exactly as it stands.
        uri: String,
    },
    /// Lists the addresses.
    List,
    /// Takes an address off the list.
    Remove {
        /// Its number.
        id: i64,
    },
}

/// `muster tenant`
#[derive(Debug, Subcommand)]
pub(super) enum TenantCommand {
    /// Makes a tenant.
    Create {
        /// Its name: `[a-z0-9-]`, at most 100 characters.
        #[arg(long)]
        name: String,
    },
    /// Lists tenants.
    List,
}

/// The directory, and its operator in a tenant.
pub(super) async fn operator(
    settings: &Settings,
    tenant: &str,
) -> Result<(Directory, Actor), Failed> {
    let directory = serve::open(settings).await?;
    let name = tenant.to_owned();
    let found = directory.read(move |tx| tenants::find(tx, &name)).await;
    match found {
        Ok(id) => Ok((directory, Actor::system(id, "command line"))),
        Err(Error::NotFound) => Err(Failed::Configuration(format!(
            "there is no tenant called {tenant}"
        ))),
        Err(cause) => Err(cause.into()),
    }
}

async fn write<T: Send + 'static>(
    settings: &Settings,
    tenant: &str,
    run: impl Fn(&Tx<'_>, &Actor) -> Result<T, Error> + Send + Sync + 'static,
) -> Result<T, Failed> {
    let (directory, actor) = operator(settings, tenant).await?;
    Ok(directory.write(move |tx| run(tx, &actor)).await?)
}

async fn read<T: Send + 'static>(
    settings: &Settings,
    tenant: &str,
    run: impl Fn(&Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
) -> Result<T, Failed> {
    let (directory, actor) = operator(settings, tenant).await?;
    Ok(directory.read(move |tx| run(tx, &actor)).await?)
}

pub(super) async fn key(
    settings: &Settings,
    tenant: &str,
    command: KeyCommand,
    told: Told,
) -> Result<(), Failed> {
    match command {
        KeyCommand::Create {
            name,
            account,
            owner,
            public_pool,
            scopes,
        } => {
            let new = NewKey {
                name,
                account_id: account,
                owner_email: owner,
                public_pool,
                scopes,
                expires_at: None,
            };
            let made = write(settings, tenant, move |tx, actor| {
                keys::create(tx, actor, &new)
            });
            told.one(&key_shown(&made.await?));
        }
        KeyCommand::List => {
            let keys = read(settings, tenant, keys::list).await?;
            told.many(&keys.iter().map(key_listed).collect::<Vec<_>>());
        }
        KeyCommand::Revoke { id } => {
            let ended = id.clone();
            named(
                "key",
                &id,
                write(settings, tenant, move |tx, actor| {
                    keys::revoke(tx, actor, &ended)
                }),
            )
            .await?;
            told.one(&json!({ "id": id, "revoked": true }));
        }
        KeyCommand::Rotate { id } => {
            let rotated = id.clone();
            let made = named(
                "key",
                &id,
                write(settings, tenant, move |tx, actor| {
                    keys::rotate(tx, actor, &rotated)
                }),
            );
            told.one(&key_shown(&made.await?));
        }
    }
    Ok(())
}

/// Says what was not found.
async fn named<T>(
    what: &str,
    id: &str,
    done: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Failed> {
    match done.await {
        Err(Failed::Directory(Error::NotFound)) => Err(Failed::Unmet(format!(
            "there is no such {what}, or it has ended: {id}"
        ))),
        result => result,
    }
}

/// The key with its secret and its bearer token.
pub(super) fn key_shown(made: &MadeKey) -> Value {
    json!({
        "id": made.id,
        "secret": made.secret.expose_secret(),
        "token": made.token().expose_secret(),
    })
}

fn key_listed(key: &keys::Key) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "account": key.account_id,
        "owner": key.owner_email,
        "public_pool": key.public_pool,
        "scopes": if key.scopes.is_empty() { "all" } else { key.scopes.as_str() },
        "created_at": key.created_at.to_string(),
        "expires_at": key.expires_at.map(|at| at.to_string()),
        "revoked_at": key.revoked_at.map(|at| at.to_string()),
    })
}

pub(super) async fn account(
    settings: &Settings,
    tenant: &str,
    command: AccountCommand,
    told: Told,
) -> Result<(), Failed> {
    match command {
        AccountCommand::Create { name } => {
            let made = write(settings, tenant, move |tx, actor| {
                accounts::create(tx, actor, &name, Violations::new())
            });
            told.one(&json!({ "id": made.await?.id }));
        }
        AccountCommand::List => {
            let listed = read(settings, tenant, |tx, actor| {
                accounts::list(tx, actor, None, LISTED)
            });
            let rows = listed.await?.rows;
            let shown = rows
                .iter()
                .map(|each| json!({ "id": each.id, "name": each.name }));
            told.many(&shown.collect::<Vec<_>>());
        }
    }
    Ok(())
}

fn group_shown(group: &directory::model::Group) -> Value {
    let uri = format!("/api/v1/group/{}/", group.slug);
    json!({ "id": group.id, "slug": group.slug, "resource_uri": uri })
}

pub(super) async fn group(
    settings: &Settings,
    tenant: &str,
    command: GroupCommand,
    told: Told,
) -> Result<(), Failed> {
    match command {
        GroupCommand::Create { name } => {
            let made = write(settings, tenant, move |tx, actor| {
                groups::create(tx, actor, &name, None, Violations::new())
            });
            told.one(&group_shown(&made.await?));
        }
        GroupCommand::List => {
            let listed = read(settings, tenant, |tx, actor| {
                groups::list(tx, actor, None, LISTED)
            });
            told.many(
                &listed
                    .await?
                    .rows
                    .iter()
                    .map(group_shown)
                    .collect::<Vec<_>>(),
            );
        }
    }
    Ok(())
}

pub(super) async fn badge(
    settings: &Settings,
    tenant: &str,
    command: BadgeCommand,
    told: Told,
) -> Result<(), Failed> {
    match command {
        BadgeCommand::Create { name } => {
            let new = NewBadge {
                name,
                ..NewBadge::default()
            };
            let made = write(settings, tenant, move |tx, actor| {
                badges::create(tx, actor, &new, Violations::new())
            });
            told.one(&json!({ "id": made.await?.id }));
        }
        BadgeCommand::List => {
            let listed = read(settings, tenant, |tx, actor| {
                badges::list(tx, actor, None, LISTED)
            });
            let rows = listed.await?.rows;
            let shown = rows
                .iter()
                .map(|each| json!({ "id": each.id, "name": each.name }));
            told.many(&shown.collect::<Vec<_>>());
        }
    }
    Ok(())
}

pub(super) async fn redirect(
    settings: &Settings,
    tenant: &str,
    command: RedirectCommand,
    told: Told,
) -> Result<(), Failed> {
    match command {
        RedirectCommand::Add { uri } => {
            let added = write(settings, tenant, move |tx, actor| {
                redirects::add(tx, actor, &uri, Violations::new())
            });
            told.one(&redirect_shown(&added.await?));
        }
        RedirectCommand::List => {
            let listed = read(settings, tenant, |tx, actor| {
                redirects::list(tx, actor, None, LISTED)
            });
            let rows = listed.await?.rows;
            told.many(&rows.iter().map(redirect_shown).collect::<Vec<_>>());
        }
        RedirectCommand::Remove { id } => {
            let removed = write(settings, tenant, move |tx, actor| {
                redirects::remove(tx, actor, id)
            });
            named("redirect", &id.to_string(), removed).await?;
            told.one(&json!({ "id": id, "removed": true }));
        }
    }
    Ok(())
}

fn redirect_shown(redirect: &Redirect) -> Value {
    json!({ "id": redirect.id, "uri": redirect.uri })
}

pub(super) async fn tenant(
    settings: &Settings,
    command: TenantCommand,
    told: Told,
) -> Result<(), Failed> {
    let directory = serve::open(settings).await?;
    match command {
        TenantCommand::Create { name } => {
            let made = name.clone();
            let id = directory
                .write(move |tx| tenants::create(tx, &made))
                .await?;
            told.one(&json!({ "id": id.0, "name": name }));
        }
        TenantCommand::List => {
            let rows = directory.read(tenants::list).await?;
            let shown = rows
                .iter()
                .map(|(id, name)| json!({ "id": id.0, "name": name }));
            told.many(&shown.collect::<Vec<_>>());
        }
    }
    Ok(())
}
