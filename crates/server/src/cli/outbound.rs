//! How messages leave: the settings of email, SMS and their words, and what they make.

use std::convert::Infallible;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use directory::passkeys::RelyingParty;
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize as _, Deserializer};

use super::Failed;
use super::settings::{File, networks, said};
use crate::deliver::base_url::{BadSetting, BaseUrl};
use crate::deliver::email::{self, Smtp, SmtpSettings};
use crate::deliver::guard::{AllowedNetwork, AllowedNetworks};
use crate::deliver::inbox::Inbox;
use crate::deliver::mailer::{EmailRoute, Mailer, SmsRoute};
use crate::deliver::message::Channel;
use crate::deliver::sms::{self, SmsGateway};
use crate::deliver::templates::Templates;

/// How long events are kept unless it is said.
const RETENTION_DAYS: u32 = 400;
/// Bytes of a file with a secret at most.
const MAX_SECRET: u64 = 64 * 1024;

/// What flags and environment say.
#[derive(Debug, Default, Args)]
pub(super) struct GivenOutbound {
    /// The address that clients reach the server by; links in messages begin with it.
    #[arg(long, global = true, env = "MUSTER_BASE_URL", value_name = "URL")]
    base_url: Option<String>,
    /// Where email is handed over: `smtps://USER:PASSWORD@HOST`, or `smtp://HOST` with
    /// `?tls=required` or `?tls=opportunistic`.
    #[arg(
        long,
        global = true,
        env = "MUSTER_SMTP_URL",
        value_name = "URL",
        value_parser = secret,
        hide_env_values = true
    )]
    smtp_url: Option<SecretString>,
    /// A file that holds the URL of the mail server.
    #[arg(long, global = true, env = "MUSTER_SMTP_URL_FILE", value_name = "FILE")]
    smtp_url_file: Option<PathBuf>,
    /// Whom email is from: `Acme <no-reply@example.com>`.
    #[arg(long, global = true, env = "MUSTER_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// The gateway that SMS are handed to: `https://SID:TOKEN@api.twilio.com`.
    #[arg(
        long,
        global = true,
        env = "MUSTER_SMS_URL",
        value_name = "URL",
        value_parser = secret,
        hide_env_values = true
    )]
    sms_url: Option<SecretString>,
    /// A file that holds the URL of the SMS gateway.
    #[arg(long, global = true, env = "MUSTER_SMS_URL_FILE", value_name = "FILE")]
    sms_url_file: Option<PathBuf>,
    /// The number or name that SMS come from.
    #[arg(long, global = true, env = "MUSTER_SMS_FROM", value_name = "SENDER")]
    sms_from: Option<String>,
    /// A folder of templates that replace the built-in words of messages.
    #[arg(long, global = true, env = "MUSTER_TEMPLATES", value_name = "DIR")]
    templates: Option<PathBuf>,
    /// A network that webhooks may be sent to although it is not public, also by plain http:
    /// `10.0.0.0/8`. May be said several times.
    #[arg(
        long,
        global = true,
        env = "MUSTER_WEBHOOK_ALLOW",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    webhook_allow: Vec<AllowedNetwork>,
    /// How long events are kept, in days [default: 400]
    #[arg(
        long,
        global = true,
        env = "MUSTER_EVENT_RETENTION",
        value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(1..=36_500)
    )]
    event_retention: Option<u32>,
    /// Send nothing: keep email and SMS, with the live links in them, and show them at
    /// /dev/inbox. On a loopback address alone.
    #[arg(long, global = true)]
    dev: bool,
}

/// The settings in force.
#[derive(Debug, Clone)]
pub(super) struct OutboundSettings {
    base_url: Option<BaseUrl>,
    smtp_url: Secret,
    mail_from: Option<String>,
    sms_url: Secret,
    sms_from: Option<String>,
    templates: Option<PathBuf>,
    dev: bool,
    /// Where webhooks may be sent to besides public addresses.
    pub(super) webhook_allow: AllowedNetworks,
    /// How long events are kept.
    pub(super) event_retention: SignedDuration,
}

