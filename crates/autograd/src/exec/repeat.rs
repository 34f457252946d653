//! Running the body of a loop, step by step. Its plan is made once, and its buffers are the same in each step.

#![expect(unsafe_code, reason = "the machine runs on memory that this file keeps alive")]

use super::machine::Machine;
use super::scalars::Scalars;
use super::steps::{Parts, contiguous, stage, stage_turned};
use crate::buffers::Strided;
use crate::call::{Fault, Fill};
use crate::dtype::{DType, Data, DataMut, DataRef, Storable, each_dtype, with_float, with_type};
use crate::ir::{Held, Piece, Ports, Scan};
use crate::kernels::workers::Workers;
use crate::params::Gradients;
use crate::plan::{self, Buffer, Plan, Verified};
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// A body, ready to run.
#[derive(Debug)]
pub(crate) enum Repeated {
    /// By the kernels of its plan.
    Planned(Box<Planned>),
    /// Number by number, where no value has more than a few.
    F32(Scalars<f32>),
    F64(Scalars<f64>),
}

/// A body that was planned, and the memory of runs that have ended.
#[derive(Debug)]
pub(crate) struct Planned {
    plan: Verified<Plan>,
    idle: Mutex<Vec<Memory>>,
    /// The arguments whose transposes are the last inputs.
    turned: Vec<usize>,
    carries: Vec<Buffer>,
    /// For each output, whether each step may write it to where it is stacked.
    own: Vec<bool>,
    shares_work: bool,
}

/// The memory of one run.
#[derive(Debug)]
struct Memory {
    machine: Machine,
    parts: Parts,
    /// What is carried, between two steps.
    carries: Vec<Data>,
    /// Contiguous copies of operands that are not.
    staged: Vec<Data>,
}

impl Repeated {
    /// Plans the body of a loop by the passes that keep every bit.
    pub(crate) fn new(scan: &Scan) -> Repeated {
        let body = &*scan.body;
        let (plan, turned) = plan::turned_body(scan);
        if let Some(scalars) = Scalars::of(&plan.graph, body) {
            return Repeated::F64(scalars);
        }
        if let Some(scalars) = Scalars::of(&plan.graph, body) {
            return Repeated::F32(scalars);
        }
        let carries = body.arguments().take(body.ports.carried);
        let carries = carries.map(|m| Buffer { dtype: m.dtype, elements: m.shape.elements() }).collect();
        let own = (0..plan.outputs.len()).map(|i| plan.is_alone(i)).collect();
        let mut planned = Planned { plan, idle: Mutex::default(), turned, carries, own, shares_work: false };
        let first = planned.memory(scan);
        planned.shares_work = first.machine.shares_work();
        planned.idle = Mutex::new(vec![first]);
        Repeated::Planned(Box::new(planned))
    }

    /// Whether some kernel of a step is large enough for several threads.
    pub(crate) fn shares_work(&self) -> bool {
        matches!(self, Repeated::Planned(planned) if planned.shares_work)
    }

