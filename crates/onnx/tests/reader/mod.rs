//! ONNX files, read: as much of `onnx.proto` as the tests look at. It shares nothing with the writer.

use std::collections::{BTreeMap, BTreeSet};

/// `ModelProto`.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) ir_version: i64,
    pub(crate) opset: i64,
    pub(crate) graph: Graph,
}

/// `GraphProto`.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) initializers: Vec<Tensor>,
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
}

/// `NodeProto`.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) op: String,
    pub(crate) name: String,
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) attributes: BTreeMap<String, Attribute>,
}

/// `AttributeProto`.
#[derive(Debug)]
pub(crate) enum Attribute {
    Float(f32),
    Int(i64),
    Text(String),
    Ints(Vec<i64>),
    Graph(Graph),
    Other,
}

/// `TensorProto`, widened; truth values are 0 and 1.
#[derive(Debug, Default)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) data_type: i64,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

/// `ValueInfoProto`: the length of an axis may be a name.
#[derive(Debug, Default)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) data_type: i64,
    pub(crate) shape: Vec<Result<i64, String>>,
}

/// What a field holds.
enum Field<'a> {
    Int(i64),
    Float(f32),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    fn int(&self) -> i64 {
        if let Field::Int(x) = self { *x } else { panic!("a number is expected") }
    }
    fn bytes(&self) -> &'a [u8] {
        if let Field::Bytes(x) = self { x } else { panic!("bytes are expected") }
    }
    fn text(&self) -> String {
        String::from_utf8(self.bytes().to_vec()).expect("UTF-8")
    }
    /// Numbers that repeat: one, or many packed.
    fn ints(&self) -> Vec<i64> {
        match self {
            Field::Int(x) => vec![*x],
            _ => {
                let mut rest = self.bytes();
                std::iter::from_fn(|| (!rest.is_empty()).then(|| varint(&mut rest) as i64)).collect()
            }
        }
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut x = 0;
    for shift in (0..70).step_by(7) {
        let (&first, rest) = bytes.split_first().expect("a number goes on");
        *bytes = rest;
        x |= u64::from(first & 0x7f) << shift;
        if first < 0x80 {
            return x;
        }
    }
    panic!("a number of more than ten bytes")
}

fn take<'a>(bytes: &mut &'a [u8], n: usize) -> &'a [u8] {
    let (first, rest) = bytes.split_at(n);
    *bytes = rest;
    first
}

/// The fields of a message, with their numbers.
fn fields(mut bytes: &[u8]) -> impl Iterator<Item = (u64, Field<'_>)> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Int(varint(&mut bytes) as i64),
            1 => Field::Bytes(take(&mut bytes, 8)),
            2 => {
                let length = varint(&mut bytes) as usize;
                Field::Bytes(take(&mut bytes, length))
            }
            5 => Field::Float(f32::from_le_bytes(take(&mut bytes, 4).try_into().unwrap())),
            wire => panic!("wire type {wire}"),
        };
        Some((key >> 3, field))
    })
}

impl Model {
    pub(crate) fn read(bytes: &[u8]) -> Model {
        let mut model = Model::default();
        for (number, field) in fields(bytes) {
            match number {
                1 => model.ir_version = field.int(),
                7 => model.graph = Graph::read(field.bytes()),
                8 => {
                    let version = fields(field.bytes()).find(|(number, _)| *number == 2);
                    model.opset = version.expect("a version").1.int();
                }
                _ => {}
            }
        }
        model
    }
}

impl Graph {
    fn read(bytes: &[u8]) -> Graph {
        let mut graph = Graph::default();
        for (number, field) in fields(bytes) {
            match number {
                1 => graph.nodes.push(Node::read(field.bytes())),
                5 => graph.initializers.push(Tensor::read(field.bytes())),
                11 => graph.inputs.push(Port::read(field.bytes())),
                12 => graph.outputs.push(Port::read(field.bytes())),
                _ => {}
            }
        }
        graph
    }

    /// The operators, in order.
    pub(crate) fn ops(&self) -> Vec<&str> {
        self.nodes.iter().map(|node| node.op.as_str()).collect()
    }

    pub(crate) fn initializer(&self, name: &str) -> Option<&Tensor> {
        self.initializers.iter().find(|tensor| tensor.name == name)
    }

    /// That each value has one name, is there before it is read, and that results are made here.
    pub(crate) fn check(&self, around: &BTreeSet<String>) {
        let mut known = around.clone();
        let mut own = BTreeSet::new();
        let names = self.inputs.iter().map(|x| &x.name).chain(self.initializers.iter().map(|x| &x.name));
        for name in names {
            assert!(!name.is_empty() && known.insert(name.clone()), "`{name}` stands twice");
        }
        for node in &self.nodes {
            for x in node.inputs.iter().filter(|x| !x.is_empty()) {
                assert!(known.contains(x), "{}: `{x}` is not there yet", node.name);
            }
            for attribute in node.attributes.values() {
                if let Attribute::Graph(body) = attribute {
                    body.check(&known);
                }
            }
            for y in &node.outputs {
                assert!(!y.is_empty() && known.insert(y.clone()), "{}: `{y}` stands twice", node.name);
                own.insert(y);
            }
        }
        for y in &self.outputs {
            assert!(own.contains(&y.name), "result `{}` is made by no node", y.name);
        }
        for tensor in &self.initializers {
            assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>(), "{}", tensor.name);
        }
    }
}

