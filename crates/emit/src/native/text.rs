//! The text that is compiled for this machine: the kernels, and one function that runs them in memories that it is given.

use crate::Refused;
use crate::functions::{END, Functions};
use crate::kernel::Kernel;
use crate::layout::Layout;
use crate::memory::{Memories, c_type};
use crate::source::printed_kernel;
use autograd::Program;
use autograd::planned::Plan;
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
