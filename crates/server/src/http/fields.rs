//! Reading the fields of a body, one by one, each with its type; what is wrong is collected
//! and not thrown, so that one answer names all of it.

use directory::users::Change;
use directory::violation::{Expected, Path, Rule, Violations};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// 0001-01-01T00:00:00Z in seconds: not every storage engine knows years before.
pub const FIRST_SECOND: i64 = -62_135_596_800;

/// How strictly values are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading {
    /// Booleans and numbers may come as texts (`"1"`, `"true"`, `"4.5"`), as forms send them;
    /// and a boolean as the number 1 or 0.
    pub texts_as_values: bool,
    /// Text fields that take a JSON number too, as its digits.
    pub numbers_as_text: &'static [&'static str],
    /// An empty text is as if the field were null.
    pub empty_is_null: bool,
}

/// An object being read.
pub struct Fields<'a, 'v> {
    map: &'a Map<String, Value>,
    path: Path,
    reading: Reading,
    violations: &'v mut Violations,
}

impl<'a, 'v> Fields<'a, 'v> {
    /// Reads an object that stands at `path` of the resource.
    pub fn new(
        map: &'a Map<String, Value>,
        path: Path,
        reading: Reading,
        violations: &'v mut Violations,
    ) -> Self {
        Self {
            map,
            path,
            reading,
            violations,
        }
    }

    /// Adds a violation at a field.
    pub fn refuse(&mut self, field: &str, rule: Rule) {
        self.violations.add(self.path.child(field), rule);
    }

    /// Adds a violation at a place inside a field.
    pub fn refuse_at(&mut self, path: Path, rule: Rule) {
        self.violations.add(path, rule);
    }

    /// Refuses every field that is not named here.
    pub fn only(&mut self, known: &[&str]) {
        for field in self
            .map
            .keys()
            .filter(|field| !known.contains(&field.as_str()))
        {
            let shown: String = field.chars().take(100).collect();
            self.violations
                .add(self.path.child(shown), Rule::UnknownField);
        }
    }

    /// Whether the field came at all.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.map.contains_key(field)
    }

    fn given(&self, field: &str) -> Change<&'a Value> {
        match self.map.get(field) {
            None => Change::Keep,
            Some(Value::Null) => Change::Clear,
            Some(Value::String(text)) if text.is_empty() && self.reading.empty_is_null => {
                Change::Clear
            }
            Some(value) => Change::Set(value),
        }
    }

    /// Reads a field; `read` answers nothing for a value of another type.
    fn typed<T>(
        &mut self,
        field: &str,
        expected: Expected,
        read: impl FnOnce(&'a Value, Reading) -> Option<T>,
    ) -> Change<T> {
        match self.given(field) {
            Change::Keep => Change::Keep,
            Change::Clear => Change::Clear,
            Change::Set(value) => match read(value, self.reading) {
                Some(read) => Change::Set(read),
                None => {
                    self.refuse(field, Rule::WrongType { expected });
                    Change::Keep
                }
            },
        }
    }

    /// A text.
    pub fn text(&mut self, field: &str) -> Change<String> {
        let number = self.reading.numbers_as_text.contains(&field);
        self.typed(field, Expected::Text, |value, _| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(digits) if number => Some(digits.to_string()),
            Value::Number(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        })
    }

    /// A boolean.
    pub fn boolean(&mut self, field: &str) -> Change<bool> {
        self.typed(field, Expected::Boolean, |value, reading| match value {
            Value::Bool(value) => Some(*value),
            Value::String(text) if reading.texts_as_values => boolean_text(text),
            Value::Number(number) if reading.texts_as_values => boolean_text(&number.to_string()),
            Value::String(_)
            | Value::Number(_)
            | Value::Null
            | Value::Array(_)
            | Value::Object(_) => None,
        })
    }

    /// A whole number.
    pub fn integer(&mut self, field: &str) -> Change<i64> {
        self.typed(field, Expected::Integer, integer)
    }

    /// A number.
    pub fn number(&mut self, field: &str) -> Change<f64> {
        self.typed(field, Expected::Number, |value, reading| match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) if reading.texts_as_values => decimal(text),
            Value::String(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        })
    }

    /// A date-time in a year from 1 on, in the forms that `parse` reads.
    pub fn time(
        &mut self,
        field: &str,
        parse: impl FnOnce(&str) -> Option<Timestamp>,
    ) -> Change<Timestamp> {
        self.typed(field, Expected::DateTime, |value, _| {
            value
                .as_str()
                .and_then(parse)
                .filter(|at| at.as_second() >= FIRST_SECOND)
                .map(directory::clock::to_millisecond)
        })
    }

    /// One of the values that `parse` knows; a text that it does not know is not included.
    pub fn choice<T>(&mut self, field: &str, parse: impl FnOnce(&str) -> Option<T>) -> Change<T> {
        match self.text(field) {
            Change::Keep => Change::Keep,
            Change::Clear => Change::Clear,
            Change::Set(text) => match parse(&text) {
                Some(value) => Change::Set(value),
                None => {
                    let value = text.chars().take(100).collect();
                    self.refuse(field, Rule::NotIncluded { value });
                    Change::Keep
                }
            },
        }
    }

    /// A value of the domain made from a text; its rule is told at the field.
    pub fn parsed<T>(
        &mut self,
        field: &str,
        parse: impl FnOnce(&str) -> Result<T, Rule>,
    ) -> Change<T> {
        match self.text(field) {
            Change::Keep => Change::Keep,
            Change::Clear => Change::Clear,
            Change::Set(text) => match parse(&text) {
                Ok(value) => Change::Set(value),
                Err(rule) => {
                    self.refuse(field, rule);
                    Change::Keep
                }
            },
        }
    }

    /// An object.
    pub fn object(&mut self, field: &str) -> Change<&'a Map<String, Value>> {
        self.typed(field, Expected::Object, |value, _| value.as_object())
    }

    /// A list.
    pub fn list(&mut self, field: &str) -> Change<&'a Vec<Value>> {
        self.typed(field, Expected::List, |value, _| value.as_array())
    }
}

