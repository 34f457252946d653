//! Random programs: planned and eager execution give the same values.
//!
//! Each program uses any methods of `Var`, has several outputs, and takes derivatives up to the second. Without products of
//! matrices, and with passes that change no order of a sum, the values must be equal to the last bit. Otherwise they may differ
//! by a rounding bound: how far the results move when the arguments are perturbed by a few rounding errors.

mod build;
mod draw;
mod explained;
mod fit;
mod print;
mod recipe;
mod run;
mod sets;
mod shrink;

use crate::code::{Act, Joint, Step};
use crate::ir::OpKind;
use crate::plan::Work;
use crate::{DType, Passes, Program, Tape};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use recipe::Recipe;
use run::{Leaves, Values, same, within};
use std::collections::BTreeMap;

/// The perturbation of the arguments, in rounding errors, when the bound is measured.
const ROUNDINGS: f64 = 64.0;

/// How many programs were compared, and how.
#[derive(Debug, Default)]
struct Count {
    programs: usize,
    exact: usize,
    bounded: usize,
    /// Results whose bound is so large that a comparison proves nothing.
    loose: usize,
    results: usize,
    /// Plans in which values are rematerialised.
    again: usize,
    /// How often each kind of op was recorded.
    ops: BTreeMap<OpKind, usize>,
}

/// Passes that keep the recorded order of every sum, except within products of matrices.
fn exact(rng: &mut ChaCha8Rng) -> [Passes; 3] {
    [without_rounding_sums(Passes::all()), Passes::none(), without_rounding_sums(some(rng))]
}

fn without_rounding_sums(passes: Passes) -> Passes {
    let rounds = |name: &str| Passes::none().with(name).may_round_sums();
    Passes::names().filter(|name| rounds(name)).fold(passes, Passes::without)
}

fn some(rng: &mut ChaCha8Rng) -> Passes {
    let coin = |_: &&str| rng.next_u64().is_multiple_of(2);
    Passes::names().filter(coin).fold(Passes::none(), Passes::with)
}

fn compare(
    recipe: &Recipe,
    given: &[Values],
    wanted: &[Values],
    compare: impl Fn(usize, &Values, &Values) -> Result<(), String>,
) -> Result<(), String> {
    let by_parameter = recipe.parameter_gradients();
    assert_eq!(given.len(), wanted.len() + by_parameter.len());
    let positions = (0..wanted.len()).chain(by_parameter);
    for (i, (given, position)) in given.iter().zip(positions).enumerate() {
        compare(position, given, &wanted[position]).map_err(|e| format!("result {i}: {e}"))?;
    }
    Ok(())
}

/// Runs a recipe in every way and compares.
fn check(recipe: &Recipe, count: &mut Count) -> Result<(), String> {
    let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
    rng.set_stream(1 << 32);
    let products = recipe.has_products();
    let look = |tape: &Tape<'_>| {
        for node in tape.list().nodes.iter() {
            *count.ops.entry(node.op.kind()).or_default() += 1;
        }
    };
    let wanted = recipe.eager(Leaves::Given, !products, look)?;
    count.programs += 1;
    count.results += wanted.len();
    let exact = exact(&mut rng);
    if !products {
        for passes in exact {
            let look =
                |program: &mut Program| count.again += usize::from(program.plan.rematerialised.values > 0);
            let given = recipe.planned(passes, look).map_err(|e| format!("{passes:?}: {e}"))?;
            compare(recipe, &given, &wanted, |_, a, b| same(a, b)).map_err(|e| format!("{passes:?}: {e}"))?;
            count.exact += 1;
        }
    }
    let mut reordering = vec![Passes::all(), some(&mut rng)];
    if products {
        reordering.extend(exact);
    }
    let bounds = if recipe.smooth { bounds(recipe, &wanted)? } else { vec![] };
    for passes in reordering {
        let given = recipe.planned(passes, |_| {}).map_err(|e| format!("{passes:?}: {e}"))?;
        if !recipe.smooth {
            continue;
        }
        let holds = |i: usize, a: &Values, b: &Values| within(a, b, bounds[i]);
        compare(recipe, &given, &wanted, holds).map_err(|e| format!("{passes:?}: {e}"))?;
        count.bounded += 1;
    }
    let largest =
        |v: &Values| v.numbers.iter().filter(|x| x.is_finite()).fold(0.0, |m: f64, x| m.max(x.abs()));
    count.loose += bounds.iter().zip(&wanted).filter(|(b, v)| **b > 1e-2 * largest(v).max(1.0)).count();
    Ok(())
}

