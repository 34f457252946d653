//! A tape for people to read: printed as a list, drawn as a graph, or counted. Everything here gives text; nothing writes a file.

mod dot;
mod drawing;
mod fold;
mod graph;
mod layers;
mod layout;
mod listing;
mod order;
mod stats;
mod steps;
mod style;
mod summary;
mod svg;
mod words;

pub use drawing::Drawing;
pub use listing::Listing;
pub use stats::TapeStats;
pub use steps::{Excerpt, Step, StepKind, StepOperand, StepPhase, StepReceipt, StepTerm, Steps};
pub use summary::{Summary, SummaryRow};
