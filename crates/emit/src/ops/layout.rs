//! Elements in other places.

use crate::at::At;
use crate::memory::{c_type, indices};
use autograd::DType;

pub(super) fn copy(at: &mut At<'_>) {
    at.each(at.elements(), |at| at.line(format!("{} = {};", at.result("e"), at.nth(0, "e"))));
}

/// As Rust converts: from floating point to integers towards zero, to the nearest that there is, and NaN to 0.
pub(super) fn cast(at: &mut At<'_>) {
    let (from, to) = (at.x[0].dtype, at.y.dtype);
    at.each(at.elements(), |at| {
        let x = at.nth(0, "e");
        let value = match (from, to) {
            (DType::F32 | DType::F64, DType::I64) => {
                at.line(format!("const double x = (double) {x};"));
                "x != x ? 0 : x >= 9223372036854775808.0 ? 9223372036854775807 : x < -9223372036854775808.0 ? \
                 -9223372036854775807 - 1 : (wg_long) x"
                    .to_owned()
            }
            (_, DType::Bool) => format!("{x} != 0"),
            _ => format!("({}) {x}", c_type(to)),
        };
        at.line(format!("{} = {value};", at.result("e")));
    });
}

pub(super) fn pad(at: &mut At<'_>, axis: usize, before: usize) {
    let length = at.x[0].shape[axis];
    at.each(at.elements(), |at| {
        let mut index = at.indices("e");
        at.line(format!("const int p = {} - {before};", index[axis]));
        index[axis] = "p".to_owned();
        let x = at.element(0, &index);
        at.line(format!("{} = p >= 0 && p < {length} ? {x} : 0;", at.result("e")));
    });
}

pub(super) fn concat(at: &mut At<'_>, axis: usize) {
    let mut from = 0;
    for operand in 0..at.x.len() {
        let shape = at.x[operand].shape.clone();
        let n: usize = shape.iter().product();
        if n > 0 {
            at.each(n, |at| {
                let mut index = indices(&shape, "e");
                let x = at.element(operand, &index);
                index[axis] = format!("({} + {from})", index[axis]);
                let y = place(&at.y.shape, &index);
                at.line(format!("{} = {x};", at.result(&y)));
            });
        }
        from += shape[axis];
    }
}

pub(super) fn diagonal(at: &mut At<'_>, [row, column, rows, columns]: [usize; 4]) {
    let length = at.x[0].shape.last().copied().unwrap_or(0);
    if length == 0 {
        return at.each(at.elements(), |at| at.line(format!("{} = 0;", at.result("e"))));
    }
    at.each(at.elements(), |at| {
        at.line(format!("const int k = e / {columns} % {rows} - {row}, j = e % {columns} - {column};"));
        let x = at.nth(0, &format!("(e / {} * {length} + k)", rows * columns));
        at.line(format!("{} = k == j && k >= 0 && k < {length} ? {x} : 0;", at.result("e")));
    });
}

/// Element k of each window lies at `step` times the window plus k times `dilation`; the elements at one place are added by k.
pub(super) fn overlap(at: &mut At<'_>, axis: usize, step: usize, dilation: usize) {
    let shape = at.x[0].shape.clone();
    let (Some(&size), windows) = (shape.last(), shape[axis]) else { return };
    let t = at.types().0;
    at.each(at.elements(), |at| {
        let mut index = at.indices("e");
        at.line(format!("const int place = {};", index[axis]));
        at.line(format!("{t} sum = 0;"));
        at.block(format!("for (int k = 0; k < {size}; ++k) {{"), |at| {
            at.line(format!("const int w = place - k * {dilation};"));
            index[axis] = format!("w / {step}");
            index.push("k".to_owned());
            let x = at.element(0, &index);
            at.line(format!("if (w >= 0 && w % {step} == 0 && w / {step} < {windows}) sum = sum + {x};"));
        });
        at.line(format!("{} = sum;", at.result("e")));
    });
}

/// The number of an element in row-major order, from its index along each axis.
pub(super) fn place(shape: &[usize], index: &[String]) -> String {
    let mut inner = 1;
    let mut terms = vec![];
    for (i, &length) in index.iter().zip(shape).rev() {
        terms.push(if inner == 1 { format!("({i})") } else { format!("({i}) * {inner}") });
        inner *= length;
    }
    terms.reverse();
    if terms.is_empty() { "0".to_owned() } else { terms.join(" + ") }
}
