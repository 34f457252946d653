//! The table of passes, and the switches that choose among them.

use super::draft::Draft;
use super::graph::Graph;
use super::units::Units;
use crate::lists::IntoList;
use crate::target::Target;
use std::fmt;

/// What a pass works on, and its function. Planning runs these stages one after the other, and in each stage the passes in the
/// order of the table.
pub(super) enum Stage {
    /// From list to list.
    List(fn(Graph) -> Graph),
    /// From list to list, for a target.
    ListFor(fn(Graph, &Target) -> Graph),
    /// On the list divided into units.
    Units(fn(Units<'_>) -> Units<'_>),
    /// On the steps of each fused kernel.
    Steps(fn(&mut Draft)),
    /// A switch that a stage of planning asks for by name.
    Choice,
}

/// How a pass may change results, apart from the sign of a zero.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Rounding {
    /// No bit changes.
    Same,
    /// Products of matrices may add up in another order.
    OfProducts,
    /// Other sums may too.
    OfSums,
}

/// A row of the table.
pub(super) struct Pass {
    pub(super) name: &'static str,
    /// What it does, in a sentence. It is empty where a pass that has an earlier row runs once more.
    does: &'static str,
    pub(super) stage: Stage,
    rounding: Rounding,
    /// It runs only if one of these passes does; if there are none, it always runs.
    after: &'static [&'static str],
}

