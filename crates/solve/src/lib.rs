//! Solutions of equations as functions that have derivatives.
//!
//! | function | solves | its derivative |
//! |---|---|---|
//! | [`odeint`] | ẏ = f(t, y) | that of the steps |
//! | [`fixed_point`] | z = f(z) | by the theorem of implicit functions |
//! | [`root`] | r(z) = 0 | the same |
//!
//! ```
//! use autograd::Tape;
//! use solve::odeint;
//! // A pendulum: y = (angle, speed).
//! let tape = Tape::new();
//! let start = tape.var([0.1, 0.0]);
//! let pendulum = odeint(|_t, y| autograd::Var::stack(&[y.index(0, 1), -y.index(0, 0).sin()], 0));
//! let path = pendulum.solve(start, tape.constant([0.0, 1.0, 2.0]));
//! assert!((path.index(0, 2).index(0, 0).item() - 0.1 * 2f64.cos()).abs() < 1e-3);
//! ```

mod implicit;
mod linear;
mod ode;

pub use implicit::{Implicit, fixed_point, root};
pub use linear::Linear;
pub use ode::{Ode, odeint};
