//! Reshape: the same elements in row-major order under another shape.
//!
//! Linear: ẏ = reshape ẋ, and the adjoint is the reshape back: x̄ = reshape ȳ.

use super::prelude::*;
use crate::ir::Reshape;
use smallvec::SmallVec;

impl<'t> Var<'t> {
    /// The same elements in row-major order under another shape.
    ///
    /// # Panics
    /// If the numbers of elements differ.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant(&[1.0, 2.0, 3.0, 4.0]).reshape([2, 2]);
    /// assert_eq!(x.t().to_vec::<f64>(), [1.0, 3.0, 2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn reshape(self, shape: impl Into<Shape>) -> Var<'t> {
        record(Reshape { to: shape.into() }, &[self])
    }

    /// `self` with a new axis of length 1, which is axis `axis` of the result.
    ///
    /// # Panics
    /// If the result has no such axis.
    ///
    /// ```
    /// # use autograd::{Shape, Tape};
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!((x / x.sum_over(&[-1]).unsqueeze(-1)).sum_over(&[1]).to_vec::<f64>(), [1.0, 1.0]);
    /// assert_eq!(x.unsqueeze(1).shape(), Shape::from([2, 1, 2]));
    /// ```
    #[track_caller]
    pub fn unsqueeze(self, axis: isize) -> Var<'t> {
        let shape = self.shape();
        let rank = shape.len() as isize + 1;
        let position = if axis < 0 { axis + rank } else { axis };
        if !(0..rank).contains(&position) {
            self.mistake("unsqueeze", format!("axis {axis} does not exist"), "x")
                .rule(format!("with the new axis there are {rank}"))
                .raise();
        }
        let (before, after) = shape.split_at(position as usize);
        self.reshape(Shape::from(&[before, &[1], after].concat()[..]))
    }
}

impl Rule for Reshape {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let (from, to) = (x[0].shape.checked_elements(), self.to.checked_elements());
        if from != to {
            let count = |n: Option<usize>| n.map_or("too many".into(), |n| n.to_string());
            let rule = format!("{} has {} elements, {} has {}", x[0].shape, count(from), self.to, count(to));
            let mismatch = Mismatch::new(rule);
            return Err(match fitting(&self.to, from) {
                Some(shape) => mismatch.hint(format!("did you mean `.reshape({:?})`?", &shape[..])),
                None => mismatch,
            });
        }
        Ok(Meta::new(self.to.clone(), x[0].dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Reshape { to: batch.shape(&self.to) })
    }

    /// A view if strides can express the new shape. Else the elements are copied.
    fn view(&self, x: &Meta, strides: &[isize]) -> Option<Layout> {
        restride(&x.shape, strides, &self.to).map(Layout::from)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(record(Reshape { to: at.x().shape() }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        Some(at.x[0].clone())
    }

    fn formula_vjp(&self, _at: &Sketch<'_>, _operand: usize, g: &Expr) -> Option<Expr> {
        Some(g.clone())
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        x[0].gather(0..y.shape.elements(), y);
        Ok(())
    }

    /// Copies the elements if the result is no view of the operand.
    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        with_type!(y.dtype(), T => kernels::copy::<T>(x[0].view(), y.slice()));
        Ok(())
    }
}

/// The strides with which the shape `to` visits the same elements in the same order, if there are such strides.
fn restride(shape: &Shape, strides: &[isize], to: &Shape) -> Option<Strides> {
    if to.contains(&0) {
        return Some(to.strides());
    }
    let mut runs = runs(shape, strides);
    // New axes are cut from the runs, from the last to the first.
    let (mut left, mut step) = runs.pop().unwrap_or((1, 0));
    let mut out = Strides::repeat(0, to.len());
    for (stride, &length) in out.iter_mut().zip(to.iter()).rev() {
        if length > 1 && left == 1 {
            (left, step) = runs.pop()?;
        }
        if left % length != 0 {
            return None;
        }
        *stride = step;
        step *= length as isize;
        left /= length;
    }
    Some(out)
}

/// Length and stride of the fewest axes that visit the same elements in the same order.
fn runs(shape: &[usize], strides: &[isize]) -> SmallVec<[(usize, isize); 4]> {
    let mut runs: SmallVec<[(usize, isize); 4]> = SmallVec::new();
    for (&length, &step) in shape.iter().zip(strides).filter(|(d, _)| **d != 1) {
        match runs.last_mut() {
            Some(outer) if outer.1 == step * length as isize => *outer = (outer.0 * length, step),
            _ => runs.push((length, step)),
        }
    }
    runs
}

/// `to` with one length changed so that it has the given number of elements, if only one axis can be changed so.
fn fitting(to: &Shape, elements: Option<usize>) -> Option<Shape> {
    let elements = elements?;
    let mut fitting = (0..to.len()).filter_map(|axis| {
        let others = to.without(&[axis as u8]).checked_elements().filter(|&n| n > 0)?;
        elements.is_multiple_of(others).then(|| to.with_length(axis, elements / others))
    });
    fitting.next().filter(|_| fitting.next().is_none())
}

#[cfg(test)]
impl Tested for Reshape {
    fn rows() -> Vec<Row> {
        let mut all = rows("reshape", &[&[2, 6], &[12], &[3, 4], &[1, 12, 1]], |x| {
            x.square().reshape([4, 3]).t().reshape([2, 6]).sin()
        });
        // Two of them would hide a wrong sign.
        all.extend(rows("reshape once", &[&[2, 6], &[12], &[2, 2, 3]], |x| x.sin().reshape([4, 3]).exp()));
        all.extend(rows("reshape of nothing", &[&[2, 0], &[0]], |x| x.sin().reshape([0, 3]).exp()));
        all.extend(large("reshape", &[&[320, 500]], |x| x.t().reshape([400, 400]).sin()));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reshape_copies_only_if_no_strides_can_express_it() {
        let view = |shape: &[usize], strides: &[isize], to: &[usize]| {
            restride(&Shape::from(shape), strides, &Shape::from(to)).map(|s| s.to_vec())
        };
        assert_eq!(view(&[2, 6], &[6, 1], &[3, 1, 4]), Some(vec![4, 4, 1]), "contiguous");
        assert_eq!(
            view(&[6, 2], &[1, 6], &[3, 2, 2]),
            Some(vec![2, 1, 6]),
            "an axis of a transpose is split"
        );
        assert_eq!(view(&[6, 2], &[1, 6], &[12]), None, "the axes of a transpose do not continue each other");
        assert_eq!(view(&[6, 2], &[1, 6], &[4, 3]), None);
        assert_eq!(
            view(&[1, 3, 1, 2], &[9, 8, 7, 2], &[3, 2, 1]),
            Some(vec![8, 2, 2]),
            "axes of length 1 come and go"
        );
        assert_eq!(view(&[4, 3], &[0, 0], &[2, 6]), Some(vec![0, 0]), "one number");
        assert_eq!(view(&[4, 3], &[0, 1], &[2, 2, 3]), Some(vec![0, 0, 1]), "a repeated row");
        assert_eq!(view(&[4, 3], &[0, 1], &[12]), None);
        assert_eq!(view(&[], &[], &[1, 1]), Some(vec![0, 0]));
        assert_eq!(view(&[2, 0], &[7, 7], &[0, 5]), Some(vec![5, 1]), "nothing");
    }
}
