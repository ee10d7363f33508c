//! What can be wrong with a value, as data: where, and which rule it breaks.
//!
//! A dialect turns each into its vendor's words; nothing here is shown to a client as it is.

use std::fmt;

/// A rule that a value broke. Lengths are in characters (Unicode scalar values).
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// A value is required and none, or an empty one, came.
    Blank,
    /// The value is already used by another, and must be unique.
    Taken,
    /// Shorter than `min`.
    TooShort {
        /// Least number of characters.
        min: usize,
    },
    /// Longer than `max`.
    TooLong {
        /// Greatest number of characters (or items of a list).
        max: usize,
    },
    /// The text does not have the form that its field needs.
    BadFormat,
    /// The value is of another type than its field takes.
    WrongType {
        /// What it should have been.
        expected: Expected,
    },
    /// The value is none of those allowed.
    NotIncluded {
        /// The refused value as it came, cut to 100 characters.
        value: String,
    },
    /// The value differs from the one that it must repeat.
    Mismatch {
        /// The field it must equal.
        with: &'static str,
    },
    /// The value names a thing that does not exist, or that the caller may not see.
    MustExist,
    /// A number outside its range.
    OutOfRange {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// What only forms ask for.
    Form(FormRule),
    /// A password that is easily guessed or commonly used.
    Guessable,
    /// A time to come, of something that was.
    InFuture,
    /// The field cannot be changed, or not by this call.
    Immutable,
    /// The field is not one that the resource has.
    UnknownField,
}

/// A rule that only forms ask for.
#[derive(Debug, Clone, PartialEq)]
pub enum FormRule {
    /// What must repeat a form's field differs from it.
    Unrepeated {
        /// The field.
        field: String,
    },
    /// What must be a number is none.
    NotANumber,
    /// A number that must be whole is not.
    NotAnInteger,
    /// A number that compares otherwise than it must.
    Compared {
        /// How it must compare …
        comparison: Comparison,
        /// … with what.
        count: f64,
    },
    /// A number that must be odd or even is not.
    Parity {
        /// Whether it must be odd.
        odd: bool,
    },
    /// Not as long as it must be.
    WrongLength {
        /// The number of characters (or items of a list).
        is: usize,
    },
    /// The value is one of those that nobody may have.
    Reserved,
    /// The text names no date.
    NotADate {
        /// Whether a time belongs to it.
        time: bool,
    },
}

/// How a number must compare with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are what they are called")]
pub enum Comparison {
    GreaterThan,
    GreaterThanOrEqualTo,
    EqualTo,
    LessThan,
    LessThanOrEqualTo,
    OtherThan,
}

impl Comparison {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::GreaterThan,
        Self::GreaterThanOrEqualTo,
        Self::EqualTo,
        Self::LessThan,
        Self::LessThanOrEqualTo,
        Self::OtherThan,
    ];

    /// Its name: `greater_than`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GreaterThan => "greater_than",
            Self::GreaterThanOrEqualTo => "greater_than_or_equal_to",
            Self::EqualTo => "equal_to",
            Self::LessThan => "less_than",
            Self::LessThanOrEqualTo => "less_than_or_equal_to",
            Self::OtherThan => "other_than",
        }
    }

    /// Whether a number compares so with another.
    #[must_use]
    pub fn holds(self, number: f64, with: f64) -> bool {
        match self {
            Self::GreaterThan => number > with,
            Self::GreaterThanOrEqualTo => number >= with,
            Self::EqualTo => number == with,
            Self::LessThan => number < with,
            Self::LessThanOrEqualTo => number <= with,
            Self::OtherThan => number != with,
        }
    }
}

/// The type a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A number.
    Number,
    /// A boolean.
    Boolean,
    /// A date-time (RFC 3339, or what the dialect takes besides).
    DateTime,
    /// A JSON object.
    Object,
    /// A list.
    List,
    /// A text, a number or a boolean.
    Scalar,
}

