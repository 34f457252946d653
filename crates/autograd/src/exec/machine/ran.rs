//! What a run leaves in its machine, for who takes the gradients.

#![expect(unsafe_code, reason = "streamed products, of a verified plan, read memory that stays borrowed")]

use super::Machine;
use crate::code::MemoryView;
use crate::exec::stream::{self, Streams};
use crate::kernels::bases::Bases;
use crate::kernels::workers::Workers;
use crate::params::{self, Gradients};
use crate::plan::{Kernel, Plan, Verified, number};
use std::marker::PhantomData;

/// Where the memories of a plan begin while it runs, for an executor of another crate.
///
/// Each has at least the elements that the plan says, of its type, and those that the plan writes overlap no other. They stay
/// while the executor runs, and nobody else touches them.
#[derive(Clone, Copy, Debug)]
pub struct Addresses<'a>(pub(super) &'a Bases);

impl Addresses<'_> {
    /// How many memories there are.
    pub fn count(self) -> usize {
        self.0.count()
    }

    /// The first byte of a memory, by its number.
    ///
    /// # Panics
    /// If there is none of this number.
    #[inline]
    pub fn of(self, memory: usize) -> *mut u8 {
        self.0.address(memory)
    }
}

/// A run that succeeded. It keeps the inputs borrowed, because gradients that are still to be computed read them.
#[derive(Debug)]
pub(crate) struct Ran<'m, 'i> {
    pub(super) machine: &'m mut Machine,
    pub(super) plan: &'m Verified<Plan>,
    pub(super) inputs: PhantomData<&'i ()>,
}

impl<'m> Ran<'m, 'm> {
    /// Lets the gradients carry the loss, the first output.
    #[inline]
    pub(crate) fn carry_loss(&mut self) {
        let Ran { machine: Machine { buffers, gradients, .. }, plan, .. } = self;
        let y = &plan.outputs[0];
        // It is one number, whatever its shape.
        let loss = buffers[(y.memory - plan.first_buffer()) as usize].borrow().first(1);
        gradients.set_loss(number(loss));
    }

    /// Lets the gradients carry what was written to buffers, the last outputs.
    #[inline(never)]
    pub(crate) fn carry_writes(&mut self, writes: &[params::Buffer]) {
        let Ran { machine: Machine { buffers, gradients, .. }, plan, .. } = self;
        let (first, outputs) = (plan.first_buffer(), &plan.outputs);
        let output = |y: &MemoryView| buffers[(y.memory - first) as usize].borrow().first(y.shape.elements());
        for (&buffer, y) in writes.iter().zip(&outputs[outputs.len() - writes.len()..]) {
            gradients.write(buffer, output(y));
        }
    }

    /// The gradients, all of them computed, and the threads.
    #[inline]
    pub(crate) fn all_gradients(self) -> (&'m Gradients, &'m Workers) {
        (&self.machine.gradients, &self.machine.workers)
    }

    /// The gradients, the threads, and the streamed products: gradients that are still to be computed, with the largest that
    /// one of their numbers may be. If that is not accepted, they are computed here, and none are returned.
    #[inline]
    pub(crate) fn gradients(
        self,
        accepts: impl FnOnce(f64) -> bool,
    ) -> (&'m Gradients, &'m Workers, Option<(Streams<'m>, f64)>) {
        let Ran { machine, plan, .. } = self;
        let products = if plan.streams > 0 { machine.unless_computed(plan, accepts) } else { None };
        let (bases, scratch, workers) = (&machine.bases, &mut machine.products, &machine.workers);
        let streams = products.map(|(products, largest)| {
            // SAFETY: the products are part of a verified plan. They read inputs, constants and buffers, which stay borrowed.
            (unsafe { Streams::new(products, bases, scratch, workers) }, largest)
        });
        (&machine.gradients, workers, streams)
    }
}

impl Machine {
    /// The streamed products and a bound of their numbers; none if they were computed here.
    #[inline(never)]
    fn unless_computed<'p>(
        &mut self,
        plan: &'p Plan,
        accepts: impl FnOnce(f64) -> bool,
    ) -> Option<(&'p [Kernel], f64)> {
        let products = plan.streamed();
        // SAFETY: they are products of a verified plan, and nothing writes their operands now.
        let bound = |kernel: &Kernel| unsafe { stream::bound(kernel, &self.bases, &self.workers) };
        let largest = products.iter().map(bound).fold(0.0, f64::max);
        if largest < plan.parameters.dtype.max() / 10.0 && accepts(largest) {
            return Some((products, largest));
        }
        let first = plan.kernels.len() - products.len();
        for (i, kernel) in products.iter().enumerate() {
            self.kernel(first + i, kernel).expect("a product cannot fail");
        }
        None
    }
}
