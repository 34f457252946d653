//! In which order the forms of a convolution add up, for executors of other crates: with these figures they give the same bits.

use super::field::Field;
use super::sizes::Sizes;
use super::weight::Sums;
use crate::tree::{Order, chain_length};

/// How an element of the derivative of a convolution by its weight adds up.
///
/// Bands of `rows` positions along the first axis, of one image after the other, are cut into `chunks` of about as many. The sums
/// of the chunks are added in order. In a band, positions are numbered along rows with gaps, that is, as far as the kernel
/// reaches; a product in a gap is one with 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightOrder {
    /// Positions along the first axis in a band; the last may have fewer.
    pub rows: usize,
    /// Band k of the work, of bands times images, is band k div images of image k mod images. Chunk i goes from
    /// i·bands·images div `chunks` to where the next one begins.
    pub chunks: usize,
    /// Whether sums are in lanes, which go on through so many images of a band, as far as the chunk goes; else in chains of about
    /// equal length, whose sums are added in order.
    pub together: Option<usize>,
}

impl Sizes<'_> {
    fn is_empty(&self) -> bool {
        self.products() == 0
    }

    /// The order of y: over channels, then over the elements of the kernel; beyond the ends of an axis lie zeros. None if rounded
    /// products are added one by one, without those beyond the ends.
    pub(crate) fn forward_order(&self) -> Option<Order> {
        let terms = self.filter();
        if self.is_product() && !self.is_empty() {
            let places = self.positions() as isize;
            let strides = [[self.inputs as isize, 1], [places, 1]];
            return Some(Order::of([self.outputs, terms, self.positions()], strides));
        }
        let chains = || Order::Chains { length: chain_length(terms) };
        (self.is_empty() || Field::of(self.over).is_some()).then(chains)
    }

    /// Whether x̄ is in chains, over channels and then over those elements of the kernel that meet the place at a position, within
    /// the output or beyond its ends. Else rounded products are added one by one, without those beyond the ends.
    pub(crate) fn adjoint_in_chains(&self) -> bool {
        self.is_empty() || self.is_product() || Field::of_adjoint(self.over).is_some()
    }

    /// The order of the weight. None if rounded products are added one by one, without those beyond the ends.
    pub(crate) fn weight_order(&self) -> Option<WeightOrder> {
        // It is that of both dtypes: only panels, which change no order, differ.
        let (rows, chunks, together) = Sums::of::<f32>(*self)?.cut();
        Some(WeightOrder { rows, chunks, together })
    }
}
