//! Which rule a password keeps, where it is not the server's own choice.

use secrecy::{ExposeSecret as _, SecretString};

use super::check_length;
use crate::violation::Rule as Broken;

/// Least length of a password under either rule (NIST SP 800-63B-4 §3.1.1.2).
pub const MIN_PASSWORD: usize = 8;
/// Greatest length under [`PasswordRule::Composed`] (seed 004, `password`).
pub const MAX_COMPOSED: usize = 99;

/// The characters of which a composed password needs one. The back-tick is the last of them: the
/// print of the expression lost it to a line break (seed 004, `password`).
pub const SPECIAL: &str = "=+-^$*.[]{}()?\"!@#%&/\\,><':;|_~`";

/// What a password must be like: the stricter rule is the greater, and what keeps it keeps the
/// other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum PasswordRule {
    /// Our own: a length, and nothing of its composition.
    #[default]
    Plain,
    /// 8 to 99 characters, no white space; an ASCII lower-case letter, an ASCII upper-case letter,
    /// a digit and a special character among the others, which may be any (seed 004, `password`).
    Composed,
}

impl PasswordRule {
    /// Its stored name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Composed => "composed",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Plain, Self::Composed]
            .into_iter()
            .find(|rule| rule.name() == name)
    }

    /// What a password breaks of it. One of the wrong length is told its length alone; the rest
    /// of [`PasswordRule::Composed`] is one rule.
    #[must_use]
    pub fn check(self, password: &SecretString) -> Option<Broken> {
        let length = check_length(password, MIN_PASSWORD);
        match self {
            Self::Plain => length,
            Self::Composed => composed(password, length),
        }
    }
}

fn composed(password: &SecretString, length: Option<Broken>) -> Option<Broken> {
    let too_long = Broken::TooLong { max: MAX_COMPOSED };
    if let Some(rule) = length {
        // What is too long for anyone is too long here before.
        let long = matches!(rule, Broken::TooLong { .. });
        return Some(if long { too_long } else { rule });
    }
    let text = password.expose_secret();
    if text.chars().count() > MAX_COMPOSED {
        return Some(too_long);
    }
    let has = |wanted: fn(char) -> bool| text.chars().any(wanted);
    let fits = has(|c| c.is_ascii_lowercase())
        && has(|c| c.is_ascii_uppercase())
        && has(|c| c.is_ascii_digit())
        && has(|c| SPECIAL.contains(c))
        && !has(char::is_whitespace);
    (!fits).then_some(Broken::BadFormat)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use fancy_regex::Regex;
    use proptest::prelude::*;

    use super::*;

    /// The seed's expression as it stands, run by an engine that looks ahead and backtracks.
    static SEED: LazyLock<Regex> = LazyLock::new(|| {
        let ahead = r"^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])";
        let special = r#"(?=.*[=+\-^$*.\[\]{}()?"!@#%&/\\,><':;|_~`])"#;
        Regex::new(&format!(r"{ahead}{special}\S{{8,99}}$")).unwrap()
    });

    fn matches(text: &str) -> bool {
        SEED.is_match(text).unwrap()
    }

    fn checked(text: &str) -> Option<Broken> {
        PasswordRule::Composed.check(&text.to_owned().into())
    }

    #[test]
    fn a_length_that_is_wrong_is_all_that_is_told() {
        let short = Some(Broken::TooShort { min: 8 });
        let long = Some(Broken::TooLong { max: 99 });
        assert_eq!(checked("Aa1!Aa1"), short);
        assert_eq!(checked("a b"), short);
        assert_eq!(checked(&"Aa1!".repeat(25)), long);
        assert_eq!(checked(&" ".repeat(5_000)), long);
        assert_eq!(checked(&"Aa1!".repeat(25)[1..]), None);
        assert_eq!(checked("éA1!éa1!"), None);
        assert_eq!(checked("éA1!éa1"), short);
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

    #[test]
    fn forty_passwords_and_more_are_judged_as_the_seed_judges_them() {
        let long = "Aa1!".repeat(24);
        let at_most = format!("{long}Aa1");
        let over = format!("{long}Aa1!");
        let good = [
            "Passw0rd!",
            "Tide-plank7",
            "Analytic-Engine1",
            "aA1=aaaa",
            "aA1+aaaa",
            "aA1^aaaa",
            "aA1$aaaa",
            "aA1[aaaa",
            "aA1]aaaa",
            "aA1{aaaa",
            "aA1\"aaaa",
            "aA1\\aaaa",
            "aA1'aaaa",
            "aA1`aaaa",
            "aA1~aaaa",
            "aA1_aaaa",
            "Ünïcødé-Aa1",
            "密码密码aA1!",
            "🎉🎉🎉aA1!🎉",
            "0000aA.0",
            at_most.as_str(),
        ];
        let bad = [
            "",
            "aA1!",
            "aA1!aaa",
            "password",
            "PASSWORD1!",
            "password1!",
            "Password!",
            "Password1",
            "Pass word1!",
            "Pass\tword1!",
            "Pass\u{a0}word1!",
            "Pass\u{2003}word1!",
            "Passw0rd!\n",
            " Passw0rd!",
            "aaaaaaaaA1€",
            "aaaaaaaaA1¿",
            "ääääÄÄÄÄ1!",
            "aaaaaAA!٣٤",
            "12345678",
            "!!!!!!!!",
            "AAAAAAAA1!",
            "aA1!\u{85}aaaa",
            over.as_str(),
        ];
        let judged = |text: &&str| checked(text).is_none();
        assert_eq!(good.iter().filter(|text| judged(text)).count(), good.len());
        assert_eq!(bad.iter().filter(|text| judged(text)).count(), 0);
        for text in good.into_iter().chain(bad) {
            let length = text.chars().count();
            // The engine counts as we do: only then does it tell of the rest.
            let fits = matches(text) && (8..=99).contains(&length);
            assert_eq!(fits, judged(&text), "{text:?}");
        }
        assert!(good.len() + bad.len() >= 40);
    }

    proptest! {
        #[test]
        fn it_accepts_what_the_seeds_expression_matches(text in ".{0,12}") {
            prop_assert_eq!(checked(&text).is_none(), matches(&text));
        }

        #[test]
        fn what_keeps_the_greater_rule_keeps_the_lesser(text in "[aA1!é ]{0,12}") {
            let keeps = |rule: PasswordRule| rule.check(&text.clone().into()).is_none();
            prop_assert!(PasswordRule::Composed > PasswordRule::Plain);
            prop_assert!(!keeps(PasswordRule::Composed) || keeps(PasswordRule::Plain));
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

    #[test]
    fn a_name_is_read_as_the_rule_that_has_it() {
        for rule in [PasswordRule::Plain, PasswordRule::Composed] {
            assert_eq!(PasswordRule::parse(rule.name()), Some(rule));
        }
        assert_eq!(PasswordRule::parse(""), None);
    }

    #[test]
    fn the_plain_rule_asks_for_a_length_alone() {
        let checked = |text: &str| PasswordRule::Plain.check(&text.to_owned().into());
        assert_eq!(checked("a b c d e"), None);
        assert_eq!(checked("1234567"), Some(Broken::TooShort { min: 8 }));
        assert_eq!(checked(&"x".repeat(999)), None);
    }
}
