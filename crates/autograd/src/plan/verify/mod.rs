//! The verifier: it checks every plan, and in debug builds every list.
//!
//! Kernels run on raw memory, and their `SAFETY` comments rely on the [`Rule`]s here. So each plan is checked as a whole, in
//! release builds too. Only a plan that keeps all rules becomes [`Verified`], and only a verified plan runs. In debug builds,
//! lists, units, allocations and slots are also checked while the plan is made.

mod lists;
mod memories;
mod operands;
mod rules;
#[cfg(test)]
mod tests;
mod tile;

pub(crate) use lists::{allocation, graph, slots, units};

use super::{Kernel, Plan, Work};
use crate::code::MemoryView;
use crate::ir::{Meta, Op};
use crate::tree::DEPTH;
use memories::Written;
use operands::{Memories, Span};
use rules::{Checked, Rule, ensure};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use tile::Tiles;

/// Something that the verifier has checked. It can be read but not changed, and only the verifier makes one.
#[derive(Debug)]
pub struct Verified<P> {
    inner: P,
    seal: Seal,
}

/// Tells one verified plan from all others.
#[derive(Clone, Debug)]
pub(crate) struct Seal(Arc<()>);

impl PartialEq for Seal {
    fn eq(&self, other: &Seal) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<P> Verified<P> {
    #[inline]
    pub(crate) fn seal(&self) -> &Seal {
        &self.seal
    }

    /// For tests that plant mistakes in plans.
    #[cfg(test)]
    pub(crate) fn tampered(&mut self) -> &mut P {
        &mut self.inner
    }
}

impl<P> Deref for Verified<P> {
    type Target = P;
    #[inline]
    fn deref(&self) -> &P {
        &self.inner
    }
}

/// Verifies a plan.
///
/// # Panics
/// If the plan breaks a rule, which is a bug of the planner.
pub(crate) fn plan(plan: Plan) -> Verified<Plan> {
    match check(&plan) {
        Ok(()) => Verified { inner: plan, seal: Seal(Arc::new(())) },
        Err(fault) => panic!("the planner made a wrong plan: {fault}"),
    }
}

/// A rule that a plan breaks, and the kernel that breaks it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    /// The number and the kind of the kernel; none if it is the plan as a whole.
    kernel: Option<(usize, &'static str)>,
    rule: Rule,
    found: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((number, kind)) = self.kernel {
            write!(f, "kernel {number} ({kind}): ")?;
        }
        write!(f, "{}, found {}", self.rule, self.found)
    }
}

impl std::error::Error for Fault {}

/// Checks a plan against all rules, in one walk.
fn check(plan: &Plan) -> Result<(), Fault> {
    let whole = |(rule, found)| Fault { kernel: None, rule, found };
    let memories = Memories::of(plan);
    let mut written = Written::of(plan).map_err(whole)?;
    let mut tiles = Tiles::default();
    let first_streamed = plan.kernels.len().checked_sub(plan.streams).ok_or_else(|| {
        whole((Rule::Streamed, format!("{} of {} kernels", plan.streams, plan.kernels.len())))
    })?;
    for (number, kernel) in plan.kernels.iter().enumerate() {
        let mut checked = self::kernel(&memories, &mut written, &mut tiles, kernel);
        if number >= first_streamed {
            checked = checked.and_then(|()| streamed(kernel));
        }
        checked.map_err(|(rule, found)| Fault { kernel: Some((number, kernel.kind())), rule, found })?;
    }
    plan.outputs.iter().try_for_each(|y| output(plan, &memories, &written, y)).map_err(whole)?;
    written.is_complete().map_err(whole)?;
    let starts = plan.streamed().iter().map(|kernel| kernel.writes()[0].offset);
    ensure(starts.is_sorted_by(|a, b| a < b), Rule::Streamed, || "another order".to_owned()).map_err(whole)
}

/// Checks a kernel, and that what it reads has been written.
fn kernel(memories: &Memories, written: &mut Written<'_>, tiles: &mut Tiles, kernel: &Kernel) -> Checked {
    match &kernel.work {
        Work::Tile(code) => {
            tiles.check(memories, code)?;
            tiles.reads().iter().try_for_each(|x| written.read(x))?;
            tiles.results().iter().try_for_each(|y| written.write(y))
        }
        Work::Product { a, b, c } => {
            product(a, b, c)?;
            let y = apart(memories, [a, b].into_iter(), c)?;
            [a, b].into_iter().try_for_each(|x| written.read(&memories.operand(x)?))?;
            written.write(&y)
        }
        Work::Op { op, x, y: result } => {
            by_its_rule(op, x, result)?;
            let y = apart(memories, x.iter(), result)?;
            x.iter().try_for_each(|x| written.read(&memories.operand(x)?))?;
            written.write(&y)
        }
    }
}

/// The span of a result, which has to overlap no operand.
fn apart<'p>(memories: &Memories, x: impl Iterator<Item = &'p MemoryView>, y: &MemoryView) -> Checked<Span> {
    let result = memories.result(y)?;
    for x in x {
        let overlaps = memories.operand(x)?.overlaps(&result);
        ensure(!overlaps, Rule::Disjoint, || format!("{y:?} over {x:?}"))?;
    }
    Ok(result)
}

fn product(a: &MemoryView, b: &MemoryView, c: &MemoryView) -> Checked {
    let [x, y, z] = [a, b, c].map(|x| x.shape.split_last_chunk::<2>());
    let fits = match (x, y, z) {
        (Some((p, [m, k])), Some((q, [l, n])), Some((r, matrix))) => {
            p == q && p == r && k == l && matrix == &[*m, *n]
        }
        _ => false,
    };
    let one_dtype = c.dtype.is_float() && a.dtype == c.dtype && b.dtype == c.dtype;
    ensure(fits && one_dtype, Rule::Product, || format!("{a:?} and {b:?} to {c:?}"))
}

fn by_its_rule(op: &Op, x: &[MemoryView], y: &MemoryView) -> Checked {
    let metas: Vec<Meta> = x.iter().map(|x| Meta::new(x.shape.clone(), x.dtype)).collect();
    let result = op.rule().map(|rule| rule.infer(&metas.iter().collect::<Vec<_>>()));
    let is_it = matches!(&result, Some(Ok(meta)) if (&meta.shape, meta.dtype) == (&y.shape, y.dtype));
    ensure(is_it, Rule::Op, || format!("{} of {x:?} to {y:?}", op.name()))
}

/// Checks a streamed kernel. It must not read parameters, which change meanwhile, nor gradients, which need not exist.
fn streamed(kernel: &Kernel) -> Checked {
    let Work::Product { a, b, c } = &kernel.work else {
        return Err((Rule::Streamed, format!("a kernel of kind {}", kernel.kind())));
    };
    let stays = |x: &MemoryView| x.memory != super::PARAMETERS && x.memory != super::GRADIENTS;
    let is_gradient = c.memory == super::GRADIENTS;
    let fits = c.shape.len() == 2 && c.shape.elements() > 0 && (1..=DEPTH).contains(&a.shape[1]);
    ensure(stays(a) && stays(b) && is_gradient && fits, Rule::Streamed, || format!("{a:?}, {b:?} to {c:?}"))
}

fn output(plan: &Plan, memories: &Memories, written: &Written<'_>, y: &MemoryView) -> Checked {
    let result = memories.result(y)?;
    let is_it = y.memory >= plan.first_buffer() && y.offset == 0;
    ensure(is_it, Rule::Output, || format!("{y:?}"))?;
    written.read(&result)
}
