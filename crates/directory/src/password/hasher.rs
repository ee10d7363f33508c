//! Hashing and verifying, on threads of their own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::oneshot;

use super::{PREFIX, PasswordHash, check_length, foreign};
use crate::clock::Random;
use crate::error::{Error, Unavailable};

/// Hashings that may wait for one that runs; one more is refused with
/// [`Unavailable::Hashing`].
const WAITING: usize = 256;
/// Hashings that a thread makes before it answers, while others wait.
const ANSWERED_TOGETHER: usize = 4;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// What a thread does next, with its working memory.
type Job = Box<dyn FnOnce(&mut Vec<Block>) -> Answer + Send>;
/// Tells who waits for a hashing what came of it.
type Answer = Box<dyn FnOnce() + Send>;

/// Hashes passwords, as many at once as it has threads. Each goes on with what waits the moment
/// it is done, and keeps its working memory, 19 MiB once it hashed: an allocator that is asked
/// for such blocks from many threads keeps one for each thread. While others wait, a thread
/// answers [`ANSWERED_TOGETHER`] of them at a time: so what follows is done, and committed, for
/// several at once, and takes less from those that still wait. The threads end with the last
/// handle.
#[derive(Clone)]
pub struct Hasher {
    jobs: SyncSender<Job>,
}

impl Hasher {
    /// A hasher of at most `parallel` at once.
    ///
    /// # Errors
    /// [`Error::Internal`] where no thread can be started.
    pub fn new(parallel: usize) -> Result<Self, Error> {
        let (jobs, waiting) = sync_channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..parallel.max(1) {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new()
                .name("hasher".to_owned())
                .spawn(move || work_off(&waiting))
                .map_err(Error::internal)?;
        }
        Ok(Self { jobs })
    }

    /// Hashes a password with a new salt.
    ///
    /// # Errors
    /// [`Unavailable::Hashing`] when too many wait, [`Error::Internal`].
    pub async fn hash(
        &self,
        password: SecretString,
        random: &dyn Random,
    ) -> Result<PasswordHash, Error> {
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt);
        self.run(move |memory| {
            let found = digest(&password, &salt, memory)?;
            let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(found));
            Ok(PasswordHash(format!("{PREFIX}{salt}${hash}")))
        })
        .await
    }

    /// Whether a password is the one that was hashed, here or by another system.
    ///
    /// # Errors
    /// As [`Hasher::hash`].
    pub async fn verify(&self, password: SecretString, hash: PasswordHash) -> Result<bool, Error> {
        if check_length(&password, 0).is_some() {
            return Ok(false);
        }
        self.run(move |memory| {
            let Some((salt, expected)) = hash.current() else {
                let foreign = foreign::parse(hash.expose())
                    .map_err(|_| Error::internal("a stored hash of another kind"))?;
                return foreign.verify(password.expose_secret().as_bytes());
            };
            let salt = STANDARD_NO_PAD.decode(salt).map_err(Error::internal)?;
            let found = digest(&password, &salt, memory)?;
            Ok(crate::secret::same(
                &STANDARD_NO_PAD.encode(found),
                expected,
            ))
        })
        .await
    }

    /// Work of a client that hangs up keeps its place until it is its turn, and is dropped then.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let job = move |memory: &mut Vec<Block>| -> Answer {
            // Nobody waits for it where the client hung up meanwhile.
            let result = (!answer.is_closed()).then(|| work(memory));
            Box::new(move || drop(result.map(|result| answer.send(result))))
        };
        self.jobs
            .try_send(Box::new(job))
            .map_err(|_| Unavailable::Hashing)?;
        answered.await.map_err(Error::internal)?
    }
}

/// Does what waits, until nobody is left who could send more.
fn work_off(waiting: &Mutex<Receiver<Job>>) {
    let mut memory = Vec::new();
    while let Some(first) = next(waiting) {
        let mut answers = Vec::with_capacity(ANSWERED_TOGETHER);
        let mut job = Some(first);
        while let Some(next) = job {
            match catch_unwind(AssertUnwindSafe(|| next(&mut memory))) {
                Ok(answer) => answers.push(answer),
                // Who waits for it is told by its end; the thread stays.
                Err(_) => memory = Vec::new(),
            }
            job = (answers.len() < ANSWERED_TOGETHER)
                .then(|| next_waiting(waiting))
                .flatten();
        }
        for answer in answers {
            answer();
        }
    }
}

fn next(waiting: &Mutex<Receiver<Job>>) -> Option<Job> {
    let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.recv().ok()
}

/// The next one, if one waits already. Nothing does while another thread stands in [`next`].
fn next_waiting(waiting: &Mutex<Receiver<Job>>) -> Option<Job> {
    waiting.try_lock().ok()?.try_recv().ok()
}

