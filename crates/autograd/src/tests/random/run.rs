//! Random programs, run eagerly, by the oracle and planned.

use super::build::build;
use super::recipe::{LeafSource, Recipe, RecipeNode, RecipeOp};
use crate::record::for_each_of_batch;
use crate::{AnyTensor, DType, Element, Param, Params, Passes, Program, Replay, Run, Tape, Var};
use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// Numbers of one output; truth values are 0 and 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Values {
    pub(super) shape: Vec<usize>,
    pub(super) numbers: Vec<f64>,
}

/// Which values the leaves have.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Leaves {
    Given,
    /// Other random values.
    Other,
    /// The given ones, each perturbed by at most this fraction of itself.
    Near(f64, u64),
}

/// An array in the form that a run takes.
enum Array {
    F32(ArrayD<f32>),
    F64(ArrayD<f64>),
    I64(ArrayD<i64>),
}

impl Recipe {
    /// The numbers of a leaf.
    pub(super) fn numbers(&self, node: &RecipeNode, leaves: Leaves) -> Vec<f64> {
        let stream = match node.op {
            RecipeOp::Leaf(_, stream) | RecipeOp::Labels(_, stream, _) => stream,
            _ => unreachable!("a leaf"),
        };
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ u64::from(leaves == Leaves::Other) << 40);
        rng.set_stream(1 + stream);
        let unit = |rng: &mut ChaCha8Rng| (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let n: usize = node.shape.iter().product();
        let mut values: Vec<f64> = match node.op {
            RecipeOp::Labels(_, _, columns) => {
                (0..n).map(|_| (unit(&mut rng) * columns as f64).floor()).collect()
            }
            _ => (0..n).map(|_| 4.0 * unit(&mut rng) - 2.0).collect(),
        };
        if let (Leaves::Near(distance, which), RecipeOp::Leaf(..)) = (leaves, &node.op) {
            let mut rng = ChaCha8Rng::seed_from_u64(which);
            rng.set_stream(1 + stream);
            values.iter_mut().for_each(|v| *v *= 1.0 + distance * (2.0 * unit(&mut rng) - 1.0));
        }
        values
    }

    /// The leaf as an array, every other one with its first axis innermost.
    fn array(&self, node: &RecipeNode, leaves: Leaves) -> Array {
        let turned = matches!(node.op, RecipeOp::Leaf(_, stream) if stream % 2 == 1);
        fn make<T: Clone>(shape: &[usize], turned: bool, values: Vec<T>) -> ArrayD<T> {
            let straight = ArrayD::from_shape_vec(IxDyn(shape), values).expect("as many as the shape has");
            if !turned {
                return straight;
            }
            let turned = ArrayD::from_shape_fn(IxDyn(shape).f(), |i| straight[i].clone());
            debug_assert!(
                turned.len() < 2 || shape.len() < 2 || !turned.is_standard_layout() || shape.contains(&1)
            );
            turned
        }
        let values = self.numbers(node, leaves);
        match (&node.op, self.dtype) {
            (RecipeOp::Labels(..), _) => {
                Array::I64(make(&node.shape, false, values.iter().map(|&v| v as i64).collect()))
            }
            (_, DType::F32) => {
                Array::F32(make(&node.shape, turned, values.iter().map(|&v| v as f32).collect()))
            }
            _ => Array::F64(make(&node.shape, turned, values)),
        }
    }

    /// The leaves of a kind, in order.
    fn leaves_of(&self, wanted: LeafSource) -> impl Iterator<Item = &RecipeNode> {
        self.nodes.iter().filter(
            move |n| matches!(n.op, RecipeOp::Leaf(source, _) | RecipeOp::Labels(source, ..) if source == wanted),
        )
    }

    /// The parameters of a recipe, in order.
    fn params(&self, leaves: Leaves) -> (Params, Vec<Param>) {
        let mut params = if self.dtype == DType::F32 { Params::f32() } else { Params::f64() };
        let mut scope = params.scope("p");
        let all = self.leaves_of(LeafSource::Param).enumerate();
        let all = all
            .map(|(i, node)| scope.param(&i.to_string(), &node.shape[..], &self.numbers(node, leaves)[..]));
        let all = all.collect();
        (params, all)
    }

