//! Derivations: what they print agrees with the gradient, and no tape is too awkward for them.

use autograd::{DType, Detail, Params, Program, Tape, Var};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};
use std::ops::Range;

// An interval for each printed number: half a unit in its sixth digit.

#[derive(Clone, Debug)]
struct Interval(f64, f64);

impl Interval {
    fn of(numbers: [f64; 4]) -> Interval {
        let low = numbers.iter().fold(f64::INFINITY, |m, x| m.min(*x));
        let high = numbers.iter().fold(f64::NEG_INFINITY, |m, x| m.max(*x));
        let slack = 1e-15 * low.abs().max(high.abs());
        Interval(low - slack, high + slack)
    }

    fn combine(&self, other: &Interval, f: impl Fn(f64, f64) -> f64) -> Interval {
        Interval::of([f(self.0, other.0), f(self.0, other.1), f(self.1, other.0), f(self.1, other.1)])
    }

    fn meets(&self, other: &Interval) -> bool {
        self.0 <= other.1 && other.0 <= self.1
    }
}

/// A number, or a list of numbers.
#[derive(Clone, Debug)]
enum Printed {
    One(Interval),
    Many(Vec<Interval>),
}

impl Printed {
    fn with(&self, other: &Printed, f: impl Fn(f64, f64) -> f64 + Copy) -> Option<Printed> {
        Some(match (self, other) {
            (Printed::One(a), Printed::One(b)) => Printed::One(a.combine(b, f)),
            (Printed::One(a), Printed::Many(all)) => {
                Printed::Many(all.iter().map(|b| a.combine(b, f)).collect())
            }
            (Printed::Many(all), Printed::One(b)) => {
                Printed::Many(all.iter().map(|a| a.combine(b, f)).collect())
            }
            (Printed::Many(a), Printed::Many(b)) if a.len() == b.len() => {
                Printed::Many(a.iter().zip(b).map(|(a, b)| a.combine(b, f)).collect())
            }
            _ => return None,
        })
    }

    fn all(&self) -> Vec<Interval> {
        match self {
            Printed::One(x) => vec![x.clone()],
            Printed::Many(all) => all.clone(),
        }
    }
}

/// Reads a formula of plain numbers as it is printed.
struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
}

impl Reader<'_> {
    /// `None` if the text is no formula of numbers.
    fn read(text: &str) -> Option<Printed> {
        let clean: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let mut reader = Reader { rest: clean.chars().peekable() };
        let value = reader.sum()?;
        reader.rest.next().is_none().then_some(value)
    }

    fn take(&mut self, c: char) -> bool {
        self.rest.next_if_eq(&c).is_some()
    }

    fn sum(&mut self) -> Option<Printed> {
        let mut value = self.product()?;
        loop {
            let sign = match self.rest.peek() {
                Some('+') => 1.0,
                Some('−') => -1.0,
                _ => return Some(value),
            };
            self.rest.next();
            value = value.with(&self.product()?, |a, b| a + sign * b)?;
        }
    }

    fn product(&mut self) -> Option<Printed> {
        let mut value = self.factor()?;
        loop {
            if self.take('·') || self.take('∘') {
                value = value.with(&self.factor()?, |a, b| a * b)?;
            } else if self.take('/') {
                value = value.with(&self.factor()?, |a, b| a / b)?;
            } else {
                return Some(value);
            }
        }
    }

    fn factor(&mut self) -> Option<Printed> {
        let negative = self.take('−');
        let mut value = if self.take('(') {
            let inner = self.sum()?;
            self.take(')').then_some(inner)?
        } else if self.take('[') {
            let mut all = vec![];
            loop {
                all.extend(self.sum()?.all());
                if self.take(']') {
                    break Printed::Many(all);
                }
                self.take(',').then_some(())?;
            }
        } else if self.take('½') {
            Printed::One(Interval(0.5, 0.5))
        } else {
            Printed::One(self.number()?)
        };
        for (raised, power) in [('²', 2), ('³', 3)] {
            if self.take(raised) {
                value = value.with(&value.clone(), |a, _| f64::powi(a, power))?;
            }
        }
        match negative {
            true => value.with(&Printed::One(Interval(-1.0, -1.0)), |a, b| a * b),
            false => Some(value),
        }
    }

    fn number(&mut self) -> Option<Interval> {
        let mut text = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_digit() || *c == '.' || *c == 'e') {
            text.push(c);
            if c == 'e' && self.take('−') {
                text.push('-');
            }
        }
        let value: f64 = text.parse().ok()?;
        if value == 0.0 {
            return Some(Interval(0.0, 0.0));
        }
        let unit = 10f64.powi(value.abs().log10().floor() as i32 - 5);
        // Whole numbers below 10⁷ are printed as they are.
        let half = if value.fract() == 0.0 && value.abs() >= 1e6 { 0.0 } else { 0.500_001 * unit };
        Some(Interval(value - half, value + half))
    }
}

