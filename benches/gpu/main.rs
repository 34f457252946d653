//! What a GPU computes and how long it takes, beside the CPU: `gpu compile [WORKLOAD]`, `gpu bits [WORKLOAD]`, `gpu functions [STEP]`, `gpu times`,
//! `gpu ranks`.
//! `gpu/check` runs all of it on a machine that has nothing but a driver, libraries and this binary.

#[path = "../workloads/all.rs"]
#[expect(dead_code, reason = "of the workloads, a GPU needs less")]
mod all;
mod ranks;

use all::all;
use all::device::Workload;
use cuda::machine::{Dry, Machine, On};
use cuda::{Cuda, Device, Error, Form, Numerics, Runner};
use std::rc::Rc;
use wengert::prelude::*;

/// The workloads that can be asked for on a device.
fn workloads() -> Vec<(&'static str, Box<dyn Workload>)> {
    let runs = all().into_iter().flat_map(|w| w.runs.into_iter().map(move |run| (w.name, run)));
    runs.filter_map(|(name, run)| Some((name, run.device?))).collect()
}

/// Compiles every kernel of every workload of a name, without a GPU.
fn compile(wanted: Option<&str>) -> Result<(), Error> {
    let (mut kernels, mut bytes, mut refused) = (0, 0, 0);
    for (name, workload) in
        workloads().into_iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name))
    {
        for architecture in ["sm_75", "sm_90", "sm_120"] {
            let dry = Dry::new(architecture)?;
            let machine: Rc<dyn Machine> = Rc::clone(&dry) as Rc<dyn Machine>;
            match workload.step(&On { machine, numerics: Numerics::Exact, form: None }, 1) {
                Err(error @ Error::Refused { .. }) => {
                    println!("{name}: {error}");
                    refused += 1;
                    break;
                }
                Err(error) => return Err(error),
                Ok(_) => {
                    let (count, size) = dry.compiled();
                    println!("{name}: {count} kernels for {architecture}, {size} bytes");
                    (kernels, bytes) = (kernels + count, bytes + size);
                }
            }
        }
    }
    println!("all: {kernels} kernels, {bytes} bytes; {refused} workloads refused");
    match Cuda::first() {
        Ok(gpu) => println!("{}", gpu.name()),
        Err(error) => println!("{error}"),
    }
    Ok(())
}

/// Compares the bits of every workload of a name with those of the CPU. Fails if one differs.
fn bits(wanted: Option<&str>) -> Result<bool, Error> {
    println!("{}: numbers that differ in a bit from the CPU's, products in its order", Cuda::first()?.name());
    let mut right = true;
    for (name, workload) in
        workloads().into_iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name))
    {
        for form in forms_of(name) {
            match workload.differing(&Cuda::first()?.exact().form(*form).on()?) {
                Ok([wrong, all]) => {
                    right &= wrong == 0;
                    println!("{name} {form:?}: {wrong} of {all}");
                }
                Err(error @ Error::Refused { .. }) => println!("{name}: {error}"),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(right)
}

/// The forms that a workload is tried in.
fn forms_of(name: &str) -> &'static [Form] {
    if ["W2", "W3-f32", "W3-f64"].contains(&name) {
        &[Form::Graph, Form::Block, Form::Blocks]
    } else {
        &[Form::Graph]
    }
}

/// Prints the time of a step of the smallest trainings, in each form: of steps on a data set that are launched together.
fn forms() -> Result<(), Error> {
    println!("| µs a step of 1000 | graph | one block | several blocks |\n|---|---|---|---|");
    for (name, workload) in workloads().into_iter().filter(|(name, _)| forms_of(name).len() > 1) {
        let mut row = vec![];
        for form in forms_of(name) {
            let gpu = Cuda::first()?.form(*form).on()?;
            let times = (0..3).map(|_| workload.steps(&gpu, 1000)).collect::<Result<Vec<_>, Error>>()?;
            let best = times.into_iter().flatten().map(|time| time.as_secs_f64() * 1e6).reduce(f64::min);
            row.push(best.map_or("–".to_owned(), |best| format!("{best:.2}")));
        }
        println!("| {name} | {} |", row.join(" | "));
    }
    Ok(())
}

type F = for<'t> fn(Var<'t>) -> Var<'t>;

