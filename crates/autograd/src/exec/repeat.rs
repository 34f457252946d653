//! Running the body of a loop, step by step. Its plan is made once, and its buffers are the same in each step.

#![expect(unsafe_code, reason = "the machine runs on memory that this file keeps alive")]

use super::machine::Machine;
use crate::buffers::Strided;
use crate::call::{Fault, Fill};
use crate::dtype::{Data, DataMut, DataRef, Storable, each_dtype, with_float, with_type};
use crate::ir::{Body, Held, Piece, Ports};
use crate::kernels::elementwise;
use crate::kernels::workers::Workers;
use crate::params::{Gradients, Params};
use crate::plan::{Graph, Passes, Plan, Verified, plan};
use std::sync::Mutex;

/// A body that was planned, and the memory of runs that have ended.
#[derive(Debug)]
pub(crate) struct Repeated {
    plan: Verified<Plan>,
    idle: Mutex<Vec<Memory>>,
    shares_work: bool,
}

/// The memory of one run.
#[derive(Debug)]
struct Memory {
    machine: Machine,
    /// What is carried, between two steps.
    carries: Vec<Data>,
    /// Contiguous copies of operands that are not.
    staged: Vec<Data>,
}

impl Repeated {
    /// Plans a body by the passes that keep every bit.
    pub(crate) fn new(body: &Body) -> Repeated {
        let params = Params::f64();
        let plan = plan(Graph::of_body(body), &params, &[], Passes::exact());
        let first = Memory::new(&plan, body);
        let shares_work = first.machine.shares_work();
        Repeated { plan, idle: Mutex::new(vec![first]), shares_work }
    }

    /// Whether some kernel of a step is large enough for several threads.
    pub(crate) fn shares_work(&self) -> bool {
        self.shares_work
    }

    /// Runs the steps in this order, and fills the pieces of the result.
    pub(crate) fn run(
        &self,
        body: &Body,
        pieces: &[Piece],
        order: impl Iterator<Item = usize>,
        x: &[Strided<'_>],
        y: Fill<'_>,
        workers: &Workers,
    ) -> Result<(), Fault> {
        let idle = || self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let free = idle().pop();
        let mut memory = free.unwrap_or_else(|| Memory::new(&self.plan, body));
        memory.machine.share(workers);
        let done = memory.run(&self.plan, body.ports, pieces, order, x, y);
        idle().push(memory);
        done
    }
}

impl Memory {
    fn new(plan: &Verified<Plan>, body: &Body) -> Memory {
        let gradients = Gradients::of(0, plan.parameters.dtype, 0, None);
        let arguments = body.arguments();
        let staged = arguments.map(|meta| Data::empty(meta.dtype)).collect();
        let carries = body.arguments().take(body.ports.carried);
        let carries = carries.map(|meta| Data::splat(meta.dtype, 0.0, meta.shape.elements())).collect();
        Memory { machine: Machine::new(plan, gradients, 1), carries, staged }
    }

    fn run(
        &mut self,
        plan: &Verified<Plan>,
        ports: Ports,
        pieces: &[Piece],
        order: impl Iterator<Item = usize>,
        x: &[Strided<'_>],
        y: Fill<'_>,
    ) -> Result<(), Fault> {
        let Memory { machine, carries, staged } = self;
        let stacked = ports.carried..ports.carried + ports.stacked;
        let operands: Vec<DataRef<'_>> =
            x.iter().zip(staged.iter_mut()).map(|(x, staged)| contiguous(x, staged)).collect();
        for (carry, x) in carries.iter_mut().zip(&operands) {
            carry.borrow_mut().copy_from(*x);
        }
        let mut out = y.data;
        let mut sums_begun = false;
        for t in order {
            for piece in pieces {
                if let Held::History(i) = piece.held {
                    put(&mut out, piece, Some(t), carries[i].borrow());
                }
            }
            for (i, operand) in operands.iter().enumerate() {
                let data = match i {
                    i if i < ports.carried => carries[i].borrow(),
                    i if i < ports.carried + ports.read => {
                        let each = operand.len() / x[i].shape[0];
                        operand.part(t * each..(t + 1) * each)
                    }
                    _ => *operand,
                };
                machine.set_input(i, data);
            }
            // SAFETY: every input was set above, to memory that is alive and that no kernel writes: the operands, and the carries,
            // which change only after the step.
            unsafe { machine.step(plan) }?;
            for piece in pieces {
                if let Held::Result(i) = piece.held
                    && i >= ports.carried
                {
                    let values = machine.result(plan, i);
                    match stacked.contains(&i) {
                        true => put(&mut out, piece, Some(t), values),
                        false if sums_begun => add(&mut out, piece, values),
                        false => put(&mut out, piece, None, values),
                    }
                }
            }
            sums_begun = true;
            for (i, carry) in carries.iter_mut().enumerate() {
                carry.borrow_mut().copy_from(machine.result(plan, i));
            }
        }
        for piece in pieces {
            match piece.held {
                Held::Result(i) if i < ports.carried => put(&mut out, piece, None, carries[i].borrow()),
                Held::Result(i) if !sums_begun && !stacked.contains(&i) => clear(&mut out, piece),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The elements of an operand in row-major order: where they are, or in a copy.
fn contiguous<'a>(x: &Strided<'a>, staged: &'a mut Data) -> DataRef<'a> {
    with_type!(x.dtype(), T => {
        let view = x.view::<T>();
        match view.as_slice() {
            Some(values) => T::share(values),
            None => {
                let values = T::vec(staged);
                values.clear();
                values.resize(x.shape.iter().product(), T::default());
                elementwise::copy(view, values);
                T::share(values)
            }
        }
    })
}

/// Writes the values of one step to a piece: as one of all steps, or as the only ones.
fn put(out: &mut DataMut<'_>, piece: &Piece, step: Option<usize>, values: DataRef<'_>) {
    let start = piece.start + step.unwrap_or(0) * values.len();
    out.part(start..start + values.len()).copy_from(values);
}

/// Adds the values of one step to those of the steps before.
fn add(out: &mut DataMut<'_>, piece: &Piece, values: DataRef<'_>) {
    with_float!(values.dtype(), T => {
        let sums = T::slice_mut(out.part(piece.start..piece.start + values.len()));
        for (sum, &x) in sums.iter_mut().zip(T::slice(values)) {
            *sum = *sum + x;
        }
    });
}

/// A sum over no steps.
fn clear(out: &mut DataMut<'_>, piece: &Piece) {
    let sums = out.part(piece.start..piece.start + piece.elements());
    each_dtype!(DataMut, sums, v => v.fill(Default::default()));
}
