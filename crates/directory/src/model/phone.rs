//! A phone number: the text as given, and its E.164 form where it has one.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};

use crate::violation::Rule;

use super::check_text;

/// A number as it was given; `key` is its E.164 form, by which it is unique among workers.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone {
    text: String,
    key: Option<String>,
}

impl Phone {
    /// Longest text of a number, in characters.
    pub const MAX_LENGTH: usize = 64;

    /// Keeps any text; the key is there when it reads as a number (US where it names no
    /// country) that has a length which numbers of that country have.
    ///
    /// # Errors
    /// [`Rule::TooLong`] past 64 characters, [`Rule::BadFormat`] for a NUL.
    pub fn unchecked(text: &str) -> Result<Self, Rule> {
        if let Some(rule) = check_text(text, Self::MAX_LENGTH) {
            return Err(rule);
        }
        Ok(Self {
            text: text.to_owned(),
            key: e164(text),
        })
    }

    /// Takes only what reads as a number.
    ///
    /// # Errors
    /// As [`Phone::unchecked`], and [`Rule::BadFormat`] for what is no number.
    pub fn parse(text: &str) -> Result<Self, Rule> {
        let phone = Self::unchecked(text.trim())?;
        if phone.text.is_empty() {
            return Err(Rule::Blank);
        }
        if phone.key.is_some() {
            Ok(phone)
        } else {
            Err(Rule::BadFormat)
        }
    }

    /// A number that was stored.
    pub(crate) fn from_stored(text: String, key: Option<String>) -> Self {
        Self { text, key }
    }

    /// The number as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its E.164 form, if it reads as a number.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

/// Hides the number from logs.
impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Phone(…)")
    }
}

/// The form that is the same however the number is written; none where that form reads as yet
/// another number (a country's prefix that stands there twice).
fn e164(text: &str) -> Option<String> {
    let form = formatted(text)?;
    (formatted(&form)? == form).then_some(form)
}

fn formatted(text: &str) -> Option<String> {
    if !text.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    let number = PHONE_NUMBER_UTIL.parse(text, Some(Region::US)).ok()?;
    if !PHONE_NUMBER_UTIL.is_possible_number(&number) {
        return None;
    }
    Some(
        PHONE_NUMBER_UTIL
            .format(&number, PhoneNumberFormat::E164)
            .into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_without_a_country_is_american() {
        let forms = [
            "(415) 555-2671",
            "415-555-2671",
            "+1 415 555 2671",
            "4155552671",
        ];
        for form in forms {
            let phone = Phone::parse(form).unwrap();
            assert_eq!((phone.as_str(), phone.key()), (form, Some("+14155552671")));
        }
        assert_eq!(
            Phone::parse("+44 20 7946 0018").unwrap().key(),
            Some("+442079460018")
        );
    }

    #[test]
    fn the_key_of_a_key_is_itself() {
        for text in [
            "+1 1 415 555 2671",
            "+46 (0)8 123 456 78",
            "+39 06 6982 0001",
        ] {
            let phone = Phone::parse(text).unwrap();
            let key = phone.key().unwrap();
            assert_eq!(Phone::parse(key).unwrap().key(), Some(key), "{text}");
        }
        let twice = "+46 0 0 9750469750 118";
        assert_eq!(Phone::parse(twice).unwrap_err(), Rule::BadFormat);
        assert_eq!(Phone::unchecked(twice).unwrap().key(), None);
    }

    #[test]
    fn junk_is_refused_where_checked_and_kept_where_not() {
        for junk in [
            "call me",
            "x",
            "+",
            "1",
            "12",
            "911",
            "123456",
            "415 555 26719",
            "+44 12",
            "+999 415 555 2671",
            "1\0",
        ] {
            assert_eq!(Phone::parse(junk).unwrap_err(), Rule::BadFormat, "{junk}");
        }
        for kept in ["ext. only", "12"] {
            assert_eq!(Phone::unchecked(kept).unwrap().key(), None);
        }
        // What is dialled within an area has a length that can be.
        assert!(Phone::parse("555-2671").is_ok());
    }
}
