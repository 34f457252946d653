//! A program as a drawing, in the language of Graphviz.

use super::Program;
use crate::code::MemoryView;
use crate::ir::Meta;
use crate::lists::{IntoList, OrderedMap, sort_once};
use crate::plan::{FIRST_INPUT, GRADIENTS, Kernel, PARAMETERS, PlanInput};
use crate::shape::Shape;
use crate::text::{quoted, shortened};
use std::collections::HashSet;

/// The longest list of ops in a box, in characters.
const OPS_WIDTH: usize = 72;

impl Program {
    /// The plan as a graph for [Graphviz](https://graphviz.org): kernels are boxes with their ops, parameters, inputs,
    /// constants and results are ellipses, and edges are labelled with the shape of the value.
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// let params = Params::f64();
    /// let program = Program::trace(&params, |t| t.outputs(t.input("x", [3]).exp().sum()))?;
    /// let dot = program.dot();
    /// assert!(dot.starts_with("digraph program {") && dot.contains(r#"label="x\n[3] F64""#));
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    pub fn dot(&self) -> String {
        let mut drawing = Drawing { program: self, nodes: vec![], edges: vec![], known: HashSet::new() };
        // The last kernel that wrote each memory, by the keys below.
        let mut writers: Writers = OrderedMap::default();
        for (i, kernel) in self.plan.kernels.iter().enumerate() {
            drawing.kernel(i, kernel);
            let mut sources = kernel.reads().into_iter().map(|x| drawing.source(&writers, x)).listed();
            sort_once(&mut sources);
            for (from, label) in sources {
                drawing.edge(&from, &format!("k{i}"), &label);
            }
            for x in kernel.writes() {
                writers.insert(key(x), (i, x.shape.clone()));
            }
        }
        drawing.results(&writers);
        let mut out = String::from("digraph program {\n  node [fontname=\"monospace\"];\n");
        out.extend(drawing.nodes.iter().chain(&drawing.edges).map(|line| format!("  {line}\n")));
        out + "}\n"
    }
}

/// The memory and the offset that identify a value. All gradients are in one memory, at different offsets. A buffer holds one
/// value at a time, so its offset does not matter.
fn key(x: &MemoryView) -> (u32, usize) {
    (x.memory, if x.memory == GRADIENTS { x.offset } else { 0 })
}

struct Drawing<'a> {
    program: &'a Program,
    nodes: Vec<String>,
    edges: Vec<String>,
    /// Ellipses that have been drawn.
    known: HashSet<String>,
}

/// The kernel that wrote last by memory and offset, and the shape there.
type Writers = OrderedMap<(u32, usize), (usize, Shape)>;

/// What was written to a memory at an offset, or nearest before it.
fn last_within(writers: &Writers, memory: u32, offset: usize) -> Option<&(usize, Shape)> {
    let end = writers.place(&(memory, offset)).map_or_else(|place| place, |place| place + 1);
    writers[..end].last().filter(|((of, _), _)| *of == memory).map(|(_, written)| written)
}

impl Drawing<'_> {
    fn kernel(&mut self, number: usize, kernel: &Kernel) {
        let ops = shortened(&self.program.ops(kernel), OPS_WIDTH);
        let kind = kernel.kind();
        let label = if ops == kind { format!("{number} {kind}") } else { format!("{number} {kind}\n{ops}") };
        self.nodes.push(format!("k{number} [shape=box, label={}];", quoted(&label)));
    }

    fn ellipse(&mut self, id: &str, label: &str) {
        if self.known.insert(id.to_owned()) {
            self.nodes.push(format!("{id} [shape=ellipse, label={}];", quoted(label)));
        }
    }

    fn edge(&mut self, from: &str, to: &str, label: &str) {
        self.edges.push(format!("{from} -> {to} [label={}];", quoted(label)));
    }

    /// The node of the drawing that an operand comes from, and its shape there.
    fn source(&mut self, writers: &Writers, x: &MemoryView) -> (String, String) {
        let program = self.program;
        if x.memory == PARAMETERS {
            let number = program.parameters.iter().rposition(|p| p.range.start <= x.offset).unwrap_or(0);
            let parameter = &program.parameters[number];
            let (id, shape) = (format!("p{number}"), parameter.shape.to_string());
            self.ellipse(&id, &format!("{}\n{shape} {}", parameter.name, program.dtype));
            return (id, shape);
        }
        // A view of a gradient begins at it or after it.
        let (memory, offset) = key(x);
        if let Some((kernel, shape)) = last_within(writers, memory, offset) {
            return (format!("k{kernel}"), shape.to_string());
        }
        let input = (x.memory - FIRST_INPUT) as usize;
        let (id, label, shape) = match &program.plan.inputs[input] {
            PlanInput::Given(given) => {
                let Meta { shape, dtype } = &given.meta;
                (format!("x{input}"), format!("{}\n{shape} {dtype}", given.name), shape.to_string())
            }
            PlanInput::Constant(data) => (
                format!("c{input}"),
                format!("constant\n[{}] {}", data.len(), data.dtype()),
                x.shape.to_string(),
            ),
        };
        self.ellipse(&id, &label);
        (id, shape)
    }

    /// What the user reads.
    fn results(&mut self, writers: &Writers) {
        for (i, x) in self.program.plan.outputs.iter().enumerate() {
            let (from, _) = self.source(writers, x);
            self.ellipse(&format!("y{i}"), &self.program.output_label(i));
            self.edge(&from, &format!("y{i}"), &x.shape.to_string());
        }
        for &((_, offset), (kernel, ref shape)) in
            writers.iter().filter(|((memory, _), _)| *memory == GRADIENTS)
        {
            let id = format!("g{offset}");
            self.ellipse(&id, &format!("∂{}", self.program.parameter_at(offset)));
            self.edge(&format!("k{kernel}"), &id, &shape.to_string());
        }
    }
}
