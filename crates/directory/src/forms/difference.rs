//! How a configuration differs from the one whose place it takes.

use serde_json::Value;

use super::stored::{Applied, Outcome, StoredForm};
use crate::error::Error;

/// Differences told at most.
const MAX_DIFFERENCES: usize = 1_000;

/// A difference of two configurations.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Where: a JSON Pointer.
    pub pointer: String,
    /// The value before; none where there was none.
    pub old: Option<Value>,
    /// The value after; none where there is none.
    pub new: Option<Value>,
}

impl Applied {
    /// What differs, as JSON Pointers with the value before and after. It is looked for when it
    /// is asked for, not while others wait to write.
    ///
    /// # Errors
    /// As [`StoredForm::configuration`].
    pub fn differences(&self) -> Result<Vec<Difference>, Error> {
        let mut found = Vec::new();
        if self.outcome != Outcome::Unchanged {
            let old = self.before.as_ref().map(value).transpose()?.flatten();
            compare("", old.as_ref(), value(&self.form)?.as_ref(), &mut found);
            found.truncate(MAX_DIFFERENCES);
        }
        Ok(found)
    }
}

fn value(form: &StoredForm) -> Result<Option<Value>, Error> {
    Ok(form.configuration()?.map(|node| node.value()))
}

fn compare(pointer: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Difference>) {
    if old == new {
        return;
    }
    if let (Some(Value::Object(before)), Some(Value::Object(after))) = (old, new) {
        let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let inside = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            compare(&inside, before.get(name), after.get(name), found);
        }
        return;
    }
    found.push(Difference {
        pointer: pointer.to_owned(),
        old: old.cloned(),
        new: new.cloned(),
    });
}