fn digest(
    password: &SecretString,
    salt: &[u8],
    memory: &mut Vec<Block>,
) -> Result<[u8; HASH_BYTES], Error> {
    let refused = |cause: argon2::Error| Error::internal(cause.to_string());
    let parameters = Params::new(19_456, 2, 1, None).map_err(refused)?;
    memory.resize(parameters.block_count(), Block::default());
    let mut hash = [0; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into_with_memory(
            password.expose_secret().as_bytes(),
            salt,
            &mut hash,
            memory,
        )
        .map_err(refused)?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
    }

    /// A hasher whose one thread is kept busy until the sender goes.
    fn busy() -> (Hasher, std::sync::mpsc::Sender<()>) {
        let hasher = Hasher::new(1).unwrap();
        let (started, starts) = std::sync::mpsc::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let job = move |_: &mut Vec<Block>| -> Answer {
            started.send(()).unwrap();
            assert!(released.recv().is_err());
            Box::new(|| {})
        };
        hasher.jobs.try_send(Box::new(job)).unwrap();
        starts.recv().unwrap();
        (hasher, release)
    }

    #[tokio::test]
    async fn a_password_is_verified_exactly_as_received() {
        let hasher = Hasher::new(1).unwrap();
        let password = format!("  {}é ", "x".repeat(100));
        let hash = hasher.hash(secret(&password), &SystemRandom).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(
            hasher
                .verify(secret(&password), hash.clone())
                .await
                .unwrap()
        );
        for other in [
            password.trim(),
            &password[..80],
            "",
            &password.to_uppercase(),
        ] {
            assert!(!hasher.verify(secret(other), hash.clone()).await.unwrap());
        }
        assert!(!format!("{hash:?}").contains("argon2"));
    }

    #[tokio::test]
    async fn nobodys_hash_is_verified_as_any_other_and_no_password_has_it() {
        assert!(PasswordHash::of_nobody().is_current());
        for password in ["", "password"] {
            let hasher = Hasher::new(1).unwrap();
            let verified = hasher.verify(secret(password), PasswordHash::of_nobody());
            assert!(!verified.await.unwrap());
        }
    }

    #[tokio::test]
    async fn hashings_share_the_memory_of_those_that_run() {
        let hasher = Hasher::new(2).unwrap();
        let hash = |memory: &mut Vec<Block>| {
            digest(&secret("x"), &[7; SALT_BYTES], memory)?;
            Ok(memory.as_ptr().addr())
        };
        let hashed = futures_util::future::join_all((0..8).map(|_| hasher.run(hash))).await;
        let places: std::collections::BTreeSet<usize> =
            hashed.into_iter().map(Result::unwrap).collect();
        assert!((1..=2).contains(&places.len()), "{places:?}");
    }

    #[tokio::test]
    async fn more_hashings_than_may_wait_are_refused() {
        let (hasher, release) = busy();
        for _ in 0..WAITING {
            let job: Job = Box::new(|_| Box::new(|| {}));
            hasher.jobs.try_send(job).unwrap();
        }
        let refused = hasher.hash(secret("x"), &SystemRandom).await;
        assert!(matches!(
            refused,
            Err(Error::Unavailable(Unavailable::Hashing))
        ));
        drop(release);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_hashed() {
        let (hasher, release) = busy();
        let (ran, runs) = std::sync::mpsc::channel();
        let left = ran.clone();
        let abandoned = hasher.run(move |_| left.send("abandoned").map_err(Error::internal));
        assert!(futures_util::FutureExt::now_or_never(abandoned).is_none());
        let awaited = hasher.run(move |_| ran.send("awaited").map_err(Error::internal));
        drop(release);
        awaited.await.unwrap();
        assert_eq!(runs.iter().collect::<Vec<_>>(), ["awaited"]);
    }

    #[test]
    fn while_others_wait_a_thread_answers_several_at_a_time() {
        let (hasher, release) = busy();
        let (told, tells) = std::sync::mpsc::channel();
        for number in 1..=5 {
            let told = told.clone();
            let job: Job = Box::new(move |_| {
                told.send(("hashed", number)).unwrap();
                assert_ne!(number, 2, "as a broken dependency would");
                Box::new(move || told.send(("answered", number)).unwrap())
            });
            hasher.jobs.try_send(job).unwrap();
        }
        drop((told, release));
        // The one that kept the thread busy is the first of its four, and one that panics has
        // nothing to answer.
        let hashed = [1, 2, 3, 4].map(|number| ("hashed", number));
        let answered = [1, 3, 4].map(|number| ("answered", number));
        let alone = [("hashed", 5), ("answered", 5)];
        let expected = [&hashed[..], &answered, &alone].concat();
        assert_eq!(tells.iter().collect::<Vec<_>>(), expected);
    }

    #[tokio::test]
    async fn a_hashing_that_panics_is_told_and_the_next_one_works() {
        let hasher = Hasher::new(1).unwrap();
        let panicked = hasher
            .run::<()>(|_| panic!("as a broken dependency would"))
            .await;
        assert!(matches!(panicked, Err(Error::Internal(_))));
        let hash = hasher.hash(secret("x"), &SystemRandom).await.unwrap();
        assert!(hasher.verify(secret("x"), hash).await.unwrap());
    }
}
