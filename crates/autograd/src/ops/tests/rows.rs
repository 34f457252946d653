//! The rows of the elementwise functions, of sums and of products.

use super::*;

pub(super) const SHAPES: &[&[usize]] = &[&[], &[1], &[0], &[5], &[2, 3], &[2, 0, 3], &[1, 1, 4], &[40]];

macro_rules! unary_ops {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        /// Every function, with some parameter where it has one, and its test interval.
        pub(super) fn unary_ops() -> Vec<(Unary, Range<f64>)> {
            vec![$((Unary::$Row $(({ let $p = 1.7; $p }))?, $domain),)*]
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
        all.extend(mine.into_iter().map(|row| Row { domain: domain.clone(), ..row }));
    }
    all
}

macro_rules! binary_ops {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        pub(super) fn binary_ops() -> Vec<(Binary, Range<f64>)> {
            vec![$((Binary::$Row, $domain),)*]
        }
    };
}
binary_table!(binary_ops);

/// Equal shapes, every way to broadcast, and operands that are empty or of length 1.
pub(super) const PAIRS: &[[&[usize]; 2]] = &[
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
            let straight = row(op.name(), pair, move |x| crate::ops::binary_of(op, x[0], x[1]));
            all.push(Row { domain: domain.clone(), ..straight });
        }
        let same = row(&format!("{} with itself", op.name()), &[&[3]], move |x| {
            crate::ops::binary_of(op, x[0], x[0].square())
        });
        all.push(Row { domain: domain.clone(), ..same });
    }
    all
}

macro_rules! compare_ops {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident| $value:expr;)*) => {
        pub(super) const COMPARE_OPS: &[Compare] = &[$(Compare::$Row),*];
    };
}
compare_table!(compare_ops);

pub(super) fn compare_rows() -> Vec<Row> {
    let one = |&op: &Compare| {
        PAIRS.iter().map(move |pair| {
            row(op.name(), pair, move |x| crate::ops::binary_of(op, x[0], x[1]).cast(x[0].dtype()) * x[0])
        })
    };
    COMPARE_OPS.iter().flat_map(one).collect()
}

pub(super) fn select_rows() -> Vec<Row> {
    let shapes: [[&[usize]; 3]; 4] =
        [[&[4], &[4], &[4]], [&[2, 1], &[3], &[]], [&[0], &[1], &[0]], [&[], &[2], &[2]]];
    let mut all: Vec<Row> =
        shapes.iter().map(|s| row("select", s, |x| x[0].gt(0.1).select(x[1].sin(), x[2] * x[1]))).collect();
    all.extend(rows("select of numbers", &[&[5]], |x| {
        x.lt(0.1).select(x * x, 3.0) + x.gt(1.0).select(0.0, x)
    }));
    all
}

pub(super) fn sum_rows() -> Vec<Row> {
    let mut all = rows("sum", SHAPES, |x| x.square().sum());
    all.extend(rows("sum", &[&[1100]], |x| x.sum()));
    let shapes: &[&[usize]] = &[&[2, 3, 4], &[1, 3, 1], &[2, 0, 3], &[40, 3, 1]];
    all.extend(rows("sum over the first", shapes, |x| x.sin().sum_over(&[0])));
    all.extend(rows("sum over the middle", shapes, |x| x.sin().sum_over(&[1])));
    all.extend(rows("sum over the last", shapes, |x| x.sin().sum_over(&[-1])));
    all.extend(rows("sum over two", shapes, |x| x.sin().sum_over(&[0, 2])));
    all.extend(rows("sum over none", shapes, |x| x.sin().sum_over(&[])));
    all.extend(rows("sum of a transpose", &[&[3, 40]], |x| x.t().sum_over(&[0])));
    all.extend(rows("mean", &[&[7], &[2, 3]], |x| x.exp().mean()));
    all.extend(rows("mean over", shapes, |x| x.exp().mean_over(&[0])));
    all
}

pub(super) fn matmul_rows() -> Vec<Row> {
    let shapes: [[&[usize]; 2]; 6] = [
        [&[2, 3], &[3, 4]],
        [&[1, 1], &[1, 1]],
        [&[2, 0], &[0, 3]],
        [&[0, 2], &[2, 3]],
        [&[9, 8], &[8, 7]],
        [&[5, 1], &[1, 6]],
    ];
    let mut all: Vec<Row> = shapes.iter().map(|s| row("matmul", s, |x| x[0].matmul(x[1]))).collect();
    all.push(row("matmul of transposes", &[&[8, 9], &[7, 8]], |x| x[0].t().matmul(x[1].t())));
    all.push(row("matmul of a broadcast", &[&[1, 8], &[8, 7]], |x| x[0].broadcast_to([9, 8]).matmul(x[1])));
    all.push(row("matmul with itself", &[&[7, 7]], |x| x[0].matmul(x[0])));
    let batches: [[&[usize]; 2]; 10] = [
        [&[2, 3, 4], &[2, 4, 2]],
        [&[2, 1, 3, 2], &[2, 1, 2, 3]],
        [&[0, 2, 3], &[0, 3, 2]],
        [&[2, 2, 0], &[2, 0, 2]],
        [&[3, 2, 4], &[4, 2]],
        [&[2, 0, 3], &[3, 2]],
        [&[2, 4], &[3, 4, 2]],
        [&[1, 2, 3], &[2, 3, 2]],
        [&[2, 1, 2, 3], &[3, 3, 2]],
        [&[0, 1, 2, 3], &[2, 3, 2]],
    ];
    all.extend(batches.iter().map(|s| row("matmul of a batch", s, |x| x[0].matmul(x[1]))));
    all.push(row("matmul of transposes of a batch", &[&[2, 4, 3], &[2, 2, 4]], |x| {
        x[0].t().matmul(x[1].t()).matmul(x[1].permute(&[0, 1, 2]))
    }));
    all.into_iter().map(|row| Row { rounds: true, ..row }).collect()
}
