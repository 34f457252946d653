//! What a rank tells another before a round: what it is about to do, or that it leaves.

use parallel::Departure;
use std::fmt;

/// A collective, as messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Call {
    Gather = 1,
    Exchange = 2,
    Sum = 3,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Call::Gather => "a gather",
            Call::Exchange => "an exchange",
            Call::Sum => "a sum",
        })
    }
}

/// What a rank is about to do with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) round: u64,
    pub(crate) call: Call,
    /// Bytes for the other rank.
    pub(crate) gives: u64,
    /// Bytes of the other rank.
    pub(crate) takes: u64,
}

impl Intent {
    /// What the other rank has to intend, so that the two get on.
    pub(crate) fn of_the_other(self) -> Intent {
        Intent { gives: self.takes, takes: self.gives, ..self }
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Intent { round, call, gives, takes } = self;
        write!(f, "{call} of {gives} bytes for {takes} bytes, its collective number {round}")
    }
}

/// The longest part that travels within a notice.
pub(crate) const SHORT: usize = 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// With the bytes themselves, if they are [`SHORT`].
    Intent(Intent, Vec<u8>),
    /// The rank leaves.
    Farewell(Departure),
}

impl Notice {
    const HEAD: usize = 25;
    const FAREWELL: u8 = 0;

    /// The longest notice in bytes.
    pub(crate) const LONGEST: usize = Notice::HEAD + SHORT;

    /// An intent, and the part where it is short.
    pub(crate) fn intent(intent: Intent, part: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Notice::LONGEST);
        bytes.push(intent.call as u8);
        for number in [intent.round, intent.gives, intent.takes] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        if part.len() <= SHORT {
            bytes.extend_from_slice(part);
        }
        bytes
    }

    /// A farewell: nothing, or the error that the rank met, shortened to what a notice holds.
    pub(crate) fn farewell(error: &str) -> Vec<u8> {
        let end = error.floor_char_boundary(SHORT);
        [&[Notice::FAREWELL], &error.as_bytes()[..end]].concat()
    }

    /// The notice that the bytes are; `None` where they are none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Notice> {
        let (&kind, rest) = bytes.split_first()?;
        if kind == Notice::FAREWELL {
            let error = String::from_utf8_lossy(rest).into_owned();
            return Some(Notice::Farewell(if error.is_empty() {
                Departure::Returned
            } else {
                Departure::Failed(error)
            }));
        }
        let call = [Call::Gather, Call::Exchange, Call::Sum].into_iter().find(|c| *c as u8 == kind)?;
        let (round, rest) = rest.split_first_chunk::<8>()?;
        let (gives, rest) = rest.split_first_chunk::<8>()?;
        let (takes, part) = rest.split_first_chunk::<8>()?;
        let [round, gives, takes] = [round, gives, takes].map(|n| u64::from_le_bytes(*n));
        let told = if gives <= SHORT as u64 { gives } else { 0 };
        (part.len() as u64 == told)
            .then(|| Notice::Intent(Intent { round, call, gives, takes }, part.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_read_as_they_were_written() {
        for gives in [0, 3, SHORT, SHORT + 1] {
            let intent = Intent { round: 7, call: Call::Exchange, gives: gives as u64, takes: 1 << 40 };
            let part: Vec<u8> = (0..gives).map(|i| i as u8).collect();
            let bytes = Notice::intent(intent, &part);
            assert!(bytes.len() <= Notice::LONGEST);
            let told = if gives <= SHORT { part } else { vec![] };
            assert_eq!(Notice::read(&bytes), Some(Notice::Intent(intent, told)));
        }
        let farewell = |error: &str| Notice::read(&Notice::farewell(error));
        assert_eq!(farewell(""), Some(Notice::Farewell(Departure::Returned)));
        let half = Departure::Failed("ü".repeat(SHORT / 2));
        assert_eq!(farewell(&"ü".repeat(SHORT)), Some(Notice::Farewell(half)));
        for bytes in [
            &[][..],
            &[9; 40],
            &[1; 24],
            &Notice::intent(Intent { round: 0, call: Call::Gather, gives: 2, takes: 2 }, &[1]),
        ] {
            assert_eq!(Notice::read(bytes), None);
        }
    }
}
