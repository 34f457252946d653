//! The loops over contiguous values: one per row of the table, per comparison, per pair of operations and per reduction
//! of rows, each compiled once for every instruction set. Eager execution and fused kernels share them.
//!
//! A loop is a function pointer: which one it is, for which instruction set, is looked up once and not for each tile.

#![expect(unsafe_code, reason = "operands come as pointers, so that one type of function serves all loops")]

use super::simd::{Isa, Set};
use crate::code::{Act, Arithmetic, Joint};
use crate::dtype::Float;
use crate::ir::{Binary, Compare, Unary};
use crate::math::*;
use crate::table::{binary_table, compare_table, unary_table};
use crate::tree::{self, BLOCK, LANES};
use std::mem::MaybeUninit;

/// The operands of a loop.
pub(crate) struct Args<T> {
    pub(crate) x: [*const T; 3],
    pub(crate) y: *mut T,
    /// Where loops of several results write the others.
    pub(crate) more: [*mut T; 2],
    /// How many elements: a multiple of [`LANES`], but for reductions of rows.
    pub(crate) n: usize,
    /// The function's parameter, where it has one.
    pub(crate) p: T,
    /// For reductions of rows: how many, and how long.
    pub(crate) rows: usize,
    pub(crate) row: usize,
}

/// # Safety
/// The operands that the loop reads have `n` elements; `y` has room for as many and overlaps none of them. A reduction
/// of rows reads `rows·row` elements and writes `rows`; a repetition along rows the other way round.
pub(crate) type Loop<T> = unsafe fn(&Args<T>);

/// What is computed in: `f32` or `f64`.
pub(crate) trait Lane: Float + Scalar + Send + Sync {
    /// The loop of a function of one argument.
    fn unary(f: Unary) -> Loop<Self>;
    /// The loop of a function of two arguments.
    fn binary(f: Binary) -> Loop<Self>;
    /// The loop of a comparison: 1 where it holds, else 0.
    fn compare(f: Compare) -> Loop<Self>;
    /// The loop of two operations in one pass, each rounded as if alone.
    fn pair(f: Arithmetic, g: Joint) -> Loop<Self>;
}

/// A function of N arguments and a parameter.
trait Map<T, const N: usize> {
    fn f(x: [T; N], p: T) -> T;

    /// Whether [`near`](Map::near) may be used for a block where it holds that all are near.
    const GUARDED: bool = false;
    fn near(x: [T; N], p: T) -> T {
        Self::f(x, p)
    }
}

/// A vector of the widest kind, or several of a narrower one.
type Chunk<T> = [T; LANES];

impl<T> Args<T> {
    /// The first `n` elements of an operand.
    ///
    /// # Safety
    /// See [`Loop`].
    #[inline(always)]
    unsafe fn x(&self, i: usize, n: usize) -> &[T] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.x[i], n) }
    }

    /// Room for the first `n` elements of the result.
    ///
    /// # Safety
    /// See [`Loop`].
    #[expect(clippy::mut_from_ref, reason = "the result lies behind a pointer of its own")]
    #[inline(always)]
    unsafe fn y(&self, n: usize) -> &mut [MaybeUninit<T>] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.y.cast(), n) }
    }

    /// An operand in whole chunks.
    ///
    /// # Safety
    /// See [`Loop`].
    #[inline(always)]
    unsafe fn chunks(&self, i: usize) -> &[Chunk<T>] {
        debug_assert!(self.n.is_multiple_of(LANES));
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.x[i].cast(), self.n / LANES) }
    }

    /// Room for a result in whole chunks, at one of the pointers.
    ///
    /// # Safety
    /// See [`Loop`]; results overlap neither operands nor each other.
    #[expect(clippy::mut_from_ref, reason = "each result lies behind a pointer of its own")]
    #[inline(always)]
    unsafe fn room(&self, at: *mut T) -> &mut [Chunk<MaybeUninit<T>>] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(at.cast(), self.n / LANES) }
    }
}

