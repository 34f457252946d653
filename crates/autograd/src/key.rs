//! Keys of random numbers.

use crate::philox;
use crate::shape::Shape;
use crate::tensor::ToTensor;

/// A key of random numbers: a value, not a generator. The same key gives the same bits, wherever and however often it is
/// used, on any number of threads.
///
/// As a tensor it is two `I64` words. So it is data of a computation: [`Tape::constant`](crate::Tape::constant) records it,
/// [`Tape::input_key`](crate::Tape::input_key) makes it an input of a program, and [`Var::uniform`](crate::Var::uniform)
/// draws from it. Nothing counts how often a key was used. Whoever needs other numbers derives another key:
/// [`split`](Key::split) and [`fold_in`](Key::fold_in).
///
/// ```
/// use autograd::{Key, Tape};
/// let tape = Tape::new();
/// let key = Key::new(42);
/// let draw = |key: Key| tape.constant(key).uniform([3]).to_vec::<f64>();
/// assert_eq!(draw(key), draw(key));
/// let [a, b] = key.split();
/// assert!(draw(a) != draw(b) && draw(a) != draw(key));
/// ```
///
/// A training step whose randomness is an input can be run again with the same bits, and goes on after a restart as if nothing
/// had happened: the key of step n is `key.fold_in(n)`.
///
/// ```
/// use autograd::{Key, Params, Program};
/// let params = Params::f64();
/// let step = Program::trace(&params, |t| {
///     let (x, key) = (t.input("x", [4]), t.input_key("key"));
///     t.outputs(x + 0.1 * key.uniform([4]))
/// })?;
/// let mut state = step.state();
/// let mut run = |n| -> Result<Vec<f64>, autograd::ProgramError> {
///     Ok(step.run(&mut state, &params, ([1.0; 4], Key::new(42).fold_in(n)))?.slice::<f64>(0).to_vec())
/// };
/// let (first, second) = (run(0)?, run(1)?);
/// assert!(first != second && first == run(0)?);
/// # Ok::<(), autograd::ProgramError>(())
/// ```
///
/// # The numbers
/// They come from Philox4x32-10 (Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, 2011), a bijection of 128-bit
/// counters for each 64-bit key. The first word is the key of Philox. The second one, the stream, is the upper half of the
/// counter; the lower half counts blocks of four 32-bit words. The two highest bits of the upper half tell numbers from
/// derived keys. So a stream has 62 bits, and no derived key repeats what its parent's numbers are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    words: [i64; 2],
}

/// What a block is read for. It is in the two highest bits of the counter.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
enum Purpose {
    Numbers = 0,
    Split = 1,
    FoldIn = 2,
}

/// The bits of a stream.
const STREAM: i64 = (1 << 62) - 1;

impl Key {
    /// The key of a seed.
    ///
    /// ```
    /// use autograd::Key;
    /// assert_eq!(Key::new(7), Key::new(7));
    /// assert_ne!(Key::new(7), Key::new(8));
    /// ```
    pub fn new(seed: u64) -> Key {
        Key { words: [seed as i64, 0] }
    }

    /// So many keys, which differ from each other, from `self`, and from what `self` is folded into.
    ///
    /// ```
    /// use autograd::Key;
    /// let [weights, noise, data] = Key::new(1).split();
    /// assert!(weights != noise && noise != data && data != weights);
    /// ```
    pub fn split<const N: usize>(self) -> [Key; N] {
        std::array::from_fn(|i| self.derived(Purpose::Split, i as u64))
    }

    /// The key that belongs to a number: of a step, a layer, a sample. Different numbers give different keys. The method of the
    /// same name on a [`Var`](crate::Var::fold_in) gives the same key in a recorded computation.
    ///
    /// ```
    /// use autograd::Key;
    /// let key = Key::new(1);
    /// assert_eq!(key.fold_in(3), key.fold_in(3));
    /// assert_ne!(key.fold_in(3), key.fold_in(4));
    /// assert_ne!(key.fold_in(3).fold_in(4), key.fold_in(4).fold_in(3));
    /// ```
    pub fn fold_in(self, n: u64) -> Key {
        self.derived(Purpose::FoldIn, n)
    }

    /// The two words, to be stored: a key made [from](Key::from_words) them is this one.
    ///
    /// ```
    /// use autograd::Key;
    /// let key = Key::new(1).fold_in(1000);
    /// assert_eq!(Key::from_words(key.words()), key);
    /// ```
    pub fn words(self) -> [i64; 2] {
        self.words
    }

