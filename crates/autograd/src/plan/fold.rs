//! Constant folding: elementwise ops and views of single numbers are computed while planning.

use super::graph::{Graph, Node, number};
use crate::dense::Dense;
use crate::dtype::Data;
use crate::ir::{Meta, Structure};
use crate::shape::Shape;

/// Replaces ops whose operands are all single numbers by their results.
pub(crate) fn fold(mut graph: Graph) -> Graph {
    for position in 0..graph.len() {
        let id = graph.at(position);
        if let Some(x) = value(&graph, graph.node(id)) {
            graph.fill(id, x);
        }
    }
    graph
}

fn value(graph: &Graph, node: &Node) -> Option<f64> {
    let first = graph.full(*node.inputs.first()?)?;
    match node.op.structure() {
        Structure::View => Some(first),
        Structure::Map => {
            let x = node.inputs.iter().map(|&i| {
                let dtype = graph.node(i).meta.dtype;
                Some(Dense {
                    meta: Meta::new(Shape::default(), dtype),
                    data: Data::splat(dtype, graph.full(i)?, 1),
                })
            });
            let x: Vec<Dense> = x.collect::<Option<_>>()?;
            let scalar = Meta::new(Shape::default(), node.meta.dtype);
            Some(number(node.op.values(&x, &scalar)?.ok()?.borrow()))
        }
        Structure::Leaf
        | Structure::Reduce(_)
        | Structure::Contract
        | Structure::Scan(_)
        | Structure::Gather
        | Structure::Opaque(_) => None,
    }
}
