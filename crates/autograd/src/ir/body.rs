//! The body of a loop: a list of its own, whose arguments come from around it with each step.

use super::{Binary, Inputs, Meta, NodeId, Op, Scan, Structure};
use crate::dtype::DType;
use crate::shape::Shape;
use std::any::Any;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, OnceLock};

/// A node of a body.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) op: Op,
    pub(crate) inputs: Inputs,
    pub(crate) meta: Meta,
    /// The line that recorded it.
    pub(crate) site: &'static Location<'static>,
}

/// How many arguments and results of each kind a body has.
///
/// The arguments, in order: what is carried from step to step, what each step reads from stacked inputs, what is the same
/// in every step. The results: what is carried on, what is stacked, what is summed over the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ports {
    /// Arguments, and results, that go from step to step.
    pub carried: usize,
    /// Arguments that each step reads from stacked inputs.
    pub read: usize,
    /// Arguments that are the same in every step.
    pub captured: usize,
    /// Results that are stacked.
    pub stacked: usize,
    /// Results that are summed over the steps.
    pub summed: usize,
}

impl Ports {
    /// How many arguments there are.
    pub fn arguments(&self) -> usize {
        self.carried + self.read + self.captured
    }

    /// How many results there are.
    pub fn results(&self) -> usize {
        self.carried + self.stacked + self.summed
    }

    /// Whether an argument is read from an input of all steps.
    pub fn is_read(&self, argument: usize) -> bool {
        (self.carried..self.carried + self.read).contains(&argument)
    }

    /// Whether a result is stacked.
    pub fn is_stacked(&self, result: usize) -> bool {
        (self.carried..self.carried + self.stacked).contains(&result)
    }
}

/// What an executor makes of a body.
trait Made: Any + Send + Sync + UnwindSafe + RefUnwindSafe {}
impl<T: Any + Send + Sync + UnwindSafe + RefUnwindSafe> Made for T {}

/// The body of a loop.
pub struct Body {
    /// The arguments come first, in order. Each node comes after its operands.
    pub(crate) lines: Vec<Line>,
    pub(crate) results: Vec<NodeId>,
    /// How many arguments and results of each kind it has.
    pub ports: Ports,
    /// The products of matrices, each with what is added to it: with the history of the carries they are kept for derivatives, which
    /// would else compute them again.
    pub(crate) products: Vec<NodeId>,
    hash: u64,
    /// What an executor made of it, at its first run without and with a history. It follows from the rest.
    made: [OnceLock<Box<dyn Made>>; 2],
}

/// What a part of a loop's result holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The result of the body with this number: the last one, all of them, or their sum.
    Result(usize),
    /// The carry with this number as it was before each step.
    History(usize),
    /// The product with this number, of each step.
    Product(usize),
}

/// A part of a loop's result, which is one row of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// What it holds.
    pub held: Held,
    /// Where it begins in the row.
    pub start: usize,
    /// With an axis of steps before the others, if there is one for each step.
    pub shape: Shape,
}

impl Piece {
    /// How many numbers it has.
    pub fn elements(&self) -> usize {
        self.shape.elements()
    }
}

impl Body {
    /// A body that keeps these of its values in the place of its products, in this order, or its [`products`](Body::products).
    pub(crate) fn new(
        lines: Vec<Line>,
        results: Vec<NodeId>,
        ports: Ports,
        kept: Option<Vec<NodeId>>,
    ) -> Body {
        let products = kept.unwrap_or_else(|| kept_for_derivatives(&lines, &results));
        let mut state = DefaultHasher::new();
        for line in &lines {
            line.op.hash(&mut state);
            line.inputs.iter().for_each(|input| input.hash(&mut state));
            line.meta.shape.hash(&mut state);
        }
        (&results, ports, &products).hash(&mut state);
        let hash = state.finish();
        Body { lines, results, ports, products, hash, made: Default::default() }
    }

    pub(crate) fn line(&self, id: NodeId) -> &Line {
        &self.lines[id as usize]
    }

    /// Shapes and dtypes of the arguments: of one step.
    pub(crate) fn arguments(&self) -> impl ExactSizeIterator<Item = &Meta> {
        self.lines[..self.ports.arguments()].iter().map(|line| &line.meta)
    }

    /// Shape and dtype of a result of one step.
    pub(crate) fn result(&self, number: usize) -> &Meta {
        &self.line(self.results[number]).meta
    }