    /// The key of two words. The two highest bits of the second one are no part of a key and are ignored.
    ///
    /// ```
    /// use autograd::Key;
    /// assert_eq!(Key::from_words([7, 0]), Key::new(7));
    /// assert_eq!(Key::from_words([7, i64::MIN]), Key::new(7));
    /// ```
    pub fn from_words(words: [i64; 2]) -> Key {
        Key { words: [words[0], words[1] & STREAM] }
    }

    /// The block of random words of this number that numbers are made of.
    pub(crate) fn block(self, number: u64) -> [u32; 4] {
        self.read(Purpose::Numbers, number)
    }

    /// The `N` blocks from this number on, side by side.
    #[inline(always)]
    pub(crate) fn blocks<const N: usize>(self, first: u64) -> [[u32; N]; 4] {
        let mut counters = [[0; N]; 4];
        for n in 0..N {
            let counter = self.counter(Purpose::Numbers, first.wrapping_add(n as u64));
            for (word, &value) in counters.iter_mut().zip(&counter) {
                word[n] = value;
            }
        }
        philox::blocks(self.halves(0), counters)
    }

    fn derived(self, purpose: Purpose, number: u64) -> Key {
        let [a, b, c, d] = self.read(purpose, number).map(i64::from);
        Key::from_words([a | b << 32, c | d << 32])
    }

    fn read(self, purpose: Purpose, number: u64) -> [u32; 4] {
        philox::block(self.halves(0), self.counter(purpose, number))
    }

    #[inline(always)]
    fn counter(self, purpose: Purpose, number: u64) -> [u32; 4] {
        let [low, high] = self.halves(1);
        [number as u32, (number >> 32) as u32, low, high | (purpose as u32) << 30]
    }

    /// The lower and the upper half of a word.
    #[inline(always)]
    fn halves(self, word: usize) -> [u32; 2] {
        [self.words[word] as u32, (self.words[word] >> 32) as u32]
    }
}

/// Two `I64` words.
impl ToTensor for Key {
    type Elem = i64;
    fn shape(&self) -> Shape {
        self.words.shape()
    }
    fn write_to(&self, out: &mut Vec<i64>) {
        self.words.write_to(out);
    }
    fn as_elements(&self) -> Option<&[i64]> {
        Some(&self.words)
    }
    fn has_shape(&self, shape: &[usize]) -> bool {
        shape == [2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Stored keys stay what they are.
    #[test]
    fn keys_are_for_ever() {
        assert_eq!(Key::new(u64::MAX).words(), [-1, 0]);
        let key = Key::new(0);
        assert_eq!(key.block(0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let [split] = key.split();
        assert_eq!(split.words(), [-7270059975010571951, 1491665170092638540]);
        assert_eq!(key.fold_in(0).words(), [-8977131984573444062, 4475466718417794926]);
    }

    /// All keys of three generations differ, and so do the blocks that their numbers are made of.
    #[test]
    fn derived_keys_differ() {
        let numbers = [0, 1, 2, 3, 1 << 31, 1 << 32, (1 << 32) + 1, 1 << 62, 1 << 63, u64::MAX];
        let children = |key: Key| {
            let split: [Key; 4] = key.split();
            numbers.into_iter().map(move |n| key.fold_in(n)).chain(split)
        };
        let seeds = [0, 1, 1 << 32, u64::MAX].map(Key::new);
        let mut all: Vec<Key> = seeds.to_vec();
        all.extend(seeds.into_iter().flat_map(children).collect::<Vec<_>>());
        all.extend(seeds.into_iter().flat_map(children).flat_map(children).collect::<Vec<_>>());
        assert_eq!(all.len(), 4 + 4 * 14 + 4 * 14 * 14);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        let blocks: HashSet<[u32; 4]> = all.iter().flat_map(|key| [key.block(0), key.block(1)]).collect();
        assert_eq!(blocks.len(), 2 * all.len());
    }

    /// Whatever the stream is, the counters of numbers, of split and of folded keys are others: the highest bits are their own.
    #[test]
    fn numbers_and_derived_keys_read_other_blocks() {
        for words in [[3, 0], [3, -1], [3, i64::MIN], [3, 1 << 62], [3, STREAM]] {
            let key = Key::from_words(words);
            assert_eq!(key.words()[1] >> 62, 0);
            let purposes = [Purpose::Numbers, Purpose::Split, Purpose::FoldIn];
            for n in [0, 5, 1 << 62, u64::MAX] {
                let [a, b, c] = purposes.map(|purpose| key.read(purpose, n));
                assert!(a != b && b != c && c != a, "{key:?} {n}");
            }
        }
        // A control: with a bit of a purpose in the stream, the blocks of two purposes would be the same.
        let unchecked = Key { words: [3, 1 << 62] };
        assert_eq!(unchecked.block(5), Key::from_words([3, 0]).read(Purpose::Split, 5));
    }
}
