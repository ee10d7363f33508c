//! No other site can submit a form here: a submission carries a token that is signed, bound to
//! its form and a time, and to a cookie that no other site's request brings.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use directory::TenantId;
use directory::secret::same;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use crate::http::App;

/// The field that carries the token.
pub(super) const FIELD: &str = "form_token";
/// Seconds that a page can be open before it is sent.
const LIFETIME: i64 = 3_600;
/// Random bytes of a cookie.
const COOKIE_BYTES: usize = 16;
/// Its length as text.
const COOKIE_LENGTH: usize = 22;

/// What guards the pages of one browser.
pub(super) struct Guard {
    tenant: TenantId,
    form: String,
    cookie: String,
}

impl Guard {
    /// By the cookie that the browser brings, or a new one.
    pub(super) fn of(app: &App, tenant: TenantId, form: &str, headers: &HeaderMap) -> Self {
        let cookie = cookie_in(headers, cookie_name(app)).unwrap_or_else(|| {
            let mut bytes = [0; COOKIE_BYTES];
            app.directory.random().fill(&mut bytes);
            URL_SAFE_NO_PAD.encode(bytes)
        });
        Self {
            tenant,
            form: form.to_owned(),
            cookie,
        }
    }

    /// A token for a page that is made now.
    pub(super) fn token(&self, app: &App) -> String {
        self.signed(app, app.directory.clock().now().as_second())
    }

    fn signed(&self, app: &App, at: i64) -> String {
        let Self {
            tenant,
            form,
            cookie,
        } = self;
        let purpose = format!("sign-up:{form}:{at}:{cookie}");
        let token = app.sealing_key.token(*tenant, &purpose);
        format!("{at}.{}", token.expose_secret())
    }

    /// Whether a submission carries a token of this browser and form that is not too old.
    pub(super) fn admits(&self, app: &App, fields: &Map<String, Value>) -> bool {
        let token = fields.get(FIELD).and_then(Value::as_str);
        let token = token.unwrap_or_default();
        let at = token.split('.').next().and_then(|at| at.parse().ok());
        let Some(at) = at else {
            return false;
        };
        let age = app.directory.clock().now().as_second().saturating_sub(at);
        (0..=LIFETIME).contains(&age) && same(token, &self.signed(app, at))
    }

    /// `Set-Cookie`.
    pub(super) fn cookie(&self, app: &App) -> String {
        let name = cookie_name(app);
        let secure = if is_https(app) { "; Secure" } else { "" };
        let cookie = &self.cookie;
        format!("{name}={cookie}; Path=/; Max-Age={LIFETIME}; HttpOnly; SameSite=Strict{secure}")
    }
}

/// Whether people reach this server by https: as the operator says, for requests could lie.
fn is_https(app: &App) -> bool {
    let base = app
        .mailer
        .as_ref()
        .and_then(|mailer| mailer.base_url.as_ref());
    base.is_some_and(|base| base.as_str().starts_with("https:"))
}

/// Browsers take the prefix from secure pages of this very host alone.
fn cookie_name(app: &App) -> &'static str {
    if is_https(app) {
        "__Host-muster-form"
    } else {
        "muster-form"
    }
}

fn cookie_in(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    let mut pairs = texts
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(given, _)| *given == name)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let good = value.len() == COOKIE_LENGTH && value.bytes().all(fits);
    good.then(|| value.to_owned())
}
