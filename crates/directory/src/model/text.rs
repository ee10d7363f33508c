//! Rules that every kept text obeys, and how texts are compared without regard to case.

use unicode_normalization::UnicodeNormalization as _;

use crate::violation::Rule;

/// Longest text that a field without a limit of its own keeps, in characters.
pub const MAX_TEXT: usize = 1_000;

/// Checks what holds for every text: at most `max` characters, and no NUL (PostgreSQL
/// cannot store one, and nothing means it).
#[must_use]
pub fn check_text(text: &str, max: usize) -> Option<Rule> {
    if text.contains('\0') {
        return Some(Rule::BadFormat);
    }
    (text.len() > max && text.chars().count() > max).then_some(Rule::TooLong { max })
}

/// The form in which names are compared without regard to case: NFKC, lower case.
/// Done here and not in SQL, because the engines' `lower()` differ.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// Whether a name is made of letters of any script with their combining marks, digits,
/// `-` and `.` only, and of at least one of them (seed 001, `first_name`).
#[must_use]
pub fn is_name_token(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| {
            (c.is_alphanumeric() && !is_enclosed(c))
                || matches!(c, '-' | '.')
                || unicode_normalization::char::is_combining_mark(c)
        })
}

/// A letter in a circle or a square: alphabetic by Unicode, and a symbol (So), no letter.
fn is_enclosed(c: char) -> bool {
    matches!(
        c,
        '\u{24b6}'..='\u{24e9}'
            | '\u{1f130}'..='\u{1f149}'
            | '\u{1f150}'..='\u{1f169}'
            | '\u{1f170}'..='\u{1f189}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_token_takes_letters_of_any_script_and_no_space() {
        for good in [
            "Ada",
            "Jean-Luc",
            "J.R.",
            "Łukasz",
            "李",
            "अनिल",
            "e\u{301}va",
            "R2",
        ] {
            assert!(is_name_token(good), "{good}");
        }
        for bad in [
            "",
            "Ada Lovelace",
            "O'Neil",
            "<b>",
            "a_b",
            "a\0",
            "Ⓐda",
            "🅰da",
        ] {
            assert!(!is_name_token(bad), "{bad}");
        }
    }

    #[test]
    fn folding_joins_what_differs_in_case_or_width() {
        assert_eq!(fold("ADA"), "ada");
        assert_eq!(fold("ÉVA"), fold("e\u{301}va"));
        assert_eq!(fold("Ａda"), "ada");
    }

    #[test]
    fn a_text_is_bounded_in_characters_not_bytes() {
        assert_eq!(check_text("ééé", 3), None);
        assert_eq!(check_text("éééé", 3), Some(Rule::TooLong { max: 3 }));
        assert_eq!(check_text("a\0", 3), Some(Rule::BadFormat));
    }
}
