//! Scatter-max: the largest of the elements that are written to the same place along an axis,
//! y[…, k, …] = max(x[…, k, …], s[…, i, …] over all i with c[…, i, …] = k); where nothing is written, y = x. The old element
//! takes part only if it is included. NaN counts as larger than any number.
//!
//! As in `max`, the m largest of a place have the weight w = 1/m, all else 0: x̄ = w·ȳ, s̄ = w·gather ȳ,
//! ẏ = w·ẋ + scatter_add(w·ṡ).

use super::binary_of;
use super::indexing::{check, check_dense, require_indices_along};
use super::lines::contiguous;
use super::prelude::*;
use crate::ir::{Compare, Gather, ScatterAdd, ScatterMax};

impl ScatterMax {
    /// 1 for each element of the target and of the source that is the largest of its place; and how many of them a place has.
    fn largest<'t>(&self, at: &At<'_, 't>) -> (Var<'t>, Var<'t>, Var<'t>) {
        let [x, source] = [at.x[0], at.x[2]];
        let there = self.gather(at, at.y);
        let of_source = binary_of(Compare::Eq, source, there).cast(source.dtype());
        let of_x = match self.include {
            true => binary_of(Compare::Eq, x, at.y).cast(x.dtype()),
            false => self.scatter(at, source.full_like(1.0)).eq(0.0).cast(x.dtype()),
        };
        (of_x, of_source, of_x + self.scatter(at, of_source))
    }

    fn gather<'t>(&self, at: &At<'_, 't>, x: Var<'t>) -> Var<'t> {
        record(Gather { axis: self.axis }, &[x, at.x[1]])
    }

    fn scatter<'t>(&self, at: &At<'_, 't>, source: Var<'t>) -> Var<'t> {
        record(ScatterAdd { axis: self.axis, to: at.x[0].shape() }, &[source, at.x[1]])
    }

    fn fill<T: Float>(&self, [x, source]: [&[T]; 2], index: &[i64], [to, from]: [&[usize]; 2], y: &mut [T]) {
        y.copy_from_slice(x);
        let mut written = vec![self.include; y.len()];
        let axis = usize::from(self.axis);
        let [to, from] = [to, from].map(|shape| (Shape::from(shape).strides(), shape));
        for (k, (&value, &place)) in source.iter().zip(index).enumerate() {
            let mut at = place as usize * to.0[axis] as usize;
            for (i, (&step, &length)) in from.0.iter().zip(from.1).enumerate().filter(|(i, _)| *i != axis) {
                at += k / step as usize % length * to.0[i] as usize;
            }
            if !written[at] || value > y[at] || value.is_nan() {
                y[at] = value;
            }
            written[at] = true;
        }
    }
}

impl Rule for ScatterMax {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(&[x[0], x[2]])?;
        require_indices_along(self.axis, &x[0].shape, x[1])?;
        if x[1].shape != x[2].shape {
            return Err(Mismatch::new("there is an index for each element of the source"));
        }
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(ScatterMax { axis: self.axis + 1, ..self.clone() })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let (of_x, of_source, ties) = self.largest(at);
        let share = g / ties;
        wanted.each(|i| match i {
            0 => Some(of_x * share),
            2 => Some(of_source * self.gather(at, share)),
            _ => None,
        })
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let (of_x, of_source, ties) = self.largest(at);
        let moved = total([t[0].map(|t| of_x * t), t[2].map(|t| self.scatter(at, of_source * t))])?;
        Some(moved / ties)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        check_dense(&x[1], y.shape[usize::from(self.axis)])?;
        let shapes = [&y.shape[..], &x[1].meta.shape];
        with_float!(y.dtype(), T => {
            self.fill::<T>([x[0].slice(), x[2].slice()], x[1].slice(), shapes, y.slice());
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        check(&x[1], y.shape[usize::from(self.axis)])?;
        let shapes = [&y.shape[..], x[1].shape];
        with_float!(y.dtype(), T => {
            let [target, source] = [&x[0], &x[2]].map(contiguous::<T>);
            self.fill([&target, &source], &contiguous(&x[1]), shapes, y.slice());
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for ScatterMax {
    fn rows() -> Vec<Row> {
        use crate::ScatterReduce::{Max, Mean, Min, Prod, Sum};
        let index = [[1i64, 0, 1], [0, 0, 1]];
        let mut all = vec![];
        for how in [Sum, Mean, Prod, Max, Min] {
            for include in [true, false] {
                let name = format!("scatter {how:?}, self {include}");
                all.push(row(&format!("{name}, along the first"), &[&[4, 3], &[2, 3]], move |x| {
                    x[0].scatter_reduce(0, x[0].tape().constant(index), x[1].sin(), how, include).square()
                }));
                all.push(row(&format!("{name}, along the last"), &[&[5, 2], &[3, 2]], move |x| {
                    let index = x[0].tape().constant(index);
                    x[0].sin().scatter_reduce(-1, index, x[1].t(), how, include)
                }));
            }
        }
        all.extend(large("scatter_max", &[&[320, 500]], |x| {
            let index: Vec<i64> = (0..160_000).map(|i| i * 7 % 320).collect();
            let index = x.tape().constant(index).reshape([320, 500]);
            x.scatter_reduce(0, index, x.sin(), Max, true).sin()
        }));
        all
    }
}
