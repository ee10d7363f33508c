//! How many files and connections the process may have open at once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::http::listener::ConnectionLimits;

/// Descriptors kept for what is no client's connection: the database, the log, the listeners.
const KEPT: u64 = 256;
/// What is left for clients at least, whatever the system says.
const LEAST: usize = 16;

/// The listener's limits, with no more connections than there are descriptors for. Most systems
/// start a process with 1 024 and let it have many more: it takes all that it may have.
pub(super) fn connection_limits() -> ConnectionLimits {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let defaults = ConnectionLimits::default();
    ConnectionLimits {
        max_connections: room(allowed, defaults.max_connections),
        ..defaults
    }
}

/// How many connections fit under a limit of descriptors; none is no limit.
fn room(allowed: Option<u64>, wanted: usize) -> usize {
    let Some(allowed) = allowed else {
        return wanted;
    };
    let left = usize::try_from(allowed.saturating_sub(KEPT)).unwrap_or(usize::MAX);
    left.clamp(LEAST, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        assert_eq!(room(None, 10_000), 10_000);
        assert_eq!(room(Some(1 << 20), 10_000), 10_000);
        assert_eq!(room(Some(10_000), 10_000), 9_744);
        assert_eq!(room(Some(1_024), 10_000), 768);
        assert_eq!(room(Some(64), 10_000), 16);
    }
}
