//! Splits for cross-validation.

use crate::error::{Error, filled, order};
use crate::random_state::RandomState;
use crate::split::Split;
use ndarray::ArrayView1;
use std::collections::BTreeMap;

/// Starts a partition of `n_samples` samples into `k` folds, each of which is the test part once.
///
/// [`KFold`] describes the options.
///
/// # Examples
///
/// ```
/// let mut folds = datasets::k_fold(5, 2).generate()?;
/// let first = folds.next().unwrap();
/// assert_eq!((first.train, first.test), (vec![3, 4], vec![0, 1, 2]));
/// assert_eq!(folds.next().unwrap().test, [3, 4]);
/// assert!(folds.next().is_none());
/// # Ok::<(), datasets::Error>(())
/// ```
pub fn k_fold<'a>(n_samples: usize, k: usize) -> KFold<'a> {
    KFold { n_samples, k, shuffle: false, stratify: None, random_state: 0 }
}

/// The options of [`k_fold`].
///
/// The folds are those of scikit-learn 1.9's `KFold`: consecutive samples, or with `shuffle` a random order cut in pieces, the
/// first `n mod k` of them longer by one. With labels to stratify by they are those of its `StratifiedKFold`: each class is shared
/// out evenly. The indices of both parts of a split ascend.
///
/// # Examples
///
/// ```
/// let labels = [0, 0, 0, 0, 1, 1];
/// for split in datasets::k_fold(6, 2).stratify(&labels).generate()? {
///     assert_eq!(split.test.iter().filter(|&&i| labels[i] == 1).count(), 1);
/// }
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "options do nothing until `generate` is called"]
pub struct KFold<'a> {
    n_samples: usize,
    k: usize,
    shuffle: bool,
    stratify: Option<ArrayView1<'a, i64>>,
    random_state: u32,
}

impl<'a> KFold<'a> {
    /// Says whether to draw the folds, within each class if there are labels. Default: false.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut folds = datasets::k_fold(10, 3).shuffle(true).generate()?;
    /// assert_eq!(folds.next().unwrap().test, [2, 4, 8, 9]);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Keeps the proportions of the classes: `labels`, of shape `[n_samples]`, names them.
    ///
    /// # Examples
    ///
    /// ```
    /// let data = datasets::make_moons(40).generate()?;
    /// for split in datasets::k_fold(40, 5).stratify(&data.y).generate()? {
    ///     assert_eq!(split.apply(&data)?.1.y.sum(), 4);
    /// }
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn stratify(mut self, labels: impl Into<ArrayView1<'a, i64>>) -> Self {
        self.stratify = Some(labels.into());
        self
    }

    /// Sets the seed of the shuffling. Default: 0.
    ///
    /// # Examples
    ///
    /// ```
    /// let folds = datasets::k_fold(50, 2).shuffle(true).random_state(1);
    /// assert_ne!(folds.generate()?, folds.clone().random_state(2).generate()?);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn random_state(mut self, seed: u32) -> Self {
        self.random_state = seed;
        self
    }

    /// Draws the folds and gives an iterator over the `k` splits.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for `k` below 2 or above the number of samples, or of those of the largest class;
    /// [`Error::LengthMismatch`] unless there are `n_samples` labels; [`Error::TooLarge`] if the folds do not fit in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(datasets::k_fold(10, 5).generate()?.len(), 5);
    /// let error = datasets::k_fold(3, 5).generate().unwrap_err();
    /// assert_eq!(error.to_string(), "k = 5, expected at least 2 and at most the number of samples, 3");
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn generate(&self) -> Result<Folds, Error> {
        let (n, k) = (self.n_samples, self.k);
        if k < 2 || k > n {
            let expected = format!("at least 2 and at most the number of samples, {n}");
            return Err(Error::invalid("k", k, expected));
        }
        let mut rng = RandomState::new(self.random_state);
        let fold_of = match self.stratify {
            Some(labels) => self.stratified(labels, &mut rng)?,
            None => {
                let mut order = order("n_samples", n)?;
                if self.shuffle {
                    rng.shuffle(&mut order);
                }
                let mut fold_of = filled("n_samples", n, 0)?;
                let folds =
                    (0..k).flat_map(|fold| std::iter::repeat_n(fold, n / k + usize::from(fold < n % k)));
                order.into_iter().zip(folds).for_each(|(i, fold)| fold_of[i] = fold);
                fold_of
            }
        };
        Ok(Folds { fold_of, folds: 0..k })
    }

    /// The fold of each sample. With the samples sorted by class, each fold gets every `k`th of them: so many of each class it
    /// holds, and a class fills the folds in turn.
    fn stratified(&self, labels: ArrayView1<'_, i64>, rng: &mut RandomState) -> Result<Vec<usize>, Error> {
        let (n, k) = (self.n_samples, self.k);
        if labels.len() != n {
            let expected = format!("n_samples = {n}");
            return Err(Error::LengthMismatch { argument: "stratify", len: labels.len(), expected });
        }
        let mut classes = BTreeMap::<i64, Vec<usize>>::new();
        for (index, &label) in labels.iter().enumerate() {
            classes.entry(label).or_default().push(index);
        }
        // Classes are numbered as they first appear.
        let mut classes = Vec::from_iter(classes.into_values());
        classes.sort_unstable_by_key(|members| members[0]);
        let largest = classes.iter().map(Vec::len).max().unwrap_or(0);
        if k > largest {
            let expected = format!("at most the number of samples of the largest class, {largest}");
            return Err(Error::invalid("k", k, expected));
        }
        let mut fold_of = filled("n_samples", n, 0)?;
        let mut start = 0;
        for members in classes {
            // The positions of this class among the sorted samples are `start..start + members.len()`.
            let mut folds = order("n_samples", members.len())?;
            folds.iter_mut().for_each(|position| *position = (start + *position) % k);
            folds.sort_unstable();
            start += members.len();
            if self.shuffle {
                rng.shuffle(&mut folds);
            }
            members.into_iter().zip(folds).for_each(|(i, fold)| fold_of[i] = fold);
        }
        Ok(fold_of)
    }
}

/// The splits of [`k_fold`], one after the other.
///
/// # Examples
///
/// ```
/// let tests: Vec<_> = datasets::k_fold(4, 2).generate()?.map(|split| split.test).collect();
/// assert_eq!(tests, [[0, 1], [2, 3]]);
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folds {
    fold_of: Vec<usize>,
    folds: std::ops::Range<usize>,
}

impl Iterator for Folds {
    type Item = Split;

    fn next(&mut self) -> Option<Split> {
        let fold = self.folds.next()?;
        let (test, train) = (0..self.fold_of.len()).partition(|&i| self.fold_of[i] == fold);
        Some(Split { train, test })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.folds.size_hint()
    }
}

impl ExactSizeIterator for Folds {}
