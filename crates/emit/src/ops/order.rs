//! Sorting, searching, and the largest of what is written to a place.

use super::indexed::index;
use crate::at::At;
use crate::memory::{c_type, indices};

/// Each line is put in order by itself: the result has room for its first elements.
pub(super) fn argsort(at: &mut At<'_>, axis: usize, descending: bool) {
    let dtype = at.x[0].dtype;
    at.functions.order(dtype);
    let (f, shape) = (crate::memory::suffix(dtype), at.x[0].shape.clone());
    let (length, first, step) = (shape[axis], at.y.shape[axis], at.x[0].strides[axis]);
    let mut others = shape.to_vec();
    others.remove(axis);
    let inner: usize = others[axis..].iter().product();
    at.each(others.iter().product(), |at| {
        let mut place = indices(&others, "e");
        place.insert(axis, "0".to_owned());
        let x = at.element(0, &place);
        let y = at.result(&format!("e / {inner} * {} + e % {inner}", first * inner));
        let descending = u8::from(descending);
        at.line(format!("wg_order{f}(&{x}, {step}, {descending}, {length}, &{y}, {inner}, {first});"));
    });
}

/// By bisection; NaN is greater than any number.
pub(super) fn search(at: &mut At<'_>, right: bool) {
    let (t, rank) = (c_type(at.x[0].dtype), at.x[0].shape.len());
    let n = at.x[0].shape[rank - 1];
    at.each(at.elements(), |at| {
        let mut place = if rank == 1 { vec![] } else { indices(&at.x[1].shape, "e") };
        place.pop();
        place.push("(low + half)".to_owned());
        let (value, sorted) = (at.nth(1, "e"), at.element(0, &place));
        at.line(format!("const {t} value = {value};\n  int low = 0, n = {n};"));
        at.block("while (n > 0) {".to_owned(), |at| {
            at.line(format!("const int half = n / 2;\n  const {t} s = {sorted};"));
            at.line(if right {
                "const int less = !(value < s || (value == value && s != s));".to_owned()
            } else {
                "const int less = s < value || (s == s && value != value);".to_owned()
            });
            at.line("if (less) low += half + 1, n -= half + 1;\n  else n = half;".to_owned());
        });
        at.line(format!("{} = low;", at.result("e")));
    });
}

/// Each place looks through the elements of its line, in order. NaN is larger than any number.
pub(super) fn scatter_max(at: &mut At<'_>, axis: usize, include: bool) {
    let (t, from, to) = (at.types().0, at.x[1].shape.clone(), at.y.shape.clone());
    at.each(at.elements(), |at| {
        let place = at.indices("e");
        let mut source = place.clone();
        source[axis] = "i".to_owned();
        let others = (0..to.len()).filter(|&a| a != axis && from[a] < to[a]);
        let mut there: Vec<String> = others.map(|a| format!("{} < {}", place[a], from[a])).collect();
        there.push(format!("i < {}", from[axis]));
        let (x, c, s) = (at.nth(0, "e"), at.element(1, &source), at.element(2, &source));
        at.line(format!("{t} most = {x};\n  int written = {};", u8::from(include)));
        at.block(format!("for (int i = 0; {}; ++i) {{", there.join(" && ")), |at| {
            index(at, &c, to[axis]);
            at.line(format!("if (p != {}) continue;", place[axis]));
            at.line(format!("const {t} s = {s};"));
            at.line("if (!written || s > most || s != s) most = s;\n  written = 1;".to_owned());
        });
        at.line(format!("{} = most;", at.result("e")));
    });
}
