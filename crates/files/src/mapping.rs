//! From the names of a model to those of a file.

use crate::layout::{row_major, strided};
use autograd::{DType, Data, NamedTensor, Shape};
use std::collections::BTreeMap;

/// Which tensor of a file belongs to which of a model, and what may be missing. [`Mapping::new`] says: the same names, all of them,
/// nothing else.
///
/// ```
/// use autograd::Params;
/// use files::{Mapping, ParamsFile, Tensors};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2, 1], 0.0);
/// let head = params.scope("head").param("w", [1], 5.0);
/// // Another program's names, and its layout.
/// let file = Tensors::new().with("encoder.linear.weight", [[1.0, 2.0]]);
/// let mapping = Mapping::new().rename("net.w", "linear.weight").transpose("net.w").prefix("linear", "encoder.linear");
/// params.set_tensors(&file, &mapping.only("net"))?;
/// assert_eq!((params.get::<f64>(w), params.get::<f64>(head)), (&[1.0, 2.0][..], &[5.0][..]));
/// # Ok::<(), files::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    places: BTreeMap<String, Place>,
    prefixes: Vec<(String, String)>,
    pub(crate) only: Vec<String>,
    /// Whether tensors of the model may be missing in the file.
    pub(crate) partial: bool,
    /// Whether the file may hold more.
    pub(crate) open: bool,
    /// Whether numbers may be rounded.
    pub(crate) rounding: bool,
}

/// Where and how a tensor of a model stands in a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Place {
    /// Its name there, where it has another one.
    pub(crate) name: Option<String>,
    /// Whether its last two axes are exchanged there.
    pub(crate) transposed: bool,
    /// Which of so many equal parts of the first axis of the file's tensor it is.
    pub(crate) part: Option<(usize, usize)>,
    /// Whether its numbers are integers there.
    pub(crate) integers: bool,
}

impl Mapping {
    /// The same names in the model and in the file.
    pub fn new() -> Mapping {
        Mapping::default()
    }

    /// A tensor of the model has another name in the file.
    #[must_use]
    pub fn rename(mut self, model: &str, file: &str) -> Mapping {
        self.place_mut(model).name = Some(file.to_owned());
        self
    }

    /// The last two axes of a tensor of the model are exchanged in the file.
    #[must_use]
    pub fn transpose(mut self, model: &str) -> Mapping {
        self.place_mut(model).transposed = true;
        self
    }

    /// Names that begin with one scope begin with another in the file: `prefix("net.0", "layers.1")` turns `net.0.weight` into
    /// `layers.1.weight`. An empty scope stands before all names, or is nothing. Renames come first; of several prefixes that fit, the
    /// longest counts.
    #[must_use]
    pub fn prefix(mut self, model: &str, file: &str) -> Mapping {
        self.prefixes.push((model.to_owned(), file.to_owned()));
        self
    }

    /// Only the tensors of this scope of the model, or this one tensor; may be called again for more. The file may hold others.
    #[must_use]
    pub fn only(mut self, scope: &str) -> Mapping {
        self.only.push(scope.to_owned());
        self
    }

    /// Tensors of the model that the file does not hold keep their values.
    #[must_use]
    pub fn others_may_be_missing(mut self) -> Mapping {
        self.partial = true;
        self
    }

    /// The file may hold tensors that the model does not have.
    #[must_use]
    pub fn file_may_hold_more(mut self) -> Mapping {
        self.open = true;
        self
    }

    /// Numbers of F64 may be rounded to a model of F32.
    #[must_use]
    pub fn rounding(mut self) -> Mapping {
        self.rounding = true;
        self
    }

    pub(crate) fn place_mut(&mut self, model: &str) -> &mut Place {
        self.places.entry(model.to_owned()).or_default()
    }

    /// Where a tensor stands, and its name in the file.
    pub(crate) fn place(&self, model: &str) -> (String, Place) {
        let place = self.places.get(model).cloned().unwrap_or_default();
        let name = place.name.as_deref().unwrap_or(model);
        let fitting = self.prefixes.iter().filter_map(|(from, to)| Some((from, to, within(name, from)?)));
        let longest = fitting.max_by_key(|(from, ..)| from.len());
        let name = longest.map_or(name.to_owned(), |(_, to, rest)| joined(to, rest));
        (name, place)
    }

