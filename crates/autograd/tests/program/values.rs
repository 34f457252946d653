//! Results that no kernel computes, and inputs of every dtype and layout.

use crate::{classifier, every_choice};
use autograd::{DType, Params, Passes, Program, ProgramError, Shape, Tape, Var};
use ndarray::{Array2, array, s};

/// Runs `f` of one input as a program, with every choice of passes, and as a tape; outputs are equal to the last bit.
fn as_eager(shape: impl Into<Shape>, f: impl for<'t> Fn(&'t Tape<'t>, Var<'t>) -> Vec<Var<'t>>) {
    let params = Params::f64();
    let shape = shape.into();
    let values: Vec<f64> = (0..shape.elements()).map(|i| (i as f64 * 0.7).sin()).collect();
    let tape = Tape::with(&params);
    let want = f(&tape, tape.constant(&values).reshape(&shape));
    for passes in every_choice() {
        let program =
            Program::trace_with(passes, &params, |t| t.outputs(f(t, t.input("x", &shape)))).unwrap();
        let mut state = program.state();
        for _ in 0..2 {
            let run = program.run(&mut state, &params, (&values,)).unwrap();
            for (i, want) in want.iter().enumerate() {
                match want.dtype() {
                    DType::F64 => assert_eq!(run.get::<f64>(i), want.to_array(), "output {i}, {passes:?}"),
                    DType::I64 => assert_eq!(run.get::<i64>(i), want.to_array(), "output {i}, {passes:?}"),
                    DType::Bool => assert_eq!(run.get::<bool>(i), want.to_array(), "output {i}, {passes:?}"),
                    DType::F32 => assert_eq!(run.get::<f32>(i), want.to_array(), "output {i}, {passes:?}"),
                    other => panic!("output {i} is {other}"),
                }
            }
        }
    }
}

#[test]
fn outputs_that_no_kernel_computes() {
    as_eager([2, 3], |t, x| {
        let table = t.constant([[1.0, 2.0], [3.0, 4.0]]);
        let (whole, mask) = (t.constant([1i64, 2, 3]), t.constant([true, false]));
        let y = x.sin();
        vec![
            x,
            x,
            x.t(),
            x.reshape([3, 2]),
            x.slice(1, 1..3),
            x.unsqueeze(0).broadcast_to([2, 2, 3]),
            table,
            table.t(),
            t.constant(2.5),
            t.full(0.5, [2, 2], DType::F64),
            whole,
            whole.broadcast_to([2, 3]),
            t.full(3.0, [2], DType::I64),
            mask,
            t.full(1.0, [3], DType::Bool),
            y,
            y,
            y.t(),
            y.slice(0, ..1),
            y.slice(0, 1..),
            y.detach(),
            y.gt(0.0),
            y.gt(0.0).t(),
            y.cast(DType::F32),
            x.cast(DType::I64).t(),
        ]
    });
    as_eager([0, 3], |_, x| vec![x, x.t(), x.exp(), x.sum(), x.sum_over([0])]);
    as_eager([], |_, x| vec![x, x.reshape([1, 1]), x.broadcast_to([3])]);
}

/// An `f64` has no room for the last digit of these.
#[test]
fn single_integers_keep_every_digit() {
    const LARGE: [i64; 6] = [1 << 53, (1 << 53) + 1, -(1 << 53) - 1, i64::MAX, i64::MAX - 1, i64::MIN + 1];
    as_eager([2], |t, _| {
        let all = t.constant(LARGE);
        LARGE.iter().flat_map(|&n| [t.constant(n), t.constant(n).eq(all), all.gt(t.constant(n))]).collect()
    });
}

#[test]
fn permutations_of_what_is_computed() {
    as_eager([2, 3, 4], |_, x| {
        let side_by_side = |axis| Var::concat(&[x, x.sin(), x * x], axis);
        let batch = x.matmul(x.permute(&[0, 2, 1]).exp());
        let shared = Var::concat(&[x.cos(), x], 0);
        vec![
            side_by_side(0).permute(&[2, 0, 1]),
            side_by_side(1).permute(&[1, 0, 2]).reshape([9, 8]),
            side_by_side(2).permute(&[0, 2, 1]),
            batch.permute(&[0, 2, 1]) + 1.0,
            batch.permute(&[2, 1, 0]),
            shared,
            shared.permute(&[1, 2, 0]).tanh(),
        ]
    });
}

