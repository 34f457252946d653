//! A whole product: its checks, the loops that compute it, and which worker computes which part.
#![expect(unsafe_code, reason = "parts of one result are written by several threads, through raw pointers")]

use super::block::Block;
use super::blocks::{area, direct_tiles, dots, tiles};
use super::consumer::TileConsumer;
use super::instructions::{Kernels, Multiply, Table};
use super::strips;
use crate::kernels::workers::Workers;
use crate::scratch::{CacheLine, Scratch};
use crate::target::Target;
use crate::tree::{DEPTH, Order, chain_length};
use crate::view::View;
use std::mem::MaybeUninit;

/// B is packed if it is large and more rows than these read it.
const PACKED_FROM: usize = 128;

/// The fewest rows or columns of a part, where there are more parts than threads.
const WORTH_A_CUT: usize = 256;

/// Packed operands up to this many cache lines lie on the stack.
const STACK_LINES: usize = 256;

/// Which loops compute a product. They follow the order of the whole product.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// Tiles of C with vectors along n, for chains of `chain` terms. `pack` tells whether A and B are packed.
    Tiles { chain: usize, pack: [bool; 2] },
    /// Scalar products with vectors along k, for lanes.
    Dots,
}

/// A product whose operands have been checked.
pub(super) struct Product<'a, T: 'static> {
    kernels: &'static Kernels<T>,
    /// The product of the first matrices of the batch.
    first: Block<T>,
    form: Form,
    /// The lengths of the batch axes, and their strides in A and B.
    batch: [&'a [usize]; 1],
    steps: [&'a [isize]; 2],
    entries: usize,
    /// Takes C tile by tile, if C is not to be written.
    consumer: Option<TileConsumer<'a, T>>,
}

// SAFETY: the pointers are those of the slices that `Product::new` borrowed; A and B are only read, and workers write
// to parts of C that do not overlap.
unsafe impl<T: Sync> Sync for Product<'_, T> {}

impl<'a, T: Multiply> Product<'a, T> {
    /// The product; none if there is nothing to multiply. Empty sums are written here.
    #[inline(always)]
    pub(super) fn new(
        a: View<'a, T>,
        b: View<'a, T>,
        c: &'a mut [MaybeUninit<T>],
        kernels: Table<T>,
    ) -> Option<Product<'a, T>> {
        let (m, k, n) = sizes(&a, &b);
        let entries: usize = a.shape[..a.shape.len() - 2].iter().product();
        assert_eq!(c.len(), entries * m * n, "elements of the result");
        if c.is_empty() {
            return None;
        }
        if k == 0 {
            c.fill(MaybeUninit::new(T::default()));
            return None;
        }
        let order = order(&a, &b);
        // SAFETY: C has as many elements as it needs, and is borrowed for as long as the operands.
        Some(unsafe { Product::of(a, b, c.as_mut_ptr().cast(), order, kernels) })
    }

    /// The product of two matrices in a given order. No length is 0.
    pub(super) fn in_order(
        a: View<'a, T>,
        b: View<'a, T>,
        c: &'a mut [MaybeUninit<T>],
        order: Order,
        kernels: Table<T>,
    ) -> Product<'a, T> {
        let (m, k, n) = sizes(&a, &b);
        assert!(a.shape.len() == 2 && c.len() == m * n && m * n * k > 0, "a product of {:?}", a.shape);
        // SAFETY: C has as many elements as it needs, and is borrowed for as long as the operands.
        unsafe { Product::of(a, b, c.as_mut_ptr().cast(), order, kernels) }
    }

