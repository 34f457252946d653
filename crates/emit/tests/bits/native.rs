//! Programs compiled and loaded: the bits of the interpreter, and a cache that several processes share.

use crate::draw::{self, Draw};
use crate::functions::{self, ONE, TWO};
use crate::host::{Case, difference, folder, has};
use crate::kernels;
use autograd::{DType, Optimizer, Params, Program, ProgramError, StepError};
use emit::native::{Compile, Compiler, NativeError};
use nn::{Activation, Mlp};
use optim::{Adam, Pipeline, Sgd};
use std::path::{Path, PathBuf};
use std::process::Command;

/// All results of a case, run twice in one state.
fn bits(compiler: &Compiler, case: &Case) -> Vec<String> {
    let native = compiler.compile(&case.program).unwrap_or_else(|error| panic!("{error}"));
    let mut state = native.state();
    native.run(&mut state, &case.params, &case.given()[..]).expect("the inputs fit");
    case.bits(&native.run(&mut state, &case.params, &case.given()[..]).expect("the inputs fit"))
}

fn check(label: &str, cases: &[Case]) {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let folder = folder(label);
    let compiler = Compiler::default().command("cc").cached_in(&folder);
    let results: Vec<Vec<String>> = cases.iter().map(|case| bits(&compiler, case)).collect();
    assert_eq!(difference(cases, &results), None);
    let _ = std::fs::remove_dir_all(&folder);
}

/// The whole table of functions as one program.
fn table(dtype: DType) -> Case {
    functions::case(dtype, |a, b| {
        let mut all = vec![];
        for f in ONE {
            all.extend([f(a), f(a).vjp(a * 0.0 + 0.7, &[a])[0]]);
        }
        for f in TWO {
            let y = f(a, b);
            all.push(y);
            all.extend(y.vjp(a * 0.0 + 0.7, &[a, b]));
        }
        all
    })
}

#[test]
fn compiled_programs_have_the_bits_of_the_interpreter() {
    let mut cases: Vec<Case> = (0..6).map(draw::case).collect();
    cases.extend(kernels::loops(DType::F32));
    cases.push(table(DType::F32));
    check("native", &cases);
}

#[test]
#[ignore = "minutes of a compiler; run with `--features native --test bits -- --ignored every_compiled`"]
fn every_compiled_program_has_the_bits_of_the_interpreter() {
    for dtype in [DType::F32, DType::F64] {
        let cases = [kernels::all(dtype), kernels::loops(dtype), vec![table(dtype)]];
        check("every", &cases.into_iter().flatten().collect::<Vec<_>>());
    }
    check("random", &(100..200).map(draw::case).collect::<Vec<_>>());
}

/// A network and its data.
fn network() -> (Params, Program, [Vec<f32>; 2]) {
    let mut params = Params::f32().with_seed(3);
    let net = Mlp::new(&mut params.scope("net"), &[2, 10, 5, 1], Activation::Sigmoid);
    let program = Program::trace(&params, |t| {
        let (x, y) = (t.input("x", [40, 2]), t.input("y", [40, 1]));
        t.outputs(nn::loss::mse(net.forward(x), y)).with_names(["loss"]).with_gradients()
    });
    let numbers = |n| Draw(9).numbers(n).into_iter().map(|x| x as f32).collect();
    (params, program.expect("a loss of parameters"), [numbers(80), numbers(40)])
}

#[test]
fn compiled_steps_train_to_the_bits_of_the_interpreter() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let folder = folder("steps");
    let (params, program, [x, y]) = network();
    let native = Compiler::default().command("cc").cached_in(&folder).compile(&program).expect("a text");
    let optimizers: [fn() -> Box<dyn Optimizer>; 2] =
        [|| Box::new(Sgd::new(0.5).unwrap()), || Box::new(Adam::new(0.01).unwrap())];
    for optimizer in optimizers {
        let (mut here, mut there) = (params.clone(), params.clone());
        let (mut one, mut other) = (optimizer(), optimizer());
        let (mut state, mut compiled) = (program.state(), native.state());
        for step in 0..20 {
            let loss = program.step(&mut state, &mut here, &mut one, (&x, &y)).expect("finite");
            let same = native.step(&mut compiled, &mut there, &mut other, (&x, &y)).expect("finite");
            assert_eq!(loss.to_bits(), same.to_bits(), "step {step}");
        }
        assert_eq!(here.slab_of::<f32>(), there.slab_of::<f32>());
        assert_ne!(here.slab_of::<f32>(), params.slab_of::<f32>());
    }
    let _ = std::fs::remove_dir_all(&folder);
}

