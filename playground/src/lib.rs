//! The session behind the playground's page: data, a network that trains, and what can be read from it.
//!
//! The page (`page/`) draws and asks; everything that is computed or explained is computed here, by the library's own tape. A
//! [`Config`] is a line of text, the same that stands in the page's address. A [`Session`] trains by it. [`Session::state`],
//! [`Session::pass`] and [`Session::derivation`] tell what a page shows, as JSON and as HTML. `exports` is what a browser calls.
//!
//! ```
//! use playground::{Config, Session};
//! let config: Config = "data=blobs&hidden=4&rate=0.1&optimizer=adam".parse()?;
//! let mut session = Session::new(config)?;
//! session.train(200);
//! let state = session.state();
//! assert_eq!(state["steps"], 200);
//! assert!(state["right"].as_f64().unwrap() > 0.95);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod data;
// Only a page wants its names, which are short.
#[cfg(target_arch = "wasm32")]
mod exports;
mod findings;
mod json;
mod net;
mod neuron;
mod pass;
mod session;
mod state;

pub use config::{Config, ConfigError, Data, Head, Start, Step};
pub use session::Session;

#[cfg(test)]
mod tests;
