//! Where a function is differentiated.

use crate::var::Var;

/// Where a function is differentiated: its operands and its value.
#[derive(Debug)]
pub struct Point<'a, 't> {
    /// The operands, as the function was given them.
    pub x: &'a [Var<'t>],
    /// The value.
    pub y: Var<'t>,
    /// Which operands need a cotangent; all of them, in a tangent.
    pub(super) wanted: &'a [bool],
}

impl<'t> Point<'_, 't> {
    /// Whether the cotangent of this operand is needed: a rule need not compute others.
    pub fn wants(&self, operand: usize) -> bool {
        self.wanted[operand]
    }

    /// The tangent of the value by the rule for cotangents, for a rule that is linear in the cotangent: ẏ = ∂⟨ẋ, vjp(u)⟩/∂u, two
    /// sweeps back for one forward.
    ///
    /// It is what [`Function::jvp`](super::Function::jvp) gives if it is not written.
    pub fn transposed(
        &self,
        t: &[Option<Var<'t>>],
        vjp: impl FnOnce(Var<'t>) -> Vec<Option<Var<'t>>>,
    ) -> Option<Var<'t>> {
        // Any number but 0 does, whose product with a pole is 0 by convention.
        let u = self.y.full_like(1.0);
        let pairs: Vec<(Var<'t>, Var<'t>)> =
            vjp(u).into_iter().zip(t).filter_map(|(x, t)| Some((x?, (*t)?))).collect();
        self.y.tape().cotangents(&pairs, &[u])[0]
    }
}
