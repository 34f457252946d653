//! The central difference, which needs no derivation.

/// Gradient of a scalar function of a flat parameter vector, one coordinate at a time:
///
/// `∂f/∂x_i ≈ (f(x + h e_i) − f(x − h e_i)) / 2h`
///
/// The error of the formula is `h² f'''/6`, that of the subtraction about `ε |f| / h`. Their sum is smallest for h near
/// the cube root of ε, hence `h = ε^(1/3) max(1, |x_i|)`, which leaves an error of order `ε^(2/3)`, some 4e-11, where f
/// and its third derivative are of order 1. `x_i + h` is rounded, so the points are not 2h apart to the last digit; the
/// quotient takes the distance they really have.
///
/// Source: Nocedal and Wright, *Numerical Optimization*, 2nd edition, section 8.1; for the distance that is read off the
/// rounded points, Press et al., *Numerical Recipes*, 3rd edition, section 5.7.
pub(crate) fn central_difference(f: impl Fn(&[f64]) -> f64, x: &[f64]) -> Vec<f64> {
    let mut point = x.to_vec();
    let mut gradient = Vec::with_capacity(x.len());
    for (i, &centre) in x.iter().enumerate() {
        let h = f64::EPSILON.cbrt() * centre.abs().max(1.0);
        let (right, left) = (centre + h, centre - h);

        point[i] = right;
        let above = f(&point);
        point[i] = left;
        let below = f(&point);
        point[i] = centre;

        gradient.push((above - below) / (right - left));
    }
    gradient
}

#[cfg(test)]
mod tests {
    use super::central_difference;

    #[test]
    fn polynomial() {
        // f = x² y + 3y has the gradient (2xy, x² + 3) and no third derivative along an axis: only rounding is left.
        let f = |p: &[f64]| p[0] * p[0] * p[1] + 3.0 * p[1];
        let got = central_difference(f, &[1.5, -40.0]);
        assert!((got[0] + 120.0).abs() < 1e-7);
        assert!((got[1] - 5.25).abs() < 1e-8);
    }

    #[test]
    fn error_is_of_the_promised_order() {
        for x in [-2.0, 0.0, 0.1, 1.0, 3.0] {
            let got = central_difference(|p| p[0].sin(), &[x]);
            assert!((got[0] - x.cos()).abs() < 5e-10);
        }
    }
}
