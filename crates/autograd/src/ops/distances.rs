//! Distances: Dᵢⱼ = |aᵢ − bⱼ| in the Euclidean norm, for the rows of two matrices. The differences are taken one by one, so that
//! near points keep all digits, and none is stored.
//!
//! Ḋᵢⱼ = ((aᵢ − bⱼ)·ȧᵢ + (bⱼ − aᵢ)·ḃⱼ) / Dᵢⱼ;  with wᵢⱼ = D̄ᵢⱼ / Dᵢⱼ: āᵢ = Σⱼ wᵢⱼ·(aᵢ − bⱼ) and b̄ⱼ = Σᵢ wᵢⱼ·(bⱼ − aᵢ), and 0 where
//! points coincide. These are `offsets_dot` and `offsets_sum`, so the rules hold at any order.

use super::lines::contiguous;
use super::prelude::*;
use crate::ir::{Distances, OffsetsDot, OffsetsSum};
use crate::kernels::pairs::Sizes;

/// As many batches and coordinates: the result has a row for each point of a, and a column for each of b.
pub(super) fn infer_pairs(a: &Meta, b: &Meta) -> Result<Meta, Mismatch> {
    let wrong =
        || Err(Mismatch::new("both hold points along rows, of as many coordinates, in as many batches"));
    let (Some((lead, &[m, d])), Some((other, &[n, e]))) =
        (a.shape.split_last_chunk(), b.shape.split_last_chunk())
    else {
        return wrong();
    };
    if lead != other || d != e {
        return wrong();
    }
    Ok(Meta::new(lead.iter().copied().chain([m, n]).collect(), a.dtype))
}

/// Batches, points of a and of b, and coordinates.
pub(super) fn sizes(a: &[usize], b: &[usize]) -> Sizes {
    let &[ref lead @ .., m, d] = a else { unreachable!("the shape rule demands points") };
    [lead.iter().product(), m, b[b.len() - 2], d]
}

pub(super) fn needs(a: &Meta, b: &Meta) -> Needs {
    let all = sizes(&a.shape, &b.shape).iter().fold(1usize, |all, &n| all.saturating_mul(n));
    Needs { shared: all >= Target::CPU.threads.products_from, ..Needs::default() }
}

#[inline(always)]
fn square(_: f64, difference: f64) -> f64 {
    difference * difference
}

#[inline(always)]
fn root(squares: f64) -> f64 {
    squares.sqrt()
}

/// Whether squares may have overflowed or vanished.
#[inline(always)]
fn is_doubtful(root: f64) -> bool {
    !(root > 1e-140 && root < f64::INFINITY)
}

/// The distance, from differences by the largest.
fn scaled<T: Float>(root: f64, a: &[T], b: &[T]) -> T {
    let differences = || a.iter().zip(b).map(|(a, b)| (a.to_f64() - b.to_f64()).abs());
    // A NaN is in the sum, if there is one.
    let largest = differences().fold(0.0, f64::max);
    if root.is_nan() || largest == 0.0 || largest == f64::INFINITY {
        return T::from_f64(if root.is_nan() { root } else { largest });
    }
    T::from_f64(largest * differences().map(|d| (d / largest) * (d / largest)).sum::<f64>().sqrt())
}

/// g / D, and 0 where D is.
fn over_distance<'t>(g: Var<'t>, d: Var<'t>) -> Var<'t> {
    let zero = d.eq(0.0);
    zero.select(0.0, g / zero.select(1.0, d))
}

impl Rule for Distances {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        infer_pairs(x[0], x[1])
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Distances)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let w = over_distance(g, at.y);
        wanted.each(|i| {
            let (w, a, b) = if i == 0 { (w, at.x[0], at.x[1]) } else { (w.t(), at.x[1], at.x[0]) };
            Some(record(OffsetsSum, &[w, a, b]))
        })
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let (a, b) = (at.x[0], at.x[1]);
        let along =
            [t[0].map(|t| record(OffsetsDot, &[t, a, b])), t[1].map(|t| record(OffsetsDot, &[t, b, a]).t())];
        total(along).map(|t| over_distance(t, at.y))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let [batches, m, n, d] = sizes(&x[0].meta.shape, &x[1].meta.shape);
        with_float!(y.dtype(), T => {
            let [a, b] = [0, 1].map(|i| x[i].slice::<T>());
            let pairs = indices(&[batches, m, n]).map(|p| {
                let (a, b) = (&a[(p[0] * m + p[1]) * d..][..d], &b[(p[0] * n + p[2]) * d..][..d]);
                let differences = a.iter().zip(b).map(|(a, b)| a.to_f64() - b.to_f64());
                let root = differences.fold(0.0, |sum, difference| sum + difference * difference).sqrt();
                if is_doubtful(root) { scaled(root, a, b) } else { T::from_f64(root) }
            });
            y.write(pairs);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let sizes = sizes(x[0].shape, x[1].shape);
        with_float!(y.dtype(), T => {
            let [a, b] = [0, 1].map(|i| contiguous::<T>(&x[i]));
            let (functions, care) = ((square, root), (is_doubtful, scaled::<T>));
            kernels::pairs::each_pair([&a, &a, &b], sizes, y.slice(), room.workers, functions, care);
        });
        Ok(())
    }

    fn needs(&self, x: &[&Meta], _y: &Meta) -> Needs {
        needs(x[0], x[1])
    }
}

#[cfg(test)]
impl Tested for Distances {
    fn rows() -> Vec<Row> {
        let shapes: [[&[usize]; 2]; 7] = [
            [&[3, 2], &[4, 2]],
            [&[1, 1], &[1, 1]],
            [&[2, 1, 1], &[1, 1]],
            [&[2, 3, 3], &[2, 2, 3]],
            [&[0, 2], &[3, 2]],
            [&[2, 0], &[3, 0]],
            [&[2, 3], &[35, 3]],
        ];
        let mut all: Vec<Row> =
            shapes.iter().map(|s| row("cdist", s, |x| x[0].sin().cdist(x[1].exp(), 2.0))).collect();
        all.push(row("cdist of transposes", &[&[2, 3], &[2, 4]], |x| x[0].t().cdist(x[1].t(), 2.0).square()));
        all.push(row("cdist", &[&[150, 60], &[140, 60]], |x| x[0].cdist(x[1], 2.0)).large());
        super::factors::rounded(all)
    }
}

#[cfg(test)]
mod tests {
    use crate::Tape;

    /// Squares would overflow or vanish; coincident points have no slope; a NaN shows.
    #[test]
    fn distances_of_any_size_are_found() {
        let tape = Tape::new();
        for size in [1e-300, 1e-200, 1.0, 1e200, 1e300] {
            let (a, b) =
                (tape.var([[0.0, 0.0], [3.0 * size, f64::INFINITY]]), tape.var([[3.0 * size, 4.0 * size]]));
            let d = a.cdist(b, 2.0).to_vec::<f64>();
            assert!((d[0] / size - 5.0).abs() < 1e-14 && d[1] == f64::INFINITY, "{size:e}: {d:?}");
        }
        let a = tape.var([[1.0, f64::NAN], [2.0, 2.0]]);
        let d = a.cdist(a, 2.0);
        assert!(d.to_vec::<f64>()[..3].iter().all(|d| d.is_nan()) && d.to_vec::<f64>()[3] == 0.0);
        let a = tape.var([[2.0, 3.0]]);
        assert_eq!(a.cdist(a.detach(), 2.0).sum().grad([a])[0].to_vec::<f64>(), [0.0, 0.0]);
    }
}
