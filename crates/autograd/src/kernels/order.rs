//! The order of the elements of a line: by comparisons, after a selection where only the first few are wanted. An element and its
//! place are one whole number, so that equal elements keep their order; to sort short numbers is half the time of a sort of pairs,
//! and as fast as a sort by digits.

use crate::dtype::Float;

/// The element in the high bits, the place in the low ones.
trait Pair: Copy + Ord + Default {
    /// The greatest place that fits.
    const PLACES: usize;
    /// Orders as numbers do: zeros of both signs are equal, and NaN comes after every number.
    fn of(x: f64, place: usize) -> Self;
    fn place(self) -> usize;
}

macro_rules! pair {
    ($Pair:ty, $Bits:ty, $Element:ty) => {
        impl Pair for $Pair {
            const PLACES: usize = <$Bits>::MAX as usize;

            #[inline(always)]
            fn of(x: f64, place: usize) -> $Pair {
                let bits = (x as $Element + 0.0).to_bits();
                let rank = match bits >> (<$Bits>::BITS - 1) {
                    _ if x.is_nan() => <$Bits>::MAX,
                    0 => bits | 1 << (<$Bits>::BITS - 1),
                    _ => !bits,
                };
                <$Pair>::from(rank) << <$Bits>::BITS | place as $Pair
            }

            #[inline(always)]
            fn place(self) -> usize {
                self as $Bits as usize
            }
        }
    };
}
pair!(u64, u32, f32);
pair!(u128, u64, f64);

/// Lines that are put in order one after the other, in the same memory.
#[derive(Debug, Default)]
pub(crate) struct Order {
    narrow: Vec<u64>,
    wide: Vec<u128>,
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
            order(&mut self.narrow, length, wanted, |i| element(i).to_f64(), put);
        } else {
            order(&mut self.wide, length, wanted, |i| element(i).to_f64(), put);
        }
    }
}

fn order<P: Pair>(
    line: &mut Vec<P>,
    length: usize,
    wanted: usize,
    element: impl Fn(usize) -> f64,
    mut put: impl FnMut(usize, usize),
) {
    line.clear();
    // A pair that is not below comes after all that are wanted.
    let mut below = None;
    for pair in (0..length).map(|i| P::of(element(i), i)) {
        if below.is_some_and(|below| pair >= below) {
            continue;
        }
        if wanted > 0 && line.len() >= 2 * wanted {
            below = Some(*line.select_nth_unstable(wanted - 1).1);
            line.truncate(wanted);
        }
        line.push(pair);
    }
    line.sort_unstable();
    line[..wanted].iter().enumerate().for_each(|(i, pair)| put(i, pair.place()));
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

    /// Stable, zeros of both signs equal, NaN of either sign last.
    #[test]
    fn lines_of_every_length_are_in_order() {
        let special = [0.0, -0.0, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-310, -1e-42];
        for length in [0, 1, 2, 100, 1000, 5000] {
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
                assert!(order(&x, wanted) == places[..wanted], "{wanted} of {length}");
                let rank = |i: usize| rank(f64::from(narrow[i]));
                places = (0..length).collect();
                places.sort_by(|&i, &j| rank(i).partial_cmp(&rank(j)).expect("numbers"));
                assert!(order(&narrow, wanted) == places[..wanted], "{wanted} of {length}, narrow");
            }
        }
    }
}
