//! The nodes of a list and, behind its end, what earlier recordings left there.
//!
//! Training records the same computation again and again. So the next node is made in the place where it will stand, and
//! if one stands there already that says the same, its shape and its strides are taken over.

use crate::buffers::{Source, Value};
use crate::ir::{Inputs, Meta, Op};
use crate::origin::Origin;
use crate::shape::Strides;
use std::ops::{Deref, DerefMut};

/// One entry of the list.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) inputs: Inputs,
    pub(crate) meta: Meta,
    pub(crate) origin: Origin,
    pub(crate) value: Value,
}

/// The nodes that are recorded, as a slice, and the next one.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    /// Those of the list, and behind them those of earlier recordings.
    all: Vec<Node>,
    /// How many are of the list.
    len: usize,
    /// When each was made: it is as its op and its operands say as long as none of these was made later.
    made: Vec<u64>,
    /// How many have been made.
    count: u64,
}

impl Nodes {
    /// Whether the next node stands there already: of the same op, and made of the operands that the list has now.
    #[inline]
    pub(crate) fn repeats(&self, op: &Op, inputs: &Inputs) -> bool {
        let (Some(left), Some(made)) = (self.all.get(self.len), self.made.get(self.len)) else {
            return false;
        };
        // Number by number, as they have just been written: a wider read would wait for these writes.
        left.inputs.iter().eq(inputs.iter())
            && left.op == *op
            && inputs.iter().all(|&operand| self.made[operand as usize] < *made)
    }

    /// The same for a leaf: whoever reads it asks for no more than these.
    fn repeats_leaf(&self, meta: &Meta, strides: &Strides) -> bool {
        let same =
            |left: &Node| left.inputs.is_empty() && left.meta == *meta && left.value.strides == *strides;
        self.all.get(self.len).is_some_and(same)
    }

    /// Lets the next node stay what it is. Ops that are equal need not be the same: a number in them may be −0 for 0.
    #[inline]
    pub(crate) fn place_again(&mut self, op: Op, origin: Origin) {
        let next = self.next_mut();
        (next.op, next.origin) = (op, origin);
    }

    /// Makes the next node. It has no value yet, and the strides of row-major order.
    pub(crate) fn place(&mut self, op: Op, inputs: Inputs, meta: Meta, origin: Origin) {
        self.count += 1;
        let value = Value { source: Source::Nowhere, offset: 0, strides: meta.shape.strides() };
        let node = Node { op, inputs, meta, origin, value };
        if self.len < self.all.len() {
            (self.all[self.len], self.made[self.len]) = (node, self.count);
        } else {
            self.all.push(node);
            self.made.push(self.count);
        }
    }

    /// Makes the next node a leaf of this value.
    pub(crate) fn place_leaf(&mut self, op: Op, meta: Meta, origin: Origin, value: Value) {
        match self.repeats_leaf(&meta, &value.strides) {
            true => self.place_again(op, origin),
            false => self.place(op, Inputs::new(), meta, origin),
        }
        self.next_mut().value = value;
    }

    /// The node that is not yet appended.
    #[inline]
    pub(crate) fn next(&self) -> &Node {
        &self.all[self.len]
    }

    /// The same, to give it its value.
    #[inline]
    pub(crate) fn next_mut(&mut self) -> &mut Node {
        &mut self.all[self.len]
    }

    /// Appends the next node.
    #[inline]
    pub(crate) fn append(&mut self) {
        self.len += 1;
    }

    /// Forgets the nodes from `len` on; what they were stays.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// The nodes that are recorded.
    pub(crate) fn into_vec(mut self) -> Vec<Node> {
        self.all.truncate(self.len);
        self.all
    }

    /// Bytes of it, with the room that it has for more.
    pub(crate) fn bytes(&self) -> usize {
        self.all.capacity() * size_of::<Node>() + self.made.capacity() * size_of::<u64>()
    }
}

impl Deref for Nodes {
    type Target = [Node];
    #[inline]
    fn deref(&self) -> &[Node] {
        &self.all[..self.len]
    }
}

impl DerefMut for Nodes {
    #[inline]
    fn deref_mut(&mut self) -> &mut [Node] {
        &mut self.all[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use crate::{DType, Tape, Var};

    /// Records each of the computations on one tape, after a reset, and on a fresh one.
    fn each_as_if_alone(computations: &[&dyn for<'t> Fn(&'t Tape<'t>) -> Var<'t>]) {
        let mut tape = Tape::new();
        for (i, f) in computations.iter().enumerate() {
            let values =
                |y: Var<'_>| (y.shape().to_vec(), y.to_vec::<f64>().iter().map(|x| x.to_bits()).collect());
            let given: (Vec<usize>, Vec<u64>) = values(f(&tape));
            assert_eq!(given, values(f(&Tape::new())), "computation {i}");
            tape.reset();
        }
    }

    #[test]
    fn what_was_left_is_taken_for_no_other_computation() {
        let sums = |n: usize| {
            move |t: &Tape<'_>| t.full(1.0, [n, 2], DType::F64).exp().sum_over(&[0]).to_vec::<f64>()
        };
        let mut tape = Tape::new();
        for n in [3, 3, 5, 5, 0, 3] {
            assert_eq!(sums(n)(&tape), sums(n)(&Tape::new()));
            tape.reset();
        }
        // Operands of other shapes, made by the same ops; other ops; other operands.
        each_as_if_alone(&[
            &|t| t.var([[1.0, 2.0, 3.0]]).exp().t().sum_over(&[0]),
            &|t| t.var([[1.0, 2.0, 3.0]]).exp().t().sum_over(&[0]),
            &|t| t.var([[1.0], [2.0], [3.0]]).exp().t().sum_over(&[0]),
            &|t| t.var([[1.0], [2.0], [3.0]]).exp().t().sum_over(&[1]),
            &|t| t.var([[1.0], [2.0], [3.0]]).ln().t().sum_over(&[1]),
        ]);
    }

    #[test]
    fn leaves_of_another_layout_are_other_leaves() {
        each_as_if_alone(&[
            &|t| t.full(2.0, [2, 3], DType::F64).t().reshape([6]).exp(),
            &|t| t.var([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).t().reshape([6]).exp(),
            &|t| t.full(3.0, [2, 3], DType::F64).t().reshape([6]).exp(),
        ]);
    }

    #[test]
    fn numbers_in_ops_keep_their_sign() {
        each_as_if_alone(&[
            &|t| t.var([-1.0, 1.0]).leaky_relu(0.0),
            &|t| t.var([-1.0, 1.0]).leaky_relu(-0.0),
            &|t| t.var([-1.0, 1.0]).leaky_relu(f64::NAN),
        ]);
    }

    #[test]
    fn a_repeated_recording_makes_no_node_anew() {
        let mut tape = Tape::new();
        let step = |tape: &Tape<'_>| {
            let x = tape.var([1.0, 2.0]);
            (x.exp() * x).sum().grad([x])[0].to_vec::<f64>()
        };
        let first = step(&tape);
        let made = tape.list().nodes.count;
        tape.reset();
        assert_eq!((step(&tape), tape.list().nodes.count), (first, made));
    }
}
