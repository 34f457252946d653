//! Mistakes with layers, losses and distributions.

use crate::Case;
use crate::caught::mistake_in;
use nn::attention::{Mask, MultiHeadAttention, SelfAttention, scaled_dot_product};
use nn::distributions::{Categorical, Dirichlet, Distribution, MultivariateNormal};
use nn::embedding::{Pairs, rotary};
use nn::loss::{CrossEntropy, Ctc};
use nn::{
    BatchNorm, Bilinear, Conv2d, ConvTranspose2d, DecoderLayer, Embedding, EmbeddingBag, EncoderLayer,
    GlobalPool, GroupNorm, GruCell, Lstm, LstmCell, Pool2d, Positions, RmsNorm, Sequential, TransformerForm,
    WeightNorm,
};
use wengert::{nn, prelude::*};

pub(crate) const ALL: &[Case] = &[
    ("one number for a linear layer", number_for_a_linear_layer),
    ("image of other channels", other_channels),
    ("image with the channels last", channels_last),
    ("image without a batch", no_batch),
    ("kernel larger than the image", large_kernel),
    ("transposed convolution of other channels", transposed_channels),
    ("pooling beyond the image", pooling_beyond),
    ("global pooling without places", pooling_of_rows),
    ("batch norm of other channels", batch_norm_channels),
    ("batch norm of one sample", batch_norm_of_one),
    ("groups that do not divide the channels", uneven_groups),
    ("layer norm of another width", layer_norm_width),
    ("root mean square norm along the wrong axis", rms_norm_width),
    ("words as floating-point numbers", float_words),
    ("word out of range", word_out_of_range),
    ("bags in rows", bags_in_rows),
    ("sequence longer than its positions", too_long),
    ("rotary positions of an odd width", odd_width),
    ("bilinear layer with swapped sides", swapped_bilinear),
    ("flattened image for a layer made for another", other_image),
    ("LSTM cell with the state of another", cell_state),
    ("GRU cell for another input", cell_input),
    ("LSTM of a single sequence", single_sequence),
    ("LSTM of features in the wrong place", sequence_features),
    ("LSTM with the batch first", batch_first),
    ("LSTM with one length for all", one_length),
    ("heads that do not divide the width", uneven_heads),
    ("self-attention of one row", attention_of_a_row),
    ("self-attention of another width", attention_width),
    ("attention to rows of another width", cross_width),
    ("attention to another batch", cross_batch),
    ("mask of numbers for attention", mask_of_numbers),
    ("mask of another length", mask_length),
    ("mask of keys as numbers", keys_as_numbers),
    ("encoder of another width", encoder_width),
    ("encoder that drops more than all", encoder_drops),
    ("decoder with the memory of another model", decoder_memory),
    ("sequential without a mode", sequential_without_a_mode),
    ("single number for a key", number_for_a_key),
    ("weight norm along no axis", weight_norm_axis),
    ("label out of range of a weighted loss", weighted_label),
    ("label of a class that is the blank", blank_label),
    ("probabilities for logits of a batch", ctc_batch),
    ("class as a floating-point number", float_class),
    ("one share", one_share),
    ("covariance of another size", covariance_size),
];

fn says<R>(f: impl FnOnce() -> R) -> String {
    mistake_in("mistakes/layers.rs", f)
}

/// A batch of sequences: two of three rows of four columns.
fn rows<'t>(tape: &'t Tape<'t>) -> Var<'t> {
    tape.full(0.5, [2, 3, 4], DType::F64)
}

fn image<'t>(tape: &'t Tape<'t>, shape: [usize; 4]) -> Var<'t> {
    tape.full(0.5, shape, DType::F64)
}

fn number_for_a_linear_layer() -> String {
    let mut params = Params::f64();
    let layer = Linear::new(&mut params.scope("layer"), 1, 1);
    let tape = Tape::with(&params);
    says(|| layer.forward(tape.var(0.5)))
}

fn conv(params: &mut Params) -> Conv2d {
    Conv2d::new(&mut params.scope("conv"), 3, 8, 3, ConvForm::default())
}

