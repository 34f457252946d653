//! The text of the kernel that calls all others.

use crate::machine::{Address, Memory, Work};
use crate::task::{POOL, SKIP, Step, Task};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The macros around the calls.
const MACROS: &str = include_str!("../text/whole.h");

/// The text, and what the kernel is called with.
pub(super) struct Printed {
    pub(super) text: String,
    pub(super) arguments: Vec<Address>,
}

/// Prints the kernel `wg_whole(steps, addresses…)`.
pub(super) fn print(
    step: &Step<'_>,
    phases: &[Vec<usize>],
    [blocks, threads]: [usize; 2],
    pool: usize,
    near: &[&Memory],
    gate: Option<&Memory>,
) -> Printed {
    let mut places = Places::new(step, pool, near);
    let mut body = String::new();
    let gate = gate.map(|gate| places.of(gate.at()));
    for (number, phase) in phases.iter().enumerate() {
        let mut in_tiles = false;
        for &i in phase {
            // Kernels with tiles take turns in what the threads of a block share.
            let takes_turns = step.tasks[i].size.tiles > 0;
            if takes_turns && in_tiles {
                body += "    WG_SYNC;\n";
            }
            in_tiles |= takes_turns;
            let _ = writeln!(body, "    {}", places.call(step.tasks[i]));
        }
        let _ = match &gate {
            None => writeln!(body, "    WG_MEET({number});"),
            Some(gate) => writeln!(body, "    WG_MEET_ALL({number}, {gate}, {blocks});"),
        };
    }
    let carried = |places: &mut Places<'_>, to_block: bool| {
        let mut text = String::new();
        for memory in near {
            let (here, there) = (places.of(memory.at()), places.far(memory.at()));
            let (to, from) = if to_block { (here, there) } else { (there, here) };
            let _ = writeln!(text, "  WG_CARRY({to}, {from}, {});", memory.bytes() / 8);
        }
        text
    };
    let (before, after) = (carried(&mut places, true), carried(&mut places, false));
    let parameters: String = (0..places.arguments.len()).map(|i| format!(", char *a{i}")).collect();
    let text = format!(
        "#define WG_TOGETHER\n#define WG_THREADS_OF_ALL {all}\n{SKIP}0\n{skips}{kernels}{MACROS}\
         WG_ENTRY({threads}) wg_whole(wg_long steps{parameters}) {{\n{before}  WG_SYNC;\n  \
         for (wg_long step = 0; step < steps; ++step) {{\n{body}  }}\n{after}}}\n",
        all = blocks * threads,
        skips = skips(step, phases, blocks * threads),
        kernels = step.text,
    );
    Printed { text, arguments: places.arguments }
}

/// For each kernel that can begin anywhere, where it does: behind those of its phase.
fn skips(step: &Step<'_>, phases: &[Vec<usize>], threads: usize) -> String {
    let known = step.text.lines().filter_map(|line| line.strip_prefix(SKIP)?.strip_suffix("_skip"));
    let mut skips: BTreeMap<&str, usize> = known.map(|name| (name, 0)).collect();
    for phase in phases {
        let mut next = 0;
        for task in phase.iter().map(|&i| step.tasks[i]).filter(|task| task.size.tiles == 0) {
            if let Some(skip) = skips.get_mut(task.name()) {
                *skip = next % threads;
            }
            next += task.size.elements.next_multiple_of(32);
        }
    }
    skips.iter().map(|(name, skip)| format!("#define {name}_skip {skip}\n")).collect()
}

/// Addresses as expressions.
struct Places<'a> {
    memories: BTreeMap<Address, &'a Memory>,
    /// By the address of a memory, where it lies in what a block shares.
    near: BTreeMap<Address, usize>,
    arguments: Vec<Address>,
}

impl<'a> Places<'a> {
    fn new(step: &Step<'a>, pool: usize, near: &[&Memory]) -> Places<'a> {
        let mut next = pool;
        let place = |memory: &&Memory| {
            next += memory.bytes();
            (memory.at(), next - memory.bytes())
        };
        let near = near.iter().map(place).collect();
        let memories = step.memories.iter().map(|&memory| (memory.at(), memory)).collect();
        Places { memories, near, arguments: vec![] }
    }

    /// The expression of an address.
    fn of(&mut self, at: Address) -> String {
        if at == POOL {
            return "wg_pool".to_owned();
        }
        let base = self.base(at);
        match self.near.get(&base) {
            Some(place) => format!("wg_pool + {}", *place as Address + (at - base)),
            None => self.far(at),
        }
    }

    /// The expression of an address in the memory of the device.
    fn far(&mut self, at: Address) -> String {
        let base = self.base(at);
        let number = self.arguments.iter().position(|&known| known == base).unwrap_or_else(|| {
            self.arguments.push(base);
            self.arguments.len() - 1
        });
        if at == base { format!("a{number}") } else { format!("a{number} + {}", at - base) }
    }

    /// Where the memory of an address begins. One that is in none is a memory of its own: nobody reads what is not there.
    fn base(&self, at: Address) -> Address {
        match self.memories.range(..=at).next_back() {
            Some((&base, memory)) if at < base + memory.bytes() as Address => base,
            _ => at,
        }
    }

    fn call(&mut self, task: &Task) -> String {
        let Work::Kernel { name, arguments, .. } = &task.work else {
            unreachable!("where one kernel calls all, products are kernels too")
        };
        let arguments: Vec<String> = arguments.iter().map(|&at| format!("WG_AT({})", self.of(at))).collect();
        format!("{name}({});", arguments.join(", "))
    }
}
