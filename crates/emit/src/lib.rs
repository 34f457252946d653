//! Programs as source: a traced computation becomes one header in C11, readable and self-contained, that computes the same bits.
//!
//! ```
//! use autograd::{Params, Program};
//! use emit::Emit;
//! let mut params = Params::f32();
//! let w = params.scope("net").param("w", [2, 1], [1.0, -1.0]);
//! let program = Program::trace(&params, |t| t.outputs(t.input("x", [3, 2]).matmul(w).tanh()).with_names(["y"]))?;
//! let source = program.emit_c(&params, "net")?;
//! let text = source.to_string();
//! assert!(text.contains("static inline int net_run(const float *parameters, const float *in_x, void *work)"));
//! assert!(text.contains("static inline const float *net_y(const void *work)"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The text is a list of loops, each a kernel of the plan, and the functions that they call. The functions are not written again:
//! the engine's own table prints itself. The same text is CUDA C++, where loops become threads.
//!
//! A header holds what its kernels call and nothing else. With the feature `native`, programs are compiled by the machine's C compiler and
//! run: the module `native`.
//!
//! # What is the same
//! Every number has the bits that [`Program::run`] gives, if the compiler contracts nothing (`-ffp-contract=off`; `--fmad=false` for
//! CUDA) and keeps subnormals. A multiply-add is fused where the engine fuses it; where the processor has none, a correctly rounded
//! function of the header takes its place.

mod at;
mod functions;
mod kernel;
mod launch;
mod layout;
mod loops;
mod memory;
#[cfg(feature = "native")]
pub mod native;
mod ops;
mod product;
mod source;
mod terms;
mod tile;
mod training;

pub use launch::{Argument, Launch, Launches, launches};
pub use source::Source;

use autograd::{Optimizer, Params, Program};
use std::fmt;

/// Programs as source.
pub trait Emit {
    /// The program as a header of C11 whose names begin with `name`.
    ///
    /// `name_run(parameters, gradients, inputs…, work)` runs it once, in memory of `NAME_WORK` bytes that the caller gives; `gradients`
    /// is there if the program has gradients. `name_output(work)` tells where a result is. With `NAME_VALUES` defined before the
    /// header is included, `name_parameters` are the values of `params`.
    ///
    /// # Errors
    /// [`Refused`] if the program was traced for other parameters, or contains an op that has no text.
    fn emit_c(&self, params: &Params, name: &str) -> Result<Source, Refused>;

    /// The same header with a step of training: `name_step(parameters, inputs…, memory, work)` runs the program, and updates the
    /// parameters by the gradients and what the optimiser remembers in `memory`, of `NAME_MEMORY` bytes, with the bits of
    /// [`Program::step`] from a first step on. It gives 0; 1 as `name_run` does; 2, and changes no parameter, if the loss, a
    /// gradient or a result is not finite.
    ///
    /// The optimiser is a formula of one number whose coefficients are given by the step (SGD, momentum, RMSprop, Adagrad, Adadelta,
    /// Adam and its kin, Lion), in groups or not, after clipping by value or by the Euclidean norm or not. Its hyper-parameters become
    /// constants of the header.
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// use emit::Emit;
    /// use optim::{Adam, Pipeline};
    /// let mut params = Params::f32();
    /// let w = params.scope("net").param("w", [2, 1], [1.0, -1.0]);
    /// let program = Program::trace(&params, |t| t.outputs(t.input("x", [3, 2]).matmul(w).square().mean()).with_gradients())?;
    /// let adam = Pipeline::new(Adam::new(0.01)?).clip_norm(1.0)?;
    /// let text = program.emit_c_training(&params, &adam, "net")?.to_string();
    /// assert!(text.contains("static inline int net_step(float *parameters, const float *in_x, void *memory, void *work)"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`emit_c`](Emit::emit_c); and if the program has no gradients or writes state that is not trained, or the update has no text.
    fn emit_c_training(
        &self,
        params: &Params,
        optimizer: &dyn Optimizer,
        name: &str,
    ) -> Result<Source, Refused>;
}

impl Emit for Program {
    fn emit_c(&self, params: &Params, name: &str) -> Result<Source, Refused> {
        source::print(self, params, None, name, true)
    }

    fn emit_c_training(
        &self,
        params: &Params,
        optimizer: &dyn Optimizer,
        name: &str,
    ) -> Result<Source, Refused> {
        source::print(self, params, Some(optimizer), name, true)
    }
}

/// What has no text, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// An op, or the program.
    pub what: String,
    /// The reason.
    pub why: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no source: {}", self.what, self.why)
    }
}

impl std::error::Error for Refused {}
