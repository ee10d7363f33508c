//! What is wrong with a field, in words for the person who filled it in.

use directory::violation::{Comparison, Expected, FormRule, Rule, Violation};

/// A violation: in the words of the form's author, or else in ours.
pub(super) fn worded(violation: &Violation) -> String {
    if let Some(words) = &violation.message {
        return words.clone();
    }
    match &violation.rule {
        Rule::Blank => "Fill this in.".to_owned(),
        Rule::Taken => "This is taken already.".to_owned(),
        Rule::TooShort { min } => format!("Use at least {min} characters."),
        Rule::TooLong { max } => format!("Use at most {max} characters."),
        Rule::Guessable => "This is too easy to guess.".to_owned(),
        Rule::BadFormat => "This does not look right.".to_owned(),
        Rule::WrongType { expected } => match expected {
            Expected::Integer | Expected::Number => "Enter a number.".to_owned(),
            Expected::DateTime => "Enter a date and a time.".to_owned(),
            Expected::Text
            | Expected::Boolean
            | Expected::Object
            | Expected::List
            | Expected::Scalar => "This cannot be used.".to_owned(),
        },
        Rule::NotIncluded { .. } => "Choose one of those that there are.".to_owned(),
        Rule::Form(rule) => worded_of_form(rule),
        Rule::Mismatch { .. }
        | Rule::MustExist
        | Rule::OutOfRange { .. }
        | Rule::InFuture
        | Rule::Immutable
        | Rule::UnknownField => "This cannot be used.".to_owned(),
    }
}

fn worded_of_form(rule: &FormRule) -> String {
    match rule {
        FormRule::Unrepeated { .. } => "The two differ.".to_owned(),
        FormRule::NotANumber => "Enter a number.".to_owned(),
        FormRule::NotAnInteger => "Enter a whole number.".to_owned(),
        FormRule::Compared { comparison, count } => match comparison {
            Comparison::GreaterThan => format!("Enter more than {count}."),
            Comparison::GreaterThanOrEqualTo => format!("Enter {count} or more."),
            Comparison::EqualTo => format!("Enter {count}."),
            Comparison::LessThan => format!("Enter less than {count}."),
            Comparison::LessThanOrEqualTo => format!("Enter {count} or less."),
            Comparison::OtherThan => format!("Enter something else than {count}."),
        },
        FormRule::Parity { odd: true } => "Enter an odd number.".to_owned(),
        FormRule::Parity { odd: false } => "Enter an even number.".to_owned(),
        FormRule::WrongLength { is } => format!("Use exactly {is} characters."),
        FormRule::Reserved => "This cannot be had.".to_owned(),
        FormRule::NotADate { time: false } => "Enter a date.".to_owned(),
        FormRule::NotADate { time: true } => "Enter a date and a time.".to_owned(),
    }
}

/// `company_size` as `Company size`.
pub(super) fn humanized(name: &str) -> String {
    let words = name.replace(['_', '-'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
