//! Encoder and decoder layers against PyTorch 2.15 (`TransformerEncoderLayer`, `TransformerDecoderLayer`), with weights that a formula
//! gives to both; caches against whole sequences; dropout by mode.

use autograd::{DType, Key, Param, Params, Tape, Var};
use nn::attention::{Mask, MultiHeadAttention};
use nn::{
    Activation, Decoder, DecoderLayer, Encoder, EncoderLayer, FeedForward, LayerNorm, Linear, Mode,
    TransformerForm,
};

/// Sets parameters by PyTorch's rules: element i of the k-th tensor, in the order of their names, is 0.4·sin(1.3·i + k). Matrices are
/// \[out, in\] there.
struct Filling<'p> {
    params: &'p mut Params,
    k: f64,
}

impl Filling<'_> {
    fn numbers(&mut self, n: usize) -> Vec<f64> {
        let k = self.k;
        self.k += 1.0;
        (0..n).map(|i| 0.4 * (1.3 * i as f64 + k).sin()).collect()
    }

    fn set(&mut self, param: Param, values: &[f64]) {
        let shape = self.params.shape(param).clone();
        let tape = Tape::new();
        let values = match shape[..] {
            [inputs, outputs] => tape.constant(values).reshape([outputs, inputs]).t(),
            _ => tape.constant(values),
        };
        self.params.set(param, values.to_array::<f64>());
    }

    fn fill(&mut self, param: Param) {
        let values = self.numbers(self.params.shape(param).elements());
        self.set(param, &values);
    }

    fn linear(&mut self, layer: Linear) {
        self.fill(layer.bias);
        self.fill(layer.weight);
    }

    fn norm(&mut self, layer: LayerNorm) {
        self.fill(layer.bias);
        self.fill(layer.weight);
    }

    fn feed_forward(&mut self, layer: FeedForward) {
        self.linear(layer.up);
        self.linear(layer.down);
    }

    /// The maps of queries, keys and values are the rows of one matrix.
    fn attention(&mut self, layer: MultiHeadAttention) {
        let width = self.params.shape(layer.query.bias)[0];
        let (bias, weight) = (self.numbers(3 * width), self.numbers(3 * width * width));
        for (i, part) in [layer.query, layer.key, layer.value].into_iter().enumerate() {
            self.set(part.bias, &bias[i * width..(i + 1) * width]);
            self.set(part.weight, &weight[i * width * width..(i + 1) * width * width]);
        }
        self.linear(layer.output);
    }
}

/// cos(0.7·i + s), as a tensor.
fn waves<'t>(tape: &'t Tape<'t>, shape: [usize; 3], s: f64) -> Var<'t> {
    let n = shape.iter().product::<usize>();
    let values: Vec<f64> = (0..n).map(|i| (0.7 * i as f64 + s).cos()).collect();
    tape.var(&values[..]).reshape(shape)
}

fn close(what: &str, got: Var<'_>, want: &[f64]) {
    for (i, (got, want)) in got.to_vec::<f64>().iter().zip(want).enumerate() {
        assert!((got - want).abs() < 1e-12, "{what}[{i}]: {got}, not {want}");
    }
}

/// The first numbers of the memory and of the gradients, and the result.
struct Wanted {
    memory: [f64; 8],
    y: [f64; 16],
    of_x: [f64; 8],
    of_t: [f64; 8],
}

fn agrees(form: TransformerForm, want: &Wanted) {
    let mut params = Params::f64();
    let e = EncoderLayer::new(&mut params.scope("encoder"), form);
    let d = DecoderLayer::new(&mut params.scope("decoder"), form);
    let mut filling = Filling { params: &mut params, k: 1.0 };
    filling.feed_forward(e.feed_forward);
    filling.norm(e.norm1);
    filling.norm(e.norm2);
    filling.attention(e.attention);
    filling.k = 2.0;
    filling.feed_forward(d.feed_forward);
    filling.attention(d.cross);
    filling.norm(d.norm1);
    filling.norm(d.norm2);
    filling.norm(d.norm3);
    filling.attention(d.attention);

    let tape = Tape::with(&params);
    let keys = tape.constant([[true, true, false], [true, true, true]]);
    let (x, t) = (waves(&tape, [2, 3, 4], 0.1), waves(&tape, [2, 2, 4], 0.5));
    let memory = e.forward(x, Mask::All.with_keys(keys), Mode::Eval);
    let y = d.forward(t, memory, [Mask::Causal, Mask::All.with_keys(keys)], Mode::Eval);
    let [of_x, of_t] = (y * waves(&tape, [2, 2, 4], 0.9)).sum().grad([x, t]);
    close("memory", memory, &want.memory);
    close("y", y, &want.y);
    close("gradient of x", of_x, &want.of_x);
    close("gradient of t", of_t, &want.of_t);
}

