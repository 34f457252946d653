//! Ravel-index: the place, in row-major order, of an element that is given by its index along each of several axes:
//! k = (i·n₁ + j)·n₂ + … for axes of these lengths. Integers: no derivative.

use super::indexing::{check, check_dense, require_i64};
use super::lines::contiguous;
use super::prelude::*;
use crate::ir::RavelIndex;
use crate::lists::IntoList;

impl<'t> Var<'t> {
    /// The elements at index tuples: y\[k\] = x\[iₖ, jₖ\] for the indices i and j of the first two axes, and so on for any
    /// number of axes from the first. The indices are `I64` and are broadcast against each other; their shape takes the place
    /// of these axes. An index must not be negative.
    ///
    /// # Panics
    /// If there are no indices, or more than axes; if they are not `I64` or their shapes clash; if an index is out of range
    /// ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.take_at(&[tape.constant([0i64, 1, 1]), tape.constant([1i64, 0, 0])]);
    /// assert_eq!(y.to_vec::<f64>(), [2.0, 3.0, 3.0]);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [0.0, 1.0, 2.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn take_at(self, indices: &[Var<'t>]) -> Var<'t> {
        let (flat, places) = self.flattened("take_at", indices);
        flat.take(0, places)
    }

    /// `self` with a source added at index tuples: y\[iₖ, jₖ\] += sourceₖ. Elements at the same place add up. The source is
    /// broadcast to the shape of the indices and the axes that they do not name. Else as [`take_at`](Var::take_at).
    ///
    /// # Panics
    /// As [`take_at`](Var::take_at), and if the source does not fit.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (x, source) = (tape.var([[1.0, 2.0], [3.0, 4.0]]), tape.var([10.0, 20.0]));
    /// let y = x.add_at(&[tape.constant([1i64, 1]), tape.constant([0i64, 0])], source);
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 2.0, 33.0, 4.0]);
    /// assert_eq!(y.square().sum().grad([source])[0].to_vec::<f64>(), [66.0, 66.0]);
    /// ```
    #[track_caller]
    pub fn add_at(self, indices: &[Var<'t>], source: impl Operand<'t>) -> Var<'t> {
        let (flat, places) = self.flattened("add_at", indices);
        let to = flat.shape();
        let each: Shape = [&places.shape()[..], &to[1..]].concat().into();
        // A number takes the dtype of the tensor, and then fills any shape.
        let source = match source.number() {
            Some(x) => self.tape().full(x, [], self.dtype()),
            None => source.like(self),
        };
        flat.index_add(0, places, source.broadcast_to(each)).reshape(self.shape())
    }

    /// `self` with the axes that indices name as one, and the places along it.
    #[track_caller]
    fn flattened(self, op: &str, indices: &[Var<'t>]) -> (Var<'t>, Var<'t>) {
        let shape = self.shape();
        if indices.is_empty() || indices.len() > shape.len() {
            self.mistake(op, format!("{} indices for shape {shape}", indices.len()), "x")
                .rule("there is an index for each of the first axes, at least for one")
                .raise();
        }
        let mut common = indices[0];
        for &index in &indices[1..] {
            common = Var::broadcast_pair(op, common, index).0;
        }
        let common = common.shape();
        let indices: Vec<Var<'t>> = indices.iter().map(|i| i.broadcast_to(common.clone())).listed();
        let (lengths, rest) = shape.split_at(indices.len());
        let one: Vec<usize> = [lengths.iter().product()].iter().chain(rest).copied().listed();
        let places = record(RavelIndex { lengths: Shape::from(lengths) }, &indices);
        (self.reshape(&one[..]), places)
    }
}

impl RavelIndex {
    fn fill(&self, indices: &[impl AsRef<[i64]>], y: &mut [i64]) {
        y.fill(0);
        for (index, &length) in indices.iter().zip(&self.lengths[..]) {
            for (y, &i) in y.iter_mut().zip(index.as_ref()) {
                *y = *y * length as i64 + i;
            }
        }
    }
}

impl Rule for RavelIndex {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        for (operand, index) in x.iter().enumerate() {
            require_i64(operand, index)?;
        }
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, _g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        none()
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        None
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        x.iter().zip(&self.lengths[..]).try_for_each(|(index, &length)| check_dense(index, length))?;
        let indices: Vec<&[i64]> = x.iter().map(Dense::slice::<i64>).listed();
        self.fill(&indices, y.slice());
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        x.iter().zip(&self.lengths[..]).try_for_each(|(index, &length)| check(index, length))?;
        let indices: Vec<_> = x.iter().map(contiguous::<i64>).listed();
        self.fill(&indices, y.slice());
        Ok(())
    }
}

#[cfg(test)]
impl Tested for RavelIndex {
    fn rows() -> Vec<Row> {
        let (i, j) = ([[1i64], [0]], [2i64, 0, 2]);
        let mut all = rows("take at pairs", &[&[2, 3], &[2, 3, 2], &[3, 4, 0]], move |x| {
            x.sin().take_at(&[x.tape().constant(i), x.tape().constant(j)]).square()
        });
        all.push(row("add at pairs", &[&[2, 3, 2], &[3, 1]], move |x| {
            x[0].add_at(&[x[0].tape().constant(i), x[0].tape().constant(j)], x[1].sin()).exp()
        }));
        all.extend(rows("add at rows of a transpose", &[&[2, 4], &[1, 3]], move |x| {
            let at = x.tape().constant([2i64, 0, 2]);
            x.t().add_at(&[at], x.sum()).add_at(&[at], 1.0).sin()
        }));
        all.extend(large("take at pairs", &[&[320, 500]], |x| {
            let index: Vec<i64> = (0..160_000).map(|i| i * 7 % 320).collect();
            let index = x.tape().constant(index);
            x.sin().take_at(&[index, index]).exp()
        }));
        all
    }
}