fn other_channels() -> String {
    let mut params = Params::f64();
    let layer = conv(&mut params);
    let tape = Tape::with(&params);
    says(|| layer.forward(image(&tape, [2, 1, 8, 8])))
}

fn channels_last() -> String {
    let mut params = Params::f64();
    let layer = conv(&mut params);
    let tape = Tape::with(&params);
    says(|| layer.forward(image(&tape, [2, 8, 8, 3])))
}

fn no_batch() -> String {
    let mut params = Params::f64();
    let layer = conv(&mut params);
    let tape = Tape::with(&params);
    says(|| layer.forward(tape.full(0.5, [3, 8, 8], DType::F64)))
}

fn large_kernel() -> String {
    let mut params = Params::f64();
    let layer = conv(&mut params);
    let tape = Tape::with(&params);
    says(|| layer.forward(image(&tape, [2, 3, 2, 8])))
}

fn transposed_channels() -> String {
    let mut params = Params::f64();
    let layer = ConvTranspose2d::new(&mut params.scope("up"), 3, 8, 2, ConvForm::default());
    let tape = Tape::with(&params);
    says(|| layer.forward(image(&tape, [2, 8, 4, 4])))
}

fn pooling_beyond() -> String {
    let tape = Tape::new();
    says(|| Pool2d::Max(PoolForm::of(3)).forward(image(&tape, [1, 1, 2, 8])))
}

fn pooling_of_rows() -> String {
    let tape = Tape::new();
    says(|| GlobalPool::Mean.forward(tape.var([[1.0, 2.0]])))
}

fn batch_norm_channels() -> String {
    let mut params = Params::f64();
    let layer = BatchNorm::new(&mut params.scope("norm"), 8);
    let tape = Tape::with(&params);
    says(|| layer.forward(image(&tape, [2, 3, 4, 4]), &Mode::Eval))
}

fn batch_norm_of_one() -> String {
    let mut params = Params::f64();
    let layer = BatchNorm::new(&mut params.scope("norm"), 2);
    let tape = Tape::with(&params);
    let mode = Mode::Train(tape.constant(Key::new(1)));
    says(|| layer.forward(tape.var([[1.0, 2.0]]), &mode))
}

fn uneven_groups() -> String {
    let mut params = Params::f64();
    let layer = GroupNorm::new(&mut params.scope("norm"), 6, 4);
    let tape = Tape::with(&params);
    says(|| layer.forward(image(&tape, [2, 6, 4, 4])))
}

fn layer_norm_width() -> String {
    let mut params = Params::f64();
    let layer = LayerNorm::new(&mut params.scope("norm"), 3);
    let tape = Tape::with(&params);
    says(|| layer.forward(rows(&tape)))
}

fn rms_norm_width() -> String {
    let mut params = Params::f64();
    let layer = RmsNorm::new(&mut params.scope("norm"), 3);
    let tape = Tape::with(&params);
    says(|| layer.forward(rows(&tape)))
}

fn float_words() -> String {
    let mut params = Params::f64();
    let layer = Embedding::new(&mut params.scope("words"), 10, 4, 0.0);
    let tape = Tape::with(&params);
    says(|| layer.forward(tape.constant([1.0, 2.0])))
}

fn word_out_of_range() -> String {
    let mut params = Params::f64();
    let layer = Embedding::new(&mut params.scope("words"), 10, 4, 0.0);
    let tape = Tape::with(&params);
    says(|| layer.forward(tape.constant([1i64, 10])))
}

fn bags_in_rows() -> String {
    let mut params = Params::f64();
    let layer = EmbeddingBag::new(&mut params.scope("words"), 10, 4, 0.0);
    let tape = Tape::with(&params);
    let (index, offsets) = (tape.constant([[1i64, 2], [3, 4]]), tape.constant([0i64, 2]));
    says(|| layer.forward(index, offsets, autograd::Bag::Sum))
}

