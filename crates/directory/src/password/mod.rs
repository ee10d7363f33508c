//! Passwords: rules that hold everywhere, hashing and verifying.
//!
//! argon2id with m = 19 456 KiB, t = 2, p = 1 (OWASP Password Storage), off the async
//! threads and never inside a transaction. Hashes of other systems are verified as they were
//! made, and replaced by ours at the next right password.

mod foreign;
mod rule;

use std::sync::{Arc, Mutex};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::clock::Random;
use crate::error::{Error, Unavailable};
use crate::violation::Rule;

pub use rule::{MAX_COMPOSED, MIN_PASSWORD, PasswordRule, SPECIAL};

/// A password of this many characters or more is refused before anything is done with it.
pub const TOO_LONG: usize = 1_000;
/// Hashings that may wait for one that runs; one more is refused with
/// [`Unavailable::Hashing`].
const WAITING: usize = 256;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// Lengths of both in base64.
const SALT_TEXT: usize = 22;
const HASH_TEXT: usize = 43;
/// How a hash begins, in PHC form: what `parameters` says.
const PREFIX: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
/// Characters that the strength estimate looks at: it is slow on long texts.
const ESTIMATED: usize = 64;

/// A password's hash: ours in PHC form, or another system's as it came. Cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a hash that another system made: argon2, bcrypt, scrypt or PBKDF2, in the forms
    /// that `docs/IMPORT.md` lists.
    ///
    /// # Errors
    /// [`Rule::BadFormat`] and [`Rule::TooLong`] for what is none of them; [`Rule::OutOfRange`]
    /// for one that would cost too much to verify.
    pub fn import(text: &str) -> Result<Self, Rule> {
        foreign::parse(text).map(|_| Self(text.to_owned()))
    }

    /// Whether it is of the kind that is made here now; another is to be replaced when its
    /// password is known.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.current().is_some()
    }

    /// The salt and the digest of a hash of our own kind, in base64.
    fn current(&self) -> Option<(&str, &str)> {
        let (salt, digest) = self.0.strip_prefix(PREFIX)?.split_once('$')?;
        (salt.len() == SALT_TEXT && digest.len() == HASH_TEXT).then_some((salt, digest))
    }

    /// A hash that no password has, and that takes as long to verify against as any of ours.
    pub(crate) fn of_nobody() -> Self {
        let (salt, digest) = ("A".repeat(SALT_TEXT), "A".repeat(HASH_TEXT));
        Self(format!("{PREFIX}{salt}${digest}"))
    }

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
    let about: Vec<&str> = about.iter().map(|text| cut(text)).collect();
    let parts = about
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let about: Vec<&str> = about
        .iter()
        .copied()
        .chain(parts.filter(|part| part.len() > 2))
        .collect();
    let estimate = zxcvbn::zxcvbn(&start, &about);
    (estimate.score() < zxcvbn::Score::Two).then_some(Rule::Guessable)
}

