//! The loops over contiguous values: one per row of the table, per comparison, per pair of operations and per reduction
//! of rows, each compiled once for every instruction set. Eager execution and fused kernels share them.
//!
//! A loop is a function pointer: which one it is, for which instruction set, is looked up once and not for each tile.

#![expect(unsafe_code, reason = "operands come as pointers, so that one type of function serves all loops")]

mod sets;
#[cfg(test)]
mod tests;

use super::simd::{Isa, Set};
use crate::code::{Act, Arithmetic, Joint, Slot};
use crate::dtype::Float;
use crate::ir::{Binary, Compare, Unary};
use crate::number::{BinaryRow, Digits, Num, UnaryRow};
use crate::rows::{self, VisitBinary, VisitUnary};
use crate::table::{cell, compare_table};
use crate::tree::LANES;
use sets::{avx2, avx512, baseline};
use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// What a loop works on, in numbers of tiles, and the function's parameter, where it has one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wiring<T> {
    pub(crate) x: [Slot; 3],
    pub(crate) y: Slot,
    /// Where loops of several results write the others.
    pub(crate) more: [Slot; 2],
    pub(crate) p: T,
}

/// Where the tiles are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tiles<T> {
    pub(crate) table: *const *mut T,
    /// The element of each tile that is the first, and how many there are: a multiple of [`LANES`], but for sums of all.
    pub(crate) start: usize,
    pub(crate) n: usize,
    /// For reductions of rows: how many, and how long.
    pub(crate) rows: usize,
    pub(crate) row: usize,
}

/// # Safety
/// The table has a pointer for each number in the wiring that the loop uses. The operands that it reads have `n`
/// elements from `start` on; results have room for as many and overlap neither operands nor each other. A reduction of
/// rows reads `rows·row` elements and writes `rows`; a repetition along rows the other way round.
pub(crate) type Loop<T> = unsafe fn(&Wiring<T>, &Tiles<T>);

/// What is computed in: `f32` or `f64`.
pub(crate) trait Lane: Float + Digits<Mask = bool> + Send + Sync {
    /// The loop of a function of one argument.
    fn unary(f: Unary) -> Loop<Self> {
        f.visit(Values::<Self>(PhantomData))
    }
    /// The loop of a function of two arguments.
    fn binary(f: Binary) -> Loop<Self> {
        f.visit(Values::<Self>(PhantomData))
    }
    /// The loop of a cotangent times the slope of a function, given argument, value and cotangent, where it has one.
    fn slope(f: Unary) -> Option<Loop<Self>> {
        f.visit(Slopes::<Self>(PhantomData))
    }
    /// The loop of a comparison: 1 where it holds, else 0.
    fn compare(f: Compare) -> Loop<Self> {
        compare_loop(f)
    }
    /// The loop of two operations in one pass, each rounded as if alone.
    fn pair(f: Arithmetic, g: Joint) -> Loop<Self> {
        pair_loop(f, g)
    }
}
impl Lane for f32 {}
impl Lane for f64 {}

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

impl<T> Tiles<T> {
    /// So many elements, from the first on, without rows.
    #[inline(always)]
    pub(crate) fn of(table: *const *mut T, n: usize) -> Tiles<T> {
        Tiles { table, start: 0, n, rows: 0, row: 0 }
    }

    /// # Safety
    /// See [`Loop`].
    #[inline(always)]
    unsafe fn at(&self, slot: Slot) -> *mut T {
        // SAFETY: the caller's promise.
        unsafe { (*self.table.add(slot as usize)).add(self.start) }
    }

