//! Programs compiled for this machine: by its C compiler, while the program runs, with the bits of the engine.
//!
//! ```
//! use autograd::{Params, Program};
//! use emit::native::{Compile, NativeError};
//! let mut params = Params::f64();
//! let w = params.scope("net").param("w", [2, 1], [1.0, -1.0]);
//! let program = Program::trace(&params, |t| {
//!     let loss = (t.input("x", [3, 2]).matmul(w) - t.input("y", [3, 1])).square().mean();
//!     t.outputs(loss).with_names(["loss"]).with_gradients()
//! })?;
//! let (x, y) = ([[1.0, 2.0], [3.0, 4.0], [5.0, 5.0]], [0.5, 0.5, 0.0]);
//! match program.native() {
//!     Ok(native) => {
//!         let mut state = native.state();
//!         let run = native.run(&mut state, &params, (&x, &y))?;
//!         let mut state = program.state();
//!         let same = program.run(&mut state, &params, (&x, &y))?;
//!         assert_eq!(run.item("loss").to_bits(), same.item("loss").to_bits());
//!         assert_eq!(run.grads().get::<f64>(w), same.grads().get::<f64>(w));
//!     }
//!     Err(NativeError::NoCompiler { command, .. }) => println!("no `{command}` here: the program runs as it is"),
//!     Err(error) => panic!("{error}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Compiling takes a tenth of a second to some seconds; the result is kept in a folder (see [`Compiler`]), and found there the next
//! time. A [`Native`] runs on the caller's thread alone, and so its results do not depend on threads.

mod compiler;
mod error;
mod system;
mod text;
mod training;

pub use compiler::Compiler;
pub use error::NativeError;
pub use training::NativeTraining;

use autograd::{Inputs, Optimizer, Params, Program, ProgramError, Run, State, StepError};
use compiler::Object;
use std::borrow::Borrow;
use std::path::Path;
use system::Line;

/// Programs, compiled.
pub trait Compile {
    /// The program, compiled by the machine's C compiler: that of the variable `CC`, or else `cc`.
    ///
    /// # Errors
    /// If there is no compiler or it fails, if an op has no text, if the folder of the cache cannot be written. The program itself
    /// runs in any case.
    fn native(&self) -> Result<Native<&Program>, NativeError>;
}

impl Compile for Program {
    fn native(&self) -> Result<Native<&Program>, NativeError> {
        Compiler::default().compile(self)
    }
}

impl Compiler {
    /// Compiles a program, or finds what was compiled before. The program is given as a reference, or as an `Arc` or itself where
    /// the result is to be kept in a structure.
    ///
    /// # Errors
    /// As [`Compile::native`].
    pub fn compile<P: Borrow<Program>>(&self, program: P) -> Result<Native<P>, NativeError> {
        let (text, work) = text::print(program.borrow()).map_err(NativeError::Refused)?;
        Ok(Native { program, object: self.load(&text)?, work })
    }
}

/// A program that runs as machine code of its own, on the caller's thread. Clones share the code.
///
/// It has the faces of the [`Program`] that it was made of, and its bits. Where an index does not exist, the engine runs once more,
/// to say which.
#[derive(Clone, Debug)]
pub struct Native<P> {
    program: P,
    object: Object<system::Run>,
    work: usize,
}

/// The memory that runs of a [`Native`] write: that of a program's [`State`], and what the kernels need beside it.
#[derive(Debug)]
pub struct NativeState {
    state: State,
    work: Vec<Line>,
}

impl NativeState {
    /// The bytes of its buffers.
    pub fn bytes(&self) -> usize {
        self.state.bytes() + size_of_val(&self.work[..])
    }
}

impl<P: Borrow<Program>> Native<P> {
    /// The program that it was made of.
    pub fn program(&self) -> &Program {
        self.program.borrow()
    }

    /// The file that was loaded.
    pub fn file(&self) -> &Path {
        &self.object.path
    }

    /// Whether the file was there before.
    pub fn was_cached(&self) -> bool {
        self.object.was_cached
    }

    /// Buffers to run in. Make one for each user, and keep it.
    ///
    /// # Panics
    /// If the memory for them cannot be had.
    #[track_caller]
    pub fn state(&self) -> NativeState {
        let state = self.program().state().with_threads(1);
        NativeState { state, work: Line::zeros(self.work) }
    }

    /// Runs it, as [`Program::run`].
    ///
    /// # Errors
    /// As [`Program::run`].
    #[inline]
    pub fn run<'s>(
        &'s self,
        state: &'s mut NativeState,
        params: &Params,
        inputs: impl Inputs,
    ) -> Result<Run<'s>, ProgramError> {
        let NativeState { state, work } = state;
        self.program().run_by(state, params, inputs, |memories| self.object.loaded.run(memories, work))
    }

    /// Runs it, lets an optimiser change the parameters by the gradients, and gives the loss as it was before, as
    /// [`Program::step`].
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// use emit::native::Compile;
    /// use optim::Sgd;
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [3.0, 1.0]);
    /// let program = Program::trace(&params, |t| t.outputs(t.param(w).square().sum()).with_gradients())?;
    /// if let Ok(native) = program.native() {
    ///     let (mut state, mut sgd) = (native.state(), Sgd::new(0.25)?);
    ///     let losses = [(); 3].map(|()| native.step(&mut state, &mut params, &mut sgd, ()).unwrap());
    ///     assert_eq!(losses, [10.0, 2.5, 0.625]);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::step`].
    ///
    /// # Panics
    /// As [`Program::step`].
    #[inline]
    #[track_caller]
    pub fn step(
        &self,
        state: &mut NativeState,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        inputs: impl Inputs,
    ) -> Result<f64, StepError> {
        self.step_outputs(state, params, optimizer, inputs).map(|run| run.item(0))
    }

    /// As [`step`](Native::step), and gives all outputs, as they were before the update. All gradients can be read after it.
    ///
    /// # Errors
    /// As [`step`](Native::step).
    ///
    /// # Panics
    /// As [`step`](Native::step).
    #[inline]
    #[track_caller]
    pub fn step_outputs<'s>(
        &'s self,
        state: &'s mut NativeState,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        inputs: impl Inputs,
    ) -> Result<Run<'s>, StepError> {
        let NativeState { state, work } = state;
        self.program()
            .step_by(state, params, optimizer, inputs, |memories| self.object.loaded.run(memories, work))
    }
}
