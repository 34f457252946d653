//! Every way through the kernels, against the definition.

mod order;

use super::instructions::{Multiply, Table};
use super::product::Product;
use super::*;
use crate::dtype::Float;
use crate::tree::{DEPTH, Order, chain_length};
use std::sync::Mutex;

/// An operand: numbers, and the layout of a matrix in them.
struct Operand<T> {
    data: Vec<T>,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<isize>,
}

impl<T: Float> Operand<T> {
    fn view(&self) -> View<'_, T> {
        View { data: &self.data, offset: self.offset, shape: &self.shape, strides: &self.strides }
    }

    /// Element i, j of an entry of the batch.
    fn at(&self, entry: usize, i: usize, j: usize) -> f64 {
        let (mut rest, mut steps) = (entry, 0);
        let (lead, &[row, column]) = self.strides.split_last_chunk().unwrap();
        for (&d, s) in self.shape[..lead.len()].iter().zip(lead).rev() {
            steps += (rest % d) as isize * s;
            rest /= d;
        }
        steps += i as isize * row + j as isize * column;
        self.data[self.offset.wrapping_add_signed(steps)].to_f64()
    }
}

/// The layouts of an operand in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Layout {
    Rows,
    Columns,
    /// Rows of a wider array, from the second element on.
    Wide,
    /// Every second element.
    Sparse,
    /// Rows and columns from the last to the first.
    Backwards,
    /// The same row again and again.
    SameRow,
    /// One number.
    Same,
}

const LAYOUTS: [Layout; 7] = [
    Layout::Rows,
    Layout::Columns,
    Layout::Wide,
    Layout::Sparse,
    Layout::Backwards,
    Layout::SameRow,
    Layout::Same,
];

fn operand<T: Float>(shape: &[usize], layout: Layout, seed: usize) -> Operand<T> {
    let (lead, [rows, columns]) = shape.split_last_chunk::<2>().unwrap();
    let (r, c) = (*rows as isize, *columns as isize);
    let (last, entry, offset) = match layout {
        Layout::Rows => ([c, 1], r * c, 0),
        Layout::Columns => ([1, r], r * c, 0),
        Layout::Wide => ([c + 5, 1], r * (c + 5), 1),
        Layout::Sparse => ([2 * c, 2], 2 * r * c, 0),
        Layout::Backwards => ([-c, -1], r * c, (r * c - 1).max(0)),
        Layout::SameRow => ([0, 1], c, 0),
        Layout::Same => ([0, 0], 1, 0),
    };
    let mut strides = vec![entry; lead.len()];
    for i in (1..lead.len()).rev() {
        strides[i - 1] = strides[i] * lead[i] as isize;
    }
    strides.extend(last);
    let length = lead.iter().product::<usize>() * entry as usize + offset as usize + 1;
    let number = |i: usize| T::from_f64(((i + seed) as f64 * 0.618_033_988_749).fract() - 0.5);
    Operand {
        data: (0..length).map(number).collect(),
        offset: offset as usize,
        shape: shape.to_vec(),
        strides,
    }
}

/// To write a product to.
fn uninit<T: Multiply>(c: &mut [T]) -> &mut [MaybeUninit<T>] {
    // SAFETY: products write numbers, nothing else.
    unsafe { super::uninit(c) }
}

/// Bits, but every NaN counts as the same.
fn bits<T: Float>(x: &[T]) -> Vec<u64> {
    x.iter().map(|x| if x.is_nan() { u64::MAX } else { x.to_f64().to_bits() }).collect()
}

fn product<T: Multiply>(a: &Operand<T>, b: &Operand<T>, table: Table<T>, threads: usize) -> Vec<T> {
    let rank = a.shape.len();
    let length = a.shape[..rank - 1].iter().product::<usize>() * b.shape[rank - 1];
    // Whatever is in C before is overwritten.
    let mut c = vec![T::from_f64(f64::NAN); length];
    let mut scratch = Scratch::default();
    let special = [shortcuts::tiny, shortcuts::few_terms, shortcuts::transposed];
    if threads == 1 && special.iter().any(|way| way(&a.view(), &b.view(), uninit(&mut c), table)) {
        let given = std::mem::replace(&mut c, vec![T::from_f64(f64::NAN); length]);
        Product::new(a.view(), b.view(), uninit(&mut c), table).unwrap().run(&mut scratch, &Workers::new(1));
        assert_eq!(bits(&c), bits(&given), "a special product has the bits of the others");
        return given;
    }
    if let Some(mut product) = Product::new(a.view(), b.view(), uninit(&mut c), table) {
        product.run(&mut scratch, &Workers::new(threads));
    }
    c
}

