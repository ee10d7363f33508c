//! What a dialect says of itself, as data: [`Api`] and its [`Operation`]s. A test holds each
//! to the routes and to every answer that the scenarios see.

use super::ordered::{Members, Text};
use super::schema::Schema;

/// One API, whole.
#[derive(Debug, Clone)]
pub struct Api {
    /// Its name in addresses: `native`.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Its version, as its vendor counts.
    pub version: &'static str,
    /// What a reader must know before anything else; Markdown.
    pub description: String,
    /// How a caller is known.
    pub credential: Credential,
    /// What operations are grouped by: the name and what is in it.
    pub tags: Vec<(&'static str, &'static str)>,
    /// Schemas that others refer to.
    pub schemas: Vec<(&'static str, Schema)>,
    /// Answers that operations share.
    pub shared: Vec<SharedAnswer>,
    /// Its operations.
    pub operations: Vec<Operation>,
}

/// How a caller is known.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The schemes by name, as OpenAPI has them: any one of them is enough.
    pub schemes: Vec<(&'static str, Members)>,
    /// How a key stands in the header `Authorization`, where `{id}`, `{secret}` and `{token}`
    /// stand for its parts.
    pub authorization: &'static str,
}

/// An answer that several operations give.
#[derive(Debug, Clone)]
pub struct SharedAnswer {
    /// Its name in the document.
    pub name: &'static str,
    /// Its status.
    pub status: u16,
    /// When it comes.
    pub description: Text,
    /// Its body.
    pub content: Option<Content>,
    /// The headers that it always has, besides those that every answer has.
    pub headers: Vec<&'static str>,
}

/// A body of one content type.
#[derive(Debug, Clone)]
pub struct Content {
    /// The content type.
    pub media_type: &'static str,
    /// Its schema.
    pub schema: Schema,
    /// How the fields of a form are written; none for JSON.
    pub encoding: Option<Members>,
}

impl Content {
    /// A body of a content type.
    #[must_use]
    pub fn of(media_type: &'static str, schema: Schema) -> Self {
        Self {
            media_type,
            schema,
            encoding: None,
        }
    }

    /// A JSON body.
    #[must_use]
    pub fn json(schema: Schema) -> Self {
        Self::of("application/json", schema)
    }
}

/// An answer of an operation.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Its own.
    Own {
        /// The status.
        status: u16,
        /// When it comes, and what it tells.
        description: Text,
        /// Its body; none: it is empty.
        content: Option<Content>,
        /// The headers that it has, besides those that every answer has; one that does not
        /// always come ends in `?`.
        headers: Vec<&'static str>,
    },
    /// One of [`Api::shared`], by name.
    Shared(&'static str),
}

impl Answer {
    /// Whether it is an operation's own answer of this status.
    #[must_use]
    pub fn has_status(&self, wanted: u16) -> bool {
        match self {
            Self::Own { status, .. } => *status == wanted,
            Self::Shared(_) => false,
        }
    }
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Place {
    Path,
    Query,
    Header,
}

impl Place {
    /// Its name in the document.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// A parameter beside the body.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Where it stands.
    pub place: Place,
    /// Its name.
    pub name: &'static str,
    /// What it takes. A list is written with commas.
    pub schema: Schema,
    /// Whether it must come.
    pub required: bool,
    /// What it does.
    pub description: Text,
}

/// Whether a call needs a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Needed {
    Always,
    Sometimes,
    Never,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path, as the router has it.
    pub path: &'static str,
    /// Other paths that are the same call, and what is answered there.
    pub aliases: Vec<Text>,
    /// Its name in clients.
    pub id: &'static str,
    /// The group that it belongs to.
    pub tag: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// What else there is to know; Markdown, may be empty.
    pub description: Text,
    /// Whether it needs a credential.
    pub credential: Needed,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Its body, in each encoding that is taken; none: it takes none.
    pub body: Vec<Content>,
    /// Whether the body may be left out.
    pub body_optional: bool,
    /// Its answers.
    pub answers: Vec<Answer>,
}

impl Operation {
    /// A call that needs a credential and takes nothing yet.
    #[must_use]
    pub fn new(method: &'static str, path: &'static str, id: &'static str) -> Self {
        Self {
            method,
            path,
            aliases: Vec::new(),
            id,
            tag: "",
            summary: "",
            description: "".into(),
            credential: Needed::Always,
            parameters: Vec::new(),
            body: Vec::new(),
            body_optional: false,
            answers: Vec::new(),
        }
    }

    /// A `GET`.
    #[must_use]
    pub fn get(path: &'static str, id: &'static str) -> Self {
        Self::new("GET", path, id)
    }

