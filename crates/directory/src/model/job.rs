//! Jobs.

use jiff::Timestamp;

/// Ten-millionths of a degree: a centimetre, about.
const E7: f64 = 1e7;

/// A place on Earth, kept to the ten-millionth of a degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    latitude_e7: i64,
    longitude_e7: i64,
}

impl Place {
    /// Greatest latitude, in degrees.
    pub const MAX_LATITUDE: f64 = 90.0;
    /// Greatest longitude, in degrees.
    pub const MAX_LONGITUDE: f64 = 180.0;

    /// A place by its degrees; none where there is no such place.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let there = latitude.abs() <= Self::MAX_LATITUDE && longitude.abs() <= Self::MAX_LONGITUDE;
        // Within these bounds, the number fits.
        #[allow(clippy::cast_possible_truncation, reason = "bounded just before")]
        let e7 = |degrees: f64| (degrees * E7).round() as i64;
        there.then(|| Self::from_e7(e7(latitude), e7(longitude)))
    }

    /// Degrees north.
    #[must_use]
    pub fn latitude(self) -> f64 {
        degrees(self.latitude_e7)
    }

    /// Degrees east.
    #[must_use]
    pub fn longitude(self) -> f64 {
        degrees(self.longitude_e7)
    }

    pub(crate) fn e7(self) -> (i64, i64) {
        (self.latitude_e7, self.longitude_e7)
    }

    pub(crate) fn from_e7(latitude_e7: i64, longitude_e7: i64) -> Self {
        Self {
            latitude_e7,
            longitude_e7,
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "at most 1 800 000 000")]
fn degrees(e7: i64) -> f64 {
    e7 as f64 / E7
}

/// A job as the operator's systems report it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The id that the reporting system gave it; unique in the tenant.
    pub external_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Who works.
    pub worker_id: i64,
    /// For whom.
    pub account_id: i64,
    /// Its state: one of [`crate::jobs::STATES`].
    pub state: String,
    /// Since when.
    pub state_at: Timestamp,
    /// Where that was.
    pub place: Option<Place>,
}

/// A job as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredJob {
    /// Its number.
    pub id: i64,
    /// The job, as it stands now.
    pub job: Job,
    /// When it was reported first.
    pub created_at: Timestamp,
    /// Moves with each report that wrote anything.
    pub version: i64,
}

/// A state that a job of a worker's came into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobTransition {
    /// Its number.
    pub id: i64,
    /// The job's number.
    pub job_id: i64,
    /// The state.
    pub state: String,
    /// When, as reported.
    pub at: Timestamp,
    /// Where.
    pub place: Option<Place>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_kept_to_the_ten_millionth_of_a_degree() {
        for (latitude, longitude) in [(37.774_929_5, -122.419_415_5), (-90.0, 180.0), (0.0, 0.0)] {
            let place = Place::new(latitude, longitude).unwrap();
            assert_eq!((place.latitude(), place.longitude()), (latitude, longitude));
        }
        for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0)] {
            assert_eq!(Place::new(latitude, longitude), None);
        }
    }
}
