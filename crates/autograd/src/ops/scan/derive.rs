//! The derivatives of a loop, which are loops. Their bodies replay one step and sweep over it.

use super::super::bodies::replay;
use super::late::Late;
use super::parts::{results, taken};
use crate::dtype::DType;
use crate::ir::{Binary, Body, Held, Meta, NodeId, Op, Scan};
use crate::op::{At, Cotangents, Wanted, none};
use crate::record::{Given, Recording, record};
use crate::tape::Tape;
use crate::var::Var;
use std::ops::Range;
use std::sync::Arc;

/// The cotangents of the wanted operands: a loop from the last step to the first.
#[track_caller]
pub(super) fn cotangents<'t>(scan: &Scan, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
    if !scan.part.is_float() {
        return none();
    }
    let loop_ = Replayed::new(scan, at);
    let given = loop_.given(g);
    let wants = |i: usize| wanted.has(i) && at.x[i].dtype().is_float();
    let (carried, read) = (loop_.carried(), loop_.read());
    let (stacked, summed): (Vec<usize>, Vec<usize>) =
        (read.clone().filter(|&i| wants(i)).collect(), loop_.captured().filter(|&i| wants(i)).collect());
    // What each step gets beside the operands of the loop itself.
    let adjoints: Vec<Var<'t>> = loop_.float_carries().map(|i| loop_.last_adjoint(i, &given)).collect();
    let of_steps: Vec<&Cotangent<'t>> = given.iter().filter(|c| c.each_step).collect();
    let of_sums: Vec<&Cotangent<'t>> =
        given.iter().filter(|c| !c.each_step && !loop_.is_carry(c.held)).collect();
    let mut operands = Operands { carried: adjoints, ..loop_.operands() };
    operands.read.extend(of_steps.iter().map(|c| c.value));
    operands.captured.extend(of_sums.iter().map(|c| c.value));

    let wrt: Vec<usize> =
        loop_.float_carries().chain(stacked.iter().copied()).chain(summed.iter().copied()).collect();
    let (step, point) = Step::begin(&loop_, &operands);
    let mut seeds: Vec<(Var<'t>, Var<'t>)> =
        loop_.float_carries().map(|i| step.y[i]).zip(step.carried.iter().copied()).collect();
    let mut early = vec![None; carried.len()];
    let cotangents = step.of_steps.iter().chain(&step.of_constants);
    for (held, &cotangent) in of_steps.iter().chain(&of_sums).map(|c| c.held).zip(cotangents) {
        match held {
            Held::Result(i) => seeds.push((step.y[i], cotangent)),
            Held::Product(i) => seeds.push((step.products[i].0, cotangent)),
            Held::History(i) => early[i] = Some(cotangent),
        }
    }
    let ends: Vec<Var<'t>> = wrt.iter().map(|&i| point[i]).collect();
    let found = at.y.tape().cotangents(&seeds, &ends);
    let exists: Vec<bool> = found.iter().map(Option::is_some).collect();
    let total = |(found, &i): (Option<Var<'t>>, &usize)| match (found, early.get(i).copied().flatten()) {
        (Some(a), Some(b)) => a + b,
        (Some(a), None) | (None, Some(a)) => a,
        (None, None) => point[i].full_like(0.0),
    };
    let mut next: Vec<Var<'t>> = found.into_iter().zip(&wrt).map(total).collect();
    // Carries, what is stacked, and sums: those that can be are taken behind the loop.
    let sums = next.split_off(next.len() - summed.len());
    let mut given = next.split_off(next.len() - stacked.len());
    let late = Late::of(&sums, &step.read, &mut given);
    let (carries, more) = (next.len(), given.len());
    next.extend(given);
    next.extend(sums.iter().zip(&late).filter(|(_, late)| late.is_none()).map(|(sum, _)| *sum));
    let (body, all) = step.end(&operands, &next, more);
    let found = results(body, scan.steps, !scan.reverse, false, &all);
    let (found, in_loop) = found.split_at(carries + more);
    let mut in_loop = in_loop.iter().copied();
    let sums = late.iter().map(|late| match late {
        Some(late) => late.sum(&operands.read, &found[carries..]),
        None => in_loop.next().expect("a sum that is no late one"),
    });
    let found = found[..carries + stacked.len()].iter().copied().chain(sums);
    let mut cotangents: Cotangents<'t> = at.x.iter().map(|_| None).collect();
    for ((&i, x), exists) in wrt.iter().zip(found).zip(exists) {
        if wants(i) && (exists || carried.contains(&i)) {
            cotangents[i] = Some(x);
        }
    }
    cotangents
}

