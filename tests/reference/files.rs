//! Files that other software wrote: safetensors, npy, npz, and those of PyTorch.

use autograd::{ConvForm, DType, Data, NamedTensor, Params, PoolForm, Tape, Var};
use files::torch::{self, Value};
use files::{Mapping, ParamsFile, Tensors, npy, npz, safetensors};
use nn::{Activation, BatchNorm, Conv2d, Linear, Mlp, Mode};
use serde_json::{Value as Json, json};
use std::path::Path;

use crate::args::Args;
use crate::array::Array;
use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};

pub(crate) fn find(op: &str) -> Option<Handler> {
    let evaluate: fn(&Case, &Path) -> Result<Results, Fault> = match op {
        "safetensors" => safetensors,
        "npy" => npy,
        "npz" => npz,
        "pt" => pt,
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, move |case, group| {
        let file = group.folder.join(case.args.read::<String>("file")?);
        evaluate(case, &file).inspect_err(|_| {
            // What was not read because it failed before: it failed, whatever options there are.
            case.args.remarks(&case.args.names().collect::<Vec<_>>());
        })
    }))
}

impl From<files::Error> for Fault {
    fn from(error: files::Error) -> Self {
        match error {
            // A file that is not there was refused by nobody.
            files::Error::Io { .. } => Fault::Mismatch(error.to_string()),
            _ => Fault::refused(error),
        }
    }
}

fn safetensors(case: &Case, file: &Path) -> Result<Results, Fault> {
    let tensors = safetensors::read(file)?;
    let args = &case.args;
    if args.has("metadata") {
        let metadata = args.object("metadata")?;
        let mut names: Vec<&str> = metadata.names().collect();
        names.sort_unstable();
        same("metadata", &tensors.metadata.keys().collect::<Vec<_>>(), &names)?;
        tensors.metadata.iter().for_each(|(name, text)| metadata.says(name, &text[..]));
    }
    described(args, &tensors)?;
    // Encoding is the inverse of reading.
    same("what is written again", &safetensors::decode(&safetensors::encode(&tensors)).is_ok(), &true)?;
    let mut results = held(case, |label| tensors.get(label))?;
    if args.has("sizes") {
        // Sequential layers 0, 1, …: the names that an `Mlp` has here, the layout of PyTorch.
        results.put("out", "y", perceptron(case, &tensors, |layer| format!("layers.{layer}"))?);
    }
    Ok(results)
}

fn npy(case: &Case, file: &Path) -> Result<Results, Fault> {
    let array = npy::read(file)?;
    // How the file says it; that it was understood, shape and numbers tell.
    case.args.remarks(&["descr", "fortran_order", "format_version"]);
    case.args.says("shape", json!(array.shape[..]));
    same("what is written again", &npy::decode(&npy::encode(&array)).is_ok(), &true)?;
    held(case, |label| (label == "value").then_some(&array))
}

fn npz(case: &Case, file: &Path) -> Result<Results, Fault> {
    let arrays = npz::read(file)?;
    case.args.remarks(&["compression"]);
    if case.args.has("arrays") {
        let mut names = case.args.read::<Vec<String>>("arrays")?;
        names.sort_unstable();
        same("arrays", &arrays.names().collect::<Vec<_>>(), &names)?;
    }
    for packing in [npz::Packing::Stored, npz::Packing::Deflated] {
        let bytes = npz::encode(&arrays, packing);
        let again = npz::decode(&bytes).map(|again| npz::encode(&again, packing));
        same("what is written again", &again.is_ok_and(|again| again == bytes), &true)?;
    }
    held(case, |label| arrays.get(label))
}

