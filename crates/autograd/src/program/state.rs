//! The state of a program: the buffers of one user.

use super::Program;
use crate::dtype::{DType, Data};
use crate::exec::{Machine, Small};
use crate::ir::Meta;
use crate::mistake::Mistake;
use crate::pages::can_be_had;
use crate::text::scaled;

/// The memory that runs of a [`Program`] write. [`Program::state`] makes it; each user of a program has one. It is `Send`.
///
/// ```
/// use autograd::{Params, Program};
/// let params = Params::f64();
/// let program = Program::trace(&params, |t| t.outputs(t.input("x", []).exp()))?;
/// let results = std::thread::scope(|scope| {
///     let run = |x: f64| program.run(&mut program.state(), &params, (x,)).map(|run| run.item(0));
///     let users = [0.0, 1.0].map(|x| scope.spawn(move || run(x)));
///     users.map(|user| user.join().unwrap())
/// });
/// assert_eq!(results[0], Ok(1.0));
/// # Ok::<(), autograd::ProgramError>(())
/// ```
#[derive(Debug)]
pub struct State {
    pub(super) machine: Machine,
    /// The registers of a program that runs number by number; else none.
    pub(super) registers: Data,
    /// The layout of the parameters that were found to be the program's.
    pub(super) checked: u64,
}

impl State {
    #[track_caller]
    pub(super) fn new(program: &Program) -> State {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        State::with(program, threads)
    }

    #[track_caller]
    pub(super) fn with(program: &Program, threads: usize) -> State {
        let bytes = program.memory();
        if !can_be_had(usize::try_from(bytes).unwrap_or(usize::MAX)) {
            program.no_memory(bytes).raise();
        }
        State {
            machine: Machine::new(&program.plan, program.empty_gradients(), threads),
            registers: program.small.as_ref().map_or(Data::empty(program.dtype), Small::registers),
            checked: 0,
        }
    }

    /// The same with so many threads at most; one means the caller alone. Results do not change by a bit. Without the
    /// feature `threads`, which is on by default, there is one.
    ///
    /// ```
    /// # use autograd::{Params, Program};
    /// let params = Params::f64();
    /// let program = Program::trace(&params, |t| t.outputs(t.input("x", [2]).exp()))?;
    /// assert_eq!(program.state().with_threads(1).threads(), 1);
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    pub fn with_threads(mut self, threads: usize) -> State {
        self.machine.set_threads(threads.max(1));
        self
    }

    /// Bytes of its buffers.
    pub fn bytes(&self) -> usize {
        self.machine.bytes()
    }

    /// How many threads a run may use. Results are the same, bit by bit, for any number.
    pub fn threads(&self) -> usize {
        self.machine.threads()
    }
}

impl Program {
    /// The bytes of the buffers and the gradients of a state.
    pub(super) fn memory(&self) -> u128 {
        let bytes = |dtype: DType, elements: usize| dtype.size() as u128 * elements as u128;
        let buffers = self.plan.buffers.iter().map(|b| bytes(b.dtype, b.elements));
        let gradients = if self.gradients.is_some() { self.elements } else { 0 };
        buffers.sum::<u128>() + bytes(self.dtype, gradients)
    }

    #[cold]
    fn no_memory(&self, bytes: u128) -> Mistake {
        let bytes = scaled(bytes as f64, "B");
        let mut mistake =
            Mistake::new(format!("state: the buffers of the program take {bytes}, which cannot be had"));
        let largest = self.plan.kernels.iter().max_by_key(|kernel| kernel.elements());
        if let Some(node) = largest.and_then(|kernel| kernel.nodes.last()) {
            let node = self.plan.graph.node(*node);
            let site = self.plan.graph.scopes.site(&node.origin);
            let Meta { shape, dtype } = &node.meta;
            let text = format!("{} {shape} {dtype}, recorded at {site}", node.op.name());
            mistake = mistake.line("largest", text);
        }
        mistake.rule("a state holds all buffers of its program").hint(
            "is an axis repeated that was meant to meet another one? `program.explain()` lists the buffers",
        )
    }
}
