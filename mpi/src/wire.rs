//! One round for all collectives: to each rank some bytes, from each rank some bytes.
//!
//! First each rank tells every other, by a small message that MPI buffers, what it is about to do. That is how a rank that left and
//! a rank that does something else are noticed before anybody waits for data. Bytes that fit travel in that message. What does
//! not fit follows, straight from and to the memory of the callers.

use crate::notice::{Call, Intent, Notice, SHORT};
use mpi::collective::SystemOperation;
use mpi::datatype::Equivalence;
use mpi::request::{RequestCollection, multiple_scope};
use mpi::topology::{Communicator, Process, SimpleCommunicator};
use mpi::traits::{CommunicatorCollectives, Destination, MatchedReceiveVec, Source};
use parallel::{Departure, WorldError};
use std::cell::{Cell, RefCell};
use std::thread;
use std::time::{Duration, Instant};

/// Tags of messages: what a rank says, and bytes that are too many for it.
const NOTICES: i32 = 1;
const DATA: i32 = 2;

/// Longer parts go in pieces: MPI counts in 32 bits.
const PIECE: usize = 1 << 30;

/// How long a rank that waits keeps its core; then it sleeps between two looks.
const AWAKE: Duration = Duration::from_millis(1);
const NAP: Duration = Duration::from_micros(50);

/// The code that all ranks end with where one of them cannot go on.
pub(crate) const ABORTED: i32 = 101;

/// The ranks of a world, and how much was said so far.
pub(crate) struct Wire {
    world: SimpleCommunicator,
    pub(crate) patience: Duration,
    rounds: Cell<u64>,
    /// Why this world can do nothing more.
    failed: RefCell<Option<WorldError>>,
}

impl Wire {
    pub(crate) fn new(world: SimpleCommunicator, patience: Duration) -> Wire {
        Wire { world, patience, rounds: Cell::new(0), failed: RefCell::new(None) }
    }

    /// What MPI has to keep of messages that are under way: rounds of neighbours are at most one apart, and a farewell.
    pub(crate) fn kept(size: usize) -> usize {
        4 * (Notice::LONGEST + 512) * size
    }

    pub(crate) fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    pub(crate) fn size(&self) -> usize {
        self.world.size() as usize
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let rank = self.rank();
        (0..self.size()).filter(move |other| *other != rank)
    }

