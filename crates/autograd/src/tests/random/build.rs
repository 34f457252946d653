//! Records a recipe on a tape.

use super::fit::{apply_row, small_rows};
use super::recipe::{Recipe, RecipeNode, RecipeOp};
use crate::{DType, Var};

/// A function with its name and its text.
type Named = (&'static str, for<'t> fn(Var<'t>) -> Var<'t>, &'static str);

macro_rules! named {
    ($(($name:literal, |$x:ident| $f:expr),)*) => {
        &[$(($name, |$x| $f, stringify!($f))),*]
    };
}

/// Functions without jumps. Where a function has a pole or an edge, its argument is kept away from it.
pub(super) const SMOOTH: &[Named] = named![
    ("tanh", |x| x.tanh()),
    ("softsign", |x| x / (1.0 + x.abs())),
    ("halve", |x| x * 0.5),
    ("neg", |x| -x),
    ("exp", |x| x.minimum(3.0).exp()),
    ("exp_m1", |x| x.minimum(3.0).exp_m1()),
    ("ln", |x| (x.square() + 0.5).ln()),
    ("ln_1p", |x| x.abs().ln_1p()),
    ("sqrt", |x| (x.square() + 0.5).sqrt()),
    ("square", |x| x.square()),
    ("recip", |x| (x.square() + 0.5).recip()),
    ("powf", |x| (x.square() + 0.5).powf(1.7)),
    ("sin", |x| x.sin()),
    ("cos", |x| x.cos()),
    ("asin", |x| (x.tanh() * 0.9).asin()),
    ("acos", |x| (x.tanh() * 0.9).acos()),
    ("atan", |x| x.atan()),
    ("tan", |x| x.tanh().tan()),
    ("sinh", |x| x.tanh().sinh()),
    ("cosh", |x| x.tanh().cosh()),
    ("asinh", |x| x.asinh()),
    ("acosh", |x| (x.square() + 1.5).acosh()),
    ("atanh", |x| (x.tanh() * 0.9).atanh()),
    ("cbrt", |x| (x.square() + 0.5).cbrt()),
    ("exp2", |x| x.minimum(3.0).exp2()),
    ("log2", |x| (x.square() + 0.5).log2()),
    ("log10", |x| (x.square() + 0.5).log10()),
    ("abs", |x| x.abs()),
    ("sigmoid", |x| x.sigmoid()),
    ("sigmoid twice", |x| x.sigmoid() * (-x).sigmoid()),
    ("softplus", |x| x.softplus()),
    ("relu", |x| x.relu()),
    ("leaky_relu", |x| x.leaky_relu(0.1)),
    ("elu", |x| x.elu(0.7)),
    ("swish", |x| x.swish()),
    ("erf", |x| x.erf()),
    ("gelu", |x| x.gelu()),
    ("gelu_tanh", |x| x.gelu_tanh()),
    ("minus itself", |x| x - x.tanh()),
    ("turned twice", |x| x.t().sin().t()),
];

/// Functions with jumps, or undefined for some arguments.
pub(super) const STEPPED: &[Named] = named![
    ("floor", |x| x.floor()),
    ("ceil", |x| x.ceil()),
    ("sign", |x| x.sign()),
    ("whole", |x| x.cast(DType::I64).cast(x.dtype())),
    ("raw ln", |x| x.ln()),
    ("raw sqrt", |x| x.sqrt()),
    ("raw recip", |x| x.recip()),
    ("chosen", |x| x.gt(0.1).select(x.sin(), 0.25)),
    ("other type", |x| {
        let other = if x.dtype() == DType::F32 { DType::F64 } else { DType::F32 };
        x.cast(other).sin().cast(x.dtype())
    }),
];

/// All nodes of a recipe, given those that are leaves.
pub(super) fn build<'t>(recipe: &Recipe, leaf: &mut dyn FnMut(&RecipeNode) -> Var<'t>) -> Vec<Var<'t>> {
    let mut vars: Vec<Var<'t>> = vec![];
    let has_rows = recipe.nodes.iter().any(|node| matches!(node.op, RecipeOp::Row(_)));
    let rows = if has_rows { small_rows() } else { vec![] };
    for node in &recipe.nodes {
        let x: Vec<Var<'t>> = node.x.iter().map(|&x| vars[x]).collect();
        let y = match &node.op {
            RecipeOp::Leaf(..) | RecipeOp::Labels(..) => leaf(node),
            RecipeOp::Row(row) => apply_row(&rows[*row], &x),
            op => apply(op, &x, &node.shape),
        };
        assert_eq!(y.shape()[..], node.shape[..], "{node:?}");
        vars.push(y);
    }
    vars
}

