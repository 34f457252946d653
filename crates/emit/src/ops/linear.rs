//! Factors of matrices and what is solved by them: a tile is a matrix, which one thread works on in double precision. The loops are in
//! `text/linear.h`. A matrix that has no factor, or no solution, is a fault of the run.

use crate::at::At;
use crate::memory::indices;
use crate::tile::SHARED;
use autograd::DType;
use autograd::planned::Unary;

/// For each matrix of the result: arrays of doubles, of which the first ones are filled with the matrices of the operands, and what
/// is done with them.
struct Matrices {
    arrays: Vec<(&'static str, usize)>,
    /// The rows of a matrix that are exchanged, in an array `order`.
    rows: usize,
}

impl Matrices {
    fn each(self, at: &mut At<'_>, body: impl FnOnce(&mut At<'_>)) {
        at.functions.linear();
        let arrays = self.arrays.into_iter().map(|(name, n)| ("double", name, n.max(1), 8));
        let arrays: Vec<_> = arrays.chain([("int", "order", self.rows.max(1), 4)]).collect();
        at.kernel.scratch = arrays.iter().map(|(_, _, n, size)| (n * size).next_multiple_of(64)).sum();
        let near = at.kernel.scratch <= SHARED;
        if !near {
            at.line(format!("WG_OWN({});", at.kernel.scratch));
        }
        for (t, name, n, _) in arrays {
            at.line(format!("WG_{}({t}, {name}, {n});", if near { "ARRAY" } else { "FAR" }));
        }
        let entries: usize = at.x[0].shape[..at.x[0].shape.len() - 2].iter().product();
        at.block(format!("WG_TILES(entry, {entries}) {{"), |at| {
            at.block("WG_IN(one, 1) {".to_owned(), |at| {
                at.line("(void)order;".to_owned());
                body(at);
            });
            at.line("WG_SYNC;".to_owned());
        });
    }
}

/// The rows and columns of the matrices of an operand.
fn size(at: &At<'_>, operand: usize) -> [usize; 2] {
    let shape = &at.x[operand].shape;
    [shape[shape.len() - 2], shape[shape.len() - 1]]
}

/// An element of the matrix of an operand, in double precision.
fn element(at: &At<'_>, operand: usize, row: &str, column: &str) -> String {
    let lead = at.x[operand].shape.len() - 2;
    let mut index = indices(&at.x[operand].shape[..lead], "entry");
    index.extend([row.to_owned(), column.to_owned()]);
    format!("(double) {}", at.element(operand, &index))
}

/// Fills an array with a function of the place `r`, `c`.
fn fill(at: &mut At<'_>, array: &str, [rows, columns]: [usize; 2], value: &str) {
    at.line(format!("for (int r = 0; r < {rows}; ++r)"));
    at.line(format!("  for (int c = 0; c < {columns}; ++c) {array}[r * {columns} + c] = {value};"));
}

/// Writes the matrix of the result, of so many elements.
fn write(at: &mut At<'_>, n: usize, value: &str) {
    let (t, y) = (at.types().0, at.result(&format!("entry * {n} + i")));
    at.line(format!("for (int i = 0; i < {n}; ++i) {y} = ({t}) {value};"));
}

pub(super) fn solve_triangular(at: &mut At<'_>, upper: bool, transposed: bool, unit: bool) {
    let ([n, _], [_, k]) = (size(at, 0), size(at, 1));
    Matrices { arrays: vec![("a", n * n), ("x", n * k)], rows: 0 }.each(at, |at| {
        let [a, b] = [0, 1].map(|i| element(at, i, "r", "c"));
        fill(at, "a", [n, n], &a);
        fill(at, "x", [n, k], &b);
        let [row, column] = if transposed { [1, n] } else { [n, 1] };
        let (upper, unit) = (u8::from(upper != transposed), u8::from(unit));
        at.line(format!("const wg_triangle t = {{a, {n}, {row}, {column}, {upper}, {unit}}};"));
        at.line(format!("wg_solve_triangle(&t, x, {k}, {k});"));
        write(at, n * k, "x[i]");
    });
}

