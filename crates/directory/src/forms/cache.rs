//! The forms that were used lately, compiled. One that is stored holds from the next request on
//! this node, and within a moment on others.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Form, stored};
use crate::actor::TenantId;
use crate::error::Error;
use crate::generation::{Beginning, Reading};
use crate::store::{Db, generation_of};

/// Forms at most; one more empties the cache.
const ENTRIES: usize = 200;

struct Entry {
    form: Arc<Form>,
    reading: Reading,
}

/// The cache.
#[derive(Default)]
pub(crate) struct FormCache {
    entries: RwLock<HashMap<(TenantId, String), Arc<Entry>>>,
}

impl FormCache {
    /// The form of that name; that there is none is not remembered.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) async fn form(
        &self,
        db: &Db,
        tenant: TenantId,
        name: &str,
    ) -> Result<Option<Arc<Form>>, Error> {
        if !super::is_name(name) {
            return Ok(None);
        }
        let key = (tenant, name.to_owned());
        if let Some(entry) = self.find(&key)
            && entry.reading.is_current(db).await?
        {
            return Ok(Some(Arc::clone(&entry.form)));
        }
        let begun = Beginning::now(db);
        let asked = key.1.clone();
        let read = db.read(move |tx| {
            // Before the form: what is stored later moves the generation past this one.
            let generation = generation_of(tx, tenant)?;
            Ok((generation, stored::find(tx, tenant, &asked)?))
        });
        let (generation, form) = read.await?;
        if let Some(form) = &form {
            let entry = Entry {
                form: Arc::clone(form),
                reading: Reading::of(tenant, generation, &begun),
            };
            self.keep(key, entry);
        }
        Ok(form)
    }

    fn find(&self, key: &(TenantId, String)) -> Option<Arc<Entry>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).cloned()
    }

    fn keep(&self, key: (TenantId, String), entry: Entry) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES && !entries.contains_key(&key) {
            entries.clear();
        }
        entries.insert(key, Arc::new(entry));
    }
}
