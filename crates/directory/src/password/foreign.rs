//! Hashes that another system made: argon2, bcrypt, scrypt and PBKDF2 in the forms in which they
//! are exported. They are kept as they came and verified as they were made, until the password
//! is known and can be hashed anew.
//!
//! What a hash may cost to verify is bounded here, once, when it comes (requirement 23).

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bcrypt::HashParts;
use pbkdf2::pbkdf2_hmac;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use crate::error::Error;
use crate::violation::Rule;

/// Longest text of a hash, in bytes.
const MAX_TEXT: usize = 512;
/// Bytes of a digest: a shorter one would be met by chance, or by search.
const DIGEST: std::ops::RangeInclusive<usize> = 16..=64;
const MAX_SALT: usize = 128;
/// Memory of argon2 and scrypt, in KiB.
const MAX_MEMORY: u32 = 262_144;
/// Memory of argon2 in KiB times passes over it.
const MAX_ARGON2_WORK: u64 = 1_048_576;
const MAX_ARGON2_LANES: u32 = 16;
const BCRYPT_COST: std::ops::RangeInclusive<u32> = 4..=15;
/// bcrypt reads no more of a password.
const BCRYPT_READS: usize = 72;
/// KiB that scrypt goes through: N · r · p / 8.
const MAX_SCRYPT_WORK: u64 = 524_288;
/// scrypt's block size and parallelism.
const MAX_SCRYPT_FACTOR: u32 = 64;
const MAX_ROUNDS: u32 = 3_000_000;

/// A hash, read.
pub(super) enum Foreign {
    Argon2 {
        algorithm: Algorithm,
        version: Version,
        params: Params,
        salt: Vec<u8>,
        digest: Vec<u8>,
    },
    Bcrypt(String),
    Scrypt {
        params: scrypt::Params,
        salt: Vec<u8>,
        digest: Vec<u8>,
    },
    Pbkdf2 {
        function: Function,
        rounds: u32,
        salt: Vec<u8>,
        digest: Vec<u8>,
    },
}

/// What PBKDF2 is built on.
#[derive(Clone, Copy)]
pub(super) enum Function {
    Sha256,
    Sha512,
}

impl Function {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "sha256" => Some(Self::Sha256),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }
}

/// Reads a hash.
///
/// # Errors
/// [`Rule::BadFormat`] for what is none of the forms; [`Rule::OutOfRange`] for one that costs
/// too much.
pub(super) fn parse(text: &str) -> Result<Foreign, Rule> {
    if text.len() > MAX_TEXT {
        return Err(Rule::TooLong { max: MAX_TEXT });
    }
    // Django writes the name of its hasher before these two.
    let text = text.strip_prefix("bcrypt$").unwrap_or(text);
    let text = text.strip_prefix("argon2").unwrap_or(text);
    let read = if text.starts_with("$argon2") {
        argon2_of(text)
    } else if text.starts_with("$2") {
        bcrypt_of(text)
    } else if let Some(rest) = text.strip_prefix("$pbkdf2-") {
        phc_pbkdf2_of(rest)
    } else if let Some(rest) = text.strip_prefix("pbkdf2_") {
        django_pbkdf2_of(rest)
    } else if let Some(rest) = text.strip_prefix("pbkdf2:") {
        werkzeug_pbkdf2_of(rest)
    } else if let Some(rest) = text.strip_prefix("$scrypt$") {
        phc_scrypt_of(rest)
    } else if let Some(rest) = text.strip_prefix("scrypt$") {
        django_scrypt_of(rest)
    } else {
        text.strip_prefix("scrypt:").and_then(werkzeug_scrypt_of)
    };
    read.unwrap_or(Err(Rule::BadFormat))
}

/// None: it cannot be read. An error inside: it can, and costs too much.
type Read = Option<Result<Foreign, Rule>>;

