//! NumPy's legacy generator.

use crate::error::{Error, reserve};
use rand_mt::Mt;

/// Draws what `numpy.random.RandomState(seed)` draws, call for call.
///
/// The bits come from the Mersenne Twister MT19937 (M. Matsumoto and T. Nishimura, 1998),
/// seeded by one 32-bit integer. NumPy promises never to change this stream, so a seed
/// means the same numbers here and there. An array of `n` numbers in NumPy is `n` calls here.
/// Not suited to secrets.
///
/// Integers and orders are exact. [`standard_normal`](Self::standard_normal) takes a logarithm
/// from the platform and may differ in the last bit.
///
/// # Examples
///
/// ```
/// use datasets::RandomState;
///
/// let mut rng = RandomState::new(42);
/// assert_eq!(rng.random_sample(), 0.3745401188473625);
/// assert_eq!(RandomState::new(42).permutation(5)?, [1, 4, 2, 0, 3]);
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RandomState {
    bits: Mt,
    /// The polar method makes normal variates in pairs; this is the one not yet handed out.
    spare_normal: Option<f64>,
}

impl RandomState {
    /// Starts the stream that belongs to `seed`.
    ///
    /// # Examples
    ///
    /// ```
    /// use datasets::RandomState;
    ///
    /// let (mut a, mut b) = (RandomState::new(7), RandomState::new(7));
    /// assert_eq!(a.random_sample(), b.random_sample());
    /// ```
    #[must_use]
    pub fn new(seed: u32) -> Self {
        Self { bits: Mt::new(seed), spare_normal: None }
    }

    /// Draws a number from the uniform distribution on `[0, 1)`: `k / 2^53` with `k` of 53 bits.
    ///
    /// # Examples
    ///
    /// ```
    /// let u = datasets::RandomState::new(0).random_sample();
    /// assert_eq!(u, 0.5488135039273248);
    /// ```
    pub fn random_sample(&mut self) -> f64 {
        let high = f64::from(self.bits.next_u32() >> 5);
        let low = f64::from(self.bits.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// Draws `low + (high - low) u` with `u` from [`random_sample`](Self::random_sample).
    ///
    /// The formula is applied to any two numbers: bounds in the wrong order give numbers in
    /// `(high, low]`, and a width that is not finite gives an infinity or nan.
    ///
    /// # Examples
    ///
    /// ```
    /// let u = datasets::RandomState::new(0).uniform(-3.0, 5.0);
    /// assert_eq!(u, -3.0 + 8.0 * 0.5488135039273248);
    /// ```
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random_sample()
    }

    /// Draws from the normal distribution with mean 0 and standard deviation 1.
    ///
    /// Marsaglia's polar form of the Box-Muller transform: of a point `(a, b)` uniform in the
    /// unit disc, `r2 = a^2 + b^2`, the pair `sqrt(-2 ln(r2) / r2) (b, a)` is handed out, `b`
    /// by this call and `a` by the next one.
    ///
    /// # Examples
    ///
    /// ```
    /// let z = datasets::RandomState::new(0).standard_normal();
    /// assert!((z - 1.764052345967664).abs() < 1e-15);
    /// ```
    pub fn standard_normal(&mut self) -> f64 {
        if let Some(spare) = self.spare_normal.take() {
            return spare;
        }
        loop {
            let a = 2.0 * self.random_sample() - 1.0;
            let b = 2.0 * self.random_sample() - 1.0;
            let r2 = a * a + b * b;
            if r2 < 1.0 && r2 != 0.0 {
                let scale = (-2.0 * r2.ln() / r2).sqrt();
                self.spare_normal = Some(scale * a);
                return scale * b;
            }
        }
    }

    /// Draws `mean + std z` with `z` from [`standard_normal`](Self::standard_normal).
    ///
    /// The formula is applied to any two numbers; the sign of `std` mirrors the draw.
    ///
    /// # Examples
    ///
    /// ```
    /// use datasets::RandomState;
    ///
    /// let z = RandomState::new(0).standard_normal();
    /// assert_eq!(RandomState::new(0).normal(2.0, 0.5), 2.0 + 0.5 * z);
    /// ```
    pub fn normal(&mut self, mean: f64, std: f64) -> f64 {
        mean + std * self.standard_normal()
    }

    /// Draws an integer from `low..high`, each with the same probability.
    ///
    /// NumPy's `randint` of dtype int64: as many bits as `high - 1 - low` has are drawn until
    /// they do not exceed it, from one 32-bit word where that is enough and from two otherwise.
    /// A range of one element draws nothing.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for `high` if it does not exceed `low`.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut rng = datasets::RandomState::new(42);
    /// assert_eq!([rng.randint(0, 10)?, rng.randint(0, 10)?, rng.randint(0, 10)?], [6, 3, 7]);
    /// assert!(rng.randint(3, 3).is_err());
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn randint(&mut self, low: i64, high: i64) -> Result<i64, Error> {
        if high <= low {
            return Err(Error::invalid("high", high, format!("more than low = {low}")));
        }
        let span = (high - 1).wrapping_sub(low).cast_unsigned();
        Ok(low.wrapping_add_unsigned(self.at_most(span)))
    }

    /// Draws an order of `0..n`, each with the same probability.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if `n` numbers do not fit in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// let order = datasets::RandomState::new(0).permutation(6)?;
    /// assert_eq!(order, [5, 2, 1, 3, 0, 4]);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn permutation(&mut self, n: usize) -> Result<Vec<usize>, Error> {
        let mut order = reserve("n", n)?;
        order.extend(0..n);
        self.shuffle(&mut order);
        Ok(order)
    }

    /// Puts `items` into an order drawn with the same probability as any other.
    ///
    /// Fisher-Yates from the end: for `i = len-1, ..., 1` swaps elements `i` and `j`, with `j`
    /// drawn from `0..=i`.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut letters = ['a', 'b', 'c', 'd', 'e', 'f'];
    /// datasets::RandomState::new(0).shuffle(&mut letters);
    /// assert_eq!(letters, ['f', 'c', 'b', 'd', 'a', 'e']);
    /// ```
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.at_most(i as u64) as usize;
            items.swap(i, j);
        }
    }

    /// Draws `size` different numbers from `0..n`, in random order.
    ///
    /// NumPy's `choice(n, size, replace=False)`: the first `size` elements of
    /// [`permutation(n)`](Self::permutation).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for `size` if it exceeds `n`, [`Error::TooLarge`] if `n`
    /// numbers do not fit in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut rng = datasets::RandomState::new(0);
    /// assert_eq!(rng.choice(6, 2)?, [5, 2]);
    /// assert!(rng.choice(6, 7).is_err());
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn choice(&mut self, n: usize, size: usize) -> Result<Vec<usize>, Error> {
        if size > n {
            return Err(Error::invalid("size", size, format!("at most n = {n}")));
        }
        let mut chosen = self.permutation(n)?;
        chosen.truncate(size);
        Ok(chosen)
    }

    /// A number from `0..=max`: NumPy's masked rejection. The width of the words matters,
    /// as a 64-bit draw advances the stream by two.
    fn at_most(&mut self, max: u64) -> u64 {
        if max == 0 {
            return 0;
        }
        let mask = u64::MAX >> max.leading_zeros();
        loop {
            let word = if max <= u64::from(u32::MAX) {
                u64::from(self.bits.next_u32())
            } else {
                self.bits.next_u64()
            };
            if word & mask <= max {
                return word & mask;
            }
        }
    }
}