    /// All values that are compared: a number that depends on the outputs, the outputs, the derivatives of the number by
    /// inputs and parameters, and the derivatives of those derivatives.
    fn results<'t>(&self, tape: &'t Tape<'_>, leaf: &mut dyn FnMut(&RecipeNode) -> Var<'t>) -> Vec<Var<'t>> {
        let mut wrt = vec![];
        let vars = build(self, &mut |node| {
            let x = leaf(node);
            if matches!(node.op, RecipeOp::Leaf(LeafSource::Input | LeafSource::Param, _)) {
                wrt.push(x);
            }
            x
        });
        let mut loss = tape_number(tape, self.dtype);
        for (i, &output) in self.outputs.iter().enumerate() {
            let y = vars[output];
            if y.dtype() == self.dtype {
                loss += if i % 2 == 0 { y.sin().sum() } else { 0.5 * y.sum() };
            }
        }
        let mut all = vec![loss];
        all.extend(self.outputs.iter().map(|&o| vars[o]));
        let mut total = loss;
        for _ in 0..if wrt.is_empty() { 0 } else { self.order } {
            let slopes = total.grads(&wrt);
            all.extend(&slopes);
            total = slopes.iter().map(|g| g.sin().sum()).fold(tape_number(tape, self.dtype), |a, b| a + b);
        }
        all
    }

    /// The results by eager execution, compared with those of the oracle if asked for. `look` gets the tape.
    pub(super) fn eager(
        &self,
        leaves: Leaves,
        by_oracle: bool,
        look: impl FnOnce(&Tape<'_>),
    ) -> Result<Vec<Values>, String> {
        let (params, handles) = self.params(leaves);
        let tape = Tape::with(&params);
        let mut handles = handles.iter();
        let all = self.results(&tape, &mut |node| match (&node.op, self.array(node, leaves)) {
            (RecipeOp::Leaf(LeafSource::Param, _), _) => {
                tape.param(*handles.next().expect("one per parameter"))
            }
            (RecipeOp::Leaf(LeafSource::Input, _), Array::F32(a)) => tape.var(&a),
            (RecipeOp::Leaf(LeafSource::Input, _), Array::F64(a)) => tape.var(&a),
            (_, Array::F32(a)) => tape.constant(&a),
            (_, Array::F64(a)) => tape.constant(&a),
            (_, Array::I64(a)) => tape.constant(&a),
        });
        let values: Vec<Values> = all.iter().map(|&y| eager_values(y)).collect();
        look(&tape);
        if by_oracle {
            let last = all.len() - 1;
            for i in [0, last] {
                let oracle = oracle_values(all[i]);
                same(&values[i], &oracle)
                    .map_err(|e| format!("eager result {i} is not the oracle's: {e}"))?;
            }
        }
        Ok(values)
    }

    /// The results for a batch of examples with inputs of their own and the same parameters, example by example.
    pub(super) fn batched(&self, examples: &[Leaves]) -> Vec<Vec<Values>> {
        let (params, handles) = self.params(Leaves::Given);
        let tape = Tape::with(&params);
        let constant = |array: Array| match array {
            Array::F32(a) => tape.constant(&a),
            Array::F64(a) => tape.constant(&a),
            Array::I64(a) => tape.constant(&a),
        };
        let of_all = |node: &RecipeNode| {
            let each = examples.iter().map(|&leaves| constant(self.array(node, leaves)));
            Var::stack(&each.collect::<Vec<_>>(), 0)
        };
        // One more, so that there is one for each program.
        let number = tape.constant(vec![0.0; examples.len()]);
        let inputs: Vec<Var<'_>> = self.leaves_of(LeafSource::Input).map(of_all).chain([number]).collect();
        let all = for_each_of_batch(examples.len(), &inputs, |one| {
            let (mut inputs, mut handles) = (one.iter(), handles.iter());
            self.results(&tape, &mut |node| match &node.op {
                RecipeOp::Leaf(LeafSource::Param, _) => {
                    tape.param(*handles.next().expect("one per parameter"))
                }
                RecipeOp::Leaf(LeafSource::Input, _) | RecipeOp::Labels(LeafSource::Input, ..) => {
                    *inputs.next().expect("one per input")
                }
                _ => constant(self.array(node, Leaves::Given)),
            })
        });
        let of_example = |i| all.iter().map(|y| eager_values(y.index(0, i as isize))).collect();
        (0..examples.len()).map(of_example).collect()
    }

    /// The results of a program, in the same order, and the gradients by parameter. It runs twice in one state, first on
    /// other numbers. `tamper` may change the plan.
    pub(super) fn planned(
        &self,
        passes: Passes,
        tamper: impl FnOnce(&mut Program),
    ) -> Result<Vec<Values>, String> {
        let (other_params, _) = self.params(Leaves::Other);
        let (mut params, handles) = (other_params.clone(), self.params(Leaves::Given).0);
        let with_gradients = self.order > 0;
        let mut dtypes = vec![];
        let program = Program::trace_with(passes, &params, |t| {
            let mut inputs = 0;
            let mut parameters = params.iter();
            let all = self.results(t, &mut |node| match (&node.op, self.array(node, Leaves::Given)) {
                (RecipeOp::Leaf(LeafSource::Param, _), _) => {
                    t.param(parameters.next().expect("one per parameter"))
                }
                (RecipeOp::Leaf(LeafSource::Input, _) | RecipeOp::Labels(LeafSource::Input, ..), array) => {
                    inputs += 1;
                    t.input_of(&format!("x{inputs}"), array.tensor().dtype(), &node.shape[..])
                }
                (_, Array::F32(a)) => t.constant(&a),
                (_, Array::F64(a)) => t.constant(&a),
                (_, Array::I64(a)) => t.constant(&a),
            });
            dtypes = all.iter().map(|y| y.dtype()).collect();
            let outputs = t.outputs(all);
            if with_gradients { outputs.with_gradients() } else { outputs }
        });
        let mut program = program.map_err(|e| e.to_string())?;
        tamper(&mut program);
        let mut state = program.state().with_threads(self.threads);
        let arrays = |leaves| -> Vec<Array> {
            self.leaves_of(LeafSource::Input).map(|node| self.array(node, leaves)).collect()
        };
        for leaves in [Leaves::Other, Leaves::Given] {
            if leaves == Leaves::Given {
                let values = handles.iter().map(|p| match self.dtype {
                    DType::F32 => handles.get::<f32>(p).iter().map(|&x| f64::from(x)).collect(),
                    _ => handles.get::<f64>(p).to_vec(),
                });
                let values: Vec<Vec<f64>> = values.collect();
                for (p, values) in params.iter().zip(values) {
                    match self.dtype {
                        DType::F32 => {
                            let slots = params.get_mut::<f32>(p).iter_mut();
                            slots.zip(values).for_each(|(slot, v)| *slot = v as f32);
                        }
                        _ => params.get_mut::<f64>(p).copy_from_slice(&values),
                    }
                }
            }
            let arrays = arrays(leaves);
            let inputs: Vec<&dyn AnyTensor> = arrays.iter().map(Array::tensor).collect();
            let run = program.run(&mut state, &params, &inputs[..]).map_err(|e| e.to_string())?;
            if leaves == Leaves::Given {
                let mut values: Vec<Values> =
                    dtypes.iter().enumerate().map(|(i, &dtype)| planned_values(&run, i, dtype)).collect();
                if with_gradients {
                    values.extend(params.iter().map(|p| slab_values(&run, &params, p)));
                }
                return Ok(values);
            }
        }
        unreachable!("the second run gives the values")
    }

    /// The positions, among the results, of the gradients by parameter that the program also gives in its slab.
    pub(super) fn parameter_gradients(&self) -> Vec<usize> {
        if self.order == 0 {
            return vec![];
        }
        let first = 1 + self.outputs.len();
        let leaves = self.nodes.iter().filter_map(|n| match n.op {
            RecipeOp::Leaf(source @ (LeafSource::Input | LeafSource::Param), _) => Some(source),
            _ => None,
        });
        leaves.enumerate().filter(|(_, s)| *s == LeafSource::Param).map(|(i, _)| first + i).collect()
    }
}