/// `$argon2id$v=19$m=…,t=…,p=…$salt$digest` (PHC).
fn argon2_of(text: &str) -> Read {
    let hash = argon2::PasswordHash::new(text).ok()?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = match hash.version {
        Some(number) => Version::try_from(number).ok()?,
        // Before 1.3 hashes did not say it.
        None => Version::V0x10,
    };
    let params = Params::try_from(&hash).ok()?;
    if !params.keyid().is_empty() || !params.data().is_empty() {
        return None;
    }
    let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
    if params.m_cost() > MAX_MEMORY || work > MAX_ARGON2_WORK {
        return too_costly(1, MAX_ARGON2_WORK);
    }
    if params.p_cost() > MAX_ARGON2_LANES {
        return too_costly(1, MAX_ARGON2_LANES.into());
    }
    let salt = salt(hash.salt?.as_ref().to_vec())?;
    let digest = digest(hash.hash?.as_bytes().to_vec())?;
    Some(Ok(Foreign::Argon2 {
        algorithm,
        version,
        params,
        salt,
        digest,
    }))
}

/// `$2b$12$` and 53 characters of salt and digest.
fn bcrypt_of(text: &str) -> Read {
    let versioned = ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|version| text.starts_with(version));
    // The library takes a sign before the cost.
    let plain = text.get(4..6).and_then(number).is_some();
    let parts: HashParts = text
        .parse()
        .ok()
        .filter(|_| versioned && plain && text.len() == 60)?;
    if !BCRYPT_COST.contains(&parts.get_cost()) {
        let (least, most) = (*BCRYPT_COST.start(), *BCRYPT_COST.end());
        return too_costly(least.into(), most.into());
    }
    Some(Ok(Foreign::Bcrypt(text.to_owned())))
}

/// `ln=17,r=8,p=1$salt$digest` (PHC), its binary parts in base64.
fn phc_scrypt_of(rest: &str) -> Read {
    let [costs, salt, digest] = split(rest, '$')?;
    let [ln, r, p] = split(costs, ',')?;
    let log_n = number(ln.strip_prefix("ln=")?)?;
    let (r, p) = (
        number(r.strip_prefix("r=")?)?,
        number(p.strip_prefix("p=")?)?,
    );
    scrypt_of(log_n, r, p, base64(salt)?, base64(digest)?)
}

/// `N$salt$r$p$digest`: the salt as it is, the digest in base64.
fn django_scrypt_of(rest: &str) -> Read {
    let [n, salt, r, p, digest] = split(rest, '$')?;
    let salt = salt.as_bytes().to_vec();
    scrypt_of(log_of(n)?, number(r)?, number(p)?, salt, base64(digest)?)
}

/// `N:r:p$salt$digest`: the salt as it is, the digest in hexadecimal.
fn werkzeug_scrypt_of(rest: &str) -> Read {
    let [costs, salt, digest] = split(rest, '$')?;
    let [n, r, p] = split(costs, ':')?;
    let salt = salt.as_bytes().to_vec();
    scrypt_of(
        log_of(n)?,
        number(r)?,
        number(p)?,
        salt,
        hexadecimal(digest)?,
    )
}

fn scrypt_of(log_n: u32, r: u32, p: u32, salted: Vec<u8>, digested: Vec<u8>) -> Read {
    let n = 1_u64
        .checked_shl(log_n)
        .filter(|_| (1..64).contains(&log_n))?;
    let factors = 1..=MAX_SCRYPT_FACTOR;
    if !factors.contains(&r) || !factors.contains(&p) {
        return too_costly(1, MAX_SCRYPT_FACTOR.into());
    }
    let blocks = u64::from(r).saturating_mul(n);
    // N · r blocks of 128 bytes are kept, and gone through p times.
    if blocks / 8 > MAX_MEMORY.into() || (blocks / 8).saturating_mul(u64::from(p)) > MAX_SCRYPT_WORK
    {
        return too_costly(1, MAX_SCRYPT_WORK);
    }
    let params = scrypt::Params::new(u8::try_from(log_n).ok()?, r, p).ok()?;
    Some(Ok(Foreign::Scrypt {
        params,
        salt: salt(salted)?,
        digest: digest(digested)?,
    }))
}

/// `sha256$i=600000,l=32$salt$digest` (PHC) or `sha256$600000$salt$digest` (passlib).
fn phc_pbkdf2_of(rest: &str) -> Read {
    let [function, costs, salt, digest] = split(rest, '$')?;
    let rounds = costs.strip_prefix("i=").unwrap_or(costs);
    let rounds = rounds
        .split_once(",l=")
        .map_or(rounds, |(rounds, _)| rounds);
    pbkdf2_of(function, rounds, base64(salt)?, base64(digest)?)
}

