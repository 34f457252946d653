//! The rows of the elementwise functions, from their own table.

use super::rows::{Row, row, rows};
use crate::ir::{Binary, Compare, Unary};
use crate::ops::binary_of;
use crate::record::record;
use crate::table::{binary_table, cell, compare_table, unary_table};
use std::ops::Range;

/// A vector and a matrix that are large enough for several threads.
const FLAT: &[usize] = &[160_000];
const MATRIX: &[usize] = &[320, 500];

const SHAPES: &[&[usize]] = &[&[], &[1], &[0], &[5], &[2, 3], &[2, 0, 3], &[1, 1, 4], &[40]];

macro_rules! unary_ops {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
        /// Every function, with some parameter where it has one, and its test interval.
        pub(crate) fn unary_ops() -> Vec<(Unary, Range<f64>)> {
            vec![$((Unary::$Row $(({ let $p = 1.7; $p }))?, cell!(test $columns)),)*]
        }
    };
}
unary_table!(unary_ops);

pub(super) fn unary_rows() -> Vec<Row> {
    let mut all = vec![];
    for (op, domain) in unary_ops() {
        let mut mine = rows(op.name(), SHAPES, move |x| record(op, &[x]));
        mine.extend(rows(&format!("{} of a transpose", op.name()), &[&[3, 5]], move |x| {
            record(op, &[x.t()])
        }));
        mine.push(row(op.name(), &[FLAT], move |x| record(op, &[x[0]])).large());
        all.extend(mine.into_iter().map(|row| row.within(&domain)));
    }
    all
}

macro_rules! binary_ops {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident, $y:ident| $columns:tt)*) => {
        pub(super) fn binary_ops() -> Vec<(Binary, Range<f64>)> {
            vec![$((Binary::$Row, cell!(test $columns)),)*]
        }
    };
}
binary_table!(binary_ops);

/// Equal shapes, every way to broadcast, and operands that are empty or of length 1.
const PAIRS: &[[&[usize]; 2]] = &[
    [&[4], &[4]],
    [&[2, 3], &[3]],
    [&[2, 1], &[1, 3]],
    [&[], &[2, 2]],
    [&[3, 1, 2], &[4, 1]],
    [&[1], &[0]],
    [&[0, 3], &[3]],
    [&[40], &[]],
];

pub(super) fn binary_rows() -> Vec<Row> {
    let mut all = vec![];
    for (op, domain) in binary_ops() {
        for pair in PAIRS {
            all.push(row(op.name(), pair, move |x| binary_of(op, x[0], x[1])).within(&domain));
        }
        for pair in [[FLAT, FLAT], [MATRIX, &[500]], [&[320, 1], MATRIX]] {
            all.push(row(op.name(), &pair, move |x| binary_of(op, x[0], x[1])).within(&domain).large());
        }
        let same =
            row(&format!("{} with itself", op.name()), &[&[3]], move |x| binary_of(op, x[0], x[0].square()));
        all.push(same.within(&domain));
    }
    all
}

macro_rules! compare_ops {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident| $columns:tt)*) => {
        pub(super) const COMPARE_OPS: &[Compare] = &[$(Compare::$Row),*];
    };
}
compare_table!(compare_ops);

pub(super) fn compare_rows() -> Vec<Row> {
    let one = |&op: &Compare| {
        PAIRS.iter().map(move |pair| {
            row(op.name(), pair, move |x| binary_of(op, x[0], x[1]).cast(x[0].dtype()) * x[0])
        })
    };
    let shared = |&op: &Compare| {
        row(op.name(), &[MATRIX, &[500]], move |x| binary_of(op, x[0], x[1]).cast(x[0].dtype()) * x[0].sin())
            .large()
    };
    COMPARE_OPS.iter().flat_map(one).chain(COMPARE_OPS.iter().map(shared)).collect()
}
