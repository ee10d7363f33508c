//! Secrets: how they are made, compared and stored. None of these types can be printed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::actor::TenantId;
use crate::clock::Random;
use crate::error::Error;

/// Random bytes in a secret: 256 bits.
const SECRET_BYTES: usize = 32;
/// Bytes of a nonce of XChaCha20.
const NONCE_BYTES: usize = 24;
/// Random bytes in a key's public id.
const ID_BYTES: usize = 10;
/// Longest credential that is looked at.
pub const MAX_CREDENTIAL: usize = 512;

/// The SHA-256 of a text, in hexadecimal: how random secrets are stored. (Passwords are
/// not random and are stored by `password.rs`.)
#[must_use]
pub fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Compares two texts in a time that depends on their lengths alone.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// A new random secret, 43 characters of URL-safe base64.
#[must_use]
pub fn new_secret(random: &dyn Random) -> SecretString {
    let mut bytes = [0; SECRET_BYTES];
    random.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// A new public key id, starting with its tenant's number: `1-5f0a…`.
#[must_use]
pub fn new_key_id(tenant: TenantId, random: &dyn Random) -> String {
    let mut bytes = [0; ID_BYTES];
    random.fill(&mut bytes);
    format!("{}-{}", tenant.0, hex(&bytes))
}

/// A new token, starting with its tenant's number.
#[must_use]
pub fn new_token(tenant: TenantId, random: &dyn Random) -> SecretString {
    format!("{}-{}", tenant.0, new_secret(random).expose_secret()).into()
}

/// The tenant that a key id or token says it belongs to.
#[must_use]
pub fn tenant_of(credential: &str) -> Option<TenantId> {
    if credential.len() > MAX_CREDENTIAL {
        return None;
    }
    let (number, rest) = credential.split_once('-')?;
    let canonical = !number.starts_with('0') && number.bytes().all(|c| c.is_ascii_digit());
    let id: i64 = number.parse().ok()?;
    (canonical && !rest.is_empty() && !credential.contains('\0')).then_some(TenantId(id))
}

/// HMAC-SHA-256 of a text. Under the server's secret key it derives a key of its own for each
/// purpose, so that the secret key itself signs and seals nothing.
#[must_use]
pub fn mac(key: &[u8], text: &str) -> [u8; 32] {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Seals secrets that must be read again, made from the server's secret key: those of webhooks.
#[derive(Clone)]
pub struct SealingKey([u8; 32]);

impl SealingKey {
    /// Derives the key, so that the secret key itself seals nothing.
    #[must_use]
    pub fn derive(secret_key: &[u8]) -> Self {
        Self(mac(secret_key, "sealed secrets"))
    }

    /// A secret as it is stored: XChaCha20-Poly1305 under a random nonce, for its tenant and
    /// purpose alone.
    ///
    /// # Errors
    /// [`Error::Internal`] for a text that is too long.
    pub fn seal(
        &self,
        tenant: TenantId,
        purpose: &str,
        secret: &SecretString,
        random: &dyn Random,
    ) -> Result<String, Error> {
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        let bound = format!("{}:{purpose}", tenant.0);
        let payload = Payload {
            msg: secret.expose_secret().as_bytes(),
            aad: bound.as_bytes(),
        };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Error::internal("a secret cannot be sealed"))?;
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The secret that was sealed for this tenant and purpose.
    ///
    /// # Errors
    /// [`Error::Internal`] for anything else, as after the server's secret key was replaced.
    pub fn open(
        &self,
        tenant: TenantId,
        purpose: &str,
        sealed: &str,
    ) -> Result<SecretString, Error> {
        let broken = || Error::internal("a sealed secret cannot be opened");
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| broken())?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES).ok_or_else(broken)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| broken())?;
        let bound = format!("{}:{purpose}", tenant.0);
        let payload = Payload {
            msg: sealed,
            aad: bound.as_bytes(),
        };
        let opened = self.cipher().decrypt(&XNonce::from(nonce), payload);
        let text = String::from_utf8(opened.map_err(|_| broken())?).map_err(|_| broken())?;
        Ok(text.into())
    }

    /// A token of 256 bits that nobody can guess who has not the key, and that is the same for the
    /// same purpose: starting with its tenant's number.
    #[must_use]
    pub fn token(&self, tenant: TenantId, purpose: &str) -> SecretString {
        let bytes = mac(&self.0, &format!("token:{}:{purpose}", tenant.0));
        format!("{}-{}", tenant.0, URL_SAFE_NO_PAD.encode(bytes)).into()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;

    #[test]
    fn a_sealed_secret_opens_for_its_own_tenant_and_purpose_alone() {
        let key = SealingKey::derive(b"secret key");
        let secret = SecretString::from("whsec_abc");
        let sealed = key
            .seal(TenantId(1), "webhook", &secret, &SystemRandom)
            .unwrap();
        assert!(!sealed.contains("whsec"));
        let opened = key.open(TenantId(1), "webhook", &sealed).unwrap();
        assert_eq!(opened.expose_secret(), "whsec_abc");
        assert!(key.open(TenantId(2), "webhook", &sealed).is_err());
        assert!(key.open(TenantId(1), "sms", &sealed).is_err());
        let other = SealingKey::derive(b"another");
        assert!(other.open(TenantId(1), "webhook", &sealed).is_err());
        for end in 0..sealed.len() {
            let cut = sealed.get(..end).unwrap();
            assert!(key.open(TenantId(1), "webhook", cut).is_err(), "{end}");
        }
    }

    #[test]
    fn a_token_is_the_same_for_its_tenant_and_purpose_alone() {
        let key = SealingKey::derive(b"secret key");
        let token = |key: &SealingKey, tenant, purpose: &str| {
            key.token(TenantId(tenant), purpose)
                .expose_secret()
                .to_owned()
        };
        let first = token(&key, 1, "msg_1_2");
        assert_eq!(first, token(&key, 1, "msg_1_2"));
        assert_eq!(tenant_of(&first), Some(TenantId(1)));
        let other = SealingKey::derive(b"another");
        let others = [
            token(&key, 2, "msg_1_2"),
            token(&key, 1, "msg_1_3"),
            token(&other, 1, "msg_1_2"),
        ];
        assert!(!others.contains(&first));
    }

    #[test]
    fn a_credential_names_its_tenant() {
        let id = new_key_id(TenantId(7), &SystemRandom);
        assert_eq!(tenant_of(&id), Some(TenantId(7)));
        let token = new_token(TenantId(12), &SystemRandom);
        assert_eq!(tenant_of(token.expose_secret()), Some(TenantId(12)));
        for bad in [
            "",
            "7",
            "-x",
            "07-x",
            "+7-x",
            "7-",
            "99999999999999999999-x",
            "7-\0",
        ] {
            assert_eq!(tenant_of(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn secrets_hold_256_random_bits() {
        let a = new_secret(&SystemRandom);
        assert_eq!(a.expose_secret().len(), 43);
        assert_ne!(a.expose_secret(), new_secret(&SystemRandom).expose_secret());
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab"));
        assert_eq!(format!("{a:?}").find(a.expose_secret()), None);
    }
}
