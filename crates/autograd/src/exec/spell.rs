//! Values of few elements, spelled out: a list as instructions on single numbers.

use crate::dtype::{DType, Float};
use crate::few::Few;
use crate::ir::{Binary, Concat, Meta, Op, Structure, Sum, Unary};
use crate::kernels::scalars::{Act, Instruction, Instructions, Register, of_binary, of_unary, sigmoids};
use crate::number::Digits;
use crate::op::Rule;
use crate::plan::{Graph, Node};
use std::collections::HashMap;

/// The most elements of a value: beyond, loops over arrays are faster.
const MOST_ELEMENTS: usize = 4;

/// The most terms of a sum: those that are added up as one row of lanes.
const MOST_TERMS: usize = 16;

/// The registers of a value's elements.
type Registers = Few<Register, MOST_ELEMENTS>;

/// A list as instructions.
#[derive(Debug)]
pub(super) struct Spelled<T> {
    pub(super) code: Instructions<T>,
    /// The registers at first: arguments, then constants, then results of instructions.
    pub(super) start: Vec<T>,
    /// The first register of each argument.
    pub(super) arguments: Vec<Register>,
    /// The registers of each output's elements.
    pub(super) results: Vec<Vec<Register>>,
}

impl<T: Float + Digits> Spelled<T> {
    /// The instructions of a list, if all that it computes is of this type and small. `number` says which of the arguments a
    /// leaf reads.
    pub(super) fn of(
        graph: &Graph,
        arguments: &[&Meta],
        number: impl Fn(&Op) -> Option<usize>,
    ) -> Option<Spelled<T>> {
        let mut spell = Spell::of_arguments(arguments)?;
        spell.places = graph.per_node(Registers::new());
        for (id, node) in graph.iter() {
            spell.places[id as usize] = match number(&node.op) {
                Some(i) => {
                    let first = spell.first_of[i];
                    Registers::from_fn(node.meta.shape.elements(), |k| first + k as Register)
                }
                None => spell.node(graph, node)?,
            };
        }
        let results: Vec<Registers> =
            graph.outputs.iter().map(|&id| spell.places[id as usize].clone()).collect();
        Some(spell.finish(&results))
    }
}

/// Where results of instructions are numbered from, until the number of constants is known.
const RESULTS: Register = 1 << 30;

/// The instruction that gives a register.
fn result(register: Register) -> Option<usize> {
    register.checked_sub(RESULTS).map(|i| i as usize)
}

/// A list that is being spelled out.
struct Spell<T> {
    /// How many registers the arguments take, and the first of each.
    arguments: usize,
    first_of: Vec<Register>,
    constants: Vec<T>,
    /// The number of each constant, by its bits.
    numbers: HashMap<u64, usize>,
    list: Vec<Instruction<T>>,
    /// What was computed already.
    known: HashMap<(usize, [Register; 3]), Register>,
    /// The registers of each node's elements.
    places: Vec<Registers>,
}

impl<T: Float + Digits> Spell<T> {
    fn of_arguments(metas: &[&Meta]) -> Option<Spell<T>> {
        let (mut first_of, mut arguments) = (vec![], 0);
        for meta in metas {
            (is_small(meta) && meta.dtype == T::DTYPE).then_some(())?;
            first_of.push(arguments as Register);
            arguments += meta.shape.elements();
        }
        let (numbers, known) = (HashMap::new(), HashMap::new());
        Some(Spell { arguments, first_of, constants: vec![], numbers, list: vec![], known, places: vec![] })
    }

