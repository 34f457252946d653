//! The search for a NaN or an infinity in a computation and in its gradients.

use super::with_adjoints;
use crate::finite::{NonFinite, born_at};
use crate::ir::NodeId;
use crate::reachable::ancestors;
use crate::var::Var;

impl Var<'_> {
    /// The first NaN or infinity among the values that `self` was computed from. If `self` is a single floating-point number,
    /// such as a loss, its gradients by all variables and unfrozen parameters are searched too. So one call tells where a
    /// training step went wrong. Nothing stays on the tape.
    ///
    /// `None` if all values are finite. The search holds all adjoints at once: use it to find an error, not in every step.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [4.0, 0.0]);
    /// let tape = Tape::with(&params);
    /// let loss = tape.param(w).sqrt().sum();      // finite, but the slope of the root at 0 is not
    /// assert_eq!(tape.find_nonfinite(), None);
    /// let found = loss.find_nonfinite().unwrap();
    /// assert!(found.derivative && found.value == f64::INFINITY && found.element == [1]);
    /// assert_eq!(found.line, line!() - 4);        // the line of the root
    /// ```
    ///
    /// # Panics
    /// On the tape of a program, which has no values: [`Program::find_nonfinite`](crate::Program::find_nonfinite).
    #[track_caller]
    pub fn find_nonfinite(self) -> Option<NonFinite> {
        let (tape, output) = (self.tape(), self.id());
        {
            let list = tape.list();
            let ancestors = ancestors(&[output], |id| &list.node(id).inputs);
            if let Some(found) = ancestors.iter().find_map(|&id| born_at(&list, id, tape.params())) {
                return Some(found);
            }
            let meta = &list.node(output).meta;
            if !meta.dtype.is_float() || meta.shape.elements() != 1 {
                return None;
            }
        }
        let start = tape.len() as NodeId;
        with_adjoints(self, |_| {
            let list = tape.list();
            let mut swept = start..list.nodes.len() as NodeId;
            swept.find_map(|id| born_at(&list, id, tape.params()))
        })
    }
}