/// Where a secret is.
#[derive(Debug, Clone)]
enum Secret {
    Nowhere,
    Here(SecretString),
    InFile(PathBuf),
}

impl OutboundSettings {
    /// The settings that flags, environment and file make together.
    pub(super) fn resolve(
        given: GivenOutbound,
        file: File,
        listen: SocketAddr,
    ) -> Result<Self, Failed> {
        if given.dev && !listen.ip().to_canonical().is_loopback() {
            return Err(Failed::Configuration(format!(
                "--dev shows live links and codes to whoever connects: it needs a loopback \
                address to listen on, and {listen} is none"
            )));
        }
        let base_url = said(given.base_url).or(file.base_url);
        let base_url = base_url.map(|text| BaseUrl::parse(&text)).transpose();
        let smtp_url = Secret::of("smtp_url", given.smtp_url, given.smtp_url_file)?;
        let sms_url = Secret::of("sms_url", given.sms_url, given.sms_url_file)?;
        Ok(Self {
            base_url: base_url.map_err(unusable("base_url"))?,
            smtp_url: smtp_url.or(Secret::of("smtp_url", file.smtp_url, file.smtp_url_file)?),
            mail_from: said(given.mail_from).or(file.mail_from),
            sms_url: sms_url.or(Secret::of("sms_url", file.sms_url, file.sms_url_file)?),
            sms_from: said(given.sms_from).or(file.sms_from),
            templates: given.templates.or(file.templates),
            dev: given.dev,
            webhook_allow: networks("webhook_allow", given.webhook_allow, file.webhook_allow)?,
            event_retention: retention(given.event_retention.or(file.event_retention))?,
        })
    }
}

fn retention(days: Option<u32>) -> Result<SignedDuration, Failed> {
    match days.unwrap_or(RETENTION_DAYS) {
        days @ 1..=36_500 => Ok(SignedDuration::from_hours(24 * i64::from(days))),
        days => Err(Failed::Configuration(format!(
            "event_retention is 1 to 36500 days, and not {days}"
        ))),
    }
}

/// What sends messages, and during development the inbox that they go to.
pub(super) struct Outbound {
    pub(super) mailer: Mailer,
    pub(super) inbox: Option<Inbox>,
}

impl Outbound {
    /// What the settings make; connects to nothing. With `--dev` nothing else is sent to.
    pub(super) fn prepare(settings: &OutboundSettings) -> Result<Self, Failed> {
        let templates = match &settings.templates {
            Some(folder) => Templates::with_folder(folder),
            None => Templates::built_in(),
        };
        let templates =
            templates.map_err(|cause| Failed::Configuration(directory::with_causes(&cause)))?;
        let inbox = settings.dev.then(Inbox::default);
        let (email, sms) = match &inbox {
            Some(inbox) => (
                EmailRoute::Inbox(inbox.clone()),
                SmsRoute::Inbox(inbox.clone()),
            ),
            None => (email_route(settings)?, sms_route(settings)?),
        };
        let sends = matches!(email, EmailRoute::Smtp(_)) || matches!(sms, SmsRoute::Gateway(_));
        if sends && settings.base_url.is_none() {
            let text = "email and SMS have links in them, which need base_url: the address \
                that clients reach the server by";
            return Err(Failed::Configuration(text.to_owned()));
        }
        let mailer = Mailer {
            base_url: settings.base_url.clone(),
            templates,
            email,
            sms,
        };
        Ok(Self { mailer, inbox })
    }

    /// During development links lead to where the server listens, unless it was said where.
    pub(super) fn listens_at(&mut self, address: &str) {
        if self.inbox.is_some() && self.mailer.base_url.is_none() {
            self.mailer.base_url = BaseUrl::parse(&format!("http://{address}")).ok();
        }
    }