macro_rules! passes {
    ($(
        $(#[doc = $does:literal])?
        $name:ident: $stage:expr, $rounding:ident $(, after $($before:ident)+)?;
    )*) => {
        pub(super) const TABLE: &[Pass] = &[$(
            Pass {
                name: stringify!($name),
                does: concat!($($does)?),
                stage: { use Stage::*; $stage },
                rounding: Rounding::$rounding,
                after: &[$($(stringify!($before)),+)?],
            },
        )*];

        /// Which passes planning runs: all of them, unless some are switched off, for example to find the one at fault.
        ///
        /// ```
        /// use autograd::{Params, Passes, Program};
        /// let params = Params::f64();
        /// let kernels = |passes| {
        ///     let program = Program::trace_with(passes, &params, |t| {
        ///         let x = t.input("x", [3]);
        ///         t.outputs((x * 2.0).sin().sum())
        ///     })?;
        ///     Ok::<usize, autograd::ProgramError>(program.kernels())
        /// };
        /// assert_eq!(kernels(Passes::all())?, 1);
        /// assert_eq!(kernels(Passes::all().without("fuse"))?, 3);
        /// assert_eq!(kernels(Passes::none())?, 3);
        /// # Ok::<(), autograd::ProgramError>(())
        /// ```
        ///
        /// The passes, in their order:
        ///
        $($(#[doc = concat!("* `", stringify!($name), "`:", $does)])?)*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct Passes(u32);
    };
}
passes! {
    /// Removes nodes that no output needs.
    dead: List(super::dead::dead), Same;
    /// Drops the history of a loop's carries where no derivative reads it.
    history: List(super::history::history), Same;
    /// Writes the bodies of custom functions and checkpoints in the place of their calls.
    inline: List(super::inline::inline), Same;
    /// Expands softmax, log-softmax, Swish and the approximate GELU into simpler ops, which fuse.
    expand: List(super::expand::expand), Same;
    /// Computes ops on single numbers while planning.
    fold: List(super::fold::fold), Same;
    /// Simplifies: x·1, x + 0, −(−x), transposes of transposes, sums of broadcasts.
    algebra: List(super::algebra::algebra), OfSums;
    /// Writes sums of padded parts, such as the adjoint of several slices, as concatenations, and reads slices from their part.
    assemble: List(super::assemble::assemble), Same;
    /// Computes equal expressions once.
    cse: List(super::cse::cse), Same;
    /// Keeps activations of narrow layers transposed, so that loops run along the batch.
    orient: ListFor(super::narrow::orient), OfSums;
    /// Writes small products with vectors as elementwise operations and sums, so that they fuse.
    spell_out: ListFor(super::narrow::spell_out), OfProducts;
    /// Moves permutations into the parts of a concatenation and the operands of a batch of products.
    sink: List(super::sink::sink), OfProducts;
    algebra: List(super::algebra::algebra), OfSums, after orient spell_out sink;
    assemble: List(super::assemble::assemble), Same, after orient spell_out sink;
    cse: List(super::cse::cse), Same, after orient spell_out sink;
    /// Copies narrow transposed inputs of products to contiguous memory, so that products read them along the batch.
    make_contiguous: ListFor(super::narrow::make_contiguous), OfProducts;
    dead: List(super::dead::dead), Same;
    /// Joins elementwise ops, and the reductions that follow them, into kernels.
    fuse: Choice, Same;
    /// Computes large gradients last, so that `Program::step` can update by each tile while it is in the cache.
    stream: Units(super::stream::stream), Same;
    /// Rematerialises cheap values in each kernel that reads them, instead of storing them.
    rematerialise: Units(super::rematerialise::rematerialise), Same;
    /// Computes sigmoids and hyperbolic tangents of one argument from one exponential.
    share: Steps(super::slopes::share), Same;
    /// Computes a sigmoid or hyperbolic tangent and its slope in one loop.
    slope: Steps(super::slopes::slope), Same;
    /// Joins two operations into one loop over a tile.
    pair: Steps(super::pair::pair), Same;
    /// Lets values that are not alive at the same time share a buffer.
    pool: Choice, Same;
    /// Runs a program whose values have four elements at most number by number, without its kernels.
    numbers: Choice, Same;
}

impl Passes {
    /// Every pass.
    pub fn all() -> Passes {
        Passes::that(|_| true)
    }

    /// No pass: one kernel per op, each result in a buffer of its own.
    pub fn none() -> Passes {
        Passes(0)
    }

    /// Every pass that changes no bit of a result, except the sign of a zero. The others may change rounding.
    ///
    /// ```
    /// let exact = autograd::Passes::exact();
    /// assert!(exact.has("fuse") && !exact.has("algebra"));
    /// ```
    pub fn exact() -> Passes {
        Passes::that(|pass| pass.rounding == Rounding::Same)
    }

    /// Whether sums may add up in another order, also where there are no products of matrices.
    #[cfg(test)]
    pub(crate) fn may_round_sums(self) -> bool {
        self.rows().any(|pass| pass.rounding == Rounding::OfSums)
    }

    /// The same and one more pass.
    ///
    /// ```
    /// use autograd::Passes;
    /// let passes = Passes::none().with("cse");
    /// assert!(passes.has("cse") && passes != Passes::all());
    /// ```
    ///
    /// # Panics
    /// If there is no pass of this name.
    #[track_caller]
    #[must_use]
    pub fn with(self, name: &str) -> Passes {
        Passes(self.0 | bit(name))
    }

    /// The same without one pass.
    ///
    /// ```
    /// use autograd::Passes;
    /// assert!(!Passes::all().without("orient").has("orient"));
    /// ```
    ///
    /// # Panics
    /// If there is no pass of this name.
    #[track_caller]
    #[must_use]
    pub fn without(self, name: &str) -> Passes {
        Passes(self.0 & !bit(name))
    }

    /// Whether a pass is among them.
    ///
    /// # Panics
    /// If there is no pass of this name.
    #[track_caller]
    pub fn has(self, name: &str) -> bool {
        self.0 & bit(name) != 0
    }

    /// The names of all passes, in the order in which they first run.
    ///
    /// ```
    /// assert!(autograd::Passes::names().all(|name| autograd::Passes::all().has(name)));
    /// ```
    pub fn names() -> impl Iterator<Item = &'static str> {
        first_rows().map(|(_, pass)| pass.name)
    }

    /// The passes that run, in order.
    pub(super) fn rows(self) -> impl Iterator<Item = &'static Pass> {
        let comes_after = move |pass: &Pass| pass.after.is_empty() || pass.after.iter().any(|x| self.has(x));
        TABLE.iter().filter(move |pass| self.has(pass.name) && comes_after(pass))
    }

    fn that(wanted: impl Fn(&Pass) -> bool) -> Passes {
        Passes(first_rows().filter(|(_, pass)| wanted(pass)).map(|(i, _)| 1 << i).sum())
    }
}

/// The first row of each pass, with its number.
fn first_rows() -> impl Iterator<Item = (usize, &'static Pass)> {
    TABLE.iter().enumerate().filter(|(_, pass)| !pass.does.is_empty())
}

#[track_caller]
fn bit(name: &str) -> u32 {
    match first_rows().find(|(_, pass)| pass.name == name) {
        Some((i, _)) => 1 << i,
        None => unknown(name),
    }
}

#[cold]
#[track_caller]
fn unknown(name: &str) -> ! {
    let names: Vec<&str> = Passes::names().listed();
    panic!("there is no pass {name:?}; there are {}", names.join(", "))
}

impl fmt::Debug for Passes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Passes::names().filter(|name| self.has(name)).listed();
        write!(f, "Passes({})", names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    #[test]
    fn each_pass_has_a_switch_of_its_own() {
        for name in Passes::names() {
            let others = Passes::names().filter(|other| *other != name);
            let (one, rest) = (Passes::none().with(name), Passes::all().without(name));
            assert!(one.has(name) && !rest.has(name) && rest.with(name) == Passes::all());
            assert!(others.into_iter().all(|other| !one.has(other) && rest.has(other)), "{name}");
        }
        assert_eq!(format!("{:?}", Passes::none().with("pool").with("dead")), "Passes(dead pool)");
    }

    /// A row of a pass that runs once more names one that has stood before it, and so does what it comes after.
    #[test]
    fn rows_name_passes_that_stand_before_them() {
        assert!(TABLE.len() <= 32, "a bit for each");
        for (i, pass) in TABLE.iter().enumerate() {
            let stands_before = |name: &str| TABLE[..i].iter().any(|p| p.name == name && !p.does.is_empty());
            assert_eq!(stands_before(pass.name), pass.does.is_empty(), "{}", pass.name);
            assert!(pass.after.iter().all(|name| stands_before(name)), "{}", pass.name);
        }
    }

    #[test]
    fn what_runs_once_more_does_so_for_what_others_left() {
        let runs = |passes: Passes| passes.rows().filter(|pass| pass.name == "algebra").count();
        let without = ["orient", "spell_out", "sink"].iter().fold(Passes::all(), |p, name| p.without(name));
        assert_eq!([runs(Passes::all()), runs(without), runs(Passes::none())], [2, 1, 0]);
    }

    #[test]
    fn an_unknown_name_is_answered_by_the_known_ones() {
        let message = |f: fn() -> Passes| *catch_unwind(f).unwrap_err().downcast::<String>().unwrap();
        let names: Vec<&str> = Passes::names().collect();
        for mistake in [|| Passes::all().without("fuze"), || Passes::none().with("fuze")] {
            assert_eq!(
                message(mistake),
                format!("there is no pass \"fuze\"; there are {}", names.join(", "))
            );
        }
    }
}