/// Many steps in one call, interrupted and gone on with, beside single steps of the interpreter.
#[test]
fn compiled_training_has_the_bits_of_single_steps() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let folder = folder("training");
    let compiler = Compiler::default().command("cc").cached_in(&folder);
    let (params, program, [_, y]) = network();
    let x: Vec<f32> = Draw(21).numbers(12 * 80).into_iter().map(|x| x as f32).collect();
    let optimizers: [fn() -> Box<dyn Optimizer>; 3] = [
        || Box::new(Sgd::new(0.5).unwrap()),
        || Box::new(Adam::new(0.01).unwrap()),
        || Box::new(Pipeline::new(Adam::new(0.01).unwrap()).clip_norm(0.01).unwrap()),
    ];
    for optimizer in optimizers {
        let (mut here, mut there) = (params.clone(), params.clone());
        let (mut one, mut other) = (optimizer(), optimizer());
        let mut state = program.state();
        let each =
            x.chunks(80).map(|x| program.step(&mut state, &mut here, &mut one, (&x, &y)).expect("finite"));
        let each: Vec<u64> = each.map(f64::to_bits).collect();
        let training = compiler.compile_training(&program, &there, &other).expect("a text");
        // An input of all steps, and one that is the same in each.
        let mut losses = training.steps(&mut there, &mut other, 5, (&x[..400], &y)).expect("finite");
        losses.extend(training.steps(&mut there, &mut other, 7, (&x[400..], &y)).expect("finite"));
        assert_eq!(losses.into_iter().map(f64::to_bits).collect::<Vec<_>>(), each);
        assert_eq!(here.slab_of::<f32>(), there.slab_of::<f32>());
        assert_eq!(one.state(&here), other.state(&there));
        let mut changed = optimizer();
        changed.set_learning_rate(0.25).expect("a rate");
        let refused = training.steps(&mut there, &mut changed, 1, (&x[..80], &y));
        assert!(matches!(&refused, Err(StepError::Refused(why)) if why.contains("constants")), "{refused:?}");
        let short = training.steps(&mut there, &mut other, 5, (&x[..399], &y));
        assert!(matches!(short, Err(StepError::Program(ProgramError::InputShape { .. }))), "{short:?}");
    }
    let _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn a_step_that_fails_is_named_and_those_before_it_are_kept() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let folder = folder("failing");
    let compiler = Compiler::default().command("cc").cached_in(&folder);
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [1], [1.0]);
    let program =
        Program::trace(&params, |t| t.outputs((w * t.input("x", [1])).square().sum()).with_gradients());
    let program = program.expect("a loss of parameters");
    let mut sgd = Sgd::new(0.25).expect("a rate");
    let training = compiler.compile_training(&program, &params, &sgd).expect("a text");
    let error = training.steps(&mut params, &mut sgd, 3, ([[1.0], [f64::INFINITY], [1.0]],));
    assert!(
        matches!(&error, Err(StepError::NonFiniteGradient { parameter, .. }) if parameter == "net.w"),
        "{error:?}"
    );
    assert_eq!((params.get::<f64>(w)[0], sgd.steps_of(&params, w)), (0.5, 1));
    let _ = std::fs::remove_dir_all(&folder);
}

/// What the interpreter refuses, and in its words.
#[test]
fn faults_are_those_of_the_interpreter() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let folder = folder("faults");
    let params = Params::f32();
    let program = Program::trace(&params, |t| {
        let (x, i) = (t.input("x", [3, 4]), t.input_of("i", DType::I64, [3]));
        t.outputs(x.pick(i).sum())
    })
    .expect("a program");
    let native = Compiler::default().command("cc").cached_in(&folder).compile(&program).expect("a text");
    let (mut state, x) = (native.state(), [1.0f32; 12]);
    assert_eq!(native.run(&mut state, &params, (&x, [0i64, 1, 3])).expect("they exist").item(0), 3.0);
    let mut run = |i: [i64; 3]| native.run(&mut state, &params, (&x, i)).map(|run| run.item(0));
    let error = run([0, 4, 1]);
    assert!(matches!(error, Err(ProgramError::Fault { .. })), "{error:?}");
    assert_eq!(error, program.run(&mut program.state(), &params, (&x, [0i64, 4, 1])).map(|run| run.item(0)));
    let missing = native.run(&mut native.state(), &params, (&x,)).map(|run| run.item(0));
    assert!(matches!(missing, Err(ProgramError::InputCount { .. })));
    let other = Program::trace(&params, |t| t.outputs(t.input("x", [2]).exp())).expect("a program");
    let mut foreign = Compiler::default().command("cc").cached_in(&folder).compile(&other).unwrap().state();
    let refused = native.run(&mut foreign, &params, (&x, [0i64, 1, 2])).map(|run| run.item(0));
    assert!(matches!(refused, Err(ProgramError::ForeignState)));
    let _ = std::fs::remove_dir_all(&folder);
}

