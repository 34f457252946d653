//! Reverse mode: the sweep backwards over the list, which appends adjoints to the same list.

mod everywhere;
mod nonfinite;

pub(crate) use everywhere::with_adjoints;

use crate::between::Between;
use crate::buffers::Strided;
use crate::dtype::{Float, each_dtype};
use crate::ir::{NodeId, Op, PerOperand, per_operand};
use crate::kernels::copy;
use crate::op::At;
use crate::params::{Gradients, Param, Params};
use crate::tape::Tape;
use crate::tensor::ToTensor;
use crate::var::Var;
use ndarray::ArrayD;
use smallvec::SmallVec;

impl<'t> Var<'t> {
    /// The gradient ∂self/∂x for each x asked, recorded on the same tape: differentiate it again if you like.
    ///
    /// Zeros for an x on which `self` does not depend ([`depends_on`](Var::depends_on) tells). Any node may be asked
    /// for, intermediate ones too. Source: Griewank & Walther, *Evaluating Derivatives*, 2008, section 3.2.
    ///
    /// # Panics
    /// If `self` has more than one element or no floating-point dtype; if an x is a constant, of an integer dtype or
    /// on another tape.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(2.0);
    /// let [d1] = (x * x * x).grad([x]);
    /// let [d2] = d1.grad([x]);
    /// let [d3] = d2.grad([x]);
    /// assert_eq!((d1.item(), d2.item(), d3.item()), (12.0, 12.0, 6.0));
    /// ```
    #[track_caller]
    pub fn grad<const N: usize>(self, wrt: [Var<'t>; N]) -> [Var<'t>; N] {
        let grads = self.grads(&wrt);
        std::array::from_fn(|i| grads[i])
    }

    /// As [`grad`](Var::grad), for any number of inputs.
    #[track_caller]
    pub fn grads(self, wrt: &[Var<'t>]) -> Vec<Var<'t>> {
        self.check_scalar("grad");
        self.vjp(self.seed(), wrt)
    }

    /// Vector-Jacobian product: the gradient of ⟨cotangent, self⟩ for each x asked, the cotangent held fixed.
    ///
    /// # Panics
    /// If the cotangent differs in shape or dtype, and as [`grad`](Var::grad).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// let u = tape.constant([10.0, 1.0]);
    /// assert_eq!(x.square().vjp(u, &[x])[0].to_vec::<f64>(), [20.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn vjp(self, cotangent: Var<'t>, wrt: &[Var<'t>]) -> Vec<Var<'t>> {
        self.check_differentiable("vjp", "y");
        self.check_same_tape("vjp", cotangent);
        if cotangent.shape() != self.shape() || cotangent.dtype() != self.dtype() {
            self.mistake("vjp", "output and cotangent do not fit", "output")
                .line("cotangent", cotangent.describe())
                .rule("they agree in shape and dtype")
                .raise();
        }
        for x in wrt {
            x.check_input(self);
        }
        let inputs: SmallVec<[NodeId; 4]> = wrt.iter().map(|x| x.id()).collect();
        let mut between = Between::new(&self.tape().list(), &inputs, self.id());
        sweep(self, cotangent, &mut between, |_, _| {});
        let adjoint = |x: &Var<'t>| match between.get(x.id()) {
            Some(id) => Var::new(self.tape(), id),
            None => x.full_like(0.0),
        };
        wrt.iter().map(adjoint).collect()
    }

    /// The gradients with respect to all parameters that the tape reads, at once and owned.
    ///
    /// First order: nothing stays on the tape, and each adjoint is freed at its last use. For derivatives of these
    /// gradients use [`grad`](Var::grad) on [`Tape::param`].
    ///
    /// # Panics
    /// If the tape reads no parameters, or `self` has more than one element.
    ///
    /// ```
    /// # use autograd::{Params, Tape};
    /// let mut params = Params::new();
    /// let w = params.scope("net").param("w", [2], [1.0, -2.0]);
    /// let tape = Tape::with(&params);
    /// let grads = tape.param(w).square().sum().backward();
    /// assert_eq!(grads.get::<f32>(w).unwrap(), [2.0, -4.0]);
    /// ```
    #[track_caller]
    pub fn backward(self) -> Gradients {
        self.check_scalar("backward");
        let tape = self.tape();
        if tape.list().is_traced() {
            self.mistake("backward", "a traced computation has no values yet", "y")
                .rule("a program gives its gradients when it runs")
                .hint("end the trace with `t.outputs(loss).with_gradients()`, or make `loss.grad([x])` an output")
                .raise();
        }
        let Some(params) = tape.params() else {
            self.mistake("backward", "this tape reads no parameters", "y")
                .rule("`backward` gives the gradients of parameters")
                .hint("make the tape with `Tape::with(&params)`, or ask `loss.grad([x])`")
                .raise();
        };
        let read: Vec<(Param, NodeId)> = {
            let list = tape.list();
            list.parameters().filter(|(p, _)| !params.is_frozen(*p)).collect()
        };
        let inputs: Vec<NodeId> = read.iter().map(|&(_, id)| id).collect();
        let mut gradients = Gradients::zeros(params);
        let start = tape.len();
        let mut between = Between::new(&tape.list(), &inputs, self.id());
        let mut lifetimes = Lifetimes { tape, start, uses: Vec::new(), settled: 0 };
        let seed = self.seed();
        sweep(self, seed, &mut between, |event, id| match event {
            Event::Held => lifetimes.hold(id),
            Event::Dropped => lifetimes.drop(id),
            Event::Visited => lifetimes.free_intermediates(),
        });
        for (param, id) in read {
            if let Some(adjoint) = between.get(id) {
                store(Var::new(tape, adjoint), param, &mut gradients);
            }
        }
        tape.list_mut().truncate(start);
        gradients
    }

    /// Whether a derivative with respect to `x` can be other than zero: whether a path leads from `x` to here,
    /// without a [`detach`](Var::detach), an integer or a truth value on it.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (x, w) = (tape.var(1.0), tape.var(2.0));
    /// let y = x.exp();
    /// assert!(y.depends_on(x) && !y.depends_on(w));
    /// assert_eq!(y.grad([w])[0].item(), 0.0);
    /// ```
    #[track_caller]
    pub fn depends_on(self, x: Var<'t>) -> bool {
        self.check_same_tape("depends_on", x);
        Between::new(&self.tape().list(), &[x.id()], self.id()).contains(self.id())
    }

    /// Its derivative by itself, with which a sweep begins.
    #[track_caller]
    fn seed(self) -> Var<'t> {
        let seed = self.full_like(1.0);
        self.tape().list_mut().note_adjoint(seed.id(), self.id());
        seed
    }

