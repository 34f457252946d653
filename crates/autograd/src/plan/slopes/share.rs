//! Sharing exponentials: σ(x), σ(−x) and their product, and tanh x with its slope 4·σ(2x)·σ(−2x), can all be computed from
//! e⁻|x| (or e⁻|2x|) and 1/(1 + e⁻|x|): from one exponential and one division.

use super::super::draft::{Draft, Value};
use super::super::hash::Map;
use crate::code::{Act, Extent, Step};
use crate::ir::{Binary, Unary};
use crate::lists::IntoList;

/// Lets functions of one argument, or of its negative, share an exponential.
pub(crate) fn share(draft: &mut Draft) {
    if draft.steps.iter().filter_map(shares).count() < 2 {
        return;
    }
    let arguments = Arguments::of(draft);
    let mut asked: Map<Key, u32> = Map::default();
    for step in &draft.steps {
        if let Some((f, x)) = shares(step) {
            *asked.entry(arguments.key(f, x, step.extent).0).or_default() += 1;
        }
    }
    if !asked.values().any(|&functions| functions > 1) {
        return;
    }
    let mut sharing = Sharing::new(draft);
    for i in 0..draft.steps.len() {
        // Arguments are compared as they were before anything was shared.
        let step = draft.steps[i];
        let instead = &sharing.instead;
        draft.steps[i].act = step.act.map(|x| instead.get(x as usize).copied().unwrap_or(x));
        if let Some((f, x)) = shares(&step) {
            let (key, negative) = arguments.key(f, x, step.extent);
            if asked[&key] > 1 {
                sharing.visit(draft, i, f, key, negative);
            }
        }
    }
    draft.leave_out(&sharing.gone);
    draft.drop_unused();
}

/// The function and its argument, where a step is one of the two.
fn shares(step: &Step) -> Option<(Unary, Value)> {
    match step.act {
        Act::Unary(f @ (Unary::Sigmoid | Unary::Tanh), x) => Some((f, x)),
        _ => None,
    }
}

/// The argument of an exponential without its sign: a value, a factor, and whether it has one number per row.
type Key = (Value, u64, bool);

/// How values are computed, before anything is shared.
struct Arguments {
    /// For each value, the step that makes it, if there is one.
    act: Vec<Option<Act>>,
    number: Map<Value, f64>,
}

impl Arguments {
    fn of(draft: &Draft) -> Arguments {
        let mut act = vec![None; draft.by_step.len()];
        for step in draft.steps.iter().filter(|step| !matches!(step.act, Act::Total(_))) {
            act[step.y as usize] = Some(step.act);
        }
        Arguments { act, number: draft.fills.iter().copied().collect() }
    }

    /// The argument of the exponential in f(x), which is ±c·u for a value u, and whether the sign is minus.
    fn key(&self, f: Unary, x: Value, extent: Extent) -> (Key, bool) {
        let (mut u, mut factor) = (x, if f == Unary::Tanh { 2.0f64 } else { 1.0 });
        // Only factors of ±2 are followed: doubling is exact, so equal keys mean equal bits.
        let doubles = |c: Value| self.number.get(&c).copied().filter(|c| c.abs() == 2.0);
        loop {
            (u, factor) = match self.act[u as usize] {
                Some(Act::Unary(Unary::Neg, a)) => (a, -factor),
                Some(Act::Binary(Binary::Mul, a, b)) => match (doubles(a), doubles(b)) {
                    (_, Some(c)) => (a, factor * c),
                    (Some(c), _) => (b, factor * c),
                    _ => break,
                },
                _ => break,
            };
        }
        ((u, factor.abs().to_bits(), extent == Extent::Rows), factor < 0.0)
    }
}

/// The values from one exponential and one division: σ(x), σ(−x), and tanh(x/2) if that was needed first.
#[derive(Clone, Copy)]
struct Parts {
    plus: Value,
    minus: Value,
    tanh: Option<Value>,
    /// Whether x has the sign that the key leaves out.
    negative: bool,
}

struct Sharing {
    parts: Map<Key, Parts>,
    /// For each value, the value to read instead.
    instead: Vec<Value>,
    gone: Vec<bool>,
}

impl Sharing {
    fn new(draft: &Draft) -> Sharing {
        let instead = (0..draft.by_step.len()).map(|x| x as Value).listed();
        Sharing { parts: Map::default(), instead, gone: vec![false; draft.steps.len()] }
    }

    /// Lets a step make the parts. If another step makes them already, this step is replaced by them.
    fn visit(&mut self, draft: &mut Draft, i: usize, f: Unary, key: Key, negative: bool) {
        let Some(parts) = self.parts.get(&key).copied() else {
            let parts = give(draft, i, f, negative);
            self.parts.insert(key, parts);
            return;
        };
        let found = match (f, parts.negative == negative) {
            (Unary::Sigmoid, true) => Some(parts.plus),
            (Unary::Sigmoid, false) => Some(parts.minus),
            (_, true) => parts.tanh,
            (_, false) => None,
        };
        if let Some(found) = found {
            self.replace(draft, i, found);
        }
    }

    /// Replaces a step's result by an existing value.
    fn replace(&mut self, draft: &mut Draft, i: usize, found: Value) {
        let y = draft.steps[i].y;
        let writes = |x: Value| draft.writes.iter().any(|write| write.slot == x);
        if writes(y) && writes(found) {
            // A value that is stored twice needs a tile of its own.
            draft.steps[i].act = Act::Copy(found);
            return;
        }
        draft.writes.iter_mut().filter(|write| write.slot == y).for_each(|write| write.slot = found);
        self.instead[y as usize] = found;
        self.gone[i] = true;
    }
}

/// Makes a step compute all parts of its function.
fn give(draft: &mut Draft, i: usize, f: Unary, negative: bool) -> Parts {
    let Step { y, act, .. } = draft.steps[i];
    let x = act.reads()[0];
    let minus = draft.result();
    if f == Unary::Tanh {
        let plus = draft.result();
        draft.steps[i].act = Act::Tanhs { x, plus, minus };
        return Parts { plus, minus, tanh: Some(y), negative };
    }
    draft.steps[i].act = Act::Sigmoids { x, minus };
    Parts { plus: y, minus, tanh: None, negative }
}
