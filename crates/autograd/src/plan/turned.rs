//! Turned matrices: a product in the body of a loop that reads the transpose of a matrix which is the same in every step reads
//! a copy instead, made once a run. Otherwise each step would rearrange the matrix. Only products whose order of terms is the
//! same for both layouts are changed, so no bit is.

use super::graph::{Graph, Node};
use crate::ir::{NodeId, Op, Ports};
use crate::tree::Order;

/// The fewest elements of a matrix that is worth a copy.
const WORTH_A_COPY: usize = 1 << 10;

/// The list of a body, and the arguments whose transposes it reads as its last inputs, in order.
pub(super) fn turned(graph: Graph, ports: Ports) -> (Graph, Vec<usize>) {
    let mut turned: Vec<(usize, NodeId)> = vec![];
    let graph = graph.rewrite(|out, id| {
        let Some((argument, transpose)) = transpose_of_constant(out, id, ports) else { return out.keep(id) };
        let known = turned.iter().find(|(other, _)| *other == argument);
        let copy = known.map_or_else(|| out.input_like(transpose), |(_, copy)| *copy);
        if known.is_none() {
            turned.push((argument, copy));
        }
        out.read_instead(id, 1, copy);
        out.keep(id)
    });
    (graph, turned.into_iter().map(|(argument, _)| argument).collect())
}

/// The argument whose transpose is the second operand of a product, and that operand.
fn transpose_of_constant(graph: &Graph, id: NodeId, ports: Ports) -> Option<(usize, NodeId)> {
    let Node { op: Op::Matmul(_), inputs, meta, .. } = graph.node(id) else { return None };
    let Node { op: Op::Permute(_), inputs: of, meta: b, .. } = graph.node(inputs[1]) else { return None };
    let Op::Input(argument) = graph.node(of[0]).op else { return None };
    let (&[m, n], &[k, _]) = (&meta.shape[..], &b.shape[..]) else { return None };
    let is_constant = argument as usize >= ports.carried + ports.read;
    // Chains whatever the strides of the other operand.
    let order = Order::of([m, k, n], [[k as isize, 1], [1, k as isize]]);
    let is_kept = matches!(order, Order::Chains { .. });
    let moves = graph.shape(of[0])[..] != b.shape[..] || k == n;
    (is_constant && is_kept && moves && m > 1 && k * n >= WORTH_A_COPY)
        .then_some((argument as usize, inputs[1]))
}

#[cfg(test)]
mod tests {
    use crate::ir::Op;
    use crate::tape::Tape;

    #[test]
    fn one_copy_serves_all_products_of_a_constant_matrix_that_keep_their_order() {
        let tape = Tape::new();
        let [w, small] = [[40, 40], [5, 40]].map(|shape| tape.constant(0.1).broadcast_to(shape).sin());
        let x = tape.constant(0.2).broadcast_to([64, 40]).cos();
        let (last, ()) = tape.scan(3, x, (), |x, ()| {
            let wide = x.matmul(w.t()) + x.matmul(w.t()).sin().matmul(w);
            (wide + wide.matmul(small.t()).matmul(small), ())
        });
        let list = tape.list();
        let scan = list.nodes.iter().find_map(|node| match &node.op {
            Op::Scan(scan) => Some(scan.clone()),
            _ => None,
        });
        let (plan, turned) = crate::plan::turned_body(&scan.expect("a loop"));
        assert_eq!(turned, [1], "w is the first that is captured");
        assert_eq!(plan.inputs.len(), 4);
        assert!(last.to_vec::<f64>().iter().all(|x| x.is_finite()));
    }
}
