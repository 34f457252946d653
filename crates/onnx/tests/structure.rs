//! What stands in a file, node by node.

#[expect(dead_code, reason = "the reader reads more than these tests ask")]
mod reader;

use autograd::{DType, Params, Program, Shape, Tape, Var};
use nn::{Activation, Mlp};
use onnx::{Error, Export};
use reader::Model;
use std::collections::BTreeSet;

fn model(params: &Params, f: impl for<'t> FnOnce(&'t Tape<'t>) -> autograd::Outputs) -> Model {
    let program = Program::trace(params, f).unwrap();
    let model = Model::read(&program.to_onnx(params).unwrap());
    model.graph.check(&BTreeSet::new());
    model
}

#[test]
fn an_mlp_has_products_sums_and_activations_and_its_parameters_by_name() {
    let mut params = Params::f32().with_seed(1);
    let net = Mlp::new(&mut params.scope("net"), &[2, 3, 1], Activation::Tanh);
    let model = model(&params, |t| t.outputs(net.forward(t.input("x", [4, 2]))).with_names(["y"]));
    assert_eq!((model.ir_version, model.opset), (8, 17));
    let graph = &model.graph;
    assert_eq!(graph.ops(), ["MatMul", "Add", "Tanh", "MatMul", "Add"]);
    assert_eq!(graph.nodes[0].inputs, ["x", "net.0.weight"]);
    assert_eq!(graph.nodes[1].inputs[1], "net.0.bias");
    assert!(graph.nodes[0].name.starts_with("net.0/matmul_"), "{}", graph.nodes[0].name);
    assert_eq!(graph.nodes[4].outputs, ["y"]);
    let input = &graph.inputs[0];
    assert_eq!((input.name.as_str(), input.data_type, &input.shape[..]), ("x", 1, &[Ok(4), Ok(2)][..]));
    let weight = graph.initializer("net.0.weight").unwrap();
    let wanted = params.get::<f32>(params.find("net.0.weight").unwrap());
    assert!(weight.shape == [2, 3] && weight.values.iter().map(|&x| x as f32).eq(wanted.iter().copied()));
    assert_eq!(graph.initializers.len(), 4);
}

#[test]
fn a_convnet_has_the_operators_that_slide() {
    let mut params = Params::f64();
    let mut scope = params.scope("net");
    let (w, b) = (scope.param("w", [2, 1, 3, 3], 0.5), scope.param("b", [2], 0.25));
    let model = model(&params, |t| {
        let x = t.input("x", [1, 1, 6, 5]);
        let form = autograd::ConvForm::default();
        let y = x.conv2d(t.param(w), form) + t.param(b).reshape([2, 1, 1]);
        t.outputs(y.relu().max_pool2d(autograd::PoolForm::of([2, 2])))
    });
    let graph = &model.graph;
    assert_eq!(&graph.ops()[..4], ["Conv", "Reshape", "Add", "Relu"], "{:?}", graph.ops());
    assert!(
        graph.ops().contains(&"MaxPool") && !graph.ops().contains(&"GatherElements"),
        "{:?}",
        graph.ops()
    );
    assert_eq!(graph.nodes[0].ints("kernel_shape"), Some(&[3, 3][..]));
    assert_eq!(graph.nodes[0].ints("pads"), Some(&[0, 0, 0, 0][..]));
    assert_eq!(graph.outputs[0].name, "output_0");
}

#[test]
fn attention_is_two_products_and_a_softmax() {
    let params = Params::f32();
    let model = model(&params, |t| {
        let [q, k, v] = ["q", "k", "v"].map(|name| t.input(name, [2, 3, 4]));
        t.outputs(q.attention(k, v, None))
    });
    assert_eq!(model.graph.ops(), ["Transpose", "MatMul", "Softmax", "MatMul"]);
}

#[test]
fn a_loop_is_a_scan_with_a_body() {
    let params = Params::f64();
    let model = model(&params, |t| {
        let x = t.input("x", [5, 2]);
        let (_, all) = t.scan(5, t.full(0.0, [2], DType::F64), x, |h, x| {
            let h = h * 0.5 + x;
            (h, h)
        });
        t.outputs(all)
    });
    assert_eq!(model.graph.ops().last(), Some(&"Scan"));
    let scan = model.graph.nodes.last().unwrap();
    let Some(reader::Attribute::Graph(body)) = scan.attributes.get("body") else { panic!("a body") };
    assert_eq!(body.ops(), ["Mul", "Add", "Identity"]);
}

/// Ones, by loops.
struct Ones;
impl autograd::custom::Loops for Ones {
    fn name(&self) -> &'static str {
        "ones"
    }
    fn shape(&self, x: &[&autograd::Shape]) -> Result<autograd::Shape, String> {
        Ok(x[0].clone())
    }
    fn fill(
        &self,
        _x: &[autograd::ndarray::ArrayViewD<'_, f64>],
        mut y: autograd::ndarray::ArrayViewMutD<'_, f64>,
    ) -> Result<(), String> {
        y.fill(1.0);
        Ok(())
    }
}

