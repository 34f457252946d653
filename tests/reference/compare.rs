//! The agreement of computed and stored arrays.

use std::fmt;

use crate::array::Array;

/// An element agrees if `|got - want| <= atol + rtol * |want|`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tolerance {
    pub(crate) rtol: f64,
    pub(crate) atol: f64,
    /// Where results cancel, `|want|` is replaced by the largest element of the array.
    pub(crate) by_largest: bool,
}

/// How two arrays differ.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mismatch {
    Dtype { got: &'static str, want: &'static str },
    Shape { got: Vec<usize>, want: Vec<usize> },
    Element { index: Vec<usize>, got: String, want: String, allowed: f64, bad: usize, of: usize },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::Dtype { got, want } => write!(f, ": got dtype {got}, want {want}"),
            Mismatch::Shape { got, want } => write!(f, ": got shape {got:?}, want {want:?}"),
            Mismatch::Element { index, got, want, allowed, bad, of } => write!(
                f,
                "{index:?}: got {got}, want {want} (tolerance {allowed:e}; {bad} of {of} elements differ)"
            ),
        }
    }
}

/// The worst mismatch of two arrays, or `None` if they agree. `held` says which elements (counted in
/// row-major order) have to agree, given the computed value.
pub(crate) fn compare(
    got: &Array,
    want: &Array,
    tolerance: Tolerance,
    held: impl Fn(usize, f64) -> bool,
) -> Option<Mismatch> {
    if got.dtype() != want.dtype() {
        return Some(Mismatch::Dtype { got: got.dtype(), want: want.dtype() });
    }
    if got.shape() != want.shape() {
        let (got, want) = (got.shape().to_vec(), want.shape().to_vec());
        return Some(Mismatch::Shape { got, want });
    }
    if want.is_float() { floats(got, want, tolerance, held) } else { integers(got, want) }
}

fn floats(
    got: &Array,
    want: &Array,
    tolerance: Tolerance,
    held: impl Fn(usize, f64) -> bool,
) -> Option<Mismatch> {
    let (gots, wants) = (got.floats(), want.floats());
    let finite = wants.iter().map(|w| w.abs()).filter(|w| w.is_finite());
    let largest = finite.fold(0.0, f64::max);
    let allowed = |want: f64| {
        let size = if tolerance.by_largest { largest } else { want.abs() };
        tolerance.atol + tolerance.rtol * size
    };
    // How many times the tolerance: the measure by which one mismatch is worse than another.
    let excess = |got: f64, want: f64| {
        if got == want || (got.is_nan() && want.is_nan()) {
            return None;
        }
        let error = (got - want).abs();
        if !error.is_finite() {
            return Some(f64::INFINITY);
        }
        (error > allowed(want)).then(|| error / allowed(want))
    };
    let mut worst: Option<(usize, f64)> = None;
    let mut bad = 0;
    for (at, (&got, &want)) in gots.iter().zip(&wants).enumerate() {
        let Some(excess) = excess(got, want).filter(|_| held(at, got)) else {
            continue;
        };
        bad += 1;
        if worst.is_none_or(|(_, most)| excess > most) {
            worst = Some((at, excess));
        }
    }
    worst.map(|(at, _)| Mismatch::Element {
        index: unravel(at, want.shape()),
        got: format!("{:?}", gots[at]),
        want: format!("{:?}", wants[at]),
        allowed: allowed(wants[at]),
        bad,
        of: wants.len(),
    })
}

/// Whole numbers, masks and labels agree exactly or not at all.
fn integers(got: &Array, want: &Array) -> Option<Mismatch> {
    let (gots, wants) = (got.integers(), want.integers());
    let pairs = || gots.iter().zip(&wants);
    let at = pairs().position(|(g, w)| g != w)?;
    Some(Mismatch::Element {
        index: unravel(at, want.shape()),
        got: gots[at].to_string(),
        want: wants[at].to_string(),
        allowed: 0.0,
        bad: pairs().filter(|(g, w)| g != w).count(),
        of: wants.len(),
    })
}

/// The multi-index of an element, from its position in row-major order.
fn unravel(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (coordinate, &size) in index.iter_mut().zip(shape).rev() {
        *coordinate = at % size;
        at /= size;
    }
    index
}
