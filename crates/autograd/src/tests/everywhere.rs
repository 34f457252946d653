//! Every function of one argument on all 2³² arguments in single precision, held against itself in double precision.
//!
//! `cargo test --release -p wengert-autograd --lib -- --ignored --nocapture everywhere` compares with the table of `docs/f32.md`.
//! `WENGERT_F32=write` writes the rows anew, `WENGERT_FUNCTIONS=exp,sin` takes these alone and leaves the other rows,
//! `WENGERT_THREADS=4` shares the arguments between threads.

use crate::ir::Unary;
use crate::kernels::functions;
use crate::table::unary_table;
use crate::view::View;
use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs, thread};

/// Arguments at a time: what a cache holds in both precisions.
const BLOCK: usize = 1 << 12;
/// Blocks between two lines of progress.
const CHAPTER: u64 = 1 << 17;

macro_rules! with_exact_parameters {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
        /// Every function, with a parameter that both precisions hold.
        fn all() -> Vec<Unary> {
            vec![$(Unary::$Row $(({ let $p = 1.75; $p }))?),*]
        }
    };
}
unary_table!(with_exact_parameters);

/// What was found of one function.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// The largest error in units in the last place, its argument, and what came out.
    error: f64,
    at: f32,
    got: f32,
    /// How many results are not the nearest number.
    not_nearest: u64,
    /// How many are NaN where the true value is not, or the other way round.
    astray: u64,
}

impl Found {
    fn and(self, other: Found) -> Found {
        let worse = if other.error > self.error { other } else { self };
        let (not_nearest, astray) = (self.not_nearest + other.not_nearest, self.astray + other.astray);
        Found { not_nearest, astray, ..worse }
    }

    fn row(&self, f: Unary) -> String {
        let share = 100.0 * self.not_nearest as f64 / 4_294_967_296.0;
        let Found { error, at, got, .. } = self;
        format!("| `{}` | {error:.3} | {at:e} | {got:e} | {share:.3} % | {} |", label(f), self.astray)
    }
}

fn label(f: Unary) -> String {
    f.parameter().map_or_else(|| f.name().to_owned(), |p| format!("{}({p})", f.name()))
}

/// By how many units in the last place of single precision `got` is off. Beyond the largest number both are taken for the
/// next power of two, so that an overflow one step early is off by a step.
#[inline(always)]
fn off(got: f32, want: f64) -> f64 {
    const NEXT: f64 = f64::from_bits(0x47f0_0000_0000_0000);
    let exponent = f64::from_bits(want.abs().min(f64::from(f32::MAX)).to_bits() & 0x7ff0_0000_0000_0000);
    let unit = (exponent * f64::from(f32::EPSILON)).max(f64::from(f32::from_bits(1)));
    (f64::from(got).clamp(-NEXT, NEXT) - want.clamp(-NEXT, NEXT)).abs() / unit
}

fn flat<T>(data: &[T]) -> View<'_, T> {
    View { data, offset: 0, shape: &[BLOCK], strides: &[1] }
}

/// Blocks of 2¹² bit patterns, from the first to the last.
fn sweep(f: Unary, blocks: std::ops::Range<u64>, tell: bool) -> Found {
    let (mut x, mut got) = (vec![0f32; BLOCK], vec![0f32; BLOCK]);
    let (mut wide, mut want) = (vec![0f64; BLOCK], vec![0f64; BLOCK]);
    let mut found = Found::default();
    for block in blocks {
        for (i, (x, wide)) in x.iter_mut().zip(&mut wide).enumerate() {
            *x = f32::from_bits(block as u32 * BLOCK as u32 + i as u32);
            *wide = f64::from(*x);
        }
        functions::unary(f, flat(&x), &mut got);
        functions::unary(f, flat(&wide), &mut want);
        let mut worst = 0.0f64;
        for (&got, &want) in got.iter().zip(&want) {
            // NaN is not larger than anything, and it is counted apart.
            worst = worst.max(off(got, want));
            found.not_nearest += u64::from(got != want as f32 && !got.is_nan());
            found.astray += u64::from(got.is_nan() != want.is_nan());
        }
        if worst > found.error {
            let at = got.iter().zip(&want).position(|(&got, &want)| off(got, want) == worst);
            let at = at.expect("the worst is one of them");
            found = Found { error: worst, at: x[at], got: got[at], ..found };
        }
        if tell && block % CHAPTER == CHAPTER - 1 {
            println!("{}: {}/8 of the first thread's part", label(f), block / CHAPTER + 1);
        }
    }
    found
}