/// The rounding bound of each result: four times the distance that it moves when the arguments are perturbed by a few
/// rounding errors, plus a small multiple of its own size.
fn bounds(recipe: &Recipe, wanted: &[Values]) -> Result<Vec<f64>, String> {
    let rounding = if recipe.dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let mut bounds: Vec<f64> = wanted
        .iter()
        .map(|v| {
            let finite = v.numbers.iter().filter(|x| x.is_finite());
            256.0 * rounding * finite.fold(1.0, |m: f64, x| m.max(x.abs()))
        })
        .collect();
    for which in 0..3 {
        let moved = recipe.eager(Leaves::Near(ROUNDINGS * rounding, which), false, |_| {})?;
        for ((bound, moved), wanted) in bounds.iter_mut().zip(&moved).zip(wanted) {
            for (a, b) in moved.numbers.iter().zip(&wanted.numbers) {
                match (a - b).abs() {
                    distance if distance.is_nan() => {}
                    distance => *bound = bound.max(4.0 * distance),
                }
            }
        }
    }
    Ok(bounds)
}

fn check_all(seeds: std::ops::Range<u64>) -> Count {
    let mut count = Count::default();
    let mut failures = vec![];
    for seed in seeds {
        let recipe = Recipe::draw(seed);
        if let Err(failure) = check(&recipe, &mut count) {
            failures.push((recipe, failure));
        }
    }
    println!("{count:?}, failures: {}", failures.len());
    if let Some((recipe, failure)) = failures.first() {
        let seeds: Vec<u64> = failures.iter().map(|f| f.0.seed).collect();
        let (part, why) = shrink::shrunk(recipe, failure.clone(), |part| check(part, &mut Count::default()));
        panic!(
            "{} programs fail, of seeds {seeds:?}\nthe first: {failure}\nmade small: {why}\n{part:#?}\n{}",
            seeds.len(),
            part.source()
        );
    }
    count
}

/// An op that no program has recorded. An input stands in programs only, and a Fourier transform takes pairs of numbers, which
/// are not drawn: the table of tests alone has it.
fn missing(count: &Count) -> Option<OpKind> {
    let may_miss =
        |kind: OpKind| matches!(kind, OpKind::Input | OpKind::Fft) || count.ops.contains_key(&kind);
    OpKind::ALL.iter().copied().find(|&kind| !may_miss(kind))
}

#[test]
fn a_thousand_random_programs_give_what_is_recorded() {
    let count = check_all(0..1_000);
    assert!(count.exact > 1_000 && count.bounded > 500 && count.loose * 20 < count.results, "{count:?}");
    assert!(count.again > 100, "{count:?}");
    let missing = missing(&count);
    assert!(missing.is_none(), "no random program records {missing:?}");
}

/// A program for a batch of examples gives what it gives for each of them.
#[test]
fn random_programs_of_a_batch_are_those_of_its_examples() {
    let mut exact = 0;
    for seed in 0..400 {
        let recipe = Recipe::draw(seed);
        let rounds = recipe.has_products();
        if rounds && !recipe.smooth {
            continue;
        }
        let wanted = recipe.eager(Leaves::Given, false, |_| {}).expect("eager execution refuses nothing");
        let bounds = if rounds {
            bounds(&recipe, &wanted).expect("eager execution refuses nothing")
        } else {
            exact += 1;
            vec![0.0; wanted.len()]
        };
        for (at, examples) in
            [[Leaves::Given, Leaves::Other], [Leaves::Other, Leaves::Given]].iter().enumerate()
        {
            let all = recipe.batched(examples);
            for (i, ((given, wanted), bound)) in all[at].iter().zip(&wanted).zip(&bounds).enumerate() {
                within(given, wanted, *bound).unwrap_or_else(|e| {
                    panic!("seed {seed}, example {at}, result {i}: {e}\n{}", recipe.source())
                });
            }
        }
    }
    assert!(exact > 100, "{exact}");
}