    /// Gives back the memory of runs that have ended.
    pub(crate) fn forget(&self) {
        if let Repeated::Planned(planned) = self {
            planned.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// Runs the steps, and fills the pieces of the result.
    pub(crate) fn run(
        &self,
        scan: &Scan,
        x: &[Strided<'_>],
        y: Fill<'_>,
        workers: &Workers,
    ) -> Result<(), Fault> {
        match self {
            Repeated::F32(scalars) => scalars.run(scan, x, y.slice()),
            Repeated::F64(scalars) => scalars.run(scan, x, y.slice()),
            Repeated::Planned(planned) => {
                let mut memory = planned.take(scan);
                memory.machine.share(workers);
                let done = memory.run(planned, scan, x, y);
                memory.machine.keep_results(&planned.plan);
                planned.give(memory);
                return done;
            }
        }
        Ok(())
    }
}

impl Planned {
    fn memory(&self, scan: &Scan) -> Memory {
        let plan = &self.plan;
        let gradients = Gradients::of(0, plan.parameters.dtype, 0, None);
        Memory {
            machine: Machine::new(plan, gradients, 1),
            parts: Parts::new(scan),
            carries: self.carries.iter().map(|b| Data::splat(b.dtype, 0.0, b.elements)).collect(),
            staged: plan.inputs.iter().map(|input| Data::empty(input.dtype())).collect(),
        }
    }

    fn take(&self, scan: &Scan) -> Memory {
        let free = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut memory = free.unwrap_or_else(|| self.memory(scan));
        if !memory.parts.are_of(scan) {
            memory.parts = Parts::new(scan);
        }
        memory
    }

    fn give(&self, memory: Memory) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

impl Memory {
    fn run(
        &mut self,
        planned: &Planned,
        scan: &Scan,
        x: &[Strided<'_>],
        mut y: Fill<'_>,
    ) -> Result<(), Fault> {
        let Memory { machine, parts: Parts { pieces, .. }, carries, staged } = self;
        x.iter().zip(staged.iter_mut()).for_each(|(x, staged)| stage(x, staged));
        for (&i, staged) in planned.turned.iter().zip(&mut staged[x.len()..]) {
            stage_turned(&x[i], staged);
        }
        let walk = Walk { planned, scan, x, staged, pieces, out: Row::of(&mut y.data, scan.steps) };
        let mut order = scan.order().peekable();
        walk.begin(carries, order.peek().copied());
        let mut sums_begun = false;
        // A step that reads nothing of its own and changes no carry: all after it are the same, and only their results are written.
        let mut is_still = false;
        while let Some(t) = order.next() {
            if !is_still {
                walk.connect(machine, carries, t);
                // SAFETY: every input was set above, to memory that is alive and that no kernel writes: the operands, and the
                // carries, which change only after the step.
                unsafe { machine.step(&planned.plan) }?;
            }
            walk.keep(machine, t, is_still, sums_begun);
            sums_begun = true;
            is_still = scan.body.ports.read == 0 && walk.is_still(machine, carries, t);
            walk.carry_on(machine, carries, order.peek().copied());
        }
        walk.end(carries, sums_begun);
        Ok(())
    }
}

/// What the steps of a run share: operands, and the row that they fill.
struct Walk<'a> {
    planned: &'a Planned,
    scan: &'a Scan,
    x: &'a [Strided<'a>],
    staged: &'a [Data],
    pieces: &'a [Piece],
    out: Row<'a>,
}

impl Walk<'_> {
    fn operand(&self, i: usize) -> DataRef<'_> {
        contiguous(&self.x[i], &self.staged[i])
    }

    /// Where the history of a carry is kept. The carry before a step lies in its place for that step.
    fn history(&self, i: usize) -> Option<&Piece> {
        self.pieces.iter().find(|piece| piece.held == Held::History(i))
    }

    /// A carry before a step.
    fn carry<'c>(&'c self, carries: &'c [Data], i: usize, t: usize) -> DataRef<'c> {
        self.history(i).map_or(carries[i].borrow(), |piece| self.out.get(piece, Some(t)))
    }

    fn begin(&self, carries: &mut [Data], first: Option<usize>) {
        for (i, carry) in carries.iter_mut().enumerate() {
            carry.borrow_mut().copy_from(self.operand(i));
            if let (Some(piece), Some(t)) = (self.history(i), first) {
                self.out.put(piece, Some(t), carry.borrow());
            }
        }
    }

    /// Tells a step where its inputs are, and the places of what it may write there.
    fn connect(&self, machine: &mut Machine, carries: &[Data], t: usize) {
        let ports = self.scan.body.ports;
        for i in 0..self.x.len() {
            let data = match i {
                i if i < ports.carried => self.carry(carries, i, t),
                i if ports.is_read(i) => {
                    let all = self.operand(i);
                    let each = all.len() / self.scan.steps;
                    all.part(t * each..(t + 1) * each)
                }
                i => self.operand(i),
            };
            machine.set_input(i, data);
        }
        let turned = self.staged.iter().enumerate().skip(self.x.len()).take(self.planned.turned.len());
        turned.for_each(|(i, turned)| machine.set_input(i, turned.borrow()));
        for piece in self.pieces {
            if let Some(i) = ports.of_each_step(piece.held).filter(|&i| self.planned.own[i]) {
                // SAFETY: the row is alive until the results are kept again, and a place is one result's.
                unsafe { machine.set_result(&self.planned.plan, i, self.out.get_mut(piece, Some(t))) };
            }
        }
    }

    /// Keeps what is stacked and what is summed, where the step did not write it to its place.
    fn keep(&self, machine: &Machine, t: usize, is_still: bool, sums_begun: bool) {
        let (plan, ports) = (&self.planned.plan, self.scan.body.ports);
        for piece in self.pieces {
            match (ports.of_each_step(piece.held), piece.held) {
                (Some(i), _) if is_still || !self.planned.own[i] => {
                    self.out.put(piece, Some(t), machine.result(plan, i));
                }
                (None, Held::Result(i)) if i >= ports.carried => match sums_begun {
                    true => add(self.out.get_mut(piece, None), machine.result(plan, i)),
                    false => self.out.put(piece, None, machine.result(plan, i)),
                },
                _ => {}
            }
        }
    }

    /// Whether a step changed no carry.
    fn is_still(&self, machine: &Machine, carries: &[Data], t: usize) -> bool {
        (0..carries.len()).all(|i| self.carry(carries, i, t).is_same(machine.result(&self.planned.plan, i)))
    }

    fn carry_on(&self, machine: &Machine, carries: &mut [Data], next: Option<usize>) {
        for (i, carry) in carries.iter_mut().enumerate() {
            let result = machine.result(&self.planned.plan, i);
            match (self.history(i), next) {
                (Some(piece), Some(_)) => self.out.put(piece, next, result),
                _ => carry.borrow_mut().copy_from(result),
            }
        }
    }

    /// Keeps the last carries, and clears sums over no steps.
    fn end(&self, carries: &[Data], sums_begun: bool) {
        let ports = self.scan.body.ports;
        for piece in self.pieces {
            match piece.held {
                Held::Result(i) if i < ports.carried => self.out.put(piece, None, carries[i].borrow()),
                Held::Result(i) if !sums_begun && !ports.is_stacked(i) => {
                    clear(self.out.get_mut(piece, None))
                }
                _ => {}
            }
        }
    }
}

/// The row of numbers that a run fills: an address, because a step writes some of its places and reads others.
struct Row<'a> {
    first: *mut u8,
    elements: usize,
    dtype: DType,
    steps: usize,
    of: PhantomData<&'a mut u8>,
}

