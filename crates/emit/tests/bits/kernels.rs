//! Kernels of every kind, one by one.

use crate::draw::Draw;
use crate::host::{Case, PLAIN, check, difference, has, of_several, run, some, source};
use autograd::{AnyTensor, ConvForm, DType, Key, Params, Program, ScatterReduce, Tape, Triangle, Var};

/// A program of one input.
fn of(dtype: DType, shape: &[usize], f: impl for<'t> Fn(&'t Tape<'_>, Var<'t>) -> Var<'t>) -> Case {
    let params = Params::of(dtype);
    let program =
        Program::trace(&params, |t| t.outputs(f(t, t.input_of("x", dtype, shape)))).expect("a program");
    let values = Draw(7).numbers(shape.iter().product());
    let x: Box<dyn AnyTensor> = match dtype {
        DType::F32 => Box::new(values.iter().map(|&x| x as f32).collect::<Vec<f32>>()),
        _ => Box::new(values),
    };
    Case { program, params, inputs: vec![x], gradients: false }
}

fn index<'t>(t: &'t Tape<'_>, n: usize, of: usize) -> Var<'t> {
    t.constant((0..n).map(|i| (i * 5 % of) as i64).collect::<Vec<i64>>())
}

/// A matrix that has a Cholesky factor.
fn positive(x: Var<'_>) -> Var<'_> {
    x.matmul(x.t()) + x.tape().eye(x.shape()[0], x.dtype()) * 3.0
}

/// Each op that has a text, alone between others, forward and back.
pub(crate) fn all(dtype: DType) -> Vec<Case> {
    let mut all = vec![];
    let mut add = |shape: &[usize], f: &dyn for<'t> Fn(&'t Tape<'_>, Var<'t>) -> Var<'t>| {
        all.push(of(dtype, shape, |t, x| f(t, x)));
        // Its gradient too, where there is one.
        all.push(of(dtype, shape, |t, x| {
            let y = f(t, x);
            if y.dtype().is_float() && y.depends_on(x) { (y * y.cos()).sum().grad([x])[0] } else { x }
        }));
    };
    for shape in [[5, 7], [33, 40], [3, 1500]] {
        for axis in [0, 1] {
            add(&shape, &move |_, x| x.sin().sum_over(axis));
            add(&shape, &move |_, x| x.max_over(axis));
            add(&shape, &move |_, x| x.softmax(axis));
            add(&shape, &move |_, x| x.log_softmax(axis));
            add(&shape, &move |_, x| x.cumsum(axis));
            add(&shape, &move |_, x| x.prod_over(axis));
            add(&shape, &move |_, x| x.cummax(axis));
            add(&shape, &move |_, x| x.argmax(axis).cast(DType::F64));
            add(&shape, &move |_, x| Var::concat(&[x, x.flip([axis])], axis));
            add(&shape, &move |_, x| x.standardize([axis], 1e-5));
        }
        add(&shape, &|_, x| x.sum());
        add(&shape, &|_, x| x.t().reshape([x.shape().elements()]));
        add(&shape, &|_, x| x.matmul(x.t()));
        add(&shape, &|_, x| x.t().matmul(x).tanh());
        add(&shape, &|_, x| x.slice(0, 1..3).matmul(x.slice(0, 0..2).t()));
    }
    add(&[3, 4, 9], &|_, x| x.matmul(x.permute(&[0, 2, 1])));
    add(&[3, 4, 40], &|_, x| x.permute(&[0, 2, 1]).matmul(x));
    add(&[600, 3], &|_, x| x.t().matmul(x));
    add(&[3, 600], &|_, x| x.matmul(x.t()));
    add(&[4, 1], &|_, x| x.matmul(x.t()));
    add(&[6, 5], &|t, x| x.take(0, index(t, 9, 6)));
    add(&[6, 5], &|t, x| x.gather(1, index(t, 12, 5).reshape([6, 2])));
    add(&[6, 5], &|t, x| x.pick(index(t, 6, 5)));
    add(&[6, 5], &|t, x| t.full(0.0, [4, 5], x.dtype()).scatter_add(0, index(t, 30, 4).reshape([6, 5]), x));
    add(&[6, 5], &|_, x| x.diagonal(0));
    add(&[4], &|_, x| x.diag(1));
    add(&[9], &|_, x| x.windows(0, 3, 2));
    add(&[2, 9, 3], &|_, x| x.windows(1, 4, 1).sin());
    add(&[6, 5], &|_, x| x.cast(DType::I64).cast(DType::F32) + x.cast(DType::F32) * 3.0);
    add(&[6, 5], &|_, x| Var::select(x.gt(0.1), x * 3.0, x.square()));
    add(&[2, 1100], &|t, x| x + t.constant(Key::new(3)).fold_in(9).uniform_of(x.dtype(), [2, 1100]));
    for axis in [0, 1] {
        add(&[9, 7], &move |_, x| (x * 3.0).floor().sort(axis) + x.sort_descending(axis));
        add(&[40, 30], &move |_, x| x.top_k(axis, 5).0);
        add(&[9, 7], &move |_, x| (x.ln() * 2.0).floor().argsort(axis).cast(DType::F64));
    }
    add(&[9, 7], &|_, x| x.sort(1).search_sorted((x * 2.0).ln(), true).cast(DType::F64) * x.cast(DType::F64));
    add(&[30], &|_, x| {
        x.sort(0).search_sorted(x.reshape([5, 6]), false).cast(DType::F64) + x.sum().cast(DType::F64)
    });
    for include in [true, false] {
        add(&[6, 5], &move |t, x| {
            let index = index(t, 12, 5).reshape([3, 4]);
            x.scatter_reduce(1, index, x.slice(0, 0..3).slice(1, 1..5).sin(), ScatterReduce::Max, include)
        });
    }
    add(&[2, 9, 3], &|_, x| x.cdist(x.slice(1, 2..7) * 2.0, 2.0));
    // Matrices of a block, of several, and with a part of one at the end.
    for n in [3, 70] {
        add(&[n, n], &|_, x| x.solve(x.sin()));
        add(&[2, n, n], &|_, x| x.det() + x.slogdet().1);
        add(&[n, n], &|_, x| x.slogdet().0);
        add(&[n, n], &|_, x| {
            let (p, l, u) = x.lu();
            p.matmul(l) + u
        });
        // One right side only.
        add(&[n, n], &|_, x| x.solve(x.slice(1, 0..1)));
        add(&[n, n], &|_, x| positive(x).cholesky());
        add(&[n, n], &|_, x| positive(x).cholesky().solve_triangular(x, Triangle::LOWER));
    }
    add(&[40, 25], &|_, x| x.lu().1);
    add(&[25, 40], &|_, x| x.lu().2);
    // Squares that overflow, or vanish.
    for scale in [1e300, 1e-300, f64::INFINITY] {
        add(&[4, 2], &move |_, x| {
            let x = x.cast(DType::F64);
            (x * scale).cdist(x * -0.5 * scale, 2.0)
        });
    }
    all
}

