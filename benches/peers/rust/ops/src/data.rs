//! The list of ops, and the numbers that they are given: see `ops.txt`.

use measure::lcg;

const LIST: &str = include_str!("../../../ops.txt");

/// Numbers of an op, in row-major order.
pub(crate) struct Numbers {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
    /// Whether they are places, not numbers to differentiate by.
    pub(crate) places: bool,
}

/// The inputs of an op. Those of another first seed are directions of derivatives.
pub(crate) fn inputs(name: &str, first_seed: u64) -> Vec<Numbers> {
    let line = LIST.lines().map(|line| line.split_whitespace()).find_map(|mut words| {
        let is_this = words.next() == Some(name);
        is_this.then_some(words)
    });
    let words = line.unwrap_or_else(|| panic!("{name} is not in the list"));
    let kinds = words.filter_map(|word| word.split_once(':'));
    kinds.zip(first_seed..).map(|((kind, shape), seed)| numbers(kind, shape, seed)).collect()
}

fn numbers(kind: &str, shape: &str, seed: u64) -> Numbers {
    let shape: Vec<usize> = shape.split('x').map(|n| n.parse().expect("a length")).collect();
    let count: usize = shape.iter().product();
    let mut values = if kind == "m" { mixed(count) } else { lcg(seed, count, 1.0) };
    let n = shape[0];
    if matches!(kind, "s" | "d") {
        let m = values.clone();
        values = (0..count).map(|at| (m[at] + m[at % n * n + at / n]) / 2.0).collect();
    }
    let diagonal = match kind {
        "d" => 32.0,
        "w" => 20.0,
        _ => 0.0,
    };
    if diagonal != 0.0 {
        values.iter_mut().step_by(n + 1).for_each(|x| *x += diagonal);
    }
    let places = kind.strip_prefix('i').map(|below| below.parse::<f64>().expect("a number of places"));
    for x in &mut values {
        match (kind, places) {
            ("p", _) => *x += 1.5,
            ("o", _) => *x = 1.0 + *x / 20.0,
            (_, Some(below)) => *x = ((*x + 1.0) / 2.0 * below).floor(),
            _ => {}
        }
    }
    Numbers { shape, values, places: places.is_some() }
}

/// The numbers k/2²⁰, each once, in an order that shows no pattern.
fn mixed(count: usize) -> Vec<f64> {
    let mask = (1 << 20) - 1;
    let of = |i: u64| {
        let v = (i * 0x9E3779B1) & mask;
        let v = ((v ^ (v >> 10)) * 0x85EBCA6B) & mask;
        (v ^ (v >> 9)) as f64 / (1 << 20) as f64
    };
    (0..count as u64).map(of).collect()
}
