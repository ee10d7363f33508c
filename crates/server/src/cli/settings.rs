//! Configuration: flags before environment before file before defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use directory::store::Location;
use secrecy::SecretString;
use serde::Deserialize;

use super::Failed;
use super::outbound::{GivenOutbound, OutboundSettings, secret_in_file};
use crate::deliver::guard::{AllowedNetwork, AllowedNetworks};
use crate::http::cors::{AllowedOrigin, AllowedOrigins};
use crate::http::trusted_proxies::TrustedProxies;

/// What flags and environment say.
#[derive(Debug, Args)]
pub(super) struct Given {
    /// A TOML file with the same names: `listen`, `management`, `database`, `secret_key_file`
    /// and so on.
    #[arg(long, global = true, env = "MUSTER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where clients connect [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "MUSTER_LISTEN", value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where metrics and health are served to operators [default: 127.0.0.1:9090]
    #[arg(long, global = true, env = "MUSTER_MANAGEMENT", value_name = "ADDRESS")]
    management: Option<String>,
    /// `sqlite:FILE` or `postgres://USER@HOST/NAME` [default: sqlite:muster.db]
    #[arg(
        long,
        global = true,
        env = "MUSTER_DATABASE",
        value_name = "URL",
        hide_env_values = true
    )]
    database: Option<String>,
    /// The server's secret key: it signs cursors, keys the hashes of idempotent requests, seals
    /// the secrets of webhooks and makes the links of messages. Made beside an SQLite file,
    /// required on PostgreSQL, the same on every node, and in no backup.
    #[arg(
        long,
        global = true,
        env = "MUSTER_SECRET_KEY_FILE",
        value_name = "FILE"
    )]
    secret_key_file: Option<PathBuf>,
    /// An origin whose pages may call from a browser: `https://app.example.com`. May be said
    /// several times; none unless said.
    #[arg(
        long,
        global = true,
        env = "MUSTER_CORS_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    cors_origin: Vec<AllowedOrigin>,
    /// A proxy, or a network of proxies, whose `X-Forwarded-For` says where a request comes
    /// from: `10.0.0.0/8`. May be said several times.
    #[arg(
        long,
        global = true,
        env = "MUSTER_TRUSTED_PROXY",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    trusted_proxy: Vec<AllowedNetwork>,
    #[command(flatten)]
    outbound: GivenOutbound,
}

/// What the file says; a name that it does not know is refused.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    listen: Option<String>,
    management: Option<String>,
    database: Option<String>,
    secret_key_file: Option<PathBuf>,
    cors_origin: Option<Vec<String>>,
    trusted_proxy: Option<Vec<String>>,
    pub(super) base_url: Option<String>,
    #[serde(default, deserialize_with = "secret_in_file")]
    pub(super) smtp_url: Option<SecretString>,
    pub(super) smtp_url_file: Option<PathBuf>,
    pub(super) mail_from: Option<String>,
    #[serde(default, deserialize_with = "secret_in_file")]
    pub(super) sms_url: Option<SecretString>,
    pub(super) sms_url_file: Option<PathBuf>,
    pub(super) sms_from: Option<String>,
    pub(super) templates: Option<PathBuf>,
    pub(super) webhook_allow: Option<Vec<String>>,
    pub(super) event_retention: Option<u32>,
}

/// The configuration in force.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Where clients connect.
    pub(super) listen: SocketAddr,
    /// Whether `listen` was said, not the default.
    pub(super) listen_was_given: bool,
    /// Where operators connect.
    pub(super) management: SocketAddr,
    /// Where the data is.
    pub(super) database: Location,
    /// The secret key's file, where one was said.
    pub(super) secret_key_file: Option<PathBuf>,
    /// Whose word on where a request comes from counts.
    pub(super) trusted_proxies: TrustedProxies,
    /// The file that was read, if any.
    pub(super) config: Option<PathBuf>,
    /// Whose pages may call from a browser.
    pub(super) cors: AllowedOrigins,
    /// How messages leave.
    pub(super) outbound: OutboundSettings,
}

impl Settings {
    /// The configuration that flags, environment and file make together.
    pub(super) fn resolve(given: Given) -> Result<Self, Failed> {
        let mut file = given
            .config
            .as_deref()
            .map(read_file)
            .transpose()?
            .unwrap_or_default();
        let listen = said(given.listen).or(file.listen.take());
        let database = said(given.database).or(file.database.take());
        let database = database.as_deref().unwrap_or("sqlite:muster.db");
        let listen_was_given = listen.is_some();
        let listen = address("listen", listen, "127.0.0.1:8080")?;
        let management = said(given.management).or(file.management.take());
        let proxies = networks(
            "trusted_proxy",
            given.trusted_proxy,
            file.trusted_proxy.take(),
        )?;
        Ok(Self {
            listen_was_given,
            listen,
            management: address("management", management, "127.0.0.1:9090")?,
            database: Location::parse(database).map_err(Failed::Configuration)?,
            secret_key_file: given.secret_key_file.or(file.secret_key_file.take()),
            trusted_proxies: TrustedProxies::new(proxies),
            config: given.config,
            cors: origins(given.cors_origin, file.cors_origin.take())?,
            outbound: OutboundSettings::resolve(given.outbound, file, listen)?,
        })
    }

