//! A table of models, of all functions and of all ops, exported. Here their files are read and checked for what every graph
//! has to fulfil. `check.py` runs them in ONNX Runtime: `WENGERT_ONNX=FOLDER` writes them with inputs and results.

mod functions;
mod models;
mod ops;
#[path = "../reader/mod.rs"]
#[expect(dead_code, reason = "the reader reads more than this test asks")]
mod reader;

use autograd::{AnyTensor, DType, Outputs, Params, Program, Tape, Var};
use onnx::Export;
use reader::Model;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// A model with inputs.
pub(crate) struct Case {
    name: String,
    params: Params,
    program: Program,
    inputs: Vec<Given>,
}

/// Values of an input: numbers are of the model's dtype.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    Numbers(Vec<usize>, Vec<f64>),
    Indices(Vec<usize>, Vec<i64>),
    Truths(Vec<usize>, Vec<bool>),
}

/// Numbers between two, that look like none of a pattern.
pub(crate) fn numbers(shape: impl Into<Vec<usize>>, range: std::ops::Range<f64>) -> Given {
    let shape = shape.into();
    let share = |i: usize| (0.37 + i as f64 * 0.618_033_988_749_895).fract();
    let n = shape.iter().product();
    Given::Numbers(shape, (0..n).map(|i| range.start + share(i) * (range.end - range.start)).collect())
}

impl Given {
    fn shape(&self) -> &[usize] {
        match self {
            Given::Numbers(shape, _) | Given::Indices(shape, _) | Given::Truths(shape, _) => shape,
        }
    }

    fn dtype(&self, numbers: DType) -> DType {
        match self {
            Given::Numbers(..) => numbers,
            Given::Indices(..) => DType::I64,
            Given::Truths(..) => DType::Bool,
        }
    }

    fn tensor(&self, numbers: DType) -> Box<dyn AnyTensor> {
        match self {
            Given::Numbers(_, x) if numbers == DType::F32 => {
                Box::new(x.iter().map(|&x| x as f32).collect::<Vec<f32>>())
            }
            Given::Numbers(_, x) => Box::new(x.clone()),
            Given::Indices(_, x) => Box::new(x.clone()),
            Given::Truths(_, x) => Box::new(x.clone()),
        }
    }
}

/// The models.
#[derive(Default)]
pub(crate) struct Table(Vec<Case>);

impl Table {
    /// A model with parameters: `f` is given the inputs.
    pub(crate) fn add(
        &mut self,
        name: &str,
        params: Params,
        inputs: &[Given],
        f: impl for<'t> Fn(&'t Tape<'t>, &[Var<'t>]) -> Vec<Var<'t>>,
    ) {
        let program = Program::trace(&params, |t| {
            let input =
                |(i, x): (usize, &Given)| t.input_of(&format!("x{i}"), x.dtype(params.dtype()), x.shape());
            let inputs: Vec<Var<'_>> = inputs.iter().enumerate().map(input).collect();
            t.outputs(f(t, &inputs))
        });
        let name = format!("{name}/{}", if params.dtype() == DType::F32 { "f32" } else { "f64" });
        assert!(self.0.iter().all(|case| case.name != name), "{name} stands twice");
        self.0.push(Case { name, program: program.unwrap(), params, inputs: inputs.to_vec() });
    }

    /// One without parameters, in both precisions.
    pub(crate) fn op(
        &mut self,
        name: &str,
        inputs: &[Given],
        f: impl for<'t> Fn(&'t Tape<'t>, &[Var<'t>]) -> Vec<Var<'t>>,
    ) {
        for params in [Params::f32(), Params::f64()] {
            self.add(name, params, inputs, &f);
        }
    }
}

fn table() -> Vec<Case> {
    let mut table = Table::default();
    functions::add(&mut table);
    ops::add(&mut table);
    models::add(&mut table);
    table.0
}

#[test]
fn all_files_are_graphs() {
    let folder = std::env::var_os("WENGERT_ONNX");
    for case in table() {
        let bytes = case.program.to_onnx(&case.params).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        Model::read(&bytes).graph.check(&BTreeSet::new());
        if let Some(folder) = &folder {
            let file = Path::new(folder).join(case.name.replace('/', "."));
            case.program.export(file.with_extension(extension(&case, "onnx")), &case.params).unwrap();
            std::fs::write(file.with_extension(extension(&case, "json")), numbers_of(&case)).unwrap();
        }
    }
}

/// The end of a name like `conv.f32` counts as an extension.
fn extension(case: &Case, kind: &str) -> String {
    format!("{}.{kind}", case.name.rsplit('/').next().unwrap())
}