    /// The first `n` elements of an operand.
    ///
    /// # Safety
    /// See [`Loop`].
    #[inline(always)]
    unsafe fn x(&self, slot: Slot, n: usize) -> &[T] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.at(slot), n) }
    }

    /// Room for the first `n` elements of a result.
    ///
    /// # Safety
    /// See [`Loop`].
    #[expect(clippy::mut_from_ref, reason = "each result lies behind a pointer of its own")]
    #[inline(always)]
    unsafe fn y(&self, slot: Slot, n: usize) -> &mut [MaybeUninit<T>] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.at(slot).cast(), n) }
    }

    /// An operand in whole chunks.
    ///
    /// # Safety
    /// See [`Loop`].
    #[inline(always)]
    unsafe fn chunks(&self, slot: Slot) -> &[Chunk<T>] {
        debug_assert!(self.n.is_multiple_of(LANES));
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.at(slot).cast(), self.n / LANES) }
    }

    /// Room for a result in whole chunks.
    ///
    /// # Safety
    /// See [`Loop`].
    #[expect(clippy::mut_from_ref, reason = "each result lies behind a pointer of its own")]
    #[inline(always)]
    unsafe fn room(&self, slot: Slot) -> &mut [Chunk<MaybeUninit<T>>] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.at(slot).cast(), self.n / LANES) }
    }
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

/// The loop for vectors of 256 bits where this CPU has them, also if it has wider ones.
macro_rules! narrower {
    ($name:ident::<$($T:ty),*>) => {
        match Isa::widest().set() {
            Set::Avx512 | Set::Avx2 => avx2::$name::<$($T),*> as Loop<_>,
            Set::Baseline => baseline::$name::<$($T),*> as Loop<_>,
        }
    };
}

/// The value of a row of the table as a map, and its slope: g·f′(x), of x, y = f(x) and g.
struct Value<F>(F);
struct Slope<F>(F);

impl<T: Lane, F: UnaryRow> Map<T, 1> for Value<F> {
    const GUARDED: bool = F::GUARDED;
    #[inline(always)]
    fn f([x]: [T; 1], p: T) -> T {
        F::value(Num(x), Num(p)).0
    }
    #[inline(always)]
    fn near([x]: [T; 1], p: T) -> T {
        F::near(Num(x), Num(p)).0
    }
}

impl<T: Lane, F: BinaryRow> Map<T, 2> for Value<F> {
    #[inline(always)]
    fn f([a, b]: [T; 2], _: T) -> T {
        F::value(Num(a), Num(b)).0
    }
}

/// The operations and their order are those that the recorded rule takes, so no bit differs. A parameter is left to the rule.
impl<T: Lane, F: UnaryRow> Map<T, 3> for Slope<F> {
    #[inline(always)]
    fn f([x, y, g]: [T; 3], _: T) -> T {
        rows::times(F::ZEROS[0], F::slope(Num(x), Num(y), 0.0), g)
    }
}

/// Looks up the loop of a row.
struct Values<T>(PhantomData<T>);
struct Slopes<T>(PhantomData<T>);

impl<T: Lane> VisitUnary for Values<T> {
    type Output = Loop<T>;
    fn row<F: UnaryRow>(self, _: f64) -> Loop<T> {
        if F::RARE { narrower!(map1::<T, Value<F>>) } else { widest!(map1::<T, Value<F>>) }
    }
}
impl<T: Lane> VisitBinary for Values<T> {
    type Output = Loop<T>;
    fn row<F: BinaryRow>(self) -> Loop<T> {
        widest!(map2::<T, Value<F>>)
    }
}
impl<T: Lane> VisitUnary for Slopes<T> {
    type Output = Option<Loop<T>>;
    fn row<F: UnaryRow>(self, _: f64) -> Option<Loop<T>> {
        if F::ONE_PASS { Some(widest!(map3::<T, Slope<F>>)) } else { None }
    }
}

