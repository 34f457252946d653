//! The printed list of a tape, its statistics and its drawings.

mod xml;

use autograd::{DType, Param, Params, Program, Shape, Tape, Var};
use std::ops::Bound;

/// Replaces `{0}`, `{1}`, … by line numbers of this file, counted from `first`.
fn with_lines(golden: &str, first: u32) -> String {
    (0..9).fold(golden.to_owned(), |text, i| text.replace(&format!("{{{i}}}"), &(first + i).to_string()))
}

#[test]
fn the_list_of_a_derivative() {
    let first = line!() + 1;
    let tape = Tape::new();
    let x = tape.var(2.0);
    let y = x * x.sin();
    y.grad([x]);
    let golden = "\
v0 = var           2                           autograd/tests/show.rs:{1}
v1 = sin(v0)       0.909297                    autograd/tests/show.rs:{2}
v2 = mul(v0, v1)   1.81859                     autograd/tests/show.rs:{2}
v3 = full 1        1           adjoint of v2   autograd/tests/show.rs:{3}
v4 = mul(v3, v1)   0.909297    adjoint of v0   autograd/tests/show.rs:{2}
v5 = mul(v3, v0)   2           adjoint of v1   autograd/tests/show.rs:{2}
v6 = cos(v0)       -0.416147                   autograd/tests/show.rs:{2}
v7 = mul(v5, v6)   -0.832294   adjoint of v0   autograd/tests/show.rs:{2}
v8 = add(v4, v7)   0.0770038   adjoint of v0   autograd/tests/show.rs:{2}";
    let text = tape.listing().to_string();
    assert_eq!(text, with_lines(golden, first), "\n{text}\n");
}

/// A layer of Copy handles, as `nn` has them.
#[derive(Clone, Copy)]
struct Layer {
    weight: Param,
    bias: Param,
}

impl Layer {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let _layer = x.tape().within([self.weight, self.bias]);
        (x.matmul(self.weight) + self.bias).tanh()
    }
}

/// Two layers, 2-3-1.
fn net() -> (Params, [Layer; 2]) {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let mut layer = |name: &str, shape: [usize; 2], weights: &[f64]| {
        let mut scope = net.scope(name);
        Layer { weight: scope.param("weight", shape, weights), bias: scope.param("bias", [shape[1]], 0.5) }
    };
    let layers =
        [layer("0", [2, 3], &[0.5, -1.0, 0.25, 1.0, 0.0, -0.5]), layer("1", [3, 1], &[1.0, 2.0, -1.0])];
    (params, layers)
}

/// Inputs of two rows.
const X: [[f64; 2]; 2] = [[1.0, 2.0], [0.0, -1.0]];

#[test]
fn the_list_of_a_network() {
    let (params, layers) = net();
    let first = line!() + 1;
    let tape = Tape::with(&params);
    let hidden = layers[0].forward(tape.constant(X));
    let loss = layers[1].forward(hidden).square().mean();
    let golden = "\
v0 = constant                   [[1, 2], [0, -1]]                   autograd/tests/show.rs:{1}
v1 = param net.0.weight         [2×3]                       net.0   autograd/tests/show.rs:{1}
v2 = matmul(v0, v1)             [2×3]                       net.0   autograd/tests/show.rs:{1}
v3 = param net.0.bias           [0.5, 0.5, 0.5]             net.0   autograd/tests/show.rs:{1}
v4 = broadcast(v3, to [2×3])    [2×3]                       net.0   autograd/tests/show.rs:{1}
v5 = add(v2, v4)                [2×3]                       net.0   autograd/tests/show.rs:{1}
v6 = tanh(v5)                   [2×3]                       net.0   autograd/tests/show.rs:{1}
v7 = param net.1.weight         [[1], [2], [-1]]            net.1   autograd/tests/show.rs:{2}
v8 = matmul(v6, v7)             [[0.315739], [-0.299477]]   net.1   autograd/tests/show.rs:{2}
v9 = param net.1.bias           [0.5]                       net.1   autograd/tests/show.rs:{2}
v10 = broadcast(v9, to [2×1])   [[0.5], [0.5]]              net.1   autograd/tests/show.rs:{2}
v11 = add(v8, v10)              [[0.815739], [0.200523]]    net.1   autograd/tests/show.rs:{2}
v12 = tanh(v11)                 [[0.672744], [0.197878]]    net.1   autograd/tests/show.rs:{2}
v13 = square(v12)               [[0.452585], [0.0391557]]           autograd/tests/show.rs:{2}";
    let text = tape.listing().range(..14).to_string();
    assert_eq!(text, with_lines(golden, first), "\n{text}\n");
    let without = tape.listing().without_values().range(12..=12).to_string();
    assert_eq!(without, format!("v12 = tanh(v11)   [2×1]   net.1   autograd/tests/show.rs:{}", first + 2));
    loss.backward();
    assert_eq!(tape.listing().range(..14).to_string(), text);
}

