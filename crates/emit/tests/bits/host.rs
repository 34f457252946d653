//! Compiles programs, runs them, and compares their numbers with those of the interpreter.

use crate::draw::Draw;
use autograd::{AnyTensor, DType, Params, Program, Run, Var};
use emit::Emit;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A program, its parameters and the values of its inputs.
pub(crate) struct Case {
    pub(crate) program: Program,
    pub(crate) params: Params,
    pub(crate) inputs: Vec<Box<dyn AnyTensor>>,
    pub(crate) gradients: bool,
}

/// A program of several inputs: a function, and its cotangents by all of them.
pub(crate) fn of_several(
    dtype: DType,
    shapes: &[&[usize]],
    f: impl for<'t> Fn(&[Var<'t>]) -> Var<'t>,
) -> Case {
    let params = Params::of(dtype);
    let program = Program::trace(&params, |t| {
        let x: Vec<Var<'_>> =
            shapes.iter().enumerate().map(|(i, shape)| t.input_of(&format!("x{i}"), dtype, *shape)).collect();
        let y = f(&x);
        let mut all = vec![y];
        if y.dtype().is_float() {
            all.extend(y.vjp(y.cos(), &x));
        }
        t.outputs(all)
    })
    .expect("a program");
    let inputs = shapes.iter().enumerate().map(|(i, shape)| {
        let values = Draw(i as u64 + 17).numbers(shape.iter().product());
        match dtype {
            DType::F32 => {
                Box::new(values.iter().map(|&x| x as f32).collect::<Vec<f32>>()) as Box<dyn AnyTensor>
            }
            _ => Box::new(values),
        }
    });
    Case { inputs: inputs.collect(), params, program, gradients: false }
}

/// Every third one: the text of the other dtype differs in names alone. The longer checks take all.
pub(crate) fn some(cases: Vec<Case>) -> impl Iterator<Item = Case> {
    cases.into_iter().step_by(3)
}

/// How a compiler is called.
pub(crate) const PLAIN: &[&str] = &["-O0"];

fn hex(bits: u64, bytes: usize) -> String {
    format!("{bits:0width$x}", width = 2 * bytes)
}

fn singles(x: &[f32]) -> Vec<String> {
    x.iter().map(|x| hex(u64::from(x.to_bits()), 4)).collect()
}

fn doubles(x: &[f64]) -> Vec<String> {
    x.iter().map(|x| hex(x.to_bits(), 8)).collect()
}

impl Case {
    /// The inputs as a run takes them.
    pub(crate) fn given(&self) -> Vec<&dyn AnyTensor> {
        self.inputs.iter().map(|x| &**x).collect()
    }

    /// The bits of all results of the interpreter: outputs, then gradients.
    pub(crate) fn expected(&self) -> Vec<String> {
        let mut state = self.program.state();
        let run = self.program.run(&mut state, &self.params, &self.given()[..]).expect("the inputs fit");
        self.bits(&run)
    }

    /// The bits of all results of a run.
    pub(crate) fn bits(&self, run: &Run<'_>) -> Vec<String> {
        let mut lines = vec![];
        for (i, (_, _, dtype)) in self.program.outputs().enumerate() {
            lines.extend(match dtype {
                DType::F32 => singles(run.slice(i)),
                DType::F64 => doubles(run.slice(i)),
                DType::I64 => run.slice::<i64>(i).iter().map(|x| hex(*x as u64, 8)).collect(),
                _ => run.slice::<bool>(i).iter().map(|x| hex(u64::from(*x), 1)).collect(),
            });
        }
        if self.gradients {
            lines.extend(match self.params.dtype() {
                DType::F32 => singles(run.grads().slab_of()),
                _ => doubles(run.grads().slab_of()),
            });
        }
        lines
    }

    /// A function of C that runs the program and prints the bits of its results.
    fn driver(&self, name: &str, header: &str) -> String {
        let upper = name.to_uppercase();
        let mut text = format!(
            "static void {name}_main(void) {{\n  static _Alignas(64) char work[{upper}_WORK + 64];\n"
        );
        let t = c_type(self.params.dtype());
        let mut arguments = vec![format!("{name}_parameters")];
        if self.gradients {
            let _ = writeln!(text, "  static {t} gradients[{upper}_PARAMETERS + 1];");
            // Where no parameter has one, they are not asked for.
            if header.contains(" *gradients, ") {
                arguments.push("gradients".to_owned());
            }
        }
        for (i, x) in self.inputs.iter().enumerate() {
            let _ = writeln!(text, "  static const {} x{i}[] = {{{}}};", c_type(x.dtype()), elements(&**x));
            arguments.push(format!("x{i}"));
        }
        arguments.push("work".to_owned());
        let _ = writeln!(text, "  if ({name}_run({})) printf(\"fault\\n\");", arguments.join(", "));
        for (i, (_, shape, dtype)) in self.program.outputs().enumerate() {
            let n = shape.elements();
            let _ = writeln!(text, "  print_{}({name}_output_{i}(work), {n});", c_type(dtype));
        }
        if self.gradients {
            let _ = writeln!(text, "  print_{t}(gradients, {upper}_PARAMETERS);");
        }
        text + "}\n"
    }
}

fn c_type(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "float",
        DType::F64 => "double",
        DType::I64 => "wg_long",
        _ => "wg_bool",
    }
}

