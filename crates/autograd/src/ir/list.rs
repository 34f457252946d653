//! The table of ops that have a file in `ops/`: one row each.
//!
//! `Name ["name" (operands) { attributes } structure]`
//!
//! A row gives the struct of the attributes, the variant of [`Op`](super::Op), its name, the names of its operands in
//! messages, the text of its attributes, equality and hashing, its [`Structure`](super::Structure), its rows in the tests, and
//! every dispatch to its file in `ops/`. A value that varies from step to step is an operand, never an attribute.
//!
//! A macro that needs only the name takes the rest of a row as one token. So a new column changes only the macros that read it.
//!
//! The structures:
//!
//! * `map`: element i of the result is a function of element i of each operand;
//! * `view`: the elements of the operand in another order, or repeated, without a copy;
//! * `reduce(axes)`: the elements along these axes become one element, and the axes disappear;
//! * `contract`: a product of matrices, summed over the last axis of one operand and the last but one of the other;
//! * `scan(axis)`: element i of the result depends on elements 0 to i along the axis, or on those from i on;
//! * `gather`: elements are read or written at indices that an operand holds;
//! * `opaque(flops)`: anything else, with the number of floating-point operations for each element of the result: a number or
//!   an attribute.

macro_rules! op_table {
    ($reader:ident) => {
        $reader! {
            /// mask ? a : b, elementwise.
            Select ["select" (mask, a, b) {} map]
            /// Conversion to another dtype.
            Cast ["cast" (x) { to: DType } map]
            /// The same values in new contiguous memory.
            Copy ["copy" (x) {} map]
            /// The same values without a derivative.
            Detach ["detach" (x) {} view]
            /// Repetition along axes of length 1 and new leading axes.
            Broadcast ["broadcast" (x) { to: Shape } view]
            /// The same elements in row-major order under another shape.
            Reshape ["reshape" (x) { to: Shape } view]
            /// The axes in another order: axis i of the result is axis `axes[i]` of the operand.
            Permute ["permute" (x) { axes: Axes } view]
            /// `length` elements along an axis, from `start` on.
            Slice ["slice" (x) { axis: Axis, start: usize, length: usize } view]
            /// The elements in reverse order along axes.
            Flip ["flip" (x) { axes: Axes } view]
            /// `before` and `after` zeros added along an axis: the adjoint of `Slice`.
            Pad ["pad" (x) { axis: Axis, before: usize, after: usize } opaque(0)]
            /// Any number of operands, one after the other along an axis.
            Concat ["concat" (x) { axis: Axis } opaque(0)]
            /// Sum over axes, which are ascending and disappear.
            Sum ["sum" (x) { axes: Axes } reduce(axes)]
            /// Largest element over axes, which are ascending and disappear.
            Max ["max" (x) { axes: Axes } reduce(axes)]
            /// Index of the largest element along an axis, which disappears.
            Argmax ["argmax" (x) { axis: Axis } reduce(axis)]
            /// Running sums along an axis, from its start, or from its end in reverse.
            Cumsum ["cumsum" (x) { axis: Axis, reverse: bool } scan(axis)]
            /// Product along an axis, which disappears.
            Prod ["prod" (x) { axis: Axis } reduce(axis)]
            /// Product of two matrices.
            Matmul ["matmul" (a, b) {} contract]
            /// Exponentials along an axis, normalised to sum 1: maximum, difference, exponential, sum, quotient.
            Softmax ["softmax" (x) { axis: Axis } opaque(5)]
            /// Logarithm of the softmax: maximum, difference, exponential, sum, difference.
            LogSoftmax ["log_softmax" (x) { axis: Axis } opaque(5)]
            /// One entry of each row, at the index given for the row; a loss that asks for the entries of labels has its name there.
            Pick ["pick" (x, index) { by: &'static str } gather]
            /// Rows of `columns` zeros, with one entry of each row set: the adjoint of `Pick`.
            Unpick ["unpick" (x, index) { columns: usize } gather]
            /// Elements along an axis, with an index for each.
            Gather ["gather" (x, index) { axis: Axis } gather]
            /// Elements added to zeros of this shape along an axis, with an index for each: the adjoint of `Gather`.
            ScatterAdd ["scatter_add" (x, index) { axis: Axis, to: Shape } gather]
            /// The first random numbers in [0, 1) of a key.
            Uniform ["uniform" (key) { dtype: DType, count: usize } opaque(1)]
            /// The key that a key and a number give.
            FoldIn ["fold_in" (key) { n: u64 } opaque(0)]
            /// Windows of `size` elements along an axis, one every `step`; a last axis goes through each window, in steps of `dilation`.
            Windows ["windows" (x) { axis: Axis, size: usize, step: usize, dilation: usize } view]
            /// Windows added up where they lie along an axis of this length: the adjoint of `Windows`.
            Overlap ["overlap" (x) { axis: Axis, length: usize, step: usize, dilation: usize } opaque(1)]
            /// Products with a kernel that slides over the last axes, summed over the kernel and the channels of a group.
            Conv ["conv" (x, weight) { over: Arc<Sliding>, groups: usize, flops: usize } opaque(flops)]
            /// Copies of a kernel, scaled and added up where it lies: the adjoint of `Conv` in its first operand.
            ConvTranspose ["conv_transpose" (x, weight) { over: Arc<Sliding>, groups: usize, flops: usize } opaque(flops)]
            /// Products of a tensor and a cotangent, summed over all places of the kernel: the adjoint of `Conv` in its weight.
            ConvWeight ["conv_weight" (x, g) { over: Arc<Sliding>, groups: usize, flops: usize } opaque(flops)]
            /// The place of the first largest element of each window, in row-major order of the plane.
            PoolArgmax ["pool_argmax" (x) { over: Arc<Sliding>, flops: usize } opaque(flops)]
            /// The first largest element of each window.
            PoolMax ["pool_max" (x) { over: Arc<Sliding>, flops: usize } opaque(flops)]
            /// Cotangents of windows, added up where the first largest element of each window of x is: the adjoint of `PoolMax`.
            PoolMaxBack ["pool_max_back" (x, g) { over: Arc<Sliding>, flops: usize } opaque(flops)]
            /// Elements of a diagonal of each matrix, from a row and a column on.
            Diagonal ["diagonal" (x) { row: usize, column: usize } view]
            /// Matrices of zeros with one diagonal given: the adjoint of `Diagonal`.
            DiagEmbed ["diag" (x) { row: usize, column: usize, rows: usize, columns: usize } opaque(0)]
            /// Solution of an equation with a square matrix; flops as for 12 rows.
            Solve ["solve" (a, b) {} opaque(32)]
            /// Solution of an equation with a triangle; flops as for 16 rows.
            SolveTriangular ["solve_triangular" (a, b) { upper: bool, transposed: bool, unit: bool } opaque(16)]
            /// Lower Cholesky factor of the symmetric part; flops as for 48 rows.
            Cholesky ["cholesky" (x) {} opaque(16)]
            /// From the cotangent of a lower Cholesky factor to that of the matrix; flops as for 48 rows.
            CholeskyBack ["cholesky_back" (l, g) {} opaque(32)]
            /// Determinant; flops as for 6 rows.
            Det ["det" (x) {} opaque(144)]
            /// Sign of the determinant and logarithm of its size; flops as for 6 rows.
            Slogdet ["slogdet" (x) {} opaque(72)]
            /// Exponential of a matrix; flops as for 16 rows.
            MatrixExp ["matrix_exp" (x) {} opaque(256)]
            /// Orthonormal columns, and below them an upper triangle, whose product is the operand; flops as for 16 rows.
            Qr ["qr" (x) {} opaque(32)]
            /// Eigenvalues of the symmetric part, and below them its eigenvectors; flops as for 8 rows.
            Eigh ["eigh" (x) {} opaque(640)]
            /// Left singular vectors, singular values and right singular vectors; flops as for 8 rows.
            Svd ["svd" (x) {} opaque(640)]
            /// Pseudo-inverse; flops as for 8 rows.
            Pinv ["pinv" (x) {} opaque(640)]
            /// States of a linear recurrence along an axis, from its start, or from its end in reverse.
            LinearRecurrence ["linear_recurrence" (a, b) { axis: Axis, reverse: bool } scan(axis)]
            /// Index of the largest element so far along an axis.
            Cumargmax ["cumargmax" (x) { axis: Axis } scan(axis)]
            /// Slices of an axis at given indices, whose axes take the place of the axis.
            Take ["take" (x, index) { axis: Axis } gather]
            /// Slices added to zeros, of this length along an axis, with an index for each: the adjoint of `Take`.
            IndexAdd ["index_add" (x, index) { axis: u16, length: usize } gather]
            /// Places in row-major order of elements that are given by an index along each of several axes.
            RavelIndex ["ravel_index" (index) { lengths: Shape } gather]
            /// Largest of the elements that are written to the same place along an axis, with or without the old one.
            ScatterMax ["scatter_max" (x, index, source) { axis: Axis, include: bool } gather]
            /// Indices of the elements in order along an axis, or of the first of them.
            Argsort ["argsort" (x) { axis: Axis, descending: bool, first: usize } opaque(1)]
            /// Where values stand among sorted ones.
            SearchSorted ["search_sorted" (sorted, values) { right: bool } gather]
            /// A body run `steps` times: the part of its results that is of one dtype, as one row of numbers.
            Scan ["scan" (x) { body: Arc<Body>, steps: usize, flops: usize, part: DType, reverse: bool, history: bool } opaque(flops)]
            /// A special function, by series: the member of this order of a family.
            Special ["special" (x) { family: Family, order: u32 } map]
            /// A regularised incomplete gamma function, or its derivative of this order by a.
            IncompleteGamma ["incomplete_gamma" (a, x) { order: u32, upper: bool } map]
            /// Discrete Fourier transform of pairs along an axis, or with the other sign; flops as for 256 pairs.
            Fft ["fft" (x) { axis: Axis, inverse: bool, plan: FftPlan } opaque(20)]
            /// Upper and lower triangle of a product, and the order of its rows; flops as for 12 rows.
            Lu ["lu" (x) {} opaque(16)]
            /// Euclidean distances between the rows of two matrices; flops as for 21 coordinates.
            Distances ["distances" (a, b) {} opaque(64)]
            /// Products of vectors, one for each row of a, with its differences from the rows of b; flops as for 21 coordinates.
            OffsetsDot ["offsets_dot" (u, a, b) {} opaque(64)]
            /// Differences of each row of a from the rows of b, weighted and added up: the adjoint of `OffsetsDot`; flops as for 21 rows.
            OffsetsSum ["offsets_sum" (w, a, b) {} opaque(64)]
            /// Averages of values, weighted by the softmax of products of queries and keys; a mask may leave keys out.
            Attention ["attention" (q, k, v, mask) { form: Attending, flops: usize } opaque(flops)]
            /// Cotangents of queries, keys and values, one after the other: the adjoint of `Attention`.
            AttentionBack ["attention_back" (q, k, v, g, mask) { form: Attending, flops: usize } opaque(flops)]
            /// Cotangent of what is added to the scores, which has its shape.
            AttentionBias ["attention_bias" (q, k, v, g, mask) { form: Attending, flops: usize } opaque(flops)]
            /// A body that is run once: a function that a user gave, with its own rule, or a checkpoint, which recomputes for its
            /// derivative. The first operands are those of the function; the others are constants of the body.
            Call ["call" (x) { body: Arc<Body>, function: Option<Custom>, own: usize, flops: usize } opaque(flops)]
            /// A user's own loops, without a derivative: once, or for so many examples one after the other.
            ByLoops ["by_loops" (x) { function: Custom, to: Arc<Shape>, examples: usize } opaque(1)]
            /// The same values, read after another value is known.
            After ["after" (x, after) {} view]
        }
    };
}
pub(crate) use op_table;
