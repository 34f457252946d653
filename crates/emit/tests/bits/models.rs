//! Models that C alone trains for some steps: a convolutional network, and a transformer with causal attention and dropout.

use crate::draw::Draw;
use crate::host::{PRINT, elements, has, run};
use autograd::{AnyTensor, ConvForm, DType, Key, Optimizer, Params, PoolForm, Program};
use emit::Emit;
use nn::attention::Mask;
use nn::{Conv2d, Dropout, Embedding, Linear, Mode, TransformerBlock};
use optim::{AdamW, Momentum, Pipeline};

const STEPS: usize = 3;

struct Model {
    params: Params,
    program: Program,
    optimizer: Box<dyn Optimizer>,
    inputs: Vec<Box<dyn AnyTensor>>,
}

fn labels(n: usize, of: usize) -> Vec<i64> {
    (0..n).map(|i| (i * 7 % of) as i64).collect()
}

/// Two kernels of 3 × 3, each with ReLU and the largest of 2 × 2, and a layer of 10.
fn convnet() -> Model {
    let mut params = Params::f32().with_seed(4);
    let mut scope = params.scope("net");
    let form = ConvForm::default().padding(1);
    let first = Conv2d::new(&mut scope.scope("first"), 1, 5, 3, form);
    let second = Conv2d::new(&mut scope.scope("second"), 5, 18, 3, form);
    let last = Linear::new(&mut scope.scope("last"), 18 * 9, 10);
    let program = Program::trace(&params, |t| {
        let (x, labels) = (t.input("x", [4, 1, 12, 12]), t.input_of("labels", DType::I64, [4]));
        let h = first.forward(x).relu().max_pool2d(PoolForm::of(2));
        let h = second.forward(h).relu().max_pool2d(PoolForm::of(2)).reshape([4, 18 * 9]);
        t.outputs(nn::loss::cross_entropy(last.forward(h), labels)).with_names(["loss"]).with_gradients()
    });
    let x: Vec<f32> = Draw(8).numbers(4 * 144).iter().map(|&x| x as f32).collect();
    Model {
        program: program.expect("a loss of parameters"),
        optimizer: Box::new(Momentum::new(0.1, 0.9).expect("rates")),
        inputs: vec![Box::new(x), Box::new(labels(4, 10))],
        params,
    }
}

/// Tokens in, tokens out: an embedding, a block with causal attention of two heads, dropout.
fn transformer() -> Model {
    let mut params = Params::f32().with_seed(5);
    let mut scope = params.scope("net");
    let table = Embedding::new(&mut scope.scope("tokens"), 11, 8, nn::Init::XavierNormal);
    let block = TransformerBlock::new(&mut scope.scope("block"), 8, 2);
    let last = Linear::new(&mut scope.scope("last"), 8, 11);
    let program = Program::trace(&params, |t| {
        let [tokens, next] = ["tokens", "next"].map(|name| t.input_of(name, DType::I64, [2, 9]));
        let x = Dropout::new(0.2).forward(table.forward(tokens), Mode::Train(t.constant(Key::new(6))));
        let logits = last.forward(block.forward(x, Mask::Causal)).reshape([18, 11]);
        t.outputs(nn::loss::cross_entropy(logits, next.reshape([18]))).with_names(["loss"]).with_gradients()
    });
    let adam = AdamW::new(0.01).and_then(|adam| Pipeline::new(adam).clip_norm(0.5)).expect("rates");
    Model {
        program: program.expect("a loss of parameters"),
        optimizer: Box::new(adam),
        inputs: vec![Box::new(labels(18, 11)), Box::new(labels(18, 5))],
        params,
    }
}

impl Model {
    /// The losses and the last parameters of the engine.
    fn expected(&mut self) -> Vec<String> {
        let bits = |x: f32| format!("{:08x}", x.to_bits());
        let (mut params, mut state) = (self.params.clone(), self.program.state());
        let inputs: Vec<&dyn AnyTensor> = self.inputs.iter().map(|x| &**x).collect();
        let mut step = || self.program.step(&mut state, &mut params, &mut *self.optimizer, &inputs[..]);
        let mut lines: Vec<String> = (0..STEPS).map(|_| bits(step().expect("a step") as f32)).collect();
        lines.extend(params.slab_of::<f32>().iter().map(|&x| bits(x)));
        lines
    }

    fn driver(&self, name: &str) -> String {
        let upper = name.to_uppercase();
        let (mut text, mut names) = (String::new(), String::new());
        for (i, x) in self.inputs.iter().enumerate() {
            let t = if x.dtype() == DType::I64 { "wg_long" } else { "float" };
            text += &format!("static const {t} {name}_x{i}[] = {{{}}};\n", elements(&**x));
            names += &format!("{name}_x{i}, ");
        }
        text + &format!(
            "static void {name}_main(void) {{\n  static _Alignas(64) char work[{upper}_WORK], memory[{upper}_MEMORY];\n  static float \
             p[{upper}_PARAMETERS];\n  memcpy(p, {name}_parameters, sizeof p);\n  for (int step = 0; step < {STEPS}; ++step) {{\n    if \
             ({name}_step(p, {names}memory, work)) printf(\"refused\\n\");\n    print_float({name}_loss(work), 1);\n  }}\n  print_float(p, \
             {upper}_PARAMETERS);\n  printf(\"end\\n\");\n}}\n"
        )
    }
}

#[test]
fn c_alone_trains_a_convnet_and_a_transformer() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let mut models = [convnet(), transformer()];
    let mut source = String::from("#include <stdio.h>\n#include <math.h>\n");
    let mut calls = String::new();
    for (i, model) in models.iter().enumerate() {
        let name = format!("m{i}");
        let header = model.program.emit_c_training(&model.params, &*model.optimizer, &name);
        source += &format!("#define M{i}_VALUES\n{}", header.expect("a step has a text"));
        if i == 0 {
            source += PRINT;
        }
        source += &model.driver(&name);
        calls += &format!("  {name}_main();\n");
    }
    source += &format!("int main(void) {{\n{calls}  return 0;\n}}\n");
    let expected: Vec<Vec<String>> = models.iter_mut().map(Model::expected).collect();
    for options in [&["-O0"][..], &["-O3", "-march=native"]] {
        assert_eq!(run("models", "cc", options, &source), expected);
    }
}
