//! Lists: `limit`, `cursor`, `sort` and filters, and the page that comes back.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::query::{Listed, MAX_PAGE, MAX_VALUES, Position};
use directory::store::Tx;
use directory::violation::{Expected, Rule};
use directory::{Actor, Error};
use serde::Serialize;
use serde_json::{Map, Value};

use super::wire::Resource;
use crate::http::failure::Failure;
use crate::http::fields::integer_text;
use crate::http::{Shared, body, reply};

/// Rows a page when `limit` is not said.
pub(super) const DEFAULT_LIMIT: usize = 50;

/// The parameters of a list.
pub(super) struct Parameters {
    /// The list and all that shapes it, without its cursor: what a cursor is bound to.
    list: String,
    path: Cow<'static, str>,
    values: Map<String, Value>,
}

impl Parameters {
    /// Reads a query whose parameters must all be among `known`, `limit` and `cursor`.
    pub(super) fn read(
        app: &Shared,
        path: impl Into<Cow<'static, str>>,
        query: Option<&str>,
        known: &[&str],
    ) -> Result<Self, Failure> {
        Self::read_nested(app, path, query, known, |_| false)
    }

    /// As [`Parameters::read`]; the parameters that are `nested` may be compared by what stands
    /// in brackets: `name[gt]=10`.
    pub(super) fn read_nested(
        app: &Shared,
        path: impl Into<Cow<'static, str>>,
        query: Option<&str>,
        known: &[&str],
        nested: impl Fn(&str) -> bool,
    ) -> Result<Self, Failure> {
        let path = path.into();
        let values = body::query(app, query)?;
        for (name, value) in &values {
            if nested(name) {
                check_nested(name, value)?;
                continue;
            }
            if name != "limit" && name != "cursor" && !known.contains(&name.as_str()) {
                return Err(Failure::refused(name, "", Rule::UnknownField));
            }
            match value.as_str() {
                None => return Err(Failure::mistyped(name, "", Expected::Text)),
                // An empty filter would be all rows.
                Some("") => return Err(Failure::refused(name, "", Rule::Blank)),
                Some(text) if text.contains('\0') => {
                    return Err(Failure::refused(name, "", Rule::BadFormat));
                }
                Some(_) => {}
            }
        }
        let mut shape = values.clone();
        shape.remove("cursor");
        shape.remove("limit");
        let list = format!("{path}?{}", Value::Object(shape));
        Ok(Self { list, path, values })
    }

    /// The parameters that are not among `known`, each with what stands in its brackets, if
    /// anything, and its text.
    pub(super) fn nested(&self, known: &[&str]) -> Vec<(&str, Option<&str>, &str)> {
        let mut all = Vec::new();
        for (name, value) in &self.values {
            if name == "limit" || name == "cursor" || known.contains(&name.as_str()) {
                continue;
            }
            match value {
                Value::String(text) => all.push((name.as_str(), None, text.as_str())),
                Value::Object(members) => all.extend(members.iter().filter_map(|(key, text)| {
                    Some((name.as_str(), Some(key.as_str()), text.as_str()?))
                })),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {}
            }
        }
        all
    }

