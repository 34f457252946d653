//! Batches made of rows, ahead of their use where there are threads.

use crate::loader::Loader;
use autograd::Key;
use autograd::ndarray::{Array, Axis, RemoveAxis};
use files::Position;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

type Make<B> = dyn Fn(&[usize], Key) -> B + Send + Sync;

/// Batches of a data set: which rows, by a [`Loader`], and what is made of them.
///
/// ```
/// use autograd::{Key, ndarray::{arr1, array}};
/// use train::{Batches, Loader, Position};
/// // Arrays of one number of rows, of any element type …
/// let (x, y) = (array![[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]], arr1(&[0i64, 1, 2]));
/// let batches = Batches::of((x, y), 2, |loader| loader.shuffle(Key::new(1)));
/// let (position, (x, y)) = batches.from(Position::default()).next().unwrap();
/// assert_eq!((position.batch, x.dim(), y.len()), (0, (2, 2), 2));
/// assert_eq!(x[[1, 0]], y[1] as f64);
///
/// // … or what a closure makes of numbers of rows; its key is that of the batch.
/// let squares = Batches::new(Loader::new(5, 2), |rows, _key| rows.iter().map(|i| i * i).collect::<Vec<_>>());
/// let firsts: Vec<Vec<usize>> = squares.from(Position { epoch: 0, batch: 1 }).take(3).map(|(_, b)| b).collect();
/// assert_eq!(firsts, [vec![4, 9], vec![16], vec![0, 1]]);
/// ```
pub struct Batches<B> {
    loader: Loader,
    make: Arc<Make<B>>,
    ahead: usize,
    part: Option<Arc<Part>>,
}

/// Which of the rows of a batch, of which there are so many, are made.
type Part = dyn Fn(usize) -> Range<usize> + Send + Sync;

impl<B> fmt::Debug for Batches<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches")
            .field("loader", &self.loader)
            .field("ahead", &self.ahead)
            .finish_non_exhaustive()
    }
}

