//! A model while it is written: names, data, and the nodes of the block that is open.

use crate::model::{self, Attribute, Block, Node, Port, Value};
use crate::wire::Message;
use autograd::planned::DataRef;
use autograd::{DType, Shape};
use std::cell::RefCell;
use std::collections::HashMap;

/// What no constant is larger than, if equal ones are to be kept once.
const SHARED_BYTES: usize = 64;

/// A model while it is written. All methods take `&self`, so that a formula can be written as one.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By value.
    names: Vec<String>,
    /// How often a name was asked for.
    taken: HashMap<String, usize>,
    tensors: Vec<Message>,
    /// Data by type, shape and bytes, as far as it is small.
    constants: HashMap<(DType, Shape, Vec<u8>), Value>,
    /// Parameters and buffers, by name.
    stored: HashMap<String, Value>,
    nodes: Vec<Node>,
    /// What the names of nodes begin with.
    prefix: String,
}

impl State {
    fn value(&mut self, name: String) -> Value {
        self.names.push(name);
        self.names.len() - 1
    }

    /// A value whose name begins so, and is that where nobody has it.
    fn fresh(&mut self, name: &str) -> Value {
        let mut unique = name.to_owned();
        while self.taken.contains_key(&unique) {
            let count = self.taken.get_mut(name).expect("it was asked for");
            *count += 1;
            unique = format!("{name}.{count}");
        }
        self.taken.insert(unique.clone(), 0);
        self.value(unique)
    }

    fn tensor(&mut self, value: Value, dtype: DType, shape: &Shape, bytes: &[u8]) {
        let tensor = model::tensor(&self.names[value], dtype, shape, bytes);
        self.tensors.push(tensor);
    }
}

impl Writer {
    /// Keeps a name of the user for one thing.
    pub(crate) fn reserve(&self, name: &str) -> bool {
        !name.is_empty() && self.state.borrow_mut().taken.insert(name.to_owned(), 0).is_none()
    }

    /// A value with a name that was reserved.
    pub(crate) fn named(&self, name: &str) -> Value {
        self.state.borrow_mut().value(name.to_owned())
    }

    /// A value with the name of the node that is being written.
    pub(crate) fn fresh(&self) -> Value {
        let state = &mut *self.state.borrow_mut();
        let prefix = std::mem::take(&mut state.prefix);
        let value = state.fresh(&prefix);
        state.prefix = prefix;
        value
    }

    /// What the names of nodes begin with from now on; returns what it was.
    pub(crate) fn begin(&self, prefix: String) -> String {
        std::mem::replace(&mut self.state.borrow_mut().prefix, prefix)
    }

    pub(crate) fn prefix(&self) -> String {
        self.state.borrow().prefix.clone()
    }

    /// A node with one result.
    pub(crate) fn node(&self, op: &'static str, inputs: impl AsRef<[Value]>) -> Value {
        self.node_with(op, inputs, vec![])
    }

