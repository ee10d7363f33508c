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

/// What stands before a letter outside of brackets: what a repetition would repeat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing, or what has no length: others repeat neither.
    Nothing,
    /// What can be repeated.
    Item,
    /// A repetition, which can be made lazy.
    Repeated,
    /// A lazy repetition.
    Lazy,
}

/// What stands before a letter between brackets: what a hyphen would be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Member {
    /// Nothing, a class, or a whole range: a hyphen is one.
    Whole,
    /// A letter, from which a range may begin.
    Letter,
    /// The hyphen of a range.
    Hyphen,
}

/// A pattern for the `regex` crate, and the same for others.
struct Reader {
    regex: String,
    portable: String,
    /// Whether others may read it otherwise.
    lost: bool,
    before: Before,
    member: Member,
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

impl Reader {
    fn of(source: &str) -> Self {
        let mut read = Self {
            regex: String::new(),
            portable: String::new(),
            lost: false,
            before: Before::Nothing,
            member: Member::Whole,
        };
        let mut letters = source.chars().peekable();
        let mut inside = false;
        while let Some(letter) = letters.next() {
            if inside {
                inside = read.member(letter, &mut letters);
            } else {
                inside = letter == '[';
                read.item(letter, &mut letters);
            }
        }
        read
    }

    /// A letter outside of brackets.
    fn item(&mut self, letter: char, letters: &mut Letters<'_>) {
        let next = letters.peek().copied();
        let mut before = Before::Item;
        match letter {
            '\\' => {
                before = match letters.next() {
                    Some(escaped) => self.escape(escaped, false),
                    None => self.own("\\"),
                };
            }
            '[' => {
                self.both("[");
                self.member = Member::Whole;
                if next == Some('^') {
                    letters.next();
                    self.both("^");
                }
                // Others read an empty class where this is a bracket.
                if letters.peek() == Some(&']') {
                    letters.next();
                    self.own("]");
                }
            }
            // Everything but a line feed: others leave out other ends of lines too.
            '.' => {
                self.regex.push('.');
                self.portable.push_str(r"[^\n]");
            }
            '*' | '+' | '{' => {
                let plain = letter != '{' || is_count(letters.clone());
                before = self.repeat(letter, plain && self.before == Before::Item);
                if letter == '{' {
                    self.count(letters);
                }
            }
            '?' => {
                let lazy = self.before == Before::Repeated;
                before = self.repeat('?', lazy || self.before == Before::Item);
                if lazy {
                    before = Before::Lazy;
                }
            }
            '(' => {
                before = Before::Nothing;
                self.both("(");
                if next == Some('?') {
                    letters.next();
                    // Others know other flags, and name groups otherwise.
                    self.lost |= letters.peek() != Some(&':');
                    self.both("?");
                    if letters.peek() == Some(&':') {
                        letters.next();
                        self.both(":");
                    }
                }
            }
            '|' | '^' | '$' => {
                before = Before::Nothing;
                self.both(letter.encode_utf8(&mut [0; 4]));
            }
            ']' | '}' => before = self.own(letter.encode_utf8(&mut [0; 4])),
            other => self.both(other.encode_utf8(&mut [0; 4])),
        }
        self.before = before;
    }

    /// A repetition; `plain` where others take it too.
    fn repeat(&mut self, letter: char, plain: bool) -> Before {
        self.lost |= !plain;
        self.both(letter.encode_utf8(&mut [0; 4]));
        Before::Repeated
    }

    /// The rest of a repetition behind its `{`.
    fn count(&mut self, letters: &mut Letters<'_>) {
        for letter in letters.by_ref() {
            self.both(letter.encode_utf8(&mut [0; 4]));
            if letter == '}' {
                return;
            }
        }
    }