impl<B: Send + 'static> Batches<B> {
    /// What a closure makes of the rows of a batch and its key. It must depend on nothing else: a batch may be made again after
    /// a restart.
    pub fn new(loader: Loader, make: impl Fn(&[usize], Key) -> B + Send + Sync + 'static) -> Batches<B> {
        Batches { loader, make: Arc::new(make), ahead: 2, part: None }
    }

    /// Batches of arrays, or of a tuple of arrays, with as many rows each.
    ///
    /// # Panics
    /// If the arrays differ in their number of rows, and as [`Loader::new`].
    #[track_caller]
    pub fn of(
        data: impl Rows<Batch = B> + Send + Sync + 'static,
        batch: usize,
        order: impl FnOnce(Loader) -> Loader,
    ) -> Batches<B> {
        let loader = order(Loader::new(data.count(), batch));
        Batches::new(loader, move |rows, _| data.rows(rows))
    }

    /// Changes each batch by its key, on the thread that makes it.
    ///
    /// ```
    /// use autograd::{Key, ndarray::arr1};
    /// use train::{Batches, Position};
    /// let noisy = Batches::of(arr1(&[1.0, 2.0, 3.0]), 3, |loader| loader.key(Key::new(5)))
    ///     .map(|x, key| x + (key.words()[0] as f64) / 2f64.powi(63));
    /// let first = |epoch| noisy.from(Position { epoch, batch: 0 }).next().unwrap().1;
    /// assert_eq!(first(0), first(0));
    /// assert_ne!(first(0), first(1));
    /// ```
    pub fn map<C: Send + 'static>(self, change: impl Fn(B, Key) -> C + Send + Sync + 'static) -> Batches<C> {
        let make = self.make;
        Batches {
            loader: self.loader,
            ahead: self.ahead,
            part: self.part,
            make: Arc::new(move |rows, key| change(make(rows, key), key)),
        }
    }

    /// Makes a part of each batch alone: of so many rows, those in the range. So each rank of a training makes its own rows.
    ///
    /// The key is that of the whole batch. What is random in a row is to depend on the key and on the row, not on how many are made.
    ///
    /// ```
    /// use train::{Batches, Loader, Position};
    /// let rows = Batches::new(Loader::new(8, 4), |rows, _key| rows.to_vec()).part(|n| n / 2..n);
    /// assert_eq!(rows.from(Position::default()).next().unwrap().1, [2, 3]);
    /// ```
    ///
    /// # Panics
    /// Where a batch is made, if the range goes beyond its rows.
    #[must_use]
    pub fn part(self, rows: impl Fn(usize) -> Range<usize> + Send + Sync + 'static) -> Batches<B> {
        Batches { part: Some(Arc::new(rows)), ..self }
    }

    /// How many batches may wait for their use: 2. With 0 each is made when it is asked for, as without the feature `threads`. That is
    /// faster for tiny batches: handing one over costs some microseconds, and making it less.
    pub fn ahead(self, batches: usize) -> Batches<B> {
        Batches { ahead: batches, ..self }
    }

    /// Which rows each batch has.
    pub fn loader(&self) -> &Loader {
        &self.loader
    }

    /// All batches from a position on, epoch after epoch, without end.
    ///
    /// They are made by another thread where the feature `threads` is on; the values are the same. A panic of the closure comes
    /// out of `next`.
    pub fn from(&self, position: Position) -> impl Iterator<Item = (Position, B)> + use<B> {
        Stream::new(self.made(position), self.ahead)
    }

    /// The batches, each made when it is asked for.
    fn made(&self, position: Position) -> impl Iterator<Item = (Position, B)> + Send + use<B> {
        let (loader, make, part) = (self.loader.clone(), Arc::clone(&self.make), self.part.clone());
        let mut order = (position.epoch, loader.order(position.epoch));
        (loader.steps_before(position)..).map(move |step| {
            let at = loader.position(step);
            if order.0 != at.epoch {
                order = (at.epoch, loader.order(at.epoch));
            }
            let rows = loader.cut(&order.1, at.batch);
            let rows = part.as_ref().map_or(rows, |part| &rows[part(rows.len())]);
            (at, make(rows, loader.key_of(at)))
        })
    }
}

/// An iterator that another thread is ahead of.
enum Stream<I: Iterator> {
    Here(I),
    #[cfg(feature = "threads")]
    Ahead {
        /// `None` only while it is dropped.
        items: Option<std::sync::mpsc::Receiver<I::Item>>,
        thread: Option<std::thread::JoinHandle<()>>,
    },
}

impl<I: Iterator<Item: Send> + Send + 'static> Stream<I> {
    #[cfg(not(feature = "threads"))]
    fn new(items: I, _: usize) -> Self {
        Stream::Here(items)
    }

    #[cfg(feature = "threads")]
    fn new(items: I, ahead: usize) -> Self {
        if ahead == 0 {
            return Stream::Here(items);
        }
        // One more is in the hands of the thread.
        let (sender, receiver) = std::sync::mpsc::sync_channel(ahead - 1);
        let work = move || {
            let mut items = items;
            // An error says that nobody asks any more.
            while let Some(item) = items.next()
                && sender.send(item).is_ok()
            {}
        };
        let thread = std::thread::Builder::new().name("batches".to_owned()).spawn(work);
        let thread = thread
            .unwrap_or_else(|error| panic!("batches: no thread: {error}\n  hint: `ahead(0)` needs none"));
        Stream::Ahead { items: Some(receiver), thread: Some(thread) }
    }
}

impl<I: Iterator> Iterator for Stream<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        match self {
            Stream::Here(items) => items.next(),
            #[cfg(feature = "threads")]
            Stream::Ahead { items, thread } => {
                let item = items.as_ref().and_then(|items| items.recv().ok());
                if item.is_none()
                    && let Some(Err(panic)) = thread.take().map(|thread| thread.join())
                {
                    std::panic::resume_unwind(panic);
                }
                item
            }
        }
    }
}