impl Expected {
    /// Its name in words, with its article.
    #[must_use]
    pub fn described(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::DateTime => "a date-time",
            Self::Object => "an object",
            Self::List => "a list",
            Self::Scalar => "a string, a number or a boolean",
        }
    }
}

/// Where in a resource a value stands: field names and list indexes, outermost first.
/// The empty path is the resource itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<String>);

impl Path {
    /// The path to a field of the resource itself.
    #[must_use]
    pub fn field(name: impl Into<String>) -> Self {
        Self(vec![name.into()])
    }

    /// The path to something inside what this path names.
    #[must_use]
    pub fn child(&self, name: impl ToString) -> Self {
        let mut segments = self.0.clone();
        segments.push(name.to_string());
        Self(segments)
    }

    /// Its segments, outermost first.
    #[must_use]
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Its outermost segment; empty for the resource itself.
    #[must_use]
    pub fn first(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// The JSON pointer (RFC 6901) to it.
    #[must_use]
    pub fn pointer(&self) -> String {
        self.0.iter().fold(String::new(), |mut pointer, segment| {
            pointer.push('/');
            pointer.push_str(&segment.replace('~', "~0").replace('/', "~1"));
            pointer
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Where.
    pub path: Path,
    /// Which.
    pub rule: Rule,
    /// The words that a form's author chose for it, in place of the dialect's own.
    pub message: Option<String>,
}

/// Violations of one request that are told, at most: each is compared with all those before it,
/// and a form may demand much of each of many items.
pub const MAX_VIOLATIONS: usize = 2_000;

/// The rules that one request broke, in the order found, [`MAX_VIOLATIONS`] at most; a pair of
/// path and rule once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, unless the same is there already.
    pub fn add(&mut self, path: Path, rule: Rule) {
        self.push(Violation {
            path,
            rule,
            message: None,
        });
    }

    /// Adds one at a field of the resource itself.
    pub fn field(&mut self, name: &str, rule: Rule) {
        self.add(Path::field(name), rule);
    }

    /// Adds one, unless the same is there already, or as many as are told.
    pub fn push(&mut self, violation: Violation) {
        if self.0.len() < MAX_VIOLATIONS && !self.0.contains(&violation) {
            self.0.push(violation);
        }
    }

    /// Adds all of another's.
    pub fn extend(&mut self, other: Self) {
        for violation in other.0 {
            self.push(violation);
        }
    }

    /// Whether no rule was broken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something at or below this field broke a rule.
    #[must_use]
    pub fn touches(&self, field: &str) -> bool {
        self.0
            .iter()
            .any(|violation| violation.path.first() == field)
    }

    /// Whether every broken rule is [`Rule::Taken`], and there is at least one.
    #[must_use]
    pub fn only_taken(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|violation| violation.rule == Rule::Taken)
    }

    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }

    /// Each of them, to be told in other words.
    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Violation> {
        self.0.iter_mut()
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_escapes_what_rfc_6901_says() {
        let path = Path::field("a/b").child(0).child("c~d");
        assert_eq!(path.pointer(), "/a~1b/0/c~0d");
        assert_eq!(path.to_string(), "a/b.0.c~d");
    }

    #[test]
    fn the_same_violation_counts_once() {
        let mut violations = Violations::new();
        violations.field("email", Rule::Blank);
        violations.field("email", Rule::Blank);
        violations.field("email", Rule::Taken);
        assert_eq!(violations.iter().count(), 2);
        assert!(!violations.only_taken());
    }

    #[test]
    fn no_more_are_told_than_may_be() {
        let mut violations = Violations::new();
        for index in 0..2 * MAX_VIOLATIONS {
            violations.add(Path::field("boat").child(index), Rule::Blank);
        }
        assert_eq!(violations.iter().count(), MAX_VIOLATIONS);
        let last = violations.iter().last().map(|each| each.path.to_string());
        assert_eq!(last, Some(format!("boat.{}", MAX_VIOLATIONS - 1)));
        let mut all = Violations::new();
        all.field("email", Rule::Blank);
        all.extend(violations);
        assert_eq!(all.iter().count(), MAX_VIOLATIONS);
    }
}
