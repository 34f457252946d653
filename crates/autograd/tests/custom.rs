//! Functions with derivatives of the user's.

mod caught;

use autograd::custom::{Function, Loops, Point};
use autograd::ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, arr1};
use autograd::{
    DType, Fault, Params, Passes, Program, ProgramError, Replay, Shape, Tape, Var, check_grads, elementwise,
};
use caught::mistake_in;

elementwise!(
    /// x·|x|.
    fn signed_square(x) -> y { value: x * x.abs(), slope: x.abs() * 2.0 }
);
elementwise!(fn gap(a, b) -> y { value: (a - b).square() * 0.5, slope: a - b, b - a });

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
        let [a, b] = [at.x[0], at.x[1]];
        vec![at.wants(0).then(|| g * b.sin()), at.wants(1).then(|| g * a * b.cos())]
    }
}

/// Numbers in order, by loops.
struct Sorted;
impl Loops for Sorted {
    fn name(&self) -> &'static str {
        "sorted"
    }
    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        if x[0].len() == 1 { Ok(x[0].clone()) } else { Err("x is a vector".to_owned()) }
    }
    fn fill(&self, x: &[ArrayViewD<'_, f64>], mut y: ArrayViewMutD<'_, f64>) -> Result<(), String> {
        let mut all: Vec<f64> = x[0].iter().copied().collect();
        if all.iter().any(|x| x.is_nan()) {
            return Err("a NaN has no place in an order".to_owned());
        }
        all.sort_by(f64::total_cmp);
        y.iter_mut().zip(all).for_each(|(y, x)| *y = x);
        Ok(())
    }
}

/// Sorting with its derivative: cotangents go back where the numbers came from.
struct Sort;
impl Function for Sort {
    fn name(&self) -> &'static str {
        "sort by loops"
    }
    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        Var::by_loops(Sorted, x)
    }
    fn vjp<'t>(&self, at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
        let places = at.x[0].argsort(0).cast(DType::F64).argsort(0);
        vec![Some(g.gather(0, places))]
    }
}

fn at() -> Vec<ArrayD<f64>> {
    vec![arr1(&[0.3, -1.2, 2.0]).into_dyn(), arr1(&[1.1, 0.4, -0.6]).into_dyn()]
}

/// The value and two derivatives.
fn outputs<'t>(f: impl Fn(&[Var<'t>]) -> Var<'t>, x: &[Var<'t>]) -> Vec<Var<'t>> {
    let y = f(x);
    let first = y.square().sum().grads(x);
    let second = first[0].sin().sum().grads(x);
    let along = y.jvp(x, &[x[1], x[0]]);
    [y, along].into_iter().chain(first).chain(second).collect()
}

/// Eager values are those of the oracle, and of programs, in both types.
fn is_the_same_everywhere(f: impl for<'t> Fn(&[Var<'t>]) -> Var<'t> + Copy) {
    for params in [Params::f32(), Params::f64()] {
        let dtype = params.dtype();
        let tape = Tape::new();
        let x: Vec<Var<'_>> = at().iter().map(|a| tape.var(a).cast(dtype)).collect();
        let eager: Vec<Vec<f64>> = outputs(f, &x).into_iter().map(|y| y.cast(DType::F64).to_vec()).collect();
        for (y, eager) in outputs(f, &x).into_iter().zip(&eager) {
            assert_eq!(Replay::of(y.cast(DType::F64)).run::<f64>().as_slice().unwrap(), eager);
        }
        for passes in [Passes::exact(), Passes::none()] {
            let program = Program::trace_with(passes, &params, |t| {
                let x: Vec<Var<'_>> = [t.input_of("a", DType::F64, [3]), t.input_of("b", DType::F64, [3])]
                    .map(|x| x.cast(dtype))
                    .to_vec();
                t.outputs(outputs(f, &x).into_iter().map(|y| y.cast(DType::F64)).collect::<Vec<_>>())
            })
            .unwrap();
            let mut state = program.state();
            let run = program.run(&mut state, &params, (&at()[0], &at()[1])).unwrap();
            eager.iter().enumerate().for_each(|(i, want)| assert_eq!(run.slice::<f64>(i), want, "{i}"));
        }
    }
}