/// The error of exporting `f` of an input `x` of \[3, 3\].
fn refused(f: impl for<'t> FnOnce(Var<'t>) -> Var<'t>) -> Error {
    let params = Params::f64();
    let program =
        Program::trace(&params, |t| t.outputs(t.scope("tail", || f(t.input("x", [3, 3]))))).unwrap();
    program.to_onnx(&params).unwrap_err()
}

#[test]
fn an_op_that_onnx_does_not_have_is_named_with_its_line() {
    let line = line!() + 1;
    let error = refused(|x| x.cholesky());
    let Error::Unsupported { op, site, .. } = &error else { panic!("{error}") };
    assert_eq!(op, "cholesky");
    assert!(site.contains(&format!("structure.rs:{line}:")) && site.ends_with("in `tail`"), "{site}");
    assert!(error.to_string().contains("ONNX has no factorisations"), "{error}");
    assert!(refused(|x| x.ln_gamma()).to_string().contains("ln_gamma 0"));
    let by_loops = refused(|x| Var::by_loops(Ones, &[x])).to_string();
    assert!(by_loops.contains("ones") && by_loops.contains("loops of the user's own"), "{by_loops}");
}

/// What the outputs do not need may be what ONNX cannot say: gradients are left out.
#[test]
fn only_what_outputs_need_is_written() {
    let mut params = Params::f64();
    let w = params.scope("m").param("w", [2, 2], [2.0, 1.0, 1.0, 3.0]);
    let model = model(&params, |t| {
        let x = t.input("x", [2]);
        let unused = t.param(w).cholesky().sum();
        let loss = x.square().sum();
        let _ = unused;
        t.outputs(loss).with_gradients_or_none()
    });
    assert_eq!(model.graph.ops(), ["Mul", "ReduceSum"]);
    assert!(model.graph.initializer("m.w").is_none());
}

#[test]
fn outputs_that_are_inputs_or_equal_are_nodes_of_their_own() {
    let mut params = Params::f64();
    let w = params.scope("m").param("w", [2], 1.0);
    let model = model(&params, |t| {
        let x = t.input("x", [2]);
        let y = x.exp();
        t.outputs([x, t.param(w), y, y]).with_names(["a", "b", "c", "d"])
    });
    assert_eq!(model.graph.ops(), ["Exp", "Identity", "Identity", "Identity"]);
    let names: Vec<&str> = model.graph.outputs.iter().map(|y| y.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
}

#[test]
fn two_things_of_one_name_are_refused() {
    let params = Params::f64();
    let program = Program::trace(&params, |t| t.outputs(t.input("y", [2]).exp()).with_names(["y"])).unwrap();
    let error = program.to_onnx(&params).unwrap_err();
    assert!(matches!(&error, Error::Name { name, of: "output" } if name == "y"), "{error}");
    let program = Program::trace(&params, |t| t.outputs(t.input("", [2]).exp())).unwrap();
    let text = program.to_onnx(&params).unwrap_err().to_string();
    assert!(text.contains("input without a name"), "{text}");
}

/// Names of users that look like ours are theirs.
#[test]
fn names_of_users_come_first() {
    let mut params = Params::f64();
    let w = params.scope("constant").param("1", [2], 1.0);
    let model = model(&params, |t| {
        let (x, y) = (t.input("exp_1", [2]), t.input("constant", [2]));
        let z = x.exp() * 3.0 + y;
        t.outputs([z.exp() + w, z.exp()]).with_names(["exp_2", "Mul"])
    });
    let names: Vec<&str> =
        model.graph.inputs.iter().chain(&model.graph.outputs).map(|x| x.name.as_str()).collect();
    assert_eq!(names, ["exp_1", "constant", "exp_2", "Mul"]);
    assert!(model.graph.initializer("constant.1").is_some());
}

#[test]
fn parameters_of_another_model_are_refused() {
    let mut params = Params::f64();
    let w = params.scope("m").param("w", [2], 1.0);
    let program = Program::trace(&params, |t| t.outputs(t.param(w))).unwrap();
    assert!(matches!(program.to_onnx(&Params::f64()), Err(Error::Params(_))));
    assert!(matches!(program.to_onnx(&Params::f32()), Err(Error::Params(_))));
}

#[test]
fn a_file_is_written_as_a_whole_or_not_at_all() {
    let params = Params::f64();
    let program =
        Program::trace(&params, |t| t.outputs(t.input_of("x", DType::F32, Shape::from(2)).exp())).unwrap();
    let folder = std::env::temp_dir().join(format!("wengert-onnx-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    program.export(folder.join("a.onnx"), &params).unwrap();
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|x| x.unwrap().file_name()).collect();
    assert_eq!(files, ["a.onnx"]);
    let missing = folder.join("no folder").join("a.onnx");
    let error = program.export(&missing, &params).unwrap_err();
    assert!(matches!(&error, Error::Io { path, .. } if *path == missing), "{error}");
    // A folder cannot be replaced, and nothing is left beside it.
    std::fs::create_dir(folder.join("b.onnx")).unwrap();
    assert!(program.export(folder.join("b.onnx"), &params).is_err());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    std::fs::remove_dir_all(folder).unwrap();
}
