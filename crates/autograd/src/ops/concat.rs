//! Concat: operands one after the other along an axis. The lengths of all other axes are equal.
//!
//! Linear in all operands together: ẏ = concat(ẋ₁, ẋ₂, …). The adjoint of each operand is its part of the cotangent:
//! x̄ₖ = slice ȳ.

use super::prelude::*;
use crate::ir::{Concat, Op, Slice};
use crate::lists::IntoList;
use crate::mistake::Mistake;
use crate::view::View;
use smallvec::SmallVec;

impl<'t> Var<'t> {
    /// Tensors one after the other along an axis. A negative axis counts from the end. All other axes must have equal
    /// lengths.
    ///
    /// # Panics
    /// If there are none, the axis does not exist, or shapes or dtypes do not fit.
    ///
    /// ```
    /// # use autograd::{Tape, Var};
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([1.0]), tape.var([2.0, 3.0]));
    /// let y = Var::concat(&[a, b, a], 0);
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 2.0, 3.0, 1.0]);
    /// assert_eq!(y.sum().grad([a])[0].to_vec::<f64>(), [2.0]);
    /// ```
    #[track_caller]
    pub fn concat(parts: &[Var<'t>], axis: isize) -> Var<'t> {
        let Some(first) = parts.first() else {
            Mistake::new("concat: no tensors")
                .rule("a result has the dtype of its parts: there is at least one")
                .raise()
        };
        let axis = first.axis("concat", axis);
        record(Concat { axis }, parts)
    }

    /// Tensors of one shape, one after the other along a new axis, which is axis `axis` of the result.
    ///
    /// # Panics
    /// If there are none, the result has no such axis, or shapes or dtypes differ.
    ///
    /// ```
    /// # use autograd::{Tape, Var};
    /// let tape = Tape::new();
    /// let (a, b) = (tape.constant([1.0, 2.0]), tape.constant([3.0, 4.0]));
    /// assert_eq!(Var::stack(&[a, b], 0).to_vec::<f64>(), [1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(Var::stack(&[a, b], -1).to_vec::<f64>(), [1.0, 3.0, 2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn stack(parts: &[Var<'t>], axis: isize) -> Var<'t> {
        // Without this check, a part with one axis more would be accepted as a part that is longer along the new axis.
        if let Some(other) = parts.iter().find(|x| x.shape() != parts[0].shape()) {
            parts[0]
                .mistake("stack", format!("{} and {} do not fit", parts[0].shape(), other.shape()), "a")
                .line("b", other.describe())
                .rule("all have the same shape")
                .raise();
        }
        let mut parts = parts.to_vec();
        for x in &mut parts {
            *x = x.unsqueeze(axis);
        }
        Var::concat(&parts, axis)
    }
}

/// The part of a concatenation that a slice of it is, if it is a whole one.
pub(super) fn part_of<'t>(x: Var<'t>, slice: &Slice) -> Option<Var<'t>> {
    let list = x.tape().list();
    let node = list.node(x.id());
    let axis = match &node.op {
        Op::Concat(concat) if concat.axis == slice.axis => usize::from(concat.axis),
        _ => return None,
    };
    let mut start = 0;
    let part = node.inputs.iter().find(|&&part| {
        let length = list.node(part).meta.shape[axis];
        start += length;
        (start - length, length) == (slice.start, slice.length)
    })?;
    Some(Var::new(x.tape(), *part))
}

