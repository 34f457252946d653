//! A recipe as a Rust program against the public face: what stands in a report of a failure, to be pasted into a file.

use super::build::{SMOOTH, STEPPED};
use super::fit::small_rows;
use super::recipe::{LeafSource, Recipe, RecipeNode, RecipeOp};
use super::run::Leaves;
use crate::DType;

impl Recipe {
    /// A test of its own that compares the program with eager execution.
    pub(super) fn source(&self) -> String {
        let (ty, params) = if self.dtype == DType::F32 { ("f32", "f32") } else { ("f64", "f64") };
        let leaves: Vec<usize> = (0..self.nodes.len()).filter(|&i| self.nodes[i].x.is_empty()).collect();
        let mut text = format!(
            "//! A random program, seed {}, as it is printed when it fails.\n\n#![allow(unused_variables, reason = \"printed by a \
             program\")]\n\nuse autograd::{{DType, Params, Passes, Program, Tape, Var}};\nuse ndarray::{{ArrayD, IxDyn}};\n\n\
             /// The results, given the leaves.\nfn results<'t>(x: &[Var<'t>]) -> Vec<Var<'t>> {{\n",
            self.seed
        );
        for (i, node) in self.nodes.iter().enumerate() {
            let line = match leaves.iter().position(|&leaf| leaf == i) {
                Some(place) => format!("x[{place}]"),
                None => expression(node),
            };
            text += &format!("    let v{i} = {line};\n");
        }
        text += &self.loss(&leaves);
        text += "}\n\n#[test]\nfn a_program_gives_what_is_recorded() {\n";
        for (place, &leaf) in leaves.iter().enumerate() {
            text += &format!("    let x{place} = {};\n", self.literal(&self.nodes[leaf], ty));
        }
        let list = |f: &dyn Fn(usize, &RecipeNode) -> String| {
            leaves
                .iter()
                .enumerate()
                .map(|(place, &leaf)| f(place, &self.nodes[leaf]))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let constant = |node: &RecipeNode| match node.op {
            RecipeOp::Leaf(source, _) | RecipeOp::Labels(source, ..) => source == LeafSource::Constant,
            _ => false,
        };
        let labels = |node: &RecipeNode| matches!(node.op, RecipeOp::Labels(..));
        let eager = list(&|i, node| {
            let make = if constant(node) || labels(node) { "constant" } else { "var" };
            format!("tape.{make}(&x{i})")
        });
        let traced = list(&|i, node| match constant(node) {
            true => format!("t.constant(&x{i})"),
            false => format!(
                "t.input_of(\"x{i}\", DType::{:?}, {:?})",
                if labels(node) { DType::I64 } else { self.dtype },
                node.shape
            ),
        });
        let given: Vec<String> = (0..leaves.len())
            .filter(|&i| !constant(&self.nodes[leaves[i]]))
            .map(|i| format!("&x{i}"))
            .collect();
        text + &format!(
            "    let tape = Tape::new();\n    let eager = results(&[{eager}]);\n    let params = Params::{params}();\n    \
             let program = Program::trace_with(Passes::exact(), &params, |t| t.outputs(results(&[{traced}])));\n    \
             let program = program.expect(\"it can be planned\");\n    let mut state = program.state();\n    \
             let run = program.run(&mut state, &params, ({},)).expect(\"it runs\");\n    \
             for (i, y) in eager.iter().enumerate() {{\n        \
             assert_eq!(format!(\"{{:?}}\", run.get::<{ty}>(i)), format!(\"{{:?}}\", y.to_array::<{ty}>().view()), \"result {{i}}\");\n    }}\n}}\n",
            given.join(", ")
        )
    }

    /// The number that depends on the outputs, and its derivatives.
    fn loss(&self, leaves: &[usize]) -> String {
        let term = |(i, output): (usize, &usize)| match i % 2 {
            0 => format!("v{output}.sin().sum()"),
            _ => format!("v{output}.sum() * 0.5"),
        };
        let float: Vec<usize> = self
            .outputs
            .iter()
            .copied()
            .filter(|&o| self.nodes[o].kind == super::recipe::ValueKind::Float)
            .collect();
        let terms: Vec<String> = float.iter().enumerate().map(term).collect();
        let outputs = float.iter().map(|o| format!("v{o}")).collect::<Vec<_>>().join(", ");
        let varies = |leaf: usize| match self.nodes[leaf].op {
            RecipeOp::Leaf(source, _) => source != LeafSource::Constant,
            _ => false,
        };
        let wrt: Vec<String> =
            (0..leaves.len()).filter(|&i| varies(leaves[i])).map(|i| format!("x[{i}]")).collect();
        let mut text = format!("    let mut all = vec![{}, {outputs}];\n", terms.join(" + "));
        for order in 0..if wrt.is_empty() { 0 } else { self.order } {
            let of = if order == 0 {
                "all[0]".to_owned()
            } else {
                format!(
                    "slopes{}.iter().map(|g| g.sin().sum()).reduce(|a, b| a + b).expect(\"a slope\")",
                    order - 1
                )
            };
            text += &format!(
                "    let slopes{order} = {of}.grads(&[{}]);\n    all.extend(&slopes{order});\n",
                wrt.join(", ")
            );
        }
        text + "    all\n"
    }

    /// The array of a leaf.
    fn literal(&self, node: &RecipeNode, ty: &str) -> String {
        let numbers = self.numbers(node, Leaves::Given);
        let (turned, ty) = match node.op {
            RecipeOp::Labels(..) => (false, "i64"),
            RecipeOp::Leaf(_, stream) if stream % 2 == 1 => (true, ty),
            _ => (false, ty),
        };
        let numbers: Vec<String> = match ty {
            "i64" => numbers.iter().map(|x| format!("{x}i64")).collect(),
            "f32" => numbers.iter().map(|&x| format!("{:?}f32", x as f32)).collect(),
            _ => numbers.iter().map(|x| format!("{x:?}")).collect(),
        };
        let straight = format!(
            "ArrayD::<{ty}>::from_shape_vec(IxDyn(&{:?}), vec![{}]).expect(\"the shape\")",
            node.shape,
            numbers.join(", ")
        );
        if !turned {
            return straight;
        }
        format!(
            "{{\n        let straight = {straight};\n        ArrayD::from_shape_fn(ndarray::ShapeBuilder::f(IxDyn(&{:?})), |i| straight[i])\n    }}",
            node.shape
        )
    }
}

/// The call that makes a node.
fn expression(node: &RecipeNode) -> String {
    let x: Vec<String> = node.x.iter().map(|x| format!("v{x}")).collect();
    let (shape, first) = (&node.shape, x.first().cloned().unwrap_or_default());
    match &node.op {
        RecipeOp::Leaf(..) | RecipeOp::Labels(..) => unreachable!("a leaf is given"),
        RecipeOp::Unary(name) => {
            let found = SMOOTH.iter().chain(STEPPED).find(|named| named.0 == *name).expect("it is listed");
            if *name == "turned twice" && node.shape.len() < 2 {
                format!("{first}.sin()")
            } else {
                format!("{{ let x = {first}; {} }}", found.2)
            }
        }
        RecipeOp::Binary(name) => binary(name, &first, &x[1]),
        RecipeOp::Number(name, c) => match *name {
            "add" => format!("{first} + {c:?}"),
            "sub" => format!("{first} - {c:?}"),
            "rsub" => format!("{c:?} - {first}"),
            "mul" => format!("{first} * {c:?}"),
            _ => format!("{first}.maximum({c:?})"),
        },
        RecipeOp::Compare(name) => format!("{first}.{name}({})", x[1]),
        RecipeOp::Select => format!("{first}.select({}, {})", x[1], x[2]),
        RecipeOp::ToTruth => format!("{first}.floor().cast(DType::Bool)"),
        RecipeOp::FromTruth => format!("{first}.cast({}.dtype())", x[1]),
        RecipeOp::Detach => format!("{first}.detach()"),
        RecipeOp::Reduce(name, axes) => match *name {
            "var" => format!("{first}.var_over({axes:?}, 0)"),
            "standardize" => format!("{first}.standardize({axes:?}, 0.1)"),
            name => format!("{first}.{name}_over({axes:?})"),
        }
        .replace("[]", "[0isize; 0]"),
        RecipeOp::Along("argmax", axis) => format!("{first}.argmax({axis}).cast({first}.dtype())"),
        RecipeOp::Along(name, axis) => format!("{first}.{name}({axis})"),
        RecipeOp::Reshape => format!("{first}.reshape({shape:?})"),
        RecipeOp::Broadcast => format!("{first}.broadcast_to({shape:?})"),
        RecipeOp::Permute(axes) => format!("{first}.permute(&{axes:?})"),
        RecipeOp::Slice(axis, from, to) => format!("{first}.slice({axis}, {from}..{to})"),
        RecipeOp::Pad(axis, before, after) => format!("{first}.pad({axis}, {before}, {after})"),
        RecipeOp::Concat(axis) => format!("Var::concat(&[{}], {axis})", x.join(", ")),
        RecipeOp::Matmul(left, right) => {
            let turned = |x: &str, turn: bool| if turn { format!("{x}.t()") } else { x.to_owned() };
            format!("{}.matmul({})", turned(&first, *left), turned(&x[1], *right))
        }
        RecipeOp::Pick => format!("{first}.pick({})", x[1]),
        // A closure of the tests has no text: its name tells where it stands.
        RecipeOp::Row(row) => format!(
            "panic!(\"here stands the row `{}` of the table of tests, of {}\")",
            small_rows()[*row].name,
            x.join(", ")
        ),
    }
}

fn binary(name: &str, a: &str, b: &str) -> String {
    match name {
        "add" => format!("{a} + {b}"),
        "sub" => format!("{a} - {b}"),
        "mul" => format!("{a} * {b}"),
        "div" => format!("{a} / ({b}.square() + 0.5)"),
        "maximum" | "minimum" | "logaddexp" => format!("{a}.{name}({b})"),
        "hypot" | "atan2" => format!("{a}.{name}({b}.square() + 0.5)"),
        _ => format!("({a}.square() + 0.5).pow({b}.tanh())"),
    }
}

/// What is printed compiles and holds: `tests/printed.rs` is the program of a seed. `WENGERT_PRINTED=write` writes it anew.
#[test]
fn the_printed_program_is_the_one_that_is_compiled() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/printed.rs");
    let plain = |recipe: &Recipe| {
        let has = |wanted: fn(&RecipeOp) -> bool| recipe.nodes.iter().any(|node| wanted(&node.op));
        let elements: usize = recipe.nodes.iter().map(|node| node.shape.iter().product::<usize>()).sum();
        !has(|op| matches!(op, RecipeOp::Row(_) | RecipeOp::Matmul(..)))
            && has(|op| matches!(op, RecipeOp::Pick))
            && has(|op| matches!(op, RecipeOp::Reduce(..)))
            && recipe.order == 2
            && elements < 1_500
    };
    let recipe = (0..).map(Recipe::draw).find(plain).expect("some seed");
    let source = recipe.source();
    if std::env::var("WENGERT_PRINTED").is_ok_and(|what| what == "write") {
        std::fs::write(file, source).expect("it can be written");
        return;
    }
    // As rustfmt leaves it.
    let letters = |text: &str| -> String {
        text.chars().filter(|c| !c.is_whitespace() && !",{}".contains(*c)).collect()
    };
    let compiled = std::fs::read_to_string(file).unwrap_or_default();
    assert!(letters(&compiled) == letters(&source), "write tests/printed.rs anew: WENGERT_PRINTED=write");
}
