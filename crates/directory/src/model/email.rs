//! An email address: the text as given, and the canonical form that makes it unique.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::violation::Rule;

/// An address with a local part and a domain of at least two labels.
///
/// Two addresses are the same when their keys are: local part in lower case, domain as
/// lower-case IDNA A-labels. Dots and `+tags` make different addresses.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    text: String,
    key: String,
}

impl Email {
    /// Longest address, in characters (RFC 5321 §4.5.3.1.3, less the angle brackets).
    pub const MAX_LENGTH: usize = 254;

    /// Reads an address, trimmed.
    ///
    /// # Errors
    /// [`Rule::Blank`] for nothing, [`Rule::TooLong`] past 254 characters,
    /// [`Rule::BadFormat`] for what is no address: no or a one-label domain, a quoted or
    /// empty local part, an IP literal, white space, control characters.
    pub fn parse(text: &str) -> Result<Self, Rule> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Rule::Blank);
        }
        if text.chars().count() > Self::MAX_LENGTH {
            return Err(Rule::TooLong {
                max: Self::MAX_LENGTH,
            });
        }
        let key = canonical(text).ok_or(Rule::BadFormat)?;
        Ok(Self {
            text: text.to_owned(),
            key,
        })
    }

    /// An address that was stored: it was checked when it came.
    pub(crate) fn from_stored(text: String, key: String) -> Self {
        Self { text, key }
    }

    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its canonical form, by which it is unique.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Hides the address from logs.
impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(…)")
    }
}

fn canonical(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '"' && c != '@';
    if local.is_empty() || local.len() > 64 || !local.chars().all(plain) {
        return None;
    }
    let domain = canonical_domain(domain)?;
    // The library knows which characters and dots a local part may hold, but not the marks
    // that letters of many scripts are written with (RFC 6532 takes them).
    let letters: String = local
        .chars()
        .map(|c| if is_combining_mark(c) { 'a' } else { c })
        .collect();
    lettre::Address::new(letters, domain.as_str()).ok()?;
    // Composed and decomposed letters make one address (RFC 6532, section 3.1).
    let local: String = local.to_lowercase().nfc().collect();
    Some(format!("{local}@{domain}"))
}

fn canonical_domain(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(domain)
        .ok()?
        .to_ascii_lowercase();
    let (rest, top) = ascii.rsplit_once('.')?;
    let label = |part: &str| !part.is_empty() && part.len() <= 63;
    let named = top.chars().any(|c| c.is_ascii_alphabetic());
    (ascii.len() <= 253 && label(top) && rest.split('.').all(label) && named).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_text_is_kept_and_the_key_is_canonical() {
        let email = Email::parse("  Ada.L+x@EXAMPLE.org ").unwrap();
        assert_eq!(email.as_str(), "Ada.L+x@EXAMPLE.org");
        assert_eq!(email.key(), "ada.l+x@example.org");
        assert_eq!(
            Email::parse("a@bücher.example").unwrap().key(),
            "a@xn--bcher-kva.example"
        );
        assert_eq!(
            Email::parse("a@BÜCHER.example").unwrap().key(),
            "a@xn--bcher-kva.example"
        );
    }

    #[test]
    fn an_address_may_be_of_any_script() {
        for text in ["संपर्क@example.com", "संपर्क@डाटामेल.भारत", "用户@例子.广告"]
        {
            assert!(Email::parse(text).is_ok(), "{text}");
        }
        let composed = Email::parse("é@x.org").unwrap();
        assert_eq!(
            Email::parse("e\u{301}@x.org").unwrap().key(),
            composed.key()
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "ada",
            "ada@",
            "@x.org",
            "ada@localhost",
            "a b@x.org",
            "a@x..org",
            "a@.x.org",
            "a@x.org.",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "\"a b\"@x.org",
            "a@b@x.org",
            "a@x.1",
            "a\0@x.org",
            "a@x.org\r\nBcc: b@y.org",
            ".a@x.org",
            "a@-x.org",
            "a@x_y.org",
        ] {
            assert_eq!(Email::parse(bad).unwrap_err(), Rule::BadFormat, "{bad:?}");
        }
        assert_eq!(Email::parse(" ").unwrap_err(), Rule::Blank);
        let long = format!("a@{}.org", "x".repeat(300));
        assert_eq!(Email::parse(&long).unwrap_err(), Rule::TooLong { max: 254 });
    }

    proptest! {
        #[test]
        fn the_key_of_a_key_is_itself(local in "[a-zA-Z0-9+._é-]{1,20}", domain in "[a-zA-Z0-9ü-]{1,12}\\.[a-z]{2,6}") {
            if let Ok(email) = Email::parse(&format!("{local}@{domain}")) {
                let again = Email::parse(email.key());
                prop_assert_eq!(again.as_ref().map(Email::key), Ok(email.key()));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = Email::parse(&text);
        }
    }
}