#[test]
fn a_transposed_concatenation_is_put_together_without_a_copy() {
    let program = |passes| {
        Program::trace_with(passes, &Params::f64(), |t| {
            let x = t.input("x", [2, 30, 20]);
            let wide = Var::concat(&[x.exp(), x.sin()], 0).permute(&[1, 0, 2]).reshape([30, 80]);
            t.outputs(wide.matmul(t.input("y", [80, 40])))
        })
        .unwrap()
    };
    let without = Passes::all().without("sink");
    assert_eq!(program(Passes::all()).kernels() + 1, program(without).kernels());
}

#[test]
fn gradients_that_somebody_keeps_are_not_overwritten() {
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [2], [3.0, 1.0]);
    let program =
        Program::trace(&params, |t| t.outputs((t.param(w) * t.input("x", [2])).sum()).with_gradients());
    let program = program.unwrap();
    let mut state = program.state();
    let mut gradients = |x: [f64; 2]| program.run(&mut state, &params, (x,)).unwrap().grads().clone();
    let first = gradients([1.0, 2.0]);
    let second = gradients([3.0, 4.0]);
    assert_eq!(first.get::<f64>(w), Some(&[1.0, 2.0][..]));
    drop(first);
    let third = gradients([5.0, 6.0]);
    assert_eq!(second.get::<f64>(w), Some(&[3.0, 4.0][..]));
    assert_eq!(third.get::<f64>(w), Some(&[5.0, 6.0][..]));
}

#[test]
fn parameters_as_outputs() {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let (_, w) = (net.param("a", [2], 9.0), net.param("w", [2, 2], [1.0, 2.0, 3.0, 4.0]));
    for passes in every_choice() {
        let program = Program::trace_with(passes, &params, |t| {
            let p = t.param(w);
            t.outputs([p, p.t(), p.slice(0, 1..), p.sum()])
        });
        let program = program.unwrap();
        let mut state = program.state();
        let run = program.run(&mut state, &params, ()).unwrap();
        assert_eq!(run.slice::<f64>(0), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(run.slice::<f64>(1), [1.0, 3.0, 2.0, 4.0]);
        assert_eq!(run.slice::<f64>(2), [3.0, 4.0]);
        assert_eq!(run.item(3), 10.0);
        // The parameters are read where they are.
        let mut other = params.clone();
        other.get_mut::<f64>(w)[0] = 7.0;
        assert_eq!(program.run(&mut state, &other, ()).unwrap().item(3), 16.0);
    }
}

#[test]
fn gradients_that_are_views_shared_or_absent() {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let a = net.param("a", [2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let b = net.param("b", [3, 2], [1.0, -2.0, 3.0, -4.0, 5.0, -6.0]);
    let c = net.param("c", [2, 3], 0.5);
    let (frozen, unread) = (net.param("frozen", [1], 2.0), net.param("unread", [1], 3.0));
    let idle = net.param("idle", [3], 1.0);
    params.set_frozen(frozen, true);
    for passes in every_choice() {
        let program = Program::trace_with(passes, &params, |t| {
            // ∂a = bᵀ and ∂b = aᵀ are views of parameters, ∂c and ∂frozen a number each; idle is multiplied by nothing.
            let joint = (t.param(a) * t.param(b).t()).sum();
            let lines = (t.param(c) * t.param(frozen)).sum() + t.param(idle).detach().sum();
            t.outputs([joint + lines, joint]).with_gradients()
        });
        let program = program.unwrap();
        let mut state = program.state();
        let run = program.run(&mut state, &params, ()).unwrap();
        let grads = run.grads();
        assert_eq!(grads.get::<f64>(a), Some(&[1.0, 3.0, 5.0, -2.0, -4.0, -6.0][..]), "{passes:?}");
        assert_eq!(grads.get::<f64>(b), Some(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0][..]), "{passes:?}");
        assert_eq!(grads.get::<f64>(c), Some(&[2.0; 6][..]), "{passes:?}");
        assert_eq!(grads.get::<f64>(frozen), None);
        assert_eq!(grads.get::<f64>(unread), None);
        assert_eq!(grads.get::<f64>(idle), None);
        assert_eq!((run.item(1), run.item(0)), (-42.0, -42.0 + 6.0 + 3.0));
    }
}

#[test]
fn gradients_of_gradients_as_outputs() {
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [3], [0.3, -0.7, 1.1]);
    fn outputs<'t>(t: &'t Tape<'t>, w: autograd::Param, x: Var<'t>) -> [Var<'t>; 4] {
        let y = (x * w).tanh().sum();
        let [dx, dw] = y.grad([x, t.param(w)]);
        let [dxx, dxw] = (dx * x).sum().grad([x, t.param(w)]);
        [dx, dw, dxx, dxw]
    }
    let at = [0.5, -1.5, 0.25];
    let tape = Tape::with(&params);
    let want = outputs(&tape, w, tape.var(at));
    let loss = (want[2] * want[3]).sum();
    let grads = loss.backward();
    for passes in every_choice() {
        let program = Program::trace_with(passes, &params, |t| {
            let all = outputs(t, w, t.input("x", [3]));
            let loss = (all[2] * all[3]).sum();
            t.outputs([loss, all[0], all[1], all[2], all[3]]).with_gradients()
        });
        let program = program.unwrap();
        let mut state = program.state();
        let run = program.run(&mut state, &params, (at,)).unwrap();
        let close = |a: &[f64], b: &[f64]| {
            assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-13), "{a:?} {b:?}");
        };
        for (i, want) in want.iter().enumerate() {
            close(run.slice(i + 1), &want.to_vec::<f64>());
        }
        close(run.grads().get(w).unwrap(), grads.get(w).unwrap());
    }
}

