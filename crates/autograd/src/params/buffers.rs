//! State that is not trained: tensors that a step reads and writes back.

use super::{BufferEntry, Entry, Initial, Params, Scope, identity};
use crate::dtype::{DType, Data, DataRef, Element};
use crate::lists::IntoList;
use crate::mistake::Mistake;
use crate::shape::Shape;
use crate::tensor::ToTensor;

/// A handle to a tensor of state that is not trained: running statistics, an average, a counter, a generator's key.
///
/// It is made by [`Scope::buffer`]. A computation reads it by [`Tape::buffer`](crate::Tape::buffer) and writes it by
/// [`Tape::write`](crate::Tape::write); the new values are stored when the step is made, and not before.
///
/// ```
/// use autograd::{Gradients, Optimizer, Params, StepError, Tape};
/// # struct Sgd;
/// # impl Optimizer for Sgd {
/// #     fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
/// #         params.each_trained::<f64>(grads, |_, p, g| p.iter_mut().zip(g).for_each(|(p, g)| *p -= 0.25 * g));
/// #         Ok(())
/// #     }
/// # }
/// # let mut sgd = Sgd;
/// let mut params = Params::f64();
/// let mut net = params.scope("net");
/// let (w, mean) = (net.param("w", [2], [3.0, 1.0]), net.buffer("mean", [2], 0.0));
/// let tape = Tape::with(&params);
/// let w = tape.param(w);
/// tape.write(mean, tape.buffer(mean) * 0.5 + w * 0.5);
/// let grads = w.square().sum().backward();          // the gradients carry what was written
/// sgd.step(&mut params, &grads)?;
/// assert_eq!(params.buffer_values::<f64>(mean), [1.5, 0.5]);
/// # Ok::<(), StepError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Buffer {
    owner: u32,
    index: u32,
    stamp: u32,
}

impl Buffer {
    /// Its index in the order of creation.
    #[inline]
    pub fn index(self) -> usize {
        self.index as usize
    }
}

/// New values of a buffer, until the step is made.
#[derive(Clone, Debug)]
pub(super) struct Written {
    buffer: Buffer,
    data: Data,
}

impl Params {
    /// All buffers, in order of creation.
    pub fn buffers(&self) -> impl Iterator<Item = Buffer> + use<> {
        let owner = self.owner;
        let all =
            self.buffers.iter().zip(0..).map(|(entry, index)| Buffer { owner, index, stamp: entry.stamp });
        all.listed().into_iter()
    }

    /// The handle of a buffer by its full name such as `net.0.mean`.
    pub fn find_buffer(&self, name: &str) -> Option<Buffer> {
        match *self.by_name.get(name)? {
            Entry::Buffer(index) => {
                Some(Buffer { owner: self.owner, index, stamp: self.buffers[index as usize].stamp })
            }
            Entry::Param(_) => None,
        }
    }

    /// The full name of a buffer, scopes joined by dots.
    ///
    /// # Panics
    /// As all methods that take a handle: if the handle belongs to another `Params`.
    #[track_caller]
    pub fn buffer_name(&self, buffer: Buffer) -> &str {
        &self.buffer_entry(buffer).name
    }

    /// The shape of a buffer.
    ///
    /// # Panics
    /// As [`buffer_name`](Params::buffer_name).
    #[track_caller]
    pub fn buffer_shape(&self, buffer: Buffer) -> &Shape {
        &self.buffer_entry(buffer).shape
    }

    /// The type of a buffer's elements.
    ///
    /// # Panics
    /// As [`buffer_name`](Params::buffer_name).
    #[track_caller]
    pub fn buffer_dtype(&self, buffer: Buffer) -> DType {
        self.buffer_entry(buffer).data.dtype()
    }

    /// The values of a buffer, row-major.
    ///
    /// # Panics
    /// As [`buffer_name`](Params::buffer_name), and if `T` is not the type of its elements.
    #[track_caller]
    pub fn buffer_values<T: Element>(&self, buffer: Buffer) -> &[T] {
        self.buffer_entry(buffer).data.slice()
    }