#[test]
fn layers_that_normalise_last_agree_with_pytorch() {
    let form = TransformerForm { hidden: 6, dropout: 0.0, epsilon: 1e-4, ..TransformerForm::new(4, 2) };
    agrees(
        form,
        &Wanted {
            memory: [
                -0.11804760357244,
                0.3220703516193,
                -0.1369945597633,
                -0.78376435321668,
                0.07045946490596,
                0.2909309947263,
                -0.42521698812079,
                -0.6275791767886,
            ],
            y: [
                0.1017375475027,
                0.30969641537769,
                -0.86639752310052,
                -0.31827994523976,
                0.12779502933978,
                0.33661718407053,
                -0.87066404226036,
                -0.31809472480155,
                0.11433275972949,
                0.32847952412742,
                -0.85936075410249,
                -0.31718548019283,
                0.1240080515656,
                0.32124855298305,
                -0.88784060742216,
                -0.32010249786238,
            ],
            of_x: [
                0.0029337656109,
                -0.0085792231726,
                0.0054916451025,
                -0.0004102821188,
                4.71086944e-05,
                -0.0005213557947,
                0.0009324096457,
                -0.0008746282978,
            ],
            of_t: [
                0.0073020224567,
                -0.0086128292947,
                -0.0045854140748,
                0.003547782374,
                -0.002350910079,
                0.0075445116759,
                -0.0090942288501,
                0.0038263618681,
            ],
        },
    );
}

#[test]
fn layers_that_normalise_first_agree_with_pytorch() {
    let form = TransformerForm {
        hidden: 6,
        dropout: 0.0,
        epsilon: 1e-4,
        norm_first: true,
        activation: Activation::Gelu,
        ..TransformerForm::new(4, 2)
    };
    agrees(
        form,
        &Wanted {
            memory: [
                0.42450141530998,
                0.26434051338934,
                0.44594483669856,
                -0.19876331285172,
                -1.47847380329171,
                -1.24314754285383,
                -0.07925756000623,
                0.58165627721798,
            ],
            y: [
                0.61762465145674,
                0.09123158023013,
                -0.37767894521505,
                -0.7701669925917,
                -1.26260034320664,
                -1.03494747401286,
                -0.09810733474989,
                0.78837274897496,
                0.64635363009493,
                0.69235659936383,
                0.44426476082166,
                -0.22783642096454,
                -1.19853067222717,
                -1.32864377839509,
                -0.62071448738449,
                0.24807476972763,
            ],
            of_x: [
                0.1070535663995,
                0.1069906528535,
                -0.1282163551885,
                -0.108582845128,
                0.0485496005032,
                0.0314760064288,
                -0.0717168245575,
                -0.042189664714,
            ],
            of_t: [
                0.5872014858208,
                -0.0014308744981,
                -0.6306198292276,
                -1.019008854006,
                -0.8749726037484,
                -0.2070249550254,
                0.2424625050839,
                0.9475994116553,
            ],
        },
    );
}

