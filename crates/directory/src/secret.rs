//! Secrets: how they are made, compared and stored. None of these types can be printed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::actor::TenantId;
use crate::clock::Random;

/// Random bytes in a secret: 256 bits.
const SECRET_BYTES: usize = 32;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;

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