    /// A parameter that came.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).and_then(Value::as_str)
    }

    /// The values of a comma list, [`MAX_VALUES`] at most.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Failure> {
        let many = Rule::TooLong { max: MAX_VALUES };
        let values = self.parsed(name, many, |text| {
            let values: Vec<String> = text.split(',').map(str::to_owned).collect();
            (values.len() <= MAX_VALUES).then_some(values)
        })?;
        Ok(values.unwrap_or_default())
    }

    /// A whole number of 1 or more.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Failure> {
        self.parsed(
            name,
            Rule::WrongType {
                expected: Expected::Integer,
            },
            |text| integer_text(text).filter(|number| *number > 0),
        )
    }

    /// A parameter read by `parse`, which answers nothing for a value it does not know.
    pub(super) fn parsed<T>(
        &self,
        name: &str,
        rule: Rule,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        match self.text(name) {
            None => Ok(None),
            Some(text) => match parse(text) {
                Some(value) => Ok(Some(value)),
                None => Err(Failure::refused(name, text, rule)),
            },
        }
    }

    /// Rows a page, 1 to [`MAX_PAGE`].
    pub(super) fn limit(&self) -> Result<usize, Failure> {
        let range = Rule::OutOfRange {
            min: 1.0,
            max: 200.0,
        };
        let limit = self.parsed("limit", range, |text| {
            integer_text(text)
                .and_then(|limit| usize::try_from(limit).ok())
                .filter(|limit| (1..=MAX_PAGE).contains(limit))
        })?;
        Ok(limit.unwrap_or(DEFAULT_LIMIT))
    }

    /// Where the page starts.
    pub(super) fn after(&self, app: &Shared, actor: &Actor) -> Result<Option<Position>, Failure> {
        self.parsed("cursor", Rule::BadFormat, |cursor| {
            app.cursor_key.open(actor.tenant, &self.list, cursor)
        })
    }

    /// The page, with a `Link` to the next.
    pub(super) fn page<T: Resource>(
        &self,
        app: &Shared,
        actor: &Actor,
        listed: &Listed<T>,
    ) -> Response {
        let cursor = listed
            .next
            .as_ref()
            .map(|position| app.cursor_key.seal(actor.tenant, &self.list, position));
        let page = Page {
            data: listed.rows.iter().map(T::out).collect(),
            next_cursor: cursor.as_deref(),
            has_more: None,
        };
        self.linked(&page, cursor.as_deref())
    }

    /// A page of a feed, which has a cursor also when nothing follows yet.
    pub(super) fn feed_page<T: Resource>(
        &self,
        app: &Shared,
        actor: &Actor,
        rows: &[T],
        next: i64,
        more: bool,
    ) -> Response {
        let position = Position::of_id(next);
        let cursor = app.cursor_key.seal(actor.tenant, &self.list, &position);
        let page = Page {
            data: rows.iter().map(T::out).collect(),
            next_cursor: Some(&cursor),
            has_more: Some(more),
        };
        self.linked(&page, Some(&cursor))
    }

    fn linked(&self, page: &impl Serialize, cursor: Option<&str>) -> Response {
        let mut response = reply::json(StatusCode::OK, page);
        if let Some(cursor) = cursor
            && let Ok(link) = HeaderValue::try_from(self.link(cursor))
        {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }

    fn link(&self, cursor: &str) -> String {
        use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode as encode};
        const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-');
        let mut query = String::new();
        for (name, value) in self.values.iter().filter(|(name, _)| *name != "cursor") {
            for (key, text) in texts_of(name, value) {
                let key = encode(&key, NAME).to_string();
                query.push_str(&format!("{key}={}&", encode(text, NON_ALPHANUMERIC)));
            }
        }
        format!("<{}?{query}cursor={cursor}>; rel=\"next\"", self.path)
    }
}

/// A parameter's names and texts, those in brackets each by itself.
fn texts_of<'a>(name: &str, value: &'a Value) -> Vec<(String, &'a str)> {
    match value {
        Value::String(text) => vec![(name.to_owned(), text)],
        Value::Object(members) => members
            .iter()
            .filter_map(|(key, text)| Some((format!("{name}[{key}]"), text.as_str()?)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Vec::new(),
    }
}

fn check_nested(name: &str, value: &Value) -> Result<(), Failure> {
    let texts = texts_of(name, value);
    let all = value.as_object().map_or(1, Map::len);
    if texts.is_empty() || texts.len() != all {
        return Err(Failure::mistyped(name, "", Expected::Text));
    }
    for (key, text) in texts {
        if text.is_empty() {
            return Err(Failure::refused(&key, "", Rule::Blank));
        }
        if text.contains('\0') {
            return Err(Failure::refused(&key, "", Rule::BadFormat));
        }
    }
    Ok(())
}

/// Reads a list by number: from after which number, and how many rows.
type ReadByNumber<T> = fn(&Tx<'_>, &Actor, Option<i64>, usize) -> Result<Listed<T>, Error>;

/// Answers a list that is ordered by number and has no filters.
pub(super) async fn by_number<T: Resource + Send + 'static>(
    app: &Shared,
    actor: Actor,
    path: &'static str,
    query: Option<&str>,
    read: ReadByNumber<T>,
) -> Result<Response, Failure> {
    let parameters = Parameters::read(app, path, query, &[])?;
    let limit = parameters.limit()?;
    let after = parameters.after(app, &actor)?.map(|position| position.id);
    let asker = actor.clone();
    let listed = app
        .directory
        .read(move |tx| read(tx, &asker, after, limit))
        .await?;
    Ok(parameters.page(app, &actor, &listed))
}

#[derive(Serialize)]
struct Page<'a, T> {
    data: Vec<T>,
    next_cursor: Option<&'a str>,
    /// Of feeds alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_more: Option<bool>,
}