    /// The product of two matrices whose tiles go to `consumer`. k is at least 1 and at most [`DEPTH`].
    pub(super) fn consumed(
        a: View<'a, T>,
        b: View<'a, T>,
        consumer: TileConsumer<'a, T>,
        kernels: Table<T>,
    ) -> Product<'a, T> {
        let (m, k, n) = sizes(&a, &b);
        assert!(a.shape.len() == 2 && (1..=DEPTH).contains(&k) && m * n > 0, "a product of {:?}", a.shape);
        let order = order(&a, &b);
        // SAFETY: a consumer is set, so C is neither read nor written: it is an address that offsets count from.
        let product = unsafe { Product::of(a, b, consumer.beside[0].cast_mut(), order, kernels) };
        Product { consumer: Some(consumer), ..product }
    }

    /// # Safety
    /// No length is 0. Either C has room for the product and nobody else uses it for `'a`, or the caller sets a consumer.
    #[inline(always)]
    unsafe fn of(
        a: View<'a, T>,
        b: View<'a, T>,
        c: *mut T,
        order: Order,
        kernels: Table<T>,
    ) -> Product<'a, T> {
        let lead = a.shape.len() - 2;
        check(&a);
        check(&b);
        let whole = Block::of(&a, &b, c);
        let steps = [&a.strides[..lead], &b.strides[..lead]];
        let form = Form::of(&whole, order);
        let (first, steps) = match swapped(&whole, form) {
            Some(swapped) => (swapped, [steps[1], steps[0]]),
            None => (whole, steps),
        };
        let entries = a.shape[..lead].iter().product();
        Product { kernels: kernels.0, first, form, batch: [&a.shape[..lead]], steps, entries, consumer: None }
    }

    /// Computes the product. It takes `&mut self` because only this call may write C.
    #[inline(always)]
    pub(super) fn run(&mut self, scratch: &mut Scratch, workers: &Workers) {
        let threads = workers.threads();
        let Block { rows, columns, k, .. } = self.first;
        let shared = threads > 1 && self.entries * rows * columns * k >= Target::CPU.threads.products_from;
        if !shared && self.form.packs_nothing() && self.consumer.is_none() {
            if self.entries == 1 {
                // SAFETY: `new` has checked the bounds.
                return unsafe { self.form.direct(self.kernels, &self.first) };
            }
            // SAFETY: each part is computed once, and a form that packs nothing needs no area.
            return (0..self.entries)
                .for_each(|entry| unsafe { self.part(entry, 0, 1, std::ptr::null_mut()) });
        }
        self.run_packed(scratch, workers, if shared { threads } else { 1 });
    }

    #[inline(never)]
    fn run_packed(&mut self, scratch: &mut Scratch, workers: &Workers, threads: usize) {
        let bytes = self.area() * size_of::<T>();
        if threads == 1 && bytes <= STACK_LINES * size_of::<CacheLine>() {
            let mut area = MaybeUninit::<[CacheLine; STACK_LINES]>::uninit();
            let area = area.as_mut_ptr().cast();
            // SAFETY: each part is computed once, in an area that is large enough.
            return (0..self.entries).for_each(|entry| unsafe { self.part(entry, 0, 1, area) });
        }
        let (areas, step) = scratch.areas(bytes, threads);
        // Each cut packs the other operand once more. But with smaller parts, a thread that is held up takes fewer of them.
        // The number of parts is a multiple of the number of threads, because parts take equally long.
        let needed = threads.div_ceil(self.entries);
        let longest = self.first.rows.max(self.first.columns);
        let cuts = if needed > 1 { needed * (longest / (needed * WORTH_A_CUT)).clamp(1, 4) } else { 1 };
        let pieces = self.entries * cuts;
        let tasks = if cuts > 1 { pieces } else { pieces.min(4 * threads) };
        let areas = Areas { first: areas, step };
        let product = &*self;
        let run = |task: usize, worker: usize| {
            for piece in task * pieces / tasks..(task + 1) * pieces / tasks {
                // SAFETY: each part is computed once, in the area of its worker.
                unsafe { product.part(piece / cuts, piece % cuts, cuts, areas.of(worker)) };
            }
        };
        if threads == 1 {
            (0..tasks).for_each(|task| run(task, 0));
        } else {
            workers.each(tasks, run);
        }
    }

    /// Whether the consumer gets whole rows. Then no part is cut by columns.
    fn by_strips(&self) -> bool {
        self.consumer.is_some()
            && self.first.rows >= self.first.columns
            && self.form.is_one_chain(self.first.k)
            && strips::fit(self.kernels, &self.first)
    }

    /// The elements of one worker's area.
    fn area(&self) -> usize {
        let Block { rows, columns, k, .. } = self.first;
        match self.form {
            Form::Tiles { .. } if self.by_strips() => strips::area(self.kernels, &self.first),
            Form::Tiles { pack, .. } => area([rows, k, columns], pack, Table(self.kernels)),
            Form::Dots => 0,
        }
    }

    /// Part `cut` of `cuts` of one product of the batch: some rows of C or, if C is wider than tall, some columns.
    ///
    /// # Safety
    /// Nobody else computes the same part or uses the area at the same time. The area is as large as [`area`](Product::area)
    /// says.
    #[inline(never)]
    unsafe fn part(&self, entry: usize, cut: usize, cuts: usize, area: *mut CacheLine) {
        let mut x = self.first;
        let (mut rest, mut offsets) = (entry, [0isize; 2]);
        for axis in (0..self.batch[0].len()).rev() {
            let i = (rest % self.batch[0][axis]) as isize;
            rest /= self.batch[0][axis];
            offsets[0] += i * self.steps[0][axis];
            offsets[1] += i * self.steps[1][axis];
        }
        // SAFETY: entries, rows and columns lie within the views, whose bounds `new` has checked.
        unsafe {
            x.a = x.a.offset(offsets[0]);
            x.b = x.b.offset(offsets[1]);
            x.c = x.c.add(entry * x.rows * x.columns);
            if cuts > 1 {
                x = self.cut(x, cut, cuts);
            }
            if x.rows * x.columns > 0 {
                match self.form {
                    Form::Dots => dots(self.kernels, &x, self.consumer.as_ref()),
                    Form::Tiles { .. } if self.by_strips() => {
                        strips::strips(
                            self.kernels,
                            &x,
                            self.consumer.as_ref().expect("strips are for a consumer"),
                            area.cast(),
                        );
                    }
                    Form::Tiles { chain, pack } => {
                        tiles(self.kernels, &x, chain, pack, area.cast(), self.consumer.as_ref());
                    }
                }
            }
        }
    }

    /// # Safety
    /// `x` lies within its buffers.
    unsafe fn cut(&self, mut x: Block<T>, cut: usize, cuts: usize) -> Block<T> {
        let share = |length: usize, unit: usize| {
            let units = length.div_ceil(unit);
            let from = (units * cut / cuts * unit).min(length);
            (from, (units * (cut + 1) / cuts * unit).min(length) - from)
        };
        // SAFETY: `from` is at most the number of rows, or columns.
        unsafe {
            if x.rows >= x.columns {
                let (from, rows) = share(x.rows, self.kernels.heights[2]);
                x.a = x.a.wrapping_offset(from as isize * x.a_strides[0]);
                x.c = x.c.add(from * x.c_stride);
                x.rows = rows;
            } else {
                let (from, columns) = share(x.columns, 2 * self.kernels.lanes);
                x.b = x.b.wrapping_offset(from as isize * x.b_strides[1]);
                x.c = x.c.add(from);
                x.columns = columns;
            }
        }
        x
    }
}

