//! The gradients of parameters: a first-order sweep that leaves nothing on the tape.

use super::sweep::{Event, sweep};
use crate::buffers::Strided;
use crate::dtype::{Data, with_float, with_type};
use crate::ir::{NodeId, Op};
use crate::kernels::copy;
use crate::params::{Gradients, Params};
use crate::reachable::Reachable;
use crate::tape::{List, Tape};
use crate::var::Var;
use smallvec::SmallVec;

impl<'t> Var<'t> {
    /// The gradients with respect to all parameters that the tape reads, as owned values.
    ///
    /// First order: nothing stays on the tape, and each adjoint is freed at its last use. For derivatives of these
    /// gradients use [`grad`](Var::grad) on [`Tape::param`].
    ///
    /// # Panics
    /// If the tape reads no parameters, or `self` has more than one element.
    ///
    /// ```
    /// # use autograd::{Params, Tape};
    /// let mut params = Params::f32();
    /// let w = params.scope("net").param("w", [2], [1.0, -2.0]);
    /// let tape = Tape::with(&params);
    /// let grads = tape.param(w).square().sum().backward();
    /// assert_eq!(grads.get::<f32>(w).unwrap(), [2.0, -4.0]);
    /// ```
    #[track_caller]
    pub fn backward(self) -> Gradients {
        let (tape, params) = (self.tape(), self.params_of_backward("backward"));
        let last = tape.list_mut().gradients.take();
        let mut gradients = Gradients::reusing(last, params);
        self.backward_to(params, &mut gradients, false);
        gradients.clear_others(params);
        gradients.set_loss(self.item());
        tape.list_mut().gradients = Some(gradients.clone());
        gradients
    }

    /// Adds the gradients of [`backward`](Var::backward) to others, in their memory: micro-batches whose gradients are summed need
    /// no second slab.
    ///
    /// A program does the same by a loop: a [`scan`](Tape::scan) over micro-batches whose results are the losses adds up the
    /// gradients of the parameters step by step.
    ///
    /// # Panics
    /// As [`backward`](Var::backward), and if the gradients are those of another model.
    ///
    /// ```
    /// use autograd::{Gradients, Params, Tape};
    /// let mut params = Params::f32();
    /// let w = params.scope("net").param("w", [2], [1.0, -2.0]);
    /// let mut grads = Gradients::zeros(&params);
    /// for batch in [[1.0f32, 2.0], [3.0, 4.0]] {
    ///     let tape = Tape::with(&params);
    ///     ((tape.param(w) * tape.constant(batch)).sum() / 2.0).backward_into(&mut grads);
    /// }
    /// assert_eq!(grads.get::<f32>(w).unwrap(), [2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn backward_into(self, gradients: &mut Gradients) {
        let params = self.params_of_backward("backward_into");
        if !gradients.belong_to(params) {
            self.mistake("backward_into", "the gradients belong to another model", "y")
                .rule("gradients are added to those of the same `Params`")
                .hint("`Gradients::zeros(&params)` makes them")
                .raise();
        }
        self.backward_to(params, gradients, true);
        gradients.add_loss(self.item());
    }

    /// The parameters whose gradients are asked for.
    #[track_caller]
    fn params_of_backward(self, asked: &str) -> &'t Params {
        self.check_scalar(asked);
        if self.tape().list().is_traced() {
            self.mistake(asked, "a traced computation has no values yet", "y")
                .rule("a program gives its gradients when it runs")
                .hint("end the trace with `t.outputs(loss).with_gradients()`, or make `loss.grad([x])` an output")
                .raise();
        }
        let Some(params) = self.tape().params() else {
            self.mistake(asked, "this tape reads no parameters", "y")
                .rule("`backward` gives the gradients of parameters")
                .hint("make the tape with `Tape::with(&params)`, or ask `loss.grad([x])`")
                .raise();
        };
        params
    }

    /// The sweep: gradients are copied to their places, or added to what is there.
    #[track_caller]
    fn backward_to(self, params: &Params, gradients: &mut Gradients, adds: bool) {
        let tape = self.tape();
        let start = tape.len();
        let (mut reachable, retained) = {
            let list = tape.list();
            let read = list.parameters().filter(|(p, _)| !params.is_frozen(*p));
            let retained = list.retained().to_vec();
            let inputs: SmallVec<[NodeId; 16]> =
                read.map(|(_, id)| id).chain(retained.iter().copied()).collect();
            (Reachable::new(&list, &inputs, self.id()), retained)
        };
        let mut lifetimes = Lifetimes::new(tape, reachable.order.len());
        let seed = self.seed();
        // A trap reports the rule that recorded a value, so the rules must be recorded.
        let stays = tape.list().trap.on;
        sweep(self, seed, &mut reachable, stays, &mut |event| {
            if let Event::Began { node, cotangent } = event
                && retained.contains(&node)
            {
                let list = tape.list();
                let name = list.given_name(node).map(Into::into);
                gradients.retain(node, name, contiguous(&list.strided(cotangent, Some(params))));
            }
            if let Event::Complete { leaf, adjoint } = event {
                store(&tape.list(), params, leaf, adjoint, gradients, adds);
                lifetimes.drop(adjoint);
            } else {
                lifetimes.follow(&event, &[]);
            }
        });
        {
            let list = tape.list();
            list.written().for_each(|(buffer, id)| {
                gradients.write(buffer, contiguous(&list.strided(id, Some(params))).borrow());
            });
        }
        tape.list_mut().truncate(start);
    }
}

