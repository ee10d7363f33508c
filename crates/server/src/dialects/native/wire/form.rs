//! Forms.

use directory::forms::{Applied, Difference, Node, StoredForm};
use directory::{Error, with_causes};
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
            document: document(self),
            created_at: (!built_in).then_some(Time(self.created_at)),
            updated_at: (!built_in).then_some(Time(self.updated_at)),
            updated_by: self.updated_by.as_deref(),
        }
    }
}

/// A form's configuration. A stored text that is no document is shown all the same, without one,
/// and does not keep a list from being read; the log says why.
fn document(form: &StoredForm) -> Option<Node> {
    form.configuration().unwrap_or_else(|cause| {
        tracing::error!(
            form = form.name,
            error = with_causes(&cause),
            "a form is shown without its document"
        );
        None
    })
}

/// What storing a form would come to.
#[derive(Serialize)]
pub(in crate::dialects::native) struct Preview<'a> {
    outcome: &'static str,
    form: FormOut<'a>,
    differences: Vec<DifferenceOut>,
}

#[derive(Serialize)]
struct DifferenceOut {
    pointer: String,
    old: Option<Value>,
    new: Option<Value>,
}

impl From<Difference> for DifferenceOut {
    fn from(difference: Difference) -> Self {
        let Difference { pointer, old, new } = difference;
        Self { pointer, old, new }
    }
}

impl<'a> Preview<'a> {
    /// # Errors
    /// As [`Applied::differences`].
    pub(in crate::dialects::native) fn of(applied: &'a Applied) -> Result<Self, Error> {
        let differences = applied.differences()?.into_iter();
        Ok(Self {
            outcome: applied.outcome.name(),
            form: applied.form.out(),
            differences: differences.map(DifferenceOut::from).collect(),
        })
    }
}