fn too_long() -> String {
    let mut params = Params::f64();
    let layer = Positions::new(&mut params.scope("positions"), 3, 4, 0.0);
    let tape = Tape::with(&params);
    says(|| layer.forward(rows(&tape), 1))
}

fn odd_width() -> String {
    let tape = Tape::new();
    says(|| rotary(tape.full(0.5, [2, 3, 5], DType::F64), 0, 10_000.0, Pairs::Halves))
}

fn swapped_bilinear() -> String {
    let mut params = Params::f64();
    let layer = Bilinear::new(&mut params.scope("layer"), [4, 3], 2);
    let tape = Tape::with(&params);
    let (a, b) = (tape.var([[1.0; 4]; 2]), tape.var([[1.0; 3]; 2]));
    says(|| layer.forward(b, a))
}

fn other_image() -> String {
    let mut params = Params::f64();
    let layer = Linear::new(&mut params.scope("out"), 3 * 8 * 8, 10);
    let tape = Tape::with(&params);
    says(|| layer.forward(nn::flatten(image(&tape, [2, 3, 4, 4]))))
}

fn cell_state() -> String {
    let mut params = Params::f64();
    let cell = LstmCell::new(&mut params.scope("cell"), 3, 4);
    let tape = Tape::with(&params);
    let (x, h, c) = (tape.var([[1.0; 3]; 2]), tape.var([[0.0; 4]; 2]), tape.var([[0.0; 5]; 2]));
    says(|| cell.forward(x, (h, c)))
}

fn cell_input() -> String {
    let mut params = Params::f64();
    let cell = GruCell::new(&mut params.scope("cell"), 3, 4);
    let tape = Tape::with(&params);
    let (x, h) = (tape.var([[1.0; 2]; 2]), tape.var([[0.0; 4]; 2]));
    says(|| cell.forward(x, h))
}

fn lstm(params: &mut Params) -> Lstm {
    Lstm::new(&mut params.scope("lstm"), 4, 5)
}

fn single_sequence() -> String {
    let mut params = Params::f64();
    let layers = lstm(&mut params);
    let tape = Tape::with(&params);
    says(|| layers.forward(tape.var([[1.0; 4]; 3]), None, None))
}

fn sequence_features() -> String {
    let mut params = Params::f64();
    let layers = lstm(&mut params);
    let tape = Tape::with(&params);
    says(|| layers.forward(rows(&tape).move_axis(-1, 0), None, None))
}

fn batch_first() -> String {
    let mut params = Params::f64();
    let layers = lstm(&mut params);
    let tape = Tape::with(&params);
    // Two sequences of three steps, where two steps of three sequences are meant.
    let state = [tape.full(0.0, [1, 2, 5], DType::F64); 2];
    says(|| layers.forward(rows(&tape), Some(&state), None))
}

fn one_length() -> String {
    let mut params = Params::f64();
    let layers = lstm(&mut params);
    let tape = Tape::with(&params);
    says(|| layers.forward(rows(&tape), None, Some(tape.constant(2i64))))
}

fn uneven_heads() -> String {
    let mut params = Params::f64();
    says(|| MultiHeadAttention::new(&mut params.scope("attention"), 10, 4))
}

fn attention_of_a_row() -> String {
    let mut params = Params::f64();
    let layer = SelfAttention::new(&mut params.scope("attention"), 4, 2);
    let tape = Tape::with(&params);
    says(|| layer.forward(tape.var([1.0; 4]), Mask::All))
}

fn attention_width() -> String {
    let mut params = Params::f64();
    let layer = SelfAttention::new(&mut params.scope("attention"), 6, 2);
    let tape = Tape::with(&params);
    says(|| layer.forward(rows(&tape), Mask::All))
}

fn cross(params: &mut Params) -> MultiHeadAttention {
    MultiHeadAttention::new(&mut params.scope("attention"), 4, 2)
}

fn cross_width() -> String {
    let mut params = Params::f64();
    let layer = cross(&mut params);
    let tape = Tape::with(&params);
    let others = tape.full(0.5, [2, 7, 6], DType::F64);
    says(|| layer.forward(rows(&tape), others, others, Mask::All))
}

