//! Narrow matrices and small products. This part is fenced, because it helps some programs only.
//!
//! **For which programs it pays.** Networks with layers of a few units on batches of many rows, such as a 2-10-5-1 network on
//! 200 points: with `orient` every loop runs along the batch, and with `make_contiguous` products read the data along the
//! batch too. Also steps on one sample at a time, whose products have a vector on one side: `spell_out` makes them part of
//! other kernels. Layers with at least [`width`](crate::target::Narrow::width) units are not changed.
//!
//! **What it costs.** Three walks over the list while planning, and in each run a copy of narrow data (`make_contiguous`).
//! Products, and sums over a whole transposed matrix, may add up in another order, so results may differ by rounding.
//!
//! **How to switch it off.** `Passes::all().without("orient").without("spell_out").without("make_contiguous")`, or
//! `Passes::exact()`, which leaves out every pass that changes the order of a sum.
//!
//! **What depends on it.** Nothing: these are passes from list to list that use existing ops. The passes after them (`sink`,
//! and `algebra` and `cse` once more) remove the transposes that they leave, as they do any others.

mod make_contiguous;
mod orient;
mod spell_out;

pub(super) use make_contiguous::make_contiguous;
pub(super) use orient::orient;
pub(super) use spell_out::spell_out;
