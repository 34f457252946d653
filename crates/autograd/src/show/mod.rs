//! A tape one can look at: printed as a list, drawn as a graph, counted. Nothing here writes a file: it all gives text.

mod dot;
mod drawing;
mod fold;
mod graph;
mod layers;
mod layout;
mod listing;
mod order;
mod stats;
mod style;
mod svg;
mod words;

pub use drawing::Drawing;
pub use listing::Listing;
pub use stats::TapeStats;
