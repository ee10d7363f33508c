//! Patterns of `format`: found anywhere in a text, in a time that is linear in its length.
//!
//! As in Rails, `\d`, `\w` and `\s` stand for ASCII; as nowhere else, `^` and `$` are the ends of
//! the whole text, never of a line.

use regex::{Regex, RegexBuilder};

/// Most characters of a pattern.
pub(super) const MAX_PATTERN: usize = 1_000;
/// Most bytes that a compiled pattern takes.
const COMPILED: usize = 256 * 1024;
/// Most bytes that searching takes beside.
const SEARCHING: usize = 1024 * 1024;

/// A pattern, compiled.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
    portable: Option<String>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// In words: what is wrong with it, or that it is too large.
    pub fn compile(source: &str) -> Result<Self, String> {
        if source.chars().count() > MAX_PATTERN {
            return Err(format!("is longer than {MAX_PATTERN} characters"));
        }
        if source.contains('\0') {
            return Err("holds a NUL".to_owned());
        }
        let read = Reader::of(source);
        let regex = RegexBuilder::new(&read.regex)
            .size_limit(COMPILED)
            .dfa_size_limit(SEARCHING)
            .nest_limit(50)
            .build()
            .map_err(|cause| told(&cause))?;
        Ok(Self {
            source: source.to_owned(),
            regex,
            portable: (!read.lost).then_some(read.portable),
        })
    }

    /// Whether it is found in a text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The same in the words of ECMAScript, as JSON Schema and browsers read it; none where it
    /// says what they might read otherwise.
    #[must_use]
    pub fn portable(&self) -> Option<&str> {
        self.portable.as_deref()
    }
}

fn told(cause: &regex::Error) -> String {
    if matches!(cause, regex::Error::CompiledTooBig(_)) {
        return "is too large once it is compiled".to_owned();
    }
    // The last line says what it is; those before show the pattern.
    let text = cause.to_string();
    let last = text.lines().last().unwrap_or_default();
    let last = last.trim().trim_start_matches("error: ");
    format!("is no pattern: {last}")
}

/// What `\d`, `\w` and `\s` stand for, inside brackets.
fn class(letter: char) -> Option<&'static str> {
    match letter {
        'd' => Some("0-9"),
        'w' => Some("0-9A-Za-z_"),
        's' => Some(r"\t\n\x0B\x0C\r "),
        _ => None,
    }
}

/// A pattern for the `regex` crate, and the same for others.
#[derive(Default)]
struct Reader {
    regex: String,
    portable: String,
    /// Whether others may read it otherwise.
    lost: bool,
}

