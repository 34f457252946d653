//! Linear recurrence along an axis, yₜ = aₜ·yₜ₋₁ + bₜ from y₀ = b₀, or from the last element to the first in reverse.
//! Source: Blelloch, *Prefix Sums and Their Applications*, 1990, section 1.4. Running products are one with b = 0 after the
//! first element.
//!
//! ẏₜ = aₜ·ẏₜ₋₁ + (ḃₜ + ȧₜ·yₜ₋₁), a recurrence with the same a. The adjoint runs the other way:
//! b̄ₜ = ȳₜ + aₜ₊₁·b̄ₜ₊₁, āₜ = yₜ₋₁·b̄ₜ. Nothing is divided by a, so zeros do no harm at any order.

use super::lines::contiguous;
use super::prelude::*;
use crate::ir::{LinearRecurrence, Pad, Slice};

impl<'t> Var<'t> {
    /// The states of a linear recurrence along an axis with these inputs, yₜ = aₜ·yₜ₋₁ + xₜ from y₀ = x₀, as in an
    /// exponential average or a diagonal state-space model. The first a is not used. `a` and `self` are broadcast against
    /// each other. A negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist, shapes clash, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (x, a) = (tape.var([1.0, 2.0, 3.0]), tape.var([9.0, 0.5, 0.5]));
    /// let y = x.linear_recurrence(a, 0);
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 2.5, 4.25]);
    /// let [dx, da] = y.index(0, -1).grad([x, a]);
    /// assert_eq!(dx.to_vec::<f64>(), [0.25, 0.5, 1.0]);
    /// assert_eq!(da.to_vec::<f64>(), [0.0, 0.5, 2.5]);
    /// ```
    #[track_caller]
    pub fn linear_recurrence(self, a: impl Operand<'t>, axis: isize) -> Var<'t> {
        let (a, b) = Var::broadcast_pair("linear_recurrence", a.like(self), self);
        let axis = b.axis("linear_recurrence", axis);
        record(LinearRecurrence { axis, reverse: false }, &[a, b])
    }

    /// Running products along an axis, yᵢ = Π xⱼ over j ≤ i. Zeros have right derivatives of any order. A negative axis
    /// counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([2.0, 0.0, 3.0]);
    /// assert_eq!(x.cumprod(0).to_vec::<f64>(), [2.0, 0.0, 0.0]);
    /// assert_eq!(x.cumprod(0).sum().grad([x])[0].to_vec::<f64>(), [1.0, 8.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn cumprod(self, axis: isize) -> Var<'t> {
        let axis = self.axis("cumprod", axis);
        let first = match self.shape()[usize::from(axis)] {
            0 => self,
            n => {
                let first = record(Slice { axis, start: 0, length: 1 }, &[self]);
                record(Pad { axis, before: 0, after: n - 1 }, &[first])
            }
        };
        record(LinearRecurrence { axis, reverse: false }, &[self, first])
    }
}

impl LinearRecurrence {
    /// At each place the element of the step before, 0 at the first step.
    fn before<'t>(&self, x: Var<'t>) -> Var<'t> {
        moved(x, self.axis, self.reverse)
    }

    /// At each place the element of the step after, 0 at the last step.
    fn after<'t>(&self, x: Var<'t>) -> Var<'t> {
        moved(x, self.axis, !self.reverse)
    }

    fn fill<T: Float>(&self, a: &[T], b: &[T], shape: &[usize], y: &mut [T]) {
        let axis = usize::from(self.axis);
        let (length, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
        // Along the axis lie rows of `inner` numbers.
        for base in (0..y.len()).step_by((length * inner).max(1)) {
            for t in 0..length {
                let row = base + inner * if self.reverse { length - 1 - t } else { t };
                if t == 0 {
                    y[row..row + inner].copy_from_slice(&b[row..row + inner]);
                    continue;
                }
                let before = if self.reverse { row + inner } else { row - inner };
                for k in 0..inner {
                    y[row + k] = a[row + k] * y[before + k] + b[row + k];
                }
            }
        }
    }
}

/// x moved by one place along an axis, towards the front or the end; the free place is 0.
fn moved(x: Var<'_>, axis: Axis, to_front: bool) -> Var<'_> {
    let Some(length) = x.shape()[usize::from(axis)].checked_sub(1) else { return x };
    let start = usize::from(to_front);
    let kept = record(Slice { axis, start, length }, &[x]);
    record(Pad { axis, before: 1 - start, after: start }, &[kept])
}

impl Rule for LinearRecurrence {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        if x[0].shape != x[1].shape {
            return Err(Mismatch::new("there is a factor for each input"));
        }
        Ok(x[1].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(LinearRecurrence { axis: self.axis + 1, ..self.clone() })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let back = LinearRecurrence { axis: self.axis, reverse: !self.reverse };
        let inputs = record(back, &[self.after(at.x[0]), g]);
        wanted.each(|i| Some(if i == 1 { inputs } else { inputs * self.before(at.y) }))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let inputs = total([t[0].map(|a| a * self.before(at.y)), t[1]])?;
        Some(record(self.clone(), &[at.x[0], inputs]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let shape = y.shape;
        with_float!(y.dtype(), T => self.fill::<T>(x[0].slice(), x[1].slice(), shape, y.slice()));
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        let shape = y.shape;
        with_float!(y.dtype(), T => {
            let [a, b] = [&x[0], &x[1]].map(contiguous::<T>);
            self.fill(&a, &b, shape, y.slice());
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for LinearRecurrence {
    fn rows() -> Vec<Row> {
        let pairs: &[[&[usize]; 2]] =
            &[[&[2, 3, 4]; 2], [&[1, 3, 1], &[1, 1, 4]], [&[2, 0, 3]; 2], [&[9, 1, 2], &[2]]];
        let mut all = vec![];
        for s in pairs {
            all.push(row("linear recurrence along the middle", s, |x| {
                x[0].sin().linear_recurrence(x[1].cos(), 1)
            }));
            all.push(row("linear recurrence along the last", s, |x| x[1].linear_recurrence(x[0], -1).sin()));
        }
        all.push(row("linear recurrence of a transpose", &[&[3, 4], &[4, 3]], |x| {
            x[0].t().linear_recurrence(x[1].sin(), 0) + x[1].flip(0).linear_recurrence(0.5, 0)
        }));
        let shapes: &[&[usize]] = &[&[2, 3, 4], &[1, 3, 1], &[2, 0, 3], &[9]];
        all.extend(rows("cumprod along the first", shapes, |x| x.sin().cumprod(0)));
        all.extend(rows("cumprod along the last", shapes, |x| x.cumprod(-1).square()));
        all.extend(rows("cumprod with zeros", &[&[5], &[2, 4]], |x| x.relu().cumprod(-1)));
        all.extend(rows("cumprod of a transpose", &[&[3, 5]], |x| x.t().cumprod(0).sin()));
        all.extend(rows("prod", shapes, |x| x.sin().prod()));
        all.extend(rows("prod over the first", shapes, |x| x.square().prod_over(0)));
        all.extend(rows("prod with zeros", &[&[3], &[2, 7]], |x| {
            (x * x.gt(0.5).cast(x.dtype())).prod_over(-1)
        }));
        all.extend(rows("logcumsumexp", shapes, |x| x.logcumsumexp(0) + x.sin().logcumsumexp(-1)));
        all.extend(large("cumprod", &[&[320, 500]], |x| (x.sin() * 0.1 + 1.0).cumprod(1).sin()));
        all
    }
}
