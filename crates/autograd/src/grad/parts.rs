//! Parts of one value: the cotangents of several slices are added up in one array, each where its slice lies.
//!
//! By its rule each slice pads its cotangent to the whole, and the wholes are added: n slices cost n passes over the whole. Here
//! the first one makes the whole, and the next ones are added to their part of it. It is for sweeps of which nothing stays. The
//! numbers are the same ones, but for the sign of a zero, because the zeros beside a part are not added.

use crate::dtype::{Storable, with_float};
use crate::ir::{NodeId, Op, Slice};
use crate::kernels::copies::{add_to_rows, row_major};
use crate::tape::Tape;
use std::collections::HashMap;

/// For each value whose adjoint was begun by a slice, the node that slice has padded. A value that is visited may pass its
/// adjoint on to others, which share it then: it is written to for the value that it was made for, and no other.
#[derive(Default)]
pub(super) struct Wholes(HashMap<NodeId, NodeId>);

impl Wholes {
    /// Notes an adjoint that a slice has just padded for a value. Not for a loop: it learns from the nodes of its adjoint which of
    /// its pieces have one.
    pub(super) fn note(&mut self, tape: &Tape<'_>, value: NodeId, whole: NodeId) {
        if !matches!(tape.list().nodes[value as usize].op, Op::Scan(_)) {
            self.0.insert(value, whole);
        }
    }

    /// Adds a slice's cotangent to its part of a value's adjoint so far, if that was noted for this value; tells whether.
    pub(super) fn add(
        &self,
        tape: &Tape<'_>,
        (value, adjoint): (NodeId, Option<NodeId>),
        part: &Slice,
        cotangent: NodeId,
    ) -> bool {
        let Some(&whole) = self.0.get(&value).filter(|&&whole| Some(whole) == adjoint) else { return false };
        let list = &mut *tape.list_mut();
        let Some(mut sum) = list.pool.take_back(list.nodes[whole as usize].source) else { return false };
        let strides = row_major(&list.node(whole).meta.shape);
        let start = part.start * strides[part.axis as usize] as usize;
        let x = list.strided(cotangent, tape.params());
        with_float!(x.dtype(), T => add_to_rows(x.view::<T>(), start, &strides, T::slice_mut(sum.elements())));
        list.pool.put_back(sum);
        true
    }
}

#[cfg(test)]
mod tests {
    use crate::{Params, Tape, Var};

    /// The gradient for 4 × 5 numbers by `backward`, which adds parts where they lie, and by `grad`, which pads.
    fn same_bits(f: impl for<'t> Fn(Var<'t>) -> Var<'t>) {
        let mut params = Params::f64();
        let values: Vec<f64> = (0..20).map(|i| f64::from(i).sin() + 2.0).collect();
        let w = params.scope("net").param("w", [20], values.as_slice());
        let tape = Tape::with(&params);
        let loss = f(tape.param(w).reshape([4, 5]).exp());
        let padded = loss.grad([tape.param(w)])[0].to_vec::<f64>();
        let grads = loss.backward();
        let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(grads.slab_of::<f64>()), bits(&padded));
    }

    #[test]
    fn parts_add_up_as_padded_wholes_do() {
        same_bits(|x| x.slice(1, 0..2).square().sum() + x.slice(1, 2..5).sin().sum());
        // Parts that overlap, along both axes, and cotangents that are views.
        same_bits(|x| {
            let rows = (0..4).map(|i| x.slice(0, i..i + 1).square().sum());
            let columns = (0..4).map(|i| (x.slice(1, i..i + 2).t() * (i as f64 + 0.5)).sin().sum());
            rows.chain(columns).reduce(|a, b| a + b).expect("eight terms")
        });
        // Others that read the whole, before and after the parts.
        same_bits(|x| {
            let before = x.sin().sum();
            let parts = x.slice(0, 0..2).square().sum() + x.slice(0, 1..4).ln().sum();
            before + parts + x.tanh().sum() + x.slice(1, 3..4).exp().sum()
        });
    }

    /// The adjoint of a sum is that of both terms. What is added to the part of one must not appear in the other.
    #[test]
    fn an_adjoint_of_two_values_is_not_written_to() {
        same_bits(|x| {
            let (a, b) = (x.sin(), x.cos());
            let parts_of_a = a.slice(0, 0..1).square().sum() + a.slice(0, 2..3).square().sum();
            let z = a + b;
            parts_of_a + z.slice(0, 0..2).square().sum() + z.slice(0, 1..4).square().sum()
        });
        same_bits(|x| {
            let y = x.slice(0, 0..4);
            y.slice(1, 0..1).square().sum() + y.slice(1, 1..5).square().sum() + x.slice(1, 0..1).sum()
        });
    }

    /// The pieces of a loop's result are slices of it.
    #[test]
    fn a_loop_gets_the_adjoints_of_all_its_pieces() {
        same_bits(|x| {
            let ([x, v], path) = x.tape().scan(5, [x.slice(0, 0..1), x.slice(0, 1..2)], (), |[x, v], ()| {
                let v = v - x.sin() * 0.05;
                let x = x + v * 0.05;
                ([x, v], x)
            });
            (x * v).square().sum() + path.square().sum() + path.slice(0, 2..3).exp().sum()
        });
    }

    /// A first slice makes the whole, and the others record nothing as large.
    #[test]
    fn more_slices_take_no_more_memory() {
        let peak = |slices: usize| {
            let mut params = Params::f64();
            let w = params.scope("net").param("w", [64, 100], 0.5);
            let tape = Tape::with(&params);
            let x = tape.param(w);
            let parts = (0..slices).map(|i| x.slice(0, i..i + 1).sum());
            let loss = parts.reduce(|a, b| a + b).expect("a term");
            let forward = tape.list().pool.peak();
            loss.backward();
            tape.list().pool.peak() - forward
        };
        let whole = 64 * 100 * 8;
        assert!(peak(1) >= whole && peak(64) < 2 * whole, "{} and {}", peak(1), peak(64));
    }
}