    /// A `POST`.
    #[must_use]
    pub fn post(path: &'static str, id: &'static str) -> Self {
        Self::new("POST", path, id)
    }

    /// A `PATCH`.
    #[must_use]
    pub fn patch(path: &'static str, id: &'static str) -> Self {
        Self::new("PATCH", path, id)
    }

    /// A `PUT`.
    #[must_use]
    pub fn put(path: &'static str, id: &'static str) -> Self {
        Self::new("PUT", path, id)
    }

    /// A `DELETE`.
    #[must_use]
    pub fn delete(path: &'static str, id: &'static str) -> Self {
        Self::new("DELETE", path, id)
    }

    /// In its group, what it does in a line.
    #[must_use]
    pub fn is(mut self, tag: &'static str, summary: &'static str) -> Self {
        self.tag = tag;
        self.summary = summary;
        self
    }

    /// What else there is to know.
    #[must_use]
    pub fn says(mut self, words: impl Into<Text>) -> Self {
        self.description = words.into();
        self
    }

    /// Needs no credential.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.credential = Needed::Never;
        self
    }

    /// Goes with and without a credential.
    #[must_use]
    pub fn half_open(mut self) -> Self {
        self.credential = Needed::Sometimes;
        self
    }

    /// Is the same call at another path.
    #[must_use]
    pub fn also_at(mut self, path: impl Into<Text>) -> Self {
        self.aliases.push(path.into());
        self
    }

    fn parameter(
        mut self,
        (place, required): (Place, bool),
        name: &'static str,
        schema: Schema,
        words: impl Into<Text>,
    ) -> Self {
        self.parameters.push(Parameter {
            place,
            name,
            schema,
            required,
            description: words.into(),
        });
        self
    }

    /// Names a thing in its path.
    #[must_use]
    pub fn names(self, name: &'static str, schema: Schema, words: impl Into<Text>) -> Self {
        self.parameter((Place::Path, true), name, schema, words)
    }

    /// Takes a query parameter.
    #[must_use]
    pub fn asks(self, name: &'static str, schema: Schema, words: impl Into<Text>) -> Self {
        self.parameter((Place::Query, false), name, schema, words)
    }

    /// Takes a header.
    #[must_use]
    pub fn header(self, name: &'static str, schema: Schema, words: impl Into<Text>) -> Self {
        self.parameter((Place::Header, false), name, schema, words)
    }

    /// The names of its query parameters.
    pub fn asked(&self) -> impl Iterator<Item = &'static str> {
        let all = self.parameters.iter();
        let asked = all.filter(|each| each.place == Place::Query);
        asked.map(|each| each.name)
    }

    /// Whether it takes a header of this name.
    #[must_use]
    pub fn has_header(&self, name: &str) -> bool {
        let mut all = self.parameters.iter();
        all.any(|each| each.place == Place::Header && each.name == name)
    }

    /// Needs a header.
    #[must_use]
    pub fn needs_header(self, name: &'static str, schema: Schema, words: impl Into<Text>) -> Self {
        self.parameter((Place::Header, true), name, schema, words)
    }

    /// Takes a body; once for each encoding.
    #[must_use]
    pub fn takes(mut self, content: Content) -> Self {
        self.body.push(content);
        self
    }

    /// Goes without its body, too.
    #[must_use]
    pub fn body_optional(mut self) -> Self {
        self.body_optional = true;
        self
    }

    /// Answers with a body.
    #[must_use]
    pub fn answers(mut self, status: u16, words: impl Into<Text>, content: Content) -> Self {
        self.answers.push(Answer::Own {
            status,
            description: words.into(),
            content: Some(content),
            headers: Vec::new(),
        });
        self
    }

    /// Answers without a body.
    #[must_use]
    pub fn answers_empty(mut self, status: u16, words: impl Into<Text>) -> Self {
        self.answers.push(Answer::Own {
            status,
            description: words.into(),
            content: None,
            headers: Vec::new(),
        });
        self
    }

    /// The answer before has these headers; one that does not always come ends in `?`.
    #[must_use]
    pub fn with_headers(mut self, names: &[&'static str]) -> Self {
        if let Some(Answer::Own { headers, .. }) = self.answers.last_mut() {
            headers.extend(names);
        }
        self
    }

    /// Gives answers that others give, too; one that it has already stays.
    #[must_use]
    pub fn shares(mut self, names: &[&'static str]) -> Self {
        for name in names {
            let known = |each: &Answer| matches!(each, Answer::Shared(own) if own == name);
            if !self.answers.iter().any(known) {
                self.answers.push(Answer::Shared(name));
            }
        }
        self
    }
}
