//! Handles of parameters, and what they stand for.

use super::{ParamEntry, Params};
use crate::mistake::Mistake;

/// A handle to one parameter tensor of a [`Params`]: a number. It is `Copy` and has no lifetime or dtype.
///
/// Layers hold these. In an expression on a tape that was made by [`Tape::with`](crate::Tape::with) a handle stands
/// for the parameter's node: `x.matmul(self.weight) + self.bias`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Param {
    pub(super) owner: u32,
    pub(super) index: u32,
    /// That of its parameter: no other one has it, so that clones that grow apart do not read each other's parameters.
    pub(super) stamp: u32,
}

impl Param {
    /// Its index in the order of creation.
    #[inline]
    pub fn index(self) -> usize {
        self.index as usize
    }
}

impl Params {
    /// What is stored of a parameter.
    #[track_caller]
    pub(super) fn entry(&self, param: Param) -> &ParamEntry {
        match self.entries.get(param.index()).filter(|entry| entry.stamp == param.stamp) {
            Some(entry) => entry,
            None => self.foreign(param).raise(),
        }
    }

    /// The mistake of a handle that belongs to no parameter here.
    #[cold]
    fn foreign(&self, param: Param) -> Mistake {
        let number = param.index();
        let holds = match &self.entries[..] {
            [] => "none".to_owned(),
            [only] => format!("`{}`", only.name),
            [first, .., last] => format!("{}, from `{}` to `{}`", self.len(), first.name, last.name),
        };
        let (found, hint) = if param.owner == self.owner {
            let found = format!(
                "the handle of parameter number {number} was made in a clone, after it had been cloned"
            );
            (found, "use each clone with the layers that were made in it, or before it was made")
        } else {
            let found = format!("the handle of parameter number {number} belongs to another `Params`");
            (
                found,
                "read the model's own parameters: `Tape::with(&params)` with those that its layers were made in",
            )
        };
        Mistake::new(format!("param: {found}"))
            .line("read here", holds)
            .rule("a handle is read from the `Params` that made it, or a clone of that")
            .hint(hint)
    }
}
