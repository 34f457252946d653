//! The state of a program: the buffers of one user.

use super::Program;
use crate::exec::Machine;

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
}

impl State {
    pub(super) fn new(program: &Program) -> State {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        State::with(program, threads)
    }

    pub(super) fn with(program: &Program, threads: usize) -> State {
        State { machine: Machine::new(&program.plan, program.empty_gradients(), threads) }
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
