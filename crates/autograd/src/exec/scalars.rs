//! Bodies of loops whose values have few elements, as instructions on single numbers.

use super::steps::{Parts, contiguous, stage};
use crate::buffers::Strided;
use crate::dtype::{DType, Data, Float};
use crate::ir::{Binary, Body, Concat, Held, Meta, NodeId, Op, Scan, Structure, Sum, Unary};
use crate::kernels::scalars::{Act, Instruction, Instructions, Register, of_binary, of_unary};
use crate::number::Digits;
use crate::op::Rule;
use crate::plan::{Graph, Node};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The most elements of a value: beyond, loops over arrays are faster.
const MOST_ELEMENTS: usize = 4;

/// The most terms of a sum.
const MOST_TERMS: usize = 16;

/// A body as instructions on single numbers.
#[derive(Debug)]
pub(crate) struct Scalars<T> {
    code: Instructions<T>,
    /// The registers before the first step: arguments, then constants, then results of instructions.
    start: Vec<T>,
    /// The first register of each argument.
    arguments: Vec<Register>,
    /// The registers of each result's elements.
    results: Vec<Vec<Register>>,
    /// The registers of the next carries, in order.
    next: Vec<Register>,
    /// The memory of runs that have ended.
    idle: Mutex<Vec<Memory<T>>>,
}

/// The memory of one run.
#[derive(Debug)]
struct Memory<T> {
    registers: Vec<T>,
    carried: Vec<T>,
    /// Contiguous copies of operands that are not.
    staged: Vec<Data>,
    parts: Parts,
    copies: Copies,
}

impl<T: Float + Digits> Scalars<T> {
    /// The instructions of a body, if all that it computes is of this type and small.
    pub(super) fn of(graph: &Graph, body: &Body) -> Option<Scalars<T>> {
        body.products.is_empty().then_some(())?;
        let mut lower = Lower::of_arguments(body)?;
        for (id, node) in graph.iter() {
            let places = lower.node(graph, node)?;
            lower.places.insert(id, places);
        }
        let results = graph.outputs.iter().map(|id| lower.places[id].clone()).collect();
        let is_float = |i: usize| body.result(i).dtype == T::DTYPE;
        (0..body.ports.results()).all(is_float).then_some(())?;
        // Results of instructions come after all constants, whose number is known now.
        let first = lower.arguments + lower.constants.len();
        let moved = |r: Register| if is_result(r) { (r - RESULTS) + first as Register } else { r };
        let list = lower.list.iter().map(|i| Instruction { act: i.act, x: i.x.map(moved) }).collect();
        let results: Vec<Vec<Register>> = results;
        let results: Vec<Vec<Register>> =
            results.into_iter().map(|r| r.into_iter().map(moved).collect()).collect();
        let mut start = vec![T::default(); lower.arguments];
        start.extend(&lower.constants);
        start.resize(first + lower.list.len(), T::default());
        Some(Scalars {
            code: Instructions::new(first, list),
            start,
            arguments: lower.first_of,
            next: results[..body.ports.carried].concat(),
            results,
            idle: Mutex::default(),
        })
    }

