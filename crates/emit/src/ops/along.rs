//! Reductions, and what runs along an axis.

use crate::at::At;
use crate::memory::indices;
use autograd::planned::{RUN, Unary};

/// An operand without some of its axes: the index of its elements from those of a result and of what is reduced.
fn merged(rank: usize, gone: &[u8], kept: &[String], reduced: &[String]) -> Vec<String> {
    let (mut kept, mut reduced) = (kept.iter(), reduced.iter());
    let next = |axis: usize| if gone.contains(&(axis as u8)) { reduced.next() } else { kept.next() };
    (0..rank).map(next).map(|i| i.cloned().expect("an index for each axis")).collect()
}

/// A sum is a tree over the terms: see `sums.h`.
pub(super) fn sum(at: &mut At<'_>, axes: &[u8]) {
    at.functions.sums(at.dtype());
    let (t, f) = at.types();
    let shape = at.x[0].shape.clone();
    let summed: Vec<usize> = axes.iter().map(|&axis| shape[usize::from(axis)]).collect();
    let n: usize = summed.iter().product();
    let blocks = n.div_ceil(1024);
    at.each(at.elements(), |at| {
        let kept = at.indices("e");
        let term =
            |at: &At<'_>, i: &str| at.element(0, &merged(shape.len(), axes, &kept, &indices(&summed, i)));
        let y = at.result("e");
        if blocks <= 1 {
            lanes(at, ["0", &n.to_string()], &term(at, "i"));
            at.line(format!("{y} = wg_fold{f}(lanes);"));
            return;
        }
        at.line(format!("{t} sums[{blocks}];"));
        at.block(format!("for (int b = 0; b < {blocks}; ++b) {{"), |at| {
            at.line(format!("const int end = b == {} ? {n} : (b + 1) * 1024;", blocks - 1));
            lanes(at, ["b * 1024", "end"], &term(at, "i"));
            at.line(format!("sums[b] = wg_fold{f}(lanes);"));
        });
        at.line(format!("{y} = wg_pairs{f}(sums, {blocks});"));
    });
}

/// Adds the terms `x` of numbers `i` to the lanes of their block. Few terms, many results: the lanes stay in registers. On a GPU they
/// do if none is chosen by a number that is not known.
fn lanes(at: &mut At<'_>, [start, end]: [&str; 2], x: &str) {
    let t = at.types().0;
    at.line(format!("{t} lanes[16] = {{0}};"));
    at.directive("#ifdef WG_SERIAL");
    at.line(format!("for (int i = {start}; i < {end}; ++i) lanes[i % 16] = lanes[i % 16] + {x};"));
    at.directive("#else");
    let all = |is_term: &str| {
        format!("WG_LANES for (int l = 0, i = from; l < 16; ++l, ++i) {is_term}lanes[l] = lanes[l] + {x};")
    };
    at.line(format!("int from = {start};"));
    at.line(format!("for (; from + 16 <= {end}; from += 16) {}", all("")));
    at.line(all(&format!("if (i < {end}) ")));
    at.directive("#endif");
}

/// NaN where one is: the sum of two numbers of which neither is the larger.
pub(super) fn max(at: &mut At<'_>, axes: &[u8]) {
    let (t, f) = at.types();
    let shape = at.x[0].shape.clone();
    let reduced: Vec<usize> = axes.iter().map(|&axis| shape[usize::from(axis)]).collect();
    let n: usize = reduced.iter().product();
    at.each(at.elements(), |at| {
        let kept = at.indices("e");
        let x = at.element(0, &merged(shape.len(), axes, &kept, &indices(&reduced, "i")));
        at.line(format!("{t} y = -wg_inf{f}();"));
        at.line(format!(
            "for (int i = 0; i < {n}; ++i) {{ const {t} x = {x}; y = y > x ? y : y <= x ? x : y + x; }}"
        ));
        at.line(format!("{} = y;", at.result("e")));
    });
}

/// The lines along an axis of an operand: a loop over them, of which the element `i` is given.
fn lines(
    at: &mut At<'_>,
    axis: usize,
    body: impl FnOnce(&mut At<'_>, &dyn Fn(&At<'_>, usize, &str) -> String),
) {
    let shape = at.x[0].shape.clone();
    let mut others = shape.to_vec();
    others.remove(axis);
    let n = others.iter().product();
    at.each(n, |at| {
        let element = |at: &At<'_>, operand: usize, i: &str| {
            let mut index = indices(&others, "e");
            index.insert(axis, i.to_owned());
            at.element(operand, &index)
        };
        body(at, &element);
    });
}

/// Element `i` of the line of the result that belongs to the loop.
fn on_line(at: &At<'_>, axis: usize, i: &str) -> String {
    let inner: usize = at.y.shape[axis + 1..].iter().product();
    let length = at.y.shape[axis];
    let place = match inner {
        1 => format!("e * {length} + {i}"),
        _ => format!("e / {inner} * {} + e % {inner} + ({i}) * {inner}", length * inner),
    };
    at.result(&place)
}

