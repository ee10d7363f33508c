//! What can happen.

use directory::event::Entry;
use serde::Serialize;

use super::Resource;

#[derive(Serialize)]
pub(in crate::dialects::native) struct EventTypeOut {
    name: &'static str,
    group: &'static str,
    origin: &'static str,
    description: &'static str,
}

impl Resource for Entry {
    type Out<'a> = EventTypeOut;

    fn out(&self) -> EventTypeOut {
        EventTypeOut {
            name: self.name,
            group: self.group.name(),
            origin: self.origin.name(),
            description: self.description,
        }
    }
}
