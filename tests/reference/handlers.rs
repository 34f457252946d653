//! Which handler evaluates which group and op.

use crate::runner::Handler;
use crate::{datasets, losses, ops, optim, seeds};

/// The handler of an op, or `None`: then its cases count as unsupported.
pub(crate) fn find(group: &str, op: &str) -> Option<Handler> {
    match group {
        "seed_perceptron" | "seed_mlp" | "seed_optimizer" | "seed_network311" | "seed_activations" => {
            seeds::find(op)
        }
        "optim" | "schedules" | "clipping" => optim::find(op),
        "datasets" => datasets::find(op),
        "losses" => losses::find(op),
        _ if group.starts_with("ops_") => ops::find(op),
        _ => None,
    }
}