/// In both orders, two layers each: rows one after the other are the rows of the whole.
#[test]
fn caches_give_what_whole_sequences_give() {
    for norm_first in [false, true] {
        let form = TransformerForm { norm_first, ..TransformerForm::new(4, 2) };
        let mut params = Params::f64().with_seed(2);
        let encoder = Encoder::new(&mut params.scope("encoder"), 2, form);
        let decoder = Decoder::new(&mut params.scope("decoder"), 2, form);
        let tape = Tape::with(&params);
        let (x, memory) = (waves(&tape, [2, 5, 4], 0.1), waves(&tape, [2, 3, 4], 0.2));
        let keys = Mask::All.with_keys(tape.constant([[true, false, true], [true, true, true]]));
        let whole = encoder.forward(x, Mask::Causal, Mode::Eval);
        let decoded = decoder.forward(x, memory, [Mask::Causal, keys], Mode::Eval);
        let (mut cache, mut caches) = (None, decoder.start(memory));
        for rows in [0..2, 2..3, 3..5] {
            let part = x.slice(1, rows.clone());
            let (y, next) = encoder.next(part, cache);
            cache = Some(next);
            assert!((y - whole.slice(1, rows.clone())).abs().max().item() < 1e-14);
            let y = decoder.next(part, &mut caches, keys);
            assert!((y - decoded.slice(1, rows)).abs().max().item() < 1e-14);
        }
    }
}

/// Training drops, by its key; evaluation and a rate of 0 do not.
#[test]
fn training_drops_by_its_key() {
    let mut params = Params::f64().with_seed(2);
    let form = TransformerForm { dropout: 0.5, ..TransformerForm::new(4, 2) };
    let encoder = Encoder::new(&mut params.scope("encoder"), 2, form);
    let decoder = Decoder::new(&mut params.scope("decoder"), 1, form);
    let tape = Tape::with(&params);
    let x = waves(&tape, [2, 5, 4], 0.1);
    let train = |seed| Mode::Train(tape.constant(Key::new(seed)));
    let far = |a: Var<'_>, b: Var<'_>| (a - b).abs().max().item();
    let whole = encoder.forward(x, Mask::All, train(1));
    assert_eq!(far(whole, encoder.forward(x, Mask::All, train(1))), 0.0);
    assert!(far(whole, encoder.forward(x, Mask::All, train(2))) > 0.1);
    assert!(far(whole, encoder.forward(x, Mask::All, Mode::Eval)) > 0.1);
    let decoded = |mode| decoder.forward(x, x, [Mask::Causal, Mask::All], mode);
    assert!(far(decoded(train(1)), decoded(Mode::Eval)) > 0.1);
    // All parts are reached: each parameter has a derivative in training.
    let slopes = whole.square().sum() + decoded(train(3)).powf(3.0).sum();
    let grads = slopes.backward();
    let untouched: Vec<&str> =
        params.iter().filter(|&p| grads.get::<f64>(p).is_none()).map(|p| params.name(p)).collect();
    assert!(untouched.is_empty(), "{untouched:?}");
}

/// A mask of keys limits every other mask.
#[test]
fn masks_of_keys_join_other_masks() {
    let tape = Tape::new();
    let (x, keys) = (waves(&tape, [2, 3, 4], 0.3), tape.constant([[true, true, false], [false, true, true]]));
    let (lower, full) = (tape.lower_triangle(3, 3, 0), tape.full(1.0, [3, 3], DType::Bool));
    let bias = tape.lower_triangle(3, 3, 0).select(tape.full(0.0, [3, 3], DType::F64), f64::NEG_INFINITY);
    let weights = |mask| nn::attention::multi_head(x, x, x, 2, mask).1;
    let causal = weights(Mask::Causal.with_keys(keys));
    assert_eq!(causal.to_vec::<f64>(), weights(Mask::Where(lower).with_keys(keys)).to_vec::<f64>());
    let all = weights(Mask::All.with_keys(keys));
    assert_eq!(all.to_vec::<f64>(), weights(Mask::Where(full).with_keys(keys)).to_vec::<f64>());
    assert_eq!(all.index(-1, 2).index(0, 0).sum().item(), 0.0);
    // The second sequence's first row has no key left; a bias of minus infinity says the same of the others.
    let biased = weights(Mask::Bias(bias).with_keys(keys));
    assert!((biased.index(0, 0) - causal.index(0, 0)).abs().max().item() < 1e-15);
    assert_eq!(causal.index(0, 1).index(1, 0).sum().item(), 0.0);
}
