//! A whole program as one header.

use crate::Refused;
use crate::functions::{END, Functions};
use crate::kernel::Kernel;
use crate::layout::{Layout, constants, join};
use crate::loops::{self, Steps};
use crate::memory::{Memories, c_type, identifier, size};
use crate::training::Training;
use crate::{ops, product, tile};
use autograd::planned::{Contents, DataRef, Kernel as Planned, Memory, Op, Plan, Work, body};
use autograd::{DType, Data, Optimizer, Params, Program};
use std::fmt::{self, Write as _};

/// A program as text. `Display` writes it, and the values of the parameters then.
#[derive(Clone, Debug)]
pub struct Source {
    text: String,
    values: Option<Data>,
    after: String,
    kernels: usize,
    work: usize,
}

impl Source {
    /// How many kernels it has.
    pub fn kernels(&self) -> usize {
        self.kernels
    }

    /// Adds functions, which are compiled as the others are.
    #[cfg(feature = "native")]
    pub(crate) fn add(&mut self, functions: &str) {
        self.text += functions;
    }

    /// The bytes of the memory between kernels, which the caller gives.
    pub fn work_bytes(&self) -> usize {
        self.work
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if let Some(values) = &self.values {
            f.write_str(&join(view(values)))?;
        }
        f.write_str(&self.after)
    }
}

/// Prints a program, with the values of its parameters or without.
pub(crate) fn print(
    program: &Program,
    params: &Params,
    optimizer: Option<&dyn Optimizer>,
    name: &str,
    values: bool,
) -> Result<Source, Refused> {
    program.check(params).map_err(|error| Refused { what: name.to_owned(), why: error.to_string() })?;
    let name = identifier(name);
    let plan: &Plan = program.plan();
    let memories = Memories::of(plan, String::new());
    let mut functions = Functions::of(plan);
    let training =
        optimizer.map(|optimizer| Training::of(program, params, optimizer, &mut functions)).transpose()?;
    let explanation = program.explain();
    let mut kernels = vec![];
    for (i, planned) in plan.kernels.iter().enumerate() {
        let [ops, writes, site] = explanation.kernel(i);
        let comment = format!("{i}: {ops} → {writes}; {site}");
        let kernel = Kernel::new(format!("{name}_kernel_{i}"), comment);
        kernels.push(printed_kernel(planned, kernel, &memories, &mut functions)?);
    }
    let layout = Layout::of(plan, &kernels);
    let mut header = Header { name: &name, plan, program, memories: &memories, layout, text: String::new() };
    header.begin(params);
    let before = header.text.len();
    for kernel in &kernels {
        header.text += &kernel.text(&memories);
    }
    header.run(&kernels);
    header.outputs();
    if let Some(training) = training {
        header.step(&training);
    }
    let needed = functions.text(&header.text[before..]) + &constants(plan, &memories, &name);
    header.text.insert_str(before, &needed);
    let mut source = Source {
        text: String::new(),
        values: None,
        after: String::new(),
        kernels: kernels.len(),
        work: header.layout.bytes,
    };
    if values {
        source.values = Some(header.values(params));
        source.after += "};\n#endif\n";
    }
    source.text = header.text;
    source.after += &format!("{END}#endif\n");
    Ok(source)
}

pub(crate) fn printed_kernel(
    planned: &Planned,
    mut kernel: Kernel,
    memories: &Memories,
    functions: &mut Functions,
) -> Result<Kernel, Refused> {
    match &planned.work {
        Work::Tile(code) => tile::print(code, memories, functions, &mut kernel),
        Work::Product { a, b, c } => product::print([a, b, c], memories, functions, &mut kernel),
        Work::Op { op: Op::Scan(scan), x, y } => {
            let body = body(scan);
            let inner = Memories::of(&body, memories.within());
            let name = format!("{}_body", kernel.name);
            let mut kernels = vec![];
            for (i, planned) in body.kernels.iter().enumerate() {
                let step = Kernel::new(format!("{name}_{i}"), format!("{i} of each step"));
                kernels.push(printed_kernel(planned, step, &inner, functions)?);
            }
            let steps = Steps {
                steps: scan.steps,
                reverse: scan.reverse,
                ports: scan.body.ports,
                pieces: scan.pieces(),
            };
            loops::print(&steps, (&body, &inner, &kernels, &name), x, y, memories, &mut kernel);
        }
        Work::Op { op, x, y } => ops::print(op, x, y, memories, functions, &mut kernel)
            .map_err(|why| Refused { what: op.name().to_owned(), why: why.to_owned() })?,
    }
    Ok(kernel)
}

struct Header<'a> {
    name: &'a str,
    plan: &'a Plan,
    program: &'a Program,
    memories: &'a Memories,
    layout: Layout,
    text: String,
}