    /// A letter between brackets; answers whether the next is between them too.
    fn member(&mut self, letter: char, letters: &mut Letters<'_>) -> bool {
        let next = letters.peek().copied();
        let ended = self.member == Member::Hyphen;
        let mut member = if ended { Member::Whole } else { Member::Letter };
        match letter {
            ']' => {
                self.both("]");
                return false;
            }
            '\\' => match letters.next() {
                Some(escaped) => {
                    if class(escaped.to_ascii_lowercase()).is_some() {
                        member = Member::Whole;
                    }
                    self.escape(escaped, true);
                }
                None => drop(self.own("\\")),
            },
            // A class inside a class, or `[:alpha:]`.
            '[' => drop(self.own("[")),
            // Of two, some are set operations to this crate, and all are kept for such by others.
            sign if next == Some(sign) && DOUBLED.contains(sign) => {
                self.own(sign.encode_utf8(&mut [0; 4]));
            }
            '-' if self.member == Member::Letter && next != Some(']') => {
                self.both("-");
                member = Member::Hyphen;
            }
            // What browsers have escaped between brackets, and all may.
            '(' | ')' | '{' | '}' | '/' | '|' | '-' => self.both(&format!("\\{letter}")),
            other => self.both(other.encode_utf8(&mut [0; 4])),
        }
        self.member = member;
        true
    }

    /// What all read alike.
    fn both(&mut self, text: &str) {
        self.regex.push_str(text);
        self.portable.push_str(text);
    }

    /// What only the `regex` crate reads so.
    fn own(&mut self, text: &str) -> Before {
        self.regex.push_str(text);
        self.lost = true;
        Before::Item
    }