/// The same product, put together from its tiles; `beside`: how many memories are asked for with them.
fn from_tiles<T: Multiply>(
    a: &Operand<T>,
    b: &Operand<T>,
    table: Table<T>,
    threads: usize,
    beside: usize,
) -> Vec<T> {
    let nan = T::from_f64(f64::NAN);
    let like_c = vec![nan; a.shape[0] * b.shape[1]];
    let memories = [0, 1, 2].map(|i| if i < beside { like_c.as_ptr() } else { std::ptr::null() });
    let c = Mutex::new(like_c.clone());
    let take = |tile: &Tile<'_, T>| {
        let mut c = c.lock().unwrap();
        for (row, values) in tile.values.chunks(tile.columns).enumerate() {
            let part = &mut c[tile.first + row * tile.stride..][..tile.columns];
            assert!(part.iter().all(|x| x.is_nan()), "each element once");
            part.copy_from_slice(values);
        }
    };
    let consumer = TileConsumer { consume: &take, beside: memories };
    Product::consumed(a.view(), b.view(), consumer, table)
        .run(&mut Scratch::default(), &Workers::new(threads));
    c.into_inner().unwrap()
}

fn check<T: Multiply>(batch: &[usize], [m, k, n]: [usize; 3], layouts: [Layout; 2], epsilon: f64) {
    let shape = |rows, columns| [batch, &[rows, columns]].concat();
    let (a, b) = (operand::<T>(&shape(m, k), layouts[0], 1), operand::<T>(&shape(k, n), layouts[1], 7));
    let name = || format!("{batch:?} {m}×{k}×{n} {layouts:?}");
    let c = product(&a, &b, T::kernels(), 1);
    for (place, &got) in c.iter().enumerate() {
        let (entry, i, j) = (place / (m * n), place / n % m, place % n);
        let terms = (0..k).map(|p| a.at(entry, i, p) * b.at(entry, p, j));
        let want: f64 = terms.clone().sum();
        let bound = (k as f64 + 2.0) * epsilon * terms.map(f64::abs).sum::<f64>();
        assert!((got.to_f64() - want).abs() <= bound, "{}: {got} at {i}, {j}, not {want}", name());
    }
    let takes_tiles = batch.is_empty() && (1..=DEPTH).contains(&k) && m * n > 0;
    for table in T::all_kernels() {
        assert_eq!(bits(&product(&a, &b, table, 1)), bits(&c), "{} by other instructions", name());
        if takes_tiles {
            let tiles = from_tiles(&a, &b, table, 1, 1 + m % 3);
            assert_eq!(bits(&tiles), bits(&c), "{} from tiles", name());
        }
    }
    if m * k * n * batch.iter().product::<usize>() > 1 << 19 {
        for threads in [2, 3, 7] {
            assert_eq!(bits(&product(&a, &b, T::kernels(), threads)), bits(&c), "{}, {threads}", name());
            if takes_tiles {
                let tiles = from_tiles(&a, &b, T::kernels(), threads, 3);
                assert_eq!(bits(&tiles), bits(&c), "{} from tiles, {threads}", name());
            }
        }
    }
}

fn check_both(batch: &[usize], size: [usize; 3], layouts: [Layout; 2]) {
    check::<f64>(batch, size, layouts, 1.2e-16);
    check::<f32>(batch, size, layouts, 6e-8);
}

/// The sizes on both sides of every border of tiles, vectors and blocks.
const SIZES: [[usize; 3]; 31] = [
    [1, 15, 1],
    [1, 16, 1],
    [1, 1, 1],
    [1, 3, 1],
    [3, 1, 1],
    [2, 2, 2],
    [0, 3, 2],
    [4, 0, 3],
    [5, 3, 0],
    [5, 3, 2],
    [1, 20, 70],
    [1, 70, 131],
    [70, 20, 1],
    [40, 7, 3],
    [10, 200, 5],
    [20, 16, 2],
    [200, 2, 10],
    [9, 15, 32],
    [203, 10, 5],
    [50, 5, 1],
    [6, 1, 16],
    [3, 33, 3],
    [13, 9, 17],
    [11, 16, 31],
    [25, 40, 33],
    [12, 12, 32],
    [30, 2, 70],
    [9, 300, 40],
    [129, 300, 113],
    [130, 515, 70],
    [300, 130, 90],
];

#[test]
fn every_size_and_layout_agrees_with_the_definition() {
    for size in SIZES {
        for a in LAYOUTS {
            for b in LAYOUTS {
                // Where one product is slow, a few of the pairs are enough.
                if size.iter().product::<usize>() < 1 << 17 || (a as usize + 2 * b as usize).is_multiple_of(7)
                {
                    check_both(&[], size, [a, b]);
                }
            }
        }
    }
}

