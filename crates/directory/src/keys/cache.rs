//! Who the credentials are that came lately, so that not every request asks the database.
//!
//! An entry holds the generation that it was read under ([`crate::generation`]).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use super::{Authenticated, Credential, authenticate};
use crate::actor::Actor;
use crate::error::Error;
use crate::generation::{Beginning, Reading};
use crate::sessions::{Use, note_use};
use crate::store::{Db, generation_of};

/// Entries at most; one more empties the cache.
const ENTRIES: usize = 10_000;

/// SHA-256 of a credential: only right ones are kept, and they hold 256 random bits.
type CredentialHash = [u8; 32];

struct Entry {
    actor: Actor,
    ends: Option<Timestamp>,
    /// When the use of a session is to be noted once more.
    due: Option<Timestamp>,
    reading: Reading,
}

/// The cache.
#[derive(Default)]
pub(crate) struct ActorCache {
    entries: RwLock<HashMap<CredentialHash, Arc<Entry>>>,
}

impl ActorCache {
    /// Who a credential is.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; storage errors.
    pub(crate) async fn actor(&self, db: &Db, credential: &Credential) -> Result<Actor, Error> {
        let hash = hash_of(credential);
        let wall = db.clock().now();
        if let Some(entry) = self.find(&hash)
            && entry.ends.is_none_or(|end| end > wall)
            && entry.due.is_none_or(|due| due > wall)
            && entry.reading.is_current(db).await?
        {
            return Ok(entry.actor.clone());
        }
        let begun = Beginning::now(db);
        let asked = credential.clone();
        let read = db.read(move |tx| {
            let tenant = asked.tenant().ok_or(Error::Unauthenticated)?;
            // Before the key: what ends it later moves the generation past this one.
            let generation = generation_of(tx, tenant)?;
            Ok((generation, authenticate(tx, &asked)?))
        });
        let (generation, Authenticated { actor, ends, used }) = read.await?;
        if let Some(used) = used.filter(|used| used.due() <= wall) {
            let (tenant, session) = (actor.tenant, used.session);
            // What is read next time has the later end.
            let noted = db.write(move |tx| note_use(tx, tenant, session)).await;
            if let Err(cause) = noted {
                tracing::warn!(
                    error = &cause as &dyn std::error::Error,
                    "a use is not noted"
                );
            }
            return Ok(actor);
        }
        let entry = Entry {
            reading: Reading::of(actor.tenant, generation, &begun),
            actor: actor.clone(),
            ends,
            due: used.map(Use::due),
        };
        self.keep(hash, entry);
        Ok(actor)
    }

    fn find(&self, hash: &CredentialHash) -> Option<Arc<Entry>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(hash).cloned()
    }

    fn keep(&self, hash: CredentialHash, entry: Entry) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES && !entries.contains_key(&hash) {
            entries.clear();
        }
        entries.insert(hash, Arc::new(entry));
    }
}

fn hash_of(credential: &Credential) -> CredentialHash {
    match credential {
        Credential::Key { id, secret } => hash_parts(b'k', id, secret.expose_secret()),
        Credential::Bearer(token) => match token.expose_secret().split_once('.') {
            Some((id, secret)) => hash_parts(b'k', id, secret),
            None => hash_parts(b't', "", token.expose_secret()),
        },
    }
}

/// The kind and the length of the id part what is hashed without doubt, whatever it holds.
fn hash_parts(kind: u8, id: &str, secret: &str) -> CredentialHash {
    let mut hash = Sha256::new();
    hash.update([kind]);
    hash.update(id.len().to_le_bytes());
    hash.update(id);
    hash.update(secret);
    hash.finalize().into()
}
