//! The oracle: a slow and simple interpreter of the tape. It uses plain loops over contiguous arrays. It shares only the scalar
//! definitions of the functions and the shape of the summation trees with the fast kernels.

use crate::call::Fault;
use crate::dense::Dense;
use crate::dtype::{Data, Element, Storable};
use crate::ir::NodeId;
use crate::tensor::ToTensor;
use crate::var::Var;
use ndarray::{ArrayD, IxDyn};
use std::collections::HashMap;

/// A recorded computation, run again by plain loops. Other values may be given for some of its nodes.
///
/// What was recorded for one input is valid for any other input of the same shape and dtype. The fast kernels are tested
/// against this interpreter. Use it to find out whether a kernel is at fault.
///
/// ```
/// use autograd::{Replay, Tape};
/// let tape = Tape::new();
/// let (x, labels) = (tape.var([[1.0, 2.0]]), tape.constant(&[1i64]));
/// let y = x.pick(labels);
/// assert_eq!(Replay::of(y).run::<f64>()[[0]], 2.0);
/// assert_eq!(Replay::of(y).with(x, [[5.0, 6.0]]).with(labels, &[0i64]).run::<f64>()[[0]], 5.0);
/// ```
#[derive(Debug)]
pub struct Replay<'t> {
    output: Var<'t>,
    given: HashMap<NodeId, Data>,
}

impl<'t> Replay<'t> {
    /// The computation that led to `output`.
    pub fn of(output: Var<'t>) -> Replay<'t> {
        Replay { output, given: HashMap::new() }
    }

    /// Replaces the values of a node.
    ///
    /// # Panics
    /// If shape or dtype differ, or the node is on another tape.
    #[track_caller]
    pub fn with<A: ToTensor>(mut self, node: Var<'t>, values: A) -> Replay<'t> {
        self.output.check_same_tape("replay", node);
        if values.shape() != node.shape() || A::Elem::DTYPE != node.dtype() {
            node.mistake("replay", format!("{} {} is given for it", values.shape(), A::Elem::DTYPE), "x")
                .rule("what is put in the place of a node has its shape and dtype")
                .raise();
        }
        let mut elements = Vec::new();
        values.write_to(&mut elements);
        self.given.insert(node.id(), A::Elem::wrap(elements));
        self
    }

    /// Interprets the list.
    ///
    /// # Panics
    /// If `T` is not the type of the output's elements.
    #[track_caller]
    pub fn run<T: Element>(&self) -> ArrayD<T> {
        let dtype = self.output.dtype();
        assert!(T::DTYPE == dtype, "replay: the elements are {dtype}, asked for as {}", T::DTYPE);
        let result = self.interpret();
        ArrayD::from_shape_vec(IxDyn(&result.meta.shape), T::slice(result.data.borrow()).to_vec())
            .expect("as many elements as the shape has")
    }

    fn interpret(&self) -> Dense {
        let tape = self.output.tape();
        let list = tape.list();
        let mut values: HashMap<NodeId, Dense> = HashMap::new();
        for id in self.ancestors() {
            let node = list.node(id);
            let computed = || {
                let x: Vec<Dense> = node.inputs.iter().map(|i| values[i].clone()).collect();
                node.op.values(&x, &node.meta)
            };
            let data = match self.given.get(&id).cloned().map(Ok).or_else(computed) {
                Some(data) => data.unwrap_or_else(|fault| self.impossible(id, &fault)),
                None => Dense::of(&list.strided(id, tape.params())).data,
            };
            values.insert(id, Dense { meta: node.meta.clone(), data });
        }
        values.remove(&self.output.id()).expect("the output is its own ancestor")
    }

    /// Panics because replaced values make an op impossible.
    #[cold]
    #[track_caller]
    fn impossible(&self, id: NodeId, fault: &Fault) -> ! {
        let node = Var::new(self.output.tape(), id);
        node.mistake("replay", fault, "y").rule(fault.rule()).hint(fault.hint()).raise()
    }

    /// All nodes that the output depends on, in ascending order.
    fn ancestors(&self) -> Vec<NodeId> {
        let list = self.output.tape().list();
        let mut needed = vec![false; self.output.id() as usize + 1];
        let mut stack = vec![self.output.id()];
        while let Some(id) = stack.pop() {
            if !std::mem::replace(&mut needed[id as usize], true) && !self.given.contains_key(&id) {
                stack.extend(&list.node(id).inputs);
            }
        }
        (0..=self.output.id()).filter(|&id| needed[id as usize]).collect()
    }
}
