//! Automatic differentiation in Rust: a tape, gradients of any order, neural layers and optimisers for the CPU.
//!
//! ```
//! use wengert::prelude::*;
//!
//! // Eager: each value is computed as soon as it is recorded.
//! let tape = Tape::new();
//! let (x, w) = (tape.var(2.0), tape.var(-0.5));
//! let y = (x * w + 1.0).sigmoid(); //             Var is Copy: no clone, no &, no ?
//! let [dx, dw] = y.grad([x, w]); //               again Vars: differentiate them again if you like
//! assert_eq!((y.item(), dx.item(), dw.item()), (0.5, -0.125, 0.5));
//! assert_eq!(dw.grad([x])[0].item(), 0.25);
//!
//! // A model: layers hold Copy handles, one flat slab holds the values.
//! let mut params = Params::f64().with_seed(1);
//! let net = Mlp::new(&mut params.scope("net"), &[2, 10, 5, 1], Activation::Tanh);
//! let moons = datasets::make_moons(200).noise(0.1).random_state(42).generate()?;
//! let y = moons.y.mapv(|label| label as f64);
//!
//! // Training: the tape reads the parameters; the gradients are owned, so the borrow ends before the step.
//! let mut adam = Adam::new(0.05)?;
//! let mut last = f64::INFINITY;
//! for _ in 0..200 {
//!     let tape = Tape::with(&params);
//!     let loss = nn::loss::mse(net.forward(tape.constant(&moons.x)), tape.constant(&y).reshape([200, 1]));
//!     last = loss.item();
//!     let grads = loss.backward();
//!     adam.step(&mut params, &grads)?;
//! }
//! assert!(last < 0.02);
//!
//! // The same step as a program: recorded once, fused, and run without allocations.
//! let step = Program::trace(&params, |t| {
//!     let (x, y) = (t.input("x", [200, 2]), t.input("y", [200, 1]));
//!     t.outputs(nn::loss::mse(net.forward(x), y)).with_gradients()
//! })?;
//! let mut state = step.state();
//! let loss = step.step(&mut state, &mut params, &mut adam, (&moons.x, &y))?;
//! assert!(loss < 0.02);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The parts, each a crate of its own: [`autograd`] records and differentiates, [`nn`] has layers and losses,
//! [`optim`] the optimisers, [`solve`] equations, [`datasets`] generators of data, [`files`] models and checkpoints in files; with
//! features `train` the training loop, `parallel` steps on several ranks, `onnx` programs for other runtimes and `emit` programs as C.
//!
//! # Features
//! | feature | by default | what it adds |
//! |---|---|---|
//! | `threads` | on | kernels use several threads; the results are the same |
//! | `clock` | on | `Program::profile` shows the time of each kernel |
//! | `fft` | off | discrete Fourier transforms |
//! | `csv` | off | CSV files, and the real data sets of [`datasets`] |
//! | `idx` | off | IDX files, and MNIST from a folder |
//! | `images` | off | PNG and JPEG pictures from folders |
//! | `text` | off | sonnets for language models |
//! | `files` | on | models and checkpoints in files: the crate `files`, and `params.save(…)` in the prelude |
//! | `train` | off | metrics, batches, logs and the training loop: the crate `train` |
//! | `progress`, `interrupt`, `dashboard` | off | of `train`: a progress bar, the end of a run by Ctrl-C, a live view in the terminal |
//! | `parallel` | off | `parallel`: training on several ranks, with the same bits for any number of them |
//! | `onnx` | off | `onnx`: programs as ONNX files, which other programs run |
//! | `emit` | off | `emit`: programs as C, with the bits of the engine |
//! | `native` | off | `emit::native`: programs compiled by the machine's C compiler, and run |
//! | `cuda` | off | `cuda`: programs on NVIDIA GPUs; not yet run on hardware |

pub use autograd;
/// The arrays that tapes take and data sets give, in the version that all parts take.
///
/// ```
/// use wengert::{ndarray::array, prelude::*};
/// assert_eq!(Tape::new().constant(&array![[1.0, 2.0]]).sum().item(), 3.0);
/// ```
pub use autograd::ndarray;
#[cfg(feature = "cuda")]
pub use cuda;
pub use datasets;
#[cfg(feature = "emit")]
pub use emit;
#[cfg(feature = "files")]
pub use files;
pub use nn;
#[cfg(feature = "onnx")]
pub use onnx;
pub use optim;
#[cfg(feature = "parallel")]
pub use parallel;
pub use solve;
#[cfg(feature = "train")]
pub use train;

/// The names that a program needs to train a model: `use wengert::prelude::*;`.
pub mod prelude {
    pub use autograd::{
        Border, ConvForm, DType, Gradients, Interpolation, Jit, Key, Param, Params, PoolForm, Program,
        Replay, Scope, Shape, State, Storage, Tape, Triangle, Var, check_grads, check_params, compare,
        custom, elementwise, scalar, transform, value_and_grad,
    };
    pub use datasets;
    #[cfg(feature = "files")]
    pub use files::{self, Checkpoint, Keeper, ParamsFile};
    pub use nn::teaching::{Perceptron, ThreeOneOne};
    pub use nn::{self, Activation, Dropout, Init, LayerNorm, Linear, Mlp, Mode, TransformerBlock};
    pub use optim::{self, Adam, AdamW, Momentum, Optimizer, Pipeline, Schedule, Sgd};
    #[cfg(feature = "train")]
    pub use train::{self, Batches, Loader, Session, Trainer};
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
