//! Data-parallel training on several processes and machines: a world of `wengert-parallel` whose ranks speak by MPI.

mod notice;
mod wire;
mod world;

pub use world::{JoinError, World};
