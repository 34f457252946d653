//! Sums over slices.

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The Euclidean norm.
pub(crate) fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// The largest |aᵢ|; NaN if one is.
pub(crate) fn largest(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |most, a| if a.abs() <= most { most } else { a.abs() })
}

/// a + t·b.
pub(crate) fn along(a: &[f64], t: f64, b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + t * b).collect()
}

/// a ← a + t·b.
pub(crate) fn add(a: &mut [f64], t: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += t * b);
}

pub(crate) fn negative(a: &[f64]) -> Vec<f64> {
    a.iter().map(|a| -a).collect()
}