impl Array {
    fn tensor(&self) -> &dyn AnyTensor {
        match self {
            Array::F32(a) => a,
            Array::F64(a) => a,
            Array::I64(a) => a,
        }
    }
}

fn tape_number<'t>(tape: &'t Tape<'_>, dtype: DType) -> Var<'t> {
    tape.full(0.0, [], dtype)
}

fn values<T: Element>(array: ArrayD<T>, number: impl Fn(T) -> f64) -> Values {
    Values { shape: array.shape().to_vec(), numbers: array.iter().map(|&x| number(x)).collect() }
}

fn eager_values(y: Var<'_>) -> Values {
    match y.dtype() {
        DType::F32 => values(y.to_array::<f32>(), f64::from),
        DType::F64 => values(y.to_array::<f64>(), |x| x),
        DType::I64 => values(y.to_array::<i64>(), |x| x as f64),
        DType::Bool => values(y.to_array::<bool>(), f64::from),
    }
}

fn oracle_values(y: Var<'_>) -> Values {
    match y.dtype() {
        DType::F32 => values(Replay::of(y).run::<f32>(), f64::from),
        DType::F64 => values(Replay::of(y).run::<f64>(), |x| x),
        DType::I64 => values(Replay::of(y).run::<i64>(), |x| x as f64),
        DType::Bool => values(Replay::of(y).run::<bool>(), f64::from),
    }
}

