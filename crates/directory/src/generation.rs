//! Whether what a cache holds of a tenant still holds.
//!
//! A tenant's generation moves with every key that ends and every form that is stored. What was
//! read under a generation does not answer once that is known to be old: at once on the node
//! that moved it, within [`TRUSTED`] on others. While the generation cannot be read, nothing is
//! answered from a cache.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::actor::TenantId;
use crate::error::Error;
use crate::store::{Db, generation_of};

/// How long a generation that was read is believed in.
const TRUSTED: Duration = Duration::from_millis(250);

/// The moment before something is read to be kept.
pub(crate) struct Beginning {
    epoch: u64,
    now: u64,
}

impl Beginning {
    /// Now: before the generation is read, and before what is kept under it.
    pub(crate) fn now(db: &Db) -> Self {
        Self {
            epoch: db.epoch(),
            now: monotonic_ms(db),
        }
    }
}

/// What something was read under.
pub(crate) struct Reading {
    tenant: TenantId,
    generation: i64,
    epoch: u64,
    /// When the generation was last found to be that one, in monotonic milliseconds.
    confirmed: AtomicU64,
}

impl Reading {
    /// Under the generation that was read after `begun`.
    pub(crate) fn of(tenant: TenantId, generation: i64, begun: &Beginning) -> Self {
        Self {
            tenant,
            generation,
            epoch: begun.epoch,
            confirmed: AtomicU64::new(begun.now),
        }
    }

    /// Whether its generation is the tenant's still, as far as is known.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) async fn is_current(&self, db: &Db) -> Result<bool, Error> {
        if self.epoch != db.epoch() {
            return Ok(false);
        }
        let now = monotonic_ms(db);
        let confirmed = self.confirmed.load(Ordering::Relaxed);
        if Duration::from_millis(now.saturating_sub(confirmed)) < TRUSTED {
            return Ok(true);
        }
        let tenant = self.tenant;
        let generation = db.read(move |tx| generation_of(tx, tenant)).await?;
        let current = generation == self.generation;
        if current {
            self.confirmed.store(now, Ordering::Relaxed);
        }
        Ok(current)
    }
}

fn monotonic_ms(db: &Db) -> u64 {
    u64::try_from(db.clock().monotonic().as_millis()).unwrap_or(u64::MAX)
}
