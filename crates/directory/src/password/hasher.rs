//! Hashing and verifying, on threads of their own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
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
/// Hashings that a thread makes before it answers them, while many others wait.
const ANSWERED_TOGETHER: usize = 4;
/// How many must wait for each thread so that those who are done wait as well: so no thread runs
/// out of work while those who would bring the next one are kept waiting.
const MANY: usize = 2;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// What a thread does next.
struct Job {
    work: Work,
    maker: Maker,
}

/// Whose kind of hash it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Maker {
    /// Ours: all take as long.
    Muster,
    /// Another system's: it may take seconds.
    Foreign,
}

/// Hashes, in the working memory of the thread.
type Work = Box<dyn FnOnce(&mut Vec<Block>) -> Answer + Send>;
/// Tells who waits for a hashing what came of it.
type Answer = Box<dyn FnOnce() + Send>;

/// Hashes passwords, as many at once as it has threads. Each goes on with what waits the moment
/// it is done, and keeps its working memory, 19 MiB once it hashed: an allocator that is asked
/// for such blocks from many threads keeps one for each thread. While many wait, a thread
/// answers [`ANSWERED_TOGETHER`] of them at a time: so what follows is done, and committed, for
/// several at once, and takes less from those that still wait. The threads end with the last
/// handle.
#[derive(Clone)]
pub struct Hasher {
    jobs: SyncSender<Job>,
    queue: Arc<Queue>,
}

/// What waits for a thread.
struct Queue {
    jobs: Mutex<Receiver<Job>>,
    /// How many wait, or are about to.
    length: AtomicUsize,
    threads: usize,
}

