//! The laws between the parts, enforced on the sources: who may name whom, and where `unsafe` may stand. The same
//! table stands in ARCHITECTURE.md in words.

#[path = "laws/names.rs"]
mod names;
#[path = "laws/planted.rs"]
mod planted;
#[path = "laws/reading.rs"]
mod reading;

use reading::{Source, parts_needed, sources, violations};
use std::fs;
use std::path::Path;

/// Of `autograd`: each module, and the modules of the crate that it may name: all of one, or a part such as
/// `kernels::workers`. Further down means closer to the user.
const MODULES: &[(&str, &[&str])] = &[
    ("few", &[]),
    ("shape", &["few"]),
    ("scratch", &[]),
    ("lists", &[]),
    ("dtype", &[]),
    ("pages", &[]),
    ("slab", &["dtype", "pages"]),
    ("table", &[]),
    ("number", &["table"]),
    ("math", &["number", "table"]),
    ("rows", &["math", "number", "table"]),
    ("formula", &["number", "rows", "table"]),
    // The functions of the table as text.
    ("printed", &["math", "number", "rows", "table"]),
    ("view", &[]),
    ("mistake", &[]),
    ("text", &[]),
    ("tree", &["dtype"]),
    // The target: numbers only.
    ("target", &["tree"]),
    ("tensor", &["dtype", "shape"]),
    // Random words and the keys that give them: plain integers.
    ("philox", &["dtype"]),
    ("key", &["philox", "shape", "tensor"]),
    ("params", &["dtype", "mistake", "pages", "shape", "slab", "tensor", "text", "lists"]),
    ("ir", &["dtype", "few", "params", "shape", "table", "text"]),
    // Formulas as data: the table over symbols.
    ("symbol", &["ir", "number", "rows", "table", "text", "lists"]),
    ("origin", &["ir"]),
    ("buffers", &["dtype", "pages", "shape", "slab", "view"]),
    // The arguments of kernels, for all callers.
    ("call", &["dtype", "kernels::workers", "scratch", "shape", "text"]),
    ("error", &["call", "dtype", "shape", "text"]),
    // The tape is a list. It knows neither rules nor kernels, but it owns the threads that kernels use.
    (
        "tape",
        &["buffers", "dtype", "ir", "kernels::workers", "mistake", "origin", "params", "scratch", "shape"],
    ),
    // Tile programs: data only.
    ("code", &["dtype", "ir", "shape", "tree"]),
    // Kernels see slices, strides and tile programs, never nodes; of `ir` the enums of the elementwise functions, which the
    // loops of the table are chosen by, and the places of a kernel that slides.
    (
        "kernels",
        &[
            "code",
            "dtype",
            "ir::Binary",
            "ir::Compare",
            "ir::Sliding",
            "ir::Unary",
            "key",
            "math",
            "number",
            "philox",
            "rows",
            "scratch",
            "shape",
            "table",
            "target",
            "tree",
            "view",
        ],
    ),
    ("dense", &["buffers", "call", "dtype", "ir", "shape"]),
    // Planning reads the tape and calls no kernel.
    (
        "plan",
        &[
            "buffers", "code", "dense", "dtype", "ir", "origin", "params", "shape", "tape", "target", "tree",
            "lists",
        ],
    ),
    // Execution sees operands and plans, never the tape.
    (
        "exec",
        &[
            "buffers", "call", "code", "dtype", "few", "ir", "kernels", "number", "op", "params", "plan",
            "scratch", "shape", "slab", "table", "target", "view",
        ],
    ),
    // What changes parameters: gradients may come while they are computed.
    ("optimizer", &["dtype", "error", "exec", "kernels", "mistake", "params", "shape"]),
    ("finite", &["buffers", "dtype", "ir", "kernels", "mistake", "params", "tape"]),
    // Rules are written in the recorded language. An op's file also says which kernel is fast for it; nothing executes here.
    ("op", &["buffers", "call", "dense", "dtype", "ir", "ops", "record", "shape", "symbol", "var"]),
    (
        "ops",
        &[
            "buffers",
            "call",
            "dense",
            "dtype",
            "exec::Repeated",
            "exec::Steps",
            "ir",
            "kernels",
            "key",
            "math",
            "mistake",
            "number",
            "op",
            "philox",
            "record",
            "rows",
            "shape",
            "symbol",
            "tape",
            "target",
            "tree",
            "var",
            "view",
            "lists",
        ],
    ),
    // The only module that uses the list, the rules and the kernels together.
    (
        "record",
        &[
            "buffers",
            "call",
            "dtype",
            "exec",
            "ir",
            "kernels::functions",
            "mistake",
            "op",
            "pages",
            "params",
            "shape",
            "tape",
            "var",
        ],
    ),
    (
        "var",
        &[
            "buffers", "dtype", "ir", "kernels", "mistake", "number", "op", "ops", "pages", "params",
            "record", "shape", "table", "tape", "tensor", "text", "view", "lists",
        ],
    ),
    ("reachable", &["ir", "tape"]),
    (
        "grad",
        &[
            "reachable",
            "buffers",
            "dtype",
            "finite",
            "ir",
            "kernels",
            "op",
            "params",
            "tape",
            "tensor",
            "var",
            "lists",
        ],
    ),
    ("jvp", &["reachable", "ir", "op", "tape", "var"]),
    // Sweeps of higher order: rules again, and the table over series.
    ("taylor", &["ir", "number", "op", "reachable", "record", "rows", "shape", "table", "tape", "var"]),
    // Functions of functions: methods of variables, and a function that is recorded for a batch.
    ("transform", &["mistake", "ops::Group", "record", "shape", "tape", "target", "var"]),
    (
        "program",
        &[
            "reachable",
            "buffers",
            "call",
            "code",
            "dtype",
            "error",
            "exec",
            "finite",
            "grad",
            "ir",
            "kernels::workers",
            "mistake",
            "optimizer",
            "pages",
            "params",
            "plan",
            "record",
            "shape",
            "tape",
            "tensor",
            "text",
            "var",
            "lists",
        ],
    ),
    // Showing a tape means reading it and writing text: no kernels, no plans.
    (
        "show",
        &[
            "buffers",
            "dtype",
            "grad",
            "ir",
            "mistake",
            "params",
            "reachable",
            "shape",
            "tape",
            "text",
            "var",
            "lists",
        ],
    ),
    // Derivations read the executed list, and the formulas that the table and the ops give.
    (
        "derivation",
        &[
            "buffers",
            "grad",
            "ir",
            "op",
            "params",
            "reachable",
            "shape",
            "symbol",
            "table",
            "tape",
            "text",
            "var",
            "lists",
        ],
    ),
    // Formulas of the table's functions: methods, and nothing else.
    ("composed", &["number", "var"]),
    // The oracle shares nothing with the fast kernels.
    ("oracle", &["buffers", "call", "dense", "dtype", "ir", "tensor", "var"]),
    ("check", &["dense", "dtype", "grad", "mistake", "params", "shape", "tape", "tensor", "var"]),
    // Numbers, not tensors: the table, and the parts that make a tensor a kind of number.
    ("scalar", &["kernels", "number", "rows", "table", "var"]),
];

