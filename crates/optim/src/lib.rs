//! Gradient-descent optimisers. They update the slab of [`Params`](autograd::Params), or a single point.
//!
//! ```
//! use autograd::{Params, Tape};
//! use optim::{Adam, Optimizer};
//!
//! let mut params = Params::f64();
//! let w = params.scope("net").param("w", [2], [3.0, 2.0]);
//! let mut adam = Adam::new(0.1)?;
//! for _ in 0..100 {
//!     let tape = Tape::with(&params);
//!     let grads = tape.param(w).square().sum().backward();
//!     adam.step(&mut params, &grads)?; // the gradients are owned: the tape's borrow has ended
//! }
//! assert!(params.get::<f64>(w).iter().all(|w| w.abs() < 0.1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A step does not compile while the tape still borrows the parameters:
//!
//! ```compile_fail,E0502
//! # use autograd::{Params, Tape};
//! # use optim::{Adam, Optimizer};
//! # let mut params = Params::f64();
//! # let w = params.scope("net").param("w", [2], [3.0, 2.0]);
//! # let mut adam = Adam::new(0.1)?;
//! let tape = Tape::with(&params);
//! let loss = tape.param(w).square().sum();
//! let grads = loss.backward();
//! adam.step(&mut params, &grads)?;
//! println!("{}", loss.item()); // reads the parameters that have changed
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It compiles if all values are read before the step:
//!
//! ```
//! # use autograd::{Params, Tape};
//! # use optim::{Adam, Optimizer};
//! # let mut params = Params::f64();
//! # let w = params.scope("net").param("w", [2], [3.0, 2.0]);
//! # let mut adam = Adam::new(0.1)?;
//! let tape = Tape::with(&params);
//! let loss = tape.param(w).square().sum();
//! let (value, grads) = (loss.item(), loss.backward());
//! adam.step(&mut params, &grads)?;
//! println!("{value}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Functions that can be called again are minimised in far fewer steps: see [`minimize`].
//!
//! # Your own
//!
//! An optimiser is the update of one number ([`Formula`]) or of a whole tensor ([`TensorRule`]), and a schedule is a function of the step.
//! Checks, state, groups, checkpoints and fused updates in programs come with the rest:
//!
//! ```
//! use autograd::{Num, Number, Params, Tape};
//! use optim::{Descent, Formula, Hyperparameters, Optimizer, Range, Schedule};
//!
//! /// Momentum whose rate falls with what the gradients have been: v ← v + |g|,  m ← μ·m + g,  p ← p − η·m/(1 + v).
//! #[derive(Clone, Debug)]
//! struct Calm {
//!     rate: f64,
//!     momentum: f64,
//! }
//!
//! impl Formula<2, 2> for Calm {
//!     const STATE: [&'static str; 2] = ["m", "v"];
//!     fn coefficients(&self, _t: u64) -> [f64; 2] {
//!         [self.rate, self.momentum]
//!     }
//!     fn update<N: Number>(
//!         [rate, momentum]: [Num<N>; 2], p: Num<N>, g: Num<N>, [m, v]: [Num<N>; 2],
//!     ) -> (Num<N>, [Num<N>; 2]) {
//!         let (m, v) = (momentum * m + g, v + g.abs());
//!         (p - rate * m / (1.0 + v), [m, v])
//!     }
//!     fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
//!         each("learning_rate", &mut self.rate, Range::NOT_NEGATIVE);
//!         each("momentum", &mut self.momentum, Range::DECAY);
//!     }
//! }
//!
//! let mut params = Params::f64();
//! let w = params.scope("net").param("w", [2], [3.0, 2.0]);
//! let rate = Schedule::of(|step| 0.2 / (1.0 + step as f64 / 100.0)); // a schedule of yours
//! let mut calm = Descent::of(Calm { rate: 0.2, momentum: 0.9 })?;
//! for step in 0..300 {
//!     calm.set_learning_rate(rate.at(step))?;
//!     let tape = Tape::with(&params);
//!     let grads = tape.param(w).square().sum().backward();
//!     calm.step(&mut params, &grads)?;
//! }
//! assert!(params.get::<f64>(w).iter().all(|w| w.abs() < 0.05), "{params}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adabelief;
mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod amsgrad;
mod asgd;
mod average;
mod data;
mod descent;
mod elsewhere;
mod formula;
mod group;
mod lamb;
mod lars;
mod lion;
mod lookahead;
mod loops;
mod memory;
pub mod minimize;
mod momentum;
mod muon;
mod nadam;
mod novograd;
mod pipeline;
mod plateau;
mod radam;
mod rmsprop;
mod rprop;
mod schedule;
mod sgd;
mod sign_sgd;
mod tensors;
mod yogi;

pub use adabelief::{AdaBelief, AdaBeliefFormula};
pub use adadelta::{Adadelta, AdadeltaFormula};
pub use adafactor::{Adafactor, AdafactorRule};
pub use adagrad::{Adagrad, AdagradFormula};
pub use adam::{Adam, AdamFormula, AdamW};
pub use adamax::{Adamax, AdamaxFormula};
pub use amsgrad::{AmsGrad, AmsGradFormula};
pub use asgd::{Asgd, AsgdFormula};
pub use autograd::loops::Coefficient;
pub use autograd::{HyperparameterError, Optimizer, OptimizerState, StateError, StepError};
pub use average::Average;
pub use descent::Descent;
pub use elsewhere::{ByFormula, Part};
pub use formula::{Formula, Hyperparameters, Range};
pub use lamb::{Lamb, LambRule};
pub use lars::{Lars, LarsRule};
pub use lion::{Lion, LionFormula};
pub use lookahead::Lookahead;
pub use momentum::{Momentum, MomentumFormula};
pub use muon::{Muon, MuonRule};
pub use nadam::{NAdam, NAdamFormula};
pub use novograd::{NovoGrad, NovoGradRule};
pub use pipeline::Pipeline;
pub use plateau::{Plateau, PlateauState};
pub use radam::{RAdam, RAdamFormula};
pub use rmsprop::{RmsProp, RmsPropFormula};
pub use rprop::{Rprop, RpropFormula};
pub use schedule::{Anneal, Cyclic, Height, OneCycle, Schedule};
pub use sgd::{Sgd, SgdFormula};
pub use sign_sgd::{SignSgd, SignSgdFormula};
pub use tensors::{PerTensor, TensorRule};
pub use yogi::{Yogi, YogiFormula};
