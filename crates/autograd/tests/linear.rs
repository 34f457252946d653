//! Products and linear algebra: refusals, special points, and values by other ways of computing.

use autograd::{DType, Fault, Params, Program, ProgramError, Tape, Triangle, Var};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

mod caught;
use caught::{mistake_in, mistake_without_operands};

fn mistake<R>(f: impl FnOnce() -> R) -> String {
    mistake_without_operands("linear.rs", f)
}

/// Numbers without a pattern, of a given shape.
fn numbers<'t>(tape: &'t Tape<'_>, shape: &[usize], start: usize) -> Var<'t> {
    let values: Vec<f64> = (0..shape.iter().product()).map(|k| ((k + start) as f64 * 1.7).sin()).collect();
    tape.var(values).reshape(shape)
}

fn near(a: Var<'_>, b: &[f64]) {
    let a = a.to_vec::<f64>();
    assert_eq!(a.len(), b.len());
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12 * b.abs().max(1.0)), "{a:?} is not {b:?}");
}

/// The equation by the definition: a sum over all letters.
fn by_sums(terms: &[&str], result: &str, operands: &[Var<'_>]) -> Vec<f64> {
    let mut lengths = BTreeMap::new();
    for (term, x) in terms.iter().zip(operands) {
        lengths.extend(term.chars().zip(x.shape().to_vec()));
    }
    let offset =
        |term: &str, at: &BTreeMap<char, usize>| term.chars().fold(0, |o, c| o * lengths[&c] + at[&c]);
    let values: Vec<Vec<f64>> = operands.iter().map(|x| x.to_vec()).collect();
    let mut sums = vec![0.0; result.chars().map(|c| lengths[&c]).product()];
    for mut number in 0..lengths.values().product::<usize>() {
        let mut at = BTreeMap::new();
        for (&letter, &length) in &lengths {
            at.insert(letter, number % length);
            number /= length;
        }
        let product: f64 = terms.iter().zip(&values).map(|(term, v)| v[offset(term, &at)]).product();
        sums[offset(result, &at)] += product;
    }
    sums
}

#[test]
fn equations_give_the_sums_that_they_name() {
    let tape = Tape::new();
    let length = |c: char| 1 + (c as usize) % 3;
    for (terms, result) in [
        (&["ab", "bc", "cd", "da"][..], ""),
        (&["ab", "bc", "ac"], "b"),
        (&["aab", "bcb"], "ca"),
        (&["abc", "cba"], "bca"),
        (&["a", "b", "c"], "cab"),
        (&["ab", "a", "bd"], "ad"),
        (&["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi", "ij", "jk"], "ak"),
    ] {
        let shapes = terms.iter().map(|t| t.chars().map(length).collect::<Vec<_>>());
        let operands: Vec<Var<'_>> =
            shapes.enumerate().map(|(k, shape)| numbers(&tape, &shape, 100 * k)).collect();
        let y = Var::einsum(&format!("{} -> {result}", terms.join(",")), &operands);
        near(y, &by_sums(terms, result, &operands));
    }
    let (a, b) = (numbers(&tape, &[2, 1, 3], 0), numbers(&tape, &[4, 3], 50));
    near(Var::einsum("...i,...i", &[a, b]), &(a * b).sum_over(-1).to_vec::<f64>());
    let both = a.permute(&[2, 0, 1]).unsqueeze(1) * a.unsqueeze(0);
    near(Var::einsum("...i,j...->ij...", &[a, a]), &both.to_vec::<f64>());
}

#[test]
fn mistakes_in_equations_name_the_letter() {
    let tape = Tape::new();
    let a = tape.var([[1.0, 2.0, 3.0]; 2]);
    assert_eq!(
        mistake(|| Var::einsum("ij,jk->ik", &[a, a])),
        "einsum: letter `j` has length 3 in operand 0 and 2 in operand 1\n  equation: ij,jk->ik\n  rule: a letter has one length"
    );
    for (equation, text) in [
        ("ii->", "letter `i` has length 2 in operand 0 and 3 in operand 0"),
        ("ij->ik", "letter `k` of the result is in no operand"),
        ("ij->ii", "letter `i` is twice in the result"),
        ("i->i", "`i` names 1 axes, operand 0 is [2×3]"),
        ("ij,jk->ik", "letters for 2 operands, and 1 operands"),
        ("i1->i", "`1` is no letter"),
        ("...j->j", "the result has no `...`"),
    ] {
        let found = mistake(|| Var::einsum(equation, &[a]));
        assert!(found.starts_with(&format!("einsum: {text}\n")), "{found}");
    }
    let found = mistake(|| Var::einsum("...i,...i", &[a.t(), tape.var([[1.0, 2.0]; 2])]));
    assert!(
        found.contains("axis 0 of `...`, counted from its last, has length 3 in operand 0 and 2"),
        "{found}"
    );
    assert!(mistake(|| Var::einsum("", &[])).contains("1 operands, and 0 operands"));
    let found = mistake(|| a.tensordot(a, (&[0], &[1])));
    assert!(found.contains("axis 0 of a has length 2, axis 1 of b has length 3"), "{found}");
    assert!(mistake(|| a.tensordot(a, (&[0, 0], &[0, 1]))).contains("none of them twice"));
    assert!(mistake(|| a.cross(a, 0)).contains("axis 0 of [2×3] has not length 3"));
    assert!(mistake(|| a.dot(a)).contains("both are vectors of one length"));
}

#[test]
fn shapes_of_equations_are_refused() {
    let tape = Tape::new();
    let (a, square) = (tape.var([[1.0, 2.0, 3.0]; 2]), tape.eye(3, DType::F64));
    assert!(mistake(|| a.solve(a)).contains("the matrices are square, not of 2 rows and 3 columns"));
    assert!(mistake(|| square.solve(a)).contains("b has as many rows as a"));
    assert!(mistake(|| a.cholesky()).contains("square"));
    assert!(mistake(|| a.inverse()).starts_with("inverse: shape [2×3] does not end in a square matrix"));
    assert!(mistake(|| a.qr()).contains("`a.t().qr()`"));
    assert!(mistake(|| square.cast(DType::F32).solve(square)).contains("dtype"));
    assert!(mistake(|| tape.eye(2, DType::I64)).contains("the dtype is F32 or F64"));
}

#[test]
fn singular_matrices_are_named_by_entry_and_pivot() {
    let tape = Tape::new();
    let batch = Var::stack(&[tape.eye(2, DType::F64), tape.var([[1.0, 2.0], [2.0, 4.0]])], 0);
    let found = mistake_in("linear.rs", || batch.inverse());
    assert!(found.starts_with("solve: matrix [1] is singular: pivot 1 is 0\n"), "{found}");
    let found = mistake(|| batch.index(0, 1).solve(tape.var([1.0, 2.0])));
    assert!(found.contains("the matrix is singular: pivot 1 is 0"), "{found}");
    let found =
        mistake(|| tape.var([[1.0, 2.0], [0.0, 0.0]]).solve_triangular(batch.index(0, 0), Triangle::UPPER));
    assert!(found.contains("pivot 1 is 0"), "{found}");
    let found = mistake(|| (-batch).cholesky());
    assert!(
        found.starts_with("cholesky: matrix [0] is not positive definite: pivot 0 is not positive"),
        "{found}"
    );
    assert!(mistake(|| tape.var([[1.0, f64::NAN], [f64::NAN, 1.0]]).cholesky()).contains("pivot 1"));
}

#[test]
fn a_program_gives_the_fault_as_data() {
    let params = Params::f64();
    let program =
        Program::trace(&params, |t| t.outputs(t.input("a", [12]).reshape([3, 2, 2]).cholesky())).unwrap();
    let mut state = program.state();
    let mut a = [1.0, 0.0, 0.0, 1.0].repeat(3);
    program.run(&mut state, &params, (&a[..],)).unwrap();
    a[9..11].fill(2.0);
    match program.run(&mut state, &params, (&a[..],)).map(drop) {
        Err(ProgramError::Fault { fault, .. }) => {
            assert_eq!(fault, Fault::NotPositiveDefinite { entry: vec![2], pivot: 1 });
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn determinants_of_singular_matrices_have_derivatives() {
    let tape = Tape::new();
    let x = tape.var([1.0, -2.0, 3.0]);
    let a = x.unsqueeze(1).matmul(x.unsqueeze(0));
    assert!(a.det().item().abs() < 1e-14);
    // Of rank one, the cofactors are 0; second derivatives are not.
    let slope = a.det().grad([a])[0];
    near(slope, &[0.0; 9]);
    assert!(slope.index(0, 0).index(0, 0).grad([a])[0].abs().max().item() > 1.0);
    // More rows: the value is right, and the derivative is refused.
    let zero = tape.var([[0.0; 7]; 7]);
    assert_eq!(zero.det().item(), 0.0);
    let refused = catch_unwind(AssertUnwindSafe(|| zero.det().grad([zero]))).unwrap_err();
    assert!(refused.downcast::<String>().unwrap().contains("is singular: pivot 0 is 0"));
    let (sign, log) = zero.slogdet();
    assert_eq!((sign.item(), log.item()), (0.0, f64::NEG_INFINITY));
}

#[test]
fn large_and_small_determinants_have_logarithms() {
    let tape = Tape::new();
    for scale in [1e-3, 1e3] {
        let a = tape.eye(200, DType::F64) * scale;
        let (sign, log) = a.flip(0).slogdet();
        assert_eq!(sign.item(), 1.0); // a reversal of 200 rows is 100 exchanges
        assert!((log.item() - 200.0 * scale.ln()).abs() < 1e-9);
    }
    assert!((-tape.eye(3, DType::F64)).logdet().item().is_nan());
}

#[test]
fn exponentials_of_large_and_of_uneven_matrices() {
    let tape = Tape::new();
    let turn = |t: f64| tape.var([[0.0, -t], [t, 0.0]]).matrix_exp();
    for t in [1e-9f64, 1.0, 30.0, 1000.0] {
        let y = turn(t).to_vec::<f64>();
        assert!((y[0] - t.cos()).abs() < 1e-12 * t.max(1.0) && (y[2] - t.sin()).abs() < 1e-12 * t.max(1.0));
    }
    // The derivative keeps its digits beside a large cotangent.
    let a = tape.var([[0.5]]);
    let slope = (a.matrix_exp() * 1e30).grad([a])[0];
    assert!((slope.item() / (0.5f64.exp() * 1e30) - 1.0).abs() < 1e-14);
    assert!(
        tape.var([[f64::INFINITY, 0.0], [0.0, 1.0]]).matrix_exp().to_vec::<f64>().iter().all(|x| x.is_nan())
    );
}

#[test]
fn factors_of_awkward_matrices() {
    let tape = Tape::new();
    for a in [
        tape.var([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]), // of rank one
        tape.var([[0.0; 2]; 3]),
        tape.var([[1e200, 2e200], [3e200, -1e200], [0.0, 1e200]]),
        tape.var([[1e-200, 2e-200], [3e-200, -1e-200], [0.0, 1e-200]]),
        tape.var([[1.0, 0.0], [0.0, 1e-12], [0.0, 0.0]]),
    ] {
        let (u, s, v) = a.svd();
        let largest = a.abs().max().item().max(f64::MIN_POSITIVE);
        near(u.t().matmul(u), &[1.0, 0.0, 0.0, 1.0]);
        near(v.t().matmul(v), &[1.0, 0.0, 0.0, 1.0]);
        assert!(((u * s.unsqueeze(-2)).matmul(v.t()) - a).abs().max().item() <= 1e-14 * largest);
        let (q, r) = a.qr();
        near(q.t().matmul(q), &[1.0, 0.0, 0.0, 1.0]);
        assert!((q.matmul(r) - a).abs().max().item() <= 1e-14 * largest);
    }
    // Equal eigenvalues: the first derivative of what does not depend on the vectors is right.
    let a = tape.eye(3, DType::F64).detach() * tape.var(2.0);
    near(a.eigh().0.square().sum().grad([a])[0], &[4.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 4.0]);
    near(a.singular_values().sum().grad([a])[0], &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    let zero = tape.var([[0.0; 3]; 2]);
    assert_eq!(zero.pinv().to_vec::<f64>(), [0.0; 6]);
}

/// (x·yᵀ)⁺ = y·xᵀ/(|x|²·|y|²): both ways of computing have the same first and second derivatives.
#[test]
fn pseudo_inverses_of_rank_one_have_derivatives() {
    let tape = Tape::new();
    let (x, y) = (tape.var([1.0, -2.0, 0.5]), tape.var([3.0, 1.0]));
    let by_values = x.outer(y).pinv();
    let by_formula = y.outer(x) / (x.dot(x) * y.dot(y));
    near(by_values, &by_formula.to_vec::<f64>());
    let [first, expected] = [by_values, by_formula].map(|p| p.sin().sum().grad([x, y]));
    for (slope, by_formula) in first.into_iter().zip(expected) {
        near(slope, &by_formula.to_vec::<f64>());
        let [second, expected] = [slope, by_formula].map(|s| s.square().sum().grad([x])[0]);
        near(second, &expected.to_vec::<f64>());
    }
}

#[test]
fn least_squares_leave_a_residual_at_right_angles() {
    let tape = Tape::new();
    // A sine of sums: of rank two.
    let (a, b) = (numbers(&tape, &[2, 6, 3], 0), numbers(&tape, &[2, 6, 2], 70));
    let residual = a.matmul(a.lstsq(b)) - b;
    near(a.t().matmul(residual), &[0.0; 12]);
    // Of full rank: by another way, and without a residual.
    let a = a + tape.eye(3, DType::F64).pad(0, 0, 3) * 4.0;
    let (q, r) = a.qr();
    near(a.lstsq(b), &r.solve_triangular(q.t().matmul(b), Triangle::UPPER).to_vec::<f64>());
    let b = b.slice(1, 0..3);
    near(a.t().matmul(a.t().lstsq(b)), &b.to_vec::<f64>());
    assert!(mistake(|| a.lstsq(b)).contains("b has as many rows"));
}

#[test]
fn single_precision_is_rounded_once() {
    let tape = Tape::new();
    let a: Vec<f32> = (0..9).map(|k| if k % 4 == 0 { 3.0 } else { (k as f32).sin() }).collect();
    let a = tape.var(a).reshape([3, 3]);
    let double = a.cast(DType::F64).inverse().cast(DType::F32);
    assert_eq!(a.inverse().to_vec::<f32>(), double.to_vec::<f32>());
}
