//! The way in which steps are launched: as a graph or as one kernel, and why.

use crate::cost::of_graph;
use crate::dag::{Access, edges};
use crate::error::refused;
use crate::machine::{Graph, Machine, Memory, Module, Repeat};
use crate::parts::Parts;
use crate::task::{Step, Task};
use crate::tasks::{Kernels, MOST, nodes};
use crate::whole::Together;
use crate::{Error, Form, Numerics, control};
use autograd::Program;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::rc::Rc;

/// The most steps of one graph.
const STEPS: usize = 32;
/// The most kernels and operations of a program that one kernel is tried for unasked.
const KERNELS: usize = 128;
const OPERATIONS: usize = 20_000_000;

/// How steps are launched.
#[derive(Debug)]
pub(crate) enum Way {
    /// By the number of steps, and whether they read the data set.
    Graph { modules: [Option<Box<dyn Module>>; 2], graphs: BTreeMap<(usize, bool), Box<dyn Graph>> },
    /// Those without a data set, and those with one. What is launched goes before the module does.
    Whole {
        repeats: [Option<Box<dyn Repeat>>; 2],
        modules: [Option<Box<dyn Module>>; 2],
        gate: Option<Memory>,
    },
}

/// A way, and why it was taken.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) way: Way,
    pub(crate) form: Form,
    pub(crate) why: String,
}

/// Takes the form that was asked for, or that should be the fastest; what cannot be one kernel is a graph.
pub(crate) fn choose<'p>(
    machine: &Rc<dyn Machine>,
    numerics: Numerics,
    asked: Option<Form>,
    program: &Program,
    parts: impl Fn(Kernels) -> Result<Parts<'p>, Error>,
) -> Result<(Parts<'p>, Chosen), Error> {
    let why = match (asked, too_large(program)) {
        (Some(Form::Graph), _) => "it was asked for".to_owned(),
        (None, Some(why)) => why,
        _ => {
            let parts = parts(Kernels::Together)?;
            match whole(machine, asked, &parts) {
                Ok(chosen) => return Ok((parts, chosen)),
                Err(error @ Error::Device { .. }) => return Err(error),
                Err(Error::Refused { what, why }) if what == "one kernel" => why,
                Err(error) => error.to_string(),
            }
        }
    };
    let parts = parts(Kernels::Apart(numerics))?;
    let mut way = Way::Graph { modules: [None, None], graphs: BTreeMap::new() };
    way.prepare(machine, &parts.step(None), false)?;
    let why = format!("a graph of {} nodes a step: {why}", parts.step(None).tasks.len());
    Ok((parts, Chosen { way, form: Form::Graph, why }))
}

/// Why a program is not tried as one kernel.
fn too_large(program: &Program) -> Option<String> {
    let plan = program.plan();
    let operations = plan.kernels.iter().map(|kernel| kernel.flops()).sum::<usize>();
    if plan.kernels.len() > KERNELS {
        return Some(format!("its {} kernels are more than {KERNELS}", plan.kernels.len()));
    }
    (operations > OPERATIONS).then(|| format!("its {operations} operations are more than {OPERATIONS}"))
}

/// One kernel, in the form that was asked for or is the faster one; none if a graph should be faster still.
fn whole(machine: &Rc<dyn Machine>, asked: Option<Form>, parts: &Parts<'_>) -> Result<Chosen, Error> {
    let (step, limits) = (parts.step(None), machine.limits());
    let accesses: Vec<&[Access]> = step.tasks.iter().map(|task| &task.accesses[..]).collect();
    let as_graph = of_graph(&step.tasks, &edges(&accesses), limits.processors);
    let gate = Memory::new(machine, 8)?;
    let mut forms = vec![];
    for (form, gate) in [(Form::Block, None), (Form::Blocks, Some(&gate))] {
        if asked.is_none_or(|asked| asked == form) {
            forms.push(Together::new(&step, limits, gate).map(|together| (form, together)));
        }
    }
    let (possible, impossible): (Vec<_>, Vec<_>) = forms.into_iter().partition(Result::is_ok);
    let best = possible.into_iter().flatten().min_by(|(_, a), (_, b)| a.time.total_cmp(&b.time));
    let Some((form, together)) = best else {
        let error = impossible.into_iter().find_map(Result::err);
        return Err(error.expect("one of them was tried"));
    };
    let [one, graph] = [together.time, as_graph].map(|time| format!("{:.1} µs", time / 1000.0));
    if asked.is_none() && together.time >= as_graph {
        return Err(refused("one kernel", format!("a step should take {graph}, and {one} as one kernel")));
    }
    let gate = (form == Form::Blocks).then_some(gate);
    let mut way = Way::Whole { repeats: [None, None], modules: [None, None], gate };
    way.prepare(machine, &step, false)?;
    let whole = &together.whole;
    let why = format!(
        "one kernel of {} blocks of {} threads, {} phases a step, {} bytes that a block shares: a step should take {one}, and \
         {graph} as a graph",
        whole.blocks, whole.threads, together.phases, whole.shared
    );
    Ok(Chosen { way, form, why })
}

impl Way {
    /// Compiles what steps need, which read the data set or do not.
    pub(crate) fn prepare(
        &mut self,
        machine: &Rc<dyn Machine>,
        step: &Step<'_>,
        from_data: bool,
    ) -> Result<(), Error> {
        let at = usize::from(from_data);
        match self {
            Way::Graph { modules, graphs } => {
                graphs.retain(|key, _| key.1 != from_data);
                modules[at] = Some(machine.load(&step.text)?);
            }
            Way::Whole { repeats, modules, gate } => {
                let together = Together::new(step, machine.limits(), gate.as_ref())?;
                let module = machine.load(&together.text)?;
                repeats[at] = Some(module.whole(&together.whole)?);
                modules[at] = Some(module);
            }
        }
        Ok(())
    }

    /// The most steps that are launched at a time, of so many tasks each.
    pub(crate) fn most(&self, tasks: usize) -> usize {
        match self {
            Way::Graph { .. } => (MOST / tasks).clamp(1, STEPS),
            Way::Whole { .. } => control::ROWS,
        }
    }

    /// Launches steps.
    pub(crate) fn launch(&mut self, tasks: &[&Task], steps: usize, from_data: bool) -> Result<(), Error> {
        let at = usize::from(from_data);
        match self {
            Way::Graph { modules, graphs } => {
                let graph = match graphs.entry((steps, from_data)) {
                    Entry::Occupied(graph) => graph.into_mut(),
                    Entry::Vacant(place) => {
                        let module = modules[at].as_ref().expect("it was prepared");
                        place.insert(module.graph(&nodes(&tasks.repeat(steps)))?)
                    }
                };
                graph.launch()
            }
            Way::Whole { repeats, .. } => repeats[at].as_ref().expect("it was prepared").launch(steps),
        }
    }
}
