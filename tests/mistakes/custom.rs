//! Mistakes in what users add: functions with rules of their own, loops, checkpoints.

use crate::Case;
use crate::caught::mistake_in;
use wengert::ndarray::{ArrayViewD, ArrayViewMutD};
use wengert::prelude::*;

pub(crate) const ALL: &[Case] = &[
    ("derivative of loops without a rule", loops_without_a_rule),
    ("values that loops refuse", values_that_loops_refuse),
    ("rule that gives another shape", rule_of_another_shape),
    ("function that reads a parameter", function_that_reads_a_parameter),
    ("elementwise function that sums", elementwise_that_sums),
    ("value read within a checkpoint", value_within_a_checkpoint),
];

fn says<R>(f: impl FnOnce() -> R) -> String {
    mistake_in("mistakes/custom.rs", f)
}

/// Every other number, by loops.
struct Halved;
impl custom::Loops for Halved {
    fn name(&self) -> &'static str {
        "halved"
    }
    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        Ok(Shape::from([x[0].iter().product::<usize>() / 2]))
    }
    fn fill(&self, x: &[ArrayViewD<'_, f64>], mut y: ArrayViewMutD<'_, f64>) -> Result<(), String> {
        if x[0].iter().any(|x| x.is_nan()) {
            return Err("a NaN cannot be halved".to_owned());
        }
        y.iter_mut().zip(x[0].iter().step_by(2)).for_each(|(y, x)| *y = *x);
        Ok(())
    }
}

fn loops_without_a_rule() -> String {
    let tape = Tape::new();
    let x = tape.var([1.0, 2.0, 3.0, 4.0]);
    let y = Var::by_loops(Halved, &[x * 2.0]).sum();
    says(|| y.grad([x]))
}

fn values_that_loops_refuse() -> String {
    let tape = Tape::new();
    let x = tape.var([f64::NAN, 1.0]);
    says(|| Var::by_loops(Halved, &[x]))
}

/// The sum of all numbers, scaled by a parameter, with a rule that gives its own cotangent.
struct Total(Option<Param>);
impl custom::Function for Total {
    fn name(&self) -> &'static str {
        "total"
    }
    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        match self.0 {
            Some(scale) => x[0].sum() * scale,
            None => x[0].sum(),
        }
    }
    fn vjp<'t>(&self, _at: &custom::Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
        vec![Some(g)]
    }
}

fn rule_of_another_shape() -> String {
    let tape = Tape::new();
    let x = tape.var([1.0, 2.0]);
    let y = Var::call(Total(None), &[x]);
    says(|| y.grad([x]))
}

fn function_that_reads_a_parameter() -> String {
    let mut params = Params::f64();
    let scale = params.scope("net").param("scale", [], 2.0);
    let tape = Tape::with(&params);
    let x = tape.var([1.0, 2.0]);
    says(|| Var::call(Total(Some(scale)), &[x]))
}

fn elementwise_that_sums() -> String {
    elementwise!(fn centred(x) -> y { value: x.sum() / 2.0, slope: 0.5 });
    let tape = Tape::new();
    let x = tape.var([1.0, 2.0]);
    says(|| centred(x))
}

fn value_within_a_checkpoint() -> String {
    let tape = Tape::new();
    let x = tape.var(1.0);
    says(|| tape.checkpoint(x, |x| if x.item() > 0.0 { x.exp() } else { x }))
}
