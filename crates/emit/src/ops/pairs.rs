//! Sums over pairs of points, in double precision, in the order of their coordinates or points.

use crate::at::At;

/// The differences of points i of `a` and j of `b`, which are operands: the index of each, where `k` is the coordinate.
fn points(index: &[String], i: &str, j: &str) -> [Vec<String>; 2] {
    let lead = &index[..index.len() - 2];
    [i, j].map(|row| lead.iter().cloned().chain([row.to_owned(), "k".to_owned()]).collect())
}

/// Euclidean distances. Where squares overflow or vanish, differences are taken by the largest.
pub(super) fn distances(at: &mut At<'_>) {
    let (t, d) = (at.types().0, last(at, 0));
    at.each(at.elements(), |at| {
        let index = at.indices("e");
        let [a, b] = points(&index, &index[index.len() - 2], &index[index.len() - 1]);
        let difference = format!("(double) {} - (double) {}", at.element(0, &a), at.element(1, &b));
        at.line("double sum = 0;".to_owned());
        at.line(format!("for (int k = 0; k < {d}; ++k) {{ const double d = {difference}; sum = sum + d * d; }}"));
        at.line("double root = wg_sqrt(sum);".to_owned());
        at.block("if (root == root && !(root > 1e-140 && root < wg_inf())) {".to_owned(), |at| {
            at.line("double largest = 0, sum = 0;".to_owned());
            at.line(format!(
                "for (int k = 0; k < {d}; ++k) {{ const double d = wg_fabs({difference}); largest = d > largest ? d : largest; }}"
            ));
            at.line("root = largest;".to_owned());
            at.block("if (largest > 0 && largest < wg_inf()) {".to_owned(), |at| {
                at.line(format!(
                    "for (int k = 0; k < {d}; ++k) {{ const double d = wg_fabs({difference}) / largest; sum = sum + d * d; }}"
                ));
                at.line("root = largest * wg_sqrt(sum);".to_owned());
            });
        });
        at.line(format!("{} = ({t}) root;", at.result("e")));
    });
}

/// uᵢ·(aᵢ − bⱼ).
pub(super) fn dot(at: &mut At<'_>) {
    let (t, d) = (at.types().0, last(at, 1));
    at.each(at.elements(), |at| {
        let index = at.indices("e");
        let [a, b] = points(&index, &index[index.len() - 2], &index[index.len() - 1]);
        let (u, a, b) = (at.element(0, &a), at.element(1, &a), at.element(2, &b));
        at.line("double sum = 0;".to_owned());
        at.line(format!(
            "for (int k = 0; k < {d}; ++k) sum = sum + (double) {u} * ((double) {a} - (double) {b});"
        ));
        at.line(format!("{} = ({t}) sum;", at.result("e")));
    });
}

/// Σ wᵢⱼ·(aᵢ − bⱼ) over j.
pub(super) fn sum(at: &mut At<'_>) {
    let (t, n) = (at.types().0, last(at, 0));
    at.each(at.elements(), |at| {
        let mut index = at.indices("e");
        let coordinate = index.pop().expect("points have two axes");
        let (row, lead) = (index[index.len() - 1].clone(), index[..index.len() - 1].to_vec());
        let of = |last: [&str; 2]| -> Vec<String> {
            lead.iter().cloned().chain(last.map(str::to_owned)).collect()
        };
        let w = at.element(0, &of([&row, "j"]));
        let (a, b) = (at.element(1, &of([&row, &coordinate])), at.element(2, &of(["j", &coordinate])));
        at.line("double sum = 0;".to_owned());
        at.line(format!(
            "for (int j = 0; j < {n}; ++j) sum = sum + (double) {w} * ((double) {a} - (double) {b});"
        ));
        at.line(format!("{} = ({t}) sum;", at.result("e")));
    });
}

/// The length of the last axis of an operand.
fn last(at: &At<'_>, operand: usize) -> usize {
    at.x[operand].shape.last().copied().unwrap_or(0)
}
