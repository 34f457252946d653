//! How a kernel slides over axes.

use crate::shape::Shape;
use std::fmt;
use std::ops::Range;

/// How a kernel slides over the last axes of a tensor. At position p, element k of the kernel lies over place
/// p·stride + k·dilation − before of the input, along each axis; places outside of the input hold nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sliding {
    /// The lengths of the input.
    pub input: Shape,
    /// The lengths of the kernel.
    pub kernel: Shape,
    /// How many positions there are.
    pub output: Shape,
    /// From one position to the next.
    pub stride: Shape,
    /// From one element of the kernel to the next.
    pub dilation: Shape,
    /// How far the kernel begins before the input.
    pub before: Shape,
}

/// Elements of a kernel, positions and places that meet: `length` positions from `output` on, with one element of the kernel,
/// at places from `input` on, in steps of the last stride. All are offsets in row-major order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) kernel: usize,
    pub(crate) output: usize,
    pub(crate) input: usize,
    pub(crate) length: usize,
}

impl Sliding {
    /// How many axes the kernel slides over.
    pub(crate) fn axes(&self) -> usize {
        self.kernel.len()
    }

    /// The step between the places of a run.
    pub(crate) fn step(&self) -> usize {
        self.stride.last().copied().unwrap_or(1)
    }

    /// Whether position p is place p: the kernel is one element that visits all.
    pub(crate) fn is_identity(&self) -> bool {
        let ones = |x: &Shape| x.iter().all(|&n| n == 1);
        ones(&self.kernel)
            && ones(&self.stride)
            && self.before.iter().all(|&n| n == 0)
            && self.input == self.output
    }

    /// The place under element k at position p of an axis, if it is within the input.
    pub(crate) fn place(&self, axis: usize, p: usize, k: usize) -> Option<usize> {
        let place = (p * self.stride[axis] + k * self.dilation[axis]).checked_sub(self.before[axis])?;
        (place < self.input[axis]).then_some(place)
    }

    /// A position of an axis at which no element of the kernel is within the input.
    pub(crate) fn empty_position(&self) -> Option<(usize, usize)> {
        // Only those that begin before the input or behind it: at all others the first element is within.
        let outside = |axis: usize| {
            let (stride, before) = (self.stride[axis], self.before[axis]);
            let behind = (before + self.input[axis]).div_ceil(stride);
            let early = 0..before.div_ceil(stride).min(self.output[axis]);
            early.chain((behind < self.output[axis]).then_some(behind)).map(move |p| (axis, p))
        };
        let is_empty = |&(axis, p): &(usize, usize)| {
            // The first element that does not lie before the input.
            let k = self.before[axis].saturating_sub(p * self.stride[axis]).div_ceil(self.dilation[axis]);
            k >= self.kernel[axis] || self.place(axis, p, k).is_none()
        };
        (0..self.axes()).flat_map(outside).find(is_empty)
    }

    /// Calls `f` with all runs. For one position, the elements of the kernel come in row-major order.
    pub(crate) fn each_run(&self, f: &mut dyn FnMut(Run)) {
        self.runs(0, Run { kernel: 0, output: 0, input: 0, length: 1 }, f);
    }

    /// The runs within an element of the kernel, a position and a place along the axes before.
    fn runs(&self, axis: usize, within: Run, f: &mut dyn FnMut(Run)) {
        if axis == self.axes() {
            return f(within);
        }
        let along = self.along(axis);
        for k in 0..along.kernel {
            let positions = along.positions(k);
            let run = |p: usize, length: usize| Run {
                kernel: within.kernel * along.kernel + k,
                output: within.output * along.output + p,
                input: within.input * along.input + (p * along.stride + k * along.dilation - along.before),
                length,
            };
            if axis + 1 < self.axes() {
                positions.for_each(|p| self.runs(axis + 1, run(p, 1), f));
            } else if !positions.is_empty() {
                f(run(positions.start, positions.len()));
            }
        }
    }