/// The elements of an input as C has them, to the last bit.
pub(crate) fn elements(x: &dyn AnyTensor) -> String {
    use autograd::planned::DataRef;
    let special = |x: f64, text: String| {
        if x.is_nan() {
            "NAN".to_owned()
        } else if x.is_infinite() {
            format!("{}INFINITY", if x < 0.0 { "-" } else { "" })
        } else {
            text
        }
    };
    let all: Vec<String> = match x.piece().expect("inputs are contiguous") {
        DataRef::F32(x) => x.iter().map(|&x| special(x.into(), format!("{x:?}f"))).collect(),
        DataRef::F64(x) => x.iter().map(|&x| special(x, format!("{x:?}"))).collect(),
        DataRef::I64(x) => x.iter().map(|x| format!("{x}ll")).collect(),
        DataRef::Bool(x) => x.iter().map(|&x| u8::from(x).to_string()).collect(),
    };
    if all.is_empty() { "0".to_owned() } else { all.join(", ") }
}

/// Prints the bits of numbers.
pub(crate) const PRINT: &str = r#"
#define PRINT(T, U, bytes) static void print_##T(const T *x, int n) { \
  for (int i = 0; i < n; ++i) { unsigned long long b = 0; U u; memcpy(&u, &x[i], bytes); b = u; printf("%0*llx\n", 2 * bytes, b); } }
PRINT(float, unsigned, 4)
PRINT(double, unsigned long long, 8)
PRINT(wg_long, unsigned long long, 8)
PRINT(wg_bool, unsigned char, 1)
"#;

/// A folder of this process's own for what the compiler makes.
pub(crate) fn folder(label: &str) -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let (process, number) = (std::process::id(), NUMBER.fetch_add(1, Relaxed));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bits-{label}-{process}-{number}"));
    std::fs::create_dir_all(&folder).expect("the target folder takes files");
    folder
}

/// Whether there is a compiler of this name.
pub(crate) fn has(compiler: &str) -> bool {
    Command::new(compiler).arg("--version").output().is_ok_and(|out| out.status.success())
}

/// The source of all cases, as one program.
pub(crate) fn source(cases: &[Case]) -> String {
    let mut text = String::from("#include <stdio.h>\n#include <math.h>\n");
    let mut calls = String::new();
    for (i, case) in cases.iter().enumerate() {
        let name = format!("p{i}");
        let header =
            case.program.emit_c(&case.params, &name).unwrap_or_else(|error| panic!("program {i}: {error}"));
        let _ = writeln!(text, "#define P{i}_VALUES\n{header}");
        if i == 0 {
            text += PRINT;
        }
        text += &case.driver(&name, &header.to_string());
        let _ = writeln!(calls, "  {name}_main();\n  printf(\"end\\n\");");
    }
    text + &format!("int main(void) {{\n{calls}  return 0;\n}}\n")
}

/// What a source prints, case by case.
pub(crate) fn run(label: &str, compiler: &str, options: &[&str], source: &str) -> Vec<Vec<String>> {
    let folder = folder(label);
    let (c, binary) = (folder.join("all.c"), folder.join("all"));
    std::fs::write(&c, source).expect("the target folder takes files");
    let compiled = Command::new(compiler)
        .args([
            "-std=gnu11",
            "-ffp-contract=off",
            "-fno-math-errno",
            "-Werror",
            "-Wno-pass-failed",
            "-Wno-overflow",
        ])
        .args(options)
        .arg("-o")
        .args([&binary, &c])
        .arg("-lm")
        .output()
        .expect("the compiler was found before");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let out = Command::new(&binary).output().expect("a program that was just made");
    assert!(out.status.success(), "{:?}", out.status);
    let text = String::from_utf8(out.stdout).expect("digits");
    let _ = std::fs::remove_dir_all(&folder);
    let mut all = vec![vec![]];
    for line in text.lines() {
        match line {
            "end" => all.push(vec![]),
            line => all.last_mut().expect("one at least").push(line.to_owned()),
        }
    }
    all.pop();
    all
}

/// The first difference, if there is one. All NaN are one.
pub(crate) fn difference(cases: &[Case], results: &[Vec<String>]) -> Option<String> {
    assert_eq!(cases.len(), results.len());
    for (i, (case, found)) in cases.iter().zip(results).enumerate() {
        let expected = case.expected();
        if expected.len() != found.len() {
            return Some(format!("program {i}: {} numbers instead of {}", found.len(), expected.len()));
        }
        let differs = |(a, b): &(&String, &String)| a != b && !(is_nan(a) && is_nan(b));
        if let Some(at) = expected.iter().zip(found).position(|pair| differs(&pair)) {
            return Some(format!(
                "program {i}, number {at}: {} instead of {}\n{}",
                found[at],
                expected[at],
                case.program.explain()
            ));
        }
    }
    None
}

fn is_nan(bits: &str) -> bool {
    let value = u64::from_str_radix(bits, 16).expect("hexadecimal digits");
    match bits.len() {
        8 => f32::from_bits(value as u32).is_nan(),
        16 => f64::from_bits(value).is_nan(),
        _ => false,
    }
}

/// Compares all cases, with the compiler that `cc` is.
pub(crate) fn check(label: &str, options: &[&str], cases: &[Case]) {
    if !has("cc") {
        println!("skipped: no C compiler `cc`");
        return;
    }
    let results = run(label, "cc", options, &source(cases));
    if let Some(difference) = difference(cases, &results) {
        panic!("{difference}");
    }
}
