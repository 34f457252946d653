//! Functions that use nothing around them: what they used is given to them.

use super::super::bodies::replay;
use crate::ir::{Body, Meta};
use crate::record::{Given, Recording};
use crate::tape::Tape;
use crate::var::Var;
use std::sync::Arc;

/// A function that uses nothing around it, and so can stand in a [`Function`](super::Function): [`Tape::close`] makes it of any code.
#[derive(Clone, Debug)]
pub struct Closed(Arc<Body>);

impl<'p> Tape<'p> {
    /// Records a function of arguments like `x`, and finds what else it uses: variables, parameters, constants.
    ///
    /// The first result is the same function of `x` *and* of these, which are the second result. So the rule of a
    /// [`Function`](crate::custom::Function) that holds it covers all that the code depends on. It is recorded once; each call records its ops
    /// again.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (x, w) = (tape.var(3.0), tape.var(2.0));
    /// let (f, used) = tape.close(&[x], |x| x[0] * w + w);
    /// assert_eq!(used.len(), 1);
    /// let y = f.call(&[tape.var(5.0), used[0]]);
    /// assert_eq!((y.item(), y.grad([w])[0].item()), (12.0, 6.0));
    /// ```
    ///
    /// # Panics
    /// If the function reads a value or writes to state, or uses a variable of another tape.
    #[track_caller]
    pub fn close<'t>(&'t self, x: &[Var<'t>], f: impl FnOnce(&[Var<'t>]) -> Var<'t>) -> (Closed, Vec<Var<'t>>)
    where
        'p: 't,
    {
        let own: Vec<Meta> = x.iter().map(|x| Meta::new(x.shape(), x.dtype())).collect();
        let recording = Recording::begin(self, &own);
        let y = f(&recording.arguments());
        x.iter().for_each(|x| y.check_same_tape("close", *x));
        let given = Given { carried: 0, captured: own.len(), stacked: 1, hoists: true };
        let (body, used) = recording.end(&[y], given, &[]);
        (Closed(body), used)
    }
}

impl Closed {
    /// The function at these arguments: those that it was recorded for, and what it used.
    ///
    /// # Panics
    /// If they have other shapes or dtypes.
    #[track_caller]
    pub fn call<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        let body = &*self.0;
        let fits =
            body.arguments().eq(x.iter().map(|x| Meta::new(x.shape(), x.dtype())).collect::<Vec<_>>().iter());
        let Some(first) = x.first().filter(|_| fits) else {
            let given: Vec<String> = x.iter().map(|x| x.shape().to_string()).collect();
            crate::mistake::Mistake::new(format!("close: arguments of {}", given.join(", ")))
                .rule("a function takes arguments like those that it was recorded for, and what it used")
                .raise();
        };
        replay(body, first.tape(), x)[body.results[0] as usize]
    }
}
