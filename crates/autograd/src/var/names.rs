//! Names of variables, and what is kept and changed by them.

use super::Var;
use crate::ops::hooked;

impl<'t> Var<'t> {
    /// The same variable, called by a name in derivations, drawings and lists. A digit at the end is an index: `W1` is W₁.
    /// The value and its gradient stay as they are, if there is no [hook](crate::Tape::hook) of this name. The last name counts.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let z = tape.var(0.5).named("z");
    /// let a = z.sigmoid().named("a");
    /// assert_eq!(a.name().as_deref(), Some("a"));
    /// assert!(a.square().derivation([z]).to_string().contains("∂a/∂z"));
    /// ```
    #[must_use = "the name belongs to the variable: give it where the variable is made"]
    #[track_caller]
    pub fn named(self, name: &str) -> Var<'t> {
        let hook = self.tape().list().hook(name);
        let x = hook.map_or(self, |hook| hooked(self, &hook));
        self.tape().list_mut().give_name(x.id(), name);
        x
    }

    /// The same variable, whose gradient [`backward`](Var::backward) keeps beside those of the parameters:
    /// [`Gradients::of_name`](crate::Gradients::of_name).
    ///
    /// # Panics
    /// On the tape of a program: there `loss.grad([x])` is made an output.
    #[track_caller]
    pub fn retain(self) -> Var<'t> {
        if self.tape().list().is_traced() {
            self.mistake("retain", "a program keeps no gradients of its variables", "x")
                .rule("what a program computes is read from its run")
                .hint("make `loss.grad([x])` an output, beside `with_gradients`")
                .raise();
        }
        self.tape().list_mut().retain(self.id());
        self
    }

    /// The name that [`named`](Var::named) gave, or that of a parameter or an input.
    pub fn name(self) -> Option<String> {
        let list = self.tape().list();
        list.given_name(self.id()).map(str::to_owned).or_else(|| list.name(self.id(), self.tape().params()))
    }
}