#[test]
fn values_and_derivatives_are_the_same_in_programs() {
    is_the_same_everywhere(|x| signed_square(x[0]) * gap(x[0], x[1]));
    is_the_same_everywhere(|x| Var::call(Swing, x));
    is_the_same_everywhere(|x| Var::call(Sort, &[x[0] * x[1]]) * x[1]);
    is_the_same_everywhere(|x| x[0].with_cotangent(|g| g * 2.0) * x[1].straight_through(x[0].floor()));
}

#[test]
fn rules_have_rules() {
    assert!(check_grads(|x| signed_square(gap(x[0], x[1])), &at(), 3).is_ok());
    assert!(check_grads(|x| Var::call(Swing, x), &at(), 3).is_ok());
    assert!(check_grads(|x| Var::call(Sort, &[x[0]]).sin() * x[1], &at(), 3).is_ok());
    // A control: a wrong rule is found.
    elementwise!(fn wrong(x) -> y { value: x.square(), slope: x });
    assert!(check_grads(|x| wrong(x[0]), &at(), 1).is_err());
}

#[test]
fn operands_are_broadcast() {
    let tape = Tape::new();
    let (a, b) = (tape.var([[1.0, 2.0], [3.0, 5.0]]), tape.var(1.0));
    let y = gap(a, b);
    assert_eq!(y.to_vec::<f64>(), [0.0, 0.5, 2.0, 8.0]);
    assert_eq!(y.sum().grad([b])[0].item(), -7.0);
}

#[test]
fn a_cotangent_of_zero_takes_nothing_from_a_pole() {
    elementwise!(fn root(x) -> y { value: x.sqrt(), slope: 0.5 / y });
    let tape = Tape::new();
    let x = tape.var([0.0, 4.0]);
    let y = x.gt(0.0).select(root(x), 0.0).sum();
    assert_eq!(y.grad([x])[0].to_vec::<f64>(), [0.0, 0.25]);
}

/// As many kernels as the same written out.
#[test]
fn programs_fuse_them() {
    let params = Params::f64();
    let kernels = |f: for<'t> fn(Var<'t>) -> Var<'t>| {
        let program = Program::trace(&params, |t| {
            let x = t.input("x", [100]);
            let loss = (f(x * 2.0) + 1.0).square().sum();
            t.outputs([loss, loss.grad([x])[0]])
        });
        program.unwrap().kernels()
    };
    assert_eq!(kernels(|x| signed_square(x)), 1);
    assert_eq!(kernels(|x| x * x.abs()), 1);
}

#[test]
fn they_stand_in_loops() {
    let tape = Tape::new();
    let x = tape.var([0.4, 0.9]);
    let (y, _) = tape.scan(3, x, (), |h, ()| (signed_square(h) + Var::call(Swing, &[h, x]), ()));
    let plain = (0..3).fold(x, |h, _| h * h.abs() + h * x.sin());
    let [dx, px] = [y, plain].map(|y| y.sum().grad([x])[0].to_vec::<f64>());
    assert_eq!(y.to_vec::<f64>(), plain.to_vec::<f64>());
    dx.iter().zip(&px).for_each(|(a, b)| assert!((a - b).abs() < 1e-14, "{a} {b}"));
}

#[test]
fn lists_and_searches_name_them() {
    let tape = Tape::new();
    let x = tape.var([1.0, 0.0]);
    elementwise!(fn ratio(x) -> y { value: x.recip(), slope: -(y * y) });
    let y = ratio(x);
    assert_eq!(y.find_nonfinite().unwrap().op, "ratio");
    assert!(tape.listing().to_string().contains("ratio(v0"), "{}", tape.listing());
    let page = ratio(x.slice(0, ..1)).sum().derivation([x]).to_string();
    assert!(page.contains("ratio"), "{page}");
}