    #[track_caller]
    fn check_scalar(self, op: &str) {
        let elements = self.shape().elements();
        if elements != 1 {
            self.mistake(op, format!("y has {elements} elements"), "y")
                .rule("a gradient is that of one number")
                .hint("`.sum()` or `.mean()` first, or give a cotangent to `.vjp(…)`")
                .raise();
        }
        self.check_differentiable(op, "y");
    }

    #[track_caller]
    fn check_differentiable(self, op: &str, label: &str) {
        let dtype = self.dtype();
        if !dtype.is_float() {
            self.mistake(op, format!("{dtype} has no derivative"), label)
                .rule("only F32 and F64 are differentiable")
                .hint("record the values as floating-point numbers; a `.cast(…)` from integers has no derivative either")
                .raise();
        }
    }

    #[track_caller]
    fn check_input(self, output: Var<'t>) {
        output.check_same_tape("grad", self);
        self.check_differentiable("grad", "x");
        let constant = matches!(self.tape().list().node(self.id()).op, Op::Constant | Op::Full(_));
        if constant {
            self.mistake("grad", "a constant has no gradient", "x")
                .rule("gradients are those with respect to variables, parameters and what is computed")
                .hint("record it with `tape.var(…)`")
                .raise();
        }
    }
}

/// The gradient of `loss` with respect to each parameter that its tape reads, that is not frozen, and that it depends
/// on; recorded.
#[track_caller]
pub(crate) fn parameter_gradients(loss: Var<'_>, params: &Params) -> Vec<(Param, NodeId)> {
    let tape = loss.tape();
    let read: Vec<(Param, NodeId)> =
        tape.list().parameters().filter(|(p, _)| !params.is_frozen(*p)).collect();
    let inputs: Vec<NodeId> = read.iter().map(|&(_, id)| id).collect();
    let mut between = Between::new(&tape.list(), &inputs, loss.id());
    sweep(loss, loss.seed(), &mut between, |_, _| {});
    read.iter().filter_map(|&(p, id)| Some((p, between.get(id)?))).collect()
}

/// The value of a function and its gradient with respect to each argument, as arrays.
///
/// ```
/// use autograd::value_and_grad;
/// let (value, [dx, dw]) = value_and_grad(|[x, w]| (x * w).sum(), [[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(value, 11.0);
/// assert_eq!((dx.as_slice(), dw.as_slice()), (Some(&[3.0, 4.0][..]), Some(&[1.0, 2.0][..])));
/// ```
///
/// # Panics
/// If the function gives more than one element.
#[track_caller]
pub fn value_and_grad<A, F, const N: usize>(f: F, at: [A; N]) -> (A::Elem, [ArrayD<A::Elem>; N])
where
    A: ToTensor,
    A::Elem: Float,
    F: for<'t> FnOnce([Var<'t>; N]) -> Var<'t>,
{
    let tape = Tape::new();
    let x = at.map(|a| tape.var(a));
    let y = f(x);
    let grads = y.grad(x);
    (y.to_vec()[0], grads.map(|g| g.to_array()))
}

/// What a sweep tells about the nodes that it appends.
enum Event {
    /// The node became an adjoint.
    Held,
    /// The node ceased to be one: it was added to another, or its node has been visited.
    Dropped,
    /// One node's rules have run.
    Visited,
}

