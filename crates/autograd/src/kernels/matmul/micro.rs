//! The innermost loops: a tile of C in registers, a tile of scalar products, and packing. Compiled once for each
//! instruction set and kept in tables of functions, so that what stands above is compiled once.
//!
//! An element of C is one chain of fused multiply-adds over k (tiles), or one for each lane, folded in halves (scalar
//! products): see [`Order`](crate::tree::Order). Neither depends on the size of the tile or of the vectors: all instruction
//! sets give the same bits.
#![expect(unsafe_code, reason = "vector instructions and raw pointers")]
#![expect(clippy::needless_range_loop, reason = "loops over arrays of registers are to be unrolled")]

use super::ahead::{Ahead, Asking};
use super::pack::{Panel, pack};
use super::thin;
use super::vector::{Plain, Vector};
use crate::dtype::Float;
#[cfg(target_arch = "x86_64")]
use crate::kernels::simd::{Set, allows};
use crate::tree::LANES;
use crate::view::View;

/// A block of C and the operands that it is the product of; every stride counts elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<T> {
    pub(super) k: usize,
    pub(super) a: *const T,
    /// From row to row and from column to column of A.
    pub(super) a_strides: [isize; 2],
    pub(super) b: *const T,
    /// From row to row and from column to column of B; a tile takes the latter to be 1.
    pub(super) b_strides: [isize; 2],
    pub(super) c: *mut T,
    /// From row to row of C.
    pub(super) c_stride: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Whether the product is added to C or replaces it.
    pub(super) add: bool,
    /// What a tile asks for: the tile of C that comes next, with the stride of its rows, and other operands.
    pub(super) next_c: *const T,
    pub(super) next_stride: usize,
    pub(super) ahead: [Ahead<T>; 2],
}

impl<T: Copy> Block<T> {
    /// The product of two views, or of the first entries of their batches, written to C row by row without gaps.
    #[inline(always)]
    pub(super) fn of(a: &View<'_, T>, b: &View<'_, T>, c: *mut T) -> Block<T> {
        let lead = a.shape.len() - 2;
        let columns = b.shape[lead + 1];
        Block {
            k: a.shape[lead + 1],
            a: a.data.as_ptr().wrapping_add(a.offset),
            a_strides: [a.strides[lead], a.strides[lead + 1]],
            b: b.data.as_ptr().wrapping_add(b.offset),
            b_strides: [b.strides[lead], b.strides[lead + 1]],
            c,
            c_stride: columns,
            rows: a.shape[lead],
            columns,
            add: false,
            next_c: std::ptr::null(),
            next_stride: columns,
            ahead: [Ahead::nothing(); 2],
        }
    }
}

pub(super) type TileFn<T> = unsafe fn(&Block<T>);

/// The functions of one instruction set.
///
/// # Safety
/// To call one takes a CPU with the instruction set, and pointers and strides that stay within their buffers for every
/// row, column and k; `rows` and `columns` at least 1 and at most those of the tile.
pub(super) struct Kernels<T: 'static> {
    pub(super) lanes: usize,
    /// Heights of tiles, ascending.
    pub(super) heights: [usize; 3],
    /// By height, then one or two vectors wide; any strides of A.
    pub(super) tiles: [[TileFn<T>; 2]; 3],
    /// The same where rows of A lie side by side and all rows of the tile are there to be read.
    pub(super) unit_tiles: [[TileFn<T>; 2]; 3],
    /// Any rows and columns, any strides, one number at a time.
    pub(super) scalar: TileFn<T>,
    /// One row of C, up to four vectors wide.
    pub(super) row: TileFn<T>,
    /// A whole product of few terms and columns: see [`thin`].
    pub(super) thin: TileFn<T>,
    /// Scalar products: both operands contiguous along k. As a block, and as a single column.
    pub(super) dots: [TileFn<T>; 2],
    /// Rows and columns of the block of scalar products.
    pub(super) dot_shape: [usize; 2],
    pub(super) pack: unsafe fn(&Panel<T>),
}

