//! What ranks tell each other before they exchange numbers, so that all of them go on or none does.

use crate::{Error, World, WorldError};

/// What a rank is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Call {
    /// To add up gradients.
    Step = 1,
    /// To gather what owners have updated.
    Update,
    /// To gather what an optimiser remembers.
    State,
    /// To take over what an optimiser is to remember.
    Restore,
    /// To take what rank 0 sends.
    #[cfg(feature = "train")]
    Share,
    /// To bring the program to a device.
    #[cfg(feature = "cuda")]
    Device = 6,
}

/// What has to be the same on all ranks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) call: Call,
    /// How many steps were made.
    pub(crate) step: u64,
    /// Hashes: of the program; of the optimiser's hyper-parameters; of the parameters, if they are not those of the last step; of
    /// what the shards wrote and no mean is taken of.
    pub(crate) program: u64,
    pub(crate) optimizer: u64,
    pub(crate) parameters: u64,
    pub(crate) state: u64,
}

/// What a rank found wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    NonFinite { what: String, element: usize, value: f64 },
    Refused(String),
}

/// The words of a header: two, and the hashes.
const WORDS: usize = 6;
const BYTES: usize = 8 * WORDS;
/// What the words tell; the first is the call, and whether there is a fault.
const NAMES: [&str; WORDS] = ["call", "step", "program", "optimiser", "parameters", "state"];
/// The word that a rank with a fault may not know.
const STATE: usize = 5;
const FAULT: u64 = 1 << 8;

impl Header {
    /// That of a call which is about neither parameters nor an optimiser.
    #[cfg(any(feature = "train", feature = "cuda"))]
    pub(crate) fn of(call: Call, step: u64, program: u64) -> Header {
        Header { call, step, program, optimizer: 0, parameters: 0, state: 0 }
    }

    fn words(&self, fault: bool) -> [u64; WORDS] {
        let first = self.call as u64 | if fault { FAULT } else { 0 };
        [first, self.step, self.program, self.optimizer, self.parameters, self.state]
    }

    /// Whether all ranks are about to do the same, and none has a fault. The error is the same on all of them.
    pub(crate) fn agree(&self, world: &dyn World, fault: Option<Fault>) -> Result<(), Error> {
        let (size, step) = (world.size(), self.step);
        let mine = self.words(fault.is_some()).map(u64::to_le_bytes);
        let mut all = vec![0; size * BYTES];
        let gathered = world.gather(mine.as_flattened(), &mut all, &vec![BYTES; size]);
        gathered.map_err(|error| Error::in_step(error, step))?;
        let (words, _) = all.as_chunks::<8>();
        let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let ranks: Vec<&[u64]> = words.chunks(WORDS).collect();
        let faulty: Vec<usize> = (0..size).filter(|&rank| ranks[rank][0] & FAULT != 0).collect();
        for (rank, words) in ranks.iter().enumerate() {
            let differs = |&word: &usize| match word {
                0 => words[0] & !FAULT != ranks[0][0] & !FAULT,
                STATE => faulty.is_empty() && words[STATE] != ranks[0][STATE],
                word => words[word] != ranks[0][word],
            };
            if let Some(word) = (0..WORDS).find(differs) {
                let [found, expected] = [words[word], ranks[0][word]].map(|x| shown(word, x));
                return Err(Error::Diverged { rank, step: ranks[0][1], what: NAMES[word], found, expected });
            }
        }
        match faulty.first() {
            None => Ok(()),
            Some(&rank) => Err(match told(world, rank, fault) {
                Err(error) => Error::in_step(error, step),
                Ok(Fault::NonFinite { what, element, value }) => {
                    Error::NonFinite { rank, step, what, element, value }
                }
                Ok(Fault::Refused(reason)) => Error::Refused { rank, step, reason },
            }),
        }
    }
}

fn shown(word: usize, x: u64) -> String {
    match word {
        0 => match x & !FAULT {
            1 => "a step".to_owned(),
            2 => "an update".to_owned(),
            3 => "`optimizer_state`".to_owned(),
            4 => "`set_optimizer_state`".to_owned(),
            5 => "to share a checkpoint".to_owned(),
            6 => "`on`".to_owned(),
            other => format!("call {other}"),
        },
        1 => x.to_string(),
        _ => format!("{x:016x}"),
    }
}

/// How many bytes of a fault are told.
const TOLD: usize = 4096;

/// The fault of a rank, told to all.
#[cold]
fn told(world: &dyn World, rank: usize, fault: Option<Fault>) -> Result<Fault, WorldError> {
    let mut bytes = fault.map_or_else(Vec::new, |fault| fault.to_bytes());
    bytes.resize(TOLD, 0);
    world.broadcast(rank, &mut bytes)?;
    Ok(Fault::of_bytes(&bytes))
}

impl Fault {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Fault::Refused(reason) => [&[0][..], reason.as_bytes()].concat(),
            Fault::NonFinite { what, element, value } => {
                let numbers = [(*element as u64).to_le_bytes(), value.to_le_bytes()];
                [&[1][..], numbers.as_flattened(), what.as_bytes()].concat()
            }
        }
    }

    fn of_bytes(bytes: &[u8]) -> Fault {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
        match bytes {
            [1, rest @ ..] if rest.len() >= 16 => {
                let number = |at: usize| <[u8; 8]>::try_from(&rest[at..at + 8]).expect("eight bytes");
                let (element, value) =
                    (u64::from_le_bytes(number(0)) as usize, f64::from_le_bytes(number(8)));
                Fault::NonFinite { what: text(&rest[16..]), element, value }
            }
            [0, rest @ ..] => Fault::Refused(text(rest)),
            _ => Fault::Refused("(it does not tell why)".to_owned()),
        }
    }
}
