//! `application/x-www-form-urlencoded` bodies and query strings with nested names, read as Rack
//! reads them.
//!
//! The rules are those of `Rack::QueryParser#parse_nested_query`, with the differences that
//! [`parse`] lists.

use serde_json::{Map, Value};

use super::limits::{Limits, Unreadable};

/// The longest name of one field, decoded, brackets included.
pub const MAX_NAME_BYTES: usize = 1024;

/// Reads the pairs of a form into an object whose leaves are all strings.
///
/// | written | read |
/// | --- | --- |
/// | `a=1&a=2` | `{"a": "2"}`: the last one counts |
/// | `a` | `{"a": ""}` (Rack: null) |
/// | `a[b]=1`, `a[0][b]=1` | `{"a": {"b": "1"}}`, `{"a": {"0": {"b": "1"}}}` |
/// | `a[]=1&a[]=2` | `{"a": ["1", "2"]}` |
/// | `a[][b]=1&a[][c]=2&a[][b]=3` | `{"a": [{"b": "1", "c": "2"}, {"b": "3"}]}`: a new element starts where the last one has the key |
///
/// `&` alone separates pairs. Names are decoded before their brackets are read, so `%5B` is a
/// bracket. Empty pairs and pairs without a name (`=1`) are passed over, as in Rack. Below a `[]`
/// that is followed by another `[]` further on (`a[][b][]`), no new element starts, as in Rack.
///
/// # Errors
/// [`Unreadable`] for more than `limits.fields` pairs, a name of more than `limits.depth` parts or
/// [`MAX_NAME_BYTES`], a bad `%` escape, what does not decode to UTF-8, and one name in two shapes
/// (`a=1&a[b]=2`, either way round; Rack lets a later scalar win). So are names where Rack guesses:
/// a bracket that opens the name or is not closed, text or `]` outside brackets after the first
/// part, brackets within brackets, `a[][]`.
pub fn parse(text: &[u8], limits: &Limits) -> Result<Map<String, Value>, Unreadable> {
    let pairs = || text.split(|byte| *byte == b'&').filter(|p| !p.is_empty());
    if pairs().count() > limits.fields {
        return Err(Unreadable::new("the form has too many fields"));
    }
    // All names are judged before anything is built from the first.
    let mut fields = Vec::new();
    for pair in pairs() {
        fields.extend(Field::read(pair, limits)?);
    }
    let mut form = Map::new();
    for field in fields {
        insert(&mut form, field.name, &field.steps, field.value)?;
    }
    Ok(form)
}

/// One pair, decoded: `name[key][]=value`.
struct Field {
    name: String,
    steps: Vec<Step>,
    value: String,
}

/// One bracketed part of a name.
enum Step {
    /// `[key]`
    Key(String),
    /// `[]`
    Append,
}

impl Field {
    /// A pair without a name is none.
    fn read(pair: &[u8], limits: &Limits) -> Result<Option<Self>, Unreadable> {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = decode(halves.next().unwrap_or_default())?;
        let value = decode(halves.next().unwrap_or_default())?;
        if name.is_empty() {
            return Ok(None);
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(Unreadable::new("a field's name is too long"));
        }
        // Counted first, so that a deep name is refused as deep and is never taken apart.
        if name.matches('[').count() >= limits.depth {
            return Err(Unreadable::new("a field is nested too deeply"));
        }
        let (name, steps) = take_apart(&name).ok_or_else(malformed_brackets)?;
        Ok(Some(Self { name, steps, value }))
    }
}

/// The parts of a name, or none where its brackets are malformed.
fn take_apart(name: &str) -> Option<(String, Vec<Step>)> {
    let (first, mut rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    if first.is_empty() || first.contains(']') {
        return None;
    }
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (key, after) = rest.strip_prefix('[')?.split_once(']')?;
        let follows_append = matches!(steps.last(), Some(Step::Append));
        if key.contains('[') || (key.is_empty() && follows_append) {
            return None;
        }
        steps.push(match key {
            "" => Step::Append,
            key => Step::Key(key.to_owned()),
        });
        rest = after;
    }
    Some((first.to_owned(), steps))
}

/// `+` is a space, `%XX` a byte. The `percent-encoding` crate passes a bad escape through, and
/// here it is refused.
fn decode(text: &[u8]) -> Result<String, Unreadable> {
    let mut bytes = text.iter();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex(bytes.next())
                .zip(hex(bytes.next()))
                .map(|(high, low)| high << 4 | low)
                .ok_or_else(|| Unreadable::new("the form has an invalid % escape"))?,
            other => *other,
        });
    }
    String::from_utf8(decoded).map_err(|_| Unreadable::new("the form is not UTF-8"))
}

