//! Elements that indices name, and random words. An index that does not exist is a fault of the run; the first element is read
//! in its place, so that no memory beyond the operand is touched.

use super::layout::place;
use crate::at::At;
use crate::memory::indices;
use autograd::DType;

/// A checked index, as the variable `p`.
pub(super) fn index(at: &mut At<'_>, value: &str, length: usize) {
    at.kernel.can_fail = true;
    at.line(format!("wg_long p = {value};"));
    at.line(format!("if (p < 0 || p >= {length}) *fault = 1, p = 0;"));
}

pub(super) fn pick(at: &mut At<'_>) {
    let columns = at.x[0].shape[1];
    at.each(at.elements(), |at| {
        let value = at.nth(1, "e");
        index(at, &value, columns);
        let x = at.element(0, &["e".to_owned(), "p".to_owned()]);
        at.line(format!("{} = {x};", at.result("e")));
    });
}

pub(super) fn unpick(at: &mut At<'_>, columns: usize) {
    let rows = at.x[1].shape.elements();
    at.each(rows, |at| {
        let value = at.nth(1, "e");
        index(at, &value, columns);
        let y = at.result(&format!("e * {columns} + j"));
        let g = at.nth(0, "e");
        at.line(format!("for (int j = 0; j < {columns}; ++j) {y} = j == p ? {g} : 0;"));
    });
}

pub(super) fn gather(at: &mut At<'_>, axis: usize) {
    let length = at.x[0].shape[axis];
    at.each(at.elements(), |at| {
        let value = at.nth(1, "e");
        index(at, &value, length);
        let mut position = at.indices("e");
        position[axis] = "p".to_owned();
        let x = at.element(0, &position);
        at.line(format!("{} = {x};", at.result("e")));
    });
}

/// One thread adds: the order is that of the elements.
pub(super) fn scatter_add(at: &mut At<'_>, axis: usize) {
    let (shape, to) = (at.x[0].shape.clone(), at.y.shape.clone());
    let n = shape.elements();
    let y = at.elements();
    at.block("WG_ONE {".to_owned(), |at| {
        at.line(format!("for (int e = 0; e < {y}; ++e) {} = 0;", at.result("e")));
        at.block(format!("for (int e = 0; e < {n}; ++e) {{"), |at| {
            let value = at.nth(1, "e");
            index(at, &value, to[axis]);
            let mut position = indices(&shape, "e");
            position[axis] = "p".to_owned();
            let y = at.result(&place(&to, &position));
            at.line(format!("{y} = {y} + {};", at.nth(0, "e")));
        });
    });
}

/// The index of an element of slices that an index names: which index, and the index along the axes of the slices.
fn split(shape: &[usize], e: &str, axis: usize, rank: usize) -> (Vec<String>, Vec<String>) {
    let mut position = indices(shape, e);
    let place = position.drain(axis..axis + rank).collect();
    position.insert(axis, "p".to_owned());
    (place, position)
}

pub(super) fn take(at: &mut At<'_>, axis: usize) {
    let (length, rank) = (at.x[0].shape[axis], at.x[1].shape.len());
    at.each(at.elements(), |at| {
        let (which, position) = split(&at.y.shape, "e", axis, rank);
        let value = at.element(1, &which);
        index(at, &value, length);
        let x = at.element(0, &position);
        at.line(format!("{} = {x};", at.result("e")));
    });
}

pub(super) fn index_add(at: &mut At<'_>, axis: usize) {
    let (shape, to, rank) = (at.x[0].shape.clone(), at.y.shape.clone(), at.x[1].shape.len());
    let (n, y) = (shape.elements(), at.elements());
    at.block("WG_ONE {".to_owned(), |at| {
        at.line(format!("for (int e = 0; e < {y}; ++e) {} = 0;", at.result("e")));
        at.block(format!("for (int e = 0; e < {n}; ++e) {{"), |at| {
            let (which, position) = split(&shape, "e", axis, rank);
            let value = at.element(1, &which);
            index(at, &value, to[axis]);
            let y = at.result(&place(&to, &position));
            at.line(format!("{y} = {y} + {};", at.nth(0, "e")));
        });
    });
}

pub(super) fn ravel(at: &mut At<'_>, lengths: &[usize]) {
    at.kernel.can_fail = true;
    at.each(at.elements(), |at| {
        at.line("wg_long place = 0;".to_owned());
        for (operand, &length) in lengths.iter().enumerate() {
            let value = at.nth(operand, "e");
            at.block("{".to_owned(), |at| {
                index(at, &value, length);
                at.line(format!("place = place * {length} + p;"));
            });
        }
        at.line(format!("{} = place;", at.result("e")));
    });
}

/// The two words of the key, as it is used.
fn key(at: &mut At<'_>) {
    at.functions.random();
    let (first, second) = (at.element(0, &["0".to_owned()]), at.element(0, &["1".to_owned()]));
    at.line(format!("const wg_long key[2] = {{{first}, {second} & 0x3fffffffffffffff}};"));
}

pub(super) fn uniform(at: &mut At<'_>) {
    let (n, f) = (at.elements(), at.types().1);
    let each = if at.dtype() == DType::F32 { 4 } else { 2 };
    at.each(n.div_ceil(each), |at| {
        key(at);
        at.line("unsigned w[4];".to_owned());
        at.line("wg_philox(key, 0, (wg_bits) e, w);".to_owned());
        let y = at.result(&format!("e * {each} + i"));
        at.line(format!("for (int i = 0; i < {each} && e * {each} + i < {n}; ++i) {y} = wg_unit{f}(w, i);"));
    });
}

pub(super) fn fold_in(at: &mut At<'_>, n: u64) {
    at.block("WG_ONE {".to_owned(), |at| {
        key(at);
        at.line("unsigned w[4];".to_owned());
        at.line(format!("wg_philox(key, 2, {n}u, w);"));
        let (first, second) = (at.result("0"), at.result("1"));
        at.line(format!("{first} = (wg_long) ((wg_bits) w[1] << 32 | w[0]);"));
        at.line(format!("{second} = (wg_long) ((wg_bits) w[3] << 32 | w[2]) & 0x3fffffffffffffff;"));
    });
}
