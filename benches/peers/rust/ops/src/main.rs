//! Wengert, op by op: called as `PROGRAM THREADS SECONDS`. For each line `NAME forward` or `NAME gradient` that it reads, it
//! times the op, eager and as a program, and prints a line of JSON.

mod data;
mod ops;

use data::{Numbers, inputs};
use measure::lcg;
use std::hint::black_box;
use std::rc::Rc;
use std::time::Instant;
use wengert::autograd::{Buffer, Storage};
use wengert::ndarray::ArrayD;
use wengert::prelude::*;

/// Programs of slower steps would take the same time once more: they run the same kernel.
const SLOW: f64 = 0.2;

fn main() {
    let args: Vec<f64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let &[threads, budget] = &args[..] else {
        eprintln!("usage: peer-ops THREADS SECONDS");
        std::process::exit(2);
    };
    let mut now: Option<(String, Prepared)> = None;
    for line in std::io::stdin().lines() {
        let line = line.expect("a line");
        let (name, way) = line.split_once(' ').expect("a name and a way");
        if now.as_ref().is_none_or(|(of, _)| *of != line) {
            drop(now.take());
            now = Some((line.clone(), Prepared::new(name, way == "gradient", threads as usize)));
        }
        let Some((_, Prepared { check, ways })) = &mut now else { unreachable!("just prepared") };
        let times: Vec<String> = ways
            .iter_mut()
            .map(|(way, step)| {
                let (least, median) = time(budget, step);
                format!(r#""{way}": [{least:e}, {median:e}]"#)
            })
            .collect();
        println!(r#"{{"ways": {{{}}}, "check": {check:?}}}"#, times.join(", "));
    }
}

/// The least and the median time of a step in seconds.
fn time(budget: f64, step: &mut dyn FnMut()) -> (f64, f64) {
    let (start, mut seconds) = (Instant::now(), vec![]);
    while seconds.is_empty() || start.elapsed().as_secs_f64() < budget {
        let sample = Instant::now();
        step();
        seconds.push(sample.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    (seconds[0], seconds[seconds.len() / 2])
}

/// An op with its operands in memory, ready to be run again and again.
struct Prepared {
    /// The results times fixed numbers, or the derivative along a fixed direction; and the norm of the results, or the gradient.
    check: [f64; 2],
    ways: Vec<Way>,
}

/// The name of a way to run an op, and the step.
type Way = (&'static str, Box<dyn FnMut()>);

impl Prepared {
    fn new(name: &str, gradient: bool, threads: usize) -> Prepared {
        let mut params = Params::f32();
        let numbers = inputs(name, 1);
        let operands = (0..).zip(&numbers).map(|(k, x)| Operand::new(&mut params, k, x)).collect();
        let mut recipe = Recipe { name: name.to_owned(), operands, cotangents: vec![] };
        let results = recipe.values(&params);
        let fixed: Vec<Vec<f64>> =
            (201..).zip(&results).map(|(seed, (_, y))| lcg(seed, y.len(), 1.0)).collect();
        if !gradient {
            return Prepared { check: check(&results, &fixed), ways: ways(recipe, params, threads) };
        }
        for (k, ((shape, _), c)) in results.iter().zip(&fixed).enumerate() {
            recipe.cotangents.push(params.scope("cotangent").param(&k.to_string(), shape.clone(), &c[..]));
        }
        let gradients = recipe.values(&params).split_off(results.len());
        let directions = inputs(name, 101).into_iter().filter(|x| !x.places);
        let directions: Vec<Vec<f64>> = directions.map(|x| x.values).collect();
        Prepared { check: check(&gradients, &directions), ways: ways(recipe, params, threads) }
    }
}

fn check(results: &[(Shape, Vec<f64>)], fixed: &[Vec<f64>]) -> [f64; 2] {
    let (mut product, mut squares) = (0.0, 0.0);
    for ((_, y), c) in results.iter().zip(fixed) {
        product += y.iter().zip(c).map(|(y, c)| y * c).sum::<f64>();
        squares += y.iter().map(|y| y * y).sum::<f64>();
    }
    [product, squares.sqrt()]
}

/// Eager steps, and those of a program.
fn ways(recipe: Recipe, params: Params, threads: usize) -> Vec<Way> {
    let shared = Rc::new((recipe, params));
    let (of_eager, mut storage) = (Rc::clone(&shared), Storage::default());
    let mut eager = move || {
        let (recipe, params) = &*of_eager;
        let mut tape = Tape::reusing(std::mem::take(&mut storage), params);
        tape.set_threads(threads);
        black_box(recipe.record(&tape));
        storage = tape.into_storage();
    };
    eager();
    let is_slow = time(0.0, &mut eager).0 > SLOW;
    let mut ways: Vec<Way> = vec![("eager", Box::new(eager))];
    if !is_slow {
        let program = Program::trace(&shared.1, |tape| tape.outputs(shared.0.record(tape))).expect("a plan");
        let mut state = program.state().with_threads(threads);
        let step = move || {
            black_box(program.run(&mut state, &shared.1, ()).expect("a run"));
        };
        ways.push(("program", Box::new(step)));
    }
    ways
}

/// Where an operand is kept: reading it copies nothing.
#[derive(Clone, Copy)]
enum Operand {
    Number(Param),
    Places(Buffer),
}

impl Operand {
    fn new(params: &mut Params, k: usize, Numbers { shape, values, places }: &Numbers) -> Operand {
        let (mut scope, name) = (params.scope("x"), k.to_string());
        if !places {
            return Operand::Number(scope.param(&name, &shape[..], &values[..]));
        }
        let values = values.iter().map(|&x| x as i64).collect();
        let values = ArrayD::<i64>::from_shape_vec(&shape[..], values).expect("as many as the shape has");
        Operand::Places(scope.buffer_of(&name, &values))
    }
}

/// What a step records: the op and, if there are cotangents of its results, the gradient.
struct Recipe {
    name: String,
    operands: Vec<Operand>,
    cotangents: Vec<Param>,
}

impl Recipe {
    /// The results, then the gradients.
    fn record<'t>(&self, tape: &'t Tape<'t>) -> Vec<Var<'t>> {
        let (mut x, mut numbers) = (vec![], vec![]);
        for &operand in &self.operands {
            match operand {
                Operand::Number(param) => {
                    x.push(tape.param(param));
                    numbers.extend(x.last());
                }
                Operand::Places(buffer) => x.push(tape.buffer(buffer)),
            }
        }
        let mut y = ops::apply(&self.name, &x);
        let gradients = match &self.cotangents[..] {
            [] => vec![],
            [one] => y[0].vjp(tape.param(*one), &numbers),
            all => {
                let products = y.iter().zip(all).map(|(y, c)| (*y * *c).sum());
                products.sum::<Var<'t>>().grads(&numbers)
            }
        };
        y.extend(gradients);
        y
    }

    fn values(&self, params: &Params) -> Vec<(Shape, Vec<f64>)> {
        let tape = Tape::with(params);
        let values = |y: Var<'_>| match y.dtype() {
            DType::I64 => y.to_vec::<i64>().into_iter().map(|y| y as f64).collect(),
            _ => y.to_vec::<f32>().into_iter().map(f64::from).collect(),
        };
        self.record(&tape).into_iter().map(|y| (y.shape(), values(y))).collect()
    }
}
