//! Email by SMTP: a connection for each message, so that a try that is given up leaves none
//! behind in the middle of a conversation.

use std::time::{Duration, SystemTime};

use directory::model::Email;
use jiff::Timestamp;
use lettre::address::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Severity;
use secrecy::SecretString;

use super::base_url::BadSetting;
use super::message::Attempt;
use super::smtp_url::{Security, SmtpServer};
use super::templates::EmailContent;

/// How long a try may take, from looking up the server's name to its last answer.
pub const DEADLINE: Duration = Duration::from_secs(15);
/// How long the server may take to say goodbye, after the message's fate is known.
const FAREWELL: Duration = Duration::from_secs(1);

/// How to hand email over.
pub struct SmtpSettings<'a> {
    /// The server: the forms are listed in `docs/OPERATING.md`.
    pub url: &'a SecretString,
    /// Whom email is from: `Acme <no-reply@example.com>`.
    pub from: &'a str,
    /// How long a try may take; [`DEADLINE`] unless a test says otherwise.
    pub deadline: Duration,
    /// PEM certificates trusted beside the system's.
    pub also_trusted: Option<&'a [u8]>,
}

/// Hands email to a server.
pub struct Smtp {
    server: SmtpServer,
    from: Mailbox,
    deadline: Duration,
}

/// A message ready to go.
struct Composed {
    to: Address,
    bytes: Vec<u8>,
}

/// How far a conversation came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Connect,
    StartTls,
    Login,
    Sender,
    Recipient,
    Content,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Connect => "to the connection",
            Self::StartTls => "to STARTTLS",
            Self::Login => "to the login",
            Self::Sender => "to the sender",
            Self::Recipient => "to the recipient",
            Self::Content => "to the message",
        }
    }
}

impl Smtp {
    /// Reads the settings; connects to nothing yet.
    ///
    /// # Errors
    /// [`BadSetting`] for a URL or a sender that is not of the form.
    pub fn new(settings: &SmtpSettings<'_>) -> Result<Self, BadSetting> {
        let from: Result<Mailbox, _> = settings.from.parse();
        let from = from.map_err(|_| {
            BadSetting::new("the sender is an address such as Acme <no-reply@example.com>")
        })?;
        Ok(Self {
            server: SmtpServer::parse(settings.url, settings.also_trusted)?,
            from,
            deadline: settings.deadline,
        })
    }

    /// Tries once to hand an email over. The same `id` gives the same `Message-ID`.
    pub async fn send(&self, to: &str, id: &str, content: EmailContent, now: Timestamp) -> Attempt {
        let Some(to) = address(to) else {
            return Attempt::refused("the recipient's address is none");
        };
        let composed = match self.compose(to, id, content, now) {
            Ok(composed) => composed,
            Err(cause) => return Attempt::refused(format!("it cannot be written: {cause}")),
        };
        let talk = tokio::time::timeout(self.deadline, self.converse(&composed));
        let Ok((connection, attempt)) = talk.await else {
            return Attempt::failed("the mail server took too long");
        };
        if let Some(mut connection) = connection {
            let _ = tokio::time::timeout(FAREWELL, connection.abort()).await;
        }
        attempt
    }

    fn compose(
        &self,
        to: Address,
        id: &str,
        content: EmailContent,
        now: Timestamp,
    ) -> Result<Composed, lettre::error::Error> {
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        let unsubscribe = content.unsubscribe.as_deref().map(unsubscription);
        let parts = MultiPart::alternative_plain_html(content.text, content.html);
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(content.subject)
            .date(SystemTime::from(now))
            .message_id(Some(message_id(id, &self.from.email)))
            .raw_header(automatic);
        for header in unsubscribe.into_iter().flatten() {
            builder = builder.raw_header(header);
        }
        let message = builder.multipart(parts)?;
        Ok(Composed {
            to,
            bytes: message.formatted(),
        })
    }

    /// The whole conversation but the goodbye.
    async fn converse(&self, message: &Composed) -> (Option<AsyncSmtpConnection>, Attempt) {
        let mut connection = match self.open().await {
            Ok(connection) => connection,
            Err(attempt) => return (None, attempt),
        };
        let attempt = match self.hand_over(&mut connection, message).await {
            Ok(()) => Attempt::Sent,
            Err(attempt) => attempt,
        };
        (Some(connection), attempt)
    }

    /// A connection that is private as configured and logged in.
    async fn open(&self) -> Result<AsyncSmtpConnection, Attempt> {
        let server = &self.server;
        let wrapped = match &server.security {
            Security::Wrapped(tls) => Some(tls.clone()),
            Security::Plain | Security::Opportunistic(_) | Security::Required(_) => None,
        };
        let place = (server.host.as_str(), server.port);
        let deadline = Some(self.deadline);
        let opened =
            AsyncSmtpConnection::connect_tokio1(place, deadline, &server.hello, wrapped, None);
        let mut connection = opened.await.map_err(fault(Step::Connect))?;
        self.start_tls(&mut connection).await?;
        if let Some(credentials) = &server.credentials {
            if !connection.is_encrypted() && !server.is_this_machine() {
                let text = "the mail server offers no TLS, without which no password is sent";
                return Err(Attempt::failed(text));
            }
            let login = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            login.map_err(fault(Step::Login))?;
        }
        Ok(connection)
    }