impl Rule for Concat {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let (first, axis) = (x[0], self.axis as usize);
        one_dtype(x)?;
        for (i, other) in x.iter().enumerate() {
            if other.shape.len() != first.shape.len() {
                let hint =
                    "`Var::stack` puts tensors along a new axis, `.unsqueeze(…)` gives one an axis more";
                return Err(Mismatch::new("all operands have as many axes").hint(hint));
            }
            let clash = (0..first.shape.len()).find(|&k| k != axis && other.shape[k] != first.shape[k]);
            if let Some(k) = clash {
                let mismatch = Mismatch::new(format!("all axes but axis {axis} have the same lengths"))
                    .clash([Clash::Axis(0, k), Clash::Axis(i, k)]);
                return Err(match other_axis(&first.shape, &other.shape) {
                    Some(fitting) => mismatch.hint(format!("along axis {fitting} they fit")),
                    None => mismatch,
                });
            }
        }
        let length = x.iter().try_fold(0usize, |n, m| n.checked_add(m.shape[axis]));
        let Some(length) = length else {
            return Err(Mismatch::new("the length of all together can be counted"));
        };
        Ok(Meta::new(first.shape.with_length(axis, length), first.dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Concat { axis: self.axis + 1 })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let length = |x: &Var<'t>| x.shape()[self.axis as usize];
        let mut start = 0;
        let mut part = |(i, x)| {
            let length = length(x);
            let slice = Slice { axis: self.axis, start, length };
            start += length;
            wanted.has(i).then(|| record(slice, &[g]))
        };
        at.x.iter().enumerate().map(&mut part).collect()
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let tangents: Vec<Var<'t>> =
            t.iter().zip(at.x).map(|(t, x)| t.unwrap_or_else(|| x.full_like(0.0))).listed();
        Some(record(self.clone(), &tangents))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let axis = self.axis as usize;
        with_type!(y.dtype(), T => {
            let elements = indices(y.shape).map(|mut index| {
                let mut operands = x.iter();
                let mut from = operands.next().expect("at least one operand");
                while index[axis] >= from.meta.shape[axis] {
                    index[axis] -= from.meta.shape[axis];
                    from = operands.next().expect("the lengths add up");
                }
                from.slice::<T>()[offset(&index, &from.meta.shape)]
            });
            y.write(elements);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let strides = kernels::copies::row_major(y.shape);
        with_type!(y.dtype(), T => {
            let x: SmallVec<[View<'_, T>; 4]> = x.iter().map(Strided::view).collect();
            kernels::copies::concat(&x, self.axis as usize, &strides, y.slice(), room.workers);
        });
        Ok(())
    }

    fn needs(&self, _x: &[&Meta], y: &Meta) -> Needs {
        Needs { shared: y.shape.elements() >= Target::CPU.threads.copies_from, ..Needs::default() }
    }
}

/// The only axis in which two shapes of as many axes differ.
fn other_axis(a: &Shape, b: &Shape) -> Option<usize> {
    let mut differing = (0..a.len()).filter(|&k| a[k] != b[k]);
    differing.next().filter(|_| differing.next().is_none())
}

#[cfg(test)]
impl Tested for Concat {
    fn rows() -> Vec<Row> {
        let shapes: [[&[usize]; 3]; 4] = [
            [&[2, 3], &[2, 1], &[2, 4]],
            [&[1, 1], &[1, 0], &[1, 1]],
            [&[0, 2], &[0, 3], &[0, 1]],
            [&[2, 3, 2], &[2, 1, 2], &[2, 2, 2]],
        ];
        let concat =
            |s: &[&[usize]; 3]| row("concat", s, |x| Var::concat(&[x[0], x[1].sin(), x[2]], 1).square());
        let mut all: Vec<Row> = shapes.iter().map(concat).collect();
        all.extend(rows("concat with itself", &[&[2, 3]], |x| {
            Var::concat(&[x, x.t().t(), x.exp()], 0).sin()
        }));
        all.extend(rows("concat of transposes", &[&[2, 3]], |x| {
            Var::concat(&[x.t(), x.square().t()], -1).sin()
        }));
        all.push(row("stack", &[&[2, 3], &[2, 3]], |x| Var::stack(&[x[0], x[1].square()], 1).sin()));
        all.extend(rows("stack of numbers", &[&[]], |x| {
            Var::stack(&[x, x.square(), x.full_like(2.0)], 0).sin()
        }));
        let matrix: &[usize] = &[320, 500];
        all.push(row("concat", &[matrix, matrix], |x| Var::concat(&[x[0].sin(), x[1]], 1).exp()).large());
        all
    }
}