/// The numbers after an equals sign on a line, each as what it is printed as; none where a side has names in it.
fn numeric_sides(line: &str) -> Vec<Printed> {
    let equation = line.split("    ").find(|part| part.contains('=')).unwrap_or(line).trim_end();
    // The number of the equation is no part of it.
    let equation = match equation.rsplit_once("  (") {
        Some((before, _)) => before,
        None => equation,
    };
    equation.split('=').skip(1).filter_map(Reader::read).collect()
}

/// Every line on which numbers equal numbers does so within their rounding. Gives how many there are.
fn check_arithmetic(text: &str) -> usize {
    let mut checked = 0;
    for line in text.lines() {
        for pair in numeric_sides(line).windows(2) {
            let [a, b] = [&pair[0], &pair[1]].map(Printed::all);
            assert_eq!(a.len(), b.len(), "{line}");
            assert!(a.iter().zip(&b).all(|(a, b)| a.meets(b)), "{line}\nof\n{text}");
            checked += 1;
        }
    }
    checked
}

/// The printed adjoint of each named leaf is the gradient that `grad` gives.
fn check_gradients(text: &str, loss: Var<'_>, leaves: &[(String, Var<'_>)]) -> usize {
    let mut checked = 0;
    for (name, x) in leaves {
        let gradient = loss.vjp(loss.full_like(1.0), &[*x])[0].cast(DType::F64).to_vec::<f64>();
        let head = format!("∂L/∂{name} ");
        let mut lines = text.lines().skip_while(|line| !line.trim_start().starts_with(&head));
        let Some(first) = lines.next() else { continue };
        let own = numeric_sides(first);
        let next = lines.next().filter(|line| line.trim_start().starts_with('=')).map(numeric_sides);
        let Some(printed) = own.last().cloned().or_else(|| next?.last().cloned()) else { continue };
        let printed = printed.all();
        if printed.len() == gradient.len() {
            for (given, expected) in printed.iter().zip(&gradient) {
                let (low, high) = (expected - 1e-12 * expected.abs(), expected + 1e-12 * expected.abs());
                assert!(given.meets(&Interval(low, high)), "∂L/∂{name} = {expected} in\n{text}");
            }
            checked += 1;
        }
    }
    checked
}

fn random(rng: &mut ChaCha8Rng, range: Range<f64>, n: usize) -> Vec<f64> {
    (0..n).map(|_| rng.random_range(range.clone())).collect()
}

