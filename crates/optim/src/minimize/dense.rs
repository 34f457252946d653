//! Small symmetric matrices, row by row.

/// The lower factor L of L·Lᵀ = A; `None` where A is not positive definite, to rounding.
pub(crate) fn cholesky(a: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
            let rest = a[i * n + j] - known;
            if i > j {
                l[i * n + j] = rest / l[j * n + j];
            } else if rest > n as f64 * f64::EPSILON * a[i * n + i] && rest.is_finite() {
                l[i * n + i] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    Some(l)
}

/// b ← L⁻¹·b.
pub(crate) fn forward(l: &[f64], b: &mut [f64]) {
    let n = b.len();
    for i in 0..n {
        let known: f64 = (0..i).map(|k| l[i * n + k] * b[k]).sum();
        b[i] = (b[i] - known) / l[i * n + i];
    }
}

/// b ← L⁻ᵀ·b.
pub(crate) fn back(l: &[f64], b: &mut [f64]) {
    let n = b.len();
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| l[k * n + i] * b[k]).sum();
        b[i] = (b[i] - known) / l[i * n + i];
    }
}

/// 1/√Aᵢᵢ, and 1 where that is 0: Aᵢⱼ·sᵢ·sⱼ has ones on its diagonal, so that no unit of measure makes it look singular.
pub(crate) fn scales(a: &[f64], n: usize) -> Vec<f64> {
    (0..n).map(|i| a[i * n + i]).map(|d| if d > 0.0 { 1.0 / d.sqrt() } else { 1.0 }).collect()
}

/// A with its rows and columns scaled.
pub(crate) fn scaled(a: &[f64], s: &[f64]) -> Vec<f64> {
    let n = s.len();
    (0..n * n).map(|k| a[k] * s[k / n] * s[k % n]).collect()
}

/// A⁻¹ of a symmetric A; `None` where A is not positive definite, to rounding.
pub(crate) fn inverse(a: &[f64], n: usize) -> Option<Vec<f64>> {
    let s = scales(a, n);
    let l = cholesky(&scaled(a, &s), n)?;
    let mut all = vec![0.0; n * n];
    for (i, row) in all.chunks_exact_mut(n).enumerate() {
        row[i] = s[i];
        forward(&l, row);
        back(&l, row);
        row.iter_mut().zip(&s).for_each(|(x, s)| *x *= s);
    }
    Some(all)
}
