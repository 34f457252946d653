//! Forward mode: a forward sweep over the tape, which appends the tangents to the same tape.

use crate::ir::{NodeId, for_operands};
use crate::op::At;
use crate::reachable::Reachable;
use crate::tape::Tape;
use crate::var::Var;
use smallvec::SmallVec;

impl<'t> Var<'t> {
    /// Jacobian-vector product: the derivative of `self` when each x moves along its tangent, Σ (∂self/∂x)·ẋ.
    ///
    /// Recorded on the same tape, so that it can be differentiated again: `jvp` of a `grad` is a Hessian-vector
    /// product. Source: Griewank & Walther, *Evaluating Derivatives*, 2008, section 3.1.
    ///
    /// # Panics
    /// If a tangent differs from its x in shape or dtype, or there are not as many.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// let v = tape.constant([1.0, 0.0]);
    /// let y = x.square();
    /// assert_eq!(y.jvp(&[x], &[v]).to_vec::<f64>(), [2.0, 0.0]);
    /// let [gradient] = x.powf(3.0).sum().grad([x]);
    /// assert_eq!(gradient.jvp(&[x], &[v]).to_vec::<f64>(), [6.0, 0.0]); // a Hessian-vector product
    /// ```
    #[track_caller]
    pub fn jvp(self, wrt: &[Var<'t>], tangents: &[Var<'t>]) -> Var<'t> {
        self.check_tangents("jvp", wrt, tangents);
        let inputs: SmallVec<[NodeId; 4]> = wrt.iter().map(|x| x.id()).collect();
        let mut reachable = Reachable::new(&self.tape().list(), &inputs, self.id());
        for (x, t) in wrt.iter().zip(tangents) {
            if reachable.contains(x.id()) {
                reachable.set(x.id(), t.id());
            }
        }
        sweep(self.tape(), &inputs, &mut reachable);
        match reachable.get(self.id()) {
            Some(id) => Var::new(self.tape(), id),
            None => self.full_like(0.0),
        }
    }

    /// Refuses tangents that are not those of the inputs.
    #[track_caller]
    pub(crate) fn check_tangents(self, op: &str, wrt: &[Var<'t>], tangents: &[Var<'t>]) {
        if wrt.len() != tangents.len() {
            let found = format!("{} inputs and {} tangents", wrt.len(), tangents.len());
            self.mistake(op, found, "y").rule("each input has one tangent").raise();
        }
        for (x, t) in wrt.iter().zip(tangents) {
            self.check_same_tape(op, *x);
            self.check_same_tape(op, *t);
            if x.shape() != t.shape() || x.dtype() != t.dtype() {
                x.mistake(op, "input and tangent do not fit", "x")
                    .line("tangent", t.describe())
                    .rule("they agree in shape and dtype")
                    .raise();
            }
        }
    }
}

impl<'t> Tape<'t> {
    /// The tangents of several outputs, given those of some inputs; `None` for an output that depends on none of these.
    #[track_caller]
    pub(crate) fn tangents<'a>(
        &'a self,
        outputs: &[Var<'a>],
        inputs: &[(Var<'a>, Var<'a>)],
    ) -> Vec<Option<Var<'a>>> {
        let ends: Vec<NodeId> = outputs.iter().map(|y| y.id()).collect();
        if ends.is_empty() {
            return vec![];
        }
        let wrt: Vec<NodeId> = inputs.iter().map(|(x, _)| x.id()).collect();
        let mut reachable = Reachable::of(&self.list(), &wrt, &ends);
        for (x, tangent) in inputs {
            if reachable.contains(x.id()) {
                reachable.set(x.id(), tangent.id());
            }
        }
        sweep(self, &wrt, &mut reachable);
        ends.iter().map(|&id| reachable.get(id).map(|id| Var::new(self, id))).collect()
    }
}

/// Visits the reachable nodes from the first to the last. Each computes its tangent from those of its operands.
#[track_caller]
fn sweep<'t>(tape: &'t Tape<'t>, inputs: &[NodeId], reachable: &mut Reachable) {
    for index in 0..reachable.order.len() {
        let id = reachable.order[index];
        // An input moves along its given tangent, even if it was computed from another input.
        if inputs.contains(&id) {
            continue;
        }
        let (op, operands) = {
            let list = tape.list();
            let node = list.node(id);
            (node.op.clone(), node.inputs.clone())
        };
        let Some(rule) = op.rule() else { continue };
        let (var, y) = (|i| Var::new(tape, i), Var::new(tape, id));
        let inherited = tape.inheriting(id);
        let tangent = for_operands(&operands, var, |x| {
            for_operands(&operands, |i| reachable.get(i).map(var), |t| rule.jvp(&At { x, y }, t))
        });
        #[cfg(test)]
        let tangent = crate::tests::mutations::tangent(&op, tangent);
        drop(inherited);
        tape.raise_trapped();
        if let Some(tangent) = tangent {
            reachable.set(id, tangent.id());
        }
    }
}
