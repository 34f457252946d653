//! A recorded list, node by node: which are needed, what their values are called, and what is put off until somebody reads it.
//!
//! A repetition is put off because most operators of ONNX repeat by themselves, and a reshape because it often is undone.

use crate::Error;
use crate::model::{Attribute, Port, Value};
use crate::term::{self, Term};
use crate::writer::Writer;
use autograd::planned::{DataRef, Graph, Op, RecordedInput, RecordedNode};
use autograd::{DType, Params, Program, Shape};
use std::cell::RefCell;
use std::collections::HashMap;

/// What a node is made of.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    value: Value,
    /// That of the value.
    shape: Shape,
    view: View,
}

/// How the elements of a node are had from those of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum View {
    Same,
    /// Repeated along axes of length 1 and new leading axes.
    Repeated,
    /// In row-major order under another shape.
    Reshaped,
}

impl Held {
    /// A value that is repeated when it is read.
    pub(crate) fn repeated(value: Value, shape: Shape) -> Held {
        Held { value, shape, view: View::Repeated }
    }

    /// A value that is reshaped when it is read.
    pub(crate) fn reshaped(value: Value, shape: Shape) -> Held {
        Held { value, shape, view: View::Reshaped }
    }
}

/// What writes a node: the operators it is, or why there are none.
pub(crate) type Rule = for<'a> fn(&At<'a>) -> Result<Held, Why>;

/// The hint for all that needs random numbers.
pub(crate) const NO_RANDOM: &str =
    "ONNX has no random numbers that a key gives: make them an input of the model";

/// Why a node is not written.
#[derive(Debug)]
pub(crate) enum Why {
    /// There is no operator for it; what to do instead.
    Hint(&'static str),
    /// Something within it failed.
    Within(Error),
}
impl From<&'static str> for Why {
    fn from(hint: &'static str) -> Why {
        Why::Hint(hint)
    }
}

/// What is the same for all lists of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job<'a> {
    pub(crate) program: &'a Program,
    pub(crate) params: &'a Params,
    pub(crate) writer: &'a Writer,
    pub(crate) rule: Rule,
}

/// A list while it is written.
#[derive(Debug)]
pub(crate) struct Trace<'a> {
    job: Job<'a>,
    graph: &'a Graph,
    /// The values of its inputs, if they are not those of the program.
    arguments: Option<&'a [Value]>,
    given: &'a [Port],
    held: RefCell<Vec<Option<Held>>>,
    /// The parts of loops' results, by node, first element and length.
    parts: RefCell<HashMap<(u32, usize, usize), Held>>,
    needed: Vec<bool>,
}

impl<'a> Trace<'a> {
    /// Of the program: `given` are its inputs.
    pub(crate) fn of_program(job: Job<'a>, given: &'a [Port], results: &[u32]) -> Trace<'a> {
        Trace::new(job, job.program.recorded(), None, given, results)
    }

    /// Of the body of a loop.
    pub(crate) fn of_body(
        job: Job<'a>,
        graph: &'a Graph,
        arguments: &'a [Value],
        results: &[u32],
    ) -> Trace<'a> {
        Trace::new(job, graph, Some(arguments), &[], results)
    }

    fn new(
        job: Job<'a>,
        graph: &'a Graph,
        arguments: Option<&'a [Value]>,
        given: &'a [Port],
        results: &[u32],
    ) -> Trace<'a> {
        let length = graph.all().map(|node| node.id as usize + 1).max().unwrap_or(0);
        let mut needed = vec![false; length];
        results.iter().for_each(|&id| needed[id as usize] = true);
        for node in graph.all().rev() {
            if needed[node.id as usize] {
                node.operands.iter().for_each(|&x| needed[x as usize] = true);
            }
        }
        Trace {
            job,
            graph,
            arguments,
            given,
            held: RefCell::new(vec![None; length]),
            parts: RefCell::default(),
            needed,
        }
    }

    /// Writes all nodes that the results need, and gives their values.
    pub(crate) fn write(&self, results: &[u32]) -> Result<Vec<Port>, Error> {
        let around = self.job.writer.prefix();
        for node in self.graph.all().filter(|node| self.needed[node.id as usize]) {
            let scope = self.graph.scope(node.id).unwrap_or_default();
            let path = [around.as_str(), scope.as_str()].into_iter().filter(|x| !x.is_empty());
            let mut path: Vec<&str> = path.collect();
            let name = format!("{}_{}", node.op.name(), node.id);
            path.push(&name);
            self.job.writer.begin(path.join("/"));
            let held = (self.job.rule)(&At { trace: self, node }).map_err(|why| match why {
                Why::Within(error) => error,
                Why::Hint(hint) => self.refusal(node, hint),
            })?;
            self.held.borrow_mut()[node.id as usize] = Some(held);
        }
        let port = |&id: &u32| {
            let node = self.graph.recorded(id);
            Port { value: self.value(id), dtype: node.dtype(), shape: node.shape().clone() }
        };
        let ports = results.iter().map(port).collect();
        self.job.writer.begin(around);
        Ok(ports)
    }

    fn refusal(&self, node: RecordedNode<'_>, hint: &'static str) -> Error {
        let op = match node.op {
            Op::Special(special) => format!("{} ({} {})", node.op.name(), special.family, special.order),
            op => op.name().to_owned(),
        };
        let site = match self.graph.scope(node.id) {
            Some(scope) => format!("{} in `{scope}`", node.site),
            None => node.site.to_string(),
        };
        Error::Unsupported { op, node: node.id, site, hint }
    }

    fn held(&self, id: u32) -> Held {
        self.held.borrow()[id as usize].clone().expect("operands come before who reads them")
    }

    /// The value of a node, with what was put off.
    fn value(&self, id: u32) -> Value {
        let (held, shape, writer) = (self.held(id), self.graph.recorded(id).shape(), self.job.writer);
        let value = match held.view {
            View::Same => return held.value,
            View::Repeated => writer.node("Expand", [held.value, writer.lengths(shape)]),
            View::Reshaped => term::reshape(writer, held.value, shape),
        };
        self.held.borrow_mut()[id as usize] = Some(Held { value, shape: shape.clone(), view: View::Same });
        value
    }
}