    /// The parts of a loop's result that are of one dtype, in order: last carries, stacked results, if a history is kept that of
    /// the carries and that of the products, and sums. The sums come last, so that what a tangent stacks in place of a history
    /// lies where the history does.
    pub(crate) fn pieces(&self, part: DType, steps: usize, history: bool) -> Vec<Piece> {
        let Ports { carried, stacked, summed, .. } = self.ports;
        let (sums, all) = (carried + stacked, carried + stacked + summed);
        let result = |i: usize| (Held::Result(i), self.result(i));
        let carries = (0..carried).map(|i| (Held::History(i), self.result(i)));
        let products = self.products.iter().enumerate();
        let products = products.map(|(i, &id)| (Held::Product(i), &self.line(id).meta));
        let kept = carries.chain(products).filter(|_| history);
        let mut start = 0;
        let mut pieces = Vec::new();
        let in_order = (0..sums).map(result).chain(kept).chain((sums..all).map(result));
        for (held, meta) in in_order.filter(|(_, meta)| meta.dtype == part) {
            let each = match held {
                Held::Result(i) => self.ports.is_stacked(i),
                Held::History(_) | Held::Product(_) => true,
            };
            let shape = if each { in_steps(&meta.shape, steps) } else { meta.shape.clone() };
            let piece = Piece { held, start, shape };
            start = piece.elements().saturating_add(start);
            pieces.push(piece);
        }
        pieces
    }

    /// The dtypes of the results.
    pub(crate) fn dtypes(&self) -> Vec<DType> {
        let mut all: Vec<DType> = (0..self.ports.results()).map(|i| self.result(i).dtype).collect();
        all.sort();
        all.dedup();
        all
    }

    /// What an executor made of the body, to run without or with a history; made now, if it is the first time.
    pub(crate) fn made<T>(&self, history: bool, make: impl FnOnce() -> T) -> &T
    where
        T: Any + Send + Sync + UnwindSafe + RefUnwindSafe,
    {
        let made: &dyn Any = &**self.made[usize::from(history)].get_or_init(|| Box::new(make()));
        made.downcast_ref().expect("one executor runs bodies")
    }
}

/// The products of matrices, each with what is added to it: who keeps the sum that a product is a term of adds nothing again, and
/// reads one value instead of two.
fn kept_for_derivatives(lines: &[Line], results: &[NodeId]) -> Vec<NodeId> {
    let is_product = |line: &Line| line.op.structure() == Structure::Contract && line.meta.dtype.is_float();
    let readers = only_readers(lines, results);
    let sum_of = |id: NodeId| {
        readers[id as usize].filter(|&sum| matches!(lines[sum as usize].op, Op::Binary(Binary::Add)))
    };
    let products = (0..lines.len() as NodeId).filter(|&id| is_product(&lines[id as usize]));
    let mut kept: Vec<NodeId> =
        products.map(|id| std::iter::successors(Some(id), |&id| sum_of(id)).last().unwrap_or(id)).collect();
    // Two products may be terms of one sum.
    kept.sort();
    kept.dedup();
    kept
}

/// For each value the line that reads it, if that is the only one and the value is no result.
fn only_readers(lines: &[Line], results: &[NodeId]) -> Vec<Option<NodeId>> {
    let mut readers = vec![None; lines.len()];
    let mut has_others = vec![false; lines.len()];
    results.iter().for_each(|&id| has_others[id as usize] = true);
    for (reader, line) in lines.iter().enumerate() {
        for &x in line.inputs.iter() {
            let before = readers[x as usize].replace(reader as NodeId);
            has_others[x as usize] |= before.is_some_and(|before| before != reader as NodeId);
        }
    }
    readers.into_iter().zip(has_others).map(|(reader, others)| reader.filter(|_| !others)).collect()
}

impl Scan {
    /// The parts of the result.
    pub fn pieces(&self) -> Vec<Piece> {
        self.body.pieces(self.part, self.steps, self.history)
    }

    /// The steps in the order in which they run.
    pub(crate) fn order(&self) -> impl Iterator<Item = usize> + use<> {
        let (steps, reverse) = (self.steps, self.reverse);
        (0..steps).map(move |s| if reverse { steps - 1 - s } else { s })
    }
}

/// A shape with an axis of steps before the others.
pub(crate) fn in_steps(shape: &Shape, steps: usize) -> Shape {
    [steps].into_iter().chain(shape.iter().copied()).collect()
}

/// Bodies are equal if they compute the same. What an executor made of them does not count.
impl PartialEq for Body {
    fn eq(&self, other: &Body) -> bool {
        let same =
            |a: &Line, b: &Line| a.op == b.op && a.inputs.iter().eq(b.inputs.iter()) && a.meta == b.meta;
        self.hash == other.hash
            && (&self.results, self.ports, &self.products) == (&other.results, other.ports, &other.products)
            && self.lines.len() == other.lines.len()
            && self.lines.iter().zip(&other.lines).all(|(a, b)| same(a, b))
    }
}
impl Eq for Body {}

impl Hash for Body {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("lines", &self.lines).field("results", &self.results).finish()
    }
}

/// How many operations it has: `12 ops`.
impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ops = self.lines.iter().filter(|line| !line.inputs.is_empty()).count();
        write!(f, "{ops} {}", if ops == 1 { "op" } else { "ops" })
    }
}

/// The same body twice is one body in memory.
pub(crate) fn same(a: &Arc<Body>, b: &Arc<Body>) -> bool {
    Arc::ptr_eq(a, b) || **a == **b
}
