//! The table of tests: every row of every op, by the same checks.
//!
//! The checks of a row: values equal those of the oracle to the last bit (products of matrices: within a rounding bound), in
//! F64 and F32. VJP, JVP and their derivatives agree with central differences and with each other. Rows include axes of length
//! 0 and 1, and transposed and broadcast operands.

use super::rows::{Row, every_row, rows};
use crate::ir::{Binary, Op, Sum, Unary};
use crate::oracle::Replay;
use crate::{AnyTensor, DType, Params, Passes, Program, Tape, Var, check_grads};
use ndarray::ArrayD;

/// The rows that are small enough for the oracle.
fn table() -> impl Iterator<Item = Row> {
    every_row().filter(|row| !row.large)
}

impl Row {
    /// The function, its first and its second derivatives.
    fn outputs<'t>(&self, x: &[Var<'t>]) -> Vec<Var<'t>> {
        let y = (self.f)(x);
        let first = y.square().sum().grads(x);
        let second = first[0].sin().sum().grads(x);
        [y].into_iter().chain(first).chain(second).collect()
    }

    /// A program of the same function gives the oracle's values: to the last bit if no pass changes the order of a sum.
    fn check_program(&self, dtype: DType, passes: Passes) -> Result<(), String> {
        let arguments = self.arguments();
        let (singles, params) = match dtype {
            DType::F32 => (arguments.iter().map(|a| a.mapv(|x| x as f32)).collect(), Params::f32()),
            _ => (vec![], Params::f64()),
        };
        let given: Vec<&dyn AnyTensor> = match dtype {
            DType::F32 => singles.iter().map(|a| a as &dyn AnyTensor).collect(),
            _ => arguments.iter().map(|a| a as &dyn AnyTensor).collect(),
        };
        let program = Program::trace_with(passes, &params, |t| {
            let x: Vec<Var<'_>> =
                arguments.iter().enumerate().map(|(i, a)| t.input(&format!("x{i}"), a.shape())).collect();
            t.outputs(self.outputs(&x))
        });
        let program = program.map_err(|e| e.to_string())?;
        let mut state = program.state();
        let out = program.run(&mut state, &params, &given[..]).map_err(|e| e.to_string())?;
        let tape = Tape::new();
        let x: Vec<Var<'_>> = match dtype {
            DType::F32 => singles.iter().map(|a| tape.var(a)).collect(),
            _ => arguments.iter().map(|a| tape.var(a)).collect(),
        };
        let reorders = self.rounds || passes.may_round_sums();
        for (i, y) in self.outputs(&x).into_iter().enumerate() {
            let (planned, oracle) = match y.dtype() {
                DType::F32 => (out.get::<f32>(i).mapv(f64::from), Replay::of(y).run::<f32>().mapv(f64::from)),
                _ => (out.get::<f64>(i).to_owned(), Replay::of(y).run::<f64>()),
            };
            same_values(&planned, &oracle, if reorders { precision(y.dtype()) } else { 0.0 })
                .map_err(|e| format!("{}, output {i} of {passes:?}: {e}", self.name))?;
        }
        Ok(())
    }

    /// Eager values, first and second derivatives are those of the oracle.
    fn check_oracle(&self, dtype: DType) -> Result<(), String> {
        let tape = Tape::new();
        let x: Vec<Var<'_>> = self
            .arguments()
            .iter()
            .map(|a| match dtype {
                DType::F32 => tape.var(a.mapv(|x| x as f32)),
                _ => tape.var(a),
            })
            .collect();
        self.outputs(&x).into_iter().try_for_each(|v| self.same(v))
    }

    pub(super) fn same(&self, v: Var<'_>) -> Result<(), String> {
        let (eager, oracle) = match v.dtype() {
            DType::F32 => (v.to_array::<f32>().mapv(f64::from), Replay::of(v).run::<f32>().mapv(f64::from)),
            _ => (v.to_array::<f64>(), Replay::of(v).run::<f64>()),
        };
        // Rounding of a sum of products is relative to its largest terms; a second derivative holds sums of sums of sums.
        let bound = if self.rounds { precision(v.dtype()) } else { 0.0 };
        same_values(&eager, &oracle, bound).map_err(|e| format!("{} at {v:?}: {e}", self.name))
    }
}

/// A bound on the rounding error of a few sums of products, relative to the largest value.
fn precision(dtype: DType) -> f64 {
    if dtype == DType::F32 { 1e-4 } else { 1e-12 }
}

fn same_values(given: &ArrayD<f64>, oracle: &ArrayD<f64>, precision: f64) -> Result<(), String> {
    let largest = oracle.iter().filter(|x| x.is_finite()).fold(1.0, |m: f64, x| m.max(x.abs()));
    let agree = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= precision * largest;
    match given.iter().zip(oracle).enumerate().find(|(_, (a, b))| !agree(**a, **b)) {
        None => Ok(()),
        Some((i, (a, b))) => Err(format!("element {i} is {a:e}, the oracle has {b:e}")),
    }
}

/// Every pass, none, those that change no bit, and all but one.
fn settings() -> impl Iterator<Item = Passes> {
    let all = [Passes::all(), Passes::none(), Passes::exact()].into_iter();
    all.chain(Passes::names().map(|name| Passes::all().without(name)))
}

#[test]
fn programs_are_the_oracle_with_every_pass_and_without() {
    for row in table() {
        for dtype in [DType::F64, DType::F32] {
            for passes in settings() {
                row.check_program(dtype, passes).unwrap_or_else(|e| panic!("{dtype}: {e}"));
            }
        }
    }
}

#[test]
fn eager_values_and_derivatives_are_those_of_the_oracle() {
    for row in table() {
        for dtype in [DType::F64, DType::F32] {
            row.check_oracle(dtype).unwrap_or_else(|e| panic!("{dtype}: {e}"));
        }
    }
}

#[test]
fn derivatives_agree_with_differences_and_with_each_other() {
    for row in table() {
        // A cast through F32 is a step function for a central difference.
        let order = if row.name.contains("F32") { 0 } else { 2 };
        check_grads(&*row.f, &row.arguments(), order).unwrap_or_else(|e| panic!("{}: {e}", row.name));
    }
}

/// A control: the oracle finds a wrong value, and the checks find a wrong rule (see also the tests of `check_grads`).
#[test]
fn planted_mistakes_are_caught() {
    let swap = |y: Var<'_>, op: Op| y.tape().list_mut().nodes[y.id() as usize].op = op;
    let wrong_value = rows("sine recorded as cosine", &[&[3]], move |x| {
        let y = x.sin();
        swap(y, Op::Unary(Unary::Cos));
        y
    });
    assert!(wrong_value[0].check_oracle(DType::F64).is_err());
    assert!(wrong_value[0].check_oracle(DType::F32).is_err());
    let wrong_rule = rows("product with the rule of a quotient", &[&[3]], move |x| {
        let y = x * x.exp();
        swap(y, Op::Binary(Binary::Div));
        y
    });
    assert!(check_grads(&*wrong_rule[0].f, &wrong_rule[0].arguments(), 1).is_err());
    let wrong_shape_rule = rows("sum over the wrong axis", &[&[3, 3]], move |x| {
        let y = x.sin().sum_over(0);
        swap(y, Sum { axes: [1].into_iter().collect() }.into());
        y
    });
    assert!(wrong_shape_rule[0].check_oracle(DType::F64).is_err());
    assert!(check_grads(&*wrong_shape_rule[0].f, &wrong_shape_rule[0].arguments(), 1).is_err());
}
