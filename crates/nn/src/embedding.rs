//! Tables of rows, and what tells positions apart.

use autograd::{Bag, DType, Initial, Mistake, Param, Scope, Tape, Var};

/// A table whose rows stand for numbers: y\[…, :\] = table\[index…, :\].
///
/// The index is `I64` of any shape; y has the width of the table as one more axis. Source: Bengio et al., *A Neural Probabilistic
/// Language Model*, 2003, section 2.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::{Embedding, Init};
/// let mut params = Params::f64().with_seed(1);
/// let layer = Embedding { padding: Some(0), ..Embedding::new(&mut params.scope("words"), 10, 4, Init::Normal(1.0)) };
/// let tape = Tape::with(&params);
/// let y = layer.forward(tape.constant([[3i64, 0], [0, 7]]));
/// assert_eq!(y.shape()[..], [2, 2, 4]);
/// assert_eq!(y.sum().backward().get::<f64>(layer.table).unwrap()[..4], [0.0; 4]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Embedding {
    /// The rows, \[count, width\], named `table` in the scope.
    pub table: Param,
    /// A row that is read as it stands and has no gradient.
    pub padding: Option<usize>,
    /// Whether the gradient of a row is divided by how often it is read: see [`by_frequency`].
    pub by_frequency: bool,
}

impl Embedding {
    /// A table of `count` rows.
    ///
    /// # Panics
    /// If the scope has a parameter of this name.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, count: usize, width: usize, init: impl Initial) -> Embedding {
        Embedding { table: scope.param("table", [count, width], init), padding: None, by_frequency: false }
    }

    /// The rows at the indices.
    ///
    /// # Panics
    /// If the index is not `I64`, is on a tape that does not read the table, or is outside of it
    /// ([`Fault`](autograd::Fault)).
    #[track_caller]
    pub fn forward<'t>(&self, index: Var<'t>) -> Var<'t> {
        let _layer = index.tape().within([self.table]);
        let table = index.tape().param(self.table);
        let y = table.embedding(index, self.padding);
        if self.by_frequency { by_frequency(y, index, table.shape()[0]) } else { y }
    }
}

/// A table whose rows stand for numbers, and a row for each bag of them: their sum, mean, maximum or weighted sum.
///
/// The index is `I64` and holds all bags one after the other, the offsets say where each begins; y is \[bags, width\]. An empty bag gives
/// zeros. See [`Var::embedding_bag`]. Source: Joulin et al., *Bag of Tricks for Efficient Text Classification*, 2017, section 2.
///
/// ```
/// use autograd::{Bag, Params, Tape};
/// use nn::embedding::EmbeddingBag;
/// let mut params = Params::f64();
/// let layer = EmbeddingBag::new(&mut params.scope("words"), 3, 1, [1.0, 2.0, 4.0]);
/// let tape = Tape::with(&params);
/// let (index, offsets) = (tape.constant(&[0i64, 2, 1]), tape.constant(&[0i64, 2]));
/// assert_eq!(layer.forward(index, offsets, Bag::Mean).to_vec::<f64>(), [2.5, 2.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EmbeddingBag {
    /// The rows, \[count, width\], named `table` in the scope.
    pub table: Param,
    /// A number whose rows do not count.
    pub padding: Option<usize>,
}

impl EmbeddingBag {
    /// A table of `count` rows.
    ///
    /// # Panics
    /// If the scope has a parameter of this name.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, count: usize, width: usize, init: impl Initial) -> EmbeddingBag {
        EmbeddingBag { table: scope.param("table", [count, width], init), padding: None }
    }

    /// A row for each bag.
    ///
    /// # Panics
    /// If index or offsets are no vectors of `I64`, or on a tape that does not read the table; if an index is outside of it
    /// ([`Fault`](autograd::Fault)).
    #[track_caller]
    pub fn forward<'t>(&self, index: Var<'t>, offsets: Var<'t>, bag: Bag<'t>) -> Var<'t> {
        let _layer = index.tape().within([self.table]);
        index.tape().param(self.table).embedding_bag(index, offsets, bag, self.padding)
    }
}

/// Positions that are learned: y = x + table\[first…, :\], a row for each place of a sequence.
///
/// x is \[…, length, width\] and so is y. Source: Gehring et al., *Convolutional Sequence to Sequence Learning*, 2017, section 3.1.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::embedding::Positions;
/// let mut params = Params::f64();
/// let layer = Positions::new(&mut params.scope("positions"), 3, 1, [1.0, 2.0, 4.0]);
/// let tape = Tape::with(&params);
/// assert_eq!(layer.forward(tape.constant([[10.0], [10.0]]), 1).to_vec::<f64>(), [12.0, 14.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Positions {
    /// The rows, \[longest, width\], named `table` in the scope.
    pub table: Param,
}

impl Positions {
    /// For sequences of at most `longest` places.
    ///
    /// # Panics
    /// If the scope has a parameter of this name.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, longest: usize, width: usize, init: impl Initial) -> Positions {
        Positions { table: scope.param("table", [longest, width], init) }
    }

    /// x with its positions, the first of which is at `first`: 0, or how many a cache holds.
    ///
    /// # Panics
    /// If x is not \[…, length, width\], or its last position is beyond the table; or on a tape that does not read the parameters.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>, first: usize) -> Var<'t> {
        let _layer = x.tape().within([self.table]);
        let table = x.tape().param(self.table);
        let (shape, rows) = (x.shape(), table.shape());
        match &shape[..] {
            &[.., length, width] if width == rows[1] && first.saturating_add(length) <= rows[0] => {
                x + table.slice(0, first..first + length)
            }
            _ => Mistake::new(format!("Positions: x is {shape}, from position {first} on"))
                .line("x", x.describe())
                .line("table", table.describe())
                .rule(format!(
                    "x is […, length, {}], and its last position is less than {}",
                    rows[1], rows[0]
                ))
                .hint("make the table for the longest sequence")
                .raise(),
        }
    }
}

