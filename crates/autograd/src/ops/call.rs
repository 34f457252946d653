//! Call: a body that is run once, y = f(x; c), recorded as one op. Programs write it out, so that its ops fuse with what is
//! around them.
//!
//! * A function of the user's has the rule that the user gave, over variables: x̄ = vjp(x, y, ȳ), ẏ = jvp(x, y, ẋ). Without a
//!   rule for tangents, ẏ = ∂⟨ẋ, vjp(x, y, u)⟩/∂u: what is linear in u is its own transpose's transpose.
//! * A checkpoint keeps nothing of the body: x̄ is that of the body, computed again after ȳ is known.
//!
//! Sources: Griewank & Walther, *Evaluating Derivatives*, 2008, chapter 12; J. Bradbury and others, JAX, `custom_vjp` and
//! `checkpoint`; on tangents by two sweeps back, J. Townsend, "A new trick for calculating Jacobian vector products", 2017.

mod batch;
mod checkpoint;
mod closed;
mod elementwise;
mod function;
mod point;
mod ready;

pub use closed::Closed;
pub use elementwise::{Elementwise, each, like};
pub use function::Function;
pub use point::Point;
pub(crate) use ready::hooked;

use super::bodies::values_of;
use super::prelude::*;
use crate::exec::Repeated;
use crate::ir::{Call, Scan};

impl Call {
    /// The same as a loop of one step, which its executor runs.
    fn once(&self) -> Scan {
        let (body, part) = (self.body.clone(), self.body.result(0).dtype);
        Scan { body, steps: 1, flops: self.flops, part, reverse: false, history: false }
    }

    fn made(&self) -> &Repeated {
        self.body.made(false, || Repeated::new(&self.once()))
    }
}

impl Rule for Call {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        match self.body.arguments().eq(x.iter().copied()) {
            true => Ok(self.body.result(0).clone()),
            false => Err(Mismatch::new("the operands are those that the body was recorded for")),
        }
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch::of_each_call(self, batch)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        match &self.function {
            Some(function) => function::cotangents(function, self.own, at, g, wanted),
            None => checkpoint::cotangents(&self.body, at, g, wanted),
        }
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        match &self.function {
            Some(function) => function::tangent(function, self.own, at, t),
            None => checkpoint::tangent(&self.body, at, t),
        }
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let values = values_of(&self.body, x.to_vec())?;
        values[self.body.results[0] as usize].gather(0..y.shape.elements(), y);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let done = self.made().run(&self.once(), x, y, room.workers);
        if self.function.is_none() {
            // What a checkpoint computes on its way is not to be held.
            self.made().forget();
        }
        done
    }

    fn needs(&self, _x: &[&Meta], _y: &Meta) -> Needs {
        Needs { shared: self.made().shares_work(), scratch: 0 }
    }
}

#[cfg(test)]
impl Tested for Call {
    fn rows() -> Vec<Row> {
        /// a·sin b, with a rule for cotangents alone.
        struct Swing;
        impl Function for Swing {
            fn name(&self) -> &'static str {
                "swing"
            }
            fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
                x[0] * x[1].sin()
            }
            fn vjp<'t>(&self, at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
                vec![Some(g * at.x[1].sin()), Some(g * at.x[0] * at.x[1].cos())]
            }
        }
        let mut all =
            rows("checkpoint", &[&[4], &[0, 2], &[]], |x| x.tape().checkpoint(x, |x| (x.sin() * x).exp()));
        all.push(row("swing", &[&[2, 3], &[2, 3]], |x| Var::call(Swing, &[x[0].cos(), x[1]])));
        all.push(row("checkpoint within a checkpoint", &[&[3], &[3]], |x| {
            let tape = x[0].tape();
            tape.checkpoint(x[0], |a| {
                let b = tape.checkpoint(a, |a| (a * x[1]).sin());
                b * a + Var::call(Swing, &[a, b])
            })
        }));
        all.push(row("checkpoint of two results", &[&[2, 2], &[2]], |x| {
            let [a, b] = x[0].tape().checkpoint([x[0], x[1]], |[a, b]| [a * b, (b * b).sum().exp()]);
            a.sin() * b
        }));
        all.push(row("checkpoint in a loop", &[&[3, 2], &[2]], |x| {
            let tape = x[0].tape();
            tape.scan(3, x[1], x[0], |h, y| (tape.checkpoint(h, |h| (h * y).sin() + x[1]), ())).0
        }));
        all.push(
            row("checkpoint of products", &[&[150, 200], &[200, 200]], |x| {
                x[0].tape().checkpoint(x[0], |a| (a.matmul(x[1]) * 0.01).tanh())
            })
            .large(),
        );
        all
    }
}