#[test]
fn batches_agree_with_the_definition() {
    use Layout::*;
    for batch in [&[3usize][..], &[2, 3], &[1, 1, 4], &[0], &[2, 0, 1]] {
        for size in [[1, 1, 1], [5, 3, 2], [4, 0, 3], [13, 40, 35], [3, 33, 3], [2, 5, 1]] {
            for layouts in [[Rows, Rows], [Columns, Rows], [Rows, Columns], [Sparse, Backwards], [Same, Wide]]
            {
                check_both(batch, size, layouts);
            }
        }
    }
    check_both(&[9], [64, 32, 64], [Rows, Columns]);
    check_both(&[2], [150, 300, 70], [Columns, Columns]);
}

/// One entry of the batch again and again, as broadcasting makes it.
#[test]
fn an_operand_may_be_repeated_along_the_batch() {
    let mut a = operand::<f64>(&[4, 6, 5], Layout::Rows, 1);
    let b = operand::<f64>(&[4, 5, 7], Layout::Rows, 2);
    a.strides[0] = 0;
    let c = product(&a, &b, f64::kernels(), 1);
    for entry in 0..4 {
        let want: f64 = (0..5).map(|p| a.at(entry, 3, p) * b.at(entry, p, 2)).sum();
        assert!((c[entry * 42 + 3 * 7 + 2] - want).abs() < 1e-14);
    }
}

#[test]
fn the_second_product_of_the_same_sizes_needs_no_more_room() {
    let (a, b) =
        (operand::<f32>(&[200, 300], Layout::Columns, 1), operand::<f32>(&[300, 400], Layout::Columns, 2));
    let workers = Workers::new(2);
    let mut scratch = Scratch::default();
    let mut c = vec![0.0; 200 * 400];
    matmul(a.view(), b.view(), &mut c, &mut scratch, &workers);
    let held = scratch.bytes();
    assert!(held > 0 && held <= 2 * (scratch_bytes::<f32>(200, 300, 400) + 63));
    matmul(a.view(), b.view(), &mut c, &mut scratch, &workers);
    assert_eq!(scratch.bytes(), held);
    let mut reserved = Scratch::default();
    reserved.reserve(scratch_bytes::<f32>(200, 300, 400), workers.threads());
    let held = reserved.bytes();
    matmul(a.view(), b.view(), &mut c, &mut reserved, &workers);
    assert_eq!(reserved.bytes(), held);
}

#[test]
fn small_products_need_no_room() {
    let mut scratch = Scratch::default();
    for (shape_a, shape_b) in [([10, 2], [2, 200]), ([200, 10], [10, 5]), ([10, 200], [200, 5])] {
        for layout in LAYOUTS {
            let (a, b) = (operand::<f32>(&shape_a, layout, 1), operand::<f32>(&shape_b, layout, 2));
            let mut c = vec![0.0; shape_a[0] * shape_b[1]];
            matmul(a.view(), b.view(), &mut c, &mut scratch, &Workers::default());
        }
    }
    assert_eq!(scratch.bytes(), 0);
}

#[test]
fn a_block_replaces_or_adds_in_chains() {
    for [m, k, n] in SIZES {
        for layouts in LAYOUTS.map(|a| [a, Layout::Wide]) {
            let (a, b) = (operand::<f32>(&[m, k], layouts[0], 1), operand::<f32>(&[k, n], layouts[1], 7));
            let chains = Order::Chains { length: chain_length(k.max(1)) };
            for table in f32::all_kernels() {
                let mut c = vec![f32::NAN; m * n];
                product::unpacked(a.view(), b.view(), &mut c, false, table);
                if m * k * n > 0 {
                    let mut whole = vec![f32::NAN; m * n];
                    let write = uninit(&mut whole);
                    Product::in_order(a.view(), b.view(), write, chains, table)
                        .run(&mut Scratch::default(), &Workers::default());
                    assert_eq!(bits(&c), bits(&whole), "{m}×{k}×{n} {layouts:?}");
                }
                let mut sum = vec![0.5; m * n];
                product::unpacked(a.view(), b.view(), &mut sum, true, table);
                for (sum, c) in sum.iter().zip(&c) {
                    let bound = if k <= DEPTH { 0.0 } else { 1e-6 * (c.abs() + k as f32) };
                    assert!((sum - (0.5 + c)).abs() <= bound, "{m}×{k}×{n} {layouts:?}: {sum}, {c}");
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "a view beyond its buffer")]
fn views_beyond_their_buffer_are_refused() {
    let a = operand::<f64>(&[3, 3], Layout::Rows, 1);
    let mut b = operand::<f64>(&[3, 3], Layout::Rows, 1);
    b.strides[1] = 2;
    product(&a, &b, f64::kernels(), 1);
}