/// The parts that each crate may depend on. A crate in `crates/` that is missing here fails the test.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    ("autograd", &[]),
    ("nn", &["autograd"]),
    ("optim", &["autograd"]),
    ("solve", &["autograd"]),
    ("datasets", &[]),
    // `nn` for the models of its tests.
    ("onnx", &["autograd", "nn"]),
    // `nn` and `optim` for the network that its tests train in C.
    ("emit", &["autograd", "nn", "optim"]),
    // `nn` for the networks that its tests train.
    ("cuda", &["autograd", "emit", "nn", "optim"]),
    ("plot", &[]),
    ("report", &[]),
    // `nn` and `optim` for the model of its example.
    ("bench", &["autograd", "nn", "optim"]),
    ("files", &["autograd"]),
    ("train", &["autograd", "files", "optim"]),
    // `files`, `nn` and `optim` for the runs of its tests.
    ("parallel", &["autograd", "cuda", "files", "nn", "optim", "train"]),
];

/// Paths that a crate's code must not hold, with the reason.
const FORBIDDEN_PATHS: &[(&str, &[&str], &str)] = &[
    ("autograd", &["nn", "optim", "datasets", "wengert"], "autograd depends on no other part"),
    ("nn", &["optim", "datasets", "wengert", "autograd::loops"], "nn uses only autograd's public face"),
    ("optim", &["nn", "datasets", "wengert"], "optim depends on autograd alone"),
    (
        "solve",
        &["nn", "optim", "datasets", "wengert"],
        "solvers know functions of variables, and nothing else",
    ),
    ("datasets", &["autograd", "nn", "optim", "wengert"], "datasets are plain arrays"),
    ("train", &["nn", "datasets", "wengert"], "a loop knows no layers and no data sets"),
    ("parallel", &["nn", "optim", "datasets", "files", "wengert"], "ranks know steps, and no layers"),
    ("onnx", &["nn", "optim", "datasets", "files", "train", "wengert"], "an export knows programs alone"),
    ("emit", &["nn", "optim", "datasets", "files", "train", "wengert"], "a printer knows plans alone"),
    (
        "cuda",
        &["nn", "datasets", "files", "train", "wengert"],
        "a device knows programs, their texts and updates alone",
    ),
];