/// The tangent of the result: a loop in the order of the loop itself.
#[track_caller]
pub(super) fn tangents<'t>(scan: &Scan, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
    if !scan.part.is_float() {
        return None;
    }
    let loop_ = Replayed::new(scan, at);
    let first = |i: usize| t[i].unwrap_or_else(|| at.x[i].full_like(0.0));
    let moving = |range: Range<usize>| range.filter(|&i| t[i].is_some()).collect::<Vec<usize>>();
    let (read, captured) = (moving(loop_.read()), moving(loop_.captured()));
    let mut operands = Operands { carried: loop_.float_carries().map(first).collect(), ..loop_.operands() };
    operands.read.extend(read.iter().filter_map(|&i| t[i]));
    operands.captured.extend(captured.iter().filter_map(|&i| t[i]));

    let (step, point) = Step::begin(&loop_, &operands);
    let moves = loop_.float_carries().chain(read.iter().copied()).chain(captured.iter().copied());
    let along = step.carried.iter().chain(&step.of_steps).chain(&step.of_constants).copied();
    let inputs: Vec<(Var<'t>, Var<'t>)> = moves.map(|i| point[i]).zip(along).collect();
    let floats: Vec<usize> = (0..step.y.len()).filter(|&i| step.y[i].dtype().is_float()).collect();
    let mut outputs: Vec<Var<'t>> = floats.iter().map(|&i| step.y[i]).collect();
    let mut stacked = floats.iter().filter(|&&i| scan.body.ports.is_stacked(i)).count();
    let before_sums = loop_.float_carries().count() + stacked;
    // The results of this dtype are laid out as those of the loop. What it keeps is stacked here: the products of this body
    // are others.
    let history = if scan.history { &step.carried[..] } else { &[] };
    if scan.history {
        outputs.extend(step.products.iter().map(|(product, _)| *product));
        stacked += history.len() + step.products.len();
    }
    let found = at.y.tape().tangents(&outputs, &inputs);
    let or_zero = |(x, y): (Option<Var<'t>>, &Var<'t>)| x.unwrap_or_else(|| y.full_like(0.0));
    let mut next: Vec<Var<'t>> = found.into_iter().zip(&outputs).map(or_zero).collect();
    let products = next.split_off(floats.len());
    let sums = next.split_off(before_sums);
    next.extend(history.iter().chain(&products).chain(&sums));
    let (body, all) = step.end(&operands, &next, stacked);
    Some(record(Scan::of(body, scan.steps, scan.part, scan.reverse, false), &all))
}

/// The operands of a derived loop: what is carried, what each step reads, what stays.
struct Operands<'t> {
    carried: Vec<Var<'t>>,
    read: Vec<Var<'t>>,
    captured: Vec<Var<'t>>,
}

impl<'t> Operands<'t> {
    fn all(&self) -> Vec<Var<'t>> {
        [&self.carried[..], &self.read, &self.captured].concat()
    }

    /// Shapes and dtypes, as one step sees them.
    fn of_one_step(&self) -> Vec<Meta> {
        let whole = |x: &Var<'t>| Meta::new(x.shape(), x.dtype());
        let step = |x: &Var<'t>| Meta::new(x.shape().without(&[0]), x.dtype());
        let carried = self.carried.iter().map(whole);
        carried.chain(self.read.iter().map(step)).chain(self.captured.iter().map(whole)).collect()
    }
}