#[test]
fn the_list_of_a_traced_tape_has_shapes() {
    let (params, layers) = net();
    let mut lists = vec![];
    let first = line!() + 1;
    let program = Program::trace(&params, |t| {
        let (x, label) = (t.input("x", [2, 2]), t.input_of("label", DType::I64, [2]));
        let y = layers[0].forward(x).slice(1, 1..3).powf(2.5);
        let loss = y.pick(label).sum();
        lists.push(t.listing().range(..2).to_string());
        lists.push(t.listing().range(8..).to_string());
        lists.push(t.drawing().up_to(loss).svg());
        t.outputs(loss)
    });
    program.unwrap();
    let inputs = "\
v0 = input x       [2×2]     autograd/tests/show.rs:{1}
v1 = input label   [2] I64   autograd/tests/show.rs:{1}";
    let rest = "\
v8 = slice(v7, axis 1, start 1, length 2)   [2×2]   autograd/tests/show.rs:{2}
v9 = powf(v8, 2.5)                          [2×2]   autograd/tests/show.rs:{2}
v10 = pick(v9, v1)                          [2]     autograd/tests/show.rs:{3}
v11 = sum(v10, axes 0)                      []      autograd/tests/show.rs:{3}";
    assert_eq!(lists[..2], [inputs, rest].map(|golden| with_lines(golden, first)));
    assert!(lists[2].contains("v0 = input x") && lists[2].contains("data [2×2]<"), "{}", lists[2]);
}

#[test]
fn an_empty_tape_says_so() {
    let tape = Tape::new();
    assert_eq!(tape.listing().to_string(), "the tape is empty");
    assert_eq!((tape.drawing().cards(), tape.stats().nodes), (0, 0));
    xml::check(&tape.drawing().svg());
    tape.var(1.0);
    assert_eq!(tape.listing().range(5..).to_string(), "no nodes in this range");
    let backwards = (Bound::Included(1), Bound::Excluded(0));
    assert_eq!(tape.listing().range(backwards).to_string(), "no nodes in this range");
}