macro_rules! instruction_sets {
    ($($set:ident $(#[$feature:meta])?;)*) => {
        $(mod $set {
            use super::*;

            $(#[$feature])?
            pub(super) unsafe fn map1<T: Lane, F: Map<T, 1>>(args: &Args<T>) {
                // SAFETY: see `Loop`.
                let (x, y) = unsafe { (args.chunks(0), args.room(args.y)) };
                if F::GUARDED && all_near(x.as_flattened()) { near::<T, F>(x, y, args.p) } else { each1::<T, F>(x, y, args.p) }
            }

            $(#[$feature])?
            pub(super) unsafe fn map2<T: Lane, F: Map<T, 2>>(args: &Args<T>) {
                // SAFETY: see `Loop`.
                unsafe { each2::<T, F>(args.chunks(0), args.chunks(1), args.room(args.y), args.p) }
            }

            $(#[$feature])?
            pub(super) unsafe fn map3<T: Lane, F: Map<T, 3>>(args: &Args<T>) {
                // SAFETY: see `Loop`.
                unsafe { each3::<T, F>(args.chunks(0), args.chunks(1), args.chunks(2), args.room(args.y), args.p) }
            }

            $(#[$feature])?
            pub(super) unsafe fn sigmoids<T: Lane>(args: &Args<T>) {
                // SAFETY: see `Loop`.
                unsafe { both_sigmoids(args.chunks(0), args.room(args.y), args.room(args.more[0])) }
            }

            $(#[$feature])?
            pub(super) unsafe fn tanhs<T: Lane>(args: &Args<T>) {
                // SAFETY: see `Loop`.
                unsafe {
                    let [plus, minus] = [args.room(args.more[0]), args.room(args.more[1])];
                    tanh_and_sigmoids(args.chunks(0), args.room(args.y), plus, minus)
                }
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
                    let e = exp_neg_abs(x);
                    let r = recip_1p(e);
                    y.write(sigmoid_from(x, e, r));
                    minus.write(sigmoid_from(-x, e, r));
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
                    let twice = x + x;
                    let e = exp_neg_abs(twice);
                    let r = recip_1p(e);
                    y.write(tanh_from(x, e, r));
                    plus.write(sigmoid_from(twice, e, r));
                    minus.write(sigmoid_from(-twice, e, r));
                }
            }

            $(#[$feature])?
            pub(super) unsafe fn row_sum<T: Lane>(args: &Args<T>) {
                // SAFETY: see `Loop`.
                let (x, y) = unsafe { (args.x(0, args.rows * args.row), args.y(args.rows)) };
                row_sums(x, args.row, y);
            }

            $(#[$feature])?
            pub(super) unsafe fn row_max<T: Lane>(args: &Args<T>) {
                // SAFETY: see `Loop`.
                let (x, y) = unsafe { (args.x(0, args.rows * args.row), args.y(args.rows)) };
                for (y, row) in y.iter_mut().zip(x.chunks_exact(args.row)) {
                    y.write(largest(row));
                }
            }

            $(#[$feature])?
            pub(super) unsafe fn spread<T: Lane>(args: &Args<T>) {
                // SAFETY: see `Loop`.
                let (x, y) = unsafe { (args.x(0, args.rows), args.y(args.rows * args.row)) };
                for (&x, row) in x.iter().zip(y.chunks_exact_mut(args.row)) {
                    row.fill(MaybeUninit::new(x));
                }
            }

            /// Adds `x[0]` to the lanes at `y`, which have values.
            $(#[$feature])?
            pub(super) unsafe fn to_lanes<T: Lane>(args: &Args<T>) {
                // SAFETY: see `Loop`; `y` are lanes.
                let (x, lanes) = unsafe { (args.x(0, args.n), &mut *args.y.cast::<[T; LANES]>()) };
                tree::add_to_lanes(lanes, x);
            }
        })*
    };
}
instruction_sets! {
    avx512 #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx512f,avx512dq,avx512vl"))];
    avx2 #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))];
    baseline;
}

/// The loop for the widest vectors of this CPU.
macro_rules! widest {
    ($name:ident::<$($T:ty),*>) => {
        match Isa::widest().set() {
            Set::Avx512 => avx512::$name::<$($T),*> as Loop<_>,
            Set::Avx2 => avx2::$name::<$($T),*> as Loop<_>,
            Set::Baseline => baseline::$name::<$($T),*> as Loop<_>,
        }
    };
}

macro_rules! unary_maps {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?): |$x:ident, $y:ident| $value:expr, $slope:expr, $domain:expr;)*) => {
        mod unary_rows {
            use super::*;
            $(pub(super) struct $Row;)*
            $(unary_maps!(@map f32 $Row $x ($($p)?) $value); unary_maps!(@map f64 $Row $x ($($p)?) $value);)*
        }
        fn unary_loop<T: Lane>(f: Unary) -> Loop<T>
        where
            $(unary_rows::$Row: Map<T, 1>,)*
            Near<unary_rows::Sin>: Map<T, 1>,
            Near<unary_rows::Cos>: Map<T, 1>,
        {
            if f == Unary::Sin {
                return widest!(map1::<T, Near<unary_rows::Sin>>);
            }
            if f == Unary::Cos {
                return widest!(map1::<T, Near<unary_rows::Cos>>);
            }
            match f {
                $(Unary::$Row { .. } => widest!(map1::<T, unary_rows::$Row>),)*
            }
        }
        /// The parameter of a row that has one.
        pub(crate) fn parameter(f: Unary) -> f64 {
            match f {
                $($(Unary::$Row($p) => $p,)?)*
                _ => 0.0,
            }
        }
    };
    (@map $T:ident $Row:ident $x:ident () $value:expr) => {
        impl Map<$T, 1> for $Row {
            #[inline(always)]
            fn f([$x]: [$T; 1], _: $T) -> $T {
                $value
            }
        }
    };
    (@map $T:ident $Row:ident $x:ident ($p:ident) $value:expr) => {
        impl Map<$T, 1> for $Row {
            #[inline(always)]
            fn f([$x]: [$T; 1], $p: $T) -> $T {
                $value
            }
        }
    };
}
unary_table!(unary_maps);

/// Sine and cosine call the standard library for huge arguments, which keeps a loop from becoming SIMD code; a block
/// without such arguments takes the other way, to the same bits.
struct Near<F>(F);
macro_rules! near {
    ($($T:ident $Row:ident $near:ident;)*) => {
        $(impl Map<$T, 1> for Near<unary_rows::$Row> {
            const GUARDED: bool = true;
            #[inline(always)]
            fn f(x: [$T; 1], p: $T) -> $T {
                <unary_rows::$Row as Map<$T, 1>>::f(x, p)
            }
            #[inline(always)]
            fn near([x]: [$T; 1], _: $T) -> $T {
                $near(x)
            }
        })*
    };
}
near! { f32 Sin sin_near; f64 Sin sin_near; f32 Cos cos_near; f64 Cos cos_near; }

macro_rules! binary_maps {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident, $y:ident| $value:expr, $da:expr, $db:expr, $domain:expr;)*) => {
        mod binary_rows {
            use super::*;
            $(pub(super) struct $Row;)*
            $(binary_maps!(@map f32 $Row $a $b $value); binary_maps!(@map f64 $Row $a $b $value);)*
        }
        fn binary_loop<T: Lane>(f: Binary) -> Loop<T>
        where
            $(binary_rows::$Row: Map<T, 2>,)*
        {
            match f {
                $(Binary::$Row => widest!(map2::<T, binary_rows::$Row>),)*
            }
        }
    };
    (@map $T:ident $Row:ident $a:ident $b:ident $value:expr) => {
        impl Map<$T, 2> for $Row {
            #[inline(always)]
            fn f([$a, $b]: [$T; 2], _: $T) -> $T {
                $value
            }
        }
    };
}
binary_table!(binary_maps);

macro_rules! compare_maps {
    ($($(#[$doc:meta])* $Row:ident $name:ident: |$a:ident, $b:ident| $value:expr;)*) => {
        mod compare_rows {
            use super::*;
            $(pub(super) struct $Row;
            impl<T: Lane> Map<T, 2> for $Row {
                #[inline(always)]
                fn f([$a, $b]: [T; 2], _: T) -> T {
                    truth($value)
                }
            })*
        }
        fn compare_loop<T: Lane>(f: Compare) -> Loop<T> {
            match f {
                $(Compare::$Row => widest!(map2::<T, compare_rows::$Row>),)*
            }
        }
    };
}
compare_table!(compare_maps);

macro_rules! pair_maps {
    ($($First:ident $op:tt: $($Name:ident $Second:ident |$p:ident, $c:ident| $value:expr),*;)*) => {
        $($(struct $Name;
        impl<T: Lane> Map<T, 3> for $Name {
            #[inline(always)]
            fn f([a, b, $c]: [T; 3], _: T) -> T {
                let $p = a $op b;
                $value
            }
        })*)*
        fn pair_loop<T: Lane>(f: Arithmetic, g: Joint) -> Loop<T> {
            match (f, g) {
                $($((Arithmetic::$First, Joint::$Second) => widest!(map3::<T, $Name>),)*)*
            }
        }
    };
}
pair_maps! {
    Add +: AddAdd Add |p, c| p + c, AddSub Sub |p, c| p - c, AddFrom From |p, c| c - p, AddMul Mul |p, c| p * c;
    Sub -: SubAdd Add |p, c| p + c, SubSub Sub |p, c| p - c, SubFrom From |p, c| c - p, SubMul Mul |p, c| p * c;
    Mul *: MulAdd Add |p, c| p + c, MulSub Sub |p, c| p - c, MulFrom From |p, c| c - p, MulMul Mul |p, c| p * c;
}

macro_rules! other_maps {
    ($($Name:ident |$($x:ident),*| [$N:literal] $value:expr;)*) => {
        $(struct $Name;
        impl<T: Lane> Map<T, $N> for $Name {
            #[inline(always)]
            fn f([$($x),*]: [T; $N], _: T) -> T {
                $value
            }
        })*
    };
}
other_maps! {
    Copied |x| [1] x;
    Truth |x| [1] truth(x != T::default());
    Chosen |m, a, b| [3] if m != T::default() { a } else { b };
}

macro_rules! lanes {
    ($($T:ident)*) => {
        $(impl Lane for $T {
            fn unary(f: Unary) -> Loop<$T> {
                unary_loop(f)
            }
            fn binary(f: Binary) -> Loop<$T> {
                binary_loop(f)
            }
            fn compare(f: Compare) -> Loop<$T> {
                compare_loop(f)
            }
            fn pair(f: Arithmetic, g: Joint) -> Loop<$T> {
                pair_loop(f, g)
            }
        })*
    };
}
lanes! { f32 f64 }

/// The loop of a step.
pub(crate) fn of_act<T: Lane>(act: Act) -> Loop<T> {
    match act {
        Act::Unary(f, _) => T::unary(f),
        Act::Binary(f, ..) => T::binary(f),
        Act::Compare(f, ..) => T::compare(f),
        Act::Pair(f, g, _) => T::pair(f, g),
        Act::Copy(_) => widest!(map1::<T, Copied>),
        Act::Truth(_) => widest!(map1::<T, Truth>),
        Act::Sigmoids { .. } => widest!(sigmoids::<T>),
        Act::Tanhs { .. } => widest!(tanhs::<T>),
        Act::Select(..) => widest!(map3::<T, Chosen>),
        Act::RowSum(_) => widest!(row_sum::<T>),
        Act::RowMax(_) => widest!(row_max::<T>),
        Act::Spread(_) => widest!(spread::<T>),
        Act::Total(_) => widest!(to_lanes::<T>),
    }
}

/// A truth value as a number.
#[inline(always)]
fn truth<T: Lane>(is: bool) -> T {
    let one = T::from_f64(1.0);
    if is { one } else { T::default() }
}

/// The sum of each row, several rows at once, so that their additions overlap.
#[inline(always)]
fn row_sums<T: Lane>(x: &[T], row: usize, y: &mut [MaybeUninit<T>]) {
    const AT_ONCE: usize = 4;
    if row > BLOCK {
        for (y, row) in y.iter_mut().zip(x.chunks_exact(row)) {
            y.write(tree::sum(row));
        }
        return;
    }
    let together = y.len() / AT_ONCE * AT_ONCE;
    let (whole, rest) = y.split_at_mut(together);
    for (y, rows) in whole.chunks_exact_mut(AT_ONCE).zip(x.chunks_exact(AT_ONCE * row)) {
        let [(a, a_rest), (b, b_rest), (c, c_rest), (d, d_rest)] =
            std::array::from_fn(|i| rows[i * row..(i + 1) * row].as_chunks::<LANES>());
        let [mut p, mut q, mut r, mut s] = [[T::default(); LANES]; AT_ONCE];
        for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
            for i in 0..LANES {
                p[i] = p[i] + a[i];
                q[i] = q[i] + b[i];
                r[i] = r[i] + c[i];
                s[i] = s[i] + d[i];
            }
        }
        for (y, (lanes, rest)) in y.iter_mut().zip([(p, a_rest), (q, b_rest), (r, c_rest), (s, d_rest)]) {
            let mut lanes = lanes;
            for (lane, &x) in lanes.iter_mut().zip(rest) {
                *lane = *lane + x;
            }
            y.write(tree::fold(lanes));
        }
    }
    for (y, row) in rest.iter_mut().zip(x[together * row..].chunks_exact(row)) {
        y.write(tree::block(row));
    }
}

/// The largest element; NaN where one is. In lanes, so that rows of any length are walked at full width.
#[inline(always)]
fn largest<T: Lane>(row: &[T]) -> T {
    let mut lanes = [row[0]; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = larger(*lane, x);
    }
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = larger(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}

#[expect(clippy::eq_op, reason = "what differs from itself is NaN")]
#[inline(always)]
fn larger<T: Lane>(a: T, b: T) -> T {
    if b > a || b != b { b } else { a }
}

/// Appends what a loop makes of contiguous operands of equal lengths.
pub(crate) fn append<T: Lane, const N: usize>(f: Loop<T>, p: f64, x: [&[T]; N], out: &mut Vec<T>) {
    let n = x[0].len();
    assert!(x.iter().all(|x| x.len() == n), "operands of one length");
    out.reserve(n);
    let whole = n / LANES * LANES;
    let mut args = Args {
        x: [std::ptr::null(); 3],
        y: std::ptr::null_mut(),
        more: [std::ptr::null_mut(); 2],
        n: whole,
        p: T::from_f64(p),
        rows: 0,
        row: 0,
    };
    // What is left over is done in full lanes beside, of which a part is kept.
    let mut rest = [[T::from_f64(1.0); LANES]; 3];
    let mut last = [T::default(); LANES];
    for (i, x) in x.iter().enumerate() {
        args.x[i] = x.as_ptr();
        rest[i][..n - whole].copy_from_slice(&x[whole..]);
    }
    let y = out.spare_capacity_mut().as_mut_ptr().cast::<T>();
    args.y = y;
    // SAFETY: the operands have n elements, and the vector room for as many.
    unsafe {
        f(&args);
        if n > whole {
            let x = [rest[0].as_ptr(), rest[1].as_ptr(), rest[2].as_ptr()];
            f(&Args { x, y: last.as_mut_ptr(), n: LANES, ..args });
            std::ptr::copy_nonoverlapping(last.as_ptr(), y.add(whole), n - whole);
        }
        out.set_len(out.len() + n);
    }
}