fn apply<'t>(op: &RecipeOp, x: &[Var<'t>], shape: &[usize]) -> Var<'t> {
    let float = x[0].dtype();
    match op {
        RecipeOp::Leaf(..) | RecipeOp::Labels(..) | RecipeOp::Row(_) => unreachable!("given elsewhere"),
        RecipeOp::Unary(name) => {
            let found = SMOOTH.iter().chain(STEPPED).find(|(n, ..)| n == name).expect("it is listed");
            if *name == "turned twice" && x[0].rank() < 2 { x[0].sin() } else { found.1(x[0]) }
        }
        RecipeOp::Binary(name) => binary(name, x[0], x[1]),
        RecipeOp::Number(name, c) => match *name {
            "add" => x[0] + *c,
            "sub" => x[0] - *c,
            "rsub" => *c - x[0],
            "mul" => x[0] * *c,
            _ => x[0].maximum(*c),
        },
        RecipeOp::Compare(name) => match *name {
            "gt" => x[0].gt(x[1]),
            "ge" => x[0].ge(x[1]),
            "lt" => x[0].lt(x[1]),
            "le" => x[0].le(x[1]),
            "eq" => x[0].eq(x[1]),
            _ => x[0].ne(x[1]),
        },
        RecipeOp::Select => x[0].select(x[1], x[2]),
        RecipeOp::ToTruth => x[0].floor().cast(DType::Bool),
        // The second operand has the type.
        RecipeOp::FromTruth => x[0].cast(x[1].dtype()),
        RecipeOp::Detach => x[0].detach(),
        RecipeOp::Reduce(name, axes) => match *name {
            "sum" => x[0].sum_over(axes),
            "mean" => x[0].mean_over(axes),
            "max" => x[0].max_over(axes),
            "min" => x[0].min_over(axes),
            "logsumexp" => x[0].logsumexp_over(axes),
            "var" => x[0].var_over(axes, 0),
            _ => x[0].standardize(axes, 0.1),
        },
        RecipeOp::Along(name, axis) => match *name {
            "softmax" => x[0].softmax(*axis),
            "log_softmax" => x[0].log_softmax(*axis),
            _ => x[0].argmax(*axis).cast(float),
        },
        RecipeOp::Reshape => x[0].reshape(shape),
        RecipeOp::Broadcast => x[0].broadcast_to(shape),
        RecipeOp::Permute(axes) => x[0].permute(axes),
        RecipeOp::Slice(axis, from, to) => x[0].slice(*axis, *from..*to),
        RecipeOp::Pad(axis, before, after) => x[0].pad(*axis, *before, *after),
        RecipeOp::Concat(axis) => Var::concat(x, *axis),
        RecipeOp::Matmul(left, right) => {
            let turned = |x: Var<'t>, turn: bool| if turn { x.t() } else { x };
            turned(x[0], *left).matmul(turned(x[1], *right))
        }
        RecipeOp::Pick => x[0].pick(x[1]),
    }
}

fn binary<'t>(name: &str, a: Var<'t>, b: Var<'t>) -> Var<'t> {
    match name {
        "add" => a + b,
        "sub" => a - b,
        "mul" => a * b,
        "div" => a / (b.square() + 0.5),
        "maximum" => a.maximum(b),
        "minimum" => a.minimum(b),
        "hypot" => a.hypot(b.square() + 0.5),
        "atan2" => a.atan2(b.square() + 0.5),
        "logaddexp" => a.logaddexp(b),
        _ => (a.square() + 0.5).pow(b.tanh()),
    }
}
