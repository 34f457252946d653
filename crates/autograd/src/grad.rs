//! Reverse mode: a backward sweep over the tape, which appends the adjoints to the same tape.

mod backward;
mod everywhere;
mod nonfinite;
mod parts;
mod sweep;

pub(crate) use everywhere::{Visit, adjoints_of, with_adjoints, with_visits};

use crate::dtype::Float;
use crate::ir::{NodeId, Op};
use crate::params::{Param, Params};
use crate::reachable::Reachable;
use crate::tape::Tape;
use crate::tensor::ToTensor;
use crate::var::Var;
use backward::Lifetimes;
use ndarray::ArrayD;
use smallvec::SmallVec;
use sweep::{Event, sweep, sweep_from};

impl<'t> Var<'t> {
    /// The gradient ∂self/∂x for each given x. It is recorded on the same tape, so it can be differentiated again.
    ///
    /// It is zero for an x on which `self` does not depend ([`depends_on`](Var::depends_on) tells). Each x may be any node,
    /// also an intermediate one. Source: Griewank & Walther, *Evaluating Derivatives*, 2008, section 3.2.
    ///
    /// Zero times a pole is zero, by convention: where a cotangent is exactly 0, a slope that is infinite or NaN contributes
    /// nothing, so that masked branches need no second mask. The price is said aloud: (√x)² has slope 1 at 0, and gives 0.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([0.0, 4.0]);
    /// let y = x.gt(0.0).select(x.sqrt(), 0.0).sum();
    /// assert_eq!(y.grad([x])[0].to_vec::<f64>(), [0.0, 0.25]);
    /// assert_eq!(x.sqrt().square().sum().grad([x])[0].to_vec::<f64>(), [0.0, 1.0]);
    /// ```
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

    /// Vector-Jacobian product: the gradient of ⟨cotangent, self⟩ for each given x, with the cotangent held fixed.
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
        let mut reachable = Reachable::new(&self.tape().list(), &inputs, self.id());
        sweep(self, cotangent, &mut reachable, true, &mut |_| {});
        let adjoint = |x: &Var<'t>| match reachable.get(x.id()) {
            Some(id) => Var::new(self.tape(), id),
            None => x.full_like(0.0),
        };
        wrt.iter().map(adjoint).collect()
    }

    /// Whether a derivative with respect to `x` can differ from zero: whether a path leads from `x` to `self` that passes no
    /// [`detach`](Var::detach), no integer and no truth value.
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
        Reachable::new(&self.tape().list(), &[x.id()], self.id()).contains(self.id())
    }

    /// The derivative of `self` by itself: the first adjoint of a sweep.
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

    /// Checks what a derivation is asked for.
    #[track_caller]
    pub(crate) fn check_derivation(self, wrt: &[Var<'t>]) {
        self.check_scalar("derivation");
        wrt.iter().for_each(|x| x.check_input(self));
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

impl<'t> Tape<'t> {
    /// The cotangent of each x, given those of several outputs; `None` for an x on which none of them depends.
    #[track_caller]
    pub(crate) fn cotangents<'a>(
        &'a self,
        outputs: &[(Var<'a>, Var<'a>)],
        wrt: &[Var<'a>],
    ) -> Vec<Option<Var<'a>>> {
        self.cotangents_telling(outputs, wrt, true, &mut |_| {})
    }

    /// The same for a rule of the sweep that runs: if nothing stays of that one, nothing stays of this one but its results.
    #[track_caller]
    pub(crate) fn cotangents_within<'a>(
        &'a self,
        outputs: &[(Var<'a>, Var<'a>)],
        wrt: &[Var<'a>],
    ) -> Vec<Option<Var<'a>>> {
        if !self.list().is_passing() {
            return self.cotangents(outputs, wrt);
        }
        let results: Vec<NodeId> = wrt.iter().map(|x| x.id()).collect();
        let mut lifetimes = Lifetimes::new(self, wrt.len());
        self.cotangents_telling(outputs, wrt, false, &mut |event| lifetimes.follow(&event, &results))
    }

    #[track_caller]
    fn cotangents_telling<'a>(
        &'a self,
        outputs: &[(Var<'a>, Var<'a>)],
        wrt: &[Var<'a>],
        stays: bool,
        tell: &mut dyn FnMut(Event),
    ) -> Vec<Option<Var<'a>>> {
        let inputs: Vec<NodeId> = wrt.iter().map(|x| x.id()).collect();
        let ends: Vec<NodeId> = outputs.iter().map(|(y, _)| y.id()).collect();
        if ends.is_empty() {
            return vec![None; wrt.len()];
        }
        let mut reachable = Reachable::of(&self.list(), &inputs, &ends);
        sweep_from(outputs, &mut reachable, stays, tell);
        wrt.iter().map(|x| reachable.get(x.id()).map(|id| Var::new(self, id))).collect()
    }
}

/// Records the gradient of `loss` with respect to each parameter that the tape reads, that is not frozen, and that the loss
/// depends on.
#[track_caller]
pub(crate) fn parameter_gradients(loss: Var<'_>, params: &Params) -> Vec<(Param, NodeId)> {
    let tape = loss.tape();
    let read: Vec<(Param, NodeId)> =
        tape.list().parameters().filter(|(p, _)| !params.is_frozen(*p)).collect();
    let inputs: Vec<NodeId> = read.iter().map(|&(_, id)| id).collect();
    let mut reachable = Reachable::new(&tape.list(), &inputs, loss.id());
    sweep(loss, loss.seed(), &mut reachable, true, &mut |_| {});
    read.iter().filter_map(|&(p, id)| Some((p, reachable.get(id)?))).collect()
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
