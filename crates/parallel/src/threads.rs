//! Ranks that are threads of one process.

use crate::world::check_lengths;
use crate::{Departure, World, WorldError};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A rank that is a thread of this process: for one machine, and for tests of what several machines will do.
///
/// A rank whose function returns or panics leaves: whoever waits for it is told at once, and so is whoever will.
#[derive(Debug)]
pub struct Threads {
    rank: usize,
    board: Arc<Board>,
    /// The number of the next collective, and the memory of the last but one.
    own: Mutex<Own>,
}

#[derive(Debug, Default)]
struct Own {
    round: usize,
    spare: Vec<u8>,
}

/// Where ranks post what they send.
#[derive(Debug)]
struct Board {
    posts: Mutex<Posts>,
    changed: Condvar,
}

/// **A rank posts a round once it has read all posts of the round before.** So posts of two rounds are enough.
#[derive(Debug)]
struct Posts {
    /// For each rank, how many rounds it has posted, and the last two.
    ranks: Vec<(usize, [Option<Post>; 2])>,
    /// Who has left, in this order.
    left: Vec<(usize, Departure)>,
}

#[derive(Clone, Debug)]
struct Post {
    bytes: Arc<Vec<u8>>,
    /// The lengths of the parts of an exchange; none for a gather.
    to: Option<Arc<[usize]>>,
}

impl Threads {
    /// Runs a function on so many ranks, each on a thread of its own; gives the results in the order of the ranks.
    ///
    /// ```
    /// use parallel::{Threads, World};
    /// assert_eq!(Threads::run(3, |world| world.rank() + world.size()), [3, 4, 5]);
    /// ```
    ///
    /// # Panics
    /// If there are to be no ranks, or the system gives no thread. If a rank panics, with the panic of the first, after all have ended.
    #[track_caller]
    pub fn run<R: Send>(size: usize, rank: impl Fn(&Threads) -> R + Sync) -> Vec<R> {
        let (results, first) = Threads::launch(size, rank);
        let mut results: Vec<_> = results.into_iter().map(Some).collect();
        if let Some(Some(Err(panic))) = first.map(|rank| results[rank].take()) {
            resume_unwind(panic);
        }
        results
            .into_iter()
            .flatten()
            .map(|result| result.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    }

    /// As [`run`](Threads::run), and gives the panic of a rank as [`std::thread::Result`] does.
    ///
    /// ```
    /// use parallel::{Departure, Threads, World, WorldError};
    /// let results = Threads::try_run(2, |world| {
    ///     assert!(world.rank() != 1, "out of luck");
    ///     world.gather(&[1], &mut [0; 2], &[1, 1])
    /// });
    /// let how = Departure::Panicked("out of luck".into());
    /// assert_eq!(results[0].as_ref().unwrap(), &Err(WorldError::Left { rank: 1, how }));
    /// assert!(results[1].is_err());
    /// ```
    ///
    /// # Panics
    /// If there are to be no ranks, or the system gives no thread.
    #[track_caller]
    pub fn try_run<R: Send>(size: usize, rank: impl Fn(&Threads) -> R + Sync) -> Vec<std::thread::Result<R>> {
        Threads::launch(size, rank).0
    }

    /// The results, and the rank that panicked first.
    #[track_caller]
    fn launch<R: Send>(
        size: usize,
        rank: impl Fn(&Threads) -> R + Sync,
    ) -> (Vec<std::thread::Result<R>>, Option<usize>) {
        assert!(size > 0, "Threads: 0 ranks\n  rule: there is at least one");
        let board = Arc::new(Board {
            posts: Mutex::new(Posts { ranks: vec![(0, [None, None]); size], left: vec![] }),
            changed: Condvar::new(),
        });
        let run = |world: Threads| {
            let result = catch_unwind(AssertUnwindSafe(|| rank(&world)));
            let how = match &result {
                Ok(_) => Departure::Returned,
                Err(panic) => Departure::Panicked(message(&**panic)),
            };
            world.board.leave(world.rank, how);
            result
        };
        let results = std::thread::scope(|scope| {
            let worlds =
                (0..size).map(|rank| Threads { rank, board: Arc::clone(&board), own: Mutex::default() });
            let ranks: Vec<_> = worlds
                .map(|world| {
                    let thread = std::thread::Builder::new().name(format!("rank {}", world.rank));
                    let (number, run) = (world.rank, &run);
                    thread.spawn_scoped(scope, move || run(world)).map_err(|error| {
                        let how = Departure::Panicked(format!("it has no thread: {error}"));
                        board.leave(number, how); // those that run are not to wait for it
                        error
                    })
                })
                .collect();
            let mut results = vec![];
            for rank in ranks {
                let rank = rank.unwrap_or_else(|error| panic!("Threads: no thread: {error}"));
                results.push(rank.join().unwrap_or_else(Err));
            }
            results
        });
        let posts = board.lock();
        let panicked = |how: &Departure| matches!(how, Departure::Panicked(_));
        (results, posts.left.iter().find(|(_, how)| panicked(how)).map(|(rank, _)| *rank))
    }

    /// Posts, waits until all have posted, and lets `read` take its part of each post.
    fn round(
        &self,
        bytes: &[u8],
        to: Option<&[usize]>,
        mut read: impl FnMut(usize, &Post) -> Result<(), WorldError>,
    ) -> Result<(), WorldError> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let (round, mut memory) = (own.round, std::mem::take(&mut own.spare));
        memory.clear();
        memory.extend_from_slice(bytes);
        let (posts, last) =
            self.board.post(self.rank, round, Post { bytes: Arc::new(memory), to: to.map(Into::into) })?;
        own.round += 1;
        own.spare = last.and_then(|post| Arc::into_inner(post.bytes)).unwrap_or_default();
        posts.iter().enumerate().try_for_each(|(rank, post)| read(rank, post))
    }
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Posts> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Posts for a round and waits for those of all; gives them, and this rank's of two rounds before.
    fn post(&self, rank: usize, round: usize, post: Post) -> Result<(Vec<Post>, Option<Post>), WorldError> {
        let mut posts = self.lock();
        let (count, last) = &mut posts.ranks[rank];
        *count = round + 1;
        let before = last[round % 2].replace(post);
        self.changed.notify_all();
        while posts.ranks.iter().any(|(count, _)| *count <= round) {
            if let Some((rank, how)) = posts.left.iter().find(|(rank, _)| posts.ranks[*rank].0 <= round) {
                return Err(WorldError::Left { rank: *rank, how: how.clone() });
            }
            posts = self.changed.wait(posts).unwrap_or_else(PoisonError::into_inner);
        }
        let all = posts.ranks.iter().map(|(_, last)| last[round % 2].clone().expect("it was posted"));
        Ok((all.collect(), before))
    }

