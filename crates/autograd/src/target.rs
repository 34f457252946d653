//! The machine that plans are for: the thresholds that planning uses, and the sizes from which threads share work. They
//! affect speed and memory. Only those in `narrow` also affect the order in which some products add up.
//!
//! They were found by measurement, on processors with AVX-512 and AVX2. The block sizes of single kernels are in `kernels/`.

use crate::tree::BLOCK;

/// The thresholds for a kind of machine.
#[derive(Debug)]
pub(crate) struct Target {
    /// The bytes of all tiles of a fused kernel together: a usual first-level cache.
    pub(crate) tile_bytes: usize,
    /// The elements of the shortest tile. The longest tile is a block of the summation tree.
    pub(crate) shortest_tile: usize,
    /// The longest row of a kernel with rows. A whole row stays in a cache.
    pub(crate) longest_row: usize,
    /// The most nodes of a fused kernel.
    pub(crate) most_members: usize,
    /// A sum over at most this many elements is computed as one row, so that its readers can be in the same kernel.
    pub(crate) short_sum: usize,
    /// Results of fewer bytes are not written over an operand. They stay in the caches anyway, and in memory of their own
    /// they need no copy of each tile.
    pub(crate) in_place_from: usize,
    /// A gradient of fewer elements is not streamed into an update. It stays in the cache until it is read.
    pub(crate) stream_from: usize,
    /// The most elements of a value whose derivatives along many directions are computed as one batch. Those of a larger one are
    /// computed one direction after the other: they keep the caches, and planning them takes the longer.
    pub(crate) batch_up_to: usize,
    /// What threads share.
    pub(crate) threads: Threads,
    /// What is rematerialised instead of stored.
    pub(crate) rematerialise: Rematerialise,
    /// What is done for narrow data and small products.
    pub(crate) narrow: Narrow,
}

/// The sizes from which several threads share a kernel, and the size of a task. No result depends on them.
#[derive(Debug)]
pub(crate) struct Threads {
    /// The elements of a task of a fused kernel.
    pub(crate) task: usize,
    /// A fused kernel is shared from this product on: reads, steps and writes times elements.
    pub(crate) tiles_from: usize,
    /// A read that gathers its elements counts as this many reads.
    pub(crate) gather: usize,
    /// Multiplications from which a product is shared.
    pub(crate) products_from: usize,
    /// Terms from which a sum over axes is shared.
    pub(crate) sums_from: usize,
    /// Elements from which a copy or a concatenation is shared.
    pub(crate) copies_from: usize,
    /// Random numbers from which their generation is shared.
    pub(crate) numbers_from: usize,
}

/// Costs are in units of one cheap step over all elements of a value. The costs of functions are in `rematerialise`.
#[derive(Debug)]
pub(crate) struct Rematerialise {
    /// Values of fewer bytes are always stored: they stay in the nearest cache.
    pub(crate) from_bytes: usize,
    /// Values of this many bytes are no longer in the nearer caches when they are read again.
    pub(crate) far: usize,
    /// The cost of a load, from near and from far memory.
    pub(crate) load: [f64; 2],
    /// The cost of a store, to near and to far memory.
    pub(crate) store: [f64; 2],
    /// By how much a saving has to exceed its cost, because costs differ from machine to machine.
    pub(crate) margin: f64,
    /// Values per row may live longer for it, as long as they have at most one byte for this many bytes that are saved.
    pub(crate) held: usize,
    /// The most steps that rematerialise one value.
    pub(crate) longest: usize,
    /// The most steps that are added to one unit.
    pub(crate) most: usize,
    /// Units with more nodes are not searched for what they read.
    pub(crate) looked_through: usize,
}

/// Which matrices are narrow, and which products are small.
#[derive(Debug)]
pub(crate) struct Narrow {
    /// A matrix with fewer columns, or with fewer rows if it is transposed, is narrow.
    pub(crate) width: usize,
    /// It is transposed if it has at least this many rows per column.
    pub(crate) aspect: usize,
    /// The most multiplications of a product with a vector that is written as elementwise operations. In larger products the
    /// kernel for products is faster, because it need not copy repeated elements.
    pub(crate) small_product: usize,
    /// The most terms of a row times a matrix that is written so. With more terms the kernel for products is faster, because
    /// it reads each row once.
    pub(crate) few_rows: usize,
}

impl Target {
    /// Processors with caches of about 48 kB, 1 MB and more, and a few threads.
    ///
    /// Some thresholds are lower in unit tests, so that small random programs reach the code for large values too.
    pub(crate) const CPU: Target = Target {
        tile_bytes: 48 << 10,
        shortest_tile: 64,
        longest_row: 8192,
        most_members: 8192,
        short_sum: 1024,
        in_place_from: if cfg!(test) { 64 } else { 1 << 18 },
        stream_from: 1 << 13,
        batch_up_to: 1 << 10,
        threads: Threads {
            task: 8 * BLOCK,
            tiles_from: 1 << 17,
            gather: 4,
            products_from: 1 << 18,
            sums_from: 1 << 17,
            copies_from: 1 << 16,
            numbers_from: 1 << 15,
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
