//! How many attempts run on each lane: one that is stuck takes its own places alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use directory::TenantId;

/// Attempts under way on one lane at most.
const OF_A_LANE: usize = 8;
/// Attempts under way on the lanes of one tenant at most.
const OF_A_TENANT: usize = 64;
/// Attempts under way on all lanes at most. A lane may always have one: else those that are stuck
/// would hold up the others.
const OF_ALL: usize = 256;

type Running = HashMap<(TenantId, String), usize>;

/// What runs.
#[derive(Default)]
pub(super) struct Lanes(Arc<Mutex<Running>>);

/// A place on a lane; free again when it is dropped.
pub(super) struct Place {
    running: Arc<Mutex<Running>>,
    lane: (TenantId, String),
}

fn lock(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lanes {
    /// How many more attempts may be started on a lane.
    pub(super) fn room(&self, tenant: TenantId, lane: &str) -> usize {
        let running = lock(&self.0);
        let here = running
            .get(&(tenant, lane.to_owned()))
            .copied()
            .unwrap_or(0);
        let everywhere: usize = running.values().sum();
        let of_tenant = running.iter().filter(|((each, _), _)| *each == tenant);
        let of_tenant: usize = of_tenant.map(|(_, count)| count).sum();
        let left = OF_ALL
            .saturating_sub(everywhere)
            .min(OF_A_TENANT.saturating_sub(of_tenant));
        let least = usize::from(here == 0);
        OF_A_LANE.saturating_sub(here).min(left.max(least))
    }

    /// Takes a place.
    pub(super) fn take(&self, tenant: TenantId, lane: &str) -> Place {
        let lane = (tenant, lane.to_owned());
        *lock(&self.0).entry(lane.clone()).or_insert(0) += 1;
        Place {
            running: Arc::clone(&self.0),
            lane,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = lock(&self.running);
        if let Some(count) = running.get_mut(&self.lane) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                running.remove(&self.lane);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_has_its_own_places_and_one_even_when_all_are_taken() {
        let lanes = Lanes::default();
        let tenant = TenantId(1);
        assert_eq!(lanes.room(tenant, "a"), OF_A_LANE);
        let places: Vec<Place> = (0..OF_A_LANE).map(|_| lanes.take(tenant, "a")).collect();
        assert_eq!(lanes.room(tenant, "a"), 0);
        assert_eq!(lanes.room(tenant, "b"), OF_A_LANE);
        let own: Vec<Place> = (OF_A_LANE..OF_A_TENANT)
            .map(|number| lanes.take(tenant, &number.to_string()))
            .collect();
        assert_eq!(lanes.room(tenant, "b"), 1, "the tenant's share is taken");
        let other = TenantId(2);
        assert_eq!(lanes.room(other, "b"), OF_A_LANE, "another's is not");
        let others: Vec<Place> = (0..OF_ALL)
            .map(|number| lanes.take(TenantId(3), &number.to_string()))
            .collect();
        assert_eq!(lanes.room(other, "b"), 1);
        drop((places, own, others));
        assert_eq!(lanes.room(tenant, "a"), OF_A_LANE);
    }
}
