//! What this server is to authenticators: one name, one origin. The protocol is webauthn-rs'.

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use webauthn_rs::prelude::{
    Credential, CredentialID, DiscoverableAuthentication, Passkey as Key, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use super::{CEREMONY_LIFETIME, Passkey};
use crate::error::Error;
use crate::model::{Email, User};
use crate::secret::hex;

/// What this server is to authenticators. Passkeys are bound to its name: those registered under
/// another open nothing here.
pub struct RelyingParty {
    webauthn: Webauthn,
    origin: String,
}

/// Why an address cannot be what passkeys are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigin {
    /// An IP address, or no URL at all.
    #[error("passkeys need a host with a name")]
    NoName,
    /// Browsers have no passkeys there.
    #[error("passkeys need https, or http on localhost")]
    Insecure,
}

/// What a browser answered to a challenge to register, as
/// `PublicKeyCredential.toJSON()` gives it.
pub struct RegistrationAnswer(RegisterPublicKeyCredential);

/// What a browser answered to a challenge to sign in, as `PublicKeyCredential.toJSON()` gives it.
pub struct AssertionAnswer(PublicKeyCredential);

/// What a browser says of where it was asked (WebAuthn Level 3, §5.8.1).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

/// A credential just registered.
pub(super) struct Registered {
    pub(super) hash: String,
    pub(super) json: String,
    pub(super) sign_count: i64,
    pub(super) backup_eligible: bool,
    pub(super) backed_up: bool,
}

/// Why an answer proves nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// Its counter did not move forward: there may be a copy.
    #[error("the counter of the passkey did not move forward")]
    CounterWentBack,
    /// It comes from another origin, or a frame in one.
    #[error("the answer comes from another origin")]
    Elsewhere,
    /// Anything else.
    #[error("the answer proves nothing")]
    Unproven(#[source] WebauthnError),
}

impl RelyingParty {
    /// What a server that is reached by a base URL is: its host is the name, its scheme, host and
    /// port are the origin. Neither subdomains nor other ports are the same.
    ///
    /// # Errors
    /// [`BadOrigin`].
    pub fn of(base_url: &str) -> Result<Self, BadOrigin> {
        let url = Url::parse(base_url).map_err(|_| BadOrigin::NoName)?;
        let name = url.domain().ok_or(BadOrigin::NoName)?;
        let local = name == "localhost" || name.ends_with(".localhost");
        if url.scheme() != "https" && !(url.scheme() == "http" && local) {
            return Err(BadOrigin::Insecure);
        }
        let origin = url.origin().ascii_serialization();
        let only = Url::parse(&origin).map_err(|_| BadOrigin::NoName)?;
        let timeout = CEREMONY_LIFETIME.unsigned_abs();
        let webauthn = WebauthnBuilder::new(name, &only)
            .and_then(|builder| {
                let builder = builder.allow_subdomains(false).allow_any_port(false);
                builder.rp_name(name).timeout(timeout).build()
            })
            .map_err(|_| BadOrigin::NoName)?;
        Ok(Self { webauthn, origin })
    }

    /// The one origin that answers may come from: `https://directory.example.com`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether a browser says that it was asked from the one origin, and not from a frame in
    /// another. webauthn-rs compares URLs, and asks for the frame at registrations alone.
    fn is_origin(&self, client_data: &[u8]) -> bool {
        let said: Option<ClientData> = serde_json::from_slice(client_data).ok();
        said.is_some_and(|said| {
            said.origin == self.origin && !said.cross_origin && said.top_origin.is_none()
        })
    }

    /// A challenge to register, as `parseCreationOptionsFromJSON` takes it, and what is kept of
    /// it. Authenticators that hold one of `known` refuse.
    pub(super) fn registration(
        &self,
        user: &User,
        known: &[String],
    ) -> Result<(Value, String), Error> {
        let handle = Uuid::parse_str(&user.uid).map_err(Error::internal)?;
        let mut excluded: Vec<CredentialID> = Vec::with_capacity(known.len());
        for json in known {
            excluded.push(read_key(json)?.cred_id().clone());
        }
        let email = user.email.as_ref().map(Email::as_str);
        let name = email.unwrap_or(&user.uid);
        let shown = user.shown_name().unwrap_or_else(|| name.to_owned());
        let started =
            self.webauthn
                .start_passkey_registration(handle, name, &shown, Some(excluded));
        let (challenge, state) = started.map_err(Error::internal)?;
        let mut options = public_key(serde_json::to_value(&challenge))?;
        // To be found without an email being entered, and without saying who there is.
        if let Some(Value::Object(selection)) = options.get_mut("authenticatorSelection") {
            selection.insert("residentKey".to_owned(), "required".into());
            selection.insert("requireResidentKey".to_owned(), true.into());
        }
        let kept = serde_json::to_string(&state).map_err(Error::internal)?;
        Ok((options, kept))
    }

