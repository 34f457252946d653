//! Narrow matrices and small products: fenced, because it pays for some programs only.
//!
//! **For which programs it pays.** Networks with layers of a few units on batches of many rows, such as a 2-10-5-1 network
//! on 200 points: `orient` lets every loop run along the batch, and `straighten` lets products read the data so too. Steps
//! for one sample at a time, whose products have a vector on one side: `spell_out` makes them part of the kernels around.
//! Layers of [`width`](crate::target::Narrow::width) units and more are as they were.
//!
//! **What it costs.** Three looks at the list while planning, a copy of narrow data in each run (`straighten`), and the
//! order in which a product, or a sum over a whole turned matrix, adds up: results may differ by rounding.
//!
//! **How to switch it off.** `Passes::all().without("orient").without("spell_out").without("straighten")`, or
//! `Passes::exact()`, which leaves out every pass that changes the order of a sum.
//!
//! **Who depends on it.** Nobody: each is a pass from list to list, in what the list can say anyway. The passes after
//! them (`sink`, and `algebra` and `cse` once more) tidy up the transposes that it leaves, and do the same for any others.

mod orient;
mod spell_out;
mod straighten;

pub(super) use orient::orient;
pub(super) use spell_out::spell_out;
pub(super) use straighten::straighten;
