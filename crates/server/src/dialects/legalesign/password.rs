//! The vendor's rule for passwords.

use directory::password::check_length;
use directory::violation::Rule;
use secrecy::{ExposeSecret as _, SecretString};

/// Least and greatest number of characters (seed 004, `password`).
pub(super) const MIN: usize = 8;
/// See [`MIN`].
pub(super) const MAX: usize = 99;
const TOO_LONG: Rule = Rule::TooLong { max: MAX };

/// The characters of which a password needs one. The back-tick is the last of them: the
/// print of the expression lost it to a line break (seed 004, `password`).
pub(super) const SPECIAL: &str = "=+-^$*.[]{}()?\"!@#%&/\\,><':;|_~`";

/// The rule that a password breaks. One of the wrong length is told its length alone; the
/// rest is one rule: no white space; an ASCII lower-case letter, an ASCII upper-case letter,
/// a digit and a special character among the others, which may be any (seed 004,
/// `password`).
#[must_use]
pub(super) fn check(password: &SecretString) -> Option<Rule> {
    if let Some(rule) = check_length(password, MIN) {
        // What is too long for anyone is too long for the vendor before.
        let too_long = matches!(rule, Rule::TooLong { .. });
        return Some(if too_long { TOO_LONG } else { rule });
    }
    let text = password.expose_secret();
    if text.chars().count() > MAX {
        return Some(TOO_LONG);
    }
    let has = |wanted: fn(char) -> bool| text.chars().any(wanted);
    let fits = has(|c| c.is_ascii_lowercase())
        && has(|c| c.is_ascii_uppercase())
        && has(|c| c.is_ascii_digit())
        && has(|c| SPECIAL.contains(c))
        && !has(char::is_whitespace);
    (!fits).then_some(Rule::BadFormat)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    /// The seed's expression, taken apart at its look-aheads: each must match, from the
    /// start, and so must what follows them.
    const PARTS: [&str; 5] = [
        r"^.*[a-z]",
        r"^.*[A-Z]",
        r"^.*[0-9]",
        r#"^.*[=+\-^$*.\[\]{}()?"!@#%&/\\,><':;|_~`]"#,
        r"^\S{8,99}$",
    ];

    fn matches(text: &str) -> bool {
        PARTS
            .into_iter()
            .all(|part| Regex::new(part).unwrap().is_match(text))
    }

    fn checked(text: &str) -> Option<Rule> {
        check(&text.to_owned().into())
    }

    #[test]
    fn a_length_that_is_wrong_is_all_that_is_told() {
        assert_eq!(checked("Aa1!Aa1"), Some(Rule::TooShort { min: 8 }));
        assert_eq!(checked("a b"), Some(Rule::TooShort { min: 8 }));
        assert_eq!(checked(&"Aa1!".repeat(25)), Some(Rule::TooLong { max: 99 }));
        assert_eq!(checked(&" ".repeat(5_000)), Some(Rule::TooLong { max: 99 }));
        assert_eq!(checked(&"Aa1!".repeat(25)[1..]), None);
        assert_eq!(checked("éA1!éa1!"), None);
        assert_eq!(checked("éA1!éa1"), Some(Rule::TooShort { min: 8 }));
    }

    #[test]
    fn every_special_character_counts_and_no_other() {
        for c in (0..=0x24f).filter_map(char::from_u32) {
            let text = format!("Passw0rd{c}");
            let fits = matches(&text);
            assert_eq!(checked(&text).is_none(), fits, "{c:?}");
            assert_eq!(fits, SPECIAL.contains(c), "{c:?}");
        }
        assert_eq!(SPECIAL.chars().count(), 32);
    }

    proptest! {
        #[test]
        fn it_accepts_what_the_seeds_expression_matches(text in ".{0,12}") {
            prop_assert_eq!(checked(&text).is_none(), matches(&text));
        }

        #[test]
        fn it_does_near_the_border_too(text in "[aA1!` éÉ٣\u{a0}\n\\[]{6,10}") {
            prop_assert_eq!(checked(&text).is_none(), matches(&text));
        }

        #[test]
        fn it_does_at_the_upper_end_too(text in "[aA1~]{95,103}") {
            prop_assert_eq!(checked(&text).is_none(), matches(&text));
        }
    }
}