    /// The registers of a node's elements, if it can be written so.
    fn node(&mut self, graph: &Graph, node: &Node) -> Option<Registers> {
        let meta = &node.meta;
        (is_small(meta) && (meta.dtype == T::DTYPE || meta.dtype == DType::Bool)).then_some(())?;
        let n = meta.shape.elements();
        let x = |i: usize| self.places[node.inputs[i] as usize].clone();
        Some(match &node.op {
            &Op::Full(value) => Registers::repeat(self.constant(value), n),
            Op::Unary(Unary::Neg) => self.each(Act::Neg, [Some(&x(0)), None, None], n),
            Op::Unary(Unary::Square) => self.each(Act::Mul, [Some(&x(0)), Some(&x(0)), None], n),
            Op::Unary(Unary::Sigmoid) => {
                let x = x(0);
                Registers::from_fn(n, |k| self.sigmoid(x[k]))
            }
            Op::Unary(f) => {
                let (x, p) = (x(0), f.parameter().unwrap_or(0.0));
                let p = Registers::repeat(self.constant(p), n);
                self.each(Act::Call(of_unary(*f)), [Some(&x), Some(&p), None], n)
            }
            Op::Binary(f) => self.each(self.binary(*f, &x(1)), [Some(&x(0)), Some(&x(1)), None], n),
            Op::Compare(f) => {
                (graph.node(node.inputs[0]).meta.dtype == T::DTYPE).then_some(())?;
                self.each(Act::Compare(*f), [Some(&x(0)), Some(&x(1)), None], n)
            }
            Op::Select(_) => self.each(Act::Select, [Some(&x(0)), Some(&x(1)), Some(&x(2))], n),
            Op::Copy(_) => x(0),
            // Truth values are numbers already.
            Op::Cast(cast) if cast.to == T::DTYPE => x(0),
            Op::Sum(Sum { axes }) => self.sums(&graph.node(node.inputs[0]).meta, axes, &x(0), n)?,
            Op::Concat(Concat { axis }) => {
                let is_one_row = meta.shape[..*axis as usize].iter().all(|&d| d == 1);
                is_one_row.then(|| (0..node.inputs.len()).flat_map(|i| x(i).to_vec()).collect())?
            }
            op if op.structure() == Structure::View => seen(op.rule()?, graph, node, &x(0))?,
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
        let at = *self.numbers.entry(value.to_f64().to_bits()).or_insert_with(|| {
            self.constants.push(value);
            self.constants.len() - 1
        });
        (self.arguments + at) as Register
    }

    /// The register of an instruction's result: that of an equal one, if there is one.
    fn instruction(&mut self, act: Act<T>, x: [Register; 3]) -> Register {
        let next = RESULTS + self.list.len() as Register;
        if let Some(key) = act.key() {
            let found = *self.known.entry((key, x)).or_insert(next);
            if found != next {
                return found;
            }
        }
        self.list.push(Instruction { act, x });
        next
    }

    /// σ(x), which for x = −z is what σ(z) gives beside.
    fn sigmoid(&mut self, x: Register) -> Register {
        let negated = result(x).map(|i| self.list[i]).filter(|i| matches!(i.act, Act::Neg)).map(|i| i.x[0]);
        let count = self.list.len();
        let plus = self.instruction(Act::Sigmoids(sigmoids()), [negated.unwrap_or(x), 0, 0]);
        if self.list.len() > count {
            self.instruction(Act::Second, [0; 3]);
        }
        if negated.is_some() { plus + 1 } else { plus }
    }

    /// An instruction for each element.
    fn each(&mut self, act: Act<T>, x: [Option<&Registers>; 3], n: usize) -> Registers {
        Registers::from_fn(n, |k| self.instruction(act, x.map(|x| x.map_or(0, |x| x[k]))))
    }

    /// Sums over axes, each in the order of every sum: of at most a block of lanes.
    fn sums(&mut self, x: &Meta, axes: &[u8], places: &[Register], n: usize) -> Option<Registers> {
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

    /// Leaves out what no result needs, joins products with the sums that alone read them, and numbers the registers anew.
    fn finish(self, results: &[Registers]) -> Spelled<T> {
        let mut list = self.list;
        let mut uses = vec![0u32; list.len()];
        results.iter().flat_map(|r| r.iter()).filter_map(|&r| result(r)).for_each(|i| uses[i] += 1);
        for i in (0..list.len()).rev() {
            // The second result stands behind its instruction, which it needs.
            if matches!(list[i].act, Act::Second) && uses[i] > 0 {
                uses[i - 1] += 1;
            }
            if uses[i] > 0 {
                let Instruction { act, x } = list[i];
                x[..act.reads()].iter().filter_map(|&x| result(x)).for_each(|i| uses[i] += 1);
            }
        }
        for i in 0..list.len() {
            if uses[i] > 0 && matches!(list[i].act, Act::Add) {
                join(&mut list, &mut uses, i);
            }
        }
        let first = self.arguments + self.constants.len();
        let mut moved: Vec<Register> = vec![0; list.len()];
        let mut kept: Vec<Instruction<T>> = vec![];
        let place = |moved: &[Register], r: Register| result(r).map_or(r, |i| moved[i]);
        for (i, &Instruction { act, mut x }) in list.iter().enumerate().filter(|&(i, _)| uses[i] > 0) {
            let reads = act.reads();
            x[..reads].iter_mut().for_each(|x| *x = place(&moved, *x));
            x[reads..].fill(0);
            moved[i] = (first + kept.len()) as Register;
            kept.push(Instruction { act, x });
        }
        let results = results.iter().map(|r| r.iter().map(|&r| place(&moved, r)).collect()).collect();
        let mut start = vec![T::default(); self.arguments];
        start.extend(&self.constants);
        start.resize(first + kept.len(), T::default());
        Spelled { code: Instructions::new(first, kept), start, arguments: self.first_of, results }
    }
}

/// Joins a sum with a product that nothing else reads. A sum is the same whichever of its terms comes first.
fn join<T: Copy>(list: &mut [Instruction<T>], uses: &mut [u32], sum: usize) {
    let [a, b, _] = list[sum].x;
    for (term, other) in [(a, b), (b, a)] {
        if let Some(i) = result(term).filter(|&i| uses[i] == 1 && matches!(list[i].act, Act::Mul)) {
            let [p, q, _] = list[i].x;
            list[sum] = Instruction { act: Act::MulThenAdd, x: [p, q, other] };
            uses[i] = 0;
            return;
        }
    }
}

pub(super) fn is_small(meta: &Meta) -> bool {
    meta.shape.iter().product::<usize>() <= MOST_ELEMENTS
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
fn seen(rule: &dyn Rule, graph: &Graph, node: &Node, x: &[Register]) -> Option<Registers> {
    let from = &graph.node(node.inputs[0]).meta;
    let layout = rule.view(from, &from.shape.strides())?;
    let place = |k: usize| {
        let steps = index_of(k, &node.meta.shape).into_iter().zip(&layout.strides);
        let to = layout.skip + steps.map(|(i, &s)| i as isize * s).sum::<isize>();
        x[to as usize]
    };
    Some((0..node.meta.shape.elements()).map(place).collect())
}
