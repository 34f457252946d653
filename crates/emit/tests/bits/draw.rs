//! Random programs over the ops that have a text.

use crate::host::{Case, PLAIN, check};
use autograd::{AnyTensor, ConvForm, DType, Params, PoolForm, Program, Var};

/// Numbers that look random (SplitMix64).
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn number(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(crate) fn numbers(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.number()).collect()
    }
}

type F = for<'t> fn(Var<'t>) -> Var<'t>;
type G = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;

const MAPS: &[F] = &[
    |x| x.tanh(),
    |x| x.sigmoid(),
    |x| x.exp() * 0.5,
    |x| x.sin(),
    |x| x.square(),
    |x| x.abs().sqrt(),
    |x| x.relu(),
    |x| x.gelu(),
    |x| x.softplus(),
    |x| (x.square() + 0.5).ln(),
    |x| -x,
    |x| x.elu(0.7),
    |x| x.floor() + x,
    |x| x.erf(),
    |x| 1.0 / (x.square() + 1.0),
];

const SERIES: &[F] = &[|x| x.erfc(), |x| (x.abs() + 0.5).ln_gamma(), |x| x.sinc()];

const PAIRS: &[G] = &[
    |a, b| a + b,
    |a, b| a - b,
    |a, b| a * b,
    |a, b| a / (b.square() + 1.0),
    |a, b| a.maximum(b),
    |a, b| a.minimum(b),
    |a, b| Var::select(a.gt(b), a, b * 2.0),
    |a, b| a.hypot(b),
];

/// A step that keeps or changes the shape of a matrix.
fn step<'t>(draw: &mut Draw, x: Var<'t>, others: &[Var<'t>]) -> Var<'t> {
    let [rows, columns] = [x.shape()[0], x.shape()[1]];
    match draw.below(26) {
        0..=4 => draw.one(MAPS)(x),
        5..=8 => {
            let like: Vec<Var<'t>> = others.iter().copied().filter(|y| y.shape() == x.shape()).collect();
            let other = if like.is_empty() { x.t().t() * 0.5 } else { draw.one(&like) };
            draw.one(PAIRS)(x, other)
        }
        9 => x - x.mean_over(autograd::Keep([0])),
        10 => x * x.sum_over(autograd::Keep([-1])),
        11 => x - x.max_over(autograd::Keep([-1])),
        12 => x.softmax(draw.below(2) as isize),
        13 => x.log_softmax(draw.below(2) as isize),
        14 => x.cumsum(draw.below(2) as isize),
        15 => x.t(),
        16 => {
            let fits: Vec<Var<'t>> = others.iter().copied().filter(|y| y.shape()[0] == columns).collect();
            if fits.is_empty() { x.matmul(x.t()) * 0.1 } else { x.matmul(draw.one(&fits)) * 0.3 }
        }
        17 if rows > 1 => Var::concat(&[x.slice(0, 1..rows), x.slice(0, 0..1)], 0),
        18 => {
            let index: Vec<i64> = (0..rows).map(|_| draw.below(rows) as i64).collect();
            x.take(0, x.tape().constant(index))
        }
        19 if columns > 2 => {
            let kernel = x.slice(1, 0..3).sin().reshape([1, rows, 3]);
            x.reshape([1, rows, columns]).conv1d(kernel, ConvForm::default().padding(1)).reshape([1, columns])
        }
        20 if columns > 1 => x.max_pool1d(PoolForm::of(2)),
        21 if rows <= 40 => x.attention(x.tanh(), x, None),
        22 => x.sort(draw.below(2) as isize),
        23 => draw.one(SERIES)(x),
        24 if rows <= 40 => x.cdist(x.flip([0]) * 0.5, 2.0),
        _ => x.flip([0]) * 0.5 + x.cast(DType::F64).tanh().cast(x.dtype()),
    }
}

/// A program of this seed.
pub(crate) fn case(seed: u64) -> Case {
    let mut draw = Draw(seed);
    let dtype = if draw.below(3) == 0 { DType::F64 } else { DType::F32 };
    let mut params = Params::of(dtype);
    let sizes = [1, 2, 3, 5, 7, 16, 20, 33];
    let [a, b, c] = [0; 3].map(|_| draw.one(&sizes));
    let many = if draw.below(6) == 0 { 1100 } else { draw.one(&sizes) };
    let shapes = [[many, a], [a, b], [b, c], [many, b]];
    let all: Vec<_> = shapes
        .iter()
        .enumerate()
        .map(|(i, shape)| {
            let values = draw.numbers(shape[0] * shape[1]);
            params.scope("p").param(&format!("w{i}"), *shape, &values[..])
        })
        .collect();
    let plan = draw.next();
    let program = Program::trace(&params, |t| {
        let mut draw = Draw(plan);
        let x = t.input_of("x", dtype, [many, a]);
        let mut values: Vec<Var<'_>> = all.iter().map(|&p| t.param(p)).collect();
        values.push(x);
        values.push(x.matmul(values[1]));
        for _ in 0..draw.below(10) + 2 {
            let from = draw.one(&values[values.len().saturating_sub(3)..]);
            let next = step(&mut draw, from, &values);
            values.push(next);
        }
        let last = values[values.len() - 1];
        let loss = last.square().mean() + values[values.len() - 2].tanh().sum();
        t.outputs([loss, last]).with_gradients()
    })
    .expect("the loss depends on parameters");
    let x = draw.numbers(many * a);
    let x: Box<dyn AnyTensor> = if dtype == DType::F32 {
        Box::new(x.iter().map(|&x| x as f32).collect::<Vec<f32>>())
    } else {
        Box::new(x)
    };
    Case { program, params, inputs: vec![x], gradients: true }
}

#[test]
fn random_programs_have_the_bits_of_the_interpreter() {
    let cases: Vec<Case> = (0..150).map(case).collect();
    check("random", PLAIN, &cases);
}

/// Thousands of other seeds, some at a time.
#[test]
#[ignore = "minutes of a compiler; run with `cargo test -p wengert-emit --test bits -- --ignored thousands`"]
fn thousands_of_random_programs_have_the_bits_of_the_interpreter() {
    for first in (1000..3000).step_by(200) {
        let cases: Vec<Case> = (first..first + 200).map(case).collect();
        check("thousands", PLAIN, &cases);
        println!("{} programs", first - 800);
    }
}

/// Writes the headers of random programs, and of all cases of other tests, to the folder `WENGERT_EMIT`, for `nvrtc.py`.
#[test]
#[ignore = "writes files for `nvrtc.py`; run with `WENGERT_EMIT=FOLDER … --test bits -- --ignored headers_for_cuda`"]
fn headers_for_cuda() {
    use emit::Emit;
    let folder = std::env::var("WENGERT_EMIT").expect("the folder WENGERT_EMIT");
    let mut cases: Vec<Case> = (0..100).map(case).collect();
    for dtype in [DType::F32, DType::F64] {
        cases.extend(crate::kernels::all(dtype));
        cases.extend(crate::windows::of(dtype));
        cases.extend(crate::attended::of(dtype));
    }
    cases.extend(crate::functions::special(true));
    for (i, Case { program, params, .. }) in cases.iter().enumerate() {
        let header = program.emit_c(params, &format!("p{i}")).expect("all that is drawn has a text");
        std::fs::write(format!("{folder}/p{i}.h"), header.to_string()).expect("the folder takes files");
    }
}
