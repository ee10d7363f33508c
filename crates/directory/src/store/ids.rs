//! Integer ids: a node leases blocks of them, so that a change binds its ids and needs no
//! answer from the database before its next statement. An id is never given twice; the rest
//! of a block is lost when the node stops.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Unavailable};

use super::{Tx, Value};

/// What an id is of; each kind counts by itself, over all tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum IdKind {
    Tenant,
    User,
    Account,
    Group,
    GroupMember,
    Badge,
    UserBadge,
    Role,
    Invitation,
    Job,
    JobTransition,
    Event,
    Webhook,
    Record,
    Session,
    PasswordReset,
    Redirect,
    Passkey,
    SignUp,
}

impl IdKind {
    /// Every kind.
    pub(super) const ALL: [Self; 19] = [
        Self::Tenant,
        Self::User,
        Self::Account,
        Self::Group,
        Self::GroupMember,
        Self::Badge,
        Self::UserBadge,
        Self::Role,
        Self::Invitation,
        Self::Job,
        Self::JobTransition,
        Self::Event,
        Self::Webhook,
        Self::Record,
        Self::Session,
        Self::PasswordReset,
        Self::Redirect,
        Self::Passkey,
        Self::SignUp,
    ];

    /// Its name in `id_leases`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::User => "user",
            Self::Account => "account",
            Self::Group => "group",
            Self::GroupMember => "group_member",
            Self::Badge => "badge",
            Self::UserBadge => "user_badge",
            Self::Role => "role",
            Self::Invitation => "invitation",
            Self::Job => "job",
            Self::JobTransition => "job_transition",
            Self::Event => "event",
            Self::Webhook => "webhook",
            Self::Record => "record",
            Self::Session => "session",
            Self::PasswordReset => "password_reset",
            Self::Redirect => "redirect",
            Self::Passkey => "passkey",
            Self::SignUp => "sign_up",
        }
    }
}

/// A lease grows with use, from this many ids …
const FIRST_LEASE: i64 = 1;
/// … to this many.
const LARGEST_LEASE: i64 = 8_192;

const LEASE: &str = "INSERT INTO id_leases (kind, next) VALUES ($1, $2) \
    ON CONFLICT (kind) DO UPDATE SET next = id_leases.next + $3 RETURNING next";

#[derive(Debug, Clone, Copy)]
struct Block {
    next: i64,
    end: i64,
    size: i64,
}

/// The blocks that this node holds.
#[derive(Debug)]
pub(super) struct Ids {
    blocks: [Mutex<Block>; IdKind::ALL.len()],
    granted: AtomicU64,
}

impl Ids {
    pub(super) fn new() -> Self {
        let empty = Block {
            next: 0,
            end: 0,
            size: FIRST_LEASE,
        };
        Self {
            blocks: std::array::from_fn(|_| Mutex::new(empty)),
            granted: AtomicU64::new(0),
        }
    }

    fn block(&self, kind: IdKind) -> Result<std::sync::MutexGuard<'_, Block>, Error> {
        let block = self
            .blocks
            .get(kind as usize)
            .ok_or_else(|| Error::internal("no such kind"))?;
        Ok(block
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The next id; [`Unavailable::OutOfIds`] tells the caller of the closure to lease.
    pub(super) fn next(&self, kind: IdKind) -> Result<i64, Error> {
        let mut block = self.block(kind)?;
        if block.next >= block.end {
            return Err(Unavailable::OutOfIds(kind).into());
        }
        let id = block.next;
        block.next += 1;
        Ok(id)
    }

    /// How many blocks were granted until now: who ran out of ids leases only when nobody
    /// else did since.
    pub(super) fn granted(&self) -> u64 {
        self.granted.load(Ordering::Acquire)
    }

    /// Whether this many ids are left; [`Unavailable::OutOfIds`] when not.
    pub(super) fn require(&self, kind: IdKind, count: usize) -> Result<(), Error> {
        let block = self.block(kind)?;
        let left = usize::try_from(block.end - block.next).unwrap_or(0);
        if left < count {
            return Err(Unavailable::OutOfIds(kind).into());
        }
        Ok(())
    }

    /// Takes back the ids of a closure that failed, as far as none was given out since: so
    /// numbers have few gaps.
    pub(super) fn give_back(&self, taken: &[(IdKind, i64)]) {
        for (kind, id) in taken.iter().rev() {
            if let Ok(mut block) = self.block(*kind)
                && block.next == id + 1
            {
                block.next = *id;
            }
        }
    }

    /// How many ids the next lease of this kind takes.
    pub(super) fn lease_size(&self, kind: IdKind) -> Result<i64, Error> {
        Ok(self.block(kind)?.size)
    }

    /// Takes over a block that is leased for good: behind the block in use where it follows on,
    /// else in its place.
    pub(super) fn grant(&self, kind: IdKind, end: i64, size: i64) -> Result<(), Error> {
        let mut block = self.block(kind)?;
        let start = end - size;
        if block.end != start {
            block.next = start;
        }
        block.end = end;
        block.size = (block.size * 4).min(LARGEST_LEASE);
        self.granted.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}

/// Leases a block in a transaction of its own; the answer is the id after its last.
pub(super) fn lease(tx: &Tx<'_>, kind: IdKind, size: i64) -> Result<i64, Error> {
    tx.query_one(LEASE, &lease_params(kind, size), |row| row.int())
}

/// Leases to nobody, on a file that no node has open: these ids are never given.
pub(super) fn skip(
    connection: &rusqlite::Connection,
    kind: IdKind,
    size: i64,
) -> rusqlite::Result<i64> {
    connection.query_row(LEASE, lease_params(kind, size), |row| row.get(0))
}

fn lease_params(kind: IdKind, size: i64) -> [Value<'static>; 3] {
    [
        Value::from(kind.name()),
        Value::Int(1 + size),
        Value::Int(size),
    ]
}
