//! The words of messages: templates that are compiled in, each of which a file of an
//! operator's folder can replace.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::path::{Path, PathBuf};

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value, json};

use super::message::{Channel, TemplateName};

/// Longest subject, in characters.
const MAX_SUBJECT: usize = 200;
/// Longest SMS, in characters: the most that gateways take in one message.
const MAX_SMS: usize = 1600;
/// Bytes of an operator's template at most.
const MAX_FILE: u64 = 256 * 1024;
/// The one value that may have several lines.
const LONG_TEXT: &str = "text";

/// Every file that there is.
const FILES: [(&str, &str); 22] = [
    ("layout.html", include_str!("../../templates/layout.html")),
    (
        "invitation.subject.txt",
        include_str!("../../templates/invitation.subject.txt"),
    ),
    (
        "invitation.txt",
        include_str!("../../templates/invitation.txt"),
    ),
    (
        "invitation.html",
        include_str!("../../templates/invitation.html"),
    ),
    (
        "verification.subject.txt",
        include_str!("../../templates/verification.subject.txt"),
    ),
    (
        "verification.txt",
        include_str!("../../templates/verification.txt"),
    ),
    (
        "verification.html",
        include_str!("../../templates/verification.html"),
    ),
    (
        "already_registered.subject.txt",
        include_str!("../../templates/already_registered.subject.txt"),
    ),
    (
        "already_registered.txt",
        include_str!("../../templates/already_registered.txt"),
    ),
    (
        "already_registered.html",
        include_str!("../../templates/already_registered.html"),
    ),
    (
        "password_reset.subject.txt",
        include_str!("../../templates/password_reset.subject.txt"),
    ),
    (
        "password_reset.txt",
        include_str!("../../templates/password_reset.txt"),
    ),
    (
        "password_reset.html",
        include_str!("../../templates/password_reset.html"),
    ),
    (
        "passkey_registration.subject.txt",
        include_str!("../../templates/passkey_registration.subject.txt"),
    ),
    (
        "passkey_registration.txt",
        include_str!("../../templates/passkey_registration.txt"),
    ),
    (
        "passkey_registration.html",
        include_str!("../../templates/passkey_registration.html"),
    ),
    (
        "notification.subject.txt",
        include_str!("../../templates/notification.subject.txt"),
    ),
    (
        "notification.txt",
        include_str!("../../templates/notification.txt"),
    ),
    (
        "notification.html",
        include_str!("../../templates/notification.html"),
    ),
    (
        "sms/invitation.txt",
        include_str!("../../templates/sms/invitation.txt"),
    ),
    (
        "sms/verification_code.txt",
        include_str!("../../templates/sms/verification_code.txt"),
    ),
    (
        "sms/notification.txt",
        include_str!("../../templates/sms/notification.txt"),
    ),
];

/// The templates in force.
pub struct Templates {
    environment: Environment<'static>,
    folder: Option<PathBuf>,
    replaced: BTreeSet<String>,
}

/// An email's words.
pub struct EmailContent {
    /// One line.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Where no more of such messages can be asked for, with one request and nothing else.
    pub unsubscribe: Option<String>,
}

