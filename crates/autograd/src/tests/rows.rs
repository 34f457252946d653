//! Rows of tests: a function and the shapes of its arguments. Every op has some rows, in its own file.

use super::functions::{binary_rows, compare_rows, unary_rows};
use crate::Var;
use crate::ir::{self, OpKind, op_table};
use ndarray::{ArrayD, IxDyn};
use std::ops::Range;

/// An op that has rows of tests.
pub(crate) trait Tested {
    /// Its rows, at least one of them [`large`](Row::large).
    fn rows() -> Vec<Row>;
}

/// A function from variables to a variable, of any lifetime.
pub(crate) type Function = Box<dyn for<'t> Fn(&[Var<'t>]) -> Var<'t>>;

/// A function to be tested, with the shapes of its arguments and the interval of their values.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) f: Function,
    pub(crate) shapes: Vec<Vec<usize>>,
    pub(crate) domain: Range<f64>,
    /// Whether eager and oracle may differ by rounding, as the packed product of matrices does.
    pub(crate) rounds: bool,
    /// Whether the work is large enough for several threads. Only the tests of threads use such rows.
    pub(crate) large: bool,
}

/// A row of a function of several arguments.
pub(crate) fn row(
    name: &str,
    shapes: &[&[usize]],
    f: impl for<'t> Fn(&[Var<'t>]) -> Var<'t> + 'static,
) -> Row {
    let name = format!("{name} {shapes:?}");
    let shapes = shapes.iter().map(|s| s.to_vec()).collect();
    Row { name, f: Box::new(f), shapes, domain: -2.0..2.0, rounds: false, large: false }
}

/// One row per shape of the only argument.
pub(crate) fn rows(
    name: &str,
    shapes: &[&[usize]],
    f: impl for<'t> Fn(Var<'t>) -> Var<'t> + Copy + 'static,
) -> Vec<Row> {
    shapes.iter().map(|s| row(name, &[s], move |x| f(x[0]))).collect()
}

/// As [`rows`], but large enough for several threads.
pub(crate) fn large(
    name: &str,
    shapes: &[&[usize]],
    f: impl for<'t> Fn(Var<'t>) -> Var<'t> + Copy + 'static,
) -> Vec<Row> {
    rows(name, shapes, f).into_iter().map(Row::large).collect()
}

impl Row {
    /// Marks a row that is large enough for several threads.
    pub(crate) fn large(self) -> Row {
        Row { large: true, ..self }
    }

    /// Marks a row whose values the oracle adds up in another order.
    pub(crate) fn rounds(self) -> Row {
        Row { rounds: true, ..self }
    }

    /// Draws the arguments from another interval.
    pub(crate) fn within(self, domain: &Range<f64>) -> Row {
        Row { domain: domain.clone(), ..self }
    }

    /// Points spread over the domain: multiples of the golden ratio, modulo 1, which never hit a kink at 0.
    pub(crate) fn arguments(&self) -> Vec<ArrayD<f64>> {
        let mut k = 0.0;
        let mut next = || {
            k += 1.0;
            self.domain.start
                + (self.domain.end - self.domain.start) * (k * 0.618_033_988_749_894_9f64).fract()
        };
        self.shapes.iter().map(|s| ArrayD::from_shape_simple_fn(IxDyn(s), &mut next)).collect()
    }
}

/// The rows of every op, small and large.
pub(crate) fn every_row() -> impl Iterator<Item = Row> {
    OpKind::ALL.iter().flat_map(|&kind| rows_of(kind))
}

macro_rules! rows_of {
    ($($(#[$doc:meta])* $Name:ident $row:tt)*) => {
        /// The rows of a kind of op. An op without rows does not compile.
        pub(crate) fn rows_of(kind: OpKind) -> Vec<Row> {
            match kind {
                OpKind::Constant => constant_rows(),
                OpKind::Variable => rows("var", &[&[2, 3], &[], &[0]], |x| x),
                // A parameter has a slab and no argument: the tests of `backward` are its rows.
                OpKind::Parameter => vec![],
                // An input exists in programs only, where every argument of every row is one.
                OpKind::Input => vec![],
                // An argument exists in the bodies of loops only.
                OpKind::Argument => vec![],
                OpKind::Full => rows("full", &[&[2, 3], &[0]], |x| x.full_like(2.5) * x),
                OpKind::Unary => unary_rows(),
                OpKind::Binary => binary_rows(),
                OpKind::Compare => compare_rows(),
                $(OpKind::$Name => <ir::$Name as Tested>::rows(),)*
            }
        }
    };
}
op_table!(rows_of);

fn constant_rows() -> Vec<Row> {
    rows("constant", &[&[3]], |x| x * x.tape().constant([1.0, 2.0, 3.0]).cast(x.dtype()))
}

#[test]
fn every_op_has_a_row_that_threads_share() {
    let leaves = [
        OpKind::Constant,
        OpKind::Variable,
        OpKind::Parameter,
        OpKind::Input,
        OpKind::Argument,
        OpKind::Full,
    ];
    for kind in OpKind::ALL.iter().filter(|kind| !leaves.contains(kind)) {
        let (large, small): (Vec<Row>, Vec<Row>) = rows_of(*kind).into_iter().partition(|row| row.large);
        assert!(!large.is_empty() && !small.is_empty(), "{kind:?}");
    }
}

/// The rows of an op record it.
#[test]
fn every_op_is_recorded_by_its_rows() {
    for kind in OpKind::ALL {
        let recorded = |row: &Row| {
            let tape = crate::Tape::new();
            let x: Vec<Var<'_>> = row.arguments().iter().map(|a| tape.var(a.mapv(|x| x as f32))).collect();
            (row.f)(&x);
            tape.list().nodes.iter().any(|node| node.op.kind() == *kind)
        };
        let rows: Vec<Row> = rows_of(*kind).into_iter().filter(|row| !row.large).collect();
        assert!(rows.is_empty() || rows.iter().any(recorded), "{kind:?}");
    }
}
