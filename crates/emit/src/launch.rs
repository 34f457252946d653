//! A program kernel by kernel, for those who launch them one by one: the crate `cuda`.

use crate::Refused;
use crate::functions::Functions;
use crate::kernel::Kernel;
use crate::memory::{Memories, identifier, size};
use crate::source::printed_kernel;
use autograd::Program;
use autograd::planned::{Op, Plan, Work, body};

/// The most lines of a kernel in which all functions are written out.
const LONG: usize = 1500;

/// The kernels of a program.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Launches {
    functions: Functions,
    /// In the order of the plan.
    pub kernels: Vec<Launch>,
}

impl Launches {
    /// What stands before the texts of kernels: the macros, and the functions that they call. Both guard themselves against being
    /// read twice.
    pub fn functions(&self, kernels: &str) -> String {
        let is_long = self.kernels.iter().any(|launch| launch.text.lines().count() > LONG);
        let long = if is_long { "#define WG_LONG\n" } else { "" };
        format!("{long}{}", self.functions.text(kernels))
    }
}

/// A kernel, and how it is launched.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Launch {
    /// Its name in the text.
    pub name: String,
    /// What it computes, and for which lines of the program.
    pub comment: String,
    /// Its functions.
    pub text: String,
    /// What it is called with.
    pub arguments: Vec<Argument>,
    /// What `NAME_end` is called with, if there is one: one block of one thread, once all blocks are done.
    pub end: Option<Vec<Argument>>,
    /// The most elements of a loop that all threads share.
    pub elements: usize,
    /// How many tiles there are, each for one block, and the elements of one.
    pub tiles: [usize; 2],
    /// The bytes of the sums of blocks.
    pub partials: usize,
    /// The bytes of scratch for each block.
    pub scratch: usize,
    /// The kernels of the body, in the order of its plan, if it is a loop: they are launched in each step, and it is not.
    pub body: Vec<Launch>,
}

/// What a kernel is called with: an address each.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A memory of the plan, by its number.
    Memory(u32),
    /// The sums of blocks.
    Partials,
    /// A flag: where it is not 0, nothing is done.
    Stop,
    /// Scratch.
    Scratch,
    /// Where a 1 is written if an index does not exist.
    Fault,
}

/// Prints the kernels of a program. Those that `can_stop` do nothing once a flag is set.
///
/// # Errors
/// [`Refused`] if the program contains an op that has no text.
#[doc(hidden)]
pub fn launches(program: &Program, name: &str, can_stop: bool) -> Result<Launches, Refused> {
    let explanation = program.explain();
    let comment = |i: usize| {
        let [ops, writes, site] = explanation.kernel(i);
        format!("{i}: {ops} → {writes}; {site}")
    };
    let mut functions = Functions::default();
    let kernels = of_plan(program.plan(), &identifier(name), can_stop, &comment, &mut functions)?;
    Ok(Launches { functions, kernels })
}

fn of_plan(
    plan: &Plan,
    name: &str,
    can_stop: bool,
    comment: &dyn Fn(usize) -> String,
    functions: &mut Functions,
) -> Result<Vec<Launch>, Refused> {
    let memories = Memories::of(plan, String::new());
    let mut launches = vec![];
    for (i, planned) in plan.kernels.iter().enumerate() {
        let mut kernel = Kernel::new(format!("{name}_kernel_{i}"), comment(i));
        kernel.can_stop = can_stop;
        launches.push(if let Work::Op { op: Op::Scan(scan), .. } = &planned.work {
            let (plan, name) = (body(scan), format!("{}_body", kernel.name));
            let body = of_plan(&plan, &name, can_stop, &|i| format!("{i} of each step"), functions)?;
            Launch { body, ..launch(&kernel, &memories) }
        } else {
            launch(&printed_kernel(planned, kernel, &memories, functions)?, &memories)
        });
    }
    Ok(launches)
}

fn launch(kernel: &Kernel, memories: &Memories) -> Launch {
    let mut arguments: Vec<Argument> = kernel.memories().map(Argument::Memory).collect();
    arguments.extend(kernel.partials.map(|_| Argument::Partials));
    arguments.extend(kernel.can_stop.then_some(Argument::Stop));
    let end = (!kernel.finish.is_empty()).then(|| arguments.clone());
    arguments.extend((kernel.scratch > 0).then_some(Argument::Scratch));
    arguments.extend(kernel.can_fail.then_some(Argument::Fault));
    Launch {
        name: kernel.name.clone(),
        comment: kernel.comment.clone(),
        text: kernel.text(memories),
        arguments,
        end,
        elements: kernel.elements,
        tiles: kernel.tiles,
        partials: kernel.partials.map_or(0, |(dtype, n)| n * size(dtype)),
        scratch: kernel.scratch,
        body: vec![],
    }
}
