//! Splits into train and test samples.

use crate::dataset::{Dataset, Target};
use crate::error::{Error, order, reserve};
use crate::random_state::RandomState;
use ndarray::ArrayView1;
use std::collections::BTreeMap;

/// Starts a random split of `n_samples` samples in two.
///
/// [`TrainTestSplit`] describes the options.
///
/// # Examples
///
/// ```
/// let split = datasets::train_test_split(10).test_size(0.3).random_state(42).generate()?;
/// assert_eq!(split.test, [8, 1, 5]);
/// assert_eq!(split.train, [0, 7, 2, 9, 4, 3, 6]);
/// # Ok::<(), datasets::Error>(())
/// ```
pub fn train_test_split<'a>(n_samples: usize) -> TrainTestSplit<'a> {
    TrainTestSplit {
        n_samples,
        test_size: TestSize::Fraction(0.25),
        shuffle: true,
        stratify: None,
        random_state: 0,
    }
}

/// The indices of the train and of the test samples.
///
/// # Examples
///
/// ```
/// let split = datasets::train_test_split(4).shuffle(false).generate()?;
/// assert_eq!((split.train, split.test), (vec![0, 1, 2], vec![3]));
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Indices of the samples to train on.
    pub train: Vec<usize>,
    /// Indices of the samples to test on; none of them is in `train`.
    pub test: Vec<usize>,
}

impl Split {
    /// Copies the train and the test samples out of `data`, in the order of the indices.
    ///
    /// # Errors
    ///
    /// Those of [`Dataset::select`]: [`Error::InvalidArgument`] if `data` has fewer samples than
    /// were split, [`Error::LengthMismatch`] if its parts differ in length, [`Error::TooLarge`].
    ///
    /// # Examples
    ///
    /// ```
    /// let data = datasets::make_moons(40).generate()?;
    /// let split = datasets::train_test_split(data.len()).test_size(10).generate()?;
    /// let (train, test) = split.apply(&data)?;
    /// assert_eq!((train.len(), test.len()), (30, 10));
    /// assert_eq!(test.x.row(0), data.x.row(split.test[0]));
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn apply<T: Target>(&self, data: &Dataset<T>) -> Result<(Dataset<T>, Dataset<T>), Error> {
        Ok((data.select(&self.train)?, data.select(&self.test)?))
    }
}

/// The size of the test part: a share of the samples, or their number.
///
/// # Examples
///
/// ```
/// use datasets::TestSize;
///
/// assert_eq!(TestSize::from(0.2), TestSize::Fraction(0.2));
/// assert_eq!(TestSize::from(7), TestSize::Count(7));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TestSize {
    /// A share between 0 and 1, both excluded; the number of samples is rounded up.
    Fraction(f64),
    /// A number of samples, at least 1 and less than there are.
    Count(usize),
}

impl From<f64> for TestSize {
    fn from(fraction: f64) -> Self {
        Self::Fraction(fraction)
    }
}

impl From<usize> for TestSize {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

/// The options of [`train_test_split`].
///
/// Draws what scikit-learn 1.9's `train_test_split` draws: the test samples are the first of a
/// random order of all samples, and the train samples are the rest of it. With labels to stratify
/// by, each class is shared out in the proportion of the sizes, and the parts are shuffled.
///
/// # Examples
///
/// ```
/// let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1];
/// let split = datasets::train_test_split(9).test_size(3).stratify(&labels).generate()?;
/// assert_eq!(split.test.iter().filter(|&&i| labels[i] == 1).count(), 1);
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "options do nothing until `generate` is called"]
pub struct TrainTestSplit<'a> {
    n_samples: usize,
    test_size: TestSize,
    shuffle: bool,
    stratify: Option<ArrayView1<'a, i64>>,
    random_state: u32,
}

