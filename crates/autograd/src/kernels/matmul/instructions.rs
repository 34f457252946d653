//! The loops, compiled for each instruction set and kept in tables of functions. The code that calls them is compiled only
//! once.
#![expect(unsafe_code, reason = "functions compiled for an instruction set, on raw pointers")]

use super::block::{Block, TileFn};
use super::few_terms;
use super::micro::{dots, row, scalar, tap_tile, tile, tile_of_taps};
use super::pack::{Panel, pack};
use super::vector::{Fused, Plain, Vector};
#[cfg(target_arch = "x86_64")]
use crate::kernels::simd::{Set, allows};

/// The functions of one instruction set.
///
/// # Safety
/// The CPU has the instruction set. Pointers and strides stay within their buffers for every row, column and k. `rows` and
/// `columns` are at least 1 and at most those of the tile.
pub(super) struct Kernels<T: 'static> {
    pub(super) lanes: usize,
    /// The heights of tiles, ascending.
    pub(super) heights: [usize; 3],
    /// Tiles by height and by width, which is one or two vectors. A may have any strides.
    pub(super) tiles: [[TileFn<T>; 2]; 3],
    /// The same where the row stride of A is 1 and the tile has all its rows.
    pub(super) unit_tiles: [[TileFn<T>; 2]; 3],
    /// Any number of rows and columns, any strides; one number at a time.
    pub(super) scalar: TileFn<T>,
    /// One row of C, up to four vectors wide.
    pub(super) row: TileFn<T>,
    /// A whole product with few terms and few columns: see [`few_terms`].
    pub(super) few_terms: TileFn<T>,
    /// Scalar products, where both operands are contiguous along k: a block of them, and a single column.
    pub(super) dots: [TileFn<T>; 2],
    /// Rows and columns of the block of scalar products.
    pub(super) dot_shape: [usize; 2],
    pub(super) pack: unsafe fn(&Panel<T>),
    /// Over taps: tiles as `unit_tiles`, one row as `row`, scalar products as `dots`, where the rows or the columns of B begin
    /// at offsets.
    pub(super) tap_tiles: [[TileFn<T>; 2]; 3],
    pub(super) tap_row: TileFn<T>,
    /// The highest tiles by width, where the rows of A begin at offsets.
    pub(super) tiles_of_taps: [TileFn<T>; 2],
    pub(super) tap_dots: [TileFn<T>; 2],
    pub(super) tap_dot_shapes: [[usize; 2]; 2],
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
                number: scalar::<$T>, one: row::<$V, false>, few: few_terms::product::<$V>,
                block: dots::<$V, $r, $c, $l, false>, column: dots::<$V, $r1, 1, $l, false>,
                p00: tap_tile::<$V, $h0, 1>, p01: tap_tile::<$V, $h0, 2>,
                p10: tap_tile::<$V, $h1, 1>, p11: tap_tile::<$V, $h1, 2>,
                p20: tap_tile::<$V, $h2, 1>, p21: tap_tile::<$V, $h2, 2>,
                tap_one: row::<$V, true>,
                of_taps_1: tile_of_taps::<$V, $h2, 1>, of_taps_2: tile_of_taps::<$V, $h2, 2>,
                tap_block: dots::<$V, $r, $c, $l, true>, tap_line: dots::<$V, 1, 5, $l, true>);
            $(#[$features])?
            unsafe fn panel(x: &Panel<$T>) {
                // SAFETY: the caller's promise, passed on.
                unsafe { pack::<$V, $lanes>(x) }
            }
            Kernels {
                lanes: $lanes,
                heights: [$h0, $h1, $h2],
                tiles: [[t00, t01], [t10, t11], [t20, t21]],
                unit_tiles: if <$V as Vector>::SPECIAL {
                    [[u00, u01], [u10, u11], [u20, u21]]
                } else {
                    [[t00, t01], [t10, t11], [t20, t21]]
                },
                scalar: number,
                row: one,
                few_terms: few,
                dots: [block, if $c == 1 && $r == $r1 { block } else { column }],
                dot_shape: [$r, $c],
                pack: panel,
                tap_tiles: [[p00, p01], [p10, p11], [p20, p21]],
                tap_row: tap_one,
                tiles_of_taps: [of_taps_1, of_taps_2],
                tap_dots: [tap_block, tap_line],
                tap_dot_shapes: [[$r, $c], [1, 5]],
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
pub(crate) trait Multiply: Fused + Send + Sync {
    /// The kernels for this CPU.
    #[doc(hidden)]
    fn kernels() -> Table<Self>;
    /// The kernels of each instruction set that this CPU has, the best first.
    #[cfg(test)]
    fn all_kernels() -> Vec<Table<Self>>;
}

/// A table of kernels whose instruction set this CPU has.
#[derive(Clone, Copy)]
pub(crate) struct Table<T: 'static>(pub(super) &'static Kernels<T>);

macro_rules! multiply {
    ($T:ty, $avx512:ident, $avx2:ident, $plain:ident) => {
        impl Multiply for $T {
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
