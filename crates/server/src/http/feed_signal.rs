//! Tells those who follow the feed that it moved, or that they are to end.

use tokio::sync::watch;

/// A signal that any number of requests wait for.
pub struct FeedSignal(watch::Sender<State>);

#[derive(Clone, Copy, Default)]
struct State {
    moves: u64,
    ending: bool,
}

impl Default for FeedSignal {
    fn default() -> Self {
        Self(watch::Sender::new(State::default()))
    }
}

impl FeedSignal {
    /// Events got their places in the feed.
    pub fn moved(&self) {
        self.0
            .send_modify(|state| state.moves = state.moves.wrapping_add(1));
    }

    /// The server stops: whoever follows the feed is to come again.
    pub fn end(&self) {
        self.0.send_modify(|state| state.ending = true);
    }

    /// To wait with.
    #[must_use]
    pub fn follow(&self) -> Follower {
        Follower(self.0.subscribe())
    }
}

/// Waits for the feed to move.
pub struct Follower(watch::Receiver<State>);

impl Follower {
    /// Ends when the feed moved since it was last asked, or the server stops.
    pub async fn moved(&mut self) {
        // The sender lives as long as the application.
        let _ = self.0.changed().await;
    }

    /// Whether the server stops.
    #[must_use]
    pub fn ends(&self) -> bool {
        self.0.borrow().ending
    }
}
