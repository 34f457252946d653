//! The order of the elements of a line: by digits for long lines, by comparisons for short ones, by selection where only the
//! first few are wanted. An element and its place are one whole number, so that equal elements keep their order.
//! Source: D. E. Knuth, "The Art of Computer Programming", volume 3, 1998, section 5.2.5, for the sort by digits.

use crate::dtype::Float;

/// Lines from this length on are sorted by digits.
const DIGITS_FROM: usize = 256;

/// Lines from this length on have long digits: the counts of all their values still lie in the first-level cache.
const LONG_FROM: usize = 1 << 14;

/// The element in the high bits, the place in the low ones.
trait Pair: Copy + Ord + Default {
    /// The bits of the element.
    const RANK: u32;
    /// The greatest place that fits.
    const PLACES: usize;
    /// Orders as numbers do: zeros of both signs are equal, and NaN comes after every number.
    fn of(x: f64, place: usize) -> Self;
    fn place(self) -> usize;
    /// Some bits of the element, from the lowest on.
    fn digit(self, from: u32, bits: u32) -> usize;
}

macro_rules! pair {
    ($Pair:ty, $Bits:ty, $Element:ty) => {
        impl Pair for $Pair {
            const RANK: u32 = <$Bits>::BITS;
            const PLACES: usize = <$Bits>::MAX as usize;

            #[inline(always)]
            fn of(x: f64, place: usize) -> $Pair {
                let bits = (x as $Element + 0.0).to_bits();
                let rank = match bits >> (Self::RANK - 1) {
                    _ if x.is_nan() => <$Bits>::MAX,
                    0 => bits | 1 << (Self::RANK - 1),
                    _ => !bits,
                };
                <$Pair>::from(rank) << Self::RANK | place as $Pair
            }

            #[inline(always)]
            fn place(self) -> usize {
                self as $Bits as usize
            }

            #[inline(always)]
            fn digit(self, from: u32, bits: u32) -> usize {
                (self >> (Self::RANK + from)) as usize & ((1 << bits) - 1)
            }
        }
    };
}
pair!(u64, u32, f32);
pair!(u128, u64, f64);

/// Lines that are put in order one after the other.
#[derive(Debug, Default)]
pub(crate) struct Order {
    narrow: Lines<u64>,
    wide: Lines<u128>,
}

impl Order {
    /// Calls `put` with the number and the place of each of the first `wanted` elements of a line in ascending order, the
    /// first number 0. NaN comes last.
    pub(crate) fn of<T: Float>(
        &mut self,
        length: usize,
        wanted: usize,
        element: impl Fn(usize) -> T,
        put: impl FnMut(usize, usize),
    ) {
        // The size is the dtype's: an `f32` has a pair of 64 bits.
        if size_of::<T>() == size_of::<f32>() && length <= u64::PLACES {
            self.narrow.order(length, wanted, |i| element(i).to_f64(), put);
        } else {
            self.wide.order(length, wanted, |i| element(i).to_f64(), put);
        }
    }
}

/// The pairs of a line, and as many places to move them to.
#[derive(Debug, Default)]
struct Lines<P> {
    pairs: Vec<P>,
    moved: Vec<P>,
    counts: Vec<u32>,
}

impl<P: Pair> Lines<P> {
    fn order(
        &mut self,
        length: usize,
        wanted: usize,
        element: impl Fn(usize) -> f64,
        mut put: impl FnMut(usize, usize),
    ) {
        self.pairs.clear();
        if wanted < length {
            self.select(wanted, (0..length).map(|i| P::of(element(i), i)));
        } else {
            self.pairs.extend((0..length).map(|i| P::of(element(i), i)));
        }
        match self.pairs.len() {
            n if n < DIGITS_FROM || u32::try_from(n).is_err() => self.pairs.sort_unstable(),
            n if n < LONG_FROM => self.by_digits(8),
            _ => self.by_digits(11),
        }
        self.pairs[..wanted].iter().enumerate().for_each(|(i, pair)| put(i, pair.place()));
    }

    /// Keeps at least the `wanted` least pairs, and not many more.
    fn select(&mut self, wanted: usize, pairs: impl Iterator<Item = P>) {
        // A pair that is not below comes after all that are wanted.
        let mut below = None;
        for pair in pairs {
            if below.is_some_and(|below| pair >= below) {
                continue;
            }
            if self.pairs.len() >= 2 * wanted.max(1) {
                if wanted == 0 {
                    return;
                }
                below = Some(*self.pairs.select_nth_unstable(wanted - 1).1);
                self.pairs.truncate(wanted);
            }
            self.pairs.push(pair);
        }
    }

    /// Sorts by one digit after the other, from the lowest on. A digit that all elements share moves nothing.
    fn by_digits(&mut self, bits: u32) {
        let Lines { pairs, moved, counts } = self;
        let digits = P::RANK.div_ceil(bits);
        counts.clear();
        counts.resize((digits as usize) << bits, 0);
        for pair in &*pairs {
            for (digit, counts) in counts.chunks_exact_mut(1 << bits).enumerate() {
                counts[pair.digit(digit as u32 * bits, bits)] += 1;
            }
        }
        moved.resize(pairs.len(), P::default());
        for (digit, counts) in counts.chunks_exact_mut(1 << bits).enumerate() {
            if counts.iter().any(|&count| count as usize == pairs.len()) {
                continue;
            }
            let mut next = 0;
            for count in &mut *counts {
                next += std::mem::replace(count, next);
            }
            for &pair in &*pairs {
                let place = &mut counts[pair.digit(digit as u32 * bits, bits)];
                moved[*place as usize] = pair;
                *place += 1;
            }
            std::mem::swap(pairs, moved);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order<T: Float>(x: &[T], wanted: usize) -> Vec<usize> {
        let mut places = vec![];
        Order::default().of(
            x.len(),
            wanted,
            |i| x[i],
            |i, place| {
                assert_eq!(i, places.len());
                places.push(place);
            },
        );
        places
    }

    /// Stable, zeros of both signs equal, NaN of either sign last, by every way to sort.
    #[test]
    fn lines_of_every_length_are_in_order() {
        let special = [0.0, -0.0, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-310, -1e-42];
        for length in [0, 1, 2, 100, DIGITS_FROM - 1, DIGITS_FROM, 1000, LONG_FROM, LONG_FROM + 77] {
            let value = |i: usize| match i % 11 {
                k if k < 8 => special[(k + i / 11) % 8],
                8 => (i % 37) as f64 - 18.0,
                _ => (i as f64 * 0.618).sin() * 10f64.powi((i % 60) as i32 - 30),
            };
            let x: Vec<f64> = (0..length).map(value).collect();
            let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
            for wanted in [0, 1, 7, length / 2, length] {
                let wanted = wanted.min(length);
                let mut places: Vec<usize> = (0..length).collect();
                let rank = |x: f64| if x.is_nan() { (1, 0.0) } else { (0, x) };
                places.sort_by(|&i, &j| rank(x[i]).partial_cmp(&rank(x[j])).expect("numbers"));
                assert_eq!(order(&x, wanted), places[..wanted], "{wanted} of {length}");
                let rank = |i: usize| rank(f64::from(narrow[i]));
                places = (0..length).collect();
                places.sort_by(|&i, &j| rank(i).partial_cmp(&rank(j)).expect("numbers"));
                assert_eq!(order(&narrow, wanted), places[..wanted], "{wanted} of {length}, narrow");
            }
        }
    }

    #[test]
    fn a_line_of_equal_elements_stays() {
        assert!(order(&[2.5f64; 3000], 3000).into_iter().eq(0..3000));
    }
}