/// The product of two matrices, or what it adds to C, in chains and without packing. The columns of B lie side by side.
pub(super) fn unpacked<T: Multiply>(
    a: View<'_, T>,
    b: View<'_, T>,
    c: &mut [T],
    add: bool,
    kernels: Table<T>,
) {
    let (m, k, n) = sizes(&a, &b);
    assert!(
        a.shape.len() == 2 && c.len() == m * n && (b.strides[1] == 1 || n == 1),
        "a block of {:?} by {:?}",
        a.shape,
        b.shape
    );
    if c.is_empty() || k == 0 {
        if !add {
            c.fill(T::default());
        }
        return;
    }
    check(&a);
    check(&b);
    let block = Block { add, ..Block::of(&a, &b, c.as_mut_ptr()) };
    let form = Form::Tiles { chain: chain_length(k), pack: [false; 2] };
    // SAFETY: every element of the operands lies within its slice, and C has as many as it needs.
    unsafe { form.direct(kernels.0, &block) };
}

/// The order of a product: the same for every product of a batch.
#[inline]
fn order<T>(a: &View<'_, T>, b: &View<'_, T>) -> Order {
    let lead = a.shape.len() - 2;
    let size = [a.shape[lead], a.shape[lead + 1], b.shape[lead + 1]];
    Order::of(size, [a, b].map(|x| [x.strides[lead], x.strides[lead + 1]]))
}