/// `sha256$600000$salt$digest`: the salt as it is, the digest in base64.
fn django_pbkdf2_of(rest: &str) -> Read {
    let [function, rounds, salt, digest] = split(rest, '$')?;
    pbkdf2_of(function, rounds, salt.as_bytes().to_vec(), base64(digest)?)
}

/// `sha256:600000$salt$digest`: the salt as it is, the digest in hexadecimal.
fn werkzeug_pbkdf2_of(rest: &str) -> Read {
    let [costs, salt, digest] = split(rest, '$')?;
    let [function, rounds] = split(costs, ':')?;
    pbkdf2_of(
        function,
        rounds,
        salt.as_bytes().to_vec(),
        hexadecimal(digest)?,
    )
}

fn pbkdf2_of(function: &str, rounds: &str, salted: Vec<u8>, digested: Vec<u8>) -> Read {
    let function = Function::parse(function)?;
    let rounds = number(rounds)?;
    if !(1..=MAX_ROUNDS).contains(&rounds) {
        return too_costly(1, MAX_ROUNDS.into());
    }
    Some(Ok(Foreign::Pbkdf2 {
        function,
        rounds,
        salt: salt(salted)?,
        digest: digest(digested)?,
    }))
}

fn too_costly(min: u64, max: u64) -> Read {
    #[expect(clippy::cast_precision_loss, reason = "the limits are small")]
    let (min, max) = (min as f64, max as f64);
    Some(Err(Rule::OutOfRange { min, max }))
}

fn split<const N: usize>(text: &str, at: char) -> Option<[&str; N]> {
    let parts: Vec<&str> = text.split(at).collect();
    parts.try_into().ok()
}

fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// The exponent of a power of two.
fn log_of(text: &str) -> Option<u32> {
    number(text).filter(|n| n.is_power_of_two()).map(u32::ilog2)
}

/// Standard base64 with or without its padding; passlib writes `.` for `+`.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').replace('.', "+");
    STANDARD_NO_PAD.decode(text).ok()
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(high)? * 16 + digit(low)?).ok())
        .collect()
}

fn salt(bytes: Vec<u8>) -> Option<Vec<u8>> {
    (1..=MAX_SALT).contains(&bytes.len()).then_some(bytes)
}

fn digest(bytes: Vec<u8>) -> Option<Vec<u8>> {
    DIGEST.contains(&bytes.len()).then_some(bytes)
}

impl Foreign {
    /// Whether a password is the one that was hashed.
    ///
    /// # Errors
    /// [`Error::Internal`] when a library refuses what was checked before.
    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, Error> {
        // A key that ends in NUL is the same key to HMAC without it, and to bcrypt a NUL ends
        // it: neither must make another password as good as the true one.
        let whole = !password.contains(&0);
        match self {
            Self::Argon2 {
                algorithm,
                version,
                params,
                salt,
                digest,
            } => {
                let mut found = vec![0; digest.len()];
                Argon2::new(*algorithm, *version, params.clone())
                    .hash_password_into(password, salt, &mut found)
                    .map_err(|cause| Error::internal(cause.to_string()))?;
                Ok(same(&found, digest))
            }
            Self::Bcrypt(text) => {
                let right = bcrypt::verify(password, text)
                    .map_err(|cause| Error::internal(cause.to_string()))?;
                Ok(right && whole && password.len() <= BCRYPT_READS)
            }
            Self::Scrypt {
                params,
                salt,
                digest,
            } => {
                let mut found = vec![0; digest.len()];
                scrypt::scrypt(password, salt, params, &mut found)
                    .map_err(|cause| Error::internal(cause.to_string()))?;
                Ok(same(&found, digest) && whole)
            }
            Self::Pbkdf2 {
                function,
                rounds,
                salt,
                digest,
            } => {
                let mut found = vec![0; digest.len()];
                match function {
                    Function::Sha256 => {
                        pbkdf2_hmac::<Sha256>(password, salt, *rounds, &mut found);
                    }
                    Function::Sha512 => {
                        pbkdf2_hmac::<Sha512>(password, salt, *rounds, &mut found);
                    }
                }
                Ok(same(&found, digest) && whole)
            }
        }
    }
}

fn same(found: &[u8], expected: &[u8]) -> bool {
    found.ct_eq(expected).into()
}

#[cfg(test)]
mod tests;