/// A node that is being written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    trace: &'a Trace<'a>,
    pub(crate) node: RecordedNode<'a>,
}

impl<'a> At<'a> {
    pub(crate) fn job(&self) -> Job<'a> {
        self.trace.job
    }

    pub(crate) fn writer(&self) -> &'a Writer {
        self.trace.job.writer
    }

    /// Shape of the result.
    pub(crate) fn shape(&self) -> &'a Shape {
        self.node.shape()
    }

    /// Shape and dtype of an operand.
    pub(crate) fn operand(&self, i: usize) -> (&'a Shape, DType) {
        let node = self.trace.graph.recorded(self.node.operands[i]);
        (node.shape(), node.dtype())
    }

    /// An operand.
    pub(crate) fn x(&self, i: usize) -> Term<'a> {
        Term::new(self.writer(), self.trace.value(self.node.operands[i]), self.operand(i).1)
    }

    /// All operands.
    pub(crate) fn all(&self) -> Vec<Value> {
        self.node.operands.iter().map(|&id| self.trace.value(id)).collect()
    }

    /// All operands of an operator that repeats by itself, but not the `last` axes, as far as it then has the same result.
    pub(crate) fn loose(&self, last: usize) -> Vec<Term<'a>> {
        let operands = self.node.operands;
        let full: Vec<&[usize]> = (0..operands.len()).map(|i| &self.operand(i).0[..]).collect();
        let lead = |shape: &'_ [usize]| shape.len().saturating_sub(last);
        let target = &self.shape()[..lead(self.shape())];
        let held: Vec<Held> = operands.iter().map(|&id| self.trace.held(id)).collect();
        let mut shapes = full.clone();
        for i in 0..operands.len() {
            let from = &held[i].shape[..];
            let before = shapes[i];
            let same_end = from.len() >= last && from[lead(from)..] == full[i][lead(full[i])..];
            if held[i].view == View::Repeated && same_end {
                shapes[i] = from;
            }
            let leads: Vec<&[usize]> = shapes.iter().map(|shape| &shape[..lead(shape)]).collect();
            if !reach(&leads, target) {
                shapes[i] = before;
            }
        }
        let is_loose = |i: usize| held[i].view == View::Repeated && shapes[i] == &held[i].shape[..];
        let value = |i: usize| if is_loose(i) { held[i].value } else { self.trace.value(operands[i]) };
        (0..operands.len()).map(|i| Term::new(self.writer(), value(i), self.operand(i).1)).collect()
    }

    /// A number of the dtype of the result.
    pub(crate) fn number(&self, x: f64) -> Value {
        self.writer().number(self.node.dtype(), x)
    }

    /// Zeros of the dtype of the result.
    pub(crate) fn zeros(&self, shape: &[usize]) -> Term<'a> {
        let writer = self.writer();
        let value = writer.node("Expand", [self.number(0.0), writer.lengths(shape)]);
        Term::new(writer, value, self.node.dtype())
    }

    /// This value as the node's.
    pub(crate) fn gives(&self, value: Value) -> Held {
        Held { value, shape: self.shape().clone(), view: View::Same }
    }

    /// The operand as it is.
    pub(crate) fn same(&self) -> Held {
        self.trace.held(self.node.operands[0])
    }

    /// The operand, repeated to the shape of the node.
    pub(crate) fn repeats(&self) -> Held {
        let held = self.same();
        match held.view {
            _ if self.operand(0).0 == self.shape() => held,
            View::Reshaped => Held::repeated(self.x(0).value, self.operand(0).0.clone()),
            View::Same | View::Repeated => Held::repeated(held.value, held.shape),
        }
    }

    /// The elements of the operand under the shape of the node.
    pub(crate) fn reshapes(&self) -> Held {
        let held = self.same();
        let held = match held.view {
            // A single number, repeated.
            View::Repeated if held.shape.is_empty() => return held,
            View::Repeated => Held::reshaped(self.x(0).value, self.operand(0).0.clone()),
            View::Same | View::Reshaped => Held::reshaped(held.value, held.shape),
        };
        if held.shape == *self.shape() { self.gives(held.value) } else { held }
    }

    /// The node is a row of parts: start, value and shape of each.
    pub(crate) fn parts(&self, all: impl Iterator<Item = (usize, Value, Shape)>) -> Held {
        let mut row: Vec<(usize, Value, Shape)> = all.collect();
        row.sort_by_key(|part| part.0);
        for (start, value, shape) in &row {
            let held = Held::reshaped(*value, shape.clone());
            self.trace.parts.borrow_mut().insert((self.node.id, *start, shape.elements()), held);
        }
        let is_whole = row.iter().map(|(.., shape)| shape.elements()).sum::<usize>() == self.shape()[0];
        if row.len() == 1 || !is_whole {
            // Whoever reads it asks for parts.
            let (_, value, shape) = row.swap_remove(0);
            return Held::reshaped(value, shape);
        }
        let flat =
            |(_, value, shape): &(_, Value, Shape)| term::reshape(self.writer(), *value, &[shape.elements()]);
        let flat: Vec<Value> = row.iter().map(flat).collect();
        self.gives(self.writer().node_with("Concat", flat, vec![("axis", Attribute::Int(0))]))
    }

    /// The part of the operand that begins at an element and is as long as the node, if the operand is a row of parts.
    pub(crate) fn part(&self, start: usize) -> Option<Held> {
        let length = self.shape().elements();
        self.trace.parts.borrow().get(&(self.node.operands[0], start, length)).cloned()
    }

    /// Which nodes that are needed read this one.
    pub(crate) fn readers(&self) -> Vec<RecordedNode<'a>> {
        let Trace { graph, needed, .. } = self.trace;
        let reads =
            |node: &RecordedNode<'_>| needed[node.id as usize] && node.operands.contains(&self.node.id);
        graph.all().filter(reads).collect()
    }

    /// Whether the node is a result itself.
    pub(crate) fn is_result(&self) -> bool {
        self.trace.graph.results().contains(&self.node.id)
    }

    /// What an input reads.
    pub(crate) fn input(&self, number: u32) -> Held {
        let Job { program, params, writer, .. } = self.job();
        if let Some(arguments) = self.trace.arguments {
            return self.gives(arguments[number as usize]);
        }
        match program.recorded_input(number) {
            RecordedInput::Given(name) => {
                let at = program.inputs().position(|(other, ..)| other == name);
                self.gives(self.trace.given[at.expect("an input of the program")].value)
            }
            RecordedInput::Constant(data) => self.gives(writer.constant(data, self.shape())),
            RecordedInput::Buffer(buffer) => {
                let data = match self.node.dtype() {
                    DType::F32 => DataRef::F32(params.buffer_values(buffer)),
                    DType::F64 => DataRef::F64(params.buffer_values(buffer)),
                    DType::I64 => DataRef::I64(params.buffer_values(buffer)),
                    _ => DataRef::Bool(params.buffer_values(buffer)),
                };
                self.stored(params.buffer_name(buffer), data)
            }
        }
    }

    /// A parameter or a buffer.
    pub(crate) fn stored(&self, name: &str, data: DataRef<'_>) -> Held {
        self.gives(self.writer().stored(name, data, self.shape()))
    }
}

/// Whether shapes, each of which can be repeated to the target, together have that shape.
fn reach(shapes: &[&[usize]], target: &[usize]) -> bool {
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let at = |shape: &[usize], from_end: usize| shape.len().checked_sub(from_end).map(|i| shape[i]);
    let has = |i: usize, length: usize| shapes.iter().any(|shape| at(shape, i + 1) == Some(length));
    rank == target.len() && target.iter().rev().enumerate().all(|(i, &length)| length == 1 || has(i, length))
}