/// A step of a derived loop while it is recorded: the step of the loop itself, replayed, and what the derived one has beside it.
struct Step<'t> {
    recording: Recording<'t>,
    carried: Vec<Var<'t>>,
    /// All that it reads, in the order of the operands.
    read: Vec<Var<'t>>,
    of_steps: Vec<Var<'t>>,
    of_constants: Vec<Var<'t>>,
    /// The results of the replayed step.
    y: Vec<Var<'t>>,
    /// Its products, each with the argument that has its value: the replay records them for their derivatives alone.
    products: Vec<(Var<'t>, Var<'t>)>,
}

impl<'t> Step<'t> {
    /// Begins with the replay, and also returns its arguments: where the loop is differentiated.
    #[track_caller]
    fn begin(loop_: &Replayed<'_, 't>, operands: &Operands<'t>) -> (Step<'t>, Vec<Var<'t>>) {
        let tape = operands.captured.iter().chain(&operands.read).chain(&operands.carried).next();
        let tape = tape.expect("a loop has operands").tape();
        let recording = Recording::begin(tape, &operands.of_one_step());
        let mut carried = recording.arguments();
        let mut steps = carried.split_off(operands.carried.len());
        let mut constants = steps.split_off(operands.read.len());
        let read = steps.clone();
        let mut kept = steps.split_off(loop_.read().end);
        let of_steps = kept.split_off(loop_.products.len());
        let of_constants = constants.split_off(loop_.captured().len());
        let point = [steps, constants].concat();
        let body = &loop_.scan.body;
        let values = replay(body, tape, &point);
        let y = body.results.iter().map(|&id| values[id as usize]).collect();
        let products = body.products.iter().map(|&id| values[id as usize]).zip(kept).collect();
        (Step { recording, carried, read, of_steps, of_constants, y, products }, point)
    }

    /// The body of the derived loop and all its operands.
    #[track_caller]
    fn end(self, operands: &Operands<'t>, results: &[Var<'t>], stacked: usize) -> (Arc<Body>, Vec<Var<'t>>) {
        let (carried, captured) = (operands.carried.len(), operands.captured.len());
        let (body, outside) =
            self.recording.end(results, Given { carried, captured, stacked, hoists: true }, &self.products);
        (body, [&operands.all()[..], &outside].concat())
    }
}

/// The cotangent of a piece of the result. A piece whose cotangent is zero by structure has none.
struct Cotangent<'t> {
    held: Held,
    each_step: bool,
    value: Var<'t>,
}

/// A loop whose steps are to be replayed: each at the carries as they were before it.
struct Replayed<'a, 't> {
    scan: &'a Scan,
    x: &'a [Var<'t>],
    history: Vec<Var<'t>>,
    products: Vec<Var<'t>>,
}

impl<'a, 't> Replayed<'a, 't> {
    #[track_caller]
    fn new(scan: &'a Scan, at: &At<'a, 't>) -> Replayed<'a, 't> {
        let body = &scan.body;
        let mut history = vec![None; body.ports.carried];
        let mut products = vec![None; body.products.len()];
        for part in [DType::F32, DType::F64, DType::I64, DType::Bool] {
            let mut row = None;
            for piece in body.pieces(part, scan.steps, true) {
                let place = match piece.held {
                    Held::History(i) => &mut history[i],
                    Held::Product(i) => &mut products[i],
                    Held::Result(_) => continue,
                };
                let row = *row.get_or_insert_with(|| match part == scan.part && scan.history {
                    true => at.y,
                    false => record(Scan::of(body.clone(), scan.steps, part, scan.reverse, true), at.x),
                });
                *place = Some(taken(row, &piece));
            }
        }
        let all = |x: Vec<Option<Var<'t>>>| x.into_iter().map(|x| x.expect("each has a dtype")).collect();
        Replayed { scan, x: at.x, history: all(history), products: all(products) }
    }

    fn carried(&self) -> Range<usize> {
        0..self.scan.body.ports.carried
    }