fn hex(digit: Option<&u8>) -> Option<u8> {
    let value = char::from(*digit?).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Puts `value` where `name` and `steps` lead. Recursion is as deep as the name has parts.
fn insert(
    object: &mut Map<String, Value>,
    name: String,
    steps: &[Step],
    value: String,
) -> Result<(), Unreadable> {
    match steps {
        [] => match object
            .entry(name)
            .or_insert_with(|| Value::String(String::new()))
        {
            Value::String(text) => *text = value,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => return Err(two_shapes()),
        },
        [Step::Append, deeper @ ..] => {
            let list = object
                .entry(name)
                .or_insert_with(|| Value::Array(Vec::new()));
            push(list.as_array_mut().ok_or_else(two_shapes)?, deeper, value)?;
        }
        [Step::Key(key), deeper @ ..] => {
            let inner = object
                .entry(name)
                .or_insert_with(|| Value::Object(Map::new()));
            let inner = inner.as_object_mut().ok_or_else(two_shapes)?;
            insert(inner, key.clone(), deeper, value)?;
        }
    }
    Ok(())
}

/// Adds to a list: a new element, or one more key of its last element.
fn push(list: &mut Vec<Value>, steps: &[Step], value: String) -> Result<(), Unreadable> {
    match steps {
        [] => list.push(Value::String(value)),
        // `take_apart` lets no such name through.
        [Step::Append, ..] => return Err(malformed_brackets()),
        [Step::Key(key), deeper @ ..] => {
            let open = list.last().filter(|last| last.is_object());
            if open.is_none_or(|last| has(last, steps)) {
                list.push(Value::Object(Map::new()));
            }
            let last = list.last_mut().and_then(Value::as_object_mut);
            insert(last.ok_or_else(two_shapes)?, key.clone(), deeper, value)?;
        }
    }
    Ok(())
}

/// Whether an element already has what the steps name. What can be appended to is never full.
fn has(element: &Value, steps: &[Step]) -> bool {
    if steps.iter().any(|step| matches!(step, Step::Append)) {
        return false;
    }
    let mut at = Some(element);
    for step in steps {
        at = match step {
            Step::Key(key) => at.and_then(|value| value.get(key)),
            Step::Append => None,
        };
    }
    at.is_some()
}

fn malformed_brackets() -> Unreadable {
    Unreadable::new("a field's name has malformed brackets")
}

fn two_shapes() -> Unreadable {
    Unreadable::new("a field is used in two shapes")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Value {
        parse(text.as_bytes(), &Limits::default()).unwrap().into()
    }

    fn refusal(text: &str) -> String {
        parse(text.as_bytes(), &Limits::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn flat_fields() {
        assert_eq!(read(""), json!({}));
        assert_eq!(read("&&"), json!({}));
        assert_eq!(read("a=1&b=2&a=3"), json!({"a": "3", "b": "2"}));
        assert_eq!(read("a&b="), json!({"a": "", "b": ""}));
        assert_eq!(read("=1&a=b=c"), json!({"a": "b=c"}));
        assert_eq!(read("a=1;b=2"), json!({"a": "1;b=2"}));
    }

    #[test]
    fn names_and_values_are_decoded() {
        assert_eq!(read("a+b=c+d%2Be"), json!({"a b": "c d+e"}));
        assert_eq!(read("n=%C3%a9&%26=%3D"), json!({"n": "é", "&": "="}));
        assert_eq!(read("a%5Bb%5D=1"), json!({"a": {"b": "1"}}));
    }

    #[test]
    fn nested_fields() {
        assert_eq!(
            read("a[b]=1&a[c][d]=2&a[b]=3"),
            json!({"a": {"b": "3", "c": {"d": "2"}}})
        );
        assert_eq!(
            read("a[0][b]=1&a[1][b]=2"),
            json!({"a": {"0": {"b": "1"}, "1": {"b": "2"}}})
        );
        assert_eq!(read("a[]=1&a[]=2&a[]"), json!({"a": ["1", "2", ""]}));
        assert_eq!(read("a[b][]=1&a[b][]=2"), json!({"a": {"b": ["1", "2"]}}));
    }

    #[test]
    fn lists_of_objects_start_a_new_element_at_a_key_they_have() {
        assert_eq!(
            read("a[][b]=1&a[][c]=2&a[][b]=3"),
            json!({"a": [{"b": "1", "c": "2"}, {"b": "3"}]})
        );
        assert_eq!(
            read("a[][b][c]=1&a[][b][d]=2&a[][b][c]=3"),
            json!({"a": [{"b": {"c": "1", "d": "2"}}, {"b": {"c": "3"}}]})
        );
        assert_eq!(
            read("a[][id]=1&a[][t][]=x&a[][t][]=y&a[][id]=2&a[][t][]=z"),
            json!({"a": [{"id": "1", "t": ["x", "y"]}, {"id": "2", "t": ["z"]}]})
        );
        assert_eq!(
            read("a[]=1&a[][b]=2&a[]=3"),
            json!({"a": ["1", {"b": "2"}, "3"]})
        );
    }

    #[test]
    fn one_name_in_two_shapes_is_refused() {
        for text in [
            "a=1&a[b]=2",
            "a[b]=2&a=1",
            "a=1&a[]=2",
            "a[]=1&a=2",
            "a[]=1&a[b]=2",
            "a[b]=1&a[]=2",
            "a[][b]=1&a[][b][c]=2",
        ] {
            assert_eq!(refusal(text), "a field is used in two shapes", "{text}");
        }
    }

    #[test]
    fn malformed_brackets_are_refused() {
        for text in [
            "a[b=1",
            "a[=1",
            "a]b=1",
            "a]=1",
            "]=1",
            "[a]=1",
            "[]=1",
            "[=1",
            "a[b]c=1",
            "a[b]c[d]=1",
            "a[b]]=1",
            "a[[b]]=1",
            "a[b[c]]=1",
            "a[][]=1",
            "a[][][b]=1",
        ] {
            assert!(refusal(text).contains("malformed brackets"), "{text}");
        }
    }

    #[test]
    fn what_does_not_decode_is_refused() {
        for text in ["a=%", "a=%4", "a=%zz", "a=%+1", "%g0=1", "a=%-1"] {
            assert!(refusal(text).contains("% escape"), "{text}");
        }
        for text in ["a=%ff", "%C3=1", "a=%C3%28"] {
            assert!(refusal(text).contains("UTF-8"), "{text}");
        }
        assert!(parse(b"a=\xff", &Limits::default()).is_err());
    }

    #[test]
    fn limits_hold_at_their_edge() {
        let deep = |n: usize| format!("a{}=1", "[b]".repeat(n));
        assert!(parse(deep(15).as_bytes(), &Limits::default()).is_ok());
        assert!(refusal(&deep(16)).contains("too deeply"));

        let many = |n: usize| "a=1&".repeat(n);
        assert!(parse(many(1000).as_bytes(), &Limits::default()).is_ok());
        assert!(refusal(&many(1001)).contains("too many"));

        let long = |n: usize| format!("{}=1", "a".repeat(n));
        assert!(parse(long(MAX_NAME_BYTES).as_bytes(), &Limits::default()).is_ok());
        assert!(refusal(&long(MAX_NAME_BYTES + 1)).contains("too long"));
    }

    #[test]
    fn a_very_deep_name_ends_at_its_length_even_without_a_depth() {
        let unlimited = Limits {
            depth: usize::MAX,
            fields: usize::MAX,
        };
        let deep = |n: usize| format!("a{}=1", "[b]".repeat(n));
        assert!(parse(deep(341).as_bytes(), &unlimited).is_ok());
        assert!(parse(deep(100_000).as_bytes(), &unlimited).is_err());
    }

    fn encode(prefix: &str, value: &Value, pairs: &mut Vec<String>) {
        let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        if let Some(object) = value.as_object() {
            for (key, inner) in object {
                let name = match prefix {
                    "" => escape(key),
                    outer => format!("{outer}[{}]", escape(key)),
                };
                encode(&name, inner, pairs);
            }
        } else {
            pairs.push(format!("{prefix}={}", escape(value.as_str().unwrap())));
        }
    }

    fn nested() -> impl Strategy<Value = Value> {
        let key = "[^\\[\\]]{1,8}";
        let leaf = any::<String>().prop_map(Value::String);
        let inner = leaf.prop_recursive(4, 40, 5, move |inner| {
            proptest::collection::hash_map(key, inner, 1..5)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
        });
        proptest::collection::hash_map(key, inner, 0..5)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(value in nested()) {
            let mut pairs = Vec::new();
            encode("", &value, &mut pairs);
            prop_assert_eq!(read(&pairs.join("&")), value);
        }

        #[test]
        fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&text, &Limits::default());
        }

        #[test]
        fn no_brackets_panic(text in "[ab\\[\\]=&%5BD]{0,60}") {
            let _ = parse(text.as_bytes(), &Limits::default());
        }
    }
}
