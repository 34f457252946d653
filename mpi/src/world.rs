//! The ranks that `mpirun` started.

use crate::notice::Call;
use crate::wire::{ABORTED, Wire};
use mpi::Threading;
use mpi::environment::Universe;
use mpi::topology::{Communicator, SimpleCommunicator};
use mpi::traits::CommunicatorCollectives;
use parallel::{Numbers, World as _, WorldError};
use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZero;
use std::panic;
use std::process;
use std::sync::Once;
use std::thread;
use std::time::Duration;

/// The ranks that `mpirun` started; one, if nobody did.
///
/// A rank that drops its world leaves: whoever needs it is told so at its next collective. A rank that panics, exits or is killed
/// ends all ranks, within seconds. What each fault gives stands in `docs/scale.md`.
///
/// ```
/// use parallel::World as _;
/// let world = wengert_mpi::World::join()?;
/// assert_eq!((world.rank(), world.size()), (0, 1)); // of `mpirun -n 1`, or of nobody
/// # Ok::<(), wengert_mpi::JoinError>(())
/// ```
pub struct World {
    wire: Wire,
    /// How many ranks run on the very cores that this one may run on.
    sharing: usize,
    /// The number of this rank among those of its machine.
    local: usize,
    /// The last to be dropped: it waits until all ranks have come so far, and ends MPI.
    _universe: Universe,
}

/// Why a process could not join a world: MPI runs in it already, or did. A process joins once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinError;

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MPI has been started in this process already: a process joins one world, once")
    }
}

impl std::error::Error for JoinError {}

impl World {
    /// How long a rank waits for another, unless [`with_patience`](World::with_patience) says something else.
    pub const PATIENCE: Duration = Duration::from_secs(30 * 60);

    /// Joins the ranks that `mpirun` started, from the thread that is to speak with them.
    ///
    /// From now on **a panic of any thread ends all ranks**, after its message: a rank that only unwound would let the others wait.
    ///
    /// # Errors
    /// If MPI has been started in this process already. What else goes wrong as MPI starts, MPI tells and ends the process.
    pub fn join() -> Result<World, JoinError> {
        let (mut universe, _) = mpi::initialize_with_threading(Threading::Funneled).ok_or(JoinError)?;
        let world = universe.world();
        universe.set_buffer_size(Wire::kept(world.size() as usize));
        let (sharing, local) = near(&world);
        let wire = Wire::new(world, World::PATIENCE);
        end_all_at_a_panic(wire.rank(), wire.size());
        Ok(World { wire, sharing, local, _universe: universe })
    }

    /// With another time that a rank waits for one that says nothing. It has to be longer than what one rank ever does
    /// while the others wait, such as writing a checkpoint.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> World {
        self.wire.patience = patience;
        self
    }

    fn split<'a>(&self, call: &str, bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
        self.check(call, bytes.len(), lengths);
        let mut rest = bytes;
        lengths.iter().map(|&length| rest.split_off(..length).expect("the lengths add up")).collect()
    }

    fn split_mut<'a>(&self, call: &str, bytes: &'a mut [u8], lengths: &[usize]) -> Vec<&'a mut [u8]> {
        self.check(call, bytes.len(), lengths);
        let mut rest = bytes;
        lengths.iter().map(|&length| rest.split_off_mut(..length).expect("the lengths add up")).collect()
    }

    fn check(&self, call: &str, bytes: usize, lengths: &[usize]) {
        assert!(
            lengths.len() == self.size() && lengths.iter().sum::<usize>() == bytes,
            "{call}: {bytes} bytes in parts of {lengths:?}\n  rule: a part for each of {} ranks, and all bytes are in one",
            self.size()
        );
    }
}

/// How many ranks of this machine may run on the same cores as this one, all of them where the system does not tell; and the number of
/// this one among all of this machine.
fn near(world: &SimpleCommunicator) -> (usize, usize) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let mut hash = DefaultHasher::new();
    cores.hash(&mut hash);
    let (own, near) = (hash.finish(), world.split_shared(world.rank()));
    let mut all = vec![0; near.size() as usize];
    near.all_gather_into(&own, &mut all[..]);
    (all.iter().filter(|other| **other == own).count(), near.rank() as usize)
}

/// Open MPI's other ranks would wait for one that unwinds: its `MPI_Finalize` waits for them.
fn end_all_at_a_panic(rank: usize, size: usize) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let (before, speaks) = (panic::take_hook(), thread::current().id());
        panic::set_hook(Box::new(move |info| {
            before(info);
            if size == 1 {
                return;
            }
            eprintln!("rank {rank} of {size} panicked: all ranks end");
            if thread::current().id() == speaks {
                SimpleCommunicator::world().abort(ABORTED);
            }
            process::abort() // another thread may not call MPI; `mpirun` sees the process end
        }));
    });
}

/// Ends MPI, which waits until all ranks have left; so one that says nothing any more ends all.
impl Drop for World {
    fn drop(&mut self) {
        self.wire.leave();
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("rank", &self.rank())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

impl parallel::World for World {
    fn rank(&self) -> usize {
        self.wire.rank()
    }

    fn size(&self) -> usize {
        self.wire.size()
    }

    fn local_rank(&self) -> usize {
        self.local
    }

    #[track_caller]
    fn exchange(
        &self,
        send: &[u8],
        to: &[usize],
        receive: &mut [u8],
        from: &[usize],
    ) -> Result<(), WorldError> {
        let (give, take) = (self.split("exchange", send, to), self.split_mut("exchange", receive, from));
        self.wire.round(Call::Exchange, &give, take)
    }

    #[track_caller]
    fn gather(&self, send: &[u8], receive: &mut [u8], from: &[usize]) -> Result<(), WorldError> {
        let take = self.split_mut("gather", receive, from);
        assert_eq!(send.len(), from[self.rank()], "gather: bytes to send, and this rank's to receive");
        self.wire.round(Call::Gather, &vec![send; self.size()], take)
    }

    /// By MPI's own all-reduce. The patience of a rank does not reach into it.
    fn sum(&self, numbers: Numbers<'_>) -> Result<(), WorldError> {
        match numbers {
            Numbers::F32(x) => self.wire.sum(x),
            Numbers::F64(x) => self.wire.sum(x),
        }
    }

    /// The cores that this rank may run on, by the number of ranks that run on the same. `mpirun` may have bound it to one:
    /// `--bind-to none` lets all ranks of a machine share all cores.
    fn threads(&self) -> usize {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        (cores / self.sharing).max(1)
    }
}