    fn process(&self, rank: usize) -> Process<'_> {
        self.world.process_at_rank(rank as i32)
    }

    /// Gives each rank its part of `give`, and takes into `take` what each rank gives; both have a part for each rank.
    ///
    /// A rank that fails a round has still served those that agree with it, so nobody waits for data in vain.
    /// **Whoever has failed a round leaves**, and says so: nobody waits for its next one either.
    pub(crate) fn round(
        &self,
        call: Call,
        give: &[&[u8]],
        mut take: Vec<&mut [u8]>,
    ) -> Result<(), WorldError> {
        if let Some(error) = &*self.failed.borrow() {
            return Err(error.clone());
        }
        take[self.rank()].copy_from_slice(give[self.rank()]);
        let result = self.notices(call, give, &mut take).and_then(|heard| {
            let agreed: Vec<bool> = heard.iter().map(Result::is_ok).collect();
            self.data(give, take, &agreed);
            first_of(heard)
        });
        if let Err(error) = &result {
            self.fail(error);
        }
        result
    }

    /// Leaves, for this reason.
    pub(crate) fn fail(&self, error: &WorldError) {
        self.failed.replace(Some(error.clone()));
        self.farewell(&error.to_string());
    }

    /// Tells all other ranks what comes, with what is short, and hears what they do: whether it agrees, for each rank.
    fn notices(
        &self,
        call: Call,
        give: &[&[u8]],
        take: &mut [&mut [u8]],
    ) -> Result<Vec<Result<(), WorldError>>, WorldError> {
        let round = self.rounds.replace(self.rounds.get() + 1);
        let length = |part: &[u8]| part.len() as u64;
        let intents: Vec<Intent> = (0..self.size())
            .map(|other| Intent { round, call, gives: length(give[other]), takes: length(take[other]) })
            .collect();
        for other in self.others() {
            self.process(other)
                .buffered_send_with_tag(&Notice::intent(intents[other], give[other])[..], NOTICES);
        }
        let mut heard = vec![Ok(()); self.size()];
        self.hear(|other, notice| {
            let (here, mismatch) = (intents[other], |found| WorldError::Mismatch {
                rank: other,
                found,
                expected: intents[other].to_string(),
            });
            heard[other] = match notice {
                Some(Notice::Intent(there, part)) if there == here.of_the_other() => {
                    if take[other].len() <= SHORT {
                        take[other].copy_from_slice(&part);
                    }
                    Ok(())
                }
                Some(Notice::Intent(there, _)) => Err(mismatch(there.to_string())),
                Some(Notice::Farewell(how)) => Err(WorldError::Left { rank: other, how }),
                None => Err(mismatch("a message that no collective sends".to_owned())),
            };
        })?;
        Ok(heard)
    }

    /// One notice of each other rank, in the order in which they come.
    fn hear(&self, mut read: impl FnMut(usize, Option<Notice>)) -> Result<(), WorldError> {
        let mut waiting: Vec<usize> = self.others().collect();
        let mut begun = Instant::now();
        while !waiting.is_empty() {
            let before = waiting.len();
            waiting.retain(|&other| {
                let found = self.process(other).immediate_matched_probe_with_tag(NOTICES);
                let Some(message) = found else { return true };
                read(other, Notice::read(&message.matched_receive_vec::<u8>().0));
                false
            });
            if waiting.len() < before {
                begun = Instant::now();
            } else if begun.elapsed() > self.patience {
                return Err(WorldError::Left { rank: waiting[0], how: Departure::Silent(self.patience) });
            } else if begun.elapsed() > AWAKE {
                thread::sleep(NAP);
            } else {
                thread::yield_now();
            }
        }
        Ok(())
    }

    /// The parts that no notice holds, between this rank and those that agreed.
    fn data(&self, give: &[&[u8]], take: Vec<&mut [u8]>, agreed: &[bool]) {
        multiple_scope(2 * self.size(), |scope, requests: &mut RequestCollection<'_, [u8]>| {
            let with = |rank: usize, length: usize| agreed[rank] && length > SHORT;
            for (other, part) in take.into_iter().enumerate() {
                if with(other, part.len()) {
                    for piece in part.chunks_mut(PIECE) {
                        requests.add(self.process(other).immediate_receive_into_with_tag(scope, piece, DATA));
                    }
                }
            }
            for (other, part) in give.iter().enumerate() {
                if with(other, part.len()) {
                    for piece in part.chunks(PIECE) {
                        requests.add(self.process(other).immediate_send_with_tag(scope, piece, DATA));
                    }
                }
            }
            self.complete(requests);
        });
    }

    /// Waits for all requests. A rank that is silent amid data has not left and cannot be left, so all ranks end.
    fn complete(&self, requests: &mut RequestCollection<'_, [u8]>) {
        let (mut done, mut begun) = (vec![], Instant::now());
        while requests.incomplete() > 0 {
            requests.test_some(&mut done);
            if !done.is_empty() {
                begun = Instant::now();
            } else if begun.elapsed() > self.patience {
                eprintln!("rank {}: no data came for {:?}: all ranks end", self.rank(), self.patience);
                self.abort();
            } else {
                thread::yield_now();
            }
        }
    }

    /// The sum by MPI's own algorithm, which knows no faults. So ranks gather their lengths before: each hears the same of
    /// all, and either all go on or none does.
    pub(crate) fn sum<T: Equivalence + Copy>(&self, numbers: &mut [T]) -> Result<(), WorldError> {
        let length = (numbers.len() as u64).to_le_bytes();
        let mut lengths = vec![length; self.size()];
        let take = lengths.iter_mut().map(|length| &mut length[..]).collect();
        self.round(Call::Sum, &vec![&length[..]; self.size()], take)?;
        if let Some(rank) = lengths.iter().position(|other| *other != length) {
            let sum = |length| format!("a sum of {} numbers", u64::from_le_bytes(length));
            let error = WorldError::Mismatch { rank, found: sum(lengths[rank]), expected: sum(length) };
            self.fail(&error);
            return Err(error);
        }
        for piece in numbers.chunks_mut(PIECE / size_of::<f64>()) {
            let mine = piece.to_vec();
            self.world.all_reduce_into(&mine[..], piece, SystemOperation::sum());
        }
        Ok(())
    }

    /// Leaves, if this rank has not yet. MPI ends when all ranks have left, which one that is silent may never do: it ends all.
    pub(crate) fn leave(&self) {
        match &*self.failed.borrow() {
            None => self.farewell(""),
            Some(error @ WorldError::Left { how: Departure::Silent(_), .. }) => {
                eprintln!("rank {}: {error}: all ranks end", self.rank());
                self.abort();
            }
            Some(_) => {}
        }
    }

    /// Tells all other ranks that this one leaves, because of this error if there is one.
    fn farewell(&self, error: &str) {
        let notice = Notice::farewell(error);
        for other in self.others() {
            self.process(other).buffered_send_with_tag(&notice[..], NOTICES);
        }
    }

    /// Ends all ranks.
    pub(crate) fn abort(&self) -> ! {
        self.world.abort(ABORTED)
    }
}

/// The first failure: ranks that left before those that do something else, whose mistake may be that they were left.
fn first_of(heard: Vec<Result<(), WorldError>>) -> Result<(), WorldError> {
    let (left, other): (Vec<_>, Vec<_>) =
        heard.into_iter().filter_map(Result::err).partition(|error| matches!(error, WorldError::Left { .. }));
    left.into_iter().chain(other).next().map_or(Ok(()), Err)
}
