//! Digests: their dates are found, and those that are due are queued.

use directory::notifications::digests::{self, CLOSED_AT_ONCE};
use directory::{Error, TenantId};

use super::Worker;

impl Worker {
    /// One step. Answers whether any digest was looked at.
    pub(super) async fn close_digests(&self, tenant: TenantId) -> Result<bool, Error> {
        let directory = &self.app.directory;
        if !directory
            .read(move |tx| digests::is_due(tx, tenant))
            .await?
        {
            return Ok(false);
        }
        let close = directory.write(move |tx| digests::close_due(tx, tenant));
        let closed = close.await?;
        if closed == CLOSED_AT_ONCE {
            self.more.notify_one();
        }
        Ok(closed > 0)
    }
}