fn cross_batch() -> String {
    let mut params = Params::f64();
    let layer = cross(&mut params);
    let tape = Tape::with(&params);
    let others = tape.full(0.5, [5, 7, 4], DType::F64);
    says(|| layer.forward(rows(&tape), others, others, Mask::All))
}

fn mask_of_numbers() -> String {
    let tape = Tape::new();
    let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
    let mask = tape.constant([[1.0, 0.0], [1.0, 1.0]]);
    says(|| scaled_dot_product(x, x, x, Mask::Where(mask)))
}

fn mask_length() -> String {
    let mut params = Params::f64();
    let layer = cross(&mut params);
    let tape = Tape::with(&params);
    let mask = tape.lower_triangle(4, 4, 0);
    says(|| layer.forward(rows(&tape), rows(&tape), rows(&tape), Mask::Where(mask)))
}

fn keys_as_numbers() -> String {
    let tape = Tape::new();
    says(|| Mask::Causal.with_keys(tape.constant([[1.0, 1.0, 0.0]])))
}

fn encoder_width() -> String {
    let mut params = Params::f64();
    let layer = EncoderLayer::new(&mut params.scope("layer"), TransformerForm::new(6, 2));
    let tape = Tape::with(&params);
    says(|| layer.forward(rows(&tape), Mask::All, Mode::Eval))
}

fn encoder_drops() -> String {
    let mut params = Params::f64();
    let form = TransformerForm { dropout: 10.0, ..TransformerForm::new(4, 2) };
    says(|| EncoderLayer::new(&mut params.scope("layer"), form))
}

fn decoder_memory() -> String {
    let mut params = Params::f64();
    let layer = DecoderLayer::new(&mut params.scope("layer"), TransformerForm::new(4, 2));
    let tape = Tape::with(&params);
    let memory = tape.full(0.5, [2, 5, 6], DType::F64);
    says(|| layer.forward(rows(&tape), memory, [Mask::Causal, Mask::All], Mode::Eval))
}

fn sequential_without_a_mode() -> String {
    let tape = Tape::new();
    let inner = Sequential::new().then(|x| x.relu()).then_in(|x, mode| Dropout::new(0.5).forward(x, mode));
    let net = Sequential::new().residual(inner);
    says(|| net.forward(tape.var([1.0, 2.0])))
}

fn number_for_a_key() -> String {
    let tape = Tape::new();
    let mode = Mode::Train(tape.var([1.0, 2.0]));
    says(|| mode.fold_in(1))
}

fn weight_norm_axis() -> String {
    let mut params = Params::f64();
    says(|| WeightNorm::new(&mut params.scope("weight"), [3, 4], Some(2), 0.5))
}

fn weighted_label() -> String {
    let tape = Tape::new();
    let loss = CrossEntropy { smoothing: 0.1, ..CrossEntropy::default() };
    let (logits, labels) = (tape.var([[0.2, 0.8, 0.1], [0.3, 0.1, 0.9]]), tape.constant([1i64, 3]));
    says(|| loss.of(logits, labels))
}

fn blank_label() -> String {
    let tape = Tape::new();
    says(|| Ctc::default().of(rows(&tape), &[vec![1], vec![1, 2], vec![0]], &[2, 2, 2]))
}

fn ctc_batch() -> String {
    let tape = Tape::new();
    says(|| Ctc::default().of(rows(&tape), &[vec![1], vec![1, 2]], &[2, 2]))
}

fn float_class() -> String {
    let tape = Tape::new();
    says(|| Categorical::new(tape.var([0.5, 0.5])).log_prob(tape.constant([1.0])))
}

fn one_share() -> String {
    let tape = Tape::new();
    says(|| Dirichlet::new(tape.var(1.0)))
}

fn covariance_size() -> String {
    let tape = Tape::new();
    says(|| MultivariateNormal::new(tape.var([1.0, 2.0]), tape.var([[1.0, 0.0, 0.0]; 3])))
}
