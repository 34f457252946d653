//! Functions and their slopes: fenced, because it is about two rows of the table of functions only.
//!
//! **For which programs it pays.** Training steps with σ or tanh (and with what `expand` writes by them: Swish, the
//! approximate GELU). Their backward pass asks for σ(x)·σ(−x) or 4·σ(2x)·σ(−2x) beside the function itself, and everything
//! comes from one exponential and one division. Other functions are as they were.
//!
//! **What it costs.** One look at the steps of each fused kernel while planning, and the loops behind four kinds of step
//! (`Sigmoids`, `Tanhs`, `SigmoidAndSlope`, `TanhAndSlope` of `code`).
//!
//! **How to switch it off.** `Passes::all().without("share").without("slope")`; no bit of any result changes.
//!
//! **Who depends on it.** Nobody: both are passes over the steps of a kernel (`draft`), and lowering, slots and the other
//! passes do not know them. They name σ and tanh because they rewrite these very functions.

mod share;
mod slope;

pub(super) use share::share;
pub(super) use slope::slope;