impl<'a> TrainTestSplit<'a> {
    /// Sets the size of the test part, as a fraction or a number of samples. Default: 0.25.
    ///
    /// # Examples
    ///
    /// ```
    /// let split = datasets::train_test_split(17);
    /// assert_eq!(split.clone().test_size(0.25).generate()?.test.len(), 5);
    /// assert_eq!(split.test_size(4).generate()?.test.len(), 4);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn test_size(mut self, size: impl Into<TestSize>) -> Self {
        self.test_size = size.into();
        self
    }

    /// Says whether to shuffle; otherwise the last samples are the test part. Default: true.
    ///
    /// # Examples
    ///
    /// ```
    /// let split = datasets::train_test_split(5).test_size(2).shuffle(false).generate()?;
    /// assert_eq!(split.test, [3, 4]);
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
    /// let split = datasets::train_test_split(40).stratify(&data.y).generate()?;
    /// let (train, test) = split.apply(&data)?;
    /// assert_eq!((train.y.sum(), test.y.sum()), (15, 5));
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
    /// let split = datasets::train_test_split(50).random_state(1);
    /// assert_ne!(split.generate()?, split.clone().random_state(2).generate()?);
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn random_state(mut self, seed: u32) -> Self {
        self.random_state = seed;
        self
    }

    /// Draws the split; every sample is in one of its parts.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if either part would be empty, a fraction is not between 0
    /// and 1, labels are given but `shuffle` is off, or a part has fewer samples than there are
    /// classes; [`Error::LengthMismatch`] unless there are `n_samples` labels;
    /// [`Error::ClassTooSmall`] if a label occurs only once; [`Error::TooLarge`] if the indices do
    /// not fit in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(datasets::train_test_split(100).test_size(0.2).generate()?.train.len(), 80);
    /// let error = datasets::train_test_split(100).test_size(1.2).generate().unwrap_err();
    /// assert_eq!(error.to_string(), "test_size = 1.2, expected a fraction between 0 and 1");
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn generate(&self) -> Result<Split, Error> {
        let n_test = self.n_test()?;
        let n_train = self.n_samples - n_test;
        let mut rng = RandomState::new(self.random_state);
        if let Some(labels) = self.stratify {
            self.check_labels(labels)?;
            return stratified(labels, n_train, n_test, &mut rng);
        }
        let mut order = order("n_samples", self.n_samples)?;
        if self.shuffle {
            rng.shuffle(&mut order);
            let (test, train) = order.split_at(n_test);
            return Ok(Split { train: copy(train)?, test: copy(test)? });
        }
        let (train, test) = order.split_at(n_train);
        Ok(Split { train: copy(train)?, test: copy(test)? })
    }

    /// The number of test samples, if it leaves samples for both parts.
    fn n_test(&self) -> Result<usize, Error> {
        let n = self.n_samples;
        let n_test = match self.test_size {
            TestSize::Fraction(f) if !(f > 0.0 && f < 1.0) => {
                return Err(Error::invalid("test_size", f, "a fraction between 0 and 1"));
            }
            TestSize::Fraction(f) => (f * n as f64).ceil() as usize,
            TestSize::Count(count) => count,
        };
        if n < 2 {
            return Err(Error::invalid("n_samples", n, "at least 2, one for each part"));
        }
        if n_test == 0 || n_test >= n {
            let value = match self.test_size {
                TestSize::Fraction(f) => f.to_string(),
                TestSize::Count(count) => count.to_string(),
            };
            let expected = format!("a size that gives either part some of {n} samples");
            return Err(Error::invalid("test_size", value, expected));
        }
        Ok(n_test)
    }

    fn check_labels(&self, labels: ArrayView1<'_, i64>) -> Result<(), Error> {
        let len = labels.len();
        if len != self.n_samples {
            let expected = format!("n_samples = {}", self.n_samples);
            return Err(Error::LengthMismatch { argument: "stratify", len, expected });
        }
        if !self.shuffle {
            return Err(Error::invalid("shuffle", false, "true with labels to stratify by"));
        }
        Ok(())
    }
}

/// Shares out every class between the parts, then shuffles the parts.
fn stratified(
    labels: ArrayView1<'_, i64>,
    n_train: usize,
    n_test: usize,
    rng: &mut RandomState,
) -> Result<Split, Error> {
    let mut classes = BTreeMap::<i64, Vec<usize>>::new();
    for (index, &label) in labels.iter().enumerate() {
        classes.entry(label).or_default().push(index);
    }
    check_classes(&classes, n_train, n_test)?;

    let counts: Vec<usize> = classes.values().map(Vec::len).collect();
    let of_train = share_out(&counts, n_train, rng)?;
    let left: Vec<usize> = counts.iter().zip(&of_train).map(|(n, t)| n.saturating_sub(*t)).collect();
    let of_test = share_out(&left, n_test, rng)?;

    let mut split = Split { train: reserve("n_samples", n_train)?, test: reserve("n_samples", n_test)? };
    for ((mut members, train), test) in classes.into_values().zip(of_train).zip(of_test) {
        rng.shuffle(&mut members);
        split.train.extend(members.iter().take(train));
        split.test.extend(members.iter().skip(train).take(test));
    }
    rng.shuffle(&mut split.train);
    rng.shuffle(&mut split.test);
    Ok(split)
}

fn check_classes(classes: &BTreeMap<i64, Vec<usize>>, n_train: usize, n_test: usize) -> Result<(), Error> {
    if let Some((&label, members)) = classes.iter().find(|(_, members)| members.len() < 2) {
        return Err(Error::ClassTooSmall { label, count: members.len() });
    }
    if n_train.min(n_test) < classes.len() {
        let expected = format!("at least one sample for each of {} classes", classes.len());
        return Err(Error::invalid("test_size", format!("{n_test} of {}", n_train + n_test), expected));
    }
    Ok(())
}

/// Shares `draws` out in proportion to `counts`: the most likely result of drawing that many,
/// where the largest remainders are rounded up and ties among them decided at random.
///
/// The order of the floating-point operations matters: it decides which remainders tie.
fn share_out(counts: &[usize], draws: usize, rng: &mut RandomState) -> Result<Vec<usize>, Error> {
    let total: usize = counts.iter().sum();
    let exact = counts.iter().map(|&n| n as f64 / total as f64 * draws as f64);
    let mut shares: Vec<usize> = exact.clone().map(|share| share as usize).collect();
    let remainders: Vec<f64> = exact.map(f64::fract).collect();
    let mut missing = draws.saturating_sub(shares.iter().sum());

    let mut levels = remainders.clone();
    levels.sort_by(|a, b| b.total_cmp(a));
    levels.dedup();
    for level in levels {
        if missing == 0 {
            break;
        }
        let tied: Vec<usize> = (0..counts.len()).filter(|&k| remainders[k] == level).collect();
        let chosen = rng.choice(tied.len(), missing.min(tied.len()))?;
        missing -= chosen.len();
        for index in chosen {
            shares[tied[index]] += 1;
        }
    }
    Ok(shares)
}

fn copy(indices: &[usize]) -> Result<Vec<usize>, Error> {
    let mut copied = reserve("n_samples", indices.len())?;
    copied.extend_from_slice(indices);
    Ok(copied)
}
