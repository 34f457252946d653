//! The transformer: as it is trained, and as it writes, one character after the other.

use wengert::nn::Embedding;
use wengert::nn::attention::{Cache, Mask, multi_head};
use wengert::nn::embedding::sinusoidal;
use wengert::prelude::*;

/// The most characters that are read.
pub(crate) const CONTEXT: usize = 64;
pub(crate) const WIDTH: usize = 64;
pub(crate) const HEADS: usize = 4;
pub(crate) const BLOCKS: usize = 2;
const DROPOUT: f64 = 0.1;

pub(crate) struct Model {
    /// Gives rows for characters, and scores of characters for rows: the two matrices are tied (Press & Wolf 2017).
    table: Embedding,
    blocks: [TransformerBlock; BLOCKS],
    norm: LayerNorm,
    dropout: Dropout,
}

/// What the blocks keep of the characters so far.
pub(crate) type Memory<'t> = [Option<Cache<'t>>; BLOCKS];

impl Model {
    pub(crate) fn new(params: &mut Params, kinds: usize) -> Model {
        let init = Init::Normal(0.02);
        Model {
            table: Embedding::new(&mut params.scope("characters"), kinds, WIDTH, init),
            blocks: [0, 1]
                .map(|i| TransformerBlock::new(&mut params.scope(&format!("block{i}")), WIDTH, HEADS)),
            norm: LayerNorm::new(&mut params.scope("norm"), WIDTH),
            dropout: Dropout::new(DROPOUT),
        }
    }

    /// Logits of \[n·length, kinds\] for the characters after those of x, \[n, length\].
    pub(crate) fn forward<'t>(&self, x: Var<'t>, mode: Mode<'t>) -> Var<'t> {
        let mut draws = 0;
        let mut drop = |x| {
            draws += 1;
            self.dropout.forward(x, mode.fold_in(draws))
        };
        let mut x = drop(self.rows(x, 0));
        for block in &self.blocks {
            x = x + drop(block.attention.forward(block.norm1.forward(x), Mask::Causal));
            x = x + drop(block.mlp.forward(block.norm2.forward(x)));
        }
        self.logits(x)
    }

    /// Logits of \[length, kinds\] for the characters after those of x, \[length\], which follow those that are kept; and for each block
    /// the weights of its heads, \[heads, length, all\].
    pub(crate) fn next<'t>(&self, x: Var<'t>, memory: &mut Memory<'t>) -> (Var<'t>, [Var<'t>; BLOCKS]) {
        let kept = memory[0].map_or(0, |cache| cache.keys.shape()[0]);
        let mut x = self.rows(x, kept);
        let (length, tape) = (x.shape()[0], x.tape());
        let mask = Mask::Where(tape.lower_triangle(length, kept + length, kept as isize));
        let mut seen = [x; BLOCKS];
        for ((block, cache), seen) in self.blocks.iter().zip(memory).zip(&mut seen) {
            let qkv = block.attention.qkv.forward(block.norm1.forward(x));
            let [q, mut keys, mut values] = [0, 1, 2].map(|i| qkv.slice(1, i * WIDTH..(i + 1) * WIDTH));
            if let Some(before) = cache {
                keys = Var::concat(&[before.keys, keys], 0);
                values = Var::concat(&[before.values, values], 0);
            }
            *cache = Some(Cache { keys, values });
            let (heads, weights) = multi_head(q, keys, values, HEADS, mask);
            *seen = weights;
            x += block.attention.output.forward(heads);
            x = x + block.mlp.forward(block.norm2.forward(x));
        }
        (self.logits(x), seen)
    }

    /// √width·table\[x\] + positions from `first` on: \[…, length, width\].
    fn rows<'t>(&self, x: Var<'t>, first: usize) -> Var<'t> {
        let rows = self.table.forward(x) * (WIDTH as f64).sqrt();
        let length = x.shape()[x.rank() - 1];
        let positions = sinusoidal(x.tape(), first + length, WIDTH, 10_000.0).slice(0, first..first + length);
        rows + positions.cast(rows.dtype())
    }

    fn logits<'t>(&self, x: Var<'t>) -> Var<'t> {
        let x = self.norm.forward(x);
        x.reshape([x.shape().elements() / WIDTH, WIDTH]).matmul(x.tape().param(self.table.table).t())
    }
}

/// Goes on with a text, of at least one character, up to a length: each character is drawn by softmax(logits/temperature).
///
/// A character is read once, because the keys and values of those before it are kept. When they are as many as the model was trained
/// for, the second half of them is read again from position 0, on a new tape.
pub(crate) fn write(
    model: &Model,
    params: &Params,
    mut text: Vec<i64>,
    length: usize,
    temperature: f64,
    key: Key,
) -> Vec<i64> {
    while text.len() < length {
        let tape = Tape::with(params);
        let mut memory = Memory::default();
        let mut unread = text[text.len().saturating_sub(CONTEXT / 2)..].to_vec();
        for _ in unread.len()..=CONTEXT.min(length - text.len() + unread.len() - 1) {
            let (logits, _) = model.next(tape.constant(&unread), &mut memory);
            let draw = tape.constant(key.fold_in(text.len() as u64));
            unread = draw.categorical(logits.index(0, -1) / temperature, 0).to_vec();
            text.extend(&unread);
        }
    }
    text
}
