//! Slogdet: the sign of the determinant of each matrix, and the logarithm of its size, by elimination with the largest pivot
//! of each column. They are the two elements of the last axis.
//!
//! (ln |det A|)˙ = tr(A⁻¹·Ȧ), and Ā = ȳ·A⁻ᵀ; the sign has no derivative.
//! Source: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation",
//! 2008, section 2.2.5 (there for ln det).

use super::factors::{Lu, as_doubles, doubles, each_lu, factor_needs, require_square, write};
use super::prelude::*;
use crate::ir::Slogdet;
use crate::kernels::linear::Blocks;
use crate::lists::IntoList;

impl<'t> Var<'t> {
    /// The sign of the determinant of each matrix of \[…, n, n\], and ln |det A|: two results of \[…\]. Neither overflows nor
    /// vanishes where the determinant does. For a singular matrix they are 0 and −∞.
    ///
    /// # Panics
    /// If the matrices are not square; the derivative, if a matrix is singular ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[0.0, 2.0], [4.0, 0.0]]);
    /// let (sign, log) = a.slogdet();
    /// assert_eq!(sign.item(), -1.0);
    /// assert!((log.item() - 8f64.ln()).abs() < 1e-15);
    /// assert_eq!(log.grad([a])[0].to_vec::<f64>(), [0.0, 0.5, 0.25, 0.0]); // the transposed inverse
    /// ```
    #[track_caller]
    pub fn slogdet(self) -> (Var<'t>, Var<'t>) {
        let both = record(Slogdet, &[self]);
        (both.index(-1, 0).detach(), both.index(-1, 1))
    }

    /// ln det A of each matrix of \[…, n, n\]: −∞ for a singular matrix, NaN where the determinant is negative.
    ///
    /// # Panics
    /// As [`slogdet`](Var::slogdet).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[2.0, 0.0], [0.0, 4.0]]);
    /// assert!((a.logdet().item() - 8f64.ln()).abs() < 1e-15);
    /// assert_eq!(a.logdet().grad([a])[0].to_vec::<f64>(), [0.5, 0.0, 0.0, 0.25]);
    /// ```
    #[track_caller]
    pub fn logdet(self) -> Var<'t> {
        let (sign, log) = self.slogdet();
        sign.lt(0.0).select(f64::NAN, log)
    }
}

impl Rule for Slogdet {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        require_square(x[0])?;
        let lead = &x[0].shape[..x[0].shape.len() - 2];
        Ok(Meta::new(Shape::from([lead, &[2]].concat()), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Slogdet)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(at.x().inverse().t() * g.index(-1, 1).unsqueeze(-1).unsqueeze(-1))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0].map(|t| at.x().solve(t).trace(0).unsqueeze(-1).pad(-1, 1, 0))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        write_each(&each_lu(&doubles(&x[0]), &x[0].meta.shape, Lu::of), y);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let mut blocks = Blocks::new(room.scratch, room.workers);
        let factors = each_lu(&as_doubles(&x[0]), x[0].shape, |a, n| Lu::in_blocks(a, n, n, &mut blocks));
        write_each(&factors, y);
        Ok(())
    }

    fn needs(&self, x: &[&Meta], _y: &Meta) -> Needs {
        let n = x[0].shape[x[0].shape.len() - 1];
        factor_needs([n, n, 0])
    }
}

/// Writes the sign and the logarithm of each determinant.
fn write_each(factors: &[Lu], y: Fill<'_>) {
    let values = factors.iter().map(Lu::log_determinant).flat_map(|(sign, log)| [sign, log]);
    write(y, &values.listed());
}

#[cfg(test)]
impl Tested for Slogdet {
    fn rows() -> Vec<Row> {
        /// Matrices that stay away from singular ones; every other power of −1 is their sign.
        fn regular<'t>(x: Var<'t>) -> Var<'t> {
            let n = x.shape()[x.rank() - 1];
            (x.sin() + x.identity(n) * (1.5 * n as f64 + 1.0)).flip(-1)
        }
        let shapes: &[&[usize]] = &[&[2, 2], &[1, 1], &[3, 1, 1], &[0, 0], &[2, 3, 3], &[0, 3, 3], &[8, 8]];
        let mut all = rows("slogdet", shapes, |x| {
            let (sign, log) = regular(x).slogdet();
            sign * log + log.sin()
        });
        all.extend(rows("logdet", &[&[3, 3], &[2, 2, 2]], |x| regular(x).flip(-1).t().logdet()));
        all.extend(large("slogdet", &[&[40, 30, 30], &[90, 90]], |x| regular(x).slogdet().1));
        super::factors::rounded(all)
    }
}