/// The functions whose every result in single precision is compared.
const FUNCTIONS: &[(&str, F)] = &[
    ("exp", |x| x.exp()),
    ("ln", |x| x.ln()),
    ("tanh", |x| x.tanh()),
    ("sigmoid", |x| x.sigmoid()),
    ("sin", |x| x.sin()),
    ("cos", |x| x.cos()),
    ("sqrt", |x| x.sqrt()),
    ("erf", |x| x.erf()),
    ("gelu", |x| x.gelu()),
    ("softplus", |x| x.softplus()),
    ("exp_m1", |x| x.exp_m1()),
    ("ln_1p", |x| x.ln_1p()),
    ("atan", |x| x.atan()),
    ("recip", |x| 1.0 / x),
];

/// Compares functions on every `1/step` of all 2³² numbers of single precision. All NaN are one.
fn functions(step: u64) -> Result<bool, Error> {
    const CHUNK: usize = 1 << 22;
    let gpu = Cuda::first()?.exact();
    let params = Params::f32();
    let mut right = true;
    for (name, f) in FUNCTIONS {
        let program = Program::trace(&params, |t| t.outputs(f(t.input("x", [CHUNK]))))?;
        let (mut state, mut running) = (program.state(), gpu.load(&program, &params)?);
        let (mut wrong, mut all) = (0u64, 0u64);
        for chunk in 0..(1u64 << 32) / (CHUNK as u64 * step) {
            let bits = |i: u64| f32::from_bits(((chunk * CHUNK as u64 + i) * step) as u32);
            let x: Vec<f32> = (0..CHUNK as u64).map(bits).collect();
            running.run((&x,))?;
            let here = program.run(&mut state, &params, (&x,))?;
            let there = running.output::<f32>(0)?;
            let differ = |(a, b): (&f32, &f32)| a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan());
            wrong += here.slice::<f32>(0).iter().zip(&there).filter(|&pair| differ(pair)).count() as u64;
            all += CHUNK as u64;
        }
        right &= wrong == 0;
        println!("{name}: {wrong} of {all}");
    }
    Ok(right)
}

/// Prints the time of a step of every workload.
fn times() -> Result<(), Error> {
    let name = Cuda::first()?.name().to_owned();
    println!("| {name}, µs a step | library | exact | TF32 | BF16 |\n|---|---|---|---|---|");
    for (name, workload) in workloads() {
        let mut row = vec![];
        for gpu in [Cuda::first()?, Cuda::first()?.exact(), Cuda::first()?.tf32(), Cuda::first()?.bf16()] {
            // The best of three, because the machine may be busy.
            let mut best = f64::INFINITY;
            for _ in 0..3 {
                match workload.step(&gpu.on()?, 100) {
                    Ok(time) => best = best.min(time.as_secs_f64() * 1e6),
                    Err(Error::Refused { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            row.push(if best.is_finite() { format!("{best:.1}") } else { "–".to_owned() });
        }
        println!("| {name} | {} |", row.join(" | "));
    }
    Ok(())
}

/// Ranks with a GPU each, or on a machine with one GPU with a share of it.
fn on_ranks() -> Result<bool, Box<dyn std::error::Error>> {
    let gpus = Cuda::count()?;
    println!("{gpus} GPUs");
    let right = ranks::bits()?;
    if gpus > 1 {
        ranks::times(gpus)?;
    } else {
        println!("skipped: times, and sums by NCCL, which need two");
    }
    Ok(right)
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let asked = arguments.next().unwrap_or_else(|| "compile".to_owned());
    let more = arguments.next();
    let step = more.as_deref().and_then(|step| step.parse().ok()).unwrap_or(64);
    let done: Result<bool, Box<dyn std::error::Error>> = match asked.as_str() {
        "compile" => compile(more.as_deref()).map(|()| true).map_err(Into::into),
        "bits" => bits(more.as_deref()).map_err(Into::into),
        "functions" => functions(step).map_err(Into::into),
        "times" => times().and_then(|()| forms()).map(|()| true).map_err(Into::into),
        "ranks" => on_ranks(),
        other => {
            eprintln!("`{other}`: compile, bits, functions, times or ranks");
            std::process::exit(2)
        }
    };
    match done {
        Ok(true) => {}
        Ok(false) => std::process::exit(1),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1)
        }
    }
}