/// Visits the nodes between from the last to the first; each hands its adjoint on to its operands by its rule.
#[track_caller]
fn sweep<'t>(output: Var<'t>, seed: Var<'t>, between: &mut Between, mut tell: impl FnMut(Event, NodeId)) {
    let tape = output.tape();
    if !between.contains(output.id()) {
        return;
    }
    // A rule may give what was there before, such as an operand; that is no adjoint by its nature.
    let start = tape.len();
    let note = |term: Var<'t>, of: NodeId| {
        if term.id() as usize >= start {
            tape.list_mut().note_adjoint(term.id(), of);
        }
    };
    between.set(output.id(), seed.id());
    tell(Event::Held, seed.id());
    for place in (0..between.order.len()).rev() {
        let id = between.order[place];
        let Some(adjoint) = between.get(id) else {
            continue;
        };
        let (op, inputs) = {
            let list = tape.list();
            let node = list.node(id);
            (node.op.clone(), node.inputs.clone())
        };
        let Some(rule) = op.rule() else { continue };
        let x: PerOperand<Var<'t>> = per_operand(inputs.iter().map(|&i| Var::new(tape, i)));
        let at = At { x: &x, y: Var::new(tape, id) };
        let g = Var::new(tape, adjoint);
        let inherited = tape.inheriting(id);
        for (i, &input) in inputs.iter().enumerate() {
            if !between.contains(input) {
                continue;
            }
            let Some(mut term) = rule.vjp(&at, i, g) else {
                continue;
            };
            note(term, input);
            if let Some(sum) = between.get(input) {
                term = Var::new(tape, sum) + term;
                note(term, input);
                tell(Event::Dropped, sum);
            }
            between.set(input, term.id());
            tell(Event::Held, term.id());
        }
        drop(inherited);
        tape.raise_trapped();
        tell(Event::Dropped, adjoint);
        tell(Event::Visited, id);
    }
}

/// Counts how often each node of a first-order sweep is in use as an adjoint, and frees the values that are not.
struct Lifetimes<'t> {
    tape: &'t Tape<'t>,
    start: usize,
    /// Per node from `start` on.
    uses: Vec<u32>,
    /// How many of them have been looked at after the visit that recorded them.
    settled: usize,
}

impl Lifetimes<'_> {
    fn hold(&mut self, id: NodeId) {
        self.uses.resize(self.tape.len() - self.start, 0);
        if let Some(place) = self.place(id) {
            self.uses[place] += 1;
        }
    }

    fn drop(&mut self, id: NodeId) {
        if let Some(place) = self.place(id) {
            self.uses[place] -= 1;
            if self.uses[place] == 0 {
                self.tape.list_mut().release(id);
            }
        }
    }

    /// Frees what the last rules recorded on the way to their results.
    fn free_intermediates(&mut self) {
        let mut list = self.tape.list_mut();
        self.uses.resize(list.nodes.len() - self.start, 0);
        for place in std::mem::replace(&mut self.settled, self.uses.len())..self.uses.len() {
            if self.uses[place] == 0 {
                list.release((self.start + place) as NodeId);
            }
        }
    }

    fn place(&self, id: NodeId) -> Option<usize> {
        (id as usize).checked_sub(self.start)
    }
}

/// Copies an adjoint to its parameter's place in the owned gradients.
fn store(adjoint: Var<'_>, param: Param, gradients: &mut Gradients) {
    let tape = adjoint.tape();
    let params = tape.params().expect("checked by backward");
    let list = tape.list();
    let x = list.strided(adjoint.id(), Some(params));
    let (slab, range) = gradients.insert(param, params.range(param));
    each_dtype!(Data, slab, slab => copy_into(&x, &mut slab[range]));
}

fn copy_into<T: crate::Element>(x: &Strided<'_>, out: &mut [T]) {
    let view = x.view::<T>();
    match view.as_slice() {
        Some(values) => out.copy_from_slice(values),
        None => {
            let mut values = Vec::with_capacity(out.len());
            copy(view, &mut values);
            out.copy_from_slice(&values);
        }
    }
}

/// ⟨a, b⟩ = Σ aᵢ·bᵢ.
pub(crate) fn dot<'t>(a: Var<'t>, b: Var<'t>) -> Var<'t> {
    (a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjoints_know_their_node_its_line_and_its_scope() {
        let tape = Tape::new();
        let x = tape.var(2.0);
        let y = tape.scope("f", || x.exp());
        let z = x * y;
        let first = tape.len();
        let [dx] = z.grad([x]);
        let list = tape.list();
        let origin = |id: u32| list.node(id).origin;
        assert!((0..first as u32).all(|id| origin(id).adjoint_of().is_none()));
        let of: Vec<_> = (first as u32..tape.len() as u32).map(|id| origin(id).adjoint_of()).collect();
        // The seed, the term of x by the product, the adjoint of y, the term by exp, and their sum.
        assert_eq!(of, [z.id(), x.id(), y.id(), x.id(), x.id()].map(Some));
        assert_eq!(origin(dx.id()).site.line(), origin(y.id()).site.line());
        assert_eq!(list.scope_name(dx.id()).as_deref(), Some("f"));
    }
}
