//! A list of tensors with names, and texts beside them: what a file holds.

use autograd::{DType, Data, Element, Mistake, NamedTensor, ToTensor};
use std::collections::{BTreeMap, HashSet};

/// Tensors by name, in an order, and texts: what a file holds.
///
/// ```
/// use files::Tensors;
/// let mut tensors = Tensors::new().with("w", [[1.0, 2.0]]).with("steps", 7i64);
/// tensors.metadata.insert("made by".into(), "a test".into());
/// let bytes = files::safetensors::encode(&tensors);
/// assert_eq!(files::safetensors::decode(&bytes)?, tensors);
/// assert_eq!(tensors.get("w").unwrap().shape[..], [1, 2]);
/// # Ok::<(), files::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensors {
    /// The tensors.
    pub list: Vec<NamedTensor>,
    /// Texts by name.
    pub metadata: BTreeMap<String, String>,
}

/// What the text `format` of a checkpoint begins with; the version follows.
pub(crate) const CHECKPOINT: &str = "wengert.checkpoint/";

impl Tensors {
    /// No tensors and no texts.
    pub fn new() -> Tensors {
        Tensors::default()
    }

    /// One more tensor, at the end. It takes the place of one of the same name.
    #[must_use]
    pub fn with(mut self, name: &str, tensor: impl ToTensor) -> Tensors {
        self.set(named(name, tensor));
        self
    }

    /// Adds a tensor at the end, or puts it in the place of one of the same name.
    pub fn set(&mut self, tensor: NamedTensor) {
        match self.list.iter_mut().find(|known| known.name == tensor.name) {
            Some(known) => *known = tensor,
            None => self.list.push(tensor),
        }
    }

    /// The tensor of a name.
    pub fn get(&self, name: &str) -> Option<&NamedTensor> {
        self.list.iter().find(|tensor| tensor.name == name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|tensor| &tensor.name[..])
    }

    /// Refuses a list that no file can hold.
    #[track_caller]
    pub(crate) fn check(&self, call: &str) {
        let mut seen = HashSet::new();
        for NamedTensor { name, shape, data } in &self.list {
            if !seen.insert(name) {
                Mistake::new(format!("{call}: two tensors are named `{name}`"))
                    .rule("in a file a name stands for one tensor")
                    .raise();
            }
            if shape.checked_elements() != Some(data.len()) {
                Mistake::new(format!("{call}: `{name}` is {shape} and has {} elements", data.len()))
                    .rule("a tensor has as many elements as its lengths multiply to")
                    .raise();
            }
        }
    }
}

impl FromIterator<NamedTensor> for Tensors {
    fn from_iter<I: IntoIterator<Item = NamedTensor>>(list: I) -> Tensors {
        Tensors { list: list.into_iter().collect(), ..Tensors::default() }
    }
}

/// A tensor with a name, from any array that a tape takes.
///
/// ```
/// let tensor = files::named("w", [[1.0f32, 2.0]]);
/// assert_eq!((tensor.shape.to_string(), tensor.data.dtype()), ("[1×2]".to_owned(), autograd::DType::F32));
/// ```
pub fn named<A: ToTensor>(name: &str, tensor: A) -> NamedTensor {
    let mut values = Vec::new();
    tensor.write_to(&mut values);
    NamedTensor { name: name.to_owned(), shape: tensor.shape(), data: data(&values) }
}

pub(crate) fn data<T: Element>(values: &[T]) -> Data {
    let n = values.len();
    let mut data = match T::DTYPE {
        DType::F32 => Data::F32(vec![0.0; n]),
        DType::F64 => Data::F64(vec![0.0; n]),
        DType::I64 => Data::I64(vec![0; n]),
        DType::Bool => Data::Bool(vec![false; n]),
        other => unreachable!("{other} is no dtype of this version"),
    };
    data.slice_mut().copy_from_slice(values);
    data
}
