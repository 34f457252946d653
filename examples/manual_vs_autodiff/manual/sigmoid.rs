//! The logistic function, which both texts use.

/// `σ(z) = 1 / (1 + e^(−z))`: equations (3) and (10) of the 3-1-1 paper and the notebook's `sigmoid`.
///
/// For negative z the fraction is extended by `e^z`, so that the exponential never overflows. The notebook's MLP clips z
/// to ±250 for the same purpose, which makes its function constant beyond the clip, with `σ(−250) = 2.7e-109` as the
/// smallest value; within ±250 the two agree to rounding.
pub(crate) fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 {
        1.0 / (1.0 + (-z).exp())
    } else {
        let e = z.exp();
        e / (1.0 + e)
    }
}

/// `dσ/dz = σ(z) (1 − σ(z))`: equations (11) and (12) of the paper and the notebook's `sigmoid_derivative`.
pub(crate) fn sigmoid_derivative(z: f64) -> f64 {
    let s = sigmoid(z);
    s * (1.0 - s)
}

#[cfg(test)]
mod tests {
    use super::super::difference::central_difference;
    use super::{sigmoid, sigmoid_derivative};

    #[test]
    fn ends_at_its_limits() {
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!(sigmoid(1e4), 1.0);
        assert_eq!(sigmoid(-1e4), 0.0);
        assert!((sigmoid(-250.0) / 2.7e-109 - 1.0).abs() < 0.02);
    }

    #[test]
    fn derivative_agrees_with_the_difference() {
        for z in [-6.0, -0.7, 0.0, 0.3, 4.0] {
            let numeric = central_difference(|p| sigmoid(p[0]), &[z]);
            assert!((sigmoid_derivative(z) - numeric[0]).abs() < 1e-9);
        }
    }
}
