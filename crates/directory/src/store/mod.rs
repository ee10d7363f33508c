//! The only place with SQL. One text serves both engines: `$1` numbered by first
//! appearance, `tenant_id` first everywhere, ids, times and random values bound.

mod accounts;
mod backup;
mod badges;
mod claims;
mod credentials;
mod db;
mod deliveries;
mod events;
mod file_lock;
mod filter;
mod groups;
mod idempotency;
mod ids;
mod imports;
mod invitations;
mod jobs;
mod keys;
mod meter;
mod migrate;
mod postgres;
mod preferences;
mod roles;
mod sqlite;
mod tenants;
mod users;
mod value;
mod webhooks;

pub use backup::{BackupError, Copied, back_up, restore};
pub use db::{Db, Location, Statement, Tx};
pub use events::StoredEvent;
pub use groups::GroupKey;
pub use ids::IdKind;
pub use jobs::Job;
pub use meter::{Cost, Meter};
pub use users::UserKey;
pub use value::{Row, Value};

pub(crate) use accounts::*;
pub(crate) use badges::*;
pub(crate) use claims::*;
pub(crate) use credentials::*;
pub(crate) use deliveries::*;
pub(crate) use events::*;
pub(crate) use groups::*;
pub(crate) use idempotency::*;
pub(crate) use imports::*;
pub(crate) use invitations::*;
pub(crate) use jobs::*;
pub(crate) use keys::*;
pub(crate) use preferences::*;
pub(crate) use roles::*;
pub(crate) use tenants::*;
pub(crate) use users::*;
pub(crate) use webhooks::*;