impl Header<'_> {
    fn line(&mut self, line: impl fmt::Display) {
        writeln!(self.text, "{line}").expect("a text takes every line");
    }

    fn memories_of(&self, wanted: impl Fn(&Contents<'_>) -> bool) -> Vec<(u32, Memory<'_>)> {
        let all = (0u32..).zip(self.plan.memories());
        all.filter(|(_, memory)| wanted(&memory.contents)).collect()
    }

    fn begin(&mut self, params: &Params) {
        let (name, upper) = (self.name, self.name.to_uppercase());
        self.line(format!("/* {name}: a program of Wengert in C11, which is CUDA C++ too. No memory is asked for, nothing is"));
        self.line("   called but memcpy. Compile with -ffp-contract=off: then each number has the bits that Wengert computes. */");
        self.line(format!("#ifndef {upper}_H\n#define {upper}_H"));
        self.line("/* How many numbers all parameters have, and where each begins. */");
        self.line(format!("#define {upper}_PARAMETERS {}", params.elements()));
        for param in params.iter() {
            let name = identifier(params.name(param)).to_uppercase();
            let range = params.range(param);
            self.line(format!(
                "#define {upper}_{name} {} /* {} {} */",
                range.start,
                params.name(param),
                params.shape(param)
            ));
        }
        self.line("/* The bytes of the memory between kernels, aligned to 64. */");
        let bytes = self.layout.bytes;
        self.line(format!("#define {upper}_WORK {bytes}"));
    }

    /// The function that runs all kernels.
    fn run(&mut self, kernels: &[Kernel]) {
        let name = self.name;
        let has_gradients =
            self.memories_of(|c| matches!(c, Contents::Gradients)).iter().any(|(_, m)| m.elements > 0);
        let given = self.memories_of(|c| match c {
            Contents::Parameters | Contents::Input(_) => true,
            Contents::Gradients => has_gradients,
            _ => false,
        });
        let mut parameters: Vec<String> = given.iter().map(|&(m, _)| self.memories.parameter(m)).collect();
        parameters.push("void *work".to_owned());
        let mut text = String::from("#if !defined(__CUDACC__)\n");
        let _ = writeln!(
            text,
            "/* Runs the program once. Gives 0, or 1 if an index does not exist, or a matrix has no factor; then the results mean\n   nothing."
        );
        for (_, memory) in &given {
            if let Contents::Input(input) = memory.contents {
                let _ = writeln!(text, "   in_{}: {} numbers.", identifier(input), memory.elements);
            }
        }
        text += "*/\n";
        let _ = writeln!(text, "static inline int {name}_run({}) {{", parameters.join(", "));
        text += "  char *const bytes = (char *)work;\n";
        text += &self.layout.variables(self.plan, self.memories, name);
        if !has_gradients {
            text += "  float *const gradients = 0;\n";
        }
        text += "  int fault = 0;\n  (void)fault, (void)gradients, (void)parameters;\n";
        for kernel in kernels {
            for call in kernel.calls(self.memories, "&fault") {
                let _ = writeln!(text, "  {call}");
            }
            if kernel.can_fail {
                text += "  if (fault) return fault;\n";
            }
        }
        text += "  return 0;\n}\n";
        self.text += &text;
    }

    /// The step of training.
    fn step(&mut self, training: &Training) {
        let inputs = self.memories_of(|c| matches!(c, Contents::Input(_)));
        let each =
            |&(m, _): &(u32, Memory<'_>)| (self.memories.parameter(m), self.memories.name(m).to_owned());
        let given: Vec<(String, String)> = inputs.iter().map(each).collect();
        let loss = format!("{}_{}", self.name, self.label(0));
        self.text += &training.text(self.name, &given, &loss);
    }

    /// The name of a result.
    fn label(&self, i: usize) -> String {
        match self.program.outputs().nth(i) {
            Some((Some(name), ..)) => identifier(name),
            Some((None, ..)) => format!("output_{i}"),
            None => format!("state_{}", i - self.program.outputs().count()),
        }
    }

    /// A function for each result, which tells where it is.
    fn outputs(&mut self) {
        for (i, y) in self.plan.outputs.iter().enumerate() {
            let label = self.label(i);
            let start =
                self.layout.starts.iter().find(|(m, _)| *m == y.memory).map_or(0, |(_, start)| *start);
            let (t, name, shape) = (c_type(y.dtype), self.name, &y.shape);
            let start = start + y.offset * size(y.dtype);
            self.line(format!("/* {shape} */"));
            self.line(format!(
                "static inline const {t} *{name}_{label}(const void *work) {{ return (const {t} *)((const char *)work + {start}); }}"
            ));
        }
        self.line("#endif");
    }

    /// The parameters as they are, for who asks for them: what stands before their values.
    fn values(&mut self, params: &Params) -> Data {
        let (name, upper) = (self.name, self.name.to_uppercase());
        let (t, n) = (c_type(params.dtype()), params.elements().max(1));
        self.line(format!(
            "#if defined({upper}_VALUES) && !defined(__CUDACC__)\n/* The parameters as they were. */"
        ));
        self.text += &format!("static const {t} {name}_parameters[{n}] = {{");
        match params.dtype() {
            DType::F32 => Data::F32(params.slab_of().to_vec()),
            _ => Data::F64(params.slab_of().to_vec()),
        }
    }
}

/// What data hold.
pub(crate) fn view(data: &Data) -> DataRef<'_> {
    match data {
        Data::F32(x) => DataRef::F32(x),
        Data::F64(x) => DataRef::F64(x),
        Data::I64(x) => DataRef::I64(x),
        Data::Bool(x) => DataRef::Bool(x),
    }
}
