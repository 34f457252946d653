//! The loops proper, compiled once for each instruction set.

use super::{Chunk, Lane, Map, Tiles, Wiring};
use crate::math::{Logistic, all_near, logistic, tanh_and_logistic};
use crate::number::Num;
use crate::tree::{self, BLOCK, LANES};
use std::mem::MaybeUninit;

macro_rules! instruction_sets {
    ($($set:ident $vectors:literal $(#[$feature:meta])?;)*) => {
        $(pub(super) mod $set {
            use super::*;

            /// Whether each function has loops of its own.
            const OWN: bool = $vectors || cfg!(not(target_arch = "x86_64"));

            $(#[$feature])?
            pub(in crate::kernels::loops) unsafe fn map1<T: Lane, F: Map<T, 1>>(w: &Wiring<T>, at: &Tiles<T>) {
                // SAFETY: see `Loop`.
                let (x, y) = unsafe { (at.chunks(w.x[0]), at.room(w.y)) };
                match F::GUARDED && all_near(x.as_flattened()) {
                    true if OWN => near::<T, F>(x, y, w.p),
                    false if OWN => each1::<T, F>(x, y, w.p),
                    true => one_by_one(F::near, [x], y, w.p),
                    false => one_by_one(F::f, [x], y, w.p),
                }
            }

            $(#[$feature])?
            pub(in crate::kernels::loops) unsafe fn map2<T: Lane, F: Map<T, 2>>(w: &Wiring<T>, at: &Tiles<T>) {
                // SAFETY: see `Loop`.
                let ([a, b], y) = unsafe { ([at.chunks(w.x[0]), at.chunks(w.x[1])], at.room(w.y)) };
                if OWN { each2::<T, F>(a, b, y, w.p) } else { one_by_one(F::f, [a, b], y, w.p) }
            }

            $(#[$feature])?
            pub(in crate::kernels::loops) unsafe fn map3<T: Lane, F: Map<T, 3>>(w: &Wiring<T>, at: &Tiles<T>) {
                let ([a, b, c], y) =
                    // SAFETY: see `Loop`.
                    unsafe { ([at.chunks(w.x[0]), at.chunks(w.x[1]), at.chunks(w.x[2])], at.room(w.y)) };
                if OWN { each3::<T, F>(a, b, c, y, w.p) } else { one_by_one(F::f, [a, b, c], y, w.p) }
            }

            $(#[$feature])?
            pub(in crate::kernels::loops) unsafe fn sigmoids<T: Lane>(w: &Wiring<T>, at: &Tiles<T>) {
                // SAFETY: see `Loop`.
                unsafe { both_sigmoids(at.chunks(w.x[0]), at.room(w.y), at.room(w.more[0])) }
            }

            $(#[$feature])?
            pub(in crate::kernels::loops) unsafe fn tanhs<T: Lane>(w: &Wiring<T>, at: &Tiles<T>) {
                // SAFETY: see `Loop`.
                unsafe {
                    let [plus, minus] = [at.room(w.more[0]), at.room(w.more[1])];
                    tanh_and_sigmoids(at.chunks(w.x[0]), at.room(w.y), plus, minus)
                }
            }

            $(#[$feature])?
            pub(in crate::kernels::loops) unsafe fn sigmoid_and_slope<T: Lane>(w: &Wiring<T>, at: &Tiles<T>) {
                // SAFETY: see `Loop`.
                unsafe { with_sigmoid_slope(at.chunks(w.x[0]), at.room(w.y), at.room(w.more[0])) }
            }

            $(#[$feature])?
            pub(in crate::kernels::loops) unsafe fn tanh_and_slope<T: Lane>(w: &Wiring<T>, at: &Tiles<T>) {
                // SAFETY: see `Loop`.
                unsafe { with_tanh_slope(at.chunks(w.x[0]), at.room(w.y), at.room(w.more[0])) }
            }

            // The loops proper are functions of their own: that references do not overlap is known of parameters.

            $(#[$feature])?
            #[inline(never)]
            fn each1<T: Lane, F: Map<T, 1>>(x: &[Chunk<T>], y: &mut [Chunk<MaybeUninit<T>>], p: T) {
                for (y, &x) in y.as_flattened_mut().iter_mut().zip(x.as_flattened()) {
                    y.write(F::f([x], p));
                }
            }

            $(#[$feature])?
            #[inline(never)]
            fn near<T: Lane, F: Map<T, 1>>(x: &[Chunk<T>], y: &mut [Chunk<MaybeUninit<T>>], p: T) {
                for (y, &x) in y.as_flattened_mut().iter_mut().zip(x.as_flattened()) {
                    y.write(F::near([x], p));
                }
            }

            $(#[$feature])?
            #[inline(never)]
            fn each2<T: Lane, F: Map<T, 2>>(
                a: &[Chunk<T>],
                b: &[Chunk<T>],
                y: &mut [Chunk<MaybeUninit<T>>],
                p: T,
            ) {
                let operands = a.as_flattened().iter().zip(b.as_flattened());
                for (y, (&a, &b)) in y.as_flattened_mut().iter_mut().zip(operands) {
                    y.write(F::f([a, b], p));
                }
            }

            $(#[$feature])?
            #[inline(never)]
            fn each3<T: Lane, F: Map<T, 3>>(
                a: &[Chunk<T>],
                b: &[Chunk<T>],
                c: &[Chunk<T>],
                y: &mut [Chunk<MaybeUninit<T>>],
                p: T,
            ) {
                let operands = a.as_flattened().iter().zip(b.as_flattened()).zip(c.as_flattened());
                for (y, ((&a, &b), &c)) in y.as_flattened_mut().iter_mut().zip(operands) {
                    y.write(F::f([a, b, c], p));
                }
            }

            $(#[$feature])?
            #[inline(never)]
            fn both_sigmoids<T: Lane>(
                x: &[Chunk<T>],
                y: &mut [Chunk<MaybeUninit<T>>],
                minus: &mut [Chunk<MaybeUninit<T>>],
            ) {
                let results = y.as_flattened_mut().iter_mut().zip(minus.as_flattened_mut());
                for (&x, (y, minus)) in x.as_flattened().iter().zip(results) {
                    let (p, m) = logistic(Num(x)).of(Num(x));
                    y.write(p.0);
                    minus.write(m.0);
                }
            }

            $(#[$feature])?
            #[inline(never)]
            fn with_sigmoid_slope<T: Lane>(
                x: &[Chunk<T>],
                y: &mut [Chunk<MaybeUninit<T>>],
                slope: &mut [Chunk<MaybeUninit<T>>],
            ) {
                let results = y.as_flattened_mut().iter_mut().zip(slope.as_flattened_mut());
                for (&x, (y, slope)) in x.as_flattened().iter().zip(results) {
                    let (p, m) = logistic(Num(x)).of(Num(x));
                    y.write(p.0);
                    slope.write((p * m).0);
                }
            }

            $(#[$feature])?
            #[inline(never)]
            fn with_tanh_slope<T: Lane>(
                x: &[Chunk<T>],
                y: &mut [Chunk<MaybeUninit<T>>],
                slope: &mut [Chunk<MaybeUninit<T>>],
            ) {
                let results = y.as_flattened_mut().iter_mut().zip(slope.as_flattened_mut());
                for (&x, (y, slope)) in x.as_flattened().iter().zip(results) {
                    let (tanh, Logistic { near_one, near_zero }) = tanh_and_logistic(Num(x));
                    y.write(tanh.0);
                    slope.write((4.0 * near_one * near_zero).0);
                }
            }

            $(#[$feature])?
            #[inline(never)]
            fn tanh_and_sigmoids<T: Lane>(
                x: &[Chunk<T>],
                y: &mut [Chunk<MaybeUninit<T>>],
                plus: &mut [Chunk<MaybeUninit<T>>],
                minus: &mut [Chunk<MaybeUninit<T>>],
            ) {
                let sigmoids = plus.as_flattened_mut().iter_mut().zip(minus.as_flattened_mut());
                let results = y.as_flattened_mut().iter_mut().zip(sigmoids);
                for (&x, (y, (plus, minus))) in x.as_flattened().iter().zip(results) {
                    let (tanh, logistic) = tanh_and_logistic(Num(x));
                    let (p, m) = logistic.of(Num(x));
                    y.write(tanh.0);
                    plus.write(p.0);
                    minus.write(m.0);
                }
            }

            $(#[$feature])?
            pub(in crate::kernels::loops) unsafe fn row_sum<T: Lane>(w: &Wiring<T>, at: &Tiles<T>) {
                // SAFETY: see `Loop`.
                let (x, y) = unsafe { (at.x(w.x[0], at.rows * at.row), at.y(w.y, at.rows)) };
                if at.rows == 1 && at.row < LANES {
                    // SAFETY: a tile that is no multiple of the lanes is scratch, which has whole lanes.
                    let mut lanes = unsafe { *at.at(w.x[0]).cast::<Chunk<T>>() };
                    for i in 0..LANES {
                        lanes[i] = if i < at.row { lanes[i] } else { T::default() };
                    }
                    let sum = tree::fold(lanes);
                    // Whole lanes, as the next step reads them: what is stored narrower must reach the cache before.
                    // SAFETY: numbers of rows are in scratch, which has whole lanes.
                    unsafe { *at.at(w.y).cast::<Chunk<T>>() = [sum; LANES] };
                    return;
                }
                if !(5..=BLOCK).contains(&at.row) {
                    return other_row_sums(x, at.row, y);
                }
                for (y, rows) in y.chunks_mut(4).zip(x.chunks(4 * at.row)) {
                    let mut lanes = [[T::default(); LANES]; 4];
                    if let [y] = y {
                        lanes_of_one(rows, &mut lanes[0]);
                        y.write(tree::fold(lanes[0]));
                        continue;
                    }
                    // In the place of rows that are missing stands the last: it takes no longer.
                    let row = |i: usize| &rows[i.min(y.len() - 1) * at.row..][..at.row];
                    lanes_of_four([row(0), row(1), row(2), row(3)], &mut lanes);
                    let sums = folds(&lanes);
                    y.iter_mut().zip(sums).for_each(|(y, sum)| _ = y.write(sum));
                }
            }

            /// As [`tree::fold`], of four rows side by side.
            $(#[$feature])?
            #[inline(never)]
            fn folds<T: Lane>(lanes: &[Chunk<T>; 4]) -> [T; 4] {
                let mut eights = [[T::default(); 8]; 4];
                for (half, lanes) in eights.iter_mut().zip(lanes) {
                    for i in 0..8 {
                        half[i] = lanes[i] + lanes[i + 8];
                    }
                }
                // By lanes from here on: each has a number of each row.
                let mut fours = [[T::default(); 4]; 4];
                for (i, four) in fours.iter_mut().enumerate() {
                    for (sum, half) in four.iter_mut().zip(&eights) {
                        *sum = half[i] + half[i + 4];
                    }
                }
                let [a, b, c, d] = fours;
                std::array::from_fn(|row| (a[row] + c[row]) + (b[row] + d[row]))
            }

            // Functions of their own, because folding the lanes makes the compiler split the vectors that they are in.

            $(#[$feature])?
            #[inline(never)]
            fn lanes_of_one<T: Lane>(row: &[T], lanes: &mut Chunk<T>) {
                let (chunks, last) = (row.as_chunks::<LANES>().0, beside_zeros(row));
                let mut sums = [T::default(); LANES];
                for chunk in chunks {
                    for i in 0..LANES {
                        sums[i] = sums[i] + chunk[i];
                    }
                }
                for i in 0..LANES {
                    lanes[i] = sums[i] + last[i];
                }
            }

            /// Four rows, so that their additions overlap.
            $(#[$feature])?
            #[inline(never)]
            fn lanes_of_four<T: Lane>(rows: [&[T]; 4], lanes: &mut [Chunk<T>; 4]) {
                for (lanes, row) in lanes.iter_mut().zip(rows) {
                    *lanes = beside_zeros(row);
                }
                let [a, b, c, d] = rows;
                let chunks = |row| <[T]>::as_chunks::<LANES>(row).0;
                let [mut p, mut q, mut r, mut s] = [[T::default(); LANES]; 4];
                for (((a, b), c), d) in chunks(a).iter().zip(chunks(b)).zip(chunks(c)).zip(chunks(d)) {
                    for i in 0..LANES {
                        p[i] = p[i] + a[i];
                        q[i] = q[i] + b[i];
                        r[i] = r[i] + c[i];
                        s[i] = s[i] + d[i];
                    }
                }
                for (lanes, sums) in lanes.iter_mut().zip([p, q, r, s]) {
                    for i in 0..LANES {
                        lanes[i] = sums[i] + lanes[i];
                    }
                }
            }

            $(#[$feature])?
            pub(in crate::kernels::loops) unsafe fn row_max<T: Lane>(w: &Wiring<T>, at: &Tiles<T>) {
                // SAFETY: see `Loop`.
                let (x, y) = unsafe { (at.x(w.x[0], at.rows * at.row), at.y(w.y, at.rows)) };
                for (y, row) in y.iter_mut().zip(x.chunks_exact(at.row)) {
                    let (mut lanes, mut nans) = ([row[0]; LANES], [T::default(); LANES]);
                    lanes_of_largest(row, &mut lanes, &mut nans);
                    y.write(largest(lanes, nans));
                }
            }

            /// The largest of each lane, and a NaN of it, if there is one: a comparison with NaN tells nothing. Four parts, so that
            /// their comparisons overlap. Of equal numbers, as zeros are, the first remains, as it would in one part.
            $(#[$feature])?
            #[inline(never)]
            fn lanes_of_largest<T: Lane>(row: &[T], lanes: &mut Chunk<T>, nans: &mut Chunk<T>) {
                let (chunks, rest) = row.as_chunks::<LANES>();
                let (ab, cd) = chunks.split_at(chunks.len() / 4 * 2);
                let ((a, b), (c, d)) = (ab.split_at(ab.len() / 2), cd.split_at(ab.len() / 2));
                let (d, more) = d.split_at(ab.len() / 2);
                let [mut p, mut q, mut r, mut s] = [[row[0]; LANES]; 4];
                let [mut t, mut u, mut v, mut w] = [[T::default(); LANES]; 4];
                for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
                    for i in 0..LANES {
                        (p[i], t[i]) = (larger(p[i], a[i]), nan_or(a[i], t[i]));
                        (q[i], u[i]) = (larger(q[i], b[i]), nan_or(b[i], u[i]));
                        (r[i], v[i]) = (larger(r[i], c[i]), nan_or(c[i], v[i]));
                        (s[i], w[i]) = (larger(s[i], d[i]), nan_or(d[i], w[i]));
                    }
                }
                for i in 0..LANES {
                    p[i] = larger(larger(p[i], q[i]), larger(r[i], s[i]));
                    t[i] = nan_or(nan_or(w[i], v[i]), nan_or(u[i], t[i]));
                }
                for chunk in more {
                    for i in 0..LANES {
                        (p[i], t[i]) = (larger(p[i], chunk[i]), nan_or(chunk[i], t[i]));
                    }
                }
                (*lanes, *nans) = (p, t);
                for (i, &x) in rest.iter().enumerate() {
                    (lanes[i], nans[i]) = (larger(lanes[i], x), nan_or(x, nans[i]));
                }
            }

            $(#[$feature])?
            pub(in crate::kernels::loops) unsafe fn spread<T: Lane>(w: &Wiring<T>, at: &Tiles<T>) {
                // SAFETY: see `Loop`.
                let (x, y) = unsafe { (at.x(w.x[0], at.rows), at.y(w.y, at.rows * at.row)) };
                if let ([x], true) = (x, at.row < LANES) {
                    // SAFETY: a tile that is no multiple of the lanes is scratch, with room for whole lanes.
                    unsafe { *at.at(w.y).cast::<Chunk<T>>() = [*x; LANES] };
                    return;
                }
                for (&x, row) in x.iter().zip(y.chunks_exact_mut(at.row)) {
                    row.fill(MaybeUninit::new(x));
                }
            }

            /// As `map2`, with one number per row as the second operand.
            $(#[$feature])?
            pub(in crate::kernels::loops) unsafe fn along2<T: Lane, F: Map<T, 2>>(w: &Wiring<T>, at: &Tiles<T>) {
                let n = at.rows * at.row;
                // SAFETY: see `Loop`.
                let (a, b, y) = unsafe { (at.x(w.x[0], n), at.x(w.x[1], at.rows), at.y(w.y, n)) };
                let rows = a.chunks_exact(at.row).zip(b).zip(y.chunks_exact_mut(at.row));
                rows.for_each(|((a, &b), y)| row2::<T, F>(a, b, y));
            }

            /// As `map3`, with one number per row as the second operand.
            $(#[$feature])?
            pub(in crate::kernels::loops) unsafe fn along3<T: Lane, F: Map<T, 3>>(w: &Wiring<T>, at: &Tiles<T>) {
                let n = at.rows * at.row;
                let ([a, b, c], y) =
                    // SAFETY: see `Loop`.
                    unsafe { ([at.x(w.x[0], n), at.x(w.x[1], at.rows), at.x(w.x[2], n)], at.y(w.y, n)) };
                let rows = a.chunks_exact(at.row).zip(b).zip(c.chunks_exact(at.row));
                for (((a, &b), c), y) in rows.zip(y.chunks_exact_mut(at.row)) {
                    row3::<T, F>(a, b, c, y);
                }
            }

            $(#[$feature])?
            #[inline(never)]
            fn row2<T: Lane, F: Map<T, 2>>(a: &[T], b: T, y: &mut [MaybeUninit<T>]) {
                for (y, &a) in y.iter_mut().zip(a) {
                    y.write(F::f([a, b], T::default()));
                }
            }

            $(#[$feature])?
            #[inline(never)]
            fn row3<T: Lane, F: Map<T, 3>>(a: &[T], b: T, c: &[T], y: &mut [MaybeUninit<T>]) {
                for (y, (&a, &c)) in y.iter_mut().zip(a.iter().zip(c)) {
                    y.write(F::f([a, b, c], T::default()));
                }
            }

            /// Adds an operand to the lanes of the result, which have values.
            $(#[$feature])?
            pub(in crate::kernels::loops) unsafe fn to_lanes<T: Lane>(w: &Wiring<T>, at: &Tiles<T>) {
                // SAFETY: see `Loop`; `y` are lanes.
                let (x, lanes) = unsafe { (at.x(w.x[0], at.n), &mut *at.at(w.y).cast::<[T; LANES]>()) };
                tree::add_to_lanes(lanes, x);
            }
        })*
    };
}
instruction_sets! {
    avx512 true #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx512f,avx512dq,avx512vl"))];
    avx2 true #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))];
    baseline false;
}

/// The loop for x86 CPUs without AVX2: one for all functions, which are called. They are so old that what matters is not their
/// speed, but what compiling loops for them would cost everyone.
#[inline(never)]
fn one_by_one<T: Lane, const N: usize>(
    f: fn([T; N], T) -> T,
    x: [&[Chunk<T>]; N],
    y: &mut [Chunk<MaybeUninit<T>>],
    p: T,
) {
    let x = x.map(<[Chunk<T>]>::as_flattened);
    for (i, y) in y.as_flattened_mut().iter_mut().enumerate() {
        y.write(f(x.map(|x| x[i]), p));
    }
}

/// The terms of a row that fill no chunk, beside zeros. No lane of a sum is −0, so adding 0 to it changes nothing.
#[inline(always)]
fn beside_zeros<T: Lane>(row: &[T]) -> Chunk<T> {
    let mut last = [T::default(); LANES];
    for (last, &x) in last.iter_mut().zip(row.as_chunks::<LANES>().1) {
        *last = *last + x;
    }
    last
}

/// The sums of rows of a few elements, and of rows that are longer than a block.
#[inline(always)]
fn other_row_sums<T: Lane>(x: &[T], row: usize, y: &mut [MaybeUninit<T>]) {
    match row {
        2 => few_sums::<T, 2>(x, y),
        3 => few_sums::<T, 3>(x, y),
        4 => few_sums::<T, 4>(x, y),
        _ => {
            for (y, row) in y.iter_mut().zip(x.chunks_exact(row)) {
                y.write(tree::sum(row));
            }
        }
    }
}

/// The sums of rows of at most four elements, such as small windows: what is left of the tree without the lanes that stay zero.
#[inline(always)]
fn few_sums<T: Lane, const N: usize>(x: &[T], y: &mut [MaybeUninit<T>]) {
    for (y, row) in y.iter_mut().zip(x.as_chunks::<N>().0) {
        let lane = |i: usize| T::default() + row.get(i).copied().unwrap_or_default();
        y.write((lane(0) + lane(2)) + (lane(1) + lane(3)));
    }
}

/// The largest element, given the largest of each lane; NaN where one is.
#[inline(always)]
fn largest<T: Lane>(mut lanes: Chunk<T>, nans: Chunk<T>) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = larger(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    let nan = tree::fold(nans);
    if is_nan(nan) { nan } else { lanes[0] }
}

#[inline(always)]
fn nan_or<T: Lane>(x: T, other: T) -> T {
    if is_nan(x) { x } else { other }
}

#[inline(always)]
fn larger<T: Lane>(a: T, b: T) -> T {
    if b > a { b } else { a }
}

#[expect(clippy::eq_op, reason = "what differs from itself is NaN")]
#[inline(always)]
fn is_nan<T: Lane>(x: T) -> bool {
    x != x
}