#[test]
fn attributes_and_dtypes_are_listed() {
    let tape = Tape::new();
    let x = tape.var([[1.0f32, 2.0], [3.0, 4.0]]);
    x.sum_over([1]).cast(DType::F64).leaky_relu(0.01);
    x.t().reshape([4]).pad(0, 1, 2).gt(0.0);
    Var::concat(&[x; 8], 0).argmax(1);
    let text = tape.listing().to_string();
    let lines: Vec<String> = text.lines().map(|l| l.split("   ").next().unwrap().to_owned()).collect();
    let all = lines.join("; ");
    for part in [
        "sum(v0, axes 1)",
        "cast(v1, to F64)",
        "leaky_relu(v2, 0.01)",
        "permute(v0, axes 1 0)",
        "to [4])",
        ", axis 0, before 1, after 2)",
        "concat(v0, v0, v0, v0, v0, v0, … 2 more, axis 0)",
        "axis 1)",
    ] {
        assert!(all.contains(part), "{part}\n{text}");
    }
    for part in ["[[1, 2], [3, 4]] F32", "[3, 7] F64", "[16×2] F32", "[7] Bool", "[16] I64"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn long_lists_fold_and_can_be_had_whole() {
    let tape = Tape::new();
    let mut x = tape.var(0.5);
    for _ in 1..1000 {
        x = x.cos();
    }
    let text = tape.listing().to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 61);
    assert_eq!(lines[40], "… 940 nodes left out, v40 to v979: `.all()` lists them");
    assert!(lines[39].starts_with("v39 = cos(v38)") && lines[41].starts_with("v980 = cos(v979)"));
    assert_eq!(tape.listing().all().to_string().lines().count(), 1000);
    assert_eq!(tape.listing().range(100..164).to_string().lines().count(), 64);
}

#[test]
fn numbers_of_a_tape() {
    let mut tape = Tape::new();
    let x = tape.var([1.0; 100]);
    let y = (x.exp() * x).sum();
    y.grad([x]);
    let stats = tape.stats();
    assert_eq!((stats.nodes, stats.swept), (tape.len(), tape.len() - 4));
    assert_eq!(stats.ops.iter().map(|(_, n)| n).sum::<usize>(), tape.len());
    assert!(stats.ops.windows(2).all(|w| w[0].1 >= w[1].1));
    assert_eq!(stats.ops[0], ("mul", 3));
    assert_eq!(tape.bytes(), stats.node_bytes + stats.value_bytes + stats.spare_bytes);
    assert_eq!(stats.peak_bytes, stats.value_bytes);
    tape.reset();
    tape.var([1.0; 10]);
    let after = tape.stats();
    assert!(after.value_bytes < stats.value_bytes && after.spare_bytes > 0);
    assert_eq!(after.peak_bytes, stats.peak_bytes);
}

/// Values, and the gradients that a sweep of the drawing's own finds.
#[test]
fn cards_show_data_and_gradients() {
    let (params, layers) = net();
    let tape = Tape::with(&params);
    let hidden = layers[0].forward(tape.constant(X));
    let loss = layers[1].forward(hidden).square().mean();
    let before = tape.len();
    let plain = tape.drawing();
    let (svg, dot) = (plain.svg(), plain.dot());
    assert!(!svg.contains("grad ") && svg.contains("gradient not computed"), "{svg}");
    assert!(dot.contains(r#"label="v9 net.1.bias\ndata [1] 0.5 | gradient not computed""#), "{dot}");
    let drawing = tape.drawing().titled("Net").with_gradients(loss);
    let grads = loss.backward();
    let bias = grads.get::<f64>(layers[1].bias).unwrap()[0];
    let dot = drawing.dot();
    assert!(
        dot.contains(&format!(r#"label="v9 net.1.bias\ndata [1] 0.5 | grad {bias:.4}""#)),
        "{bias} {dot}"
    );
    assert!(dot.contains(r#"label="v0 = constant\ndata [2×2] 1 2 0 … | no gradient""#), "{dot}");
    assert_eq!(dot.matches("subgraph cluster_").count(), 3);
    assert_eq!(drawing.cards(), before);
    assert_eq!(tape.len(), before);
    for title in [">Net<", ">net<", ">net.0<", ">net.1<"] {
        assert!(drawing.svg().contains(title), "{title}");
    }
}

#[test]
fn a_tiny_tape_in_graphviz() {
    let tape = Tape::new();
    let x = tape.var(0.5);
    let line = line!() + 1;
    let y = x.exp();
    let golden = r##"digraph tape {
  label="e to the x";
  labelloc=t;
  fontname="monospace";
  node [shape=box, style="filled,rounded", fontname="monospace", fontsize=10];
  edge [color="#7b8794", arrowsize=0.7];
  n0 [label="v0 = var\ndata 0.5 | grad 1.649", tooltip="v0 = var\n[] F64\nautograd/tests/show.rs:{0}", fillcolor="#e1f1fc", color="#2f8fcb"];
  n1 [label="v1 = exp(v0)\ndata 1.649 | grad 1", tooltip="v1 = exp(v0)\n[] F64\nautograd/tests/show.rs:{2}", fillcolor="#fdf0d5", color="#e08e00"];
  n0 -> n1;
}
"##;
    let dot = tape.drawing().titled("e to the x").with_gradients(y).dot();
    assert_eq!(dot, with_lines(golden, line - 2), "\n{dot}\n");
}

#[test]
fn adjoints_are_hidden_unless_asked_for_or_needed() {
    let tape = Tape::new();
    let x = tape.var(2.0);
    let y = x * x.sin();
    let [dx] = y.grad([x]);
    assert_eq!(tape.drawing().cards(), 3);
    let all = tape.drawing().with_adjoints();
    assert_eq!(all.cards(), tape.len());
    let svg = all.svg();
    assert!(svg.contains(">adjoints<") && svg.contains(">adjoint of v1<"), "{svg}");
    // The gradient as part of a loss belongs to the forward pass.
    let loss = y + dx.square();
    assert_eq!(tape.drawing().cards(), tape.len());
    assert_eq!(tape.drawing().up_to(y).cards(), 3);
    assert!(tape.drawing().with_gradients(loss).dot().contains("adjoint of v0"));
    let tape = Tape::new();
    let x = tape.var(2.0);
    x.exp().jvp(&[x], &[tape.constant(1.0)]);
    assert!(tape.drawing().with_adjoints().svg().contains(">tangents<"));
}

#[test]
fn names_are_escaped() {
    let mut params = Params::f64();
    let name = "a\"b\\ <c> & 'd'\u{1}\n";
    let w = params.scope(name).param("<w>", [], 1.0);
    let tape = Tape::with(&params);
    let y = tape.scope("</g> \"&\" {x|y}", || tape.param(w).exp());
    let drawing = tape.drawing().titled("<&\"\\>").with_gradients(y);
    let (svg, dot) = (drawing.svg(), drawing.dot());
    xml::check(&svg);
    assert!(svg.contains("a&quot;b\\ &lt;c&gt; &amp; 'd'  .&lt;w&gt;"), "{svg}");
    assert!(dot.contains(r#"label="<&\"\\>""#) && dot.contains(r#"a\"b\\ <c> & 'd'"#), "{dot}");
    for line in dot.lines() {
        assert_eq!(line.replace("\\\\", "").replace("\\\"", "").matches('"').count() % 2, 0, "{line}");
    }
    assert_eq!(dot.matches('{').count() - 1, dot.matches('}').count() - 1);
}

/// A network of many layers folds layer by layer, a chain by stretches; both say so.
#[test]
fn large_tapes_fold_and_say_so() {
    let mut params = Params::f64();
    let layer = |i: usize, params: &mut Params| {
        let mut scope = params.scope("net");
        let mut scope = scope.scope(&i.to_string());
        let weights = [0.1, 0.2, 0.3, 0.4];
        Layer { weight: scope.param("weight", [2, 2], weights), bias: scope.param("bias", [2], 0.0) }
    };
    let layers: Vec<Layer> = (0..40).map(|i| layer(i, &mut params)).collect();
    let tape = Tape::with(&params);
    let loss = layers.iter().fold(tape.constant(X), |x, layer| layer.forward(x)).sum();
    let drawing = tape.drawing().with_gradients(loss);
    assert_eq!(drawing.cards(), 42);
    let svg = drawing.svg();
    assert!(svg.contains("242 nodes are more than 200: folded to 42 cards"), "{svg}");
    assert!(svg.contains(">net.39<") && svg.contains("6 nodes folded"), "{svg}");
    xml::check(&svg);
    assert!(drawing.dot().contains("folded to 42 cards"));
    assert_eq!(drawing.clone().fold_above(usize::MAX).cards(), 242);

    let tape = Tape::new();
    let mut x = tape.var(1.0);
    while tape.len() < 1000 {
        x = (x + 2.0 / x) * 0.5;
    }
    let drawing = tape.drawing().with_gradients(x);
    assert_eq!(drawing.cards(), 24);
    let svg = drawing.svg();
    xml::check(&svg);
    assert!(svg.contains("folded to 24 cards, the dashed ones stand for several"), "{svg}");
    assert!(drawing.fold_above(8).cards() < 8);
}

#[test]
fn hostile_tapes_are_drawn() {
    let tape = Tape::new();
    let empty = tape.var([[0.0; 0]; 3]);
    let nan = (tape.var([f64::NAN, f64::INFINITY, -0.0]) * 0.0).sum();
    let y = empty.exp().sum() + nan;
    let deep = tape.scope(&"a.".repeat(5000), || y.square());
    let wide = Var::concat(&vec![deep.reshape([1]); 300], 0).sum();
    let drawing = tape.drawing().with_gradients(wide);
    xml::check(&drawing.svg());
    let list = tape.listing().to_string();
    assert!(list.contains("[3×0]") && list.contains("[NaN, ∞, -0]"), "{list}");
    assert!(drawing.dot().contains("data [3×0]"));
    let alone = Tape::new();
    let x = alone.var(Shape::from([2]).elements() as f64);
    xml::check(&alone.drawing().with_gradients(x).svg());
    let root = x * 0.0;
    let y = root.sqrt();
    alone.trap_nonfinite(true); // the slope of the root is what one wants to see
    assert!(alone.drawing().with_gradients(y).dot().contains("grad ∞"));
}

#[test]
fn a_hundred_thousand_nodes_fold_and_thousands_are_drawn_one_by_one() {
    let newton = |nodes| {
        let tape = Tape::new();
        let a = tape.var(2.0);
        let mut x = tape.var(1.0);
        while tape.len() < nodes {
            x = (x + a / x) * 0.5;
        }
        tape
    };
    let tape = newton(100_000);
    assert_eq!(tape.drawing().cards(), 24);
    xml::check(&tape.drawing().svg());
    let tape = newton(10_000);
    let whole = tape.drawing().fold_above(usize::MAX);
    assert_eq!(whole.cards(), tape.len());
    xml::check(&whole.svg());
}

#[test]
#[should_panic(expected = "with_gradients: a traced computation has no values")]
fn a_traced_tape_has_no_gradients_to_draw() {
    let _ = Program::trace(&Params::f64(), |t| {
        let y = t.input("x", []).exp();
        t.drawing().with_gradients(y);
        t.outputs(y)
    });
}

#[test]
#[should_panic(expected = "is on another tape")]
fn another_tapes_loss_is_refused() {
    let (tape, other) = (Tape::new(), Tape::new());
    tape.drawing().with_gradients(other.var(1.0));
}
