//! Everything that a training run needs to go on, in one file.

use crate::error::{Error, Fault};
use crate::mapping::Mapping;
use crate::params::ParamsFile;
use crate::safetensors;
use crate::tensors::{CHECKPOINT as FORMAT, Tensors, named};
use autograd::{Data, Key, Mistake, NamedTensor, OptimizerState, Params, ToTensor};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The version that is written. Files of all versions up to it are read.
const VERSION: u64 = 1;

/// The state of a training run: parameters and buffers, optimisers, numbers, counts, texts, keys, the position in the data, metrics.
/// What is read is what was written, to the bit.
///
/// It is a safetensors file, which other programs read too: its text `format` is `wengert.checkpoint/1`, and the tensors are named
/// `params/…`, `optimizer.state/…` and so on; the text `wengert.crc32` is the checksum of their numbers. Each name stands for one value of its kind; a later one takes the place of an earlier one.
///
/// ```
/// use autograd::{Key, OptimizerState, Params};
/// use files::{Checkpoint, Position};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2], [3.0, 4.0]);
/// let state = OptimizerState { numbers: vec![("learning_rate".into(), 0.1)], ..OptimizerState::default() };
/// let path = std::env::temp_dir().join(format!("wengert-checkpoint-{}", std::process::id()));
/// Checkpoint::new()
///     .with_params(&params)
///     .with_optimizer("adam", &state) // `adam.state(&params)`
///     .with_key("dropout", Key::new(7))
///     .with_position(Position { epoch: 1, batch: 20 })
///     .with_metric("loss", 0.1)
///     .write(&path)?;
///
/// let checkpoint = Checkpoint::read(&path)?;
/// params.set(w, [0.0, 0.0]);
/// checkpoint.load_params(&mut params)?;
/// assert_eq!(params.get::<f64>(w), [3.0, 4.0]);
/// assert_eq!(checkpoint.optimizer("adam")?, state); // for `adam.set_state(&params, …)`
/// assert_eq!((checkpoint.position()?.batch, checkpoint.metric("loss")?), (20, 0.1));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Checkpoint {
    tensors: Tensors,
    file: PathBuf,
}

/// How far a run has read its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// How many times all of them were read.
    pub epoch: u64,
    /// How many batches of this epoch were read.
    pub batch: u64,
}

impl Default for Checkpoint {
    fn default() -> Checkpoint {
        Checkpoint::new()
    }
}

impl Checkpoint {
    /// One that holds nothing.
    pub fn new() -> Checkpoint {
        let mut tensors = Tensors::new();
        tensors.metadata.insert("format".to_owned(), format!("{FORMAT}{VERSION}"));
        Checkpoint { tensors, file: "(checkpoint)".into() }
    }

