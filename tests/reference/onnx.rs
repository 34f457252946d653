//! ONNX files: a model is built of what a file holds and computes what the case holds. It is exported, too, and what the export
//! holds computes the same.

use std::collections::BTreeMap;

use ::onnx::Export;
use autograd::{AnyTensor, DType, Params, Program, Tape};
use ndarray::ArrayD;
use serde_json::Value;

use crate::array::Array;
use crate::format::{Case, Group};
use crate::operators::{Held, run};
use crate::reader::{Graph, Model, Tensor};
use crate::runner::{Fault, Handler, Refusal, Results};

pub(crate) fn find(op: &str) -> Option<Handler> {
    (op == "onnx").then(|| Handler::new(Refusal::TypedError, evaluate))
}

/// Runs a body with the type of a dtype.
macro_rules! array {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            DType::F32 => {
                type $T = f32;
                Array::from($body)
            }
            DType::I64 => {
                type $T = i64;
                Array::from($body)
            }
            _ => {
                type $T = f64;
                Array::from($body)
            }
        }
    };
}

fn evaluate(case: &Case, group: &Group) -> Result<Results, Fault> {
    let file = group.folder.join(case.args.read::<String>("file")?);
    let model = Model::read(&std::fs::read(file).map_err(Fault::refused)?);
    described(case, &model)?;
    let (mut params, graph) = (params_of(case), &model.graph);
    let mut handles = BTreeMap::new();
    for tensor in graph.initializers.iter().filter(|tensor| tensor.data_type != INTEGERS) {
        let handle = params.scope("model").param(&tensor.name, &tensor.shape[..], &tensor.values[..]);
        handles.insert(tensor.name.clone(), handle);
    }
    let mut refused = None;
    let program = Program::trace(&params, |t| {
        let input =
            |(name, x): &(String, Array)| (name.clone(), t.input_of(name, dtype(x), x.shape()).into());
        let given: BTreeMap<String, Held<'_>> = case.arrays("in").iter().map(input).collect();
        let parameter = |tensor: &Tensor| match handles.get(&tensor.name) {
            Some(&handle) => t.param(handle).into(),
            None => constant(t, tensor),
        };
        let results = run(graph, given, &parameter);
        let (names, vars) = results.unwrap_or_else(|fault| {
            refused = Some(fault);
            (vec![], vec![])
        });
        t.outputs(vars).with_names(names)
    });
    if let Some(fault) = refused {
        return Err(fault);
    }
    let program = program.map_err(Fault::refused)?;

    let mut results = Results::default();
    let inputs: Vec<Box<dyn AnyTensor>> = case.arrays("in").iter().map(|(_, x)| tensor(x)).collect();
    let inputs: Vec<&dyn AnyTensor> = inputs.iter().map(|x| &**x).collect();
    let mut state = program.state();
    let ran = program.run(&mut state, &params, &inputs[..]).map_err(Fault::refused)?;
    for (name, _, dtype) in program.outputs() {
        let name = name.expect("all have names");
        results.put("out", name, array!(dtype, T => ran.get::<T>(name).to_owned()));
    }
    let exported = Model::read(&program.to_onnx(&params).map_err(Fault::refused)?);
    match of_export(case, &exported) {
        Ok(exported) => results.planned("exported", exported),
        // An operator that only the export has: the table of models in `crates/onnx/tests` has it, too.
        Err(Fault::Unsupported(_)) => {}
        Err(fault) => return Err(fault),
    }
    Ok(results)
}

/// The results of an exported model, from its file alone.
fn of_export(case: &Case, model: &Model) -> Result<Results, Fault> {
    model.graph.check(&Default::default());
    described_alike(case, &model.graph)?;
    let tape = Tape::new();
    let given = case.arrays("in").iter().map(|(name, x)| {
        let x = match x {
            Array::F32(x) => tape.constant(x),
            Array::F64(x) => tape.constant(x),
            Array::I64(x) => tape.constant(x),
            other => return Err(Fault::Unsupported(format!("an input of {}", other.dtype()))),
        };
        Ok((name.clone(), x.into()))
    });
    let (names, vars) = run(&model.graph, given.collect::<Result<_, _>>()?, &|x| constant(&tape, x))?;
    let mut results = Results::default();
    for (name, y) in names.iter().zip(vars) {
        results.put("out", name, array!(y.dtype(), T => y.to_array::<T>()));
    }
    Ok(results)
}

