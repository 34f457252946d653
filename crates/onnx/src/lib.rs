//! Traced computations as ONNX files, which ONNX Runtime, TensorRT, Core ML, browsers and others run without Wengert.
//!
//! ```
//! use autograd::{Params, Program};
//! use onnx::Export;
//! let mut params = Params::f32();
//! let (w, b) = (params.scope("net").param("weight", [2, 3], 0.5), params.scope("net").param("bias", [3], 0.1));
//! let program = Program::trace(&params, |t| {
//!     let y = (t.input("x", [4, 2]).matmul(w) + b).softmax(-1);
//!     t.outputs(y).with_names(["probabilities"])
//! })?;
//! let file = std::env::temp_dir().join("wengert-crate-doc.onnx");
//! program.export(&file, &params)?;
//! assert!(std::fs::metadata(&file)?.len() > 200);
//! # std::fs::remove_file(file).ok();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What was traced is written, before any pass: the forward computation of the outputs, without gradients and without what is
//! written to buffers. Gradients that are outputs themselves are computations like others. A model that is to predict is
//! traced as it predicts, batch normalisation by its running statistics (`Mode::Eval` of `nn`).
//!
//! # What stands in a file
//! * **Opset 17, version 8 of the format** (ONNX 1.12 of 2022), which runtimes of the last years have.
//! * **Inputs and outputs** of the trace, in their order and under their names; an output without a name is `output_0`, ….
//!   Shapes are those of the trace, so a batch has the size that was traced.
//! * **Parameters and buffers** that the outputs need, as initializers under their full names.
//! * **Nodes** that are named by the scope, the op and the number in the trace: `net.0/matmul_5`.
//! * Constants, equal small ones once. Repetitions are left to the operators that repeat by themselves, and a reshape that is
//!   undone is left out, so that a linear layer is `MatMul` and `Add`.
//!
//! # From ops to operators
//!
//! | op | ONNX |
//! |---|---|
//! | inputs, parameters, constants | inputs, initializers |
//! | most functions, comparisons | the operator of that name; `square` `Mul`, `ne` `Equal` and `Not` |
//! | `exp_m1`, `ln_1p`, `swish`, `gelu`, `gelu_tanh`, `normal_cdf`, `cbrt`, `exp2`, `log2`, `log10`, `atan2`, `hypot`, `logaddexp`, `strong_mul`, `absolute_mul` | formulas of the same accuracy for finite arguments (`normal_cdf` in its left tail: relative to 1) |
//! | `erfc`, `sinc`, `sinhc`, `phi1`, `tanhshrink`, `entr` | formulas, `erfc` accurate relative to 1 |
//! | `select`, `cast`, `concat`, `pad` | `Where` (of truth values `And`, `Or`), `Cast`, `Concat`, `Pad` |
//! | `broadcast`, `reshape`, `permute`, `slice`, `flip`, `copy`, `detach` | `Expand`, `Reshape`, `Transpose`, `Slice`, `Slice` backwards, nothing, nothing |
//! | `sum`, `prod`, `max`, `argmax`, `cumsum`, `softmax`, `log_softmax`, `argsort` | `ReduceSum`, `ReduceProd`, `ReduceMax`, `ArgMax`, `CumSum`, `Softmax`, `LogSoftmax`, `TopK` |
//! | `matmul`, `det`, `fft` | `MatMul`, `Det`, `DFT` |
//! | `gather`, `pick`, `take` | `GatherElements`, `GatherElements`, `Gather` |
//! | `scatter_add`, `unpick`, `index_add`, `diag` | `ScatterElements` |
//! | `diagonal`, `windows`; `overlap` | `Gather` at constant places; `ScatterElements` |
//! | `ravel_index`, `search_sorted` | `Mul` and `Add`; comparisons, counted |
//! | `conv`, `conv_transpose`, `conv_weight` | `Conv`, `ConvTranspose`, `Conv` |
//! | `pool_max`, `pool_argmax` | `MaxPool`, and its indices, within each plane |
//! | `pool_max_back` | `ScatterElements` at these indices |
//! | `attention` without dropout, `attention_back`, `attention_bias` | `MatMul`, `Where`, `Softmax`, `MatMul` |
//! | `scan`, `linear_recurrence`, `cumargmax` | `Scan`, with the body as a graph within |
//! | random numbers, factorisations and solvers, `slogdet`, `matrix_exp`, `scatter_max`, `incomplete_gamma`, the other special functions | none: [`Error::Unsupported`] names op, node and line |
//!
//! # What a runtime makes of it
//! Results agree with those of Wengert as far as the operators of a runtime are accurate: to 1e-5 in `F32` and 1e-12 in `F64`,
//! relative to the largest element, by ONNX Runtime 1.32. It has no `F64` kernels for `Conv`, `Erf`, `Softplus`, `Det` and for
//! most trigonometric functions: a model of them is exported from `Params::f32`. ONNX leaves open where NaN counts in maxima and
//! in orders, and what an index out of range does.
//!
//! There is no protobuf crate among the dependencies: ONNX needs four kinds of fields, which are a page to write.

mod attended;
mod error;
mod export;
mod file;
mod functions;
mod indexed;
mod loops;
mod model;
mod ops;
mod sliding;
mod term;
mod trace;
mod wire;
mod writer;

pub use error::Error;
pub use export::Export;