    /// Writes the file, [atomically](crate::replace): whoever is killed leaves the old file or the new one. The same content gives the same
    /// bytes.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        safetensors::write_summed(path, &self.tensors)
    }

    /// Reads a file that [`write`](Checkpoint::write) wrote, by this version or an earlier one.
    ///
    /// # Errors
    /// If the file cannot be read, is broken, is no checkpoint, or comes from a newer version.
    pub fn read(path: impl AsRef<Path>) -> Result<Checkpoint, Error> {
        let file = path.as_ref();
        Checkpoint::of(safetensors::read(file)?, file)
    }

    /// The bytes that [`write`](Checkpoint::write) puts in a file.
    ///
    /// ```
    /// use files::Checkpoint;
    /// let bytes = Checkpoint::new().with_count("step", 7).to_bytes();
    /// assert_eq!(Checkpoint::from_bytes(&bytes, "from another rank")?.count("step")?, 7);
    /// # Ok::<(), files::Error>(())
    /// ```
    pub fn to_bytes(&self) -> Vec<u8> {
        safetensors::summed(&self.tensors)
    }

    /// Reads bytes that [`to_bytes`](Checkpoint::to_bytes) gave. Errors name `file`.
    ///
    /// # Errors
    /// As [`read`](Checkpoint::read).
    pub fn from_bytes(bytes: &[u8], file: impl AsRef<Path>) -> Result<Checkpoint, Error> {
        let file = file.as_ref();
        Checkpoint::of(safetensors::decode(bytes).map_err(|error| error.in_file(file))?, file)
    }

    fn of(tensors: Tensors, file: &Path) -> Result<Checkpoint, Error> {
        check_format(tensors.metadata.get("format")).map_err(|fault| Error::from(fault).in_file(file))?;
        Ok(Checkpoint { tensors, file: file.to_owned() })
    }

    /// Everything that is in it, as it stands in the file.
    pub fn tensors(&self) -> &Tensors {
        &self.tensors
    }

    /// Parameters and buffers.
    #[must_use]
    pub fn with_params(mut self, params: &Params) -> Checkpoint {
        self.tensors.list.retain(|tensor| !tensor.name.starts_with("params/"));
        for tensor in params.to_tensors().list {
            let name = format!("params/{}", tensor.name);
            self.tensors.list.push(NamedTensor { name, ..tensor });
        }
        self
    }

    /// Parameters and buffers, into a model with the same names, shapes and dtypes.
    ///
    /// # Errors
    /// If they are not the same: all differences are listed. Then nothing is changed.
    pub fn load_params(&self, params: &mut Params) -> Result<(), Error> {
        self.load_params_with(params, &Mapping::new())
    }

    /// As [`load_params`](Checkpoint::load_params), by the names of a mapping.
    ///
    /// # Errors
    /// As [`load_params`](Checkpoint::load_params).
    ///
    /// # Panics
    /// If the mapping asks for a scope that is not there.
    #[track_caller]
    pub fn load_params_with(&self, params: &mut Params, mapping: &Mapping) -> Result<(), Error> {
        params.set_tensors(&self.inner("params/"), mapping).map_err(|error| error.in_file(&self.file))
    }

    /// What an optimiser remembers.
    ///
    /// # Panics
    /// If the name holds a slash.
    #[must_use]
    #[track_caller]
    pub fn with_optimizer(mut self, name: &str, state: &OptimizerState) -> Checkpoint {
        if name.contains('/') {
            Mistake::new(format!("Checkpoint: an optimiser is named `{name}`"))
                .rule("the name of an optimiser holds no slash")
                .raise();
        }
        fn names<T>(list: &[(String, T)]) -> Vec<&str> {
            list.iter().map(|(name, _)| &name[..]).collect()
        }
        let tensors: Vec<&str> = state.tensors.iter().map(|tensor| &tensor.name[..]).collect();
        let order = json!([names(&state.numbers), names(&state.counters), tensors]);
        self.tensors.metadata.insert(format!("optimizer/{name}"), order.to_string());
        let numbers: Vec<f64> = state.numbers.iter().map(|(_, x)| *x).collect();
        let counters: Vec<i64> = state.counters.iter().map(|(_, n)| n.cast_signed()).collect();
        let prefix = format!("optimizer.state/{name}/");
        self.tensors.list.retain(|tensor| !tensor.name.starts_with(&prefix));
        self.tensors.set(named(&format!("optimizer.numbers/{name}"), numbers));
        self.tensors.set(named(&format!("optimizer.counters/{name}"), counters));
        for tensor in &state.tensors {
            let name = format!("{prefix}{}", tensor.name);
            self.tensors.list.push(NamedTensor { name, ..tensor.clone() });
        }
        self
    }

    /// What an optimiser remembers, for its `set_state`.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn optimizer(&self, name: &str) -> Result<OptimizerState, Error> {
        let field = format!("optimizer/{name}");
        let order = self.text_at(&field)?;
        let broken = || self.fault(&field, order, "three lists of names, with a number or tensor for each");
        let [numbers, counters, tensors]: [Vec<String>; 3] =
            serde_json::from_str(order).map_err(|_| broken())?;
        let values = self.tensor_at(&format!("optimizer.numbers/{name}"))?;
        let Data::F64(values) = &values.data else { return Err(broken()) };
        let counts = self.tensor_at(&format!("optimizer.counters/{name}"))?;
        let Data::I64(counts) = &counts.data else { return Err(broken()) };
        if (values.len(), counts.len()) != (numbers.len(), counters.len()) {
            return Err(broken());
        }
        let found = self.inner(&format!("optimizer.state/{name}/"));
        let tensor = |name: &String| found.get(name).cloned().ok_or_else(broken);
        Ok(OptimizerState {
            numbers: numbers.into_iter().zip(values.iter().copied()).collect(),
            counters: counters.into_iter().zip(counts.iter().map(|n| n.cast_unsigned())).collect(),
            tensors: tensors.iter().map(tensor).collect::<Result<_, _>>()?,
        })
    }

    /// A tensor of any dtype, such as the average of weights.
    #[must_use]
    pub fn with_tensor(self, name: &str, tensor: impl ToTensor) -> Checkpoint {
        self.put(&format!("tensor/{name}"), tensor)
    }

    /// A tensor that was put in by [`with_tensor`](Checkpoint::with_tensor), named as it stands in the file.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn tensor(&self, name: &str) -> Result<&NamedTensor, Error> {
        self.tensor_at(&format!("tensor/{name}"))
    }

    /// A number, to the bit.
    #[must_use]
    pub fn with_number(self, name: &str, value: f64) -> Checkpoint {
        self.put(&format!("number/{name}"), value)
    }

    /// A number.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn number(&self, name: &str) -> Result<f64, Error> {
        let field = format!("number/{name}");
        match &self.tensor_at(&field)?.data {
            Data::F64(v) if v.len() == 1 => Ok(v[0]),
            other => Err(self.fault(&field, described(other), "one number of F64")),
        }
    }

    /// A whole number of 64 bits.
    #[must_use]
    pub fn with_count(self, name: &str, value: u64) -> Checkpoint {
        self.put(&format!("count/{name}"), value.cast_signed())
    }

    /// A whole number.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn count(&self, name: &str) -> Result<u64, Error> {
        self.integers(&format!("count/{name}")).map(|[n]| n.cast_unsigned())
    }

    /// A text.
    #[must_use]
    pub fn with_text(mut self, name: &str, text: &str) -> Checkpoint {
        self.tensors.metadata.insert(format!("text/{name}"), text.to_owned());
        self
    }

    /// A text.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn text(&self, name: &str) -> Result<&str, Error> {
        self.text_at(&format!("text/{name}"))
    }

    /// A key of random numbers.
    #[must_use]
    pub fn with_key(self, name: &str, key: Key) -> Checkpoint {
        self.put(&format!("key/{name}"), key.words())
    }

    /// A key.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn key(&self, name: &str) -> Result<Key, Error> {
        self.integers(&format!("key/{name}")).map(Key::from_words)
    }

    /// How far the data were read.
    #[must_use]
    pub fn with_position(self, position: Position) -> Checkpoint {
        self.put("position", [position.epoch, position.batch].map(u64::cast_signed))
    }

    /// How far the data were read.
    ///
    /// # Errors
    /// If it is not there.
    pub fn position(&self) -> Result<Position, Error> {
        let [epoch, batch] = self.integers("position")?.map(i64::cast_unsigned);
        Ok(Position { epoch, batch })
    }

    /// A metric, which a [`Keeper`](crate::Keeper) goes by.
    #[must_use]
    pub fn with_metric(mut self, name: &str, value: f64) -> Checkpoint {
        // A text, so that it can be read without the tensors. The shortest decimals that give the same number again.
        self.tensors.metadata.insert(metric_field(name), format!("{value:?}"));
        self
    }

    /// A metric.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn metric(&self, name: &str) -> Result<f64, Error> {
        let field = metric_field(name);
        let text = self.text_at(&field)?;
        text.parse().map_err(|_| self.fault(&field, text, "a number"))
    }

    fn put(mut self, name: &str, tensor: impl ToTensor) -> Checkpoint {
        self.tensors.set(named(name, tensor));
        self
    }

    /// The tensors whose names begin so, without the prefix.
    fn inner(&self, prefix: &str) -> Tensors {
        let stripped = |tensor: &NamedTensor| {
            let name = tensor.name.strip_prefix(prefix)?.to_owned();
            Some(NamedTensor { name, ..tensor.clone() })
        };
        self.tensors.list.iter().filter_map(stripped).collect()
    }

    fn tensor_at(&self, field: &str) -> Result<&NamedTensor, Error> {
        self.tensors.get(field).ok_or_else(|| self.fault(field, "nothing", "a tensor of this name"))
    }

    fn text_at(&self, field: &str) -> Result<&str, Error> {
        let text = self.tensors.metadata.get(field).map(|text| &text[..]);
        text.ok_or_else(|| self.fault(field, "nothing", "a text of this name"))
    }

    /// So many integers.
    fn integers<const N: usize>(&self, field: &str) -> Result<[i64; N], Error> {
        let data = &self.tensor_at(field)?.data;
        let found = match data {
            Data::I64(v) => <[i64; N]>::try_from(&v[..]).ok(),
            _ => None,
        };
        found.ok_or_else(|| self.fault(field, described(data), format!("{N} of I64")))
    }

    fn fault(&self, field: &str, found: impl ToString, expected: impl ToString) -> Error {
        Error::from(Fault::new(field, found.to_string(), expected.to_string())).in_file(&self.file)
    }
}

/// The text that holds a metric.
pub(crate) fn metric_field(name: &str) -> String {
    format!("metric/{name}")
}

fn described(data: &Data) -> String {
    format!("{} of {}", data.len(), data.dtype())
}

/// Refuses what is no checkpoint, or one of a version to come.
pub(crate) fn check_format(format: Option<&String>) -> Result<(), Fault> {
    let expected = format!("{FORMAT}{VERSION} or an earlier version");
    let Some(found) = format else { return Err(Fault::new("format", "nothing", expected)) };
    match found.strip_prefix(FORMAT).and_then(|version| version.parse().ok()) {
        Some(1..=VERSION) => Ok(()),
        Some(_) => {
            Err(Fault::new("format", format!("{found}, of a newer version of this library"), expected))
        }
        None => Err(Fault::new("format", found, expected)),
    }
}
