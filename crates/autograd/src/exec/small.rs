//! Plans whose values have few elements, run number by number: the call of a kernel would cost more than its work.

use super::machine::{Machine, Ran};
use super::spell::{Spelled, is_small};
use crate::dtype::{DType, Data, DataRef, Float, Storable};
use crate::ir::{Meta, Op};
use crate::kernels::scalars::{Instructions, Moves, Register};
use crate::number::Digits;
use crate::params::Param;
use crate::plan::{Plan, PlanInput, Verified};
use std::collections::BTreeMap;
use std::ops::Range;

/// What a plan computes, as instructions on single numbers. It gives the bits of the plan's kernels.
#[derive(Debug)]
pub(crate) enum Small {
    F32(Numbers<f32>),
    F64(Numbers<f64>),
}

#[derive(Debug)]
pub(crate) struct Numbers<T> {
    code: Instructions<T>,
    start: Vec<T>,
    /// From the slab of parameters to registers.
    parameters: Moves,
    /// From inputs to registers: the number of each input.
    inputs: Vec<(usize, Moves)>,
    /// From registers to the buffers of outputs.
    outputs: Vec<Moves>,
    /// The register of the first number of the first output.
    first: Option<Register>,
    /// From registers to the slab of gradients.
    gradients: Moves,
}

impl Small {
    /// The instructions of a plan, if all its values are small and of one type. `range` gives the places of a parameter.
    pub(crate) fn of(plan: &Verified<Plan>, range: impl Fn(Param) -> Range<usize>) -> Option<Small> {
        match plan.parameters.dtype {
            DType::F32 => Numbers::of(plan, range).map(Small::F32),
            _ => Numbers::of(plan, range).map(Small::F64),
        }
    }

    /// How many instructions a run takes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Small::F32(numbers) => numbers.code.len(),
            Small::F64(numbers) => numbers.code.len(),
        }
    }

    /// The memory that runs change.
    pub(crate) fn registers(&self) -> Data {
        match self {
            Small::F32(numbers) => Data::F32(numbers.start.clone()),
            Small::F64(numbers) => Data::F64(numbers.start.clone()),
        }
    }

    /// Runs it on the slab and the inputs that are given, and leaves gradients where kernels would, and outputs as well if
    /// somebody `reads` them.
    #[inline]
    pub(crate) fn run<'m, 'i>(
        &self,
        reads: bool,
        plan: &'m Verified<Plan>,
        registers: &mut Data,
        machine: &'m mut Machine,
        slab: DataRef<'_>,
        inputs: &[Option<DataRef<'i>>],
    ) -> Ran<'m, 'i> {
        let loss = match self {
            Small::F32(numbers) => numbers.run(reads, plan, f32::vec(registers), machine, slab, inputs),
            Small::F64(numbers) => numbers.run(reads, plan, f64::vec(registers), machine, slab, inputs),
        };
        machine.ran(plan, loss)
    }
}

impl<T: Float + Digits> Numbers<T> {
    fn of(plan: &Verified<Plan>, range: impl Fn(Param) -> Range<usize>) -> Option<Numbers<T>> {
        let graph = &plan.graph;
        if !graph.iter().all(|(_, node)| is_small(&node.meta)) {
            return None;
        }
        let mut metas: Vec<Option<&Meta>> = vec![None; plan.inputs.len()];
        let mut read: BTreeMap<usize, &Meta> = BTreeMap::new();
        for (_, node) in graph.iter() {
            match node.op {
                Op::Input(i) => metas[i as usize] = Some(&node.meta),
                Op::Parameter(p) if !node.meta.shape.contains(&0) => {
                    read.insert(range(p).start, &node.meta);
                }
                _ => {}
            }
        }
        metas.extend(read.values().copied().map(Some));
        // An input that nothing reads needs no registers.
        let none = Meta::new([0].into(), T::DTYPE);
        let arguments: Vec<&Meta> = metas.iter().map(|meta| meta.unwrap_or(&none)).collect();
        let number = |op: &Op| match *op {
            Op::Input(i) => Some(i as usize),
            Op::Parameter(p) if read.contains_key(&range(p).start) => {
                Some(plan.inputs.len() + read.range(..range(p).start).count())
            }
            _ => None,
        };
        let Spelled { code, mut start, arguments, results } = Spelled::of(graph, &arguments, number)?;
        let mut inputs = vec![];
        for (i, input) in plan.inputs.iter().enumerate().filter(|&(i, _)| metas[i].is_some()) {
            let (first, n) = (arguments[i], input.elements());
            match input {
                PlanInput::Given(_) => {
                    inputs.push((i, Moves::new((0..n).map(|k| (k, first as usize + k)))));
                }
                PlanInput::Constant(data) => {
                    start[first as usize..first as usize + n].copy_from_slice(&T::slice(data.borrow())[..n]);
                }
            }
        }
        let parameters =
            read.iter().zip(&arguments[plan.inputs.len()..]).flat_map(|((&start, meta), &first)| {
                (0..meta.shape.elements()).map(move |k| (start + k, first as usize + k))
            });
        let parameters = Moves::new(parameters);
        let (outputs, slopes) = results.split_at(plan.outputs.len());
        let first = outputs.first().and_then(|registers| registers.first()).copied();
        let to = |registers: &[Register], places: Range<usize>| {
            registers.iter().map(|&r| r as usize).zip(places).collect::<Vec<_>>()
        };
        let outputs = outputs.iter().map(|y| Moves::new(to(y, 0..y.len()).into_iter())).collect();
        let gradients = plan.gradients.iter().zip(slopes).flat_map(|(range, slope)| to(slope, range.clone()));
        let gradients = Moves::new(gradients);
        let is_float = plan.outputs.iter().all(|y| y.dtype == T::DTYPE);
        is_float.then_some(Numbers { code, start, parameters, inputs, outputs, first, gradients })
    }

    /// The result is the first number of the first output, if there is one.
    fn run(
        &self,
        reads: bool,
        plan: &Plan,
        r: &mut [T],
        machine: &mut Machine,
        slab: DataRef<'_>,
        inputs: &[Option<DataRef<'_>>],
    ) -> f64 {
        if !self.parameters.is_empty() {
            self.parameters.run(T::slice(slab), r);
        }
        for (i, moves) in &self.inputs {
            let data = inputs.get(*i).copied().flatten().unwrap_or_else(|| machine.staged(*i).borrow());
            moves.run(T::slice(data), r);
        }
        self.code.run(r);
        if reads {
            for (moves, y) in self.outputs.iter().zip(&plan.outputs) {
                moves.run(r, machine.output_mut(plan, y).slice_mut());
            }
        }
        if !self.gradients.is_empty() {
            self.gradients.run(r, machine.gradients_mut());
        }
        self.first.map_or(0.0, |register| r[register as usize].to_f64())
    }
}
