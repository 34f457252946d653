//! Two curves in the plane with a class on each: what the moons and the circles have in common.

use crate::dataset::Dataset;
use crate::error::{Error, check_scale, filled, order, zeros};
use crate::random_state::RandomState;

/// The number of samples of [`make_moons`](crate::make_moons) and [`make_circles`](crate::make_circles): one total, or one
/// number for each curve.
///
/// # Examples
///
/// ```
/// use datasets::PairSizes;
///
/// assert_eq!(PairSizes::from(9), PairSizes::Total(9));
/// assert_eq!(PairSizes::from((5, 8)), PairSizes::Pair { outer: 5, inner: 8 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairSizes {
    /// Samples in all, at least 1: `n / 2` on the outer curve, the rest on the inner one.
    Total(usize),
    /// Samples on each curve; either may be 0.
    Pair {
        /// Samples on the outer curve, label 0.
        outer: usize,
        /// Samples on the inner curve, label 1.
        inner: usize,
    },
}

impl From<usize> for PairSizes {
    fn from(total: usize) -> Self {
        Self::Total(total)
    }
}

impl From<(usize, usize)> for PairSizes {
    fn from((outer, inner): (usize, usize)) -> Self {
        Self::Pair { outer, inner }
    }
}

/// The options that both have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Curves {
    pub(crate) n_samples: PairSizes,
    pub(crate) shuffle: bool,
    pub(crate) noise: Option<f64>,
    pub(crate) random_state: u32,
}

impl Curves {
    pub(crate) fn new(n_samples: PairSizes) -> Self {
        Self { n_samples, shuffle: true, noise: None, random_state: 0 }
    }

    /// Draws the data; `point` gives the `i`th of `n` points on the curve of a class.
    pub(crate) fn draw(&self, point: impl Fn(i64, usize, usize) -> [f64; 2]) -> Result<Dataset, Error> {
        let (outer, inner) = self.check()?;
        let elements = outer as u128 + inner as u128;
        let n = usize::try_from(elements).map_err(|_| Error::TooLarge { argument: "n_samples", elements })?;
        let mut x = zeros("n_samples", n, 2)?;
        let mut y = filled("n_samples", n, 0)?;
        let mut rng = RandomState::new(self.random_state);

        let mut order = order("n_samples", n)?;
        if self.shuffle {
            rng.shuffle(&mut order);
        }
        for ((mut row, label), &i) in x.outer_iter_mut().zip(&mut y).zip(&order) {
            *label = i64::from(i >= outer);
            let [a, b] = if i < outer { point(0, i, outer) } else { point(1, i - outer, inner) };
            (row[0], row[1]) = (a, b);
        }
        if let Some(std) = self.noise {
            x.iter_mut().for_each(|value| *value += rng.normal(0.0, std));
        }
        Ok(Dataset { x, y: y.into() })
    }

    /// Refuses impossible options; returns the numbers of samples on the outer and inner curve.
    fn check(&self) -> Result<(usize, usize), Error> {
        if let Some(std) = self.noise {
            check_scale("noise", std)?;
        }
        match self.n_samples {
            PairSizes::Total(0) => Err(Error::invalid("n_samples", 0, "at least 1")),
            PairSizes::Total(n) => Ok((n / 2, n - n / 2)),
            PairSizes::Pair { outer, inner } => Ok((outer, inner)),
        }
    }
}