/// Loops, forwards and back, and the loops of their derivatives: with carries, stacked inputs and results, sums and captured values.
pub(crate) fn loops(dtype: DType) -> Vec<Case> {
    let mut params = Params::of(dtype);
    let values = Draw(11).numbers(20 + 12);
    let mut scope = params.scope("p");
    let [w, h0] =
        [("w", [4, 5], &values[..20]), ("h", [3, 4], &values[20..])].map(|(n, s, v)| scope.param(n, s, v));
    let bodies: [fn(&Tape<'_>, autograd::Param, autograd::Param) -> autograd::Outputs; 3] = [
        |t, w, h| {
            let (x, h) = (t.input_of("x", t.param(w).dtype(), [6, 3, 4]), t.param(h));
            let w = t.param(w).slice(1, 0..4);
            let (last, all) = t.scan(6, h, x, |h, x| {
                let h = (h.matmul(w) + x).tanh();
                (h, h.sin())
            });
            t.outputs([last.square().sum() + all.mean(), all.sum_over(0).sum()]).with_gradients()
        },
        |t, w, h| {
            let x = t.input_of("x", t.param(w).dtype(), [6, 3, 4]);
            let all = t.scan_back(6, t.param(h), x.sin(), |h, x| (h * x + 0.1, h * 2.0)).1;
            t.outputs([all.exp().sum() * t.param(w).sum()]).with_gradients()
        },
        |t, w, h| {
            let x = t.input_of("x", t.param(w).dtype(), [6, 3, 4]);
            let first = t.param(h).sum() * 0.01;
            let ([a, _], path) = t.scan(50, [first, first + x.sum() * 0.0], (), |[a, v], ()| {
                let v = v - a.sin() * 0.05;
                ([a + v * 0.05, v], a)
            });
            t.outputs([a + path.square().sum() * t.param(w).mean()]).with_gradients()
        },
    ];
    let x = Draw(13).numbers(72);
    bodies
        .into_iter()
        .map(|body| {
            let program = Program::trace(&params, |t| body(t, w, h0)).expect("a loss of parameters");
            let x: Box<dyn AnyTensor> = match dtype {
                DType::F32 => Box::new(x.iter().map(|&x| x as f32).collect::<Vec<f32>>()),
                _ => Box::new(x.clone()),
            };
            Case { program, params: params.clone(), inputs: vec![x], gradients: true }
        })
        .collect()
}

#[test]
fn loops_have_the_bits_of_the_interpreter() {
    check("loops", PLAIN, &[loops(DType::F32), loops(DType::F64)].into_iter().flatten().collect::<Vec<_>>());
}

#[test]
fn kernels_have_the_bits_of_the_interpreter() {
    check("singles", PLAIN, &all(DType::F32));
    check("doubles", PLAIN, &some(all(DType::F64)).collect::<Vec<_>>());
}

#[test]
#[ignore = "a minute of compilers; run with `--test bits -- --ignored other_compilers`"]
fn other_compilers_and_options_give_the_same_bits() {
    let mut cases: Vec<Case> = [DType::F32, DType::F64].into_iter().flat_map(all).collect();
    cases.extend([DType::F32, DType::F64].into_iter().flat_map(crate::windows::of));
    cases.extend([DType::F32, DType::F64].into_iter().flat_map(crate::attended::of));
    cases.extend(crate::functions::special(true));
    for (compiler, options) in
        [("cc", &["-O3", "-march=native"][..]), ("clang", &["-O0"]), ("clang", &["-O3", "-march=native"])]
    {
        if has(compiler) {
            let results = run("options", compiler, options, &source(&cases));
            assert_eq!(difference(&cases, &results), None, "{compiler} {options:?}");
        } else {
            println!("skipped: no `{compiler}`");
        }
    }
}

/// The comparison sees another order of a sum, another digit of a coefficient and one rounding more.
#[test]
fn planted_errors_are_seen() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let cases = [
        of(DType::F32, &[3, 1500], |_, x| x.sin().sum_over(1)),
        of(DType::F32, &[300], |_, x| x.exp()),
        of(DType::F32, &[20, 30], |_, x| x.matmul(x.t())),
        of(DType::F32, &[4, 64], |_, x| x.matmul(x.t())),
    ];
    let text = source(&cases);
    assert_eq!(difference(&cases, &run("right", "cc", PLAIN, &text)), None);
    for (right, wrong) in [
        ("(q[0] + q[2]) + (q[1] + q[3])", "(q[0] + q[1]) + (q[2] + q[3])"),
        ("lanes[l] + x[i + l]", "x[i + l] + lanes[l] * 1.0000001f"),
        ("s = wg_fmaf(a[p * a_step], b[p * b_step], s)", "s = a[p * a_step] * b[p * b_step] + s"),
        ("lanes[l] = wg_fmaf(a[p + l], b[p + l], lanes[l])", "lanes[l] = a[p + l] * b[p + l] + lanes[l]"),
        ("0.166665", "0.166666"),
    ] {
        assert!(text.contains(right), "{right}");
        let results = run("wrong", "cc", PLAIN, &text.replace(right, wrong));
        assert!(difference(&cases, &results).is_some(), "{right} became {wrong}, and nobody saw it");
    }
}

