//! The texts of mistakes in recording an op: what does not fit, and where each operand comes from.

use crate::call::Fault;
use crate::ir::{NodeId, Op};
use crate::mistake::Mistake;
use crate::op::{Clash, Mismatch};
use crate::params::Params;
use crate::tape::List;

/// An op that was asked for and cannot be recorded.
pub(crate) struct Asked<'a> {
    pub(crate) list: &'a List,
    pub(crate) params: Option<&'a Params>,
    pub(crate) op: &'a str,
    /// What the operands are called.
    pub(crate) labels: &'a [&'a str],
    pub(crate) operands: &'a [NodeId],
}

impl Asked<'_> {
    /// Shapes or dtypes do not fit.
    #[cold]
    pub(crate) fn misfit(&self, mismatch: &Mismatch) -> Mistake {
        let shown = self.shown(&mismatch.clash);
        let all: Vec<String> = shown.iter().map(|&i| self.kind(i)).collect();
        let verb = if all.len() == 1 { "does" } else { "do" };
        let mut mistake = Mistake::new(self.head(&format!("{} {verb} not fit", all.join(" and "))));
        if !mismatch.clash.is_empty() {
            let sides: Vec<String> = mismatch.clash.iter().map(|&clash| self.side(clash)).collect();
            mistake = mistake.line("clash", sides.join(", "));
        }
        mistake = self.operands(mistake, &shown).rule(&mismatch.rule);
        match (&mismatch.hint, self.made_for(&mismatch.clash)) {
            (Some(hint), Some(made)) => mistake.hint(format!("{made}; or {hint}")),
            (Some(hint), None) => mistake.hint(hint),
            (None, Some(made)) => mistake.hint(made),
            (None, None) => mistake,
        }
    }

    /// Where a parameter clashes with what was computed, its length was decided when the model was made.
    fn made_for(&self, clash: &[Clash]) -> Option<String> {
        let [Clash::Axis(i, axis), Clash::Axis(j, other)] = *clash else { return None };
        let length = |i: usize, axis: usize| self.list.node(self.operands[i]).meta.shape[axis];
        let (made, given) = (length(i, axis), length(j, other));
        let name = |i: usize| match self.list.node(self.operands[i]).op {
            Op::Parameter(param) => Some(self.params?.name(param)),
            _ => None,
        };
        let text = |name, made, given| {
            format!(
                "`{name}` was made with {made} there: give it what it was made for, or make it with {given}"
            )
        };
        match (name(i), name(j)) {
            (Some(name), None) => Some(text(name, made, given)),
            (None, Some(name)) => Some(text(name, given, made)),
            _ => None,
        }
    }

    /// The values of the operands make it impossible.
    #[cold]
    pub(crate) fn impossible(&self, fault: &Fault) -> Mistake {
        let mistake = Mistake::new(format!("{}{}: {fault}", fault.of(self.op), self.list.within_scope()));
        self.operands(mistake, &self.shown(&[])).rule(fault.rule()).hint(fault.hint())
    }

    fn head(&self, found: &str) -> String {
        format!("{}{}: {found}", self.op, self.list.within_scope())
    }

    /// The operands that a message shows: of many, those that clash are enough.
    fn shown(&self, clash: &[Clash]) -> Vec<usize> {
        let few = self.operands.len() <= self.labels.len() || clash.is_empty();
        let clashes = |i: &usize| clash.iter().any(|c| c.operand() == *i);
        (0..self.operands.len()).filter(|i| few || clashes(i)).collect()
    }

    fn operands(&self, mistake: Mistake, shown: &[usize]) -> Mistake {
        shown.iter().fold(mistake, |mistake, &i| {
            mistake.line(self.label(i), self.list.describe(self.operands[i], self.params))
        })
    }

    fn label(&self, i: usize) -> String {
        let named = self.labels.get(i).filter(|_| self.operands.len() <= self.labels.len());
        named.map_or_else(|| format!("operand {i}"), |label| (*label).to_owned())
    }

    /// Shape and dtype of an operand.
    fn kind(&self, i: usize) -> String {
        let meta = &self.list.node(self.operands[i]).meta;
        format!("{} {}", meta.shape, meta.dtype)
    }

    fn side(&self, clash: Clash) -> String {
        let (i, meta) = (clash.operand(), &self.list.node(self.operands[clash.operand()]).meta);
        match clash {
            Clash::Axis(_, axis) => {
                format!("axis {axis} of {} has length {}", self.label(i), meta.shape[axis])
            }
            Clash::DType(_) => format!("{} is {}", self.label(i), meta.dtype),
        }
    }
}
