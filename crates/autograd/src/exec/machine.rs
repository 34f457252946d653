//! The machine that runs a plan: the memory of one user of a program, and the loop over the kernels.

#![expect(
    unsafe_code,
    reason = "kernels run on raw memory: in a verified plan, nothing is written while it is read"
)]

mod needs;
mod ran;

pub use ran::Addresses;
pub(crate) use ran::Ran;

use self::needs::Needs;
use super::operands::{strided, view, whole};
use crate::buffers::Strided;
use crate::call::{Fault, Fill, Room};
use crate::code::MemoryView;
use crate::dtype::{Data, DataMut, DataRef, Float, Storable, each_dtype, with_float, with_type};
use crate::ir::Op;
use crate::kernels::bases::Bases;
use crate::kernels::matmul;
use crate::kernels::tile::{self, Linked};
use crate::kernels::workers::Workers;
use crate::params::Gradients;
use crate::plan::{
    Contents, FIRST_INPUT, GRADIENTS, Kernel, PARAMETERS, Plan, PlanInput, Seal, Verified, Work,
};
use crate::scratch::{Lines, Scratch};
use crate::slab::Slab;
use smallvec::SmallVec;
use std::marker::PhantomData;

/// All memory that runs of one plan write.
#[derive(Debug)]
pub(crate) struct Machine {
    /// The seal of the plan that it was made for.
    seal: Seal,
    buffers: Vec<Slab>,
    gradients: Gradients,
    workers: Workers,
    /// Copies of inputs that are not contiguous.
    staged: Vec<Data>,
    tiles: Lines,
    partials: Lines,
    products: Scratch,
    bases: Bases,
    needs: Needs,
    /// For each fused kernel, its loops.
    linked: Vec<Option<Linked>>,
}

/// A kernel that failed, because the values of its operands are impossible.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) kernel: usize,
    pub(crate) fault: Fault,
}

impl Machine {
    /// A machine for a plan, for so many threads. All memory is touched here, so that no run waits for a new page.
    pub(crate) fn new(plan: &Verified<Plan>, gradients: Gradients, threads: usize) -> Machine {
        let mut machine = Machine {
            seal: plan.seal().clone(),
            buffers: plan.buffers.iter().map(|b| Slab::splat(b.dtype, 0.0, b.elements)).collect(),
            gradients,
            staged: plan.inputs.iter().map(|input| Data::empty(input.dtype())).collect(),
            tiles: Lines::default(),
            partials: Lines::default(),
            products: Scratch::default(),
            bases: Bases::default(),
            workers: Workers::default(),
            needs: Needs::of(plan),
            linked: plan.kernels.iter().map(linked).collect(),
        };
        machine.bind_own(plan);
        machine.set_threads(threads);
        machine
    }

    /// Changes the number of threads. A plan whose kernels are all small runs on the caller's thread alone.
    pub(crate) fn set_threads(&mut self, threads: usize) {
        let threads = if self.needs.shares_work { threads } else { 1 };
        if self.workers.threads() != threads {
            self.workers = Workers::new(threads);
        }
        self.tiles.reserve(self.needs.tile_bytes * self.workers.threads());
        self.partials.reserve(self.needs.partial_bytes);
        self.products.reserve(self.needs.product_bytes, self.workers.threads());
    }

    /// Whether some kernel is large enough for several threads.
    pub(crate) fn shares_work(&self) -> bool {
        self.needs.shares_work
    }

    /// Shares work with the threads of somebody else, from now on.
    pub(crate) fn share(&mut self, workers: &Workers) {
        let threads = if self.needs.shares_work { workers.threads() } else { 1 };
        if self.workers.threads() != threads || threads > 1 {
            self.workers = if threads > 1 { workers.clone() } else { Workers::default() };
            self.set_threads(threads);
        }
    }

    /// The bytes of all its memory.
    pub(crate) fn bytes(&self) -> usize {
        let data = |d: &Data| d.len() * d.dtype().size();
        let slabs = self.buffers.iter().chain([self.gradients.slab()]);
        slabs.map(Slab::bytes).sum::<usize>()
            + self.staged.iter().map(data).sum::<usize>()
            + self.tiles.bytes()
            + self.partials.bytes()
            + self.products.bytes()
            + self.linked.iter().flatten().map(Linked::bytes).sum::<usize>()
    }

    /// Whether it was made for this plan. It runs no other.
    #[inline]
    pub(crate) fn is_of(&self, plan: &Verified<Plan>) -> bool {
        self.seal == *plan.seal()
    }

    /// How many threads may work at the same time.
    pub(crate) fn threads(&self) -> usize {
        self.workers.threads()
    }

