//! Models in files.

use crate::error::{Error, Fault};
use crate::mapping::{Mapping, converted, within};
use crate::safetensors;
use crate::tensors::{CHECKPOINT, Tensors, data};
use autograd::ndarray::ArrayViewD;
use autograd::{Buffer, DType, Data, Element, Float, Mistake, NamedTensor, Param, Params, Shape};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Saving and loading for [`Params`]: parameters and buffers by their names.
///
/// ```
/// use autograd::Params;
/// use files::ParamsFile;
/// let model = |value: f64| {
///     let mut params = Params::f64();
///     let w = params.scope("net").param("w", [2], [value, 2.0]);
///     (params, w)
/// };
/// let path = std::env::temp_dir().join(format!("wengert-{}.safetensors", std::process::id()));
/// let ((saved, _), (mut loaded, w)) = (model(1.0), model(0.0));
/// saved.save(&path)?;
/// loaded.load(&path)?;
/// assert_eq!(loaded.get::<f64>(w), [1.0, 2.0]);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), files::Error>(())
/// ```
pub trait ParamsFile {
    /// All parameters and then all buffers, in order of creation.
    fn to_tensors(&self) -> Tensors;

    /// The same by the names, in the layout and with the selection of a mapping.
    ///
    /// # Panics
    /// If two tensors get the same name, or the mapping asks for a scope that is not there.
    #[track_caller]
    fn to_tensors_with(&self, mapping: &Mapping) -> Tensors;

    /// Takes over tensors. Shapes are those of the model. Numbers are converted where none changes: F32 to F64, integers to floats; F64
    /// is rounded to F32 only where the mapping [says so](Mapping::rounding).
    ///
    /// # Errors
    /// If a tensor is missing, unknown, or of another shape or dtype: all of them are listed. Then nothing is changed.
    ///
    /// # Panics
    /// If the mapping asks for a scope that is not there.
    #[track_caller]
    fn set_tensors(&mut self, tensors: &Tensors, mapping: &Mapping) -> Result<(), Error>;

    /// Writes a safetensors file, [atomically](crate::replace), with a checksum of its numbers (CRC-32), which reading verifies.
    ///
    /// # Errors
    /// If the system refuses.
    fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        safetensors::write_summed(path, &self.to_tensors())
    }

    /// As [`save`](ParamsFile::save), in the names of a mapping, and without a checksum: other programs take texts in a file for a
    /// sign of its origin.
    ///
    /// # Errors
    /// If the system refuses.
    ///
    /// # Panics
    /// As [`to_tensors_with`](ParamsFile::to_tensors_with).
    #[track_caller]
    fn save_with(&self, path: impl AsRef<Path>, mapping: &Mapping) -> Result<(), Error> {
        safetensors::write(path, &self.to_tensors_with(mapping))
    }

    /// Reads a safetensors file that has a tensor for every parameter and buffer, and no other.
    ///
    /// # Errors
    /// If the file cannot be read, or as [`set_tensors`](ParamsFile::set_tensors). Then nothing is changed.
    fn load(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.load_with(path, &Mapping::new())
    }

    /// As [`load`](ParamsFile::load), by the names of a mapping.
    ///
    /// # Errors
    /// As [`load`](ParamsFile::load).
    ///
    /// # Panics
    /// If the mapping asks for a scope that is not there.
    #[track_caller]
    fn load_with(&mut self, path: impl AsRef<Path>, mapping: &Mapping) -> Result<(), Error> {
        let path = path.as_ref();
        let tensors = safetensors::read(path)?;
        self.set_tensors(&tensors, mapping).map_err(|error| {
            // The list of all that differs would not say why.
            let format = tensors.metadata.get("format").filter(|format| format.starts_with(CHECKPOINT));
            let expected = "a model; `Checkpoint::read(…)?.load_params(…)` takes that of a checkpoint";
            let checkpoint = format.map(|format| Fault::new("format", format, expected));
            Error::from([Vec::from_iter(checkpoint), error.faults().to_vec()].concat()).in_file(path)
        })
    }
}

impl ParamsFile for Params {
    #[track_caller]
    fn to_tensors(&self) -> Tensors {
        self.to_tensors_with(&Mapping::new())
    }

    #[track_caller]
    fn to_tensors_with(&self, mapping: &Mapping) -> Tensors {
        // Parts of one tensor of the file, each with its number.
        let mut list: Vec<(NamedTensor, Option<(usize, usize)>)> = vec![];
        for slot in selected(self, mapping) {
            let (name, place) = mapping.place(slot.name);
            let data = place.for_file(slot.shape, &slot.values(self));
            let tensor = NamedTensor { name, shape: place.shape_in_file(slot.shape), data };
            list.push((tensor, place.part));
        }
        let mut tensors = Tensors::new();
        let mut index = HashMap::new();
        for (tensor, part) in list {
            match (index.get(&tensor.name), part) {
                (None, _) => {
                    index.insert(tensor.name.clone(), tensors.list.len());
                    tensors.list.push(tensor);
                }
                (Some(&at), Some((1.., _))) => append(&mut tensors.list[at].data, tensor.data),
                (Some(_), _) => Mistake::new(format!("save: two tensors are named `{}`", tensor.name))
                    .rule("a mapping gives each tensor a name of its own")
                    .raise(),
            }
        }
        tensors.check("save");
        tensors
    }

