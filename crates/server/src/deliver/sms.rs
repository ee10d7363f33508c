//! SMS through an HTTP gateway that takes Twilio's message form.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::{Host, Url};

use super::base_url::BadSetting;
use super::message::Attempt;
use super::retry::RetryAfter;
use super::tls;

/// How long a try may take, answer and all.
pub const DEADLINE: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read at most.
const MAX_ANSWER: usize = 64 * 1024;

/// Hands SMS to a gateway.
pub struct SmsGateway {
    client: Client,
    /// Where messages are posted; without credentials.
    messages: Url,
    account: String,
    token: SecretString,
    from: String,
}

impl SmsGateway {
    /// Reads the settings: `url` is `https://SID:TOKEN@HOST`, `from` the number or name that
    /// SMS come from. Connects to nothing yet.
    ///
    /// # Errors
    /// [`BadSetting`] for a URL that is not of the form, or that would send the token to
    /// another machine without TLS, and for an empty sender.
    pub fn new(url: &SecretString, from: &str, deadline: Duration) -> Result<Self, BadSetting> {
        let mut url = Url::parse(url.expose_secret().trim()).map_err(|_| form())?;
        let private = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&url));
        let plain = url.query().is_none() && url.fragment().is_none();
        if !private || !plain {
            return Err(form());
        }
        let account = decoded(url.username())?;
        let token = SecretString::from(decoded(url.password().unwrap_or_default())?);
        if account.is_empty() || token.expose_secret().is_empty() {
            return Err(form());
        }
        if from.trim().is_empty() {
            return Err(BadSetting::new("the sender is empty"));
        }
        url.set_username("").map_err(|()| form())?;
        url.set_password(None).map_err(|()| form())?;
        url.path_segments_mut()
            .map_err(|()| form())?
            .pop_if_empty()
            .extend(["2010-04-01", "Accounts", &account, "Messages.json"]);
        Ok(Self {
            client: client(deadline)?,
            messages: url,
            account,
            token,
            from: from.trim().to_owned(),
        })
    }

    /// Tries once to hand an SMS over. The form has no field by which a gateway could tell that
    /// it took the message before: a try whose answer is lost can make a second one.
    pub async fn send(&self, to: &str, text: &str) -> Attempt {
        let request = self
            .client
            .post(self.messages.clone())
            .basic_auth(&self.account, Some(self.token.expose_secret()))
            .form(&[("To", to), ("From", &self.from), ("Body", text)]);
        match request.send().await {
            Ok(answer) => attempt(answer).await,
            Err(error) if error.is_timeout() => Attempt::failed("the SMS gateway took too long"),
            Err(error) => {
                let error = error.without_url();
                let why = directory::with_causes(&error);
                Attempt::failed(format!("the SMS gateway cannot be reached: {why}"))
            }
        }
    }
}

fn form() -> BadSetting {
    BadSetting::new(
        "is https://SID:TOKEN@HOST; http:// goes to this machine alone, and there is no query",
    )
}

fn decoded(text: &str) -> Result<String, BadSetting> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| form())?;
    Ok(text.into_owned())
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A client that goes where it is sent and nowhere else.
fn client(deadline: Duration) -> Result<Client, BadSetting> {
    let unusable = || BadSetting::new("cannot be reached over TLS: certificates are unusable");
    let tls = tls::client_config().map_err(|_| unusable())?;
    Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .timeout(deadline)
        .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| unusable())
}

/// What an answer means. What a gateway says of the message stands; what it says of the
/// account, the address or its own state, an operator or time can mend.
async fn attempt(answer: Response) -> Attempt {
    let status = answer.status();
    if status.is_success() {
        return Attempt::Sent;
    }
    let retry_after = RetryAfter::of(answer.headers());
    let code = fault_code(answer).await;
    let reason = match code {
        Some(code) => format!("the SMS gateway answered {} ({code})", status.as_u16()),
        None => format!("the SMS gateway answered {}", status.as_u16()),
    };
    let can_be_mended = matches!(status.as_u16(), 401 | 403 | 404 | 407 | 408 | 425 | 429);
    if status.is_client_error() && !can_be_mended {
        Attempt::Refused { reason }
    } else {
        Attempt::Failed {
            reason,
            retry_after,
        }
    }
}

/// The number of the fault in the answer's JSON. Its text may repeat the telephone number.
async fn fault_code(mut answer: Response) -> Option<u64> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        if body.len() + chunk.len() > MAX_ANSWER {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    let body: Value = serde_json::from_slice(&body).ok()?;
    body.get("code")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(url: &str) -> Result<SmsGateway, BadSetting> {
        SmsGateway::new(&SecretString::from(url), "+15005550006", DEADLINE)
    }

    #[test]
    fn the_credentials_leave_the_address_and_the_path_is_the_account_s() {
        let gateway = made("https://AC1:to%2Fken@api.example.com").unwrap();
        assert_eq!(
            gateway.messages.as_str(),
            "https://api.example.com/2010-04-01/Accounts/AC1/Messages.json"
        );
        assert_eq!(gateway.token.expose_secret(), "to/ken");
        let below = made("https://AC1:token@gateway.example.com/sms/").unwrap();
        assert_eq!(
            below.messages.as_str(),
            "https://gateway.example.com/sms/2010-04-01/Accounts/AC1/Messages.json"
        );
    }

    #[test]
    fn a_url_that_is_not_of_the_form_is_refused_without_being_repeated() {
        for url in [
            "",
            "https://api.example.com",
            "https://AC1@api.example.com",
            "https://:secret@api.example.com",
            "http://AC1:secret@api.example.com",
            "ftp://AC1:secret@localhost",
            "https://AC1:secret@api.example.com?x=y",
        ] {
            let refused = made(url).err().expect(url).to_string();
            assert!(!refused.contains("secret"), "{refused}");
        }
        assert!(made("http://AC1:secret@[::1]:8080").is_ok());
        let url = SecretString::from("https://AC1:secret@api.example.com");
        assert!(SmsGateway::new(&url, " ", DEADLINE).is_err());
    }
}
