//! The APIs that Muster speaks. A dialect is a folder: `mod.rs` (routes, credential),
//! `wire.rs` (shapes), `error.rs` (words), one file a resource, and `quirks.rs` for what
//! nobody would guess. None knows another.

pub mod legalesign;
pub mod native;
pub mod platformos;
pub mod pulse;
pub mod wonolo;

use axum::response::Response;

use crate::http::context::RequestContext;
use crate::http::failure::Failure;

/// An API that Muster speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Dialect {
    Wonolo,
    Pulse,
    Platformos,
    Legalesign,
    Native,
    /// No API: pages for people.
    Pages,
}

/// Where each dialect is mounted. A path belongs to the longest mount that it starts with;
/// one that starts with none is native's.
const MOUNTS: [(&str, Dialect); 15] = [
    ("/api_v2", Dialect::Wonolo),
    ("/users", Dialect::Pulse),
    ("/auth", Dialect::Pulse),
    ("/api/users", Dialect::Platformos),
    ("/api/user", Dialect::Platformos),
    ("/api/sessions", Dialect::Platformos),
    ("/api/v1", Dialect::Legalesign),
    ("/v1", Dialect::Native),
    ("/invitations", Dialect::Pages),
    ("/docs", Dialect::Pages),
    ("/password-resets", Dialect::Pages),
    ("/forms", Dialect::Pages),
    ("/unsubscribe", Dialect::Pages),
    ("/passkeys", Dialect::Pages),
    ("/sign-in", Dialect::Pages),
];

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 6] = [
        Self::Wonolo,
        Self::Pulse,
        Self::Platformos,
        Self::Legalesign,
        Self::Native,
        Self::Pages,
    ];

    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wonolo => "wonolo",
            Self::Pulse => "pulse",
            Self::Platformos => "platformos",
            Self::Legalesign => "legalesign",
            Self::Native => "native",
            Self::Pages => "pages",
        }
    }

    /// Where the dialect of that name is mounted.
    pub fn mounts(name: &str) -> impl Iterator<Item = &'static str> {
        let own = MOUNTS
            .into_iter()
            .filter(move |(_, dialect)| dialect.name() == name);
        own.map(|(mount, _)| mount)
    }

    /// The dialect that a path belongs to.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let under = |mount: &str| {
            path.strip_prefix(mount)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
        };
        MOUNTS
            .into_iter()
            .filter(|(mount, _)| under(mount))
            .max_by_key(|(mount, _)| mount.len())
            .map_or(Self::Native, |(_, dialect)| dialect)
    }

    /// A failure in this dialect's words.
    #[must_use]
    pub fn render(self, failure: &Failure, context: &RequestContext) -> Response {
        match self {
            Self::Wonolo => wonolo::error::render(failure),
            Self::Pulse => pulse::error::render(failure),
            Self::Platformos => platformos::error::render(failure),
            Self::Legalesign => legalesign::error::render(failure, context),
            Self::Native => native::error::render(failure, context),
            Self::Pages => crate::pages::render(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_belongs_to_its_longest_mount() {
        for (path, dialect) in [
            ("/api_v2/users", Dialect::Wonolo),
            ("/users", Dialect::Pulse),
            ("/users/a@b.org", Dialect::Pulse),
            ("/api/users.json", Dialect::Platformos),
            ("/api/user/transactables", Dialect::Platformos),
            ("/api/v1/user/", Dialect::Legalesign),
            ("/v1/users", Dialect::Native),
            ("/invitations/1-x", Dialect::Pages),
            ("/password-resets/1-x", Dialect::Pages),
            ("/forms/seller", Dialect::Pages),
            ("/unsubscribe/1-2.user_created.x", Dialect::Pages),
            ("/usersx", Dialect::Native),
            ("/", Dialect::Native),
        ] {
            assert_eq!(Dialect::of_path(path), dialect, "{path}");
        }
    }
}