    /// What passkeys are bound to: the address that clients reach the server by. The log says why
    /// where it cannot be.
    pub(super) fn relying_party(&self) -> Option<RelyingParty> {
        let base = self.mailer.base_url.as_ref()?;
        match RelyingParty::of(base.as_str()) {
            Ok(party) => Some(party),
            Err(why) => {
                tracing::warn!(
                    error = why.to_string(),
                    "there are no passkeys under this base URL"
                );
                None
            }
        }
    }

    /// Has the log say which messages wait.
    pub(super) fn tell_what_waits(&self) {
        for channel in [Channel::Email, Channel::Sms] {
            if self.mailer.route(channel).is_none() {
                tracing::warn!(
                    channel = channel.name(),
                    "nothing is configured to send it: messages wait"
                );
            }
        }
    }
}

fn email_route(settings: &OutboundSettings) -> Result<EmailRoute, Failed> {
    let Some(url) = settings.smtp_url.read()? else {
        return Ok(EmailRoute::None);
    };
    let smtp = Smtp::new(&SmtpSettings {
        url: &url,
        from: sender("smtp_url", "mail_from", settings.mail_from.as_deref())?,
        deadline: email::DEADLINE,
        also_trusted: None,
    });
    let smtp = smtp.map_err(unusable("smtp_url or mail_from"))?;
    Ok(EmailRoute::Smtp(Box::new(smtp)))
}

fn sms_route(settings: &OutboundSettings) -> Result<SmsRoute, Failed> {
    let Some(url) = settings.sms_url.read()? else {
        return Ok(SmsRoute::None);
    };
    let from = sender("sms_url", "sms_from", settings.sms_from.as_deref())?;
    let gateway = SmsGateway::new(&url, from, sms::DEADLINE);
    let gateway = gateway.map_err(unusable("sms_url or sms_from"))?;
    Ok(SmsRoute::Gateway(gateway))
}

/// A URL is nothing without its sender.
fn sender<'a>(url: &str, name: &str, from: Option<&'a str>) -> Result<&'a str, Failed> {
    from.ok_or_else(|| Failed::Configuration(format!("{url} needs {name} beside it")))
}

fn unusable(name: &'static str) -> impl FnOnce(BadSetting) -> Failed {
    move |cause| Failed::Configuration(format!("{name}: {cause}"))
}

/// A secret of the command line or the environment.
fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(SecretString::from(text))
}

/// A secret of the configuration file.
pub(super) fn secret_in_file<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
}

impl Secret {
    /// What one place says of a secret: itself or the file that holds it, not both.
    fn of(name: &str, itself: Option<SecretString>, file: Option<PathBuf>) -> Result<Self, Failed> {
        let itself = itself.filter(|text| !text.expose_secret().is_empty());
        match (itself, file) {
            (Some(_), Some(_)) => Err(Failed::Configuration(format!(
                "{name} and {name}_file are both there: say one"
            ))),
            (Some(itself), None) => Ok(Self::Here(itself)),
            (None, Some(file)) => Ok(Self::InFile(file)),
            (None, None) => Ok(Self::Nowhere),
        }
    }

    /// This one, or where it is nowhere, the other.
    fn or(self, other: Self) -> Self {
        match self {
            Self::Nowhere => other,
            Self::Here(_) | Self::InFile(_) => self,
        }
    }

    /// The secret, without the white space around it in a file.
    fn read(&self) -> Result<Option<SecretString>, Failed> {
        let path = match self {
            Self::Nowhere => return Ok(None),
            Self::Here(secret) => return Ok(Some(secret.clone())),
            Self::InFile(path) => path,
        };
        let unreadable = || Failed::io(format!("the secret in {} cannot be read", path.display()));
        let file = std::fs::File::open(path).map_err(unreadable())?;
        let mut text = String::new();
        let read = file.take(MAX_SECRET).read_to_string(&mut text);
        read.map_err(unreadable())?;
        match text.trim() {
            "" => Err(Failed::Configuration(format!(
                "the secret file {} is empty",
                path.display()
            ))),
            text => Ok(Some(SecretString::from(text))),
        }
    }
}