/// The start of a text: what is looked at of it.
fn cut(text: &str) -> &str {
    text.char_indices()
        .nth(ESTIMATED)
        .map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

/// Hashes passwords, as many at once as there are cores.
#[derive(Clone)]
pub struct Hasher {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Working memory, 19 MiB for each that runs. Kept, because an allocator that is asked for
    /// such blocks from many threads keeps one for each thread.
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Hasher {
    /// A hasher of at most `parallel` at once.
    #[must_use]
    pub fn new(parallel: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(parallel.max(1))),
            waiting: Arc::new(Semaphore::new(WAITING + parallel)),
            memory: Arc::default(),
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
        self.run(move |memory| {
            let found = with_memory(memory, |memory| digest(&password, &salt, memory))?;
            let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(found));
            Ok(PasswordHash(format!("{PREFIX}{salt}${hash}")))
        })
        .await
    }

    /// Whether a password is the one that was hashed, here or by another system.
    ///
    /// # Errors
    /// As [`Hasher::hash`].
    pub async fn verify(&self, password: SecretString, hash: PasswordHash) -> Result<bool, Error> {
        if check_length(&password, 0).is_some() {
            return Ok(false);
        }
        self.run(move |memory| {
            let Some((salt, expected)) = hash.current() else {
                let foreign = foreign::parse(hash.expose())
                    .map_err(|_| Error::internal("a stored hash of another kind"))?;
                return foreign.verify(password.expose_secret().as_bytes());
            };
            let salt = STANDARD_NO_PAD.decode(salt).map_err(Error::internal)?;
            let found = with_memory(memory, |memory| digest(&password, &salt, memory))?;
            Ok(crate::secret::same(
                &STANDARD_NO_PAD.encode(found),
                expected,
            ))
        })
        .await
    }

    /// The permits move into the blocking closure: a client that hangs up frees nothing early.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Mutex<Vec<Vec<Block>>>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let place = Arc::clone(&self.waiting)
            .try_acquire_owned()
            .map_err(|_| Unavailable::Hashing)?;
        let permit = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(Error::internal)?;
        let memory = Arc::clone(&self.memory);
        let run = move || {
            let result = work(&memory);
            drop((permit, place));
            result
        };
        tokio::task::spawn_blocking(run)
            .await
            .map_err(Error::internal)?
    }
}

/// Works with memory of the pool, as much as our own hash needs.
fn with_memory<T>(
    pool: &Mutex<Vec<Vec<Block>>>,
    work: impl FnOnce(&mut [Block]) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut memory = lock(pool).pop().unwrap_or_default();
    memory.resize(parameters()?.block_count(), Block::default());
    let result = work(&mut memory);
    lock(pool).push(memory);
    result
}

fn lock(pool: &Mutex<Vec<Vec<Block>>>) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
    pool.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn parameters() -> Result<Params, Error> {
    Params::new(19_456, 2, 1, None).map_err(|cause| Error::internal(cause.to_string()))
}

fn digest(
    password: &SecretString,
    salt: &[u8],
    memory: &mut [Block],
) -> Result<[u8; HASH_BYTES], Error> {
    let mut hash = [0; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters()?)
        .hash_password_into_with_memory(
            password.expose_secret().as_bytes(),
            salt,
            &mut hash,
            memory,
        )
        .map_err(|cause| Error::internal(cause.to_string()))?;
    Ok(hash)
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
    async fn nobodys_hash_is_verified_as_any_other_and_no_password_has_it() {
        assert!(PasswordHash::of_nobody().is_current());
        for password in ["", "password"] {
            let hasher = Hasher::new(1);
            let verified = hasher.verify(secret(password), PasswordHash::of_nobody());
            assert!(!verified.await.unwrap());
        }
    }

    #[tokio::test]
    async fn more_hashings_than_may_wait_are_refused() {
        let hasher = Hasher {
            running: Semaphore::new(0).into(),
            waiting: Semaphore::new(0).into(),
            memory: Arc::default(),
        };
        let result = hasher.hash(secret("x"), &SystemRandom).await;
        assert!(matches!(
            result,
            Err(Error::Unavailable(Unavailable::Hashing))
        ));
    }

    #[tokio::test]
    async fn hashings_share_the_memory_of_those_that_run() {
        let hasher = Hasher::new(2);
        let hashings = (0..8).map(|_| hasher.hash(secret("x"), &SystemRandom));
        for hash in futures_util::future::join_all(hashings).await {
            let parsed = argon2::PasswordHash::new(hash.unwrap().expose()).map(|_| ());
            assert_eq!(parsed, Ok(()));
        }
        assert!((1..=2).contains(&lock(&hasher.memory).len()));
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
        for bad in [
            "password",
            "12345678",
            "qwertyuiop",
            "lovelace1",
            "zebrafishy",
        ] {
            let rule = check_strength(&secret(bad), &["zebrafishy@example.org", "lovelace"]);
            assert_eq!(rule, Some(Rule::Guessable), "{bad}");
        }
        assert_eq!(check_strength(&secret("tide plank ferry orbit"), &[]), None);
    }
}
