//! Functions together with their slopes (their derivatives). This part is fenced, because it is about two functions only.
//!
//! **For which programs it pays.** Training steps with σ or tanh, and with the functions that `expand` writes by them: Swish
//! and the approximate GELU. Their backward pass needs σ(x)·σ(−x) or 4·σ(2x)·σ(−2x) in addition to the function itself. All
//! of these can be computed from one exponential and one division. Other functions are not changed.
//!
//! **What it costs.** A walk over the steps of each fused kernel while planning, and the loops of four kinds of steps
//! (`Sigmoids`, `Tanhs`, `SigmoidAndSlope`, `TanhAndSlope` of `code`).
//!
//! **How to switch it off.** `Passes::all().without("share").without("slope")`; no bit of any result changes.
//!
//! **What depends on it.** Nothing: both are passes over the steps of a kernel (`draft`), and no other part of planning knows
//! them. They name σ and tanh because they rewrite exactly these functions.

mod share;
mod slope;

pub(super) use share::share;
pub(super) use slope::slope;
