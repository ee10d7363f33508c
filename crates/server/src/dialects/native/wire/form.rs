//! Forms.

use directory::forms::{Applied, Node, StoredForm};
use serde::Serialize;
use serde_json::Value;

use super::{Resource, Time};

#[derive(Serialize)]
pub(in crate::dialects::native) struct FormOut<'a> {
    name: &'a str,
    version: i64,
    built_in: bool,
    resource: &'static str,
    public: bool,
    format: Option<&'static str>,
    source: Option<&'a str>,
    /// In the order in which it was written.
    document: Option<Node>,
    created_at: Option<Time>,
    updated_at: Option<Time>,
    updated_by: Option<&'a str>,
}

impl Resource for StoredForm {
    type Out<'a> = FormOut<'a>;

    fn out(&self) -> FormOut<'_> {
        let built_in = self.version == 0;
        FormOut {
            name: &self.name,
            version: self.version,
            built_in,
            resource: self.resource.name(),
            public: self.public,
            format: (!built_in).then(|| self.format.name()),
            source: (!built_in).then_some(self.source.as_str()),
            document: self.configuration().ok().flatten(),
            created_at: (!built_in).then_some(Time(self.created_at)),
            updated_at: (!built_in).then_some(Time(self.updated_at)),
            updated_by: self.updated_by.as_deref(),
        }
    }
}

/// What storing a form would come to.
#[derive(Serialize)]
pub(in crate::dialects::native) struct Preview<'a> {
    outcome: &'static str,
    form: FormOut<'a>,
    differences: Vec<DifferenceOut<'a>>,
}

#[derive(Serialize)]
struct DifferenceOut<'a> {
    pointer: &'a str,
    old: Option<&'a Value>,
    new: Option<&'a Value>,
}

impl<'a> Preview<'a> {
    pub(in crate::dialects::native) fn of(applied: &'a Applied) -> Self {
        let differences = applied.differences.iter().map(|each| DifferenceOut {
            pointer: &each.pointer,
            old: each.old.as_ref(),
            new: each.new.as_ref(),
        });
        Self {
            outcome: applied.outcome.name(),
            form: applied.form.out(),
            differences: differences.collect(),
        }
    }
}
