//! Calls for each example of a batch: one call, whose body and whose rules are those of an example, for all.

use super::super::bodies::replay_for_each;
use super::function::{Function, Held};
use super::point::Point;
use crate::ir::{Call, Custom, Meta};
use crate::op::{Batch, Each};
use crate::record::{Given, Recording, for_each_of_batch, record};
use crate::var::Var;

/// One call for all examples. Operands of a function are all given by example; constants of its body stay as they are.
#[track_caller]
pub(super) fn of_each_call<'t>(call: &Call, batch: &Batch<'_, 't>) -> Var<'t> {
    let is_own = |i: usize| matches!(batch.x[i], Each::Own(_)) || (call.function.is_some() && i < call.own);
    let own: Vec<bool> = (0..batch.x.len()).map(is_own).collect();
    let operand = |i: usize| match batch.x[i] {
        Each::Same(x) if !own[i] => x,
        x => x.of_all(batch.examples),
    };
    let mut operands: Vec<Var<'t>> = (0..own.len()).map(operand).collect();
    let tape = operands[0].tape();
    let metas: Vec<Meta> = operands.iter().map(|x| Meta::new(x.shape(), x.dtype())).collect();
    let recording = Recording::begin(tape, &metas);
    let values = replay_for_each(&call.body, tape, batch.examples, &recording.arguments(), &own);
    let y = values[call.body.results[0] as usize].of_all(batch.examples);
    let given = Given { carried: 0, captured: operands.len(), stacked: 1, hoists: false };
    let (body, read) = recording.end(&[y], given, &[]);
    operands.extend(read);
    let function = call.function.as_ref().map(|function| {
        let each: Held = Box::new(OfEach { function: function.clone(), examples: batch.examples });
        Custom::new::<OfEach>(function.name(), each)
    });
    record(Call { body, function, own: call.own, flops: call.flops }, &operands)
}

/// The rules of a function for all examples of a batch.
struct OfEach {
    function: Custom,
    examples: usize,
}

impl OfEach {
    /// What a rule gives for each example, at operands, value and derivatives of all.
    fn each<'t>(
        &self,
        at: &Point<'_, 't>,
        derivatives: &[Option<Var<'t>>],
        rule: impl FnOnce(&Held, &Point<'_, 't>, &[Option<Var<'t>>]) -> Vec<Option<Var<'t>>>,
    ) -> Vec<Option<Var<'t>>> {
        let all: Vec<Var<'t>> =
            at.x.iter().copied().chain([at.y]).chain(derivatives.iter().flatten().copied()).collect();
        let mut exists = vec![];
        let given = for_each_of_batch(self.examples, &all, |one| {
            let (x, rest) = one.split_at(at.x.len());
            let mut of_one = rest[1..].iter().copied();
            let derivatives: Vec<Option<Var<'t>>> =
                derivatives.iter().map(|d| d.and_then(|_| of_one.next())).collect();
            let point = Point { x, y: rest[0], wanted: at.wanted };
            let given = rule(self.function.get(), &point, &derivatives);
            exists = given.iter().map(Option::is_some).collect();
            given.into_iter().flatten().collect()
        });
        let mut given = given.into_iter();
        exists.into_iter().map(|exists| if exists { given.next() } else { None }).collect()
    }
}

impl Function for OfEach {
    fn name(&self) -> &'static str {
        self.function.name()
    }

    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        for_each_of_batch(self.examples, x, |x| vec![self.function.get::<Held>().value(x)])[0]
    }

    fn vjp<'t>(&self, at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
        self.each(at, &[Some(g)], |f, at, g| f.vjp(at, g[0].expect("a cotangent of the value")))
    }

    fn jvp<'t>(&self, at: &Point<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        self.each(at, t, |f, at, t| vec![f.jvp(at, t)])[0]
    }
}