impl Node {
    fn read(bytes: &[u8]) -> Node {
        let mut node = Node::default();
        for (number, field) in fields(bytes) {
            match number {
                1 => node.inputs.push(field.text()),
                2 => node.outputs.push(field.text()),
                3 => node.name = field.text(),
                4 => node.op = field.text(),
                5 => node.attributes.extend([Attribute::read(field.bytes())]),
                _ => {}
            }
        }
        node
    }

    pub(crate) fn int(&self, name: &str, or: i64) -> i64 {
        match self.attributes.get(name) {
            Some(Attribute::Int(x)) => *x,
            None => or,
            other => panic!("{}: {name} is {other:?}", self.name),
        }
    }

    pub(crate) fn float(&self, name: &str, or: f32) -> f32 {
        match self.attributes.get(name) {
            Some(Attribute::Float(x)) => *x,
            None => or,
            other => panic!("{}: {name} is {other:?}", self.name),
        }
    }

    pub(crate) fn ints(&self, name: &str) -> Option<&[i64]> {
        match self.attributes.get(name) {
            Some(Attribute::Ints(x)) => Some(x),
            None => None,
            other => panic!("{}: {name} is {other:?}", self.name),
        }
    }
}

impl Attribute {
    fn read(bytes: &[u8]) -> (String, Attribute) {
        let (mut name, mut value, mut ints, mut kind) = (String::new(), Attribute::Other, vec![], 0);
        for (number, field) in fields(bytes) {
            match (number, &field) {
                (1, _) => name = field.text(),
                (2, Field::Float(x)) => value = Attribute::Float(*x),
                (3, _) => value = Attribute::Int(field.int()),
                (4, _) => value = Attribute::Text(field.text()),
                (6, _) => value = Attribute::Graph(Graph::read(field.bytes())),
                (8, _) => ints.extend(field.ints()),
                (20, _) => kind = field.int(),
                _ => {}
            }
        }
        (name, if kind == 7 { Attribute::Ints(ints) } else { value })
    }
}

impl Tensor {
    fn read(bytes: &[u8]) -> Tensor {
        let (mut tensor, mut raw) = (Tensor::default(), None);
        for (number, field) in fields(bytes) {
            match (number, &field) {
                (1, _) => tensor.shape.extend(field.ints().iter().map(|&d| d as usize)),
                (2, _) => tensor.data_type = field.int(),
                (4, Field::Float(x)) => tensor.values.push((*x).into()),
                (4, _) => tensor.values.extend(floats(field.bytes())),
                (5 | 7, _) => tensor.values.extend(field.ints().iter().map(|&x| x as f64)),
                (8, _) => tensor.name = field.text(),
                (9, _) => raw = Some(field.bytes().to_vec()),
                (10, _) => tensor.values.extend(doubles(field.bytes())),
                _ => {}
            }
        }
        if let Some(raw) = raw {
            tensor.values = match tensor.data_type {
                1 => floats(&raw),
                7 => raw.chunks(8).map(|x| i64::from_le_bytes(x.try_into().unwrap()) as f64).collect(),
                9 => raw.iter().map(|&x| x.into()).collect(),
                11 => doubles(&raw),
                other => panic!("{}: data type {other}", tensor.name),
            };
        }
        tensor
    }
}

fn floats(bytes: &[u8]) -> Vec<f64> {
    bytes.chunks(4).map(|x| f32::from_le_bytes(x.try_into().unwrap()).into()).collect()
}

fn doubles(bytes: &[u8]) -> Vec<f64> {
    bytes.chunks(8).map(|x| f64::from_le_bytes(x.try_into().unwrap())).collect()
}

impl Port {
    fn read(bytes: &[u8]) -> Port {
        let mut port = Port::default();
        for (number, field) in fields(bytes) {
            match number {
                1 => port.name = field.text(),
                2 => {
                    let tensor = fields(field.bytes()).find(|(number, _)| *number == 1).expect("a tensor").1;
                    for (number, field) in fields(tensor.bytes()) {
                        match number {
                            1 => port.data_type = field.int(),
                            2 => {
                                port.shape =
                                    fields(field.bytes()).map(|(_, axis)| length(axis.bytes())).collect()
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        port
    }
}

/// `Dimension`.
fn length(bytes: &[u8]) -> Result<i64, String> {
    match fields(bytes).next() {
        Some((1, field)) => Ok(field.int()),
        Some((2, field)) => Err(field.text()),
        _ => Err(String::new()),
    }
}