fn activation(x: Var<'_>, which: u32) -> Var<'_> {
    match which % 10 {
        0 => x.sigmoid(),
        1 => x.tanh(),
        2 => x.relu(),
        3 => x.sin(),
        4 => x.exp(),
        5 => x.softplus(),
        6 => x.square(),
        7 => x.swish(),
        8 => x.gelu(),
        _ => x.atan(),
    }
}

/// A chain of neurons on one sample, with a way around the last.
fn chain(rng: &mut ChaCha8Rng, dtype: DType, count: &mut [usize; 2]) {
    let tape = Tape::new();
    let width = rng.random_range(1..5usize);
    let x = tape.constant(random(rng, -2.0..2.0, width)).cast(dtype).named("X");
    let y = tape.constant(rng.random_range(-1.0..1.0)).cast(dtype).named("Y");
    let mut leaves = vec![];
    let mut leaf = |name: String, values: &[f64]| {
        let x = match values {
            [x] if dtype == DType::F64 => tape.var(*x),
            [x] => tape.var(*x as f32),
            all if dtype == DType::F64 => tape.var(all),
            all => tape.var(all.iter().map(|&x| x as f32).collect::<Vec<_>>()),
        };
        let x = x.named(&name);
        leaves.push((name, x));
        x
    };
    let (w, b) =
        (leaf("W₁".into(), &random(rng, -1.0..1.0, width.max(2))[..width]), leaf("b₁".into(), &[0.3]));
    let mut a = activation(((w * x).sum() + b).named("Z1"), rng.next_u32()).named("A1");
    let depth = rng.random_range(1..4);
    for k in 2..=depth {
        let w = leaf(format!("W{}", "₀₁₂₃₄".chars().nth(k).unwrap_or('?')), &random(rng, -1.0..1.0, 1));
        let around = if rng.random_bool(0.3) { a } else { a.full_like(0.0) };
        a = activation((w * a).named(&format!("Z{k}")), rng.next_u32()).named(&format!("A{k}")) + around;
    }
    let loss = match rng.random_range(0..3) {
        0 => 0.5 * (a - y).square(),
        1 => (a - y).square() / 3.0,
        _ => (a * y - 1.0).square() + a,
    };
    let loss = loss.named("L");
    for detail in [Detail::Full, Detail::Steps] {
        let text = loss.derivation(leaves.iter().map(|(_, x)| *x)).detail(detail).to_string();
        count[0] += check_arithmetic(&text);
        count[1] += check_gradients(&text, loss, &leaves);
    }
}

/// A layer on a batch of a few rows.
fn batch(rng: &mut ChaCha8Rng, count: &mut [usize; 2]) {
    let tape = Tape::new();
    let (n, m, k) = (rng.random_range(2..6), rng.random_range(1..4), rng.random_range(1..3));
    let x = tape.constant(random(rng, -2.0..2.0, n * m)).reshape([n, m]).named("X");
    let y = tape.constant(random(rng, -1.0..1.0, n * k)).reshape([n, k]).named("Y");
    let w = tape.var(random(rng, -1.0..1.0, m * k)).reshape([m, k]).named("W");
    let b = tape.var(random(rng, -1.0..1.0, k)).named("b");
    let a = activation((x.matmul(w) + b).named("Z"), rng.next_u32()).named("A");
    let loss = (0.5 * (a - y).square()).mean().named("L");
    let text = loss.derivation([w, b]).detail(Detail::Steps).to_string();
    count[0] += check_arithmetic(&text);
    count[1] += check_gradients(&text, loss, &[("W".into(), w), ("b".into(), b)]);
}

#[test]
fn printed_numbers_add_up_to_the_gradient() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut count = [0, 0];
    for _ in 0..300 {
        chain(&mut rng, DType::F64, &mut count);
    }
    for _ in 0..100 {
        chain(&mut rng, DType::F32, &mut count);
    }
    let of_chains = count;
    for _ in 0..200 {
        batch(&mut rng, &mut count);
    }
    assert!(of_chains[0] > 1000 && of_chains[1] > 1000, "{of_chains:?}");
    assert!(count[0] > of_chains[0] + 200 && count[1] > of_chains[1] + 300, "{of_chains:?} {count:?}");
}

/// Controls: a wrong digit is noticed, in a sum and in a gradient.
#[test]
fn wrong_numbers_would_be_noticed() {
    let wrong = |line: &str| std::panic::catch_unwind(|| check_arithmetic(line)).is_err();
    assert_eq!(check_arithmetic("  = 0.909297 + 2·(−0.416147) = 0.0770038    (3)"), 1);
    assert!(wrong("  = 0.909297 + 2·(−0.416147) = 0.0770159"));
    assert!(!wrong("  = −0.299433·0.209773·[0.5, −1, 2] = [−0.0314064, 0.0628129, −0.125626]"));
    assert!(wrong("  = −0.299433·0.209773·[0.5, −1, 2] = [−0.0314064, 0.0628129, −0.125646]"));
    let tape = Tape::new();
    let x = tape.var(2.0);
    let loss = x.sin();
    let leaves = [("x".to_owned(), x)];
    assert_eq!(check_gradients("∂L/∂x = cos x = −0.416147", loss, &leaves), 1);
    let other = std::panic::AssertUnwindSafe(|| check_gradients("∂L/∂x = cos x = −0.416187", loss, &leaves));
    assert!(std::panic::catch_unwind(other).is_err());
}

#[test]
fn awkward_tapes_have_short_pages() {
    let tape = Tape::new();
    let x = tape.var(0.5).named("x\u{202e}<script>$\\_{\n");
    let chain = (0..2_000).fold(x, |y, _| y.sin());
    let wide = (0..500).map(|i| x * f64::from(i)).reduce(|a, b| a + b).expect("there are some");
    let many = tape.var([0.25; 4]);
    let pieces: Vec<Var<'_>> = (0..300).map(|_| many.sin()).collect();
    let joined = Var::concat(&pieces, 0).sum();
    let scopes = tape.scope(&"deep.".repeat(400), || x.exp());
    let cut = x.detach() * x;
    let [slope] = x.exp().grad([x]);
    let poles = (many - 0.25).sqrt().sum() + x.ln() * 0.0;
    let empty = tape.var([0.0; 0]).sum() + x;
    let nan = (x - 1.0).ln() + x;
    for loss in [x, chain, wide, joined, scopes, cut, slope, poles, empty, nan] {
        for detail in [Detail::Fitting, Detail::Full, Detail::Steps, Detail::Formulas, Detail::Overview] {
            let derivation = loss.derivation([x, many, x]).detail(detail);
            for page in
                [derivation.to_string(), derivation.latex(), derivation.markdown(), derivation.mathml()]
            {
                assert!(page.len() < 200_000, "{detail:?}: {} bytes", page.len());
            }
            assert!(!derivation.mathml().contains("<script>"));
        }
    }
    assert!(chain.derivation([x]).to_string().contains("left out"));
    assert!(cut.derivation([x]).to_string().contains("`detach` cuts a path"));
    assert!(poles.derivation([many]).to_string().contains("counts as 0"));
    assert!(x.derivation([many]).to_string().contains("no path leads"));
}

