//! Runs the programs of the tests of `emit` on a host that plays the device.

pub(crate) use crate::plain::{Case, PLAIN, difference, has, of_several, run, some, source};

use crate::machine::Host;
use autograd::{AnyTensor, DType, Element};
use cuda::machine::{Machine, On};
use cuda::{Device, Error, Form, Numerics, Runner, Running};
use std::rc::Rc;

/// A device whose numbers have the bits of the CPU.
pub(crate) fn exact(host: &Host) -> On {
    let machine: Rc<dyn Machine> = Rc::new(host.clone());
    On { machine, numerics: Numerics::Exact, form: Some(Form::Graph) }
}

/// The bits of numbers.
fn hex<T: Element>(x: &[T], bits: impl Fn(&T) -> String) -> Vec<String> {
    x.iter().map(bits).collect()
}

fn or_zeros<T: Element>(x: Vec<T>, n: usize) -> Vec<T> {
    if x.is_empty() { vec![T::default(); n] } else { x }
}

/// The bits of all results: outputs, then gradients.
fn results(case: &Case, running: &mut Running<'_>) -> Result<Vec<String>, Error> {
    let inputs: Vec<&dyn AnyTensor> = case.inputs.iter().map(|x| &**x).collect();
    // Twice, because a run may not depend on what an earlier one left.
    running.run(&inputs[..])?;
    running.run(&inputs[..])?;
    let single = |x: &f32| format!("{:08x}", x.to_bits());
    let double = |x: &f64| format!("{:016x}", x.to_bits());
    let mut lines = vec![];
    for (i, (_, _, dtype)) in case.program.outputs().enumerate() {
        lines.extend(match dtype {
            DType::F32 => hex(&running.output(i)?, single),
            DType::F64 => hex(&running.output(i)?, double),
            DType::I64 => hex(&running.output::<i64>(i)?, |x| format!("{x:016x}")),
            _ => hex(&running.output::<bool>(i)?, |&x| format!("{:02x}", u8::from(x))),
        });
    }
    if case.gradients {
        // Where no parameter has one, there is no slab of them.
        let n = case.params.elements();
        lines.extend(match case.params.dtype() {
            DType::F32 => hex(&or_zeros(running.gradients()?, n), single),
            _ => hex(&or_zeros(running.gradients()?, n), double),
        });
    }
    Ok(lines)
}

/// A case on the device.
fn load<'a>(device: &On, case: &'a Case) -> Running<'a> {
    let loaded = device.load(&case.program, &case.params);
    loaded.unwrap_or_else(|error| panic!("{error}\n{}", case.program.explain()))
}

/// Compares all cases. None is refused.
pub(crate) fn check(label: &str, _: &[&str], cases: &[Case]) {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let host = Host::default();
    let device = exact(&host);
    let mut loaded: Vec<_> = cases.iter().map(|case| load(&device, case)).collect();
    for (case, running) in cases.iter().zip(&mut loaded) {
        let found = results(case, running).expect("a run");
        assert_eq!(difference(std::slice::from_ref(case), &[found]), None, "{label}");
    }
    drop(loaded);
    assert_eq!(host.allocations(), 0, "memory that nobody gave back");
}