pub(super) fn solve(at: &mut At<'_>) {
    let ([n, _], [_, k]) = (size(at, 0), size(at, 1));
    Matrices { arrays: vec![("a", n * n), ("x", n * k)], rows: n }.each(at, |at| {
        factors(at, n, n);
        at.kernel.can_fail = true;
        at.line("if (zero >= 0) *fault = 1;".to_owned());
        let b = element(at, 1, "order[r]", "c");
        fill(at, "x", [n, k], &b);
        at.line(format!("wg_solve_factors(a, {n}, x, {k});"));
        write(at, n * k, "x[i]");
    });
}

/// The factors of the first operand.
fn factors(at: &mut At<'_>, m: usize, n: usize) {
    let a = element(at, 0, "r", "c");
    fill(at, "a", [m, n], &a);
    at.line(format!("double sign;\n  const int zero = wg_lu(a, {m}, {n}, order, &sign);\n  (void)zero;"));
}

pub(super) fn lu(at: &mut At<'_>) {
    let [m, n] = size(at, 0);
    Matrices { arrays: vec![("a", m * n)], rows: m }.each(at, |at| {
        factors(at, m, n);
        let wide = n + 1;
        let place =
            format!("i % {wide} < {n} ? a[i / {wide} * {n} + i % {wide}] : (double) order[i / {wide}]");
        write(at, m * wide, &format!("({place})"));
    });
}

pub(super) fn determinant(at: &mut At<'_>) {
    let [n, _] = size(at, 0);
    Matrices { arrays: vec![("a", n * n)], rows: n }.each(at, |at| {
        factors(at, n, n);
        at.line(format!("for (int k = 0; k < {n}; ++k) sign = sign * a[k * {n} + k];"));
        write(at, 1, "sign");
    });
}

/// Its sign, and the logarithm of its size.
pub(super) fn log_determinant(at: &mut At<'_>) {
    let ([n, _], ln) = (size(at, 0), at.functions.unary(Unary::Ln, DType::F64));
    Matrices { arrays: vec![("a", n * n)], rows: n }.each(at, |at| {
        factors(at, n, n);
        at.line("double log = 0.0;".to_owned());
        at.block(format!("for (int k = 0; k < {n}; ++k) {{"), |at| {
            at.line(format!("const double pivot = a[k * {n} + k];"));
            at.line("sign = sign * (pivot != pivot ? pivot : wg_copysign(1.0, pivot));".to_owned());
            at.line(format!("log = log + {ln}(wg_fabs(pivot));"));
        });
        at.line("if (zero >= 0) sign = 0.0, log = -wg_inf();".to_owned());
        write(at, 2, "(i ? log : sign)");
    });
}

pub(super) fn cholesky(at: &mut At<'_>) {
    let [n, _] = size(at, 0);
    Matrices { arrays: vec![("a", n * n)], rows: 0 }.each(at, |at| {
        let [here, across] = [["r", "c"], ["c", "r"]].map(|[r, c]| element(at, 0, r, c));
        fill(at, "a", [n, n], &format!("r == c ? {here} : 0.5 * {here} + 0.5 * {across}"));
        at.kernel.can_fail = true;
        at.line(format!("if (!wg_cholesky(a, {n})) *fault = 1;"));
        write(at, n * n, "a[i]");
    });
}

pub(super) fn cholesky_back(at: &mut At<'_>) {
    let [n, _] = size(at, 0);
    Matrices { arrays: vec![("a", n * n), ("s", n * n), ("x", 32 * n)], rows: 0 }.each(at, |at| {
        let [l, g] = [0, 1].map(|i| element(at, i, "r", "c"));
        fill(at, "a", [n, n], &l);
        fill(at, "s", [n, n], &format!("0.5 * {g}"));
        at.line(format!("wg_cholesky_back(a, s, {n}, x);"));
        write(at, n * n, "s[i]");
    });
}