/// Counts how often each node of a first-order sweep is in use as an adjoint, and frees the values that are not in use.
pub(super) struct Lifetimes<'t> {
    tape: &'t Tape<'t>,
    start: usize,
    /// One count per node from `start` on.
    uses: Vec<u32>,
    /// How many of these nodes have been checked after the visit that recorded them.
    settled: usize,
}

impl<'t> Lifetimes<'t> {
    /// Of the nodes that are recorded from now on; the adjoint of a node takes a few.
    pub(super) fn new(tape: &'t Tape<'t>, nodes: usize) -> Lifetimes<'t> {
        Lifetimes { tape, start: tape.len(), uses: Vec::with_capacity(4 * nodes), settled: 0 }
    }

    /// Follows a sweep whose results are the adjoints of these nodes: they are not freed.
    pub(super) fn follow(&mut self, event: &Event, results: &[NodeId]) {
        match *event {
            Event::Began { node, cotangent } if results.contains(&node) => self.hold(cotangent),
            Event::Held(id) => self.hold(id),
            Event::Dropped(id) => self.drop(id),
            Event::Visited => self.free_intermediates(),
            Event::Began { .. } | Event::Passed { .. } | Event::Complete { .. } => {}
        }
    }

    fn hold(&mut self, id: NodeId) {
        self.uses.resize(self.tape.len() - self.start, 0);
        if let Some(index) = self.index(id) {
            self.uses[index] += 1;
        }
    }

    fn drop(&mut self, id: NodeId) {
        if let Some(index) = self.index(id) {
            self.uses[index] -= 1;
            if self.uses[index] == 0 {
                self.tape.list_mut().release(id);
            }
        }
    }

    /// Frees the intermediate values that the last rules recorded.
    fn free_intermediates(&mut self) {
        let mut list = self.tape.list_mut();
        self.uses.resize(list.nodes.len() - self.start, 0);
        for index in std::mem::replace(&mut self.settled, self.uses.len())..self.uses.len() {
            if self.uses[index] == 0 {
                list.release((self.start + index) as NodeId);
            }
        }
    }

    fn index(&self, id: NodeId) -> Option<usize> {
        (id as usize).checked_sub(self.start)
    }
}

/// Copies the adjoint of a parameter into its range of the owned gradients, or adds it to what is there. Other leaves have none.
fn store(list: &List, params: &Params, leaf: NodeId, adjoint: NodeId, gradients: &mut Gradients, adds: bool) {
    let Op::Parameter(param) = list.node(leaf).op else { return };
    let x = list.strided(adjoint, Some(params));
    let adds = adds && gradients.has(param);
    let (slab, range) = gradients.insert(param, params.range(param));
    with_float!(slab.dtype(), T => {
        let place = &mut slab.slice_mut::<T>()[range];
        match adds {
            true => place.iter_mut().zip(contiguous(&x).slice::<T>()).for_each(|(sum, &g)| *sum += g),
            false => copy_into::<T>(&x, place),
        }
    });
}

/// The elements of a value, in row-major order.
fn contiguous(x: &Strided<'_>) -> Data {
    let mut data = Data::splat(x.dtype(), 0.0, x.shape.iter().product());
    with_type!(x.dtype(), T => copy_into::<T>(x, data.slice_mut::<T>()));
    data
}

fn copy_into<T: crate::Element>(x: &Strided<'_>, out: &mut [T]) {
    let view = x.view::<T>();
    match view.as_slice() {
        Some(values) => out.copy_from_slice(values),
        None => copy(view, out),
    }
}

#[cfg(test)]
mod tests {
    use crate::table::{cell, unary_table};
    use crate::{DType, Params, Tape, Var};

    /// The gradient of Σ f(w)·c by `backward` and by `grad`, to the last bit.
    fn both_ways(f: impl for<'t> Fn(Var<'t>) -> Var<'t>, dtype: DType, domain: std::ops::Range<f64>) {
        let n = 37;
        let at = |i: usize| domain.start + (domain.end - domain.start) * (i as f64 * 0.618).fract();
        let mut params = if dtype == DType::F32 { Params::f32() } else { Params::f64() };
        let w = params.scope("net").param("w", [n], (0..n).map(at).collect::<Vec<_>>().as_slice());
        let tape = Tape::with(&params);
        let factors: Vec<f64> = (0..n).map(|i| i as f64 - 11.3).collect();
        let loss = (f(tape.param(w)) * tape.constant(factors).cast(dtype)).sum();
        let recorded = loss.grad([tape.param(w)])[0].cast(DType::F64).to_vec::<f64>();
        let grads = loss.backward();
        let given: Vec<f64> = match dtype {
            DType::F32 => grads.slab_of::<f32>().iter().map(|&g| f64::from(g)).collect(),
            _ => grads.slab_of::<f64>().to_vec(),
        };
        let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&given), bits(&recorded));
    }

    macro_rules! every_function {
        ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
            #[test]
            fn slopes_in_one_pass_are_those_that_the_rules_record() {
                for dtype in [DType::F32, DType::F64] {
                    $(both_ways(|x| every_function!(@call x $name($($p)?)), dtype, cell!(test $columns));)*
                }
            }
        };
        (@call $v:ident neg()) => { -$v };
        (@call $v:ident $name:ident()) => { $v.$name() };
        (@call $v:ident $name:ident($p:ident)) => { $v.$name(1.5) };
    }
    unary_table!(every_function);
}