    fn read(&self) -> Range<usize> {
        let start = self.carried().end;
        start..start + self.scan.body.ports.read
    }

    fn captured(&self) -> Range<usize> {
        self.read().end..self.x.len()
    }

    fn float_carries(&self) -> impl Iterator<Item = usize> + '_ {
        self.carried().filter(|&i| self.x[i].dtype().is_float())
    }

    fn is_carry(&self, held: Held) -> bool {
        matches!(held, Held::Result(i) if self.carried().contains(&i))
    }

    /// Each step reads the history of the carries, what the loop's steps read, and its products.
    fn operands(&self) -> Operands<'t> {
        let read = self.history.iter().chain(&self.x[self.read()]).chain(&self.products);
        let read = read.copied().collect();
        Operands { carried: vec![], read, captured: self.x[self.captured()].to_vec() }
    }

    /// The pieces of the cotangent of the result.
    #[track_caller]
    fn given(&self, g: Var<'t>) -> Vec<Cotangent<'t>> {
        let pieces = self.scan.pieces().into_iter();
        let given = pieces.filter(|piece| {
            piece.elements() > 0 && touches(g.tape(), g.id(), &(piece.start..piece.start + piece.elements()))
        });
        given
            .map(|piece| {
                let each_step = match piece.held {
                    Held::History(_) | Held::Product(_) => true,
                    Held::Result(i) => self.scan.body.ports.is_stacked(i),
                };
                Cotangent { held: piece.held, each_step, value: taken(g, &piece) }
            })
            .collect()
    }

    /// The cotangent of a carry as the last step left it.
    #[track_caller]
    fn last_adjoint(&self, i: usize, given: &[Cotangent<'t>]) -> Var<'t> {
        let found = given.iter().find(|c| c.held == Held::Result(i));
        found.map_or_else(|| self.x[i].full_like(0.0), |c| c.value)
    }
}

/// Whether a row of numbers can differ from zero within a range, by structure: pieces of a row have padded cotangents.
fn touches(tape: &Tape<'_>, id: NodeId, range: &Range<usize>) -> bool {
    let list = tape.list();
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        let node = list.node(id);
        match &node.op {
            Op::Full(x) if *x == 0.0 => {}
            Op::Pad(pad) => {
                let end = node.meta.shape[0] - pad.after;
                if pad.before < range.end && range.start < end {
                    return true;
                }
            }
            Op::Binary(Binary::Add) => open.extend(node.inputs.iter()),
            _ => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::ir::Op;
    use crate::tape::Tape;
    use crate::var::Var;

    /// The ops whose values a loop of this body keeps.
    fn kept(body: impl for<'t> Fn([Var<'t>; 2]) -> Var<'t>) -> Vec<&'static str> {
        let tape = Tape::new();
        let [h, x] = [tape.constant(0.1).broadcast_to([2, 2]), tape.constant(0.2).broadcast_to([3, 2, 2])];
        let _ = tape.scan(3, h, x, |h, x| (body([h, x]), ()));
        let list = tape.list();
        let scan = list.nodes.iter().find_map(|node| match &node.op {
            Op::Scan(scan) => Some(scan.clone()),
            _ => None,
        });
        let body = scan.expect("a loop").body;
        body.products.iter().map(|&id| body.line(id).op.name()).collect()
    }

    #[test]
    fn the_sum_that_a_product_is_a_term_of_is_kept_in_its_place() {
        assert_eq!(kept(|[h, x]| h.matmul(h).tanh() + x), ["matmul"]);
        assert_eq!(kept(|[h, x]| (x + h.matmul(h) + 0.5).tanh()), ["add"]);
        assert_eq!(kept(|[h, x]| (h.matmul(h) + x.matmul(x)).tanh()), ["add"]);
        // Who reads the product itself wants it.
        assert_eq!(
            kept(|[h, x]| {
                let p = h.matmul(h);
                (p + x).tanh() * p
            }),
            ["matmul"]
        );
    }
}