impl Reader {
    fn of(source: &str) -> Self {
        let mut read = Self::default();
        let mut letters = source.chars().peekable();
        let (mut inside, mut starts, mut before) = (false, false, None);
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => match letters.next() {
                    Some(escaped) => read.escape(escaped, inside),
                    None => read.own("\\"),
                },
                // A class inside a class, or `[:alpha:]`.
                '[' if inside => read.own("["),
                '[' | ']' => {
                    inside = letter == '[';
                    read.both(letter.encode_utf8(&mut [0; 4]));
                }
                '&' | '~' | '-' if inside && letters.peek() == Some(&letter) => {
                    read.own(letter.encode_utf8(&mut [0; 4]));
                }
                // What browsers have escaped between brackets, and all may.
                '(' | ')' | '{' | '}' | '/' | '|' if inside => read.both(&format!("\\{letter}")),
                '-' if inside && (letters.peek() == Some(&']') || starts) => {
                    read.both(r"\-");
                }
                // Everything but a line feed: others leave out other ends of lines too.
                '.' if !inside => {
                    read.regex.push('.');
                    read.portable.push_str(r"[^\n]");
                }
                // A repetition of a repetition.
                '*' | '+' if matches!(before, Some('*' | '+' | '?' | '}')) => {
                    read.own(letter.encode_utf8(&mut [0; 4]));
                }
                // Flags and named groups.
                '?' if before == Some('(') && letters.peek() != Some(&':') => read.own("?"),
                other => read.both(other.encode_utf8(&mut [0; 4])),
            }
            // Behind `[` and `[^`, a hyphen is one.
            starts = inside && (letter == '[' || starts && letter == '^');
            before = Some(letter);
        }
        read
    }

    /// What all read alike.
    fn both(&mut self, text: &str) {
        self.regex.push_str(text);
        self.portable.push_str(text);
    }

    /// What only the `regex` crate reads so.
    fn own(&mut self, text: &str) {
        self.regex.push_str(text);
        self.lost = true;
    }

    fn escape(&mut self, escaped: char, inside: bool) {
        let negated = class(escaped.to_ascii_lowercase());
        match (class(escaped), negated, escaped) {
            (Some(class), _, _) if inside => self.both(class),
            (Some(class), _, _) => self.both(&format!("[{class}]")),
            (None, Some(class), _) if inside => self.own(&format!("[^{class}]")),
            (None, Some(class), _) => self.both(&format!("[^{class}]")),
            (None, None, 'A') if !inside => self.both("^"),
            (None, None, 'z') if !inside => self.both("$"),
            (None, None, 't' | 'n' | 'r' | 'f' | 'v') => self.both(&format!("\\{escaped}")),
            (None, None, sign) if r"^$\.*+?()[]{}|/-".contains(sign) => {
                self.both(&format!("\\{sign}"));
            }
            (None, None, other) => self.own(&format!("\\{other}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_found_anywhere_and_its_ends_are_the_texts() {
        let found = |pattern: &str, text: &str| Pattern::compile(pattern).unwrap().is_match(text);
        assert!(found("b", "abc") && !found("^b", "abc"));
        assert!(found(r"\A\d{5}\z", "90210") && !found(r"\A\d{5}\z", "90210\n"));
        assert!(!found("^b$", "a\nb\nc"));
        assert!(found(r"^[\w.-]+$", "a-b.c_1") && !found(r"^\w+$", "é"));
        assert!(!found(r"^\d$", "٣") && found(r"^\D$", "٣") && found(r"^[^\d]$", "x"));
        assert!(found(r"(?i)^abc$", "ABC") && found(r"^\p{L}+$", "é"));
        assert!(found(r"^a.c$", "abc") && !found(r"^a.c$", "a\nc"));
        assert!(found(r"^\/x\-y$", "/x-y"));
    }

    #[test]
    fn what_others_read_alike_is_said_in_their_words() {
        for (pattern, portable) in [
            (r"\A\d{5}(-\d{4})?\z", Some("^[0-9]{5}(-[0-9]{4})?$")),
            (r"^[a-z][\w-]*$", Some(r"^[a-z][0-9A-Za-z_\-]*$")),
            (r"^[-a(/|)]+$", Some(r"^[\-a\(\/\|\)]+$")),
            (r"[^-a][a^-z]", Some(r"[^\-a][a^-z]")),
            (r"^(?:a|b)\.c$", Some(r"^(?:a|b)\.c$")),
            (r"^a.c$", Some(r"^a[^\n]c$")),
            (r"(?i)abc", None),
            (r"^\p{L}+$", None),
            (r"\bword\b", None),
            (r"[[:alpha:]]", None),
            (r"[a-z&&[^x]]", None),
            (r"[\D]", None),
            (r"a**", None),
        ] {
            let compiled = Pattern::compile(pattern).unwrap();
            assert_eq!(compiled.portable(), portable, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_or_too_large_is_refused() {
        let huge = "x".repeat(MAX_PATTERN + 1);
        for pattern in [
            "(",
            "[a",
            r"\",
            r"(a)\1",
            "(?=a)",
            "a{1000}{1000}",
            r"\p{L}{1000}",
            "((((a{100}){100}){100}){100}){100}",
            "a\0",
            &huge,
        ] {
            let refused = Pattern::compile(pattern).unwrap_err();
            assert!(!refused.contains('\n'), "{refused}");
        }
    }

    #[test]
    fn a_pattern_that_others_would_die_of_takes_linear_time() {
        let pattern = Pattern::compile("^(a+)+$").unwrap();
        let text = format!("{}!", "a".repeat(10_000));
        assert!(!pattern.is_match(&text));
    }
}
