//! The names and layouts that PyTorch has for the layers of `nn`.

use crate::mapping::{Mapping, Place, joined};
use crate::params::names_and_ranks;
use autograd::Params;
use std::collections::BTreeSet;

/// A mapping to the names and layouts that PyTorch has for the layers of a model, by the names that these give their parameters:
///
/// | here | there |
/// |---|---|
/// | `weight` of `Linear`, \[in, out\] | `weight`, \[out, in\] |
/// | `weight` and `bias` of convolutions and norms | the same |
/// | `mean`, `variance`, `batches` of `BatchNorm` | `running_mean`, `running_var`, `num_batches_tracked` |
/// | `table` of `Embedding` | `weight` |
/// | `input` and `hidden` of a cell | `weight_ih`, `bias_ih`, `weight_hh`, `bias_hh` of `LSTMCell`, `GRUCell`, `RNNCell` |
/// | layers `0`, `0_back`, … of `Lstm`, `Gru`, `Rnn` | `weight_ih_l0`, `weight_ih_l0_reverse`, … |
/// | `qkv` and `output` of `SelfAttention` | `in_proj_weight`, `in_proj_bias`, `out_proj` of `MultiheadAttention` |
/// | `query`, `key`, `value` and `output` of `MultiHeadAttention` | the same, one after the other |
/// | `attention`, `mlp.0`, `mlp.1` of `TransformerBlock` | `self_attn`, `linear1`, `linear2` of `TransformerEncoderLayer` |
///
/// Modules have the names of the scopes; [`Mapping::prefix`] gives them others, such as the places in a `Sequential` of PyTorch, where an
/// activation counts as a layer: the second layer of an `Mlp` in the scope `net` is `prefix("net.1", "2")`. A linear layer is known by its
/// two axes and the name `weight`; where a scope of one's own looks like one of these and is none, [`Mapping::rename`] says so.
///
/// ```
/// use autograd::Params;
/// use files::{ParamsFile, torch};
/// let mut params = Params::f64();
/// // As `nn::Mlp` names them.
/// let w = params.scope("net.0").param("weight", [2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// params.scope("net.1").param("bias", [1], 0.0);
/// let names = torch::names(&params).prefix("net.0", "0").prefix("net.1", "2");
/// let state_dict = params.to_tensors_with(&names);
/// assert_eq!(state_dict.names().collect::<Vec<_>>(), ["0.weight", "2.bias"]);
/// assert_eq!(state_dict.list[0].data.slice::<f64>(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
/// ```
pub fn names(params: &Params) -> Mapping {
    let all = names_and_ranks(params);
    let known: BTreeSet<&str> = all.iter().map(|(name, _)| &name[..]).collect();
    let mut mapping = Mapping::new();
    for (name, rank) in &all {
        *mapping.place_mut(name) = place(name, *rank, &known);
    }
    mapping
}

/// Where a tensor stands in PyTorch. `known` are the names of all tensors: a layer is known by them.
fn place(name: &str, rank: usize, known: &BTreeSet<&str>) -> Place {
    let (scope, leaf) = name.rsplit_once('.').unwrap_or(("", name));
    let (parent, layer) = scope.rsplit_once('.').unwrap_or(("", scope));
    let has = |scope: &str, inner: &str| known.contains(&joined(scope, inner)[..]);
    let matrix = leaf == "weight" && rank == 2;
    let mut place = Place { transposed: matrix, ..Place::default() };
    let parts = ["query", "key", "value"];
    let there = match (layer, leaf) {
        ("input" | "hidden", "weight" | "bias")
            if has(parent, "input.weight") && has(parent, "hidden.weight") =>
        {
            let kind = if layer == "input" { "ih" } else { "hh" };
            let (module, end) = recurrent(parent, known);
            joined(module, &format!("{leaf}_{kind}{end}"))
        }
        ("qkv", "weight" | "bias") => joined(&block(parent, known), &format!("in_proj_{leaf}")),
        ("query" | "key" | "value", "weight" | "bias")
            if parts.iter().all(|part| has(parent, &format!("{part}.weight"))) =>
        {
            place.part = parts.iter().position(|part| *part == layer).map(|part| (part, parts.len()));
            joined(&block(parent, known), &format!("in_proj_{leaf}"))
        }
        ("output", _) if has(parent, "qkv.weight") || has(parent, "query.weight") => {
            joined(&joined(&block(parent, known), "out_proj"), leaf)
        }
        (_, "table") => joined(scope, "weight"),
        (_, "mean" | "variance" | "batches")
            if has(scope, "mean") && has(scope, "variance") && has(scope, "batches") =>
        {
            place.integers = leaf == "batches";
            let there =
                [("mean", "running_mean"), ("variance", "running_var"), ("batches", "num_batches_tracked")];
            joined(scope, there.iter().find(|(here, _)| *here == leaf).expect("one of the three").1)
        }
        _ => joined(&block(scope, known), leaf),
    };
    place.name = Some(there);
    place
}

/// The module of a cell, and what follows the names of its parameters: nothing for a cell alone, the layer and direction for one of many.
fn recurrent<'a>(cell: &'a str, known: &BTreeSet<&str>) -> (&'a str, String) {
    let (module, layer) = cell.rsplit_once('.').unwrap_or(("", cell));
    let (number, direction) = layer.strip_suffix("_back").map_or((layer, ""), |number| (number, "_reverse"));
    let first = known.contains(&joined(module, "0.input.weight")[..])
        && known.contains(&joined(module, "0.hidden.weight")[..]);
    if first && number.parse::<usize>().is_ok() {
        (module, format!("_l{number}{direction}"))
    } else {
        (cell, String::new())
    }
}

/// The name of a part of a transformer block, or the scope itself.
fn block(scope: &str, known: &BTreeSet<&str>) -> String {
    for (here, there) in [("attention", "self_attn"), ("mlp.0", "linear1"), ("mlp.1", "linear2")] {
        let Some(block) = scope.strip_suffix(here).filter(|block| block.is_empty() || block.ends_with('.'))
        else {
            continue;
        };
        let block = block.trim_end_matches('.');
        let parts = ["norm1.weight", "norm2.weight", "attention.qkv.weight", "mlp.0.weight"];
        if parts.iter().all(|part| known.contains(&joined(block, part)[..])) {
            return joined(block, there);
        }
    }
    scope.to_owned()
}