impl Hasher {
    /// A hasher of at most `parallel` at once.
    ///
    /// # Errors
    /// [`Error::Internal`] where no thread can be started.
    pub fn new(parallel: usize) -> Result<Self, Error> {
        let (jobs, waiting) = sync_channel(WAITING);
        let queue = Arc::new(Queue {
            jobs: Mutex::new(waiting),
            length: AtomicUsize::new(0),
            threads: parallel.max(1),
        });
        for _ in 0..queue.threads {
            let queue = Arc::clone(&queue);
            thread::Builder::new()
                .name("hasher".to_owned())
                .spawn(move || work_off(&queue))
                .map_err(Error::internal)?;
        }
        Ok(Self { jobs, queue })
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
        self.run(Maker::Muster, move |memory| {
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
        let maker = if hash.is_current() {
            Maker::Muster
        } else {
            Maker::Foreign
        };
        self.run(maker, move |memory| {
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
        maker: Maker,
        work: impl FnOnce(&mut Vec<Block>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let work = move |memory: &mut Vec<Block>| -> Answer {
            // Nobody waits for it where the client hung up meanwhile.
            let result = (!answer.is_closed()).then(|| work(memory));
            Box::new(move || drop(result.map(|result| answer.send(result))))
        };
        let work = Box::new(work);
        self.enqueue(Job { work, maker })?;
        answered.await.map_err(Error::internal)?
    }

    fn enqueue(&self, job: Job) -> Result<(), Error> {
        self.queue.length.fetch_add(1, Ordering::Relaxed);
        self.jobs.try_send(job).map_err(|_| {
            self.queue.length.fetch_sub(1, Ordering::Relaxed);
            Unavailable::Hashing.into()
        })
    }
}

impl Queue {
    /// The next one, which is waited for; none when nobody is left who could send more.
    fn next(&self) -> Option<Job> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        self.taken(jobs.recv().ok())
    }

    /// The next one, where many wait. A thread that finds another one at the queue goes
    /// without.
    fn next_of_many(&self) -> Option<Job> {
        if self.length.load(Ordering::Relaxed) < MANY * self.threads {
            return None;
        }
        self.taken(self.jobs.try_lock().ok()?.try_recv().ok())
    }

    fn taken(&self, job: Option<Job>) -> Option<Job> {
        job.inspect(|_| {
            self.length.fetch_sub(1, Ordering::Relaxed);
        })
    }
}

/// Does what waits, until nobody is left who could send more.
fn work_off(queue: &Queue) {
    let (mut memory, mut done) = (Vec::new(), Vec::with_capacity(ANSWERED_TOGETHER));
    while let Some(first) = queue.next() {
        do_one(first, &mut memory, &mut done);
        for _ in 1..ANSWERED_TOGETHER {
            match queue.next_of_many() {
                Some(another) => do_one(another, &mut memory, &mut done),
                None => break,
            }
        }
        answer_all(&mut done);
    }
}

/// Who waits for one that panics is told, by its end; the thread stays.
fn do_one(job: Job, memory: &mut Vec<Block>, done: &mut Vec<Answer>) {
    if job.maker == Maker::Foreign {
        answer_all(done);
    }
    match catch_unwind(AssertUnwindSafe(|| (job.work)(memory))) {
        Ok(answer) => done.push(answer),
        Err(_) => *memory = Vec::new(),
    }
}

fn answer_all(done: &mut Vec<Answer>) {
    for answer in done.drain(..) {
        drop(catch_unwind(AssertUnwindSafe(answer)));
    }
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

    fn job(maker: Maker, work: impl FnOnce() -> Answer + Send + 'static) -> Job {
        let work = Box::new(move |_: &mut Vec<Block>| work());
        Job { work, maker }
    }

    /// A hasher whose one thread is kept busy until the sender goes.
    fn busy() -> (Hasher, std::sync::mpsc::Sender<()>) {
        let hasher = Hasher::new(1).unwrap();
        let (started, starts) = std::sync::mpsc::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let keep = move || -> Answer {
            started.send(()).unwrap();
            assert!(released.recv().is_err());
            Box::new(|| {})
        };
        hasher.enqueue(job(Maker::Foreign, keep)).unwrap();
        starts.recv().unwrap();
        (hasher, release)
    }

    /// What happens, in its order, once jobs of these kinds that all wait are done; one of them
    /// panics.
    fn told(makers: &[Maker], panics: Option<usize>) -> Vec<(&'static str, usize)> {
        let (hasher, release) = busy();
        let (told, tells) = std::sync::mpsc::channel();
        for (number, maker) in makers.iter().enumerate() {
            let told = told.clone();
            let work = move || -> Answer {
                told.send(("hashed", number)).unwrap();
                assert_ne!(Some(number), panics, "as a broken dependency would");
                Box::new(move || told.send(("answered", number)).unwrap())
            };
            hasher.enqueue(job(*maker, work)).unwrap();
        }
        drop((told, release));
        tells.iter().collect()
    }

    fn all(what: &'static str, of: std::ops::Range<usize>) -> Vec<(&'static str, usize)> {
        of.map(|number| (what, number)).collect()
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
        let hashed =
            futures_util::future::join_all((0..8).map(|_| hasher.run(Maker::Muster, hash))).await;
        let places: std::collections::BTreeSet<usize> =
            hashed.into_iter().map(Result::unwrap).collect();
        assert!((1..=2).contains(&places.len()), "{places:?}");
    }

    #[tokio::test]
    async fn more_hashings_than_may_wait_are_refused() {
        let (hasher, release) = busy();
        for _ in 0..WAITING {
            hasher
                .enqueue(job(Maker::Muster, || Box::new(|| {})))
                .unwrap();
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
        let abandoned = hasher.run(Maker::Muster, move |_| {
            left.send("abandoned").map_err(Error::internal)
        });
        assert!(futures_util::FutureExt::now_or_never(abandoned).is_none());
        let awaited = hasher.run(Maker::Muster, move |_| {
            ran.send("awaited").map_err(Error::internal)
        });
        drop(release);
        awaited.await.unwrap();
        assert_eq!(runs.iter().collect::<Vec<_>>(), ["awaited"]);
    }

    #[test]
    fn while_many_wait_a_thread_answers_several_at_a_time() {
        // The one that keeps the thread busy is the first of its four; that two wait is enough.
        let expected = [
            all("hashed", 0..3),
            all("answered", 0..3),
            all("hashed", 3..7),
            all("answered", 3..7),
            all("hashed", 7..9),
            all("answered", 7..9),
            all("hashed", 9..10),
            all("answered", 9..10),
        ];
        assert_eq!(told(&[Maker::Muster; 10], None), expected.concat());
    }

    #[test]
    fn nobody_who_is_done_waits_for_one_that_may_take_seconds() {
        let expected = [
            all("hashed", 0..2),
            all("answered", 0..2),
            all("hashed", 2..3),
            all("answered", 2..3),
            all("hashed", 3..5),
            all("answered", 3..5),
            all("hashed", 5..6),
            all("answered", 5..6),
        ];
        let mut makers = [Maker::Muster; 6];
        makers[2] = Maker::Foreign;
        assert_eq!(told(&makers, None), expected.concat());
    }

    #[test]
    fn one_that_panics_takes_no_other_answer_with_it() {
        let expected = [
            all("hashed", 0..3),
            all("answered", 0..1),
            all("answered", 2..3),
            all("hashed", 3..5),
            all("answered", 3..5),
            all("hashed", 5..6),
            all("answered", 5..6),
        ];
        assert_eq!(told(&[Maker::Muster; 6], Some(1)), expected.concat());
    }

    #[tokio::test]
    async fn a_hashing_that_panics_is_told_and_the_next_one_works() {
        let hasher = Hasher::new(1).unwrap();
        let panicked = hasher
            .run::<()>(Maker::Muster, |_| panic!("as a broken dependency would"))
            .await;
        assert!(matches!(panicked, Err(Error::Internal(_))));
        let hash = hasher.hash(secret("x"), &SystemRandom).await.unwrap();
        assert!(hasher.verify(secret("x"), hash).await.unwrap());
    }
}