/// The tile of `MR` rows and `NV` vectors.
#[inline(always)]
unsafe fn tile<V: Vector, const MR: usize, const NV: usize, const UNIT: bool>(x: &Block<V::Element>) {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        if x.columns == NV * V::LANES {
            tile_of::<V, MR, NV, UNIT, false>(x);
        } else {
            tile_of::<V, MR, NV, UNIT, true>(x);
        }
    }
}

#[inline(always)]
unsafe fn tile_of<V: Vector, const MR: usize, const NV: usize, const UNIT: bool, const EDGE: bool>(
    x: &Block<V::Element>,
) {
    let (rows, last) = (x.rows, x.columns - (NV - 1) * V::LANES);
    // Rows that are not there repeat the last one and are not stored.
    let mut starts = [x.a; MR];
    // SAFETY: rows below `rows` and columns below `columns` exist, by contract; loads and stores touch no others.
    unsafe {
        for (r, start) in starts.iter_mut().enumerate() {
            *start = x.a.offset(r.min(rows - 1) as isize * x.a_strides[0]);
        }
        let mut sums = [[V::zero(); NV]; MR];
        let (mut a, mut b) = (0, x.b);
        let mut unit = x.a;
        let mut asking = Asking::new(x.next_c, x.next_stride, rows, &x.ahead, x.k);
        for p in 0..x.k {
            asking.step(p);
            let mut right = [V::zero(); NV];
            for v in 0..NV {
                let p = b.add(v * V::LANES);
                right[v] = if EDGE && v == NV - 1 { V::load_first(p, last) } else { V::load(p) };
            }
            for r in 0..MR {
                let left = V::splat(if UNIT { *unit.add(r) } else { *starts[r].offset(a) });
                for v in 0..NV {
                    sums[r][v] = left.mul_add(right[v], sums[r][v]);
                }
            }
            a += x.a_strides[1];
            unit = unit.wrapping_offset(x.a_strides[1]);
            b = b.wrapping_offset(x.b_strides[0]);
        }
        for r in 0..MR {
            if r < rows {
                for v in 0..NV {
                    let c = x.c.add(r * x.c_stride + v * V::LANES);
                    if EDGE && v == NV - 1 {
                        let sum = if x.add { V::load_first(c, last).add(sums[r][v]) } else { sums[r][v] };
                        sum.store_first(c, last);
                    } else {
                        let sum = if x.add { V::load(c).add(sums[r][v]) } else { sums[r][v] };
                        sum.store(c);
                    }
                }
            }
        }
    }
}

/// The same sums without vectors.
#[inline(always)]
unsafe fn scalar<T: Multiply>(x: &Block<T>) {
    for i in 0..x.rows {
        for j in 0..x.columns {
            let mut a = x.a.wrapping_offset(i as isize * x.a_strides[0]);
            let mut b = x.b.wrapping_offset(j as isize * x.b_strides[1]);
            let mut sum = T::default();
            for _ in 0..x.k {
                // SAFETY: row, column and k exist, by contract.
                sum = unsafe { (*a).fused(*b, sum) };
                a = a.wrapping_offset(x.a_strides[1]);
                b = b.wrapping_offset(x.b_strides[0]);
            }
            // SAFETY: row and column exist, by contract.
            unsafe { *x.c.add(i * x.c_stride + j) = sum };
        }
    }
}

/// One row of C, of up to four vectors.
#[inline(always)]
unsafe fn row<V: Vector>(x: &Block<V::Element>) {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        match x.columns.div_ceil(V::LANES) {
            1 => tile::<V, 1, 1, false>(x),
            2 => tile::<V, 1, 2, false>(x),
            3 => tile::<V, 1, 3, false>(x),
            _ => tile::<V, 1, 4, false>(x),
        }
    }
}