    /// Runs the steps, and fills the pieces of the result.
    pub(super) fn run(&self, scan: &Scan, x: &[Strided<'_>], y: &mut [T]) {
        let free = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut memory = free.unwrap_or_else(|| self.memory(scan));
        if !memory.parts.are_of(scan) {
            memory = self.memory(scan);
        }
        self.repeat(scan, x, y, &mut memory);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }

    fn memory(&self, scan: &Scan) -> Memory<T> {
        let parts = Parts::new(scan);
        Memory {
            registers: self.start.clone(),
            carried: vec![T::default(); self.next.len()],
            staged: self.arguments.iter().map(|_| Data::empty(T::DTYPE)).collect(),
            copies: self.copies(scan, &parts),
            parts,
        }
    }

    fn repeat(&self, scan: &Scan, x: &[Strided<'_>], y: &mut [T], memory: &mut Memory<T>) {
        let Memory { registers: r, carried, staged, parts, copies } = memory;
        let (ports, next, Copies { kept, stacked, summed }) = (scan.body.ports, &self.next, &*copies);
        let mut reads: SmallVec<[(usize, usize, &[T]); 16]> = SmallVec::new();
        for ((i, x), staged) in x.iter().enumerate().zip(staged) {
            stage(x, staged);
            let (first, values) = (self.arguments[i] as usize, T::slice(contiguous(x, staged)));
            if !ports.is_read(i) {
                r[first..first + values.len()].copy_from_slice(values);
            } else if let Some(each) = values.len().checked_div(scan.steps) {
                reads.push((first, each, values));
            }
        }
        // Whether no carry is read after it was written.
        let at_once =
            next.iter().enumerate().all(|(k, &from)| from as usize >= next.len() || from as usize == k);
        summed.iter().for_each(|c| y[c.start] = T::default());
        let mut begun = false;
        // A step that reads nothing of its own and changes no carry: all after it are the same.
        let mut is_still = false;
        for t in scan.order() {
            for c in kept {
                y[c.start + t * c.each] = r[c.register];
            }
            for &(first, each, values) in &reads {
                for k in 0..each {
                    r[first + k] = values[t * each + k];
                }
            }
            if !is_still {
                self.code.run(r);
            }
            for c in stacked {
                y[c.start + t * c.each] = r[c.register];
            }
            for c in summed {
                y[c.start] = if begun { y[c.start] + r[c.register] } else { r[c.register] };
            }
            begun = true;
            let bits = |x: T| x.to_f64().to_bits();
            is_still |= reads.is_empty()
                && next.iter().enumerate().all(|(k, &from)| bits(r[k]) == bits(r[from as usize]));
            if at_once {
                for (k, &from) in next.iter().enumerate() {
                    r[k] = r[from as usize];
                }
            } else {
                carried.iter_mut().zip(next).for_each(|(c, &from)| *c = r[from as usize]);
                r[..carried.len()].copy_from_slice(carried);
            }
        }
        for piece in &parts.pieces {
            if let Held::Result(i) = piece.held
                && i < ports.carried
            {
                let first = self.arguments[i] as usize;
                y[piece.start..piece.start + piece.elements()]
                    .copy_from_slice(&r[first..first + piece.elements()]);
            }
        }
    }

    /// What goes from registers to the result with each step.
    fn copies(&self, scan: &Scan, parts: &Parts) -> Copies {
        let mut copies = Copies::default();
        let ports = scan.body.ports;
        for piece in &parts.pieces {
            let (to, i) = match piece.held {
                Held::History(i) => (&mut copies.kept, i),
                Held::Result(i) if ports.is_stacked(i) => (&mut copies.stacked, i),
                Held::Result(i) if i >= ports.carried => (&mut copies.summed, i),
                Held::Result(_) => continue,
                Held::Product(_) => unreachable!("instructions on numbers have no products of matrices"),
            };
            let each = self.results[i].len();
            for (k, &result) in self.results[i].iter().enumerate() {
                let register = match piece.held {
                    Held::History(i) => self.arguments[i] as usize + k,
                    _ => result as usize,
                };
                to.push(Copy { register, start: piece.start + k, each });
            }
        }
        copies
    }
}

/// A number that goes from a register to the result of the loop: at the start, and `each` further with each step.
#[derive(Debug)]
struct Copy {
    register: usize,
    start: usize,
    each: usize,
}

/// What is kept before each step, what is stacked after it, and what is summed.
#[derive(Debug, Default)]
struct Copies {
    kept: Vec<Copy>,
    stacked: Vec<Copy>,
    summed: Vec<Copy>,
}

/// Where results of instructions are numbered from, until the number of constants is known.
const RESULTS: Register = 1 << 30;

fn is_result(register: Register) -> bool {
    register >= RESULTS
}

/// A body that is being written as instructions.
struct Lower<T> {
    /// How many registers the arguments take, and the first of each.
    arguments: usize,
    first_of: Vec<Register>,
    constants: Vec<T>,
    list: Vec<Instruction<T>>,
    /// The registers of each node's elements.
    places: HashMap<NodeId, Vec<Register>>,
}

impl<T: Float + Digits> Lower<T> {
    fn of_arguments(body: &Body) -> Option<Lower<T>> {
        let (mut first_of, mut arguments) = (vec![], 0);
        for meta in body.arguments() {
            is_small(meta).then_some(())?;
            (meta.dtype == T::DTYPE).then_some(())?;
            first_of.push(arguments as Register);
            arguments += meta.shape.elements();
        }
        Some(Lower { arguments, first_of, constants: vec![], list: vec![], places: HashMap::new() })
    }

    /// The registers of a node's elements, if it can be written so.
    fn node(&mut self, graph: &Graph, node: &Node) -> Option<Vec<Register>> {
        let meta = &node.meta;
        (is_small(meta) && (meta.dtype == T::DTYPE || meta.dtype == DType::Bool)).then_some(())?;
        let n = meta.shape.elements();
        let x: Vec<Vec<Register>> = node.inputs.iter().map(|id| self.places[id].clone()).collect();
        Some(match &node.op {
            Op::Input(i) => (0..n as Register).map(|k| self.first_of[*i as usize] + k).collect(),
            &Op::Full(value) => vec![self.constant(value); n],
            Op::Unary(Unary::Neg) => self.each(Act::Neg, &x, n),
            Op::Unary(f) => {
                let p = self.constant(f.parameter().unwrap_or(0.0));
                self.each(Act::Call(of_unary(*f)), &[x[0].clone(), vec![p; n]], n)
            }
            Op::Binary(f) => self.each(self.binary(*f, &x[1]), &x, n),
            Op::Compare(f) => {
                (graph.node(node.inputs[0]).meta.dtype == T::DTYPE).then_some(())?;
                self.each(Act::Compare(*f), &x, n)
            }
            Op::Select(_) => self.each(Act::Select, &x, n),
            Op::Copy(_) => x[0].clone(),
            // Truth values are numbers already.
            Op::Cast(cast) if cast.to == T::DTYPE => x[0].clone(),
            Op::Sum(Sum { axes }) => self.sums(&graph.node(node.inputs[0]).meta, axes, &x[0], n)?,
            Op::Concat(Concat { axis }) => {
                (node.meta.shape[..*axis as usize].iter().all(|&d| d == 1)).then(|| x.concat())?
            }
            op if op.structure() == Structure::View => seen(op.rule()?, graph, node, &x[0])?,
            _ => return None,
        })
    }

    /// What an instruction does for a row of two arguments. A strong product with a number is a plain one.
    fn binary(&self, f: Binary, b: &[Register]) -> Act<T> {
        let is_finite = |r: &Register| self.number(*r).is_some_and(|x| x.to_f64().is_finite());
        match f {
            Binary::Add => Act::Add,
            Binary::Sub => Act::Sub,
            Binary::Mul => Act::Mul,
            Binary::Div => Act::Div,
            Binary::StrongMul if b.iter().all(is_finite) => Act::Mul,
            f => Act::Call(of_binary(f)),
        }
    }

    /// The number in a register, if it is a constant.
    fn number(&self, register: Register) -> Option<T> {
        self.constants.get((register as usize).checked_sub(self.arguments)?).copied()
    }

    fn constant(&mut self, value: f64) -> Register {
        let value = T::from_f64(value);
        let bits = |x: T| x.to_f64().to_bits();
        let at = self.constants.iter().position(|&x| bits(x) == bits(value)).unwrap_or_else(|| {
            self.constants.push(value);
            self.constants.len() - 1
        });
        (self.arguments + at) as Register
    }

    fn instruction(&mut self, act: Act<T>, x: [Register; 3]) -> Register {
        self.list.push(Instruction { act, x });
        RESULTS + self.list.len() as Register - 1
    }

    /// An instruction for each element.
    fn each(&mut self, act: Act<T>, x: &[Vec<Register>], n: usize) -> Vec<Register> {
        let of = |k: usize| std::array::from_fn(|i| x.get(i).map_or(0, |x| x[k]));
        (0..n).map(|k| self.instruction(act, of(k))).collect()
    }

    /// Sums over axes, each in the order of every sum: of at most a block of lanes.
    fn sums(&mut self, x: &Meta, axes: &[u8], places: &[Register], n: usize) -> Option<Vec<Register>> {
        let mut terms: Vec<Vec<Register>> = vec![vec![]; n];
        let strides = x.shape.without(axes).strides();
        let kept: Vec<usize> = (0..x.shape.len()).filter(|&a| !axes.contains(&(a as u8))).collect();
        for (k, &place) in places.iter().enumerate() {
            let index = index_of(k, &x.shape);
            let to: isize = kept.iter().zip(&strides).map(|(&a, &s)| index[a] as isize * s).sum();
            terms[to as usize].push(place);
        }
        terms.iter().all(|terms| terms.len() <= MOST_TERMS).then_some(())?;
        Some(terms.into_iter().map(|terms| self.tree(terms)).collect())
    }

    /// Folds lanes in halves.
    fn tree(&mut self, mut lanes: Vec<Register>) -> Register {
        if lanes.is_empty() {
            return self.constant(0.0);
        }
        let mut half = MOST_TERMS / 2;
        while half > 0 {
            for i in half..lanes.len().min(2 * half) {
                lanes[i - half] = self.instruction(Act::Add, [lanes[i - half], lanes[i], 0]);
            }
            lanes.truncate(half);
            half /= 2;
        }
        lanes[0]
    }
}

fn is_small(meta: &Meta) -> bool {
    meta.shape.elements() <= MOST_ELEMENTS
}

fn index_of(mut k: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for axis in (0..shape.len()).rev() {
        index[axis] = k % shape[axis];
        k /= shape[axis];
    }
    index
}

/// The elements that a view shows.
fn seen(rule: &dyn Rule, graph: &Graph, node: &Node, x: &[Register]) -> Option<Vec<Register>> {
    let from = &graph.node(node.inputs[0]).meta;
    let layout = rule.view(from, &from.shape.strides())?;
    let place = |k: usize| {
        let steps = index_of(k, &node.meta.shape).into_iter().zip(&layout.strides);
        let to = layout.skip + steps.map(|(i, &s)| i as isize * s).sum::<isize>();
        x[to as usize]
    };
    Some((0..node.meta.shape.elements()).map(place).collect())
}