#[test]
fn inputs_in_any_layout() {
    let params = Params::f64();
    let program = Program::trace(&params, |t| {
        let (x, y) = (t.input("x", [3, 2]), t.input("y", [2]));
        t.outputs(x * 10.0 + y)
    });
    let program = program.unwrap();
    let mut state = program.state();
    let square: Array2<f64> = array![[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]];
    let y = [0.25, 0.5];
    let offsets = array![[0.25, 0.5], [0.25, 0.5], [0.25, 0.5]];
    let transposed = square.slice(s![..2, ..3]);
    for x in
        [square.slice(s![.., 1..3]), square.slice(s![.., ..;2]), square.slice(s![..;-1, 2..]), transposed.t()]
    {
        for _ in 0..2 {
            let run = program.run(&mut state, &params, (x, y)).unwrap();
            assert_eq!(run.get::<f64>(0), (&x * 10.0 + &offsets).into_dyn());
        }
    }
    // One axis of as many elements will do; another shape of as many will not.
    let run = program.run(&mut state, &params, (&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &y[..])).unwrap();
    assert_eq!(run.slice::<f64>(0), [10.25, 20.5, 30.25, 40.5, 50.25, 60.5]);
    let wide = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    assert!(matches!(program.run(&mut state, &params, (wide, y)), Err(ProgramError::InputShape { .. })));
    // A list of inputs that is made at run time.
    let (x, y): (Vec<f64>, Vec<f64>) = (vec![0.0; 6], vec![1.0, 2.0]);
    let list: [&dyn autograd::AnyTensor; 2] = [&x, &y];
    let run = program.run(&mut state, &params, &list[..]).unwrap();
    assert_eq!(run.slice::<f64>(0), [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
}

#[test]
fn inputs_of_every_dtype() {
    let mut params = Params::f32();
    let w = params.scope("net").param("w", [2], [2.0, 3.0]);
    for passes in every_choice() {
        let program = Program::trace_with(passes, &params, |t| {
            let (x, wide) = (t.input("x", [3, 2]), t.input_of("wide", DType::F64, [3]));
            let (labels, mask) =
                (t.input_of("labels", DType::I64, [3]), t.input_of("mask", DType::Bool, [3, 1]));
            let entries = (mask.broadcast_to([3, 2]).select(x * w, -1.0)).pick(labels);
            let joint = entries.cast(DType::F64) + wide;
            t.outputs([entries.sum(), joint, labels, mask, mask.cast(DType::F32).sum()]).with_gradients()
        });
        let program = program.unwrap();
        let mut state = program.state();
        let x = [[1.0f32, 10.0], [2.0, 20.0], [3.0, 30.0]];
        for (mask, want, slopes) in [
            ([true, true, false], [2.0, 60.0, -1.0], [1.0, 20.0]),
            ([false, true, true], [-1.0, 60.0, 90.0], [0.0, 50.0]),
        ] {
            let run = program.run(&mut state, &params, (x, [0.5, 0.25, 0.125], [0i64, 1, 1], mask)).unwrap();
            assert_eq!(run.item(0), want.iter().sum::<f64>());
            assert_eq!(run.slice::<f64>(1), [want[0] + 0.5, want[1] + 0.25, want[2] + 0.125]);
            assert_eq!((run.slice::<i64>(2), run.slice::<bool>(3)), (&[0, 1, 1][..], &mask[..]));
            assert_eq!((run.item(4), run.grads().get::<f32>(w)), (2.0, Some(&slopes[..])), "{passes:?}");
        }
    }
}

#[test]
fn cross_entropy_of_labels() {
    let (params, program) = classifier();
    let w = params.iter().next().unwrap();
    let mut state = program.state();
    let x = array![[1.0, 2.0], [3.0, -4.0]];
    for labels in [[0i64, 1], [2, 2]] {
        let tape = Tape::with(&params);
        let loss = -tape.constant(&x).matmul(w).log_softmax(-1).pick(tape.constant(labels)).mean();
        let grads = loss.backward();
        let run = program.run(&mut state, &params, (&x, labels)).unwrap();
        assert!((run.item(0) - loss.item()).abs() < 1e-15);
        let pairs = run.grads().slab_of::<f64>().iter().zip(grads.slab_of::<f64>());
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-15));
    }
}

