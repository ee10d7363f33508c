//! Passwords: rules that hold everywhere, hashing and verifying.
//!
//! argon2id with m = 19 456 KiB, t = 2, p = 1 (OWASP Password Storage), off the async
//! threads and never inside a transaction.

use std::sync::Arc;

use argon2::password_hash::PasswordVerifier as _;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::clock::Random;
use crate::error::{Error, Unavailable};
use crate::violation::Rule;

/// A password of this many characters or more is refused before anything is done with it.
pub const TOO_LONG: usize = 1_000;
/// Hashings that may wait for one that runs; one more is refused with
/// [`Unavailable::Hashing`].
const WAITING: usize = 256;
const SALT_BYTES: usize = 16;
/// Characters that the strength estimate looks at: it is slow on long texts.
const ESTIMATED: usize = 64;

/// A password's hash in PHC form; cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Checks a password's length: at least `min` characters, fewer than [`TOO_LONG`].
#[must_use]
pub fn check_length(password: &SecretString, min: usize) -> Option<Rule> {
    let length = password.expose_secret().chars().count();
    if length >= TOO_LONG {
        Some(Rule::TooLong { max: TOO_LONG - 1 })
    } else if length < min {
        Some(Rule::TooShort { min })
    } else {
        None
    }
}

/// Refuses a password that is commonly used or easily guessed (NIST SP 800-63B-4 §3.1.1.2:
/// a block-list, no rules of composition). `about` holds what an attacker knows of the user.
#[must_use]
pub fn check_strength(password: &SecretString, about: &[&str]) -> Option<Rule> {
    let start: String = password.expose_secret().chars().take(ESTIMATED).collect();
    let estimate = zxcvbn::zxcvbn(&start, about);
    (estimate.score() < zxcvbn::Score::Two).then_some(Rule::Guessable)
}

/// Hashes passwords, as many at once as there are cores.
#[derive(Clone)]
pub struct Hasher {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Hasher {
    /// A hasher of at most `parallel` at once.
    #[must_use]
    pub fn new(parallel: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(parallel.max(1))),
            waiting: Arc::new(Semaphore::new(WAITING + parallel)),
        }
    }

    /// Hashes a password with a new salt.
    ///
    /// # Errors
    /// [`Unavailable::Hashing`] when too many wait, [`Error::Internal`].
    pub async fn hash(
        &self,
        password: SecretString,
        random: &dyn Random,
    ) -> Result<PasswordHash, Error> {
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt);
        self.run(move || {
            let hash = argon2()?
                .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
                .map_err(|cause| Error::internal(cause.to_string()))?;
            Ok(PasswordHash(hash.to_string()))
        })
        .await
    }

    /// Whether a password is the one that was hashed.
    ///
    /// # Errors
    /// As [`Hasher::hash`].
    pub async fn verify(&self, password: SecretString, hash: PasswordHash) -> Result<bool, Error> {
        if check_length(&password, 0).is_some() {
            return Ok(false);
        }
        self.run(move || {
            let parsed = argon2::PasswordHash::new(hash.expose())
                .map_err(|cause| Error::internal(cause.to_string()))?;
            Ok(argon2()?
                .verify_password(password.expose_secret().as_bytes(), &parsed)
                .is_ok())
        })
        .await
    }

    /// The permits move into the blocking closure: a client that hangs up frees nothing early.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let place = Arc::clone(&self.waiting)
            .try_acquire_owned()
            .map_err(|_| Unavailable::Hashing)?;
        let permit = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(Error::internal)?;
        let run = move || {
            let result = work();
            drop((permit, place));
            result
        };
        tokio::task::spawn_blocking(run)
            .await
            .map_err(Error::internal)?
    }
}

fn argon2() -> Result<Argon2<'static>, Error> {
    let params =
        Params::new(19_456, 2, 1, None).map_err(|cause| Error::internal(cause.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
    }

    #[tokio::test]
    async fn a_password_is_verified_exactly_as_received() {
        let hasher = Hasher::new(1);
        let password = format!("  {}é ", "x".repeat(100));
        let hash = hasher.hash(secret(&password), &SystemRandom).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(
            hasher
                .verify(secret(&password), hash.clone())
                .await
                .unwrap()
        );
        for other in [
            password.trim(),
            &password[..80],
            "",
            &password.to_uppercase(),
        ] {
            assert!(!hasher.verify(secret(other), hash.clone()).await.unwrap());
        }
        assert!(!format!("{hash:?}").contains("argon2"));
    }

    #[tokio::test]
    async fn more_hashings_than_may_wait_are_refused() {
        let hasher = Hasher {
            running: Semaphore::new(0).into(),
            waiting: Semaphore::new(0).into(),
        };
        let result = hasher.hash(secret("x"), &SystemRandom).await;
        assert!(matches!(
            result,
            Err(Error::Unavailable(Unavailable::Hashing))
        ));
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(check_length(&secret("éééééééé"), 8), None);
        assert_eq!(
            check_length(&secret("ééééééé"), 8),
            Some(Rule::TooShort { min: 8 })
        );
        assert_eq!(check_length(&secret(&"x".repeat(999)), 8), None);
        let long = check_length(&secret(&"x".repeat(1_000)), 8);
        assert_eq!(long, Some(Rule::TooLong { max: 999 }));
    }

    #[test]
    fn common_and_personal_passwords_are_guessable() {
        for bad in ["password", "12345678", "qwertyuiop", "lovelace1"] {
            let rule = check_strength(&secret(bad), &["ada@example.org", "lovelace"]);
            assert_eq!(rule, Some(Rule::Guessable), "{bad}");
        }
        assert_eq!(check_strength(&secret("tide plank ferry orbit"), &[]), None);
    }
}
