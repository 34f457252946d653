//! From a program to a file.

use crate::model::{Block, MOST_BYTES, Port};
use crate::trace::{Job, Trace};
use crate::writer::Writer;
use crate::{Error, file, ops};
use autograd::planned::{Op, RecordedInput};
use autograd::{Params, Program};
use std::collections::BTreeSet;
use std::path::Path;

/// Programs as ONNX models.
///
/// A model has the inputs of the trace and its outputs, under their names (outputs without a name are `output_0`, …); the
/// parameters and buffers that they need are its initializers. Shapes are those of the trace. Gradients of
/// [`with_gradients`](autograd::Outputs::with_gradients) and what a program writes to buffers are left out.
///
/// ```
/// use autograd::{Params, Program};
/// use onnx::Export;
/// let mut params = Params::f32();
/// let w = params.scope("net").param("weight", [2, 1], [1.0, -1.0]);
/// let program = Program::trace(&params, |t| {
///     t.outputs(t.input("x", [4, 2]).matmul(w).sigmoid()).with_names(["probability"])
/// })?;
/// let bytes = program.to_onnx(&params)?;
/// let has = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
/// assert!(["x", "net.weight", "MatMul", "Sigmoid", "probability"].into_iter().all(has));
///
/// let file = std::env::temp_dir().join("wengert-doc.onnx");
/// program.export(&file, &params)?;
/// assert_eq!(std::fs::read(&file)?, bytes);
/// # std::fs::remove_file(file).ok();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Export {
    /// The bytes of the model: a `ModelProto` of opset 17 and version 8 of the format.
    ///
    /// # Errors
    /// If ONNX cannot say an op ([`Error::Unsupported`] names op, node and line), if the parameters are not those that the
    /// program was traced for, if two things have one name, or if the model has 2 GiB or more.
    fn to_onnx(&self, params: &Params) -> Result<Vec<u8>, Error>;

    /// Writes the model to a file: under a temporary name beside it, which is renamed when all is stored. So there never is
    /// half a model.
    ///
    /// # Errors
    /// As [`to_onnx`](Export::to_onnx), and if the file cannot be written.
    fn export(&self, path: impl AsRef<Path>, params: &Params) -> Result<(), Error>;
}

impl Export for Program {
    fn to_onnx(&self, params: &Params) -> Result<Vec<u8>, Error> {
        self.check(params).map_err(Error::Params)?;
        let writer = Writer::default();
        let names = reserve(self, params, &writer)?;
        let job = Job { program: self, params, writer: &writer, rule: ops::write };
        let port = |(name, shape, dtype): (&str, &autograd::Shape, _)| Port {
            value: writer.named(name),
            dtype,
            shape: shape.clone(),
        };
        let inputs: Vec<Port> = self.inputs().map(port).collect();
        let results = &self.recorded().results()[..names.len()];
        let trace = Trace::of_program(job, &inputs, results);
        let block = writer.block(inputs.clone(), || trace.write(results))?;
        drop(trace);
        for (port, name) in block.outputs.iter().zip(&names) {
            writer.rename(port.value, name);
        }
        finish(writer, &block)
    }

    fn export(&self, path: impl AsRef<Path>, params: &Params) -> Result<(), Error> {
        let (path, bytes) = (path.as_ref(), self.to_onnx(params)?);
        file::write(path, &bytes).map_err(|source| Error::Io { path: path.to_owned(), source })
    }
}

fn finish(writer: Writer, block: &Block) -> Result<Vec<u8>, Error> {
    let bytes = writer.finish(block);
    if bytes.len() > MOST_BYTES { Err(Error::TooLarge { bytes: bytes.len() }) } else { Ok(bytes) }
}

/// Keeps the names of inputs, outputs, parameters and buffers, and gives those of the outputs.
fn reserve(program: &Program, params: &Params, writer: &Writer) -> Result<Vec<String>, Error> {
    let keep = |name: &str, of| {
        if writer.reserve(name) { Ok(()) } else { Err(Error::Name { name: name.to_owned(), of }) }
    };
    let stored = |node: autograd::planned::RecordedNode<'_>| match node.op {
        Op::Parameter(p) => Some(params.name(*p)),
        Op::Input(number) => match program.recorded_input(*number) {
            RecordedInput::Buffer(buffer) => Some(params.buffer_name(buffer)),
            RecordedInput::Given(_) | RecordedInput::Constant(_) => None,
        },
        _ => None,
    };
    let stored: BTreeSet<&str> = program.recorded().all().filter_map(stored).collect();
    stored.into_iter().try_for_each(|name| keep(name, "parameter or buffer"))?;
    program.inputs().try_for_each(|(name, ..)| keep(name, "input"))?;
    let name = |(i, (name, ..)): (usize, (Option<&str>, _, _))| match name {
        Some(name) => keep(name, "output").map(|()| name.to_owned()),
        None => {
            let free = (0..).map(|more| format!("output_{i}{}", "'".repeat(more)));
            Ok(free.into_iter().find(|name| writer.reserve(name)).expect("a name that nobody has"))
        }
    };
    program.outputs().enumerate().map(name).collect()
}