impl<'a> Row<'a> {
    fn of(data: &'a mut DataMut<'_>, steps: usize) -> Row<'a> {
        let dtype = data.dtype();
        let (first, elements) = each_dtype!(DataMut, data, v => (v.as_mut_ptr().cast(), v.len()));
        Row { first, elements, dtype, steps, of: PhantomData }
    }

    /// Where a piece lies, or its part for one step.
    fn place(&self, piece: &Piece, step: Option<usize>) -> Range<usize> {
        let place = match step {
            Some(t) => {
                let each = piece.elements() / self.steps;
                piece.start + t * each..piece.start + (t + 1) * each
            }
            None => piece.start..piece.start + piece.elements(),
        };
        assert!(place.end <= self.elements, "a piece beyond its row");
        place
    }

    /// The numbers of a place. Nobody writes them while they are used: a run fills one place after the other.
    fn get(&self, piece: &Piece, step: Option<usize>) -> DataRef<'_> {
        let place = self.place(piece, step);
        // SAFETY: within the row, which this run alone uses.
        with_type!(self.dtype, T => T::share(unsafe {
            std::slice::from_raw_parts(self.first.cast::<T>().add(place.start), place.len())
        }))
    }

    /// The same, to be written. Nobody else uses the place meanwhile.
    fn get_mut(&self, piece: &Piece, step: Option<usize>) -> DataMut<'_> {
        let place = self.place(piece, step);
        // SAFETY: as above.
        with_type!(self.dtype, T => T::share_mut(unsafe {
            std::slice::from_raw_parts_mut(self.first.cast::<T>().add(place.start), place.len())
        }))
    }

    /// Writes a place.
    fn put(&self, piece: &Piece, step: Option<usize>, values: DataRef<'_>) {
        self.get_mut(piece, step).copy_from(values);
    }
}

impl Ports {
    /// The output of a body's plan that a piece has of each step, unless that is a carry.
    fn of_each_step(self, held: Held) -> Option<usize> {
        match held {
            Held::Result(i) => self.is_stacked(i).then_some(i),
            Held::Product(i) => Some(self.results() + i),
            Held::History(_) => None,
        }
    }
}

/// Adds the values of one step to those of the steps before.
fn add(sums: DataMut<'_>, values: DataRef<'_>) {
    with_float!(values.dtype(), T => {
        for (sum, &x) in T::slice_mut(sums).iter_mut().zip(T::slice(values)) {
            *sum += x;
        }
    });
}

/// A sum over no steps.
fn clear(sums: DataMut<'_>) {
    each_dtype!(DataMut, sums, v => v.fill(Default::default()));
}
