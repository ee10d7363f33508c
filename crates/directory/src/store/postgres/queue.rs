//! What waits for a connection.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Unavailable};

use super::session::Connection;

/// Runs on a connection, or is told that there is none; gives back the one it ran on.
type Run = Box<dyn FnOnce(Result<Connection, Error>) -> Option<Connection> + Send>;

/// A closure in the queue: run by the thread that takes it, or taken back by who waits for it.
#[derive(Clone)]
pub(super) struct Job(Arc<Mutex<Option<Run>>>);

impl Job {
    /// A job that runs `run` on a connection or on the reason why there is none. A connection
    /// on which it panicked is given up, with whatever is open on it.
    pub(super) fn new(run: impl FnOnce(Result<&mut Connection, Error>) + Send + 'static) -> Self {
        let run: Run = Box::new(move |connection| match connection {
            Err(none) => {
                run(Err(none));
                None
            }
            Ok(mut connection) => {
                let ran = catch_unwind(AssertUnwindSafe(|| run(Ok(&mut connection))));
                ran.ok().map(|()| connection)
            }
        });
        Self(Arc::new(Mutex::new(Some(run))))
    }

    /// The closure, for the first who asks.
    pub(super) fn take(&self) -> Option<Run> {
        lock(&self.0).take()
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    threads: usize,
    idle: usize,
    closed: bool,
}

/// The queue, and how many threads serve it.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    most: usize,
}

impl Queue {
    /// An empty queue of `most` jobs at most.
    pub(super) fn new(most: usize) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            most,
        }
    }

    /// Adds a job, and has a thread started for it where there is none. Where that fails, the
    /// job is taken back and the failure answered, unless another thread has the job: then it
    /// runs, and what comes of it is the answer.
    pub(super) fn submit(
        &self,
        job: &Job,
        most_threads: usize,
        start_thread: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        if !self.push(job.clone(), most_threads)? {
            return Ok(());
        }
        let Err(cause) = start_thread() else {
            return Ok(());
        };
        let mut state = lock(&self.state);
        state.threads -= 1;
        if job.take().is_none() {
            return Ok(());
        }
        state.waiting.retain(|waiting| !waiting.is(job));
        Err(cause)
    }

    /// Adds a job; answers whether a further thread is to be started for it, which counts
    /// from then on.
    fn push(&self, job: Job, most_threads: usize) -> Result<bool, Error> {
        let mut state = lock(&self.state);
        if state.waiting.len() >= self.most {
            return Err(Unavailable::QueueFull.into());
        }
        state.waiting.push_back(job);
        let more = state.idle < state.waiting.len() && state.threads < most_threads;
        if more {
            state.threads += 1;
        }
        drop(state);
        self.changed.notify_one();
        Ok(more)
    }

    /// The next job; none once the queue is closed.
    pub(super) fn next(&self) -> Option<Job> {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.waiting.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state.idle += 1;
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// Ends every thread once nothing waits.
    pub(super) fn close(&self) {
        lock(&self.state).closed = true;
        self.changed.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_thread() -> Result<(), Error> {
        let cause = std::io::Error::from(std::io::ErrorKind::WouldBlock);
        Err(Unavailable::Database(Box::new(cause)).into())
    }

    #[test]
    fn a_job_for_which_no_thread_starts_is_refused_and_never_runs() {
        let queue = Queue::new(1);
        for _ in 0..3 {
            let job = Job::new(|_| {});
            let refused = queue.submit(&job, 4, no_thread);
            assert!(matches!(
                refused,
                Err(Error::Unavailable(Unavailable::Database(_)))
            ));
            assert!(job.take().is_none());
        }
        // None of them holds a place, and a thread is asked for again.
        let mut started = false;
        let job = Job::new(|_| {});
        let start = || {
            started = true;
            Ok(())
        };
        queue.submit(&job, 1, start).unwrap();
        assert!(started);
    }

    #[test]
    fn a_job_that_another_thread_has_by_then_is_not_refused() {
        let queue = Queue::new(1);
        let job = Job::new(|_| {});
        let mut taken = None;
        let start = || {
            taken = queue.next().and_then(|job| job.take());
            no_thread()
        };
        queue.submit(&job, 4, start).unwrap();
        assert!(taken.is_some());
    }
}