    /// The buffer of an output of the plan.
    #[inline]
    pub(crate) fn output(&self, plan: &Plan, y: &MemoryView) -> DataRef<'_> {
        self.buffers[(y.memory - plan.first_buffer()) as usize].borrow()
    }

    /// The same, to be written.
    #[inline]
    pub(super) fn output_mut(&mut self, plan: &Plan, y: &MemoryView) -> &mut Slab {
        &mut self.buffers[(y.memory - plan.first_buffer()) as usize]
    }

    /// The slab of gradients, to be written.
    #[inline]
    pub(super) fn gradients_mut<T: Float>(&mut self) -> &mut [T] {
        self.unshare_gradients();
        let (first, elements) = (self.bases.first::<T>(GRADIENTS), self.bases.elements(GRADIENTS));
        // SAFETY: the address is that of the slab of gradients, which is this machine's and shared with nobody. Asking the slab
        // itself would take as long as a small step.
        unsafe { std::slice::from_raw_parts_mut(first.cast_mut(), elements) }
    }

    /// Leaves the gradients to a clone that shares them, if there is one, and goes on with a copy.
    #[inline]
    fn unshare_gradients(&mut self) {
        if self.gradients.is_shared() {
            self.bases.set_mut(GRADIENTS as usize, self.gradients.slab_mut().raw());
        }
    }

    /// Says that a run was made which left its results here, with this loss.
    #[inline]
    pub(super) fn ran<'m, 'i>(&'m mut self, plan: &'m Verified<Plan>, loss: f64) -> Ran<'m, 'i> {
        self.gradients.set_loss(loss);
        Ran { machine: self, plan, inputs: PhantomData }
    }

    /// The gradients of the last run.
    pub(crate) fn gradients(&self) -> &Gradients {
        &self.gradients
    }

    /// The copy of an input that is not contiguous.
    pub(crate) fn staged(&self, input: usize) -> &Data {
        &self.staged[input]
    }

    /// The same, to be written.
    pub(crate) fn staged_mut(&mut self, input: usize) -> &mut Data {
        &mut self.staged[input]
    }

    /// Runs the first `kernels` kernels. `inputs` are the inputs that come with each run, in order; `None` means that the input
    /// was copied to [`staged_mut`](Machine::staged_mut).
    ///
    /// # Panics
    /// If the machine was made for another plan, or a memory is too short or of another type.
    #[inline]
    pub(crate) fn run<'m, 'i>(
        &'m mut self,
        plan: &'m Verified<Plan>,
        kernels: usize,
        slab: DataRef<'_>,
        inputs: &[Option<DataRef<'i>>],
        mut before: impl FnMut(usize),
    ) -> Result<Ran<'m, 'i>, Failed> {
        assert!(self.is_of(plan), "a machine runs the plan that it was made for");
        self.bind(plan, slab, inputs);
        self.workers.wake();
        for (i, kernel) in plan.kernels[..kernels].iter().enumerate() {
            before(i);
            if let Err(fault) = self.kernel(i, kernel) {
                return Err(Failed { kernel: i, fault });
            }
        }
        before(kernels);
        Ok(Ran { machine: self, plan, inputs: PhantomData })
    }

    /// Lets somebody else run all kernels, on the memories of this machine: `executor` tells whether it did.
    ///
    /// # Panics
    /// As [`run`](Machine::run).
    #[inline]
    pub(crate) fn run_by<'m, 'i>(
        &'m mut self,
        plan: &'m Verified<Plan>,
        slab: DataRef<'_>,
        inputs: &[Option<DataRef<'i>>],
        executor: impl FnOnce(Addresses<'_>) -> bool,
    ) -> Option<Ran<'m, 'i>> {
        assert!(self.is_of(plan), "a machine runs the plan that it was made for");
        self.bind(plan, slab, inputs);
        executor(Addresses(&self.bases)).then_some(Ran { machine: self, plan, inputs: PhantomData })
    }

    /// Sets the address of an input, until it is set again.
    ///
    /// # Panics
    /// If it is too short or of another type.
    pub(crate) fn set_input(&mut self, input: usize, data: DataRef<'_>) {
        self.bases.set(FIRST_INPUT as usize + input, data);
    }

    /// Runs all kernels on the inputs that were set one by one.
    ///
    /// # Safety
    /// Every input was set, to memory that is alive, and that nobody writes during the call.
    ///
    /// # Panics
    /// If the machine was made for another plan.
    pub(crate) unsafe fn step(&mut self, plan: &Verified<Plan>) -> Result<(), Fault> {
        assert!(self.is_of(plan), "a machine runs the plan that it was made for");
        plan.kernels.iter().enumerate().try_for_each(|(i, kernel)| self.kernel(i, kernel))
    }

    /// The elements of an output of the plan, where the last step wrote them.
    pub(crate) fn result(&self, plan: &Plan, output: usize) -> DataRef<'_> {
        let y = &plan.outputs[output];
        // SAFETY: an output begins its buffer, or what [`set_result`](Machine::set_result) put in the buffer's place.
        with_type!(y.dtype, T => T::share(unsafe {
            std::slice::from_raw_parts(self.bases.first(y.memory), y.shape.elements())
        }))
    }

    /// Lets steps write an output [that is alone](Plan::is_alone) in its buffer elsewhere.
    ///
    /// # Safety
    /// The memory is alive, and nobody else writes it, until the result is set again or
    /// [`keep_results`](Machine::keep_results).
    ///
    /// # Panics
    /// If the memory is too short or of another type.
    pub(crate) unsafe fn set_result(&mut self, plan: &Plan, output: usize, mut to: DataMut<'_>) {
        let memory = plan.outputs[output].memory as usize;
        let base = each_dtype!(DataMut, &mut to, v => (v.as_mut_ptr().cast(), v.len()));
        self.bases.set_mut(memory, (base.0, base.1, plan.outputs[output].dtype));
    }

    /// Lets all outputs be written to buffers again.
    pub(crate) fn keep_results(&mut self, plan: &Plan) {
        for y in &plan.outputs {
            let buffer = &mut self.buffers[(y.memory - plan.first_buffer()) as usize];
            self.bases.set_mut(y.memory as usize, buffer.raw());
        }
    }

    /// Sets the addresses of memories that may differ from run to run.
    #[inline]
    fn bind(&mut self, plan: &Plan, slab: DataRef<'_>, inputs: &[Option<DataRef<'_>>]) {
        self.bases.set(PARAMETERS as usize, slab);
        self.unshare_gradients();
        for (i, input) in plan.inputs.iter().enumerate() {
            if let PlanInput::Given(_) = input {
                let data = inputs.get(i).copied().flatten().unwrap_or_else(|| self.staged[i].borrow());
                self.bases.set(FIRST_INPUT as usize + i, data);
            }
        }
    }

    /// Sets the addresses of memories that stay: those of this machine, and the constants of the plan.
    fn bind_own(&mut self, plan: &Plan) {
        let first_buffer = plan.first_buffer() as usize;
        self.bases = Bases::new(plan.memories().map(|memory| (memory.dtype, memory.elements)));
        self.bases.set_mut(GRADIENTS as usize, self.gradients.slab_mut().raw());
        for (number, memory) in plan.memories().enumerate() {
            if let Contents::Constant(data) = memory.contents {
                self.bases.set(number, data);
            }
        }
        for (i, buffer) in self.buffers.iter_mut().enumerate() {
            self.bases.set_mut(first_buffer + i, buffer.raw());
        }
    }

    /// Runs kernel number `i` of the machine's plan, after `bind`.
    #[inline]
    fn kernel(&mut self, i: usize, kernel: &Kernel) -> Result<(), Fault> {
        match &kernel.work {
            Work::Tile(code) => {
                let linked = self.linked[i].as_mut().expect("every fused kernel is linked");
                let (tiles, partials) = (&mut self.tiles, &mut self.partials);
                // SAFETY: the plan is verified, its memories are set, and kernels run one after the other. `linked` was made
                // from this code, and `set_threads` has reserved scratch for the kernel that needs most.
                unsafe { tile::run(code, linked, &self.bases, tiles, partials, &self.workers) };
                Ok(())
            }
            Work::Product { a, b, c } => {
                with_float!(c.dtype, T => {
                    // SAFETY: the plan is verified, so the operands do not overlap the result. Nothing else writes now.
                    let (a, b, c) = unsafe {
                        let (a, b) = (view::<T>(&self.bases, a, c.memory), view::<T>(&self.bases, b, c.memory));
                        (a, b, whole(&self.bases, c))
                    };
                    matmul::matmul(a, b, c, &mut self.products, &self.workers);
                });
                Ok(())
            }
            Work::Op { op, x, y } => self.op(op, x, y),
        }
    }

    /// Runs an op by its eager kernel.
    fn op(&mut self, op: &Op, x: &[MemoryView], y: &MemoryView) -> Result<(), Fault> {
        // SAFETY: the plan is verified, so the operands do not overlap the result. Nothing else writes now.
        let operands: SmallVec<[Strided<'_>; 16]> =
            x.iter().map(|x| unsafe { strided(&self.bases, x, y.memory) }).collect();
        // SAFETY: as above; the result lies within its memory.
        let data = with_type!(y.dtype, T => T::share_mut(unsafe { whole::<T>(&self.bases, y) }));
        let result = Fill { shape: &y.shape, data };
        op.compute(&operands, result, &mut Room { scratch: &mut self.products, workers: &self.workers })
    }
}

fn linked(kernel: &Kernel) -> Option<Linked> {
    match &kernel.work {
        Work::Tile(code) => Some(tile::link(code)),
        _ => None,
    }
}