/// Rows y = table\[index…, :\], whose gradients are divided by how often their index occurs: the gradient of a row of the table is then
/// a mean. y keeps its value. `count` is the number of rows of the table.
///
/// # Panics
/// If y has not the shape of the index and one axis more, or an index is outside of 0..count ([`Fault`](autograd::Fault)).
///
/// ```
/// let tape = autograd::Tape::new();
/// let (table, index) = (tape.var([[1.0], [2.0]]), tape.constant(&[1i64, 1]));
/// let y = nn::embedding::by_frequency(table.embedding(index, None), index, 2);
/// assert_eq!(y.sum().grad([table])[0].to_vec::<f64>(), [0.0, 1.0]);
/// ```
#[track_caller]
pub fn by_frequency<'t>(y: Var<'t>, index: Var<'t>, count: usize) -> Var<'t> {
    let share = index.bincount(count).take(0, index).cast(y.dtype()).recip();
    y.detach() + (y - y.detach()) * share.unsqueeze(-1)
}

/// Positions as waves of falling frequency: table\[p, 2·k\] = sin(p/base^(2·k/width)), and table\[p, 2·k + 1\] the cosine of the same.
///
/// It is \[length, width\] in `F64`. The usual base is 10000. Source: Vaswani et al., *Attention Is All You Need*, 2017, section 3.5.
///
/// # Panics
/// If the width is odd.
///
/// ```
/// let tape = autograd::Tape::new();
/// let table = nn::embedding::sinusoidal(&tape, 2, 2, 10_000.0);
/// assert_eq!(table.to_vec::<f64>(), [0.0, 1.0, 1f64.sin(), 1f64.cos()]);
/// ```
#[track_caller]
pub fn sinusoidal<'t>(tape: &'t Tape<'t>, length: usize, width: usize, base: f64) -> Var<'t> {
    let angles = angles("sinusoidal", tape, 0..length, width, base);
    Var::stack(&[angles.sin(), angles.cos()], -1).reshape([length, width])
}

/// Which elements of a row make a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// k and k + width/2.
    Halves,
    /// 2·k and 2·k + 1.
    Neighbours,
}

/// Rows turned by their position: pair k of the row at position p is turned by the angle p/base^(2·k/width), so that products of rows
/// depend on the distance of their positions.
///
/// x is \[…, length, width\] and so is the result; the first row is at position `first`, which is not 0 behind a cache. The usual base is
/// 10000. Source: Su et al., *RoFormer*, 2021, equation 34.
///
/// # Panics
/// If x has fewer than two axes, or an odd width.
///
/// ```
/// use nn::embedding::{Pairs, rotary};
/// let tape = autograd::Tape::new();
/// let x = tape.var([[1.0, 0.0], [1.0, 0.0]]);
/// let y = rotary(x, 0, 10_000.0, Pairs::Halves);
/// assert_eq!(y.to_vec::<f64>(), [1.0, 0.0, 1f64.cos(), 1f64.sin()]);
/// ```
#[track_caller]
pub fn rotary(x: Var<'_>, first: usize, base: f64, pairs: Pairs) -> Var<'_> {
    let shape = x.shape();
    let &[.., length, width] = &shape[..] else {
        Mistake::new(format!("rotary: x is {shape}"))
            .line("x", x.describe())
            .rule("x is […, length, width]")
            .raise();
    };
    let angles = angles("rotary", x.tape(), first..first + length, width, base);
    let (cos, sin) = (angles.cos().cast(x.dtype()), angles.sin().cast(x.dtype()));
    let half = width / 2;
    let (split, axis) = match pairs {
        Pairs::Halves => ([2, half], -2),
        Pairs::Neighbours => ([half, 2], -1),
    };
    let x = x.reshape(&[&shape[..shape.len() - 1], &split].concat()[..]);
    let (a, b) = (x.index(axis, 0), x.index(axis, 1));
    Var::stack(&[a * cos - b * sin, a * sin + b * cos], axis).reshape(&shape)
}

/// p/base^(2·k/width) for each position and each pair.
#[track_caller]
fn angles<'t>(
    name: &str,
    tape: &'t Tape<'t>,
    positions: std::ops::Range<usize>,
    width: usize,
    base: f64,
) -> Var<'t> {
    if !width.is_multiple_of(2) {
        Mistake::new(format!("{name}: a width of {width}"))
            .rule("a row is pairs: its width is even")
            .hint(format!("such as {}", width + 1))
            .raise();
    }
    let exponents: Vec<f64> = (0..width / 2).map(|k| 2.0 * k as f64 / width as f64).collect();
    let positions: Vec<f64> = positions.map(|p| p as f64).collect();
    let powers = tape.full(base, [width / 2], DType::F64).pow(tape.constant(&exponents[..]));
    tape.constant(&positions[..]).unsqueeze(-1) / powers
}