fn boolean_text(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A whole number of 64 bits: a JSON integer, or its digits where texts count.
#[must_use]
pub fn integer(value: &Value, reading: Reading) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) if reading.texts_as_values => integer_text(text),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// The digits of a whole number, with at most a minus before them.
#[must_use]
pub fn integer_text(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

fn decimal(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    text.parse()
        .ok()
        .filter(|number: &f64| plain && number.is_finite())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with<T>(
        value: Value,
        reading: Reading,
        read: impl FnOnce(&mut Fields<'_, '_>) -> T,
    ) -> (T, Vec<Rule>) {
        let map = value.as_object().unwrap();
        let mut violations = Violations::new();
        let result = read(&mut Fields::new(
            map,
            Path::default(),
            reading,
            &mut violations,
        ));
        (
            result,
            violations.iter().map(|each| each.rule.clone()).collect(),
        )
    }

    const FORM: Reading = Reading {
        texts_as_values: true,
        numbers_as_text: &["zip"],
        empty_is_null: true,
    };

    #[test]
    fn a_strict_reader_takes_json_types_alone() {
        let strict = Reading::default();
        for value in [
            json!("1"),
            json!(1.5),
            json!(true),
            json!([]),
            json!(9.3e18),
        ] {
            let (read, rules) = with(json!({ "n": value }), strict, |fields| fields.integer("n"));
            assert_eq!(read, Change::Keep, "{value}");
            assert_eq!(
                rules,
                [Rule::WrongType {
                    expected: Expected::Integer
                }]
            );
        }
        let (read, rules) = with(json!({"b": "true"}), strict, |fields| fields.boolean("b"));
        assert_eq!((read, rules.len()), (Change::Keep, 1));
        let (read, _) = with(json!({"t": ""}), strict, |fields| fields.text("t"));
        assert_eq!(read, Change::Set(String::new()));
    }

    #[test]
    fn a_form_reader_takes_texts_for_values() {
        let (read, rules) = with(json!({"n": "-7", "b": 1, "z": 94103}), FORM, |fields| {
            (fields.integer("n"), fields.boolean("b"), fields.text("z"))
        });
        assert_eq!(read, (Change::Set(-7), Change::Set(true), Change::Keep));
        assert_eq!(
            rules,
            [Rule::WrongType {
                expected: Expected::Text
            }]
        );
        let (zip, _) = with(json!({"zip": 94103}), FORM, |fields| fields.text("zip"));
        assert_eq!(zip, Change::Set("94103".to_owned()));
        for bad in [
            "1e3",
            "+1",
            " 1",
            "1 ",
            "",
            "NaN",
            "inf",
            "9223372036854775808",
        ] {
            let (read, _) = with(json!({ "n": bad }), FORM, |fields| fields.integer("n"));
            assert!(matches!(read, Change::Keep | Change::Clear), "{bad}");
        }
    }

    #[test]
    fn unknown_fields_are_named() {
        let map = json!({"a": 1, "b": 2});
        let mut violations = Violations::new();
        let object = map.as_object().unwrap();
        Fields::new(object, Path::field("user"), FORM, &mut violations).only(&["a"]);
        let all: Vec<_> = violations.iter().map(|each| each.path.pointer()).collect();
        assert_eq!(all, ["/user/b"]);
    }
}