    fn leave(&self, rank: usize, how: Departure) {
        self.lock().left.push((rank, how));
        self.changed.notify_all();
    }
}

impl World for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.board.lock().ranks.len()
    }

    fn exchange(
        &self,
        send: &[u8],
        to: &[usize],
        receive: &mut [u8],
        from: &[usize],
    ) -> Result<(), WorldError> {
        check_lengths("exchange", self.size(), (send.len(), to), (receive.len(), from));
        let mut rest = receive;
        self.round(send, Some(to), |rank, post| {
            let expected = Part { call: "an exchange", bytes: from[rank] };
            let Some(to) = &post.to else {
                return Err(expected.mismatch(rank, "a gather", post.bytes.len()));
            };
            if to[self.rank] != expected.bytes {
                return Err(expected.mismatch(rank, expected.call, to[self.rank]));
            }
            let start = to[..self.rank].iter().sum();
            take(&mut rest, &post.bytes[start..start + expected.bytes]);
            Ok(())
        })
    }

    fn gather(&self, send: &[u8], receive: &mut [u8], from: &[usize]) -> Result<(), WorldError> {
        let size = self.size();
        let mut parts = vec![0; size];
        parts[self.rank] = send.len();
        check_lengths("gather", size, (send.len(), &parts), (receive.len(), from));
        let mut rest = receive;
        self.round(send, None, |rank, post| {
            let expected = Part { call: "a gather", bytes: from[rank] };
            match &post.to {
                Some(to) => return Err(expected.mismatch(rank, "an exchange", to[self.rank])),
                None if post.bytes.len() != expected.bytes => {
                    return Err(expected.mismatch(rank, expected.call, post.bytes.len()));
                }
                None => {}
            }
            take(&mut rest, &post.bytes);
            Ok(())
        })
    }
}

/// What a rank expects of another one.
struct Part {
    call: &'static str,
    bytes: usize,
}

impl Part {
    #[cold]
    fn mismatch(&self, rank: usize, call: &str, bytes: usize) -> WorldError {
        let (found, expected) =
            (format!("{call} of {bytes} bytes"), format!("{} of {} bytes", self.call, self.bytes));
        WorldError::Mismatch { rank, found, expected }
    }
}

/// Copies to the begin of what is left to be filled.
fn take(rest: &mut &mut [u8], part: &[u8]) {
    let (here, after) = std::mem::take(rest).split_at_mut(part.len());
    here.copy_from_slice(part);
    *rest = after;
}

/// What a panic says.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)").to_owned()
}
