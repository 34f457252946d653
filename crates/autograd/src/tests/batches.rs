//! Every row of the table of tests as a function of one example of a batch.

use super::row;
use super::rows::{Row, every_row};
use crate::dtype::DType;
use crate::record::for_each_of_batch;
use crate::{Tape, Var};
use ndarray::{ArrayD, Axis, stack};

/// Few, but more than one.
const EXAMPLES: usize = 3;

impl Row {
    /// The arguments of an example: those of the row, in another order of its points.
    fn example(&self, number: usize) -> Vec<ArrayD<f64>> {
        let mut all = self.arguments();
        all.iter_mut().for_each(|x| {
            let flat: Vec<f64> = x.iter().copied().collect();
            let n = flat.len();
            x.iter_mut().enumerate().for_each(|(i, x)| *x = flat[(i + number) % n]);
        });
        all
    }

    /// The value, and the first and second derivatives by the arguments.
    fn derivatives<'t>(&self, x: &[Var<'t>]) -> Vec<Var<'t>> {
        let y = (self.f)(x);
        let first = y.square().sum().grads(x);
        let second = first[0].sin().sum().grads(x);
        [y].into_iter().chain(first).chain(second).collect()
    }

    /// Holds the function of a batch, where these arguments differ between examples, against that of each example alone.
    fn check_batch(&self, own: &[bool], dtype: DType) -> Result<(), String> {
        let tape = Tape::new();
        let var = |x: &ArrayD<f64>| match dtype {
            DType::F32 => tape.var(x.mapv(|x| x as f32)),
            _ => tape.var(x),
        };
        let examples: Vec<Vec<ArrayD<f64>>> = (0..EXAMPLES).map(|i| self.example(i)).collect();
        let of_example = |i: usize, argument: usize| &examples[if own[argument] { i } else { 0 }][argument];
        let same: Vec<Var<'_>> = examples[0].iter().map(var).collect();
        let of_all = |argument: usize| {
            let views: Vec<_> = (0..EXAMPLES).map(|i| of_example(i, argument).view()).collect();
            var(&stack(Axis(0), &views).expect("examples of one shape"))
        };
        let first: Vec<Var<'_>> = (0..own.len()).filter(|&i| own[i]).map(of_all).collect();
        let all = for_each_of_batch(EXAMPLES, &first, |one| {
            let mut one = one.iter();
            let x: Vec<Var<'_>> =
                (0..own.len()).map(|i| if own[i] { *one.next().unwrap() } else { same[i] }).collect();
            self.derivatives(&x)
        });
        for i in 0..EXAMPLES {
            let x: Vec<Var<'_>> = (0..own.len()).map(|argument| var(of_example(i, argument))).collect();
            for (k, (all, alone)) in all.iter().zip(self.derivatives(&x)).enumerate() {
                let bound = if self.rounds { if dtype == DType::F32 { 1e-4 } else { 1e-12 } } else { 0.0 };
                same_values(&numbers(all.index(0, i as isize)), &numbers(alone), bound)
                    .map_err(|e| format!("{} {dtype} {own:?}, example {i}, output {k}: {e}", self.name))?;
            }
        }
        Ok(())
    }
}

fn numbers(x: Var<'_>) -> ArrayD<f64> {
    match x.dtype() {
        DType::F32 => x.to_array::<f32>().mapv(f64::from),
        _ => x.to_array::<f64>(),
    }
}

fn same_values(batch: &ArrayD<f64>, alone: &ArrayD<f64>, precision: f64) -> Result<(), String> {
    if batch.shape() != alone.shape() {
        return Err(format!("{:?}, alone {:?}", batch.shape(), alone.shape()));
    }
    let largest = alone.iter().filter(|x| x.is_finite()).fold(1.0, |m: f64, x| m.max(x.abs()));
    let agree = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= precision * largest;
    match batch.iter().zip(alone).position(|(&a, &b)| !agree(a, b)) {
        None => Ok(()),
        Some(i) => Err(format!("element {i} of {batch:?}, alone {alone:?}")),
    }
}

/// Every row, with every choice of the arguments that differ between examples, to the last bit.
#[test]
fn a_batch_is_its_examples_for_every_op() {
    let mut failed = vec![];
    for row in every_row().filter(|row| !row.large) {
        for which in 1..1usize << row.shapes.len() {
            let own: Vec<bool> = (0..row.shapes.len()).map(|i| which >> i & 1 == 1).collect();
            for dtype in [DType::F64, DType::F32] {
                failed.extend(row.check_batch(&own, dtype).err());
            }
        }
    }
    assert!(failed.is_empty(), "{} of them:\n{}", failed.len(), failed[..failed.len().min(20)].join("\n"));
}

/// A control: another function is another batch.
#[test]
fn a_batch_of_another_function_is_found() {
    let count = std::cell::Cell::new(0);
    let wrong = row("a function that changes", &[&[2]], move |x| {
        count.set(count.get() + 1);
        x[0] * f64::from(count.get())
    });
    assert!(wrong.check_batch(&[true], DType::F64).is_err());
}
