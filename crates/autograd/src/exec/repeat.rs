//! Running the body of a loop, step by step. Its plan is made once, and its buffers are the same in each step.

#![expect(unsafe_code, reason = "the machine runs on memory that this file keeps alive")]

use super::machine::Machine;
use super::scalars::Scalars;
use super::steps::{Parts, contiguous, stage};
use crate::buffers::Strided;
use crate::call::{Fault, Fill};
use crate::dtype::{Data, DataMut, DataRef, Storable, each_dtype, with_float};
use crate::ir::{Held, Piece, Scan};
use crate::kernels::workers::Workers;
use crate::params::Gradients;
use crate::plan::{self, Buffer, Plan, Verified};
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
    carries: Vec<Buffer>,
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
        let plan = plan::body(scan);
        if let Some(scalars) = Scalars::of(&plan.graph, body) {
            return Repeated::F64(scalars);
        }
        if let Some(scalars) = Scalars::of(&plan.graph, body) {
            return Repeated::F32(scalars);
        }
        let carries = body.arguments().take(body.ports.carried);
        let carries = carries.map(|m| Buffer { dtype: m.dtype, elements: m.shape.elements() }).collect();
        let mut planned = Planned { plan, idle: Mutex::default(), carries, shares_work: false };
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
                let done = memory.run(&planned.plan, scan, x, y);
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
        plan: &Verified<Plan>,
        scan: &Scan,
        x: &[Strided<'_>],
        y: Fill<'_>,
    ) -> Result<(), Fault> {
        let Memory { machine, parts: Parts { pieces, .. }, carries, staged } = self;
        let (ports, pieces) = (scan.body.ports, &*pieces);
        x.iter().zip(staged.iter_mut()).for_each(|(x, staged)| stage(x, staged));
        let operand = |i: usize| contiguous(&x[i], &staged[i]);
        for (i, carry) in carries.iter_mut().enumerate() {
            carry.borrow_mut().copy_from(operand(i));
        }
        let mut out = y.data;
        let mut sums_begun = false;
        // A step that reads nothing of its own and changes no carry: all after it are the same, and only their results are written.
        let mut is_still = false;
        for t in scan.order() {
            for piece in pieces {
                if let Held::History(i) = piece.held {
                    put(&mut out, piece, Some(t), carries[i].borrow());
                }
            }
            if !is_still {
                for i in 0..x.len() {
                    let data = match i {
                        i if i < ports.carried => carries[i].borrow(),
                        i if ports.is_read(i) => {
                            let all = operand(i);
                            let each = all.len() / scan.steps;
                            all.part(t * each..(t + 1) * each)
                        }
                        i => operand(i),
                    };
                    machine.set_input(i, data);
                }
                // SAFETY: every input was set above, to memory that is alive and that no kernel writes: the operands, and the carries,
                // which change only after the step.
                unsafe { machine.step(plan) }?;
            }
            for piece in pieces {
                match piece.held {
                    Held::Result(i) if ports.is_stacked(i) => {
                        put(&mut out, piece, Some(t), machine.result(plan, i));
                    }
                    Held::Product(i) => {
                        put(&mut out, piece, Some(t), machine.result(plan, ports.results() + i));
                    }
                    Held::Result(i) if i >= ports.carried => match sums_begun {
                        true => add(&mut out, piece, machine.result(plan, i)),
                        false => put(&mut out, piece, None, machine.result(plan, i)),
                    },
                    _ => {}
                }
            }
            sums_begun = true;
            is_still = ports.read == 0 && is_same(carries, |i| machine.result(plan, i));
            for (i, carry) in carries.iter_mut().enumerate() {
                carry.borrow_mut().copy_from(machine.result(plan, i));
            }
        }
        for piece in pieces {
            match piece.held {
                Held::Result(i) if i < ports.carried => put(&mut out, piece, None, carries[i].borrow()),
                Held::Result(i) if !sums_begun && !ports.is_stacked(i) => clear(&mut out, piece),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Writes the values of one step to a piece: as one of all steps, or as the only ones.
fn put(out: &mut DataMut<'_>, piece: &Piece, step: Option<usize>, values: DataRef<'_>) {
    let start = piece.start + step.unwrap_or(0) * values.len();
    out.part(start..start + values.len()).copy_from(values);
}

/// Whether the next carries are those that are there, to the last bit.
fn is_same<'a>(carries: &[Data], next: impl Fn(usize) -> DataRef<'a>) -> bool {
    carries.iter().enumerate().all(|(i, carry)| carry.borrow().is_same(next(i)))
}

/// Adds the values of one step to those of the steps before.
fn add(out: &mut DataMut<'_>, piece: &Piece, values: DataRef<'_>) {
    with_float!(values.dtype(), T => {
        let sums = T::slice_mut(out.part(piece.start..piece.start + values.len()));
        for (sum, &x) in sums.iter_mut().zip(T::slice(values)) {
            *sum += x;
        }
    });
}

/// A sum over no steps.
fn clear(out: &mut DataMut<'_>, piece: &Piece) {
    let sums = out.part(piece.start..piece.start + piece.elements());
    each_dtype!(DataMut, sums, v => v.fill(Default::default()));
}