#[test]
fn refused_values_are_a_mistake_or_a_fault() {
    let text = mistake_in("custom.rs", || {
        let tape = Tape::new();
        Var::call(Sort, &[tape.var([1.0, f64::NAN])]);
    });
    assert!(text.contains("sorted") && text.contains("a NaN has no place in an order"), "{text}");
    for passes in [Passes::all(), Passes::none()] {
        let params = Params::f64();
        let sort = Program::trace_with(passes, &params, |t| t.outputs(Var::call(Sort, &[t.input("x", [2])])));
        let sort = sort.unwrap();
        match sort.run(&mut sort.state(), &params, ([f64::NAN, 1.0],)) {
            Err(ProgramError::Fault { fault: Fault::Refused { by: "sorted", .. }, .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn loops_without_a_rule_say_that_they_have_none() {
    for second in [false, true] {
        let text = mistake_in("custom.rs", || {
            let tape = Tape::new();
            let x = tape.var([2.0, 1.0]);
            let y = Var::by_loops(Sorted, &[x]).sum();
            if second {
                y.jvp(&[x], &[x])
            } else {
                y.grad([x])[0]
            };
        });
        assert!(text.starts_with("sorted: its loops have no derivative"), "{text}");
    }
    // A rule by loops alone has no next order.
    struct Backwards;
    impl Function for Backwards {
        fn name(&self) -> &'static str {
            "backwards"
        }
        fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
            x[0].flip([0])
        }
        fn vjp<'t>(&self, _at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
            vec![Some(Var::by_loops(Sorted, &[g]))]
        }
    }
    let text = mistake_in("custom.rs", || {
        let tape = Tape::new();
        let x = tape.var([2.0, 1.0]);
        let [first] = Var::call(Backwards, &[x.square()]).square().sum().grad([x]);
        first.sum().grad([x]);
    });
    assert!(text.starts_with("sorted: its loops have no derivative"), "{text}");
}

#[test]
fn operands_that_do_not_fit_are_told_at_the_call() {
    let text = mistake_in("custom.rs", || {
        let tape = Tape::new();
        gap(tape.var([1.0, 2.0]), tape.var([1.0, 2.0, 3.0]));
    });
    assert!(text.starts_with("gap: [2] and [3] do not fit\n  0: v0"), "{text}");
}

#[test]
fn mistakes_in_rules_are_told_at_the_line_that_asks() {
    struct Spread;
    impl Function for Spread {
        fn name(&self) -> &'static str {
            "spread"
        }
        fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
            x[0].broadcast_to([4])
        }
        fn vjp<'t>(&self, _at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
            vec![Some(g)]
        }
    }
    let text = mistake_in("custom.rs", || {
        let tape = Tape::new();
        let x = tape.var(1.0);
        Var::call(Spread, &[x]).sum().grad([x]);
    });
    assert!(text.starts_with("spread: cotangent 0 is [4] F64\n  operand: v0"), "{text}");
    assert!(text.contains("sum_over"), "{text}");
}

#[test]
fn a_function_reads_its_operands_alone() {
    struct Scaled(autograd::Param);
    impl Function for Scaled {
        fn name(&self) -> &'static str {
            "scaled"
        }
        fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
            x[0] * self.0
        }
        fn vjp<'t>(&self, _at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
            vec![Some(g * self.0)]
        }
    }
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [], 2.0);
    let text = mistake_in("custom.rs", || {
        let tape = Tape::with(&params);
        Var::call(Scaled(w), &[tape.var(1.0)]);
    });
    assert!(text.starts_with("scaled: the function reads what is no operand of it"), "{text}");
    assert!(text.contains("net.w"), "{text}");
}