    /// A node with one result, and attributes.
    pub(crate) fn node_with(
        &self,
        op: &'static str,
        inputs: impl AsRef<[Value]>,
        attributes: Vec<(&'static str, Attribute)>,
    ) -> Value {
        self.nodes_with(op, inputs, 1, attributes)[0]
    }

    /// A node with several results.
    pub(crate) fn nodes_with(
        &self,
        op: &'static str,
        inputs: impl AsRef<[Value]>,
        results: usize,
        attributes: Vec<(&'static str, Attribute)>,
    ) -> Vec<Value> {
        let outputs: Vec<Value> = (0..results).map(|_| self.fresh()).collect();
        let state = &mut *self.state.borrow_mut();
        let name = state.names[outputs[0]].clone();
        let inputs = inputs.as_ref().to_vec();
        state.nodes.push(Node { op, name, inputs, outputs: outputs.clone(), attributes });
        outputs
    }

    /// A constant.
    pub(crate) fn constant(&self, data: DataRef<'_>, shape: &Shape) -> Value {
        let (dtype, bytes) = little_endian(data);
        let state = &mut *self.state.borrow_mut();
        if bytes.len() > SHARED_BYTES {
            let value = state.fresh("constant");
            state.tensor(value, dtype, shape, &bytes);
            return value;
        }
        let key = (dtype, shape.clone(), bytes);
        if let Some(&value) = state.constants.get(&key) {
            return value;
        }
        let value = state.fresh("constant");
        state.tensor(value, dtype, shape, &key.2);
        state.constants.insert(key, value);
        value
    }

    /// One number, without axes.
    pub(crate) fn number(&self, dtype: DType, x: f64) -> Value {
        let scalar = Shape::from([]);
        match dtype {
            DType::F32 => self.constant(DataRef::F32(&[x as f32]), &scalar),
            DType::F64 => self.constant(DataRef::F64(&[x]), &scalar),
            DType::I64 => self.constant(DataRef::I64(&[x as i64]), &scalar),
            _ => self.constant(DataRef::Bool(&[x != 0.0]), &scalar),
        }
    }

    /// A list of whole numbers: lengths, axes, places.
    pub(crate) fn ints(&self, all: impl IntoIterator<Item = i64>) -> Value {
        let all: Vec<i64> = all.into_iter().collect();
        self.constant(DataRef::I64(&all), &Shape::from(all.len()))
    }

    /// Lengths as a list of whole numbers.
    pub(crate) fn lengths(&self, shape: &[usize]) -> Value {
        self.ints(shape.iter().map(|&d| d as i64))
    }

    /// A parameter or a buffer, under its name.
    pub(crate) fn stored(&self, name: &str, data: DataRef<'_>, shape: &Shape) -> Value {
        if let Some(&value) = self.state.borrow().stored.get(name) {
            return value;
        }
        let (dtype, bytes) = little_endian(data);
        let state = &mut *self.state.borrow_mut();
        let value = state.value(name.to_owned());
        state.tensor(value, dtype, shape, &bytes);
        state.stored.insert(name.to_owned(), value);
        value
    }

    /// A block of its own: what `write` writes, and the values that it gives. Each is made by a node of the block, as results
    /// of a graph must be.
    pub(crate) fn block<E>(
        &self,
        inputs: Vec<Port>,
        write: impl FnOnce() -> Result<Vec<Port>, E>,
    ) -> Result<Block, E> {
        let around = std::mem::take(&mut self.state.borrow_mut().nodes);
        let outputs = write().map(|mut outputs| {
            for i in 0..outputs.len() {
                if !self.makes(outputs[i].value) || outputs[..i].iter().any(|y| y.value == outputs[i].value) {
                    outputs[i].value = self.node("Identity", [outputs[i].value]);
                }
            }
            outputs
        });
        let nodes = std::mem::replace(&mut self.state.borrow_mut().nodes, around);
        Ok(Block { nodes, inputs, outputs: outputs? })
    }

    /// Whether a node of the open block makes the value.
    fn makes(&self, value: Value) -> bool {
        self.state.borrow().nodes.iter().any(|node| node.outputs.contains(&value))
    }

    /// Gives a value, which is a result of the model, the name that it was reserved.
    pub(crate) fn rename(&self, value: Value, name: &str) {
        self.state.borrow_mut().names[value] = name.to_owned();
    }

    pub(crate) fn finish(self, block: &Block) -> Vec<u8> {
        let State { names, tensors, .. } = self.state.into_inner();
        model::model(block, &names, tensors).into_bytes()
    }
}

fn little_endian(data: DataRef<'_>) -> (DType, Vec<u8>) {
    match data {
        DataRef::F32(x) => (DType::F32, x.iter().flat_map(|x| x.to_le_bytes()).collect()),
        DataRef::F64(x) => (DType::F64, x.iter().flat_map(|x| x.to_le_bytes()).collect()),
        DataRef::I64(x) => (DType::I64, x.iter().flat_map(|x| x.to_le_bytes()).collect()),
        DataRef::Bool(x) => (DType::Bool, x.iter().map(|&x| u8::from(x)).collect()),
    }
}