    /// Whether a tensor of the model is asked for.
    pub(crate) fn takes(&self, model: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|scope| within(model, scope).is_some())
    }

    /// Whether the file may hold others than those that are asked for.
    pub(crate) fn allows_more(&self) -> bool {
        self.open || !self.only.is_empty()
    }
}

/// What follows a scope in a name: nothing where the name is the scope itself.
pub(crate) fn within<'a>(name: &'a str, scope: &str) -> Option<&'a str> {
    if scope.is_empty() {
        return Some(name);
    }
    let rest = name.strip_prefix(scope)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
}

pub(crate) fn joined(scope: &str, rest: &str) -> String {
    match (scope, rest) {
        ("", name) | (name, "") => name.to_owned(),
        (scope, rest) => format!("{scope}.{rest}"),
    }
}

impl Place {
    /// The shape that the file's tensor has, for the model's.
    pub(crate) fn shape_in_file(&self, shape: &Shape) -> Shape {
        let mut lengths = shape.to_vec();
        if let (true, [.., rows, columns]) = (self.transposed, &mut lengths[..]) {
            std::mem::swap(rows, columns);
        }
        if let (Some((_, of)), [first, ..]) = (self.part, &mut lengths[..]) {
            *first *= of;
        }
        Shape::from(lengths)
    }

    /// The numbers of the model's tensor, from those of the file's of the right shape.
    pub(crate) fn of_file(&self, tensor: &NamedTensor) -> Data {
        let (mut shape, mut data) = (tensor.shape.to_vec(), tensor.data.clone());
        if let (Some((part, of)), [first, ..]) = (self.part, &mut shape[..]) {
            *first /= of;
            let length = data.len() / of;
            data = strided(&data, part * length, &[length], &[1]);
        }
        if self.transposed { transposed(&shape, &data) } else { data }
    }

    /// The numbers of the file's tensor, or of its part.
    pub(crate) fn for_file(&self, shape: &Shape, data: &Data) -> Data {
        let data = if self.transposed { transposed(shape, data) } else { data.clone() };
        match data {
            Data::F32(v) if self.integers => Data::I64(v.iter().map(|&x| x as i64).collect()),
            Data::F64(v) if self.integers => Data::I64(v.iter().map(|&x| x as i64).collect()),
            other => other,
        }
    }
}

/// The elements with the last two axes exchanged.
fn transposed(shape: &[usize], data: &Data) -> Data {
    let (mut shape, mut strides) = (shape.to_vec(), row_major(shape));
    if let ([.., rows, columns], [.., down, right]) = (&mut shape[..], &mut strides[..]) {
        std::mem::swap(rows, columns);
        std::mem::swap(down, right);
    }
    strided(data, 0, &shape, &strides)
}

/// The numbers in another dtype: where none changes, or where they may be rounded. `None` where they cannot be had.
pub(crate) fn converted(data: Data, dtype: DType, rounding: bool) -> Option<Data> {
    match (data, dtype) {
        (data, dtype) if data.dtype() == dtype => Some(data),
        (Data::F32(v), DType::F64) => Some(Data::F64(v.into_iter().map(f64::from).collect())),
        (Data::F64(v), DType::F32) if rounding => Some(Data::F32(v.into_iter().map(|x| x as f32).collect())),
        (Data::I64(v), DType::F64) => {
            let exact = |x: i64| (x.unsigned_abs() <= 1 << 53).then_some(x as f64);
            v.into_iter().map(exact).collect::<Option<_>>().map(Data::F64)
        }
        (Data::I64(v), DType::F32) => {
            let exact = |x: i64| (x.unsigned_abs() <= 1 << 24).then_some(x as f32);
            v.into_iter().map(exact).collect::<Option<_>>().map(Data::F32)
        }
        _ => None,
    }
}