    fn escape(&mut self, escaped: char, inside: bool) -> Before {
        let negated = class(escaped.to_ascii_lowercase());
        match (class(escaped), negated, escaped) {
            (Some(class), _, _) if inside => self.both(class),
            (Some(class), _, _) => self.both(&format!("[{class}]")),
            (None, Some(class), _) if inside => return self.own(&format!("[^{class}]")),
            (None, Some(class), _) => self.both(&format!("[^{class}]")),
            (None, None, 'A' | 'z') if !inside => {
                self.both(if escaped == 'A' { "^" } else { "$" });
                return Before::Nothing;
            }
            (None, None, 't' | 'n' | 'r' | 'f' | 'v') => self.both(&format!("\\{escaped}")),
            // Outside of brackets it is no sign that may be escaped.
            (None, None, '-') if !inside => self.both("-"),
            (None, None, sign) if r"^$\.*+?()[]{}|/-".contains(sign) => {
                self.both(&format!("\\{sign}"));
            }
            (None, None, other) => return self.own(&format!("\\{other}")),
        }
        Before::Item
    }
}

/// Signs that mean something to others between brackets where two of them stand together.
const DOUBLED: &str = "&!#$%*+,.:;<=>?@^`~-";

/// Whether a repetition is counted in a way that all know: `{2}`, `{2,}`, `{2,3}`.
fn is_count(letters: Letters<'_>) -> bool {
    let inside: String = letters.take_while(|letter| *letter != '}').collect();
    let (least, most) = inside.split_once(',').unwrap_or((&inside, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
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
            (r"a\-b", Some("a-b")),
            (r"a+?b{2,}?", Some("a+?b{2,}?")),
            (r"[a-c-e]", Some(r"[a-c\-e]")),
            (r"[\w-z]", Some(r"[0-9A-Za-z_\-z]")),
            (r"[0-9]{2}{3}", None),
            (r"a???", None),
            (r"^*a", None),
            (r"(?:^)*a", Some("(?:^)*a")),
            ("a}", None),
            ("a]", None),
            ("[]a]", None),
            ("[^]a]", None),
            ("[@@]", None),
            ("[..]", None),
            ("[,,]", None),
        ] {
            let compiled = Pattern::compile(pattern).unwrap();
            assert_eq!(compiled.portable(), portable, "{pattern}");
        }
    }

    /// Patterns, and texts that they are held to.
    const PORTED: [(&str, &[&str]); 28] = [
        (
            r"\A\d{5}(-\d{4})?\z",
            &["90210", "90210-1234", "9021", "90210\n"],
        ),
        (r"^[a-z][\w-]*$", &["a", "a-b_c", "-a", "a b", "é"]),
        (r"^[-a(/|)]+$", &["-a(/|)", "b"]),
        (r"[^-a][a^-z]", &["b^", "-a", "ba", "b_"]),
        (r"^(?:a|b)\.c$", &["a.c", "abc"]),
        (
            "^a.c$",
            &["abc", "a\nc", "a\rc", "a\u{2028}c", "a\u{1f600}c"],
        ),
        (r"a\-b", &["a-b", "ab"]),
        (r"^\/x\-y$", &["/x-y", "x-y"]),
        (r"a+?b{2,}?", &["aabb", "ab"]),
        (r"^[a-c-e]+$", &["b-e", "d"]),
        (r"^[\w-z]+$", &["a-z", "!"]),
        (r"^[a\-z]+$", &["a-z", "b"]),
        (r"^[\[\]{}]+$", &["[]{}", "a"]),
        (r"^[.,@!#]+$", &[".,@!#", "a"]),
        (r"^\S+\s\D\W$", &["ab x!", "ab 1!", "ab xy"]),
        (r"^\s+$", &[" \t\n\u{b}\u{c}\r", "\u{a0}", "\u{feff}"]),
        (r"^\$\^\.\*\+\?\(\)\[\]\{\}\|\\$", &["$^.*+?()[]{}|\\", "$"]),
        (r"^a{2}$", &["aa", "aaa"]),
        (r"^a{2,3}$", &["aaa", "aaaa"]),
        (r"^(a|)b$", &["b", "ab", "c"]),
        (r"^\t\n\r\f\v$", &["\t\n\r\u{c}\u{b}", "t"]),
        (r"^[\t\n]$", &["\t", "t"]),
        (r"(?:^)*a", &["a", "b"]),
        (r"^#&'~`<>=:;%!,@-$", &["#&'~`<>=:;%!,@-", "a"]),
        (r"^[#&'~`<>=:;%!]$", &["#", "%", "a"]),
        (r"^[é-ü]$", &["ö", "o"]),
        (r"^[^a]$", &["\u{1f600}", "a", "\n"]),
        (r"^[a-z-]+$", &["a-b", "A"]),
    ];

    /// Browsers compile a pattern with `v`, and readers of a JSON Schema with `u`. Takes part when
    /// `MUSTER_TEST_RECEIVERS` is set, as `scripts/test` does.
    #[test]
    fn what_is_said_in_the_words_of_others_means_the_same_to_them() {
        if std::env::var_os("MUSTER_TEST_RECEIVERS").is_none_or(|value| value.is_empty()) {
            // Past the capture of a passing test's output: this is to be read.
            let told = b"\nLEFT OUT: patterns in Node, because MUSTER_TEST_RECEIVERS is not set\n";
            std::io::Write::write_all(&mut std::io::stderr(), told).unwrap();
            return;
        }
        let mut cases = Vec::new();
        for (source, texts) in PORTED {
            let pattern = Pattern::compile(source).unwrap();
            let portable = pattern.portable().unwrap_or_else(|| panic!("{source}"));
            let found: Vec<bool> = texts.iter().map(|text| pattern.is_match(text)).collect();
            cases.push(serde_json::json!([portable, texts, found]));
        }
        let script = "for (const [source, texts, found] of JSON.parse(process.argv[1]))
            for (const flag of ['u', 'v'])
                texts.forEach((text, at) => {
                    if (new RegExp(source, flag).test(text) !== found[at])
                        throw new Error(JSON.stringify([source, flag, text]));
                });";
        let cases = serde_json::Value::from(cases).to_string();
        let node = std::process::Command::new("node")
            .args(["-e", script, &cases])
            .output();
        let ended = node.unwrap();
        assert!(
            ended.status.success(),
            "{}",
            String::from_utf8_lossy(&ended.stderr)
        );
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
