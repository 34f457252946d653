//! The example `activations`, as a section.

use super::sheet;

#[path = "../activations/curves.rs"]
mod curves;
#[path = "../activations/lab.rs"]
mod lab;

pub(crate) use lab::section;