/// `R`·`C` scalar products along k, each in [`LANES`] lanes: in `L` vectors.
#[inline(always)]
unsafe fn dots<V: Vector, const R: usize, const C: usize, const L: usize>(x: &Block<V::Element>) {
    const { assert!(L * V::LANES == LANES) };
    // SAFETY: rows, columns and k exist, by contract; loads touch no others.
    unsafe {
        let mut left = [x.a; R];
        for (r, p) in left.iter_mut().enumerate() {
            *p = x.a.offset(r.min(x.rows - 1) as isize * x.a_strides[0]);
        }
        let mut right = [x.b; C];
        for (c, p) in right.iter_mut().enumerate() {
            *p = x.b.offset(c.min(x.columns - 1) as isize * x.b_strides[1]);
        }
        let mut sums = [[[V::zero(); L]; C]; R];
        let mut p = 0;
        while p + LANES <= x.k {
            for l in 0..L {
                let at = p + l * V::LANES;
                let mut b = [V::zero(); C];
                for c in 0..C {
                    b[c] = V::load(right[c].add(at));
                }
                for r in 0..R {
                    let a = V::load(left[r].add(at));
                    for c in 0..C {
                        sums[r][c][l] = a.mul_add(b[c], sums[r][c][l]);
                    }
                }
            }
            p += LANES;
        }
        for l in 0..L {
            let at = p + l * V::LANES;
            if at < x.k {
                let n = V::LANES.min(x.k - at);
                for r in 0..R {
                    let a = V::load_first(left[r].add(at), n);
                    for c in 0..C {
                        sums[r][c][l] = a.mul_add(V::load_first(right[c].add(at), n), sums[r][c][l]);
                    }
                }
            } else if p < x.k {
                // Terms of 0·0, which the vector of the last terms has beside them.
                for r in 0..R {
                    for c in 0..C {
                        sums[r][c][l] = sums[r][c][l].add(V::zero());
                    }
                }
            }
        }
        for r in 0..R {
            for c in 0..C {
                if r < x.rows && c < x.columns {
                    let sum = fold::<V, L>(sums[r][c]);
                    let at = x.c.add(r * x.c_stride + c);
                    *at = if x.add { *at + sum } else { sum };
                }
            }
        }
    }
}

/// The sum of all lanes, folded in halves.
#[inline(always)]
unsafe fn fold<V: Vector, const L: usize>(mut x: [V; L]) -> V::Element {
    let mut half = L / 2;
    // SAFETY: the instruction set is there, by contract.
    unsafe {
        while half > 0 {
            for l in 0..half {
                x[l] = x[l].add(x[l + half]);
            }
            half /= 2;
        }
        x[0].fold()
    }
}

