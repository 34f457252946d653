//! How good probabilities are.

use ndarray::Array1;

/// Probabilities of tumours, the largest first, with what the tumours are.
pub(crate) struct Verdict {
    /// The probability that a tumour is malignant, and whether it is.
    pub(crate) pairs: Vec<(f64, bool)>,
}

impl Verdict {
    pub(crate) fn of(probabilities: &[f64], y: &Array1<f64>) -> Verdict {
        Verdict::sorted(probabilities.iter().zip(y).map(|(&p, &y)| (p, y == 1.0)).collect())
    }

    /// Several verdicts as one.
    pub(crate) fn pooled<'a>(verdicts: impl Iterator<Item = &'a Verdict>) -> Verdict {
        Verdict::sorted(verdicts.flat_map(|verdict| verdict.pairs.iter().copied()).collect())
    }

    fn sorted(mut pairs: Vec<(f64, bool)>) -> Verdict {
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        Verdict { pairs }
    }

    /// How many benign (first row) and malignant tumours are called benign (first column) and malignant.
    pub(crate) fn confusion(&self) -> [[usize; 2]; 2] {
        let mut counts = [[0; 2]; 2];
        self.pairs
            .iter()
            .for_each(|&(p, malignant)| counts[usize::from(malignant)][usize::from(p >= 0.5)] += 1);
        counts
    }

    /// The share told right.
    pub(crate) fn accuracy(&self) -> f64 {
        let [[right, _], [_, found]] = self.confusion();
        (right + found) as f64 / self.pairs.len() as f64
    }

    /// The share of the malignant tumours that is called so.
    pub(crate) fn sensitivity(&self) -> f64 {
        let [_, [missed, found]] = self.confusion();
        found as f64 / (missed + found) as f64
    }

    /// The share of the benign tumours that is called so.
    pub(crate) fn specificity(&self) -> f64 {
        let [[right, alarms], _] = self.confusion();
        right as f64 / (right + alarms) as f64
    }

    /// The mean of −ln p of what is the case.
    pub(crate) fn log_loss(&self) -> f64 {
        self.mean(|p, malignant| -(if malignant { p } else { 1.0 - p }).max(1e-15).ln())
    }

    /// The mean of (p − y)² (G. W. Brier, *Verification of forecasts expressed in terms of probability*, 1950).
    pub(crate) fn brier(&self) -> f64 {
        self.mean(|p, malignant| (p - f64::from(malignant)).powi(2))
    }

    fn mean(&self, of: impl Fn(f64, bool) -> f64) -> f64 {
        self.pairs.iter().map(|&(p, malignant)| of(p, malignant)).sum::<f64>() / self.pairs.len() as f64
    }

    /// For each threshold, from the highest: the share of the benign tumours at or above it, and that of the malignant ones. Equal
    /// probabilities are one threshold.
    pub(crate) fn roc(&self) -> Vec<(f64, f64)> {
        let all = self.pairs.iter().filter(|pair| pair.1).count() as f64;
        let (others, mut counts) = (self.pairs.len() as f64 - all, [0.0; 2]);
        let mut points = vec![(0.0, 0.0)];
        for group in self.pairs.chunk_by(|a, b| a.0 == b.0) {
            group.iter().for_each(|&(_, malignant)| counts[usize::from(malignant)] += 1.0);
            points.push((counts[0] / others, counts[1] / all));
        }
        points
    }

    /// The area under that curve: how probably a malignant tumour is above a benign one.
    pub(crate) fn area(&self) -> f64 {
        let trapezoid = |pair: &[(f64, f64)]| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0;
        self.roc().windows(2).map(trapezoid).sum()
    }

    /// The probabilities in bins of one width.
    pub(crate) fn bins(&self, count: usize) -> Vec<Bin> {
        let bin_of = |p: f64| ((p * count as f64) as usize).min(count - 1);
        let bin = |k| {
            let within = self.pairs.iter().filter(|&&(p, _)| bin_of(p) == k);
            let (n, sum, malignant) = within.fold((0, 0.0, 0), |(n, sum, malignant), &(p, is)| {
                (n + 1, sum + p, malignant + usize::from(is))
            });
            (n > 0).then(|| Bin { n, mean: sum / n as f64, malignant })
        };
        (0..count).filter_map(bin).collect()
    }

    /// The expected calibration error: how far the shares are from the probabilities, each bin by its weight (M. P. Naeini,
    /// G. F. Cooper and M. Hauskrecht, *Obtaining well calibrated probabilities using Bayesian binning*, 2015).
    pub(crate) fn calibration_error(&self, bins: usize) -> f64 {
        let weighted = |bin: Bin| bin.n as f64 * (bin.share() - bin.mean).abs();
        self.bins(bins).into_iter().map(weighted).sum::<f64>() / self.pairs.len() as f64
    }
}

/// Tumours of similar probabilities.
pub(crate) struct Bin {
    pub(crate) n: usize,
    /// The mean of the probabilities.
    pub(crate) mean: f64,
    /// How many are malignant.
    pub(crate) malignant: usize,
}

impl Bin {
    /// The share that is malignant.
    pub(crate) fn share(&self) -> f64 {
        self.malignant as f64 / self.n as f64
    }

    /// Wilson's interval for that share, at 95 % (E. B. Wilson, *Probable inference, the law of succession, and statistical
    /// inference*, 1927).
    pub(crate) fn interval(&self) -> [f64; 2] {
        const Z: f64 = 1.959_964;
        let (n, p) = (self.n as f64, self.share());
        let spread = Z * (p * (1.0 - p) / n + (Z / (2.0 * n)).powi(2)).sqrt();
        [-spread, spread].map(|spread| (p + Z * Z / (2.0 * n) + spread) / (1.0 + Z * Z / n))
    }
}