/// Words that a crate's code must not hold, with the reason.
const FORBIDDEN_WORDS: &[(&str, &[&str], &str)] = &[(
    "optim",
    &["Tape"],
    "optim knows slices, parameter handles and rules that programs record, not tapes",
)];

/// Minimisers of `optim` record what they are given, and so they name tapes; its optimisers do not.
const RECORDS_IN: &str = "optim/src/minimize/";

/// Where `unsafe` may stand.
const UNSAFE_IN: &[&str] = &[
    "autograd/src/kernels/",
    "autograd/src/exec/machine.rs",
    "autograd/src/exec/machine/ran.rs",
    "autograd/src/exec/operands.rs",
    "autograd/src/exec/repeat.rs",
    "autograd/src/exec/stream.rs",
    "autograd/src/pages.rs",
    "autograd/src/scalar/list.rs",
    // Loads and calls what the machine's compiler made of a verified plan.
    "emit/src/native/system.rs",
    // The driver of a GPU is called as C.
    "cuda/src/driver/",
];

/// Where the environment may be read: which compiler and which folder is no part of a result.
const ENVIRONMENT_IN: &[&str] = &["emit/src/native/system.rs"];

/// Where a clock may be read: what it shows is told, and changes nothing.
const CLOCK_IN: &[&str] =
    &["autograd/src/program/profile.rs", "train/src/log/dashboard.rs", "train/src/log/tensorboard/mod.rs"];

/// What would let something global change a result: words, and paths.
const GLOBAL_WORDS: &[&str] = &["thread_local !", "static mut"];
const GLOBAL_PATHS: &[&str] = &["std::env"];

/// Clocks.
const CLOCKS: &[&str] = &["SystemTime", "Instant"];

const GLOBAL: &str = "no global state changes a result";

#[test]
fn the_sources_keep_the_laws() {
    let found = violations(&sources());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_module_of_autograd_has_its_law() {
    for Source { path, .. } in sources().iter().filter(|s| s.path.starts_with("autograd/src/")) {
        let own = path["autograd/src/".len()..].split('/').next().unwrap().trim_end_matches(".rs");
        assert!(own == "lib" || MODULES.iter().any(|(name, _)| *name == own), "{path} has no row in MODULES");
    }
}

/// The compiler refuses what the manifest does not list, so this holds whatever the sources say.
#[test]
fn every_crate_depends_on_the_parts_that_it_may_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    for entry in fs::read_dir(&root).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let manifest = fs::read_to_string(root.join(&name).join("Cargo.toml")).unwrap();
        let row = DEPENDENCIES.iter().find(|(krate, _)| *krate == name);
        let (_, may) = row.unwrap_or_else(|| panic!("crates/{name} has no row in DEPENDENCIES"));
        let excess: Vec<&str> = parts_needed(&manifest).filter(|part| !may.contains(part)).collect();
        assert!(excess.is_empty(), "{name} depends on {excess:?}");
    }
}