fn pt(case: &Case, file: &Path) -> Result<Results, Fault> {
    let args = &case.args;
    args.remarks(&["pytorch_refuses", "format"]);
    let value = match torch::read(file) {
        Ok(value) => value,
        // Hostile files that are not plainly wrong may be read or refused.
        Err(files::Error::Content { .. }) if !case.must_refuse && case.arrays("out").is_empty() => {
            return Ok(Results::default());
        }
        Err(error @ files::Error::Content { .. }) if case.convention && !case.must_refuse => {
            let mut results = Results::default();
            case.labels("out").for_each(|label| results.waive("out", label, &format!("refused: {error}")));
            return Ok(results);
        }
        Err(error) => return Err(error.into()),
    };
    let tensors = value.tensors();
    described(args, &tensors)?;
    for name in ["epoch", "best", "name", "history"].into_iter().filter(|name| args.has(name)) {
        args.says(name, value.get(name).map_or(Json::Null, json));
    }
    if args.has("param_groups") {
        let groups = value.get("optimizer").and_then(|optimizer| optimizer.get("param_groups"));
        for (i, group) in args.objects("param_groups")?.iter().enumerate() {
            let found = groups.and_then(|groups| groups.at(i));
            let of = |name| found.and_then(|found| found.get(name)).map_or(Json::Null, json);
            group.names().for_each(|name| group.says(name, of(name)));
        }
    }
    // An optimiser's state stands one level deeper than its labels say.
    let deeper = |label: &str| label.replacen("optimizer.", "optimizer.state.", 1);
    let mut results = held(case, |label| tensors.get(label).or_else(|| tensors.get(&deeper(label))))?;
    if args.has("sizes") {
        // In a `Sequential` of PyTorch activations count.
        results.put("out", "y", perceptron(case, &tensors, |layer| (2 * layer).to_string())?);
    }
    if args.has("model") {
        results.put("out", "y", convnet(case, &tensors)?);
    }
    // What is written is read as the same.
    let again = torch::decode(&torch::encode(&tensors)).map(|value| value.tensors());
    same("what is written again", &again.is_ok_and(|again| again.list.len() == tensors.list.len()), &true)?;
    Ok(results)
}

/// What a case says about the tensors: their names, dtypes and shapes.
fn described(args: &Args, tensors: &Tensors) -> Result<(), Fault> {
    if args.has("keys") {
        let (mut found, mut keys) = (tensors.names().collect::<Vec<_>>(), args.read::<Vec<String>>("keys")?);
        found.sort_unstable();
        keys.sort_unstable();
        same("keys", &found, &keys)?;
    }
    for (field, of_tensor) in [
        ("shapes", (|_, tensor| json!(tensor.shape[..])) as fn(&Args, &NamedTensor) -> Json),
        ("dtypes", |dtypes, tensor| widened(dtypes, &tensor.name, tensor.data.dtype())),
    ] {
        if args.has(field) {
            let named = args.object(field)?;
            for name in named.names() {
                let tensor =
                    tensors.get(name).ok_or_else(|| Fault::Mismatch(format!("{field}: no `{name}`")))?;
                named.says(name, of_tensor(&named, tensor));
            }
        }
    }
    if args.has("dtype") {
        let dtypes = tensors.list.iter().filter(|tensor| tensor.data.dtype().is_float());
        let found =
            dtypes.map(|tensor| widened(args, "dtype", tensor.data.dtype())).find(|found| found.is_string());
        args.says("dtype", found.unwrap_or(Json::Null));
    }
    Ok(())
}

/// The dtype that a case names, if a file's elements of it have this dtype here.
fn widened(args: &Args, name: &str, dtype: DType) -> Json {
    let named: String = args.need(name);
    let here = match &named[..] {
        "float64" | "f64" => DType::F64,
        "float32" | "f32" | "float16" | "f16" | "bfloat16" | "bf16" | "float8_e4m3fn" | "float8_e5m2" => {
            DType::F32
        }
        "bool" => DType::Bool,
        _ if named.trim_start_matches('u').starts_with("int") => DType::I64,
        _ => return Json::Null,
    };
    if here == dtype { Json::String(named) } else { Json::Null }
}

