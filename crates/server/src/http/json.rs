//! JSON bodies, read under [`Limits`] and more strictly than `serde_json` reads them alone.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::limits::{Limits, Unreadable};

/// Reads one JSON value.
///
/// Integers that fit `i64` or `u64` stay integers; larger ones become `f64`, as `serde_json` has
/// it. Strings may hold any character, NUL included.
///
/// # Errors
/// [`Unreadable`] for an empty body, nesting deeper than `limits.depth`, more than `limits.fields`
/// members and items in all, a repeated key (RFC 8259 §4 leaves its meaning open), and whatever is
/// not JSON: trailing data, invalid UTF-8, lone surrogates, numbers beyond `f64`.
pub fn parse(body: &[u8], limits: &Limits) -> Result<Value, Unreadable> {
    if body.is_empty() {
        return Err(Unreadable::new("the body is empty"));
    }
    let fields_left = Cell::new(limits.fields);
    let node = Node {
        depth_left: limits.depth,
        fields_left: &fields_left,
    };
    let mut json = serde_json::Deserializer::from_slice(body);
    // serde_json names a rule and a position; it would quote a value only where a type did not
    // suit, and here every type does.
    node.deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| Unreadable::new(format!("the body is not readable JSON: {error}")))
}

/// One value yet to be read, with what it may still cost.
#[derive(Clone, Copy)]
struct Node<'a> {
    depth_left: usize,
    fields_left: &'a Cell<usize>,
}

impl Node<'_> {
    /// A node for what is inside this one. Refused here, before anything inside is looked at, so
    /// that hostile nesting costs no stack.
    fn inner<E: Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left, ..self }),
            None => Err(E::custom("nested too deeply")),
        }
    }

    fn count_field<E: Error>(self) -> Result<(), E> {
        match self.fields_left.get().checked_sub(1) {
            Some(left) => {
                self.fields_left.set(left);
                Ok(())
            }
            None => Err(E::custom("too many members and items")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            self.count_field()?;
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            self.count_field()?;
            if object.contains_key(&key) {
                return Err(A::Error::custom("a key is repeated"));
            }
            let value = members.next_value_seed(inner)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Value, Unreadable> {
        parse(text.as_bytes(), &Limits::default())
    }

    fn refusal(text: &[u8]) -> String {
        parse(text, &Limits::default()).unwrap_err().to_string()
    }

    #[test]
    fn reads_every_kind_of_value() {
        let text = r#" {"a":[1,-2,2.5,true,null,"\u00e9\ud83d\ude00"],"b":{}} "#;
        assert_eq!(
            read(text),
            Ok(json!({"a": [1, -2, 2.5, true, null, "é😀"], "b": {}}))
        );
        assert_eq!(read("\"alone\""), Ok(json!("alone")));
    }

    #[test]
    fn integers_stay_integers_while_they_fit() {
        assert_eq!(read("9223372036854775807").unwrap(), json!(i64::MAX));
        assert_eq!(read("-9223372036854775808").unwrap(), json!(i64::MIN));
        assert_eq!(read("18446744073709551615").unwrap(), json!(u64::MAX));
        assert!(read("18446744073709551616").unwrap().is_f64());
        assert!(read("1e999").is_err());
    }

    #[test]
    fn an_empty_body_is_told_as_such() {
        assert_eq!(refusal(b""), "the body is empty");
        assert!(refusal(b"  ").contains("EOF"));
    }

    #[test]
    fn depth_ends_exactly_at_the_limit() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(read(&nested(16)).is_ok());
        assert!(refusal(nested(17).as_bytes()).contains("nested too deeply"));
        let objects = |n: usize| format!("{}1{}", r#"{"a":"#.repeat(n), "}".repeat(n));
        assert!(read(&objects(16)).is_ok());
        assert!(refusal(objects(17).as_bytes()).contains("nested too deeply"));
    }

    #[test]
    fn hostile_nesting_is_a_clean_error() {
        assert!(refusal(&b"[".repeat(100_000)).contains("nested too deeply"));
        assert!(refusal(&br#"{"a":"#.repeat(100_000)).contains("nested too deeply"));
        let unlimited = Limits {
            depth: usize::MAX,
            fields: usize::MAX,
        };
        assert!(parse(&b"[".repeat(100_000), &unlimited).is_err());
    }

    #[test]
    fn members_and_items_are_counted_together() {
        let limits = Limits {
            depth: 4,
            fields: 4,
        };
        assert!(parse(br#"{"a":[1,2],"b":3}"#, &limits).is_ok());
        let error = parse(br#"{"a":[1,2],"b":[3]}"#, &limits).unwrap_err();
        assert!(error.to_string().contains("too many"));
        assert!(parse(b"[1,2,3,4,5]", &limits).is_err());
    }

    #[test]
    fn a_repeated_key_is_refused_however_it_is_written() {
        assert!(refusal(br#"{"a":1,"b":2,"a":1}"#).contains("a key is repeated"));
        assert!(refusal(br#"{"a":1,"\u0061":1}"#).contains("a key is repeated"));
        assert!(read(r#"{"a":{"a":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let bad: [&[u8]; 10] = [
            b"{} {}",
            b"1 x",
            b"\"\xff\"",
            b"{\"\xff\":1}",
            br#""\ud800""#,
            br#""\udc00x""#,
            b"\"line\nbreak\"",
            b"[1,]",
            b"NaN",
            b"\xef\xbb\xbf{}",
        ];
        for body in bad {
            assert!(parse(body, &Limits::default()).is_err(), "{body:?}");
        }
    }

    #[test]
    fn the_text_never_shows_what_was_sent() {
        let bad: [&[u8]; 5] = [
            br#"{"s3cret":"s3cret","s3cret":1}"#,
            br#"{"a":"s3cret"} s3cret"#,
            br#"{"a":"s3cret\ud800"}"#,
            br#"["s3cret" s3cret]"#,
            br#"{"s3cret" "s3cret"}"#,
        ];
        for body in bad {
            assert!(!refusal(body).contains("s3cret"), "{}", refusal(body));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&body, &Limits::default());
        }

        #[test]
        fn accepts_only_what_serde_json_accepts(text in r#"[\[\]{}":,a0-9. -]{0,40}"#) {
            if let Ok(value) = read(&text) {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
            }
        }
    }
}
