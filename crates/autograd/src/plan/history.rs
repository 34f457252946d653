//! The history of loops: it is for derivatives, and a loop without any keeps none.

use super::graph::Graph;
use crate::ir::{Held, Op, OpKind, Piece, Scan, Slice};

/// Drops the history of the carries where nothing reads it. It lies behind the results, so that these stay where they are; where
/// sums lie behind it, it stays.
pub(crate) fn history(graph: Graph) -> Graph {
    if !graph.may_have(&[OpKind::Scan]) {
        return graph;
    }
    let mut read = graph.per_node(0);
    graph.outputs.iter().for_each(|&id| read[id as usize] = usize::MAX);
    for (_, node) in graph.iter() {
        for &x in &node.inputs {
            let end = match &node.op {
                Op::Slice(Slice { start, length, .. }) => start + length,
                _ => usize::MAX,
            };
            read[x as usize] = read[x as usize].max(end);
        }
    }
    graph.rewrite(|out, id| {
        let node = out.node(id);
        match &node.op {
            Op::Scan(scan)
                if scan.history && scan.body.ports.summed == 0 && read[id as usize] <= results(scan) =>
            {
                let (op, inputs, origin) =
                    (Scan { history: false, ..scan.clone() }, node.inputs.clone(), node.origin);
                out.add(op, inputs, origin)
            }
            _ => out.keep(id),
        }
    })
}

/// How many numbers the results take, without the history.
fn results(scan: &Scan) -> usize {
    let pieces = scan.body.pieces(scan.part, scan.steps, true);
    let of_results = pieces.iter().filter(|piece| matches!(piece.held, Held::Result(_)));
    of_results.map(Piece::elements).sum()
}
