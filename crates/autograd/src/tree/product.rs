//! The order in which a product of matrices adds up: a function of shape and strides alone.
//!
//! Everything that computes a product follows [`Order::of`]: the kernels of every instruction set, on any number of threads,
//! with operands packed or not. So a product always has the same bits, also from another executor that follows the order. All
//! constants here are part of the order: changing one changes bits.

use super::LANES;

/// The most terms of one chain.
pub(crate) const DEPTH: usize = 256;

/// Sums of at most this many terms are one chain, whatever the strides.
pub(crate) const FEW: usize = LANES - 1;

/// How an element of C = A·B adds up its k terms a·b. All elements of a product, and of a batch of products, do so in the
/// same way. Each step is one multiply-add, rounded once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Chains of `length` terms; the last may be shorter. In a chain, s ← a·b + s for each term in order, from s = 0. The
    /// sums of the chains are added in order: ((s₀ + s₁) + s₂) + ….
    Chains {
        /// The most terms of a chain.
        length: usize,
    },
    /// Sixteen chains side by side. Term p belongs to lane p mod 16, and the lanes are folded in halves, as those of a
    /// sum. After the last term come terms of 0·0, until all lanes have equally many: they turn a −0 into a 0.
    Lanes,
}

impl Order {
    /// The order of a product of \[m, k\] and \[k, n\], from the strides of both: from row to row, and from column to column.
    ///
    /// If both operands are contiguous along k, it is the cheaper of the two orders. The estimate is in cycles of wide
    /// vectors; it counts multiplications, folding, and rearranging B for vectors along n.
    #[inline]
    pub(crate) fn of([m, k, n]: [usize; 3], [a, b]: [[isize; 2]; 2]) -> Order {
        if k > FEW && Order::lanes_fit([a, b]) {
            let lanes = m * n * (k / 24 + 6);
            let rearranging = if b[1] == 1 || n == 1 { 0 } else { n * k / 2 };
            if lanes < m * n.div_ceil(16) * k / 2 + rearranging {
                return Order::Lanes;
            }
        }
        Order::Chains { length: chain_length(k) }
    }

    /// Whether both operands are contiguous along k, as lanes require.
    #[inline]
    pub(crate) fn lanes_fit([a, b]: [[isize; 2]; 2]) -> bool {
        a[1] == 1 && b[0] == 1
    }
}

/// The length of the chains of k terms. They are about equally long, and at most 256.
#[inline]
pub fn chain_length(k: usize) -> usize {
    if k <= DEPTH { k } else { k.div_ceil(k.div_ceil(DEPTH)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order is for ever: these figures guard against a change.
    #[test]
    fn some_orders_are_for_ever() {
        let (rows, columns) = (|n: isize| [n, 1], |n: isize| [1, n]);
        for (size, strides, order) in [
            ([1, 1, 1], [rows(1), rows(1)], Order::Chains { length: 1 }),
            ([1, 15, 1], [rows(15), rows(1)], Order::Chains { length: 15 }),
            ([1, 16, 1], [rows(16), rows(1)], Order::Lanes),
            ([1, 16, 1], [rows(16), [2, 1]], Order::Chains { length: 16 }),
            ([4, 64, 4], [rows(64), rows(4)], Order::Chains { length: 64 }),
            ([4, 64, 4], [rows(64), columns(64)], Order::Lanes),
            ([4, 64, 4], [columns(4), columns(64)], Order::Chains { length: 64 }),
            ([64, 64, 64], [rows(64), columns(64)], Order::Chains { length: 64 }),
            ([64, 257, 64], [rows(257), rows(64)], Order::Chains { length: 129 }),
            ([64, 784, 256], [rows(784), rows(256)], Order::Chains { length: 196 }),
            ([1, 4096, 1], [rows(4096), rows(1)], Order::Lanes),
        ] {
            assert_eq!(Order::of(size, strides), order, "{size:?} {strides:?}");
        }
    }

    #[test]
    fn few_terms_are_one_chain_however_they_lie() {
        for k in 1..=FEW {
            for [m, n] in [[1, 1], [7, 1], [1, 7], [1000, 1000]] {
                for strides in [[[k as isize, 1], [1, k as isize]], [[1, 1], [1, 1]], [[0, 0], [0, 0]]] {
                    assert_eq!(Order::of([m, k, n], strides), Order::Chains { length: k });
                }
            }
        }
    }

    #[test]
    fn chains_are_about_equally_long() {
        for k in 1..3000 {
            let length = chain_length(k);
            assert!(
                (1..=DEPTH).contains(&length) && k.div_ceil(length) == k.div_ceil(DEPTH),
                "{k}: {length}"
            );
        }
    }
}
