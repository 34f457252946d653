//! Gradients of variables.

use super::tape::Var;

impl<'t> Var<'t> {
    /// The gradient ∂self/∂x for each x asked; 0 where `self` does not depend on it.
    ///
    /// Source: Griewank & Walther, *Evaluating Derivatives*, 2008, section 3.2.
    ///
    /// # Panics
    /// If an x is no node of its own (one is what [`Tape::var`](super::Tape::var) gives, and [`node`](Var::node)), or is on
    /// another tape.
    ///
    /// ```
    /// let tape = autograd::scalar::Tape::new();
    /// let (x, y, z) = (tape.var(2.0), tape.var(3.0), tape.var(5.0));
    /// assert_eq!((x * x * y).grad([x, y, z]), [12.0, 4.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn grad<const N: usize>(self, wrt: [Var<'t>; N]) -> [f64; N] {
        let mut gradient = [0.0; N];
        self.grad_into(&wrt, &mut gradient);
        gradient
    }

    /// As [`grad`](Var::grad), for any number of inputs.
    #[track_caller]
    pub fn grads(self, wrt: &[Var<'t>]) -> Vec<f64> {
        let mut gradient = vec![0.0; wrt.len()];
        self.grad_into(wrt, &mut gradient);
        gradient
    }

    /// As [`grad`](Var::grad), into memory that is there: on a tape that was used before, nothing is allocated.
    ///
    /// # Panics
    /// If `gradient` has another length than `wrt`, and as [`grad`](Var::grad).
    #[track_caller]
    pub fn grad_into(self, wrt: &[Var<'t>], gradient: &mut [f64]) {
        assert!(
            wrt.len() == gradient.len(),
            "grad_into: {} inputs and {} places for their derivatives\n  rule: there is one for each",
            wrt.len(),
            gradient.len()
        );
        for x in wrt {
            self.check_input(*x);
        }
        let form = self.plain();
        self.tape.list.sweep(form.slopes, form.nodes);
        for (x, derivative) in wrt.iter().zip(gradient) {
            *derivative = self.tape.list.adjoint(x.nodes[0]);
        }
    }

    #[track_caller]
    fn check_input(self, x: Var<'t>) {
        assert!(
            std::ptr::eq(x.tape, self.tape),
            "grad: {x:?} is on another tape\n  rule: input and output are on one tape"
        );
        assert!(
            x.is_node(),
            "grad: {x:?} is no node of its own\n  rule: derivatives are those with respect to nodes; a function of others is \
             none as long as it has at most two terms, nor is a constant\n  hint: `let x = (…).node();` makes it one"
        );
    }
}
