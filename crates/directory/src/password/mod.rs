//! Passwords: rules that hold everywhere, hashing and verifying.
//!
//! argon2id with m = 19 456 KiB, t = 2, p = 1 (OWASP Password Storage), off the async
//! threads and never inside a transaction. Hashes of other systems are verified as they were
//! made, and replaced by ours at the next right password.

mod foreign;
mod hasher;
mod rule;

use secrecy::{ExposeSecret as _, SecretString};

use crate::violation::Rule;

pub use hasher::Hasher;
pub use rule::{MAX_COMPOSED, MIN_PASSWORD, PasswordRule, SPECIAL};

/// A password of this many characters or more is refused before anything is done with it.
pub const TOO_LONG: usize = 1_000;
/// Lengths of a salt and a hash in base64.
const SALT_TEXT: usize = 22;
const HASH_TEXT: usize = 43;
/// How a hash begins, in PHC form: the parameters that `hasher` hashes with.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
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
