//! The text that is compiled for this machine: the kernels, and one function that runs them in memories that it is given.

use crate::Refused;
use crate::functions::{END, Functions};
use crate::kernel::Kernel;
use crate::layout::Layout;
use crate::memory::{Memories, c_type, identifier};
use crate::source::{self, printed_kernel};
use autograd::planned::{Contents, Plan};
use autograd::{Optimizer, Params, Program};
use std::fmt::Write as _;

/// The name of the function: `int wengert_run(void *const *memories, char *work)`, which gives 0 if it could run.
pub(super) const RUN: &str = "wengert_run";

/// The text of a program, and the bytes that its kernels need beside the memories of the plan.
pub(super) fn print(program: &Program) -> Result<(String, usize), Refused> {
    let plan: &Plan = program.plan();
    let memories = Memories::of(plan, String::new());
    let mut functions = Functions::of(plan);
    let mut kernels = vec![];
    for (i, planned) in plan.kernels.iter().enumerate() {
        let kernel = Kernel::new(format!("kernel_{i}"), format!("{i}"));
        kernels.push(printed_kernel(planned, kernel, &memories, &mut functions)?);
    }
    let Layout { bytes, partials, scratch, .. } = Layout::without_buffers(&kernels);
    let bodies: String = kernels.iter().map(|kernel| kernel.text(&memories)).collect();
    let mut text = functions.text(&bodies);
    text += &bodies;
    let _ = writeln!(text, "int {RUN}(void *const *memories, char *work) {{");
    for (number, memory) in (0u32..).zip(plan.memories()) {
        let (t, name) = (c_type(memory.dtype), memories.name(number));
        let _ = writeln!(text, "  {t} *const {name} = ({t} *)memories[{number}];\n  (void){name};");
    }
    let _ = writeln!(
        text,
        "  void *const partials = work + {partials};\n  char *const scratch = work + {scratch};\n  int fault = 0;\n  \
         (void)partials, (void)scratch;"
    );
    for kernel in &kernels {
        for call in kernel.calls(&memories, "&fault") {
            let _ = writeln!(text, "  {call}");
        }
        if kernel.can_fail {
            text += "  if (fault) return fault;\n";
        }
    }
    text += "  return fault;\n}\n";
    text += END;
    Ok((text, bytes))
}

/// The name of the function that makes steps: `long long wengert_steps(parameters, inputs, strides, count, losses, memory, work)`,
/// which gives how many it has made.
pub(super) const STEPS: &str = "wengert_steps";

/// The text of steps of training, and the bytes of their memory between kernels. A step reads input `i` so many bytes after where
/// the step before read it.
pub(super) fn print_steps(
    program: &Program,
    params: &Params,
    optimizer: &dyn Optimizer,
) -> Result<(String, usize), Refused> {
    let mut source = source::print(program, params, Some(optimizer), "net", false)?;
    let plan: &Plan = program.plan();
    let inputs = plan.memories().filter(|memory| matches!(memory.contents, Contents::Input(_)));
    let inputs: Vec<&str> = inputs.map(|memory| c_type(memory.dtype)).collect();
    if inputs.len() != program.inputs().count() {
        let why = "a step reads state that is not trained, which has no place yet".to_owned();
        return Err(Refused { what: "the program".to_owned(), why });
    }
    let loss = match program.outputs().next() {
        Some((Some(name), ..)) => identifier(name),
        _ => "output_0".to_owned(),
    };
    let given: String = inputs
        .iter()
        .enumerate()
        .map(|(i, t)| format!("(const {t} *)(inputs[{i}] + s * strides[{i}]), "))
        .collect();
    let t = c_type(params.dtype());
    source.add(&format!(
        "long long {STEPS}(void *parameters, const char *const *inputs, const long long *strides, long long count, double *losses,\n  \
         void *memory, void *work) {{\n  (void)inputs, (void)strides;\n  for (long long s = 0; s < count; ++s) {{\n    if \
         (net_step(({t} *)parameters, {given}memory, work)) return s;\n    losses[s] = (double)*net_{loss}(work);\n  }}\n  return \
         count;\n}}\n"
    ));
    Ok((source.to_string(), source.work_bytes()))
}
