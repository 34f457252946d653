//! Values, first and second derivatives where formulas lose digits: near 0 and 1, far out, at infinity. `delicate.txt` has them by
//! mpmath with 50 digits: a name, the function, tolerances (relative, absolute), arguments, and after `=` the value and derivatives;
//! those of two arguments have y, ∂a, ∂b, and further ∂aa, ∂ab, ∂bb.

use autograd::{Tape, Var};

fn apply<'t>(f: &str, x: &[Var<'t>]) -> Var<'t> {
    let a = x[0];
    match f {
        "sin" => a.sin(),
        "cos" => a.cos(),
        "tan" => a.tan(),
        "asin" => a.asin(),
        "acos" => a.acos(),
        "atan" => a.atan(),
        "sinh" => a.sinh(),
        "tanh" => a.tanh(),
        "asinh" => a.asinh(),
        "acosh" => a.acosh(),
        "atanh" => a.atanh(),
        "cbrt" => a.cbrt(),
        "exp_m1" => a.exp_m1(),
        "exp2" => a.exp2(),
        "ln" => a.ln(),
        "ln_1p" => a.ln_1p(),
        "log2" => a.log2(),
        "log10" => a.log10(),
        "sigmoid" => a.sigmoid(),
        "softplus" => a.softplus(),
        "swish" => a.swish(),
        "gelu" => a.gelu(),
        "gelu_tanh" => a.gelu_tanh(),
        "erf" => a.erf(),
        "elu" => a.elu(1.0),
        "relu" => a.relu(),
        "hypot" => a.hypot(x[1]),
        "atan2" => a.atan2(x[1]),
        "logaddexp" => a.logaddexp(x[1]),
        "pow" => a.pow(x[1]),
        "div" => a / x[1],
        _ => panic!("{f} is not in the list"),
    }
}

/// Value and derivatives, as many as are asked for.
fn derivatives(f: &str, arguments: &[f64], count: usize) -> Vec<f64> {
    let tape = Tape::new();
    let x: Vec<Var<'_>> = arguments.iter().map(|&x| tape.var(x)).collect();
    let y = apply(f, &x);
    let first = y.grads(&x);
    let mut all = [vec![y], first.clone()].concat();
    if count > all.len() {
        match x.len() {
            1 => all.extend(first[0].grads(&x)),
            _ => all.extend([first[0].grads(&x), vec![first[1].grads(&x)[1]]].concat()),
        }
    }
    all.truncate(count);
    all.iter().map(|v| v.item()).collect()
}

/// What is off in a line of the file.
fn faults(line: &str) -> Vec<String> {
    let (given, wanted) = line.split_once(" = ").unwrap();
    let words: Vec<&str> = given.split(' ').collect();
    let number = |word: &str| word.parse::<f64>().unwrap();
    let (rtol, atol) = (number(words[2]), number(words[3]));
    let wanted: Vec<f64> = wanted.split(' ').map(number).collect();
    let arguments: Vec<f64> = words[4..].iter().map(|word| number(word)).collect();
    let got = derivatives(words[1], &arguments, wanted.len());
    let agree = |got: f64, want: f64| {
        got == want || got.is_nan() && want.is_nan() || (got - want).abs() <= atol + rtol * want.abs()
    };
    let pairs = got.iter().zip(&wanted).enumerate().filter(|(_, (got, want))| !agree(**got, **want));
    pairs.map(|(i, (got, want))| format!("{given}: output {i} is {got:e}, not {want:e}")).collect()
}

#[test]
fn delicate_values_and_derivatives_keep_their_digits() {
    let faults: Vec<String> = include_str!("delicate.txt").lines().flat_map(faults).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// A control: a wrong digit is seen.
#[test]
fn a_wrong_value_is_seen() {
    assert!(faults("control ln 1e-12 0.0 1.0 = 0.0 1.0 -1.0").is_empty());
    assert_eq!(faults("control ln 1e-12 0.0 1.0 = 0.0 1.0 -1.00000000001").len(), 1);
}
