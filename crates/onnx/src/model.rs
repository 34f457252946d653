//! The messages of ONNX, by the numbers of their fields. Source: `onnx.proto` of ONNX 1.12, <https://onnx.ai>.

use crate::wire::Message;
use autograd::{DType, Shape};

/// The version of the operators, and that of the format which goes with it.
pub(crate) const OPSET: i64 = 17;
pub(crate) const IR_VERSION: i64 = 8;

/// What a file of protocol buffers may have.
pub(crate) const MOST_BYTES: usize = i32::MAX as usize;

/// A value: a number, whose name is known in the end.
pub(crate) type Value = usize;

/// What a node has besides its operands.
#[derive(Debug)]
pub(crate) enum Attribute {
    Int(i64),
    Float(f32),
    Ints(Vec<i64>),
    Text(&'static str),
    /// A list of nodes that the node runs.
    Body(Block),
}

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) op: &'static str,
    pub(crate) name: String,
    pub(crate) inputs: Vec<Value>,
    pub(crate) outputs: Vec<Value>,
    pub(crate) attributes: Vec<(&'static str, Attribute)>,
}

/// A value that goes in or out, with its type.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    pub(crate) value: Value,
    pub(crate) dtype: DType,
    pub(crate) shape: Shape,
}

/// Nodes with what goes in and out: a graph without data.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) nodes: Vec<Node>,
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
}

/// `TensorProto.DataType`.
pub(crate) fn data_type(dtype: DType) -> i64 {
    match dtype {
        DType::F32 => 1,
        DType::I64 => 7,
        DType::Bool => 9,
        DType::F64 => 11,
        // UNDEFINED.
        _ => 0,
    }
}

/// `TensorProto`: its numbers are little-endian, in row-major order.
pub(crate) fn tensor(name: &str, dtype: DType, shape: &[usize], bytes: &[u8]) -> Message {
    let message = Message::new().each(shape, |m, &d| m.int(1, d as i64)).int(2, data_type(dtype));
    message.bytes(8, name).bytes(9, bytes)
}

/// `ModelProto`.
pub(crate) fn model(block: &Block, names: &[String], tensors: Vec<Message>) -> Message {
    let graph = graph(block, names, "wengert").each(tensors, |m, t| m.message(5, t));
    Message::new()
        .int(1, IR_VERSION)
        .bytes(2, "wengert")
        .bytes(3, env!("CARGO_PKG_VERSION"))
        .message(7, graph)
        .message(8, Message::new().bytes(1, "").int(2, OPSET))
}

/// `GraphProto`, to which data may be added.
fn graph(block: &Block, names: &[String], name: &str) -> Message {
    Message::new()
        .each(&block.nodes, |m, x| m.message(1, node(x, names)))
        .bytes(2, name)
        .each(&block.inputs, |m, x| m.message(11, port(x, names)))
        .each(&block.outputs, |m, x| m.message(12, port(x, names)))
}

/// `NodeProto`.
fn node(node: &Node, names: &[String]) -> Message {
    Message::new()
        .each(&node.inputs, |m, &x| m.bytes(1, &names[x]))
        .each(&node.outputs, |m, &x| m.bytes(2, &names[x]))
        .bytes(3, &node.name)
        .bytes(4, node.op)
        .each(&node.attributes, |m, (name, value)| m.message(5, attribute(name, value, names)))
}

/// `AttributeProto`.
fn attribute(name: &str, value: &Attribute, names: &[String]) -> Message {
    let message = Message::new().bytes(1, name);
    match value {
        Attribute::Float(x) => message.float(2, *x).int(20, 1),
        Attribute::Int(x) => message.int(3, *x).int(20, 2),
        Attribute::Text(x) => message.bytes(4, x).int(20, 3),
        Attribute::Body(block) => message.message(6, graph(block, names, "body")).int(20, 5),
        Attribute::Ints(x) => message.each(x, |m, &x| m.int(8, x)).int(20, 7),
    }
}

/// `ValueInfoProto`.
fn port(port: &Port, names: &[String]) -> Message {
    let dimension = |m: Message, &d: &usize| m.message(1, Message::new().int(1, d as i64));
    let shape = Message::new().each(&port.shape[..], dimension);
    let tensor = Message::new().int(1, data_type(port.dtype)).message(2, shape);
    Message::new().bytes(1, &names[port.value]).message(2, Message::new().message(1, tensor))
}