    fn along(&self, axis: usize) -> Along {
        Along {
            input: self.input[axis],
            kernel: self.kernel[axis],
            output: self.output[axis],
            stride: self.stride[axis],
            dilation: self.dilation[axis],
            before: self.before[axis],
        }
    }
}

/// One axis. Short rows are many, so what is asked for each is at hand.
#[derive(Clone, Copy)]
struct Along {
    input: usize,
    kernel: usize,
    output: usize,
    stride: usize,
    dilation: usize,
    before: usize,
}

impl Along {
    /// The positions at which element k is within the input.
    fn positions(&self, k: usize) -> Range<usize> {
        let at = k * self.dilation;
        let first = |place: usize| {
            let from = (self.before + place).saturating_sub(at);
            // A division takes as long as a short run.
            if self.stride == 1 { from } else { from.div_ceil(self.stride) }
        };
        let end = first(self.input).min(self.output);
        first(0).min(end)..end
    }
}

/// The kernel, and what is not 1 or 0.
impl fmt::Display for Sliding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} over {}", self.kernel, self.input)?;
        let others =
            [("stride", &self.stride, 1), ("dilation", &self.dilation, 1), ("before", &self.before, 0)];
        for (name, numbers, usual) in others {
            if numbers.iter().any(|&n| n != usual) {
                write!(f, ", {name} {numbers}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs are the triples of kernel, position and place that a loop over all of them finds.
    #[test]
    fn runs_are_all_places_within_the_input() {
        for (stride, dilation, before, output) in [(1, 1, 0, 4), (2, 1, 3, 7), (3, 2, 1, 3), (1, 3, 5, 9)] {
            let over = Sliding {
                input: Shape::from([3, 6]),
                kernel: Shape::from([2, 3]),
                output: Shape::from([4, output]),
                stride: Shape::from([1, stride]),
                dilation: Shape::from([1, dilation]),
                before: Shape::from([1, before]),
            };
            let mut found = vec![];
            over.each_run(&mut |run| {
                for i in 0..run.length {
                    found.push((run.kernel, run.output + i, run.input + i * over.step()));
                }
            });
            let mut all = vec![];
            for (k, p) in (0..6).flat_map(|k| (0..4 * output).map(move |p| (k, p))) {
                let row = over.place(0, p / output, k / 3);
                let column = over.place(1, p % output, k % 3);
                all.extend(row.zip(column).map(|(row, column)| (k, p, row * 6 + column)));
            }
            found.sort_unstable();
            assert_eq!(found, all);
        }
    }

    #[test]
    fn an_empty_position_is_found_where_a_loop_over_all_finds_one() {
        let one = |n: usize| Shape::from([n]);
        let mut found = [0, 0];
        for code in 0..3 * 4 * 4 * 4 * 6 * 8 {
            let digit = |by: usize, of: usize| code / by % of;
            let (dilation, stride, kernel) = (1 + digit(1, 3), 1 + digit(3, 4), 1 + digit(12, 4));
            let (input, before, output) = (digit(48, 4), digit(192, 6), digit(1152, 8));
            let over = Sliding {
                input: one(input),
                kernel: one(kernel),
                output: one(output),
                stride: one(stride),
                dilation: one(dilation),
                before: one(before),
            };
            let nothing = |p: &usize| (0..kernel).all(|k| over.place(0, *p, k).is_none());
            let slowly = (0..output).find(nothing);
            assert_eq!(over.empty_position(), slowly.map(|p| (0, p)), "{over:?}");
            found[usize::from(slowly.is_some())] += 1;
        }
        assert!(found[0] > 100 && found[1] > 100);
    }

    #[test]
    fn what_is_usual_is_not_shown() {
        let ones = Shape::from([1]);
        let mut over = Sliding {
            input: Shape::from([6]),
            kernel: Shape::from([3]),
            output: Shape::from([4]),
            stride: ones.clone(),
            dilation: ones,
            before: Shape::from([0]),
        };
        assert_eq!(over.to_string(), "[3] over [6]");
        over.stride = Shape::from([2]);
        assert_eq!(over.to_string(), "[3] over [6], stride [2]");
    }
}
