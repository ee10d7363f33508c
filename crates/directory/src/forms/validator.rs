//! What a form can demand of a field.

use std::borrow::Cow;

use serde_json::Value;

use crate::model::Email;
use crate::violation::Rule;

/// Something that must hold of a field, and the words of the form's author for when it does
/// not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validator {
    /// What must hold.
    pub check: Check,
    /// The author's words; without any, each API has its own.
    pub message: Option<Cow<'static, str>>,
}

/// What must hold of a field. An absent value breaks none but `Presence`; an empty text is a
/// value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// There is a value, and more in it than white space.
    Presence,
    /// No other has it. Decided when it is written, never here.
    Uniqueness,
    /// It is an email address; a blank one is left to `Presence`.
    EmailFormat,
    /// Its length, in characters.
    Length {
        /// At least.
        minimum: Option<usize>,
        /// At most.
        maximum: Option<usize>,
    },
}

impl Validator {
    /// A validator without words of its own.
    #[must_use]
    pub const fn new(check: Check) -> Self {
        Self {
            check,
            message: None,
        }
    }

    /// The same with its author's words.
    #[must_use]
    pub fn worded(mut self, words: impl Into<Cow<'static, str>>) -> Self {
        self.message = Some(words.into());
        self
    }
}

impl Check {
    /// The rule that a value breaks, if it does; values are of their field's type by then.
    pub(super) fn broken_by(&self, value: Option<&Value>) -> Option<Rule> {
        let text = value.and_then(Value::as_str);
        let blank = value.is_none() || text.is_some_and(|text| text.trim().is_empty());
        match self {
            Self::Presence => blank.then_some(Rule::Blank),
            Self::Uniqueness => None,
            Self::EmailFormat if blank => None,
            Self::EmailFormat => Email::parse(text?).err(),
            Self::Length { minimum, maximum } => {
                let length = text?.chars().count();
                let short = minimum.filter(|min| length < *min);
                let long = maximum.filter(|max| length > *max);
                short
                    .map(|min| Rule::TooShort { min })
                    .or(long.map(|max| Rule::TooLong { max }))
            }
        }
    }
}
