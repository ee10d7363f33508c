//! JSON whose members keep the order in which they were put: a document is read by people.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Number;

/// A name of a member, or a text.
pub type Text = Cow<'static, str>;

/// JSON in order.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "they are JSON's own")]
pub enum Ordered {
    Null,
    Bool(bool),
    Number(Number),
    Text(Text),
    List(Vec<Ordered>),
    Object(Members),
}

/// The members of an object, in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Members(Vec<(Text, Ordered)>);

impl Members {
    /// These.
    pub fn of<N: Into<Text>, V: Into<Ordered>>(members: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut made = Self::default();
        for (name, value) in members {
            made.put(name, value);
        }
        made
    }

    /// Puts a member last, or in the place of the one of that name.
    pub fn put(&mut self, name: impl Into<Text>, value: impl Into<Ordered>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(each, _)| *each == name) {
            Some((_, before)) => *before = value,
            None => self.0.push((name, value)),
        }
    }

    /// As [`Members::put`], where there is a value.
    pub fn put_some(&mut self, name: impl Into<Text>, value: Option<impl Into<Ordered>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    /// The member of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Ordered> {
        let found = self.0.iter().find(|(each, _)| each == name);
        found.map(|(_, value)| value)
    }

    /// Its members.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Ordered)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Members> for Ordered {
    fn from(members: Members) -> Self {
        Self::Object(members)
    }
}

impl From<&'static str> for Ordered {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Ordered {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Ordered {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Ordered {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Ordered {
    fn from(number: usize) -> Self {
        Self::Number(number.into())
    }
}

impl From<f64> for Ordered {
    /// What is no JSON number (infinite, not a number) becomes null.
    fn from(number: f64) -> Self {
        Number::from_f64(number).map_or(Self::Null, Self::Number)
    }
}

impl<T: Into<Ordered>> From<Vec<T>> for Ordered {
    fn from(list: Vec<T>) -> Self {
        Self::List(list.into_iter().map(T::into).collect())
    }
}

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(list),
            Self::Object(members) => members.serialize(serializer),
        }
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name.as_ref(), value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Ordered;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Ordered, E> {
        Ok(Ordered::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Ordered, E> {
        Ok(Ordered::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Ordered, E> {
        Ok(Ordered::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Ordered, E> {
        Ok(Ordered::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Ordered, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Ordered, E> {
        Ok(text.to_owned().into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Ordered, A::Error> {
        let mut list = Vec::new();
        while let Some(each) = access.next_element()? {
            list.push(each);
        }
        Ok(Ordered::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Ordered, A::Error> {
        let mut members = Members::default();
        while let Some((name, value)) = access.next_entry::<String, Ordered>()? {
            members.put(name, value);
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_through_text() {
        let text = r#"{"b":[1,-2,0.5,true,null],"a":{"z":"x","y":{}}}"#;
        let read: Ordered = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn a_member_put_again_keeps_its_place() {
        let mut members = Members::of([("a", 1_i64), ("b", 2)]);
        members.put("a", "new");
        let text = serde_json::to_string(&Ordered::from(members)).unwrap();
        assert_eq!(text, r#"{"a":"new","b":2}"#);
    }
}