/// The tensors of the case's results, widened as these are.
fn held<'t>(case: &Case, find: impl Fn(&str) -> Option<&'t NamedTensor>) -> Result<Results, Fault> {
    let mut results = Results::default();
    for (label, stored) in case.arrays("out") {
        let Some(tensor) = find(label) else { continue };
        let integers = match &tensor.data {
            Data::I64(v) => Some(v.clone()),
            Data::Bool(v) => Some(v.iter().map(|&x| i64::from(x)).collect()),
            _ => None,
        };
        let floats = match &tensor.data {
            Data::F32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Data::F64(v) => v.clone(),
            _ => integers.iter().flatten().map(|&x| x as f64).collect(),
        };
        let array = match integers {
            Some(integers) if !stored.is_float() => Array::shaped(&tensor.shape, integers),
            _ => Array::shaped(&tensor.shape, floats),
        };
        results.put("out", label, array);
    }
    Ok(results)
}

/// y of a perceptron whose layers the file names in its own way.
fn perceptron(case: &Case, tensors: &Tensors, module: impl Fn(usize) -> String) -> Result<Array, Fault> {
    let sizes: Vec<usize> = case.args.read("sizes")?;
    let activation: String = case.args.read("activation")?;
    let activation: Activation = activation.parse().unwrap_or_else(|_| case.args.unknown("activation"));
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("net"), &sizes, activation);
    let layers = 0..net.layers.len();
    let names = layers.fold(torch::names(&params), |names, i| names.prefix(&format!("net.{i}"), &module(i)));
    output(case, params, tensors, &names, |x| net.forward(x))
}

fn convnet(case: &Case, tensors: &Tensors) -> Result<Array, Fault> {
    let known = "conv1 3x3 pad 1, bn (eval, eps 1e-5), relu, max pool 2, conv2 2x2 stride 1, flatten, fc";
    case.args.says("model", known);
    let shape = |name: &str| tensors.get(name).map(|tensor| tensor.shape.to_vec());
    let (Some(first), Some(second), Some(last)) =
        (shape("conv1.weight"), shape("conv2.weight"), shape("fc.weight"))
    else {
        return Err(Fault::Mismatch("no weights of the layers".to_owned()));
    };
    let mut params = Params::f64();
    let padded = ConvForm::default().padding(1);
    let conv1 = Conv2d::new(&mut params.scope("conv1"), first[1], first[0], 3, padded);
    let norm = BatchNorm::new(&mut params.scope("bn"), first[0]);
    let conv2 = Conv2d::new(&mut params.scope("conv2"), second[1], second[0], 2, ConvForm::default());
    let fc = Linear::new(&mut params.scope("fc"), last[1], last[0]);
    let names = torch::names(&params);
    output(case, params, tensors, &names, |x| {
        let a = norm.forward(conv1.forward(x), &Mode::Eval).relu();
        let a = conv2.forward(a.max_pool2d(PoolForm::of(2)));
        fc.forward(a.reshape([x.shape()[0], last[1]]))
    })
}

/// What a model with the parameters of a file gives for the case's x.
fn output(
    case: &Case,
    mut params: Params,
    tensors: &Tensors,
    names: &Mapping,
    forward: impl for<'t> Fn(Var<'t>) -> Var<'t>,
) -> Result<Array, Fault> {
    params.set_tensors(tensors, names)?;
    // And back: the model writes the file's tensors.
    let again = params.to_tensors_with(names);
    let mut there: Vec<&str> = again.names().collect();
    let mut here: Vec<&str> = tensors.names().collect();
    there.sort_unstable();
    here.sort_unstable();
    same("names", &there, &here)?;
    let tape = Tape::with(&params);
    let y = forward(tape.constant(case.f64("in", "x")?));
    Ok(Array::shaped(&y.shape(), y.to_vec::<f64>()))
}

/// A value as the arguments of cases have it.
fn json(value: &Value) -> Json {
    match value {
        Value::Bool(x) => json!(x),
        Value::Int(x) => json!(x),
        Value::Float(x) => json!(x),
        Value::Text(x) => json!(x),
        Value::List(items) | Value::Tuple(items) => items.iter().map(json).collect(),
        _ => Json::Null,
    }
}

fn same<A: PartialEq<B> + std::fmt::Debug, B: std::fmt::Debug>(
    what: &str,
    got: &A,
    want: &B,
) -> Result<(), Fault> {
    if got == want { Ok(()) } else { Err(Fault::Mismatch(format!("{what}: got {got:?}, want {want:?}"))) }
}
