//! A failing program made small: as long as what is left still fails, nodes are dropped and lengths become shorter.

use super::recipe::{LeafSource, Recipe, RecipeNode, RecipeOp, ValueKind};
use std::panic::{self, AssertUnwindSafe};

/// The smallest part of a failing recipe that was found to fail, and how.
pub(super) fn shrunk(
    recipe: &Recipe,
    failure: String,
    fails: impl Fn(&Recipe) -> Result<(), String>,
) -> (Recipe, String) {
    let mut smallest = (recipe.clone(), failure);
    // A part that cannot be built panics, and is none.
    let failure_of = |part: &Recipe| {
        let tried = panic::catch_unwind(AssertUnwindSafe(|| fails(part)));
        tried.ok().and_then(Result::err)
    };
    loop {
        let found = parts(&smallest.0).into_iter().filter(|part| size(part) < size(&smallest.0));
        match found.filter_map(|part| Some((failure_of(&part)?, part))).next() {
            Some((failure, part)) => smallest = (part, failure),
            None => return smallest,
        }
    }
}

/// What shrinking makes less: nodes, then what is done with them, then elements.
fn size(recipe: &Recipe) -> (usize, usize, usize, usize, usize) {
    let leaf = |node: &RecipeNode| node.x.is_empty();
    let elements = recipe.nodes.iter().map(|node| node.shape.iter().product::<usize>()).sum();
    let inner = recipe.nodes.iter().filter(|node| !leaf(node)).count();
    (
        inner,
        recipe.nodes.len(),
        recipe.outputs.len() + recipe.order + recipe.threads,
        elements,
        operands(recipe),
    )
}

fn operands(recipe: &Recipe) -> usize {
    recipe.nodes.iter().map(|node| node.x.iter().sum::<usize>()).sum()
}

/// Smaller recipes, the smallest first.
fn parts(recipe: &Recipe) -> Vec<Recipe> {
    let mut all = vec![];
    let is_value = |node: usize| recipe.nodes[node].kind != ValueKind::Index;
    all.extend((0..recipe.nodes.len()).filter(|&node| is_value(node)).map(|node| recipe.up_to(node)));
    all.extend((0..recipe.order).map(|order| Recipe { order, ..recipe.clone() }));
    if recipe.threads > 1 {
        all.push(Recipe { threads: 1, ..recipe.clone() });
    }
    all.extend((0..recipe.outputs.len()).map(|i| deeper(recipe, i)));
    for node in (0..recipe.nodes.len()).rev().filter(|&node| !recipe.nodes[node].x.is_empty()) {
        all.extend(without(recipe, node));
    }
    let mut lengths: Vec<usize> = recipe.nodes.iter().flat_map(|node| node.shape.clone()).collect();
    lengths.sort_unstable();
    lengths.dedup();
    for length in lengths.into_iter().filter(|&length| length > 1).rev() {
        all.extend([1, 2, length / 2, length - 1].map(|to| shortened(recipe, length, to)));
    }
    all
}

/// The recipe that gives what an output reads instead of the output.
fn deeper(recipe: &Recipe, output: usize) -> Recipe {
    let mut outputs = recipe.outputs.clone();
    let node = outputs.remove(output);
    outputs.extend(recipe.nodes[node].x.iter().filter(|&&x| recipe.nodes[x].kind != ValueKind::Index));
    outputs.sort_unstable();
    outputs.dedup();
    pruned(Recipe { outputs, ..recipe.clone() })
}

/// The recipe in which one node is another of the same shape that it reads, or a leaf.
fn without(recipe: &Recipe, node: usize) -> Vec<Recipe> {
    let RecipeNode { x, shape, kind, .. } = &recipe.nodes[node];
    let alike = |&&operand: &&usize| {
        let other = &recipe.nodes[operand];
        (&other.shape, other.kind) == (shape, *kind)
    };
    let mut all: Vec<Recipe> = x
        .iter()
        .filter(alike)
        .map(|&operand| {
            let mut nodes = recipe.nodes.clone();
            let renamed = |x: &mut usize| *x = if *x == node { operand } else { *x };
            nodes.iter_mut().skip(node + 1).for_each(|later| later.x.iter_mut().for_each(renamed));
            let outputs = recipe.outputs.iter().map(|&o| if o == node { operand } else { o }).collect();
            pruned(Recipe { nodes, outputs, ..recipe.clone() })
        })
        .collect();
    if *kind == ValueKind::Float {
        let mut nodes = recipe.nodes.clone();
        nodes[node] = RecipeNode {
            op: RecipeOp::Leaf(LeafSource::Input, node as u64),
            x: vec![],
            shape: shape.clone(),
            kind: *kind,
        };
        all.push(pruned(Recipe { nodes, ..recipe.clone() }));
    }
    all
}

/// The recipe without the nodes that no output depends on; the outputs in the same order.
fn pruned(recipe: Recipe) -> Recipe {
    let mut needed = vec![false; recipe.nodes.len()];
    recipe.outputs.iter().for_each(|&output| needed[output] = true);
    for i in (0..recipe.nodes.len()).rev() {
        if needed[i] {
            recipe.nodes[i].x.iter().for_each(|&x| needed[x] = true);
        }
    }
    let place: Vec<usize> = needed
        .iter()
        .scan(0, |next, &is| {
            let here = *next;
            *next += usize::from(is);
            Some(here)
        })
        .collect();
    let nodes = recipe
        .nodes
        .iter()
        .zip(&needed)
        .filter(|(_, needed)| **needed)
        .map(|(node, _)| RecipeNode { x: node.x.iter().map(|&x| place[x]).collect(), ..node.clone() });
    let outputs = recipe.outputs.iter().map(|&output| place[output]).collect();
    Recipe { nodes: nodes.collect(), outputs, ..recipe }
}

/// Every axis of a length with another one, also where an op names it.
fn shortened(recipe: &Recipe, length: usize, to: usize) -> Recipe {
    let new = |n: usize| if n == length { to } else { n };
    let nodes = recipe.nodes.iter().map(|node| RecipeNode {
        shape: node.shape.iter().map(|&n| new(n)).collect(),
        op: match &node.op {
            RecipeOp::Labels(source, stream, columns) => RecipeOp::Labels(*source, *stream, new(*columns)),
            RecipeOp::Slice(axis, from, end) => RecipeOp::Slice(*axis, new(*from), new(*end)),
            op => op.clone(),
        },
        ..node.clone()
    });
    Recipe { nodes: nodes.collect(), ..recipe.clone() }
}

/// A control: a failure that needs two functions is cut down to them, with axes of length 1.
#[test]
fn a_failure_is_cut_down_to_what_it_needs() {
    let has = |part: &Recipe, wanted: &str| {
        part.nodes.iter().any(|node| matches!(node.op, RecipeOp::Unary(name) if name == wanted))
    };
    let fails = |part: &Recipe| {
        part.eager(super::run::Leaves::Given, false, |_| {})?;
        if has(part, "exp") && has(part, "tanh") { Err("planted".to_owned()) } else { Ok(()) }
    };
    // What no output depends on goes with the first step.
    let drawn = (0..400).map(|seed| pruned(Recipe::draw(seed)));
    for recipe in drawn.filter(|r| has(r, "exp") && has(r, "tanh")).take(8) {
        let (small, why) = shrunk(&recipe, "planted".to_owned(), fails);
        assert!(why == "planted" && has(&small, "exp") && has(&small, "tanh"));
        let inner = small.nodes.iter().filter(|node| !node.x.is_empty()).count();
        assert!(inner <= 3 && small.order == 0, "{small:#?}");
    }
}
