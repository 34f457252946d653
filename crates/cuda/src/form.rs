//! The forms of a step.

/// How a step of a training is launched: [`Cuda::form`](crate::Cuda::form) asks for one, [`Training::form`](crate::Training::form)
/// says which it is.
///
/// Without being asked, a training takes the one that should be the fastest by the figures of `docs/gpu.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// A graph of kernels, each launched when those that it waits for are done.
    Graph,
    /// One kernel of one block makes many steps: for the smallest models. What a step writes stays with the block where it fits.
    Block,
    /// One kernel of several blocks, which wait for each other between phases.
    Blocks,
}
