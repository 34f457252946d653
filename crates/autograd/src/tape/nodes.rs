//! The nodes of a list and, after its end, nodes that earlier recordings left there.
//!
//! Training records the same computation again and again. So the next node is prepared at the position where it will be
//! appended. If an earlier recording left an equal node there, its shape and its strides are reused.

use crate::buffers::{Source, Value};
use crate::ir::{Inputs, Meta, Op};
use crate::origin::Origin;
use crate::shape::Strides;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A node of a tape, with its value. Passes work on nodes without values: `plan::Node`.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) inputs: Inputs,
    pub(crate) origin: Origin,
    /// Where its value is.
    pub(crate) source: Source,
    form: Arc<Form>,
}

/// The form of a value. Nodes of the same form share it: most have the form of a node before them.
#[derive(Debug, PartialEq)]
pub(crate) struct Form {
    pub(crate) meta: Meta,
    pub(crate) strides: Strides,
}

impl Deref for Node {
    type Target = Form;
    #[inline(always)]
    fn deref(&self) -> &Form {
        &self.form
    }
}

/// The forms that were asked for last.
#[derive(Debug, Default)]
struct Forms {
    recent: [Option<Arc<Form>>; 4],
    /// Which of them is replaced next.
    next: usize,
}

impl Forms {
    #[inline]
    fn of(&mut self, meta: Meta, strides: Strides) -> Arc<Form> {
        let is_it = |form: &&Arc<Form>| form.meta == meta && form.strides == strides;
        if let Some(form) = self.recent.iter().flatten().find(is_it) {
            return form.clone();
        }
        let form = Arc::new(Form { meta, strides });
        self.recent[self.next] = Some(form.clone());
        self.next = (self.next + 1) % self.recent.len();
        form
    }
}

/// The recorded nodes, as a slice, and the next node.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    /// The nodes of the list, and after them those of earlier recordings.
    all: Vec<Node>,
    /// How many nodes are in the list.
    len: usize,
    /// For each node, the time when it was made. Its shape follows from its op and its operands as long as none of these was
    /// made later.
    made: Vec<u64>,
    /// How many nodes have been made.
    count: u64,
    forms: Forms,
}

impl Nodes {
    /// Whether the next node is there already: with the same op, and made from the operands that the list has now.
    #[inline]
    pub(crate) fn repeats(&self, op: &Op, inputs: &Inputs) -> bool {
        let (Some(left), Some(made)) = (self.all.get(self.len), self.made.get(self.len)) else {
            return false;
        };
        // Compared number by number: they have just been written, and a wider read would wait for these writes.
        left.inputs.iter().eq(inputs.iter())
            && left.op == *op
            && inputs.iter().all(|&operand| self.made[operand as usize] < *made)
    }

    /// The same for a leaf. Its readers depend only on its meta and its strides.
    fn repeats_leaf(&self, meta: &Meta, strides: &Strides) -> bool {
        let same = |left: &Node| left.inputs.is_empty() && left.meta == *meta && left.strides == *strides;
        self.all.get(self.len).is_some_and(same)
    }

    /// Reuses the next node, a leaf, with a new op and origin.
    #[inline]
    pub(crate) fn prepare_again(&mut self, op: Op, origin: Origin) {
        let next = self.next_mut();
        (next.op, next.origin) = (op, origin);
    }

    /// Keeps the next node as it is, with a new origin: its op is the same, numbers in it included.
    #[inline]
    pub(crate) fn keep_prepared(&mut self, origin: Origin) {
        self.next_mut().origin = origin;
    }

    /// Makes the next node. It has no value yet, and row-major strides.
    #[inline]
    pub(crate) fn prepare(&mut self, op: Op, inputs: Inputs, meta: Meta, origin: Origin) {
        let strides = meta.shape.strides();
        self.make(op, inputs, meta, strides, origin);
    }

    fn make(&mut self, op: Op, inputs: Inputs, meta: Meta, strides: Strides, origin: Origin) {
        self.count += 1;
        let form = self.forms.of(meta, strides);
        let node = Node { op, inputs, origin, source: Source::Nowhere, form };
        if self.len < self.all.len() {
            (self.all[self.len], self.made[self.len]) = (node, self.count);
        } else {
            self.all.push(node);
            self.made.push(self.count);
        }
    }

    /// Makes the next node a leaf with this value.
    pub(crate) fn prepare_leaf(&mut self, op: Op, meta: Meta, origin: Origin, value: Value) {
        match self.repeats_leaf(&meta, &value.strides) {
            true => self.prepare_again(op, origin),
            false => self.make(op, Inputs::new(), meta, value.strides, origin),
        }
        self.next_mut().source = value.source;
    }

    /// Gives the next node its value.
    #[inline]
    pub(crate) fn fill(&mut self, value: Value) {
        let next = &mut self.all[self.len];
        next.source = value.source;
        if next.form.strides != value.strides {
            next.form = self.forms.of(next.form.meta.clone(), value.strides);
        }
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

    /// Removes the nodes from `len` on. They stay in memory for reuse.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// The recorded nodes.
    pub(crate) fn into_vec(mut self) -> Vec<Node> {
        self.all.truncate(self.len);
        self.all
    }

    /// The bytes of the list, including its free capacity.
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
            move |t: &Tape<'_>| t.full(1.0, [n, 2], DType::F64).exp().sum_over([0]).to_vec::<f64>()
        };
        let mut tape = Tape::new();
        for n in [3, 3, 5, 5, 0, 3] {
            assert_eq!(sums(n)(&tape), sums(n)(&Tape::new()));
            tape.reset();
        }
        // Operands of other shapes, made by the same ops; other ops; other operands.
        each_as_if_alone(&[
            &|t| t.var([[1.0, 2.0, 3.0]]).exp().t().sum_over([0]),
            &|t| t.var([[1.0, 2.0, 3.0]]).exp().t().sum_over([0]),
            &|t| t.var([[1.0], [2.0], [3.0]]).exp().t().sum_over([0]),
            &|t| t.var([[1.0], [2.0], [3.0]]).exp().t().sum_over([1]),
            &|t| t.var([[1.0], [2.0], [3.0]]).ln().t().sum_over([1]),
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