/// The same in kernels of their own: each with the errors that are planted in it.
#[test]
fn planted_errors_in_kernels_are_seen() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let form = ConvForm::default();
    let few: &[(&str, &str)] =
        &[("all = all + total", "all = total"), ("lanes[q % 16] = wg", "lanes[q % 8] = wg")];
    let planted = [
        (of_several(DType::F32, &[&[5, 2, 40], &[3, 2, 3]], |x| x[0].conv1d(x[1], form.stride(2))), few),
        (
            of_several(DType::F32, &[&[2, 3, 400], &[17, 3, 4]], |x| x[0].conv1d(x[1], form)),
            &[("--left == 0", "--left < 0"), ("s = wg_fmaf(", "s = s + 0 * wg_fmaf(")],
        ),
        (
            of_several(DType::F32, &[&[2, 290, 2], &[2, 300, 2], &[2, 300, 1]], |x| {
                x[0].causal_attention(x[1], x[2])
            }),
            &[
                ("x.step = 96", "x.step = 95"),
                ("x.parts = 2", "x.parts = 1"),
                ("x.block = 96", "x.block = 64"),
            ],
        ),
        (
            of(DType::F32, &[40], |_, x| (x * 3.0).floor().argsort(0).cast(DType::F64)),
            &[("return i < j;", "return j < i;")],
        ),
        (
            of(DType::F64, &[40], |_, x| x.digamma()),
            &[("return wg_digamma_right(1.0 - x) - ", "return wg_digamma_right(1.0 - x) + ")],
        ),
    ];
    for (case, errors) in planted {
        let cases = [case];
        let text = source(&cases);
        assert_eq!(difference(&cases, &run("right", "cc", PLAIN, &text)), None);
        for (right, wrong) in errors {
            assert!(text.contains(right), "{right}");
            let results = run("wrong", "cc", PLAIN, &text.replace(right, wrong));
            assert!(difference(&cases, &results).is_some(), "{right} became {wrong}, and nobody saw it");
        }
    }
}