    async fn start_tls(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Attempt> {
        let tls = match &self.server.security {
            Security::Required(tls) if connection.can_starttls() => tls,
            Security::Required(_) => {
                let text = "the mail server does not offer STARTTLS, which is required";
                return Err(Attempt::failed(text));
            }
            Security::Opportunistic(tls) if connection.can_starttls() => tls,
            Security::Opportunistic(_) | Security::Plain | Security::Wrapped(_) => return Ok(()),
        };
        let started = connection.starttls(tls.clone(), &self.server.hello).await;
        started.map_err(fault(Step::StartTls))
    }

    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        message: &Composed,
    ) -> Result<(), Attempt> {
        let from = self.from.email.clone();
        let international = [&from, &message.to]
            .iter()
            .any(|address| !AsRef::<str>::as_ref(*address).is_ascii());
        let mut parameters = Vec::new();
        if international {
            let takes = |extension| connection.server_info().supports_feature(extension);
            if !takes(Extension::SmtpUtfEight) {
                let text = "the mail server takes no address with letters outside ASCII";
                return Err(Attempt::refused(text));
            }
            parameters.push(MailParameter::SmtpUtfEight);
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let mail = Mail::new(Some(from), parameters);
        let answer = connection.command(mail).await;
        answer.map_err(fault(Step::Sender))?;
        let recipient = Rcpt::new(message.to.clone(), Vec::new());
        let answer = connection.command(recipient).await;
        answer.map_err(fault(Step::Recipient))?;
        let answer = connection.command(Data).await;
        answer.map_err(fault(Step::Content))?;
        let answer = connection.message(&message.bytes).await;
        answer.map(drop).map_err(fault(Step::Content))
    }
}

/// An address that the directory takes, with its domain as DNS knows it.
fn address(text: &str) -> Option<Address> {
    let email = Email::parse(text).ok()?;
    let (local, _) = email.as_str().rsplit_once('@')?;
    let (_, domain) = email.key().rsplit_once('@')?;
    // The library's own check refuses marks that letters of many scripts are written with; the
    // directory's has let nothing through that could end a line, a word or an address.
    Some(Address::new_dangerous(local, domain))
}

/// The headers of one-click unsubscription (RFC 8058), which is offered over TLS alone; the link by
/// itself where there is none.
fn unsubscription(link: &str) -> Vec<HeaderValue> {
    let header = |name, text: String| HeaderValue::new(HeaderName::new_from_ascii_str(name), text);
    let mut headers = vec![header("List-Unsubscribe", format!("<{link}>"))];
    if link.starts_with("https://") {
        let text = "List-Unsubscribe=One-Click".to_owned();
        headers.push(header("List-Unsubscribe-Post", text));
    }
    headers
}

/// `<ID@DOMAIN>`, with nothing in the id that the form does not take.
fn message_id(id: &str, from: &Address) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let id: String = id.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    format!("<{}@{}>", id.trim_matches('.'), from.domain())
}

/// What an error at a step means. What a server says for good about the recipient or the
/// message stands; everything else an operator or time can mend.
fn fault(step: Step) -> impl FnOnce(lettre::transport::smtp::Error) -> Attempt {
    move |error| {
        let Some(code) = error.status() else {
            return Attempt::failed(without_answer(step, &error));
        };
        let code_shown = shown(code, &error);
        let reason = format!("the mail server answered {code_shown} {}", step.name());
        let about_message = matches!(step, Step::Recipient | Step::Content);
        let for_good = code.severity == Severity::PermanentNegativeCompletion;
        // 530 asks for a login, whatever it answers.
        if about_message && for_good && u16::from(code) != 530 {
            Attempt::refused(reason)
        } else {
            Attempt::failed(reason)
        }
    }
}

/// The code with the enhanced one (RFC 3463), where the text begins with it. The rest of the
/// text may repeat the address.
fn shown(
    code: lettre::transport::smtp::response::Code,
    error: &lettre::transport::smtp::Error,
) -> String {
    let text = std::error::Error::source(error).map(ToString::to_string);
    let first = text
        .as_deref()
        .and_then(|text| text.split_whitespace().next());
    let enhanced = first.filter(|word| {
        let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        word.len() <= 9 && word.split('.').count() == 3 && word.split('.').all(number)
    });
    enhanced.map_or_else(|| code.to_string(), |enhanced| format!("{code} {enhanced}"))
}

/// Why there was no answer: the network's or TLS's words, in which nothing of a message is.
fn without_answer(step: Step, error: &lettre::transport::smtp::Error) -> String {
    match step {
        Step::Connect | Step::StartTls | Step::Login => {
            format!("the mail server cannot be used: {error}")
        }
        Step::Sender | Step::Recipient | Step::Content => {
            format!("the mail server gave no answer {}", step.name())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_header() {
        let from: Address = "no-reply@example.com".parse().unwrap();
        assert_eq!(message_id("1-ab_c.d", &from), "<1-ab_c.d@example.com>");
        assert_eq!(
            message_id("a>\r\nBcc: b", &from),
            "<a---Bcc--b@example.com>"
        );
    }

    #[test]
    fn an_address_has_its_domain_as_dns_knows_it() {
        let shown = |text| address(text).map(|address| address.to_string());
        assert_eq!(shown("Ada@Example.org").as_deref(), Some("Ada@example.org"));
        assert_eq!(
            shown("ada@bücher.example").as_deref(),
            Some("ada@xn--bcher-kva.example")
        );
        assert_eq!(shown("a@b.org\r\nBcc: c@d.org"), None);
        assert_eq!(shown("a> b@c.org"), None);
    }
}
