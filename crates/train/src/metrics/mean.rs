//! A mean that grows.

/// The mean of what was added so far, each with its weight: Σ w·x / Σ w. Of losses of batches, the weight is the number of rows,
/// because the last batch may be smaller.
///
/// ```
/// use train::metrics::Mean;
/// let mut loss = Mean::default();
/// for (of_batch, rows) in [(1.0, 32), (2.0, 32), (7.0, 16)] {
///     loss.add(of_batch, rows as f64);
/// }
/// assert_eq!(loss.value(), Some(2.6));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mean {
    /// Σ w·x.
    pub sum: f64,
    /// Σ w.
    pub weight: f64,
}

impl Mean {
    /// Adds a value with its weight.
    pub fn add(&mut self, value: f64, weight: f64) {
        self.sum += weight * value;
        self.weight += weight;
    }

    /// The mean; `None` where the weights sum to 0.
    ///
    /// ```
    /// assert_eq!(train::metrics::Mean::default().value(), None);
    /// ```
    pub fn value(&self) -> Option<f64> {
        (self.weight != 0.0).then(|| self.sum / self.weight)
    }
}