/// `TensorProto.DataType` of whole numbers.
const INTEGERS: i64 = 7;

/// That the file is what the case says, and that the exporter writes for the same versions.
fn described(case: &Case, model: &Model) -> Result<(), Fault> {
    let (args, graph) = (&case.args, &model.graph);
    args.says("opset", 17);
    args.says("ir_version", 8);
    same("versions", &(model.opset, model.ir_version), &(17, 8))?;
    let nodes: Vec<String> = args.read("nodes")?;
    same("nodes", &graph.ops(), &nodes.iter().map(String::as_str).collect())?;
    let shapes = args.object("initializers")?;
    if graph.initializers.is_empty() {
        same("initializers", &shapes.names().count(), &0)?;
        args.remarks(&["initializers"]);
    }
    for tensor in &graph.initializers {
        same(&tensor.name, &shapes.read::<Vec<usize>>(&tensor.name)?, &tensor.shape)?;
    }
    let inputs = args.object("inputs")?;
    for (port, (name, x)) in graph.inputs.iter().zip(case.arrays("in")) {
        same("input", &port.name, name)?;
        let lengths: Vec<Value> = inputs.read(name)?;
        same(name, &lengths.len(), &port.shape.len())?;
        for (said, (length, &given)) in lengths.iter().zip(port.shape.iter().zip(x.shape())) {
            let agree = match length {
                Ok(length) => said.as_i64() == Some(*length) && *length == given as i64,
                Err(batch) => said.as_str() == Some(batch),
            };
            same(name, &agree, &true)?;
        }
    }
    Ok(())
}

/// That an export has the names and shapes of the case.
fn described_alike(case: &Case, graph: &Graph) -> Result<(), Fault> {
    for (role, ports) in [("in", &graph.inputs), ("out", &graph.outputs)] {
        let names: Vec<&str> = ports.iter().map(|port| port.name.as_str()).collect();
        same(role, &names, &case.labels(role).collect())?;
        for (port, (name, x)) in ports.iter().zip(case.arrays(role)) {
            let shape = x.shape().iter().map(|&d| Ok(d as i64)).collect();
            same(name, &port.shape, &shape)?;
        }
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, want: &T) -> Result<(), Fault> {
    if got == want { Ok(()) } else { Err(Fault::Mismatch(format!("{what}: got {got:?}, want {want:?}"))) }
}

fn params_of(case: &Case) -> Params {
    let single = case.arrays("in").iter().any(|(_, x)| matches!(x, Array::F32(_)));
    if single { Params::f32() } else { Params::f64() }
}

fn dtype(x: &Array) -> DType {
    match x {
        Array::F32(_) => DType::F32,
        Array::F64(_) => DType::F64,
        _ => DType::I64,
    }
}

fn tensor(x: &Array) -> Box<dyn AnyTensor> {
    match x {
        Array::F32(x) => Box::new(x.clone()),
        Array::F64(x) => Box::new(x.clone()),
        x => Box::new(ArrayD::from_shape_vec(x.shape(), x.integers()).expect("as many as the shape says")),
    }
}

/// Data of a file; whole numbers are known, as axes and lengths must be.
fn constant<'t>(tape: &'t Tape<'t>, tensor: &Tensor) -> Held<'t> {
    let integers: Vec<i64> = tensor.values.iter().map(|&x| x as i64).collect();
    let shape = || &tensor.shape[..];
    match tensor.data_type {
        1 => tape
            .constant(tensor.values.iter().map(|&x| x as f32).collect::<Vec<f32>>())
            .reshape(shape())
            .into(),
        INTEGERS => Held { var: tape.constant(&integers).reshape(shape()), known: Some(integers) },
        9 => tape.constant(integers.iter().map(|&x| x != 0).collect::<Vec<bool>>()).reshape(shape()).into(),
        _ => tape.constant(&tensor.values).reshape(shape()).into(),
    }
}