macro_rules! compare_maps {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident| $columns:tt)*) => {
        mod compare_rows {
            use super::*;
            $(pub(super) struct $Row;
            impl<T: Lane> Map<T, 2> for $Row {
                #[inline(always)]
                fn f([$a, $b]: [T; 2], _: T) -> T {
                    truth(cell!(value $columns))
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
        Act::SigmoidAndSlope { .. } => widest!(sigmoid_and_slope::<T>),
        Act::TanhAndSlope { .. } => widest!(tanh_and_slope::<T>),
        Act::Select(..) => widest!(map3::<T, Chosen>),
        Act::RowSum(_) => widest!(row_sum::<T>),
        Act::RowMax(_) => widest!(row_max::<T>),
        Act::Spread(_) => widest!(spread::<T>),
        Act::Total(_) => widest!(to_lanes::<T>),
    }
}

/// The loop of a step whose second operand has one number per row instead of one per element, where it has such a loop: of those
/// with which rows are centred and scaled.
pub(crate) fn along_rows<T: Lane>(act: Act) -> Option<Loop<T>> {
    Some(match act {
        Act::Binary(Binary::Add, ..) => widest!(along2::<T, Value<rows::Add>>),
        Act::Binary(Binary::Sub, ..) => widest!(along2::<T, Value<rows::Sub>>),
        Act::Binary(Binary::Mul, ..) => widest!(along2::<T, Value<rows::Mul>>),
        Act::Binary(Binary::Div, ..) => widest!(along2::<T, Value<rows::Div>>),
        Act::Pair(Arithmetic::Sub, Joint::Mul, _) => widest!(along3::<T, SubMul>),
        Act::Pair(Arithmetic::Mul, Joint::Mul, _) => widest!(along3::<T, MulMul>),
        Act::Pair(Arithmetic::Mul, Joint::Add, _) => widest!(along3::<T, MulAdd>),
        _ => return None,
    })
}

/// A truth value as a number.
#[inline(always)]
pub(crate) fn truth<T: Lane>(is: bool) -> T {
    let one = T::from_f64(1.0);
    if is { one } else { T::default() }
}

/// Writes what a loop makes of contiguous operands of equal lengths.
pub(crate) fn fill<T: Lane, const N: usize>(f: Loop<T>, p: f64, x: [&[T]; N], out: &mut [T]) {
    let n = out.len();
    assert!(x.iter().all(|x| x.len() == n), "operands and result of one length");
    let wiring = Wiring { x: [0, 1, 2], y: 3, more: [3; 2], p: T::from_f64(p) };
    let y = out.as_mut_ptr();
    let mut table = [y; 4];
    for (place, x) in table.iter_mut().zip(x) {
        *place = x.as_ptr().cast_mut();
    }
    let whole = Tiles::of(table.as_ptr(), n / LANES * LANES);
    // SAFETY: operands and result have n elements.
    unsafe {
        match n {
            0 => {}
            1..LANES => fill_few(f, &wiring, x, y),
            _ => {
                f(&wiring, &whole);
                if n > whole.n {
                    // What is left over is done in whole lanes too: those that end with the operands.
                    f(&wiring, &Tiles { start: n - LANES, n: LANES, ..whole });
                }
            }
        }
    }
}

/// Few elements are done in whole lanes beside, of which a part is kept.
///
/// # Safety
/// As for [`fill`]'s loop, with operands of less than [`LANES`] elements, and room for as many.
#[inline(always)]
unsafe fn fill_few<T: Lane, const N: usize>(f: Loop<T>, wiring: &Wiring<T>, x: [&[T]; N], y: *mut T) {
    let mut rest = [[T::from_f64(1.0); LANES]; N];
    let mut last = [T::default(); LANES];
    let mut table = [last.as_mut_ptr(); 4];
    for ((place, rest), x) in table.iter_mut().zip(&mut rest).zip(x) {
        rest.iter_mut().zip(x).for_each(|(r, &x)| *r = x);
        *place = rest.as_mut_ptr();
    }
    // SAFETY: operands and result have LANES elements; the rest is the caller's promise.
    unsafe {
        f(wiring, &Tiles::of(table.as_ptr(), LANES));
        std::ptr::copy_nonoverlapping(last.as_ptr(), y, x[0].len());
    }
}
