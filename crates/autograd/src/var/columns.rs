//! Windows as columns of a matrix, and back.

use super::{PoolForm, Var};
use crate::ir::{Overlap, Windows};
use crate::lists::IntoList;
use crate::record::record;
use crate::shape::Axis;

impl<'t> Var<'t> {
    /// The windows of \[images, channels, lengths…\] as columns: \[images, channels × elements of a window, windows\]. The channel
    /// varies slowest, and windows are counted in row-major order. In other libraries this is `unfold` or `im2col`.
    ///
    /// # Panics
    /// If there are not N + 2 axes, or a window is longer than an axis with its padding.
    ///
    /// ```
    /// # use autograd::{PoolForm, Shape, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var(&[1.0; 20]).reshape([1, 1, 4, 5]);
    /// let columns = x.im2col(PoolForm::of([2, 2]).stride(1));
    /// assert_eq!(columns.shape(), Shape::from([1, 4, 12]));
    /// assert_eq!(columns.col2im([4, 5], PoolForm::of([2, 2]).stride(1)).index(0, 0).sum().item(), 48.0);
    /// ```
    #[track_caller]
    pub fn im2col<const N: usize>(self, form: PoolForm<N>) -> Var<'t> {
        let over = form.over("im2col", self);
        self.require_images("im2col", N + 2);
        let mut x = self;
        for i in 0..N {
            let axis = (i + 2) as Axis;
            let (size, step, dilation) = (over.kernel[i], over.stride[i], over.dilation[i]);
            x = record(Windows { axis, size, step, dilation }, &[x.padded(&over, i, axis)]);
        }
        let order = [0, 1].into_iter().chain(N + 2..2 * N + 2).chain(2..N + 2);
        let order: Vec<isize> = order.map(|axis| axis as isize).listed();
        let (images, channels) = (self.shape()[0], self.shape()[1]);
        x.permute(&order).reshape([
            images,
            channels.saturating_mul(over.kernel.elements()),
            over.output.elements(),
        ])
    }

    /// Columns added up where their windows lie: the adjoint of [`im2col`](Var::im2col) of an input of the given lengths.
    ///
    /// # Panics
    /// If the shape is not \[images, channels × elements of a window, windows\], with the windows of such an input.
    ///
    /// ```
    /// # use autograd::{PoolForm, Tape};
    /// let tape = Tape::new();
    /// let columns = tape.var([[1.0, 2.0], [3.0, 4.0]]).unsqueeze(0);
    /// assert_eq!(columns.col2im([3], PoolForm::of([2]).stride(1)).to_vec::<f64>(), [1.0, 5.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn col2im<const N: usize>(self, lengths: [usize; N], form: PoolForm<N>) -> Var<'t> {
        self.require_images("col2im", 3);
        let over = form.over("col2im", self.tape.full(0.0, lengths, self.dtype()));
        let (shape, rows) = (self.shape(), over.kernel.elements());
        if !shape[1].is_multiple_of(rows) || shape[2] != over.output.elements() {
            self.mistake("col2im", format!("shape {shape}"), "x")
                .rule(format!("axis 1 is a multiple of {rows}, and axis 2 is {}", over.output.elements()))
                .raise();
        }
        let lead = [shape[0], shape[1] / rows];
        let all: Vec<usize> =
            lead.iter().chain(over.kernel.iter()).chain(over.output.iter()).copied().listed();
        // The lengths of the kernel after those of the output, the first one last: each axis takes the last.
        let order = [0, 1].into_iter().chain(N + 2..2 * N + 2).chain((2..N + 2).rev());
        let order: Vec<isize> = order.map(|axis| axis as isize).listed();
        let mut x = self.reshape(&all[..]).permute(&order);
        for i in 0..N {
            let (axis, step, dilation) = ((i + 2) as Axis, over.stride[i], over.dilation[i]);
            let reached = (over.output[i] - 1) * step + dilation * (over.kernel[i] - 1) + 1;
            x = record(Overlap { axis, length: reached, step, dilation }, &[x]);
            let (first, end) = (over.before[i], (over.before[i] + over.input[i]).min(reached));
            x = x.slice(isize::from(axis), first..end);
            x = x.pad(isize::from(axis), 0, over.input[i] - (end - first));
        }
        x
    }

    #[track_caller]
    fn require_images(self, op: &str, rank: usize) {
        if self.rank() != rank {
            self.mistake(op, format!("shape {}", self.shape()), "x")
                .rule(format!("there are {rank} axes"))
                .raise();
        }
    }
}