fn objects(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).expect("it exists").map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn a_damaged_file_of_the_cache_is_made_again() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let folder = folder("cache");
    let compiler = Compiler::default().command("cc").cached_in(&folder);
    let case = draw::case(3);
    let expected = case.expected();
    let found = |compiler: &Compiler| {
        let native = compiler.compile(&case.program).expect("a text");
        let mut state = native.state();
        let run = native.run(&mut state, &case.params, &case.given()[..]).expect("the inputs fit");
        assert_eq!(case.bits(&run), expected);
        native.was_cached()
    };
    assert_eq!([(); 3].map(|()| found(&compiler)), [false, true, true]);
    let [file] = &objects(&folder)[..] else { panic!("{:?}", objects(&folder)) };
    let whole = std::fs::read(file).expect("it exists");
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    for damaged in [&whole[..whole.len() / 3], &[], &changed] {
        // Another file, as a crash or a copy would leave it: what is loaded must not change.
        std::fs::remove_file(file).expect("it exists");
        std::fs::write(file, damaged).expect("the folder takes files");
        assert!(!found(&compiler));
        assert!(found(&compiler));
    }
    assert!(!found(&compiler.clone().command("cc -DANOTHER")));
    let other = compiler.compile(&draw::case(4).program).map(|native| native.was_cached());
    assert_eq!(other, Ok(false));
    assert_eq!(objects(&folder).len(), 3, "{:?}", objects(&folder));
    let _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn errors_say_what_is_missing() {
    let folder = folder("errors");
    let case = draw::case(3);
    let compile = |compiler: Compiler| compiler.compile(&case.program).expect_err("it cannot be compiled");
    let compiler = Compiler::default().cached_in(&folder);
    let error = compile(compiler.clone().command("no-such-compiler -x"));
    assert!(matches!(&error, NativeError::NoCompiler { command, .. } if command == "no-such-compiler -x"));
    assert!(error.to_string().contains("hint: install one"), "{error}");
    if has("cc") {
        let error = compile(compiler.clone().command("cc -fno-such-flag"));
        assert!(
            matches!(&error, NativeError::Failed { line, .. } if line.contains("no-such-flag")),
            "{error}"
        );
        let file = folder.join("file");
        std::fs::write(&file, "").expect("the folder takes files");
        let error = compile(compiler.clone().command("cc").cached_in(file.join("below")));
        assert!(matches!(&error, NativeError::Cache { .. }), "{error}");
    }
    let params = Params::f32();
    let program =
        Program::trace(&params, |t| t.outputs(t.input("x", [3, 3]).matrix_exp())).expect("a program");
    let error = compiler.compile(&program).expect_err("exponentials of matrices have no text");
    assert!(matches!(&error, NativeError::Refused(refused) if refused.what == "matrix_exp"), "{error}");
    assert_eq!(objects(&folder).iter().filter(|path| !path.ends_with("file")).count(), 0, "no file is left");
    let _ = std::fs::remove_dir_all(&folder);
}

/// What the test below starts: one of several processes that compile into one folder.
#[test]
#[ignore = "started by `several_processes_share_a_folder`; alone it does nothing: `--test bits -- --ignored one_of_several`"]
fn one_of_several_processes() {
    let Some(folder) = std::env::var_os("WENGERT_NATIVE_FOLDER") else { return };
    let compiler = Compiler::default().command("cc").cached_in(folder);
    for seed in 0..3 {
        let case = draw::case(seed);
        let results = [bits(&compiler, &case)];
        assert_eq!(difference(&[case], &results), None);
    }
}

#[test]
fn several_processes_share_a_folder() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let folder = folder("processes");
    let start = || {
        Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "--ignored", "native::one_of_several_processes"])
            .env("WENGERT_NATIVE_FOLDER", &folder)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("this test runs")
    };
    let mut all = [(); 3].map(|()| start());
    assert!(all.iter_mut().all(|process| process.wait().is_ok_and(|status| status.success())));
    assert!(objects(&folder).iter().all(|path| path.extension().is_some_and(|end| end == "so")));
    let compiler = Compiler::default().command("cc").cached_in(&folder);
    assert_eq!(compiler.compile(&draw::case(1).program).map(|native| native.was_cached()), Ok(true));
    let _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn a_program_is_compiled_by_one_word() {
    let (params, program, [x, y]) = network();
    match program.native() {
        Ok(native) => {
            let mut state = native.state();
            let loss = native.run(&mut state, &params, (&x, &y)).expect("the inputs fit").item("loss");
            let mut state = program.state();
            let same = program.run(&mut state, &params, (&x, &y)).expect("the inputs fit");
            assert_eq!(loss.to_bits(), same.item("loss").to_bits());
        }
        Err(NativeError::NoCompiler { command, .. }) => println!("skipped: no C compiler `{command}`"),
        Err(error) => panic!("{error}"),
    }
}