/// `cargo test -p wengert-autograd --lib -- --ignored ten_thousand`
#[test]
#[ignore = "ten thousand programs take minutes; run with `-- --ignored ten_thousand`"]
fn ten_thousand_random_programs_give_what_is_recorded() {
    let count = check_all(0..10_000);
    assert!(count.exact > 10_000 && count.bounded > 5_000 && count.loose * 20 < count.results, "{count:?}");
}

/// Programs of seeds that no test has: `WENGERT_FROM` is the first, `WENGERT_PROGRAMS` how many.
/// `cargo test --release -p wengert-autograd --lib -- --ignored --nocapture fresh_random`
#[test]
#[ignore = "a hundred thousand programs take 20 minutes; run with `--release -- --ignored --nocapture fresh_random`"]
fn fresh_random_programs_give_what_is_recorded() {
    let number =
        |name: &str, usual: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let (from, programs) = (number("WENGERT_FROM", 1 << 32), number("WENGERT_PROGRAMS", 100_000));
    check_all(from..from + programs);
}

/// For how many programs the comparison notices a change to the plan, and to how many plans the change could be made.
fn caught(tamper: impl Fn(&mut Program) -> bool) -> (usize, usize) {
    let (mut caught, mut changed) = (0, 0);
    for seed in 0..150 {
        let recipe = Recipe { threads: 1, ..Recipe::draw(seed) };
        // What runs number by number has no use for its kernels.
        let passes = without_rounding_sums(Passes::all()).without("numbers");
        let mut done = false;
        let given = recipe.planned(passes, |program| done = tamper(program));
        if !done || recipe.has_products() {
            continue;
        }
        let wanted = recipe.eager(Leaves::Given, false, |_| {}).expect("eager execution refuses nothing");
        let result = given.and_then(|given| compare(&recipe, &given, &wanted, |_, a, b| same(a, b)));
        changed += 1;
        caught += usize::from(result.is_err());
    }
    (caught, changed)
}

/// The steps of the longest fused kernel.
fn steps(program: &mut Program) -> Option<&mut Vec<Step>> {
    let tiles = program.plan.tampered().kernels.iter_mut().filter_map(|kernel| match &mut kernel.work {
        Work::Tile(code) if code.elements > 0 => Some(&mut code.steps),
        _ => None,
    });
    tiles.max_by_key(|steps| steps.len())
}

/// A control: the comparison notices plans that compute something else.
#[test]
fn planted_mistakes_in_plans_are_caught() {
    let swapped = caught(|program| {
        let Some(steps) = steps(program) else { return false };
        let next = |i: usize| steps[i + 1].act.reads().contains(&steps[i].y);
        let Some(at) = (0..steps.len().saturating_sub(1)).find(|&i| next(i)) else { return false };
        steps.swap(at, at + 1);
        true
    });
    let joined = caught(|program| {
        let pairs = steps(program).into_iter().flatten().filter_map(|step| match &mut step.act {
            Act::Pair(_, joint, _) => Some(joint),
            _ => None,
        });
        let mut changed = false;
        for joint in pairs {
            *joint = if *joint == Joint::Add { Joint::Sub } else { Joint::Add };
            changed = true;
        }
        changed
    });
    let late = caught(|program| {
        let kernels = &mut program.plan.tampered().kernels;
        let last = kernels.len().saturating_sub(1);
        kernels.swap(0, last);
        last > 1
    });
    let short = caught(|program| {
        let Some(steps) = steps(program) else { return false };
        let total = |step: &Step| matches!(step.act, Act::Total(_) | Act::RowSum(_));
        let Some(at) = steps.iter().position(total) else { return false };
        steps.remove(at);
        true
    });
    for (caught, changed) in [swapped, joined, late, short] {
        assert!(
            changed >= 10 && caught * 10 >= changed * 6,
            "caught of changed: {swapped:?} {joined:?} {late:?} {short:?}"
        );
    }
}
