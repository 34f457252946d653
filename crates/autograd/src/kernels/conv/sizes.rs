//! The sizes of a convolution.

use crate::ir::Sliding;

/// The sizes of a convolution of x: \[images, groups × inputs, input…\] with a weight \[groups × outputs, inputs, kernel…\].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes<'a> {
    pub(crate) images: usize,
    pub(crate) groups: usize,
    /// Channels of x in a group.
    pub(crate) inputs: usize,
    /// Channels of y in a group.
    pub(crate) outputs: usize,
    pub(crate) over: &'a Sliding,
}

impl Sizes<'_> {
    /// The elements of a filter: those of the kernel for each channel of a group.
    pub(crate) fn filter(&self) -> usize {
        self.inputs * self.over.kernel.elements()
    }

    /// Positions of the kernel.
    pub(crate) fn positions(&self) -> usize {
        self.over.output.elements()
    }

    /// The elements of the weight.
    pub(crate) fn weight(&self) -> usize {
        self.groups * self.outputs * self.filter()
    }

    /// Whether it is a product of matrices as it is.
    pub(super) fn is_product(&self) -> bool {
        self.inputs > 1 && self.over.is_identity()
    }

    /// How many products there are.
    pub(crate) fn products(&self) -> usize {
        let all = [self.images, self.groups, self.outputs, self.filter(), self.positions()];
        all.iter().fold(1, |all: usize, &n| all.saturating_mul(n))
    }
}
