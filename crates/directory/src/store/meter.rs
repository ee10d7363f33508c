//! What operations cost, in statements and work instead of time: counted for a directory that
//! was asked for with a meter, so that a lost index or a further round trip fails a test.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Statement, StatementStatus};

/// What was done at the door of the database.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Transactions that were begun, for a closure that lost to another each time anew.
    pub transactions: u64,
    /// Times that something was sent and its answer waited for; a batch is sent at once.
    /// BEGIN and COMMIT are not in it.
    pub round_trips: u64,
    /// Statements.
    pub statements: u64,
    /// Instructions of SQLite's virtual machine: they grow with every row looked at. Of
    /// statements that did not fail, as are the next three.
    pub steps: u64,
    /// Rows that SQLite went on to in scans of a whole table.
    pub scanned: u64,
    /// Times that SQLite sorted.
    pub sorts: u64,
    /// Rows that SQLite put into an index made for one statement.
    pub indexed: u64,
}

/// Adds up what one handle of a directory costs.
#[derive(Debug, Default)]
pub struct Meter {
    cost: Mutex<Cost>,
}

impl Meter {
    /// What was counted since this was asked before.
    #[must_use]
    pub fn take(&self) -> Cost {
        std::mem::take(&mut *self.cost())
    }

    fn cost(&self) -> MutexGuard<'_, Cost> {
        self.cost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn runs(&self) {
        self.cost().transactions += 1;
    }

    pub(super) fn sends(&self, statements: usize) {
        let mut cost = self.cost();
        cost.round_trips += 1;
        cost.statements += u64::try_from(statements).unwrap_or(u64::MAX);
    }

    fn adds(&self, statement: &Statement<'_>) {
        let mut cost = self.cost();
        let count = |status| u64::try_from(statement.reset_status(status)).unwrap_or_default();
        cost.steps += count(StatementStatus::VmStep);
        cost.scanned += count(StatementStatus::FullscanStep);
        cost.sorts += count(StatementStatus::Sort);
        cost.indexed += count(StatementStatus::AutoIndex);
    }
}

const COUNTED: [StatementStatus; 4] = [
    StatementStatus::VmStep,
    StatementStatus::FullscanStep,
    StatementStatus::Sort,
    StatementStatus::AutoIndex,
];

/// Runs a statement, and counts its work where there is a meter. SQLite counts from when it was
/// prepared, which may be long ago.
pub(super) fn measured<'c, T, E>(
    meter: Option<&Meter>,
    statement: &mut Statement<'c>,
    run: impl FnOnce(&mut Statement<'c>) -> Result<T, E>,
) -> Result<T, E> {
    let Some(meter) = meter else {
        return run(statement);
    };
    for status in COUNTED {
        statement.reset_status(status);
    }
    let value = run(statement)?;
    meter.adds(statement);
    Ok(value)
}