#[test]
fn a_program_without_inputs_or_without_outputs() {
    let params = Params::f64();
    let constant = Program::trace(&params, |t| t.outputs(t.constant([1.0, 2.0]).exp().sum())).unwrap();
    let mut state = constant.state();
    let eager = Tape::new();
    let want = eager.constant([1.0, 2.0]).exp().sum().item();
    assert_eq!(constant.run(&mut state, &params, ()).unwrap().item(0), want);
    let nothing = Program::trace(&params, |t| t.outputs(Vec::new())).unwrap();
    assert_eq!(nothing.kernels(), 0);
    let mut state = nothing.state();
    assert!(nothing.run(&mut state, &params, ()).is_ok());
    assert!(nothing.explain().to_string().starts_with("no inputs; 0 outputs\n"));
}

/// Nothing reads the product after its logistic function, so the function is written over it. An operand that is read at other
/// indices than those written is not overwritten.
#[test]
fn large_results_are_written_over_operands_that_are_done_with() {
    let params = Params::f32();
    let x = Array2::from_shape_fn((257, 300), |(i, j)| ((i * 7 + j * 3) % 11) as f32 * 0.1 - 0.5);
    fn scaled(x: Var<'_>) -> [Var<'_>; 2] {
        let product = x.matmul(x.t());
        let turned = x.matmul(x.t()) + 1.0;
        [(product * 0.25).sigmoid() + product, turned.t() * turned]
    }
    let program = |passes| {
        Program::trace_with(passes, &params, |t| t.outputs(scaled(t.input_of("x", DType::F32, [257, 300]))))
    };
    let [planned, apart] =
        [Passes::all(), Passes::all().without("pool")].map(|passes| program(passes).unwrap());
    let tape = Tape::new();
    let eager = scaled(tape.constant(&x));
    for threads in [1, 2] {
        for program in [&planned, &apart] {
            let mut state = program.state().with_threads(threads);
            let run = program.run(&mut state, &params, (&x,)).unwrap();
            for (i, y) in eager.iter().enumerate() {
                assert_eq!(run.slice::<f32>(i), y.to_vec::<f32>());
            }
        }
    }
    let bytes = |p: &Program| p.state().with_threads(1).bytes();
    let matrix = 257 * 257 * 4;
    assert!(bytes(&planned) + matrix <= bytes(&apart), "{} and {}", bytes(&planned), bytes(&apart));
}

#[test]
fn sums_and_products_are_computed_once_either_way_round() {
    let flops = |f: &dyn for<'t> Fn(Var<'t>, Var<'t>) -> Var<'t>, turned: bool| {
        let program = Program::trace(&Params::f64(), |t| {
            let (x, y) = (t.input("x", [8]), t.input("y", [8]));
            t.outputs([f(x, y).exp(), if turned { f(y, x) } else { f(x, y) }.exp().sum()])
        });
        program.unwrap().explain().flops()
    };
    assert_eq!(flops(&|x, y| x + y, true), flops(&|x, y| x + y, false));
    assert_eq!(flops(&|x, y| x * y, true), flops(&|x, y| x * y, false));
    assert!(flops(&|x, y| x - y, true) > flops(&|x, y| x - y, false));
}