pub(super) fn argmax(at: &mut At<'_>, axis: usize) {
    let (length, t) = (at.x[0].shape[axis], crate::memory::c_type(at.x[0].dtype));
    lines(at, axis, |at, x| {
        at.line(format!("wg_long best = 0; {t} m = {};", x(at, 0, "0")));
        let x = x(at, 0, "i");
        at.block(format!("for (int i = 1; i < {length}; ++i) {{"), |at| {
            at.line(format!("const {t} x = {x};"));
            at.line("if (x > m || (x != x && m == m)) best = i, m = x;".to_owned());
        });
        at.line(format!("{} = best;", at.result("e")));
    });
}

pub(super) fn cumargmax(at: &mut At<'_>, axis: usize) {
    let (length, t) = (at.x[0].shape[axis], crate::memory::c_type(at.x[0].dtype));
    lines(at, axis, |at, x| {
        at.line(format!("wg_long best = 0; {t} m = {};", x(at, 0, "0")));
        let (x, y) = (x(at, 0, "i"), on_line(at, axis, "i"));
        at.block(format!("for (int i = 0; i < {length}; ++i) {{"), |at| {
            at.line(format!("const {t} x = {x};"));
            at.line(format!("if (x >= m || x != x) best = i, m = x;\n    {y} = best;"));
        });
    });
}

/// Running sums are kept in double precision, and added in runs.
pub(super) fn cumsum(at: &mut At<'_>, axis: usize, reverse: bool) {
    let (length, t) = (at.x[0].shape[axis], at.types().0);
    lines(at, axis, |at, x| {
        at.line("double before = -0.0, sum = -0.0;".to_owned());
        let (x, y) = (x(at, 0, "i"), on_line(at, axis, "i"));
        at.block(format!("for (int k = 0; k < {length}; ++k) {{"), |at| {
            at.line(if reverse {
                format!("const int i = {} - k;", length - 1)
            } else {
                "const int i = k;".to_owned()
            });
            at.line(format!("sum = sum + (double) {x};"));
            at.line(format!("{y} = ({t}) (before + sum);"));
            at.line(format!("if (k % {RUN} == {}) before = before + sum, sum = -0.0;", RUN - 1));
        });
    });
}

/// The second half is multiplied to the first, until one number is left.
pub(super) fn prod(at: &mut At<'_>, axis: usize) {
    let (length, t) = (at.x[0].shape[axis], at.types().0);
    lines(at, axis, |at, x| {
        at.line(format!("{t} line[{}] = {{1}};", length.max(1)));
        let x = x(at, 0, "i");
        at.line(format!("for (int i = 0; i < {length}; ++i) line[i] = {x};"));
        at.block(format!("for (int n = {length}; n > 1; n = (n + 1) / 2) {{"), |at| {
            at.line("const int half = n / 2;".to_owned());
            at.line("for (int i = 0; i < half; ++i) line[i] = line[i] * line[half + i];".to_owned());
            at.line("if (n % 2) line[half] = line[n - 1];".to_owned());
        });
        at.line(format!("{} = line[0];", at.result("e")));
    });
}

pub(super) fn softmax(at: &mut At<'_>, axis: usize, logarithm: bool) {
    let dtype = at.dtype();
    at.functions.sums(dtype);
    let exp = at.functions.unary(Unary::Exp, dtype);
    let (length, (t, f)) = (at.x[0].shape[axis], at.types());
    lines(at, axis, |at, x| {
        at.line(format!("{t} line[{length}], sums[{}], m = {};", length.div_ceil(1024), x(at, 0, "0")));
        let (x, y) = (x(at, 0, "i"), on_line(at, axis, "i"));
        at.line(format!("for (int i = 0; i < {length}; ++i) {{ const {t} x = {x}; m = x > m ? x : m; }}"));
        at.line(format!("for (int i = 0; i < {length}; ++i) line[i] = {exp}({x} - m);"));
        at.line(format!("const {t} total = wg_sum{f}(line, {length}, sums);"));
        if logarithm {
            let ln = at.functions.unary(Unary::Ln, dtype);
            at.line(format!("const {t} log_total = {ln}(total);"));
            at.line(format!("for (int i = 0; i < {length}; ++i) {y} = ({x} - m) - log_total;"));
        } else {
            at.line(format!("for (int i = 0; i < {length}; ++i) {y} = line[i] / total;"));
        }
    });
}

pub(super) fn recurrence(at: &mut At<'_>, axis: usize, reverse: bool) {
    let (length, t) = (at.x[0].shape[axis], at.types().0);
    lines(at, axis, |at, x| {
        let (a, b, y) = (x(at, 0, "i"), x(at, 1, "i"), on_line(at, axis, "i"));
        at.line(format!("{t} state = 0;"));
        at.block(format!("for (int k = 0; k < {length}; ++k) {{"), |at| {
            at.line(if reverse {
                format!("const int i = {} - k;", length - 1)
            } else {
                "const int i = k;".to_owned()
            });
            at.line(format!("state = k ? {a} * state + {b} : {b};"));
            at.line(format!("{y} = state;"));
        });
    });
}
