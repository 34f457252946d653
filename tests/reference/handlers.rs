//! The table of handlers, by group and op.

use crate::runner::Handler;
use crate::{
    activations, attention, averages, clipping, datasets, events, fft, files, functions, graphs, higher,
    inits, jacobians, layers, loops, losses, metrics, onnx, ops, optim, recurrent, schedules, second_order,
    seeds, special, tables, training,
};

/// The handler of an op, or `None`: then its cases count as unsupported.
pub(crate) fn find(group: &str, op: &str) -> Option<Handler> {
    match group {
        "seed_perceptron" | "seed_mlp" | "seed_optimizer" | "seed_network311" | "seed_activations" => {
            seeds::find(op)
        }
        "datasets" => datasets::find(op),
        "fft" => fft::find(op),
        "files_expected" | "files_more" => {
            let files = files::find(op).or_else(|| tables::find(op)).or_else(|| events::find(op));
            files.or_else(|| onnx::find(op))
        }
        "functions" => functions::find(op),
        "graphs" => graphs::find(op),
        "higher" => higher::find(op),
        "inits" => inits::find(op),
        "losses" | "losses_more" => losses::find(op),
        "metrics" => metrics::find(op),
        "optim" | "optim_rules" => optim::find(op).or_else(|| second_order::find_steps(op)),
        "optim_state" => optim::find_state(op),
        "recurrent" => recurrent::find(op),
        "second_order" => second_order::find(op),
        "schedules" | "schedules_more" => schedules::find(op),
        "weight_averages" => averages::find(op),
        "special" | "delicate" => special::find(op),
        "training" => training::find(op),
        "whole_programs" => loops::find(op),
        "jacobians" => jacobians::find(op),
        "clipping" | "clip_more" => clipping::find(op),
        "attention" => attention::find(op).or_else(|| ops::find(op)),
        "embeddings" => layers::positions(op).or_else(|| ops::find(op)),
        "activations" => activations::find(op).or_else(|| ops::find(op)),
        "dropout" | "norms" => layers::find(op).or_else(|| ops::find(op)),
        "contractions" | "conv_forms" | "linalg_factors" | "linalg_functions" | "linalg_solves"
        | "ordering" | "pooling" | "resampling" | "scans" | "scatter" => ops::find(op),
        _ if group.starts_with("ops_") => ops::find(op).or_else(|| layers::find(op)),
        _ => None,
    }
}