    #[track_caller]
    fn set_tensors(&mut self, tensors: &Tensors, mapping: &Mapping) -> Result<(), Error> {
        let index: HashMap<&str, &NamedTensor> = tensors.list.iter().map(|t| (&t.name[..], t)).collect();
        let (mut new, mut faults, mut used) = (vec![], vec![], HashSet::new());
        for slot in selected(self, mapping) {
            let (name, place) = mapping.place(slot.name);
            let Some(&tensor) = index.get(&name[..]) else {
                if !mapping.partial {
                    faults.push(Fault::new(
                        &name,
                        "no such tensor",
                        format!("{} {}", slot.shape, slot.dtype),
                    ));
                }
                continue;
            };
            used.insert(&tensor.name[..]);
            let expected = place.shape_in_file(slot.shape);
            if tensor.shape != expected {
                let expected = format!("{expected}, or a mapping of the rest (`Mapping::only`)");
                faults.push(Fault::new(&name, format!("the shape {}", tensor.shape), expected));
                continue;
            }
            match converted(place.of_file(tensor), slot.dtype, mapping.rounding) {
                Some(data) => new.push((slot.handle, data)),
                None => {
                    let hint = if slot.dtype == DType::F32 { ", or a mapping that rounds" } else { "" };
                    faults.push(Fault::new(&name, tensor.data.dtype(), format!("{}{hint}", slot.dtype)));
                }
            }
        }
        if !mapping.allows_more() {
            let unknown = tensors.list.iter().filter(|tensor| !used.contains(&tensor.name[..]));
            faults.extend(unknown.map(|tensor| {
                let found = format!("a tensor {} {}", tensor.shape, tensor.data.dtype());
                Fault::new(&tensor.name, found, "none: the model has no such parameter or buffer")
            }));
        }
        if !faults.is_empty() {
            // Parts of one tensor of the file have the same faults.
            let mut seen = HashSet::new();
            faults.retain(|fault| seen.insert(fault.field.clone()));
            return Err(faults.into());
        }
        new.into_iter().for_each(|(handle, data)| store(self, handle, &data));
        Ok(())
    }
}

/// A parameter or a buffer.
#[derive(Clone, Copy)]
enum Handle {
    Param(Param),
    Buffer(Buffer),
}

struct Slot<'p> {
    handle: Handle,
    name: &'p str,
    shape: &'p Shape,
    dtype: DType,
}

/// All parameters and then all buffers.
fn slots(params: &Params) -> Vec<Slot<'_>> {
    let (dtype, of_params) = (params.dtype(), params.iter());
    let of_params = of_params.map(|p| (Handle::Param(p), params.name(p), params.shape(p), dtype));
    let of_buffers = params
        .buffers()
        .map(|b| (Handle::Buffer(b), params.buffer_name(b), params.buffer_shape(b), params.buffer_dtype(b)));
    let slot = |(handle, name, shape, dtype)| Slot { handle, name, shape, dtype };
    of_params.chain(of_buffers).map(slot).collect()
}

impl Slot<'_> {
    fn values(&self, params: &Params) -> Data {
        fn of<T: Float>(params: &Params, handle: Handle) -> Data {
            match handle {
                Handle::Param(param) => data(params.get::<T>(param)),
                Handle::Buffer(buffer) => data(params.buffer_values::<T>(buffer)),
            }
        }
        match (self.dtype, self.handle) {
            (DType::F32, handle) => of::<f32>(params, handle),
            (DType::F64, handle) => of::<f64>(params, handle),
            (DType::I64, Handle::Buffer(buffer)) => data(params.buffer_values::<i64>(buffer)),
            (DType::Bool, Handle::Buffer(buffer)) => data(params.buffer_values::<bool>(buffer)),
            (dtype, _) => unreachable!("a parameter of {dtype}"),
        }
    }
}

/// Stores numbers of the right shape and dtype.
fn store(params: &mut Params, handle: Handle, data: &Data) {
    fn buffer<T: Element>(params: &mut Params, buffer: Buffer, values: &[T]) {
        let shape = params.buffer_shape(buffer).to_vec();
        params.set_buffer(buffer, ArrayViewD::from_shape(shape, values).expect("of this shape"));
    }
    match (handle, data) {
        (Handle::Param(param), Data::F32(v)) => params.get_mut(param).copy_from_slice(v),
        (Handle::Param(param), Data::F64(v)) => params.get_mut(param).copy_from_slice(v),
        (Handle::Buffer(b), Data::F32(v)) => buffer(params, b, v),
        (Handle::Buffer(b), Data::F64(v)) => buffer(params, b, v),
        (Handle::Buffer(b), Data::I64(v)) => buffer(params, b, v),
        (Handle::Buffer(b), Data::Bool(v)) => buffer(params, b, v),
        (Handle::Param(_), data) => unreachable!("a parameter of {}", data.dtype()),
    }
}

/// Further parts of the first axis.
fn append(data: &mut Data, part: Data) {
    match (data, part) {
        (Data::F32(all), Data::F32(part)) => all.extend(part),
        (Data::F64(all), Data::F64(part)) => all.extend(part),
        (_, part) => unreachable!("parts of {}", part.dtype()),
    }
}

/// What a mapping asks for.
#[track_caller]
fn selected<'p>(params: &'p Params, mapping: &Mapping) -> Vec<Slot<'p>> {
    let all = slots(params);
    let nothing = |scope: &&String| !all.iter().any(|slot| within(slot.name, scope).is_some());
    if let Some(scope) = mapping.only.iter().find(nothing) {
        Mistake::new(format!("Mapping::only: no parameter or buffer is in a scope `{scope}`"))
            .rule("a scope has parameters, whose names begin with it")
            .hint("`params.iter()` and `params.name(p)` list them")
            .raise();
    }
    all.into_iter().filter(|slot| mapping.takes(slot.name)).collect()
}

/// The names of all parameters and buffers, and how many axes each has.
pub(crate) fn names_and_ranks(params: &Params) -> Vec<(String, usize)> {
    slots(params).iter().map(|slot| (slot.name.to_owned(), slot.shape.len())).collect()
}