    /// The database, without a password that its URL may hold.
    pub(super) fn database_shown(&self) -> String {
        match &self.database {
            Location::Sqlite(path) => format!("sqlite:{}", path.display()),
            Location::Postgres(url) => without_password(url),
        }
    }
}

/// An empty variable of the environment says nothing.
pub(super) fn said(given: Option<String>) -> Option<String> {
    given.filter(|text| !text.is_empty())
}

/// The networks that flags or environment say, else those of the file.
pub(super) fn networks(
    name: &str,
    given: Vec<AllowedNetwork>,
    file: Option<Vec<String>>,
) -> Result<AllowedNetworks, Failed> {
    if !given.is_empty() {
        return Ok(given.into_iter().collect());
    }
    let file = file.unwrap_or_default().into_iter().map(|text| {
        let refused = |_| Failed::Configuration(format!("{name}: {text} is no network"));
        text.parse().map_err(refused)
    });
    file.collect::<Result<AllowedNetworks, Failed>>()
}

/// The origins that flags or environment say, else those of the file.
fn origins(given: Vec<AllowedOrigin>, file: Option<Vec<String>>) -> Result<AllowedOrigins, Failed> {
    if !given.is_empty() {
        return Ok(given.into_iter().collect());
    }
    let file = file.unwrap_or_default().into_iter().map(|text| {
        let refused = |cause| Failed::Configuration(format!("cors_origin: {text}: {cause}"));
        text.parse::<AllowedOrigin>().map_err(refused)
    });
    file.collect()
}

fn read_file(path: &Path) -> Result<File, Failed> {
    let text = std::fs::read_to_string(path).map_err(Failed::io(format!(
        "the configuration {} cannot be read",
        path.display()
    )))?;
    toml::from_str(&text)
        .map_err(|cause| Failed::Configuration(format!("{}: {}", path.display(), cause.message())))
}

fn address(name: &str, given: Option<String>, default: &str) -> Result<SocketAddr, Failed> {
    let text = given.unwrap_or_else(|| default.to_owned());
    text.parse().map_err(|_| {
        Failed::Configuration(format!(
            "{name} is ADDRESS:PORT, such as {default}, and not {text}"
        ))
    })
}

fn without_password(url: &str) -> String {
    // A password may hold any character but `@`: what stands before the last one is cut first.
    let (credentials, place) = match url.rsplit_once('@') {
        Some((before, after)) => (before, after),
        None => url.split_once("://").unwrap_or(("", url)),
    };
    let place = place.split_once('?').map_or(place, |(place, _)| place);
    match credentials.split_once("://") {
        Some((scheme, user)) => {
            let user = user.split_once(':').map_or(user, |(user, _)| user);
            format!("{scheme}://{user}@{place}")
        }
        None => format!("{credentials}://{place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> Given {
        Given {
            config: None,
            listen: None,
            management: None,
            database: None,
            secret_key_file: None,
            cors_origin: Vec::new(),
            trusted_proxy: Vec::new(),
            outbound: GivenOutbound::default(),
        }
    }

    fn file(name: &str, text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("muster-{}-{name}.toml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn what_is_given_outweighs_the_file_and_the_file_the_default() {
        let config = file(
            "order",
            "listen = \"127.0.0.1:1\"\nmanagement = \"127.0.0.1:2\"",
        );
        let listen = Some("127.0.0.1:3".to_owned());
        let given = Given {
            config: Some(config.clone()),
            listen,
            ..nothing()
        };
        let settings = Settings::resolve(given).unwrap();
        assert_eq!(settings.listen.port(), 3);
        assert_eq!(settings.management.port(), 2);
        assert_eq!(settings.database, Location::Sqlite("muster.db".into()));
        let _ = std::fs::remove_file(config);
    }

    #[test]
    fn an_unknown_name_in_the_file_is_refused_by_name() {
        let config = file("unknown", "listne = \"127.0.0.1:1\"");
        let given = Given {
            config: Some(config.clone()),
            ..nothing()
        };
        let failed = Settings::resolve(given).unwrap_err().to_string();
        assert!(failed.contains("listne"), "{failed}");
        let _ = std::fs::remove_file(config);
    }

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(
            without_password("postgres://a:b@h/n?x=y"),
            "postgres://a@h/n"
        );
        assert_eq!(
            without_password("postgres://h/n?password=b"),
            "postgres://h/n"
        );
        assert_eq!(
            without_password("postgres://u:p?s:@h/n"),
            "postgres://u@h/n"
        );
    }
}