    /// The credential of an answer to a challenge to register.
    pub(super) fn registered(
        &self,
        state: &str,
        answer: &RegistrationAnswer,
    ) -> Result<Result<Registered, Refused>, Error> {
        let state: PasskeyRegistration = serde_json::from_str(state).map_err(Error::internal)?;
        if !self.is_origin(&answer.0.response.client_data_json) {
            return Ok(Err(Refused::Elsewhere));
        }
        let key = match self.webauthn.finish_passkey_registration(&answer.0, &state) {
            Ok(key) => key,
            Err(cause) => return Ok(Err(Refused::Unproven(cause))),
        };
        let json = serde_json::to_string(&key).map_err(Error::internal)?;
        let hash = hash_of(key.cred_id());
        let credential = Credential::from(key);
        Ok(Ok(Registered {
            hash,
            json,
            sign_count: i64::from(credential.counter),
            backup_eligible: credential.backup_eligible,
            backed_up: credential.backup_state,
        }))
    }

    /// A challenge to sign in, as `parseRequestOptionsFromJSON` takes it, and what is kept of it.
    /// It names nobody: the authenticator says whose passkey it has.
    pub(super) fn authentication(&self) -> Result<(Value, String), Error> {
        let started = self.webauthn.start_discoverable_authentication();
        let (challenge, state) = started.map_err(Error::internal)?;
        let options = public_key(serde_json::to_value(&challenge))?;
        let kept = serde_json::to_string(&state).map_err(Error::internal)?;
        Ok((options, kept))
    }

    /// How a passkey and its credential stand after an answer to a challenge to sign in.
    pub(super) fn authenticated(
        &self,
        state: &str,
        answer: &AssertionAnswer,
        passkey: &Passkey,
        json: &str,
    ) -> Result<Result<(Passkey, String), Refused>, Error> {
        let state: DiscoverableAuthentication =
            serde_json::from_str(state).map_err(Error::internal)?;
        if !self.is_origin(&answer.0.response.client_data_json) {
            return Ok(Err(Refused::Elsewhere));
        }
        let mut key = read_key(json)?;
        let finished = self
            .webauthn
            .finish_discoverable_authentication_v2(&answer.0, state, &key);
        let result = match finished {
            Ok(result) => result,
            Err(WebauthnError::CredentialPossibleCompromise) => {
                return Ok(Err(Refused::CounterWentBack));
            }
            Err(cause) => return Ok(Err(Refused::Unproven(cause))),
        };
        if !result.user_verified() {
            return Ok(Err(Refused::Unproven(WebauthnError::UserNotVerified)));
        }
        key.update_credential(&result);
        let after = Passkey {
            sign_count: i64::from(result.counter()),
            backup_eligible: result.backup_eligible(),
            backed_up: result.backup_state(),
            ..passkey.clone()
        };
        let json = serde_json::to_string(&key).map_err(Error::internal)?;
        Ok(Ok((after, json)))
    }
}

impl RegistrationAnswer {
    /// Reads one; none for any other shape.
    #[must_use]
    pub fn read(value: Value) -> Option<Self> {
        serde_json::from_value(value).ok().map(Self)
    }
}

impl AssertionAnswer {
    /// Reads one; none for any other shape.
    #[must_use]
    pub fn read(value: Value) -> Option<Self> {
        serde_json::from_value(value).ok().map(Self)
    }

    /// SHA-256 of the id of its credential.
    pub(super) fn credential_hash(&self) -> String {
        hash_of(self.0.get_credential_id())
    }

    /// The `uid` of the user whose credential the authenticator says it is.
    pub(super) fn uid(&self) -> Option<String> {
        let handle = Uuid::from_slice(self.0.get_user_unique_id()?).ok()?;
        Some(handle.simple().to_string())
    }
}

fn read_key(json: &str) -> Result<Key, Error> {
    serde_json::from_str(json).map_err(Error::internal)
}

fn hash_of(credential_id: &[u8]) -> String {
    hex(&Sha256::digest(credential_id))
}

/// The part of a challenge that browsers take.
fn public_key(challenge: serde_json::Result<Value>) -> Result<Value, Error> {
    let mut challenge = challenge.map_err(Error::internal)?;
    match challenge.get_mut("publicKey").map(Value::take) {
        Some(options) => Ok(options),
        None => Err(Error::internal("a challenge has no options")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_the_base_url_without_its_path() {
        for (base, origin) in [
            ("https://id.example.com", "https://id.example.com"),
            ("https://ID.example.com:443/", "https://id.example.com"),
            (
                "https://id.example.com:8443/x",
                "https://id.example.com:8443",
            ),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://a.localhost:8080", "http://a.localhost:8080"),
        ] {
            assert_eq!(
                RelyingParty::of(base).map(|party| party.origin),
                Ok(origin.to_owned())
            );
        }
    }

    #[test]
    fn where_browsers_have_no_passkeys_there_are_none() {
        for (base, why) in [
            ("https://192.0.2.1", BadOrigin::NoName),
            ("http://127.0.0.1:8080", BadOrigin::NoName),
            ("https://[::1]/", BadOrigin::NoName),
            ("", BadOrigin::NoName),
            ("http://id.example.com", BadOrigin::Insecure),
            ("http://localhost.example.com", BadOrigin::Insecure),
            ("ftp://id.example.com", BadOrigin::Insecure),
        ] {
            assert_eq!(
                RelyingParty::of(base).map(|party| party.origin),
                Err(why),
                "{base}"
            );
        }
    }
}