/// Templates that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A template is broken, or was not given a value that it needs. Shown only of a template
    /// tried with made-up values: what is shown may hold one.
    #[error("the template {file}, line {line}: {what}")]
    Broken {
        /// The operator's file, or the name of a compiled-in one.
        file: String,
        /// The line, from 1; 0 where it is not known.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// A file of the folder has a name that no template has.
    #[error("{0} is not the name of a template")]
    Unknown(String),
    /// The folder or a file in it cannot be read.
    #[error("the templates in {file} cannot be read")]
    Unreadable {
        /// Which.
        file: String,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// A value that no template may be given.
    #[error("the value {0} is refused")]
    BadValue(String),
}

impl TemplateError {
    /// The error without what a value could be in: fit for the log.
    #[must_use]
    pub fn without_values(&self) -> String {
        match self {
            Self::Broken { file, line, .. } => {
                format!("the template {file}, line {line}, cannot be filled")
            }
            Self::Unknown(_) | Self::Unreadable { .. } | Self::BadValue(_) => self.to_string(),
        }
    }
}

impl Templates {
    /// The compiled-in templates.
    ///
    /// # Errors
    /// [`TemplateError::Broken`], which the tests keep from happening.
    pub fn built_in() -> Result<Self, TemplateError> {
        Self::assembled(None, BTreeMap::new())
    }

    /// The compiled-in templates, those replaced that the folder has files for. Each is tried
    /// with made-up values.
    ///
    /// # Errors
    /// [`TemplateError`] for a folder or file that cannot be read, a file whose name no
    /// template has, and a template that is broken.
    pub fn with_folder(folder: &Path) -> Result<Self, TemplateError> {
        let mut replaced = BTreeMap::new();
        read_folder(folder, "", &mut replaced)?;
        Self::assembled(Some(folder.to_owned()), replaced)
    }

    fn assembled(
        folder: Option<PathBuf>,
        mut files: BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".html") {
                AutoEscape::Html
            } else {
                AutoEscape::None
            }
        });
        environment.add_filter("readable_time", readable_time);
        let mut templates = Self {
            environment,
            folder,
            replaced: files.keys().cloned().collect(),
        };
        for (name, built_in) in FILES {
            let source = files.remove(name).unwrap_or_else(|| built_in.to_owned());
            let added = templates.environment.add_template_owned(name, source);
            added.map_err(|cause| templates.broken(name, &cause))?;
        }
        templates.try_all()?;
        Ok(templates)
    }

    /// Fills every template with made-up values, once with all of them and once without those
    /// that may be left out.
    fn try_all(&self) -> Result<(), TemplateError> {
        for name in TemplateName::ALL {
            for values in samples(name) {
                match name.channel() {
                    Channel::Email => self.email(name, &values).map(drop)?,
                    Channel::Sms => self.sms(name, &values).map(drop)?,
                }
            }
        }
        Ok(())
    }

    /// An email's words.
    ///
    /// # Errors
    /// [`TemplateError::Broken`] where a value is missing, [`TemplateError::BadValue`] for a
    /// link that leads to no web page and a value that is neither text, number nor boolean.
    pub fn email(
        &self,
        name: TemplateName,
        values: &Map<String, Value>,
    ) -> Result<EmailContent, TemplateError> {
        let values = cleaned(values)?;
        let part = |end: &str| self.fill(&format!("{}{end}", name.as_str()), &values);
        let subject = one_line(&part(".subject.txt")?);
        Ok(EmailContent {
            subject: subject.chars().take(MAX_SUBJECT).collect(),
            text: part(".txt")?,
            html: part(".html")?,
            unsubscribe: text_of(&values, "unsubscribe"),
        })
    }

    /// An SMS's words, at most 1 600 characters.
    ///
    /// # Errors
    /// As [`Templates::email`].
    pub fn sms(
        &self,
        name: TemplateName,
        values: &Map<String, Value>,
    ) -> Result<String, TemplateError> {
        let text = self.fill(&format!("{}.txt", name.as_str()), &cleaned(values)?)?;
        Ok(text.trim().chars().take(MAX_SMS).collect())
    }

    fn fill(&self, file: &str, values: &Map<String, Value>) -> Result<String, TemplateError> {
        let template = self.environment.get_template(file);
        let filled = template.and_then(|template| template.render(Serde(values)));
        filled.map_err(|cause| self.broken(file, &cause))
    }

    /// The innermost cause, with the file as the operator knows it.
    fn broken(&self, file: &str, cause: &minijinja::Error) -> TemplateError {
        let mut innermost = cause;
        while let Some(inner) = innermost
            .source()
            .and_then(<dyn std::error::Error>::downcast_ref)
        {
            innermost = inner;
        }
        let name = innermost.name().unwrap_or(file);
        let shown = match &self.folder {
            Some(folder) if self.replaced.contains(name) => folder.join(name).display().to_string(),
            Some(_) | None => name.to_owned(),
        };
        let kind = innermost.kind();
        TemplateError::Broken {
            file: shown,
            line: innermost.line().unwrap_or(0),
            what: innermost
                .detail()
                .map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}")),
        }
    }
}

