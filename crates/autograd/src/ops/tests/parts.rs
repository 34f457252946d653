//! Rows of the table: parts, tensors put together from parts, largest elements, and what is composed of them.

use super::{Row, row, rows};
use crate::Var;

pub(super) fn slice_rows() -> Vec<Row> {
    let shapes: &[&[usize]] = &[&[3, 4, 2], &[1, 2, 1], &[0, 2, 3], &[2, 3, 0]];
    let mut all = rows("slice", shapes, |x| x.sin().slice(1, 1..).exp());
    all.extend(rows("slice of a slice", shapes, |x| x.slice(-2, 1..2).slice(1, ..=0).square()));
    all.extend(rows("slice of nothing", shapes, |x| x.slice(1, 2..2).exp()));
    all.extend(rows("slice of a transpose", shapes, |x| x.t().slice(2, 1..2).square()));
    all.extend(rows("slice of a broadcast", &[&[4], &[]], |x| {
        x.broadcast_to([3, 4]).slice(1, 1..3).square()
    }));
    all.extend(rows("index", shapes, |x| x.index(1, -1).sin() + x.index(-2, 0).square()));
    all.extend(rows("split", &[&[2, 6]], |x| {
        let parts = x.split(1, 3);
        parts[0] * parts[1].sin() + parts[2] * parts[0]
    }));
    all.extend(rows("triangles", &[&[3, 4], &[2, 3, 3], &[4, 1]], |x| x.tril(0).sin() + x.square().triu(1)));
    all
}

pub(super) fn concat_rows() -> Vec<Row> {
    let shapes: [[&[usize]; 3]; 4] = [
        [&[2, 3], &[2, 1], &[2, 4]],
        [&[1, 1], &[1, 0], &[1, 1]],
        [&[0, 2], &[0, 3], &[0, 1]],
        [&[2, 3, 2], &[2, 1, 2], &[2, 2, 2]],
    ];
    let mut all: Vec<Row> = shapes
        .iter()
        .map(|s| row("concat", s, |x| Var::concat(&[x[0], x[1].sin(), x[2]], 1).square()))
        .collect();
    all.extend(rows("concat with itself", &[&[2, 3]], |x| Var::concat(&[x, x.t().t(), x.exp()], 0).sin()));
    all.extend(rows("concat of transposes", &[&[2, 3]], |x| Var::concat(&[x.t(), x.square().t()], -1).sin()));
    all.push(row("stack", &[&[2, 3], &[2, 3]], |x| Var::stack(&[x[0], x[1].square()], 1).sin()));
    all.extend(rows("stack of numbers", &[&[]], |x| Var::stack(&[x, x.square(), x.full_like(2.0)], 0).sin()));
    all
}

pub(super) fn max_rows() -> Vec<Row> {
    let shapes: &[&[usize]] = &[&[2, 3, 4], &[1, 3, 1], &[40, 3, 1], &[2, 2, 70]];
    let mut all = rows("max", shapes, |x| x.sin().max());
    all.extend(rows("max over the first", shapes, |x| x.square().max_over(&[0])));
    all.extend(rows("max over the middle", shapes, |x| x.square().max_over(&[1])));
    all.extend(rows("max over the last", shapes, |x| x.square().max_over(&[-1])));
    all.extend(rows("min over two", shapes, |x| x.sin().min_over(&[0, 2])));
    all.extend(rows("max over none", shapes, |x| x.sin().max_over(&[])));
    all.extend(rows("max of a transpose", &[&[3, 40]], |x| x.t().max_over(&[0])));
    all.extend(rows("max of no rows", &[&[3, 0], &[0, 3]], |x| {
        let axis = if x.shape()[0] == 0 { 1 } else { 0 };
        x.max_over(&[axis])
    }));
    all.extend(rows("logsumexp", shapes, |x| x.logsumexp_over(&[0, 2]) + x.logsumexp_over(&[1]).sum()));
    all.extend(rows("variance", shapes, |x| x.sin().var_over(&[1], 1) + x.var_over(&[0, 2], 0).sum()));
    all.extend(rows("standardized", shapes, |x| x.standardize(&[1], 0.1).sin()));
    all.extend(rows("norms", shapes, |x| x.norm() + x.norm_over(3.0, &[1]) + x.norm_over(1.0, &[1])));
    all
}