/// Checks the shapes of a product, and gives its m, k and n.
#[inline(always)]
fn sizes<T>(a: &View<'_, T>, b: &View<'_, T>) -> (usize, usize, usize) {
    let lead = a.shape.len() - 2;
    let (m, k, n) = (a.shape[lead], a.shape[lead + 1], b.shape[lead + 1]);
    assert!(
        b.shape.len() == lead + 2 && b.shape[..lead] == a.shape[..lead] && b.shape[lead] == k,
        "a product of {:?} and {:?}",
        a.shape,
        b.shape
    );
    (m, k, n)
}

/// The areas of all workers.
struct Areas {
    first: *mut CacheLine,
    step: usize,
}

// SAFETY: every worker uses its own area and runs one task at a time.
unsafe impl Sync for Areas {}

impl Areas {
    fn of(&self, worker: usize) -> *mut CacheLine {
        self.first.wrapping_add(worker * self.step)
    }
}

/// Panics unless every element of the view lies within its slice.
#[inline]
pub(super) fn check<T: Copy>(x: &View<'_, T>) {
    assert!(x.is_within(), "a view beyond its buffer");
}

/// One column is computed as one row, and a row of scalar products as a column, where that reads along the vectors.
fn swapped<T: Copy>(x: &Block<T>, form: Form) -> Option<Block<T>> {
    let [row, column] = [x.rows == 1, x.columns == 1];
    let swap = match form {
        Form::Dots => row && !column,
        Form::Tiles { .. } => column && !row && x.a_strides[0] == 1,
    };
    swap.then(|| Block {
        a: x.b,
        a_strides: [x.b_strides[1], x.b_strides[0]],
        b: x.a,
        b_strides: [x.a_strides[1], x.a_strides[0]],
        rows: x.columns,
        columns: x.rows,
        c_stride: x.rows,
        next_stride: x.rows,
        ..*x
    })
}

impl Form {
    /// The form that follows an order. Operands are packed where that pays.
    #[inline]
    fn of<T>(x: &Block<T>, order: Order) -> Form {
        let (m, k, n) = (x.rows, x.k, x.columns);
        let chain = match order {
            Order::Chains { length } => length,
            Order::Lanes => {
                assert!(
                    Order::lanes_fit([x.a_strides, x.b_strides]),
                    "lanes of operands that are not contiguous along k"
                );
                return Form::Dots;
            }
        };
        let along_n = x.b_strides[1] == 1 || n == 1;
        let column = n == 1 && m > 1 && x.a_strides[0] == 1;
        let pack_b = !column && (!along_n || (m > PACKED_FROM && k * n * size_of::<T>() > 1 << 14));
        let pack_a = m >= 8 && n > 64 && m * k * size_of::<T>() > 1 << 17;
        Form::Tiles { chain, pack: [pack_a, pack_b] }
    }

    /// Computes a block without packing.
    ///
    /// # Safety
    /// The block lies within its buffers.
    #[inline(always)]
    unsafe fn direct<T: Multiply>(self, kernels: &Kernels<T>, x: &Block<T>) {
        // SAFETY: the caller's promise, passed on.
        unsafe {
            match self {
                Form::Dots => dots(kernels, x, None),
                Form::Tiles { chain, .. } if x.k <= chain => direct_tiles(kernels, x),
                Form::Tiles { chain, .. } => {
                    tiles(kernels, x, chain, [false; 2], std::ptr::null_mut(), None);
                }
            }
        }
    }

    #[inline]
    fn packs_nothing(self) -> bool {
        matches!(self, Form::Dots | Form::Tiles { pack: [false, false], .. })
    }

    #[inline]
    fn is_one_chain(self, k: usize) -> bool {
        matches!(self, Form::Tiles { chain, .. } if k <= chain)
    }
}