/// All arguments, shared between threads.
fn everywhere(f: Unary, threads: u64) -> Found {
    let blocks = (1u64 << 32) / BLOCK as u64;
    let part = |i| blocks * i / threads..blocks * (i + 1) / threads;
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|i| scope.spawn(move || sweep(f, part(i), i == 0))).collect();
        let all = all.into_iter().map(|part| part.join().expect("a part of the arguments"));
        all.fold(Found::default(), Found::and)
    })
}

const HEAD: &str = "\
# Functions of one argument on every F32

Each function of the table on all 2³² arguments in single precision, by the kernels that programs use, held against the same
function in double precision. That one is within a few of its own units (`docs/functions.md`), which are 2⁻²⁹ of those that are
counted here: so an error is right to 10⁻⁸, and a result counts as *not nearest* that is so by less than that. A unit is the distance
of neighbouring numbers at the true value, 2⁻¹⁴⁹ among the subnormal ones. *Astray*: NaN where the true value is a number, or a
number where it is NaN. Functions with a parameter take 1.75. Where a factor of the product is subnormal (`swish`, `gelu`,
`gelu_tanh`), the result has no more digits than it.

This file is written by `WENGERT_F32=write cargo test --release -p wengert-autograd --lib -- --ignored --nocapture everywhere`.

| function | largest error, ulp | at | result | not nearest | astray |
|---|---|---|---|---|---|
";

/// The rows of the table by function.
fn rows(text: &str) -> BTreeMap<String, String> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| (line.split('`').nth(1).unwrap_or_default().to_owned(), line.to_owned())).collect()
}

#[test]
#[ignore = "all 2³² arguments of every function take an hour; run with `--release -- --ignored --nocapture everywhere`"]
fn single_precision_is_as_the_table_says_everywhere() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/f32.md");
    let asked = env::var("WENGERT_FUNCTIONS").unwrap_or_default();
    let asked: Vec<&str> = asked.split(',').filter(|name| !name.is_empty()).collect();
    let threads = env::var("WENGERT_THREADS").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut known = rows(&fs::read_to_string(&file).unwrap_or_default());
    for f in all().into_iter().filter(|f| asked.is_empty() || asked.contains(&f.name())) {
        let row = everywhere(f, threads).row(f);
        println!("{row}");
        if env::var("WENGERT_F32").is_ok_and(|what| what == "write") {
            known.insert(label(f), row);
            let rows: Vec<&str> =
                all().iter().filter_map(|f| Some(known.get(&label(*f))?.as_str())).collect();
            fs::write(&file, format!("{HEAD}{}\n", rows.join("\n"))).expect("the table can be written");
        } else {
            assert_eq!(Some(&row), known.get(&label(f)), "the table has another row");
        }
    }
}

/// Some of the blocks, in every run of the tests.
#[test]
fn single_precision_is_close_to_double_in_some_blocks() {
    for f in all() {
        let some = (0..1u64 << 20).step_by(60_013).map(|block| sweep(f, block..block + 1, false));
        let found = some.fold(Found::default(), Found::and);
        assert!(found.error < 6.0 && found.astray == 0, "{}: {found:?}", label(f));
    }
}

/// A control: errors are seen, at either end too.
#[test]
fn an_error_of_one_step_is_one_unit() {
    for x in [1.0f32, -1.5, 2f32.powi(100), 2f32.powi(-140), 3e-45, f32::MAX] {
        assert_eq!(off(x.next_up(), f64::from(x)), 1.0, "{x}");
    }
    assert_eq!((off(f32::INFINITY, f64::INFINITY), off(0.0, 0.0), off(1.0, 1.0)), (0.0, 0.0, 0.0));
    assert!(off(1.0, f64::NAN).is_nan());
}