#[test]
fn a_traced_tape_has_formulas_without_numbers() {
    let mut params = Params::f64();
    let w = params.scope("layer").param("weight", [3, 1], [0.1, 0.2, 0.3]);
    let mut page = String::new();
    Program::trace(&params, |t| {
        let (x, y) = (t.input("x", [4, 3]), t.input("y", [4, 1]));
        let loss = (x.matmul(t.param(w)).sigmoid() - y).square().mean();
        page = loss.derivation([t.param(w)]).to_string();
        t.outputs(loss)
    })
    .expect("it can be planned");
    assert!(page.contains("L = 1/4·Σᵢ (σ(Zᵢ) − yᵢ)²"), "{page}");
    assert!(page.contains("∂L/∂W = Σᵢ xᵢ·∂L/∂Zᵢ = xᵀ·∂L/∂Z") && !page.contains("sweep"), "{page}");
}

#[test]
fn subgradients_and_several_ways_are_said() {
    let tape = Tape::new();
    let x = tape.var([0.0, 1.0]).named("x");
    let y = (x.relu() + x.abs() + x.maximum(tape.constant([0.0, 2.0]))).sum();
    let text = y.derivation([x]).to_string();
    for words in ["relu has a kink at 0", "|x| has a kink at 0", "each is given half", "one entry is there"] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
}

/// A column and a list are broadcast to a square: the page shows it, with an index for each.
#[test]
fn a_mistaken_broadcast_is_seen() {
    let tape = Tape::new();
    let x = tape.constant([[0.5, 1.0], [1.0, 0.0], [2.0, 1.0]]).named("X");
    let y = tape.constant([1.0, 0.0, 1.0]).named("Y");
    let w = tape.var([[0.1], [0.2]]).named("W");
    let z = x.matmul(w).named("Z");
    let text = (z - y).square().mean().derivation([w]).detail(Detail::Steps).to_string();
    assert!(text.contains("L = 1/9·Σᵢⱼ (Zᵢ − Yⱼ)²"), "{text}");
}

/// A derivative that others use stands before them; nothing is claimed where nothing is asked.
#[test]
fn lines_stand_in_the_order_of_their_use() {
    let tape = Tape::new();
    let x = tape.constant([[0.5, 1.0], [1.0, 0.0], [2.0, 1.0]]).named("X");
    let w = tape.var([[0.1], [0.2]]).named("W");
    let mean = x.matmul(w).named("Z").sigmoid().mean().named("m");
    let loss = mean.square() + 0.01 * w.square().sum();
    let text = loss.derivation([w]).detail(Detail::Steps).to_string();
    let line = |start: &str| text.lines().position(|line| line.trim_start().starts_with(start));
    assert!(line("∂L/∂m ").is_some() && line("∂L/∂m ") < line("∂L/∂Zᵢ"), "{text}");
    let nothing = loss.derivation([]).to_string();
    assert!(nothing.contains("Nothing is asked") && !nothing.contains("sweep"), "{nothing}");
}

#[test]
fn a_classifier_is_explained_as_softmax_less_labels() {
    let tape = Tape::new();
    let logits = tape.var([[0.5, -1.0, 2.0], [0.0, 1.0, -1.0]]).named("Z");
    let labels = tape.constant([2i64, 0]).named("Y");
    let loss = -logits.log_softmax(-1).pick(labels).mean();
    let text = loss.derivation([logits]).detail(Detail::Steps).to_string();
    assert!(text.contains("softmax(Z") && text.contains("− one_hot(Y"), "{text}");
}

#[test]
#[should_panic(expected = "a constant has no gradient")]
fn a_constant_cannot_be_asked() {
    let tape = Tape::new();
    let c = tape.constant(1.0);
    let _ = (c * tape.var(2.0)).derivation([c]);
}