/// Reads the templates of a folder and of `sms` in it. What starts with a dot is left alone.
fn read_folder(
    folder: &Path,
    below: &str,
    found: &mut BTreeMap<String, String>,
) -> Result<(), TemplateError> {
    let unreadable = |path: &Path| {
        let file = path.display().to_string();
        |cause| TemplateError::Unreadable { file, cause }
    };
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{below}{name}");
        if name.starts_with('.') || name.starts_with("sms/.") {
            continue;
        }
        let meta = std::fs::metadata(&path).map_err(unreadable(&path))?;
        if name == "sms" && meta.is_dir() {
            read_folder(&path, "sms/", found)?;
        } else if FILES.iter().any(|(known, _)| *known == name) && meta.is_file() {
            if meta.len() > MAX_FILE {
                let cause = std::io::Error::other("it is larger than 256 KiB");
                return Err(unreadable(&path)(cause));
            }
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            found.insert(name, text);
        } else {
            return Err(TemplateError::Unknown(path.display().to_string()));
        }
    }
    Ok(())
}

/// The values as templates get them: texts on one line (but for `text`) and without control
/// characters, links that lead to a web page.
fn cleaned(values: &Map<String, Value>) -> Result<Map<String, Value>, TemplateError> {
    let mut cleaned = Map::new();
    for (name, value) in values {
        let value = match value {
            Value::Null => continue,
            Value::String(text) if name == LONG_TEXT => Value::String(lines(text)),
            Value::String(text) => Value::String(one_line(text)),
            Value::Bool(_) | Value::Number(_) => value.clone(),
            Value::Array(_) | Value::Object(_) => {
                return Err(TemplateError::BadValue(name.clone()));
            }
        };
        if matches!(name.as_str(), "link" | "unsubscribe") && !leads_to_a_page(&value) {
            return Err(TemplateError::BadValue(name.clone()));
        }
        cleaned.insert(name.clone(), value);
    }
    Ok(cleaned)
}

fn text_of(values: &Map<String, Value>, name: &str) -> Option<String> {
    values.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn leads_to_a_page(link: &Value) -> bool {
    let text = link.as_str().unwrap_or_default();
    text.starts_with("https://") || text.starts_with("http://")
}

/// A text on one line: what breaks or steers lines becomes one space.
fn one_line(text: &str) -> String {
    let pieces = text.split(|c| unprintable(c) || char::is_whitespace(c));
    let pieces: Vec<&str> = pieces.filter(|piece| !piece.is_empty()).collect();
    pieces.join(" ")
}

/// A text of several lines, without other control characters.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars()
        .filter(|c| *c == '\n' || *c == '\t' || !unprintable(*c))
        .collect()
}

/// Control characters, line and paragraph separators, and what turns the direction of text
/// around, behind which a name can hide another.
fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `2026-11-24T10:21:47Z` as `24 November 2026, 10:21 UTC`.
fn readable_time(text: &str) -> Result<String, minijinja::Error> {
    let time: jiff::Timestamp = text.parse().map_err(|_| {
        minijinja::Error::new(ErrorKind::InvalidOperation, "this is no RFC 3339 time")
    })?;
    Ok(time.strftime("%-d %B %Y, %H:%M UTC").to_string())
}

/// Made-up values: all that a template may be given, and the least.
fn samples(name: TemplateName) -> [Map<String, Value>; 2] {
    let link = "https://directory.example.com/x?token=y";
    let expires_at = "2026-11-24T10:21:47Z";
    let (least, more) = match name {
        TemplateName::Invitation
        | TemplateName::Verification
        | TemplateName::PasskeyRegistration
        | TemplateName::SmsInvitation => (
            json!({ "link": link }),
            json!({
                "name": "Bob", "inviter": "Ada", "organisation": "Acme", "expires_at": expires_at,
            }),
        ),
        TemplateName::PasswordReset => (
            json!({ "link": link }),
            json!({ "name": "Ada", "expires_at": expires_at }),
        ),
        TemplateName::AlreadyRegistered => (json!({}), json!({ "name": "Ada" })),
        TemplateName::Notification => (
            json!({ "title": "News", "text": "Text" }),
            json!({ "link": link, "unsubscribe": link }),
        ),
        TemplateName::SmsVerificationCode => {
            (json!({ "code": "123456" }), json!({ "minutes": 10 }))
        }
        TemplateName::SmsNotification => (json!({ "title": "News", "text": "Text" }), json!({})),
    };
    let fields = |value: Value| value.as_object().cloned().unwrap_or_default();
    let (least, more) = (fields(least), fields(more));
    let all = least.clone().into_iter().chain(more).collect();
    [all, least]
}
