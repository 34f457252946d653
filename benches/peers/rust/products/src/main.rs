//! Products of matrices by Wengert and by the crate `gemm`: called as `PROGRAM THREADS SECONDS`. For each line
//! `M K N LAYOUT DTYPE` that it reads, it times both and prints a line of JSON. `LAYOUT` says how the operands lie in memory:
//! `nn` as they are, `tn` with the first transposed, `nt` with the second.

use gemm::Parallelism;
use measure::{lcg, time};
use std::hint::black_box;
use wengert::autograd::{Element, Float};
use wengert::prelude::*;

fn main() {
    let args: Vec<f64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let &[threads, budget] = &args[..] else {
        eprintln!("usage: peer-products THREADS SECONDS");
        std::process::exit(2);
    };
    let mut now: Option<(String, Ways)> = None;
    for line in std::io::stdin().lines() {
        let line = line.expect("a line");
        if now.as_ref().is_none_or(|(of, _)| *of != line) {
            drop(now.take());
            now = Some((line.clone(), prepared(&line, threads as usize)));
        }
        let Some((_, ways)) = &mut now else { unreachable!("just prepared") };
        let times: Vec<String> = ways
            .iter_mut()
            .map(|(way, step, check)| {
                let samples = time(budget, step);
                let (least, median) = (samples.seconds[0], samples.seconds[samples.seconds.len() / 2]);
                format!(r#""{way}": [{least:e}, {median:e}, {check:e}]"#)
            })
            .collect();
        println!("{{{}}}", times.join(", "));
    }
}

/// Who multiplies, how, and the weighted sum of what comes out.
type Ways = [(&'static str, Box<dyn FnMut()>, f64); 2];

fn prepared(line: &str, threads: usize) -> Ways {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [m, k, n, layout, dtype] = words[..] else { panic!("`{line}`: not M K N LAYOUT DTYPE") };
    let [m, k, n] = [m, k, n].map(|length| length.parse().expect("a length"));
    let product = Product { m, k, n, turned: [layout == "tn", layout == "nt"], threads };
    match dtype {
        "f32" => product.ways::<f32>(Params::f32(), 0.0, 1.0),
        _ => product.ways::<f64>(Params::f64(), 0.0, 1.0),
    }
}

struct Product {
    m: usize,
    k: usize,
    n: usize,
    /// Which operands lie transposed in memory.
    turned: [bool; 2],
    threads: usize,
}

impl Product {
    fn ways<T: Float + Element>(self, params: Params, zero: T, one: T) -> Ways {
        let (ours, check) = self.by_wengert::<T>(params);
        let (theirs, beside) = self.by_gemm::<T>(zero, one);
        [("wengert", ours, check), ("gemm", theirs, beside)]
    }

    fn by_wengert<T: Float + Element>(&self, mut params: Params) -> (Box<dyn FnMut()>, f64) {
        let &Product { m, k, n, turned: [a_turned, b_turned], threads } = self;
        let shape = |rows, columns, turned| if turned { [columns, rows] } else { [rows, columns] };
        let mut scope = params.scope("x");
        let a = scope.param("a", shape(m, k, a_turned), &lcg(1, m * k, 1.0)[..]);
        let b = scope.param("b", shape(k, n, b_turned), &lcg(2, k * n, 1.0)[..]);
        let program = Program::trace(&params, |t| {
            let seen = |x: Param, turned| if turned { t.param(x).t() } else { t.param(x) };
            t.outputs(seen(a, a_turned).matmul(seen(b, b_turned)))
        });
        let program = program.expect("a plan");
        let mut state = program.state().with_threads(threads);
        let run = program.run(&mut state, &params, ()).expect("a product");
        let check = weighted(run.slice::<T>(0));
        let step = move || {
            black_box(program.run(&mut state, &params, ()).expect("a product"));
        };
        (Box::new(step), check)
    }

    fn by_gemm<T: Float + Element>(&self, zero: T, one: T) -> (Box<dyn FnMut()>, f64) {
        let &Product { m, k, n, turned, threads } = self;
        let numbers = |seed, count| lcg(seed, count, 1.0).into_iter().map(T::from_f64).collect::<Vec<T>>();
        let (a, b, mut c) = (numbers(1, m * k), numbers(2, k * n), vec![zero; m * n]);
        // The steps from column to column and from row to row.
        let steps = |rows: usize, columns: usize, turned| {
            if turned { (rows as isize, 1) } else { (1, columns as isize) }
        };
        let ((a_column, a_row), (b_column, b_row)) = (steps(m, k, turned[0]), steps(k, n, turned[1]));
        let parallelism = if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
        let step = move |c: &mut Vec<T>| {
            // SAFETY: the strides are those of m × k, k × n and m × n elements, which the vectors have.
            unsafe {
                gemm::gemm(
                    m,
                    n,
                    k,
                    c.as_mut_ptr(),
                    1,
                    n as isize,
                    false,
                    a.as_ptr(),
                    a_column,
                    a_row,
                    b.as_ptr(),
                    b_column,
                    b_row,
                    zero,
                    one,
                    false,
                    false,
                    false,
                    parallelism,
                );
            }
        };
        step(&mut c);
        let check = weighted(&c);
        (Box::new(move || step(black_box(&mut c))), check)
    }
}

/// The product with fixed numbers, which everybody has to agree on.
fn weighted<T: Float>(c: &[T]) -> f64 {
    lcg(3, c.len(), 1.0).iter().zip(c).map(|(w, x)| w * x.to_f64()).sum()
}
