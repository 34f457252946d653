//! What is computed on: the numbers that planning decides by, and from which sizes on threads share work. They change speed
//! and memory; only what is `narrow` also changes in which order some products add up.
//!
//! They were found by measurement, on processors with AVX-512 and AVX2. A kernel keeps the sizes of its own blocks to
//! itself (`kernels/`).

use crate::tree::BLOCK;

/// A kind of machine, as its caches and its threads look to the planner.
#[derive(Debug)]
pub(crate) struct Target {
    /// Bytes of the tiles of a fused kernel, all of them together: a usual first-level cache.
    pub(crate) tile_bytes: usize,
    /// Elements of the shortest tile. The longest is a block of the summation tree.
    pub(crate) shortest_tile: usize,
    /// Longest row of a kernel with rows: it stays in a cache as a whole.
    pub(crate) longest_row: usize,
    /// Nodes of a fused kernel beyond which another one is begun.
    pub(crate) most_members: usize,
    /// So many elements a sum over everything takes as one row, so that what reads it can stand in the same kernel.
    pub(crate) short_sum: usize,
    /// Results of fewer bytes are not written over an operand: they stay in the caches anyway, and need no copy of a tile
    /// in a memory of their own.
    pub(crate) in_place_from: usize,
    /// A gradient of fewer numbers is not streamed into an update: it stays in the cache until it is read.
    pub(crate) stream_from: usize,
    /// What threads take and share.
    pub(crate) threads: Threads,
    /// What is computed again instead of being stored.
    pub(crate) rematerialise: Rematerialise,
    /// What is done for narrow data and small products.
    pub(crate) narrow: Narrow,
}

/// From which size on several threads take part in a kernel, and what each takes. No result depends on it.
#[derive(Debug)]
pub(crate) struct Threads {
    /// Elements of a fused kernel that one thread takes at a time.
    pub(crate) task: usize,
    /// Passes over an element, times elements, from which a fused kernel is shared.
    pub(crate) tiles_from: usize,
    /// So many passes count for an operand whose elements do not lie one after the other.
    pub(crate) gather: usize,
    /// Multiplications from which a product is shared.
    pub(crate) products_from: usize,
    /// Terms from which a sum over axes is shared.
    pub(crate) sums_from: usize,
    /// Elements from which a copy or a concatenation is shared.
    pub(crate) copies_from: usize,
}

/// Costs are counted in cheap steps over all elements of a value: the table stands in `rematerialise`.
#[derive(Debug)]
pub(crate) struct Rematerialise {
    /// Values of fewer bytes stay in the nearest cache, where nothing is to be gained.
    pub(crate) from_bytes: usize,
    /// Bytes from which a value is out of the nearer caches when it is read again.
    pub(crate) far: usize,
    /// What a load costs, near and far.
    pub(crate) load: [f64; 2],
    /// What a store costs, near and far.
    pub(crate) store: [f64; 2],
    /// What a saving must come to beyond its cost: figures differ from machine to machine.
    pub(crate) margin: f64,
    /// Row values may be held longer, up to this part of what is saved: one in so many bytes.
    pub(crate) held: usize,
    /// Most steps that one value is computed again by.
    pub(crate) longest: usize,
    /// Most steps that one unit is given.
    pub(crate) most: usize,
    /// Nodes of a unit up to which it is looked through for what it reads.
    pub(crate) looked_through: usize,
}

/// What counts as narrow.
#[derive(Debug)]
pub(crate) struct Narrow {
    /// A matrix with fewer columns (or rows, if it lies transposed) is narrow.
    pub(crate) width: usize,
    /// It pays to turn it from so many rows per column on.
    pub(crate) aspect: usize,
    /// Multiplications up to which a product with a vector is spelt out: the product's own kernel need not copy what is
    /// repeated.
    pub(crate) small_product: usize,
    /// Terms up to which a row times a matrix is: the product's own kernel reads each row once.
    pub(crate) few_rows: usize,
}

impl Target {
    /// Processors with caches of some 48 kB, 1 MB and more, and a handful of threads.
    ///
    /// The random programs of the unit tests are small, and shall meet what is for large values too.
    pub(crate) const CPU: Target = Target {
        tile_bytes: 48 << 10,
        shortest_tile: 64,
        longest_row: 8192,
        most_members: 8192,
        short_sum: 1024,
        in_place_from: if cfg!(test) { 64 } else { 1 << 18 },
        stream_from: 1 << 13,
        threads: Threads {
            task: 8 * BLOCK,
            tiles_from: 1 << 17,
            gather: 4,
            products_from: 1 << 18,
            sums_from: 1 << 17,
            copies_from: 1 << 16,
        },
        rematerialise: Rematerialise {
            from_bytes: if cfg!(test) { 16 } else { 1 << 15 },
            far: 1 << 18,
            load: [1.0, 3.0],
            store: [2.0, 4.0],
            margin: 1.0,
            held: 8,
            longest: 8,
            most: 1024,
            looked_through: 64,
        },
        narrow: Narrow { width: 16, aspect: 4, small_product: 512, few_rows: 8 },
    };
}