/// A table of kernels, each compiled with the given CPU features.
macro_rules! kernels {
    ($name:ident, $T:ty, $V:ty, $(#[$features:meta])?
     lanes: $lanes:literal, heights: $h0:literal $h1:literal $h2:literal,
     dots: $r:literal $c:literal $r1:literal, partial: $l:literal) => {
        pub(super) static $name: Kernels<$T> = {
            kernels!(@fns $T, $(#[$features])?
                t00: tile::<$V, $h0, 1, false>, t01: tile::<$V, $h0, 2, false>,
                t10: tile::<$V, $h1, 1, false>, t11: tile::<$V, $h1, 2, false>,
                t20: tile::<$V, $h2, 1, false>, t21: tile::<$V, $h2, 2, false>,
                u00: tile::<$V, $h0, 1, true>, u01: tile::<$V, $h0, 2, true>,
                u10: tile::<$V, $h1, 1, true>, u11: tile::<$V, $h1, 2, true>,
                u20: tile::<$V, $h2, 1, true>, u21: tile::<$V, $h2, 2, true>,
                number: scalar::<$T>, one: row::<$V>, few: thin::product::<$V>,
                block: dots::<$V, $r, $c, $l>, column: dots::<$V, $r1, 1, $l>);
            $(#[$features])?
            unsafe fn panel(x: &Panel<$T>) {
                // SAFETY: the caller's promise, passed on.
                unsafe { pack::<$V, $lanes>(x) }
            }
            Kernels {
                lanes: $lanes,
                heights: [$h0, $h1, $h2],
                tiles: [[t00, t01], [t10, t11], [t20, t21]],
                unit_tiles: [[u00, u01], [u10, u11], [u20, u21]],
                scalar: number,
                row: one,
                thin: few,
                dots: [block, column],
                dot_shape: [$r, $c],
                pack: panel,
            }
        };
    };
    (@fns $T:ty, $(#[$features:meta])? $($f:ident: $body:expr),*) => {
        kernels!(@each $T, [$(#[$features])?] $($f: $body),*);
    };
    (@each $T:ty, $features:tt $($f:ident: $body:expr),*) => {
        $(kernels!(@one $T, $features $f: $body);)*
    };
    (@one $T:ty, [$(#[$features:meta])?] $f:ident: $body:expr) => {
        $(#[$features])?
        unsafe fn $f(x: &Block<$T>) {
            // SAFETY: the caller's promise, passed on.
            unsafe { $body(x) }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;
    use crate::kernels::matmul::vector::{Avx2, Avx512};
    use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};

    kernels!(AVX512_F32, f32, Avx512<__m512>, #[target_feature(enable = "avx512f,avx512dq,avx512vl,fma")]
        lanes: 16, heights: 4 8 12, dots: 4 4 4, partial: 1);
    kernels!(AVX512_F64, f64, Avx512<__m512d>, #[target_feature(enable = "avx512f,avx512dq,avx512vl,fma")]
        lanes: 8, heights: 4 8 12, dots: 4 2 4, partial: 2);
    kernels!(AVX2_F32, f32, Avx2<__m256>, #[target_feature(enable = "avx2,fma")]
        lanes: 8, heights: 2 4 6, dots: 2 2 2, partial: 2);
    kernels!(AVX2_F64, f64, Avx2<__m256d>, #[target_feature(enable = "avx2,fma")]
        lanes: 4, heights: 2 4 6, dots: 2 1 2, partial: 4);
}

kernels!(PLAIN_F32, f32, Plain<f32>, lanes: 4, heights: 2 4 6, dots: 2 1 2, partial: 4);
kernels!(PLAIN_F64, f64, Plain<f64>, lanes: 4, heights: 2 4 6, dots: 2 1 2, partial: 4);

/// Element types of products.
pub(crate) trait Multiply: Float + Send + Sync {
    /// self·b + c, rounded once.
    #[doc(hidden)]
    fn fused(self, b: Self, c: Self) -> Self;
    /// The kernels for this CPU.
    #[doc(hidden)]
    fn kernels() -> Table<Self>;
    /// The kernels of each instruction set that this CPU has, the best first.
    #[cfg(test)]
    fn all_kernels() -> Vec<Table<Self>>;
}

/// A table whose instruction set this CPU has.
#[derive(Clone, Copy)]
pub(crate) struct Table<T: 'static>(pub(super) &'static Kernels<T>);

macro_rules! multiply {
    ($T:ty, $avx512:ident, $avx2:ident, $plain:ident) => {
        impl Multiply for $T {
            #[inline(always)]
            fn fused(self, b: $T, c: $T) -> $T {
                self.mul_add(b, c)
            }
            #[inline]
            fn kernels() -> Table<$T> {
                #[cfg(target_arch = "x86_64")]
                {
                    if has_avx512() {
                        return Table(&x86::$avx512);
                    }
                    if has_avx2() {
                        return Table(&x86::$avx2);
                    }
                }
                Table(&$plain)
            }
            #[cfg(test)]
            fn all_kernels() -> Vec<Table<$T>> {
                let mut all = vec![];
                #[cfg(target_arch = "x86_64")]
                {
                    all.extend(has_avx512().then_some(Table(&x86::$avx512)));
                    all.extend(has_avx2().then_some(Table(&x86::$avx2)));
                }
                all.push(Table(&$plain));
                all
            }
        }
    };
}
multiply!(f32, AVX512_F32, AVX2_F32, PLAIN_F32);
multiply!(f64, AVX512_F64, AVX2_F64, PLAIN_F64);

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_avx512() -> bool {
    allows(Set::Avx512)
        && std::is_x86_feature_detected!("avx512f")
        && std::is_x86_feature_detected!("avx512dq")
        && std::is_x86_feature_detected!("avx512vl")
        && std::is_x86_feature_detected!("fma")
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_avx2() -> bool {
    allows(Set::Avx2) && std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma")
}
