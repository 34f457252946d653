//! A call for each example of a batch is one call: its body computes all of them, and its rule is that of one example, mapped.

use super::function::{Function, Held};
use super::point::Point;
use crate::ir::{Call, Custom, Meta};
use crate::op::{Batch, Each, with_examples};
use crate::record::{Given, Recording, for_each_of_batch, of_each, record};
use crate::var::Var;

/// The results of all calls. Each example has a row.
#[track_caller]
pub(super) fn of_each_call<'t>(call: &Call, batch: &Batch<'_, 't>) -> Var<'t> {
    let (body, n) = (&*call.body, batch.examples);
    let operands: Vec<Var<'t>> = batch.x.iter().map(|&(Each::Own(x) | Each::Same(x))| x).collect();
    let tape = operands[0].tape();
    let metas: Vec<Meta> = operands.iter().map(|x| Meta::new(x.shape(), x.dtype())).collect();
    let recording = Recording::begin(tape, &metas);
    let each = |(x, given): (Var<'t>, &Each<'t>)| match given {
        Each::Own(_) => Each::Own(x),
        Each::Same(_) => Each::Same(x),
    };
    let mut values: Vec<Each<'t>> = recording.arguments().into_iter().zip(batch.x).map(each).collect();
    for line in &body.lines[values.len()..] {
        let x: Vec<Each<'t>> = line.inputs.iter().map(|&i| values[i as usize]).collect();
        values.push(of_each(tape, n, &line.op, &line.meta, &x));
    }
    let y = values[body.results[0] as usize].of_all(n);
    let given = Given { carried: 0, captured: operands.len(), stacked: 1, hoists: false };
    let (body, outside) = recording.end(&[y], given, &[]);
    let function = call.function.as_ref().map(|function| {
        let mapped = batch.x[..call.own].iter().map(|x| matches!(x, Each::Own(_))).collect();
        let held: Held = Box::new(Mapped { of_one: function.clone(), examples: n, mapped });
        Custom::new::<Mapped>(function.name(), held)
    });
    record(Call { body, function, own: call.own, flops: call.flops }, &[operands, outside].concat())
}

/// The rule of a function, for a batch of examples.
struct Mapped {
    of_one: Custom,
    examples: usize,
    /// Which operands each example has of its own.
    mapped: Vec<bool>,
}

impl Mapped {
    fn function(&self) -> &Held {
        self.of_one.get()
    }

    /// Calls `f` with the operands of one example, and with others of one example; the results are of all.
    #[track_caller]
    fn each<'t>(
        &self,
        x: &[Var<'t>],
        others: &[Var<'t>],
        f: impl FnOnce(&[Var<'t>], &[Var<'t>]) -> Vec<Var<'t>>,
    ) -> Vec<Var<'t>> {
        let own: Vec<Var<'t>> =
            x.iter().zip(&self.mapped).filter(|(_, own)| **own).map(|(x, _)| *x).collect();
        for_each_of_batch(self.examples, &[own, others.to_vec()].concat(), |of_one| {
            let mut of_one = of_one.iter().copied();
            let mut one =
                |(x, own): (&Var<'t>, &bool)| if *own { of_one.next().expect("one for each") } else { *x };
            let x: Vec<Var<'t>> = x.iter().zip(&self.mapped).map(&mut one).collect();
            f(&x, &of_one.collect::<Vec<_>>())
        })
    }
}

impl Function for Mapped {
    fn name(&self) -> &'static str {
        self.of_one.name()
    }

    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        self.each(x, &[], |x, _| vec![self.function().value(x)])[0]
    }

    fn vjp<'t>(&self, at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
        let mut there = vec![];
        let found = self.each(at.x, &[at.y, g], |x, others| {
            let given = self.function().vjp(&Point { x, y: others[0], wanted: at.wanted }, others[1]);
            there = given.iter().map(Option::is_some).collect();
            given.into_iter().flatten().collect()
        });
        let mut found = found.into_iter();
        let operand = |(there, own): (bool, &bool)| {
            let all = if there { found.next() } else { None };
            // What all examples share has the sum of their cotangents.
            all.map(|all| if *own { all } else { all.sum_over(0) })
        };
        there.into_iter().zip(&self.mapped).map(operand).collect()
    }

    fn jvp<'t>(&self, at: &Point<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let all = |(t, (own, x)): (&Option<Var<'t>>, (&bool, &Var<'t>))| {
            let t = (*t)?;
            Some(if *own { t } else { t.broadcast_to(with_examples(self.examples, &x.shape())) })
        };
        let moving: Vec<Option<Var<'t>>> = t.iter().zip(self.mapped.iter().zip(at.x)).map(all).collect();
        let others: Vec<Var<'t>> = [at.y].into_iter().chain(moving.iter().flatten().copied()).collect();
        let found = self.each(at.x, &others, |x, others| {
            let mut rest = others[1..].iter();
            let t: Vec<Option<Var<'t>>> =
                moving.iter().map(|t| t.and_then(|_| rest.next().copied())).collect();
            let point = Point { x, y: others[0], wanted: at.wanted };
            self.function().jvp(&point, &t).into_iter().collect()
        });
        found.first().copied()
    }
}
