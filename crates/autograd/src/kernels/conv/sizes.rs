//! The sizes of a convolution.

use crate::ir::Sliding;

/// The most output channels for each channel of x. With more, a product of matrices is faster.
const FEW: usize = 2;

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
    /// Rows of columns in a group: the elements of the kernel for each channel.
    pub(crate) fn rows(&self) -> usize {
        self.inputs * self.over.kernel.elements()
    }

    /// Positions of the kernel.
    pub(crate) fn positions(&self) -> usize {
        self.over.output.elements()
    }

    /// The elements of an image of x.
    pub(super) fn x(&self) -> usize {
        self.groups * self.inputs * self.over.input.elements()
    }

    /// The elements of an image of y.
    pub(super) fn y(&self) -> usize {
        self.groups * self.outputs * self.positions()
    }

    /// The elements of the columns of an image.
    pub(super) fn columns(&self) -> usize {
        self.groups * self.rows() * self.positions()
    }

    /// Whether an output channel reads one channel of x, and few read the same.
    pub(crate) fn by_channel(&self) -> bool {
        self.inputs == 1 && self.outputs <= FEW
    }
}
