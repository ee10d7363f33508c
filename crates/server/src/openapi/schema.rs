//! JSON Schema (2020-12), as OpenAPI 3.1 takes it.

use super::ordered::{Members, Ordered, Text};

/// A schema, built from the outside in: `text().longest(255).or_null()`.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema(Members);

/// A schema of one type.
fn typed(name: &'static str) -> Schema {
    Schema(Members::of([("type", name)]))
}

/// Any text.
#[must_use]
pub fn text() -> Schema {
    typed("string")
}

/// A whole number of 64 bits.
#[must_use]
pub fn integer() -> Schema {
    let schema = typed("integer").with("format", "int64");
    schema.with("minimum", i64::MIN).with("maximum", i64::MAX)
}

/// The number of a thing.
#[must_use]
pub fn id() -> Schema {
    integer().with("minimum", 1_i64)
}

/// A whole number in a range.
#[must_use]
pub fn count(least: i64, most: i64) -> Schema {
    let schema = typed("integer");
    schema.with("minimum", least).with("maximum", most)
}

/// A number in a range.
#[must_use]
pub fn number(least: f64, most: f64) -> Schema {
    let schema = typed("number").with("format", "double");
    schema.with("minimum", least).with("maximum", most)
}

/// True or false.
#[must_use]
pub fn boolean() -> Schema {
    typed("boolean")
}

/// A time of RFC 3339.
#[must_use]
pub fn time() -> Schema {
    text().format("date-time")
}

/// One of these texts.
pub fn one_of<N: Into<Text>>(names: impl IntoIterator<Item = N>) -> Schema {
    let names: Vec<Ordered> = names
        .into_iter()
        .map(|name| Ordered::Text(name.into()))
        .collect();
    text().with("enum", names)
}

/// What one of the document's own schemas says.
#[must_use]
pub fn named(name: &str) -> Schema {
    let place = format!("#/components/schemas/{name}");
    Schema(Members::of([("$ref", place)]))
}

/// A list.
#[must_use]
pub fn list(items: Schema) -> Schema {
    typed("array").with("items", items)
}

/// An object with any members.
#[must_use]
pub fn anything() -> Schema {
    typed("object")
}

/// An object by names that are not known before, each value of one schema.
#[must_use]
pub fn by_name(values: Schema) -> Schema {
    typed("object").with("additionalProperties", values)
}

/// Any value at all.
#[must_use]
pub fn whatever() -> Schema {
    Schema(Members::default())
}

/// Whatever fits at least one of these.
#[must_use]
pub fn any_of(schemas: Vec<Schema>) -> Schema {
    Schema(Members::of([("anyOf", schemas)]))
}

/// An object that comes out: every field is always there.
pub fn shape<N: Into<Text>>(fields: impl IntoIterator<Item = (N, Schema)>) -> Schema {
    let properties = Members::of(fields);
    let names: Vec<Ordered> = properties
        .iter()
        .map(|(name, _)| Ordered::from(name.to_owned()))
        .collect();
    let schema = typed("object").with("properties", properties);
    schema.with("required", names)
}

/// An object that goes in: no field needs to be there.
pub fn input<N: Into<Text>>(fields: impl IntoIterator<Item = (N, Schema)>) -> Schema {
    typed("object").with("properties", Members::of(fields))
}

impl Schema {
    /// With a keyword.
    #[must_use]
    pub fn with(mut self, keyword: &'static str, value: impl Into<Ordered>) -> Self {
        self.0.put(keyword, value);
        self
    }

    /// In words.
    #[must_use]
    pub fn says(self, words: impl Into<Text>) -> Self {
        self.with("description", Ordered::Text(words.into()))
    }

    /// What is taken where it is not said.
    #[must_use]
    pub fn unless_said(self, value: impl Into<Ordered>) -> Self {
        self.with("default", value)
    }

    /// Of at most so many characters.
    #[must_use]
    pub fn longest(self, characters: usize) -> Self {
        self.with("maxLength", characters)
    }

    /// Of at least so many characters.
    #[must_use]
    pub fn shortest(self, characters: usize) -> Self {
        self.with("minLength", characters)
    }

    /// Of at most so many items.
    #[must_use]
    pub fn at_most(self, items: usize) -> Self {
        self.with("maxItems", items)
    }

    /// Of at least so many items.
    #[must_use]
    pub fn at_least(self, items: usize) -> Self {
        self.with("minItems", items)
    }

    /// Of this form, by its name.
    #[must_use]
    pub fn format(self, name: &'static str) -> Self {
        self.with("format", name)
    }

    /// Of this form, by an expression of ECMA 262 over the whole text.
    #[must_use]
    pub fn pattern(self, expression: impl Into<Text>) -> Self {
        self.with("pattern", Ordered::Text(expression.into()))
    }

    /// Goes in and never comes out.
    #[must_use]
    pub fn secret(self) -> Self {
        self.format("password").with("writeOnly", true)
    }

    /// These fields must be there.
    #[must_use]
    pub fn requires(self, names: &[&'static str]) -> Self {
        self.with("required", names.to_vec())
    }

    /// No other fields are taken.
    #[must_use]
    pub fn closed(self) -> Self {
        self.with("additionalProperties", false)
    }

    /// With a field more; where `always`, it is always there.
    #[must_use]
    pub fn field(mut self, name: &'static str, schema: Schema, always: bool) -> Self {
        if let Some(Ordered::Object(fields)) = self.0.get("properties") {
            let mut fields = fields.clone();
            fields.put(name, schema);
            self.0.put("properties", fields);
        }
        if always {
            let mut names = match self.0.get("required") {
                Some(Ordered::List(names)) => names.clone(),
                _ => Vec::new(),
            };
            names.push(name.into());
            self.0.put("required", names);
        }
        self
    }

    /// Or null.
    #[must_use]
    pub fn or_null(mut self) -> Self {
        let null = Ordered::from("null");
        let Some(Ordered::Text(own)) = self.0.get("type").cloned() else {
            // A reference takes no type beside it.
            return any_of(vec![self, typed("null")]);
        };
        self.0.put("type", vec![Ordered::Text(own), null]);
        if let Some(Ordered::List(names)) = self.0.get("enum") {
            let mut names = names.clone();
            names.push(Ordered::Null);
            self.0.put("enum", names);
        }
        self
    }

    /// The names of its fields.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let fields = match self.0.get("properties") {
            Some(Ordered::Object(fields)) => Some(fields),
            _ => None,
        };
        fields
            .into_iter()
            .flat_map(Members::iter)
            .map(|(name, _)| name)
    }
}

impl From<Schema> for Ordered {
    fn from(schema: Schema) -> Self {
        Self::Object(schema.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(schema: Schema) -> String {
        serde_json::to_string(&Ordered::from(schema)).unwrap()
    }

    #[test]
    fn null_is_added_to_types_values_and_references() {
        let of = |schema: Schema| shown(schema.or_null());
        assert_eq!(of(boolean()), r#"{"type":["boolean","null"]}"#);
        let names = r#"{"type":["string","null"],"enum":["a",null]}"#;
        assert_eq!(of(one_of(["a"])), names);
        let reference = r##"{"anyOf":[{"$ref":"#/components/schemas/A"},{"type":"null"}]}"##;
        assert_eq!(of(named("A")), reference);
    }

    #[test]
    fn what_comes_out_has_all_of_its_fields() {
        let schema = shape([("id", id())]).field("more", boolean(), false);
        let names: Vec<&str> = schema.fields().collect();
        assert_eq!(names, ["id", "more"]);
        assert!(shown(schema).ends_with(r#""required":["id"]}"#));
    }
}
