//! Gradients derived by hand, as in the example `manual_vs_autodiff`, against those of the tape.

use report::{Section, Table};
use std::error::Error;
use wengert::prelude::*;

#[allow(dead_code, reason = "the example also trains by hand")]
#[path = "../manual_vs_autodiff/manual/mod.rs"]
mod manual;

/// Four samples; the network as written takes the first.
const X: [[f64; 3]; 4] = [[0.5, -1.0, 2.0], [-1.5, 0.3, 0.8], [1.2, 0.7, -0.4], [-0.2, -0.9, -1.1]];
const Y: [f64; 4] = [1.0, 0.0, 1.0, 0.0];
const SIZES: [usize; 4] = [2, 10, 5, 1];

/// The comparison of all models.
pub(crate) fn section() -> Result<Section, Box<dyn Error>> {
    let columns = ["model", "parameter", "shape", "by hand", "tape", "largest difference", "same bits"];
    let mut rows = Rows { rows: Vec::new(), largest: 0.0 };
    perceptron(&mut rows)?;
    as_written(&mut rows)?;
    with_output_layer(&mut rows)?;
    moons(&mut rows)?;
    let table = Table::new("The first number of each gradient, and all compared", columns);
    let table = rows.rows.into_iter().fold(table, Table::row);
    let largest = rows.largest;
    Ok(Section::new("Gradients by hand against gradients from the tape")
        .text(
            "By hand: the chain rule on paper, written as plain loops. Tape: the recorded forward pass and loss.backward(). \
             Differences are relative to the largest entry of the gradient.",
        )
        .table(table)
        .note(format!(
            "The largest difference of all is {largest:.1e}: both add the same terms of 64 bits, in another order. The example \
             manual_vs_autodiff also compares with finite differences and with the tape of scalars."
        )))
}

struct Rows {
    rows: Vec<[String; 7]>,
    largest: f64,
}

impl Rows {
    /// Adds a row for each parameter of `order`, in which `manual` has its numbers.
    fn add(
        &mut self,
        model: &str,
        params: &Params,
        order: &[Param],
        manual: &[f64],
        tape: &Gradients,
    ) -> Result<(), Box<dyn Error>> {
        let mut rest = manual;
        for &param in order {
            let gradient = tape.get::<f64>(param).ok_or("the loss depends on every parameter")?;
            let (by_hand, others) = rest.split_at(gradient.len());
            rest = others;
            let compared = compare(gradient, by_hand);
            self.largest = f64::max(self.largest, compared.max_difference);
            self.rows.push([
                model.to_owned(),
                params.name(param).to_owned(),
                params.shape(param).to_string(),
                format!("{:.12}", by_hand[0]),
                format!("{:.12}", gradient[0]),
                if compared.max_difference == 0.0 {
                    "0".to_owned()
                } else {
                    format!("{:.1e}", compared.max_difference)
                },
                if compared.exact { "yes".to_owned() } else { "no".to_owned() },
            ]);
        }
        Ok(())
    }
}

/// The values of parameters in one row.
fn flat(params: &Params, order: &[Param]) -> Vec<f64> {
    order.iter().flat_map(|&p| params.get::<f64>(p)).copied().collect()
}

fn perceptron(rows: &mut Rows) -> Result<(), Box<dyn Error>> {
    let data = datasets::make_classification(100).n_features(2).n_redundant(0).n_informative(2);
    let data = data.n_clusters_per_class(1).random_state(42).generate()?;
    let mut params = Params::f64();
    let model = Perceptron::new(&mut params.scope("perceptron"), 2);
    // Not zero weights, where each sample stands on the jump of the step.
    params.get_mut::<f64>(model.weight).copy_from_slice(&[0.3, -0.2]);
    params.get_mut::<f64>(model.bias).copy_from_slice(&[0.1]);
    let y = data.y.mapv(|label| label as f64);
    let order = [model.weight, model.bias];
    let by_hand = manual::perceptron::Perceptron::from_flat(&flat(&params, &order));
    let x: Vec<f64> = data.x.iter().copied().collect();
    let by_hand = by_hand.total_gradient(&x, &y.to_vec());
    let tape = Tape::with(&params);
    let grads = model.loss(tape.constant(&data.x), tape.constant(&y)).backward();
    rows.add("perceptron", &params, &order, &by_hand, &grads)
}

fn as_written(rows: &mut Rows) -> Result<(), Box<dyn Error>> {
    use manual::neuron311::Neuron;
    let mut params = Params::f64().with_seed(1);
    let net = ThreeOneOne::as_written(&mut params.scope("net"));
    let order = [net.hidden.weight, net.hidden.bias];
    let a = Neuron::from_flat(&flat(&params, &order)).forward(X[0]);
    let (dw, db) = Neuron::gradient(a, X[0], Y[0]);
    let tape = Tape::with(&params);
    let grads = net.loss(tape.constant([X[0]]), tape.constant([[Y[0]]])).backward();
    rows.add("3-1-1 as written", &params, &order, &[&dw[..], &[db]].concat(), &grads)
}

fn with_output_layer(rows: &mut Rows) -> Result<(), Box<dyn Error>> {
    let mut params = Params::f64().with_seed(1);
    let net = ThreeOneOne::with_output_layer(&mut params.scope("net"));
    let output = net.output.ok_or("this network has an output layer")?;
    let order = [net.hidden.weight, net.hidden.bias, output.weight, output.bias];
    let by_hand = manual::neuron311::TwoLayer::from_flat(&flat(&params, &order)).gradient(&X, &Y).to_flat();
    let tape = Tape::with(&params);
    let grads = net.loss(tape.constant(X), tape.constant(Y.map(|y| [y]))).backward();
    rows.add("3-1-1 with output layer", &params, &order, &by_hand, &grads)
}

fn moons(rows: &mut Rows) -> Result<(), Box<dyn Error>> {
    use manual::mlp::{Mlp as ByHand, flatten};
    let moons = datasets::make_moons(200).noise(0.1).random_state(42).generate()?;
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("mlp"), &SIZES, Activation::Sigmoid);
    let mut numpy = datasets::RandomState::new(0);
    for layer in &net.layers {
        params.get_mut::<f64>(layer.weight).fill_with(|| 0.1 * numpy.standard_normal());
    }
    let x: Vec<f64> = moons.x.iter().copied().collect();
    let y: Vec<f64> = moons.y.iter().map(|&label| label as f64).collect();
    let order: Vec<Param> = net.layers.iter().flat_map(|layer| [layer.weight, layer.bias]).collect();
    let by_hand = ByHand::from_flat(&SIZES, &flat(&params, &order));
    let by_hand = flatten(&by_hand.exact_gradients(&by_hand.forward(&x), &y));
    let tape = Tape::with(&params);
    let output = net.forward(tape.constant(&moons.x));
    let grads = nn::loss::half_mse(output, tape.constant(&y).reshape([200, 1])).backward();
    rows.add("MLP of the notebook", &params, &order, &by_hand, &grads)
}