#[cfg(feature = "threads")]
impl<I: Iterator> Drop for Stream<I> {
    /// The thread ends with the batch that it is making; nobody asks for its result, or for its panic.
    fn drop(&mut self) {
        if let Stream::Ahead { items, thread } = self {
            drop(items.take());
            let _ = thread.take().map(|thread| thread.join());
        }
    }
}

/// Data with rows, of which some can be taken: arrays whose first axis counts the rows, and tuples of such data.
pub trait Rows {
    /// What the rows of a batch are.
    type Batch: Send + 'static;
    /// How many rows there are.
    ///
    /// # Panics
    /// If parts differ in it.
    #[track_caller]
    fn count(&self) -> usize;
    /// Some of the rows.
    fn rows(&self, rows: &[usize]) -> Self::Batch;
}

impl<T: Clone + Send + 'static, D: RemoveAxis + Send + 'static> Rows for Array<T, D> {
    type Batch = Array<T, D>;
    fn count(&self) -> usize {
        self.len_of(Axis(0))
    }
    fn rows(&self, rows: &[usize]) -> Array<T, D> {
        self.select(Axis(0), rows)
    }
}

macro_rules! tuple {
    ($($part:ident $number:tt),*) => {
        impl<$($part: Rows),*> Rows for ($($part,)*) {
            type Batch = ($($part::Batch,)*);
            #[track_caller]
            fn count(&self) -> usize {
                let counts = [$(self.$number.count()),*];
                assert!(counts.iter().all(|n| *n == counts[0]), "rows: the arrays have {counts:?} rows, not as many each");
                counts[0]
            }
            fn rows(&self, rows: &[usize]) -> Self::Batch {
                ($(self.$number.rows(rows),)*)
            }
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);

#[cfg(test)]
mod tests {
    use super::*;

    fn keyed(ahead: usize) -> Batches<(Vec<usize>, Key)> {
        let loader = Loader::new(17, 5).shuffle(Key::new(4));
        Batches::new(loader, |rows, key| (rows.to_vec(), key)).ahead(ahead)
    }

    #[test]
    fn a_thread_changes_no_batch_and_a_position_gives_the_rest() {
        let all: Vec<_> = keyed(0).from(Position::default()).take(20).collect();
        for ahead in [1, 2, 7] {
            assert_eq!(keyed(ahead).from(Position::default()).take(20).collect::<Vec<_>>(), all);
        }
        for (at, (position, _)) in all.iter().enumerate() {
            let rest: Vec<_> = keyed(2).from(*position).take(20 - at).collect();
            assert_eq!(rest, all[at..]);
        }
        assert_eq!(all[4].0, Position { epoch: 1, batch: 0 });
    }

    #[test]
    fn a_stream_that_is_dropped_early_ends_its_thread() {
        let counted = Arc::new(());
        let held = Arc::clone(&counted);
        let batches = Batches::new(Loader::new(4, 1), move |rows, _| (Arc::clone(&held), rows.len()));
        let mut stream = batches.from(Position::default());
        stream.next();
        drop((stream, batches));
        assert_eq!(Arc::strong_count(&counted), 1);
    }

    #[test]
    #[should_panic(expected = "row 3 is broken")]
    fn a_panic_of_the_closure_comes_out() {
        let batches = Batches::new(Loader::new(9, 1), |rows, _| assert!(rows != [3], "row 3 is broken"));
        batches.from(Position::default()).take(9).for_each(drop);
    }

    #[test]
    #[should_panic(expected = "the arrays have [3, 2] rows")]
    fn arrays_of_other_lengths_are_a_mistake() {
        let data = (Array::from_elem((3, 2), 0.0f32), Array::from_elem(2, true));
        Batches::of(data, 1, |loader| loader);
    }
}