/// Inputs and results as JSON, with `NaN` and `Infinity` as Python reads them.
fn numbers_of(case: &Case) -> String {
    let numbers = case.params.dtype();
    let tensors: Vec<Box<dyn AnyTensor>> = case.inputs.iter().map(|x| x.tensor(numbers)).collect();
    let inputs: Vec<&dyn AnyTensor> = tensors.iter().map(|x| &**x).collect();
    let mut state = case.program.state();
    let run = case.program.run(&mut state, &case.params, &inputs[..]).unwrap();
    let mut text = String::from("{\"inputs\": [");
    for (i, (name, shape, dtype)) in case.program.inputs().enumerate() {
        let values = match &case.inputs[i] {
            Given::Numbers(_, x) if numbers == DType::F32 => list(x.iter().map(|&x| x as f32)),
            Given::Numbers(_, x) => list(x),
            Given::Indices(_, x) => list(x),
            Given::Truths(_, x) => list(x.iter().map(|&x| u8::from(x))),
        };
        entry(&mut text, i, name, shape, dtype, &values);
    }
    text += "],\n\"outputs\": [";
    for (i, (_, shape, dtype)) in case.program.outputs().enumerate() {
        let values = match dtype {
            DType::F32 => list(run.slice::<f32>(i)),
            DType::F64 => list(run.slice::<f64>(i)),
            DType::I64 => list(run.slice::<i64>(i)),
            _ => list(run.slice::<bool>(i).iter().map(|&x| u8::from(x))),
        };
        entry(&mut text, i, &format!("output_{i}"), shape, dtype, &values);
    }
    text + "]}\n"
}

fn entry(text: &mut String, i: usize, name: &str, shape: &[usize], dtype: DType, values: &str) {
    let between = if i > 0 { ",\n" } else { "" };
    write!(text, "{between}{{\"name\": \"{name}\", \"dtype\": \"{dtype}\", \"shape\": {shape:?}, \"values\": {values}}}")
        .unwrap();
}

fn list(values: impl IntoIterator<Item: std::fmt::Debug>) -> String {
    let all: Vec<String> = values.into_iter().map(|x| format!("{x:?}")).collect();
    format!("[{}]", all.join(", ")).replace("inf", "Infinity")
}

/// What ONNX does not have.
const REFUSED: &[&str] = &[
    "uniform",
    "fold_in",
    "solve",
    "solve_triangular",
    "cholesky",
    "cholesky_back",
    "slogdet",
    "matrix_exp",
    "qr",
    "eigh",
    "svd",
    "pinv",
    "lu",
    "scatter_max",
    "incomplete_gamma",
    "by_loops",
];

/// What no trace holds: passes over a program's list make it.
const OF_PASSES: &[&str] = &["copy"];

/// Every function and every op of the engine's list is in the table or known to be refused, and not both.
#[test]
fn every_op_is_exported_or_refused() {
    let list = include_str!("../../../../docs/ops.md");
    let name = |line: &'static str| {
        line.strip_prefix("### ").or_else(|| line.strip_prefix("| `")?.split_once('`').map(|x| x.0))
    };
    let listed: BTreeSet<&str> = list.lines().filter_map(name).collect();
    assert!(listed.len() > 100, "{listed:?}");
    let table = table();
    let mut seen = BTreeSet::new();
    for case in &table {
        // A call has the name of what it calls.
        seen.extend(case.program.recorded().all().map(|node| match node.op {
            autograd::planned::Op::Call(_) => "call",
            op => op.name(),
        }));
        // Of a body, too.
        for node in case.program.recorded().all() {
            if let autograd::planned::Op::Scan(scan) = node.op {
                seen.extend(scan.graph().all().map(|node| node.op.name()));
            }
        }
    }
    let refused: BTreeSet<&str> = REFUSED.iter().chain(OF_PASSES).copied().collect();
    let missing: Vec<&&str> =
        listed.iter().filter(|name| !seen.contains(*name) && !refused.contains(*name)).collect();
    assert!(missing.is_empty(), "neither exported nor refused: {missing:?}");
    assert!(seen.is_disjoint(&refused), "{:?}", seen.intersection(&refused).collect::<Vec<_>>());
}

/// An output of each form for a program that only has parameters.
#[test]
fn a_model_without_inputs_has_results() {
    let mut params = Params::f64();
    let w = params.scope("m").param("w", [2], 1.0);
    let program = Program::trace(&params, |t| -> Outputs { t.outputs(t.param(w).exp()) }).unwrap();
    let model = Model::read(&program.to_onnx(&params).unwrap());
    assert_eq!((model.graph.inputs.len(), model.graph.ops()), (0, vec!["Exp"]));
}
