//! Benchmarks of a model of your own: forward pass, gradient, update and whole step, recorded anew each time and as a program,
//! beside what the machine can do.
//!
//! A bench is a file of a few lines in `benches/`, with `harness = false` in the manifest:
//!
//! ```
//! use autograd::Params;
//! use bench::{Criterion, Input, Model, criterion_group, criterion_main};
//! use nn::{Activation, Mlp};
//! use optim::Sgd;
//!
//! fn two_layers(c: &mut Criterion) {
//!     let mut params = Params::f32();
//!     let net = Mlp::new(&mut params.scope("net"), &[2, 16, 1], Activation::Tanh);
//!     let model = Model {
//!         name: "two-layers",
//!         params,
//!         inputs: vec![Input::f32([200, 2], 0.5), Input::f32([200, 1], 1.0)],
//!         optimizer: Sgd::new(0.01).expect("a valid rate"),
//!     };
//!     bench::training(c, &model, |_, x| nn::loss::mse(net.forward(x[0]), x[1]));
//! }
//!
//! criterion_group!(benches, two_layers);
//! # fn main() { two_layers(&mut Criterion::default().with_filter("none of them")); }
//! # #[cfg(any())]
//! criterion_main!(benches);
//! ```
//!
//! `cargo bench` then times, in a group of that name,
//!
//! | id | what |
//! |---|---|
//! | `eager/forward` | the loss, recorded anew |
//! | `eager/gradient` | the loss and its gradient, recorded anew |
//! | `eager/step` | the same, and the update |
//! | `update` | the update alone, by gradients that are there |
//! | `program/forward/1`, `…/gradient/1`, `…/step/1` | the same as a program, on one thread |
//! | `program/forward/n`, … | on as many threads as the machine has |
//!
//! For each program, Criterion shows operations and bytes a second beside the time. They count as
//! [`Explanation`](autograd::Explanation) does: one operation for each elementwise function, 2·m·k·n for a product of
//! matrices, and all that kernels read and write. The first line says what the machine reaches: by a product of large matrices,
//! and by a copy of memory that no cache holds. A model that reaches a good part of either is as fast as it can be.

mod input;
mod machine;
mod model;

pub use criterion::{Criterion, criterion_group, criterion_main};
pub use input::Input;
pub use machine::Machine;
pub use model::{Model, training};
