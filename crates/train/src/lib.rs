//! What stands around a training loop: metrics, batches, logs, checkpoints, and the loop itself.
//!
//! A run is a folder. Started again, it goes on from its newest checkpoint; wherever it was killed, it ends with the same bits as a
//! run that nobody disturbed. What a step needs stands in three places, and all of them are in the checkpoint: the [`Session`] (the
//! model, the optimiser, the key, numbers of one's own), the batch, which is a function of its position, and the number of the step.
//!
//! ```
//! use autograd::{Key, Params, ndarray::Array2};
//! use optim::{Adam, Schedule};
//! use train::{Batches, Better, Session, Trainer, log, metrics::Regression};
//! # let folder = std::env::temp_dir().join(format!("wengert-train-{}", std::process::id()));
//! // Data: y = x₀·x₁. A model: any code that makes a loss.
//! let x = Array2::from_shape_fn((64, 2), |(i, j)| ((i * 2 + j) as f64).sin());
//! let y = x.map_axis(autograd::ndarray::Axis(1), |row| row[0] * row[1]);
//! let mut params = Params::f64();
//! let w = params.scope("bilinear").param("w", [2, 2], 0.1);
//!
//! let batches = Batches::of((x.clone(), y.clone()), 16, |loader| loader.shuffle(Key::new(1)));
//! let mut session = Session::new(params, Adam::new(0.1)?);
//! let mut trainer = Trainer::new(&folder)
//!     .epochs(50)
//!     .schedule(Schedule::cosine(0.1, 0.001, 200))
//!     .best("r2", Better::Larger)
//!     .log(log::Csv::new(folder.join("log.csv")))
//!     .log(log::TensorBoard::new(&folder));
//! let report = trainer.run(
//!     &mut session,
//!     &batches,
//!     |session, (x, y)| {
//!         session.eager(|t| {
//!             let x = t.constant(x);
//!             ((x.matmul(t.param(w)) * x).sum_over(1) - t.constant(y)).square().mean()
//!         })
//!     },
//!     |session| {
//!         let w = Array2::from_shape_vec((2, 2), session.params.get(w).to_vec()).expect("4 numbers");
//!         let predicted = (x.dot(&w) * &x).sum_axis(autograd::ndarray::Axis(1));
//!         Ok([("r2", Regression::of(&y.to_vec(), &predicted.to_vec())?.r2())])
//!     },
//! )?;
//! assert_eq!((report.steps, report.resumed), (200, None));
//! assert!(report.best.unwrap().1 > 0.999);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | what | for |
//! |---|---|
//! | [`Trainer`], [`Session`], [`Report`] | the loop, which stands in one file and can be copied; what it changes; what it tells |
//! | [`Ranks`] | a run that several threads or processes make together |
//! | [`Batches`], [`Loader`] | rows in batches, shuffled by a key, made ahead of their use |
//! | [`metrics`] | how good predictions are, equal to scikit-learn's figures |
//! | [`log`] | CSV, JSON lines, TensorBoard; a progress bar and a live view behind features |
//!
//! # Features
//! | feature | by default | what it adds |
//! |---|---|---|
//! | `threads` | on | batches are made by a thread of their own; they are the same |
//! | `progress` | off | `log::Progress`, a progress bar, by `indicatif` |
//! | `interrupt` | off | `Trainer::stop_on_ctrl_c`, by `ctrlc` |
//! | `dashboard` | off | `log::Dashboard`, a live view in the terminal, by `ratatui` |

mod batches;
mod error;
#[cfg(feature = "interrupt")]
mod interrupt;
mod loader;
pub mod log;
pub mod metrics;
mod place;
mod ranks;
mod session;
mod trainer;

pub use batches::{Batches, Rows};
pub use error::Error;
pub use files::{Better, Position};
pub use loader::Loader;
pub use ranks::Ranks;
pub use session::Session;
pub use trainer::{End, Report, Trainer};
