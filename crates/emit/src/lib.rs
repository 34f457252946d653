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
mod ops;
mod product;
mod source;
mod tile;

pub use launch::{Argument, Launch, Launches, launches};
pub use source::Source;

use autograd::{Params, Program};
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
}

impl Emit for Program {
    fn emit_c(&self, params: &Params, name: &str) -> Result<Source, Refused> {
        source::print(self, params, name)
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