    /// Replaces the values of a buffer by those of a tensor of the same shape and dtype.
    ///
    /// # Panics
    /// As [`buffer_name`](Params::buffer_name), and if shape or dtype differ.
    #[track_caller]
    pub fn set_buffer<A: ToTensor>(&mut self, buffer: Buffer, values: A) {
        let (given, shape) = (values.shape(), self.buffer_shape(buffer));
        assert!(
            given == *shape,
            "buffer `{}` has shape {shape}, the values have {given}",
            self.buffer_name(buffer)
        );
        let mut new = Vec::with_capacity(given.elements());
        values.write_to(&mut new);
        self.buffers[buffer.index()].data.slice_mut::<A::Elem>().copy_from_slice(&new);
    }

    /// Whether a handle belongs to a buffer here.
    pub(crate) fn has(&self, buffer: Buffer) -> bool {
        self.buffers.get(buffer.index()).is_some_and(|entry| entry.stamp == buffer.stamp)
    }

    /// The values of a buffer, of any dtype.
    #[track_caller]
    pub(crate) fn buffer_data(&self, buffer: Buffer) -> DataRef<'_> {
        self.buffer_entry(buffer).data.borrow()
    }

    /// Stores new values of a buffer, which are as many, of its dtype.
    #[track_caller]
    pub(crate) fn store(&mut self, buffer: Buffer, values: DataRef<'_>) {
        self.buffer_entry(buffer);
        self.buffers[buffer.index()].data.borrow_mut().copy_from(values);
    }

    #[track_caller]
    pub(super) fn buffer_entry(&self, buffer: Buffer) -> &BufferEntry {
        match self.buffers.get(buffer.index()).filter(|entry| entry.stamp == buffer.stamp) {
            Some(entry) => entry,
            None => Mistake::new(format!(
                "buffer: the handle of buffer number {} belongs to another `Params`",
                buffer.index
            ))
            .rule("a handle is read from the `Params` that made it, or a clone of that")
            .hint("read the model's own state: `Tape::with(&params)` with those that its layers were made in")
            .raise(),
        }
    }

    /// Adds a buffer.
    #[track_caller]
    fn add_buffer(&mut self, name: String, shape: Shape, data: Data) -> Buffer {
        self.check_name(&name);
        let index = u32::try_from(self.buffers.len()).expect("fewer than 2³² buffers");
        let stamp = identity();
        self.layout = super::new_version();
        self.by_name.insert(name.clone(), Entry::Buffer(index));
        self.buffers.push(BufferEntry { name, shape, data, stamp });
        Buffer { owner: self.owner, index, stamp }
    }
}

impl Scope<'_> {
    /// Makes a tensor of state that is not trained, of the parameters' dtype. [`Buffer`] has an example.
    ///
    /// # Panics
    /// As [`param`](Scope::param).
    #[track_caller]
    pub fn buffer(&mut self, name: &str, shape: impl Into<Shape>, initial: impl Initial) -> Buffer {
        let (name, shape, values) = self.initial_values(name, shape.into(), initial);
        let data = match self.params.dtype() {
            DType::F32 => Data::F32(values.iter().map(|&x| x as f32).listed()),
            _ => Data::F64(values),
        };
        self.params.add_buffer(name, shape, data)
    }

    /// Makes a tensor of state that is not trained from a tensor of any dtype: a counter, a generator's key.
    ///
    /// ```
    /// use autograd::{DType, Params};
    /// let mut params = Params::f64();
    /// let steps = params.scope("net").buffer_of("steps", &[0i64]);
    /// assert_eq!((params.buffer_name(steps), params.buffer_dtype(steps)), ("net.steps", DType::I64));
    /// ```
    ///
    /// # Panics
    /// If the name exists already.
    #[track_caller]
    pub fn buffer_of<A: ToTensor>(&mut self, name: &str, initial: A) -> Buffer {
        let mut values = Vec::new();
        initial.write_to(&mut values);
        let name = self.full_name(name);
        self.params.add_buffer(name, initial.shape(), <A::Elem as crate::dtype::Storable>::wrap(values))
    }
}

/// What was written to buffers, in the order of the first writes.
#[derive(Clone, Debug, Default)]
pub(super) struct Writes(Vec<Written>);

impl Writes {
    pub(super) fn set(&mut self, buffer: Buffer, values: DataRef<'_>) {
        match self.0.iter_mut().find(|written| written.buffer == buffer) {
            Some(written) => written.data.borrow_mut().copy_from(values),
            None => self.0.push(Written { buffer, data: values.to_data() }),
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn each(&self) -> impl Iterator<Item = (Buffer, DataRef<'_>)> {
        self.0.iter().map(|written| (written.buffer, written.data.borrow()))
    }
}
