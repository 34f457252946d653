//! Prod: the product along an axis, which disappears; 1 for no elements. The first half is multiplied with the second half until
//! one element is left; of an odd number the last is kept for the next time.
//!
//! Both derivatives go through the same halves, y = a·b: ẏ = ȧ·b + a·ḃ;  ā = ȳ·b, b̄ = ȳ·a. Nothing is divided, so zeros have right
//! derivatives of any order.

use super::lines::{Lines, contiguous};
use super::prelude::*;
use crate::ir::Prod;

/// The two halves along an axis, and the last element of an odd number.
fn halves<'t>(x: Var<'t>, axis: isize) -> [Var<'t>; 3] {
    let half = x.shape()[axis as usize] / 2;
    [x.slice(axis, ..half), x.slice(axis, half..2 * half), x.slice(axis, 2 * half..)]
}

/// One after the other, without what is empty.
fn joined<'t>(parts: &[Var<'t>], axis: isize) -> Var<'t> {
    match parts {
        [parts @ .., last] if last.shape()[axis as usize] == 0 => joined(parts, axis),
        [one] => *one,
        all => Var::concat(all, axis),
    }
}

impl Rule for Prod {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        Ok(Meta::new(x[0].shape.without(&[self.axis]), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Prod { axis: self.axis + 1 })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let axis = self.axis as isize;
        let length = |x: Var<'t>| x.shape()[axis as usize];
        let (mut levels, mut x) = (vec![], at.x());
        while length(x) > 1 {
            let [a, b, last] = halves(x, axis);
            levels.push([a, b]);
            x = if length(x) > 2 { joined(&[a * b, last], axis) } else { b };
        }
        let mut g = g.unsqueeze(axis).broadcast_to(x.shape());
        for [a, b] in levels.into_iter().rev() {
            let half = length(a);
            let now = g.slice(axis, ..half);
            g = joined(&[now * b, now * a, g.slice(axis, half..)], axis);
        }
        only(g)
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let axis = self.axis as isize;
        let (mut x, mut t) = (at.x(), t[0]?);
        while x.shape()[axis as usize] > 1 {
            let ([a, b, last], [ta, tb, t_last]) = (halves(x, axis), halves(t, axis));
            (x, t) = (joined(&[a * b, last], axis), joined(&[ta * b + a * tb, t_last], axis));
        }
        Some(t.sum_over(axis))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let lines = Lines::of(&x[0].meta.shape, self.axis);
        with_float!(y.dtype(), T => {
            let x = x[0].slice::<T>();
            let products = lines.starts().map(|start| {
                let mut line: Vec<T> = (0..lines.length).map(|i| x[start + i * lines.step]).collect();
                while line.len() > 1 {
                    let half = line.len() / 2;
                    let mut next: Vec<T> = (0..half).map(|i| line[i] * line[half + i]).collect();
                    next.extend_from_slice(&line[2 * half..]);
                    line = next;
                }
                line.first().copied().unwrap_or(T::from_f64(1.0))
            });
            y.write(products);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        let lines = Lines::of(x[0].shape, self.axis);
        with_float!(y.dtype(), T => {
            kernels::prod::prod::<T>(&contiguous::<T>(&x[0]), [lines.length, lines.step], y.slice());
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Prod {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[2, 3, 4], &[1, 5, 1], &[2, 0, 3], &[7, 1], &[2, 2]];
        let mut all = rows("prod", shapes, |x| x.sin().prod());
        all.extend(rows("prod along the first", shapes, |x| x.square().prod_over(0)));
        all.extend(rows("prod along the middle, with zeros", shapes, |x| {
            (x * x.gt(0.5).cast(x.dtype())).prod_over(1).exp()
        }));
        all.extend(rows("prod of a transpose", &[&[3, 5]], |x| x.t().prod_over(crate::Keep(-1)) * x.t()));
        all.extend(rows("prod of many columns", &[&[3, 70]], |x| x.prod_over(0).sin()));
        all.extend(large("prod", &[&[320, 500]], |x| (x * 0.1).exp().prod_over(1)));
        all
    }
}