fn planned_values(run: &Run<'_>, i: usize, dtype: DType) -> Values {
    match dtype {
        DType::F32 => values(run.get::<f32>(i).to_owned(), f64::from),
        DType::F64 => values(run.get::<f64>(i).to_owned(), |x| x),
        DType::I64 => values(run.get::<i64>(i).to_owned(), |x| x as f64),
        DType::Bool => values(run.get::<bool>(i).to_owned(), f64::from),
    }
}

/// The gradient of a parameter in the slab; zeros where the loss does not depend on it.
fn slab_values(run: &Run<'_>, params: &Params, p: Param) -> Values {
    let numbers = match params.dtype() {
        DType::F32 => run.grads().get::<f32>(p).map(|g| g.iter().map(|&x| f64::from(x)).collect()),
        _ => run.grads().get::<f64>(p).map(<[f64]>::to_vec),
    };
    let shape = params.shape(p).to_vec();
    Values { numbers: numbers.unwrap_or_else(|| vec![0.0; shape.iter().product()]), shape }
}

/// Equal to the last bit; NaN is NaN, and 0 is −0.
pub(super) fn same(given: &Values, wanted: &Values) -> Result<(), String> {
    within(given, wanted, 0.0)
}

/// Every element differs by at most the bound. Elements that are finite in neither are not compared.
pub(super) fn within(given: &Values, wanted: &Values, bound: f64) -> Result<(), String> {
    if given.shape != wanted.shape {
        return Err(format!("shape {:?} for {:?}", given.shape, wanted.shape));
    }
    let agree = |a: f64, b: f64| {
        a == b
            || (a.is_nan() && b.is_nan())
            || (a - b).abs() <= bound
            || (bound > 0.0 && !a.is_finite() && !b.is_finite())
    };
    let pairs = given.numbers.iter().zip(&wanted.numbers);
    match pairs.enumerate().find(|(_, (a, b))| !agree(**a, **b)) {
        None => Ok(()),
        Some((i, (a, b))) => Err(format!("element {i} is {a:e} for {b:e}, bound {bound:e}")),
    }
}
