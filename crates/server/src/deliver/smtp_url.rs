//! Where email is handed over, read from a URL of the form that lettre has:
//!
//! * `smtps://USER:PASSWORD@HOST[:465]`: TLS from the first byte.
//! * `smtp://USER:PASSWORD@HOST[:587]?tls=required`: STARTTLS, or nothing.
//! * `smtp://HOST[:587]?tls=opportunistic`: STARTTLS where the server offers it.
//! * `smtp://HOST[:25]`: no TLS.
//!
//! A path is the name that is said to the server: `smtp://HOST/directory.example.com`.

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::base_url::BadSetting;

/// How a connection is kept private.
pub(super) enum Security {
    /// Not at all.
    Plain,
    /// By STARTTLS where the server offers it.
    Opportunistic(TlsParameters),
    /// By STARTTLS, or there is no connection.
    Required(TlsParameters),
    /// From the first byte.
    Wrapped(TlsParameters),
}

/// A server that takes email over.
pub(super) struct SmtpServer {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    /// The name said in EHLO.
    pub(super) hello: ClientId,
    pub(super) credentials: Option<Credentials>,
}

impl SmtpServer {
    /// Reads a URL. `also_trusted` are PEM certificates trusted beside the system's.
    ///
    /// # Errors
    /// [`BadSetting`] for what is not of the form, and for a password that would go to another
    /// machine without TLS.
    pub(super) fn parse(
        url: &SecretString,
        also_trusted: Option<&[u8]>,
    ) -> Result<Self, BadSetting> {
        let url = Url::parse(url.expose_secret().trim()).map_err(|_| form())?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(form)?.trim_matches(['[', ']']).to_owned();
        let tls = || tls_parameters(&host, also_trusted);
        let (security, port) = match (url.scheme(), tls_mode(&url)?.as_deref()) {
            ("smtps", None) => (Security::Wrapped(tls()?), SUBMISSIONS_PORT),
            ("smtp", None) => (Security::Plain, SMTP_PORT),
            ("smtp", Some("required")) => (Security::Required(tls()?), SUBMISSION_PORT),
            ("smtp", Some("opportunistic")) => (Security::Opportunistic(tls()?), SUBMISSION_PORT),
            _ => return Err(form()),
        };
        let server = Self {
            port: url.port().unwrap_or(port),
            security,
            hello: hello(&url)?,
            credentials: credentials(&url)?,
            host,
        };
        if server.credentials.is_some()
            && matches!(server.security, Security::Plain)
            && !server.is_this_machine()
        {
            let text = "would send the password without TLS: say smtps:// or ?tls=required";
            return Err(BadSetting::new(text));
        }
        Ok(server)
    }

    /// Whether what is sent stays on this machine.
    pub(super) fn is_this_machine(&self) -> bool {
        let address = self.host.parse::<std::net::IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

fn form() -> BadSetting {
    BadSetting::new(
        "is smtps://USER:PASSWORD@HOST, or smtp://HOST with ?tls=required, ?tls=opportunistic \
        or neither",
    )
}

/// The value of `tls`, the one name that a query may have.
fn tls_mode(url: &Url) -> Result<Option<String>, BadSetting> {
    if url.fragment().is_some() {
        return Err(form());
    }
    let mut mode = None;
    for (name, value) in url.query_pairs() {
        if name != "tls" || mode.is_some() {
            return Err(form());
        }
        mode = Some(value.into_owned());
    }
    Ok(mode)
}

fn tls_parameters(host: &str, also_trusted: Option<&[u8]>) -> Result<TlsParameters, BadSetting> {
    let unusable = |_| BadSetting::new("cannot be reached over TLS: certificates are unusable");
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = also_trusted {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(unusable)?);
    }
    builder.build().map_err(unusable)
}

fn hello(url: &Url) -> Result<ClientId, BadSetting> {
    let name = url.path().trim_matches('/');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if name.is_empty() {
        Ok(ClientId::default())
    } else if name.bytes().all(plain) {
        Ok(ClientId::Domain(name.to_owned()))
    } else {
        Err(form())
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, BadSetting> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().map_err(|_| form())?;
        // PLAIN puts this character between user and password.
        if text.contains('\0') {
            return Err(form());
        }
        Ok(text.into_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(form()),
        (user, Some(password)) => Ok(Some(Credentials::new(decoded(user)?, decoded(password)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<SmtpServer, BadSetting> {
        SmtpServer::parse(&SecretString::from(url), None)
    }

    fn mode(server: &SmtpServer) -> &'static str {
        match server.security {
            Security::Plain => "plain",
            Security::Opportunistic(_) => "opportunistic",
            Security::Required(_) => "required",
            Security::Wrapped(_) => "wrapped",
        }
    }

    #[test]
    fn each_form_has_its_tls_and_its_port() {
        for (url, host, port, tls) in [
            (
                "smtps://u:p@mail.example.com",
                "mail.example.com",
                465,
                "wrapped",
            ),
            (
                "smtps://mail.example.com:1465",
                "mail.example.com",
                1465,
                "wrapped",
            ),
            (
                "smtp://u:p@mail.example.com?tls=required",
                "mail.example.com",
                587,
                "required",
            ),
            (
                "smtp://h.example?tls=opportunistic",
                "h.example",
                587,
                "opportunistic",
            ),
            ("smtp://localhost", "localhost", 25, "plain"),
            ("smtp://[::1]:2525", "::1", 2525, "plain"),
        ] {
            let server = parse(url).unwrap();
            assert_eq!((server.host.as_str(), server.port), (host, port), "{url}");
            assert_eq!(mode(&server), tls, "{url}");
        }
    }

    #[test]
    fn the_password_is_taken_decoded_and_the_path_is_the_name_that_is_said() {
        let server = parse("smtps://ada%40example.com:p%3Aq%2F@h/directory.example.com").unwrap();
        let expected = Credentials::new("ada@example.com".to_owned(), "p:q/".to_owned());
        assert!(server.credentials == Some(expected));
        let hello = ClientId::Domain("directory.example.com".to_owned());
        assert_eq!(server.hello, hello);
        assert!(parse("smtp://localhost").unwrap().credentials.is_none());
    }

    #[test]
    fn a_password_goes_without_tls_to_this_machine_alone() {
        assert!(parse("smtp://u:secret@mail.example.com").is_err());
        assert!(parse("smtp://u:secret@10.0.0.1:25").is_err());
        assert!(parse("smtp://u:secret@127.0.0.1:25").is_ok());
    }

    #[test]
    fn what_is_not_of_the_form_is_refused_without_being_repeated() {
        for url in [
            "",
            "mail.example.com",
            "http://u:secret@h",
            "smtp://",
            "smtp://u:secret@h?tls=yes",
            "smtp://h?tls=required&tls=opportunistic",
            "smtp://h?ssl=required",
            "smtps://h?tls=required",
            "smtps://secret@h",
            "smtps://:secret@h",
            "smtps://u:secret%00@h",
            "smtp://h/a%0d%0ab",
            "smtp://h#secret",
        ] {
            let refused = parse(url).err().expect(url).to_string();
            assert!(!refused.contains("secret"), "{refused}");
        }
    }
}
